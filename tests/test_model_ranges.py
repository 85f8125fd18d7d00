"""The range over attribution models, and whether a rank or a return hangs on the model: by hand, and by loops."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import Query, Session
from metrics.model_ranges import always_first, by_every_model, model_ranges, sometimes_first
from metrics.modelled import by_models
from metrics.plan import models_for

MODELS = ["one", "two", "three"]
FRAME = pl.DataFrame(
    {
        "campaign": ["fair", "mail", "ads", "quiet", None],
        "one": [100.0, 90.0, 10.0, 0.0, 500.0],
        "two": [120.0, 120.0, 80.0, 0.0, 400.0],
        "three": [60.0, 70.0, 130.0, None, 300.0],
    }
)
SPEND = {"fair": 60.0, "ads": 80.0, "quiet": 5.0, "unseen": 7.0, "free": 0.0, None: 1.0}


class TestByHand:
    def test_a_range_is_from_the_lowest_to_the_highest_credit(self) -> None:
        found = {one.group: (one.low, one.high) for one in model_ranges(FRAME, "campaign", MODELS, {})}
        assert found == {"fair": (60, 120), "mail": (70, 120), "ads": (10, 130), "quiet": (0, 0), None: (300, 500)}

    def test_equal_credit_shares_a_place_and_the_empty_group_has_none(self) -> None:
        ranks = {one.group: list(one.ranks.values()) for one in model_ranges(FRAME, "campaign", MODELS, {})}
        assert ranks == {"fair": [1, 1, 3], "mail": [2, 1, 2], "ads": [3, 3, 1], "quiet": [4, 4, 4], None: []}

    def test_what_rounding_makes_differ_is_equal(self) -> None:
        frame = pl.DataFrame({"campaign": ["a", "b"], "one": [0.1 + 0.2, 0.3]})
        assert [one.ranks["one"] for one in model_ranges(frame, "campaign", ["one"], {"a": 0.3})] == [1, 1]

    def test_a_return_is_counted_by_how_many_models_it_is_at_least_one(self) -> None:
        found = {
            one.group: (one.earned_back, one.return_depends) for one in model_ranges(FRAME, "campaign", MODELS, SPEND)
        }
        assert found == {
            "fair": (3, False),  # 60 for 60 is a return of 1
            "ads": (2, True),
            "mail": (None, False),  # nothing was spent on it
            "quiet": (0, False),
            "unseen": (0, False),  # it cost something, and no touch of it led anywhere
            None: (3, False),
        }

    def test_the_largest_possible_credit_stands_first_and_the_empty_group_last(self) -> None:
        assert [one.group for one in model_ranges(FRAME, "campaign", MODELS, {})] == [
            "ads",
            "fair",
            "mail",
            "quiet",
            None,
        ]

    def test_who_is_first_by_every_model_and_who_by_some(self) -> None:
        found = model_ranges(FRAME, "campaign", MODELS, {})
        assert (always_first(found, 1), sometimes_first(found, 1)) == ([], ["ads", "fair", "mail"])
        assert (always_first(found, 2), sometimes_first(found, 2)) == (["mail"], ["ads", "fair"])
        assert (always_first(found, 3), sometimes_first(found, 3)) == (["ads", "fair", "mail"], [])
        assert [one.rank_depends for one in found] == [True, True, True, False, False]


credits = st.integers(0, 6).map(float)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(credits, credits, credits, st.integers(0, 5)), min_size=1, max_size=6))
def test_ranks_and_returns_are_those_of_a_plain_sort(rows: list[tuple[float, float, float, int]]) -> None:
    groups = [f"g{index}" for index in range(len(rows))]
    frame = pl.DataFrame(
        [(g, *row[:3]) for g, row in zip(groups, rows, strict=True)], ["campaign", *MODELS], orient="row"
    )
    spend = {group: float(row[3]) for group, row in zip(groups, rows, strict=True)}
    found = {one.group: one for one in model_ranges(frame, "campaign", MODELS, spend)}
    for index, model in enumerate(MODELS):
        ladder = sorted((row[index] for row in rows), reverse=True)
        for group, row in zip(groups, rows, strict=True):
            assert found[group].ranks[model] == ladder.index(row[index]) + 1
    for group, row in zip(groups, rows, strict=True):
        returns = [value / row[3] for value in row[:3]] if row[3] else None
        assert found[group].earned_back == (None if returns is None else len([one for one in returns if one >= 1]))
        sides = {one >= 1 for one in returns or ()}
        assert found[group].return_depends == (len(sides) == 2)


@pytest.mark.parametrize("metric", ["credited_revenue", "credited_pipeline"])
def test_one_scan_says_what_each_model_says_by_itself(demo: Session, metric: str) -> None:
    spend = dict(demo.answer(Query(("spend",), ("campaign",))).frame.iter_rows())
    ranges = by_every_model(demo, metric, "campaign", None, spend)
    assert set(ranges.models) == set(models_for(demo.reach, (metric,)))
    assert ("full_path" in ranges.models) == (metric == "credited_revenue")
    apart = by_models(demo, Query((metric,), ("campaign",)), ranges.models).frame
    assert apart.height > 8 * len(ranges.models)
    for campaign, model, value in apart.iter_rows():
        one = ranges.of(campaign)
        assert one is not None
        assert one.values[model] == pytest.approx(value, abs=1e-6)
        assert one.low - 1e-6 <= value <= one.high + 1e-6


def test_every_model_shares_out_the_same_total(demo: Session) -> None:
    ranges = by_every_model(demo, "credited_revenue", "campaign", None, {})
    total = demo.answer(Query(("won_revenue",))).number("won_revenue")
    for model in ranges.models:
        assert sum(one.values[model] for one in ranges.found) == pytest.approx(total)


def test_a_filter_narrows_all_models(demo: Session) -> None:
    ranges = by_every_model(demo, "credited_revenue", "campaign", "channel = 'social'", {})
    whole = demo.answer(Query(("credited_revenue",), where="channel = 'social'", model="last")).number(
        "credited_revenue"
    )
    assert sum(one.values["last"] for one in ranges.found) == pytest.approx(whole)
    assert whole


def test_what_is_absent_is_a_reason(olist: Session) -> None:
    ranges = by_every_model(olist, "credited_revenue", "channel", None, {})
    assert (ranges.found, ranges.reason) == ([], "Olist has no deal amounts (declared absent in sources.yaml).")
