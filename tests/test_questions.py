"""Questions: what is refused and how it is said, what an answer holds, which SQL runs for it and what is kept."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.calendar import GRAINS, Period, start_of
from data.description import Column
from data.errors import InvalidFiles, InvalidQuestion
from metrics import OpenCompany, Query, Session, only
from metrics.emit import emit_plan, emit_rows
from metrics.emit_funnels import emit_funnel
from metrics.kinds import FUNNEL_RESULTS
from tests.small_company import SmallCompany
from tests.tiny_sessions import THROUGH, BenchEngine, TinyCompany, plain_company

JANUARY = Period(dt.date(2024, 1, 1), dt.date(2024, 2, 1))
QUARTER = Period(dt.date(2024, 1, 1), dt.date(2024, 4, 1))


def contact(name: str, created_on: str | None, channel: str | None = None) -> dict[str, Any]:
    moment = dt.datetime.fromisoformat(created_on) if created_on else None
    return {"contact_id": name, "created_at": moment, "original_channel": channel}


ROWS = {
    "contacts": [
        contact("A", "2024-01-01", "social"),
        contact("B", "2024-01-31T23:59", "social"),
        contact("C", "2024-02-01", "email"),
        contact("D", "2024-03-10"),
        contact("E", None, "social"),
    ],
    "stage_changes": [
        {"object": "contact", "object_id": "A", "stage": "MQL", "happened_at": dt.datetime(2024, 1, 5)},
    ],
}
REPLACED_FUNNEL = """
metrics:
  slow:
    label: Slow
    description: Slow.
    kind: funnel
    steps: [{stage: lead}, {stage: mql, within: 300 days}]
"""


@pytest.fixture(scope="module")
def tiny() -> TinyCompany:
    return TinyCompany(definitions=REPLACED_FUNNEL)


@pytest.fixture(scope="module")
def session(tiny: TinyCompany) -> Session:
    """Shared by all tests that only ask: whoever changes rows takes `spare`."""
    return tiny.session(ROWS)


@pytest.fixture(scope="module")
def spare() -> TinyCompany:
    return plain_company()


def refusal(session: Session, **asked: Any) -> str:
    with pytest.raises(InvalidQuestion) as raised:
        session.answer(Query(**{"metrics": ("leads",), **asked}))
    return str(raised.value)


GRAIN_WORDS = "day, month, quarter, week, year"
INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown metric": (
        {"metrics": ("leeds",)},
        "Unknown metric 'leeds'. Did you mean 'leads'? Known: {metrics}.",
    ),
    "no metric": (
        {"metrics": ()},
        "A question names at least one metric. See: python tandem.py list metrics",
    ),
    "an unknown result of a funnel": (
        {"metrics": ("lead_to_customer.rate",)},
        "'lead_to_customer.rate': unknown result 'rate'. Results of a funnel: converted_matured, converted_to_date,"
        " entered, matured, median_days, p90_days, rate_cumulative_incidence, rate_kaplan_meier, rate_matured,"
        " rate_to_date, still_open.",
    ),
    "a result of what is no funnel": (
        {"metrics": ("leads.entered",)},
        "'leads.entered': leads is no funnel or duration, so it has no result 'entered'.",
    ),
    "an unknown dimension": (
        {"by": ("chanel",)},
        "Unknown dimension 'chanel'. Did you mean 'channel'? Known: {dimensions}.",
    ),
    "a dimension twice": ({"by": ("channel", "channel")}, "'channel' stands twice among the dimensions: name it once."),
    "a dimension that the table lacks": (
        {"metrics": ("visits",), "by": ("segment",)},
        "'visits' cannot be split or filtered by 'segment': its table visits has no segment. It is known in:"
        " credit, deal_paths, handoffs, lead_owners, leads, pipeline, revenue.",
    ),
    "a condition over a dimension that the table lacks": (
        {"metrics": ("visits", "leads"), "where": "segment = 'Small'"},
        "'visits' cannot be split or filtered by 'segment': its table visits has no segment. It is known in:"
        " credit, deal_paths, handoffs, lead_owners, leads, pipeline, revenue.",
    ),
    "a condition over an unknown dimension": (
        {"where": "chanel = 'social'"},
        "'chanel = 'social'': unknown dimension 'chanel'. Did you mean 'channel'? Known: {dimensions}.",
    ),
    "a condition over a column with its table": (
        {"where": "leads.channel = 'social'"},
        "'leads.channel = 'social'': 'leads.channel': write the dimension alone, without the table before it.",
    ),
    "half a condition": (
        {"where": "channel ="},
        "'channel =': 'channel =' is not an expression (Required keyword: 'expression' missing"
        " for <class 'sqlglot.expressions.core.EQ'>. Line 1, Col: 9).",
    ),
    "no condition": (
        {"where": "(channel)"},
        "'(channel)': 'channel' is no condition: compare it with something, such as channel = 'social'.",
    ),
    "an aggregate in a condition": (
        {"where": "count(channel) > 1"},
        "'count(channel) > 1': 'COUNT(channel)': an aggregate is not allowed here, only an expression over one row.",
    ),
    "a subquery in a condition": (
        {"where": "channel in (select channel from leads)"},
        "'channel in (select channel from leads)': '(SELECT channel FROM leads)' is not allowed. Allowed: columns,"
        " constants, arithmetic, comparisons, and/or/not, in (...), CASE, casts and functions.",
    ),
    "a second statement in a condition": (
        {"where": "channel = 'a'; drop table leads"},
        "'channel = 'a'; drop table leads': 'channel = 'a'; DROP TABLE leads' is not allowed. Allowed: columns,"
        " constants, arithmetic, comparisons, and/or/not, in (...), CASE, casts and functions.",
    ),
    "an unknown grain": ({"grain": "weeks"}, f"'weeks' is not a grain. Did you mean 'week'? Allowed: {GRAIN_WORDS}."),
    "an unknown comparison": (
        {"compare": "lastyear"},
        "'lastyear' is not a compare. Did you mean 'last_year'? Allowed: last_year, none, previous, target.",
    ),
    "an unknown version of rules": ({"rules": "now"}, "'now' is not a rules. Allowed: then, today."),
    "a period without a day": (
        {"period": Period(dt.date(2024, 1, 2), dt.date(2024, 1, 2))},
        "The period 2024-01-02 up to 2024-01-02 holds no day: its end is the first day after it.",
    ),
    "a negative window": ({"within": (30, -1)}, "A window (within) is a number of days from 0."),
    "several windows of one number": (
        {"metrics": ("lead_to_customer",), "within": (30, 60)},
        "A question takes one window; for several side by side use: python tandem.py funnel.",
    ),
    "a limit of nothing": ({"limit": 0}, "A limit is a number of rows from 1."),
    "an attribution model without credit": (
        {"model": "linear"},
        "The model 'linear' has nothing to apply to: no metric asked is shared out.",
    ),
    "an order by something else": (
        {"by": ("channel",), "order": ("-leets",)},
        "Cannot order by '-leets'. Did you mean 'leads'? Columns of this answer: channel, leads.",
    ),
    "an order by a period without a grain": (
        {"order": ("period",)},
        "Cannot order by 'period'. Columns of this answer: leads.",
    ),
}


class TestRefusals:
    @pytest.mark.parametrize("case", INVALID)
    def test_a_question_that_makes_no_sense_says_why(self, case: str, session: Session) -> None:
        asked, sentence = INVALID[case]
        definitions = session.definitions
        for mark, known in (("{metrics}", definitions.metrics), ("{dimensions}", definitions.dimensions)):
            sentence = sentence.replace(mark, ", ".join(sorted(known)))
        assert refusal(session, **asked) == sentence

    def test_rows_are_those_of_one_metric(self, session: Session) -> None:
        with pytest.raises(InvalidQuestion, match=r"^Rows are those behind one metric: name one\.$"):
            session.rows(Query(("leads", "mqls")))

    def test_the_table_of_a_funnel_is_of_a_funnel(self, session: Session) -> None:
        with pytest.raises(InvalidQuestion) as raised:
            session.funnel("leads", Query(("leads",)))
        funnels = "bofu_conversion, lead_to_customer, lead_to_customer_by_stage, mofu_conversion, slow, tofu_conversion"
        assert str(raised.value) == f"'leads' is no funnel. Funnels: {funnels}."


# -- what is absent --------------------------------------------------------------------------------------------------

NO_MQL = "No stage mql here: stages.yaml declares lead, opportunity, customer."
ABSENT = {
    "spend": "Tiny has no spend (declared absent in sources.yaml).",
    "deals_lost": "Tiny has no lost deals (declared absent in sources.yaml).",
    "deals_decided": "Tiny has no lost deals (declared absent in sources.yaml).",
    "win_rate": "Tiny has no lost deals (declared absent in sources.yaml).",
    "won_revenue": "Tiny has no deal amounts (declared absent in sources.yaml).",
    "average_deal": "Tiny has no deal amounts (declared absent in sources.yaml).",
    "visits": "No touch of kind visit was loaded.",
    "mqls": NO_MQL,
    "tofu_conversion": NO_MQL,
    "mofu_conversion.entered": NO_MQL,
}


@pytest.fixture(scope="module")
def lacking() -> Session:
    """A company without spend, amounts, lost deals, visits and MQLs."""
    known_by = {"lead": ["created"], "opportunity": ["deal_created"], "customer": ["deal_won"]}
    absent = ("spend", "lost deals", "deal amounts", "campaigns")
    return TinyCompany(known_by, absent=absent, tables={"touches": []}).session(ROWS)


class TestAbsentInputs:
    @pytest.mark.parametrize("metric", ABSENT)
    def test_an_absent_input_is_an_empty_cell_with_its_reason(self, metric: str, lacking: Session) -> None:
        answer = lacking.answer(Query(("leads", metric)))
        assert answer.frame.rows() == [(5, None)]
        assert answer.reasons == {metric: ABSENT[metric]}
        assert lacking.answer(Query((metric,))).number(metric) is None

    def test_an_absent_input_stays_empty_in_every_group_and_period(self, lacking: Session) -> None:
        frame = lacking.answer(Query(("spend", "leads"), period=QUARTER, grain="month")).frame
        assert frame.select("spend", "leads").rows() == [(None, 2), (None, 1), (None, 1)]
        alone = lacking.answer(Query(("spend",), by=("channel",), grain="month")).frame
        assert alone.schema == {"channel": pl.String(), "period": pl.Date(), "spend": pl.Float64()}
        frame = lacking.answer(Query(("mqls", "leads"), by=("channel",))).frame
        assert set(frame["mqls"]) == {None}
        assert frame["leads"].sum() == 5

    def test_what_is_there_is_0_and_not_empty(self, lacking: Session) -> None:
        answer = lacking.answer(Query(("deals_won", "customers", "opportunities"), period=JANUARY))
        assert (answer.frame.row(0), answer.reasons) == ((0, 0, 0), {})

    def test_an_absent_dimension_is_a_reason_too(self, lacking: Session) -> None:
        answer = lacking.answer(Query(("leads",), by=("campaign",)))
        assert answer.reasons == {"leads": "Tiny has no campaigns (declared absent in sources.yaml)."}
        assert answer.frame.rows() == [(None, None)]

    def test_a_stage_in_the_middle_that_is_not_declared_leaves_a_funnel(self, lacking: Session) -> None:
        answer = lacking.funnel("lead_to_customer", Query(("lead_to_customer",)))
        assert answer.reasons == {}
        assert answer.frame["step"].to_list() == ["opportunity", "customer", "overall"]
        assert answer.frame["within_days"].to_list() == [90, 120, 210]

    def test_the_table_of_a_funnel_that_does_not_exist_has_all_columns_and_no_row(self, lacking: Session) -> None:
        asked = Query(("tofu_conversion",), by=("channel",), grain="month", within=(30,))
        answer = lacking.funnel("tofu_conversion", asked)
        assert answer.reasons == {"tofu_conversion": NO_MQL}
        assert answer.frame.columns == ["channel", "period", "step", "within_days", *FUNNEL_RESULTS, "unrecorded"]
        assert answer.frame.height == 0

    def test_rows_behind_an_absent_number_are_none_with_the_reason(self, lacking: Session) -> None:
        (part,) = lacking.rows(Query(("spend",)))
        assert (part.frame.height, part.reason) == (0, ABSENT["spend"])

    def test_without_a_through_day_a_rate_has_a_reason_unless_a_day_is_asked(self, tiny: TinyCompany) -> None:
        session = tiny.ask(through=None)
        answer = session.answer(Query(("leads", "tofu_conversion")))
        reason = "No file says how far its data reaches: give 'through' in sources.yaml, or an as-of day."
        assert answer.reasons == {"tofu_conversion": reason}
        assert session.answer(Query(("tofu_conversion",), as_of=THROUGH)).reasons == {}


# -- what an answer holds --------------------------------------------------------------------------------------------


class TestAnswers:
    def test_columns_are_dimensions_period_and_metrics_as_asked(self, session: Session) -> None:
        metrics = ("mqls", "lead_to_customer.entered", "leads", "mqls")
        answer = session.answer(Query(metrics, by=("source", "channel"), grain="month"))
        assert answer.frame.columns == ["source", "channel", "period", "mqls", "lead_to_customer.entered", "leads"]

    def test_counts_are_whole_numbers_and_rates_are_not(self, session: Session) -> None:
        frame = session.answer(Query(("leads", "tofu_conversion.entered", "tofu_conversion"))).frame
        assert frame.dtypes == [pl.Int64(), pl.Int64(), pl.Float64()]

    def test_null_is_a_group_of_its_own_and_comes_last(self, session: Session) -> None:
        frame = session.answer(Query(("leads",), by=("channel",))).frame
        assert frame.rows() == [("email", 1), ("social", 3), (None, 1)]

    def test_a_period_is_half_open(self, session: Session) -> None:
        february = Period(dt.date(2024, 2, 1), dt.date(2024, 3, 1))
        numbers = [session.answer(Query(("leads",), period=one)).number("leads") for one in (JANUARY, february)]
        assert numbers == [2, 1]

    def test_a_row_without_a_time_is_in_the_total_and_in_no_period(self, session: Session) -> None:
        assert session.answer(Query(("leads",))).number("leads") == 5
        assert session.answer(Query(("leads",), grain="year")).frame["leads"].sum() == 4
        assert session.answer(Query(("leads",), as_of=dt.date(2030, 1, 1))).number("leads") == 4
        century = Period(dt.date(1950, 1, 1), dt.date(2050, 1, 1))
        assert session.answer(Query(("leads",), period=century)).number("leads") == 4

    def test_periods_in_which_nothing_happened_are_filled(self, session: Session) -> None:
        asked = Query(
            ("leads", "average_deal"), grain="month", period=Period(dt.date(2023, 12, 1), dt.date(2024, 6, 1))
        )
        months = [dt.date(2023, 12, 1), *(dt.date(2024, month, 1) for month in range(1, 6))]
        assert session.answer(asked).frame.rows() == [
            (month, count, None) for month, count in zip(months, (0, 2, 1, 1, 0, 0), strict=True)
        ]

    def test_without_a_bound_nothing_is_filled(self, session: Session) -> None:
        assert session.answer(Query(("mqls",), grain="month")).frame.rows() == [(dt.date(2024, 1, 1), 1)]

    def test_within_a_period_every_group_has_every_month(self, session: Session) -> None:
        split = session.answer(Query(("mqls",), by=("channel",), grain="month", period=QUARTER)).frame
        months = [dt.date(2024, month, 1) for month in (1, 2, 3)]
        assert split.rows() == [("social", month, count) for month, count in zip(months, (1, 0, 0), strict=True)]

    def test_an_order_and_a_limit(self, session: Session) -> None:
        asked = Query(("leads",), by=("channel",), order=("-leads",))
        assert session.answer(asked).frame.rows() == [("social", 3), ("email", 1), (None, 1)]
        assert session.answer(replace(asked, limit=2)).frame.rows() == [("social", 3), ("email", 1)]
        rising = session.answer(replace(asked, order=("leads", "-channel"))).frame
        assert rising.rows() == [("email", 1), (None, 1), ("social", 3)]
        latest = session.answer(Query(("leads",), grain="month", order=("-period",))).frame
        assert latest.rows() == [(dt.date(2024, 3, 1), 1), (dt.date(2024, 2, 1), 1), (dt.date(2024, 1, 1), 2)]

    def test_a_rate_of_nobody_is_empty_and_a_rate_of_nothing_is_0(self, session: Session) -> None:
        rates = ("tofu_conversion", "bofu_conversion", "win_rate", "bofu_conversion.entered")
        answer = session.answer(Query(rates, as_of=dt.date(2024, 7, 1)))
        assert answer.frame.row(0) == (0.25, None, None, 0)
        nothing = session.answer(Query(("tofu_conversion",), where="channel = 'email'", as_of=dt.date(2024, 7, 1)))
        assert nothing.number("tofu_conversion") == 0.0

    def test_a_rate_of_immature_entries_is_empty_and_the_rate_to_date_is_not(self, session: Session) -> None:
        rates = ("slow", "slow.rate_to_date", "slow.entered", "slow.matured")
        assert session.answer(Query(rates)).frame.row(0) == (None, 0.25, 4, 0)

    def test_a_comparison_carries_the_answer_of_the_period_before(self, session: Session) -> None:
        february = Period(dt.date(2024, 2, 1), dt.date(2024, 3, 1))
        answer = session.answer(Query(("leads",), period=february, compare="previous"))
        assert answer.before is not None
        assert (answer.before.query.period, answer.before.number("leads")) == (JANUARY, 2)
        assert session.answer(Query(("leads",), compare="previous")).before is None

    def test_a_stage_recorded_late_is_noted_beside_the_figure(self) -> None:
        company = TinyCompany(
            {"lead": ["created"], "mql": ["crm:MQL"], "customer": ["deal_won"]},
            recorded_from={"mql": dt.date(2024, 1, 20)},
        )
        session = company.session(ROWS)
        answer = session.answer(Query(("tofu_conversion",)))
        assert answer.notes == (
            "Lead to MQL: 1 of 4 entries happened before all stages were recorded (mql since 2024-01-20);"
            " conversions before those days are not seen.",
        )
        assert answer.number("tofu_conversion") == 0.25
        assert session.funnel("tofu_conversion", Query(("tofu_conversion",), by=("channel",))).notes == answer.notes

    def test_amounts_that_are_left_out_of_money_are_counted(self, spare: TinyCompany) -> None:
        deals = [
            {"deal_id": "paid", "is_won": True, "amount": 10, "currency": "EUR"},
            {"deal_id": "unknown", "is_won": True},
            {"deal_id": "foreign", "is_won": True, "amount": 9, "currency": "CHF"},
            {"deal_id": "renewed", "is_won": True, "type": "renewal"},
        ]
        answer = spare.session({"deals": deals}).answer(Query(("won_revenue", "average_deal", "deals_won")))
        assert answer.frame.row(0) == (10.0, 10.0, 3)
        assert answer.notes == (
            "Won revenue: 2 rows without an amount in EUR are left out.",
            "Average deal: 2 rows without an amount in EUR are left out.",
        )

    @pytest.mark.parametrize(
        ("values", "kept"),
        [(["social"], 3), (["social", None], 4), ([None], 1), (["email", "social"], 4), (["it's", "--"], 0)],
    )
    def test_a_filter_by_values_keeps_those_groups(self, session: Session, values: list[str | None], kept: int) -> None:
        assert session.answer(Query(("leads",), where=only("channel", values))).number("leads") == kept

    def test_a_filter_by_no_values_is_no_filter(self) -> None:
        assert only("channel", []) is None


@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(
    day=st.dates(dt.date(2019, 1, 1), dt.date(2027, 12, 31)),
    week_starts=st.integers(0, 6),
    fiscal_year_starts=st.integers(1, 12),
)
def test_the_periods_of_an_answer_are_those_of_the_calendar(
    spare: TinyCompany, day: dt.date, week_starts: int, fiscal_year_starts: int
) -> None:
    at = dt.datetime.combine(day, dt.time())
    spare.session({"touches": [{"touch_id": "T", "kind": "visit", "happened_at": at}]})
    session = spare.ask(week_starts=week_starts, fiscal_year_starts=fiscal_year_starts)
    for grain in GRAINS:
        answer = session.answer(Query(("visits",), grain=grain))
        assert answer.frame.rows() == [(start_of(day, grain, session.company), 1)]


# -- the SQL that runs -----------------------------------------------------------------------------------------------


@pytest.fixture
def fresh() -> Iterator[None]:
    """Without SQL text of other tests."""
    for emit in (emit_plan, emit_funnel, emit_rows):
        emit.cache_clear()
    yield
    for emit in (emit_plan, emit_funnel, emit_rows):
        emit.cache_clear()


class TestSql:
    @pytest.mark.usefixtures("fresh")
    def test_questions_of_one_shape_share_one_text(self, session: Session) -> None:
        def asked(start: int, channel: str) -> Query:
            period = Period(dt.date(2024, start, 1), dt.date(2024, start + 1, 1))
            return Query(
                ("leads", "tofu_conversion"),
                by=("source",),
                period=period,
                where=f"channel = '{channel}' and source != 'x'",
                as_of=dt.date(2024, start + 2, 3),
            )

        first, second = session.answer(asked(1, "social")), session.answer(asked(4, "it''s"))
        assert first.sql == second.sql
        assert first.values != second.values
        assert (emit_plan.cache_info().misses, emit_plan.cache_info().hits) == (1, 1)
        third = session.answer(replace(asked(1, "social"), where="channel = 'social'"))
        assert third.sql != first.sql

    @pytest.mark.usefixtures("fresh")
    def test_funnels_and_rows_of_one_shape_share_one_text_too(self, session: Session) -> None:
        for month in (3, 4, 5):
            asked = Query(("lead_to_customer",), as_of=dt.date(2024, month, 1), where=f"channel = 'c{month}'")
            session.funnel("lead_to_customer", asked)
            session.rows(asked)
        assert (emit_funnel.cache_info().misses, emit_funnel.cache_info().hits) == (1, 2)
        assert (emit_rows.cache_info().misses, emit_rows.cache_info().hits) == (1, 2)

    def test_no_value_of_a_question_stands_in_the_sql(self, session: Session) -> None:
        asked = Query(
            ("leads", "lead_to_customer"),
            by=("channel",),
            grain="week",
            period=Period(dt.date(2024, 1, 2), dt.date(2024, 3, 4)),
            where="channel = 'needle' or length(channel) = 7777 or channel in ('hay', 'stack')",
            as_of=dt.date(2024, 5, 6),
            within=(4321,),
        )
        answer = session.answer(asked)
        without_parameters = re.sub(r"\$\w+", "", answer.sql)
        for word in ("needle", "7777", "hay", "stack", "2024", "4321"):
            assert word not in without_parameters, word
        assert {"needle", 7777, "hay", "stack", dt.date(2024, 1, 2), dt.date(2024, 5, 6), 4321} <= set(
            answer.values.values()
        )

    def test_a_constant_that_looks_like_sql_is_only_a_value(self, session: Session) -> None:
        for text in ("' or 1 = 1 --", "'); drop table leads; --", "$period_start", '"; select'):
            where = only("channel", [text])
            assert session.answer(Query(("leads",), where=where)).number("leads") == 0
        assert session.answer(Query(("leads",))).number("leads") == 5

    def test_every_name_in_the_sql_is_quoted(self) -> None:
        odd = 'sales "territory'
        company = TinyCompany(
            definitions="dimensions:\n"
            f"  order: {{label: Order, on: {{leads: 'account.{odd}'}}}}\n"
            f"  group: {{label: Group, on: {{leads: 'contact.select'}}}}\n"
        )
        company.bench.execute('ALTER TABLE accounts ADD COLUMN "sales ""territory" VARCHAR')
        company.bench.execute('ALTER TABLE contacts ADD COLUMN "select" VARCHAR')
        for table, name in (("accounts", odd), ("contacts", "select")):
            described = company.tables[table]
            columns = {**described.columns, name: Column(name, "VARCHAR")}
            company.tables[table] = replace(described, columns=columns)
        rows = {
            "accounts": [{"account_id": "X", odd: "North"}, {"account_id": "Y", odd: None}],
            "contacts": [
                {**contact("A", "2024-01-01"), "account_id": "X", "select": "s"},
                {**contact("B", "2024-01-01"), "account_id": "Y", "select": "s"},
            ],
        }
        session = company.session(rows)
        answer = session.answer(Query(("leads",), by=("order", "group"), order=("-order",)))
        assert answer.frame.rows() == [("North", "s", 1), (None, "s", 1)]
        assert '"sales ""territory"' in answer.sql
        narrowed = session.answer(Query(("leads",), where="\"order\" = 'North'"))
        assert narrowed.number("leads") == 1

    def test_metrics_of_one_table_share_one_scan(self, session: Session) -> None:
        answer = session.answer(Query(("deals_created", "deals_decided", "deals_lost", "win_rate", "deals_won")))
        # Without a period there is nothing that tells creation, decision and loss apart.
        assert answer.sql.count('FROM "pipeline"') == 1
        assert answer.sql.count('FROM "revenue"') == 1

    def test_results_of_one_funnel_are_read_from_one_cohort(self, session: Session) -> None:
        names = tuple(f"lead_to_customer.{result}" for result in ("rate_to_date", "median_days", "still_open"))
        answer = session.answer(Query(names))
        assert answer.sql.count('"cohort" AS (') == 1
        # Nobody is a customer yet, and four of the five came in on a known day.
        assert answer.frame.row(0) == (0.0, None, 4)


class TestKeptResults:
    @pytest.fixture
    def engine(self, spare: TinyCompany) -> BenchEngine:
        spare.session(ROWS)
        return BenchEngine(spare.bench, spare.build)

    def test_a_question_runs_once_per_generation_values_and_viewer(
        self, spare: TinyCompany, engine: BenchEngine
    ) -> None:
        template = spare.ask()
        first = Session(template.company, template.generation, template.definitions, engine=engine)
        asked = Query(("leads",), where="channel = 'social'")
        assert first.answer(asked).frame is not None
        frames = [first.answer(asked).number("leads") for _ in range(3)]
        assert (frames, engine.runs) == ([3, 3, 3], 1)

        first.answer(replace(asked, where="channel = 'email'"))
        assert engine.runs == 2
        first.answer(replace(asked, viewer="somebody"))
        assert engine.runs == 3

        # A new generation has other rows, under the same text, values and viewer.
        other = spare.ask()
        second = Session(other.company, other.generation, other.definitions, first._results, engine)
        spare.bench.execute("DELETE FROM leads WHERE contact_id = 'A'")
        assert (second.answer(asked).number("leads"), first.answer(asked).number("leads")) == (2, 3)
        assert engine.runs == 4


# -- definitions that change while the company is open ----------------------------------------------------------------

OWN = """
metrics:
  leads_twice:
    label: Leads twice
    description: Leads, counted two times.
    kind: aggregate
    table: leads
    expr: count(contact_id) * 2
    time: started_on
    unit: count
"""


class Editor:
    """Writes the definitions of a company with a time of change that grows, however fast the test is."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "definitions" / "own.yaml"
        self.file.parent.mkdir()
        self.moment = 1_700_000_000

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")
        self.moment += 1
        os.utime(self.file, (self.moment, self.moment))


class TestHotReload:
    def test_changed_definitions_are_read_while_the_company_is_open(self, small: SmallCompany) -> None:
        opened, editor = OpenCompany(small.company), Editor(small.folder)
        first = opened.at()
        assert opened.at() is first
        assert "leads_twice" not in first.definitions.metrics

        editor.write(OWN)
        second = opened.at()
        assert second is not first
        assert opened.at() is second
        assert second.answer(Query(("leads", "leads_twice"))).frame.row(0) == (4, 8)
        # Whoever still holds the session from before keeps its answers.
        assert first.answer(Query(("leads",))).number("leads") == 4

        editor.file.unlink()
        assert "leads_twice" not in opened.at().definitions.metrics

    def test_a_broken_file_keeps_the_last_good_definitions_and_says_so(self, small: SmallCompany) -> None:
        opened, editor = OpenCompany(small.company), Editor(small.folder)
        editor.write(OWN)
        opened.at()
        assert opened.problems is None

        editor.write(OWN.replace("contact_id", "contakt_id"))
        kept = opened.at()
        assert kept.answer(Query(("leads_twice",))).number("leads_twice") == 8
        assert opened.problems is not None
        (problem,) = opened.problems.problems
        assert problem.message.startswith("leads_twice: unknown column 'contakt_id'. Did you mean 'contact_id'?")
        assert (problem.place.line, problem.place.column) == (8, 11)
        assert opened.at() is kept

        editor.write(OWN.replace("* 2", "* 3"))
        assert opened.at().answer(Query(("leads_twice",))).number("leads_twice") == 12
        assert opened.problems is None

    def test_a_new_generation_is_seen_while_definitions_are_broken(self, small: SmallCompany) -> None:
        opened, editor = OpenCompany(small.company), Editor(small.folder)
        editor.write(OWN)
        opened.at()
        editor.write("metrics: [")
        small.replace("people.csv", "c4,", "c5,Grace,grace@mill.example,2026-03-11,\nc4,")
        small.refresh()
        assert opened.at().answer(Query(("leads_twice",))).number("leads_twice") == 10
        assert opened.problems is not None

    def test_a_company_that_opens_on_a_broken_file_says_what_is_wrong(self, small: SmallCompany) -> None:
        Editor(small.folder).write("metrics: [")
        with pytest.raises(InvalidFiles, match=r"own.yaml:1:11: not valid YAML"):
            OpenCompany(small.company).at()

    def test_an_older_generation_can_be_asked_beside_the_current_one(self, small: SmallCompany) -> None:
        opened = OpenCompany(small.company)
        first = opened.at()
        small.replace("people.csv", "c4,", "c5,Grace,grace@mill.example,2026-03-11,\nc4,")
        small.refresh()
        assert opened.at().answer(Query(("leads",))).number("leads") == 5
        older = opened.at(first.manifest.generation)
        assert older.answer(Query(("leads",))).number("leads") == 4
