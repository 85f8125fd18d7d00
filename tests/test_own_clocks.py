"""Promised attempts and each person's own clock: turns and attempts by hand, and any company against plain loops."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alignment.agreement import kept_by_person
from data.calendar import Period
from metrics import Query, Session
from metrics.agreement import Obligation
from metrics.kinds import results_of
from tests.oracle_durations import DURATIONS, RELEASED, Wait, results
from tests.tiny_sessions import TinyCompany, rows_in
from tests.tiny_tables import everything_mapped

Row = dict[str, Any]
NAMES = ("leads", "contacts", "assignments", "activities", "activity_contacts", "lead_decisions", "people")
PEOPLE = [
    {"person_id": "Sam", "team": "sales", "time_zone": "Europe/Berlin"},
    {"person_id": "Nina", "team": "sales", "time_zone": "America/New_York"},
    {"person_id": "Mia", "team": "marketing", "time_zone": "Europe/Berlin"},
]
# Zones with a change of the clocks in March 2024, on the 10th and on the 31st, and a holiday between them.
MARCH = Period(dt.date(2024, 3, 1), dt.date(2024, 4, 1))
HOLIDAY = dt.date(2024, 3, 12)


@pytest.fixture(scope="module")
def tiny() -> TinyCompany:
    hours = {day: (dt.time(9), dt.time(17)) for day in range(5)}
    return TinyCompany(business_hours=hours, holidays=frozenset({HOLIDAY}))


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """A UTC instant of March 2024, an hour before the clocks of Berlin; the 4th is a Monday."""
    return dt.datetime(2024, 3, day, hour, minute)


def lead(
    given_to: Iterable[tuple[dt.datetime, str | None]],
    touched: Sequence[tuple[dt.datetime, str | None, str, str | None]] = (),
    decided: Iterable[tuple[dt.datetime, str]] = (),
    **more: list[Row],
) -> dict[str, list[Row]]:
    """One lead of Friday the 1st, to whom it was given when, and who did what: instant, person, direction, outcome."""
    return {
        "contacts": [{"contact_id": "C", "created_at": at(1, 8)}],
        "people": PEOPLE,
        "assignments": [{"contact_id": "C", "happened_at": when, "person_id": who} for when, who in given_to],
        "activities": [
            {"activity_id": f"A{number}", "happened_at": when, "person_id": who, "direction": direction,
             "outcome": outcome, "is_automatic": False}
            for number, (when, who, direction, outcome) in enumerate(touched)
        ],
        "activity_contacts": [{"activity_id": f"A{number}", "contact_id": "C"} for number in range(len(touched))],
        "lead_decisions": [{"contact_id": "C", "happened_at": when, "decision": word} for when, word in decided],
        **more,
    }  # fmt: skip


def states(session: Session, metric: str, day: dt.date, by: str | None = None) -> Any:
    """Which states of a promise hold, with their counts; by owner where that is asked."""
    names = [name for name in ("due", "kept", "pending", "overdue", "released")
             if name in results_of(session.definitions.metrics[metric])]  # fmt: skip
    query = Query(tuple(f"{metric}.{name}" for name in names), by=(by,) if by else (), as_of=day)
    rows = session.answer(query).frame.to_dicts()
    found = {
        row.get(by): {name: row[f"{metric}.{name}"] for name in names if row[f"{metric}.{name}"]}  # type: ignore[arg-type]  # without a dimension the only row is that of None
        for row in rows
    }
    return found if by else found[None]


def call(day: int, hour: int = 10, who: str | None = "Sam") -> tuple[dt.datetime, str | None, str, str | None]:
    return at(day, hour), who, "outbound", "no answer"


class TestThreeAttemptsWithinFiveDays:
    """All leads are given to Sam on Monday the 4th: the promise is over when the 9th has passed."""

    GIVEN = ((at(4, 8), "Sam"),)

    @pytest.mark.parametrize(
        ("touched", "day", "wanted"),
        [
            ([call(4), call(5), call(8)], 11, {"due": 1, "kept": 1}),
            ([call(4), call(5), call(9)], 11, {"due": 1, "kept": 1}),
            ([call(4), call(5), call(10)], 11, {"due": 1}),
            ([call(4), call(5)], 11, {"due": 1, "overdue": 1}),
            ([call(4)], 8, {"pending": 1}),
            ([call(4)], 9, {"pending": 1}),
            ([call(4)], 10, {"due": 1, "overdue": 1}),
            ([], 11, {"due": 1, "overdue": 1}),
            # The lead answers: on its own, or when it is called.
            ([call(4), (at(6, 9), "Sam", "inbound", None)], 11, {"released": 1}),
            ([call(4), (at(6, 9), "Sam", "outbound", "answered")], 11, {"released": 1}),
            ([call(4), (at(11, 9), "Sam", "inbound", None)], 13, {"due": 1, "overdue": 1}),
            # It does not yet count as an answer on the day before.
            ([call(4), (at(6, 9), "Sam", "inbound", None)], 6, {"pending": 1}),
            # The third attempt is the one that is answered.
            ([call(4), call(5), (at(6, 9), "Sam", "outbound", "answered")], 11, {"due": 1, "kept": 1}),
            # What the lead began, and what follows its answer, is no attempt to reach it.
            ([call(4), (at(5, 9), None, "inbound", None), call(6), call(7)], 11, {"released": 1}),
        ],
    )
    def test_only_a_silent_lead_is_judged(
        self, tiny: TinyCompany, touched: Any, day: int, wanted: dict[str, int]
    ) -> None:
        session = tiny.session(lead(self.GIVEN, touched))
        assert states(session, "attempt_days", dt.date(2024, 3, day)) == wanted

    @pytest.mark.parametrize("word", ["accepted", "rejected", "recycled"])
    def test_a_verdict_releases_and_a_late_one_does_not(self, tiny: TinyCompany, word: str) -> None:
        late = tiny.session(lead(self.GIVEN, [call(4)], [(at(12, 9), word)]))
        assert states(late, "attempt_days", dt.date(2024, 3, 14)) == {"due": 1, "overdue": 1}
        in_time = tiny.session(lead(self.GIVEN, [call(4)], [(at(8, 9), word)]))
        assert states(in_time, "attempt_days", dt.date(2024, 3, 14)) == {"released": 1}

    @pytest.mark.parametrize("stage", ["SQL", "MQL"])
    def test_a_stage_past_qualification_releases(self, tiny: TinyCompany, stage: str) -> None:
        moved = [{"object": "contact", "object_id": "C", "stage": stage, "happened_at": at(6, 9)}]
        session = tiny.session(lead(self.GIVEN, [call(4)], stage_changes=moved))
        wanted = {"released": 1} if stage == "SQL" else {"due": 1, "overdue": 1}
        assert states(session, "attempt_days", dt.date(2024, 3, 12)) == wanted

    def test_a_machine_does_not_try(self, tiny: TinyCompany) -> None:
        rows = lead(self.GIVEN, [call(4), call(5), call(6)])
        rows["activities"][1]["is_automatic"] = True
        assert states(tiny.session(rows), "attempt_days", dt.date(2024, 3, 11)) == {"due": 1, "overdue": 1}

    def test_the_row_behind_it_tells_when_and_why(self, tiny: TinyCompany) -> None:
        session = tiny.session(lead(self.GIVEN, [call(4), call(5), call(8)]))
        (part,) = session.rows(Query(("attempt_days",), as_of=dt.date(2024, 3, 11)))
        (row,) = part.frame.to_dicts()
        assert (row["attempt_3_on"], row["days"], row["is_kept"], row["is_released"]) == (
            at(8, 0).date(),
            4,
            True,
            False,
        )
        (kept,) = session.read('select "attempts" from "handoffs"')["attempts"]
        assert kept == 3


class TestAnObligationOfARole:
    def test_an_earlier_version_promised_fewer_attempts(self, tiny: TinyCompany) -> None:
        session = tiny.session(lead([(at(4, 8), "Sam")], [call(4), call(5)]))
        promised = Obligation(
            name="attempts", label="Attempts", metric="attempt_days", team="sales", within=5, within_words="5 days",
            share=0.9, attempts=2,
        )  # fmt: skip
        for number, kept in ((2, 1), (3, 0)):
            found = kept_by_person(session, replace(promised, attempts=number), MARCH)
            assert (found.due, found.kept) == (1, kept)
            assert [(one.person_id, one.due, one.kept) for one in found.people] == [("Sam", 1, kept)]

    def test_the_team_counts_a_lead_once_and_each_person_who_had_it_by_their_own_clock(self, tiny: TinyCompany) -> None:
        rows = lead([(at(4, 8), "Sam"), (at(4, 10), "Nina")], [call(4, 17, "Nina")])
        session = tiny.session(rows)
        promised = Obligation(
            name="soon", label="Soon", metric="human_delay_hours", team="sales", within=4 * 3600,
            within_words="4 hours", share=0.9,
        )  # fmt: skip
        found = kept_by_person(session, promised, MARCH)
        assert (found.due, found.kept, found.is_kept) == (1, 0, False)
        people = [(one.person_id, one.due, one.kept, one.released, one.share) for one in found.people]
        assert people == [("Nina", 1, 1, 0, 1.0), ("Sam", 0, 0, 1, None)]

    def test_where_nobody_knows_who_called_people_are_told_by_the_clock_of_the_lead(self) -> None:
        known = everything_mapped()
        blind = TinyCompany(
            mapped=known | {"activities": known["activities"] - {"person_id"}},
            business_hours={day: (dt.time(9), dt.time(17)) for day in range(5)},
        )
        session = blind.session(lead([(at(4, 8), "Sam")], [call(4, 9)]))
        promised = Obligation(
            name="soon", label="Soon", metric="human_delay_hours", team="sales", within=4 * 3600,
            within_words="4 hours", share=0.9,
        )  # fmt: skip
        assert session.answer(Query(("own_delay_hours",))).reasons
        (one,) = kept_by_person(session, promised, MARCH).people
        assert (one.person_id, one.due, one.kept, one.released) == ("Sam", 1, 1, 0)


class TestEachPersonsOwnClock:
    """Four business hours are promised: 9 to 17 in Berlin are 8 to 16 in UTC, in New York 14 to 22."""

    def test_who_hands_on_in_time_is_released_and_the_next_clock_starts_anew(self, tiny: TinyCompany) -> None:
        rows = lead([(at(4, 8), "Sam"), (at(4, 14), "Nina")], [call(4, 17, "Nina")])
        rows["assignments"][1]["happened_at"] = at(4, 10)
        session = tiny.session(rows)
        # Of Sam's day 8 hours are gone when Nina calls; Nina's own began at 14, in New York.
        assert states(session, "human_delay_hours", dt.date(2024, 3, 5)) == {"due": 1}
        assert states(session, "own_delay_hours", dt.date(2024, 3, 5), "owner") == {
            "Sam": {"released": 1},
            "Nina": {"due": 1, "kept": 1},
        }

    def test_who_hands_on_too_late_has_broken_it(self, tiny: TinyCompany) -> None:
        session = tiny.session(lead([(at(4, 8), "Sam"), (at(4, 12, 1), "Nina")], [call(4, 15, "Nina")]))
        assert states(session, "own_delay_hours", dt.date(2024, 3, 5), "owner") == {
            "Sam": {"due": 1, "overdue": 1},
            "Nina": {"due": 1, "kept": 1},
        }

    def test_a_colleague_who_answers_in_time_releases(self, tiny: TinyCompany) -> None:
        for who in ("Nina", None):
            session = tiny.session(lead([(at(4, 8), "Sam")], [call(4, 10, who)]))
            assert states(session, "own_delay_hours", dt.date(2024, 3, 6)) == {"released": 1}
            assert states(session, "human_delay_hours", dt.date(2024, 3, 6)) == {"due": 1, "kept": 1}
        late = tiny.session(lead([(at(4, 8), "Sam")], [call(5, 10, "Nina")]))
        assert states(late, "own_delay_hours", dt.date(2024, 3, 6)) == {"due": 1, "overdue": 1}

    def test_who_calls_and_is_given_the_lead_only_then_took_no_time(self, tiny: TinyCompany) -> None:
        session = tiny.session(lead([(at(4, 8), "Sam"), (at(5, 8), "Nina")], [call(4, 15, "Nina")]))
        found = states(session, "own_delay_hours", dt.date(2024, 3, 7), "owner")
        assert found["Nina"] == {"due": 1, "kept": 1}
        assert session.read('select "own_touch_at" < "given_at" as "before" from "lead_owners" where "turn" = 2')[
            "before"
        ].item()

    def test_the_same_person_written_down_again_has_one_turn(self, tiny: TinyCompany) -> None:
        session = tiny.session(lead([(at(4, 8), "Sam"), (at(4, 11), "Sam"), (at(6, 8), "Nina"), (at(7, 8), "Sam")]))
        found = session.read('select "turn", "owner_id", "given_at", "handed_on_at" from "lead_owners" order by "turn"')
        assert found.rows() == [
            (1, "Sam", at(4, 8), at(6, 8)),
            (2, "Nina", at(6, 8), at(7, 8)),
            (3, "Sam", at(7, 8), None),
        ]

    def test_a_verdict_is_owed_by_whoever_of_sales_has_the_lead(self, tiny: TinyCompany) -> None:
        turns = [(at(4, 8), "Mia"), (at(5, 8), "Sam"), (at(7, 8), "Nina")]
        session = tiny.session(lead(turns, decided=[(at(8, 9), "accepted")]))
        assert states(session, "own_verdict_days", dt.date(2024, 3, 20), "owner") == {
            "Sam": {"released": 1},
            "Nina": {"due": 1, "kept": 1},
        }
        after = tiny.session(lead([(at(4, 8), "Sam"), (at(12, 8), "Nina")], decided=[(at(8, 9), "accepted")]))
        assert states(after, "own_verdict_days", dt.date(2024, 3, 20), "owner") == {
            "Sam": {"due": 1, "kept": 1},
            "Nina": {"released": 1},
        }

    def test_attempts_are_ones_own(self, tiny: TinyCompany) -> None:
        touched = [call(4), call(5), call(6, 15, "Nina"), call(7, 15, "Nina"), call(8, 15, "Nina")]
        session = tiny.session(lead([(at(4, 8), "Sam"), (at(5, 14), "Nina")], touched))
        assert states(session, "own_attempt_days", dt.date(2024, 3, 20), "owner") == {
            "Sam": {"released": 1},
            "Nina": {"due": 1, "kept": 1},
        }
        assert states(session, "attempt_days", dt.date(2024, 3, 20)) == {"due": 1, "kept": 1}

    def test_a_zone_a_holiday_and_a_change_of_the_clocks_are_those_of_the_person(self, tiny: TinyCompany) -> None:
        # New York's clocks go forward on Sunday the 10th: its Monday is worked from 13 to 21 in UTC, not from 14 to 22.
        session = tiny.session(lead([(at(8, 20), "Nina")], [call(11, 15, "Nina")]))
        (part,) = session.rows(Query(("own_delay_hours",), as_of=dt.date(2024, 3, 20)))
        assert part.frame["hours"].item() == 2 + 2
        # The 12th is a holiday: from Monday 20:00 to Wednesday 14:00 two hours are worked.
        session = tiny.session(lead([(at(11, 20), "Nina")], [call(13, 14, "Nina")]))
        (part,) = session.rows(Query(("own_delay_hours",), as_of=dt.date(2024, 3, 20)))
        assert part.frame["hours"].item() == 1 + 1


hours = st.integers(0, 700)
someone = st.sampled_from(["Sam", "Nina", "Mia", None])
touch = st.tuples(hours, someone, st.sampled_from(["outbound", "inbound", None]), st.sampled_from(["answered", None]))


@settings(max_examples=15, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    turns=st.lists(st.tuples(hours, someone), max_size=4, unique_by=lambda turn: turn[0]),
    touched=st.lists(touch, max_size=7),
    decided=st.lists(st.tuples(hours, st.sampled_from(["accepted", "rejected", "recycled"])), max_size=1),
    stage=st.sampled_from(["SQL", "MQL", None]),
    days=st.integers(0, 40),
)
def test_any_turns_and_attempts_are_the_oracles(
    tiny: TinyCompany, turns: Any, touched: Any, decided: Any, stage: str | None, days: int
) -> None:
    def moment(hour: int) -> dt.datetime:
        return at(1, 6) + dt.timedelta(hours=hour)

    changes = [{"object": "contact", "object_id": "C", "stage": stage, "happened_at": at(9, 9)}] if stage else []
    session = tiny.session(
        lead(
            [(moment(hour), who) for hour, who in sorted(turns)],
            [(moment(hour), who, direction, outcome) for hour, who, direction, outcome in touched],
            [(moment(hour), word) for hour, word in decided],
            stage_changes=changes,
        )
    )
    tables = {name: rows_in(session, name) for name in NAMES}
    day = dt.date(2024, 3, 1) + dt.timedelta(days=days)
    for metric in RELEASED:
        of, promise = DURATIONS[metric]
        wanted = results(of(tables, session.company, day), promise, releases=True)
        names = tuple(f"{metric}.{name}" for name in wanted)
        found = session.answer(Query(names, as_of=day)).frame.row(0)
        assert found == pytest.approx(tuple(wanted.values())), metric


def test_a_released_wait_is_in_no_other_count_of_its_promise() -> None:
    of_nobody = results([Wait(HOLIDAY, None, None, so_far=Fraction(9), release=Fraction(2))], 5, releases=True)
    assert (of_nobody["due"], of_nobody["pending"], of_nobody["overdue"], of_nobody["released"]) == (0, 0, 0, 1)


def test_every_moment_that_a_definition_may_name_is_told_in_the_language() -> None:
    text = (Path(__file__).parent.parent / "docs" / "language.md").read_text(encoding="utf-8")
    for name in ("given_to_sales", "colleague_touch", "own_verdict", "pass_settled", "own_attempt_8", "settled"):
        assert f"`{name}`" in text
