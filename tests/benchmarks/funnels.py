"""What a funnel by month and channel costs, beside one warm scan of the columns that it needs, over the same file.

    python -m tests.benchmarks.funnels [--company FOLDER]

Prints the median of the scan, and of each question its median and its ratio to the scan: the counts of each step (aim:
at most 3), and the whole answer with Kaplan-Meier (aim: at most 9).
"""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any

from data.engine import DuckDBEngine
from metrics import Query, open_company
from metrics.emit import emit_plan
from metrics.emit_funnels import emit_funnel
from metrics.plan import plan, plan_funnel
from tests.benchmarks.questions import FUNNEL, median_ms

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
    asked: dict[str, tuple[str, dict[str, Any]]] = {}
    counts = Query(tuple(f"{step}.{count}" for step in STEPS for count in COUNTS), ("channel",), "month")
    whole = (*COUNTS, "rate_to_date", "rate_matured", "rate_kaplan_meier")
    for name, query in {
        "counts of each step": counts,
        "overall counts": Query(tuple(f"{FUNNEL}.{count}" for count in COUNTS), ("channel",), "month"),
        "overall, Kaplan-Meier too": Query(tuple(f"{FUNNEL}.{result}" for result in whole), ("channel",), "month"),
    }.items():
        planned = plan(session.reach, query)
        asked[name] = (emit_plan(planned.plan), planned.values)
    table = plan_funnel(session.reach, FUNNEL, Query((FUNNEL,), ("channel",), "month"))
    assert table.plan is not None
    asked["the whole table"] = (emit_funnel(table.plan), table.values)
    scan = median_ms(lambda: engine.run(SCAN, {}))
    out = sys.stdout.write
    out(f"{session.manifest.tables['leads'].rows:,} passes; a scan of the columns takes {scan:.1f} ms\n")
    for name, (sql, values) in asked.items():
        bound = {key: values[key] for key in set(re.findall(r"\$(\w+)", sql)) & values.keys()}
        took = median_ms(lambda sql=sql, bound=bound: engine.run(sql, bound))
        out(f"{name:28} {took:10.1f} ms {took / scan:8.1f}\n")
    engine.close()


if __name__ == "__main__":
    main()
