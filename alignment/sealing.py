"""Seals a month: asks its questions of one generation and writes the answers with all they rest on. Prints nothing.

Names of contacts are in none of the files: no answer has them, in what people typed they are left out, and neither
deals nor accounts are written by name.
"""

from __future__ import annotations

import datetime as dt
import getpass
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from alignment import month_questions
from alignment.addresses import frame_without_addresses
from alignment.colleagues import people_of
from alignment.left_out import Marks, marks_of
from alignment.month_decisions import decisions
from alignment.month_questions import HEADLINE, Asked, spans_of
from alignment.month_targets import month_promises, month_targets
from alignment.months import check_reached, check_that_it_is_over, name_of, today_in
from alignment.sealed_definitions import DEFINITIONS, copy_definitions, marks_of_definitions
from alignment.snapshots import SealedMonth, Snapshot, shelf_of
from data.calendar import Period
from data.errors import InvalidQuestion, did_you_mean
from metrics import Query, Session, only
from metrics.explain import explain
from metrics.records import RECORD_COLUMNS, parts_with_records, record_session

__all__ = ["EXTRACTS", "Carried", "Sealed", "colleagues", "seal_month", "seal_per"]

Progress = Callable[[str, float], None]

# The tables whose words are from definitions.
WRITTEN_BY_PEOPLE = ("definitions/metrics", "annotations", "targets", "promises", "restated/effects")
# What was sealed before, against the generation of now: the tables that tell it by name.
Carried = Callable[[Session, Snapshot], Mapping[str, pl.DataFrame]]
DECISIONS_OF_ALL = "Decisions are those of the whole company: no entry of the ledger says which part it is about."
# Fixed SELECTs about the generation: what restatement needs to tell one cause from another.
EXTRACTS = {
    "records/contacts": 'SELECT "contact_id" FROM "contacts" ORDER BY 1',
    "records/merges": 'SELECT "object", "old_id", "new_id" FROM "merges" ORDER BY 1, 2',
    "records/rates": 'SELECT "currency", "holds_from", "holds_until", "rate" FROM "rates" ORDER BY 1, 2',
    "records/deals": """
        SELECT "deal_id", "deal_type", "stage", "created_on", "closed_on", "is_won", "is_lost", "original_amount",
            "currency", "amount" FROM "pipeline" ORDER BY 1
    """,
}
_ANNOTATIONS = {"day": pl.Date, "label": pl.String, "kind": pl.String}


@dataclass(frozen=True)
class Sealed:
    """A sealed month, and whether this call sealed it or found it so."""

    snapshot: Snapshot
    is_new: bool


def seal_month(
    session: Session,
    month: Period,
    commentary: str = "",
    revise: str | None = None,
    per: tuple[str, str] | None = None,
    progress: Progress = lambda *_: None,
    today: dt.date | None = None,
    carried: Carried | None = None,
    by: str | None = None,
) -> Sealed:
    """Seal a month, or give the sealed one as it is; with `revise`, the reason, a further revision of it.

    `carried` gives tables about what was sealed last: this month in an earlier revision, else an earlier month.
    `per` is a dimension and the one value of it that the snapshot is about; `by` is who seals, else the user of the
    process. Raises NotSealed while the month has not ended or the data does not reach its end, and where it cannot be
    written.
    """
    shelf, name = shelf_of(session.company, per), name_of(month)
    if revise is not None and not revise.strip():
        raise InvalidQuestion("--revise needs the reason for the revision, such as: --revise 'spend came late'.")
    known = shelf.revisions(name)
    if known and revise is None:
        return Sealed(shelf.open(name), is_new=False)
    check_that_it_is_over(month, today or today_in(session.company))
    check_reached(session, month)
    with shelf.locked():
        # Somebody else may have sealed it in the meantime.
        known = shelf.revisions(name)
        if known and revise is None:
            return Sealed(shelf.open(name), is_new=False)
        where = None if per is None else only(per[0], [per[1]])
        results = _ask_all(session, month, where, progress)
        revision = known[-1] + 1 if known else 1
        manifest = _manifest(session, month, revision, revise or "", per, where, results)
        manifest = replace(manifest, sealed_by=by or manifest.sealed_by)
        written, left_out = _tables(session, month, where, results, progress)
        manifest = replace(manifest, left_out=left_out)
        before = shelf.before(name)
        if carried is not None and before is not None:
            progress(f"Comparing with {before.manifest.month} as it was sealed", 0.85)
            written |= carried(session, before)
        progress("Writing", 0.95)
        typed = marks_of(session, [commentary, manifest.reason])
        of_definitions = marks_of_definitions(session)
        manifest = _unnamed(replace(manifest, reason=typed.left_out(manifest.reason)), of_definitions)
        said = typed.left_out(commentary.strip())
        snapshot = shelf.seal(
            manifest, lambda folder: _write(session, folder, written, said, of_definitions, typed.key)
        )
    progress("Done", 1.0)
    return Sealed(snapshot, is_new=True)


def seal_per(
    session: Session, month: Period, dimension: str, commentary: str = "", revise: str | None = None,
    progress: Progress = lambda *_: None, today: dt.date | None = None, carried: Carried | None = None,
) -> list[Sealed]:  # fmt: skip
    """Seal a month once per value of a dimension that leads have. Raises InvalidQuestion and what seal_month raises."""
    allowed = session.dimensions_of("leads")
    if dimension not in allowed:
        raise InvalidQuestion(f"Leads have no dimension '{dimension}'. {did_you_mean(dimension, allowed)}")
    found = session.answer(Query(("leads",), (dimension,), order=("-leads",))).frame
    values = [str(value) for value, leads in found.iter_rows() if value is not None and leads]
    if not values:
        raise InvalidQuestion(f"No lead has a {dimension}: there is nothing to seal one by one.")
    sealed = []
    for index, value in enumerate(values):

        def told(doing: str, share: float, value: str = value, index: int = index) -> None:
            progress(f"{value}: {doing}", (index + share) / len(values))

        sealed.append(seal_month(session, month, commentary, revise, (dimension, value), told, today, carried))
    return sealed


def _ask_all(session: Session, month: Period, where: str | None, progress: Progress) -> list[Asked]:
    asked = list(month_questions.questions(session))
    results = []
    for index, question in enumerate(asked):
        progress(f"Asking: {question.title}", 0.6 * index / len(asked))
        results.append(month_questions.ask(session, question, month, where))
    return results


def _manifest(
    session: Session, month: Period, revision: int, reason: str, per: tuple[str, str] | None, where: str | None,
    results: list[Asked],
) -> SealedMonth:  # fmt: skip
    company, made = session.company, session.manifest
    return SealedMonth(
        month=name_of(month),
        start=month.start,
        until=month.until,
        revision=revision,
        reason=reason.strip(),
        company={
            "id": company.id, "name": company.name, "currency": company.currency, "time_zone": company.time_zone,
        },
        generation=made.generation,
        loaded_at=made.made_at.isoformat(),
        through=str(made.through),
        sources_through={file.name: str(file.through) if file.through else None for file in made.files},
        sealed_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        sealed_by=getpass.getuser(),
        as_of=month.until,
        per=per,
        where=where,
        fingerprints=dict(made.fingerprints),
        questions={asked.question.name: _described(asked) for asked in results},
    )  # fmt: skip


def _described(asked: Asked) -> Mapping[str, Any]:
    question = asked.question
    return {
        "title": question.title,
        "kind": question.kind,
        "metrics": list(question.metrics),
        "by": list(question.by),
        "start": str(asked.period.start) if asked.period else None,
        "until": str(asked.period.until) if asked.period else None,
        "reasons": dict(asked.reasons),
        "notes": list(asked.notes),
    }


def _unnamed(manifest: SealedMonth, marks: Marks) -> SealedMonth:
    """With marks in what a manifest repeats of the words of definitions: reasons, notes, labels of promises."""
    questions = {
        name: dict(question) | {
            "reasons": {metric: marks.left_out(why) for metric, why in question["reasons"].items()},
            "notes": [marks.left_out(note) for note in question["notes"]],
        }
        for name, question in manifest.questions.items()
    }  # fmt: skip
    return replace(manifest, questions=questions, left_out=tuple(map(marks.left_out, manifest.left_out)))


def _tables(
    session: Session, month: Period, where: str | None, results: list[Asked], progress: Progress
) -> tuple[dict[str, pl.DataFrame], tuple[str, ...]]:
    """Every table of a snapshot by its path, and what one of a part of the company leaves out."""
    tables = {f"results/{asked.question.name}": asked.frame for asked in results}
    progress("Records behind the numbers", 0.65)
    tables["records/parts"], tables["records/totals"] = _records(session, month, where)
    present = session.definitions.tables
    for name, sql in EXTRACTS.items():
        table = "pipeline" if name == "records/deals" else name.partition("/")[2]
        if table in present:
            tables[name] = session.read(sql)
    tables["targets"] = month_targets(session, month, where)
    tables["promises"], left_out = month_promises(session, month, where)
    tables["decisions"] = decisions(session, month)
    if where is not None:
        left_out += (DECISIONS_OF_ALL,) if tables["decisions"].height else ()
    tables["annotations"] = _annotations(session, month)
    progress("Definitions", 0.8)
    tables["definitions/metrics"] = pl.DataFrame(list(_metrics(session)), infer_schema_length=None)
    return tables, left_out


def _records(session: Session, month: Period, where: str | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What each record adds to each part of the headline metrics, and the totals of the parts."""
    keyed = record_session(session)
    rows, totals = [], []
    for name in HEADLINE:
        spans = spans_of(session, name, month) if name in session.definitions.metrics else {}
        if "value" not in spans:
            continue
        query = Query((name,), period=spans["value"], where=where, as_of=month.until, is_shared=True)
        for part in parts_with_records(keyed, query):
            totals.append((name, part.role, part.total, part.records is not None))
            if part.records is not None:
                named = part.records.select(pl.lit(name).alias("metric"), pl.lit(part.role).alias("part"), pl.all())
                rows.append(named.select(list(RECORD_COLUMNS)))
    kinds = {"metric": pl.String, "part": pl.String, "total": pl.Float64, "has_records": pl.Boolean}
    records = pl.concat(rows) if rows else pl.DataFrame(schema=RECORD_COLUMNS)
    return records, pl.DataFrame(totals, kinds, orient="row")


def _annotations(session: Session, month: Period) -> pl.DataFrame:
    """The days on which a rule changed, up to the end of the month."""
    rows = [(change.day, change.label, "rule") for change in session.rule_changes() if change.day < month.until]
    return pl.DataFrame(rows, _ANNOTATIONS, orient="row")


def _metrics(session: Session) -> Iterator[dict[str, str]]:
    for name in sorted(session.definitions.metrics):
        said = explain(session.reach, name)
        yield {
            "metric": name, "label": said.label, "kind": said.kind, "unit": said.unit, "owner": said.owner,
            "description": said.description, "formula": said.formula, "defined_at": said.defined_at,
            "fingerprint": said.fingerprint, "reason": said.reason or "", "sql": said.sql,
        }  # fmt: skip


def _write(
    session: Session, folder: Path, tables: Mapping[str, pl.DataFrame], commentary: str, marks: Marks, key: bytes
) -> None:
    for name, frame in tables.items():
        file = folder / f"{name}.parquet"
        file.parent.mkdir(exist_ok=True)
        told = marks.left_out_of(frame) if name in WRITTEN_BY_PEOPLE else frame_without_addresses(frame, key)
        told.write_parquet(file)
    (folder / "commentary.txt").write_text(commentary + "\n" if commentary else "", encoding="utf-8")
    copy_definitions(session, folder / DEFINITIONS, marks)


def colleagues(session: Session) -> list[str]:
    """The names of those who may say that they sealed a month; none where no source gives people."""
    return sorted(set(people_of(session).names.values()))
