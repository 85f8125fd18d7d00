"""The habit: its arithmetic by hand, each part against loops over the rows, and the page with its answers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from alignment.agreement import kept_by_person, standings_before
from alignment.habit import Habit, Part, growth_of, habit_of, kept_share, obligation_share, rule_share, score_of
from alignment.ledger import Answer, Ledger
from alignment.monthly_answers import QUESTIONS, answers_of, give, share_of
from data.calendar import Period
from metrics import Session
from tests.conftest import BRIGHTWATER
from tests.one_page import OBEYED, markup, one_page, read, said, table_of
from tests.small_company import SmallCompany
from tests.tiny_sessions import plain_company, rows_in

YEAR = Period(dt.date(2025, 12, 1), dt.date(2026, 11, 16))


# -- arithmetic ------------------------------------------------------------------------------------------------------


def test_the_score_is_the_mean_of_what_is_known() -> None:
    assert score_of([1.0, 0.5, None]) == 0.75
    assert score_of([None]) is None
    assert score_of([0.0, None]) == 0


def test_a_rule_earns_a_third_and_each_signature_another() -> None:
    assert rule_share([], is_defined=False) == 0
    assert rule_share([], is_defined=True) == pytest.approx(1 / 3)
    assert rule_share(["sales"], is_defined=True) == pytest.approx(2 / 3)
    assert rule_share(["sales", "marketing", "legal"], is_defined=True) == 1


def test_kept_periods_are_counted_and_a_promise_kept_in_part_earns_its_part() -> None:
    assert kept_share([True, False, None, True]) == pytest.approx(2 / 3)
    assert kept_share([None]) is None
    assert obligation_share(0.6, 0.9) == pytest.approx(2 / 3)
    assert obligation_share(0.95, 0.9) == 1
    assert obligation_share(None, 0.9) is None
    assert obligation_share(0.0, 0.0) == 1


def test_the_weakest_part_comes_first_and_what_is_missing_last() -> None:
    shares = {"a": 0.9, "b": None, "c": 0.5, "d": 0.0}
    habit = Habit(YEAR, tuple(Part(name, name, share, "", "") for name, share in shares.items()))
    assert [part.name for part in habit.weak] == ["d", "c", "b"]
    assert habit.score == pytest.approx(1.4 / 3)


def test_answers_are_means_per_team_from_nothing_to_one() -> None:
    given = [
        Answer("2026-11", "sales", "a", 5), Answer("2026-11", "sales", "b", 4), Answer("2026-11", "marketing", "a", 1),
        Answer("2026-10", "marketing", "a", 5),
    ]  # fmt: skip
    assert share_of(given, "2026-11") == {"marketing": 0.0, "sales": 0.875}
    assert share_of(given, "2026-09") == {}


# -- the record ------------------------------------------------------------------------------------------------------


def parts_of(session: Session, *answers: Answer) -> dict[str, Part]:
    found = habit_of(session, answers, "2026-11")
    assert found is not None
    assert found.period == YEAR
    return {part.name: part for part in found.parts}


def test_verdicts_and_sources_are_what_loops_count(demo: Session) -> None:
    parts = parts_of(demo)
    amounts: dict[Any, float] = {True: 0.0, False: 0.0}
    for row in rows_in(demo, "revenue"):
        day = row["won_on"]
        if row["deal_type"] == "new" and isinstance(day, dt.date) and YEAR.start <= day < YEAR.until:
            amounts[row["channel"] is not None] += float(str(row["amount"] or 0))
    assert parts["source"].share == pytest.approx(amounts[True] / (amounts[True] + amounts[False]))
    due = given = 0
    for row in rows_in(demo, "handoffs"):
        day, verdict = row["handed_over_on"], row["verdict_on"]
        if not isinstance(day, dt.date) or not YEAR.start <= day < YEAR.until:
            continue
        # A verdict is due five days after the hand-over, or once it is given in time.
        is_given = isinstance(verdict, dt.date)
        if day + dt.timedelta(days=5) < YEAR.until:
            due, given = due + 1, given + is_given
    assert parts["verdicts"].share == pytest.approx(given / due)


def test_without_a_rule_the_part_is_nothing_and_the_crm_cannot_be_compared(demo: Session) -> None:
    parts = parts_of(demo)
    assert parts["rule"].share == 0
    assert parts["crm"].share is None
    assert "No rule decides the stage mql here" in parts["crm"].says


def test_promises_are_the_mean_over_both_kinds(demo: Session) -> None:
    """Of the version since July: the periods of its objectives and the two obligations of sales."""
    version = demo.definitions.agreement.versions[1]
    day, since = dt.date(2026, 11, 15), Period(dt.date(2026, 7, 1), YEAR.until)
    wanted: dict[str, list[float]] = {"marketing": [], "sales": []}
    counts = {"month": 4, "week": 12}  # July to October; more than twelve whole weeks
    for objective in version.objectives:
        judged = [one.is_kept for one in standings_before(demo, objective, counts[objective.per], day)]
        for team in wanted:
            if objective.team in (team, "both"):
                wanted[team].append(judged.count(True) / len(judged))
    for obligation in version.obligations:
        promise = kept_by_person(demo, obligation, since)
        wanted[obligation.team].append(min(1, promise.kept / promise.due / obligation.share))
    parts = parts_of(demo)
    for team, shares in wanted.items():
        assert parts[f"{team}_promises"].share == pytest.approx(sum(shares) / len(shares))


def test_answers_count_only_when_both_teams_have_spoken(demo: Session) -> None:
    one = Answer("2026-11", "sales", "content", 4)
    assert parts_of(demo, one)["answers"].share is None
    assert parts_of(demo, one)["answers"].says == "For 2026-11 nobody of marketing has answered."
    both = parts_of(demo, one, Answer("2026-11", "marketing", "told_why", 2))["answers"]
    assert both.share == pytest.approx((0.75 + 0.25) / 2)


def test_growth_is_against_the_same_quarter_a_year_before(demo: Session) -> None:
    found = growth_of(demo)
    assert found is not None
    assert found.period == Period(dt.date(2026, 7, 1), dt.date(2026, 10, 1))
    won = [
        float(str(row["amount"]))
        for row in rows_in(demo, "revenue")
        if row["deal_type"] == "new" and isinstance(row["won_on"], dt.date) and row["amount"] is not None
        and found.period.start <= row["won_on"] < found.period.until
    ]  # fmt: skip
    assert found.now == pytest.approx(sum(won))


def test_a_company_with_nothing_has_no_score_but_reasons() -> None:
    empty = plain_company().session({"contacts": [{"contact_id": "C", "created_at": dt.datetime(2024, 5, 1)}]})
    found = habit_of(empty, [], "2024-06")
    assert found is not None
    missing = {part.name for part in found.parts if part.share is None}
    assert missing == {"crm", "marketing_promises", "sales_promises", "verdicts", "source", "answers"}
    assert all(part.says for part in found.parts)


# -- answers and the page --------------------------------------------------------------------------------------------


def test_answers_given_again_replace_the_first_and_stay_in_the_history(own_state: Path) -> None:
    assert not own_state.exists()
    ledger = Ledger.open(plain_company().session({}).company)
    give(ledger, "2026-11", "sales", {"content": 2, "same_numbers": 3}, by="P1")
    give(ledger, "2026-11", "sales", {"content": 5}, by="P1")
    give(ledger, "2026-11", "sales", {"content": 1}, by="P2")
    found = answers_of(ledger)
    rows = {row["question"]: (row["mean"], row["people"]) for row in found.frame.to_dicts()}
    assert rows == {QUESTIONS["sales"]["content"]: (3.0, 2), QUESTIONS["sales"]["same_numbers"]: (3.0, 1)}
    assert len(ledger.history(found.entries[0].id)) == 2


def test_the_page_scores_says_what_to_do_and_keeps_answers(
    demo: Session, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    ledger = Ledger.open(demo.company)
    request.addfinalizer(lambda: [ledger.withdraw(e.id, e.version, by="p-05") for e in ledger.entries(Answer)])
    screen = one_page(monkeypatch, "aligned", BRIGHTWATER)
    text = said(screen)
    assert "of 100**, the mean of 5 of 7 parts. Weakest: **Rule defined and signed**, 0 %." in text
    assert "Rule defined and signed**: Write a rule in stages.yaml, on Qualified lead." in text
    assert "July to September 2026: €" in text
    screen.selectbox(key="answering").select("p-05").run()
    keep(screen).click().run()
    assert "Nothing was chosen" in read(screen.error[0].value)
    screen.radio(key="answer_sales_content").set_value(4)
    keep(screen).click().run()
    (entry,) = ledger.entries(Answer)
    assert (entry.content.month, entry.content.team, entry.content.score) == ("2026-11", "sales", 4)
    assert table_of(screen, "mean")["mean"].tolist() == [4.0]
    # Whoever comes back finds the own answers chosen; somebody else does not.
    assert screen.radio(key="answer_sales_content").value == 4
    screen.selectbox(key="answering").select("p-04").run()
    assert screen.radio(key="answer_sales_content").value is None
    screen.selectbox(key="answering").select("p-05").run()
    assert screen.radio(key="answer_sales_content").value == 4
    next(button for button in screen.button if button.label == "Withdraw my answers").click().run()
    assert ledger.entries(Answer) == ()
    assert not OBEYED.search(markup(screen))


def keep(screen: AppTest) -> Any:
    return next(button for button in screen.button if button.label == "Keep my answers")


def test_a_company_without_an_agreement_is_told_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, small: SmallCompany
) -> None:
    text = said(one_page(monkeypatch, "aligned", small.folder))
    assert "What to do next" in text
    assert "Nothing is agreed yet." in text
