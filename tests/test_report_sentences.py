"""What a report says: only what its numbers carry, with them beside it; targets and restatements where sealed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alignment.report.composing import compose
from alignment.report.contents import Report, Section, Table
from alignment.report.sentences import (
    Month,
    in_table,
    kept,
    largest,
    lowest_step,
    matured_rate,
    moved,
    promises,
    standing,
    targets_met,
)
from alignment.snapshots import Snapshot
from metrics import Session
from tests.sealed_company import OCTOBER, sealed_october

MAY = Month("May 2026", "April 2026", "May 2025", "EUR")
SPACE = "\u00a0"


def row(
    value: float | None, previous: float | None = None, unit: str = "count", label: str = "Leads"
) -> dict[str, Any]:
    return {"label": label, "unit": unit, "value": value, "previous": previous, "last_year": None}


def plain(sentence: Any) -> str:
    return str(sentence.text).replace(SPACE, " ")


@pytest.mark.parametrize(
    ("given_row", "says"),
    [
        (row(120, 100), "Leads rose to 120 in May 2026, 20 % more than in April 2026."),
        (row(80, 100), "Leads fell to 80 in May 2026, 20 % less than in April 2026."),
        (row(0, 120), "Leads fell to 0 in May 2026, from 120 in April 2026."),
        (row(0, 0), "Leads: 0 in May 2026, as in April 2026."),
        (row(1300, 12), "Leads rose to 1,300 in May 2026, 1,288 more than in April 2026."),
        (row(-5, 20, "money", "Margin"), "Margin fell to \u2212€5 in May 2026, 125 % less than in April 2026."),
        (row(100, 100), "Leads: 100 in May 2026, as in April 2026."),
        (row(100, None), "Leads in May 2026: 100."),
        (row(3, 1), "Leads rose to 3 in May 2026, 2 more than in April 2026."),
        (row(5, 0), "Leads rose to 5 in May 2026, 5 more than in April 2026."),
        (row(0.25, 0.2, "ratio", "Win rate"), "Win rate rose to 25 % in May 2026, 5 points more than in April 2026."),
        (row(1.5e6, 2e6, "money", "Revenue"), "Revenue fell to €1.50 M in May 2026, 25 % less than in April 2026."),
    ],
)
def test_a_change_is_told_by_direction_and_size(given_row: dict[str, Any], says: str) -> None:
    assert plain(moved(given_row, MAY)).replace("€1.5 M", "€1.50 M") == says


def test_the_evidence_of_a_change_is_exact() -> None:
    told = moved({**row(1234567.4, 1e6, "money", "Revenue"), "last_year": 12.5}, MAY)
    assert told is not None
    assert told.evidence == "Revenue: €1,234,567 in May 2026, €1,000,000 in April 2026, €12.50 in May 2025."


def test_without_a_number_there_is_no_sentence() -> None:
    assert moved(row(None, 5), MAY) is None
    assert matured_rate(row(None), "March 2026") is None
    assert lowest_step([(row(None), "")]) is None
    assert largest(["a", None], [None, 4], "leads", "count", MAY, "channels", adds_up=True) is None
    assert promises(row(None), MAY) is None
    assert targets_met([], MAY) is None
    assert standing([3, None], "Leads", "count", MAY) is None
    assert standing([0, 0, 5], "Leads", "count", MAY) is None


def test_the_largest_group_is_never_the_one_without_a_name_but_its_share_is_of_all() -> None:
    told = largest(["Search", None, "Social"], [30, 60, 10], "leads", "count", MAY, "channels", adds_up=True)
    assert told is not None
    assert plain(told) == "Search has the most leads of all channels: 30, 30 % of all."
    assert told.evidence == "30 of 100 in May 2026; 60 unattributed."


def test_the_lowest_step_is_named_with_its_cohort_and_the_others_beside_it() -> None:
    steps = [(row(0.4, label="A to B"), "March 2026"), (row(0.2, label="B to C"), "January 2026")]
    told = lowest_step(steps)
    assert told is not None
    assert plain(told) == "B to C has the lowest rate of the steps: 20 % of those who entered in January 2026."
    assert "A to B 40" in told.evidence


def test_a_target_that_is_good_when_low_is_met_from_below() -> None:
    told = targets_met([("Leads", 90, 100, "up"), ("Cost", 90, 100, "down"), ("Wins", 100, 100, "up")], MAY)
    assert told is not None
    assert plain(told) == "2 of 3 numbers reached their target for May 2026."
    assert told.evidence == "Reached: Cost, Wins; missed: Leads."


def test_a_month_has_its_place_among_the_others() -> None:
    assert plain(standing([1, 2, 3], "Leads", "count", MAY)) == "Leads in May 2026: 3, the highest of 3 months."
    assert (
        plain(standing([1, 3, 2], "Leads", "count", MAY)) == "Leads in May 2026: 2; 1 of the 2 other months was higher."
    )
    assert plain(standing([2, 3, 1], "Leads", "count", MAY)) == "Leads in May 2026: 1, the lowest of 3 months."


@pytest.mark.parametrize(("values", "says"), [
    ([4, 3, 2], "Leads in May 2026: 2, the lowest of 3 months."),
    ([4, 3, 5, 2], "Leads in May 2026: 2, the lowest of 4 months."),
    ([4, 3, 1, 2], "Leads in May 2026: 2; 2 of the 3 other months were higher."),
    ([3, 2, 3], "Leads in May 2026: 3, with others the highest of 3 months."),
    ([1, 2, 1], "Leads in May 2026: 1, with others the lowest of 3 months."),
    ([0, 0, 0], "Leads in May 2026: 0, as in each of 3 months."),
    ([None, 1, 2], "Leads in May 2026: 2, the highest of 2 months."),
    ([0, None, 0, 2, 0], "Leads in May 2026: 0, the lowest of 2 months."),
    ([0, 0, 0, 3, 5], "Leads in May 2026: 5, the highest of 2 months."),
])  # fmt: skip
def test_a_month_that_is_like_others_is_not_called_the_first_or_the_last(values: list[float], says: str) -> None:
    assert plain(standing(values, "Leads", "count", MAY)) == says


@pytest.mark.parametrize(("values", "says", "rests_on"), [
    ([5, 5, None], "Search and Social have the most leads of all channels, each with 5, 50 % of all.",
     "5 of 10 in May 2026."),
    ([0, 4, 6], "Of all channels only Social has leads: 4, 40 % of all.", "4 of 10 in May 2026; 6 unattributed."),
    ([1, 3, 4], "Social has the most leads of all channels: 3, 37.5 % of all.",
     "3 of 8 in May 2026; 4 unattributed."),
])  # fmt: skip
def test_equal_groups_are_named_together_and_what_no_group_has_is_in_the_evidence(
    values: list[float], says: str, rests_on: str
) -> None:
    told = largest(["Search", "Social", None], values, "leads", "count", MAY, "channels", adds_up=True)
    assert told is not None
    assert (plain(told), told.evidence) == (says, rests_on)


def test_many_equal_groups_are_counted() -> None:
    told = largest(["a", "b", "c", "d"], [1, 1, 1, 1], "leads", "count", MAY, "campaigns", adds_up=True)
    assert plain(told) == "4 campaigns have the most leads, each with 1, 25 % of all."


def test_two_lowest_steps_are_both_named() -> None:
    told = lowest_step([(row(0.2, label="A to B"), "March 2026"), (row(0.2, label="B to C"), "January 2026")])
    assert plain(told) == "A to B and B to C have the lowest rate of the steps: 20 %."


def test_a_target_whose_number_is_not_known_is_neither_met_nor_missed() -> None:
    told = targets_met([("Leads", None, 100, "up"), ("Cost", 90, 100, "down")], MAY)
    assert plain(told) == "1 of 2 numbers reached their target for May 2026."
    assert told is not None
    assert told.evidence == "Reached: Cost; without a number: Leads."


@pytest.mark.parametrize(("rows", "says"), [
    ([True], "1 of 1 promise whose own time ended in May 2026 was kept."),
    ([False, False], "0 of 2 promises whose own time ended in May 2026 were kept."),
    ([None, True], "1 of 1 promise whose own time ended in May 2026 was kept."),
])  # fmt: skip
def test_one_promise_and_none_are_told_in_good_grammar(rows: list[bool | None], says: str) -> None:
    assert plain(kept([{"label": "Calls", "is_kept": one} for one in rows], MAY)) == says


@given(value=st.floats(-1e12, 1e12), previous=st.floats(-1e12, 1e12))
@settings(max_examples=60, deadline=None)
def test_a_sentence_never_says_the_wrong_direction(value: float, previous: float) -> None:
    told = moved(row(value, previous, "money", "Revenue"), MAY)
    assert told is not None
    assert (" rose " not in told.text) or value > previous
    assert (" fell " not in told.text) or value < previous


def test_numbers_in_tables_are_exact() -> None:
    written = [in_table(value, unit, "EUR").replace(SPACE, " ") for value, unit in (
        (1234.56, "money"), (49.214, "money"), (0.0, "money"), (0.25, "ratio"), (0.00001, "ratio"), (2.5, "count"),
        (1234567.0, "count"), (None, "count"), (-0.031, "ratio"),
    )]  # fmt: skip
    assert written == ["€1,235", "€49.21", "€0", "25.0 %", "< 0.1 %", "2.5", "1,234,567", "\u2013", "\u22123.1 %"]


# -- what is sealed beside the numbers ------------------------------------------------------------------------------


@dataclass(frozen=True)
class WithMore(Snapshot):
    """A sealed month with further tables, as a month with an agreement or an earlier sealed month has."""

    more: Any = None

    def frame(self, name: str) -> pl.DataFrame:
        found: pl.DataFrame = self.more[name] if name in self.more else super().frame(name)
        return found

    def has(self, name: str) -> bool:
        return name in self.more or super().has(name)


def composed(demo: Session, more: dict[str, pl.DataFrame]) -> Report:
    snapshot = sealed_october(demo)
    return compose(WithMore(snapshot.folder, snapshot.manifest, more))


def section(report: Report, name: str) -> Section:
    return next(one for one in report.sections if one.name == name)


def rows_of(table: Table) -> dict[str, dict[str, Any]]:
    labels = [column.label for column in table.columns]
    return {str(one[0]): dict(zip(labels, one, strict=True)) for one in table.rows}


def a_target(start: dt.date, until: dt.date, target: float) -> dict[str, Any]:
    return {"metric": "leads", "label": "Leads", "unit": "count", "target": target, "start": start, "until": until}


def test_a_target_of_the_month_stands_beside_its_number_with_what_was_attained(demo: Session) -> None:
    targets = pl.DataFrame([a_target(OCTOBER.start, OCTOBER.until, 2.0)])
    report = composed(demo, {"targets": targets})
    (table,) = section(report, "summary").tables
    leads = rows_of(table)["Leads"]
    assert leads["Target"] == 2.0
    assert leads["Attainment"] == leads["October 2026"] / 2 > 1
    assert "1 of 1 number reached its target for October 2026." in [
        one.text for one in section(report, "summary").sentences
    ]
    assert "No targets were agreed for this month." not in table.notes


def test_a_target_of_a_quarter_is_told_but_not_compared_with_a_month(demo: Session) -> None:
    targets = pl.DataFrame([a_target(dt.date(2026, 10, 1), dt.date(2027, 1, 1), 120.0)])
    report = composed(demo, {"targets": targets, "promises": pl.DataFrame()})
    (table,) = section(report, "summary").tables
    assert rows_of(table)["Leads"]["Target"] is None
    listed = next(one for one in section(report, "promises").tables if one.name == "targets")
    assert listed.rows[0][1] == 120.0


def test_earlier_months_that_are_others_today_are_told_by_cause(demo: Session) -> None:
    effects = pl.DataFrame([
        {"month": "2026-09", "revision": 1, "metric": "leads", "label": "Leads", "unit": "count", "sealed": 10.0,
         "today": 12.0, "difference": 2.0, "cause": "late event", "effect": 2.0},
    ])  # fmt: skip
    records = pl.DataFrame([
        {"month": "2026-09", "metric": "leads", "part": "value", "cause": "late event", "kind": "contact",
         "record": key, "before": 0.0, "after": 1.0, "effect": 1.0} for key in ("c8 / 1", "c9 / 1")
    ])  # fmt: skip
    report = composed(demo, {"restated/effects": effects, "restated/records": records})
    told = section(report, "restatement")
    assert [row[1:] for row in told.further[0].rows] == [
        ("Leads", "value", "late event", "contact", key, 0.0, 1.0, 1.0) for key in ("c8 / 1", "c9 / 1")
    ]
    assert told.tables[0].rows == (("2026-09", 1, "Leads", 10.0, 12.0, 2.0, "late event", 2.0),)
    assert "1 number" in told.sentences[0].text


def test_promises_are_told_with_what_came_of_them(demo: Session) -> None:
    def promise(label: str, is_kept: bool | None, value: float) -> dict[str, Any]:
        return {"label": label, "team": "sales", "unit": "ratio", "target": 0.5, "value": value, "is_kept": is_kept,
                "attainment": value / 0.5, "start": OCTOBER.start, "until": OCTOBER.until}  # fmt: skip

    promises = pl.DataFrame([promise("Calls", True, 0.6), promise("Verdicts", False, 0.4), promise("Goal", None, 0.1)])
    told = section(composed(demo, {"promises": promises}), "promises")
    assert told.sentences[0].text == "1 of 2 promises whose own time ended in October 2026 were kept."
    assert told.sentences[0].evidence == "Kept: Calls; not kept: Verdicts."
    rows = rows_of(next(one for one in told.tables if one.name == "targets"))
    assert [rows[name]["Kept"] for name in ("Calls", "Verdicts", "Goal")] == ["kept", "not kept", "still open"]
    assert rows["Calls"]["Attainment"] == 1.2
    assert rows["Calls"]["Over"] == "October 2026"
