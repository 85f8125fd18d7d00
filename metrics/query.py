"""A question: frozen, so that it is its own cache key. Plans and runs nothing."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from data.calendar import GRAINS, Period
from data.errors import InvalidQuestion, did_you_mean

__all__ = ["COMPARISONS", "Query", "as_command", "only"]

COMPARISONS = ("none", "previous", "last_year", "target")


@dataclass(frozen=True)
class Query:
    """Metrics by dimensions.

    `metrics` are names, a result of a funnel by suffix (`lead_to_customer.rate_to_date`). `period` is half-open;
    None means all time, rows without a time included. `as_of` D is what had happened when day D began. `where` is a
    condition over dimension names. `within` are windows in days that replace those of a funnel. `order` holds column
    names of the answer, `-name` for descending. `viewer` is who asks. `rules` says which version of stage rules
    counts, `model` which attribution model. `is_shared` says that `where` is a filter over many numbers at once: a
    metric that cannot take it then has a reason instead of making the whole question an error.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: str | None = None
    period: Period | None = None
    compare: str = "none"
    where: str | None = None
    as_of: dt.date | None = None
    within: tuple[int, ...] = ()
    rules: str = "today"
    model: str | None = None
    viewer: str = "local"
    order: tuple[str, ...] = ()
    limit: int | None = None
    is_shared: bool = False

    def __post_init__(self) -> None:
        for field, allowed in (("grain", (*GRAINS, None)), ("compare", COMPARISONS), ("rules", ("today", "then"))):
            value = getattr(self, field)
            if value not in allowed:
                hint = did_you_mean(str(value), [name for name in allowed if name], "Allowed")
                raise InvalidQuestion(f"'{value}' is not a {field}. {hint}")
        if not self.metrics:
            raise InvalidQuestion("A question names at least one metric. See: python tandem.py list metrics")
        for name in self.by:
            if self.by.count(name) > 1:
                raise InvalidQuestion(f"'{name}' stands twice among the dimensions: name it once.")
        if self.period is not None and self.period.until <= self.period.start:
            span = f"{self.period.start} up to {self.period.until}"
            raise InvalidQuestion(f"The period {span} holds no day: its end is the first day after it.")
        if any(window < 0 for window in self.within):
            raise InvalidQuestion("A window (within) is a number of days from 0.")
        if self.limit is not None and self.limit < 1:
            raise InvalidQuestion("A limit is a number of rows from 1.")


def only(dimension: str, values: Iterable[str | None]) -> str | None:
    """A condition that a dimension has one of the values (None is the empty group), or None without values."""
    wanted = list(values)
    column = exp.column(dimension)
    present = [exp.Literal.string(value) for value in wanted if value is not None]
    conditions: list[exp.Expr] = []
    if present:
        conditions.append(exp.In(this=column.copy(), expressions=present))
    if None in wanted:
        conditions.append(exp.Is(this=column.copy(), expression=exp.Null()))
    return exp.or_(*conditions).sql(dialect="duckdb") if conditions else None


def as_command(query: Query) -> str:
    """The command that asks the same question and no comparison, to be pasted into a shell."""
    words = ["python", "tandem.py", "ask", *query.metrics]
    for name in query.by:
        words += ["--by", name]
    if query.grain:
        words += ["--grain", query.grain]
    if query.period is not None:
        words += ["--from", query.period.start.isoformat(), "--to", query.period.until.isoformat()]
    if query.where:
        words += ["--where", query.where]
    if query.model:
        words += ["--model", query.model]
    for name in query.order:
        words.append(f"--order={name}")
    return shlex.join(words)
