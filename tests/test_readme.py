"""The README's commands and examples run as they are written."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from conftest import DEMO, PROJECT, draw_demo
from typer.testing import CliRunner

import tandem
from data.company import read_company
from metrics import OpenCompany

README = (PROJECT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


COMMANDS = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("python tandem.py ")]


@pytest.fixture
def demo_copy(generated_demo: OpenCompany, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo's folder with the README's metric in it; its data is what all tests share."""
    assert generated_demo.at()
    folder = tmp_path / "demo"
    shutil.copytree(PROJECT / "examples" / "demo", folder)
    (folder / "definitions").mkdir(exist_ok=True)
    (folder / "definitions" / "ours.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    monkeypatch.setenv("TANDEM_COMPANY", str(folder))
    monkeypatch.chdir(PROJECT)
    return folder


def test_the_readme_has_commands_to_run() -> None:
    assert len(COMMANDS) == 13


@pytest.mark.usefixtures("demo_copy")
@pytest.mark.parametrize("command", [command for command in COMMANDS if " refresh" not in command])
def test_every_command_of_the_readme_answers(command: str) -> None:
    result = CliRunner().invoke(tandem.app, shlex.split(command)[2:])
    assert result.exit_code == 0, result.output
    assert result.stdout.strip()


@pytest.mark.usefixtures("demo_copy", "own_state")
def test_the_refresh_of_the_readme_loads_the_demo() -> None:
    draw_demo(read_company(DEMO))
    (command,) = [command for command in COMMANDS if " refresh" in command]
    result = CliRunner().invoke(tandem.app, shlex.split(command)[2:])
    assert result.exit_code == 0, result.output
    assert "data through 2026-11-15" in result.stdout


@pytest.mark.usefixtures("demo_copy")
def test_the_metric_of_the_readme_counts_what_it_says() -> None:
    result = CliRunner().invoke(tandem.app, ["ask", "lost_to_competitor"])
    assert result.exit_code == 0, result.output
    name, number = result.stdout.split()
    assert name == "lost_to_competitor"
    assert int(number) > 0


@pytest.mark.usefixtures("demo_copy")
def test_the_python_of_the_readme_gives_a_frame() -> None:
    (block,) = blocks("python")
    setup, _, asked = block.strip().rpartition("\n\n")
    names: dict[str, object] = {}
    exec(setup, names)
    frame = eval(asked, names)
    assert frame.columns == ["channel", "period", "mqls"]


def test_the_two_lines_of_a_newcomer_are_there_word_for_word() -> None:
    for line in (
        "python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/streamlit run app.py",
        "python3 -m venv .venv && .venv/bin/pip install -r requirements-dev.txt && .venv/bin/pytest",
    ):
        assert f"```sh\n{line}\n```" in README


def test_every_link_of_the_readme_leads_to_a_file() -> None:
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert links
    assert [link for link in links if not (PROJECT / link).exists()] == []
