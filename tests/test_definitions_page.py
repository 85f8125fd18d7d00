"""The definitions as a viewer reads them: a list by section, a search, one word at a time, all text as text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from metrics import OpenCompany, Session
from metrics.dictionary import entries
from tests.one_page import OBEYED, bodies, markup, one_page, read, said
from tests.small_company import SmallCompany

HOSTILE = "![p](http://x.example/p.png) <script>alert(1)</script> **b** :red[r]"


def page(monkeypatch: pytest.MonkeyPatch, folder: Path, opened: str = "", **address: str) -> AppTest:
    """The page, with the rest of one entry opened."""
    return one_page(monkeypatch, "definitions", folder, {f"more_{opened}": True} if opened else None, **address)


def shown(screen: AppTest) -> list[str]:
    """The labels of the entries on the screen."""
    return [read(found[1]) for body in bodies(screen) if (found := re.search("<h[23]>(.*?)</h[23]>", body))]


def facts(screen: AppTest) -> dict[str, str]:
    (body,) = [body for body in bodies(screen) if "tandem-facts" in body]
    rows = [row.split("</dt>") for row in body.split("<dt>")[1:]]
    return {read(word): read(fact).strip() for word, fact in rows}


@pytest.mark.parametrize("section", ["metrics", "stages", "dimensions", "terms"])
def test_a_section_lists_its_entries_with_their_sentences(
    monkeypatch: pytest.MonkeyPatch, demo: Session, section: str
) -> None:
    screen = page(monkeypatch, demo.company.folder, section=section.capitalize())
    expected = [one for one in entries(demo) if one.section == section]
    assert shown(screen) == [one.label for one in expected]
    assert all(one.sentence in said(screen) for one in expected)


def test_the_opening_counts_the_words_and_those_without_an_answer(
    monkeypatch: pytest.MonkeyPatch, olist: Session
) -> None:
    found = entries(olist)
    metrics = sum(one.section == "metrics" for one in found)
    dimensions = sum(one.section == "dimensions" for one in found)
    missing = sum(one.missing is not None for one in found)
    text = said(page(monkeypatch, olist.company.folder))
    assert f"**{metrics} metrics, 2 stages, {dimensions} dimensions and 9 terms** have one meaning" in text
    assert f"For **{missing}** of them Olist has no data; each says why." in text
    assert "No answer here: Olist has no lost deals (declared absent in sources.yaml)." in text


def test_an_owner_is_named_in_the_owners_colour(monkeypatch: pytest.MonkeyPatch, demo: Session) -> None:
    entry = next(body for body in bodies(page(monkeypatch, demo.company.folder)) if "<h3>Deals won</h3>" in body)
    assert '<p class="tandem-owner sales">Sales</p>' in entry


def test_an_entry_opens_to_its_facts_and_its_sql(monkeypatch: pytest.MonkeyPatch, demo: Session) -> None:
    closed = page(monkeypatch, demo.company.folder)
    assert not closed.code
    screen = page(monkeypatch, demo.company.folder, "metrics_deals_won")
    told = facts(screen)
    assert told["Formula"] == "count(deal_id) over revenue where deal_type = 'new', by won_on"
    assert told["Used by"] == "Win rate"
    assert "Segment" in told["Can be split by"]
    assert told["Name"] == "deals_won"
    assert "metrics/definitions/volumes.yaml:" in told["Written in"]
    assert told["Whose"] == "Standard"
    assert told["Fingerprint"].endswith(", which changes when its number may")
    assert told["Last change"].startswith("Its file was last changed on ")
    (sql,) = screen.code
    assert sql.value.startswith("SELECT")


def test_a_search_shows_the_chosen_section_first_and_others_below(
    monkeypatch: pytest.MonkeyPatch, demo: Session
) -> None:
    screen = page(monkeypatch, demo.company.folder, section="Terms", q="touch")
    headers = [read(header.value) for header in screen.header]
    assert headers[0].startswith("Terms (")
    assert any(header.startswith("Dimensions (") for header in headers)
    assert shown(screen)[0] == "Touch"
    screen.text_input(key="q").set_value("zebra").run()
    assert "No definition holds 'zebra'." in said(screen)
    assert shown(screen) == []


def test_a_name_in_the_address_shows_one_entry_and_leads_back(monkeypatch: pytest.MonkeyPatch, demo: Session) -> None:
    screen = page(monkeypatch, demo.company.folder, name="win_rate")
    assert shown(screen) == ["Win rate"]
    assert "Deals won / Deals decided" in said(screen)
    assert screen.code
    screen.button(key="all_definitions").click().run()
    assert "name" not in screen.query_params
    assert len(shown(screen)) > 10


def test_an_entry_can_be_shown_alone_and_a_search_leaves_it(monkeypatch: pytest.MonkeyPatch, demo: Session) -> None:
    screen = page(monkeypatch, demo.company.folder, "terms_pass", q="pass", section="Metrics")
    screen.button(key="alone_terms_pass").click().run()
    assert screen.query_params["name"] == "pass"
    assert shown(screen) == ["Pass"]
    screen.text_input(key="q").set_value("cohort").run()
    assert "Cohort" in shown(screen)


def test_an_unknown_name_is_told_above_the_list(monkeypatch: pytest.MonkeyPatch, demo: Session) -> None:
    screen = page(monkeypatch, demo.company.folder, name="win_rat")
    assert "No definition is named 'win_rat'. Did you mean 'win_rate'?" in said(screen)
    assert len(shown(screen)) > 10


def test_hostile_definitions_and_addresses_stay_text(monkeypatch: pytest.MonkeyPatch, small: SmallCompany) -> None:
    small.replace("company.yaml", "Small & Sons", f'"{HOSTILE}"')
    small.replace("stages.yaml", "known_by: deal_won", f"known_by: [deal_won, {{crm: ['{HOSTILE}']}}]")
    small.write(
        "definitions/ours.yaml",
        f"terms:\n  ours: {{label: '{HOSTILE}', description: '{HOSTILE}'}}\n"
        f"dimensions:\n  mine: {{label: '{HOSTILE}', description: '{HOSTILE}', on: {{leads: channel}}}}\n",
    )
    small.refresh()
    assert OBEYED.search(HOSTILE)
    for opened, address in {
        "terms_ours": {"section": "Terms"},
        "stages_customer": {"section": "Stages"},
        "dimensions_mine": {"section": "Dimensions"},
        "": {"name": HOSTILE},
        "metrics_leads": {"q": HOSTILE},
    }.items():
        screen = page(monkeypatch, small.folder, opened, **address)
        assert not OBEYED.search(markup(screen))
        assert HOSTILE in said(screen)


def test_a_rule_tells_who_agreed_to_which_version(monkeypatch: pytest.MonkeyPatch, generated_demo: OpenCompany) -> None:
    folder = generated_demo.company.folder
    listed = page(monkeypatch, folder, section="Rules")
    assert shown(listed) == ["Rule: Qualified lead (MQL)"]
    alone = facts(page(monkeypatch, folder, name="mql_rule"))
    newest = alone["From 20 April 2026, applied to all"]
    assert "Agreed by marketing on 9 April 2026, sales on 14 April 2026." in newest
    assert "Sales rejected too many" in newest
    assert "score at least 53" in alone["From 1 January 2024"].lower()
    assert alone["Score interest"].startswith("10 * forms")


def test_without_rules_the_section_says_where_they_are_agreed(monkeypatch: pytest.MonkeyPatch, olist: Session) -> None:
    assert "Rules are agreed in stages.yaml." in said(page(monkeypatch, olist.company.folder, section="Rules"))
