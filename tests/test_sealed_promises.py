"""What was promised and decided in a sealed month: targets with their numbers, decisions without names."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

import tandem
from alignment.ledger import Action, Adoption, Ledger, Proposal, Verdict, Workshop
from alignment.report.composing import compose
from alignment.restatement import restate
from alignment.sealing import seal_per
from alignment.snapshots import Snapshot, shelf_of
from tests.one_page import one_page, table_of
from tests.sealed_company import MARCH, TODAY, copy_with_march, seal_march, session_of
from tests.small_company import SmallCompany

SHARED = Path(os.environ["TANDEM_VAR"])
AGREEMENT = """\
agreement:
  - from: 2026-01-01
    label: First
    goal: {label: New business, metric: won_revenue, target: 900, per: quarter}
    objectives:
      many: {label: Many leads, metric: leads, target: 4, per: month, team: marketing}
      fairs: {label: Leads of fairs, metric: leads, where: channel = 'fair', target: 3, per: month, team: marketing}
"""

MORE = """\
      trade: {label: T, metric: leads, where: source = 'fair' and channel = 'fair', target: 2, per: month, team: sales}
      found: {label: Leads of search, metric: leads, where: channel = 'search', target: 1, per: month, team: marketing}
    obligations:
      decided: {label: Decided in time, metric: verdict_days, within: 5 days, share: 0.9, team: sales}
"""


@pytest.fixture
def company(own_state: Path, tmp_path: Path) -> SmallCompany:
    """March with leads c3 (of a fair) and c4, and 345.50 euros won; 1,345.50 in the quarter."""
    small = copy_with_march(SHARED, tmp_path / "small", own_state)
    (small.folder / "definitions").mkdir(exist_ok=True)
    small.write("definitions/agreement.yaml", AGREEMENT)
    return small


def resealed(company: SmallCompany) -> Snapshot:
    return seal_march(company, revise="with what was agreed").snapshot


def test_the_targets_of_the_month_stand_beside_its_numbers(company: SmallCompany) -> None:
    rows = {row["metric"]: row for row in resealed(company).frame("targets").iter_rows(named=True)}
    assert rows.keys() == {"leads", "won_revenue"}
    assert (rows["leads"]["target"], rows["leads"]["value"], rows["leads"]["attainment"]) == (4, 2, 0.5)
    # Mondays to Fridays: 22 in January, 20 in February, 22 in March.
    assert rows["won_revenue"]["target"] == pytest.approx(900 * 22 / 64)
    assert rows["won_revenue"]["attainment"] == pytest.approx(345.5 / (900 * 22 / 64))
    assert (rows["won_revenue"]["start"], rows["won_revenue"]["until"]) == (MARCH.start, MARCH.until)


def test_every_promise_stands_in_its_own_period(company: SmallCompany) -> None:
    rows = {row["name"]: row for row in resealed(company).frame("promises").iter_rows(named=True)}
    goal = rows["goal"]
    assert (goal["start"], goal["until"], goal["target"], goal["value"]) == (
        dt.date(2026, 1, 1), dt.date(2026, 4, 1), 900, 1345.5,
    )  # fmt: skip
    assert goal["is_kept"] is True
    assert goal["attainment"] == pytest.approx(1345.5 / 900)
    assert (rows["fairs"]["value"], rows["fairs"]["is_kept"]) == (1, False)
    assert "channel" in rows["fairs"]["condition"]


def test_a_changed_target_is_a_cause_of_its_own(company: SmallCompany) -> None:
    sealed = resealed(company)
    company.replace("definitions/agreement.yaml", "target: 4,", "target: 5,")
    effects = restate(session_of(company), sealed).effects
    assert effects.select("metric", "label", "sealed", "today", "difference", "cause", "effect").rows() == [
        ("target of leads", "Target of Leads", 4, 5, 1, "changed target", 1)
    ]


def test_decisions_of_the_month_are_sealed_without_names_of_contacts(company: SmallCompany) -> None:
    def at(day: dt.date) -> Ledger:
        moment = dt.datetime.combine(day, dt.time(22, 30), dt.UTC)
        return Ledger.open(company.company, clock=lambda: moment)

    march = at(dt.date(2026, 3, 10))
    march.add(Verdict("c3", 1, "rejected", "no_money", "Mary Keller has none"), by="P1")
    march.add(Verdict("c4", 1, "rejected", "no_money"), by="P1")
    march.add(Action("Ask MARY KELLER, or grace@hop.example, about fairs", "P2", dt.date(2026, 4, 1)), by="P1")
    proposal = march.add(Proposal("agreement", "many", "text", "abc", why="Fairs were late."), by="P1")
    march.add(Adoption(proposal.id, "abc", "agreement.yaml"), by="P1")
    march.add(Workshop(dt.date(2026, 3, 12), "Fairs", ("P1",), decisions=("Ida Rhodes decides.",)), by="P1")
    # The clock of the company is one hour ahead: this is April there.
    at(dt.date(2026, 3, 31)).add(Action("Too late", "P2"), by="P1")
    rows = resealed(company).frame("decisions").select("decided_on", "title", "text", "state", "kind").rows()
    day = dt.date(2026, 3, 10)
    told = {(row[0], *row[1:]) for row in rows}
    mark = next(row[2] for row in rows if row[4] == "action").split("or ")[1].split(",")[0]
    assert mark.startswith("address-")
    assert told == {
        (day, "Leads rejected", "2 leads: no_money", "rejected", "verdict"),
        (day, "Action", f"Ask [a contact], or {mark}, about fairs", "open", "action"),
        (day, "Adopted: many", "Fairs were late.", "adopted", "adoption"),
        (dt.date(2026, 3, 12), "Workshop: Fairs", "[a contact] decides.", "decided", "workshop"),
    }


def test_months_sealed_one_by_one_are_restated_one_by_one(company: SmallCompany) -> None:
    sealed = {one.snapshot.manifest.per: one for one in seal_per(session_of(company), MARCH, "channel", today=TODAY)}
    # Only what is promised of fairs alone is promised of this one.
    assert sealed["channel", "fair"].snapshot.frame("targets").select("metric", "target").rows() == [("leads", 3)]
    people = (company.folder / "people.csv").read_text()
    company.write("people.csv", people + "c5,G H,g@mill.example,2026-03-20,fair,Clerk\n")
    company.refresh()
    words = ["restate", "2026-03", "--per", "channel", "--format", "csv", "--company", str(company.folder)]
    result = CliRunner().invoke(tandem.app, words)
    assert result.exit_code == 0, result.output
    leads = [line for line in result.stdout.splitlines() if line.startswith(("fair,leads,", "search,leads,"))]
    assert leads == ["fair,leads,count,1.0,2.0,1.0,late event,1.0"]
    told = CliRunner().invoke(tandem.app, ["restate", "2026-03", "--per", "segment", "--company", str(company.folder)])
    assert told.exit_code != 0
    assert shelf_of(company.company).months() == ["2026-03"]
    assert len(sealed) == 2


def test_what_is_sealed_of_one_part_has_the_promises_about_it_and_says_what_it_leaves_out(
    company: SmallCompany,
) -> None:
    file = company.folder / "definitions" / "agreement.yaml"
    company.write("definitions/agreement.yaml", file.read_text() + MORE)
    moment = dt.datetime(2026, 3, 10, 9, tzinfo=dt.UTC)
    Ledger.open(company.company, clock=lambda: moment).add(Action("Go to more fairs", "P2"), by="P1")
    sealed = {
        one.snapshot.manifest.per: one.snapshot for one in seal_per(session_of(company), MARCH, "channel", today=TODAY)
    }
    fairs = sealed["channel", "fair"]
    rows = fairs.frame("promises").select("name", "target", "value").rows()
    assert [row for row in rows if row[0] != "decided"] == [("fairs", 3, 1), ("trade", 2, 1)]
    assert fairs.frame("decisions")["text"].to_list() == ["Go to more fairs"]
    left_out = fairs.manifest.left_out
    others = "Left out, since promised of all or of others: New business, Many leads, Leads of search."
    assert left_out[0] == others
    assert any(said.startswith("Decided in time is left out: ") for said in left_out)
    assert any(said.startswith("Decisions are those of the whole company") for said in left_out)
    facts = dict(compose(fairs).facts)
    assert facts["Left out"].startswith(others)
    assert resealed(company).manifest.left_out == ()


def test_the_page_shows_what_was_promised_and_decided(company: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = dt.datetime(2026, 3, 10, 9, tzinfo=dt.UTC)
    ledger = Ledger.open(company.company, clock=lambda: moment)
    ledger.add(Action("Go to more fairs", "P2", dt.date(2026, 4, 1)), by="P1")
    resealed(company)
    screen = one_page(monkeypatch, "snapshots", company.folder, snapshot="2026-03")
    shown = table_of(screen, "Promise", "Kept").set_index("Promise")
    assert list(shown.loc["New business", ["Target", "Reached", "Kept"]]) == ["€900", "€1.35\u00a0k", "kept"]
    assert list(shown.loc["Leads of fairs", ["Target", "Reached", "Kept"]]) == ["3", "1", "missed"]
    assert list(table_of(screen, "title", "text")["text"]) == ["Go to more fairs"]
