"""Expressions of sources.yaml and stages.yaml are tried before they touch rows; what is beyond its limits is blamed."""

from __future__ import annotations

from pathlib import Path

import pytest

import data.tried_expressions as tried
from data.company import Company, read_company
from data.errors import InvalidFiles, Problems
from data.sources import read_sources
from data.stages import read_stages
from data.trials import FILE, TOO_SLOW, Trial
from data.tried_expressions import start_trials

SOURCES = """
files:
  people:
    path: people.csv
    zone: UTC
    columns: {id: text, created: date, country: text, size: integer}
tables:
  contacts:
    - from: people
      contact_id: id
      created_at: created
      country: MAPPED
"""
STAGES = """
stages:
  - {name: lead, band: TOFU, owner: marketing, means: A contact., known_by: created}
  - {name: mql, band: TOFU, owner: both, means: Fits., known_by: {rule: fits}}
rules:
  fits:
    - {from: 2024-01-01, when: "RULE"}
"""


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    monkeypatch.setenv("TANDEM_VAR", str(tmp_path / "var"))
    text = "id: tried\nname: Tried\ncurrency: EUR\ntime_zone: UTC\n"
    (tmp_path / "company.yaml").write_text(text, encoding="utf-8")
    found = read_company(tmp_path)
    found.state.mkdir(parents=True)
    return found


def begin(company: Company, mapped: str = "country", rule: str = "forms >= 1") -> None:
    (company.folder / "sources.yaml").write_text(SOURCES.replace("MAPPED", mapped), encoding="utf-8")
    (company.folder / "stages.yaml").write_text(STAGES.replace("RULE", rule), encoding="utf-8")
    problems = Problems()
    sources, stages = read_sources(company, problems), read_stages(company, problems)
    assert problems.found == []
    start_trials(company, sources, stages)()


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The SELECTs that were tried, run after run."""
    seen: list[list[str]] = []
    run = tried.failures

    def watched(file: Path, trials: list[Trial]) -> object:
        seen.append([trial.sql for trial in trials])
        return run(file, trials)

    monkeypatch.setattr(tried, "failures", watched)
    return seen


def test_what_takes_a_fixed_time_for_a_row_needs_no_trial(company: Company, runs: list[list[str]]) -> None:
    begin(company, mapped="case when size > 10 then 'large' else country end", rule="forms + 2 * visits >= 5")
    assert runs == []


def test_functions_over_text_run_once_and_are_remembered(company: Company, runs: list[list[str]]) -> None:
    begin(company, mapped="upper(country)", rule="contains(lower(industry), 'soft')")
    assert [len(trials) for trials in runs] == [2]
    begin(company, mapped="upper(country)", rule="contains(lower(industry), 'soft')")
    assert len(runs) == 1
    begin(company, mapped="lower(country)", rule="contains(lower(industry), 'soft')")
    assert [len(trials) for trials in runs] == [2, 1]
    assert (company.state / FILE).exists()


def test_what_is_beyond_its_limits_is_blamed_at_its_place(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(_: Path, trials: list[Trial]) -> dict[str, str]:
        return {trial.name: TOO_SLOW for trial in trials if "upper" in trial.sql.lower()}

    monkeypatch.setattr(tried, "failures", slow)
    with pytest.raises(InvalidFiles) as told:
        begin(company, mapped="upper(country)", rule="contains(lower(industry), 'soft')")
    assert str(told.value).endswith(
        "sources.yaml:9:7: 'UPPER(\"country\")': takes more than 2 s of computing on the present data."
    )


def test_an_expression_that_fails_on_rows_says_what_the_database_says(company: Company) -> None:
    with pytest.raises(InvalidFiles, match="cannot be computed"):
        begin(company, mapped="regexp_matches(country, '(')")
