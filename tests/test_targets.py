"""Targets: what is promised of any days, attainment, pace by business days and by history, promises kept by person."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from alignment import agreement
from data.calendar import Period
from data.company import Company
from data.errors import Place, Problems
from data.expressions import Rules, parse_expression
from metrics import Query, Session
from metrics.agreement import Agreement, AgreementVersion, Objective
from metrics.compared import side_by_side
from metrics.kinds import Aggregate
from metrics.targets import adds_up, history_share, objective_of, promised, spread, standing
from tests.oracle_durations import business_hours, handoffs
from tests.tiny_sessions import rows_in

MAY, JUNE, JULY = (dt.date(2026, month, 1) for month in (5, 6, 7))
NAMES = ("leads", "contacts", "deals", "assignments", "activities", "activity_contacts", "lead_decisions", "people")


def objective(**more: Any) -> Objective:
    return Objective(**{"name": "o", "label": "O", "metric": "leads", "target": 100.0, "per": "month", **more})


def version(starts: dt.date, *objectives: Objective) -> AgreementVersion:
    goal = Objective(name="goal", label="Goal", metric="won_revenue", target=1.0, per="quarter")
    return AgreementVersion(starts=starts, goal=goal, objectives=objectives, obligations=(), reevaluated="quarter")


@pytest.fixture(scope="module")
def company(demo: Session) -> Company:
    """Monday to Friday in Germany; 1, 14 and 25 May 2026 are holidays, so May has 18 business days and June 22."""
    return demo.company


# -- what is promised ------------------------------------------------------------------------------------------------


def test_days_have_the_share_of_a_target_that_their_business_days_have(company: Company) -> None:
    agreed = Agreement((version(MAY, objective()),))

    def of(start: dt.date, until: dt.date) -> float | None:
        return promised(agreed, "leads", None, Period(start, until), company, spread="parts")

    assert of(MAY, JUNE) == 100
    assert of(MAY, JULY) == 200
    # Monday 4 to Friday 8 May: five of 18. Saturday and Sunday add nothing.
    assert of(dt.date(2026, 5, 4), dt.date(2026, 5, 9)) == pytest.approx(100 * 5 / 18)
    assert of(dt.date(2026, 5, 4), dt.date(2026, 5, 11)) == pytest.approx(100 * 5 / 18)
    assert of(dt.date(2026, 5, 9), dt.date(2026, 5, 11)) == 0
    # The last week of May lies in two months: 26 to 29 May are 4 of 18 days, 1 June is 1 of 22.
    assert of(dt.date(2026, 5, 26), dt.date(2026, 6, 2)) == pytest.approx(100 * 4 / 18 + 100 / 22)


def test_a_target_that_changes_within_the_days_is_that_of_each_day(company: Company) -> None:
    agreed = Agreement((version(MAY, objective()), version(dt.date(2026, 6, 15), objective(target=220.0))))
    # 1 to 12 June are 10 of 22 business days at 100, 15 to 30 June 12 of 22 at 220.
    wanted = 100 * 10 / 22 + 220 * 12 / 22
    assert promised(agreed, "leads", None, Period(JUNE, JULY), company, spread="parts") == pytest.approx(wanted)
    assert promised(agreed, "leads", None, Period(dt.date(2026, 4, 1), JUNE), company, spread="parts") is None


def test_a_rate_has_the_same_target_over_any_days(company: Company) -> None:
    agreed = Agreement((version(MAY, objective(metric="win_rate", target=0.3)),))
    assert promised(agreed, "win_rate", None, Period(MAY, dt.date(2026, 5, 5)), company, spread="same") == 0.3


def test_a_promise_is_about_exactly_its_condition() -> None:
    def where(text: str) -> Any:
        rules = Rules({"channel": "VARCHAR", "segment": "VARCHAR"}, columns_are="dimension", gives="boolean")
        return parse_expression(text, rules, Place(""), Problems(), "")

    social = objective(where=where("channel = 'social'"))
    agreed = Agreement((version(MAY, social),))
    assert objective_of(agreed, "leads", where("channel in ('social')"), MAY) == social
    assert objective_of(agreed, "leads", where("(channel = 'social')"), MAY) == social
    # As the filters at the side write it.
    assert objective_of(agreed, "leads", where("(channel in ('social'))"), MAY) == social
    both = where("(channel = 'social') and (segment in ('Small'))")
    narrow = Agreement((version(MAY, objective(where=both)),))
    assert objective_of(narrow, "leads", where("((channel in ('social')) and (segment = 'Small'))"), MAY)
    assert objective_of(agreed, "leads", where("channel in ('social', 'email')"), MAY) is None
    assert objective_of(agreed, "leads", None, MAY) is None
    assert objective_of(agreed, "leads", where("channel = 'social'"), dt.date(2026, 4, 30)) is None


@pytest.mark.parametrize(
    ("name", "adds"),
    [("leads", True), ("won_revenue", True), ("lead_value", True), ("overdue", False), ("average_deal", False),
     ("open_pipeline", False), ("velocity", False), ("win_rate", False), ("lead_to_customer", False)],
)  # fmt: skip
def test_counts_and_sums_add_up_and_nothing_else(demo: Session, name: str, adds: bool) -> None:
    assert adds_up(demo.definitions.metrics[name], demo.definitions.metrics) is adds


@pytest.mark.parametrize(
    ("asked", "kind"),
    [("leads", "parts"), ("lead_value", "parts"), ("win_rate", "same"), ("open_pipeline", "same"),
     ("average_deal", "same"), ("cac", "same"), ("lead_to_customer", "same"), ("human_delay_hours", "same"),
     ("lead_to_customer.converted_to_date", "whole"), ("human_delay_hours.kept", "whole"), ("overdue", "whole")],
)  # fmt: skip
def test_a_target_is_shared_out_stays_or_is_of_its_whole_period_only(demo: Session, asked: str, kind: str) -> None:
    assert spread(asked, demo.definitions.metrics) == kind


def test_a_distinct_count_has_a_target_for_its_own_whole_periods_only(demo: Session, company: Company) -> None:
    leads = demo.definitions.metrics["leads"]
    assert isinstance(leads, Aggregate)
    counted = parse_expression(
        "count(distinct contact_id)", Rules({"contact_id": "VARCHAR"}, aggregates=True), Place(""), Problems(), ""
    )
    assert counted is not None
    assert spread("people", {"people": replace(leads, name="people", expr=counted)}) == "whole"
    agreed = Agreement((version(MAY, objective(metric="people")),))

    def of(start: dt.date, until: dt.date) -> float | None:
        return promised(agreed, "people", None, Period(start, until), company, spread="whole")

    assert of(MAY, JUNE) == 100
    assert of(JUNE, JULY) == 100
    assert [of(dt.date(2026, 5, 4), dt.date(2026, 5, 11)), of(MAY, JULY)] == [None, None]
    # Nobody knows how many should be there by the middle of the month, so there is no pace, and at its end a verdict.
    early = standing(objective(metric="people"), dt.date(2026, 5, 8), 25, company, spread="whole")
    assert (early.expected, early.pace, early.attainment, early.is_on_course) == (None, None, 0.25, None)
    assert standing(objective(metric="people"), dt.date(2026, 5, 31), 101, company, spread="whole").is_kept is True


# -- pace ------------------------------------------------------------------------------------------------------------


def test_pace_is_by_business_days_and_attainment_by_the_whole_target(company: Company) -> None:
    # On Friday 8 May 5 of 18 business days are over, so 27.8 of 100 are expected; 25 are there.
    found = standing(objective(), dt.date(2026, 5, 8), 25, company, spread="parts")
    assert (found.done, found.all_days, found.target) == (5, 18, 100)
    assert found.expected == pytest.approx(100 * 5 / 18)
    assert (found.attainment, found.pace) == (0.25, pytest.approx(25 / (100 * 5 / 18)))
    assert found.is_kept is None


def test_there_is_no_pace_before_the_first_business_day_is_over(company: Company) -> None:
    # 1 May is a holiday and the 2nd and 3rd a weekend.
    found = standing(objective(), dt.date(2026, 5, 3), 2, company, spread="parts")
    assert (found.done, found.expected, found.pace, found.attainment) == (0, None, None, 0.02)


def test_a_whole_period_is_kept_or_broken(company: Company) -> None:
    last = dt.date(2026, 5, 31)
    assert standing(objective(), last, 100, company, spread="parts").is_kept is True
    assert standing(objective(), last, 99, company, spread="parts").is_kept is False
    assert standing(objective(), last, 100, company, spread="parts").pace == 1
    assert standing(objective(), last, None, company, spread="parts").is_kept is None
    # Of what is better when there is less of it, the target is a limit.
    assert standing(objective(), last, 99, company, spread="parts", good="down").is_kept is True
    assert standing(objective(), last, 101, company, spread="parts", good="down").is_kept is False


def test_pace_by_history_expects_what_was_usual_by_then(company: Company) -> None:
    # Two months before May; what came up to the 5th business day of each: 10 of 40, and 20 of 60.
    daily = [
        (dt.date(2026, 3, 2), 10.0), (dt.date(2026, 3, 9), 30.0),  # 2 to 6 March are the first five
        (dt.date(2026, 4, 2), 5.0), (dt.date(2026, 4, 9), 15.0),  # 1, 2, 7, 8, 9 April: Easter lies between
        (dt.date(2026, 4, 10), 40.0),
    ]  # fmt: skip
    so_far = Period(MAY, dt.date(2026, 5, 9))
    share = history_share(daily, so_far, "month", company)
    assert share == pytest.approx(30 / 100)
    found = standing(objective(pace="history"), dt.date(2026, 5, 8), 45, company, spread="parts", share=share)
    assert (found.expected, found.pace) == (pytest.approx(30), pytest.approx(1.5))
    assert history_share([], so_far, "month", company) is None
    assert history_share([(dt.date(2026, 3, 2), 0.0)], so_far, "month", company) is None


# -- over the sample -------------------------------------------------------------------------------------------------


def test_targets_stand_beside_the_numbers_of_an_answer(demo: Session) -> None:
    period = Period(dt.date(2026, 6, 1), dt.date(2026, 9, 1))
    frame = side_by_side(demo.answer(Query(("mqls", "sals"), grain="month", period=period, compare="target")))
    assert frame.columns == ["period", "mqls", "mqls_target", "sals", "sals_target"]
    assert frame["mqls_target"].to_list() == [30, 52, 52]
    assert frame["sals_target"].to_list() == [None] * 3
    week = Period(dt.date(2026, 10, 5), dt.date(2026, 10, 12))
    by_channel = demo.answer(Query(("leads",), by=("channel",), period=week, compare="target")).targets
    assert by_channel is not None
    wanted = {"paid_search": 8.0}
    assert {row["channel"]: row["leads_target"] for row in by_channel.to_dicts() if row["leads_target"]} == wanted


def test_a_target_by_group_and_period_is_that_of_the_groups_days(demo: Session) -> None:
    weeks = Period(dt.date(2026, 10, 26), dt.date(2026, 11, 12))
    asked = Query(("leads", "won_revenue"), by=("channel",), grain="week", period=weeks, compare="target")
    frame = demo.answer(asked).targets
    assert frame is not None
    rows = frame.drop_nulls("leads_target").filter(pl.col("channel") == "paid_search").sort("period")
    # Eight a week; of the week that begins on 9 November the question has three of five business days.
    assert rows["leads_target"].to_list() == [8, 8, pytest.approx(8 * 3 / 5)]
    assert frame["leads_target"].drop_nulls().len() == 3
    # The goal is for all channels together, and so for none of them.
    assert frame["won_revenue_target"].drop_nulls().is_empty()


def test_the_rate_of_a_step_is_the_metric_that_counts_alike(demo: Session) -> None:
    spring = Period(dt.date(2026, 2, 1), dt.date(2026, 5, 1))
    steps = demo.funnel("lead_to_customer", Query(("lead_to_customer",), grain="month", period=spring)).frame
    names = {stage: demo.metric_of_step("lead_to_customer", stage) for stage in ("mql", "opportunity", "customer")}
    assert names == {"mql": "tofu_conversion", "opportunity": "mofu_conversion", "customer": "bofu_conversion"}
    for stage, name in names.items():
        own = demo.answer(Query((str(name),), grain="month", period=spring)).frame
        assert (
            own[str(name)].to_list() == steps.filter(pl.col("step") == stage).sort("period")["rate_matured"].to_list()
        )
    assert demo.metric_of_step("lead_to_customer", None) == "lead_to_customer"
    assert demo.metric_of_step("lead_to_customer", "lead") is None


def test_standings_are_of_the_period_that_the_data_reaches(demo: Session) -> None:
    found = agreement.in_force(demo)
    assert found is not None
    assert demo.through == dt.date(2026, 11, 15)
    stands = {one.objective.name: one for one in agreement.standings(demo, found, demo.through)}
    leads = stands["qualified_leads"]
    assert leads.so_far == Period(dt.date(2026, 11, 1), dt.date(2026, 11, 16))
    entered = [row["mql_on"] for row in rows_in(demo, "leads") if row["mql_on"]]
    assert leads.actual == sum(day >= dt.date(2026, 11, 1) for day in entered)
    # 2 to 13 November are 10 business days of 21.
    assert (leads.done, leads.all_days) == (10, 21)
    assert leads.pace == pytest.approx((leads.actual or 0) / (52 * 10 / 21))
    past = agreement.standings_before(demo, leads.objective, 3, demo.through)
    months = Counter(day.replace(day=1) for day in entered)
    assert [(one.period.start, one.actual) for one in past] == [
        (dt.date(2026, month, 1), months[dt.date(2026, month, 1)]) for month in (8, 9, 10)
    ]
    assert [one.is_kept for one in past] == [False, False, True]


def test_periods_before_are_the_same_however_many_are_asked_at_once(demo: Session) -> None:
    version_now = agreement.in_force(demo)
    assert version_now is not None
    autumn = Period(dt.date(2026, 7, 1), dt.date(2026, 10, 1))
    for one in (each for each in version_now.objectives if each.per == "month"):
        # Asked by itself, month by month, without the months around it.
        where = one.where.sql if one.where else None
        alone = [
            demo.answer(Query((one.metric,), period=Period(dt.date(2026, m, 1), dt.date(2026, m + 1, 1)), where=where))
            for m in (7, 8, 9)
        ]
        found = agreement.standings_before(demo, one, 3, autumn.last)
        assert [each.period.start.month for each in found] == [7, 8, 9]
        assert [each.actual for each in found] == [answer.number(one.metric) for answer in alone]


def test_obligations_are_kept_and_broken_by_person(demo: Session) -> None:
    tables = {name: rows_in(demo, name) for name in NAMES}
    people = {row["person_id"]: row for row in tables["people"]}
    quarter, now = Period(dt.date(2026, 7, 1), dt.date(2026, 10, 1)), dt.datetime(2026, 11, 15, 23)
    wanted: dict[str, list[int]] = {}
    for one in handoffs(tables):
        given = one["assigned"]
        if not given or not quarter.start <= given["happened_on"] < quarter.until:
            continue
        owner = (one["handed_over"] or given)["person_id"]
        if people[owner]["role"] != "Sales development":
            continue
        zone = one["zone"] or demo.company.time_zone
        if business_hours(demo.company, zone, given["happened_at"], now) <= 4:
            continue
        touched = one["first_touch"]
        took = business_hours(demo.company, zone, given["happened_at"], touched["happened_at"]) if touched else None
        counts = wanted.setdefault(people[owner]["name"], [0, 0])
        counts[0] += 1
        counts[1] += took is not None and took <= 4
    found = agreement.in_force(demo)
    assert found is not None
    kept = agreement.kept_by_person(demo, found.obligations[0], quarter)
    assert {one.name: [one.due, one.kept] for one in kept.people} == wanted
    assert (kept.due, kept.kept) == tuple(sum(counts[place] for counts in wanted.values()) for place in (0, 1))
    assert kept.is_kept is False
    assert kept.share is not None
    assert 0.5 < kept.share < 0.9


def test_an_agreement_is_looked_at_again_when_its_quarter_is_over(demo: Session) -> None:
    found = agreement.in_force(demo)
    assert found is not None
    last, due = agreement.reevaluation(demo, found, dt.date(2026, 11, 15))
    assert (last, due) == (Period(dt.date(2026, 7, 1), dt.date(2026, 10, 1)), dt.date(2027, 1, 1))
