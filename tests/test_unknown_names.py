"""Names in the agreement and in priorities that the data does not know, told with their place by check and pages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from metrics import OpenCompany, Session, open_company
from metrics.unknown_names import unknown_in, unknown_in_agreement, unknown_in_priorities
from tandem import app
from tests.conftest import BRIGHTWATER
from tests.one_page import OBEYED, one_page, read, said

PRIORITY = """priorities:
  faster:
    label: Faster
    quarter: 2026-Q4
    metric: leads
    target: 5
    tag: "{tag}"
    held_by: {person}
"""


@pytest.fixture
def folder(demo_company: OpenCompany, tmp_path: Path) -> Path:
    copied = tmp_path / "brightwater"
    shutil.copytree(demo_company.company.folder, copied)
    return copied


def agreed(folder: Path, before: str, after: str) -> Path:
    """The agreement of the copy, with its last version written otherwise."""
    path = folder / "definitions" / "agreement.yaml"
    head, last = path.read_text(encoding="utf-8").rsplit("  - from:", 1)
    assert before in last
    path.write_text(f"{head}  - from:{last.replace(before, after, 1)}", encoding="utf-8")
    return path


def line_of(path: Path, text: str) -> int:
    return 1 + path.read_text(encoding="utf-8").splitlines().index(next(
        line for line in path.read_text(encoding="utf-8").splitlines() if text in line))  # fmt: skip


def test_where_all_is_known_nothing_is_said(demo: Session) -> None:
    assert unknown_in_agreement(demo) == ()
    assert unknown_in_priorities(demo) == ()


def test_who_is_nobody_is_told_with_line_and_nearest_key(folder: Path) -> None:
    path = agreed(folder, "held_by: p-02", "held_by: p-0z")
    (found,) = unknown_in_agreement(open_company(folder).at())
    assert found.place.line == line_of(path, "p-0z")
    assert path.name in found.place.file
    assert "'held_by' is 'p-0z', who is nobody in people. Did you mean 'p-" in found.message


def test_a_role_that_nobody_has_is_told_once_per_obligation(folder: Path) -> None:
    path = agreed(folder, "role: Sales development", "role: Sales developments")
    (found,) = unknown_in_agreement(open_company(folder).at())
    assert found.place.line == line_of(path, "Sales developments")
    assert "nobody has the role 'Sales developments'. Did you mean 'Sales development'?" in found.message


def test_what_only_a_past_version_names_is_past(folder: Path) -> None:
    path = folder / "definitions" / "agreement.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("held_by: p-02}", "held_by: gone}", 1), encoding="utf-8")
    session = open_company(folder).at()
    assert session.definitions.agreement.versions[0].objectives[0].held_by == "gone"
    assert unknown_in_agreement(session) == ()


def test_a_tag_of_no_campaign_is_told_by_check_and_on_the_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "<b>x</b> ![p](http://x.example/p.png)"
    (folder / "definitions" / "aims.yaml").write_text(PRIORITY.format(tag=hostile, person="p-02"), encoding="utf-8")
    printed = CliRunner().invoke(app, ["check", "--company", str(folder)])
    assert printed.exit_code == 0
    assert "aims.yaml:7:10: priorities.faster: no campaign is tagged '<b>x</b>" in printed.output
    monkeypatch.setenv("TANDEM_COMPANY", str(folder))
    screen = one_page(monkeypatch, "strategy", folder)
    (warning,) = screen.warning
    assert "no campaign is tagged" in read(warning.value)
    assert not OBEYED.search(warning.value)
    assert not one_page(monkeypatch, "agreement", folder).warning


def test_status_after_a_refresh_tells_it_and_a_broken_file_is_left_to_check(folder: Path) -> None:
    agreed(folder, "held_by: p-02", "held_by: p-0z")
    printed = CliRunner().invoke(app, ["status", "--company", str(folder), "--format", "table"])
    assert printed.exit_code == 0
    assert "Warning: " in printed.output
    assert "'held_by' is 'p-0z'" in " ".join(printed.output.split())
    (folder / "definitions" / "broken.yaml").write_text("metrics: [", encoding="utf-8")
    assert unknown_in(open_company(BRIGHTWATER).company) == ()
    assert CliRunner().invoke(app, ["status", "--company", str(folder)]).exit_code == 0


def test_the_agreement_page_warns_above_its_tiles(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agreed(folder, "held_by: p-02", "held_by: p-0z")
    screen = one_page(monkeypatch, "agreement", folder)
    assert "who is nobody in people" in read(screen.warning[0].value)
    assert "Held by p-0z" in said(screen)
