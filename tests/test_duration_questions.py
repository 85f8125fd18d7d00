"""Durations asked of a few waits, each answer worked out by hand: midnights, groups, parts of other metrics, rows.

The company is in Berlin, an hour ahead of UTC; March 4, 2024, is a Monday. Four of six leads are given to Sam in March:

| lead | country | given | called |
|---|---|---|---|
| one | DE | Monday, 9:00 UTC | Monday, 10:30 |
| two | DE | Monday, 9:00 | Tuesday, 8:30 |
| three | AT | Monday, 9:00 | |
| four | FR | Tuesday, half an hour after midnight in Berlin | |
| five | IT | | |
| six | CH | in July, when the files end in June | |
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from data.calendar import Period
from metrics import Query, Session
from metrics.kinds import results_of
from tests.tiny_sessions import TinyCompany

DEFINITIONS = """
metrics:
  answer_days:
    {label: Answer, description: Days., kind: duration, from: assigned, to: first_touch, unit: days, promise: 2 days}
  answer_clock:
    {label: Answer, description: Hours., kind: duration, from: assigned, to: first_touch, unit: hours, promise: 2 days}
  to_owner: {label: Owner, description: Hours., kind: duration, from: created, to: assigned, unit: hours}
  to_verdict:
    {label: Verdict, description: H., kind: duration, from: assigned, to: verdict, unit: hours, clock: business}
  to_deal: {label: To deal, description: D., kind: duration, from: first_marketing_touch, to: deal_created, unit: days}
  in_a_month:
    {label: Won, description: Days., kind: duration, from: deal_created, to: deal_won, unit: days, promise: 30 days}
  apart:
    {label: Apart, description: F., kind: formula, unit: count, expr: "{german} - {other}",
     inputs: {german: {metric: human_delay_hours.measured, where: "country = 'DE'"},
              other: {metric: human_delay_hours.measured, where: "country <> 'DE'"}}}
  more:
    {label: More, description: F., kind: formula, unit: count, expr: "{now} - {before}",
     inputs: {now: human_delay_hours.measured, before: {metric: human_delay_hours.measured, shift: 1 month}}}
  lately: {label: L, description: C., kind: cumulative, of: human_delay_hours.measured, window: 2 days, unit: count}
"""
MARCH, APRIL = Period(dt.date(2024, 3, 1), dt.date(2024, 4, 1)), Period(dt.date(2024, 4, 1), dt.date(2024, 5, 1))
THURSDAY = dt.date(2024, 3, 7)


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> dt.datetime:
    return dt.datetime(2024, month, day, hour, minute)


@pytest.fixture(scope="module")
def session() -> Session:
    hours = {day: (dt.time(9), dt.time(17)) for day in range(5)}
    given = {
        "one": at(4, 9), "two": at(4, 9), "three": at(4, 9), "four": at(4, 23, 30), "five": None,
        "six": at(3, 9, month=7),
    }  # fmt: skip
    called = {"one": at(4, 10, 30), "two": at(5, 8, 30)}
    days = {"four": dt.date(2024, 3, 5)}
    countries = {"one": "DE", "two": "DE", "three": "AT", "four": "FR", "five": "IT", "six": "CH"}
    rows: dict[str, list[dict[str, Any]]] = {
        "contacts": [
            {"contact_id": name, "country": countries[name], "created_at": (when or at(4, 9)) - dt.timedelta(hours=2)}
            for name, when in given.items()
        ],
        "assignments": [
            {"contact_id": name, "happened_at": when, "happened_on": days.get(name, when.date()), "person_id": "Sam"}
            for name, when in given.items()
            if when
        ],
        "activities": [
            {"activity_id": name, "happened_at": when, "is_automatic": False} for name, when in called.items()
        ],
        "activity_contacts": [{"activity_id": name, "contact_id": name} for name in called],
        "people": [{"person_id": "Sam", "team": "sales", "time_zone": "Europe/Berlin"}],
        "deals": [
            {"deal_id": "won", "type": "new", "created_at": at(1, 9), "closed_at": at(20, 9), "is_won": True,
             "is_closed": True},
            {"deal_id": "of one", "type": "new", "created_at": at(8, 9), "is_closed": False},
        ],
        "deal_contacts": [{"deal_id": "of one", "contact_id": "one", "is_primary": True}],
        "touches": [{"touch_id": "T", "contact_id": "one", "kind": "form", "happened_at": at(3, 9)}],
    }  # fmt: skip
    return TinyCompany(definitions=DEFINITIONS, business_hours=hours, time_zone="Europe/Berlin").session(rows)


def told(session: Session, metric: str, day: dt.date | None) -> dict[str, Any]:
    names = results_of(session.definitions.metrics[metric])
    row = session.answer(Query(tuple(f"{metric}.{name}" for name in names), as_of=day)).frame.row(0, named=True)
    return {name: row[f"{metric}.{name}"] for name in names}


class TestMidnight:
    def test_days_are_counted_from_date_to_date(self, session: Session) -> None:
        none_due = {"due": 0, "kept": 0, "promise_kept": None, "pending": 2, "overdue": 0}
        counted = {"median": 1, "p90": None, "measured": 2}
        assert told(session, "answer_days", dt.date(2024, 3, 6)) == counted | none_due
        # Three days after Monday; after Tuesday two.
        one_late = {"due": 3, "kept": 2, "promise_kept": pytest.approx(2 / 3), "pending": 1, "overdue": 1}
        assert told(session, "answer_days", THURSDAY) == counted | one_late

    def test_hours_end_at_the_companys_midnight(self, session: Session) -> None:
        # Thursday begins at 23:00 UTC of Wednesday: 62 hours after Monday's leads were given, 47.5 after Tuesday's.
        assert told(session, "answer_clock", THURSDAY) == {
            "median": 23.5, "p90": None, "measured": 2, "due": 3, "kept": 2, "promise_kept": pytest.approx(2 / 3),
            "pending": 1, "overdue": 1,
        }  # fmt: skip

    def test_without_an_as_of_day_nobody_waits_who_was_given_after_the_files(self, session: Session) -> None:
        waits = [told(session, "human_delay_hours", day) for day in (None, dt.date(2024, 7, 10))]
        # On Monday 1.5 hours, and 7 until 17:00 in Berlin with half an hour on Tuesday.
        assert [(found["median"], found["measured"], found["overdue"]) for found in waits] == [
            (7.5, 2, 2),
            (None, 2, 3),
        ]
        days = [told(session, "answer_days", day) for day in (None, dt.date(2024, 7, 10))]
        assert [(found["measured"], found["overdue"]) for found in days] == [(2, 2), (2, 3)]


class TestGroups:
    def test_what_begins_with_the_lead_is_told_by_the_country_of_the_contact(self, session: Session) -> None:
        # Each was given after two hours, and Italy's not yet.
        frame = session.answer(Query(("to_owner", "to_owner.measured"), by=("country",), as_of=THURSDAY)).frame
        assert frame.rows() == [("AT", 2, 1), ("DE", 2, 2), ("FR", 2, 1), ("IT", None, 0)]

    def test_what_ends_with_the_deal_is_told_by_the_country_of_the_contact(self, session: Session) -> None:
        # Touched on March 3, the first lead had a deal on the 8th.
        asked = Query(("to_deal", "to_deal.measured"), by=("country",), as_of=dt.date(2024, 3, 15))
        assert session.answer(asked).frame.rows() == [("DE", 5, 1)]

    def test_where_nobody_waits_0_have_ended(self, session: Session) -> None:
        asked = Query(("leads", "human_delay_hours.measured"), by=("country",), as_of=THURSDAY)
        answer = session.answer(asked)
        assert answer.frame.rows() == [("AT", 1, 0), ("DE", 2, 2), ("FR", 1, 0), ("IT", 1, 0)]
        tree = sqlglot.parse_one(answer.sql, dialect="duckdb")
        assert all(count.this is not None for count in tree.find_all(exp.Count))

    def test_those_with_a_promise_and_those_without_stand_beside_each_other(self, session: Session) -> None:
        names = ("human_delay_hours.due", "to_verdict.measured")
        for asked in (names, names[::-1]):
            found = session.answer(Query(asked, as_of=THURSDAY))
            assert [found.number(name) for name in names] == [4, 0]

    def test_a_percentile_alone_tells_why_it_is_empty(self, session: Session) -> None:
        answer = session.answer(Query(("answer_days.p90",), as_of=THURSDAY))
        assert answer.notes == (
            "Answer: of 4 waits so many have not ended that the p90 is more than 1.0 days, the longest that has ended.",
        )

    def test_a_win_may_be_promised_too(self, session: Session) -> None:
        found = told(session, "in_a_month", dt.date(2024, 4, 15))
        assert (found["median"], found["due"], found["kept"], found["overdue"]) == (19, 2, 1, 1)


class TestMadeOfWaits:
    def test_of_some_rows_and_of_others(self, session: Session) -> None:
        assert session.answer(Query(("apart", "human_delay_hours.measured"), as_of=THURSDAY)).frame.row(0) == (2, 2)

    def test_of_this_month_and_of_the_month_before(self, session: Session) -> None:
        asked = ("more", "human_delay_hours.measured")
        found = [session.answer(Query(asked, period=month)).frame.row(0) for month in (MARCH, APRIL)]
        assert found == [(2, 2), (-2, 0)]

    def test_of_the_last_days_of_each_day(self, session: Session) -> None:
        days = Period(dt.date(2024, 3, 3), dt.date(2024, 3, 7))
        frame = session.answer(Query(("lately", "human_delay_hours.measured"), grain="day", period=days)).frame
        assert [row[1:] for row in frame.rows()] == [(0, 0), (2, 2), (2, 0), (0, 0)]


class TestRows:
    def test_of_each_wait_it_is_said_how_its_promise_stands(self, session: Session) -> None:
        (part,) = session.rows(Query(("human_delay_hours",), as_of=dt.date(2024, 3, 5)))
        names = ("contact_id", "first_touch_on", "hours", "is_due", "is_kept", "is_pending", "is_overdue")
        assert sorted(part.frame.select(names).rows()) == [
            ("one", dt.date(2024, 3, 4), 1.5, True, True, False, False),
            ("three", None, None, True, False, False, True),
            ("two", None, None, True, False, False, True),
        ]

    def test_a_limit_keeps_so_many(self, session: Session) -> None:
        (part,) = session.rows(Query(("human_delay_hours",), as_of=THURSDAY, limit=2))
        assert part.frame.height == 2

    def test_they_are_told_where_two_tables_have_a_column_of_one_name(self, session: Session) -> None:
        (part,) = session.rows(Query(("to_owner",), as_of=THURSDAY, where="country = 'DE'"))
        assert part.frame["hours"].to_list() == [2, 2]
        (part,) = session.rows(Query(("to_deal",), as_of=dt.date(2024, 3, 15), where="country = 'DE'"))
        assert part.frame.select("created_on", "days").rows() == [(dt.date(2024, 3, 8), 5)]
