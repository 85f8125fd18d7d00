"""Every standard metric against an oracle written another way, and against the rows behind it."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.calendar import Period
from data.engine import Workbench, quoted
from metrics import Query, Session
from metrics.kinds import FUNNEL_RESULTS, Aggregate, Funnel, Ratio
from metrics.loading import load_definitions
from tests import oracle_funnel, oracle_metrics
from tests.depth import deep
from tests.oracle_durations import COMPOSED, DURATIONS
from tests.oracle_funnel import Question
from tests.oracle_metrics import BALANCES, CREDITS, FACTS, FUNNELS, RATIOS, RETURNS, TO_DATE, Fact
from tests.tiny_companies import companies
from tests.tiny_sessions import THROUGH, TinyCompany, rows_in

Row = dict[str, Any]
YEAR = Period(dt.date(2026, 1, 1), dt.date(2026, 10, 1))
AS_OF = dt.date(2026, 6, 15)
EVERY_AND_REQUIRED = """
metrics:
  every_pass:
    {label: Every, description: Every pass., kind: funnel, entry: every, steps: STEPS}
  stamped_only:
    {label: Stamped, description: Stamps only., kind: funnel, skips: require, steps: STEPS}
  every_stamped:
    {label: Both, description: Both., kind: funnel, entry: every, skips: require, steps: STEPS}
""".replace("STEPS", "[{stage: lead}, {stage: mql, within: 30 days}, {stage: opportunity, within: 60 days}]")
SHORT_STEPS = [("lead", None), ("mql", 30), ("opportunity", 60)]
VARIANTS = {
    "every_pass": ("every", "imply"),
    "stamped_only": ("first", "require"),
    "every_stamped": ("every", "require"),
}


@pytest.fixture(scope="module")
def tables(demo: Session) -> dict[str, list[Row]]:
    wanted = (
        "leads", "contacts", "touches", "campaigns", "deals", "deal_contacts", "spend", "exchange_rates",
        "assignments", "activities", "activity_contacts", "lead_decisions", "people",
    )  # fmt: skip
    return {name: rows_in(demo, name) for name in wanted}


@pytest.fixture(scope="module")
def facts(tables: dict[str, list[Row]]) -> dict[str, list[Fact]]:
    return {name: of(tables, "EUR") for name, of in FACTS.items()}


def expected(metric: str, facts: dict[str, list[Fact]], keep: Any = bool) -> Any:
    """The oracle's number of an aggregate or a ratio over the facts that are kept."""
    if metric in RATIOS:
        over, under = (oracle_metrics.value(name, [f for f in facts[name] if keep(f)]) for name in RATIOS[metric])
        return over / under if under else None
    return oracle_metrics.value(metric, [fact for fact in facts[metric] if keep(fact)])


def same(found: Any, wanted: Any) -> bool:
    """Equal numbers; money and rates as floats, no value only where none is wanted."""
    if found is None or wanted is None:
        return found is None and wanted is None
    return found == pytest.approx(float(wanted), rel=1e-12, abs=1e-9)


def by_group(frame: pl.DataFrame, metric: str) -> dict[Any, Any]:
    """Number by group. A group that only other metrics have, or only rows that do not count, is left out."""
    keys = [name for name in frame.columns if name != metric]
    rows = {tuple(row[key] for key in keys): row[metric] for row in frame.iter_rows(named=True)}
    return {key: value for key, value in rows.items() if value}


def assert_groups(found: dict[Any, Any], wanted: dict[Any, Any]) -> None:
    wanted = {key: value for key, value in wanted.items() if value}
    assert found.keys() == wanted.keys()
    assert not [(key, found[key], wanted[key]) for key in found if not same(found[key], wanted[key])]


AGGREGATES = sorted([*FACTS, *RATIOS])


def test_every_standard_metric_has_an_oracle(demo: Session) -> None:
    known = {*FACTS, *BALANCES, *RATIOS, *TO_DATE, *FUNNELS, *DURATIONS, *COMPOSED, *CREDITS, *RETURNS}
    missing = sorted(name for name, metric in demo.definitions.metrics.items() if name not in known)
    assert not missing, (
        f"{missing}: add the facts of each to FACTS, BALANCES, RATIOS, TO_DATE or FUNNELS in tests/oracle_metrics.py,"
        " or its waits to DURATIONS in tests/oracle_durations.py."
    )
    assert not known - demo.definitions.metrics.keys(), "an oracle is left of a metric that no longer stands"


def test_the_oracles_funnels_are_the_standard_ones(demo: Session) -> None:
    for name, steps in FUNNELS.items():
        funnel = demo.definitions.metrics[name]
        assert isinstance(funnel, Funnel)
        assert [(step.stage, step.within) for step in funnel.steps] == steps


@pytest.mark.parametrize("metric", AGGREGATES)
class TestAggregatesOfTheDemo:
    def test_the_total_is_the_oracles(self, demo: Session, facts: dict[str, list[Fact]], metric: str) -> None:
        assert same(demo.answer(Query((metric,))).number(metric), expected(metric, facts))
        assert expected(metric, facts), "the demo has nothing to count, so this test could not fail"

    def test_each_channel_is_the_oracles(self, demo: Session, facts: dict[str, list[Fact]], metric: str) -> None:
        frame = demo.answer(Query((metric,), by=("channel",))).frame
        channels = {fact.channel for of in facts.values() for fact in of}
        wanted = {(name,): expected(metric, facts, lambda f, name=name: f.channel == name) for name in channels}
        assert_groups(by_group(frame, metric), wanted)

    def test_each_month_of_a_period_is_the_oracles(
        self, demo: Session, facts: dict[str, list[Fact]], metric: str
    ) -> None:
        frame = demo.answer(Query((metric,), grain="month", period=YEAR)).frame
        months = [dt.date(2026, month, 1) for month in range(1, 10)]
        assert frame["period"].to_list() == months
        wanted = {
            (month,): expected(metric, facts, lambda f, month=month: f.day and f.day.replace(day=1) == month)
            for month in months
        }
        assert_groups(by_group(frame, metric), wanted)

    def test_a_condition_a_period_and_an_as_of_day_narrow_like_the_oracle(
        self, demo: Session, facts: dict[str, list[Fact]], metric: str
    ) -> None:
        def keep(fact: Fact) -> bool:
            is_inside = fact.day is not None and YEAR.start <= fact.day < AS_OF
            return is_inside and fact.channel in ("paid_search", "event", "organic_search")

        where = "channel in ('paid_search', 'event') or channel = 'organic_search'"
        answer = demo.answer(Query((metric,), period=YEAR, where=where, as_of=AS_OF))
        assert same(answer.number(metric), expected(metric, facts, keep))

    def test_nothing_that_happened_on_or_after_the_as_of_day_counts(
        self, demo: Session, facts: dict[str, list[Fact]], metric: str
    ) -> None:
        answer = demo.answer(Query((metric,), as_of=AS_OF))
        wanted = expected(metric, facts, lambda f: f.day is not None and f.day < AS_OF)
        assert same(answer.number(metric), wanted)


@pytest.mark.parametrize("metric", TO_DATE)
class TestToDate:
    def test_each_week_has_what_happened_since_the_month_or_quarter_began(
        self, demo: Session, facts: dict[str, list[Fact]], metric: str
    ) -> None:
        of, unit = TO_DATE[metric]
        frame = demo.answer(Query((metric,), grain="week", period=YEAR)).frame
        assert frame.height == 40
        for start, found in frame.iter_rows():
            last = min(start + dt.timedelta(days=6), YEAR.last)
            first = last.replace(day=1)
            first = first.replace(month=first.month - (first.month - 1) % 3) if unit == "quarter" else first
            counted = [fact for fact in facts[of] if fact.day and first <= fact.day <= last]
            assert same(found, oracle_metrics.value(of, counted)), start
        assert frame[metric].max() > 0


@pytest.mark.parametrize("metric", BALANCES)
class TestBalancesOfTheDemo:
    def open_on(self, tables: dict[str, list[Row]], metric: str, day: dt.date, keep: Any = bool) -> Any:
        return oracle_metrics.value(metric, [fact for fact in BALANCES[metric](tables, "EUR", day) if keep(fact)])

    def test_it_is_valued_when_the_data_ends(self, demo: Session, tables: dict[str, list[Row]], metric: str) -> None:
        wanted = self.open_on(tables, metric, dt.date(2026, 11, 16))
        assert wanted
        assert same(demo.answer(Query((metric,))).number(metric), wanted)

    def test_it_is_valued_at_the_end_of_a_period(
        self, demo: Session, tables: dict[str, list[Row]], metric: str
    ) -> None:
        answer = demo.answer(Query((metric,), period=YEAR, where="channel = 'referral'"))
        assert same(answer.number(metric), self.open_on(tables, metric, YEAR.until, lambda f: f.channel == "referral"))

    def test_it_is_valued_at_the_end_of_each_period(
        self, demo: Session, tables: dict[str, list[Row]], metric: str
    ) -> None:
        frame = demo.answer(Query((metric,), by=("channel",), grain="month", period=YEAR)).frame
        ends = [dt.date(2026, month, 1) for month in range(2, 11)]
        channels = {fact.channel for end in ends for fact in BALANCES[metric](tables, "EUR", end)}
        wanted = {
            (channel, (end - dt.timedelta(days=1)).replace(day=1)): self.open_on(
                tables, metric, end, lambda f, channel=channel: f.channel == channel
            )
            for end in ends
            for channel in channels
        }
        assert_groups(by_group(frame, metric), wanted)

    def test_what_closes_on_or_after_the_as_of_day_is_open(
        self, demo: Session, tables: dict[str, list[Row]], metric: str
    ) -> None:
        assert same(demo.answer(Query((metric,), as_of=AS_OF)).number(metric), self.open_on(tables, metric, AS_OF))
        within = demo.answer(Query((metric,), period=YEAR, as_of=AS_OF))
        assert same(within.number(metric), self.open_on(tables, metric, AS_OF))


def table_by_key(frame: pl.DataFrame, keys: tuple[str, ...]) -> dict[tuple[Any, ...], Row]:
    return {
        (row["step"], row["within_days"], *(row[key] for key in keys)): {name: row[name] for name in FUNNEL_RESULTS}
        for row in frame.iter_rows(named=True)
    }


def rounded(rows: dict[tuple[Any, ...], Row]) -> dict[tuple[Any, ...], Row]:
    """Shares go through logarithms, which are right to many digits but not to the last."""
    return {key: {name: round(cell, 9) if cell else cell for name, cell in row.items()} for key, row in rows.items()}


def without(row: Row, name: str) -> Row:
    return {key: cell for key, cell in row.items() if key != name}


def assert_table(session: Session, name: str, leads: list[Row], steps: Any, asked: Question) -> None:
    """The funnel's table, and the funnel as one metric, against the oracle."""
    period = Period(asked.since, asked.until) if asked.since and asked.until else None
    query = Query((name,), by=asked.by, grain=asked.grain, period=period, as_of=asked.as_of, within=asked.within)
    keys = (*asked.by, *(("period",) if asked.grain else ()))
    found = table_by_key(session.funnel(name, query).frame, keys)
    wanted = oracle_funnel.table(leads, steps, asked)
    assert rounded({key: row for key, row in found.items() if row["entered"]}) == rounded(wanted)
    if len(asked.within) < 2:
        results = tuple(f"{name}.{result}" for result in FUNNEL_RESULTS)
        frame = session.answer(replace(query, metrics=results)).frame
        single = {
            tuple(row[key] for key in keys): {result: row[f"{name}.{result}"] for result in FUNNEL_RESULTS}
            for row in frame.iter_rows(named=True)
            if row[f"{name}.entered"]
        }
        wanted = oracle_funnel.overall(leads, steps, asked)
        assert rounded(single) == rounded({key: without(row, "headline") for key, row in wanted.items()})


QUESTIONS = {
    "as of the default day": Question(dt.date(2026, 11, 16)),
    "as of a day in the middle": Question(AS_OF),
    "as of a day before anything": Question(dt.date(2020, 1, 1)),
    "of a period": Question(dt.date(2026, 11, 16), since=YEAR.start, until=AS_OF),
    "of a period that reaches beyond the as-of day": Question(AS_OF, since=YEAR.start, until=YEAR.until),
    "with windows": Question(dt.date(2026, 11, 16), within=(0, 7, 30, 90, 180)),
    "with one window": Question(AS_OF, within=(45,)),
    "by channel": Question(dt.date(2026, 11, 16), by=("channel",)),
    "by month": Question(dt.date(2026, 11, 16), grain="month"),
    "by channel and month with windows": Question(AS_OF, within=(30,), by=("channel", "source"), grain="month"),
}


class TestFunnelsOfTheDemo:
    @pytest.mark.parametrize("asked", QUESTIONS.values(), ids=QUESTIONS)
    @pytest.mark.parametrize("name", FUNNELS)
    def test_a_funnel_is_the_oracles(
        self, demo: Session, tables: dict[str, list[Row]], name: str, asked: Question
    ) -> None:
        assert_table(demo, name, tables["leads"], FUNNELS[name], asked)

    def test_the_default_as_of_day_is_the_day_after_the_data(self, demo: Session) -> None:
        asked = Query(("lead_to_customer",))
        assert demo.through == dt.date(2026, 11, 15)
        dated = demo.funnel("lead_to_customer", replace(asked, as_of=dt.date(2026, 11, 16)))
        assert demo.funnel("lead_to_customer", asked).frame.equals(dated.frame)

    @pytest.mark.parametrize("name", VARIANTS)
    def test_every_pass_and_required_stamps_are_the_oracles(
        self, demo: Session, tables: dict[str, list[Row]], name: str, tmp_path: Path
    ) -> None:
        (tmp_path / "definitions").mkdir()
        (tmp_path / "definitions" / "funnels.yaml").write_text(EVERY_AND_REQUIRED, encoding="utf-8")
        definitions = load_definitions(replace(demo.company, folder=tmp_path), demo.manifest.describe())
        session = Session(demo.company, demo.generation, definitions)
        entry, skips = VARIANTS[name]
        asked = Question(AS_OF, entry=entry, skips=skips)
        assert_table(session, name, tables["leads"], SHORT_STEPS, asked)
        plain = oracle_funnel.table(tables["leads"], SHORT_STEPS, Question(AS_OF))
        assert oracle_funnel.table(tables["leads"], SHORT_STEPS, asked) != plain, "the demo tells them not apart"


@pytest.fixture(scope="module")
def tiny() -> TinyCompany:
    return TinyCompany(definitions=EVERY_AND_REQUIRED)


@pytest.fixture(scope="module")
def short() -> TinyCompany:
    """Without accepted leads and opportunities: their windows go to the next step."""
    return TinyCompany({"lead": ["created"], "mql": ["crm:MQL"], "customer": ["deal_won"]})


questions = st.builds(
    Question,
    as_of=st.integers(0, 200).map(lambda days: dt.date(2024, 1, 1) + dt.timedelta(days=days)),
    within=st.sampled_from([(), (), (0,), (20,), (5, 40)]),
    by=st.sampled_from([(), ("channel",)]),
    grain=st.sampled_from([None, None, "month", "day"]),
)
few = settings(
    max_examples=deep(8, 40), deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


class TestTinyCompanies:
    @few
    @given(rows=companies, asked=st.lists(questions, min_size=5, max_size=5))
    def test_funnels_of_any_company_are_the_oracles(
        self, tiny: TinyCompany, rows: dict[str, list[Row]], asked: list[Question]
    ) -> None:
        session = tiny.session(rows)
        leads = rows_in(session, "leads")
        for question, (name, steps) in zip(asked, FUNNELS.items(), strict=True):
            assert_table(session, name, leads, steps, question)
        for question, (name, (entry, skips)) in zip(asked, VARIANTS.items(), strict=False):
            assert_table(session, name, leads, SHORT_STEPS, replace(question, entry=entry, skips=skips))

    @few
    @given(rows=companies, asked=questions)
    def test_a_stage_that_is_not_declared_gives_its_window_to_the_next(
        self, short: TinyCompany, rows: dict[str, list[Row]], asked: Question
    ) -> None:
        session = short.session(rows)
        steps = oracle_funnel.declared(FUNNELS["lead_to_customer"], ("lead", "mql", "customer"))
        assert steps == [("lead", None), ("mql", 30), ("customer", 180)]
        assert_table(session, "lead_to_customer", rows_in(session, "leads"), steps, asked)

    @few
    @given(rows=companies)
    def test_every_aggregate_of_any_company_is_the_oracles(self, tiny: TinyCompany, rows: dict[str, list[Row]]) -> None:
        session = tiny.session(rows)
        names = (
            "leads", "contacts", "touches", "campaigns", "deals", "deal_contacts", "spend", "exchange_rates",
            "assignments", "activities", "activity_contacts", "lead_decisions", "people",
        )  # fmt: skip
        tables = {name: rows_in(session, name) for name in names}
        facts = {name: of(tables, "EUR") for name, of in FACTS.items()}
        answer = session.answer(Query(tuple(AGGREGATES)))
        for metric in AGGREGATES:
            assert same(answer.number(metric), expected(metric, facts)), metric
        channels = session.answer(Query(tuple(AGGREGATES), by=("channel",))).frame
        for metric in AGGREGATES:
            known = {fact.channel for of in facts.values() for fact in of}
            wanted = {(name,): expected(metric, facts, lambda f, name=name: f.channel == name) for name in known}
            assert_groups(by_group(channels.select("channel", metric), metric), wanted)


# -- the rows behind a number ----------------------------------------------------------------------------------------


def computed_again(session: Session, metric: Aggregate, frame: pl.DataFrame) -> Any:
    """The metric's own expression over the rows that were shown."""
    types = {name: column.type for name, column in session.definitions.tables[metric.table].columns.items()}
    with Workbench(Path(":memory:"), Path(":memory:"), Path(":memory:")) as bench:
        columns = ", ".join(f"{quoted(name)} {types.get(name, 'VARCHAR')}" for name in frame.columns)
        bench.execute(f"CREATE TABLE shown ({columns})")
        bench.insert("shown", frame)
        return bench.frame(f"SELECT {metric.expr.sql} AS number FROM shown").item()


def assert_rows_recompute(session: Session, name: str, query: Query) -> None:
    metric = session.definitions.metrics[name]
    number = session.answer(query).number(name)
    found = session.rows(query)
    if isinstance(metric, Aggregate):
        again = computed_again(session, metric, found[0].frame)
        assert same(number, again if again is not None or not metric.expr.additive else 0)
    elif isinstance(metric, Ratio):
        parts = [session.definitions.metrics[given.metric] for given in (metric.numerator, metric.denominator)]
        over, under = (computed_again(session, part, one.frame) for part, one in zip(parts, found, strict=True))
        assert same(number, over / under if under else None)
    else:
        (rows,) = found
        counts = session.answer(replace(query, metrics=tuple(f"{name}.{result}" for result in FUNNEL_RESULTS))).frame
        matured = rows.frame.filter(pl.col("is_matured"))
        assert counts.select(f"{name}.{result}" for result in list(FUNNEL_RESULTS)[:4]).row(0) == (
            rows.frame.height,
            rows.frame["converted_on"].is_not_null().sum(),
            matured.height,
            matured["is_converted_in_time"].sum(),
        )


EVERY_METRIC = sorted([*FACTS, *BALANCES, *RATIOS, *FUNNELS])


@pytest.mark.parametrize("metric", EVERY_METRIC)
class TestRowsBehindANumber:
    def test_they_recompute_it(self, demo: Session, metric: str) -> None:
        assert_rows_recompute(demo, metric, Query((metric,)))

    def test_they_recompute_it_in_a_period_under_a_condition(self, demo: Session, metric: str) -> None:
        query = Query((metric,), period=YEAR, where="channel = 'paid_search' or channel is null", as_of=AS_OF)
        assert_rows_recompute(demo, metric, query)

    def test_they_carry_the_groups_of_the_question(self, demo: Session, metric: str) -> None:
        query = Query((metric,), by=("channel",), period=YEAR)
        for part in demo.rows(query):
            assert "channel" in part.frame.columns
        if isinstance(demo.definitions.metrics[metric], Funnel):
            shown = demo.rows(query)[0].frame.group_by("channel").len("leads")
            answer = demo.answer(replace(query, metrics=(f"{metric}.entered",))).frame
            assert dict(shown.iter_rows()) == dict(answer.iter_rows())


def test_a_ratio_shows_two_lists(demo: Session) -> None:
    assert [part.label for part in demo.rows(Query(("win_rate",)))] == ["Deals won", "Deals decided"]


def test_a_limit_shortens_the_rows(demo: Session) -> None:
    assert demo.rows(Query(("leads",), limit=7))[0].frame.height == 7


def test_an_undated_win_counts_in_the_total_and_in_no_month(tiny: TinyCompany) -> None:
    deals = [
        {"deal_id": "dated", "closed_at": dt.datetime(2024, 2, 3), "is_won": True},
        {"deal_id": "undated", "closed_at": None, "is_won": True},
        {"deal_id": "lost", "closed_at": None, "is_won": False, "is_closed": True},
    ]
    session = tiny.session({"deals": deals})
    metrics = ("deals_won", "deals_lost", "deals_decided", "win_rate")
    assert session.answer(Query(metrics)).frame.row(0) == (2, 1, 3, pytest.approx(2 / 3))
    assert session.answer(Query(metrics, grain="month")).frame.rows() == [(dt.date(2024, 2, 1), 1, 0, 1, 1.0)]


def test_a_stage_dated_before_the_entry_is_a_conversion_of_no_days(tiny: TinyCompany) -> None:
    rows = {
        "contacts": [{"contact_id": "C", "created_at": dt.datetime(2024, 3, 10)}],
        "stage_changes": [
            {"object": "contact", "object_id": "C", "stage": "MQL", "happened_at": dt.datetime(2024, 3, 4)}
        ],
    }
    session = tiny.session(rows)
    (part,) = session.rows(Query(("tofu_conversion",), within=(0,), as_of=THROUGH))
    (row,) = part.frame.to_dicts()
    assert (row["days"], row["is_converted_in_time"], row["is_matured"]) == (0, True, True)
    assert session.answer(Query(("tofu_conversion",), within=(0,), as_of=THROUGH)).number("tofu_conversion") == 1.0
