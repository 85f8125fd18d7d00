"""New definitions of a company run in a guarded process first: what dies or is too slow is told, what passed is not
tried again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import metrics.trials
from data.company import read_company
from data.engine import Workbench
from data.errors import InvalidFiles
from data.trials import MOST_BYTES, MOST_SECONDS, Trial, failures
from metrics import OpenCompany
from tests.conftest import PROJECT
from tests.small_company import SmallCompany

OWN = """metrics:
  fast_leads:
    label: Fast leads
    description: Leads whose source begins with a letter.
    kind: aggregate
    table: leads
    expr: count(*) filter (where regexp_matches(source, '{pattern}'))
    time: lead_on
    unit: count
"""


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with one table of 100,000 rows."""
    folder = tmp_path_factory.mktemp("trials")
    with Workbench(folder / "model.duckdb", folder / "personal.duckdb", folder / "scratch.duckdb") as bench:
        bench.execute("CREATE TABLE rows AS SELECT i, 'text ' || i AS word FROM range(100000) AS r(i)")
    return folder / "model.duckdb"


def test_what_dies_or_is_endless_is_blamed_and_the_others_still_pass(sealed: Path) -> None:
    found = failures(
        sealed,
        [
            Trial("sound", "SELECT count(*) FROM rows"),
            Trial("large", "SELECT max(length(repeat(word, 100000000))) FROM rows"),
            Trial("also sound", "SELECT sum(i) FROM rows"),
            Trial("endless", "SELECT count(*) FROM rows a, rows b WHERE a.i * b.i % 7 = 3"),
            Trial("wrong", "SELECT count(*) FROM rows WHERE regexp_matches(word, '(')"),
            Trial("spying", "SELECT * FROM read_text('/etc/hostname')"),
            Trial("sound at last", "SELECT min(word) FROM rows"),
        ],
    )
    assert set(found) == {"large", "endless", "wrong", "spying"}
    assert found["large"] == f"takes more than {MOST_BYTES // 2**20} MB of memory on the present data"
    assert found["endless"] == f"takes more than {MOST_SECONDS} s of computing on the present data"
    assert found["wrong"].startswith("cannot be computed: ")
    assert "missing )" in found["wrong"]
    assert "file system operations are disabled" in found["spying"]


class Counted:
    """`failures`, and how often it had something to try."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs = 0
        monkeypatch.setattr(metrics.trials, "failures", self._failures)

    def _failures(self, file: Path, trials: list[Trial]) -> object:
        self.runs += bool(trials)
        return failures(file, trials)


def write(small: SmallCompany, pattern: str) -> Path:
    path = small.folder / "definitions" / "own.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(OWN.replace("{pattern}", pattern), encoding="utf-8")
    return path


def opened(small: SmallCompany) -> OpenCompany:
    return OpenCompany(read_company(small.folder))


def test_a_new_definition_is_tried_once_and_remembered(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    write(small, "^[a-z]")
    assert "fast_leads" in opened(small).at().definitions.metrics
    opened(small).at()
    assert counted.runs == 1
    write(small, "^[0-9]")
    opened(small).at()
    assert counted.runs == 2


def test_the_standard_definitions_are_not_tried(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    opened(small).at()
    assert counted.runs == 0


def test_what_passed_counts_for_one_version_of_the_engine(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    write(small, "^[a-z]")
    company = opened(small)
    company.at()
    file = company.company.state / "tried.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"engine": "duckdb 0.1"}), encoding="utf-8")
    opened(small).at()
    assert counted.runs == 2
    file.write_text("[", encoding="utf-8")
    opened(small).at()
    assert counted.runs == 3


def test_a_definition_that_fails_its_first_run_is_told_with_its_place(small: SmallCompany) -> None:
    file = write(small, "(")
    with pytest.raises(InvalidFiles) as error:
        opened(small).at()
    (problem,) = error.value.problems
    assert (Path(problem.place.file).name, problem.place.line) == (file.name, 3)
    assert problem.message.startswith("fast_leads: cannot be computed: ")


def test_the_last_good_definitions_stay_while_a_new_one_fails(small: SmallCompany) -> None:
    file = write(small, "^[a-z]")
    company = opened(small)
    good = company.at().definitions.metrics["fast_leads"]
    write(small, "(")
    os.utime(file, (1, 1))
    assert company.at().definitions.metrics["fast_leads"] == good
    assert company.problems is not None
    assert "fast_leads: cannot be computed" in str(company.problems)
    write(small, "^[0-9]")
    os.utime(file, (2, 2))
    company.at()
    assert company.problems is None


def test_where_nothing_can_be_written_it_is_tried_each_time(
    small: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    write(small, "^[a-z]")
    company = opened(small)
    # A folder of this name cannot be replaced by a file, whoever the test runs as.
    (company.company.state / "tried.json" / "taken").mkdir(parents=True)
    company.at()
    opened(small).at()
    assert counted.runs == 2
    assert [path.name for path in company.company.state.glob("tried.json.*")] == []


def test_the_process_gets_no_environment_of_its_parent(monkeypatch: pytest.MonkeyPatch, sealed: Path) -> None:
    monkeypatch.setenv("TANDEM_MEMORY", "not a size")
    assert failures(sealed, [Trial("sound", "SELECT 1")]) == {}
    assert (PROJECT / "data" / "trials.py").exists()
