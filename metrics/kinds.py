"""What a definition can be: metrics by kind, dimensions and terms, as small frozen types. Computes nothing.

A new kind is a new member of the union `Metric`, a reader in `metric_files` and a lowering in `composition`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from data.errors import Place
from data.expressions import Expression
from metrics.funnel_steps import FUNNEL_RESULTS, HEADLINE_RESULT, Step
from metrics.moments import DURATION_RESULTS, OF_A_PROMISE, OF_A_RELEASE, Moment
from metrics.moves import MedianCycle, Shift, StartOf, ToDate, Trailing

__all__ = [
    "AT_COARSER_GRAIN",
    "BANDS",
    "FUNNEL_RESULTS",
    "GOOD",
    "HEADLINE_RESULT",
    "MEASURES",
    "OWNERS",
    "TAKES",
    "UNITS",
    "Aggregate",
    "Credit",
    "Cumulative",
    "Dimension",
    "Duration",
    "Formula",
    "Funnel",
    "Input",
    "Metric",
    "Ratio",
    "Step",
    "Take",
    "Term",
    "inputs_of",
    "results_of",
    "split_result",
]

UNITS = ("count", "money", "ratio", "times", "months", "days", "hours")
GOOD = ("up", "down", "neither")
BANDS = ("TOFU", "MOFU", "BOFU")
OWNERS = ("marketing", "sales", "both")
TAKES = ("last", "first")
MEASURES = ("revenue", "margin", "customers", "pipeline", "opportunities")
AT_COARSER_GRAIN = ("last", "first", "average")


@dataclass(frozen=True, kw_only=True)
class _Described:
    """What every definition says of itself. None of it changes a number."""

    name: str
    label: str
    description: str
    place: Place = field(compare=False)
    is_standard: bool = field(default=True, compare=False)


@dataclass(frozen=True, kw_only=True)
class _Measured(_Described):
    """`where` is a condition over dimension names; `good` says which direction of change is welcome."""

    unit: str
    short_label: str = ""
    good: str = "neither"
    band: str | None = None
    owner: str = "both"
    tags: tuple[str, ...] = ()
    where: Expression | None = None


@dataclass(frozen=True)
class Take:
    """Of the rows of a period and group only one per value of `per`: the last or the first by the column `over`.

    For facts that add up over everything but time, such as a daily record of seats per account.
    """

    which: str
    over: str
    per: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Aggregate(_Measured):
    """One aggregate over the columns of one table; `time` is the date column that places a row in a period.

    With `until` it is a balance: a row counts from `time` to the day before `until` (for good where that is NULL), and
    the metric is its value at the end of a period. With `take` it is semi-additive.
    """

    table: str
    expr: Expression
    time: str
    until: str | None = None
    take: Take | None = None


@dataclass(frozen=True)
class Input:
    """A metric that another one is made of, narrowed by `where` (over dimension names) and taken of other days.

    Of a sum or count, `since` and `until` (half-open) leave only the rows of these days, in whatever period.
    """

    metric: str
    where: Expression | None = None
    shift: Shift | StartOf | MedianCycle | None = None
    since: dt.date | None = None
    until: dt.date | None = None


@dataclass(frozen=True, kw_only=True)
class Ratio(_Measured):
    """One metric by another, computed again at every level, never averaged. Empty where the denominator is 0."""

    numerator: Input
    denominator: Input


@dataclass(frozen=True, kw_only=True)
class Formula(_Measured):
    """Arithmetic over metrics, which are the columns of `expr`, by the names of `inputs`."""

    expr: Expression
    inputs: tuple[tuple[str, Input], ...]


@dataclass(frozen=True, kw_only=True)
class Cumulative(_Measured):
    """A metric over a moving window or since a period began, valued at the end of each period.

    `at_coarser_grain` says which day speaks for a period longer than one: its last, its first, or the average of all.
    """

    of: Input
    window: Trailing | ToDate
    at_coarser_grain: str = "last"


@dataclass(frozen=True, kw_only=True)
class Funnel(_Measured):
    """Cohorts through stages.

    `entry`: first passes of contacts, or every pass; `skips`: imply counts an inferred stage, require does not.
    `maturity`: whether entries that had not their whole window are left out of the bare metric, shown as open, or
    included. `counts`: what a unit is; `hold`: dimensions in which entry and conversion of an account must agree.
    """

    steps: tuple[Step, ...]
    entry: str = "first"
    skips: str = "imply"
    maturity: str = "exclude"
    counts: str = "passes"
    hold: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it reads: passes and accounts are counted in leads, deals in pipeline."""
        units = [self.counts, *(step.counts or self.counts for step in self.steps[1:])]
        return tuple(dict.fromkeys("pipeline" if unit == "deals" else "leads" for unit in units))


@dataclass(frozen=True, kw_only=True)
class Duration(_Measured):
    """How long it takes from one moment of a row of `table` to another, told in hours or days.

    `clock`: calendar or business time. `promise` is how long it may take, in seconds, or in days where the unit is
    days, and `share` how many are to keep it. `time` says which of the two moments places a row in a period: from, to.
    A row is released from the promise by the first of `unless` that comes within it. `per_person` is the duration of
    the same promise on the clock of each person who had the row.
    """

    table: str
    start: Moment
    end: Moment
    clock: str = "calendar"
    promise: int | None = None
    share: float | None = None
    time: str = "from"
    unless: tuple[Moment, ...] = ()
    per_person: str | None = None


@dataclass(frozen=True, kw_only=True)
class Credit(_Measured):
    """A conversion shared out among the touches that led to it, by the model that a question names.

    `measure` is what is shared out: revenue, margin and customers at the close, the others at the creation.
    """

    measure: str


Metric = Aggregate | Funnel | Duration | Credit | Ratio | Formula | Cumulative


def split_result(asked: str) -> tuple[str, str | None]:
    """`lead_to_customer.rate_to_date` as the metric and its result."""
    name, dot, result = asked.partition(".")
    return name, result if dot else None


def results_of(metric: Metric) -> Mapping[str, str]:
    """The results that a metric yields by suffix, with their units; none for most kinds."""
    if isinstance(metric, Duration):
        lacking = (*(OF_A_PROMISE if metric.promise is None else ()), *(() if metric.unless else OF_A_RELEASE))
        known = [name for name in DURATION_RESULTS if name not in lacking]
        return {name: DURATION_RESULTS[name] or metric.unit for name in known}
    return FUNNEL_RESULTS if isinstance(metric, Funnel) else {}


def inputs_of(metric: Metric) -> tuple[tuple[str, Input], ...]:
    """The metrics that one is made of, by the role that each plays."""
    if isinstance(metric, Ratio):
        return (("numerator", metric.numerator), ("denominator", metric.denominator))
    if isinstance(metric, Cumulative):
        return (("of", metric.of),)
    return metric.inputs if isinstance(metric, Formula) else ()


@dataclass(frozen=True, kw_only=True)
class Dimension(_Described):
    """What a word such as channel is in each table: a column, or `link.column` over a many-to-one link.

    `names` is a `table.column` that gives the words for its values (a campaign's name for its id); `order` is the
    order of its values where it is not that of size.
    """

    on: Mapping[str, str] = field(hash=False)
    names: str | None = None
    order: tuple[str, ...] = ()
    known: str = "at_entry"


@dataclass(frozen=True, kw_only=True)
class Term(_Described):
    """A word of the shared language that is no metric."""
