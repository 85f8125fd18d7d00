"""Any answer as a sentence, a picture where one can be read, and a table. Computes no business number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl
import streamlit as st

from data.calendar import periods_within, shift
from metrics import Answer
from metrics.kinds import Aggregate, Credit
from pages import _charts, _targets
from pages import _rule_flags as _rules
from pages._charts import Bar
from pages._choices import model_label
from pages._dates import period_label, span
from pages._entries import joined
from pages._page import View, metric_of, show_rows, unit_of, words
from pages._panels import show_chart, show_reason, show_table
from pages._targets import Targets
from pages._time_lines import MOST_LINES, Point, over_time
from pages._words import escape, strong

__all__ = ["picture", "says"]


def says(seen: View, answer: Answer) -> str:
    """What was asked and the most of it, or the reasons why there is no answer, in Markdown."""
    reasons = [escape(reason) for reason in dict.fromkeys(answer.reasons.values())]
    names = _answered(answer)
    if not names:
        return " ".join(reasons)
    asked = joined([_label(seen, name) for name in names])
    by = joined([_word(seen, name) for name in answer.query.by])
    how = (f"by {by}, " if by else "") + (f"per {answer.query.grain}, " if answer.query.grain else "")
    how += f"shared out by the model {model_label(answer.query.model)}, " if answer.query.model else ""
    apart = " " if how else ", "
    said = f"{strong(asked)}{apart}{escape(f'{how}{span(seen.period)}')}{_numbers(seen, answer)}.{_most(seen, answer)}"
    return " ".join([said, *reasons])


def _numbers(seen: View, answer: Answer) -> str:
    """The numbers themselves, of a question that splits nothing."""
    if answer.query.by or answer.query.grain:
        return ""
    return f": {joined([strong(words(seen, name, answer.number(name))) for name in _answered(answer)])}"


def _most(seen: View, answer: Answer) -> str:
    """The largest group, or period, of a question with one metric and one way to split it."""
    query, names = answer.query, _answered(answer)
    keys = [*query.by, *(["period"] if query.grain else [])]
    if len(names) != 1 or len(keys) != 1 or answer.frame.height < 2:
        return ""
    known = answer.frame.drop_nulls([keys[0], names[0]])
    if known.is_empty():
        return ""
    key, value = known.sort(names[0], descending=True).select(keys[0], names[0]).row(0)
    which = period_label(key, query.grain) if query.grain else _group(seen, query.by[0], key)
    return f" The highest is {strong(which)} with {escape(words(seen, names[0], value))}."


def _answered(answer: Answer) -> list[str]:
    return [name for name in dict.fromkeys(answer.query.metrics) if name not in answer.reasons]


def picture(seen: View, answer: Answer) -> None:
    """A line over time, bars by one dimension, and a table alone where a picture could not be read."""
    names, query = _answered(answer), answer.query
    if not names:
        return
    if answer.frame.is_empty():
        show_reason("Nothing to show", f"None in {span(seen.period)}. Choose a longer period.", key="ask")
        return
    reason = _unreadable(seen, answer)
    if reason is not None:
        show_table(
            "The answer", reason, _shown(seen, answer), key="ask", columns=_columns(seen, answer),
            below=_rows(seen, answer),
        )  # fmt: skip
        return
    draw = _lines if query.grain else _bars
    draw(seen, answer, names)


def _unreadable(seen: View, answer: Answer) -> str | None:
    """Why there is no picture; None where there can be one."""
    query, names = answer.query, _answered(answer)
    if len({unit_of(seen, name) for name in names}) > 1:
        return "Numbers of different units share no picture: ask for them one by one to see one."
    if len(query.by) > 1 or (query.by and len(names) > 1):
        return "So many lines or bars could not be told apart, so this is a table."
    if query.grain:
        periods = answer.frame["period"].n_unique()
        if periods < 2:
            return f"It takes two periods to draw a line: choose a longer period, or ask per less than a {query.grain}."
        if len(names) > MOST_LINES:
            return f"A picture has at most {MOST_LINES} lines."
        return None
    return None if query.by else "Choose what to split by, or a grain, to see a picture."


def _lines(seen: View, answer: Answer, names: list[str]) -> None:
    query, grain = answer.query, answer.query.grain or ""
    frame, dimension = answer.frame, query.by[0] if query.by else None
    groups: list[str | None] = [None]
    if dimension is not None:
        size = frame.group_by(dimension).agg(pl.col(names[0]).abs().sum()).sort(names[0], dimension, descending=True)
        groups = size[dimension].to_list()
    kept = groups[:MOST_LINES]
    is_single = len(kept) * len(names) == 1
    starts = periods_within(seen.period, grain, seen.session.company)
    targets = {name: _targets.of_answer(seen, answer, name) for name in names}
    points = [
        targets[name].on_point(
            _point(seen, answer, name, group, start, is_single=is_single), *([group, start] if dimension else [start])
        )
        for name in names
        for group in kept
        for start in starts
    ]
    moved = {
        name: _rules.changes(seen, stages, starts, grain) for name, stages in _rules.stages_of(seen, names).items()
    }
    flags = [
        flag
        for name, found in moved.items()
        for flag in _rules.flags(found, starts, grain, None if is_single or dimension else _short(seen, name))
    ]
    folded = f" The {len(kept)} largest of {len(groups)}; all are in the table." if len(kept) < len(groups) else ""
    dashed = "" if all(point.is_complete for point in points) else f" Dashed where a {grain} is not complete."
    show_chart(
        f"{joined([_label(seen, name) for name in names])} per {grain}",
        f"{span(seen.period)}.{folded}{dashed}{_targets.told(*targets.values())}"
        + _rules.told(change for found in moved.values() for change in found),
        over_time(
            points,
            seen.theme,
            owner=metric_of(seen, names[0]).owner,  # type: ignore[arg-type]  # owners are checked when loaded
            as_text=lambda value: words(seen, names[0], value),
            flags=flags,
        ),
        _shown(seen, answer, *targets.values()),
        key="ask",
        columns=_columns(seen, answer, *targets.values()),
        below=_rows(seen, answer),
    )


def _point(seen: View, answer: Answer, name: str, group: str | None, start: dt.date, *, is_single: bool) -> Point:
    """A period of one line; a line that is alone needs no name."""
    query, grain = answer.query, answer.query.grain or ""
    dimension = query.by[0] if query.by else None
    value = _value(seen, answer.frame, name, dimension, group, start)
    line = "" if is_single else _group(seen, dimension, group) if dimension else _short(seen, name)
    is_whole = shift(start, grain, 1) <= _after(seen)
    return Point(period_label(start, grain), value, words(seen, name, value), is_whole, line)


def _after(seen: View) -> dt.date:
    """The first day that is not shown, or of which nothing is known yet."""
    through = seen.session.through
    return min(seen.period.until, shift(through, "day", 1)) if through is not None else seen.period.until


def _value(
    seen: View, frame: pl.DataFrame, name: str, dimension: str | None, group: str | None, start: dt.date
) -> float | None:
    """The number of a period; where a group has no row, nothing happened: 0 of what adds up, else no number."""
    row = frame.filter(pl.col("period") == start)
    if dimension is not None:
        row = row.filter(pl.col(dimension).eq_missing(pl.lit(group)))
    if row.height == 1:
        value: float | None = row[name].item()
        return value
    return 0 if _adds_up(seen, name) else None


def _adds_up(seen: View, name: str) -> bool:
    metric = metric_of(seen, name)
    return isinstance(metric, Credit) or (isinstance(metric, Aggregate) and metric.expr.additive)


def _bars(seen: View, answer: Answer, names: list[str]) -> None:
    name, dimension = names[0], answer.query.by[0]
    metric = metric_of(seen, name)
    frame = answer.frame.filter(pl.col(name).is_not_null() & (pl.col(name) != 0))
    adds_up = _adds_up(seen, name)
    if frame.is_empty():
        show_reason(_title(seen, name, dimension), f"None in {span(seen.period)}. Choose a longer period.", key="ask")
        return
    targets = _targets.of_answer(seen, answer, name)
    bars = [
        targets.on_bar(
            Bar(None if group is None else _group(seen, dimension, group), value, words(seen, name, value)), group
        )
        for group, value in frame.select(dimension, name).iter_rows()
    ]
    whole = " All groups add up to the total." if adds_up else ""
    show_chart(
        _title(seen, name, dimension),
        f"{span(seen.period)}.{whole}{_targets.told(targets)}",
        _charts.ranked_bars(
            bars,
            seen.theme,
            owner=metric.owner,  # type: ignore[arg-type]  # owners are checked when loaded
            top=12,
            unattributed=f"No {_word(seen, dimension)}",
            is_cut=True,
            sum_as_text=(lambda value: words(seen, name, value)) if adds_up else None,
        ),
        _shown(seen, answer, targets),
        key="ask",
        columns=_columns(seen, answer, targets),
        below=_rows(seen, answer),
    )


def _title(seen: View, name: str, dimension: str) -> str:
    return f"{_label(seen, name)} by {_word(seen, dimension)}"


def _shown(seen: View, answer: Answer, *targets: Targets) -> pl.DataFrame:
    """The answer with its targets, and the words for values of its dimensions."""
    frame = _targets.beside(answer.frame, [*answer.query.by, *(["period"] if answer.query.grain else [])], *targets)
    for dimension in answer.query.by:
        frame = frame.with_columns(pl.col(dimension).replace(dict(seen.session.names(dimension))))
    return frame


def _columns(seen: View, answer: Answer, *targets: Targets) -> dict[str, object]:
    query = answer.query
    labels = {name: seen.session.reach.dimension(name).label for name in query.by}
    labels |= {name: _label(seen, name) for name in query.metrics}
    units = {name: unit_of(seen, name) for name in query.metrics}
    return _targets.columns(units, {"period": "Period", **labels}, *targets)


def _rows(seen: View, answer: Answer) -> Callable[[], None]:
    """The rows behind each metric, one click away."""

    def buttons() -> None:
        with st.container(horizontal=True, key="rows_ask"):
            for name in _answered(answer):
                if st.button(escape(f"Rows of {_label(seen, name)}"), key=f"ask_rows_{name}", type="tertiary"):
                    show_rows(seen, name, seen.period, answer.query.by, answer.query.model)

    return buttons


def _label(seen: View, name: str) -> str:
    return metric_of(seen, name).label


def _short(seen: View, name: str) -> str:
    metric = metric_of(seen, name)
    return metric.short_label or metric.label


def _word(seen: View, dimension: str) -> str:
    return seen.session.reach.dimension(dimension).label.lower()


def _group(seen: View, dimension: str, group: object) -> str:
    if group is None:
        return f"No {_word(seen, dimension)}"
    return seen.session.names(dimension).get(str(group), str(group))
