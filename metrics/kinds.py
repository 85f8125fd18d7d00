"""What a definition can be: metrics of four kinds, dimensions and terms, as small frozen types. Computes nothing.

A new kind is a new member of the union `Metric`, a reader in `loading` and a lowering in `plan`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from data.errors import Place
from data.expressions import Expression

__all__ = [
    "BANDS",
    "FUNNEL_RESULTS",
    "GOOD",
    "OWNERS",
    "UNITS",
    "Aggregate",
    "Dimension",
    "Formula",
    "Funnel",
    "Input",
    "Metric",
    "Ratio",
    "Step",
    "Term",
    "inputs_of",
]

UNITS = ("count", "money", "ratio", "days", "hours")
GOOD = ("up", "down", "neither")
BANDS = ("TOFU", "MOFU", "BOFU")
OWNERS = ("marketing", "sales", "both")

# The results of a funnel with their units; the first named `rate_matured` is what the bare name of a funnel gives.
FUNNEL_RESULTS: Mapping[str, str] = {
    "entered": "count",
    "converted_to_date": "count",
    "matured": "count",
    "converted_matured": "count",
    "rate_to_date": "ratio",
    "rate_matured": "ratio",
}
HEADLINE_RESULT = "rate_matured"


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


@dataclass(frozen=True, kw_only=True)
class Aggregate(_Measured):
    """One aggregate over the columns of one table; `time` is the date column that places a row in a period.

    With `until` it is a balance: a row counts from `time` to the day before `until` (for good where that is NULL), and
    the metric is its value at the end of a period.
    """

    table: str
    expr: Expression
    time: str
    until: str | None = None


@dataclass(frozen=True)
class Input:
    """A metric that another one is made of, narrowed by `where` (over dimension names)."""

    metric: str
    where: Expression | None = None


@dataclass(frozen=True, kw_only=True)
class Ratio(_Measured):
    """Numerator by denominator, computed again at every level, never averaged. Empty where the denominator is 0."""

    numerator: Input
    denominator: Input


@dataclass(frozen=True, kw_only=True)
class Formula(_Measured):
    """Arithmetic over aggregates, which are the columns of `expr`, by the names of `inputs`."""

    expr: Expression
    inputs: tuple[tuple[str, Input], ...]


@dataclass(frozen=True)
class Step:
    """A stage, and the days within which it must be reached from the step before (the first step has none)."""

    stage: str
    within: int | None = None


@dataclass(frozen=True, kw_only=True)
class Funnel(_Measured):
    """Cohorts through stages.

    `entry`: first passes of contacts, or every pass; `skips`: imply counts an inferred stage, require does not.
    """

    steps: tuple[Step, ...]
    entry: str = "first"
    skips: str = "imply"


Metric = Aggregate | Ratio | Formula | Funnel


def inputs_of(metric: Metric) -> tuple[tuple[str, Input], ...]:
    """The aggregates that a metric is made of, by the role that each plays; an aggregate is made of itself."""
    if isinstance(metric, Aggregate):
        return (("", Input(metric.name)),)
    if isinstance(metric, Ratio):
        return (("numerator", metric.numerator), ("denominator", metric.denominator))
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
