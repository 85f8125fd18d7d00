"""Data that another version of Tandem has loaded: it is loaded again before it is read, or what is wrong is said."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from data.errors import NoGeneration
from data.generations import current
from data.refresh import STANDARD_MODELS, ensure_generation, refresh_due
from data.wholeness import with_checksum
from metrics import OpenCompany
from tests.conftest import PROJECT
from tests.small_company import SmallCompany

OTHER_VERSION = "was loaded by another version of Tandem"


def made_otherwise(small: SmallCompany, *, without: str = "") -> str:
    """Make the current generation one of a version with other models; `without` is a column they did not have."""
    name = current(small.company)
    assert name is not None
    file = small.company.state / "generations" / name / "manifest.json"
    content = json.loads(file.read_text())
    content["fingerprints"][STANDARD_MODELS] = "0123456789abcdef"
    if without:
        leads = content["tables"]["leads"]
        leads["columns"] = [column for column in leads["columns"] if column["name"] != without]
    file.write_text(with_checksum(json.dumps(content)))
    return name


@contextmanager
def screen_of(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("TANDEM_COMPANY", str(small.folder))
    st.cache_resource.clear()
    yield AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()


def test_data_of_this_version_is_read_as_it_is(small: SmallCompany) -> None:
    assert refresh_due(small.company) is None


def test_data_of_another_version_is_loaded_again_before_it_is_read(small: SmallCompany) -> None:
    old = made_otherwise(small)
    assert refresh_due(small.company) == OTHER_VERSION
    told: list[str] = []
    ensure_generation(small.company, lambda doing, _: told.append(doing))
    assert told[-1] == "Done"
    assert current(small.company) != old
    assert refresh_due(small.company) is None


def test_data_of_a_version_that_kept_no_such_fingerprint_is_loaded_again(small: SmallCompany) -> None:
    name = current(small.company)
    file = small.company.state / "generations" / str(name) / "manifest.json"
    content = json.loads(file.read_text())
    del content["fingerprints"][STANDARD_MODELS]
    file.write_text(with_checksum(json.dumps(content)))
    assert refresh_due(small.company) == OTHER_VERSION


def test_damaged_data_is_not_taken_for_that_of_another_version(small: SmallCompany) -> None:
    name = current(small.company)
    (small.company.state / "generations" / str(name) / "manifest.json").write_text("{")
    assert refresh_due(small.company) is None


def test_definitions_that_do_not_fit_the_tables_of_another_version_say_so(small: SmallCompany) -> None:
    made_otherwise(small, without="first_channel")
    with pytest.raises(NoGeneration) as told:
        OpenCompany(small.company).at()
    assert str(told.value) == (
        "The data of Small & Sons was loaded by another version of Tandem, whose tables these definitions do not fit."
        f" Run: python tandem.py refresh --company {small.folder}"
    )


def test_the_screen_loads_the_data_of_another_version_again(
    small: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = made_otherwise(small, without="first_channel")
    with screen_of(small, monkeypatch) as screen:
        assert not screen.exception
        assert [told.value for told in (*screen.error, *screen.warning)] == []
        assert current(small.company) != old


def test_where_it_cannot_be_loaded_again_the_screen_shows_it_and_says_why(
    small: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = made_otherwise(small)
    Path(small.folder / "people.csv").unlink()
    with screen_of(small, monkeypatch) as screen:
        assert current(small.company) == old
        assert screen.metric or screen.title
        told = html.unescape(screen.warning[0].value)
        assert told.startswith(f"Small & Sons {OTHER_VERSION}, and could not be refreshed. ")
        assert "no such file" in told
