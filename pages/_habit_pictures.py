"""The habit as sentences and tiles, what to do next, and the growth of revenue beside it. Computes no number."""

from __future__ import annotations

import streamlit as st

from alignment.habit import Growth, Habit, Part
from data.calendar import leading_to, shift
from metrics import Query
from pages import _targets, _tiles, _words
from pages._dates import day, period_label, span
from pages._page import View
from pages._panels import show_chart
from pages._tiles import Tile
from pages._time_lines import Point, over_time
from pages._words import escape, strong

__all__ = ["dates", "growth", "next_steps", "says", "tiles"]

MONTHS = 24
REVENUE = "won_revenue"


def says(found: Habit | None) -> str:
    """The score, of how many parts, and the weakest of them, in Markdown."""
    if found is None or found.score is None:
        return f"{strong('Nothing of the habit is known yet')}: load data, and agree on a rule."
    known = [part for part in found.parts if part.share is not None]
    score = f"{100 * found.score:.0f} of 100"
    told = f"The habit stands at {strong(score)}, the mean of {len(known)} of {len(found.parts)} parts."
    weakest = next((part for part in found.weak if part.share is not None), None)
    if weakest is None:
        return f"{told} No part is weak."
    return f"{told} Weakest: {strong(weakest.label)}, {escape(_words.rate(weakest.share))}."


def dates(seen: View, found: Habit | None) -> str:
    """The twelve months that are scored, and how far the data reaches."""
    through = seen.session.through
    parts = [span(found.period)] if found is not None else []
    parts += [f"data through {day(through)}"] if through is not None else []
    return " · ".join([*parts, "the filters at the side do not apply"])


def tiles(seen: View, found: Habit) -> None:
    """Each part: its share of what could be, and what was counted."""
    _tiles.show([_tile(part) for part in found.parts], seen.theme)


def _tile(part: Part) -> Tile:
    if part.share is None:
        return Tile(part.name, part.label, None, reason=part.says)
    return Tile(part.name, part.label, _words.rate(part.share), foot=part.says)


def next_steps(found: Habit) -> None:
    """What would raise each weak part, the weakest first."""
    with st.container(border=True, height="stretch", gap="xsmall", key="frame_next"):
        st.header("What to do next", anchor=False)
        if not found.weak:
            st.caption("Every part is at 80 % or more. Keep the meeting.")
            return
        st.caption("The parts below 80 %, the weakest first; then those that cannot be scored yet.")
        st.markdown("\n".join(f"- {strong(part.label)}: {escape(part.next)}" for part in found.weak))


def growth(seen: View, found: Growth) -> None:
    """Won revenue by month, beside the habit."""
    session = seen.session
    assert session.through is not None
    until = shift(found.period.start, "quarter", 1)
    period = leading_to(until, "month", session.company, MONTHS)
    answer = session.answer(Query((REVENUE,), grain="month", period=period, is_shared=True))
    targets = _targets.of_answer(seen, answer, REVENUE)
    points = [
        targets.on_point(Point(period_label(month, "month"), value, _words.money(value, seen.currency)), month)
        for month, value in answer.frame.select("period", REVENUE).iter_rows()
    ]
    told = f"{span(found.period)}: {_words.money(found.now, seen.currency)}"
    if found.share is not None:
        way = "above" if found.share >= 0 else "below"
        size = _words.rate(abs(found.share))
        told += f", {size} {way} the {_words.money(found.before, seen.currency)} of the same quarter a year before"
    show_chart(
        "Does revenue grow beside it?",
        f"{told}. Both stand here side by side; that one follows from the other is not shown.{_targets.told(targets)}",
        over_time(points, seen.theme, owner="both", as_text=lambda value: _words.money(value, seen.currency)),
        _targets.beside(answer.frame, ["period"], targets),
        key="growth",
        columns=_targets.columns({REVENUE: "money"}, {"period": "Month", REVENUE: "Won revenue"}, targets),
    )
