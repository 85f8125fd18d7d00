"""Questions beside hand-written SQL that gives equal answers, over the same sealed file in the same run.

    python -m tests.benchmarks.questions [--company FOLDER]

Prints per question the median of the compiled SQL, of the reference, and their ratio; then what compiling costs:
a question of a new shape, and one of a known shape about other days.
A question whose answer differs from its reference ends the run.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import polars as pl

from data.calendar import ONE_DAY, Period, preset
from data.engine import DuckDBEngine
from metrics import OpenCompany, Query, Session, open_company
from metrics.emit import emit_plan
from metrics.plan import plan

ROUNDS = 9
FUNNEL = "lead_to_customer"

TILES = """
select
  (select count(*) from leads where is_first_pass and lead_on >= $start and lead_on < $until) as leads,
  (select count(*) from leads where mql_on >= $start and mql_on < $until) as mqls,
  (select count(*) from leads where sal_on >= $start and sal_on < $until) as sals,
  (select count(*) from leads where opportunity_on >= $start and opportunity_on < $until) as opportunities,
  (select count(new_customer_id) from revenue where won_on >= $start and won_on < $until) as customers,
  (select coalesce(sum(amount), 0)::double from revenue
   where deal_type = 'new' and won_on >= $start and won_on < $until) as won_revenue
"""
BY_CHANNEL = """
select channel, count(*) as leads from leads
where is_first_pass and lead_on >= $start and lead_on < $until group by channel order by channel nulls last
"""
BY_MONTH = """
select date_trunc('month', mql_on)::date as period, count(*) as mqls from leads
where mql_on >= $start and mql_on < $until group by 1 order by 1
"""
COHORT = """
select
  count(*) as entered,
  count(*) filter (where lead_on + 210 < $day and customer_on < $day and customer_on - lead_on <= 210)
    / nullif(count(*) filter (where lead_on + 210 < $day), 0)::double as rate
from leads where is_first_pass and not lead_inferred and lead_on < $day and lead_on >= $start and lead_on < $until
"""


def questions(session: Session) -> list[tuple[str, Query, str, dict[str, Any]]]:
    """Name, question, reference SQL and its values."""
    assert session.through is not None
    week, year = (preset(name, session.through, session.company) for name in ("week", "12months"))
    day = session.reach.as_of(Query((FUNNEL,)))

    def days(period: Period) -> dict[str, Any]:
        return {"start": period.start, "until": period.until}

    tiles = ("leads", "mqls", "sals", "opportunities", "customers", "won_revenue")
    cohort = (f"{FUNNEL}.entered", f"{FUNNEL}.rate_matured")
    return [
        ("six tiles of a week", Query(tiles, period=week), TILES, days(week)),
        ("leads of a year by channel", Query(("leads",), ("channel",), period=year), BY_CHANNEL, days(year)),
        ("MQLs of a year by month", Query(("mqls",), grain="month", period=year), BY_MONTH, days(year)),
        ("the cohort of a year", Query(cohort, period=year), COHORT, {**days(year), "day": day}),
    ]


def other_days(query: Query) -> Iterator[Query]:
    """The question about as many days, one day earlier each time: another question of the same shape."""
    while query.period is not None:
        period = query.period
        query = replace(query, period=Period(period.start - ONE_DAY, period.until - ONE_DAY))
        yield query


def median_ms(work: Callable[[], object]) -> float:
    """The median of some rounds, after one that warms up."""
    work()
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def assert_equal(name: str, found: pl.DataFrame, wanted: pl.DataFrame) -> None:
    shown = [[round(cell, 6) if isinstance(cell, float) else cell for cell in row] for row in found.rows()]
    known = [[round(cell, 6) if isinstance(cell, float) else cell for cell in row] for row in wanted.rows()]
    if shown != known:
        sys.exit(f"{name}: the answers differ.\n{found}\n{wanted}")


def main() -> None:
    arguments = argparse.ArgumentParser(description="Questions beside hand-written SQL.")
    arguments.add_argument("--company", help="Company folder; default: TANDEM_COMPANY, else the demo.")
    company: OpenCompany = open_company(arguments.parse_args().company)
    session = company.at()
    engine = DuckDBEngine(session.generation.model)
    out = sys.stdout.write
    out(f"{session.manifest.tables['leads'].rows:,} passes, {session.manifest.tables['touches'].rows:,} touches\n")
    out(f"{'question':28} {'compiled ms':>12} {'reference ms':>13} {'ratio':>6}")
    out(f" {'new shape ms':>13} {'other days ms':>14}\n")
    for name, query, reference, values in questions(session):
        answer = session.answer(query)
        bound = {key: value for key, value in answer.values.items() if f"${key}" in answer.sql}
        assert_equal(name, answer.frame, engine.run(reference, values))
        compiled = median_ms(lambda sql=answer.sql, bound=bound: engine.run(sql, bound))
        written = median_ms(lambda sql=reference, values=values: engine.run(sql, values))

        def compile_anew(query: Query = query) -> None:
            emit_plan.cache_clear()
            emit_plan(plan(session.reach, query).plan)

        others = iter(other_days(query))
        anew, again = median_ms(compile_anew), median_ms(lambda others=others: session._compile(next(others)))
        ratio = compiled / written
        out(f"{name:28} {compiled:12.2f} {written:13.2f} {ratio:6.2f} {anew:13.2f} {again:14.3f}\n")
    engine.close()


if __name__ == "__main__":
    main()
