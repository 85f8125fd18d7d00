"""Fan-out, chasm, convergent paths and empty keys: every case of traps.yaml has the answer that stands there."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from data.calendar import Period
from data.errors import InvalidQuestion
from data.tables import CANONICAL
from metrics import Query
from tests.tiny_sessions import TinyCompany, plain_company

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("traps.yaml").read_text(encoding="utf-8"))
KEYS = {"name", "tables", "ask", "answer", "error"}


@pytest.fixture(scope="module")
def tiny() -> TinyCompany:
    return plain_company()


def typed(table: str, row: dict[str, Any]) -> dict[str, Any]:
    """A row as it is written, its days and moments as instants where the column is one."""
    assert not row.keys() - CANONICAL[table].columns.keys(), row
    return {name: instant(value) if name.endswith("_at") else value for name, value in row.items()}


def instant(value: Any) -> dt.datetime:
    if isinstance(value, str):
        return dt.datetime.fromisoformat(value)
    return dt.datetime.combine(value, dt.time())


def question(ask: dict[str, Any]) -> Query:
    assert not ask.keys() - {"metrics", "by", "grain", "from", "to", "where"}, ask
    period = Period(ask["from"], ask["to"]) if "from" in ask else None
    return Query(tuple(ask["metrics"]), tuple(ask.get("by", ())), ask.get("grain"), period, where=ask.get("where"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_trap_is_not_walked_into(tiny: TinyCompany, case: dict[str, Any]) -> None:
    assert not case.keys() - KEYS
    assert ("answer" in case) != ("error" in case)
    session = tiny.session({name: [typed(name, row) for row in rows] for name, rows in case["tables"].items()})
    query = question(case["ask"])
    if "error" in case:
        with pytest.raises(InvalidQuestion) as told:
            session.answer(query)
        assert str(told.value).startswith(case["error"])
    else:
        assert [list(row) for row in session.answer(query).frame.iter_rows()] == case["answer"]


def test_every_trap_is_there() -> None:
    kinds = [case["name"].split(":")[0] for case in CASES]
    assert {kind: kinds.count(kind) >= 2 for kind in ("fan-out", "chasm", "convergent paths", "NULL keys")} == {
        "fan-out": True,
        "chasm": True,
        "convergent paths": True,
        "NULL keys": True,
    }
