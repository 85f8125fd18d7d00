"""Definition files to checked metrics, dimensions and terms: every problem of every file in one pass. Runs nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.company import Company
from data.description import TableDescription
from data.errors import Problems, did_you_mean
from data.expressions import Expression, Rules, parse_expression
from data.yaml_files import Fields, Node, read_yaml
from metrics.kinds import BANDS, GOOD, OWNERS, UNITS, Aggregate, Dimension, Funnel, Input, Metric, Ratio, Step, Term
from metrics.references import check_references

__all__ = ["Definitions", "load_definitions"]

STANDARD = Path(__file__).parent / "definitions"
STAGES = ("lead", "mql", "sal", "sql", "opportunity", "customer")

_SECTIONS = ("metrics", "dimensions", "terms")
_DESCRIBED = ("label", "description")
_COMMON = (*_DESCRIBED, "short_label", "kind", "unit", "good", "band", "owner", "where", "tags")
_OWN_KEYS: Mapping[str, tuple[str, ...]] = {
    "aggregate": ("table", "expr", "time"),
    "ratio": ("numerator", "denominator"),
    "funnel": ("steps", "entry", "skips"),
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


@dataclass(frozen=True)
class Definitions:
    """Everything that questions may use, by name. `replaced` lists the standard definitions that a company replaces."""

    metrics: Mapping[str, Metric]
    dimensions: Mapping[str, Dimension]
    terms: Mapping[str, Term]
    tables: Mapping[str, TableDescription]
    replaced: tuple[str, ...]


@dataclass
class _Reading:
    """What readers share: where problems go, what exists, and which definitions were seen."""

    problems: Problems
    tables: Mapping[str, TableDescription]
    found: dict[str, dict[str, tuple[Node, bool]]]

    def names(self, section: str) -> list[str]:
        return list(self.found[section])


def load_definitions(company: Company, tables: Mapping[str, TableDescription]) -> Definitions:
    """The standard definitions with the company's over them. Raises InvalidFiles with every problem."""
    reading = _Reading(Problems(), tables, {section: {} for section in _SECTIONS})
    replaced: list[str] = []
    for path in sorted(STANDARD.glob("*.yaml")):
        _collect(path, True, reading, replaced)
    for path in sorted((company.folder / "definitions").glob("*.yaml")):
        _collect(path, False, reading, replaced)
    dimensions = _read_all("dimensions", _dimension, reading)
    metrics = _read_all("metrics", _metric, reading)
    terms = _read_all("terms", _term, reading)
    nodes = {name: node for name, (node, _) in reading.found["metrics"].items()}
    check_references(metrics, dimensions, nodes, reading.problems)
    reading.problems.raise_if_any()
    return Definitions(metrics, dimensions, terms, tables, tuple(replaced))


def _collect(path: Path, is_standard: bool, reading: _Reading, replaced: list[str]) -> None:
    """Sort the entries of a file by section; an entry of the same name replaces the standard one whole."""
    root = read_yaml(path, reading.problems)
    if root is None:
        return
    fields = Fields(root, reading.problems, "", _SECTIONS)
    for section in _SECTIONS:
        known = reading.found[section]
        for name, node in fields.entries(section):
            if not _NAME.fullmatch(name):
                message = f"'{name}' is not a name: lower-case letters, digits and _, a letter first, at most 60."
                reading.problems.add(node.place, message)
            elif name in known and known[name][1] == is_standard:
                message = f"{name}: is defined a second time (first at {known[name][0].place})."
                reading.problems.add(node.place, message)
            else:
                if name in known:
                    replaced.append(f"{section}/{name}")
                known[name] = (node, is_standard)


def _read_all(section: str, read: Callable[[str, Node, bool, _Reading], Any], reading: _Reading) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for name, (node, is_standard) in reading.found[section].items():
        definition = read(name, node, is_standard, reading)
        if definition is not None:
            results[name] = definition
    return results


def _described(
    fields: Fields, name: str, node: Node, is_standard: bool, *, in_a_sentence: bool = True
) -> dict[str, Any]:
    return {
        "name": name,
        "label": fields.text("label", required=True) or name,
        "description": fields.text("description", required=in_a_sentence) or "",
        "place": node.place,
        "is_standard": is_standard,
    }


def _term(name: str, node: Node, is_standard: bool, reading: _Reading) -> Term:
    fields = Fields(node, reading.problems, name, _DESCRIBED)
    return Term(**_described(fields, name, node, is_standard))


def _dimension(name: str, node: Node, is_standard: bool, reading: _Reading) -> Dimension:
    fields = Fields(node, reading.problems, name, (*_DESCRIBED, "on", "names", "order", "known"))
    on: dict[str, str] = {}
    for table, value in fields.entries("on"):
        if _column_exists(table, value, name, reading):
            on[table] = str(value.value)
    if "on" not in fields:
        reading.problems.add(node.place, f"{name}: the key 'on' is missing (what it is in each table).")
    names = fields.text("names")
    if names is not None:
        table, _, column = names.partition(".")
        if column not in _columns(reading, table):
            message = f"'names' is '{names}'; it must be table.column of a known table."
            fields.report("names", message)
    described = _described(fields, name, node, is_standard, in_a_sentence=False)
    known = fields.choice("known", ("at_entry", "later")) or "at_entry"
    return Dimension(**described, on=on, names=names, order=fields.texts("order"), known=known)


def _columns(reading: _Reading, table: str) -> dict[str, str]:
    """Names and types of a table's columns, those without an answer included."""
    description = reading.tables.get(table)
    return {name: column.type for name, column in description.columns.items()} if description else {}


def _column_exists(table: str, value: Node, name: str, reading: _Reading) -> bool:
    """Whether `column` or `link.column` leads somewhere, with the problem told where it does not."""
    problems, tables = reading.problems, reading.tables
    if table not in tables:
        problems.add(value.place, f"{name}: unknown table '{table}'. {did_you_mean(table, tables)}")
        return False
    link, dot, column = str(value.value).rpartition(".")
    if not dot:
        if column not in _columns(reading, table):
            hint = did_you_mean(column, _columns(reading, table))
            problems.add(value.place, f"{name}: table {table} has no column '{column}'. {hint}")
            return False
        return True
    links = links_of(tables[table])
    if link not in links:
        what = "only many-to-one links can be followed"
        problems.add(value.place, f"{name}: table {table} has no link '{link}' ({what}). {did_you_mean(link, links)}")
        return False
    target = links[link][1]
    if column not in _columns(reading, target):
        hint = did_you_mean(column, _columns(reading, target))
        problems.add(
            value.place, f"{name}: {link} of {table} is a row of {target}, which has no column '{column}'. {hint}"
        )
        return False
    return True


def links_of(table: TableDescription) -> dict[str, tuple[str, str, str]]:
    """Link name to (own column, target table, target column). Every link is many-to-one."""
    links: dict[str, tuple[str, str, str]] = {}
    for column in table.columns.values():
        if column.link:
            name, _, target = column.link.partition(":")
            target_table, _, target_column = target.strip().partition(".")
            links[name] = (column.name, target_table, target_column)
    return links


def _metric(name: str, node: Node, is_standard: bool, reading: _Reading) -> Metric | None:
    kind_node = node.value.get("kind") if isinstance(node.value, dict) else None
    kind = str(kind_node.value) if kind_node is not None else None
    own = _OWN_KEYS.get(kind or "", ())
    # Of an unknown kind, the own keys of all kinds pass, so that one mistake gives one problem.
    known = own or tuple(key for keys in _OWN_KEYS.values() for key in keys)
    fields = Fields(node, reading.problems, name, (*_COMMON, *known))
    kind = fields.choice("kind", _OWN_KEYS, required=True)
    common = _described(fields, name, node, is_standard) | {
        "unit": fields.choice("unit", UNITS, required=kind == "aggregate") or "ratio",
        "short_label": fields.text("short_label") or "",
        "good": fields.choice("good", GOOD) or "neither",
        "band": fields.choice("band", BANDS),
        "owner": fields.choice("owner", OWNERS) or "both",
        "tags": fields.texts("tags"),
        "where": _where(fields, reading),
    }
    if kind is None:
        return None
    return _KINDS[kind](fields, common, reading)


def _where(fields: Fields, reading: _Reading) -> Expression | None:
    text = fields.text("where")
    if text is None:
        return None
    rules = Rules(dict.fromkeys(reading.names("dimensions"), "VARCHAR"), columns_are="dimension")
    return parse_expression(text, rules, fields.values["where"].place, reading.problems, fields.subject)


def _aggregate(fields: Fields, common: dict[str, Any], reading: _Reading) -> Aggregate | None:
    table = fields.choice("table", reading.tables, required=True)
    text, time = fields.text("expr", required=True), fields.text("time", required=True)
    if table is None:
        return None
    columns = _columns(reading, table)
    expr = None
    if text is not None:
        rules = Rules(columns, aggregates=True)
        expr = parse_expression(text, rules, fields.values["expr"].place, reading.problems, fields.subject)
    if time is not None and columns.get(time) != "DATE":
        dates = [name for name, kind in columns.items() if kind == "DATE"]
        fields.report("time", f"'time' is '{time}'; it must be a date column of {table}. {did_you_mean(time, dates)}")
        time = None
    return Aggregate(**common, table=table, expr=expr, time=time) if expr and time else None


def _ratio(fields: Fields, common: dict[str, Any], reading: _Reading) -> Ratio | None:
    numerator, denominator = _input("numerator", fields, reading), _input("denominator", fields, reading)
    if numerator is None or denominator is None:
        return None
    return Ratio(**common, numerator=numerator, denominator=denominator)


def _input(key: str, fields: Fields, reading: _Reading) -> Input | None:
    """A metric name, or a mapping {metric, where}."""
    node = fields.child(key)
    if node is None or not isinstance(node.value, dict):
        name = fields.text(key, required=True)
        return Input(name) if name else None
    own = Fields(node, reading.problems, f"{fields.subject}.{key}", ("metric", "where"))
    name = own.text("metric", required=True)
    return Input(name, _where(own, reading)) if name else None


def _funnel(fields: Fields, common: dict[str, Any], reading: _Reading) -> Funnel | None:
    steps = [_step(item, index, fields, reading.problems) for index, item in enumerate(fields.items("steps"))]
    known = [step for step in steps if step is not None]
    if len(steps) < 2:
        fields.report("steps", "'steps' is a list of at least two stages, for example {stage: mql, within: 30 days}.")
        return None
    order = [STAGES.index(step.stage) for step in known]
    if order != sorted(set(order)):
        fields.report("steps", f"the stages must follow the order {', '.join(STAGES)}, each at most once.")
    if len(known) < len(steps):
        return None
    return Funnel(
        **common,
        steps=tuple(known),
        entry=fields.choice("entry", ("first", "every")) or "first",
        skips=fields.choice("skips", ("imply", "require")) or "imply",
    )


def _step(item: Node, index: int, fields: Fields, problems: Problems) -> Step | None:
    own = Fields(item, problems, f"{fields.subject}.steps", ("stage", "within"))
    stage = own.choice("stage", STAGES, required=True)
    text = own.text("within", required=index > 0)
    match = re.fullmatch(r"(\d{1,4}) days?", text or "")
    if text is not None and match is None:
        own.report("within", f"'within' is '{text}'; write a number of days such as 30 days.")
    if index == 0 and "within" in own:
        own.report("within", "the first step has no step before it, so it has no 'within'.")
    if stage is None or (index > 0 and match is None):
        return None
    return Step(stage, int(match[1]) if match and index else None)


_KINDS: Mapping[str, Callable[[Fields, dict[str, Any], _Reading], Metric | None]] = {
    "aggregate": _aggregate,
    "ratio": _ratio,
    "funnel": _funnel,
}
