"""The frozen nodes of a plan: what is scanned, grouped, merged and shown. No SQL text, no values, no behaviour.

A plan holds no values: days and filter values are `$name` parameters, so that two questions of one shape are one plan
and share one SQL text.
"""

from __future__ import annotations

from dataclasses import dataclass

from data.expressions import Expression

__all__ = [
    "AggregateBranch",
    "Branch",
    "Cohort",
    "CohortInstants",
    "FunnelBranch",
    "FunnelTable",
    "Join",
    "Key",
    "Measure",
    "Outcome",
    "Output",
    "PeriodKey",
    "Plan",
    "Reference",
    "RowsPlan",
    "Scan",
    "Spans",
    "StepOutcomes",
    "Stored",
    "Taken",
]


@dataclass(frozen=True)
class Reference:
    """A column of the scanned table or of a linked row; `scope` is the table's or the link's name."""

    scope: str
    column: str


@dataclass(frozen=True)
class Join:
    """A left join over a many-to-one link: `own` of the scanned table equals `target` of `table`.

    With `day` only the row counts whose column `day` is the value of the parameter of that name.
    """

    link: str
    table: str
    own: str
    target: str
    day: str | None = None


@dataclass(frozen=True)
class Scan:
    """The rows of one table that satisfy all conditions; columns in conditions carry their scope."""

    table: str
    joins: tuple[Join, ...] = ()
    conditions: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Key:
    """A dimension of the answer and where it comes from in one table."""

    name: str
    reference: Reference


@dataclass(frozen=True)
class PeriodKey:
    """The first day of the period in which a date lies, as the company counts."""

    reference: Reference
    grain: str
    week_starts: int
    fiscal_year_starts: int


@dataclass(frozen=True)
class Measure:
    """One aggregate; `condition` narrows its rows; a group without rows is 0 where `is_zero` says so."""

    name: str
    expr: Expression
    condition: Expression | None
    is_zero: bool


@dataclass(frozen=True)
class Spans:
    """Which days count for each period of the answer, where these are not its own: `count` spans in the place of a key.

    Their parameters are `<tag>_period_<n>`, `<tag>_from_<n>` and `<tag>_until_<n>`. A row counts where `time` lies
    inside; of a balance, which has `closed`, where it is open at the end. With `is_average` a period has a span per
    day, `<tag>_days_<n>` of them, whose values are averaged. `is_keyed` says that the answer has a column of periods.
    """

    tag: str
    count: int
    time: Reference
    closed: Reference | None = None
    is_average: bool = False
    is_keyed: bool = True


@dataclass(frozen=True)
class Taken:
    """One row per `per` in each group and period: the last by `over` where `is_last`; `ties` decide among equals."""

    over: Reference
    is_last: bool
    per: tuple[Reference, ...]
    ties: tuple[Reference, ...]


@dataclass(frozen=True)
class AggregateBranch:
    """Measures of one table at its own grain, grouped by keys and by `period` or `spans`, over the rows `taken`."""

    scan: Scan
    keys: tuple[Key, ...]
    period: PeriodKey | None
    measures: tuple[Measure, ...]
    spans: Spans | None = None
    taken: Taken | None = None


@dataclass(frozen=True)
class CohortInstants:
    """The exact instants of entry, target and loss; where a cohort has them it waits in hours instead of days."""

    entry: Reference
    target: Reference
    lost: Reference | None


@dataclass(frozen=True)
class Stored:
    """The stored entries of first passes from one stage to another, under the names that their columns have in `leads`.

    `is_so` and `is_not_so` are columns of `leads` that are true or false of all of them.
    """

    table: str
    entry: str
    target: str
    columns: tuple[tuple[str, str], ...]
    is_so: tuple[str, ...]
    is_not_so: tuple[str, ...]


@dataclass(frozen=True)
class Cohort:
    """Entries into a stage: how many per group, day of entry, time until the target stage and until a loss.

    The small table from which counts, rates, survival curves and quantiles all follow: maturity depends on the entry
    alone. `scan` admits rows, `entries` are the conditions of an entry, `asked` those of the question, its as-of day
    among them. With a `unit` (an account and what is held equal; `own` where the account is empty) its rows are one:
    the earliest entry, the earliest target. `inferred` says of a row that its target was never recorded; `lost` is None
    where no losses are. What is `stored` is read instead of the scanned table.
    """

    scan: Scan
    keys: tuple[Key, ...]
    period: PeriodKey | None
    entry: Reference
    target: Reference
    entries: tuple[Expression, ...]
    asked: tuple[Expression, ...]
    inferred: Reference | None
    lost: Reference | None
    instants: CohortInstants | None = None
    unit: tuple[Reference, ...] = ()
    own: tuple[Reference, ...] = ()
    spans: Spans | None = None
    stored: Stored | None = None


@dataclass(frozen=True)
class Outcome:
    """A window over a cohort, by the name of its parameter; `recorded` dates the first record of the target stage.

    `counts_immature` counts also who converted in time of all, and who still may.
    """

    name: str
    window: str
    recorded: str | None
    counts_immature: bool = False


@dataclass(frozen=True)
class FunnelBranch:
    """A cohort's outcome as columns `name.entered`, `name.matured`, ...

    `results` are the kinds of results asked beyond the counts: losses, survival, incidence, durations.
    """

    cohort: Cohort
    outcome: Outcome
    results: frozenset[str] = frozenset()


Branch = AggregateBranch | FunnelBranch


@dataclass(frozen=True)
class Output:
    """A column of the answer: arithmetic over measures, by their names; None where there is no answer."""

    name: str
    formula: Expression | None
    unit: str


@dataclass(frozen=True)
class Plan:
    """Branches merged by their keys. `spine` is the number of periods that must appear even when nothing happened."""

    keys: tuple[str, ...]
    has_period: bool
    branches: tuple[Branch, ...]
    outputs: tuple[Output, ...]
    spine: int = 0
    order: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True)
class StepOutcomes:
    """One step of a funnel: its cohort and one outcome per window; `position` counts the stages from 1."""

    position: int
    step: str
    cohort: Cohort
    outcomes: tuple[Outcome, ...]
    results: frozenset[str]


@dataclass(frozen=True)
class FunnelTable:
    """A row per step, window and group, with all results of a funnel."""

    keys: tuple[str, ...]
    has_period: bool
    steps: tuple[StepOutcomes, ...]


@dataclass(frozen=True)
class RowsPlan:
    """The rows behind a number: the plan of one measure without its last aggregate; `computed` columns come last."""

    scan: Scan
    columns: tuple[Key, ...]
    cohort: Cohort | None = None
    outcome: Outcome | None = None
    limit: int | None = None
    taken: Taken | None = None
    computed: tuple[tuple[str, Expression], ...] = ()
