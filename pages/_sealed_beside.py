"""What was sealed beside what a live page shows: the numbers that differ, and the way to the sealed month itself.

Every page runs inside `beside_sealed`, which hears what the page asks: no page does this by itself. Computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import polars as pl
import streamlit as st

from alignment.months import month_of
from alignment.sealed_figures import Otherwise, sealed_otherwise
from alignment.snapshots import shelf_of
from data.errors import TandemError
from metrics.hearing import heard
from pages import _words
from pages._dates import span
from pages._entries import notice_html
from pages._page import View, address
from pages._panels import table
from pages._words import count, escape

__all__ = ["SNAPSHOTS", "beside_sealed"]

SNAPSHOTS = "pages/snapshots.py"
# What of an address says which sealed month is meant.
OF_A_SNAPSHOT = ("snapshot", "revision", "per", "value")


@contextmanager
def beside_sealed(seen: View, *, is_live: bool = True) -> Iterator[None]:
    """Run a page inside. Above it stands what was sealed otherwise, once the page has asked for its numbers.

    A page that is not live shows sealed months itself.
    """
    if not is_live:
        yield
        return
    place = st.container(key="sealed_beside")
    with place:
        _asked_for_sealed(seen)
    with heard(seen.session) as answers:
        yield
    found = sealed_otherwise(seen.session.company, answers)
    # A difference that no digit shows is none to a reader.
    rows = [(one, row) for one in found for row in [_row(seen, one)] if row[-2] != row[-1]]
    if rows:
        with place:
            _tell(rows)


def _asked_for_sealed(seen: View) -> None:
    """A link that names a sealed month means sealed numbers: where they are, since they are not here."""
    given = {key: values[-1] for key, values in address().items() if key in OF_A_SNAPSHOT}
    month = given.get("snapshot", "")
    if not month:
        return
    try:
        name = span(month_of(month))
        is_sealed = bool(shelf_of(seen.session.company).revisions(month)) or "per" in given
    except TandemError as error:
        st.html(notice_html(f"{error} What is shown here are today's numbers."))
        return
    if not is_sealed:
        st.html(notice_html(f"{name} is not sealed. What is shown here are today's numbers."))
        return
    said = f"These are today's numbers of {span(seen.period)}. The link asks for {name} as it was sealed."
    with st.container(horizontal=True, vertical_alignment="center", key="ways_sealed"):
        st.html(notice_html(said), width="stretch")
        if st.button(f"Open {name} as sealed", key="open_sealed"):
            st.switch_page(SNAPSHOTS, query_params=given)


def _tell(rows: Sequence[tuple[Otherwise, tuple[str, ...]]]) -> None:
    """How many numbers of the page were sealed otherwise; all of them one click away, and the months they are in."""
    months = sorted({one.month for one, _ in rows})
    many = "1 number" if len(rows) == 1 else f"{count(len(rows))} numbers"
    verb = "was" if len(rows) == 1 else "were"
    named = span(month_of(months[0])) if len(months) == 1 else f"{count(len(months))} months"
    with st.expander(escape(f"{many} of this page {verb} sealed otherwise with {named}"), key="sealed_otherwise",
                     type="compact"):  # fmt: skip
        st.caption(
            "Sealed is what was known when the month was closed. Later events, records or rules change a number."
        )
        names = ("Number", "Of", "Days", "Sealed", "Today")
        right = {name: st.column_config.TextColumn(alignment="right") for name in names[3:]}
        frame = pl.DataFrame([row for _, row in rows], dict.fromkeys(names, pl.String), orient="row")
        table(frame, "What was sealed otherwise", right)
        with st.container(horizontal=True, gap="medium", key="ways_otherwise"):
            for one in {one.month: one for one, _ in rows}.values():
                _way(one)


def _way(one: Otherwise) -> None:
    name = span(month_of(one.month))
    if st.button(f"Why? Open {name} as sealed", key=f"otherwise_{one.month}", type="tertiary"):
        of = {} if one.per is None else {"per": one.per[0], "value": one.per[1]}
        st.switch_page(SNAPSHOTS, query_params={"snapshot": one.month, **of})


def _row(seen: View, one: Otherwise) -> tuple[str, ...]:
    numbers = (
        _words.number(value, one.unit, seen.currency, exact=True)  # type: ignore[arg-type]  # units are those sealed
        for value in (one.sealed, one.today)
    )
    return one.label, _group(seen, one), span(one.period), *numbers


def _group(seen: View, one: Otherwise) -> str:
    """The values of a cut by their names, as plain text for a cell."""
    shown = []
    for dimension, value in zip(one.by, one.group, strict=True):
        label = seen.session.reach.dimension(dimension).label.lower()
        shown.append(f"No {label}" if value is None else seen.session.names(dimension).get(value, value))
    return ", ".join(shown) or "Everything"
