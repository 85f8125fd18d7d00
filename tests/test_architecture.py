"""The house: layers, doors, front doors and what no file may hold. Reads the sources; runs almost none of them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import PROJECT

# A module may import modules of its own layer and of lower ones. app and tandem are the two front ends.
LAYERS = {"data": 0, "metrics": 1, "alignment": 2, "pages": 3, "app": 4, "tandem": 4}
OUTSIDE = {"tests"}
DOORS: dict[str, tuple[str, ...]] = {
    "duckdb": ("data/engine.py",),
    "yaml": ("data/yaml_files.py",),
    "streamlit": ("app.py", "pages/*.py"),
    "plotly": ("pages/_charts.py",),
    "typer": ("tandem.py", "*/*commands.py"),
    "rich": ("tandem.py", "*/*commands.py"),
    "sqlglot": ("data/*.py", "metrics/*.py"),
    "subprocess": ("data/trials.py",),
    "xlsxwriter": ("alignment/report/*.py",),
    "typst": ("alignment/report/*.py",),
    "fontTools": ("alignment/report/*.py",),
    "pptx": ("alignment/report/*.py",),
    "sqlalchemy": ("alignment/ledger/*.py", "alignment/ledger/migrations/versions/*.py"),
    "alembic": ("alignment/ledger/database.py", "alignment/ledger/migrations/*.py", "migrations/versions/*.py"),
}
# Tandem reads files: no network, no code that arrives as data, and no other process but the guarded one of data/trials.
NOWHERE = {
    "aiohttp", "asyncio", "ctypes", "ftplib", "http", "httpx", "importlib", "marshal", "multiprocessing", "pickle",
    "requests", "runpy", "shelve", "smtplib", "socket", "socketserver", "ssl", "urllib", "urllib3",
    "webbrowser", "xmlrpc",
}  # fmt: skip
# Takes addresses apart and puts them together; opens none.
HARMLESS = {"urllib.parse"}
LONGEST_FILE = 320
TEXTS = {".py", ".yaml", ".sql", ".md", ".toml", ".txt", ".css", ""}
SKIPPED = {"var", "node_modules", "__pycache__"}
# Written as patterns, so that this file does not hold the words itself.
UNFINISHED = re.compile(
    r"\bTO[D]O\b|\bFIX[M]E\b|\bXX[X]\b|\bHAC[K]\b|\bWI[P]\b|\bfor [n]ow\b|^(<{7}|>{7}) ", re.MULTILINE
)
OF_ONE_MACHINE = re.compile(r"(?<![\w.])/(home|root|Users|wor[k])/|/tmp/[a-z]/")
PACKAGES = {"yaml": "pyyaml", "PIL": "pillow", "fontTools": "fonttools", "pptx": "python-pptx"}


@dataclass(frozen=True)
class Import:
    """`names` are what is taken from the module; empty where the module itself is imported."""

    module: str
    names: tuple[str, ...]
    line: int


def modules(root: Path) -> Iterator[Path]:
    """Every Python file of the product, as a path within the root."""
    for file in sorted(root.rglob("*.py")):
        inside = file.relative_to(root)
        if not any(part.startswith(".") or part in SKIPPED | OUTSIDE for part in inside.parts):
            yield inside


def imports(root: Path, file: Path) -> Iterator[Import]:
    """All imports, those inside functions included; relative ones as the modules that they mean."""
    for node in ast.walk(ast.parse((root / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, (), node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = [*file.parts[: len(file.parts) - node.level]] if node.level else []
            names = tuple(alias.name for alias in node.names)
            yield Import(".".join([*above, *([node.module] if node.module else [])]), names, node.lineno)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "__import__":
            yield Import("importlib", (), node.lineno)


def undeclared(root: Path) -> list[str]:
    """Top-level modules and packages without a layer."""
    found = sorted({Path(file.parts[0]).stem for file in modules(root)} - LAYERS.keys())
    order = ", ".join(LAYERS)
    return [
        f"'{name}' has no declared layer. Put it into one of the layers that exist ({order}), or add it to LAYERS in"
        f" tests/test_architecture.py at the height of what it may import, and to the list in README.md."
        for name in found
    ]


def against_the_direction(root: Path) -> list[str]:
    """Imports that go up, from one front end to the other, or from page to page."""
    found = []
    for file in modules(root):
        own = Path(file.parts[0]).stem
        for seen in imports(root, file):
            other = seen.module.split(".")[0]
            if own not in LAYERS or other not in LAYERS:
                continue
            up = LAYERS[other] > LAYERS[own] or (other != own and LAYERS[other] == LAYERS[own])
            if up:
                found.append(f"{file}:{seen.line}: {own} imports {other}, which is not below it.")
            below = [seen.module.removeprefix("pages").strip(".")] if seen.module != "pages" else seen.names
            if own == other == "pages" and not all(name.startswith("_") for name in below):
                found.append(f"{file}:{seen.line}: one page imports another: {', '.join(below)}.")
    return found


def beside_a_door(root: Path) -> list[str]:
    """Imports of a library elsewhere than at its door, and of what has no door at all."""
    found = []
    for file in modules(root):
        for seen in imports(root, file):
            library = seen.module.split(".")[0]
            if library in NOWHERE and seen.module not in HARMLESS:
                found.append(f"{file}:{seen.line}: {library} has no place in Tandem.")
            if library in DOORS and not any(file.match(door) for door in DOORS[library]):
                found.append(f"{file}:{seen.line}: {library} is imported at {', '.join(DOORS[library])} only.")
    return found


def behind_a_name(root: Path) -> list[str]:
    """Imports of what another module keeps to itself. A private module belongs to its layer and to app.py."""
    found = []
    for file in modules(root):
        for seen in imports(root, file):
            parts = seen.module.split(".")
            if parts[0] not in LAYERS:
                continue
            is_at_home = parts[0] == Path(file.parts[0]).stem or file == Path("app.py")
            private = [name for name in parts[1:] if name.startswith("_") and not is_at_home]
            if len(parts) > 1 or not is_at_home:
                private += [name for name in seen.names if name.startswith("_") and not name.endswith("__")]
            found += [f"{file}:{seen.line}: {name} is private to {seen.module}." for name in private]
    return found


def without_opening(root: Path) -> list[str]:
    """Modules whose first line is not a docstring that says what they do."""
    found = []
    for file in modules(root):
        text = (root / file).read_text(encoding="utf-8")
        if not text.startswith('"""') or not ast.get_docstring(ast.parse(text)):
            found.append(f"{file}:1: the first line is no docstring. Say what the module does, and what it does not.")
    return found


def too_long(root: Path) -> list[str]:
    found = []
    for file in modules(root):
        lines = len((root / file).read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_FILE:
            found.append(f"{file}: {lines} lines, more than {LONGEST_FILE}. Give a part of it a name and a file.")
    return found


def untrue_lists(root: Path) -> list[str]:
    """Names in `__all__` that the module does not have, or that stand there twice."""
    found = []
    for file in modules(root):
        tree = ast.parse((root / file).read_text(encoding="utf-8"))
        names = exported(tree)
        found += [f"{file}: __all__ names '{name}', which is not there." for name in names if name not in defined(tree)]
        found += [f"{file}: __all__ names '{name}' twice." for name in {*names} if names.count(name) > 1]
    return found


def exported(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(at, ast.Name) and at.id == "__all__" for at in node.targets):
            return list(ast.literal_eval(node.value))
    return []


def defined(tree: ast.Module) -> set[str]:
    """Names that a module has once it is imported."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        else:
            names |= {at.id for at in ast.walk(node) if isinstance(at, ast.Name) and isinstance(at.ctx, ast.Store)}
    return names


def unreasoned(files: list[Path]) -> list[str]:
    """Comments that silence a check without naming it and without saying why."""
    found = []
    for file in files:
        with file.open("rb") as stream:
            comments = [token for token in tokenize.tokenize(stream.readline) if token.type == tokenize.COMMENT]
        for comment in comments:
            silences = re.search(r"type: ignore|noq[a]", comment.string)
            reasoned = re.search(r"(type: ignore\[[\w, -]+\]|noq[a]: [A-Z0-9, ]+)\s+# .{10,}", comment.string)
            if silences and not reasoned:
                found.append(
                    f"{file}:{comment.start[0]}: name the check, and say after a second # why it is wrong here."
                )
    return found


def texts(root: Path) -> Iterator[Path]:
    """All files that people write."""
    for file in sorted(root.rglob("*")):
        inside = file.relative_to(root)
        hidden = any(
            part in SKIPPED or (part.startswith(".") and part not in {".ci", ".streamlit"}) for part in inside.parts
        )
        if file.is_file() and file.suffix in TEXTS and not hidden and inside.name != "LICENSE":
            yield file


RULES: tuple[Callable[[Path], list[str]], ...] = (
    undeclared, against_the_direction, beside_a_door, behind_a_name, without_opening, too_long, untrue_lists,
)  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(rule: Callable[[Path], list[str]]) -> None:
    assert rule(PROJECT) == []


def test_all_layers_are_looked_at() -> None:
    seen = {file.parts[0] for file in modules(PROJECT)}
    assert {"data", "metrics", "alignment", "pages", "app.py", "tandem.py"} <= seen
    assert sum(1 for _ in modules(PROJECT)) > 40


@pytest.mark.parametrize(
    ("file", "text", "rule", "says"),
    [
        ("reports.py", "", undeclared, "'reports' has no declared layer. Put it into one of the layers that exist"),
        ("scoring/rules.py", "", undeclared, "'scoring' has no declared layer. Put it into one of the layers"),
        ("data/x.py", "from metrics.query import Query", against_the_direction, "data imports metrics, which"),
        ("data/x.py", "def f():\n    import pages._page", against_the_direction, "x.py:2: data imports pages, which"),
        ("metrics/x.py", "from alignment import ledger", against_the_direction, "metrics imports alignment, which"),
        ("tandem.py", "import app", against_the_direction, "tandem imports app, which is not below it."),
        ("pages/a.py", "from pages import funnel", against_the_direction, "one page imports another: funnel."),
        ("pages/a.py", "from pages.funnel import seen", against_the_direction, "one page imports another: funnel."),
        ("pages/a.py", "from . import funnel", against_the_direction, "one page imports another: funnel."),
        ("data/x.py", "def f():\n    import duckdb", beside_a_door, "duckdb is imported at data/engine.py only."),
        ("data/x.py", "import yaml", beside_a_door, "yaml is imported at data/yaml_files.py only."),
        ("pages/a.py", "import duckdb", beside_a_door, "duckdb is imported at data/engine.py only."),
        ("pages/a.py", "from sqlglot import exp", beside_a_door, "sqlglot is imported at data/*.py, metrics"),
        ("metrics/x.py", "import streamlit as st", beside_a_door, "streamlit is imported at app.py, pages/*.py only."),
        ("pages/a.py", "from plotly import graph_objects", beside_a_door, "plotly is imported at pages/_charts.py"),
        ("metrics/x.py", "import typer", beside_a_door, "typer is imported at tandem.py, */*commands.py only."),
        ("alignment/x.py", "import sqlalchemy", beside_a_door, "sqlalchemy is imported at alignment/ledger/*.py"),
        ("data/x.py", "import subprocess", beside_a_door, "subprocess is imported at data/trials.py only."),
        ("data/x.py", "from urllib.request import urlopen", beside_a_door, "urllib has no place in Tandem."),
        ("data/x.py", "duck = __import__('duckdb')", beside_a_door, "importlib has no place in Tandem."),
        ("metrics/x.py", "from data.engine import _limits", behind_a_name, "_limits is private to data.engine."),
        ("alignment/x.py", "from data import _hidden", behind_a_name, "_hidden is private to data."),
        ("data/x.py", "import os", without_opening, "data/x.py:1: the first line is no docstring."),
        ("data/x.py", "\n" * 321, too_long, "321 lines, more than 320. Give a part of it a name and a file."),
        ("data/x.py", "__all__ = ['Engine', 'f']\ndef f(): ...", untrue_lists, "__all__ names 'Engine', which is not"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_told_in_a_sentence(
    tmp_path: Path, file: str, text: str, rule: Callable[[Path], list[str]], says: str
) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text, encoding="utf-8")
    (told,) = rule(tmp_path)
    assert says in told


def test_what_is_allowed_is_not_told(tmp_path: Path) -> None:
    allowed = {
        "app.py": '"""Screen."""\nimport streamlit\nfrom pages import _theme\nfrom pages._page import view',
        "tandem.py": '"""Shell."""\nimport typer\nfrom metrics import commands',
        "pages/a.py": '"""Page."""\nimport streamlit\nfrom pages import _page\nfrom metrics import Query',
        "metrics/commands.py": '"""Commands."""\nimport typer\nfrom data.commands import mount',
        "data/engine.py": '"""Engine."""\nimport duckdb\n__all__ = ["SIZE"]\nSIZE: int = 3',
        "tests/test_x.py": "import subprocess",
        ".venv/lib/requests/api.py": "import socket",
    }
    for name, text in allowed.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert [told for rule in RULES for told in rule(tmp_path)] == []


def test_a_notebook_needs_no_screen() -> None:
    told = "import metrics, tandem, sys; print(sorted({'streamlit', 'plotly'} & sys.modules.keys()), metrics.__name__)"
    ran = subprocess.run(
        [sys.executable, "-c", told], cwd=PROJECT, capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout == "[] metrics\n"


def test_the_front_door_of_metrics_is_its_list() -> None:
    tree = ast.parse((PROJECT / "metrics/__init__.py").read_text(encoding="utf-8"))
    taken = [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert sorted(exported(tree)) == sorted(taken)


def test_a_silenced_check_carries_its_reason(tmp_path: Path) -> None:
    ignored = "type: " + "ignore[arg-type]"
    lines = [
        "a = 1",
        f"b = 2  # {ignored}",
        f"c = 3  # {ignored}  # units are checked when loaded",
    ]
    (tmp_path / "x.py").write_text("\n".join([*lines, "d = 4  # no" + "qa"]), encoding="utf-8")
    assert [told.split(":")[1] for told in unreasoned([tmp_path / "x.py"])] == ["2", "4"]
    assert unreasoned([file for file in texts(PROJECT) if file.suffix == ".py"]) == []


@pytest.mark.parametrize("pattern", [UNFINISHED, OF_ONE_MACHINE], ids=["unfinished", "of_one_machine"])
def test_no_file_holds_words_of_unfinished_work(pattern: re.Pattern[str]) -> None:
    found = {}
    for file in texts(PROJECT):
        text = file.read_text(encoding="utf-8")
        if match := pattern.search(text):
            found[f"{file.relative_to(PROJECT)}:{text.count(chr(10), 0, match.start()) + 1}"] = match.group()
    assert found == {}


def test_words_of_unfinished_work_are_recognised() -> None:
    for halves in (("# TO", "DO: later"), ("FIX", "ME"), ("# good enough for ", "now"), ("<<<<", "<<< HEAD\n")):
        assert UNFINISHED.search("".join(halves))
    for halves in (("/ho", "me/ann/data.csv"), ("see /tmp", "/w/notes"), ("'/wo", "rk/main'")):
        assert OF_ONE_MACHINE.search("".join(halves))
    assert not UNFINISHED.search("methods and todos of the hackathon, known forever")
    assert not OF_ONE_MACHINE.search("pages/home/x and https://crm.example/home")


def requirements(name: str) -> list[str]:
    lines = (PROJECT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith(("#", "-r "))]


EVERY_REQUIREMENT = [*requirements("requirements.txt"), *requirements("requirements-dev.txt")]


@pytest.mark.parametrize("line", EVERY_REQUIREMENT)
def test_a_requirement_is_bounded_and_explained(line: str) -> None:
    bounded = re.fullmatch(r"([A-Za-z0-9_-]+)(\[\w+\])?>=[\d.]+,<[\d.]+", line)
    assert bounded, f"{line}: bound it below and above, as in duckdb>=2.0,<3."
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    explained = re.findall(rf"^\s*[-*|] *\[?`{bounded[1]}(?:\[\w+\])?`.+", readme, re.MULTILINE)
    assert len(explained) == 1, f"README.md explains {bounded[1]} in {len(explained)} lines; one says what it is for."


def test_everything_runs_with_the_requirements_alone() -> None:
    declared = {re.split(r"[\[>]", line)[0].lower() for line in requirements("requirements.txt")}
    used = {seen.module.split(".")[0] for file in modules(PROJECT) for seen in imports(PROJECT, file)}
    foreign = {PACKAGES.get(name, name) for name in used - set(sys.stdlib_module_names) - LAYERS.keys()}
    assert foreign - declared == set()
    # pyarrow is how frames leave DuckDB, psycopg how SQLAlchemy reaches PostgreSQL; nothing imports them by name.
    assert declared - foreign == {"pyarrow", "psycopg"}
