"""The journeys of decided deals: counted as a loop over touches counts them, nothing left out, under any filter."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.calendar import Period
from metrics import Query, Session
from metrics.deal_paths import DealPaths, Frequent, deal_paths, deals_of, frequent, lengths
from metrics.findings import wilson
from metrics.path_lists import CountedPath, credit_of
from metrics.path_roles import ROLES, removals, roles
from tests.tiny_sessions import TinyCompany, rows_in

START = dt.datetime(2024, 1, 1, 9)
ALWAYS = Period(dt.date(2020, 1, 1), dt.date(2030, 1, 1))
YEAR = Period(dt.date(2025, 10, 1), dt.date(2026, 10, 1))
Row = dict[str, Any]
Way = tuple[str | None, ...]

_touches = st.lists(
    st.tuples(st.sampled_from("012345"), st.integers(0, 30), st.sampled_from(["a", "b", None])), max_size=24
)
_deals = st.lists(
    st.tuples(st.integers(10, 30), st.integers(0, 30), st.sampled_from(["won", "lost", "lost", "open"]),
              st.sampled_from(["new", "new", "renewal"])),
    min_size=6, max_size=6,
)  # fmt: skip


@pytest.fixture(scope="module")
def tiny() -> TinyCompany:
    return TinyCompany()


def company_of(touches: list[tuple[Any, ...]], deals: list[tuple[Any, ...]]) -> dict[str, list[Row]]:
    def at(day: int) -> dt.datetime:
        return START + dt.timedelta(days=day)

    segments = ("Small", "Large")
    return {
        "accounts": [{"account_id": f"A{n}", "segment": segments[n % 2]} for n in range(len(deals))],
        "contacts": [{"contact_id": f"C{n}", "created_at": at(0)} for n in range(len(deals))],
        "touches": [
            {"touch_id": f"T{n:02}", "contact_id": f"C{who}", "happened_at": at(day), "kind": "form", "channel": way}
            for n, (who, day, way) in enumerate(touches)
        ],
        "deals": [
            {
                "deal_id": f"D{n}", "account_id": f"A{n}", "created_at": at(day), "type": kind,
                "closed_at": None if how == "open" else at(day + lasted), "is_won": how == "won",
                "is_closed": how != "open", "amount": Decimal("10.00"), "currency": "EUR",
            }
            for n, (day, lasted, how, kind) in enumerate(deals)
        ],
        "deal_contacts": [{"deal_id": f"D{n}", "contact_id": f"C{n}"} for n in range(len(deals))],
    }  # fmt: skip


def ways(session: Session, period: Period) -> dict[str, tuple[bool, Way, int | None]]:
    """Per decided deal of type new whether it was won, its channels in order, and its days: by loops over rows."""
    touched: dict[str, list[Row]] = defaultdict(list)
    for row in rows_in(session, "journeys"):
        if row["goal"] == "close":
            touched[row["deal_id"]].append(row)
    found = {}
    for deal in rows_in(session, "pipeline"):
        day = deal["decided_on"]
        if deal["deal_type"] == "new" and day is not None and period.start <= day < period.until:
            path = sorted(touched[deal["deal_id"]], key=lambda row: row["place"])
            days = (day - min(row["happened_on"] for row in path)).days if path else None
            found[deal["deal_id"]] = (deal["is_won"], tuple(row["channel"] for row in path), days)
    return found


def once(way: Way) -> Way:
    return tuple(channel for channel, _ in groupby(way))


def check(session: Session, period: Period, found: DealPaths) -> None:
    """Every count, median, role and length against loops."""
    wanted = ways(session, period)
    for is_unrepeated in (False, True):
        kept = {key: (once(way) if is_unrepeated else way) for key, (_, way, _) in wanted.items()}
        for to_won in (False, True):
            ranked = frequent(found, 3, to_won=to_won, is_unrepeated=is_unrepeated)
            counts = {
                way: sum(wanted[k][0] == to_won for k, one in kept.items() if one == way) for way in kept.values()
            }
            most = sorted((n for way, n in counts.items() if way and n), reverse=True)[:3]
            assert [one.won if to_won else one.lost for one in ranked.shown] == most
            for one in ranked.shown:
                own = [key for key, way in kept.items() if way == one.channels]
                check_one(one.won, one.lost, one.touches, one.days, [wanted[key] for key in own])
                deals = deals_of(session, period, None, ranked, one, is_unrepeated=is_unrepeated)
                assert sorted(deals["deal_id"]) == sorted(own)
            check_rest(session, period, ranked, kept, wanted, is_unrepeated)
    check_roles(found, wanted)
    check_lengths(found, wanted)


def check_one(won: int, lost: int, touches: float | None, days: float | None, own: list[tuple[Any, ...]]) -> None:
    assert (won, lost) == (sum(row[0] for row in own), sum(not row[0] for row in own))
    assert touches == statistics.median(len(row[1]) for row in own)
    assert days == statistics.median(row[2] for row in own)


def check_rest(
    session: Session, period: Period, ranked: Frequent, kept: dict[str, Way], wanted: Row, is_unrepeated: bool
) -> None:
    shown = {one.channels for one in ranked.shown}
    rest = [key for key, way in kept.items() if way and way not in shown]
    assert (ranked.others is None) == (not rest)
    if ranked.others is not None:
        one = ranked.others
        check_one(one.won, one.lost, one.touches, one.days, [wanted[key] for key in rest])
        assert one.ways == len({kept[key] for key in rest})
        deals = deals_of(session, period, None, ranked, one, is_unrepeated=is_unrepeated)
        assert sorted(deals["deal_id"]) == sorted(rest)
    for one in ranked.untouched:
        deals = deals_of(session, period, None, ranked, one, is_unrepeated=is_unrepeated)
        assert deals.height == one.won + one.lost
    assert sum(one.won for one in ranked.every) == sum(row[0] for row in wanted.values())
    assert sum(one.lost for one in ranked.every) == sum(not row[0] for row in wanted.values())
    empty = sum(not way for way in kept.values())
    assert sum(one.won + one.lost for one in ranked.untouched) == empty


def check_roles(found: DealPaths, wanted: Row) -> None:
    touched = [(won, way) for won, way, _ in wanted.values() if way]
    has = {"opens": lambda way: {way[0]}, "helps": lambda way: set(way[1:-1]), "closes": lambda way: {way[-1]}}
    told = roles(found)
    for role in ROLES:
        channels = {channel for _, way in touched for channel in has[role](way)}
        assert {row.channel for row in told[role]} == channels
        for row in told[role]:
            own = [won for won, way in touched if row.channel in has[role](way)]
            assert (row.won, row.lost) == (sum(own), len(own) - sum(own))
            assert (row.all_won, row.all_won + row.all_lost) == (sum(won for won, _ in touched), len(touched))


def check_lengths(found: DealPaths, wanted: Row) -> None:
    told = lengths(found)
    for outcome in (True, False):
        own = [(len(way), days) for won, way, days in wanted.values() if way and won == outcome]
        for place, name in enumerate(("touches", "days")):
            values = [row[place] for row in own]
            if len(values) > 1:
                low, median, high = statistics.quantiles(values, n=4, method="inclusive")
                spread = told[name, outcome]
                assert (spread.low, spread.median, spread.high) == pytest.approx((low, median, high))
                assert spread.deals == len(values)


@settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(touches=_touches, deals=_deals)
def test_of_any_company_journeys_are_what_a_loop_counts(
    tiny: TinyCompany, touches: list[tuple[Any, ...]], deals: list[tuple[Any, ...]]
) -> None:
    session = tiny.session(company_of(touches, deals))
    for period in (ALWAYS, Period(dt.date(2024, 1, 20), dt.date(2024, 2, 20))):
        check(session, period, deal_paths(session, period, None))


class TestOfTheDemo:
    def test_a_year_is_what_a_loop_counts(self, demo: Session) -> None:
        check(demo, YEAR, deal_paths(demo, YEAR, None))

    def test_all_decided_deals_of_type_new_are_counted(self, demo: Session) -> None:
        found = deal_paths(demo, YEAR, None)
        for name, counted in (("deals_won", found.won), ("deals_lost", found.lost)):
            metric = demo.answer(Query((name,), period=YEAR, where="deal_type = 'new'")).number(name)
            assert counted == metric

    @pytest.mark.parametrize("where", ["channel = 'social'", "(segment = 'Small') and (channel != 'social')"])
    def test_a_filter_narrows_as_it_narrows_metrics(self, demo: Session, where: str) -> None:
        found = deal_paths(demo, YEAR, where)
        asked = Query(("deals_won",), period=YEAR, where=f"({where}) and deal_type = 'new'")
        assert found.won == demo.answer(asked).number("deals_won")
        assert 0 < found.won < deal_paths(demo, YEAR, None).won

    def test_a_filter_that_deals_do_not_know_is_a_reason(self, demo: Session) -> None:
        found = deal_paths(demo, YEAR, "touch_kind = 'form'")
        assert found.reason == "The journey of a deal is not known by touch kind: take the filter off to see it."
        assert found.won == found.lost == 0

    def test_what_is_lost_without_a_channel_is_what_credit_and_lists_say(self, demo: Session) -> None:
        found = deal_paths(demo, YEAR, None)
        told = {row.channel: row for row in removals(found)}
        wanted = ways(demo, YEAR).values()
        listed = [CountedPath(tuple(c or "?" for c in way), won, won, not won) for won, way, _ in wanted if way]
        shares = {channel: part for channel, part, _ in credit_of(tuple(listed), "markov").iter_rows()}
        last = {channel: part for channel, part, _ in credit_of(tuple(listed), "last").iter_rows()}
        won = sum(one.conversions for one in listed)
        assert {row.channel or "?": row.share * won for row in told.values()} == pytest.approx(shares)
        assert {row.channel or "?": row.last * won for row in told.values()} == pytest.approx(last)
        # The rollup of transitions, which a question by channel reads, knows the same journeys.
        asked = Query(("credited_customers",), ("channel",), period=YEAR, model="markov")
        credit = {channel: part for channel, part in demo.answer(asked).frame.iter_rows() if channel is not None}
        whole, named = sum(credit.values()), sum(row.share for row in told.values() if row.channel is not None)
        for channel, part in credit.items():
            assert part / whole == pytest.approx(told[channel].share / named)


def test_the_worked_journeys(tiny: TinyCompany) -> None:
    # D0: a, a, b won. D1: a, b won. D2: b lost. D3: a, no channel, a won. D4: no touch, lost. D5: open.
    touches = [("0", 1, "a"), ("0", 2, "a"), ("0", 3, "b"), ("1", 4, "a"), ("1", 5, "b"), ("2", 6, "b"),
               ("3", 7, "a"), ("3", 8, None), ("3", 9, "a")]  # fmt: skip
    hows = ("won", "won", "lost", "won", "lost", "open")
    session = tiny.session(company_of(touches, [(10, 1, how, "new") for how in hows]))
    found = deal_paths(session, ALWAYS, None)
    ranked = frequent(found, 5, to_won=True, is_unrepeated=True)
    assert [(one.channels, one.won, one.lost, one.touches, one.days) for one in ranked.shown] == [
        (("a", "b"), 2, 0, 2.5, 8.5), (("a", None, "a"), 1, 0, 3, 4),
    ]  # fmt: skip
    assert ranked.shown[0].interval == wilson(2, 2)
    each = frequent(found, 5, to_won=True, is_unrepeated=False)
    assert {one.channels for one in each.shown} == {("a", "a", "b"), ("a", "b"), ("a", None, "a")}
    assert [(one.cause, one.won, one.lost) for one in ranked.untouched] == [("no touch", 0, 1)]
    told = {role: {row.channel: (row.won, row.lost) for row in rows} for role, rows in roles(found).items()}
    assert told == {
        "opens": {"a": (3, 0), "b": (0, 1)},
        "helps": {"a": (1, 0), None: (1, 0)},
        "closes": {"b": (2, 1), "a": (1, 0)},
    }


def test_equal_ways_have_one_number_and_others_have_others(tiny: TinyCompany) -> None:
    touches = [("0", 1, "a"), ("0", 2, "b"), ("1", 3, "a"), ("1", 4, "b"), ("2", 5, "b"), ("2", 6, "a"), ("3", 7, None)]
    session = tiny.session(company_of(touches, [(10, 1, "won", "new")] * 6))
    rows = {row["deal_id"]: row["path"] for row in rows_in(session, "deal_paths")}
    assert rows["D0"] == rows["D1"]
    assert rows["D4"] is None
    assert len({rows[key] for key in ("D0", "D2", "D3")}) == 3
    steps: dict[int, list[Row]] = defaultdict(list)
    for row in rows_in(session, "path_steps"):
        steps[row["path"]].append(row)
    for rows_of in steps.values():
        ordered = sorted(rows_of, key=lambda row: row["place"])
        assert [row["place"] for row in ordered] == list(range(1, len(ordered) + 1))
        assert [row["is_last"] for row in ordered] == [False] * (len(ordered) - 1) + [True]
        assert all(before["next_channel"] == after["channel"] for before, after in pairwise(ordered))
