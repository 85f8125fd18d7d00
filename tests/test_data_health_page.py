"""Data health as a viewer reads it: the opening sentence, sources, quarantine, gaps, checks, and what is behind."""

from __future__ import annotations

import datetime as dt

import pytest
from streamlit.testing.v1 import AppTest

from metrics import OpenCompany, Session
from metrics.gaps import Gaps, gaps
from metrics.health import Overview, Stale, overview
from pages._health import said as sentence
from tests.one_page import OBEYED, bodies, markup, one_page, read, said
from tests.small_company import SmallCompany
from tests.test_health import BAD_DEALS, BAD_PEOPLE

HOSTILE = "![p](http://x.example/p.png) <script>alert(1)</script> **b** :red[r]"

DAY = dt.date(2026, 3, 31)
NO_GAPS = Gaps((), (), {})


@pytest.fixture
def bad(small: SmallCompany) -> SmallCompany:
    small.write("people.csv", BAD_PEOPLE)
    small.write("deals.csv", BAD_DEALS)
    small.replace(
        "sources.yaml",
        "absent:",
        f"exclude: [{{from: contacts, when: \"contact_id = 'c4'\", why: '{HOSTILE}'}}]\nabsent:",
    )
    small.refresh()
    return small


def page(monkeypatch: pytest.MonkeyPatch, company: SmallCompany) -> AppTest:
    return one_page(monkeypatch, "data_health", company.folder)


def tables(screen: AppTest) -> list[list[tuple[object, ...]]]:
    rows = [list(shown.value.itertuples(index=False, name=None)) for shown in screen.dataframe]
    return [
        [tuple(read(cell) if isinstance(cell, str) and "<" not in cell else cell for cell in row) for row in table]
        for table in rows
    ]


def tiles(screen: AppTest) -> list[list[str]]:
    found = [body for body in bodies(screen) if 'class="tandem-tile"' in body]
    return [[line for line in read(body).splitlines() if line.strip()] for body in found]


def told(**changes: object) -> str:
    """The first sentences of an overview of three files whose lines were all loaded."""
    given = {"files": 3, "lines": 9, "loaded": 9, "quarantined": 0, "skipped": 0, "unmapped": 0, "share": 1.0}
    found = Overview(**{**given, "newest": DAY, "age": 1, "stale": (), **changes})  # type: ignore[arg-type]  # of its own fields
    return read(sentence(found, NO_GAPS))


# -- the opening -----------------------------------------------------------------------------------------------------


def test_fresh_data_is_said_to_be_fresh() -> None:
    assert told() == (
        "**All 3 sources are fresh.** The newest day of data is 31 March 2026, 1 day ago. **Every line was loaded**,"
        " 9 in all. No row lacks what its numbers need."
    )
    assert "31 March 2026, today." in told(age=0)


def test_old_and_late_data_is_said_first() -> None:
    assert told(age=8).startswith("**Nothing is newer** than 31 March 2026, 8 days ago. **Every line")
    late = (Stale("spend", DAY, 59),)
    assert told(stale=late).startswith("**1 of 3 sources is behind**: spend ends 59 days before the newest.")
    assert told(stale=late * 2, age=9).startswith(
        "**Nothing is newer** than 31 March 2026, 9 days ago. **2 of 3 sources are behind**: spend ends"
    )
    assert told(newest=None, age=None).startswith("**No file says how far its data reaches.**")


def test_the_page_opens_with_what_its_files_gaps_and_lines_say(
    monkeypatch: pytest.MonkeyPatch, bad: SmallCompany
) -> None:
    text = said(page(monkeypatch, bad))
    assert "**2 of 3 sources are behind**: spend ends 59 days before the newest." in text
    assert "**73.3 % of the lines were loaded**; 4 were quarantined while reading and 2 rows while mapping." in text
    assert "There are won deals without a close date (1 of 5), won deals without an amount (1 of 5) and 1 more" in text
    assert "Every stage is known through 15 March 2026 · loaded " in text


def test_tiles_sum_the_files(monkeypatch: pytest.MonkeyPatch, bad: SmallCompany) -> None:
    assert tiles(page(monkeypatch, bad)) == [
        ["Sources in step", "1 of 3", "spend, deals behind"],
        ["Lines loaded", "73.3 %", "11 of 16"],
        ["Quarantined", "6", "4 in reading, 2 in mapping"],
        ["Kinds of gaps", "3 of 7", "found in the loaded rows"],
    ]


# -- what it lists ---------------------------------------------------------------------------------------------------


def test_each_source_accounts_for_its_lines(monkeypatch: pytest.MonkeyPatch, bad: SmallCompany) -> None:
    sources = tables(page(monkeypatch, bad))[0]
    assert [(row[0], row[1], *row[3:]) for row in sources] == [
        ("spend", "spend.csv", "59 days behind", 1, 1, 0, 0),
        ("deals", "deals.csv", "16 days behind", 6, 5, 1, 0),
        ("people", "people.csv", "in step", 9, 5, 3, 1),
    ]


def test_quarantined_lines_have_file_line_column_reason_and_masked_value(
    monkeypatch: pytest.MonkeyPatch, bad: SmallCompany
) -> None:
    screen = page(monkeypatch, bad)
    faults, lines = tables(screen)[1:3]
    assert ("people.csv", "contact_id", "key contact_id is empty", 1, 8) in faults
    assert sum(int(str(row[3])) for row in faults) == len(lines) == 6
    masked = next(row for row in lines if row[:2] == ("deals.csv", 7))
    assert masked[2] == "amount"
    assert masked[4] == "ab…"
    assert "Read, but fit their table not: contacts 1, deal_contacts 1." in said(screen)


def test_a_gap_leads_to_its_rows(monkeypatch: pytest.MonkeyPatch, bad: SmallCompany) -> None:
    screen = page(monkeypatch, bad)
    assert "They count in totals over all time, and in no week or month." in said(screen)
    assert not screen.get("dialog")
    screen.button(key="rows_won_without_day").click().run()
    assert not screen.exception
    (dialog,) = screen.get("dialog")
    assert "1 of 5 rows" in read(dialog.caption[0].value)
    assert list(dialog.dataframe[0].value["deal_id"]) == ["d5"]


def test_what_is_not_there_and_what_is_not_known_is_said(monkeypatch: pytest.MonkeyPatch, bad: SmallCompany) -> None:
    text = said(page(monkeypatch, bad))
    assert "Looked for and not found: won amounts without an exchange rate," in text
    assert "Not known here: deals without a creation date. Small & Sons has no open deals (declared absent" in text
    assert "No source gives touches.campaign_id: map it in sources.yaml." in text


def test_checks_are_listed_as_passed(monkeypatch: pytest.MonkeyPatch, small: SmallCompany) -> None:
    screen = page(monkeypatch, small)
    checks = tables(screen)[-1]
    assert f"All {len(checks)} checks passed. One that fails stops the refresh" in said(screen)
    assert any(row[0] == "revenue: (deal_id) must be a key" for row in checks)
    small.write("models/ours.sql", "-- Ours.\nselect contact_id from contacts\n")
    assert "Model files or stages.yaml have changed since" in said(page(monkeypatch, small))


def test_nothing_wrong_is_said_in_words(monkeypatch: pytest.MonkeyPatch, olist: Session) -> None:
    screen = one_page(monkeypatch, "data_health", olist.company.folder)
    text = said(screen)
    assert "**Every line was loaded**, 8,842 in all. No row lacks what its numbers need." in text
    assert "Nothing: every line could be read and fits its table." in text
    assert "Nothing: sources.yaml excludes no rows." in text
    assert "Olist has no campaigns (declared absent in sources.yaml)." in text


def test_the_demo_opens_and_says_what_its_session_says(monkeypatch: pytest.MonkeyPatch, demo: Session) -> None:
    screen = one_page(monkeypatch, "data_health", demo.company.folder)
    found, lacking = overview(demo), gaps(demo)
    assert f"{found.loaded:,} of {found.lines:,}" in said(screen)
    assert {f"rows_{gap.key}" for gap in lacking.found} == {
        button.key for button in screen.button if not str(button.key).startswith("rows_of_")
    }


# -- every page ------------------------------------------------------------------------------------------------------


def test_stale_sources_are_named_on_every_page(monkeypatch: pytest.MonkeyPatch, small: SmallCompany) -> None:
    says = (
        "Behind the other sources, so recent numbers may be too low: spend (through 31 January 2026), deals (through"
        " 15 March 2026). See Data health."
    )
    assert says in said(page(monkeypatch, small))
    assert says in said(one_page(monkeypatch, "definitions", small.folder))
    small.write(
        "sources.yaml", (small.folder / "sources.yaml").read_text().replace("03-15", "03-31").replace("01-31", "03-31")
    )
    small.refresh()
    assert "Behind the other sources" not in said(page(monkeypatch, small))


def test_hostile_names_stay_text(monkeypatch: pytest.MonkeyPatch, bad: SmallCompany) -> None:
    bad.replace("company.yaml", "Small & Sons", f'"{HOSTILE}"')
    bad.write("deals.csv", BAD_DEALS + f"d7,c1,{HOSTILE},2026-03-01\n")
    bad.refresh()
    screen = page(monkeypatch, bad)
    assert OBEYED.search(HOSTILE)
    assert not OBEYED.search(markup(screen))
    assert f"**1 contacts**: {HOSTILE}" in said(screen)
    assert OpenCompany(bad.company).at().company.name == HOSTILE
