"""One page below the shared filters, run as a viewer gets it but without a browser. Asserts that nothing failed."""

from __future__ import annotations

import html
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.conftest import PROJECT

__all__ = ["markup", "page", "read", "said", "table_of"]

SCRIPT = """\
import runpy
import streamlit as st
from data.company import company_folder
from metrics import open_company
from pages import _theme
from pages._filters import view_from_sidebar

if "opened" not in st.session_state:
    st.session_state["opened"] = open_company(company_folder())
st.session_state["view"] = view_from_sidebar(st.session_state["opened"].at(), _theme.LIGHT)
runpy.run_path({file!r}, run_name="__page__")
"""


def page(name: str, **address: str) -> AppTest:
    """The page of the company in TANDEM_COMPANY, as it is after its first run."""
    screen = AppTest.from_string(SCRIPT.format(file=str(PROJECT / "pages" / f"{name}.py")), default_timeout=60)
    for key, value in address.items():
        screen.query_params[key] = value
    screen.run()
    assert not screen.exception
    assert [told.value for told in (*screen.error, *screen.warning)] == []
    return screen


def read(text: str) -> str:
    """Text as a browser shows it."""
    return html.unescape(text).replace("\u2060", "").replace("\u00a0", " ")


def said(screen: AppTest) -> str:
    return "\n".join(read(shown.value) for shown in (*screen.title, *screen.header, *screen.markdown, *screen.caption))


def markup(screen: AppTest) -> str:
    """Everything that is read as Markdown or HTML, and all text of pictures."""
    texts = [shown.value for shown in (*screen.title, *screen.header, *screen.markdown, *screen.caption)]
    texts += [button.label for button in screen.button]
    texts += [shown.proto.body for shown in screen.get("html")]
    texts += [chart.proto.spec for chart in screen.get("plotly_chart")]
    return "\n".join(texts)


def table_of(screen: AppTest, *columns: str) -> Any:
    """The table that has these columns, as a pandas frame."""
    return next(shown.value for shown in screen.dataframe if set(columns) <= set(shown.value.columns))
