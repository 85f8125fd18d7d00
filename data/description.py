"""What is known of a table without opening it: columns, types, links, and why a column has no answer. Reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

__all__ = ["Column", "TableDescription", "description_from", "description_to"]


@dataclass(frozen=True)
class Column:
    """A column that a question may name.

    `absent` is the sentence why no answer can use it. `link` is "name:table.column", many rows to one.
    `stored` is False for a known name without a physical column, such as the dates of an undeclared stage.
    """

    name: str
    type: str
    absent: str | None = None
    link: str | None = None
    stored: bool = True


@dataclass(frozen=True)
class TableDescription:
    """One table of a generation: its sentence, key, columns in order, and how many rows it has."""

    name: str
    sentence: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    rows: int


def description_to(table: TableDescription) -> dict[str, object]:
    """The description as nested dicts and lists, for JSON. `description_from` turns it back."""
    return {
        "name": table.name,
        "sentence": table.sentence,
        "key": list(table.key),
        "columns": [asdict(column) for column in table.columns.values()],
        "rows": table.rows,
    }


def description_from(data: Mapping[str, object]) -> TableDescription:
    """A description out of what `description_to` gave. Raises ValueError where the shape is another."""
    name, sentence, key, columns, rows = (data.get(part) for part in ("name", "sentence", "key", "columns", "rows"))
    if not (isinstance(name, str) and isinstance(sentence, str) and isinstance(rows, int)):
        raise ValueError("a table's description needs the texts name and sentence, and the number rows")
    if not (isinstance(key, list) and isinstance(columns, list)):
        raise ValueError(f"the description of {name} needs the lists key and columns")
    read = [Column(**column) for column in columns]
    return TableDescription(name, sentence, tuple(map(str, key)), {column.name: column for column in read}, rows)
