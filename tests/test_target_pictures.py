"""Targets in the pictures of every page: on lines and bars, in tables and captions; under a filter only its own."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from metrics import OpenCompany
from pages._charts import Bar, ranked_bars
from pages._theme import LIGHT
from tests.conftest import BRIGHTWATER
from tests.one_page import one_page, page, read, said, table_of

MORE = """      of_us: {label: D, metric: deals_created, where: origin = 'marketing', target: 9, per: month, team: both}
      of_organic: {label: O, metric: leads, where: channel = 'organic_search', target: 10, per: month, team: both}
      social: {label: S, metric: mqls, where: "channel = 'social'", target: 21, per: month, team: both}
      step: {label: T, metric: tofu_conversion, target: 0.4, per: quarter, team: both}
      whole: {label: W, metric: lead_to_customer, target: 0.05, per: month, team: both}
      back: {label: C, metric: return_to_date, target: 9, per: quarter, team: marketing}
"""


@pytest.fixture(scope="module")
def agreed(demo_company: OpenCompany, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with an agreement that names what the other pages show."""
    folder = tmp_path_factory.mktemp("agreed") / "brightwater"
    shutil.copytree(demo_company.company.folder, folder)
    path = folder / "definitions" / "agreement.yaml"
    before, last = path.read_text(encoding="utf-8").rsplit("      acceptance:", 1)
    path.write_text(f"{before}{MORE}      acceptance:{last}", encoding="utf-8")
    return folder


@pytest.fixture
def shown(agreed: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    monkeypatch.setenv("TANDEM_COMPANY", str(agreed))
    return page


def steps(screen: AppTest, key: str) -> list[list[float]]:
    """The thin lines of a picture, each by its heights."""
    (chart,) = [one for one in screen.get("plotly_chart") if one.proto.id.endswith(f"-chart_{key}")]
    lines = [trace for trace in json.loads(chart.proto.spec)["data"] if trace.get("line", {}).get("width") == 1]
    return [[y for y in line["y"] if y is not None] for line in lines]


def test_volumes_have_the_part_of_the_target_that_their_weeks_business_days_have(shown: Callable[..., AppTest]) -> None:
    screen = shown("funnel")
    rows = table_of(screen, "mqls_target", "opportunities_target")
    # The week from 9 to 15 November 2026 has five of the 21 business days of its month; 52 and 16 are promised.
    assert rows["mqls_target"].iloc[-1] == pytest.approx(52 * 5 / 21)
    assert rows["opportunities_target"].iloc[-1] == pytest.approx(16 * 5 / 21)
    assert "leads_target" not in rows
    assert len(steps(screen, "volumes")) == 2
    assert "The thin line is the target per month, spread over its business days." in said(screen)


def test_a_filter_leaves_only_the_promise_with_the_same_condition(shown: Callable[..., AppTest]) -> None:
    screen = shown("funnel", channel="social")
    rows = table_of(screen, "mqls", "mqls_target")
    assert rows["mqls_target"].iloc[-1] == pytest.approx(21 * 5 / 21)
    assert "opportunities_target" not in rows
    assert not steps(shown("funnel", channel="referral"), "volumes")


@pytest.mark.parametrize(
    ("step", "metric", "target"),
    [("Lead to Customer", "lead_to_customer", 0.05), ("Lead to Qualified lead (MQL)", "tofu_conversion", 0.4)],
)
def test_a_rate_has_its_target_in_every_month(
    shown: Callable[..., AppTest], step: str, metric: str, target: float
) -> None:
    screen = shown("funnel", step=step)
    rows = table_of(screen, "rate_matured", f"{metric}_target")
    # From the month on in which it is agreed.
    assert {begin.date() if hasattr(begin, "date") else begin: value for begin, value in
            zip(rows["period"], rows[f"{metric}_target"], strict=True) if value == value} == {
        dt.date(2026, month, 1): target for month in range(7, 12)}  # fmt: skip
    assert len(steps(screen, "over_time")) == 1
    assert not steps(shown("funnel", step="Opportunity to Customer"), "over_time")


def test_the_line_of_one_origin_has_the_target_that_is_promised_of_it(shown: Callable[..., AppTest]) -> None:
    screen = shown("sources")
    rows = table_of(screen, "origin", "deals_created_target")
    assert set(rows[rows["deals_created_target"].notna()]["origin"]) == {"Marketing"}
    assert len(steps(screen, "origins")) == 1


def test_bars_mark_the_target_of_a_group_alone(shown: Callable[..., AppTest]) -> None:
    screen = shown("sources", period="Last complete month")
    rows = table_of(screen, "channel", "leads_target").set_index("channel")["leads_target"].dropna()
    # Ten a month, and eight a week: October 2026 has 22 business days.
    assert rows["organic_search"] == 10
    assert rows["paid_search"] == pytest.approx(8 * 22 / 5)
    assert len(rows) == 2
    (line,) = [mark for mark in ranked_bars([Bar("a", 4, "4", target=8)], LIGHT).layout.shapes if mark.line.dash]
    assert (line.x0, line.x1) == (4, 8)


def test_ask_draws_the_target_of_each_group(shown: Callable[..., AppTest]) -> None:
    screen = shown("ask", metrics="Leads", split="Channel", over="Per week", period="Last 4 complete weeks")
    rows = table_of(screen, "channel", "leads", "leads_target")
    assert set(rows[rows["leads_target"].notna()]["channel"]) == {"organic_search", "paid_search"}
    assert set(rows[rows["channel"] == "paid_search"]["leads_target"]) == {8}


def test_revenue_has_the_part_of_the_goal_that_is_of_its_month(shown: Callable[..., AppTest]) -> None:
    screen = shown("aligned")
    rows = table_of(screen, "won_revenue", "won_revenue_target")
    # July to September 2026 have 23, 21 and 22 business days.
    wanted = [210_000 * days / 66 for days in (23, 21, 22)]
    assert rows["won_revenue_target"].tolist()[-3:] == [pytest.approx(value) for value in wanted]


def test_a_point_says_its_target_and_how_much_of_it_is_reached(shown: Callable[..., AppTest]) -> None:
    screen = shown("ask", metrics="Qualified leads (MQL)", over="Per month", period="Last 3 complete months")
    spec = json.loads(next(one.proto.spec for one in screen.get("plotly_chart") if one.proto.id.endswith("-chart_ask")))
    says = [text for trace in spec["data"] for text in trace.get("hovertext", ())]
    value = table_of(screen, "mqls", "mqls_target")["mqls"].iloc[-1]
    assert read(says[-1]).split("\n")[-1] == f"Target 52, {100 * value / 52:.3g} %"


def test_a_tile_of_other_days_has_its_target_too(agreed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Target 9x in Oct to Dec:" in said(one_page(monkeypatch, "campaigns", agreed))
    assert "Target 9x" not in said(one_page(monkeypatch, "campaigns", BRIGHTWATER))
