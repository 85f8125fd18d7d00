"""One drawn company that never changes: every kind of question to it is answered as loops over its rows answer it.

It is built once, so that a question takes milliseconds: what changes an answer is noticed here first. The plain run
takes some of the words and grains, which other files ask of companies of their own; the deep one takes all.
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import replace
from typing import Any

import pytest

from data.calendar import Period, periods_within, shift
from metrics import Query, Session
from metrics.kinds import FUNNEL_RESULTS
from tests import oracle_funnel
from tests import test_composition as windows
from tests.depth import IS_DEEP
from tests.drawn_company import drawn
from tests.oracle_durations import DURATIONS, RELEASED, results
from tests.oracle_funnel import Question, Row, cumulative_incidence, kaplan_meier
from tests.oracle_metrics import BALANCES, FACTS, FUNNELS, RATIOS, TO_DATE, value
from tests.test_funnels import HOURS, OWN, WINDOWS, WORDS, _definition, assert_all
from tests.test_numbers import assert_rows_recompute, same
from tests.tiny_sessions import TinyCompany, rows_in

YEAR = Period(dt.date(2024, 1, 1), dt.date(2025, 1, 1))
SPRING = Period(dt.date(2024, 2, 10), dt.date(2024, 5, 20))
AS_OF = dt.date(2024, 5, 1)
# A tenth of all combinations of words, in which nearly every pair of words stands together.
SOME_WORDS = range(0, len(WORDS), 11)
IN_ALL_WORDS = SOME_WORDS if IS_DEEP else (22,)
GRAINS = (None, "month", "week", "quarter", "year") if IS_DEEP else (None, "month", "week")
TABLES = (
    "leads", "contacts", "touches", "campaigns", "deals", "deal_contacts", "spend", "exchange_rates", "assignments",
    "activities", "activity_contacts", "lead_decisions", "people", "pipeline", "daily_spend",
)  # fmt: skip


@functools.cache
def _company() -> Session:
    """Made once in a process, whatever files its tests alternate with."""
    funnels = "".join(_definition(index) for index in SOME_WORDS) + OWN
    hours = {day: (dt.time(9), dt.time(17)) for day in range(5)}
    tiny = TinyCompany(
        definitions=windows.DEFINITIONS + funnels, fiscal_year_starts=4, week_starts=6, business_hours=hours,
        recorded_from={"mql": dt.date(2024, 2, 1)},
    )  # fmt: skip
    return tiny.session(drawn())


@pytest.fixture(scope="module")
def session() -> Session:
    return _company()


@pytest.fixture(scope="module")
def tables(session: Session) -> dict[str, list[Row]]:
    return {name: rows_in(session, name) for name in TABLES}


ASKED = (
    Question(dt.date(2024, 5, 1)),
    Question(dt.date(2024, 4, 2), by=("channel",)),
    Question(dt.date(2024, 7, 1), grain="month"),
    Question(dt.date(2024, 3, 15), by=("channel",), grain="month", since=dt.date(2024, 1, 20)),
)
# Funnels by days from stored entries, by hours of accounts, and of deals: their steps, and the words that differ.
COUNTS = ("entered", "converted_to_date", "matured", "converted_matured")
ALONE: dict[str, tuple[Any, dict[str, Any]]] = {
    "tofu_conversion": (FUNNELS["tofu_conversion"], {}),
    "f55": ([("lead", None), ("mql", 30 * HOURS), ("customer", 40)], {"entry": "every", "counts": "accounts"}),
    "won": ([("opportunity", None), ("customer", 30)], {"counts": "deals"}),
}


class TestAllOfAFunnel:
    @pytest.mark.parametrize("index", IN_ALL_WORDS)
    def test_in_every_word_they_are_the_oracles(
        self, session: Session, tables: dict[str, list[Row]], index: int
    ) -> None:
        chosen, entry, skips, maturity, (counts, hold) = WORDS[index]
        mql, customer = WINDOWS[chosen]
        steps = [("lead", None), ("mql", mql), ("customer", customer)]
        asked = replace(
            ASKED[index % len(ASKED)], entry=entry, skips=skips, maturity=maturity, counts=counts, hold=hold
        )
        assert_all(session, f"f{index}", steps, asked, tables)

    @pytest.mark.parametrize("asked", ASKED[2:] if IS_DEEP else ASKED[:1])
    def test_what_a_step_counts_is_the_oracles(
        self, session: Session, tables: dict[str, list[Row]], asked: Question
    ) -> None:
        assert_all(session, "won", [("opportunity", None), ("customer", 30)], replace(asked, counts="deals"), tables)
        steps = [("lead", None), ("opportunity", 60, "accounts"), ("customer", 30, "deals")]
        assert_all(session, "by_step", steps, asked, tables)


class TestOneNumberOfAFunnel:
    @pytest.mark.parametrize("result", FUNNEL_RESULTS)
    @pytest.mark.parametrize("name", ALONE)
    def test_each_result_alone_is_the_oracles(
        self, session: Session, tables: dict[str, list[Row]], name: str, result: str
    ) -> None:
        steps, words = ALONE[name]
        asked = Question(AS_OF, by=("channel",), **words)
        wanted = oracle_funnel.overall(tables["leads"], steps, asked, tables["pipeline"])
        frame = session.answer(Query((f"{name}.{result}",), by=("channel",), as_of=AS_OF)).frame
        assert {row[:1]: row[1] for row in frame.iter_rows()} == pytest.approx(
            {group: row[result] for group, row in wanted.items()}, abs=1e-9
        )

    @pytest.mark.parametrize("grain", [None, "month"])
    @pytest.mark.parametrize("name", ALONE)
    def test_the_counts_of_each_step_are_the_oracles(
        self, session: Session, tables: dict[str, list[Row]], name: str, grain: str | None
    ) -> None:
        steps, words = ALONE[name]
        asked = Question(AS_OF, grain=grain, since=SPRING.start, until=SPRING.until, **words)
        wanted = oracle_funnel.table(tables["leads"], steps, asked, tables["pipeline"])
        query = Query((name,), grain=grain, as_of=AS_OF, period=SPRING)
        rows = session.funnel(name, query, counts_only=True).frame.to_dicts()
        found = {(row["step"], row["within_days"], *((row["period"],) if grain else ())): row for row in rows}
        assert {key: [found[key][count] for count in COUNTS] for key in wanted} == {
            key: [row[count] for count in COUNTS] for key, row in wanted.items()
        }
        assert not any(found[key]["entered"] for key in found.keys() - wanted.keys())

    @pytest.mark.parametrize("by", [(), ("channel",)])
    def test_their_curves_are_the_oracles(self, session: Session, by: tuple[str, ...]) -> None:
        (part,) = session.rows(Query(("won",), by=by, as_of=AS_OF))
        curve = session.curve("won", Query(("won",), by=by, as_of=AS_OF)).frame
        deals = {row["deal_id"]: row for row in rows_in(session, "pipeline")}
        groups: dict[tuple[Any, ...], list[tuple[int, str]]] = {}
        for row in part.frame.to_dicts():
            deal = deals[row["deal_id"]]
            lost = deal["lost_on"] if deal["lost_on"] and deal["lost_on"] < AS_OF else None
            won = deal["won_on"] if deal["won_on"] and deal["won_on"] < AS_OF else None
            how = "won" if won else "lost" if lost else "open"
            until = won or lost or AS_OF - dt.timedelta(days=1)
            exit_ = (max(0, (until - deal["created_on"]).days), how)
            groups.setdefault(tuple(row[name] for name in by), []).append(exit_)
        assert curve.height
        for line in curve.to_dicts():
            exits = groups[tuple(line[name] for name in by)]
            day = line["days"]
            assert line["at_risk"] == sum(time >= day for time, _ in exits)
            assert line["converted"] == exits.count((day, "won"))
            assert line["lost"] == exits.count((day, "lost"))
            pairs = [(time, how == "won") for time, how in exits]
            assert line["kaplan_meier"] == pytest.approx(kaplan_meier(pairs, day))
            assert line["cumulative_incidence"] == pytest.approx(cumulative_incidence(exits, day))
        assert len(curve) == sum(len({time for time, _ in exits}) for exits in groups.values())

    @pytest.mark.parametrize("name", ["lead_to_customer", "won", "f11", "f22"])
    def test_the_rows_behind_them_recompute_them(self, session: Session, name: str) -> None:
        assert_rows_recompute(session, name, Query((name,), as_of=AS_OF, period=SPRING, where="channel is not null"))


# -- aggregates ------------------------------------------------------------------------------------------------------


def number_of(metric: str, facts: list[Any]) -> float | None:
    if metric in RATIOS:
        over, under = RATIOS[metric]
        whole = number_of(under, [fact for fact in facts if fact[0] == under])
        part = number_of(over, [fact for fact in facts if fact[0] == over])
        return float(part or 0) / float(whole) if whole else None
    number = value(metric, [fact for _, fact in facts])
    return None if number is None else float(number)


COUNTED = ("leads", "mqls", "customers", "deals_won", "won_revenue", "average_deal", "pipeline_created", "spend",
           "win_rate", "cost_per_lead", "accepted", "visits", "renewal_revenue")  # fmt: skip


@pytest.fixture(scope="module")
def facts(tables: dict[str, list[Row]]) -> dict[str, list[Any]]:
    """By metric what it counts, each with the metric that it is counted for."""
    own = {name: [(name, fact) for fact in of(tables, "EUR")] for name, of in FACTS.items()}
    return own | {name: own[over] + own[under] for name, (over, under) in RATIOS.items()}


class TestAggregates:
    @pytest.mark.parametrize("metric", COUNTED)
    @pytest.mark.parametrize("grain", GRAINS)
    def test_in_each_channel_and_period_they_are_the_oracles(
        self, session: Session, facts: dict[str, list[Any]], metric: str, grain: str | None
    ) -> None:
        query = Query((metric,), by=("channel",), grain=grain, period=SPRING, as_of=AS_OF)
        found = {row[:-1]: row[-1] for row in session.answer(query).frame.iter_rows()}
        wanted: dict[tuple[Any, ...], list[Any]] = {}
        starts = list(periods_within(SPRING, grain, session.company)) if grain else []
        for name, fact in facts[metric]:
            if fact.day is not None and SPRING.start <= fact.day < min(SPRING.until, AS_OF):
                key = (max(start for start in starts if start <= fact.day),) if grain else ()
                wanted.setdefault((fact.channel, *key), []).append((name, fact))
        assert {key: number_of(metric, own) for key, own in wanted.items()} == pytest.approx(
            {key: found.get(key) for key in wanted}
        )
        assert not any(found[key] for key in found.keys() - wanted.keys())
        assert found.keys() >= {(channel, start) for channel, *_ in wanted for start in starts}

    @pytest.mark.parametrize("metric", COUNTED)
    def test_in_all_they_are_the_oracles(self, session: Session, facts: dict[str, list[Any]], metric: str) -> None:
        assert same(session.answer(Query((metric,))).number(metric), number_of(metric, facts[metric]))

    def test_several_stand_beside_each_other(self, session: Session, facts: dict[str, list[Any]]) -> None:
        answer = session.answer(Query(COUNTED, period=SPRING))
        for metric in COUNTED:
            inside = [one for one in facts[metric] if one[1].day and SPRING.start <= one[1].day < SPRING.until]
            assert same(answer.number(metric), number_of(metric, inside))

    @pytest.mark.parametrize("metric", ["leads", "won_revenue", "win_rate", "open_pipeline"])
    def test_the_rows_behind_them_recompute_them(self, session: Session, metric: str) -> None:
        assert_rows_recompute(session, metric, Query((metric,), period=SPRING, where="channel is not null"))


class TestBalances:
    @pytest.mark.parametrize("metric", BALANCES)
    @pytest.mark.parametrize("by", [(), ("channel",)])
    def test_at_the_end_of_each_month_they_are_the_oracles(
        self, session: Session, tables: dict[str, list[Row]], metric: str, by: tuple[str, ...]
    ) -> None:
        answer = session.answer(Query((metric,), by=by, grain="month", period=SPRING)).frame
        found = {row[:-1]: row[-1] for row in answer.iter_rows()}
        for start in periods_within(SPRING, "month", session.company):
            facts = BALANCES[metric](tables, "EUR", min(shift(start, "month", 1), SPRING.until))
            for key in {row[:-1] for row in found if row[-1] == start}:
                own = [fact for fact in facts if not by or fact.channel == key[0]]
                assert same(found[(*key, start)] or 0, value(metric, own) or 0)
        assert len({row[-1] for row in found}) == 4

    @pytest.mark.parametrize("metric", BALANCES)
    def test_in_all_they_are_valued_where_the_data_ends(
        self, session: Session, tables: dict[str, list[Row]], metric: str
    ) -> None:
        facts = BALANCES[metric](tables, "EUR", dt.date(2024, 7, 1))
        assert same(session.answer(Query((metric,))).number(metric), value(metric, facts))


# -- windows ---------------------------------------------------------------------------------------------------------

WINDOWED = (*windows.EVERY, "days_in_window", *windows.SHIFTED, *windows.COMPOSED)


class TestWindows:
    @pytest.mark.parametrize("name", WINDOWED)
    @pytest.mark.parametrize("grain", (None, "month", "week") if IS_DEEP else (None, "month"))
    def test_what_is_made_of_other_days_is_the_oracles(
        self, session: Session, tables: dict[str, list[Row]], name: str, grain: str | None
    ) -> None:
        by = ("channel",) if grain == "month" else ()
        query = Query((name,), by=by, grain=grain, period=SPRING)
        rows = [row for row in tables["daily_spend"] if row["amount"] is not None]
        found = {row[:-1]: row[-1] for row in session.answer(query).frame.iter_rows()}
        wanted = windows.expected(rows, query, session.company)
        assert found.keys() == wanted.keys()
        for key, (number,) in wanted.items():
            assert same(found[key] or 0, number or 0), key

    @pytest.mark.parametrize("metric", TO_DATE)
    def test_what_is_counted_to_date_is_the_oracles(
        self, session: Session, tables: dict[str, list[Row]], metric: str
    ) -> None:
        of, unit = TO_DATE[metric]
        begins = dt.date(2024, 5, 1) if unit == "month" else dt.date(2024, 4, 1)
        facts = [fact for fact in FACTS[of](tables, "EUR") if fact.day and begins <= fact.day < SPRING.until]
        assert same(session.answer(Query((metric,), period=SPRING)).number(metric), value(of, facts))


# -- durations -------------------------------------------------------------------------------------------------------


class TestDurations:
    @pytest.mark.parametrize("metric", DURATIONS)
    @pytest.mark.parametrize("by", [(), ("channel",)])
    def test_every_result_is_the_oracles(
        self, session: Session, tables: dict[str, list[Row]], metric: str, by: tuple[str, ...]
    ) -> None:
        of, promise = DURATIONS[metric]
        for day in (AS_OF, dt.date(2024, 2, 20)):
            waits = of(tables, session.company, day)
            names = tuple(results([], promise, releases=metric in RELEASED))
            asked = Query(tuple(f"{metric}.{name}" for name in names), by=by, as_of=day)
            found = {row[: len(by)]: row[len(by) :] for row in session.answer(asked).frame.iter_rows()}
            groups = {(wait.channel,) for wait in waits} if by else {()}
            assert found.keys() == groups
            for group in groups:
                own = [wait for wait in waits if not by or (wait.channel,) == group]
                wanted = results(own, promise, releases=metric in RELEASED)
                assert dict(zip(names, found[group], strict=True)) == pytest.approx(wanted)

    def test_the_rows_behind_them_are_the_waits(self, session: Session, tables: dict[str, list[Row]]) -> None:
        of, promise = DURATIONS["human_delay_hours"]
        waits = [wait for wait in of(tables, session.company, AS_OF) if SPRING.start <= wait.day < SPRING.until]
        (part,) = session.rows(Query(("human_delay_hours",), period=SPRING, as_of=AS_OF))
        rows = part.frame
        taken = sorted(wait.took for wait in waits if wait.took is not None)
        assert rows.height == len(waits)
        assert rows["hours"].drop_nulls().sort().to_list() == pytest.approx([float(one) for one in taken])
        wanted = results(waits, promise)
        assert {name: rows[f"is_{name}"].sum() for name in ("due", "kept", "pending", "overdue")} == {
            name: wanted[name] for name in ("due", "kept", "pending", "overdue")
        }
        assert rows["first_touch_on"].is_not_null().sum() == len(taken)
