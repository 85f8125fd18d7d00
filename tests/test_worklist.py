"""Who waits for a person, who for a verdict, and how fast leads are answered: by hand, and against loops."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

from alignment.handoff import at_equal_age, obligation_of, speed
from alignment.worklist import breaking, undecided
from data.calendar import Period
from metrics import OpenCompany, Query, Session
from metrics.verdict_reasons import rejections_by, rejections_by_reason, verdicts_by
from tests.oracle_durations import business_hours, handoffs
from tests.small_company import SmallCompany
from tests.tiny_sessions import TinyCompany, rows_in

Row = dict[str, Any]
NINE_TO_FIVE = {day: (dt.time(9), dt.time(17)) for day in range(5)}
TUESDAY = dt.date(2024, 3, 5)
NAMES = ("leads", "assignments", "activities", "activity_contacts", "lead_decisions", "people")
PEOPLE = [
    {"person_id": "Sam", "name": "Sam Hill", "team": "sales", "time_zone": "UTC"},
    {"person_id": "Nina", "name": None, "team": "sales", "time_zone": "America/New_York"},
]
AGREED = """
    agreement:
      - from: 2024-01-01
        goal: {metric: won_revenue, target: 1000, per: quarter}
        obligations:
          soon: {label: Soon, metric: human_delay_hours, team: sales, within: 4 hours, share: 0.9}
        reasons:
          small: {label: Too small, crm: [Too small, Small fry]}
          late: {label: Not now, verdict: recycled}
"""


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """A UTC instant of March 2024; the 4th is a Monday."""
    return dt.datetime(2024, 3, day, hour, minute)


def given(*rows: tuple[str, dt.datetime, str]) -> dict[str, list[Row]]:
    """Leads that came on the first of the month, and who was given each of them when."""
    names = list(dict.fromkeys(name for name, *_ in rows))
    return {
        "people": PEOPLE,
        "accounts": [{"account_id": "acc", "name": "Acme"}],
        "contacts": [{"contact_id": name, "account_id": "acc", "created_at": at(1, 9)} for name in names],
        "assignments": [{"contact_id": name, "happened_at": when, "person_id": who} for name, when, who in rows],
    }


def touched(*rows: tuple[str, dt.datetime]) -> dict[str, list[Row]]:
    return {
        "activities": [{"activity_id": name, "happened_at": when, "is_automatic": False} for name, when in rows],
        "activity_contacts": [{"activity_id": name, "contact_id": name} for name, _ in rows],
    }


def judged(*rows: tuple[str, dt.datetime, str, str | None]) -> dict[str, list[Row]]:
    return {
        "lead_decisions": [
            {"contact_id": name, "happened_at": when, "decision": word, "reason": why} for name, when, word, why in rows
        ]
    }


@pytest.fixture(scope="module")
def tiny() -> TinyCompany:
    return TinyCompany(business_hours=NINE_TO_FIVE)


@pytest.fixture(scope="module")
def agreed() -> TinyCompany:
    return TinyCompany(definitions=AGREED, business_hours=NINE_TO_FIVE)


WAITING = given(
    ("exactly an hour left", at(5, 14), "Sam"),
    ("half an hour left", at(5, 13, 30), "Sam"),
    ("just in time", at(5, 13), "Sam"),
    ("since monday", at(4, 16), "Sam"),
    ("given on", at(4, 9), "Sam"),
    ("given on", at(5, 16), "Nina"),
    ("in new york", at(5, 14), "Nina"),
    ("touched", at(4, 9), "Sam"),
    ("touched the day after", at(5, 10), "Sam"),
    ("rejected", at(4, 9), "Sam"),
)


# -- who waits for a person ------------------------------------------------------------------------------------------


def test_the_list_begins_with_what_can_be_kept_and_goes_on_with_what_broke_last(tiny: TinyCompany) -> None:
    events = touched(("touched", at(4, 10)), ("touched the day after", at(6, 9))) | judged(
        ("rejected", at(5, 9), "rejected", None)
    )
    found = breaking(tiny.session({**WAITING, **events}, TUESDAY))
    # Promised are 4 hours. When Tuesday is over, 9 to 17 has been worked in London; in New York 14:00 was 9:00, and all
    # of the 8 hours since have been worked.
    assert found.frame.select("contact_id", "left", "is_broken", "owner").rows() == [
        ("just in time", 0.0, False, "Sam Hill"),
        ("half an hour left", 0.5, False, "Sam Hill"),
        ("touched the day after", -3.0, True, "Sam Hill"),
        ("in new york", -4.0, True, "Nina"),
        ("since monday", -5.0, True, "Sam Hill"),
        ("given on", -12.0, True, "Nina"),  # to somebody else, whose clock is that of the first assignment
    ]
    assert (found.every, found.broken, found.promise, found.as_of, found.reason) == (6, 4, 4.0, TUESDAY, None)
    assert set(found.frame["account"]) == {"Acme"}
    assert found.frame["lead"][0] == "…time"
    assert found.owners == {"Nina": "Nina", "Sam": "Sam Hill"}


def test_an_owner_sees_the_leads_that_are_theirs_now(tiny: TinyCompany) -> None:
    session = tiny.session(WAITING, TUESDAY)
    assert set(breaking(session, "Nina").frame["contact_id"]) == {"in new york", "given on"}
    assert breaking(session, "nobody' OR 1=1 --").every == 0


def test_what_an_agreement_promises_of_a_wait_is_found_by_its_metric(agreed: TinyCompany) -> None:
    session = agreed.session(WAITING, TUESDAY)
    found = obligation_of(session, "human_delay_hours")
    assert found is not None
    assert (found.name, found.share, found.within) == ("soon", 0.9, 4 * 3600)
    assert obligation_of(session, "verdict_days") is None
    before = agreed.session(WAITING, dt.date(2023, 12, 31))
    assert obligation_of(before, "human_delay_hours") is None


def test_without_assignments_the_list_says_why_it_is_empty(small: SmallCompany) -> None:
    session = OpenCompany(small.company).at()
    for found in (breaking(session), undecided(session)):
        assert found.frame.is_empty()
        assert "assignments" in (found.reason or "")


def test_the_lists_of_a_whole_company_are_what_loops_find(demo: Session) -> None:
    tables = {name: rows_in(demo, name) for name in NAMES}
    day = (demo.through or dt.date.min) + dt.timedelta(days=1)
    now = dt.datetime.combine(day, dt.time(), dt.UTC).replace(tzinfo=None) - dt.timedelta(hours=1)  # winter in Berlin
    late: dict[tuple[str, int], Fraction] = {}
    waiting: dict[tuple[str, int], int] = {}
    for lead, one in zip(tables["leads"], handoffs(tables), strict=True):
        if one["verdict"] or lead["ended_on"] or lead["lost_on"]:
            continue
        key = lead["contact_id"], lead["pass"]
        if one["assigned"] and not one["first_touch"]:
            zone = one["zone"] or demo.company.time_zone
            late[key] = 4 - business_hours(demo.company, zone, one["assigned"]["happened_at"], now)
        if one["handed_over"]:
            waiting[key] = 5 - (day - one["handed_over"]["happened_on"]).days
    found = {(contact, number): left for contact, number, left in breaking(demo).frame.select(
        "contact_id", "pass", "left").iter_rows()}  # fmt: skip
    assert found == {key: pytest.approx(float(left)) for key, left in late.items() if left < 1}
    assert len(found) > 3
    judged_later = {(contact, number): left for contact, number, left in undecided(demo).frame.select(
        "contact_id", "pass", "left").iter_rows()}  # fmt: skip
    assert judged_later == waiting
    assert len(waiting) > 3


# -- who waits for a verdict -----------------------------------------------------------------------------------------


def test_a_verdict_is_late_from_the_day_after_the_promised_days(tiny: TinyCompany) -> None:
    # As of the end of the 10th five days are over for the 6th, and it is late for the 5th.
    rows = given(("fifth", at(5, 10), "Sam"), ("sixth", at(6, 10), "Sam"), ("ninth", at(9, 10), "Sam"))
    found = undecided(tiny.session(rows | judged(("ninth", at(10, 9), "accepted", None)), dt.date(2024, 3, 10)))
    assert found.frame.select("contact_id", "left", "is_broken").rows() == [
        ("sixth", 0.0, False),
        ("fifth", -1.0, True),
    ]
    assert (found.every, found.broken, found.promise) == (2, 1, 5.0)


# -- how fast --------------------------------------------------------------------------------------------------------


def test_a_median_that_falls_on_a_lead_nobody_has_touched_is_longer_than_the_longest_that_was(
    tiny: TinyCompany,
) -> None:
    rows = given(
        *((f"sam {number}", at(4, 9), "Sam") for number in range(3)), ("nina", at(4, 14), "Nina"),
    )  # fmt: skip
    events = touched(("sam 0", at(4, 11, 30)), ("nina", at(4, 15)))
    for row in events["activities"]:
        row["person_id"] = row["activity_id"].split()[0].capitalize()
    found = speed(tiny.session(rows | events, TUESDAY), "owner", Period(at(4, 0).date(), at(5, 0).date()), None)
    assert found.frame.select(
        "group", "human_median", "longest", "due", "kept", "share", "untouched", "pending"
    ).rows() == [
        ("Sam", None, 2.5, 3, 1, pytest.approx(1 / 3), 2, 0),
        ("Nina", 1.0, 1.0, 1, 1, 1.0, 0, 0),
    ]
    # From Friday the 1st to Monday 9:00 a whole day is worked, here and there; 14:00 in London is 9:00 in New York.
    assert dict(found.frame.select("group", "system_median").iter_rows()) == {"Sam": 8.0, "Nina": 8.0}


def test_by_owner_the_clock_is_each_persons_own_and_by_region_that_of_the_lead(tiny: TinyCompany) -> None:
    # Sam hands the lead on after two hours, and Nina calls an hour after she got it: seven after the first assignment.
    rows = given(("lead", at(4, 9), "Sam"))
    rows["assignments"].append({"contact_id": "lead", "happened_at": at(4, 11), "person_id": "Nina"})
    events = touched(("lead", at(4, 16)))
    events["activities"][0]["person_id"] = "Nina"
    session = tiny.session(rows | events, dt.date(2024, 3, 6))
    day = Period(at(4, 0).date(), at(5, 0).date())
    found = speed(session, "owner", day, None)
    columns = ("group", "human_median", "due", "kept", "untouched", "released")
    assert found.is_own
    assert sorted(found.frame.select(columns).rows()) == [("Nina", 2.0, 1, 1, 0, 0), ("Sam", None, 0, 0, 0, 1)]
    by_region = speed(session, "region", day, None)
    assert not by_region.is_own
    assert by_region.frame.select("human_median", "due", "kept").rows() == [(7.0, 1, 0)]


def test_what_takes_days_is_compared_as_it_stood_after_as_many_days(tiny: TinyCompany) -> None:
    # Two weeks of three leads each. By Sunday one of each week was judged; in the first week the others were by now.
    rows = given(*((f"{week}{name}", at(day, 10), "Sam") for week, day in ((1, 4), (2, 11)) for name in "abc"))
    verdicts = judged(
        ("1a", at(5, 9), "accepted", None), ("2a", at(12, 9), "accepted", None),
        ("1b", at(12, 9), "accepted", None), ("1c", at(12, 9), "rejected", None),
    )  # fmt: skip
    week = Period(at(11, 0).date(), at(18, 0).date())
    session = tiny.session(rows | verdicts, dt.date(2024, 3, 17))
    answer = at_equal_age(session, Query(("overdue", "acceptance_rate"), period=week, compare="previous"))
    assert answer.before is not None
    assert answer.frame.row(0) == answer.before.frame.row(0) == (2, pytest.approx(1 / 3))
    plain = session.answer(Query(("overdue",), period=week, compare="previous"))
    assert plain.before is not None
    assert plain.before.number("overdue") == 0
    assert at_equal_age(session, Query(("overdue",), period=week)).before is None


# -- why not ---------------------------------------------------------------------------------------------------------


def test_reasons_are_counted_in_the_words_of_the_agreement_whoever_wrote_them(agreed: TinyCompany) -> None:
    rows = given(*((name, at(4, 9), "Sam") for name in "abcdefg"))
    rows["touches"] = [
        {"touch_id": name, "contact_id": name, "happened_at": at(1, 8), "kind": "form", "source": source}
        for name, source in zip("abcdefg", ["web", "web", "web", "fair", "fair", None, "web"], strict=True)
    ]
    verdicts = judged(
        ("a", at(5, 9), "rejected", "small"), ("b", at(5, 9), "rejected", "Small fry"),
        ("c", at(5, 9), "rejected", "Other"), ("d", at(5, 9), "rejected", None), ("e", at(5, 9), "recycled", "late"),
        ("f", at(5, 9), "rejected", "Other"), ("g", at(5, 9), "accepted", None),
    )  # fmt: skip
    session, month = agreed.session(rows | verdicts), Period(dt.date(2024, 3, 1), dt.date(2024, 4, 1))
    frame, why = rejections_by_reason(session, month, None)
    assert (frame.rows(), why) == ([("Other", 2), ("Too small", 2), (None, 1)], None)
    frame, _ = rejections_by(session, "source", None, None)
    assert frame.rows() == [("web", 3, "Too small", 2), ("fair", 1, None, 0), (None, 1, "Other", 1)]
    frame, _ = rejections_by(session, "source", Period(dt.date(2024, 4, 1), dt.date(2024, 5, 1)), None)
    assert frame.is_empty()


def test_each_source_has_its_acceptance_rate_and_the_most_frequent_reason(demo: Session) -> None:
    tables = {name: rows_in(demo, name) for name in NAMES}
    day = (demo.through or dt.date.min) + dt.timedelta(days=1)
    given, due, accepted, reasons = Counter[Any](), Counter[Any](), Counter[Any](), dict[Any, Counter[str]]()
    for lead, one in zip(tables["leads"], handoffs(tables), strict=True):
        if not one["handed_over"] or one["handed_over"]["happened_on"] >= day:
            continue
        source, verdict = lead["source"], one["verdict"] or {}
        given[source] += 1
        is_due = (day - one["handed_over"]["happened_on"]).days > 5
        due[source] += is_due
        accepted[source] += is_due and verdict.get("decision") == "accepted"
        if verdict.get("decision") == "rejected":
            reasons.setdefault(source, Counter())[verdict["reason"]] += 1
    frame, why = verdicts_by(demo, "source", None, None)
    assert why is None
    assert dict(frame.select("group", "handed_over").iter_rows()) == dict(given)
    for group, rate, rejected, reason, because in frame.drop("handed_over").iter_rows():
        assert rate == (pytest.approx(accepted[group] / due[group]) if due[group] else None)
        told = reasons.get(group, Counter())
        assert rejected == sum(told.values())
        assert because == max(told.values(), default=0)
        assert told[reason] == because
    assert len(reasons) > 2


def test_a_company_without_verdicts_says_so(small: SmallCompany) -> None:
    frame, why = rejections_by_reason(OpenCompany(small.company).at(), Period(TUESDAY, dt.date(2024, 4, 1)), None)
    assert frame.is_empty()
    assert why == "No source gives lead_decisions.decision: map it in sources.yaml."
    assert verdicts_by(OpenCompany(small.company).at(), "source", None, None)[1] is not None
