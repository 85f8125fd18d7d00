"""Checks that a built model keeps what the notes on its columns promise. Mends nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from data.engine import Workbench, quoted
from data.errors import Place, Problems, did_you_mean
from data.model_files import ModelFile

__all__ = ["check", "promises"]

_MOST_EXAMPLES = 3


@dataclass(frozen=True)
class _Rule:
    """A note as SQL: how many rows of a model break it, and a SELECT of the keys of those that do."""

    place: Place
    says: str
    count: str
    breaking: str


def check(model: ModelFile, bench: Workbench, problems: Problems) -> None:
    """Add a problem for each note that rows break. A note on an unknown column stops the build."""
    _check_noted_columns(model, bench.columns(quoted(model.name)))
    rules = _rules(model)
    if not rules:
        return
    counts = ", ".join(f"CAST({rule.count} AS BIGINT) AS c{number}" for number, rule in enumerate(rules))
    broken = bench.frame(f"SELECT {counts} FROM {quoted(model.name)}").row(0)
    for rule, rows in zip(rules, broken, strict=True):
        if rows:
            examples = bench.frame(f"SELECT DISTINCT * FROM ({rule.breaking}) ORDER BY ALL LIMIT {_MOST_EXAMPLES}")
            shown = "; ".join(_key_text(row) for row in examples.iter_rows(named=True))
            counted = "1 row breaks" if rows == 1 else f"{rows:,} rows break"
            problems.add(rule.place, f"{model.name}{rule.says}; {counted} this, for example {shown}.")


def promises(model: ModelFile) -> tuple[tuple[Place, str], ...]:
    """What the notes of a model promise, in the words in which a broken one is told, each with its place."""
    return tuple((rule.place, f"{model.name}{rule.says}") for rule in _rules(model))


def _check_noted_columns(model: ModelFile, columns: Mapping[str, str]) -> None:
    problems = Problems()
    noted = {name: notes.place for name, notes in model.notes.items()}
    for name, place in ({name: Place(model.file, 1, 1) for name in (*model.key, *model.order)} | noted).items():
        if name not in columns:
            problems.add(place, f"a note names '{name}', no column of {model.name}. {did_you_mean(name, columns)}")
        elif name in model.notes and model.notes[name].coded and columns[name] != "VARCHAR":
            problems.add(place, f"'#coded' is for texts; {model.name}.{name} is {columns[name]}.")
    problems.raise_if_any()


def _rules(model: ModelFile) -> list[_Rule]:
    rules: list[_Rule] = []
    table, key = quoted(model.name), ", ".join(map(quoted, model.key))
    for name, notes in model.notes.items():
        column = quoted(name)
        rows = f"SELECT {key or column} FROM {table} WHERE"
        if notes.not_null:
            empty = f"{column} IS NULL"
            rules.append(_Rule(notes.place, f".{name} must not be empty", _counted(empty), f"{rows} {empty}"))
        if notes.unique:
            surplus = f"count({column}) - count(DISTINCT {column})"
            rules.append(_Rule(notes.place, f".{name} must be unique", surplus, _repeated(table, column)))
        if notes.one_of:
            allowed = ", ".join(exp.Literal.string(value).sql(dialect="duckdb") for value in notes.one_of)
            other, says = f"{column} NOT IN ({allowed})", f".{name} must be one of {', '.join(notes.one_of)}"
            rules.append(_Rule(notes.place, says, _counted(other), f"{rows} {other}"))
    if key:
        surplus = f"count(*) - (SELECT count(*) FROM (SELECT DISTINCT {key} FROM {table}))"
        says = f": ({', '.join(model.key)}) must be a key"
        rules.append(_Rule(Place(model.file, 1, 1), says, surplus, _repeated(table, key)))
    return rules


def _counted(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"


def _repeated(table: str, columns: str) -> str:
    return f"SELECT {columns} FROM {table} GROUP BY {columns} HAVING count(*) > 1"


def _key_text(row: Mapping[str, object]) -> str:
    return ", ".join(f"{name} = {'empty' if value is None else value}" for name, value in row.items())
