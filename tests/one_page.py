"""One page, by itself or below the shared filters, run without a browser. Asserts only that it came through."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages import _charts
from tests.conftest import PROJECT

# A picture that Plotly would not take fails the test of its page.
_charts.IS_VALIDATED = True

__all__ = ["OBEYED", "SCRIPT", "bodies", "markup", "one_page", "page", "read", "said", "table_of"]

# What Markdown or HTML would obey, if it came from data as it is.
OBEYED = re.compile(r"!\[|\]\(|<img|<script|<b>|javascript:alert|:material|\*\*b\*\*|:red\[|\$x\^|~~d~~|//x\.example")

_ALONE = """
import streamlit as st
from data.calendar import preset
from data.company import company_folder
from metrics import open_company
from pages._health import announce
from pages._page import View
from pages._sealed_beside import beside_sealed
from pages._theme import LIGHT

page = st.navigation([st.Page({path!r})])
session = open_company(company_folder()).at()
day = session.through or session.manifest.made_at.date()
st.session_state["view"] = View(session, LIGHT, preset("week", day, session.company), "week", "previous", None)
announce(session)
with beside_sealed(st.session_state["view"], is_live=not {path!r}.endswith("snapshots.py")):
    page.run()
"""

SCRIPT = """\
import runpy
import streamlit as st
from data.company import company_folder
from metrics import open_company
from pages import _theme
from pages._filters import view_from_sidebar
from pages._sealed_beside import beside_sealed

if "opened" not in st.session_state:
    st.session_state["opened"] = open_company(company_folder())
st.session_state["view"] = view_from_sidebar(st.session_state["opened"].at(), _theme.LIGHT)
with beside_sealed(st.session_state["view"], is_live=not {file!r}.endswith("snapshots.py")):
    runpy.run_path({file!r}, run_name="__page__")
"""


def one_page(
    monkeypatch: pytest.MonkeyPatch, page: str, folder: Path, state: dict[str, Any] | None = None, **address: str
) -> AppTest:
    """The page of a company at an address, with keys of the session's state set before it runs."""
    monkeypatch.setenv("TANDEM_COMPANY", str(folder))
    screen = AppTest.from_string(_ALONE.format(path=str(PROJECT / "pages" / f"{page}.py")), default_timeout=60)
    for key, value in address.items():
        screen.query_params[key] = value
    for key, value in (state or {}).items():
        screen.session_state[key] = value
    screen.run()
    assert not screen.exception
    assert not screen.error
    return screen


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
    return html.unescape(re.sub("<[^>]+>", "\n", text)).replace("\u2060", "").replace("\u00a0", " ")


def bodies(screen: AppTest) -> list[str]:
    """The blocks of HTML on the screen, as they are sent."""
    return [shown.proto.body for shown in screen.get("html")]


def said(screen: AppTest) -> str:
    """All that can be read outside of tables and widgets."""
    shown: list[Any] = [*screen.title, *screen.header, *screen.markdown, *screen.caption]
    return "\n".join([read(element.value) for element in shown] + [read(body) for body in bodies(screen)])


def markup(screen: AppTest) -> str:
    """Everything that is read as Markdown or HTML, as it is sent, and pictures. Cells, code and options are not."""
    shown: list[Any] = [*screen.title, *screen.header, *screen.markdown, *screen.caption]
    texts = [element.value for element in shown] + bodies(screen)
    texts += [chart.proto.spec for chart in screen.get("plotly_chart")]
    texts += [button.label.replace(":gray[", "") for button in screen.button]
    texts += [opened.label.replace(":gray[", "") for opened in screen.expander]
    return "\n".join(texts)


def table_of(screen: AppTest, *columns: str) -> Any:
    """The table that has these columns, as a pandas frame."""
    return next(shown.value for shown in screen.dataframe if set(columns) <= set(shown.value.columns))
