"""One mapping of sources.yaml to rows of its canonical table, in scratch. Merges nothing between mappings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sqlglot import exp

from data.casting import local_date, local_instant, masked, text_literal
from data.company import Company
from data.engine import Workbench, quoted
from data.errors import EngineFailed, InvalidFiles, Place, Problem, RefusedSources
from data.expressions import Expression
from data.file_specs import FileSpec
from data.sources import Sources
from data.table_mappings import OPTIONAL_KEYS, Lookup, TableMapping, mappable_columns
from data.tables import CANONICAL, OBJECTS, Table

__all__ = ["Staged", "adopt", "blamed_on", "by_key", "columns_of", "has_each_key_once", "stage"]

# Amounts without a currency are in the company's own.
_COMPANY_CURRENCY = ("deals", "spend", "costs")
_REQUIRED: Mapping[str, tuple[str, ...]] = {"merges": ("new_id",), "stage_changes": ("stage",)}
_ALLOWED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("merges", "object"): OBJECTS,
    ("stage_changes", "object"): ("contact", "deal"),
    ("lead_decisions", "decision"): ("accepted", "rejected", "recycled"),
}
_IS_NOT = {"BIGINT": "a whole number", "DOUBLE": "a number", "BOOLEAN": "true or false", "DATE": "a date"}


# Beside the columns of the canonical table: where a row is from, and what is wrong with it.
_OF_THE_FILE = ("_file", "_line", "_updated")
_VERDICT = ("_wrong", "_reason", "_value")


@dataclass(frozen=True)
class Staged:
    """The rows of one mapping in a scratch table (an SQL name), before equal keys are told apart."""

    mapping: TableMapping
    table: str
    quarantined: int


@contextmanager
def blamed_on(place: Place, subject: str) -> Iterator[None]:
    """What the database says of an expression is told at the line in sources.yaml where it was written."""
    try:
        yield
    except EngineFailed as error:
        message = f"{subject}: the database cannot compute this ({error}). Correct the expression, or a column's type."
        raise InvalidFiles([Problem(place, message)]) from error


def columns_of(table: Table, sources: Sources) -> dict[str, str]:
    """Names and types of a canonical table in scratch: stored, personal and extra columns."""
    personal = {name: kind for name, kind in mappable_columns(table).items() if name not in table.columns}
    return {**table.stored(), **personal, **sources.extras(table.name)}


def stage(mapping: TableMapping, number: int, sources: Sources, company: Company, bench: Workbench) -> Staged:
    """Create the rows of one mapping; those without a key or of a wrong type go to the quarantine."""
    name = f'"raw".{quoted(f"{mapping.table} {number} rows")}'
    with blamed_on(mapping.place, f"tables.{mapping.table}"):
        bench.execute(f"CREATE TABLE {name} AS {_Select(mapping, sources, company).sql()}")
    quarantined = _quarantine(mapping, name, bench)
    return Staged(mapping, name, quarantined)


def _quarantine(mapping: TableMapping, name: str, bench: Workbench) -> int:
    found = bench.frame(f'SELECT count(*), count("_wrong"), count("_value") FROM {name}')
    rows, wrong, mistyped = found.row(0)
    if not wrong:
        return 0
    if mistyped * 2 > rows:
        raise RefusedSources([_mostly_mistyped(mapping, name, rows, mistyped, bench)])
    bench.execute(
        'INSERT INTO quarantine BY NAME SELECT "_file" AS file, "_line" AS line, "_wrong" AS column_name, '
        f'"_reason" AS reason, "_value" AS value FROM {name} WHERE "_wrong" IS NOT NULL'
    )
    bench.execute(f'DELETE FROM {name} WHERE "_wrong" IS NOT NULL')
    return int(wrong)


def _mostly_mistyped(mapping: TableMapping, name: str, rows: int, mistyped: int, bench: Workbench) -> Problem:
    first = bench.frame(
        f'SELECT "_file", "_line", "_reason" FROM {name} WHERE "_value" IS NOT NULL ORDER BY "_file", "_line" LIMIT 1'
    )
    file, line, reason = first.row(0)
    return Problem(
        mapping.place,
        f"tables.{mapping.table}: {mistyped:,} of {rows:,} rows of '{mapping.file}' cannot be mapped; "
        f"{file}, line {line}: {reason}. Correct the expression, or the column's type in files.{mapping.file}.",
    )


class _Select:
    """The SELECT of one mapping: sources joined, expressions evaluated, results cast and judged."""

    def __init__(self, mapping: TableMapping, sources: Sources, company: Company) -> None:
        self.mapping, self.sources, self.company = mapping, sources, company
        self.table = CANONICAL[mapping.table]
        self.file: FileSpec = sources.files[mapping.file]

    def sql(self) -> str:
        evaluated = dict(self._evaluated())
        items = ", ".join(f"{value} AS {quoted(name)}" for name, value in evaluated.items())
        where = f" WHERE {_sql(self.mapping.where)}" if self.mapping.where else ""
        inner = f'SELECT "_file", "_line", {self._updated()} AS "_updated", {items} FROM ({self._joined()}){where}'
        typed = ", ".join(
            f"{self._typed(name, kind, name in evaluated)} AS {quoted(name)}"
            for name, kind in columns_of(self.table, self.sources).items()
        )
        wrong, reason, value = self._verdicts(evaluated)
        return (
            f'SELECT "_file", "_line", "_updated", {typed}, '
            f'{wrong} AS "_wrong", {reason} AS "_reason", {value} AS "_value" FROM ({inner})'
        )

    def _joined(self) -> str:
        """The mapped file with the columns that lookups add, each name once."""
        origin = {name: f"b.{quoted(name)}" for name in self.file.columns}
        items, joins = ["b.*"], []
        for number, lookup in enumerate(self.mapping.lookups):
            alias = f"l{number}"
            for name, column in lookup.columns.items():
                origin[name] = f"{alias}.{quoted(column.name)}"
                endings = ("", "__at", "__on") if column.is_temporal else ("",)
                items += [f"{alias}.{quoted(column.name + end)} AS {quoted(name + end)}" for end in endings]
            key = f"CAST({alias}.{quoted(lookup.key)} AS VARCHAR)"
            joins.append(
                f" LEFT JOIN ({self._one_row_per_key(lookup)}) AS {alias} "
                f"ON {key} = CAST({origin[lookup.column]} AS VARCHAR)"
            )
        return f'SELECT {", ".join(items)} FROM "raw".{quoted(self.file.name)} AS b{"".join(joins)}'

    def _one_row_per_key(self, lookup: Lookup) -> str:
        spec = self.sources.files[lookup.file]
        return (
            f'SELECT * FROM "raw".{quoted(lookup.file)} QUALIFY row_number() OVER (PARTITION BY {quoted(lookup.key)} '
            f'ORDER BY {_updated_at(spec)} DESC NULLS LAST, "_file" DESC, "_line" DESC) = 1'
        )

    def _updated(self) -> str:
        return _updated_at(self.file)

    def _evaluated(self) -> Iterator[tuple[str, str]]:
        for name, value in self.mapping.columns.items():
            if name.endswith("_at"):
                yield name, self._instant(value)
                yield name.removesuffix("_at") + "_on", self._date(value)
            elif name.endswith("_on"):
                yield name, self._date(value)
            else:
                yield name, _sql(value)
        for name, extra in self.mapping.extra.items():
            yield name, self._date(extra.value) if extra.type == "DATE" else _sql(extra.value)

    def _is_dated(self, value: Expression) -> bool:
        return bool(value.columns & self.mapping.temporal)

    def _instant(self, value: Expression) -> str:
        if self._is_dated(value):
            return _sql(value, self.mapping.temporal, "__at")
        # A constant, or a cast text: local time of the file.
        return local_instant(f"TRY_CAST({_sql(value)} AS TIMESTAMP)", self.file.zone)

    def _date(self, value: Expression) -> str:
        if self._is_dated(value):
            return _sql(value, self.mapping.temporal, "__on")
        written = _sql(value)
        return (
            f"CASE WHEN typeof({written}) = 'DATE' THEN TRY_CAST({written} AS DATE) "
            f"ELSE {local_date(self._instant(value), self.company.time_zone)} END"
        )

    def _typed(self, name: str, kind: str, mapped: bool) -> str:
        column = quoted(name) if mapped else "NULL"
        value = _trimmed(column) if kind == "VARCHAR" else f"TRY_CAST({column} AS {kind})"
        if (self.table.name, name) in _ALLOWED:
            value = f"lower({value})"
        if name == "month_on":
            value = f"CAST(date_trunc('month', {value}) AS DATE)"
        if name == "currency" and self.table.name in _COMPANY_CURRENCY:
            value = f"coalesce({value}, {text_literal(self.company.currency)})"
        return value

    def _verdicts(self, evaluated: Mapping[str, str]) -> tuple[str, str, str]:
        """CASE expressions for the first wrong column of a row, the reason, and the value (masked, if it has one)."""
        wrong, reason, value = [], [], []
        for name, kind in columns_of(self.table, self.sources).items():
            if name not in evaluated or kind == "VARCHAR":
                continue
            column = quoted(name)
            shown = masked(f"CAST({column} AS VARCHAR)")
            test = f"{column} IS NOT NULL AND TRY_CAST({column} AS {kind}) IS NULL"
            ending = text_literal(f"' is not {_IS_NOT.get(kind, f'an amount ({kind})')}")
            wrong.append(f"WHEN {test} THEN {text_literal(name)}")
            start = text_literal(f"{name}: '")
            reason.append(f"WHEN {test} THEN {start} || {shown} || {ending}")
            value.append(f"WHEN {test} THEN {shown}")
        for name, test, sentence in self._row_rules():
            wrong.append(f"WHEN {test} THEN {text_literal(name)}")
            reason.append(f"WHEN {test} THEN {text_literal(sentence)}")
            value.append(f"WHEN {test} THEN NULL")
        # Never without a WHEN: each table has a key column that must not be empty.
        which, why, what = (f"CASE {' '.join(cases)} END" for cases in (wrong, reason, value))
        return which, why, what

    def _row_rules(self) -> Iterator[tuple[str, str, str]]:
        """Column, SQL that is true of a bad row, and the reason."""
        name = self.table.name
        optional = OPTIONAL_KEYS.get(name, ())
        for key in self.table.key:
            if key not in optional:
                yield key, f"{_trimmed(quoted(key))} IS NULL", f"key {key} is empty"
        for column in _REQUIRED.get(name, ()):
            test = f"{quoted(column)} IS NULL" if column in self.mapping.columns else "true"
            yield column, test, f"{column} is empty"
        for (table, column), allowed in _ALLOWED.items():
            if table == name and column in self.mapping.columns:
                words = ", ".join(map(text_literal, allowed))
                yield (
                    column,
                    f"lower({_trimmed(quoted(column))}) NOT IN ({words})",
                    f"{column} is not one of {', '.join(allowed)}",
                )


def _trimmed(column: str) -> str:
    return f"nullif(trim(CAST({column} AS VARCHAR)), '')"


def _updated_at(spec: FileSpec) -> str:
    if spec.updated_at is None:
        return "NULL"
    ending = "__at" if spec.columns[spec.updated_at].is_temporal else ""
    return quoted(spec.updated_at + ending)


def _sql(value: Expression, temporal: frozenset[str] = frozenset(), ending: str = "") -> str:
    """SQL of an expression; its date and timestamp columns are read as instants or as dates."""

    def renamed(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.name in temporal:
            return exp.column(node.name + ending, quoted=True)
        return node

    return value.copy_tree().transform(renamed).sql(dialect="duckdb", identify=True)


def has_each_key_once(staged: Staged, bench: Workbench) -> bool:
    """Whether no two rows of a mapping have an equal key, which costs a fraction of choosing among such rows."""
    keys = ", ".join(map(quoted, CANONICAL[staged.mapping.table].key))
    return bench.frame(f"SELECT 1 FROM {staged.table} GROUP BY {keys} HAVING count(*) > 1 LIMIT 1").is_empty()


def adopt(staged: Staged, name: str, bench: Workbench) -> None:
    """Make the rows of a mapping the scratch table `name`, without what is known of their file, and with a rank."""
    for column in (*_OF_THE_FILE, *_VERDICT):
        bench.execute(f"ALTER TABLE {staged.table} DROP COLUMN {quoted(column)}")
    bench.execute(f"ALTER TABLE {staged.table} ADD COLUMN \"_rank\" VARCHAR DEFAULT ''")
    bench.execute(f"ALTER TABLE {staged.table} RENAME TO {quoted(name)}")


def by_key(staged: Staged, sources: Sources, bench: Workbench) -> str:
    """SELECT of a mapping's rows with each key once: measures summed, else the row updated last, else the last line."""
    table = CANONICAL[staged.mapping.table]
    columns = columns_of(table, sources)
    keys = ", ".join(map(quoted, table.key))
    if has_each_key_once(staged, bench):
        return f"SELECT {', '.join(map(quoted, columns))} FROM {staged.table}"
    if not table.measures:
        return (
            f"SELECT {', '.join(map(quoted, columns))} FROM {staged.table} QUALIFY row_number() OVER "
            f'(PARTITION BY {keys} ORDER BY "_updated" DESC NULLS LAST, "_file" DESC, "_line" DESC) = 1'
        )
    items = []
    for name, kind in columns.items():
        column = quoted(name)
        if name in table.measures:
            items.append(f"CAST(sum({column}) AS {kind}) AS {column}")
        elif name in table.key:
            items.append(column)
        else:
            items.append(f'arg_max({column}, ("_file", "_line")) AS {column}')
    return f"SELECT {', '.join(items)} FROM {staged.table} GROUP BY {keys}"
