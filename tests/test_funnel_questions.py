"""Funnels asked of a few contacts, each answer worked out by hand: windows, words, what a step counts, rows, refusals.

The contacts, day by day: hand_company.py.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from data.calendar import Period
from data.errors import InvalidQuestion
from metrics import Query, Session
from metrics.emit import emit_rows
from metrics.plan import plan_rows
from tests.hand_company import company_in_berlin, company_without_losses, hand_company

AS_OF, LATER, LAST = dt.date(2024, 5, 1), dt.date(2024, 7, 1), dt.date(2024, 9, 1)
MAY, JUNE = Period(dt.date(2024, 5, 1), dt.date(2024, 6, 1)), Period(dt.date(2024, 6, 1), LATER)
JULY = Period(LATER, dt.date(2024, 8, 1))


@pytest.fixture(scope="module")
def session() -> Session:
    return hand_company()


def numbers(session: Session, name: str, *results: str, **words: Any) -> tuple[Any, ...]:
    query = Query(tuple(f"{name}.{result}" for result in results), **({"as_of": AS_OF} | words))
    return session.answer(query).frame.row(0)


def headline(session: Session, name: str, **words: Any) -> float | None:
    return session.answer(Query((name,), as_of=AS_OF, **words)).number(name)


def steps(session: Session, name: str, **words: Any) -> list[tuple[Any, ...]]:
    frame = session.funnel(name, Query((name,), **({"as_of": AS_OF} | words)), counts_only=True).frame
    columns = ("step", "within_days", "entered", "converted_to_date", "matured", "converted_matured")
    return frame.select(columns).rows()


COUNTS = ("entered", "converted_to_date", "matured", "converted_matured")


class TestWindows:
    def test_only_who_had_the_whole_window_counts_in_the_rate(self, session: Session) -> None:
        # D entered six days before the as-of day; of the others A took 4 days, B 15 and C 2.
        assert numbers(session, "to_mql", *COUNTS) == (5, 3, 4, 2)
        assert headline(session, "to_mql") == 0.5

    def test_a_window_asked_replaces_the_funnels(self, session: Session) -> None:
        assert numbers(session, "to_mql", *COUNTS, within=(3,)) == (5, 3, 5, 1)
        assert numbers(session, "to_mql", *COUNTS, within=(15,)) == (5, 3, 4, 3)

    def test_one_number_takes_one_window(self, session: Session) -> None:
        with pytest.raises(InvalidQuestion, match=r"^A question takes one window; .* use: python tandem\.py funnel\.$"):
            session.answer(Query(("to_mql",), within=(3, 15)))

    def test_a_table_takes_several_side_by_side_all_from_the_first_stage(self, session: Session) -> None:
        # A's deal was opened 19 days after the lead, C's too; A's was won after 40.
        assert steps(session, "bridged", within=(4, 19)) == [
            ("mql", 4, 5, 3, 5, 2), ("mql", 19, 5, 3, 4, 3),
            ("opportunity", 4, 5, 2, 5, 0), ("opportunity", 19, 5, 2, 4, 2),
            ("customer", 4, 5, 1, 5, 0), ("customer", 19, 5, 1, 4, 0),
        ]  # fmt: skip

    @pytest.mark.parametrize("within", [(15, 4), (4, 15)])
    def test_each_of_several_windows_has_all_results(self, session: Session, within: tuple[int, ...]) -> None:
        # Of five C left after 2 days, A after 4 and B, who alone was left, after 15; D is seen for 5, E died after 9.
        frame = session.funnel("to_mql", Query(("to_mql",), as_of=AS_OF, within=within)).frame
        names = ("rate_kaplan_meier", "rate_cumulative_incidence", "median_days", "p90_days", "still_open")
        assert frame["within_days"].to_list() == [4, 15]
        assert frame.select(names).row(0) == pytest.approx((1 - 4 / 5 * 3 / 4, 2 / 5, 3, 3.8, 1))
        assert frame.select(names).row(1) == pytest.approx((1, 2 / 5 + 3 / 5 * 1 / 2, 4, 12.8, 1))
        assert frame["rate_to_date"].to_list() == pytest.approx([3 / 5, 3 / 5])
        assert frame["rate_matured"].to_list() == pytest.approx([2 / 5, 3 / 4])

    def test_a_table_by_month_counts_in_the_month_of_entry(self, session: Session) -> None:
        frame = session.funnel("to_mql", Query(("to_mql",), grain="month", as_of=AS_OF)).frame.filter(step="mql")
        rows = [row for row in frame.to_dicts() if row["entered"]]
        assert [(row["period"].month, *(row[name] for name in COUNTS)) for row in rows] == [
            (1, 2, 2, 2, 1), (2, 1, 1, 1, 1), (3, 1, 0, 1, 0), (4, 1, 0, 0, 0),
        ]  # fmt: skip

    def test_entries_are_counted_over_the_last_days_and_a_month_before(self, session: Session) -> None:
        query = Query(("lately", "a_month_ago"), grain="month", period=Period(dt.date(2024, 1, 1), AS_OF), as_of=AS_OF)
        # On January 10 two had entered within ten days, but at its end none; of the last ten days of April D alone.
        assert [(row[1] or 0, row[2] or 0) for row in session.answer(query).frame.rows()] == [
            (0, 0),
            (0, 2),
            (0, 1),
            (1, 1),
        ]

    def test_a_stage_that_is_not_declared_adds_its_window_to_the_next(self, session: Session) -> None:
        # 5 + 9 + 1 days from MQL to opportunity: A took 15, C took 17; in all 4 + 15 + 21 days, A took 40.
        assert steps(session, "bridged") == [
            ("mql", 4, 5, 3, 5, 2), ("opportunity", 15, 3, 2, 3, 1), ("customer", 21, 2, 1, 2, 1),
            ("overall", 40, 5, 1, 4, 1),
        ]  # fmt: skip

    def test_hours_and_days_of_steps_add_up(self, session: Session) -> None:
        # To MQL 48 hours, as C took. To opportunity 24 hours and 16 days, 17 days in all: A took 15, C 17. Overall 19.
        assert steps(session, "in_hours") == [
            ("mql", 2.0, 5, 3, 5, 1), ("opportunity", 17.0, 3, 2, 3, 2), ("overall", 19.0, 5, 2, 4, 2),
        ]  # fmt: skip

    @pytest.mark.parametrize(("name", "stage"), [("from_sal", "sal"), ("to_sql", "sql"), ("to_sql_by_mql", "sql")])
    def test_without_its_first_or_last_stage_a_funnel_has_no_answer(
        self, session: Session, name: str, stage: str
    ) -> None:
        (part,) = session.rows(Query((name,)))
        answers = [
            session.answer(Query((name,))),
            session.funnel(name, Query((name,))),
            session.curve(name, Query((name,))),
        ]
        reasons = [part.reason, *(answer.reasons[name] for answer in answers)]
        assert [reason.partition(":")[0] for reason in reasons if reason] == [f"No stage {stage} here"] * 4

    def test_twelve_waits_are_interpolated_like_a_percentile(self, session: Session) -> None:
        # One after each of 1 to 12 days: of n waits in order, the q-quantile lies (n - 1) q behind the first.
        results = ("converted_matured", "median_days", "p90_days")
        found = numbers(session, "to_mql", *results, as_of=LAST, where="country = 'SE'", within=(30,))
        assert found == pytest.approx((12, 6.5, 1 + 11 * 0.9))

    def test_without_an_as_of_day_nobody_is_known_who_came_after_the_files(self, session: Session) -> None:
        asked: dict[str, Any] = {"where": "country = 'IT'"}
        assert numbers(session, "to_mql", "entered", as_of=None, **asked) == (0,)
        assert numbers(session, "to_mql", "entered", as_of=LAST, **asked) == (1,)

    def test_the_as_of_day_begins_at_the_companys_midnight(self) -> None:
        berlin = company_in_berlin()
        curve = berlin.curve("in_240_hours", Query(("in_240_hours",), as_of=LATER)).frame
        # From June 20, 9:00, to June 30, 22:00, are 253 hours, of which the last is not over.
        assert curve.select("days", "at_risk", "converted").rows() == [(2.0, 2, 1), (252 / 24, 1, 0)]
        assert numbers(berlin, "in_240_hours", *COUNTS, as_of=LATER) == (2, 1, 2, 1)

    def test_the_clock_of_the_machine_changes_nothing(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = Query(("in_many_hours",), period=MAY, as_of=LATER, where="country is null")
        monkeypatch.setenv("TZ", "America/New_York")
        time.tzset()
        try:
            days = session.curve("in_many_hours", asked).frame["days"].to_list()
        finally:
            monkeypatch.undo()
            time.tzset()
        # U, who lives, came on May 3; T, of the same account, on May 2 at 9:00.
        assert max(days) == pytest.approx(59 + 14 / 24)


class TestWords:
    def test_open_entries_are_shown_or_counted_as_not_converted(self, session: Session) -> None:
        answer = session.answer(Query(("shown",), as_of=AS_OF))
        assert answer.number("shown") == pytest.approx(0.4)
        assert answer.notes == ("Shown: 1 of 5 entries may still convert in time; the rate may rise.",)
        assert headline(session, "included") == pytest.approx(0.4)
        assert session.answer(Query(("included",), as_of=AS_OF)).notes == ()

    def test_what_defines_a_funnel_is_a_condition_of_each_entry(self, session: Session) -> None:
        assert numbers(session, "german", *COUNTS) == (3, 2, 3, 1)

    def test_a_filter_asks_about_the_entry(self, session: Session) -> None:
        assert numbers(session, "to_mql", *COUNTS, where="country = 'AT'") == (2, 1, 1, 1)

    def test_one_part_of_a_ratio_may_have_a_filter_of_its_own(self, session: Session) -> None:
        assert headline(session, "german_rate") == pytest.approx(2 / 5)

    def test_a_period_is_one_of_entries(self, session: Session) -> None:
        january = Period(dt.date(2024, 1, 1), dt.date(2024, 2, 1))
        assert numbers(session, "to_mql", *COUNTS, period=january) == (2, 2, 2, 1)

    def test_results_about_time_and_loss(self, session: Session) -> None:
        # In time 2 and 4 days; D alone is open, since B became an MQL and E is lost.
        assert numbers(session, "to_mql", "rate_to_date", "median_days", "p90_days", "still_open") == pytest.approx(
            (0.6, 3, 3.8, 1)
        )


class TestWhatIsCounted:
    def test_contacts_of_an_account_are_one(self, session: Session) -> None:
        # Account 1 by A, account 2 by C, and D and E, who have none, each alone.
        assert numbers(session, "accounts", *COUNTS) == (4, 2, 3, 2)

    def test_held_together_by_country_too(self, session: Session) -> None:
        assert numbers(session, "held", *COUNTS) == (4, 2, 3, 2)
        # K and L, of one account, live in two countries.
        asked: dict[str, Any] = {"period": JULY, "as_of": JULY.until, "where": "country in ('ES', 'IT')"}
        assert numbers(session, "accounts", "entered", **asked) == (1,)
        assert numbers(session, "held", "entered", **asked) == (2,)

    def test_what_is_held_and_what_is_asked_may_lie_in_two_tables(self, session: Session) -> None:
        frame = session.answer(Query(("held.entered",), by=("region",), as_of=AS_OF)).frame
        assert frame.rows() == [("North", 1), (None, 3)]

    def test_a_step_of_passes_holds_nothing_together(self, session: Session) -> None:
        assert steps(session, "held_passes") == [("mql", 10, 5, 3, 4, 2), ("overall", 10, 4, 2, 3, 2)]

    def test_each_step_counts_what_it_says(self, session: Session) -> None:
        # Accounts to MQL; passes to the deal; deals, whose win took 21 days.
        assert steps(session, "by_step") == [
            ("mql", 10, 4, 2, 3, 2), ("opportunity", 30, 3, 2, 3, 2), ("customer", 30, 2, 1, 2, 1),
            ("overall", 70, 5, 1, 3, 1),
        ]  # fmt: skip

    def test_a_step_of_deals_is_one_from_the_opportunity(self, session: Session) -> None:
        # Z has two deals.
        assert steps(session, "by_step", as_of=LATER)[2] == ("customer", 30, 4, 1, 4, 1)
        # Without that stage the step counts what the funnel counts: one pass with two deals, for 60 days.
        assert steps(company_in_berlin(), "by_step", as_of=LATER)[1] == ("customer", 60, 1, 1, 0, 0)

    def test_deals_by_the_country_of_nobody(self, session: Session) -> None:
        assert numbers(session, "won", *COUNTS, "still_open") == (2, 1, 2, 1, 0)


class TestLosses:
    @pytest.mark.parametrize("name", ["in_a_month", "in_many_hours"])
    def test_an_account_is_lost_when_none_of_its_contacts_lives(self, session: Session, name: str) -> None:
        curve = session.curve(name, Query((name,), period=MAY, as_of=LATER, where="country is null")).frame
        assert curve.select("days", "at_risk", "converted", "lost").rows()[:4] == [
            (4, 6, 0, 1), (10, 5, 1, 0), (18, 4, 0, 1), (20, 3, 1, 0),
        ]  # fmt: skip
        # The last two are seen until the day, or the hour, before July begins: 59 days, or 23 hours less than 60 days.
        assert curve["days"].to_list()[4:] == [59 if name == "in_a_month" else pytest.approx(59 + 14 / 24)]

    @pytest.mark.parametrize("name", ["in_a_month", "in_many_hours"])
    def test_losses_compete_by_the_day_and_by_the_hour(self, session: Session, name: str) -> None:
        results = ("rate_kaplan_meier", "rate_cumulative_incidence", "still_open", "median_days")
        found = numbers(session, name, *results, period=MAY, as_of=LATER, where="country is null")
        # At 10 days one of five at risk converts, at 20 one of three. Of six, two do; accounts 5 and 6 live.
        assert found == pytest.approx((1 - 4 / 5 * 2 / 3, 2 / 6, 2, 15))

    def test_without_recorded_losses_nothing_competes_and_each_deal_not_won_is_open(self) -> None:
        company, incidence = company_without_losses(), "won.rate_cumulative_incidence"
        no_losses = "Tiny has no lost deals (declared absent in sources.yaml)."
        assert company.answer(Query((incidence, "won.entered"), as_of=AS_OF)).reasons == {incidence: no_losses}
        # A's was won after 21 days; C's is as good as open.
        assert numbers(company, "won", "entered", "rate_kaplan_meier", "still_open") == (2, 0.5, 1)
        curve = company.curve("won", Query(("won",), as_of=AS_OF)).frame
        assert curve.select("days", "at_risk", "converted", "lost").rows() == [(21, 2, 1, 0), (70, 1, 0, 0)]
        assert set(curve["cumulative_incidence"]) == {None}
        assert set(company.funnel("won", Query(("won",), as_of=AS_OF)).frame["rate_cumulative_incidence"]) == {None}

    @pytest.mark.parametrize(("name", "in_time"), [("to_deal", 0), ("in_hours", 2)])
    def test_where_nothing_tells_a_loss_who_has_not_converted_is_open(self, name: str, in_time: int) -> None:
        # A and C had their deals after 19 days, and D has been a lead for five.
        assert numbers(company_without_losses(), name, *COUNTS, "still_open") == (5, 2, 4, in_time, 3)

    def test_the_rates_of_nobody_are_empty(self, session: Session) -> None:
        rates = ("rate_matured", "rate_to_date", "rate_kaplan_meier", "rate_cumulative_incidence")
        assert numbers(session, "to_mql", "entered", *rates, where="country = 'NO'") == (0, None, None, None, None)


class TestEntries:
    def test_a_stage_that_was_passed_by_is_reached_but_tells_no_time(self, session: Session) -> None:
        asked = {"period": MAY, "as_of": LATER, "where": "country = 'CH'"}
        assert numbers(session, "to_mql", "converted_matured", "median_days", **asked) == (1, None)
        assert numbers(session, "stamped", "converted_matured", "median_days", **asked) == (0, None)

    @pytest.mark.parametrize("funnels", [("to_mql", "stamped"), ("in_240_hours", "stamped_in_hours")])
    def test_what_comes_before_it_should_tells_no_time(self, session: Session, funnels: tuple[str, str]) -> None:
        for_three = {"H": "country = 'PT'", "M": "country = 'NL'", "Z": "country = 'CH'"}
        told = [
            numbers(session, name, "converted_matured", "median_days", as_of=LAST, where=where)
            for name in funnels
            for where in for_three.values()
        ]
        # H had a deal before the MQL, which came after five days; M was an MQL before the lead; Z never was one.
        assert told == [(1, None), (1, None), (1, None), (1, 5), (1, None), (0, None)]

    def test_what_is_dated_before_the_entry_took_no_days(self, session: Session) -> None:
        for name in ("to_mql", "in_240_hours"):
            (part,) = session.rows(Query((name,), as_of=LAST, where="country = 'NL'"))
            assert part.frame["days"].to_list() == [0]
        assert numbers(session, "to_mql", "converted_matured", as_of=LAST, where="country = 'NL'", within=(0,)) == (1,)

    def test_a_contact_enters_once_unless_every_pass_counts(self, session: Session) -> None:
        # G became an MQL on July 7, was recycled, and became one again on July 15.
        asked: dict[str, Any] = {"as_of": LAST, "where": "country = 'PL'"}
        assert numbers(session, "of_mqls", "entered", **asked) == (1,)
        assert numbers(session, "of_all_mqls", "entered", **asked) == (2,)

    @pytest.mark.parametrize("more", [{}, {"still_open": 2, "median_days": 2, "rate_kaplan_meier": 0.5}])
    def test_who_entered_and_converted_on_the_same_days_counts_each(
        self, session: Session, more: dict[str, float]
    ) -> None:
        # J1 and J2 became MQLs after two days; N1 and N2 have been leads for two full days.
        found = numbers(session, "to_mql", *COUNTS, *more, period=JUNE, as_of=LATER)
        assert found == pytest.approx((4, 2, 2, 2, *more.values()))
        answer = session.answer(Query(("shown", *(f"shown.{name}" for name in more)), period=JUNE, as_of=LATER))
        assert answer.number("shown") == 0.5
        assert answer.notes == ("Shown: 2 of 4 entries may still convert in time; the rate may rise.",)

    def test_a_table_counts_each_of_them(self, session: Session) -> None:
        counted = [("mql", 10, 4, 2, 2, 2), ("overall", 10, 4, 2, 2, 2)]
        assert steps(session, "to_mql", period=JUNE, as_of=LATER) == counted

    @pytest.mark.parametrize("result", ["entered", "median_days"])
    def test_entries_before_a_stage_was_recorded_are_told(self, session: Session, result: str) -> None:
        answer = session.answer(Query((f"to_deal.{result}", f"in_hours.{result}"), period=JUNE, as_of=LATER))
        assert [note.partition(" (")[0] for note in answer.notes] == [
            f"{label}: 2 of 4 entries happened before all stages were recorded" for label in ("To deal", "Hours")
        ]
        assert session.answer(Query((f"to_mql.{result}",), period=JUNE, as_of=LATER)).notes == ()

    @pytest.mark.parametrize("more", [(), ("median_days",)])
    def test_who_had_the_whole_window_waits_no_more(self, session: Session, more: tuple[str, ...]) -> None:
        # E has had it, and D not.
        answer = session.answer(Query(("shown", *(f"shown.{name}" for name in more)), as_of=AS_OF))
        assert answer.notes == ("Shown: 1 of 5 entries may still convert in time; the rate may rise.",)

    @pytest.mark.parametrize("more", [(), ("median_days",)])
    def test_who_converted_early_waits_no_more_and_has_not_had_the_window(
        self, session: Session, more: tuple[str, ...]
    ) -> None:
        # On January 11 A, an MQL since the 5th, has been a lead for nine full days, and B since the day before.
        as_of = dt.date(2024, 1, 11)
        assert numbers(session, "shown", *COUNTS, *more, as_of=as_of)[:4] == (2, 1, 0, 0)
        answer = session.answer(Query(("shown", *(f"shown.{name}" for name in more)), as_of=as_of))
        assert answer.number("shown") == 0.5
        assert answer.notes == ("Shown: 1 of 2 entries may still convert in time; the rate may rise.",)


class TestRows:
    def test_each_entry_is_a_row_with_when_it_arrived(self, session: Session) -> None:
        (part,) = session.rows(Query(("to_mql",), as_of=AS_OF))
        names = ("contact_id", "converted_on", "days", "is_matured", "is_converted_in_time")
        assert sorted(part.frame.select(names).rows()) == [
            ("A", dt.date(2024, 1, 5), 4, True, True),
            ("B", dt.date(2024, 1, 25), 15, True, False),
            ("C", dt.date(2024, 2, 3), 2, True, True),
            ("D", None, None, False, False),
            ("E", None, None, True, False),
        ]

    def test_in_hours_each_row_tells_parts_of_days(self, session: Session) -> None:
        (part,) = session.rows(Query(("in_hours",), as_of=AS_OF, where="country = 'AT'"))
        names = ("contact_id", "days", "is_matured", "is_converted_in_time")
        assert sorted(part.frame.select(names).rows()) == [("C", 19.0, True, True), ("D", None, False, False)]

    def test_a_limit_keeps_so_many(self, session: Session) -> None:
        (part,) = session.rows(Query(("to_mql",), as_of=AS_OF, limit=2))
        assert part.frame.height == 2

    def test_rows_of_accounts_name_the_account(self, session: Session) -> None:
        (part,) = session.rows(Query(("held",), as_of=AS_OF))
        assert sorted(part.frame["account_id"].to_list(), key=str) == ["1", "2", None, None]
        assert part.frame.columns[:4] == ["contact_id", "pass", "account_id", "entered_on"]


class TestText:
    """What no answer of DuckDB tells: that the text suits other databases, and readers."""

    def texts(self, session: Session) -> list[str]:
        asked = Query(("to_mql", "to_mql.rate_kaplan_meier", "to_mql.median_days"), by=("country",), grain="month")
        return [
            session.answer(asked).sql,
            session.answer(Query(("held", "held.still_open", "lately"), grain="month", period=MAY, as_of=LATER)).sql,
            session.funnel("bridged", Query(("bridged",))).sql,
            session.funnel("bridged", Query(("bridged",)), counts_only=True).sql,
            session.curve("in_many_hours", Query(("in_many_hours",))).sql,
            session.answer(Query(("to_deal", "german"), by=("country",), grain="week", period=MAY)).sql,
            *(emit_rows(part.plan) for part in plan_rows(session.reach, Query(("held",))) if part.plan),
        ]

    def test_each_name_is_quoted_and_each_part_in_parentheses_has_one(self, session: Session) -> None:
        for text in self.texts(session):
            tree = sqlglot.parse_one(text, dialect="duckdb")
            assert all(name.args.get("quoted") for name in tree.find_all(exp.Identifier))
            assert all(count.this is not None for count in tree.find_all(exp.Count))
            # Without an order the neighbours of a row are whoever an engine puts there.
            for window in tree.find_all(exp.Window):
                of_neighbours = isinstance(window.this, (exp.Lead, exp.RowNumber)) or window.args.get("spec")
                assert window.args.get("order") or not of_neighbours
            # What is empty stands last, whatever an engine does of itself.
            assert "NULLS FIRST" not in text
            # PostgreSQL before 16 asks for a name.
            parts = [part for part in tree.find_all(exp.Subquery) if isinstance(part.parent, (exp.From, exp.Join))]
            assert parts
            assert all(part.alias.islower() for part in parts)

    def test_counts_alone_are_computed_without_the_days_that_each_took(self, session: Session) -> None:
        texts = [session.funnel("to_mql", Query(("to_mql",)), counts_only=only).sql for only in (True, False)]
        assert ["waited" in text for text in texts] == [False, True]

    def test_days_are_whole_numbers_and_those_of_hours_are_not(self, session: Session) -> None:
        curves = [session.curve(name, Query((name,), as_of=LATER)).frame for name in ("to_mql", "in_240_hours")]
        assert [curve["days"].dtype.is_integer() for curve in curves] == [True, False]

    @pytest.mark.parametrize("counts_only", [True, False])
    def test_the_group_of_no_country_stands_last(self, session: Session, counts_only: bool) -> None:
        asked = Query(("to_mql",), by=("country",), as_of=LATER)
        frame = session.funnel("to_mql", asked, counts_only=counts_only).frame
        assert frame["country"].to_list() == ["AT", "CH", "DE", "FR", None] * 2
        curve = session.curve("to_mql", asked).frame["country"].to_list()
        assert sorted(curve, key=lambda name: (name is None, name)) == curve


class TestRefusals:
    def test_what_is_no_funnel_is_told_with_those_that_are(self, session: Session) -> None:
        with pytest.raises(InvalidQuestion, match=r"^'leads' is no funnel\. Funnels: accounts, .*bridged, by_step, "):
            session.funnel("leads", Query(("leads",)))


class TestStoredEntries:
    """First passes by channel are stored for the steps from one stage to the next; the rest is read from the leads."""

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("to_mql", {}),
            ("to_mql", {"by": ("channel",), "where": "channel <> 'none'"}),
            ("to_mql", {"grain": "month", "period": MAY}),
            ("to_mql.rate_kaplan_meier", {}),
            ("bridged.rate_cumulative_incidence", {}),
            ("lately", {"by": ("channel",)}),
        ],
    )
    def test_what_they_tell_is_read_from_them(self, session: Session, name: str, words: dict[str, Any]) -> None:
        assert 'FROM "funnel_entries"' in session.answer(Query((name,), **words)).sql
        assert 'FROM "leads"' not in session.answer(Query((name,), **words)).sql

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("to_mql", {"by": ("source",)}),
            ("to_mql", {"by": ("country",)}),
            ("to_mql", {"where": "source = 'google'"}),
            ("to_mql", {"rules": "then"}),
            ("stamped", {}),  # whose conversions may not be inferred
            ("german", {}),
            ("to_deal", {}),  # from a lead to a deal no stage is between
            ("of_all_mqls", {}),
            ("accounts", {}),
            ("won", {}),
        ],
    )
    def test_what_they_cannot_tell_is_not(self, session: Session, name: str, words: dict[str, Any]) -> None:
        answer = session.answer(Query((name,), **words))
        assert "funnel_entries" not in answer.sql
        assert not answer.reasons
