"""Personas as written, the points of their leads, and what comes of each: against plain loops over the rows."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from alignment.ledger import FieldNote, Ledger
from data.calendar import Period
from data.errors import InvalidFiles
from metrics import OpenCompany, Session
from metrics.by_persona import by_persona, reasons_of
from metrics.fit import book_in, fit_of
from metrics.loading import load_definitions
from metrics.personas import Criterion, criteria
from tests.conftest import BRIGHTWATER
from tests.one_page import OBEYED, markup, one_page, read, said, table_of
from tests.small_company import SmallCompany
from tests.tiny_sessions import rows_in

YEAR = Period(dt.date(2025, 12, 1), dt.date(2026, 11, 16))
PERSONA = """personas:
  decider:
    label: Decider
    description: Signs.
    fit: 20 * points(employees >= 50)
    fits_from: 20
"""


def rows_of(demo: Session, table: str) -> list[dict[str, Any]]:
    return rows_in(demo, table)


def problems_of(demo: Session, folder: Path, text: str) -> str:
    (folder / "definitions").mkdir()
    (folder / "definitions" / "own.yaml").write_text(text, encoding="utf-8")
    company = replace(demo.company, folder=folder)
    with pytest.raises(InvalidFiles) as caught:
        load_definitions(company, demo.manifest.describe(), book=book_in(demo.manifest))
    return "\n".join(str(problem) for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("employees", "employes", "own.yaml:5:10: personas.decider.fit: unknown fact 'employes'. Did you mean"),
        ("    label: Decider\n", "", "own.yaml:3:5: personas.decider: the key 'label' is missing (text)."),
        ("    description", "    descripton", "unknown key 'descripton'. Did you mean 'description'?"),
        ("    fit: 20 * points(employees >= 50)\n", "", "says from how many points a lead fits, but no 'fit' says"),
        ("fits_from: 20", "fits_from: many", "'fits_from' must be a number from -1e+06 to 1e+06, not 'many'."),
        ("points(employees >= 50)", "(employees >= 50)", "personas.decider.fit:"),
        ("personas:\n", "personas:\n  a: {label: Decider, description: Too.}\n", "its value 'Decider' is that of a"),
    ],
)  # fmt: skip
def test_a_slip_is_told_with_its_place(demo: Session, tmp_path: Path, old: str, new: str, says: str) -> None:
    assert says in problems_of(demo, tmp_path, PERSONA.replace(old, new, 1))


def test_a_score_is_read_as_criteria_with_points() -> None:
    scores = {"fit": "20 * points(employees >= 50) + 2 * visits", "half": "(points(is_target)) * 0.5 * 10"}
    assert criteria("2 * fit - 10 * points(country = 'CH') + half + 3 + greatest(forms, 1)", scores) == (
        Criterion("employees at least 50", 40),
        Criterion("visits", 4, is_each=True),
        Criterion("country is CH", -10),
        Criterion("is target", 5),
        Criterion("in any case", 3),
        Criterion("GREATEST(forms, 1)", None),
    )


def test_the_points_of_every_lead_are_those_of_a_loop(demo: Session) -> None:
    """Attributes are today's; of counts a lead has the most that any of its moments had."""
    personas = demo.definitions.personas
    contacts = {row["contact_id"]: row for row in rows_of(demo, "contacts")}
    accounts = {row["account_id"]: row for row in rows_of(demo, "accounts")}
    forms: Counter[tuple[object, object]] = Counter()
    for moment in rows_of(demo, "lead_moments"):
        key = (moment["contact_id"], moment["pass"])
        forms[key] = max(forms[key], moment["forms"])
    wanted: dict[str, list[int]] = {"Head of operations": [], "Warehouse manager": []}
    for lead in rows_of(demo, "leads"):
        contact = contacts[lead["contact_id"]]
        day = lead["lead_on"]
        if not lead["is_first_pass"] or not isinstance(day, dt.date) or not YEAR.start <= day < YEAR.until:
            continue
        account = accounts.get(contact["account_id"], {"employees": None, "region": None})
        size = 20 if (account["employees"] or 0) >= 50 else 0
        if contact["persona"] == "Head of operations":
            senior = 20 if contact["seniority"] in ("VP", "C-level") else 0
            near = 10 if account["region"] == "DACH" else 0
            wanted["Head of operations"].append(size + senior + near)
        elif contact["persona"] == "Warehouse manager":
            wanted["Warehouse manager"].append(size + 5 * forms[lead["contact_id"], lead["pass"]])
    for name, least in (("head_of_operations", 40), ("warehouse_manager", 25)):
        found, points = fit_of(demo, personas[name], YEAR), wanted[personas[name].value]
        assert (found.leads, found.fitting, found.unknown) == (len(points), sum(p >= least for p in points), 0)
        assert found.share == sum(p >= least for p in points) / len(points)
        for begins, ends, leads, fits in found.bands.iter_rows():
            assert leads == sum(begins <= p < ends for p in points)
            assert fits == (begins >= least)
        assert found.bands["leads"].sum() == len(points) > 50


def test_without_a_score_or_its_input_the_reason_is_told(demo: Session) -> None:
    assert fit_of(demo, demo.definitions.personas["it_lead"], YEAR).reason == "IT has no score: write fit: beside it."
    unknown = replace(demo.definitions.personas["it_lead"], fit="20 * points(industri = 'x')")
    assert "Did you mean 'industry'?" in (fit_of(demo, unknown, YEAR).reason or "")


def test_what_comes_of_each_persona_is_counted_by_hand(demo: Session) -> None:
    contacts = {row["contact_id"]: row["persona"] for row in rows_of(demo, "contacts")}
    judged: Counter[tuple[object, object]] = Counter()
    reasons: Counter[tuple[object, object]] = Counter()
    for row in rows_of(demo, "handoffs"):
        day = row["verdict_on"]
        if isinstance(day, dt.date) and YEAR.start <= day < YEAR.until:
            persona = contacts[row["contact_id"]]
            judged[persona, row["decision"]] += 1
            if row["decision"] == "rejected":
                reasons[persona, row["decision_reason"]] += 1
    found = {row["persona"]: row for row in by_persona(demo, YEAR).frame.to_dicts()}
    assert [found[value]["label"] for value in ("IT lead", "Warehouse manager")] == ["IT", "Warehouse manager"]
    for persona, row in found.items():
        accepted, rejected = judged[persona, "accepted"], judged[persona, "rejected"]
        assert (row["accepted"], row["rejected"]) == (accepted, rejected)
        assert row["rejected_share"] == (rejected / (accepted + rejected) if accepted + rejected else None)
    frame, reason = reasons_of(demo, YEAR)
    assert reason is None
    assert {(row["persona"], row["reason"]): row["rejected"] for row in frame.to_dicts()} == reasons
    assert frame.filter(persona="IT lead")["share"].sum() == pytest.approx(1)


def test_described_personas_stand_first_and_the_others_follow(demo: Session) -> None:
    frame = by_persona(demo, YEAR).frame
    assert frame["is_described"].to_list() == sorted(frame["is_described"].to_list(), reverse=True)
    assert frame.filter(is_described=True).height == 3
    assert frame.filter(is_described=False).height >= 1


@pytest.fixture(scope="module")
def screen(demo_company: OpenCompany) -> AppTest:
    assert demo_company.company.folder == BRIGHTWATER
    with pytest.MonkeyPatch.context() as patch:
        return one_page(patch, "personas", BRIGHTWATER)


def test_the_page_shows_the_profile_and_the_fit_of_the_chosen_persona(screen: AppTest) -> None:
    text = said(screen)
    assert "brings the most new revenue:" in text
    assert "Who they are: Head of operations" in text
    assert "Fits from 40 points on." in text
    parts = table_of(screen, "criterion", "points")
    rows = [("employees at least 50", 20.0), ("seniority is VP or C-level", 20.0), ("region is DACH", 10.0)]
    assert list(parts.itertuples(index=False, name=None)) == rows
    assert "What does sales hear from: Head of operations?" in text


@pytest.mark.usefixtures("demo_company")
def test_a_persona_without_a_score_says_how_to_give_it_one(monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(one_page(monkeypatch, "personas", BRIGHTWATER, persona="IT"))
    assert "No score says what makes one fit: add fit: to it." in text
    assert "IT has no score: write fit: beside it." in text


def test_a_note_is_kept_by_name_unverified_and_what_was_typed_is_not_lost(
    demo: Session, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    ledger = Ledger.open(demo.company)
    request.addfinalizer(
        lambda: [ledger.withdraw(entry.id, entry.version, by="p-05") for entry in ledger.entries(FieldNote)]
    )
    screen = one_page(monkeypatch, "personas", BRIGHTWATER)
    screen.text_area(key="field_note_words").input("They ask for **prices** ![p](http://x.example)")
    keep = next(button for button in screen.button if button.label == "Keep the note")
    keep.click().run()
    assert "Nobody is named as the one who writes" in read(screen.error[0].value)
    screen.selectbox(key="field_note_by").select_index(0)
    next(button for button in screen.button if button.label == "Keep the note").click().run()
    (entry,) = ledger.entries(FieldNote)
    assert (str(entry.content.on), entry.content.text) == (
        "persona:Head of operations", "They ask for **prices** ![p](http://x.example)",
    )  # fmt: skip
    assert table_of(screen, "text", "who")["who"][0].endswith("(unverified)")
    assert screen.text_area(key="field_note_words").value == ""
    # Corrected, taken back, and put back; the history names each.
    screen.selectbox(key="correct_field_note_entry").select(entry.id).run()
    screen.text_area(key="correct_field_note_text").input("They ask for [prices](http://x.example)")
    screen.selectbox(key="correct_field_note_by").select("p-05")
    for button in ("keep", "withdraw", "keep"):
        screen.button(key=f"correct_field_note_{button}").click().run()
        assert not screen.error
    assert ledger.entry(entry.id).content.text == "They ask for [prices](http://x.example)"
    assert table_of(screen, "did", "before")["did"].tolist() == ["put back", "withdrawn", "corrected", "written"]
    assert not OBEYED.search(markup(screen))


def test_without_personas_the_page_says_how_to_describe_one(
    monkeypatch: pytest.MonkeyPatch, small: SmallCompany
) -> None:
    text = said(one_page(monkeypatch, "personas", small.folder))
    assert "No persona is described yet" in text
    assert "Write them under personas: in a file of definitions/" in text


def test_text_of_a_persona_stays_text(monkeypatch: pytest.MonkeyPatch, small: SmallCompany) -> None:
    hostile = "![p](http://x.example/p.png) <script>alert(1)</script> **b** :red[r]"
    (small.folder / "definitions").mkdir(exist_ok=True)
    score = f"2 * points(title = '{hostile}')"
    text = f'personas:\n  p:\n    label: "{hostile}"\n    description: "{hostile}"\n    fit: "{score}"\n'
    (small.folder / "definitions" / "personas.yaml").write_text(text, encoding="utf-8")
    screen = one_page(monkeypatch, "personas", small.folder)
    assert not OBEYED.search(markup(screen))
    assert hostile in said(screen)
