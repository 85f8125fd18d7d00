"""A running app keeps the last good definitions while a file is broken, and says which line is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data.company import read_company
from metrics import OpenCompany
from tests.small_company import SmallCompany

GOOD = """metrics:
  own_leads:
    label: Own leads
    description: Leads as we count them.
    kind: aggregate
    table: leads
    expr: count(*)
    time: lead_on
    unit: count
dimensions:
  way:
    label: Way
    on: {leads: channel}
terms:
  pilot:
    label: Pilot
    description: A short deal.
"""
# What is broken, how, and the line and words of its problem.
BROKEN = {
    "a metric": ("expr: count(*)", "expr: summ(amount)", "own.yaml:7:", "is not allowed"),
    "a dimension": ("{leads: channel}", "{leads: chanel}", "own.yaml:13:", "has no column 'chanel'"),
    "a term": ("    description: A short deal.\n", "", "own.yaml:16:", "the key 'description' is missing"),
    "the YAML itself": ("terms:", "terms: [", "own.yaml:", "not valid YAML"),
}


class Clock:
    """Writes files with times of change of its own, since two edits may fall into one tick of the disk."""

    def __init__(self) -> None:
        self.now = 1_000_000

    def write(self, path: Path, text: str) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.now += 10
        os.utime(path, (self.now, self.now))


@pytest.fixture
def opened(small: SmallCompany) -> tuple[OpenCompany, Path, Clock]:
    """The small company, opened with a good file of its own."""
    clock, file = Clock(), small.folder / "definitions" / "own.yaml"
    clock.write(file, GOOD)
    company = OpenCompany(read_company(small.folder))
    assert company.at().definitions.metrics["own_leads"].label == "Own leads"
    assert company.problems is None
    return company, file, clock


def told(company: OpenCompany) -> list[str]:
    return [str(problem) for problem in company.problems.problems] if company.problems else []


@pytest.mark.parametrize("case", BROKEN)
def test_the_last_good_definitions_stay_while_it_is_broken(case: str, opened: tuple[OpenCompany, Path, Clock]) -> None:
    company, file, clock = opened
    old, new, place, words = BROKEN[case]
    clock.write(file, GOOD.replace(old, new))
    definitions = company.at().definitions
    assert {"own_leads", "leads"} <= definitions.metrics.keys()
    assert {"way", "channel"} <= definitions.dimensions.keys()
    assert "pilot" in definitions.terms
    (problem,) = told(company)
    assert place in problem
    assert words in problem
    clock.write(file, GOOD.replace("Own leads", "Ours"))
    assert company.at().definitions.metrics["own_leads"].label == "Ours"
    assert told(company) == []


def test_stages_that_are_broken_are_told_with_their_line(opened: tuple[OpenCompany, Path, Clock]) -> None:
    company, file, clock = opened
    stages = file.parent.parent / "stages.yaml"
    good = stages.read_text(encoding="utf-8")
    clock.write(stages, good.replace("band: TOFU", "band: TOP", 1))
    assert "own_leads" in company.at().definitions.metrics
    (problem,) = told(company)
    assert "stages.yaml:" in problem
    assert "'band' is 'TOP'" in problem
    assert not company.is_outdated
    clock.write(file, GOOD.replace("count(*)", "summ(amount)"))
    company.at()
    assert [problem.split("/")[-1].split(":")[0] for problem in told(company)] == ["own.yaml", "stages.yaml"]
    clock.write(stages, good)
    clock.write(file, GOOD)
    company.at()
    assert (told(company), company.is_outdated) == ([], False)


def test_stages_that_are_gone_are_told(opened: tuple[OpenCompany, Path, Clock]) -> None:
    company, file, _ = opened
    (file.parent.parent / "stages.yaml").unlink()
    assert "own_leads" in company.at().definitions.metrics
    (problem,) = told(company)
    assert problem.endswith("stages.yaml: this file does not exist.")


def test_a_definition_that_is_gone_is_told_by_who_needs_it(opened: tuple[OpenCompany, Path, Clock]) -> None:
    company, file, clock = opened
    needing = (
        "metrics:\n  share:\n    label: Share\n    description: Own by all.\n    kind: ratio\n"
        "    numerator: own_leads\n    denominator: leads\n"
    )
    clock.write(file.with_name("share.yaml"), needing)
    assert "share" in company.at().definitions.metrics
    file.unlink()
    assert "share" in company.at().definitions.metrics
    assert ["share.yaml:" in problem and "own_leads" in problem for problem in told(company)] == [True]


def test_a_file_that_is_gone_takes_its_definitions_along(opened: tuple[OpenCompany, Path, Clock]) -> None:
    company, file, _ = opened
    file.unlink()
    assert "own_leads" not in company.at().definitions.metrics
    assert told(company) == []
