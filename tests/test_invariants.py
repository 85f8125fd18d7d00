"""What must hold for every company: groups add up, windows and steps are ordered, the future changes nothing."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.calendar import Period
from data.company import read_company
from data.errors import InvalidQuestion
from data.refresh import refresh
from metrics import OpenCompany, Query, Session
from metrics.kinds import Aggregate, Metric
from metrics.plan import question_about
from metrics.references import tables_of
from tests.depth import deep
from tests.number_company import MONTHS, number_company
from tests.tiny_companies import companies
from tests.tiny_sessions import TinyCompany, plain_company, rows_in

Row = dict[str, Any]
Tables = dict[str, list[Row]]
FUNNELS = ("lead_to_customer", "tofu_conversion", "mofu_conversion", "bofu_conversion")
LINKED = ("country", "region", "segment", "industry", "persona", "team", "priority")
few = settings(
    max_examples=deep(5, 25), deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


@pytest.fixture(scope="module")
def tiny() -> TinyCompany:
    return plain_company()


def additive(session: Session) -> list[str]:
    """The aggregates whose parts may be added up, of those that have an answer."""
    metrics = session.definitions.metrics
    names = [name for name, one in metrics.items() if isinstance(one, Aggregate) and one.expr.additive]
    # Of one row taken per group the groups overlap, and what has no answer here has no parts.
    unanswered = session.answer(Query(tuple(names))).reasons
    return [name for name in names if getattr(metrics[name], "take", None) is None and name not in unanswered]


def flows(session: Session) -> list[str]:
    """Additive metrics by channel that add up over time too: a balance of two months is not the sum of them."""
    metrics = session.definitions.metrics
    by_channel = [name for name in additive(session) if "channel" in dimensions_of(session, metrics[name])]
    return [name for name in by_channel if getattr(metrics[name], "until", None) is None]


def dimensions_of(session: Session, metric: Metric) -> list[str]:
    (table,) = tables_of(metric.name, session.definitions.metrics)
    return [name for name, dimension in session.definitions.dimensions.items() if table in dimension.on]


def assert_groups_add_up(session: Session, query: Query) -> int:
    """For every additive metric and each dimension it has; gives how many comparisons were made."""
    names = additive(session)
    totals = session.answer(replace(query, metrics=tuple(names))).frame.row(0, named=True)
    compared = 0
    for dimension in session.definitions.dimensions:
        able = [name for name in names if dimension in dimensions_of(session, session.definitions.metrics[name])]
        answer = session.answer(replace(query, metrics=tuple(able), by=(dimension,))) if able else None
        if answer is None:
            continue
        assert answer.frame[dimension].is_unique().all(), dimension
        told = [name for name in able if name not in answer.reasons]
        sums = {name: pytest.approx(answer.frame[name].sum()) for name in told}
        assert {name: totals[name] for name in told} == sums, dimension
        compared += len(told)
    return compared


class TestGroups:
    def test_groups_of_the_demo_sum_to_the_total_by_every_dimension(self, demo: Session) -> None:
        assert assert_groups_add_up(demo, Query(("leads",))) > 100

    def test_groups_sum_to_the_total_inside_a_period_and_a_condition(self, demo: Session) -> None:
        period = Period(dt.date(2026, 3, 1), dt.date(2026, 6, 1))
        query = Query(
            ("leads",), period=period, where="channel is null or channel != 'event'", as_of=dt.date(2026, 5, 9)
        )
        assert assert_groups_add_up(demo, query) > 100

    @few
    @given(rows=companies)
    def test_groups_of_any_company_sum_to_the_total(self, tiny: TinyCompany, rows: Tables) -> None:
        session = tiny.session(rows)
        names = additive(session)
        totals = session.answer(Query(tuple(names))).frame.row(0, named=True)
        for dimension in ("channel", "source", "campaign"):
            able = [n for n in names if dimension in dimensions_of(session, session.definitions.metrics[n])]
            frame = session.answer(Query(tuple(able), by=(dimension,))).frame
            assert frame[dimension].is_unique().all()
            assert {name: pytest.approx(frame[name].sum()) for name in able} == {name: totals[name] for name in able}

    @few
    @given(rows=companies)
    def test_two_dimensions_together_sum_to_each_of_them(self, tiny: TinyCompany, rows: Tables) -> None:
        session = tiny.session(rows)
        metrics = ("leads", "mqls", "deals_created", "won_revenue", "customers")
        both = session.answer(Query(metrics, by=("channel", "segment"))).frame
        for dimension in ("channel", "segment"):
            one = session.answer(Query(metrics, by=(dimension,))).frame
            summed = both.group_by(dimension).agg(pl.col(metrics).sum()).select(one.columns)
            assert sorted(summed.rows(), key=repr) == [
                tuple(pytest.approx(value) if isinstance(value, float) else value for value in row)
                for row in sorted(one.rows(), key=repr)
            ]

    @few
    @given(rows=companies)
    def test_joining_a_many_to_one_dimension_keeps_the_total(self, tiny: TinyCompany, rows: Tables) -> None:
        session = tiny.session(rows)
        metrics = ("leads", "recycled_leads", "opportunities", "deals_created", "deals_won", "won_revenue")
        plain = session.answer(Query(metrics)).frame.row(0)
        joined = session.answer(Query(metrics, where="segment is null or segment = segment")).frame.row(0)
        assert joined == plain
        for dimension in LINKED:
            answer = session.answer(Query(metrics, by=(dimension,)))
            assert not answer.reasons
            assert tuple(answer.frame.select(pl.col(metrics).sum()).row(0)) == pytest.approx(plain)

    @few
    @given(rows=companies)
    def test_entered_and_converted_of_a_funnel_add_up_over_groups(self, tiny: TinyCompany, rows: Tables) -> None:
        session = tiny.session(rows)
        counts = ["entered", "converted_to_date", "matured", "converted_matured"]
        asked = Query(("lead_to_customer",), as_of=dt.date(2024, 4, 20))
        total = session.funnel("lead_to_customer", asked).frame
        for dimension in ("channel", "country", "segment"):
            split = session.funnel("lead_to_customer", replace(asked, by=(dimension,))).frame
            for step in total.iter_rows(named=True):
                part = split.filter(pl.col("step") == step["step"])
                assert part.select(pl.col(counts).sum()).row(0) == tuple(step[count] for count in counts)


@pytest.mark.parametrize("dimension", ["day", "place"])
@pytest.mark.parametrize("name", ["window", "latest"])
def test_the_name_of_a_dimension_changes_no_number(name: str, dimension: str) -> None:
    session = number_company()
    query = Query((name,), by=("channel",), grain="month", period=MONTHS)
    rows = session.answer(query).frame.rows()
    assert len(rows) > 1
    assert session.answer(replace(query, by=(dimension,))).frame.rows() == rows


class TestPeriods:
    def test_the_months_of_a_year_sum_to_the_year(self, demo: Session) -> None:
        year = Period(dt.date(2026, 1, 1), dt.date(2027, 1, 1))
        names = flows(demo)
        whole = demo.answer(Query(tuple(names), period=year)).frame.row(0, named=True)
        for grain in ("day", "week", "month", "quarter"):
            parts = demo.answer(Query(tuple(names), period=year, grain=grain)).frame
            assert {name: pytest.approx(parts[name].sum()) for name in names} == whole, grain
        assert whole["leads"] > 0
        assert whole["won_revenue"] > 0

    def test_two_adjacent_periods_sum_to_the_one_they_make(self, demo: Session) -> None:
        names = tuple(flows(demo))

        def asked(start: dt.date, until: dt.date) -> tuple[Any, ...]:
            return demo.answer(Query(names, period=Period(start, until))).frame.row(0)

        start, until = dt.date(2026, 2, 1), dt.date(2026, 8, 1)
        for cut in (dt.date(2026, 2, 2), dt.date(2026, 5, 4), dt.date(2026, 7, 31)):
            sums = tuple(one + other for one, other in zip(asked(start, cut), asked(cut, until), strict=True))
            assert sums == pytest.approx(asked(start, until))

    @few
    @given(rows=companies, cut=st.integers(1, 180))
    def test_rows_with_a_day_are_in_one_period_each(self, tiny: TinyCompany, rows: Tables, cut: int) -> None:
        session = tiny.session(rows)
        names = tuple(flows(session))
        first, last = dt.date(2023, 1, 1), dt.date(2026, 1, 1)
        middle = dt.date(2024, 1, 1) + dt.timedelta(days=cut)
        by_day = session.answer(Query(names, grain="day")).frame.select(pl.col(names).sum()).row(0)
        halves = [
            session.answer(Query(names, period=Period(*span))).frame.row(0)
            for span in ((first, middle), (middle, last))
        ]
        assert by_day == pytest.approx(tuple(map(sum, zip(*halves, strict=True))))


class TestFunnels:
    @few
    @given(
        rows=companies,
        day=st.integers(20, 250),
        days=st.lists(st.integers(0, 120), min_size=2, max_size=4, unique=True),
    )
    def test_leads_that_convert_never_rise_from_step_to_step(
        self, tiny: TinyCompany, rows: Tables, day: int, days: list[int]
    ) -> None:
        as_of = dt.date(2024, 1, 1) + dt.timedelta(days=day)
        query = Query(("lead_to_customer",), as_of=as_of, within=tuple(sorted(days)))
        frame = tiny.session(rows).funnel("lead_to_customer", query).frame
        for count in ("converted_to_date", "converted_matured"):
            for window in days:
                falling = frame.filter(pl.col("within_days") == window)[count].to_list()
                assert falling == sorted(falling, reverse=True)

    @few
    @given(rows=companies, day=st.integers(20, 250))
    def test_a_wider_window_never_lowers_the_converted_of_one_cohort(
        self, tiny: TinyCompany, rows: Tables, day: int
    ) -> None:
        session = tiny.session(rows)
        as_of = dt.date(2024, 1, 1) + dt.timedelta(days=day)
        # Of entries that had the widest window's time, so that all windows look at one population.
        period = Period(dt.date(2023, 1, 1), as_of - dt.timedelta(days=90))
        windows = (0, 3, 10, 30, 60, 89)
        frame = session.funnel(
            "lead_to_customer", Query(("lead_to_customer",), period=period, as_of=as_of, within=windows)
        ).frame
        for step in ("mql", "opportunity", "customer"):
            rising = frame.filter(pl.col("step") == step).sort("within_days")
            assert rising["matured"].to_list() == rising["entered"].to_list()
            shares = [
                row["converted_matured"] / row["entered"] for row in rising.iter_rows(named=True) if row["entered"]
            ]
            assert shares == sorted(shares)

    @few
    @given(rows=companies, day=st.integers(20, 250))
    def test_no_more_are_matured_or_converted_than_have_entered(
        self, tiny: TinyCompany, rows: Tables, day: int
    ) -> None:
        session = tiny.session(rows)
        as_of = dt.date(2024, 1, 1) + dt.timedelta(days=day)
        for name in FUNNELS:
            for row in session.funnel(name, Query((name,), as_of=as_of, by=("channel",))).frame.iter_rows(named=True):
                assert row["entered"] >= row["converted_to_date"] >= row["converted_matured"] >= 0
                assert row["entered"] >= row["matured"] >= row["converted_matured"]
                assert row["rate_to_date"] == row["converted_to_date"] / row["entered"]
                assert (row["rate_matured"] is None) == (row["matured"] == 0)


def before(rows: Tables, day: dt.date) -> Tables:
    """The company without the events of a day and after; records without a day of their own stay."""
    moment = dt.datetime.combine(day, dt.time())
    kept: Tables = {}
    for table, its in rows.items():
        dated = {"touches": "happened_at", "stage_changes": "happened_at", "lead_decisions": "happened_at"}.get(table)
        kept[table] = [row for row in its if dated is None or row[dated] < moment]
    kept["contacts"] = [row for row in rows["contacts"] if row["created_at"] < moment]
    names = {row["contact_id"] for row in kept["contacts"]}
    kept["touches"] = [row if row["contact_id"] in names else {**row, "contact_id": None} for row in kept["touches"]]
    kept["deals"] = [
        row
        if row["closed_at"] is None or row["closed_at"] < moment
        else {**row, "closed_at": None, "is_won": None, "is_closed": False}
        for row in rows["deals"]
        if row["created_at"] < moment
    ]
    open_deals = {row["deal_id"] for row in kept["deals"]}
    kept["deal_contacts"] = [
        row for row in rows["deal_contacts"] if row["deal_id"] in open_deals and row["contact_id"] in names
    ]
    kept["spend"] = [row for row in rows["spend"] if row["spent_on"] < day]
    return kept


def created_first(rows: Tables) -> Tables:
    """The company with each contact created before all that happened to it, as a CRM without imports would have it."""
    firsts: dict[str, dt.datetime] = {row["contact_id"]: row["created_at"] for row in rows["contacts"]}
    deals = {row["deal_id"]: row["created_at"] for row in rows["deals"]}
    for link in rows["deal_contacts"]:
        firsts[link["contact_id"]] = min(firsts[link["contact_id"]], deals[link["deal_id"]])
    return {**rows, "contacts": [{**row, "created_at": firsts[row["contact_id"]]} for row in rows["contacts"]]}


class TestTheFuture:
    @few
    @given(rows=companies.map(created_first), day=st.integers(5, 170))
    def test_events_on_or_after_a_day_change_nothing_as_of_it(self, tiny: TinyCompany, rows: Tables, day: int) -> None:
        as_of = dt.date(2024, 1, 1) + dt.timedelta(days=day)
        metrics = tuple(flows(tiny.ask()))
        known = [answers(tiny.session(tables), metrics, as_of) for tables in (rows, before(rows, as_of))]
        assert known[0] == known[1]

    def test_the_demo_has_what_an_as_of_day_takes_away(self, demo: Session) -> None:
        early, late = (
            demo.answer(Query(("leads", "mqls"), as_of=dt.date(2026, month, 1))).frame.row(0) for month in (3, 9)
        )
        assert all(one < other for one, other in zip(early, late, strict=True))


def answers(session: Session, metrics: tuple[str, ...], as_of: dt.date) -> list[Any]:
    """Volumes by channel and month, and all tables of funnels, as of a day. Groups without anything are left out."""
    frame = session.answer(Query(metrics, by=("channel",), grain="month", as_of=as_of)).frame
    found: list[Any] = [row for row in frame.rows() if any(row[2:])]
    for name in FUNNELS:
        found += session.funnel(name, Query((name,), by=("channel",), as_of=as_of)).frame.drop("unrecorded").rows()
    return found


class TestShifts:
    @few
    @given(rows=companies, weeks=st.integers(-60, 60))
    def test_shifting_all_dates_by_whole_weeks_shifts_the_results_and_nothing_else(
        self, tiny: TinyCompany, rows: Tables, weeks: int
    ) -> None:
        by = dt.timedelta(weeks=weeks)
        as_of = dt.date(2024, 4, 10)
        first = shiftable(tiny.session(rows), as_of, dt.timedelta())
        second = shiftable(tiny.session(shifted(rows, by)), as_of + by, by)
        assert first == second


def shifted(rows: Tables, by: dt.timedelta) -> Tables:
    return {
        table: [
            {name: value + by if isinstance(value, dt.date) else value for name, value in row.items()} for row in its
        ]
        for table, its in rows.items()
    }


def shiftable(session: Session, as_of: dt.date, by: dt.timedelta) -> list[Any]:
    """Answers by day and week with their periods shifted back."""
    metrics = tuple(flows(session))
    found: list[Any] = []
    for grain in ("day", "week"):
        frame = session.answer(Query(metrics, by=("channel",), grain=grain, as_of=as_of)).frame
        found += frame.with_columns(pl.col("period") - by).rows()
        funnel = session.funnel("lead_to_customer", Query(metrics, grain=grain, as_of=as_of)).frame
        found += funnel.with_columns(pl.col("period") - by).rows()
    return found


# -- through real refreshes ------------------------------------------------------------------------------------------

FILES = {
    "people": ("person,mail,made,how", 60),
    "hits": ("hit,person,at,channel", 120),
    "moves": ("person,stage,at", 70),
    "bought": ("deal,person,opened,closed,worth", 25),
    "paid": ("row,day,channel,cost", 30),
}
SOURCES = """
files:
  people:
    {path: raw/people*.csv, row_id: person, columns: {person: text, mail: text, made: timestamp, how: text}}
  hits:
    {path: raw/hits*.csv, row_id: hit, columns: {hit: text, person: text, at: timestamp, channel: text}}
  moves:
    {path: raw/moves*.csv, columns: {person: text, stage: text, at: timestamp}}
  bought:
    path: raw/bought*.csv
    row_id: deal
    columns: {deal: text, person: text, opened: timestamp, closed: timestamp, worth: number}
  paid:
    {path: raw/paid*.csv, row_id: row, columns: {row: text, day: date, channel: text, cost: number}}
tables:
  contacts:
    - {from: people, contact_id: person, email: mail, created_at: made, original_source: how}
  touches:
    - {from: hits, touch_id: hit, contact_id: person, happened_at: at, kind: "'visit'", channel: channel}
  stage_changes:
    - {from: moves, object: "'contact'", object_id: person, stage: stage, happened_at: at}
  deals:
    - {from: bought, deal_id: deal, created_at: opened, closed_at: closed, is_won: closed is not null, amount: worth}
  deal_contacts:
    - {from: bought, deal_id: deal, contact_id: person, is_primary: true}
  spend:
    - {from: paid, spent_on: day, channel: channel, amount: cost}
"""
STAGES = """
stages:
  - {name: lead, band: TOFU, owner: marketing, means: A contact., known_by: created}
  - {name: mql, band: TOFU, owner: marketing, means: Qualified., known_by: {crm: [MQL]}}
  - {name: opportunity, band: MOFU, owner: sales, means: A deal., known_by: deal_created}
  - {name: customer, band: BOFU, owner: both, means: Has bought., known_by: deal_won}
recycles: [Nurture]
"""
COMPANY = "{id: small, name: Small, currency: EUR, time_zone: UTC}\n"


def lines_of(name: str) -> list[str]:
    """Made-up lines, the same at every call."""
    dice = random.Random(name)

    def day() -> dt.date:
        return dt.date(2024, 1, 1) + dt.timedelta(days=dice.randrange(120))

    def at() -> str:
        return f"{day()} {dice.randrange(24):02}:{dice.randrange(60):02}:00"

    def person() -> str:
        return f"p{dice.randrange(60)}"

    made = {
        "people": lambda n: f"p{n},p{n}@x.example,{at()},{dice.choice(['list', ''])}",
        "hits": lambda n: f"h{n},{person()},{at()},{dice.choice(['social', 'email', ''])}",
        "moves": lambda _: f"{person()},{dice.choice(['MQL', 'MQL', 'Nurture'])},{at()}",
        "bought": lambda n: f"d{n},{person()},{at()},{dice.choice([at(), ''])},{dice.choice(['100.50', '7', ''])}",
        "paid": lambda n: f"r{n},{day()},{dice.choice(['social', 'email'])},{dice.randrange(1, 99)}.25",
    }[name]
    return [made(number) for number in range(FILES[name][1])]


@pytest.fixture
def folder(tmp_path: Path, own_state: Path) -> Path:
    """A company folder without raw files."""
    (tmp_path / "raw").mkdir()
    for name, text in (("company.yaml", COMPANY), ("sources.yaml", SOURCES), ("stages.yaml", STAGES)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert own_state.parent == tmp_path
    return tmp_path


def deliver(folder: Path, files: dict[str, list[str]]) -> None:
    """Put these files, name to data lines, in the place of those that are there."""
    for old in (folder / "raw").glob("*.csv"):
        old.unlink()
    for name, lines in files.items():
        header = FILES[name.split("-")[0]][0]
        (folder / "raw" / f"{name}.csv").write_text("\n".join([header, *lines, ""]), encoding="utf-8")


def told(folder: Path) -> list[Any]:
    """Everything that a company of these files answers, after a refresh."""
    company = read_company(folder)
    refresh(company, lambda *_: None)
    session = OpenCompany(company).at()
    metrics = tuple(name for name in flows(session) if not session.answer(Query((name,))).reasons)
    found: list[Any] = [metrics, session.answer(Query(metrics, by=("channel",), grain="week")).frame.rows()]
    asked = Query(FUNNELS, by=("channel",), as_of=dt.date(2024, 4, 1))
    found += [session.funnel(name, asked).frame.rows() for name in FUNNELS]
    found.append(sorted(map(repr, rows_in(session, "leads"))))
    return found


class TestDeliveries:
    def test_row_order_file_splits_and_duplicate_deliveries_change_nothing(self, folder: Path) -> None:
        plain = {name: lines_of(name) for name in FILES}
        deliver(folder, plain)
        first = told(folder)
        assert {"leads", "mqls", "customers", "won_revenue", "spend", "visits"} <= set(first[0])
        dice = random.Random(1)

        halves = {f"{name}-{part}": lines[part::2] for name, lines in plain.items() for part in (0, 1)}
        deliver(folder, {name: dice.sample(lines, len(lines)) for name, lines in halves.items()})
        assert told(folder) == first

        # A file that comes twice in whole: its lines have ids, or keys under which equal rows are one.
        deliver(folder, {f"{name}-{part}": lines for name, lines in plain.items() for part in (0, 1)})
        assert told(folder) == first

        deliver(folder, {**plain, "people": [*plain["people"], "p99,p99@x.example,2024-02-01 10:00:00,list"]})
        assert told(folder) != first, "a line that is new must change something, or the comparisons above see nothing"


def test_a_dimension_that_a_metrics_table_lacks_is_an_error_for_every_metric(tiny: TinyCompany) -> None:
    session = tiny.ask()
    for name, metric in session.definitions.metrics.items():
        tables = tables_of(name, session.definitions.metrics)
        plainest = question_about(session.reach, name)
        if len(tables) > 1 or session.answer(plainest).reasons:
            continue
        lacking = session.definitions.dimensions.keys() - set(dimensions_of(session, metric))
        assert lacking, name
        for dimension in lacking:
            with pytest.raises(InvalidQuestion, match=f"its table {tables[0]} has no {dimension}"):
                session.answer(replace(plainest, by=(dimension,)))
