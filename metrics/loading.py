"""Definition files to checked metrics, dimensions and terms: every problem of every file in one pass. Runs nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.company import Company
from data.description import TableDescription
from data.errors import Problems, did_you_mean
from data.expression_functions import ANY, kind_of_column
from data.rules import RuleBook
from data.yaml_files import Fields, Node, read_yaml
from metrics.agreement import NO_AGREEMENT, Agreement
from metrics.agreement_files import read_agreement
from metrics.kinds import Dimension, Metric, Term
from metrics.lead_values import lead_value_metric
from metrics.metric_files import DESCRIBED, Reading, columns_of, described, read_metric
from metrics.persona_files import one_value_each, read_persona
from metrics.personas import Persona
from metrics.priorities import Priority, read_priorities
from metrics.references import check_references

__all__ = ["STANDARD", "Definitions", "dimension_types", "load_definitions"]

STANDARD = Path(__file__).parent / "definitions"

SECTIONS = ("metrics", "dimensions", "terms", "personas", "priorities")
AGREEMENT = "agreement"
DIMENSION_KEYS = (*DESCRIBED, "on", "names", "order", "known")
KNOWN = ("at_entry", "later")
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


@dataclass(frozen=True)
class Definitions:
    """Everything that questions may use, by name. `replaced` lists the standard definitions that a company replaces.

    `agreement` is what its two teams have promised each other; without versions where it has none. `personas` are the
    kinds of people it sells to, `priorities` what matters most in each quarter.
    """

    metrics: Mapping[str, Metric]
    dimensions: Mapping[str, Dimension]
    terms: Mapping[str, Term]
    tables: Mapping[str, TableDescription]
    replaced: tuple[str, ...]
    agreement: Agreement = NO_AGREEMENT
    personas: Mapping[str, Persona] = field(default_factory=dict)
    priorities: Mapping[str, Priority] = field(default_factory=dict)


def load_definitions(
    company: Company,
    tables: Mapping[str, TableDescription],
    standard: Path = STANDARD,
    book: RuleBook | None = None,
) -> Definitions:
    """The standard definitions with the company's over them. Raises InvalidFiles with every problem.

    `book` is what scores may read; without it those of personas are not checked.
    """
    reading = Reading(Problems(), tables, {section: {} for section in SECTIONS}, book=book)
    replaced: list[str] = []
    for path in sorted(standard.glob("*.yaml")):
        _collect(path, True, reading, replaced)
    for path in sorted((company.folder / "definitions").glob("*.yaml")):
        _collect(path, False, reading, replaced)
    dimensions = _read_all("dimensions", _dimension, reading)
    reading.types.update(dimension_types(dimensions, tables))
    metrics = _read_all("metrics", read_metric, reading)
    terms = _read_all("terms", _term, reading)
    nodes = {name: node for name, (node, _) in reading.found["metrics"].items()}
    check_references(metrics, dimensions, nodes, reading.problems)
    agreement = read_agreement(reading.agreement, metrics, reading)
    if (lead_value := lead_value_metric(agreement, reading)) is not None:
        metrics.setdefault(lead_value.name, lead_value)
    personas = _read_all("personas", read_persona, reading)
    one_value_each(personas, reading)
    priorities = read_priorities(reading, metrics)
    reading.problems.raise_if_any()
    return Definitions(metrics, dimensions, terms, tables, tuple(replaced), agreement, personas, priorities)


def _collect(path: Path, is_standard: bool, reading: Reading, replaced: list[str]) -> None:
    """Sort the entries of a file by section; an entry of the same name replaces the standard one whole."""
    root = read_yaml(path, reading.problems)
    if root is None:
        return
    fields = Fields(root, reading.problems, "", (*SECTIONS, AGREEMENT))
    if (agreement := fields.child(AGREEMENT)) is not None:
        if reading.agreement is not None:
            message = f"the agreement stands in one file; the first is at {reading.agreement.place}."
            reading.problems.add(agreement.place, message)
        reading.agreement = agreement
    for section in SECTIONS:
        known = reading.found[section]
        for name, node in fields.entries(section):
            if not NAME.fullmatch(name):
                message = f"'{name}' is not a name: lower-case letters, digits and _, a letter first, at most 60."
                reading.problems.add(node.place, message)
            elif name in known and known[name][1] == is_standard:
                message = f"{name}: is defined a second time (first at {known[name][0].place})."
                reading.problems.add(node.place, message)
            else:
                if name in known:
                    replaced.append(f"{section}/{name}")
                known[name] = (node, is_standard)


def _read_all(section: str, read: Callable[[str, Node, bool, Reading], Any], reading: Reading) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for name, (node, is_standard) in reading.found[section].items():
        definition = read(name, node, is_standard, reading)
        if definition is not None:
            results[name] = definition
    return results


def _term(name: str, node: Node, is_standard: bool, reading: Reading) -> Term:
    fields = Fields(node, reading.problems, name, DESCRIBED)
    return Term(**described(fields, name, node, is_standard))


def _dimension(name: str, node: Node, is_standard: bool, reading: Reading) -> Dimension:
    fields = Fields(node, reading.problems, name, DIMENSION_KEYS)
    on: dict[str, str] = {}
    for table, value in fields.entries("on"):
        if _column_exists(table, value, name, reading):
            on[table] = str(value.value)
    if "on" not in fields:
        reading.problems.add(node.place, f"{name}: the key 'on' is missing (what it is in each table).")
    names = fields.text("names")
    if names is not None:
        table, _, column = names.partition(".")
        if column not in columns_of(reading, table):
            message = f"'names' is '{names}'; it must be table.column of a known table."
            fields.report("names", message)
    said = described(fields, name, node, is_standard, in_a_sentence=False)
    known = fields.choice("known", KNOWN) or "at_entry"
    return Dimension(**said, on=on, names=names, order=fields.texts("order"), known=known)


def _column_exists(table: str, value: Node, name: str, reading: Reading) -> bool:
    """Whether `column` or `link.column` leads somewhere, with the problem told where it does not."""
    problems, tables = reading.problems, reading.tables
    if table not in tables:
        problems.add(value.place, f"{name}: unknown table '{table}'. {did_you_mean(table, tables)}")
        return False
    link, dot, column = str(value.value).rpartition(".")
    if not dot:
        if column not in columns_of(reading, table):
            hint = did_you_mean(column, columns_of(reading, table))
            problems.add(value.place, f"{name}: table {table} has no column '{column}'. {hint}")
            return False
        return True
    links = links_of(tables[table])
    if link not in links:
        what = "only many-to-one links can be followed"
        problems.add(value.place, f"{name}: table {table} has no link '{link}' ({what}). {did_you_mean(link, links)}")
        return False
    target = links[link][1]
    if column not in columns_of(reading, target):
        hint = did_you_mean(column, columns_of(reading, target))
        problems.add(
            value.place, f"{name}: {link} of {table} is a row of {target}, which has no column '{column}'. {hint}"
        )
        return False
    return True


def dimension_types(dimensions: Mapping[str, Dimension], tables: Mapping[str, TableDescription]) -> dict[str, str]:
    """The DuckDB type of each dimension as conditions see it; ANY where its tables have columns of several kinds."""
    types: dict[str, str] = {}
    for name, dimension in dimensions.items():
        found = {kind_of_column(kind): kind for kind in _types_of(dimension, tables)}
        types[name] = next(iter(found.values())) if len(found) == 1 else ANY
    return types


def _types_of(dimension: Dimension, tables: Mapping[str, TableDescription]) -> Iterator[str]:
    for table, place in dimension.on.items():
        link, dot, column = place.rpartition(".")
        holder = links_of(tables[table])[link][1] if dot else table
        yield tables[holder].columns[column].type


def links_of(table: TableDescription) -> dict[str, tuple[str, str, str]]:
    """Link name to (own column, target table, target column). Every link is many-to-one."""
    links: dict[str, tuple[str, str, str]] = {}
    for column in table.columns.values():
        if column.link:
            name, _, target = column.link.partition(":")
            target_table, _, target_column = target.strip().partition(".")
            links[name] = (column.name, target_table, target_column)
    return links
