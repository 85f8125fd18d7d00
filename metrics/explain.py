"""A metric in words: sentence, formula, dimensions, what uses it, and the SQL that runs. Computes no number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from metrics.durations import PER_UNIT
from metrics.emit import emit_plan
from metrics.fingerprints import fingerprint
from metrics.funnel import declared_steps
from metrics.funnel_steps import Step
from metrics.kinds import (
    Aggregate,
    Credit,
    Cumulative,
    Duration,
    Formula,
    Funnel,
    Input,
    Metric,
    Ratio,
    inputs_of,
    split_result,
)
from metrics.moves import MedianCycle, Shift, StartOf, Trailing
from metrics.plan import plan, question_about
from metrics.reach import Reach, Unanswerable
from metrics.references import tables_of

__all__ = ["Explanation", "dimensions_of", "explain", "formula"]


@dataclass(frozen=True)
class Explanation:
    """What the definitions page and `explain` show of a metric. `reason` says why this company has no answer."""

    name: str
    label: str
    description: str
    kind: str
    unit: str
    owner: str
    band: str | None
    formula: str
    dimensions: tuple[str, ...]
    used_by: tuple[str, ...]
    defined_at: str
    fingerprint: str
    reason: str | None
    sql: str


def explain(reach: Reach, name: str) -> Explanation:
    """Everything about one metric. Raises InvalidQuestion with the nearest name."""
    metric = reach.metric(name)
    planned = plan(reach, question_about(reach, name))
    return Explanation(
        name=name,
        label=metric.label,
        description=metric.description,
        kind=type(metric).__name__.lower(),
        unit=metric.unit,
        owner=metric.owner,
        band=metric.band,
        formula=formula(reach, metric),
        dimensions=tuple(dimensions_of(reach, metric)),
        used_by=tuple(_used_by(reach, metric)),
        defined_at=str(metric.place),
        fingerprint=fingerprint(reach, metric),
        reason=planned.reasons.get(name),
        sql=emit_plan(planned.plan),
    )


def formula(reach: Reach, metric: Metric) -> str:
    """The computation in one line that can be read aloud."""
    where = f" where {metric.where.tree.sql(dialect='duckdb')}" if metric.where else ""
    if isinstance(metric, Aggregate):
        when = f"by {metric.time}" if metric.until is None else f"open from {metric.time} until {metric.until}"
        taken = (
            f", the {metric.take.which} by {metric.take.over} per {' and '.join(metric.take.per)}"
            if metric.take
            else ""
        )
        return f"{metric.expr.tree.sql(dialect='duckdb').lower()} over {metric.table}{where}, {when}{taken}"
    if isinstance(metric, Formula):
        words = {role: _input(reach, given) for role, given in metric.inputs}
        named = metric.expr.tree.transform(
            lambda node: exp.var(words[node.name]) if isinstance(node, exp.Column) else node
        )
        return named.sql(dialect="duckdb") + where
    if isinstance(metric, Ratio):
        return f"{_input(reach, metric.numerator)} / {_input(reach, metric.denominator)}{where}"
    if isinstance(metric, Cumulative):
        return f"{_input(reach, metric.of)} over {_window(metric)}{where}"
    if isinstance(metric, Credit):
        return f"{metric.measure} shared out among the touches before it, by the model that is asked{where}"
    if isinstance(metric, Duration):
        return _duration(metric) + where
    try:
        steps = declared_steps(reach, metric)
    except Unanswerable:
        steps = metric.steps
    stages = [steps[0].stage, *(f"{step.stage} within {_within(step)}" for step in steps[1:])]
    return " -> ".join(stages) + _words(metric) + where


def _words(funnel: Funnel) -> str:
    """What a funnel says beyond its steps, where it is not what stands without a word."""
    said = [f"counting {funnel.counts}"] if funnel.counts != "passes" else []
    said += [f"holding {' and '.join(funnel.hold)}"] if funnel.hold else []
    said += ["every pass"] if funnel.entry == "every" else []
    said += ["recorded stages only"] if funnel.skips == "require" else []
    said += ["immature entries included"] if funnel.maturity != "exclude" else []
    return "".join(f", {words}" for words in said)


def _duration(metric: Duration) -> str:
    told = f"{'business ' if metric.clock == 'business' else ''}{metric.unit}"
    line = f"{metric.start.name} -> {metric.end.name} in {told}"
    if metric.promise is not None:
        share = f" for {metric.share:.0%}" if metric.share is not None else ""
        within = metric.promise / PER_UNIT[metric.unit]
        line += f", promised within {within:g} {metric.unit}{share}"
        line += f" unless {' or '.join(one.name for one in metric.unless)} comes first" if metric.unless else ""
    return f"{line}, by {metric.start.on if metric.time == 'from' else metric.end.on}"


def _within(step: Step) -> str:
    parts = [f"{step.within or 0} days"] if step.within or not step.hours else []
    counts = f" of {step.counts}" if step.counts else ""
    return " and ".join([*parts, *([f"{step.hours} hours"] if step.hours else [])]) + counts


def _input(reach: Reach, given: Input) -> str:
    where = f" where {given.where.tree.sql(dialect='duckdb')}" if given.where else ""
    result = (split_result(given.metric)[1] or "").replace("_", " ")
    return f"{reach.metric(given.metric).label}{f', {result}' if result else ''}{where}{_earlier(given.shift)}"


def _earlier(move: Shift | StartOf | MedianCycle | None) -> str:
    if isinstance(move, MedianCycle):
        return ", one median sales cycle earlier"
    if isinstance(move, Shift):
        return f", {move.count} {move.unit}{'' if move.count == 1 else 's'} earlier"
    return f", at the start of the {move.unit}" if move else ""


def _window(metric: Cumulative) -> str:
    if isinstance(metric.window, Trailing):
        days = f"the {metric.window.days} days"
    else:
        days = f"the {'fiscal year' if metric.window.unit == 'year' else metric.window.unit} to date,"
    of = {"last": "up to the end of a period", "first": "up to the first day of a period"}
    return f"{days} {of.get(metric.at_coarser_grain, 'up to each day of a period, averaged')}"


def dimensions_of(reach: Reach, metric: Metric) -> Iterable[str]:
    """Dimensions that all of the metric's tables have and that this company can fill."""
    for name, dimension in sorted(reach.definitions.dimensions.items()):
        if isinstance(metric, Funnel) and dimension.known == "later":
            continue
        try:
            for table in tables_of(metric.name, reach.definitions.metrics):
                if table not in dimension.on:
                    break
                reach.dimension_key(name, table, metric)
            else:
                yield name
        except Unanswerable:
            continue


def _used_by(reach: Reach, metric: Metric) -> Iterable[str]:
    for name, other in sorted(reach.definitions.metrics.items()):
        if metric.name in {split_result(given.metric)[0] for _, given in inputs_of(other)}:
            yield name
