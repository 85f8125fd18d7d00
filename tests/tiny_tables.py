"""Small companies for tests: canonical tables filled from dicts, and the joined model built on them. No assertions."""

from __future__ import annotations

import datetime as dt
import functools
import tempfile
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import polars as pl

from data.absences import reasons
from data.attribution import Attribution
from data.company import Company
from data.description import TableDescription
from data.engine import Workbench, quoted
from data.errors import Problems
from data.model_files import in_order, read_models
from data.models import build_models
from data.rules import NO_RULES, RuleBook, read_rules
from data.stages import STAGES, Sign, Stage, Stages
from data.tables import CANONICAL, TOUCH_ORDER
from data.yaml_files import Fields, read_yaml

Row = dict[str, Any]
Tables = Mapping[str, list[Row]]

_MEMORY = Path(":memory:")
# Tables that have rows: to empty an empty one takes as long as to empty a full one.
_FILLED: WeakKeyDictionary[Workbench, set[str]] = WeakKeyDictionary()
_BANDS = {"lead": "TOFU", "mql": "TOFU", "sal": "MOFU", "sql": "MOFU", "opportunity": "MOFU", "customer": "BOFU"}


def company_at(folder: Path, currency: str = "EUR") -> Company:
    return Company(folder, "tiny", "Tiny", currency, "UTC")


def stages_of(
    known_by: Mapping[str, Iterable[str]],
    recycles: tuple[str, ...] = (),
    ends: tuple[str, ...] = (),
    look_back: int | None = 90,
    rules: str = "",
    through: dt.date | None = None,
) -> Stages:
    """Stages as the oracle takes them: words, or CRM values written `crm:VALUE`.

    `rules` is the text of facts, scores and rules; a rule decides the stage of its name.
    """
    book = book_of(rules)
    found = []
    for name in sorted(known_by, key=STAGES.index):
        signs = tuple(Sign("crm", word[4:]) if word.startswith("crm:") else Sign(word) for word in known_by[name])
        rule = name if name in book.rules else None
        found.append(Stage(name, name, _BANDS[name], "both", "A stage.", signs, rule=rule))
    return Stages(tuple(found), recycles, ends, Attribution(look_back), book, through)


@functools.cache
def book_of(text: str) -> RuleBook:
    """Facts, scores and rules as stages.yaml would have them."""
    if not text:
        return NO_RULES
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stages.yaml"
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        problems = Problems()
        node = read_yaml(file, problems)
        assert node is not None
        book = read_rules(Fields(node, problems, "", ("facts", "scores", "rules")), {})
        problems.raise_if_any()
        return book


def workbench(tables: Tables) -> Workbench:
    """A workbench in memory whose canonical tables hold the given rows."""
    bench = Workbench(_MEMORY, _MEMORY, _MEMORY)
    for name, table in CANONICAL.items():
        columns = table.stored() | ({"original_channel": "VARCHAR"} if name == "contacts" else {})
        bench.execute(f"CREATE TABLE {quoted(name)} ({', '.join(f'{quoted(c)} {t}' for c, t in columns.items())})")
    fill(bench, tables)
    return bench


def fill(bench: Workbench, tables: Tables) -> None:
    """Replace the rows of all canonical tables."""
    filled = _FILLED.setdefault(bench, set())
    for name in CANONICAL:
        if name in filled:
            bench.execute(f"DELETE FROM {quoted(name)}")
            filled.remove(name)
        if rows := tables.get(name):
            filled.add(name)
            bench.insert(quoted(name), pl.DataFrame([_dated(row) for row in rows], infer_schema_length=None))


def build_passes(bench: Workbench, stages: Stages) -> None:
    """Only `leads` and what it stands on, without checks; many times over on one workbench."""
    bench.execute("CREATE TEMP TABLE IF NOT EXISTS touch_order(kind VARCHAR PRIMARY KEY, touch_order TINYINT)")
    for kind, order in TOUCH_ORDER.items():
        bench.execute("INSERT OR IGNORE INTO touch_order VALUES (?, ?)", [kind, order])
    for name, sql in _selects(f"{stages.fingerprint} {stages.through}", stages):
        bench.execute(f"CREATE OR REPLACE TABLE {quoted(name)} AS {sql}")


_SELECTS: dict[str, list[tuple[str, str]]] = {}


def _selects(key: str, stages: Stages) -> list[tuple[str, str]]:
    if key not in _SELECTS:
        problems = Problems()
        models = in_order(read_models(Path("/nowhere"), stages, (), problems), problems)
        problems.raise_if_any()
        wanted = (
            "deal_outcomes", "path_touches", "passes", "lead_moments", "rule_stamps", "leads", "leads_then",
            "deal_passes",
        )  # fmt: skip
        _SELECTS[key] = [
            (model.name, model.tree.sql(dialect="duckdb", identify=True)) for model in models if model.name in wanted
        ]
    return _SELECTS[key]


def _dated(row: Row) -> Row:
    """The row with the date beside each instant."""
    dates = {
        name.removesuffix("_at") + "_on": value.date() for name, value in row.items() if isinstance(value, dt.datetime)
    }
    return {**dates, **row}


def everything_mapped() -> dict[str, frozenset[str]]:
    return {name: frozenset(table.columns) for name, table in CANONICAL.items()}


def build(
    bench: Workbench,
    stages: Stages,
    company: Company,
    absent: Iterable[str] = (),
    mapped: Mapping[str, frozenset[str]] | None = None,
) -> dict[str, TableDescription]:
    absences = reasons(frozenset(absent), mapped or everything_mapped(), stages, company, bench)
    return build_models(stages, company, bench, absences, lambda *_: None)


def rows_of(bench: Workbench, table: str, *key: str) -> dict[Any, Row]:
    """The rows of a table by their key."""
    rows = bench.frame(f"SELECT * FROM {quoted(table)}").to_dicts()
    return {tuple(row[part] for part in key) if len(key) > 1 else row[key[0]]: row for row in rows}
