"""Priorities as written and as they stand, and where most is at stake: by hand and against loops over leads."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from alignment.priorities import campaigns_of, present_quarter, priorities_in
from data.calendar import Period
from data.errors import InvalidFiles
from metrics import OpenCompany, Query, Session
from metrics.improvements import Improvement, improvements, largest_gaps
from metrics.loading import load_definitions
from metrics.priorities import quarter_name, quarters
from tests.conftest import BRIGHTWATER
from tests.one_page import OBEYED, markup, one_page, said, table_of
from tests.small_company import SmallCompany
from tests.tiny_sessions import rows_in

YEAR = Period(dt.date(2025, 12, 1), dt.date(2026, 11, 16))
PRIORITY = "priorities:\n  p:\n    label: P\n    quarter: 2026-Q4\n    metric: leads\n    target: 5\n"
# The steps of the funnel, with the days that each has.
STEPS = (("lead", "mql", 30), ("mql", "opportunity", 60), ("opportunity", "customer", 120))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("2026-Q4", "2026-Q5", "own.yaml:4:14: priorities.p: 'quarter' is '2026-Q5'; write the year and the quarter"),
        ("metric: leads", "metric: leeds", "priorities.p: unknown metric 'leeds'. Did you mean 'leads'?"),
        ("    target: 5\n", "", "the key 'target' is missing (a number)."),
        ("metric: leads", "metric: win_rate", "'target' is 5; win_rate is a share, so write 0.8 for 80 %."),
        ("    label: P\n", "    labl: P\n", "unknown key 'labl'. Did you mean 'label'?"),
        ("target: 5", "target: 5\n    where: chanel = 'x'", "Did you mean 'channel'?"),
    ],
)
def test_a_slip_is_told(demo: Session, tmp_path: Path, old: str, new: str, says: str) -> None:
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions" / "own.yaml").write_text(PRIORITY.replace(old, new), encoding="utf-8")
    with pytest.raises(InvalidFiles) as caught:
        load_definitions(replace(demo.company, folder=tmp_path), demo.manifest.describe())
    assert says in "\n".join(str(problem) for problem in caught.value.problems)


def test_quarters_are_those_of_the_calendar_and_the_present_one_has_begun(demo: Session) -> None:
    found = demo.definitions.priorities
    assert quarters(found.values()) == (dt.date(2026, 10, 1), dt.date(2026, 7, 1))
    assert quarter_name(dt.date(2026, 10, 1)) == "Q4 2026"
    assert present_quarter(demo) == dt.date(2026, 10, 1)
    assert found["partners"].tag == "Partner network"


def test_a_priority_stands_at_what_a_loop_counts_in_its_quarter_so_far(demo: Session) -> None:
    found = priorities_in(demo, dt.date(2026, 10, 1))
    assert found.period == Period(dt.date(2026, 10, 1), dt.date(2026, 11, 16))
    swiss, accuracy = found.priorities
    countries = {row["contact_id"]: row["country"] for row in rows_in(demo, "contacts")}
    leads = _leads(demo)
    came = [row for row in leads if row["is_first_pass"] and dt.date(2026, 10, 1) <= row["lead_on"]]
    assert swiss.standing is not None
    assert accuracy.standing is not None
    assert swiss.standing.actual == sum(countries[row["contact_id"]] == "CH" for row in came)
    assert swiss.standing.target == 30
    tags = {row["campaign_id"]: row["priority"] for row in rows_in(demo, "campaigns")}
    qualified = [row for row in leads if row["mql_on"] and row["mql_on"] >= dt.date(2026, 10, 1)]
    assert accuracy.standing.actual == sum(tags.get(row["campaign_id"]) == "Stock accuracy" for row in qualified)
    assert swiss.amounts["leads"] == sum(tags.get(row["campaign_id"]) == "Swiss launch" for row in came)
    for name, amount in accuracy.amounts.items():
        own = campaigns_of(demo, accuracy.priority, found.period)
        assert own[name].sum() == pytest.approx(amount)


def test_a_quarter_that_is_over_is_judged_whole_and_one_to_come_not_at_all(demo: Session) -> None:
    (partners,) = priorities_in(demo, dt.date(2026, 7, 1)).priorities
    whole = Period(dt.date(2026, 7, 1), dt.date(2026, 10, 1))
    assert partners.standing is not None
    assert partners.standing.is_complete
    assert partners.standing.actual == demo.answer(Query(("opportunities",), period=whole)).number("opportunities")
    later = priorities_in(demo, dt.date(2027, 1, 1))
    assert (later.period, later.priorities) == (None, ())


# -- what is at stake ------------------------------------------------------------------------------------------------


def table(rows: list[tuple[str, str | None, int, int]]) -> pl.DataFrame:
    names = ("step", "channel", "matured", "converted_matured")
    rate = pl.col("converted_matured") / pl.col("matured")
    return pl.DataFrame(rows, schema=list(names), orient="row").with_columns(rate.alias("rate_matured"))


def test_the_arithmetic_is_that_of_a_worked_example() -> None:
    """100 entries at 10 % beside 50 %: 40 more go on; of them a quarter becomes customers: 10, at 2,000 each 20,000."""
    whole = table([("mql", None, 200, 60), ("customer", None, 60, 15), ("overall", None, 200, 15)])
    by = table(
        [("mql", "a", 100, 10), ("mql", "b", 80, 40), ("mql", "few", 19, 19), ("mql", None, 90, 1),
         ("customer", "a", 20, 5), ("customer", "b", 20, 6)]
    )  # fmt: skip
    first, second = largest_gaps(whole, {"channel": by}, 2_000)
    assert first == Improvement(
        "channel", "mql", "a", "b", 100, 0.1, 0.5, pytest.approx(10), pytest.approx(20_000), is_clear=True
    )
    # 20 entries at 25 % beside 30 %: one customer more, which may be chance.
    assert (second.step, second.group, second.customers, second.is_clear) == ("customer", "a", pytest.approx(1), False)


def test_equal_groups_and_single_groups_have_nothing_at_stake() -> None:
    whole = table([("mql", None, 100, 10)])
    assert largest_gaps(whole, {"channel": table([("mql", "a", 50, 5), ("mql", "b", 50, 5)])}, 1_000) == ()
    assert largest_gaps(whole, {"channel": table([("mql", "a", 100, 10)])}, 1_000) == ()


def test_every_gap_is_that_of_a_loop_over_leads(demo: Session) -> None:
    found, reason = improvements(demo, YEAR)
    assert reason is None
    leads = [row for row in _leads(demo) if row["is_first_pass"]]
    accounts = {row["account_id"]: row for row in rows_in(demo, "accounts")}
    contacts = {row["contact_id"]: row for row in rows_in(demo, "contacts")}
    won = [
        float(str(row["amount"]))
        for row in rows_in(demo, "revenue")
        if row["deal_type"] == "new" and isinstance(row["won_on"], dt.date) and YEAR.start <= row["won_on"] < YEAR.until
        and row["amount"] is not None
    ]  # fmt: skip
    average = sum(won) / len(won)

    def value(row: dict[str, Any], dimension: str) -> Any:
        if dimension == "region":
            return accounts.get(contacts[row["contact_id"]]["account_id"], {}).get("region")
        return row[dimension]

    def counts(step: int, dimension: str | None) -> dict[Any, tuple[int, int]]:
        entry, target, days = STEPS[step]
        known: dict[Any, tuple[int, int]] = {}
        for row in leads:
            day, done = row[f"{entry}_stamped_on"], row[f"{target}_on"]
            window = dt.timedelta(days=days)
            if day is None or not YEAR.start <= day < YEAR.until or day + window >= YEAR.until:
                continue
            group = value(row, dimension) if dimension else None
            entries, converted = known.get(group, (0, 0))
            known[group] = entries + 1, converted + (done is not None and done <= day + window)
        return known

    later = [1.0, 1.0, 1.0]
    for step in (1, 0):
        entries, converted = counts(step + 1, None)[None]
        later[step] = later[step + 1] * converted / entries
    wanted = {}
    for step, (_, target, _) in enumerate(STEPS):
        for dimension in ("channel", "segment", "region"):
            groups = {g: (n, c / n) for g, (n, c) in counts(step, dimension).items() if g is not None and n >= 20}
            best = max((rate for _, rate in groups.values()), default=0)
            stakes = {g: n * (best - rate) * later[step] * average for g, (n, rate) in groups.items()}
            if len(groups) > 1 and max(stakes.values()) > 0:
                wanted[dimension, target] = max(stakes.values())
    assert {(one.dimension, one.step): one.revenue for one in found} == pytest.approx(wanted)
    assert [one.revenue for one in found] == sorted((one.revenue for one in found), reverse=True)


def _leads(demo: Session) -> list[dict[str, Any]]:
    return rows_in(demo, "leads")


# -- the page --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def screen(demo_company: OpenCompany) -> AppTest:
    assert demo_company.company.folder == BRIGHTWATER
    with pytest.MonkeyPatch.context() as patch:
        return one_page(patch, "strategy", BRIGHTWATER)


def test_the_page_tells_the_priorities_and_where_most_is_at_stake(screen: AppTest) -> None:
    text = said(screen)
    assert "of 2 priorities** of Q4 2026" in text
    assert "Most is at stake at" in text
    assert "It says where to look, not why they differ." in text
    assert "Held by Tariq Nasser" in text
    shown = table_of(screen, "priority", "spend")
    assert shown["priority"].tolist() == ["Swiss launch", "Accurate stock"]


@pytest.mark.usefixtures("demo_company")
def test_another_quarter_is_shown_by_its_link(monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(one_page(monkeypatch, "strategy", BRIGHTWATER, quarter="Q3 2026"))
    assert "**1 of 1 priority** of Q3 2026 is on course." in text
    assert "July to September 2026 · data through 15 November 2026" in text


def test_without_priorities_the_page_says_how_to_write_one(
    monkeypatch: pytest.MonkeyPatch, small: SmallCompany
) -> None:
    text = said(one_page(monkeypatch, "strategy", small.folder))
    assert "No priority is written yet" in text
    assert "Write them under priorities: in a file of definitions/" in text


def test_text_of_a_priority_stays_text(monkeypatch: pytest.MonkeyPatch, small: SmallCompany) -> None:
    hostile = "![p](http://x.example/p.png) <script>alert(1)</script> **b** :red[r]"
    (small.folder / "definitions").mkdir(exist_ok=True)
    text = PRIORITY.replace("label: P", f'label: "{hostile}"\n    held_by: "{hostile}"\n    description: "{hostile}"')
    text = text.replace("2026-Q4", "2025-Q4")
    (small.folder / "definitions" / "priorities.yaml").write_text(text, encoding="utf-8")
    screen = one_page(monkeypatch, "strategy", small.folder)
    assert not OBEYED.search(markup(screen).replace('<img class="history"', ""))
    assert hostile in said(screen)
