"""The calculator on the page: a goal and its days, and what they need, back to leads. Computes no business number."""

from __future__ import annotations

import polars as pl
import streamlit as st

from alignment.calculator import Calculation, calculate, goal_period
from pages import _words
from pages._dates import day, span
from pages._page import View
from pages._panels import column_formats, table
from pages._promises import Agreed
from pages._words import escape, strong

__all__ = ["show"]

AHEAD = 3


def show(seen: View, found: Agreed) -> None:
    """Fields for the goal and the period, and below them the way back."""
    goal = found.version.goal
    if goal.metric != "won_revenue" or goal.where is not None:
        return
    periods = {span(one): one for ahead in range(AHEAD) for one in [goal_period(seen.session, goal.per, ahead)]}
    with st.container(border=True, gap="xsmall", key="frame_calculator"):
        st.header("What does the goal need?", anchor=False)
        left, right = st.columns(2)
        wanted = left.number_input(
            f"Goal in won revenue, {seen.currency}", min_value=0.0, value=goal.target, step=10_000.0, format="%.0f",
            key="goal",
        )  # fmt: skip
        chosen = right.selectbox("In", list(periods), index=1, key="goal_period")
        made = calculate(seen.session, float(wanted), periods[chosen or next(iter(periods))])
        st.markdown(_says(seen, made))
        if made.needed:
            table(_rows(made), "What the goal needs, from customers back to leads", _columns())
        for reason in made.reasons:
            st.caption(escape(reason))


def _says(seen: View, made: Calculation) -> str:
    def money(value: float) -> str:
        return _words.money(value, seen.currency)

    left = f"{money(made.goal)} less {money(made.won)} won and {money(made.weighted)} of weighted pipeline due"
    parts = [f"{escape(left)} leave {strong(money(made.remaining))}."]
    if made.coverage is not None:
        parts.append(f"The open pipeline due covers {strong(_words.times(made.coverage))} what is not won yet.")
    if made.deal_size and made.needed:
        customers, leads = made.needed[0], made.needed[-1]
        parts.append(f"At {escape(money(made.deal_size))} a deal that is {strong(f'{customers.count:,} customers')}.")
        if leads.count:
            parts.append(f"They need {strong(f'{leads.count:,} leads')}.")
    if made.too_late:
        late = made.too_late[-1]
        by = day(late.by) if late.by else ""
        parts.append(f"{strong('Some days have passed')}: {escape(late.label)} were needed by {escape(by)}.")
    return " ".join(parts)


def _rows(made: Calculation) -> pl.DataFrame:
    after = {one.stage: one for one in made.passages}
    rows = [
        {
            "stage": one.label,
            "needed": one.count,
            "by": one.by,
            "standing": "has passed" if one.is_past else None,
            "rate": after[one.stage].rate if one.stage in after else None,
            "lag": after[one.stage].lag if one.stage in after else None,
            "matured": after[one.stage].matured if one.stage in after else None,
        }
        for one in made.needed
    ]
    kinds = {"needed": pl.Int64, "by": pl.Date, "rate": pl.Float64, "lag": pl.Float64, "matured": pl.Int64}
    frame = pl.DataFrame(rows, schema_overrides=kinds)
    return frame if made.too_late else frame.drop("standing")


def _columns() -> dict[str, object]:
    titles = {
        "stage": "Stage", "needed": "Needed", "by": "By", "standing": "Too late", "rate": "Go on to the next",
        "lag": "Median days to it", "matured": "Measured on",
    }  # fmt: skip
    return column_formats({"needed": "count", "rate": "ratio", "lag": "days", "matured": "count"}, titles)
