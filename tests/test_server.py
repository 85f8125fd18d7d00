"""What happens as the server starts: the file that it serves, and what is known before the first viewer comes."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.web.server.app_discovery import discover_asgi_app

from data.engine import DuckDBEngine, Values
from metrics import OpenCompany
from pages._server import warm, warmed
from tests.conftest import PROJECT
from tests.small_company import SmallCompany


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL of every question that reaches the database, on a server that knows nothing yet."""
    st.cache_resource.clear()
    found: list[str] = []
    run = DuckDBEngine.run

    def noted(engine: DuckDBEngine, sql: str, values: Values) -> object:
        found.append(sql)
        return run(engine, sql, values)

    monkeypatch.setattr(DuckDBEngine, "run", noted)
    return found


def visit() -> AppTest:
    screen = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    assert not screen.exception
    assert [told.value for told in screen.error] == []
    return screen


def test_streamlit_finds_the_server_in_the_file_that_the_readme_names() -> None:
    found = discover_asgi_app(PROJECT / "app.py")
    assert (found.is_asgi_app, found.import_string) == (True, "app:app")


def test_the_server_serves_the_file_itself() -> None:
    import app

    assert Path(app.app.script_path) == PROJECT / "app.py"


def test_the_first_viewer_of_a_warm_server_asks_the_database_nothing(
    demo_company: OpenCompany, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(demo_company.company.folder))
    warm()
    before = len(asked)
    assert before
    visit()
    assert len(asked) == before


def test_a_server_warms_up_beside_its_viewers(
    demo_company: OpenCompany, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(demo_company.company.folder))

    async def live() -> None:
        async with warmed(None):
            pass

    asyncio.run(live())
    for thread in threading.enumerate():
        if thread.name == "warm-up":
            thread.join()
    assert asked


def test_a_company_without_data_is_left_to_its_first_viewer(
    tmp_path: Path, own_state: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    company = SmallCompany(tmp_path / "small", is_made=False)
    monkeypatch.setenv("TANDEM_COMPANY", str(company.folder))
    warm()
    assert asked == []
    assert not (own_state / "small" / "CURRENT").exists()


def test_a_broken_company_is_told_to_its_first_viewer_and_stops_no_server(
    small: SmallCompany, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    (small.folder / "company.yaml").write_text("nonsense: true\n", encoding="utf-8")
    monkeypatch.setenv("TANDEM_COMPANY", str(small.folder))
    warm()
    assert asked == []
    screen = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    assert "nonsense" in screen.error[0].value
