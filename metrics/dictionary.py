"""The shared language of a company as entries: metrics, stages, dimensions, terms in words. Computes no number.

`entries` is what a list shows; `details` is the rest of one entry, which takes more work.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import sqlglot

from data.errors import Place, Problems, did_you_mean
from data.stages import Stage, Stages, read_stages
from metrics.emit import emit_plan
from metrics.entry import Details, Entry
from metrics.explain import explain, formula
from metrics.funnel import declared_steps
from metrics.kinds import Aggregate, Dimension, Funnel, Metric
from metrics.plan import plan, question_about
from metrics.reach import Reach, Unanswerable
from metrics.rule_entries import rule_details, rule_entries
from metrics.run import Session

__all__ = ["SECTIONS", "details", "entries", "find", "in_lines", "matching", "own_definitions"]

SECTIONS = ("metrics", "stages", "rules", "dimensions", "terms")

_BANDS = ("TOFU", "MOFU", "BOFU", None)
_KNOWN_BY = {
    "created": "the contact is created",
    "accepted": "sales accepts the lead",
    "deal_created": "a deal of type new is opened",
    "deal_won": "a deal of type new is won",
}


def entries(session: Session) -> tuple[Entry, ...]:
    """All entries by section: metrics from the top of the funnel to its end, the others as they are written."""
    written = _written_stages(session)
    rules = rule_entries(session, written)
    return (*_metrics(session), *_stages(session, written), *rules, *_dimensions(session), *_terms(session))


def own_definitions(session: Session) -> tuple[int, int]:
    """How many definitions the company has added, and how many of the standard ones it has replaced."""
    found = session.definitions
    own = [one for part in (found.metrics, found.dimensions, found.terms) for one in part.values()]
    replaced = len(found.replaced)
    return sum(not one.is_standard for one in own) - replaced, replaced


def matching(found: tuple[Entry, ...], words: str) -> tuple[Entry, ...]:
    """The entries that hold each of the words somewhere; those that hold all of them in their name come first."""
    wanted = words.casefold().split()

    def holds(text: str) -> bool:
        return all(word in text.casefold() for word in wanted)

    def is_named(entry: Entry) -> bool:
        return holds(f"{entry.name} {entry.label}")

    held = [e for e in found if is_named(e) or holds(f"{e.name} {e.label} {e.sentence} {e.formula} {e.owner or ''}")]
    return tuple(sorted(held, key=lambda entry: not is_named(entry)))


def find(found: tuple[Entry, ...], name: str) -> Entry | str:
    """The entry that a name means, which may say its section (`terms.leads`); else a sentence with the nearest name."""
    section, dot, own = name.rpartition(".")
    named = [entry for entry in found if entry.name == own and (not dot or entry.section == section)]
    if not named:
        # The whole list of names stands below on the page, and would hide the one that was meant.
        guess = did_you_mean(own, (entry.name for entry in found)).partition("Known:")[0]
        return f"No definition is named '{name}'. {guess}".strip()
    return named[0]


# -- lists -----------------------------------------------------------------------------------------------------------


def _metrics(session: Session) -> Iterator[Entry]:
    reach = session.reach

    def order(metric: Metric) -> tuple[int, int]:
        return _BANDS.index(metric.band), get_args(Metric).index(type(metric))

    for metric in sorted(session.definitions.metrics.values(), key=order):
        yield Entry(
            section="metrics",
            name=metric.name,
            label=metric.label,
            sentence=metric.description,
            place=metric.place,
            owner=metric.owner,
            band=metric.band,
            formula=formula(reach, metric),
            missing=plan(reach, question_about(reach, metric.name)).reasons.get(metric.name),
        )


def _stages(session: Session, written: Stages | None) -> Iterator[Entry]:
    known = {stage.name: stage for stage in written.stages} if written else {}
    columns = session.definitions.tables["leads"].columns
    for stage in session.manifest.stages:
        declared = known.get(stage.name)
        yield Entry(
            section="stages",
            name=stage.name,
            label=stage.label,
            sentence=stage.means,
            place=declared.place if declared else Place("stages.yaml"),
            owner=stage.owner,
            band=stage.band,
            formula=f"Entered when {_known_by(declared)}" if declared else "",
            missing=columns[f"{stage.name}_on"].absent,
        )


def _written_stages(session: Session) -> Stages | None:
    """The stages as stages.yaml declares them; None where it is no longer what the rows were made by."""
    problems = Problems()
    stages = read_stages(session.company, problems)
    if problems.found or stages.fingerprint != session.manifest.fingerprints["stages"]:
        return None
    return stages


def _known_by(stage: Stage) -> str:
    """The signs in words: several mean whichever comes first."""
    values = [f"'{sign.value}'" for sign in stage.signs if sign.kind == "crm"]
    words = [_KNOWN_BY.get(sign.kind, sign.kind) for sign in stage.signs if sign.kind != "crm"]
    words += [f"the CRM says {' or '.join(values)}"] if values else []
    return ", or ".join(words) + (", whichever is first" if len(words) > 1 else "")


def _dimensions(session: Session) -> Iterator[Entry]:
    for dimension in session.definitions.dimensions.values():
        reasons = _reasons(session, dimension)
        yield Entry(
            section="dimensions",
            name=dimension.name,
            label=dimension.label,
            sentence=dimension.description,
            place=dimension.place,
            formula=_columns(dimension),
            missing=next(iter(reasons.values()), None) if len(reasons) == len(dimension.on) else None,
        )


def _columns(dimension: Dimension) -> str:
    """Which column it is, and in which tables."""
    tables: dict[str, list[str]] = {}
    for table, column in dimension.on.items():
        tables.setdefault(column, []).append(table)
    return "; ".join(f"{column} of {', '.join(names)}" for column, names in tables.items())


def _reasons(session: Session, dimension: Dimension) -> dict[str, str]:
    """Why a dimension has no answer, by each of its tables in which it has none."""
    asked_by = next(iter(session.definitions.metrics.values()))
    reasons: dict[str, str] = {}
    for table in dimension.on:
        try:
            session.reach.dimension_key(dimension.name, table, _of_table(session, table) or asked_by)
        except Unanswerable as reason:
            reasons[table] = str(reason)
    return reasons


def _of_table(session: Session, table: str) -> Metric | None:
    metrics = session.definitions.metrics.values()
    return next((metric for metric in metrics if isinstance(metric, Aggregate) and metric.table == table), None)


def _terms(session: Session) -> Iterator[Entry]:
    for term in session.definitions.terms.values():
        yield Entry("terms", term.name, term.label, term.description, term.place)


# -- one entry -------------------------------------------------------------------------------------------------------


def details(session: Session, entry: Entry) -> Details:
    """What a list leaves out of an entry."""
    read = {
        "metrics": _of_metric, "stages": _of_stage, "rules": _of_rule, "dimensions": _of_dimension, "terms": _of_term,
    }  # fmt: skip
    is_first = find(entries(session), entry.name) == entry
    full_name = entry.name if is_first else f"{entry.section}.{entry.name}"
    return replace(read[entry.section](session, entry), full_name=full_name)


def _of_metric(session: Session, entry: Entry) -> Details:
    explained = explain(session.reach, entry.name)
    dimensions, metrics = session.definitions.dimensions, session.definitions.metrics
    return Details(
        used_by=tuple(metrics[name].label for name in explained.used_by),
        splits=tuple(dimensions[name].label for name in explained.dimensions),
        sql="" if explained.reason else in_lines(explained.sql),
        sql_of=entry.label,
        origin=_origin(session, entry),
        fingerprint=explained.fingerprint,
        changed_on=_changed_on(session, entry.place),
    )


def _of_stage(session: Session, entry: Entry) -> Details:
    fact = session.reach.stages[entry.name]
    return Details(
        used_by=tuple(
            metric.label for metric in session.definitions.metrics.values() if _counts(session, metric, entry)
        ),
        recorded_from=fact.recorded_from,
        origin="Declared by this company, as all stages are",
        fingerprint=session.manifest.fingerprints["stages"],
        changed_on=_changed_on(session, entry.place),
    )


def _of_rule(session: Session, entry: Entry) -> Details:
    return replace(rule_details(session, entry), changed_on=_changed_on(session, entry.place))


def _counts(session: Session, metric: Metric, entry: Entry) -> bool:
    """Whether a metric leads through a stage, or counts who enters it."""
    if isinstance(metric, Funnel):
        try:
            return entry.name in [step.stage for step in declared_steps(session.reach, metric)]
        except Unanswerable:
            return False
    return isinstance(metric, Aggregate) and (metric.table, metric.time) == ("leads", f"{entry.name}_on")


def _of_dimension(session: Session, entry: Entry) -> Details:
    dimension, metrics = session.definitions.dimensions[entry.name], session.definitions.metrics
    answered = [metric for metric in _metrics(session) if metric.missing is None]
    cut = [metric.name for metric in answered if entry.name in explain(session.reach, metric.name).dimensions]
    reasons = {} if entry.missing else _reasons(session, dimension)
    example = next(iter(cut), None)
    return Details(
        used_by=tuple(metrics[name].label for name in cut),
        limits=tuple(f"Not for {table}: {reason}" for table, reason in reasons.items()),
        sql=in_lines(_sql(session.reach, example, entry.name)) if example else "",
        sql_of=f"{metrics[example].label} by {entry.label.lower()}" if example else "",
        origin=_origin(session, entry),
        changed_on=_changed_on(session, entry.place),
    )


def _of_term(session: Session, entry: Entry) -> Details:
    return Details(origin=_origin(session, entry), changed_on=_changed_on(session, entry.place))


def _sql(reach: Reach, metric: str, dimension: str) -> str:
    return emit_plan(plan(reach, replace(question_about(reach, metric), by=(dimension,))).plan)


def in_lines(sql: str) -> str:
    """The SQL of an answer as it is read."""
    return sqlglot.parse_one(sql, dialect="duckdb").sql(dialect="duckdb", pretty=True)


def _origin(session: Session, entry: Entry) -> str:
    found = {
        "metrics": session.definitions.metrics,
        "dimensions": session.definitions.dimensions,
        "terms": session.definitions.terms,
    }[entry.section][entry.name]
    if found.is_standard:
        return "Standard"
    is_replacing = f"{entry.section}/{entry.name}" in session.definitions.replaced
    return "This company's own, in place of the standard one" if is_replacing else "This company's own"


def _changed_on(session: Session, place: Place) -> dt.date | None:
    try:
        changed = Path(place.file).stat().st_mtime
    except OSError:
        return None
    return dt.datetime.fromtimestamp(changed, ZoneInfo(session.company.time_zone)).date()
