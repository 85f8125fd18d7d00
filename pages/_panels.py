"""The frames a page is made of: opening words, a picture with its table, a reason instead of a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import polars as pl
import streamlit as st

from pages._charts import CONFIG
from pages._words import MISSING, Unit, escape

__all__ = ["column_formats", "opening", "show_chart", "show_reason", "show_table", "show_warnings", "table"]


def opening(title: str, says: str, dates: str) -> None:
    """The head of a page: its subject, the answer in a sentence or two, and one quiet line of dates.

    `says` is Markdown whose text from data is already escaped, so that its most important words can be bold.
    """
    st.title(escape(title), anchor=False)
    st.markdown(says)
    st.caption(escape(dates))


def show_warnings(said: Iterable[object]) -> None:
    """What is not as it should be, above the numbers that it concerns; nothing where all is right."""
    if lines := [escape(sentence) for sentence in said]:
        st.warning("  \n".join(lines))


def show_chart(
    title: str,
    caption: str,
    figure: Any,
    rows: pl.DataFrame,
    *,
    key: str,
    alt: str = "",
    columns: Mapping[str, Any] | None = None,
    below: Callable[[], None] | None = None,
) -> None:
    """A picture under a title that asks or finds, a caption in words, and its table one click away.

    `alt` is what a screen reader says of the picture; without it, title and caption. `columns` is a column_config;
    `below` draws what stands under the table, such as the way to the rows.
    """
    with st.container(border=True, height="stretch", gap="xsmall", key=f"panel_{key}"):
        st.header(escape(title), anchor=False)
        st.caption(escape(caption))
        st.plotly_chart(figure, theme=None, config=CONFIG, key=f"chart_{key}", alt=alt or f"{title} {caption}")
        with st.expander("Table", key=f"table_{key}", type="compact"):
            table(rows, f"The table of: {title}", columns)
        if below is not None:
            below()


def show_reason(title: str, reason: str, *, key: str) -> None:
    """A frame in which a picture would stand, saying why there is none and what to do."""
    with st.container(border=True, height="stretch", gap="xsmall", key=f"panel_{key}"):
        st.header(escape(title), anchor=False)
        st.caption(escape(reason))


def show_table(
    title: str,
    caption: str,
    rows: pl.DataFrame,
    *,
    key: str,
    columns: Mapping[str, Any] | None = None,
    below: Callable[[], None] | None = None,
) -> None:
    """A table that is itself what is shown, framed as a picture is."""
    with st.container(border=True, gap="xsmall", key=f"frame_{key}"):
        st.header(escape(title), anchor=False)
        st.caption(escape(caption))
        table(rows, f"The table of: {title}", columns)
        if below is not None:
            below()


def column_formats(units: Mapping[str, Unit], labels: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A column_config that writes each column of a table exactly, by its unit: 1,284 or 412,345.67 or 10.5%.

    Columns that have a label and no unit are texts.
    """
    formats = {
        "count": "%,d", "parts": "%,.2f", "money": "%,.2f", "times": "%,.2fx", "months": "%,.1f", "days": "%,.1f",
        "hours": "%,.1f",
    }  # fmt: skip
    titles = labels or {}
    numbers = {
        name: st.column_config.NumberColumn(titles.get(name), format="percent", step=0.001)
        if unit == "ratio"
        else st.column_config.NumberColumn(titles.get(name), format=formats[unit])
        for name, unit in units.items()
    }
    return {name: st.column_config.TextColumn(title) for name, title in titles.items() if name not in units} | numbers


def table(frame: pl.DataFrame, alt: str, columns: Mapping[str, Any] | None = None, *, most: int = 10) -> None:
    """A frame as a table whose days are written as days; up to `most` rows are seen without scrolling in it.

    Its cells take text from data as it is.
    """
    given = dict(columns or {})
    for name, kind in frame.schema.items():
        if kind == pl.Date:
            label = given[name].get("label") if name in given else None
            given[name] = st.column_config.DateColumn(label, format="YYYY-MM-DD")
    height = "content" if 10 < frame.height <= most else "auto"  # "auto" shows ten
    st.dataframe(frame, hide_index=True, height=height, column_config=given, placeholder=MISSING, alt=alt)
