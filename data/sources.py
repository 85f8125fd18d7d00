"""sources.yaml: raw files and how they map to the canonical tables. Checks what is written; reads no rows."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass

from data.company import Company
from data.errors import Place, Problems, did_you_mean
from data.expressions import Expression, Rules, parse_expression
from data.file_specs import FileColumn, FileSpec, read_file_specs
from data.table_mappings import Extra, Lookup, TableMapping, read_table_mappings
from data.tables import CANONICAL, INPUTS, PERSONAL_COLUMNS
from data.yaml_files import Fields, Node, read_yaml

__all__ = [
    "ChannelRule",
    "Exclusion",
    "Extra",
    "FileColumn",
    "FileSpec",
    "Lookup",
    "Sources",
    "TableMapping",
    "read_sources",
]

FILE = "sources.yaml"
KEYS = ("files", "tables", "channels", "campaign_aliases", "exclude", "absent")
CHANNEL_KEYS, EXCLUSION_KEYS = ("when", "channel"), ("from", "when", "why")
CHANNEL_COLUMNS = ("source", "medium", "channel", "url", "kind")


@dataclass(frozen=True)
class ChannelRule:
    """Where `when` is true of a touch, its channel is `channel`."""

    when: Expression
    channel: str
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True)
class Exclusion:
    """Rows of a canonical table that are left out, with the reason that Data health prints."""

    table: str
    when: Expression
    why: str
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True)
class Sources:
    """All of sources.yaml. `mappings` are in the order of the file; so are rules, aliases and exclusions.

    `aliases` are pairs of a raw campaign string, `*` standing for anything, and a campaign id.
    """

    files: Mapping[str, FileSpec] = field(default_factory=dict)
    mappings: tuple[TableMapping, ...] = ()
    channels: tuple[ChannelRule, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    absent: frozenset[str] = frozenset()

    @property
    def fingerprint(self) -> str:
        """A hash of what the file says: layout, comments and the way an expression is spaced do not count."""
        return hashlib.sha256(json.dumps(_normal(self), sort_keys=True).encode()).hexdigest()

    def of(self, table: str) -> tuple[TableMapping, ...]:
        """The mappings of one canonical table, in listed order."""
        return tuple(mapping for mapping in self.mappings if mapping.table == table)

    def extras(self, table: str) -> dict[str, str]:
        """Names and DuckDB types of the extra columns that mappings carry into a table."""
        return {name: extra.type for mapping in self.of(table) for name, extra in mapping.extra.items()}


def _normal(value: object) -> object:
    """A value as JSON: dataclasses by their compared fields, so that places and trees stay out."""
    if is_dataclass(value):
        return {part.name: _normal(getattr(value, part.name)) for part in fields(value) if part.compare}
    if isinstance(value, Mapping):
        return {str(key): _normal(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(str(item) for item in value)
    if isinstance(value, (tuple, list)):
        return [_normal(item) for item in value]
    return value if isinstance(value, (bool, int, float, str)) or value is None else str(value)


def read_sources(company: Company, problems: Problems) -> Sources:
    """sources.yaml of a company folder; whatever is wrong in it is added to `problems`, all in one pass."""
    root = read_yaml(company.folder / FILE, problems)
    if root is None:
        return Sources()
    top = Fields(root, problems, "", KEYS)
    files = read_file_specs(top, company, problems)
    mappings = read_table_mappings(top, files, problems)
    known = Sources(files, mappings)
    return Sources(
        files=files,
        mappings=mappings,
        channels=tuple(_channels(top, known.extras("touches"), problems)),
        aliases=tuple(_aliases(top, problems)),
        exclusions=tuple(_exclusions(top, known, problems)),
        absent=frozenset(_absent(top, problems)),
    )


def _channels(top: Fields, extras: Mapping[str, str], problems: Problems) -> list[ChannelRule]:
    columns = {**dict.fromkeys(CHANNEL_COLUMNS, "VARCHAR"), **extras}
    rules: list[ChannelRule] = []
    for number, node in enumerate(top.items("channels"), start=1):
        subject = f"channels {number}"
        entry = Fields(node, problems, subject, CHANNEL_KEYS)
        when = _condition(entry, "when", columns, subject)
        channel = entry.text("channel", required=True)
        if when and channel:
            rules.append(ChannelRule(when, channel, node.place))
    return rules


def _condition(entry: Fields, key: str, columns: Mapping[str, str], subject: str) -> Expression | None:
    text = entry.text(key, required=True)
    if text is None:
        return None
    return parse_expression(text, Rules(columns, gives="boolean"), entry.values[key].place, entry.problems, subject)


def _aliases(top: Fields, problems: Problems) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for raw, node in top.entries("campaign_aliases"):
        if isinstance(node.value, (tuple, dict)) or node.value is None:
            problems.add(node.place, f"campaign_aliases: '{raw}' must be given one campaign id, not {node.kind}.")
        elif not raw.strip():
            problems.add(node.place, "campaign_aliases: an empty string cannot stand for a campaign.")
        else:
            pairs.append((raw.strip(), str(node.value)))
    return pairs


def _exclusions(top: Fields, known: Sources, problems: Problems) -> list[Exclusion]:
    found: list[Exclusion] = []
    for number, node in enumerate(top.items("exclude"), start=1):
        subject = f"exclude {number}"
        entry = Fields(node, problems, subject, EXCLUSION_KEYS)
        table = entry.choice("from", CANONICAL, required=True)
        why = entry.text("why", required=True)
        if table is None:
            continue
        personal = PERSONAL_COLUMNS if table == "contacts" else {}
        columns = {**CANONICAL[table].stored(), **known.extras(table), **personal}
        when = _condition(entry, "when", columns, subject)
        if when and why:
            found.append(Exclusion(table, when, why, node.place))
    return found


def _absent(top: Fields, problems: Problems) -> list[str]:
    names: list[str] = []
    for node in top.items("absent"):
        name = _one_space(node)
        if name in INPUTS:
            names.append(name)
        else:
            problems.add(node.place, f"absent: unknown input '{name}'. {did_you_mean(name, INPUTS, 'Inputs')}")
    return names


def _one_space(node: Node) -> str:
    return re.sub(r"\s+", " ", str(node.plain())).strip()
