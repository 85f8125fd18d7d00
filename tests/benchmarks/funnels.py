"""What a funnel by month and channel costs, beside one warm scan of the columns that it needs, over the same file.

    python -m tests.benchmarks.funnels [--company FOLDER]

Prints the median of the scan, and of each question its median and its ratio to the scan, read from `leads` and from
the stored entries: the counts of each step (aim: at most 3), and the whole answer with Kaplan-Meier (aims: at most 9
and 3).
The time is that of the processor, so that other work on the machine counts less; TANDEM_THREADS=1 makes it steadier.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from data.engine import DuckDBEngine
from data.funnel_entries import FUNNEL_ENTRIES
from metrics import Query, open_company
from metrics.emit import emit_plan
from metrics.emit_funnels import emit_funnel
from metrics.plan import plan, plan_funnel
from metrics.reach import Reach
from tests.benchmarks.questions import FUNNEL, ROUNDS

SCAN = """
select count(lead_on), count(mql_on), count(opportunity_on), count(customer_on), count(channel),
       count(*) filter (where lead_inferred), count(*) filter (where is_first_pass)
from leads
"""
STEPS = ("tofu_conversion", "mofu_conversion", "bofu_conversion")
COUNTS = ("entered", "converted_to_date", "matured", "converted_matured")


def main() -> None:
    arguments = argparse.ArgumentParser(description="Funnels beside a scan of their columns.")
    arguments.add_argument("--company", help="Company folder; default: TANDEM_COMPANY, else the demo.")
    session = open_company(arguments.parse_args().company).at()
    engine = DuckDBEngine(session.generation.model)
    scan = _median_cpu_ms(lambda: engine.run(SCAN, {}))
    out = sys.stdout.write
    out(f"{session.manifest.tables['leads'].rows:,} passes; a scan of the columns takes {scan:.1f} ms\n")
    tables = {name: table for name, table in session.definitions.tables.items() if name != FUNNEL_ENTRIES}
    from_leads = Reach(session.company, session.manifest, replace(session.definitions, tables=tables))
    for place, reach in (("leads", from_leads), ("stored entries", session.reach)):
        for name, (sql, values) in _asked(reach).items():
            bound = {key: values[key] for key in set(re.findall(r"\$(\w+)", sql)) & values.keys()}
            took = _median_cpu_ms(lambda sql=sql, bound=bound: engine.run(sql, bound))
            out(f"{place:16} {name:28} {took:10.1f} ms {took / scan:8.1f}\n")
    engine.close()


def _asked(reach: Reach) -> dict[str, tuple[str, dict[str, Any]]]:
    """The questions by name, as SQL with its values."""
    counts = Query(tuple(f"{step}.{count}" for step in STEPS for count in COUNTS), ("channel",), "month")
    whole = (*COUNTS, "rate_to_date", "rate_matured", "rate_kaplan_meier")
    asked: dict[str, tuple[str, dict[str, Any]]] = {}
    for name, query in {
        "counts of each step": counts,
        "overall counts": Query(tuple(f"{FUNNEL}.{count}" for count in COUNTS), ("channel",), "month"),
        "overall, Kaplan-Meier too": Query(tuple(f"{FUNNEL}.{result}" for result in whole), ("channel",), "month"),
    }.items():
        planned = plan(reach, query)
        asked[name] = (emit_plan(planned.plan), planned.values)
    for name, counts_only in (("the table, counts only", True), ("the whole table", False)):
        table = plan_funnel(reach, FUNNEL, Query((FUNNEL,), ("channel",), "month"), counts_only=counts_only)
        assert table.plan is not None
        asked[name] = (emit_funnel(table.plan), table.values)
    return asked


def _median_cpu_ms(work: Callable[[], object]) -> float:
    """The median of several rounds in milliseconds of all threads of this process, after one that warms up."""
    work()
    took = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        took.append((time.process_time() - start) * 1000)
    return statistics.median(took)


if __name__ == "__main__":
    main()
