"""Funnels in all their words, against loops in plain Python and against what was worked out by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import product
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.calendar import Period
from metrics import Query, Session
from metrics.kinds import FUNNEL_RESULTS
from tests import oracle_funnel
from tests.depth import deep
from tests.oracle_funnel import Question, Row, cumulative_incidence, kaplan_meier
from tests.tiny_companies import companies
from tests.tiny_sessions import TinyCompany, rows_in

HOURS = dt.timedelta(hours=1)
# The windows of lead, MQL and customer, by days and by hours.
WINDOWS: dict[str, tuple[Any, Any]] = {"days": (20, 40), "mixed": (30 * HOURS, 40), "hours": (30 * HOURS, 500 * HOURS)}
WORDS = list(
    product(WINDOWS, ("first", "every"), ("imply", "require"), ("exclude", "show_open", "include"),
            (("passes", ()), ("accounts", ()), ("accounts", ("channel",))))
)  # fmt: skip


def _written(window: Any) -> str:
    return f"{window // HOURS} hours" if isinstance(window, dt.timedelta) else f"{window} days"


def _definition(index: int) -> str:
    windows, entry, skips, maturity, (counts, hold) = WORDS[index]
    mql, customer = (_written(window) for window in WINDOWS[windows])
    return (
        f"  f{index}: {{label: F, description: F., kind: funnel, entry: {entry}, skips: {skips}, maturity: {maturity},"
        f" counts: {counts}, hold: [{', '.join(hold)}], steps: [{{stage: lead}}, {{stage: mql, within: {mql}}},"
        f" {{stage: customer, within: {customer}}}]}}\n"
    )


OWN = """\
  won:
    {label: W, description: W., kind: funnel, counts: deals,
     steps: [{stage: opportunity}, {stage: customer, within: 30 days}]}
  by_step:
    label: B
    description: B.
    kind: funnel
    steps:
      - {stage: lead}
      - {stage: opportunity, within: 60 days, counts: accounts}
      - {stage: customer, within: 30 days, counts: deals}
"""
DEFINITIONS = "metrics:\n" + "".join(_definition(index) for index in range(len(WORDS))) + OWN


@pytest.fixture(scope="module")
def tiny() -> TinyCompany:
    return TinyCompany(definitions=DEFINITIONS)


def as_of_days(most: int) -> st.SearchStrategy[dt.date]:
    return st.integers(1, most).map(lambda days: dt.date(2024, 1, 1) + dt.timedelta(days=days))


questions = st.builds(
    Question,
    as_of=as_of_days(220),
    by=st.sampled_from([(), ("channel",)]),
    grain=st.sampled_from([None, "month", "day"]),
    since=st.sampled_from([None, None, dt.date(2024, 1, 20)]),
)
few = settings(
    max_examples=deep(8, 40), deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip


def rounded(rows: dict[tuple[Any, ...], Row]) -> dict[tuple[Any, ...], Row]:
    """Shares go through logarithms, which are right to many digits but not to the last."""
    return {
        tuple(round(cell, 6) if isinstance(cell, float) else cell for cell in key): {
            name: round(cell, 9) if cell else cell for name, cell in row.items()
        }
        for key, row in rows.items()
    }


def assert_all(session: Session, name: str, steps: Any, asked: Question, about: dict[str, list[Row]]) -> None:
    """The table of a funnel and its overall results against the oracle."""
    period = Period(asked.since, dt.date(2024, 3, 20)) if asked.since else None
    asked = replace(asked, until=period.until if period else None)
    query = Query((name,), by=asked.by, grain=asked.grain, period=period, as_of=asked.as_of)
    keys = (*asked.by, *(("period",) if asked.grain else ()))
    frame = session.funnel(name, query).frame
    found = {
        (row["step"], row["within_days"], *(row[key] for key in keys)): {key: row[key] for key in FUNNEL_RESULTS}
        for row in frame.iter_rows(named=True)
        if row["entered"]
    }
    assert rounded(found) == rounded(oracle_funnel.table(about["leads"], steps, asked, about["pipeline"]))
    metrics = (name, *(f"{name}.{result}" for result in FUNNEL_RESULTS))
    single = {
        tuple(row[key] for key in keys): {
            "headline": row[name],
            **{key: row[f"{name}.{key}"] for key in FUNNEL_RESULTS},
        }
        for row in session.answer(replace(query, metrics=metrics)).frame.iter_rows(named=True)
        if row[f"{name}.entered"]
    }
    assert rounded(single) == rounded(oracle_funnel.overall(about["leads"], steps, asked, about["pipeline"]))


class TestEveryWordOfTheVocabulary:
    @few
    @given(rows=companies, asked=questions, chosen=st.lists(st.integers(0, len(WORDS) - 1), min_size=3, max_size=3))
    def test_a_funnel_is_the_oracles(
        self, tiny: TinyCompany, rows: dict[str, list[Row]], asked: Question, chosen: list[int]
    ) -> None:
        session = tiny.session(rows)
        about = {name: rows_in(session, name) for name in ("leads", "pipeline")}
        for index in chosen:
            windows, entry, skips, maturity, (counts, hold) = WORDS[index]
            mql, customer = WINDOWS[windows]
            steps = [("lead", None), ("mql", mql), ("customer", customer)]
            own = replace(asked, entry=entry, skips=skips, maturity=maturity, counts=counts, hold=hold)
            assert_all(session, f"f{index}", steps, own, about)

    @few
    @given(rows=companies, asked=questions)
    def test_what_a_step_counts_is_the_oracles(
        self, tiny: TinyCompany, rows: dict[str, list[Row]], asked: Question
    ) -> None:
        session = tiny.session(rows)
        about = {name: rows_in(session, name) for name in ("leads", "pipeline")}
        won = [("opportunity", None), ("customer", 30)]
        assert_all(session, "won", won, replace(asked, counts="deals"), about)
        steps = [("lead", None), ("opportunity", 60, "accounts"), ("customer", 30, "deals")]
        assert_all(session, "by_step", steps, asked, about)


class TestInvariants:
    @few
    @given(rows=companies, as_of=as_of_days(220), windows=st.tuples(st.integers(0, 60), st.integers(0, 60)))
    def test_a_wider_window_never_lowers_a_curve(
        self, tiny: TinyCompany, rows: dict[str, list[Row]], as_of: dt.date, windows: tuple[int, int]
    ) -> None:
        session = tiny.session(rows)
        query = Query(("lead_to_customer",), as_of=as_of, within=tuple(sorted(set(windows))))
        frame = session.funnel("lead_to_customer", query).frame.filter(pl.col("step") == "customer")
        for name in ("rate_kaplan_meier", "rate_cumulative_incidence"):
            assert frame[name].to_list() == sorted(frame[name].to_list(), key=lambda rate: rate or 0)

    @few
    @given(rows=companies, later=st.integers(1, 200))
    def test_what_happens_after_maturity_changes_nothing(
        self, tiny: TinyCompany, rows: dict[str, list[Row]], later: int
    ) -> None:
        session = tiny.session(rows)
        names = ("matured", "converted_matured", "rate_matured", "rate_kaplan_meier", "median_days", "p90_days")
        period = Period(dt.date(2024, 1, 1), dt.date(2024, 2, 1))
        matured = period.until + dt.timedelta(days=31)
        for metric in ("tofu_conversion", "f0"):
            asked = Query(tuple(f"{metric}.{name}" for name in names), period=period, within=(30,))
            at_once = session.answer(replace(asked, as_of=matured)).frame
            long_after = session.answer(replace(asked, as_of=matured + dt.timedelta(days=later))).frame
            assert at_once.rows() == long_after.rows()


class TestByHand:
    def test_kaplan_meier_of_the_pairs_in_the_books(self) -> None:
        pairs = [(2, 0), (3, 0), (6, 1), (6, 1), (7, 1), (10, 0)]
        # At 6 four are at risk and two convert: 1/2 stays; at 7 two are at risk and one converts: 1/4 stays.
        assert kaplan_meier(pairs, 9) == pytest.approx(0.75)

    def test_losses_compete(self) -> None:
        exits = [(2, "lost"), (3, "won"), (5, "lost"), (6, "won")]
        assert kaplan_meier([(time, how == "won") for time, how in exits], 6) == pytest.approx(1)
        assert cumulative_incidence(exits, 6) == pytest.approx(0.5)

    def test_the_compiled_curves_give_the_same(self, tiny: TinyCompany) -> None:
        first, names = dt.datetime(2024, 1, 1), "ABCD"
        lost, won = {"A": 2, "C": 5}, {"B": 3, "D": 6}
        deals = [
            {"deal_id": name, "created_at": first, "closed_at": first + dt.timedelta(days=(lost | won)[name]),
             "is_won": name in won, "is_closed": True, "type": "new"}
            for name in names
        ]  # fmt: skip
        session = tiny.session({"deals": deals, "contacts": [], "deal_contacts": []})
        results = ("rate_kaplan_meier", "rate_cumulative_incidence", "median_days", "p90_days", "still_open")
        frame = session.answer(Query(tuple(f"won.{result}" for result in results))).frame
        # Two waits, 3 and 6 days: the median lies halfway, nine tenths of the way is 3 + 0.9 * 3.
        assert frame.row(0) == pytest.approx((1.0, 0.5, 4.5, 5.7, 0))
        curve = session.curve("won", Query(("won",))).frame
        assert curve.select("days", "at_risk", "converted", "lost").rows() == [
            (2, 4, 0, 1), (3, 3, 1, 0), (5, 2, 0, 1), (6, 1, 1, 0),
        ]  # fmt: skip
        # At 3 one of three at risk converts; with losses competing it is one of the four that entered.
        assert curve["kaplan_meier"].to_list() == pytest.approx([0, 1 / 3, 1 / 3, 1])
        assert curve["cumulative_incidence"].to_list() == pytest.approx([0, 0.25, 0.25, 0.5])
