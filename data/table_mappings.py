"""What `tables:` in sources.yaml says: which expression over a raw file fills which canonical column. Runs none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from data.errors import Place, Problems, did_you_mean
from data.expression_functions import CASTS, SAID, Kind, kind_of_column
from data.expressions import Expression, Rules, literal, parse_expression
from data.file_specs import COLUMN_TYPES, FileColumn, FileSpec
from data.tables import CANONICAL, PERSONAL_COLUMNS, Table
from data.yaml_files import Fields, Node

__all__ = ["OPTIONAL_KEYS", "Extra", "Lookup", "TableMapping", "mappable_columns", "read_table_mappings"]

MAPPING_KEYS = ("from", "where", "lookup", "extra")
EXTRA_KEYS = ("type", "from")
# Spend without a campaign stays in the totals, so its key may have empty parts.
OPTIONAL_KEYS: Mapping[str, tuple[str, ...]] = {"spend": ("campaign_id", "channel", "currency")}


@dataclass(frozen=True)
class Lookup:
    """One row of `file` per row of the mapped file: where `key` there equals `column` here.

    `columns` are the looked-up columns by their names in expressions.
    """

    file: str
    column: str
    key: str
    columns: Mapping[str, FileColumn]


@dataclass(frozen=True)
class Extra:
    """A typed column beyond the canonical ones; `type` is a DuckDB type."""

    type: str
    value: Expression


@dataclass(frozen=True)
class TableMapping:
    """One entry of `tables.<table>`: rows of `file` where `where` is true, each column an expression.

    `columns` may hold personal columns (of contacts, and `email` of touches) besides canonical ones.
    `temporal` are the date and timestamp columns that its expressions see.
    """

    table: str
    file: str
    columns: Mapping[str, Expression]
    where: Expression | None = None
    lookups: tuple[Lookup, ...] = ()
    extra: Mapping[str, Extra] = field(default_factory=dict)
    temporal: frozenset[str] = frozenset()
    place: Place = field(default=Place(""), compare=False)


def mappable_columns(table: Table) -> dict[str, str]:
    """Columns that a mapping may fill: the canonical ones and the personal ones."""
    personal: Mapping[str, str] = {}
    if table.name == "contacts":
        personal = PERSONAL_COLUMNS
    elif table.name == "touches":
        # A touch may say who it is by an e-mail address, of which only the keyed hash is kept.
        personal = {"email": "VARCHAR"}
    return {**table.columns, **personal}


def read_table_mappings(top: Fields, files: Mapping[str, FileSpec], problems: Problems) -> tuple[TableMapping, ...]:
    """Every mapping of every table, in the order of the file; those that cannot be understood are left out."""
    found: list[TableMapping] = []
    for name, node in top.entries("tables"):
        if name not in CANONICAL:
            place = top.values["tables"].keys[name]
            problems.add(place, f"tables: unknown table '{name}'. {did_you_mean(name, CANONICAL, 'Tables')}")
        elif not isinstance(node.value, tuple):
            problems.add(node.place, f"tables.{name}: must be a list of mappings (- {{from: FILE, ...}}).")
        else:
            readers = (_MappingReader(CANONICAL[name], item, files, problems) for item in node.value)
            found += [mapping for reader in readers if (mapping := reader.read())]
    _agree_on_extras(found, problems)
    return tuple(found)


def _agree_on_extras(mappings: list[TableMapping], problems: Problems) -> None:
    types: dict[tuple[str, str], str] = {}
    for mapping in mappings:
        for name, extra in mapping.extra.items():
            first = types.setdefault((mapping.table, name), extra.type)
            if first != extra.type:
                problems.add(
                    mapping.place,
                    f"tables.{mapping.table}: extra '{name}' has two types ({first} and {extra.type}); give it one.",
                )


class _MappingReader:
    """Reads one mapping; knows its table and the columns that its expressions may name."""

    def __init__(self, table: Table, node: Node, files: Mapping[str, FileSpec], problems: Problems) -> None:
        self.table, self.files, self.problems = table, files, problems
        self.subject = f"tables.{table.name}"
        self.targets = mappable_columns(table)
        self.fields = Fields(node, problems, self.subject, (*MAPPING_KEYS, *self.targets))
        self.columns: dict[str, FileColumn] = {}

    def read(self) -> TableMapping | None:
        file = self.fields.text("from", required=True)
        if file is None:
            return None
        if file not in self.files:
            self.fields.report("from", f"unknown file '{file}'. {did_you_mean(file, self.files, 'Files')}")
            return None
        self.columns.update(self.files[file].columns)
        lookups = tuple(lookup for node in self._lookup_nodes() if (lookup := self._lookup(node)))
        where = self.fields.child("where")
        condition = self._expression("where", where, gives="boolean") if where else None
        columns = dict(self._columns())
        self._check_keys()
        return TableMapping(
            table=self.table.name,
            file=file,
            columns=columns,
            where=condition,
            lookups=lookups,
            extra=dict(self._extra()),
            temporal=frozenset(name for name, column in self.columns.items() if column.is_temporal),
            place=self.fields.node.place,
        )

    def _lookup_nodes(self) -> tuple[Node, ...]:
        node = self.fields.child("lookup")
        if node is None:
            return ()
        return node.value if isinstance(node.value, tuple) else (node,)

    def _lookup(self, node: Node) -> Lookup | None:
        """`file on key`, or `file on column = key of file` where the two are named differently."""
        match = re.fullmatch(r"\s*(\w+) on (\w+)(?:\s*=\s*(\w+))?\s*", str(node.value))
        if not match:
            self._report(node, f"'lookup' is '{node.plain()}'. Write \"FILE on COLUMN\", or \"FILE on COLUMN = KEY\".")
            return None
        file, column, key = match[1], match[2], match[3] or match[2]
        if file not in self.files:
            self._report(node, f"lookup in unknown file '{file}'. {did_you_mean(file, self.files, 'Files')}")
            return None
        theirs = self.files[file].columns
        for name, known in ((column, self.columns), (key, theirs)):
            if name not in known:
                self._report(node, f"lookup on unknown column '{name}'. {did_you_mean(name, known, 'Columns')}")
                return None
        # A name that is taken already is reached as <file>_<column>, so that no value is hidden silently.
        named = {
            (f"{file}_{name}" if name in self.columns else name): spec for name, spec in theirs.items() if name != key
        }
        self.columns.update(named)
        return Lookup(file, column, key, named)

    def _columns(self) -> Iterator[tuple[str, Expression]]:
        for name, node in self.fields.values.items():
            if name not in self.targets:
                continue
            value = self._expression(name, node)
            if value is not None:
                if not self._check_time(name, value, node):
                    self._check_kind(name, self.targets[name], value, node)
                yield name, value

    def _expression(self, key: str, node: Node, gives: Kind | None = None) -> Expression | None:
        subject = f"{self.subject}.{key}"
        if node.value is None or isinstance(node.value, (tuple, dict)):
            self.problems.add(node.place, f"{subject}: must be an expression over the file's columns, not {node.kind}.")
            return None
        if not isinstance(node.value, str):
            return literal(node.value)
        text = node.value.strip()
        if re.fullmatch(r"[A-Za-z_]\w*", text) and text not in self.columns and text.lower() not in ("true", "null"):
            hint = did_you_mean(text, self.columns, "Columns")
            self.problems.add(
                node.place, f"{subject}: unknown column '{text}'. {hint} For the text itself write \"'{text}'\"."
            )
            return None
        types = {name: COLUMN_TYPES[column.type] for name, column in self.columns.items()}
        return parse_expression(text, Rules(types, gives=gives), node.place, self.problems, subject)

    def _check_kind(self, name: str, wanted: str, value: Expression, node: Node) -> None:
        """What no row's value could be cast to the column's type."""
        target = kind_of_column(wanted)
        if value.kind not in CASTS[target]:
            self._report(node, f"'{name}' is {SAID[target]}; '{node.plain()}' is {SAID[value.kind]}.")

    def _check_time(self, name: str, value: Expression, node: Node) -> bool:
        """A bare column that fills a date or an instant must have been read as one; whether it was told."""
        if not name.endswith(("_at", "_on")) or not isinstance(node.value, str):
            return False
        bare = self.columns.get(node.value.strip())
        if bare is not None and not bare.is_temporal and value.columns:
            self._report(
                node,
                f"'{name}' needs a date or a timestamp; '{bare.name}' is declared {bare.type}. "
                f'Declare it {bare.name}: {{type: timestamp, format: "..."}}.',
            )
            return True
        return False

    def _check_keys(self) -> None:
        optional = OPTIONAL_KEYS.get(self.table.name, ())
        for key in self.table.key:
            if key not in self.fields.values and key not in optional:
                self._report(self.fields.node, f"the key column '{key}' is not mapped ({key}: COLUMN).")

    def _extra(self) -> Iterator[tuple[str, Extra]]:
        taken = {*self.table.stored(), *self.targets, "original_channel"}
        for name, node in self.fields.entries("extra"):
            if name.casefold() in taken:
                self._report(node, f"extra '{name}' is a column of {self.table.name} already: map it without extra.")
                continue
            kind: str | None
            if isinstance(node.value, dict):
                entry = Fields(node, self.problems, f"{self.subject}.extra.{name}", EXTRA_KEYS)
                kind = entry.choice("type", COLUMN_TYPES, required=True)
                source = entry.child("from") or node
            else:
                kind, source = str(node.value), node
                if kind not in COLUMN_TYPES:
                    hint = did_you_mean(kind, COLUMN_TYPES, "Types")
                    self._report(node, f"the type of extra '{name}' is '{kind}'. {hint}")
                    continue
            column = Node(name, source.place, {}) if source is node else source
            value = self._expression(f"extra.{name}", column)
            if kind and value:
                self._check_kind(name, COLUMN_TYPES[kind], value, column)
                yield name, Extra(COLUMN_TYPES[kind], value)

    def _report(self, node: Node, message: str) -> None:
        self.problems.add(node.place, f"{self.subject}: {message}")
