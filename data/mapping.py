"""Raw tables to the canonical tables of the model, by the mappings of sources.yaml. Reads no files.

Nothing here depends on the order of rows: equal keys are settled by what the rows say and, last, by their line.
Names, e-mail addresses and phone numbers of contacts go to the personal file and are never written to the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from data import identity
from data.campaign_names import name_campaigns, unmatched_campaigns
from data.company import Company
from data.engine import Workbench, quoted
from data.exclusions import Excluded, run_exclusions
from data.identity import scratch
from data.progress import Progress
from data.reading import create_quarantine
from data.sources import Sources
from data.staging import Staged, adopt, blamed_on, by_key, columns_of, has_each_key_once, stage
from data.tables import CANONICAL, PERSONAL_COLUMNS, Table

__all__ = ["MappingReport", "map_tables"]


@dataclass(frozen=True)
class MappingReport:
    """What became of the raw rows, per canonical table.

    `mapped` are the columns that a source gives, derived ones (`created_on`, `email_key`) among them. `excluded`
    counts rows that went by `exclude:`, dependents included; `exclusions` what each entry removed itself.
    `unmatched_campaigns` is empty where no campaigns are mapped.
    """

    mapped: Mapping[str, frozenset[str]]
    extras: Mapping[str, Mapping[str, str]]
    rows: Mapping[str, int]
    quarantined: Mapping[str, int]
    excluded: Mapping[str, int]
    exclusions: tuple[Excluded, ...]
    unmatched_campaigns: list[tuple[str, int]]


def map_tables(sources: Sources, company: Company, bench: Workbench, key: bytes, progress: Progress) -> MappingReport:
    """Create every canonical table in the model, and `personal.contacts`. `key` hashes e-mail addresses.

    Raises RefusedSources where a mapping fits most rows of its file not at all.
    """
    create_quarantine(bench)
    staged: dict[str, list[Staged]] = {}
    for done, name in enumerate(CANONICAL):
        progress(f"Mapping {name}", 0.6 * done / len(CANONICAL))
        mappings = enumerate(sources.of(name))
        staged[name] = [stage(mapping, number, sources, company, bench) for number, mapping in mappings]
    progress("Telling records that are one apart from those that are two", 0.6)
    quarantined = {name: sum(one.quarantined for one in many) for name, many in staged.items()}
    _name_campaigns(sources, staged, bench)
    for table in CANONICAL.values():
        _combine(table, staged[table.name], sources, bench)
    identity.key_emails(bench, key)
    quarantined["merges"] += identity.resolve_merges(bench, [one.table for one in staged["merges"]])
    identity.know_contacts(bench)
    identity.combine_merged(bench)
    _resolve_touches(sources, bench)
    excluded, exclusions = run_exclusions(sources.exclusions, bench)
    progress("Writing the canonical tables", 0.85)
    _store(sources, bench)
    counts = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {quoted(name)}" for name in CANONICAL)
    unmatched = unmatched_campaigns(bench) if sources.of("campaigns") else []
    identity.drop_scratch(bench)
    return MappingReport(
        mapped={name: _mapped(name, sources) for name in CANONICAL},
        extras={name: sources.extras(name) for name in CANONICAL},
        rows=dict(bench.frame(counts).iter_rows()),
        quarantined=quarantined,
        excluded=excluded,
        exclusions=exclusions,
        unmatched_campaigns=unmatched,
    )


def _name_campaigns(sources: Sources, staged: Mapping[str, list[Staged]], bench: Workbench) -> None:
    """Before equal keys are told apart: two names of one campaign are one key of spend."""
    holders = [one.table for name in ("touches", "spend") for one in staged[name]]
    name_campaigns(bench, sources.aliases, holders, [one.table for one in staged["campaigns"]])


def _combine(table: Table, staged: list[Staged], sources: Sources, bench: Workbench) -> None:
    """All mappings of a table: equal keys merge column by column, the first that is there in listed order.

    The rows of an only mapping without a repeated key are taken as they are, without a copy; those of merges stay,
    since a merge that leads in a circle is found later and goes to the quarantine from there.
    """
    name, columns = scratch(f"{table.name} all"), columns_of(table, sources)
    if not staged:
        typed = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
        bench.execute(f'CREATE TABLE {name} ({typed}, "_rank" VARCHAR)')
        return
    if len(staged) == 1 and table.name != "merges" and has_each_key_once(staged[0], bench):
        adopt(staged[0], f"{table.name} all", bench)
        return
    if len(staged) == 1:
        rows = by_key(staged[0], sources, bench)
    else:
        stacked = " UNION ALL ".join(
            f'SELECT *, {number} AS "_order" FROM ({by_key(one, sources, bench)})' for number, one in enumerate(staged)
        )
        items = ", ".join(
            quoted(column) if column in table.key else f'arg_min({quoted(column)}, "_order") AS {quoted(column)}'
            for column in columns
        )
        rows = f"SELECT {items} FROM ({stacked}) GROUP BY {', '.join(map(quoted, table.key))}"
    bench.execute(f"CREATE TABLE {name} AS SELECT *, '' AS \"_rank\" FROM ({rows})")


def _resolve_touches(sources: Sources, bench: Workbench) -> None:
    """Whose each touch is, and its channel by the first rule that is true, else as it is written."""
    cases = " ".join(f"WHEN {rule.when.sql} THEN {_text(rule.channel)}" for rule in sources.channels)
    if not cases:
        identity.resolve_touches(bench, "channel")
        return
    with blamed_on(sources.channels[0].place, "channels"):
        identity.resolve_touches(bench, f"CASE {cases} ELSE channel END")


def _original_channel(sources: Sources) -> str:
    """SQL over contacts: the rules of touches, the CRM's original source standing for source and channel."""

    def as_of_contact(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.Column):
            return node
        if node.name in ("source", "channel"):
            return exp.column("original_source", quoted=True)
        kind = sources.extras("touches").get(node.name, "VARCHAR")
        return exp.cast(exp.null(), kind, dialect="duckdb")

    source = quoted("original_source")
    cases = [
        f"WHEN {rule.when.copy_tree().transform(as_of_contact).sql(dialect='duckdb', identify=True)} "
        f"THEN {_text(rule.channel)}"
        for rule in sources.channels
    ]
    return f"CASE WHEN {source} IS NULL THEN NULL {' '.join(cases)} ELSE {source} END"


def _text(value: str) -> str:
    return exp.Literal.string(value).sql(dialect="duckdb")


def _store(sources: Sources, bench: Workbench) -> None:
    """Write model and personal file, sorted, so that equal rows make equal files whatever order they came in."""
    for table in CANONICAL.values():
        items = [quoted(column) for column in (*table.stored(), *sources.extras(table.name))]
        if table.name == "contacts":
            items.append(f"{_original_channel(sources)} AS original_channel")
        order = ("contact_id", "happened_at", *table.key) if table.name == "touches" else table.key
        bench.execute(
            f"CREATE TABLE {quoted(table.name)} AS SELECT {', '.join(items)} FROM {scratch(f'{table.name} all')} "
            f"ORDER BY {', '.join(map(quoted, order))}"
        )
    personal = ", ".join(map(quoted, PERSONAL_COLUMNS))
    bench.execute(
        f'CREATE TABLE "personal"."contacts" AS SELECT contact_id, {personal} FROM {scratch("contacts all")} '
        f"WHERE coalesce({personal}) IS NOT NULL ORDER BY contact_id"
    )


def _mapped(table: str, sources: Sources) -> frozenset[str]:
    """Canonical columns that some mapping gives, with those that follow from them."""
    given = {column for mapping in sources.of(table) for column in mapping.columns}
    found = {column for column in given if column in CANONICAL[table].columns}
    found |= {column.removesuffix("_at") + "_on" for column in found if column.endswith("_at")}
    if table in ("contacts", "touches") and "email" in given:
        found.add("email_key")
    if table == "contacts" and "original_source" in found:
        found.add("original_channel")
    if table == "touches" and given:
        if {"email_key", "anonymous_id"} & found:
            found.add("contact_id")
        if sources.channels:
            found.add("channel")
    if table in ("deals", "spend", "costs") and given:
        found.add("currency")
    return frozenset(found)
