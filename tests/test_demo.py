"""The demo company: equal files from equal arguments, and every story it promises can be seen in the numbers."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import tandem
from data.calendar import Period
from data.company import read_company
from data.demo import generate
from data.refresh import refresh
from data.tables import CANONICAL
from metrics import OpenCompany, Query, Session
from tests.conftest import DEMO, PROJECT, once

UNTIL = dt.date(2026, 6, 28)
CONTACTS, SEED = 8_000, 1
DOCUMENT = (PROJECT / "docs" / "demo.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"`python tandem\.py ((?:ask|funnel) [^`]+)`", DOCUMENT)


def weeks_before(weeks: int) -> dt.date:
    """The Monday so many weeks before the last day's week."""
    return UNTIL - dt.timedelta(days=UNTIL.weekday() + 7 * weeks)


def made(folder: Path, contacts: int = 600, until: dt.date = UNTIL, seed: int = SEED) -> Path:
    generate(folder, contacts, until, seed, lambda *_: None)
    return folder


def hashes(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def raw() -> Path:
    return once("generated", lambda folder: made(folder, CONTACTS))


@pytest.fixture(scope="module")
def folder(raw: Path) -> Iterator[Path]:
    """The demo's own YAML over files that were made for these tests, refreshed once in the whole run."""

    def prepare(folder: Path) -> None:
        folder.mkdir()
        for name in ("company.yaml", "sources.yaml", "stages.yaml"):
            text = (DEMO / name).read_text(encoding="utf-8")
            (folder / name).write_text(text.replace("${STATE}/raw", str(raw)), encoding="utf-8")

    folder = once("demo", prepare)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TANDEM_VAR", str(raw.parent / "var"))
        once("demo-refreshed", lambda mark: mark.mkdir() or refresh(read_company(folder), lambda *_: None))
        yield folder


@pytest.fixture(scope="module")
def company(folder: Path) -> OpenCompany:
    return OpenCompany(read_company(folder))


@pytest.fixture(scope="module")
def session(company: OpenCompany) -> Session:
    return company.at()


def by(company: OpenCompany, dimension: str, *metrics: str, **about: object) -> dict[str | None, dict[str, float]]:
    """Metrics of each value of a dimension; an empty number counts as 0."""
    frame = company.ask(metrics, by=[dimension], **about).fill_null(0).cast(dict.fromkeys(metrics, pl.Float64))
    return {row.pop(dimension): row for row in frame.iter_rows(named=True)}


def total(company: OpenCompany, metric: str, start: dt.date, until: dt.date, where: str | None = None) -> float:
    return float(company.ask([metric], period=Period(start, until), where=where).item() or 0)


def rate(session: Session, funnel: str, step: str = "overall", where: str | None = None, **about: object) -> float:
    frame = session.funnel(funnel, Query((funnel,), where=where, **about)).frame
    return float(frame.filter(pl.col("step") == step)["rate_matured"].item())


def test_equal_arguments_give_equal_files(tmp_path: Path) -> None:
    first, second = hashes(made(tmp_path / "first")), hashes(made(tmp_path / "second"))
    assert first == second
    other = hashes(made(tmp_path / "other", seed=SEED + 1))
    assert {name for name in first if first[name] == other[name]} <= {
        "people.csv",
        "content.csv",
        "campaigns.csv",
        "costs.csv",
    }


def test_the_files_of_before_are_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = made(tmp_path / "raw")
    (folder / "from-before.csv").write_text("a\n1\n", encoding="utf-8")
    assert "from-before.csv" in hashes(folder)
    assert hashes(made(folder)) == hashes(made(tmp_path / "again"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["again", "raw"]


def test_a_failure_leaves_the_files_of_before(tmp_path: Path) -> None:
    folder = made(tmp_path / "raw")
    before = hashes(folder)

    def fail(doing: str, _: float) -> None:
        if doing == "Touches":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(folder, 700, UNTIL, SEED, fail)
    assert hashes(folder) == before
    assert [file.name for file in tmp_path.iterdir()] == ["raw"]


@pytest.mark.parametrize("until", ["2024-02-29", "2025-01-01", "2025-08-31", "2026-10-26"])
def test_any_last_day_will_do(tmp_path: Path, until: str) -> None:
    made(tmp_path / "raw", until=dt.date.fromisoformat(until))
    touches = pl.read_parquet(tmp_path / "raw" / "touches-*.parquet")
    assert touches["happened_at"].max() < dt.datetime.fromisoformat(until) + dt.timedelta(days=1)
    # Daylight saving skips or repeats an hour in which nothing happens.
    assert touches.filter(pl.col("happened_at").dt.hour().is_between(1, 4)).is_empty()


def test_progress_begins_at_nothing_and_ends_at_all(tmp_path: Path) -> None:
    told: list[float] = []
    generate(tmp_path / "raw", 600, UNTIL, SEED, lambda _, share: told.append(share))
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_every_canonical_table_has_rows(session: Session) -> None:
    assert {
        name: session.manifest.tables[name].rows for name in CANONICAL if not session.manifest.tables[name].rows
    } == {}


def test_every_line_is_accounted_for_and_few_are_quarantined(session: Session) -> None:
    files = {file.name: file for file in session.manifest.files}
    assert all(file.lines == file.loaded + file.quarantined + file.skipped for file in files.values())
    assert {name: file.quarantined for name, file in files.items() if file.quarantined} == {"accounts": 3, "spend": 4}
    assert {name for name, file in files.items() if file.skipped} == {"lead_decisions"}
    assert set(session.manifest.unmapped) == {"merges", "stage_changes", "lead_decisions"}
    assert sum(session.manifest.unmapped.values()) < 20


def test_every_file_covers_the_last_day_and_nothing_happens_after_it(session: Session) -> None:
    assert {file.through for file in session.manifest.files} == {UNTIL}
    planned = {"expected_close_on", "ends_on"}
    for name in CANONICAL:
        dates = [column for column in session.manifest.tables[name].columns if column.endswith("_on")]
        for column in sorted(set(dates) - planned):
            latest = session.read(f'SELECT max("{column}") AS latest FROM "{name}"')["latest"].item()
            assert latest is None or latest <= UNTIL, (name, column)


def test_stages_come_in_their_order_and_nothing_comes_before_its_account(session: Session) -> None:
    stages = ("lead", "mql", "sal", "sql", "opportunity", "customer")
    # By days: a rule may see what makes it true in the hours after the verdict.
    out_of_order = " OR ".join(f'"{b}_on" < "{a}_on"' for a, b in itertools.pairwise(stages))
    assert session.read(f"SELECT count(*) AS n FROM leads WHERE {out_of_order}")["n"].item() == 0
    early = (
        "SELECT count(*) AS n FROM touches AS t JOIN contacts AS c ON c.contact_id = t.contact_id "
        "JOIN accounts AS a ON a.account_id = c.account_id WHERE t.happened_at < a.created_at"
    )
    assert session.read(early)["n"].item() == 0


def test_rates_are_those_of_a_business(company: OpenCompany, session: Session) -> None:
    assert 0.25 < rate(session, "tofu_conversion") < 0.36
    assert 0.28 < rate(session, "mofu_conversion") < 0.48
    numbers = company.ask(["mqls", "sals", "opportunities", "win_rate", "average_deal"]).row(0, named=True)
    assert 0.6 < numbers["sals"] / numbers["mqls"] < 0.78
    assert 0.5 < numbers["opportunities"] / numbers["sals"] < 0.65
    assert 0.24 < numbers["win_rate"] < 0.32
    assert 18_000 < numbers["average_deal"] < 34_000
    cycle = "SELECT median(customer_on - opportunity_on) AS days FROM leads WHERE NOT customer_inferred"
    assert 40 < session.read(cycle)["days"].item() < 60


def test_leads_grow_and_come_on_weekdays(company: OpenCompany) -> None:
    year = dt.timedelta(days=364)
    now = total(company, "leads", weeks_before(12), weeks_before(0))
    assert now > 1.25 * total(company, "leads", weeks_before(12) - year, weeks_before(0) - year)
    days = company.ask(["leads"], grain="day").drop_nulls()
    per_weekday = days.group_by(pl.col("period").dt.weekday()).agg(pl.col("leads").mean()).sort("period")["leads"]
    assert max(per_weekday[5], per_weekday[6]) < 0.5 * min(per_weekday[:5])


def test_august_and_late_december_are_quiet(company: OpenCompany) -> None:
    # Not by the channels that a single fair or webinar moves.
    steady = "channel in ('Organic search', 'Paid search', 'Direct', 'Social')"

    def daily(start: tuple[int, int, int], until: tuple[int, int, int]) -> float:
        first, last = dt.date(*start), dt.date(*until)
        return total(company, "leads", first, last, steady) / (last - first).days

    assert daily((2025, 8, 1), (2025, 9, 1)) < 0.85 * daily((2025, 9, 1), (2025, 10, 1))
    assert daily((2025, 12, 22), (2026, 1, 5)) < 0.75 * daily((2026, 1, 5), (2026, 2, 2))


def test_deals_are_signed_at_the_end_of_a_quarter(company: OpenCompany) -> None:
    months = company.ask(["deals_won"], grain="month", period=Period(dt.date(2025, 4, 1), dt.date(2026, 4, 1)))
    ends = pl.col("period").dt.month() % 3 == 0
    last = months.filter(ends)["deals_won"].mean()
    assert last > 1.2 * months.filter(pl.col("period").dt.month() % 3 == 1)["deals_won"].mean()


def test_one_campaign_has_many_leads_and_no_revenue_and_another_the_other_way_round(company: OpenCompany) -> None:
    campaigns = by(company, "campaign", "leads", "opportunities", "won_revenue", "spend")
    del campaigns[None]
    most = sorted(campaigns, key=lambda name: -campaigns[name]["leads"])
    portal, tours = campaigns["portal-downloads"], campaigns["plant-tours"]
    assert "portal-downloads" in most[:4]
    assert portal["opportunities"] >= 5
    assert portal["won_revenue"] == 0
    assert portal["spend"] > 10_000
    assert tours["leads"] < portal["leads"] / 5
    assert (
        tours["won_revenue"] / tours["leads"]
        > 5 * campaigns["search-category"]["won_revenue"] / campaigns["search-category"]["leads"]
    )


def test_one_region_breaks_its_promises_and_all_others_answer_in_hours(company: OpenCompany) -> None:
    regions = by(company, "region", "human_delay_hours", "promise_kept")
    del regions[None]
    late = regions.pop("Southern Europe")
    assert late["human_delay_hours"] > 15
    assert late["promise_kept"] < 0.35
    assert len(regions) == 5
    for other in regions.values():
        assert 1 < other["human_delay_hours"] < 6
        assert 0.45 < other["promise_kept"] < 0.85


def test_one_region_answers_late_and_loses_for_it(company: OpenCompany, session: Session) -> None:
    late, others = "region = 'Southern Europe'", "region in ('DACH', 'UK & Ireland', 'Nordics', 'Benelux & France')"
    assert rate(session, "mofu_conversion", where=late) < 0.95 * rate(session, "mofu_conversion", where=others)
    numbers = {where: company.ask(["deals_won", "mqls"], where=where).row(0) for where in (late, others)}
    won = {where: deals / qualified for where, (deals, qualified) in numbers.items()}
    assert won[late] < 0.85 * won[others]
    answers = session.read(
        "SELECT a.region = 'Southern Europe' AS late, median(epoch(t.answered_at - t.given_at)) / 3600 AS hours FROM ("
        "  SELECT g.contact_id, min(g.happened_at) AS given_at, min(y.happened_at) AS answered_at FROM assignments AS g"
        "  JOIN activity_contacts AS w ON w.contact_id = g.contact_id JOIN activities AS y"
        "  ON y.activity_id = w.activity_id AND y.direction = 'outbound' AND NOT y.is_automatic GROUP BY g.contact_id"
        ") AS t JOIN contacts AS c ON c.contact_id = t.contact_id JOIN accounts AS a ON a.account_id = c.account_id"
        " GROUP BY 1 ORDER BY 1"
    )["hours"]
    assert answers[0] < 8 < 40 < answers[1]


def test_one_content_piece_closes_deals(company: OpenCompany) -> None:
    decided = by(company, "content", "deals_won", "deals_decided")
    closer = decided.pop("stock-out-calculator")
    assert closer["deals_decided"] >= 8
    others = sum(row["deals_won"] for row in decided.values()) / sum(row["deals_decided"] for row in decided.values())
    assert closer["deals_won"] / closer["deals_decided"] > 1.25 * others


def test_tracking_of_one_channel_fails_while_its_money_is_spent(company: OpenCompany) -> None:
    start = weeks_before(11)
    until, paid = start + dt.timedelta(days=9), "channel = 'Paid search'"
    assert total(company, "visits", start, until, paid) == 0
    assert total(company, "visits", start - dt.timedelta(days=9), start, paid) > 50
    assert total(company, "visits", start, until, "channel = 'Organic search'") > 100
    assert total(company, "spend", start, until, paid) > 1_000


def test_the_crm_stamps_fewer_leads_after_a_stricter_rule_of_which_more_are_accepted(session: Session) -> None:
    change, long = weeks_before(30), dt.timedelta(weeks=24)
    stamped, accepted = [], []
    for start in (change - long, change):
        counts = session.read(
            "SELECT count(*) AS leads, count(s.crm_on) AS mqls, count(s.crm_on) FILTER (l.sal_on IS NOT NULL) AS sals "
            "FROM leads AS l LEFT JOIN rule_stamps AS s ON s.contact_id = l.contact_id AND s.pass = l.pass "
            f"WHERE l.started_on >= DATE '{start}' AND l.started_on < DATE '{start + long}'"
        )
        leads, mqls, sals = counts.row(0)
        stamped.append(mqls / leads)
        accepted.append(sals / mqls)
    assert stamped[1] < 0.8 * stamped[0]
    assert accepted[1] > 1.06 * accepted[0]


def test_a_stricter_version_of_the_rule_is_seen_only_in_what_it_judged(session: Session) -> None:
    funnel = "tofu_conversion"
    before = Period(dt.date(2025, 6, 1), dt.date(2026, 4, 1))
    assert rate(session, funnel, period=before) < 0.9 * rate(session, funnel, period=before, rules="then")
    after = Period(dt.date(2026, 4, 20), UNTIL)
    assert rate(session, funnel, period=after) == rate(session, funnel, period=after, rules="then")


def test_deals_come_from_marketing_sales_and_partners(company: OpenCompany) -> None:
    origins = by(company, "origin", "deals_created", "win_rate")
    assert {"marketing", "sales", "partner"} <= origins.keys()
    created = sum(row["deals_created"] for row in origins.values())
    assert 0.8 < origins["marketing"]["deals_created"] / created < 0.95
    assert min(origins["sales"]["deals_created"], origins["partner"]["deals_created"]) >= 15


def test_customers_renew_and_buy_more(session: Session) -> None:
    won = session.read(
        "SELECT deal_type, count(*) AS deals, count(*) FILTER (WHERE contact_id IS NULL) AS unnamed "
        "FROM revenue GROUP BY 1 ORDER BY 1"
    )
    assert won["deal_type"].to_list() == ["expansion", "new", "renewal"]
    assert min(won["deals"]) > 15
    assert won["unnamed"][2] > 0


def test_money_comes_in_three_currencies_and_some_of_it_without_a_rate(company: OpenCompany, session: Session) -> None:
    assert by(company, "currency", "won_revenue", "spend").keys() == {"EUR", "GBP", "USD"}
    missing = session.read("SELECT min(spent_on) AS a, max(spent_on) AS b FROM daily_spend WHERE rate_missing")
    assert missing["a"].item() >= weeks_before(22)
    assert missing["b"].item() <= weeks_before(19)


def test_dirt_of_real_records_is_there(session: Session) -> None:
    def count(sql: str) -> int:
        return int(session.read(f"SELECT count(*) AS n FROM {sql}")["n"].item())

    assert count("leads WHERE is_recycled") > 50
    assert count("merges WHERE object = 'contact'") > 20
    assert count("lead_decisions WHERE decision = 'rejected' AND reason IS NOT NULL") > 100
    assert count("leads WHERE sql_inferred AND opportunity_on IS NOT NULL") > 20
    assert count("deals AS d WHERE NOT EXISTS (SELECT 1 FROM deal_contacts AS c WHERE c.deal_id = d.deal_id)") > 10
    assert count("deals WHERE is_won AND (amount IS NULL OR closed_at IS NULL)") > 2
    assert count("touches WHERE happened_at IS NULL") > 5
    assert count("touches WHERE contact_id IS NULL") > count("touches WHERE contact_id IS NOT NULL") / 2
    assert "Q4_webinar-v2" in dict(session.manifest.unmatched_campaigns)
    assert len(session.manifest.unmatched_campaigns) == 6
    assert {table for table, _, rows in session.manifest.exclusions if rows} == {"contacts", "touches", "deals"}


def test_hostile_names_are_there_but_never_on_top(company: OpenCompany, session: Session) -> None:
    names = session.read("SELECT name FROM accounts WHERE regexp_matches(name, '^[=<!]') ORDER BY name")["name"]
    assert [name[0] for name in names] == ["!", "<", "="]
    leads = by(company, "campaign", "leads")
    assert 0 < leads["summer-letter"]["leads"] < 0.01 * sum(row["leads"] for row in leads.values())


def test_a_late_edit_wins_wherever_its_line_stands(raw: Path, session: Session) -> None:
    lines = pl.read_csv(raw / "deals.csv", columns=["deal_id", "stage"])
    twice = lines.filter(pl.col("deal_id").is_duplicated())["deal_id"].unique()
    assert len(twice) > 10
    stages = session.read("SELECT deal_id, stage FROM deals").filter(pl.col("deal_id").is_in(twice.to_list()))
    assert set(stages["stage"]) == {"Won", "Lost"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_stories_answers(folder: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(folder))
    result = CliRunner().invoke(tandem.app, shlex.split(command))
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) > 2


def test_the_stories_have_commands() -> None:
    assert len(COMMANDS) >= 14
