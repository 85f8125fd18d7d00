"""Verdicts that are entered are counted after the next refresh; entries say so when what they refer to is gone."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest
from typer.testing import CliRunner

import tandem
from alignment.colleagues import people_of
from alignment.gone import gone, listed, told
from alignment.ledger import Action, Comment, ContentRequest, Key, Ledger, Verdict
from alignment.verdicts import deliver_verdicts, uncounted
from data import demo
from data.entered import entered_verdicts
from metrics import OpenCompany, Query, Session
from metrics.health import stale
from tests.one_page import one_page, said, table_of
from tests.small_company import SmallCompany

NOON = dt.datetime(2026, 3, 20, 12, 30, 15, 250_001, tzinfo=dt.UTC)
DECISIONS = "SELECT contact_id, happened_at, person_id, decision, reason FROM lead_decisions ORDER BY ALL"
MERGES = """
  merges:
    - {from: merged, object: "'contact'", old_id: old, new_id: new}
absent:"""


def session(small: SmallCompany) -> Session:
    return OpenCompany(small.company).at()


def opened(small: SmallCompany) -> Ledger:
    return Ledger.open(small.company, clock=lambda: NOON)


def test_a_verdict_is_not_yet_counted_until_the_next_refresh(small: SmallCompany) -> None:
    ledger = opened(small)
    made = ledger.add(Verdict("c2", 1, "rejected", "no budget"), by="P1")
    assert session(small).read(DECISIONS).is_empty()
    assert uncounted(ledger, session(small)) == (made,)
    small.refresh()
    assert session(small).read(DECISIONS).rows() == [("c2", NOON.replace(tzinfo=None), "P1", "rejected", "no budget")]
    assert uncounted(ledger, session(small)) == ()


def test_a_changed_verdict_counts_as_it_was_changed_and_a_withdrawn_one_not_at_all(small: SmallCompany) -> None:
    ledger = opened(small)
    first, second = (ledger.add(Verdict(contact, 1, "accepted"), by="P1") for contact in ("c2", "c3"))
    small.refresh()
    changed = ledger.change(first.id, 1, replace(first.content, decision="recycled", reason="later"), by="P2")
    assert uncounted(ledger, session(small)) == (changed,)
    ledger.withdraw(second.id, 1, by="P1")
    small.refresh()
    assert [row[0::2] for row in session(small).read(DECISIONS).rows()] == [("c2", "P2", "later")]
    ledger.withdraw(changed.id, 2, by="P1")
    assert pl.read_parquet(entered_verdicts(small.company)).is_empty()


def test_a_company_without_verdicts_of_its_own_has_those_that_are_entered(small: SmallCompany) -> None:
    small.replace("sources.yaml", "absent: [", "absent: [lead decisions, ")
    small.replace(
        "stages.yaml",
        "  - {name: customer",
        "  - {name: sal, band: MOFU, owner: sales, means: Taken on., known_by: accepted}\n  - {name: customer",
    )
    small.refresh()
    assert "no lead decisions" in session(small).answer(Query(("sals",))).reasons["sals"]
    opened(small).add(Verdict("c2", 1, "accepted"), by="P1")
    small.refresh()
    answer = session(small).answer(Query(("sals",)))
    assert answer.reasons == {}
    assert answer.number("sals") == 3  # c2 by the verdict, c1 and c3 since they are customers


def test_entered_verdicts_do_not_say_how_far_the_data_reaches(small: SmallCompany) -> None:
    before = small.refresh().through
    opened(small).add(Verdict("c2", 1, "recycled"), by="P1")
    Ledger.open(small.company, clock=lambda: NOON.replace(year=2025)).add(Verdict("c3", 1, "recycled"), by="P1")
    manifest = small.refresh()
    assert manifest.through == before
    assert "entered_verdicts" not in [late.name for late in stale(session(small))]
    assert [(file.name, file.lines, file.loaded) for file in manifest.files][-1] == ("entered_verdicts", 2, 2)


def test_a_verdict_on_a_merged_contact_is_one_on_the_contact_that_stays(small: SmallCompany) -> None:
    ledger = opened(small)
    ledger.add(Verdict("c4", 1, "accepted"), by="P1")
    merge(small, "c4", "c2")
    small.refresh()
    assert session(small).read(DECISIONS)["contact_id"].to_list() == ["c2"]
    assert uncounted(ledger, session(small)) == ()
    assert gone(ledger, session(small)) == ()


def merge(small: SmallCompany, old: str, new: str) -> None:
    small.replace(
        "sources.yaml", "tables:\n", "  merged:\n    path: merged.csv\n    columns: {old: text, new: text}\ntables:\n"
    )
    small.replace("sources.yaml", "\nabsent:", MERGES)
    small.write("merged.csv", f"old,new\n{old},{new}\n")


def test_a_file_that_was_not_delivered_is_before_the_next_refresh(small: SmallCompany) -> None:
    ledger = opened(small)
    ledger.add(Verdict("c2", 1, "accepted"), by="P1")
    entered_verdicts(small.company).unlink()
    deliver_verdicts(small.company)
    assert pl.read_parquet(entered_verdicts(small.company))["contact_id"].to_list() == ["c2"]


@pytest.mark.parametrize("command", ["refresh", "status", "demo"])
def test_every_command_that_refreshes_delivers_the_verdicts_first(
    small: SmallCompany, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(small).add(Verdict("c2", 1, "accepted"), by="P1")
    entered_verdicts(small.company).unlink()
    # What reads must refresh first where there is no data; the demo's command is one about this company here.
    (small.company.state / "CURRENT").unlink()
    monkeypatch.setattr(demo, "FOLDER", small.folder)
    monkeypatch.setattr(demo, "make", lambda *_, **__: None)
    monkeypatch.setenv("TANDEM_COMPANY", str(small.folder))
    ran = CliRunner().invoke(tandem.app, [command])
    assert ran.exit_code == 0, ran.output
    assert session(small).read(DECISIONS).height == 1


def test_a_company_without_a_ledger_gets_none_by_a_refresh(small: SmallCompany) -> None:
    deliver_verdicts(small.company)
    assert not list(small.company.state.glob("ledger*"))
    assert not entered_verdicts(small.company).exists()


def test_entries_say_when_what_they_refer_to_is_gone(small: SmallCompany) -> None:
    ledger = opened(small)
    verdict = ledger.add(Verdict("c4", 1, "accepted"), by="P1")
    action = ledger.add(Action("Call", "P9", on=Key("deal", "d1")), by="P1")
    request = ledger.add(ContentRequest("CIO", "TOFU", "A guide"), by="P1")
    ledger.add(Comment(Key("entry", str(request.id)), "Yes"), by="P1")
    # Nobody has this persona, and none is described.
    nobody = [(action, Key("person", "P9")), (request, Key("persona", "CIO"))]
    assert [(one.entry, one.key) for one in gone(ledger, session(small))] == nobody
    text = (small.folder / "people.csv").read_text(encoding="utf-8")
    small.write("people.csv", "".join(line for line in text.splitlines(True) if not line.startswith("c4")))
    small.refresh()
    assert [(one.entry, one.key) for one in gone(ledger, session(small))] == [
        (verdict, Key("contact", "c4")),
        *nobody,
    ]
    ran = CliRunner().invoke(tandem.app, ["ledger", "check", "--company", str(small.folder)])
    assert [one.entry for one in gone(ledger, session(small), Verdict)] == [verdict]
    assert ran.stdout.splitlines() == [
        "Entry 1 (verdict of P1, 2026-03-20): contact c4 is no longer in the data.",
        "Entry 2 (action of P1, 2026-03-20): person P9 is no longer in the data.",
        "Entry 3 (content request of P1, 2026-03-20): persona CIO is no longer in the data.",
    ]
    found = gone(ledger, session(small))
    assert told(found[:1], people_of(session(small))) == (
        "One record here is about what the data no longer has: lead …4 (by P1, 2026-03-20). Data health lists them all."
    )
    assert told([], people_of(session(small))) == ""
    assert listed(found, people_of(session(small)))["about"].to_list() == ["lead …4", "colleague P9", "persona CIO"]


def test_pages_tell_what_of_their_records_is_gone(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    Ledger.open(small.company).add(Verdict("c99", 1, "accepted"), by="P1")
    screen = one_page(monkeypatch, "handoff", small.folder)
    assert "One record here is about what the data no longer has: lead …9 (by " in said(screen)
    screen = one_page(monkeypatch, "data_health", small.folder)
    assert table_of(screen, "record", "about")["about"].tolist() == ["lead …9"]
    assert "Which records are about what is gone?" in said(screen)


def test_what_was_merged_away_and_then_lost_is_told_with_its_last_key(small: SmallCompany) -> None:
    ledger = opened(small)
    ledger.add(Verdict("c9", 1, "accepted"), by="P1")
    merge(small, "c9", "c10")
    small.refresh()
    (one,) = gone(ledger, session(small))
    assert (one.key, one.merged_into) == (Key("contact", "c9"), "c10")
    assert str(one).endswith("contact c9 is no longer in the data, merged into c10, which is not there either.")
