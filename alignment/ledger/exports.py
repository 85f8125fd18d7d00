"""The ledger as a table, for a spreadsheet or another program. Writes no file."""

from __future__ import annotations

import json
from typing import Any

from alignment.ledger.book import Ledger
from alignment.ledger.entries import verified_word
from alignment.ledger.kinds import KINDS, Content
from alignment.ledger.writing import keys_of, to_json
from data.errors import InvalidQuestion, did_you_mean

__all__ = ["exported", "exported_history", "flat"]

Row = dict[str, Any]


def exported(ledger: Ledger, kind: str | None = None) -> list[Row]:
    """Every entry, withdrawn ones too: who and when, what it is about, and its content. InvalidQuestion."""
    return [
        {
            "id": entry.id,
            "kind": entry.kind,
            "about": [str(key) for key in keys_of(entry.content)],
            "version": entry.version,
            "added_by": entry.added_by,
            "added_at": entry.added_at.isoformat(),
            "changed_by": entry.changed_by,
            "changed_at": entry.changed_at.isoformat(),
            "verified": entry.verified,
            "withdrawn": entry.is_withdrawn,
            "content": to_json(entry.content),
        }
        for entry in ledger.entries(_kind(kind), withdrawn=True)
    ]


def exported_history(ledger: Ledger, kind: str | None = None) -> list[Row]:
    """Every change of every entry: who, when, and the content before and after. InvalidQuestion."""
    return [
        {
            "id": entry.id,
            "kind": entry.kind,
            "version": change.version,
            "by": change.by,
            "at": change.at.isoformat(),
            "verified": verified_word(change.is_verified),
            "before": change.before,
            "after": change.after,
        }
        for entry in ledger.entries(_kind(kind), withdrawn=True)
        for change in ledger.history(entry.id)
    ]


def flat(rows: list[Row], *, spread: bool) -> list[Row]:
    """Rows whose cells are plain text and numbers. `spread` gives each field of the content a column of its own."""
    found = []
    for row in rows:
        inner = row["content"] if spread and "content" in row else {}
        outer = {name: value for name, value in row.items() if not (inner and name == "content")}
        found.append({name: _cell(value) for name, value in {**outer, **inner}.items()})
    return found


def _cell(value: object) -> object:
    """Lists and mappings as JSON. What a spreadsheet would run as a formula is text, told by an apostrophe."""
    if isinstance(value, (dict, list)):
        value = " ".join(value) if _is_words(value) else json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _is_words(value: dict[str, Any] | list[Any]) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and " " not in item for item in value)


def _kind(name: str | None) -> type[Content]:
    if name is not None and name not in KINDS:
        raise InvalidQuestion(f"There is no kind of entry '{name}'. {did_you_mean(name, KINDS, 'Kinds')}")
    return Content if name is None else KINDS[name]
