"""The agreement as it is written: what a version says, what a slip is told, and the metrics that it needs."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.calendar import Period
from data.errors import InvalidFiles
from metrics import Query, Session
from metrics.agreement import Agreement, Signature
from metrics.loading import Definitions, load_definitions
from tests.conftest import DEMO
from tests.oracle_durations import results, verdict_waits
from tests.tiny_sessions import rows_in

END, SPRING = dt.date(2026, 11, 16), dt.date(2026, 6, 17)
NAMES = ("leads", "contacts", "deals", "assignments", "activities", "activity_contacts", "lead_decisions", "people")
VERSION = """agreement:
  - from: 2026-01-01
    goal: {metric: won_revenue, target: 1000, per: quarter}
    objectives:
      many: {label: Many, metric: leads, target: 10, per: week, team: marketing}
    obligations:
      soon: {label: Soon, metric: human_delay_hours, team: sales, within: 4 hours, share: 0.9}
"""
SOON = "metric: human_delay_hours, team: sales, within: 4 hours"
ATTEMPTS = "metric: attempt_days, attempts: 3, team: sales, within: 5 days"


@pytest.fixture(scope="module")
def tables(demo: Session) -> dict[str, list[dict[str, Any]]]:
    return {name: rows_in(demo, name) for name in NAMES}


def read(demo: Session, folder: Path, text: str) -> Definitions:
    (folder / "definitions").mkdir(exist_ok=True)
    (folder / "definitions" / "own.yaml").write_text(text, encoding="utf-8")
    return load_definitions(replace(demo.company, folder=folder), demo.manifest.describe())


def problems_of(demo: Session, folder: Path, text: str) -> list[str]:
    with pytest.raises(InvalidFiles) as caught:
        read(demo, folder, text)
    return [str(problem) for problem in caught.value.problems]


# -- versions --------------------------------------------------------------------------------------------------------


def test_each_day_has_the_version_that_holds_on_it(demo: Session) -> None:
    found = demo.definitions.agreement
    assert [version.starts for version in found.versions] == [dt.date(2026, 1, 1), dt.date(2026, 7, 1)]
    assert found.in_force(dt.date(2025, 12, 31)) is None
    assert found.in_force(dt.date(2026, 6, 30)) == found.versions[0]
    assert found.in_force(dt.date(2026, 7, 1)) == found.versions[1] == found.in_force(dt.date(2030, 1, 1))
    assert found.next_after(dt.date(2026, 6, 30)) == found.versions[1]
    assert found.next_after(dt.date(2026, 7, 1)) is None


def test_versions_are_in_the_order_of_their_days_however_they_are_written(demo: Session, tmp_path: Path) -> None:
    second = VERSION.removeprefix("agreement:\n").replace("2026-01-01", "2025-01-01")
    found = read(demo, tmp_path, VERSION + second).agreement
    assert [version.starts.year for version in found.versions] == [2025, 2026]


def test_a_signature_is_a_day_or_a_day_and_a_person(demo: Session) -> None:
    first, second = demo.definitions.agreement.versions
    assert first.signature("marketing") == Signature("marketing", dt.date(2025, 12, 12))
    assert second.signature("sales") == Signature("sales", dt.date(2026, 6, 24), "p-04")


def test_a_company_without_an_agreement_has_none(demo: Session, tmp_path: Path) -> None:
    found = load_definitions(replace(demo.company, folder=tmp_path), demo.manifest.describe())
    assert found.agreement == Agreement()
    assert "lead_value" not in found.metrics


def test_a_number_of_attempts_is_promised(demo: Session, tmp_path: Path) -> None:
    (written,) = read(demo, tmp_path, VERSION.replace(SOON, ATTEMPTS)).agreement.versions[0].obligations
    assert (written.attempts, written.within, written.time_words) == (3, 5, "3 attempts within 5 days")
    # Without the key it is the number that the metric waits for.
    short = VERSION.replace(SOON, ATTEMPTS.replace("attempts: 3, ", ""))
    assert read(demo, tmp_path, short).agreement.versions[0].obligations[0].attempts == 3
    assert read(demo, tmp_path, VERSION).agreement.versions[0].obligations[0].time_words == "within 4 hours"
    # An earlier version may have promised another number, and its fingerprint knows it.
    earlier = VERSION.removeprefix("agreement:\n").replace("2026-01-01", "2025-01-01")
    both = read(demo, tmp_path, VERSION.replace(SOON, ATTEMPTS) + earlier.replace(SOON, ATTEMPTS.replace(": 3", ": 2")))
    assert [version.obligations[0].attempts for version in both.agreement.versions] == [2, 3]
    assert len({version.fingerprint for version in both.agreement.versions}) == 2


def test_the_fingerprint_changes_with_a_promise_and_not_with_words(demo: Session, tmp_path: Path) -> None:
    def of(text: str) -> str:
        return read(demo, tmp_path, text).agreement.versions[0].fingerprint

    told = VERSION.replace("    goal", "    label: New\n    agreed: {sales: 2025-12-01}\n    goal")
    assert of(VERSION) == of(told) == of(VERSION.replace("label: Many", "label: More"))
    changes = {"target: 10,": "target: 11,", "per: week": "per: month", "share: 0.9": "share: 0.8",
               "target: 1000": "target: 1001", "team: marketing": "team: sales, where: channel = 'social'"}  # fmt: skip
    assert len({of(VERSION), *(of(VERSION.replace(old, new)) for old, new in changes.items())}) == 1 + len(changes)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("metric: leads", "metric: leeds", "own.yaml:5:35: agreement.objectives.many: unknown metric 'leeds'. Did you"),
        ("metric: leads", "metric: lead_value", "It comes with the key 'lead_values' of this version."),
        ("metric: leads", "metric: tofu_conversion.rate", "tofu_conversion has no result 'rate'."),
        ("metric: leads", "metric: win_rate", "'target' is 10; win_rate is a share, so write 0.8 for 80 %."),
        ("per: week", "per: wek", "'per' is 'wek'. Did you mean 'week'?"),
        ("per: week", "per: week, wher: a = 1", "unknown key 'wher'. Did you mean 'where'?"),
        ("per: week", "per: week, where: chanel = 'x'", "Did you mean 'channel'?"),
        ("target: 10,", "", "the key 'target' is missing (a number)."),
        ("target: 10,", "target: ten,", "'target' must be a number from 0 to 1e+15, not 'ten'."),
        ("human_delay_hours", "sales_cycle_days", "an obligation is about a wait with a promise, such as human_delay"),
        ("4 hours", "4 days", "'within' is '4 days'; human_delay_hours is promised in minutes or hours."),
        ("4 hours", "soon", "'within' is 'soon'; write a number of minutes, hours or days such as 4 hours."),
        ("4 hours", "2 hours", "promises 2 hours, but the metric human_delay_hours counts with another time ("),
        ("soon: {", "soon: {attempts: 3, ", "human_delay_hours waits for no attempts: leave the key out, or name att"),
        (SOON, ATTEMPTS.replace("attempts: 3", "attempts: 2"), "promises 2 attempts, but the metric attempt_days wai"),
        (SOON, ATTEMPTS.replace("attempts: 3", "attempts: 9"), "'attempts' must be a whole number from 1 to 8, not"),
        (SOON, ATTEMPTS.replace("5 days", "9 hours"), "'within' is '9 hours'; attempt_days is promised in days."),
        (", share: 0.9", "", "the key 'share' is missing (of how many leads it is promised, such as 0.9)."),
        ("    goal:", "    gaol:", "the key 'goal' is missing: the number that both promises serve"),
        ("from: 2026-01-01", "from: 2026", "agreement: 'from' must be a date such as 2026-01-31, not '2026'."),
        ("    goal", "    reasons: {a: {label: A, crm: [X]}, b: {label: B, crm: [X]}}\n    goal", "'X' stands under"),
        ("    goal", "    agreed: {legal: 2026-01-01}\n    goal", "'legal' is no team."),
        ("    goal", "    lead_type: [loss_reason]\n    goal", "leads have no dimension 'loss_reason'."),
        ("    goal", "    lead_values: {types: []}\n    goal", "the key 'otherwise' is missing: what a lead of any"),
        (
            "    goal",
            "    lead_values: {otherwise: 1, types: [{persona: A, chanel: B, value: 2}]}\n    goal",
            "unknown key 'chanel'. Did you mean 'channel'?",
        ),
    ],
)  # fmt: skip
def test_a_slip_is_told_where_it_stands(demo: Session, tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in VERSION
    assert any(says in problem for problem in problems_of(demo, tmp_path, VERSION.replace(old, new)))


def test_a_second_version_of_one_day_and_a_second_file_are_problems(demo: Session, tmp_path: Path) -> None:
    twice = VERSION + VERSION.removeprefix("agreement:\n")
    assert any(
        "a second version from 2026-01-01; the first stands at" in one for one in problems_of(demo, tmp_path, twice)
    )
    (tmp_path / "definitions" / "a.yaml").write_text(VERSION, encoding="utf-8")
    assert any("the agreement stands in one file; the first" in one for one in problems_of(demo, tmp_path, VERSION))


def test_a_version_that_promises_nothing_and_a_list_that_is_none_are_told(demo: Session, tmp_path: Path) -> None:
    nothing = "agreement:\n  - {from: 2026-01-01, goal: {metric: won_revenue, target: 1, per: quarter}}\n"
    assert any("promises nothing: write 'objectives'" in one for one in problems_of(demo, tmp_path, nothing))
    wrong = problems_of(demo, tmp_path, "agreement: {from: 2026-01-01}\n")
    assert any("must be a list of versions" in one for one in wrong)


def test_the_demos_agreement_fits_its_own_words(generated_demo: Any) -> None:
    session = generated_demo.at()
    newest = session.definitions.agreement.versions[-1]
    people = {row["person_id"]: row for row in rows_in(session, "people")}
    assert all(one.person in people and people[one.person]["team"] == one.team for one in newest.agreed)
    assert {one.held_by for one in newest.objectives} - {None} <= people.keys()
    assert {one.role for one in newest.obligations} <= {row["role"] for row in people.values()}
    said = {row["reason"] for row in rows_in(session, "lead_decisions")} - {None}
    assert said <= {value for reason in newest.reasons for value in reason.crm}
    assert (DEMO / "definitions" / "agreement.yaml").is_file()


# -- its metrics -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [END, SPRING, dt.date(2025, 9, 20)])
def test_verdicts_are_pending_until_they_are_due_and_overdue_after(
    demo: Session, tables: dict[str, list[dict[str, Any]]], day: dt.date
) -> None:
    waits, accepted = verdict_waits(tables, demo.company, day), verdict_waits(tables, demo.company, day, "accepted")
    wanted, of_accepted = results(waits, 5), results(accepted, 5)
    assert (wanted["pending"] or 0) + (wanted["overdue"] or 0) > 0
    found = demo.answer(Query(("undecided", "overdue", "acceptance_rate"), as_of=day)).frame.row(0, named=True)
    rate = sum(wait.took is not None and wait.so_far > 5 for wait in accepted) / wanted["due"]  # type: ignore[operator]  # both are there
    assert found == {
        "undecided": wanted["pending"],
        "overdue": wanted["overdue"],
        "acceptance_rate": pytest.approx(rate),
    }
    assert of_accepted["due"]


def test_acceptance_by_channel_and_month_is_over_one_set(
    demo: Session, tables: dict[str, list[dict[str, Any]]]
) -> None:
    period = Period(dt.date(2026, 9, 1), dt.date(2026, 12, 1))
    query = Query(("acceptance_rate",), by=("channel",), grain="month", period=period)
    waits, accepted = (verdict_waits(tables, demo.company, END, one) for one in (None, "accepted"))
    rows = demo.answer(query).frame.to_dicts()
    assert len(rows) > 15
    for row in rows:
        due, yes = (
            [w for w in of if (w.channel, w.day.replace(day=1)) == (row["channel"], row["period"]) and w.so_far > 5]  # type: ignore[operator]  # always known here
            for of in (waits, accepted)
        )
        assert row["acceptance_rate"] == (pytest.approx(len(yes) / len(due)) if due else None)


def test_the_value_of_leads_is_the_sum_over_their_types(demo: Session, tables: dict[str, list[dict[str, Any]]]) -> None:
    personas = {row["contact_id"]: row["persona"] for row in tables["contacts"]}
    worth = {("Warehouse manager", "organic_search"): 900, ("Head of operations", "referral"): 1100}
    wanted: dict[Any, float] = {}
    for lead in tables["leads"]:
        if lead["is_first_pass"] and dt.date(2026, 9, 1) <= (lead["lead_on"] or dt.date.min) < dt.date(2026, 11, 1):
            value = worth.get((personas[lead["contact_id"]], lead["channel"]), 250)
            key = (lead["channel"], lead["lead_on"].replace(day=1))
            wanted[key] = wanted.get(key, 0) + value
    period = Period(dt.date(2026, 9, 1), dt.date(2026, 11, 1))
    frame = demo.answer(Query(("lead_value",), by=("channel",), grain="month", period=period)).frame
    assert {
        (row["channel"], row["period"]): row["lead_value"] for row in frame.to_dicts() if row["lead_value"]
    } == wanted
    assert demo.answer(Query(("lead_value",), period=period)).number("lead_value") == sum(wanted.values())


VALUED = (
    VERSION.replace("metric: leads", "metric: mqls")
    + """    lead_values: {otherwise: 10, types: [{persona: Warehouse manager, channel: organic_search, value: 70}]}
  - from: 2026-05-01
    goal: {metric: won_revenue, target: 1000, per: quarter}
    objectives: {many: {label: Many, metric: mqls, target: 10, per: week, team: marketing}}
  - from: 2026-09-16
    goal: {metric: won_revenue, target: 1000, per: quarter}
    objectives: {many: {label: Many, metric: mqls, target: 10, per: week, team: marketing}}
    lead_type: [channel]
    lead_values: {otherwise: 100, types: [{channel: organic_search, value: 30}]}
"""
)


def test_a_lead_has_the_value_agreed_by_its_own_day(
    demo: Session, tables: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    personas = {row["contact_id"]: row["persona"] for row in tables["contacts"]}
    wanted: dict[dt.date, int] = {}
    for lead in tables["leads"]:
        if not lead["is_first_pass"] or lead["lead_on"] is None:
            continue
        if lead["lead_on"] >= dt.date(2026, 9, 16):
            value = 30 if lead["channel"] == "organic_search" else 100
        else:
            # Those of May to September, whose version has no values, and those from before the first version too.
            type_of = (personas[lead["contact_id"]], lead["channel"])
            value = 70 if type_of == ("Warehouse manager", "organic_search") else 10
        month = lead["lead_on"].replace(day=1)
        wanted[month] = wanted.get(month, 0) + value
    session = Session(demo.company, demo.generation, read(demo, tmp_path, VALUED))
    frame = session.answer(Query(("lead_value",), grain="month")).frame
    assert {row["period"]: row["lead_value"] for row in frame.to_dicts() if row["lead_value"]} == wanted
    assert min(wanted) < dt.date(2026, 1, 1)
    september = Query(("lead_value",), period=Period(dt.date(2026, 9, 1), dt.date(2026, 10, 1)))
    assert session.answer(september).number("lead_value") == wanted[dt.date(2026, 9, 1)]
    behind = [part.frame for part in session.rows(september)]
    (leads,) = session.rows(replace(september, metrics=("leads",)))
    assert sum(frame.height for frame in behind[::2]) == leads.frame.height
    changed_on = dt.date(2026, 9, 16)
    for days in ([str(day) for day in frame["lead_on"]] for frame in behind if not frame.is_empty()):
        assert max(days) < str(changed_on) or min(days) >= str(changed_on)


def test_what_is_no_count_or_sum_has_no_value_of_some_days_only(demo: Session, tmp_path: Path) -> None:
    own = (
        "metrics:\n  leads:\n    {label: L, description: L., kind: ratio, numerator: deals_won,"
        " denominator: lead_to_customer.entered, unit: ratio}\n"
    )
    session = Session(demo.company, demo.generation, read(demo, tmp_path, own + VALUED))
    assert session.answer(Query(("lead_value",))).reasons["lead_value"].endswith("cannot be taken of some days only.")
