"""What the agreement promises of the numbers in a picture: on its points, in its table, in its words. Computes nothing.

Everything comes from one place (metrics/target_answers.py): the condition of the picture is exactly that of an
objective, and a count or a sum has in other days than the objective's own the share of their business days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from data.calendar import ONE_DAY
from metrics import Answer, Query
from metrics.target_answers import TARGET, spread_from, targets_of
from metrics.targets import attained
from pages import _words
from pages._charts import Bar
from pages._page import View, metric_of, unit_of, words
from pages._panels import column_formats
from pages._time_lines import Point

__all__ = ["Targets", "beside", "columns", "of_answer", "of_rows", "told"]


@dataclass(frozen=True)
class Targets:
    """The targets of one metric by the keys of an answer's rows: its group, its period, or both."""

    seen: View
    metric: str
    by_key: Mapping[tuple[object, ...], float]
    spread_from: tuple[str, ...]
    is_known: bool

    def on_point(self, point: Point, *keys: object) -> Point:
        """The point with what is promised of it; while its period lasts, with what is promised of its days so far."""
        target = self.by_key.get(keys)
        if target is None:
            return point
        return replace(point, target=target, aim=self._says(target, point.value, is_complete=point.is_complete))

    def on_bar(self, bar: Bar, *keys: object) -> Bar:
        """The bar with what is promised of its group."""
        target = self.by_key.get(keys)
        if target is None:
            return bar
        says = f"{bar.says or bar.text}. {self._says(target, bar.value, is_complete=True)}"
        return replace(bar, target=target, says=says)

    def _says(self, target: float, value: float | None, *, is_complete: bool) -> str:
        told, share = words(self.seen, self.metric, target), attained(value, target)
        if share is None or unit_of(self.seen, self.metric) == "ratio" or not (is_complete or self.is_known):
            return f"Target {told}"
        return f"Target {told}, {_words.rate(share)}" if is_complete else f"Target so far {told}, {_words.rate(share)}"

    @property
    def told(self) -> str:
        """What the thin line is, for the caption; nothing where nothing is promised."""
        if not self.by_key:
            return ""
        if not self.spread_from:
            return " The thin line is the target."
        return f" The thin line is the target per {' or '.join(self.spread_from)}, spread over its business days."


def of_answer(seen: View, answer: Answer, metric: str) -> Targets:
    """What is promised of each row of an answer, of one of its metrics."""
    return of_rows(seen, answer.query, answer.frame, metric)


def of_rows(seen: View, query: Query, rows: pl.DataFrame, metric: str) -> Targets:
    """The same of rows that answer a question in another form, such as those of a funnel by month."""
    session, column = seen.session, metric + TARGET
    frame = targets_of(session.definitions, session.company, replace(query, metrics=(metric,)), rows).drop_nulls(column)
    keys = [*query.by, *(["period"] if query.grain else [])]
    by_key = {row[:-1]: row[-1] for row in frame.select(*keys, column).iter_rows()}
    until = query.period.until if query.period else None
    is_known = until is not None and session.through is not None and until <= session.through + ONE_DAY
    others = spread_from(session.definitions, session.company, query, metric)
    return Targets(seen, metric, by_key, others, is_known)


def told(*targets: Targets) -> str:
    """What the thin lines are, for a caption, each said once."""
    return "".join(dict.fromkeys(one.told for one in targets))


def beside(rows: pl.DataFrame, keys: Sequence[str], *targets: Targets) -> pl.DataFrame:
    """The rows of a table with the target of each behind its number; `keys` are the columns that tell rows apart."""
    for one in targets:
        if one.by_key:
            found = [one.by_key.get(key) for key in rows.select(keys).iter_rows()]
            at = rows.columns.index(one.metric) + 1 if one.metric in rows.columns else len(rows.columns)
            rows = rows.clone().insert_column(at, pl.Series(one.metric + TARGET, found, dtype=pl.Float64))
    return rows


def columns(units: Mapping[str, str], labels: Mapping[str, str], *targets: Targets) -> dict[str, object]:
    """How a table is shown whose numbers have targets beside them."""
    known = [one for one in targets if one.by_key]
    titles = {one.metric: f"Target, {metric_of(one.seen, one.metric).label}" for one in known}
    titles = titles if len(known) > 1 else dict.fromkeys(titles, "Target")
    units = {**units, **{one.metric + TARGET: unit_of(one.seen, one.metric) for one in known}}
    return column_formats(units, {**labels, **{name + TARGET: title for name, title in titles.items()}})  # type: ignore[arg-type]  # units are checked when loaded
