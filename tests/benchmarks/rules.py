"""How long a rule takes at refresh: the moments of a million passes with ten million touches, and its stamps on them.

    python -m tests.benchmarks.rules [millions of touches]

Touches are made up; the two models run as a refresh runs them, in a file of their own, without the checks of notes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from data.engine import Workbench, quoted
from data.errors import Problems
from data.model_files import read_models
from tests.tiny_tables import stages_of

RULES = """
scores:
  fit_score: 20 * points(employees >= 50) + 30 * points(industry in ('Food', 'Retail'))
rules:
  mql:
    - {from: 2024-01-01, when: forms >= 1 or visits >= 5}
    - {from: 2025-01-01, when: fit_score >= 30 and (forms >= 1 or visits >= 5)}
"""
CONTACTS = 1_000_000

_TABLES = """
CREATE TABLE accounts AS SELECT 'a' || range AS account_id, range % 400 AS employees,
    ['Food', 'Retail', 'Pharma', 'Logistics'][range % 4 + 1] AS industry FROM range(0, {contacts}, 3);
CREATE TABLE contacts AS SELECT 'c' || lpad(CAST(range AS VARCHAR), 7, '0') AS contact_id,
    'a' || (range - range % 3) AS account_id FROM range({contacts});
CREATE TABLE contact_facts(contact_id VARCHAR, name VARCHAR, happened_at TIMESTAMP, happened_on DATE, value VARCHAR);
CREATE TABLE touch_times AS SELECT (range * 7919) % {contacts} AS contact, range AS number,
    TIMESTAMP '2024-01-01' + to_seconds(CAST((range * 104729) % 63072000 AS BIGINT)) AS happened_at
    FROM range({touches});
CREATE TABLE path_touches AS SELECT 't' || number AS touch_id, happened_at, CAST(happened_at AS DATE) AS happened_on,
    'c' || lpad(CAST(contact AS VARCHAR), 7, '0') AS contact_id, CAST(number % 6 + 1 AS TINYINT) AS touch_order,
    ['form', 'event', 'content', 'email_click', 'ad_click', 'visit'][number % 6 + 1] AS kind FROM touch_times;
CREATE TABLE passes AS SELECT contact_id, 1 AS pass, TIMESTAMP '2024-01-01' AS started_at,
    DATE '2024-01-01' AS started_on, CAST(NULL AS TIMESTAMP) AS ended_at,
    TIMESTAMP '2024-01-01' AS lead_stamped_at, DATE '2024-01-01' AS lead_stamped_on,
    CAST(NULL AS TIMESTAMP) AS mql_stamped_at, CAST(NULL AS DATE) AS mql_stamped_on FROM contacts;
"""


def main(touches: int) -> None:
    stages, problems = stages_of({"lead": ["created"], "mql": ["crm:MQL"]}, rules=RULES), Problems()
    models = read_models(Path("/nowhere"), stages, (), problems)
    problems.raise_if_any()
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("model.duckdb", "personal.duckdb", "scratch.duckdb")]
        with Workbench(*files) as bench:
            for statement in _TABLES.format(contacts=CONTACTS, touches=touches).split(";"):
                if statement.strip():
                    bench.execute(statement)
            total = 0.0
            for name in ("lead_moments", "rule_stamps"):
                sql = models[name].tree.sql(dialect="duckdb", identify=True, comments=False)
                begun = time.perf_counter()
                bench.execute(f"CREATE TABLE {quoted(name)} AS {sql}")
                took = time.perf_counter() - begun
                total += took
                rows = bench.frame(f"SELECT count(*) AS n FROM {quoted(name)}")["n"].item()
                sys.stdout.write(f"{name}: {rows:,} rows in {took:.1f} s\n")
            sys.stdout.write(f"together: {total:.1f} s\n")


if __name__ == "__main__":
    main(int(float(sys.argv[1]) * 1_000_000) if len(sys.argv) > 1 else 10_000_000)
