"""What the pages cost: every page's uncached questions, and a rerun from the cache, on one sealed generation.

    python tandem.py demo --contacts 1000000
    python -m tests.benchmarks.pages

Prints per page the questions, their time in the database, its ratio to one warm count over all leads, and the whole
time of a rerun.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import polars as pl
from streamlit import cache_resource
from streamlit.testing.v1 import AppTest

from data.engine import DuckDBEngine, Values
from metrics import open_company

APP = Path(__file__).resolve().parents[2] / "app.py"
PAGES = sorted(page.stem for page in (APP.parent / "pages").glob("[!_]*.py"))
SCAN = "select count(*), count(mql_on), count(opportunity_on), count(customer_on), count(channel) from leads"
ROUNDS = 9


class Watch:
    """Counts what the engine is asked and how long it takes, for as long as it stands in its place."""

    def __init__(self) -> None:
        self.questions, self.seconds = 0, 0.0
        self._run = DuckDBEngine.run

    def __enter__(self) -> Watch:
        watch, run = self, self._run

        def watched(engine: DuckDBEngine, sql: str, values: Values) -> pl.DataFrame:
            began = time.perf_counter()
            try:
                return run(engine, sql, values)
            finally:
                watch.questions += 1
                watch.seconds += time.perf_counter() - began

        DuckDBEngine.run = watched  # type: ignore[method-assign]  # the one seam that every question passes
        return self

    def __exit__(self, *_: object) -> None:
        DuckDBEngine.run = self._run  # type: ignore[method-assign]  # what stood there before


def scan_ms() -> float:
    """One warm count over the columns of stages and channel."""
    engine = DuckDBEngine(open_company().at().generation.model)
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        engine.run(SCAN, {})
        taken.append((time.perf_counter() - began) * 1000)
    engine.close()
    return statistics.median(taken)


def main() -> None:
    out = sys.stdout.write
    passes = open_company().at().manifest.tables["leads"].rows
    scan = scan_ms()
    out(f"{passes:,} passes; one warm scan takes {scan:.2f} ms\n")
    out(f"{'page':12} {'questions':>9} {'uncached ms':>12} {'scans':>6} {'rerun ms':>9}\n")
    for page in PAGES:
        cache_resource.clear()  # a company opened anew has an empty cache of results
        with Watch() as watch:
            screen = AppTest.from_file(str(APP), default_timeout=120).switch_page(f"pages/{page}.py").run()
        began = time.perf_counter()
        screen.run()
        rerun = (time.perf_counter() - began) * 1000
        asked = watch.seconds * 1000
        out(f"{page:12} {watch.questions:9} {asked:12.1f} {asked / scan:6.1f} {rerun:9.0f}\n")


if __name__ == "__main__":
    main()
