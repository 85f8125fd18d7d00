"""Change explained: parts that sum to the change exactly, worked out by hand, and the dimension that explains most."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction as F
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.calendar import Period, comparison
from data.errors import InvalidQuestion
from metrics import Query, Session
from metrics.contributions import STANDS_OUT, concentration, is_within_chance, ratio_effects, sum_effects
from metrics.why import Movement, why
from metrics.why_sentences import Wording, sentence
from tests.tiny_sessions import TinyCompany

OCTOBER = Period(dt.date(2026, 10, 1), dt.date(2026, 11, 1))
MAY = Period(dt.date(2024, 5, 1), dt.date(2024, 6, 1))
PLAIN = Wording("{:g}".format, "{:g}".format, "{:.0%}".format, lambda period: f"{period.start} to {period.last}")

groups = st.sampled_from(["a", "b", "c", "d", None])
parts = st.integers(0, 50)


def rate_of(side: dict[Any, tuple[Any, Any]]) -> Any:
    return sum(n for n, _ in side.values()) / sum(d for _, d in side.values())


# -- the parts sum to the change -------------------------------------------------------------------------------------


def test_a_ratio_splits_into_rate_and_mix_as_worked_out_by_hand() -> None:
    found = ratio_effects({"A": (20, 100), "B": (10, 100)}, {"A": (90, 300), "B": (10, 100)})
    by_group = {effect.group: (effect.rate, effect.mix) for effect in found}
    assert by_group["A"] == pytest.approx((0.0625, 0.0125))
    assert by_group["B"] == pytest.approx((0.0, 0.025))
    assert [effect.group for effect in found] == ["A", "B"], "largest first"


def test_a_group_absent_on_one_side_is_all_mix() -> None:
    """Before: only A, 10 of 50. After: A again and B with 30 of 50. R goes from 0.2 to 0.4, its mean is 0.3."""
    found = {e.group: e for e in ratio_effects({"A": (F(10), F(50))}, {"A": (F(10), F(50)), "B": (F(30), F(50))})}
    # A keeps 0.2 and halves its share; B has 0.6 on both sides and goes from none to half.
    assert (found["A"].rate, found["A"].mix) == (0, F(-1, 10) * F(-1, 2))
    assert (found["B"].rate, found["B"].mix) == (0, F(3, 10) * F(1, 2))
    assert (found["B"].before, found["B"].after) == (None, F(3, 5))
    assert found["A"].effect + found["B"].effect == F(1, 5)


def test_spend_on_a_group_without_leads_is_an_effect_of_its_rate() -> None:
    """100 on ten leads; then 60 more where nobody came: 10 a lead becomes 16."""
    found = {e.group: e for e in ratio_effects({"ads": (100, 10)}, {"ads": (100, 10), "fair": (60, 0)})}
    assert (found["fair"].rate, found["fair"].mix, found["fair"].after) == (6, 0, None)
    assert found["ads"].effect == 0


def test_a_sum_splits_into_the_changes_of_its_groups() -> None:
    found = sum_effects({"a": 10, "b": 4, None: 2}, {"a": 3, "c": 5, None: 2})
    assert {effect.group: effect.effect for effect in found} == {"a": -7, "b": -4, "c": 5, None: 0}
    assert [effect.group for effect in found] == ["a", "c", "b", None]


@settings(max_examples=200, deadline=None)
@given(
    before=st.dictionaries(groups, st.tuples(parts, parts), min_size=1),
    after=st.dictionaries(groups, st.tuples(parts, parts), min_size=1),
    exact=st.booleans(),
)
def test_rate_and_mix_sum_to_the_change_of_any_ratio(before: Any, after: Any, exact: bool) -> None:
    kind = F if exact else float
    sides = [{group: (kind(n), kind(d)) for group, (n, d) in side.items()} for side in (before, after)]
    if not all(sum(d for _, d in side.values()) for side in sides):
        return
    found = ratio_effects(*sides)
    total, change = sum(effect.effect for effect in found), rate_of(sides[1]) - rate_of(sides[0])
    assert total == change if exact else total == pytest.approx(change, abs=1e-9)
    assert all(effect.effect == effect.rate + effect.mix for effect in found)
    assert {effect.group for effect in found} == {g for side in sides for g, pair in side.items() if any(pair)}
    assert 0 <= concentration(found) <= 1 or any(d == 0 < n for side in sides for n, d in side.values())


@settings(max_examples=100, deadline=None)
@given(before=st.dictionaries(groups, parts), after=st.dictionaries(groups, parts))
def test_group_effects_sum_to_the_change_of_any_sum(before: Any, after: Any) -> None:
    found = sum_effects(before, after)
    assert sum(effect.effect for effect in found) == sum(after.values()) - sum(before.values())
    assert 0 <= concentration(found) <= 1


# -- which dimension explains most -----------------------------------------------------------------------------------


def test_groups_that_move_by_their_size_concentrate_nothing() -> None:
    assert concentration(sum_effects({"a": 100, "b": 50, "c": 10}, {"a": 200, "b": 100, "c": 20})) == pytest.approx(0)


def test_one_small_group_that_moves_alone_concentrates_nearly_all() -> None:
    found = sum_effects({"a": 500, "b": 500, "c": 0}, {"a": 500, "b": 500, "c": 50})
    # It has all movement and 0 and 50 of 1,050, in the mean 2.4 % of the size.
    assert concentration(found) == pytest.approx(1 - 50 / 1050 / 2)


def test_many_tiny_groups_that_move_at_random_do_not_stand_out() -> None:
    before = {number: 5 + number % 3 for number in range(60)}
    after = {number: 5 + number % 5 for number in range(60)}
    assert concentration(sum_effects(before, after)) < STANDS_OUT


def test_the_empty_group_explains_nothing() -> None:
    assert concentration(sum_effects({None: 10, "a": 100}, {None: 90, "a": 100})) == 0


def test_one_deal_is_no_explanation_of_an_average() -> None:
    """One of 100 deals was larger: all movement, and 1 % of the deals, which counts as a fifth."""
    found = ratio_effects({"a": (990, 99), "b": (10, 1)}, {"a": (990, 99), "b": (99, 1)})
    assert concentration(found) == pytest.approx((1 - 0.01) / 5)


def test_chance_is_known_for_counts_and_rates() -> None:
    assert is_within_chance((50, None), (60, None)), "1.96 sqrt(110) is 20.6"
    assert not is_within_chance((50, None), (73, None)), "1.96 sqrt(123) is 21.7"
    assert is_within_chance((20, 100), (30, 100)), "p = 0.25: 1.96 sqrt(0.1875 x 0.02) is 0.12"
    assert not is_within_chance((20, 100), (35, 100)), "p = 0.275: 1.96 sqrt(0.199 x 0.02) is 0.124"


# -- asked of a session ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "metric",
    ["mqls", "won_revenue", "open_pipeline", "win_rate", "cost_per_lead", "average_deal", "won_revenue_per_lead"],
)
def test_effects_of_every_dimension_sum_to_the_change_of_the_metric_itself(demo: Session, metric: str) -> None:
    found = why(demo, Query((metric,), period=OCTOBER))
    assert found.reason is None
    before, after = (
        demo.answer(Query((metric,), period=period)).number(metric)
        for period in (comparison(OCTOBER, "previous", demo.company), OCTOBER)
    )
    assert (found.before, found.after) == (pytest.approx(before), pytest.approx(after))
    assert {split.dimension for split in found.splits} == set(demo.dimensions_of(metric))
    for split in found.splits:
        total = sum(effect.effect for effect in split.effects)
        assert total == pytest.approx(found.change, rel=1e-9, abs=1e-9), split.dimension
    ranked = [split.concentration for split in found.splits]
    assert ranked == sorted(ranked, reverse=True)


def test_the_groups_of_a_funnel_are_those_of_its_table(demo: Session) -> None:
    period = demo.matured_period("lead_to_customer", OCTOBER, overall=True)
    assert period is not None
    found = why(demo, Query(("lead_to_customer",), period=period), "channel")
    table = demo.funnel("lead_to_customer", Query(("lead_to_customer",), ("channel",), period=period)).frame
    expected = {row["channel"]: row["rate_matured"] for row in table.to_dicts() if row["step"] == "overall"}
    assert found.chosen is not None
    assert {effect.group: effect.after for effect in found.chosen.effects if effect.share_after} == expected
    assert found.chosen.frame(found.change)["effect"].sum() == pytest.approx(found.change)


def test_a_cohort_that_is_still_converting_is_not_explained(demo: Session) -> None:
    for result in ("lead_to_customer", "lead_to_customer.rate_to_date", "lead_to_customer.converted_to_date"):
        found = why(demo, Query((result,), period=OCTOBER))
        assert found.chosen is None
        assert "are still converting" in (found.reason or "")
    assert why(demo, Query(("lead_to_customer.entered",), period=OCTOBER)).reason is None


def lead(number: int, day: str, source: str, country: str | None) -> dict[str, Any]:
    return {
        "contact_id": f"{source}-{country}-{day}-{number}",
        "created_at": dt.datetime.fromisoformat(f"{day}T10:00:00"),
        "original_source": source,
        "country": country,
    }


DEFINITIONS = """
metrics:
  countries:
    {label: Countries, description: How many there are., kind: aggregate, table: contacts,
     expr: count(distinct country), time: created_on, unit: count}
  middle_id:
    {label: Middle, description: The median., kind: aggregate, table: leads, expr: median(pass),
     time: lead_on, unit: count}
  net_leads:
    label: Net leads
    description: Leads less recycled ones.
    kind: formula
    expr: "{leads} - 2 * {recycled_leads}"
    unit: count
  web_share:
    label: Share of the web
    description: Leads from the web among all.
    kind: ratio
    numerator: {metric: leads, where: "source = 'web'"}
    denominator: leads
    unit: ratio
  halves:
    label: Halves
    description: Two leads by one customer.
    kind: formula
    expr: "2 * {leads} / ({leads} + {recycled_leads})"
    unit: ratio
"""


@pytest.fixture(scope="module")
def tiny() -> Session:
    """April and May: the fair brought 20 leads and then 2, everything else as many as before."""
    counts = {("web", "DE"): (30, 31), ("web", "FR"): (30, 29), ("fair", "DE"): (10, 1), ("fair", "FR"): (10, 1),
              ("list", None): (8, 8)}  # fmt: skip
    contacts = [
        lead(number, f"2024-0{month}-10", source, country)
        for (source, country), both in counts.items()
        for month, count in zip((4, 5), both, strict=True)
        for number in range(count)
    ]
    return TinyCompany(definitions=DEFINITIONS).session({"contacts": contacts})


def told(session: Session, found: Movement) -> str:
    assert found.chosen is not None
    label = session.reach.metric(found.metric).label
    dimension = session.reach.dimension(found.chosen.dimension).label
    return sentence(found, label, dimension, session.names(found.chosen.dimension), PLAIN)


def test_the_dimension_in_which_one_group_moved_alone_comes_first(tiny: Session) -> None:
    found = why(tiny, Query(("leads",), period=MAY))
    assert found.chosen is not None
    assert found.chosen.dimension in ("source", "channel")
    assert [split.dimension for split in found.splits].index("country") > 0
    effects = {e.group: (e.before, e.after, e.effect) for e in found.chosen.effects}
    assert effects == {"fair": (20, 2, -18), "web": (60, 60, 0), "list": (8, 8, 0)}
    assert "Leads fell by 18 (20%) against 2024-04-01 to 2024-04-30, from 88 to 70." in told(tiny, found)
    assert "fair (-18) accounts for all of it." in told(tiny, found)


def test_the_empty_group_is_one_of_the_groups(tiny: Session) -> None:
    found = why(tiny, Query(("leads",), period=MAY), "country")
    assert found.chosen is not None
    assert {e.group: e.effect for e in found.chosen.effects} == {"DE": -8, "FR": -10, None: 0}
    assert "By country nothing stands out" in told(tiny, found)


def test_a_narrowed_numerator_and_formulas_are_taken_apart(tiny: Session) -> None:
    share = why(tiny, Query(("web_share",), period=MAY), "country")
    assert (share.before, share.after) == (pytest.approx(60 / 88), pytest.approx(60 / 70))
    assert share.chosen is not None
    assert {e.group: (e.before, e.after) for e in share.chosen.effects} == {
        "DE": (30 / 40, 31 / 32), "FR": (30 / 40, 29 / 30), None: (0, 0)
    }  # fmt: skip
    assert sum(e.effect for e in share.chosen.effects) == pytest.approx(60 / 70 - 60 / 88)
    net = why(tiny, Query(("net_leads",), period=MAY), "source")
    assert (net.before, net.after, net.is_ratio) == (88, 70, False)
    halves = why(tiny, Query(("halves",), period=MAY), "source")
    assert (halves.before, halves.after, halves.is_ratio) == (2, 2, True)


@pytest.mark.parametrize("metric", ["countries", "middle_id"])
def test_what_does_not_add_up_has_a_reason_and_no_number(tiny: Session, metric: str) -> None:
    found = why(tiny, Query((metric,), period=MAY))
    assert (found.chosen, found.before, found.frame.shape) == (None, None, (0, 0))
    assert "do not add up to the whole" in (found.reason or "")


def test_nothing_to_divide_by_is_a_reason(tiny: Session) -> None:
    assert "nothing to divide by" in (why(tiny, Query(("win_rate",), period=MAY)).reason or "")
    empty = why(tiny, Query(("leads",), period=Period(dt.date(2023, 1, 1), dt.date(2023, 2, 1))))
    assert "neither in 2023-01-01 to 2023-01-31 nor in 2022-12-01 to 2022-12-31" in (empty.reason or "")


def test_groups_that_even_out_are_told(tiny: Session) -> None:
    only_web = Query(("leads",), period=MAY, where="source = 'web'")
    assert "Leads stayed at 60" in told(tiny, why(tiny, only_web, "country"))


def test_a_change_needs_two_periods_and_a_dimension_that_reaches(tiny: Session) -> None:
    with pytest.raises(InvalidQuestion, match="say which period"):
        why(tiny, Query(("leads",)))
    with pytest.raises(InvalidQuestion, match="its table leads has no loss_reason"):
        why(tiny, Query(("leads",), period=MAY), "loss_reason")
    with pytest.raises(InvalidQuestion, match="Did you mean 'channel'"):
        why(tiny, Query(("leads",), period=MAY), "chanel")
