"""Agreement as a viewer reads it: both promises, who kept them, what the goal needs, what would change."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from metrics import OpenCompany
from tests.conftest import BRIGHTWATER
from tests.one_page import OBEYED, bodies, markup, one_page, read, said
from tests.small_company import SmallCompany

HOSTILE = "![p](http://x.example/p.png) <script>alert(1)</script> **b** :red[r]"
TEXT = """agreement:
  - from: 2026-01-01
    label: {label}
    description: {label}
    goal: {{label: {label}, metric: won_revenue, target: 90000, per: quarter}}
    objectives:
      many: {{label: {label}, metric: leads, target: 5, per: month, team: marketing, held_by: {label}}}
    obligations:
      soon: {{label: {label}, metric: human_delay_hours, team: sales, role: {label}, within: 4 hours, share: 0.9}}
    protocol: [{{does: {label}, who: {label}, within: {label}}}]
  - from: 2027-01-01
    label: {label}
    goal: {{metric: won_revenue, target: 95000, per: quarter}}
    objectives: {{more: {{label: {label}, metric: leads, target: 7, per: month, team: marketing}}}}
"""


@pytest.fixture(scope="module")
def screen(demo_company: OpenCompany) -> AppTest:
    assert demo_company.company.folder == BRIGHTWATER
    with pytest.MonkeyPatch.context() as patch:
        return one_page(patch, "agreement", BRIGHTWATER)


def tables(screen: AppTest) -> list[list[tuple[object, ...]]]:
    return [list(shown.value.itertuples(index=False, name=None)) for shown in screen.dataframe]


def tiles(screen: AppTest) -> dict[str, list[str]]:
    found = [body for body in bodies(screen) if 'class="tandem-tile"' in body]
    lines = [[line for line in read(body).splitlines() if line.strip()] for body in found]
    return {tile[0]: tile[1:] for tile in lines}


def test_the_opening_counts_the_promises_of_each_team_and_tells_the_goal(screen: AppTest) -> None:
    text = said(screen)
    assert "Marketing is on course with **3 of 3 promises**. Sales is on course with **2 of 3 promises**." in text
    assert "The goal for October to December 2026 stands at **€147 k of €210 k**, 114 % of what was expected" in text
    assert "signed by marketing on 22 June 2026 and sales on 24 June 2026 · looked at again on 1 January 2027" in text


def test_each_promise_is_a_tile_with_target_attainment_pace_and_holder(screen: AppTest) -> None:
    shown = tiles(screen)
    assert [*shown] == [
        "New business", "Qualified leads", "Leads of paid search", "Value of the leads", "Accepted hand-overs",
        "Opportunities", "First touch within four business hours", "A verdict with a reason within five days",
    ]  # fmt: skip
    # 27 qualified leads after 10 of 21 business days of a target of 52.
    told = ["27", "↑", " 9 % above", "Target 52 in Nov: 27 (51.9 %), pace 109 %", "Held by Tariq Nasser"]
    assert shown["Qualified leads"] == told
    assert shown["Leads of paid search"][-2] == "Target 8 in 9 Nov to 15 Nov: 8 (100 %), kept"
    assert shown["First touch within four business hours"][0] == "58.2 %"
    assert "38 broken" in shown["First touch within four business hours"]
    assert "1.4 points above" in "".join(shown["Accepted hand-overs"])


def test_kept_and_broken_are_told_by_person(screen: AppTest) -> None:
    rows = {(row[0], row[2]): row[3:7] for row in tables(screen)[1]}
    assert rows["Tariq Nasser", "Qualified leads"] == ("months", 4, 2, 2)
    assert rows["Jule Petersen", "First touch within four business hours"] == ("leads", 119, 75, 44)


@pytest.mark.usefixtures("demo_company")
def test_another_promise_is_drawn_over_time(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = one_page(monkeypatch, "agreement", BRIGHTWATER, promise="First touch within four business hours")
    assert "Was it kept? First touch within four business hours" in said(screen)
    months = tables(screen)[0]
    assert len(months) == 12
    assert months[-1][1:] == (pytest.approx(42 / 64), 0.9)


def test_the_calculator_answers_another_goal(screen: AppTest) -> None:
    field = screen.number_input(key="goal")
    assert field.value == 210_000
    text = said(field.set_value(1_000_000.0).run())
    assert "€1 M less €0 won and €53.1 k of weighted pipeline due leave **€947 k**." in text
    assert "At €17.3 k a deal that is **55 customers**." in text


def test_without_an_agreement_the_page_says_how_to_write_one(
    monkeypatch: pytest.MonkeyPatch, small: SmallCompany
) -> None:
    screen = one_page(monkeypatch, "agreement", small.folder)
    assert "Nothing is agreed yet" in said(screen)
    assert "Write one under agreement: in a file of definitions/." in said(screen)
    assert not tiles(screen)


def test_text_of_the_agreement_stays_text_and_the_next_version_stands_beside_it(
    monkeypatch: pytest.MonkeyPatch, small: SmallCompany
) -> None:
    (small.folder / "definitions").mkdir(exist_ok=True)
    text = TEXT.format(label=f"'{HOSTILE}'")
    (small.folder / "definitions" / "agreement.yaml").write_text(text, encoding="utf-8")
    screen = one_page(monkeypatch, "agreement", small.folder)
    # The small lines of tiles are pictures of their own.
    assert not OBEYED.search(markup(screen).replace('<img class="history"', ""))
    assert HOSTILE in said(screen)
    assert "What changes on 1 January 2027" in said(screen)
    changes = next(table for table in tables(screen) if any("not promised" in row for row in table))
    assert (HOSTILE, "not promised", "7 leads per month") in changes
    assert (HOSTILE, "5 leads per month", "no longer promised") in changes
