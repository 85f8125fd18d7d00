"""Who a row is about: keyed hashes of e-mail addresses, merged records, visitors who became known. In scratch only."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

import polars as pl

from data.engine import Workbench, quoted
from data.tables import CANONICAL, OBJECTS

__all__ = [
    "combine_merged",
    "drop_scratch",
    "email_key",
    "follow_merges",
    "key_emails",
    "know_contacts",
    "resolve_merges",
    "resolve_touches",
    "scratch",
]

# Where the id of an object stands: table and column. `stage_changes` names the object in a column of its own.
_HOLDERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "contact": tuple(
        (table, "contact_id")
        for table in (
            "contacts", "contact_facts", "touches", "identities", "assignments", "deal_contacts", "activity_contacts",
            "lead_decisions",
        )
    ),
    "account": (("accounts", "account_id"), ("contacts", "account_id"), ("deals", "account_id")),
    "deal": (("deals", "deal_id"), ("deal_contacts", "deal_id"), ("activities", "deal_id")),
}  # fmt: skip


def scratch(name: str) -> str:
    """A scratch table as SQL. The space keeps its name apart from those of raw files."""
    return f'"raw".{quoted(name)}'


def drop_scratch(bench: Workbench) -> None:
    """Drop every scratch table, so that only the raw files themselves are left for a company's own models."""
    tables = bench.frame("SELECT table_name FROM information_schema.tables WHERE table_catalog = 'raw'").to_series()
    for name in tables:
        if " " in name:
            bench.execute(f"DROP TABLE {scratch(name)}")


def email_key(key: bytes, email: str) -> str | None:
    """The keyed hash by which an e-mail address is known in the model; None for text that is no address."""
    address = email.strip().lower()
    return hmac.digest(key, address.encode(), "sha256").hex() if "@" in address else None


def key_emails(bench: Workbench, key: bytes) -> None:
    """Hash each distinct address once, and fill `email_key` of contacts; touches get theirs with their contact."""
    emails = bench.frame(
        f"SELECT email FROM {scratch('contacts all')} WHERE email IS NOT NULL "
        f"UNION SELECT email FROM {scratch('touches all')} WHERE email IS NOT NULL"
    ).to_series()
    bench.execute(f"CREATE TABLE {scratch('email keys')} (email VARCHAR, email_key VARCHAR)")
    if emails.is_empty():
        return
    hashes = pl.Series("email_key", [email_key(key, email) for email in emails], dtype=pl.String)
    bench.insert(scratch("email keys"), pl.DataFrame([emails.alias("email"), hashes]))
    bench.execute(
        f"UPDATE {scratch('contacts all')} AS t SET email_key = coalesce(k.email_key, t.email_key) "
        f"FROM {scratch('email keys')} AS k WHERE k.email = t.email"
    )


def follow_merges(pairs: Mapping[str, str]) -> tuple[dict[str, str], set[str]]:
    """Where each merged id ends, and the ids that merge in a circle and therefore stay as they are.

    >>> follow_merges({"a": "b", "b": "c", "x": "y", "y": "x", "w": "x"}) == (
    ...     {"a": "c", "b": "c", "w": "x"}, {"x", "y"})
    True
    """
    ends: dict[str, str] = {}
    circular: set[str] = set()
    for start in sorted(pairs):
        path: dict[str, None] = {}
        node = start
        while node in pairs and node not in ends and node not in circular and node not in path:
            path[node] = None
            node = pairs[node]
        walked = list(path)
        if node in path:
            circular.update(walked[walked.index(node) :])
        end = ends.get(node, node)
        ends.update((old, end) for old in walked if old not in circular)
    return ends, circular


def resolve_merges(bench: Workbench, mapping_rows: list[str]) -> int:
    """Replace merged ids everywhere; rows that become one are combined, the surviving id's own row first.

    `mapping_rows` are the scratch tables that `merges` was staged in. Returns how many merges were circular and
    went to the quarantine.
    """
    refused = 0
    for kind in OBJECTS:
        rows = bench.frame(
            f"SELECT old_id, new_id FROM {scratch('merges all')} WHERE object = $kind", {"kind": kind}
        ).rows()
        if not rows:
            continue
        ends, circular = follow_merges(dict(rows))
        refused += _quarantine_circles(bench, kind, sorted(circular), mapping_rows)
        if ends:
            _rename(bench, kind, ends)
    return refused


def _quarantine_circles(bench: Workbench, kind: str, ids: list[str], mapping_rows: list[str]) -> int:
    if not ids:
        return 0
    count = 0
    where = "object = $kind AND list_contains($ids, old_id)"
    for table in mapping_rows:
        found = bench.frame(
            f'SELECT "_file" AS file, "_line" AS line, \'new_id\' AS column_name, '
            f"'this merge and others lead in a circle' AS reason FROM {table} WHERE {where}",
            {"kind": kind, "ids": ids},
        )
        bench.insert("quarantine", found)
        count += found.height
    bench.execute(f"DELETE FROM {scratch('merges all')} WHERE {where}", {"kind": kind, "ids": ids})
    return count


def _rename(bench: Workbench, kind: str, ends: Mapping[str, str]) -> None:
    """Write the surviving id into every column that holds the object's id; `_rank` remembers whose row it was."""
    merged = scratch(f"merged {kind}")
    bench.execute(f"CREATE TABLE {merged} (old_id VARCHAR, new_id VARCHAR)")
    bench.insert(merged, pl.DataFrame({"old_id": list(ends), "new_id": list(ends.values())}))
    for table, column in _HOLDERS[kind]:
        _replace_id(bench, merged, table, column)
    if kind in ("contact", "deal"):
        _replace_id(bench, merged, "stage_changes", "object_id", kind)


def _replace_id(bench: Workbench, merged: str, table: str, column: str, kind: str | None = None) -> None:
    name, held = scratch(f"{table} all"), quoted(column)
    only = f" AND t.object = '{kind}'" if kind else ""
    rank = f""", "_rank" = t."_rank" || ' ' || t.{held}""" if column in CANONICAL[table].key else ""
    bench.execute(f"UPDATE {name} AS t SET {held} = m.new_id{rank} FROM {merged} AS m WHERE t.{held} = m.old_id{only}")


def combine_merged(bench: Workbench) -> None:
    """Rows that got an equal key by a merge become one: column by column, first the surviving id's own values."""
    names = " UNION ALL ".join(
        f"SELECT DISTINCT '{name}' FROM {scratch(f'{name} all')} WHERE \"_rank\" <> ''" for name in CANONICAL
    )
    for table in [CANONICAL[name] for name in bench.frame(names).to_series()]:
        name = scratch(f"{table.name} all")
        items = [
            column if name_ in table.key else f'arg_min({column}, "_rank") AS {column}'
            for name_ in bench.columns(name)
            if name_ != "_rank" and (column := quoted(name_))
        ]
        keys = ", ".join(map(quoted, table.key))
        # Few rows are of a merged key; the others stay where they are.
        same = " AND ".join(f"m.{quoted(key)} IS NOT DISTINCT FROM t.{quoted(key)}" for key in table.key)
        apart, merged = scratch(f"{table.name} combined"), scratch(f"{table.name} merged")
        bench.execute(f"CREATE TABLE {merged} AS SELECT DISTINCT {keys} FROM {name} WHERE \"_rank\" <> ''")
        of_merged = f"SELECT t.* FROM {name} AS t SEMI JOIN {merged} AS m ON {same}"
        bench.execute(f"CREATE TABLE {apart} AS SELECT {', '.join(items)} FROM ({of_merged}) GROUP BY {keys}")
        bench.execute(f"DELETE FROM {name} AS t USING {merged} AS m WHERE {same}")
        bench.execute(f"INSERT INTO {name} BY NAME SELECT *, '' AS \"_rank\" FROM {apart}")


def know_contacts(bench: Workbench) -> None:
    """Two tables that tell whose a touch is: by e-mail hash, and by visitor and time.

    Runs before merged contacts are combined, so that the addresses of the rows that went are known too. Of several
    contacts with one address the first created is meant. A visitor is the contact last known at the time of the
    touch; before the first was known, that first one.
    """
    bench.execute(
        f"CREATE TABLE {scratch('contact by email')} AS SELECT email_key, contact_id "
        f"FROM {scratch('contacts all')} WHERE email_key IS NOT NULL "
        "QUALIFY row_number() OVER (PARTITION BY email_key ORDER BY created_at NULLS LAST, contact_id) = 1"
    )
    never = "CAST('-infinity' AS TIMESTAMP)"
    order = f"PARTITION BY anonymous_id ORDER BY coalesce(known_at, {never}), contact_id"
    bench.execute(
        f"CREATE TABLE {scratch('contact by visitor')} AS SELECT anonymous_id, contact_id, "
        f"CASE WHEN row_number() OVER ({order}) = 1 THEN {never} ELSE coalesce(known_at, {never}) END AS known_from, "
        f"coalesce(lead(coalesce(known_at, {never})) OVER ({order}), CAST('infinity' AS TIMESTAMP)) AS known_until "
        f"FROM {scratch('identities all')}"
    )


def resolve_touches(bench: Workbench, channel: str) -> None:
    """Fill the contact of each touch: its own, else by e-mail hash, else by visitor; then `channel` (SQL)."""
    touches, resolved = scratch("touches all"), scratch("touches resolved")
    hashed = "coalesce(k.email_key, t.email_key)"
    bench.execute(
        f"CREATE TABLE {resolved} AS SELECT * REPLACE ({channel} AS channel) FROM (SELECT t.* REPLACE "
        f"(coalesce(t.contact_id, e.contact_id, v.contact_id) AS contact_id, {hashed} AS email_key) "
        f"FROM {touches} AS t LEFT JOIN {scratch('email keys')} AS k ON k.email = t.email "
        f"LEFT JOIN {scratch('contact by email')} AS e ON e.email_key = {hashed} "
        f"LEFT JOIN {scratch('contact by visitor')} AS v ON v.anonymous_id = t.anonymous_id "
        "AND t.happened_at >= v.known_from AND t.happened_at < v.known_until)"
    )
    bench.execute(f"DROP TABLE {touches}")
    bench.execute(f"ALTER TABLE {resolved} RENAME TO {quoted('touches all')}")
