"""Formulas and balances as analysts write them: what they give, and what is said of those that cannot stand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from data.calendar import Period
from data.errors import InvalidFiles, InvalidQuestion
from metrics import Query, Session
from metrics.explain import explain
from metrics.loading import load_definitions

YEAR = Period(dt.date(2026, 1, 1), dt.date(2026, 10, 1))
MARGIN = """
metrics:
  after_spend:
    label: Won revenue after spend
    description: What is left of won revenue when its spend is paid.
    kind: formula
    expr: "{won_revenue} - {spend}"
    unit: money
  paid_share:
    label: Paid share
    description: Of all leads, those of paid search, in hundred.
    kind: formula
    expr: 100 * {paid} / {leads}
    inputs: {paid: {metric: leads, where: channel = 'paid_search'}}
    unit: count
"""


def session_with(demo: Session, folder: Path, definitions: str) -> Session:
    (folder / "definitions").mkdir()
    (folder / "definitions" / "ours.yaml").write_text(definitions, encoding="utf-8")
    found = load_definitions(replace(demo.company, folder=folder), demo.manifest.describe())
    return Session(demo.company, demo.generation, found)


class TestFormulas:
    def test_a_group_that_one_side_lacks_counts_as_nothing_there(self, demo: Session, tmp_path: Path) -> None:
        session = session_with(demo, tmp_path, MARGIN)
        names = ("after_spend", "won_revenue", "spend")
        frame = session.answer(Query(names, by=("channel",), period=YEAR)).frame
        assert frame.height > 3
        for _, left, revenue, spend in frame.iter_rows():
            assert left == pytest.approx(revenue - spend)
        assert 0 in frame["spend"].to_list()

    def test_an_input_is_narrowed_by_its_own_condition(self, demo: Session, tmp_path: Path) -> None:
        session = session_with(demo, tmp_path, MARGIN)
        paid = session.answer(Query(("leads",), where="channel = 'paid_search'")).number("leads")
        leads = session.answer(Query(("leads",))).number("leads")
        assert paid
        assert leads
        assert session.answer(Query(("paid_share",))).number("paid_share") == round(100 * paid / leads)

    def test_its_rows_are_those_of_its_inputs(self, demo: Session, tmp_path: Path) -> None:
        session = session_with(demo, tmp_path, MARGIN)
        assert [part.label for part in session.rows(Query(("after_spend",), period=YEAR))] == ["Won revenue", "Spend"]

    def test_it_is_explained_in_the_words_of_its_inputs(self, demo: Session, tmp_path: Path) -> None:
        session = session_with(demo, tmp_path, MARGIN)
        assert explain(session.reach, "after_spend").formula == "Won revenue - Spend"
        assert "after_spend" in explain(session.reach, "spend").used_by

    @pytest.mark.parametrize(
        ("written", "sentence"),
        [
            (
                "expr: won_revenue - spend",
                "'expr' is 'won_revenue - spend'; write each metric in braces, for example {won_revenue} - {spend}.",
            ),
            ('expr: "{won_revenue} - {spent}"', "ours: unknown metric 'spent'. Did you mean 'spend'?"),
            (
                'expr: "{won_revenue} - {ours}"',
                "ours: is made of itself: ours -> ours.",
            ),
            ('expr: "{won_revenue} - spend"', "ours: unknown metric in braces 'spend'. Known: won_revenue."),
            ('expr: "sum({won_revenue})"', "ours: 'SUM(\"won_revenue\")': an aggregate is not allowed here"),
            (
                'expr: "{won_revenue}"\n    inputs: {cost: spend}',
                "ours: the input 'cost' does not stand in 'expr': write it there as {cost}.",
            ),
        ],
    )
    def test_a_formula_that_cannot_stand_says_why(
        self, demo: Session, tmp_path: Path, written: str, sentence: str
    ) -> None:
        common = "label: Ours\n    description: Ours.\n    kind: formula\n    unit: money"
        text = f"metrics:\n  ours:\n    {common}\n    {written}\n"
        with pytest.raises(InvalidFiles) as told:
            session_with(demo, tmp_path, text)
        assert sentence in str(told.value)
        assert len(told.value.problems) == 1


class TestBalances:
    def test_split_by_time_it_needs_a_period(self, demo: Session) -> None:
        with pytest.raises(InvalidQuestion) as told:
            demo.answer(Query(("open_pipeline",), grain="month"))
        assert str(told.value) == (
            "'open_pipeline' looks beyond the days of its period: to split it by month give the period, from and to."
        )

    def test_it_never_looks_past_the_day_that_the_data_reaches(self, demo: Session) -> None:
        now = demo.answer(Query(("open_pipeline",))).number("open_pipeline")
        far = Query(("open_pipeline",), grain="month", period=Period(dt.date(2026, 11, 1), dt.date(2026, 12, 1)))
        assert demo.answer(far).frame["open_pipeline"].to_list() == [pytest.approx(now)]

    def test_it_stands_beside_flows_of_the_same_periods(self, demo: Session) -> None:
        frame = demo.answer(Query(("open_pipeline", "leads"), grain="month", period=YEAR)).frame
        assert frame["period"].to_list() == [dt.date(2026, month, 1) for month in range(1, 10)]
        assert frame["leads"].sum() == demo.answer(Query(("leads",), period=YEAR)).number("leads")

    @pytest.mark.parametrize(
        ("time", "sentence"),
        [
            ("{open_from: created_on}", "ours.time: the key 'open_until' is missing (text)."),
            (
                "{open_from: created_on, open_until: amount}",
                "ours.time: 'open_until' is 'amount'; it must be a date column of pipeline.",
            ),
        ],
    )
    def test_a_balance_that_cannot_stand_says_why(
        self, demo: Session, tmp_path: Path, time: str, sentence: str
    ) -> None:
        common = "label: Ours, description: Ours., kind: aggregate, table: pipeline, expr: count(*), unit: count"
        with pytest.raises(InvalidFiles) as told:
            session_with(demo, tmp_path, f"metrics:\n  ours: {{{common}, time: {time}}}\n")
        assert sentence in str(told.value)
