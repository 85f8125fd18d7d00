"""Funnel: how long it takes as the rows say it, and the day of a rule's change on the lines that it concerns."""

from __future__ import annotations

import datetime as dt
import json
import re
from statistics import median

import polars as pl
import pytest

from data.calendar import Period, shift
from metrics import OpenCompany, Query, Session
from metrics.findings import share_by
from metrics.rule_versions import RuleChange, stages_read
from pages._dates import day
from pages._lines import Flag
from pages._rule_flags import flags, told
from pages._survival import Growth, survival_drawing
from pages._theme import DARK, LIGHT
from pages._time_lines import Point, over_time
from pages._words import count, days, rate
from tests.one_page import page, read, said, table_of

FUNNEL, YEAR = "lead_to_customer", "Last 12 complete months"
MONTHS = [dt.date(2026, month, 1) for month in (3, 4, 5)]
CHANGE = RuleChange("mql", dt.date(2026, 4, 16), "Stricter", "f")


@pytest.fixture
def demo(generated_demo: OpenCompany, monkeypatch: pytest.MonkeyPatch) -> Session:
    """The company whose rule has two versions."""
    session = generated_demo.at()
    monkeypatch.setenv("TANDEM_COMPANY", str(session.company.folder))
    return session


def chart(screen, key: str):
    """The picture of a panel: its figure, and what a screen reader says of it."""
    found = next(shown.proto for shown in screen.get("plotly_chart") if f"chart_{key}" in shown.proto.id)
    return json.loads(found.spec), read(found.alt)


def caption(screen, *parts: str) -> str:
    return next(text for text in map(read, [shown.value for shown in screen.caption]) if all(p in text for p in parts))


# -- how long --------------------------------------------------------------------------------------------------------


def test_the_page_says_after_how_long_half_of_them_had_made_it(demo: Session) -> None:
    screen = page("funnel", period=YEAR)
    text = caption(screen, "Lead to Customer, entries of", "median")
    window = int(re.search(r"within (\d+) days", text)[1])
    curve = table_of(screen, "kaplan_meier", "at_risk")
    months = re.search(r"entries of (\w+ \d{4}) to (\w+ \d{4})", text)
    first, last = (dt.datetime.strptime(months[part], "%B %Y").date() for part in (1, 2))
    rows = demo.rows(Query((FUNNEL,), period=Period(first, shift(last, "month", 1))))[0].frame
    waits = [wait for wait in rows["days"].to_list() if wait is not None and wait <= window]
    assert days(median(waits)).replace("\u00a0", " ") in text
    assert curve["converted"].sum() == sum(wait is not None for wait in rows["days"])
    assert curve["at_risk"].max() <= rows.height


@pytest.mark.usefixtures("demo")
def test_the_curve_ends_at_the_window_with_the_rate_that_the_page_begins_with() -> None:
    screen = page("funnel", period=YEAR)
    _, alt = chart(screen, "how_long")
    incidence = re.search(r"Cumulative incidence ([\d.]+ %)", alt)
    assert incidence is not None
    assert f"{incidence[1]}** reached" in said(screen)


def test_shares_are_read_off_the_last_row_up_to_a_day() -> None:
    curve = pl.DataFrame(
        {"days": [3, 9], "kaplan_meier": [0.2, 0.5], "cumulative_incidence": [0.2, 0.4]},
    )
    assert [share_by(curve, at) for at in (2, 3, 8, 90)] == [(0.0, 0.0), (0.2, 0.2), (0.2, 0.2), (0.5, 0.4)]
    without = curve.with_columns(pl.lit(None, pl.Float64).alias("cumulative_incidence"))
    assert [share_by(without, at) for at in (2, 9)] == [(0.0, None), (0.5, None)]


def test_a_curve_is_steps_from_nothing_that_are_dashed_past_the_window() -> None:
    first = Growth("Kaplan-Meier", [(10, 0.2, "a"), (40, 0.4, "b"), (70, 0.5, "c")], 0.4, "40 %")
    drawing = survival_drawing(first, None, 60, DARK, as_text=rate, unit="days")
    solid, dashed = drawing.traces[:2]
    assert solid["x"] == [0, 10, 40, 60]
    assert solid["y"][0] == drawing.height
    assert solid["y"][2] == solid["y"][3]
    assert (solid["line"]["shape"], solid["line"]["dash"]) == ("hv", "solid")
    assert dashed["x"] == [60, 70]
    assert dashed["line"]["dash"] != "solid"
    marks = [rule for rule in drawing.rules if rule["x0"] == rule["x1"] == 60]
    assert len(marks) == 1, "the window is marked"
    assert "60 days" in [text["text"] for text in drawing.texts]
    assert not any("incidence" in text["text"] for text in drawing.texts)


# -- a rule that changed ---------------------------------------------------------------------------------------------


def test_a_flag_stands_where_its_day_lies_between_the_middles_of_periods() -> None:
    (middle,) = flags([CHANGE], MONTHS, "month")
    assert middle.x == 1, "the middle of April is its point"
    (first,) = flags([RuleChange("mql", MONTHS[2], "x", "f")], MONTHS, "month")
    assert first.x == 1.5, "the first of May lies half way from April to May"
    (edge,) = flags([RuleChange("mql", MONTHS[0], "x", "f")], MONTHS, "month")
    assert edge.x == 0


def test_a_flag_is_a_pole_on_the_line_of_its_group_with_its_day() -> None:
    points = [Point(f"{month:%b %Y}", 4, "4", group=group) for group in ("a", "b") for month in MONTHS]
    figure = over_time(points, LIGHT, as_text=count, flags=[Flag(1, "16 April 2026", "16 April: <b>Stricter", "b")])
    poles = [shape for shape in figure.layout.shapes if shape.type == "line" and shape.x0 == shape.x1 == 1]
    floors = sorted(shape.y0 for shape in figure.layout.shapes if shape.type == "line" and shape.y0 == shape.y1)
    assert [pole.y1 for pole in poles] == [floors[1]]
    assert sum("16 April 2026" in note.text for note in figure.layout.annotations) == 1
    assert "<b>Stricter" not in figure.to_json()


def test_a_year_is_written_once_below_its_first_month() -> None:
    labels = [f"{name} {year}" for year in (2025, 2026) for name in ("Jan", "May", "Sep")]
    figure = over_time([Point(label, 1, "1") for label in labels], LIGHT, as_text=count)
    named = [note.text for note in figure.layout.annotations if "<br>" in note.text]
    assert [re.sub("<br>|&#8203;", " ", text).split() for text in named] == [["May", "2025"], ["Jan", "2026"], ["Sep"]]


def test_what_a_flag_says_is_said_in_words_too() -> None:
    assert told([CHANGE, CHANGE]) == " Flag: Stricter, from 16 April 2026. Today's rule is applied to all periods."
    assert told([]) == ""


def test_the_stages_of_a_metric_are_those_whose_days_it_reads(demo: Session) -> None:
    expected = {
        "mqls": {"mql"},
        "cost_per_mql": {"mql"},
        "leads": {"lead"},
        FUNNEL: {"lead", "customer"},
        "won_revenue": set(),
    }
    assert {name: set(stages_read(demo.reach, name)) for name in expected} == expected


def test_lines_of_a_stage_known_by_a_rule_mark_the_day_on_which_it_changed(demo: Session) -> None:
    (change,) = demo.rule_changes()
    said_of_it = f"{change.label}, from {day(change.day)}"
    screen = page("funnel", period=YEAR, grain="Month", step="Lead to Qualified lead (MQL)")
    for key in ("over_time", "volumes"):
        spec, alt = chart(screen, key)
        assert said_of_it in alt
        assert day(change.day) in read(json.dumps(spec, ensure_ascii=False))
    assert said_of_it in caption(screen, "whenever they came")
    _, of_the_rest = chart(page("funnel", period=YEAR, step="Opportunity to Customer"), "over_time")
    assert "Flag" not in of_the_rest, "the rule says nothing of opportunities"


def test_other_pages_mark_it_too(demo: Session) -> None:
    (change,) = demo.rule_changes()
    for name, address, key in (
        ("qualified_lead", {}, "drift"),
        ("ask", {"metrics": demo.reach.metric("mqls").label, "over": "Per month", "period": YEAR}, "ask"),
    ):
        _, alt = chart(page(name, **address), key)
        assert f"{change.label}, from {day(change.day)}" in alt
