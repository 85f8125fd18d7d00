"""What questions about credit cost, beside one warm scan of the raw columns that credit is made of.

    python tandem.py demo --contacts 1000000
    python -m tests.benchmarks.credit [--company FOLDER]

Prints the rows of each table, the median of the scan, and of each question its median and its ratio to the scan (aim:
at most 0.5), from the sums by day and from the shares; at last Markov, which is asked from its transitions (aim: at
most 100 ms). The removal effects are in the times, compiling is not.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import polars as pl

from data.attribution import MARKOV
from data.engine import DuckDBEngine
from metrics import Query, Session, open_company
from metrics.answers import Results

ROUNDS = 9
SCAN = """
select count(contact_id), count(happened_at), count(channel), count(source), count(campaign_id),
       count(*) filter (where kind <> 'email_sent')
from touches
"""
QUESTIONS = {
    "revenue by channel": Query(("credited_revenue",), ("channel",), model="w_shaped"),
    "pipeline by campaign": Query(("credited_pipeline",), ("campaign",), model="linear"),
    "customers by source and month": Query(("credited_customers",), ("source",), grain="month", model="time_decay"),
    "causes of no campaign": Query(("credited_revenue",), ("campaign", "unattributed_cause"), model="first"),
    "revenue by content": Query(("credited_revenue",), ("content",), model="w_shaped"),
    "revenue by persona": Query(("credited_revenue",), ("persona",), model="w_shaped"),
}


class Forgetful(Results):
    """Keeps no answer, so that each is asked of the database."""

    def get(self, key: object, compute: Callable[[], pl.DataFrame]) -> pl.DataFrame:  # noqa: ARG002  # the signature of what it replaces
        return compute()


def main() -> None:
    arguments = argparse.ArgumentParser(description="Credit beside a scan of touches.")
    arguments.add_argument("--company", help="Company folder; default: TANDEM_COMPANY, else the demo.")
    opened = open_company(arguments.parse_args().company).at()
    engine = DuckDBEngine(opened.generation.model)
    session = Session(opened.company, opened.generation, opened.definitions, Forgetful(), engine)
    out = sys.stdout.write
    for table in ("touches", "journeys", "credit", "credit_days", "transitions"):
        out(f"{table:12} {session.manifest.tables[table].rows:>12,} rows\n")
    scan = _median_ms(lambda: engine.run(SCAN, {}))
    out(f"a scan of the touches takes {scan:.1f} ms\n")
    markov = replace(QUESTIONS["revenue by channel"], model=MARKOV)
    for name, query in {**QUESTIONS, "revenue by channel, Markov": markov}.items():
        took = _median_ms(lambda query=query: session.answer(query))
        sql = session.answer(query).sql
        place = "transitions" if query.model == MARKOV else "credit_days" if '"credit_days"' in sql else "credit"
        out(f"{name:32} {place:12} {took:8.1f} ms {took / scan:6.2f}\n")
    engine.close()


def _median_ms(work: Callable[[], object]) -> float:
    work()
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


if __name__ == "__main__":
    main()
