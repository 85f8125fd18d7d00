"""Proposals: whoever made them, both teams sign the same text, and it then stands in the file as it was signed."""

from __future__ import annotations

import datetime as dt
import difflib
import re
import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

import tandem
from alignment import adopting
from alignment.adopting import adopt
from alignment.ledger import Adoption, Ledger, Proposal, Signature
from alignment.proposals import change, comment, proposal, proposals, propose, sign, take_back, withdraw
from alignment.proposed_versions import draft_agreement, draft_rule
from data.errors import ChangedMeanwhile, InvalidEntry, InvalidFiles, Problems, TandemError
from data.stages import read_stages
from metrics import Session
from metrics.loading import load_definitions
from tests.conftest import PROJECT
from tests.ruled_company import (
    MARKETING,
    OTHER_MARKETING,
    OTHER_SALES,
    PARTNER,
    SALES,
    STRICTER,
    ruled_company,
    signed_rule,
)

AT = dt.datetime(2026, 11, 15, 23, 30, tzinfo=dt.UTC)
DAY = dt.date(2027, 1, 1)
# With its ledger in SQLite, and in PostgreSQL.
BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest, own_state: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own. SQLite keeps the ledger, unless the test asks for PostgreSQL."""
    if getattr(request, "param", "sqlite") == "postgresql":
        monkeypatch.setenv("TANDEM_LEDGER", request.getfixturevalue("postgresql"))
    return own_state


@pytest.fixture
def session(demo: Session, tmp_path: Path, database: Path) -> Session:
    assert not database.exists()
    return ruled_company(demo, tmp_path / "company")


@pytest.fixture
def ledger(session: Session) -> Ledger:
    return Ledger.open(session.company, clock=lambda: AT)


def added_lines(before: str, after: str) -> list[str]:
    diff = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
    assert [line for line in diff if line[0] == "-"] == []
    return [line[2:] for line in diff]


class TestWhoMaySign:
    def test_two_people_of_one_team_cannot_adopt(self, ledger: Ledger, session: Session) -> None:
        made = propose(ledger, session, "rule", "mql_rule", STRICTER, by=OTHER_SALES)
        sign(ledger, session, made, by=SALES)
        with pytest.raises(InvalidEntry, match="Sales has signed proposal 1 already, by"):
            sign(ledger, session, made, by=OTHER_SALES)
        before = (session.company.folder / "stages.yaml").read_bytes()
        with pytest.raises(InvalidEntry, match=r"is not signed by marketing\. Somebody of marketing signs it"):
            adopt(ledger, session, made.id, by=SALES)
        assert (session.company.folder / "stages.yaml").read_bytes() == before
        assert ledger.entries(Adoption) == ()

    def test_nobody_and_people_of_neither_team_sign_nothing(self, ledger: Ledger, session: Session) -> None:
        made = propose(ledger, session, "rule", "mql_rule", STRICTER, by=MARKETING)
        with pytest.raises(InvalidEntry, match=r"'p-1' is nobody of people\. Did you mean"):
            sign(ledger, session, made, by="p-1")
        with pytest.raises(InvalidEntry, match="Choose a name"):
            sign(ledger, session, made, by=" ")
        with pytest.raises(InvalidEntry, match="Stefan Ruoss is of team 'partner' in people"):
            sign(ledger, session, made, by=PARTNER)
        with pytest.raises(InvalidEntry, match="is of team 'partner'"):
            propose(ledger, session, "rule", "mql_rule", STRICTER, by=PARTNER)
        # Everybody may say something.
        comment(ledger, session, made.id, "Too strict", by=PARTNER)
        assert [one.content.text for one in proposal(ledger, made.id).comments] == ["Too strict"]
        assert ledger.entries(Signature) == ()

    def test_a_signature_is_taken_back_by_who_gave_it_until_the_proposal_is_adopted(
        self, ledger: Ledger, session: Session
    ) -> None:
        entry_id = signed_rule(ledger, session)
        read = proposal(ledger, entry_id).entry
        with pytest.raises(InvalidEntry, match="has not signed proposal 1 as it is"):
            take_back(ledger, session, read, by=OTHER_SALES)
        take_back(ledger, session, read, by=SALES)
        assert proposal(ledger, entry_id).lacks == ("sales",)
        with pytest.raises(InvalidEntry, match="is not signed by sales"):
            adopt(ledger, session, entry_id, by=SALES)
        sign(ledger, session, read, by=OTHER_SALES)
        adopt(ledger, session, entry_id, by=SALES)
        with pytest.raises(InvalidEntry, match="is adopted"):
            take_back(ledger, session, read, by=MARKETING)

    def test_only_who_made_it_withdraws_it_and_then_nobody_signs(self, ledger: Ledger, session: Session) -> None:
        made = propose(ledger, session, "rule", "mql_rule", STRICTER, by=MARKETING)
        with pytest.raises(InvalidEntry, match="who alone can withdraw it"):
            withdraw(ledger, session, made, by=SALES)
        withdraw(ledger, session, made, by=MARKETING)
        assert proposals(ledger) == ()
        assert [one.state for one in proposals(ledger, withdrawn=True)] == ["withdrawn"]
        for act in (sign, withdraw):
            with pytest.raises(ChangedMeanwhile):
                act(ledger, session, made, by=MARKETING)
        with pytest.raises(InvalidEntry, match="is withdrawn"):
            sign(ledger, session, proposal(ledger, made.id).entry, by=SALES)
        with pytest.raises(InvalidEntry, match="is withdrawn"):
            adopt(ledger, session, made.id, by=SALES)


class TestTheTextThatIsSigned:
    def test_a_changed_text_has_no_signatures(self, ledger: Ledger, session: Session) -> None:
        entry_id = signed_rule(ledger, session)
        read = proposal(ledger, entry_id)
        assert read.state == "signed"
        changed = change(ledger, session, read.entry, STRICTER + "label: Stricter\n", by=SALES)
        found = proposal(ledger, entry_id)
        assert (found.state, found.lacks, len(found.void)) == ("open", ("marketing", "sales"), 2)
        with pytest.raises(InvalidEntry, match=r"not signed by marketing and sales\. Signatures on an earlier text"):
            adopt(ledger, session, entry_id, by=SALES)
        with pytest.raises(ChangedMeanwhile):
            sign(ledger, session, read.entry, by=SALES)
        # The former text once more is what was signed: its signatures count again.
        change(ledger, session, changed, STRICTER, by=MARKETING)
        assert proposal(ledger, entry_id).state == "signed"

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            (
                "from: 2027-01-01\nwhen: form >= 1\n",
                "the proposal:2:7: rules.mql_rule: unknown fact 'form'. Did you mean",
            ),
            (
                "from: 2027-01-01\nwen: forms >= 1\n",
                "the proposal:2:1: rules.mql_rule: unknown key 'wen'. Did you mean",
            ),
            ("from: 2027-01-01\nwhen: [forms\n", "the proposal:3:1: not valid YAML"),
            ("from: 2026-01-01\nwhen: forms >= 3\n", "stages.yaml has a version from 2026-01-01 already."),
            ("from: 2024-06-01\nwhen: forms >= 3\n", "would stand before all others. The first begins on 2025-01-01."),
            ("from: 2027-01-01\nwhen: interest >= 10\n", "says the same as the version that it would follow"),
            ("from: 2027-01-01\nwhen: (10*forms + visits) >= 10\n", "the same as the version that it would follow"),
            ("from: soon\nwhen: forms >= 3\n", "begins with the day from which on it holds"),
            ("forms >= 3", "A version is a mapping of keys"),
            (STRICTER + "agreed: {sales: 2026-01-01}\n", "Leave out the key 'agreed'"),
            (STRICTER + "- from: 2027-02-01\n  when: forms >= 9\n", "not valid YAML"),
        ],
    )
    def test_what_the_file_could_not_hold_is_not_proposed(
        self, ledger: Ledger, session: Session, text: str, sentence: str
    ) -> None:
        with pytest.raises((InvalidFiles, InvalidEntry)) as refused:
            propose(ledger, session, "rule", "mql_rule", text, by=MARKETING)
        assert sentence in str(refused.value)
        assert ledger.entries(Proposal) == ()

    def test_an_unknown_rule_and_an_unknown_promise_have_a_nearest_name(self, ledger: Ledger, session: Session) -> None:
        with pytest.raises(InvalidEntry, match=r"stages.yaml has no rule 'mql_rul'\. Did you mean 'mql_rule'"):
            propose(ledger, session, "rule", "mql_rul", STRICTER, by=MARKETING)
        with pytest.raises(InvalidEntry, match=r"nothing called 'qualified_lead'\. Did you mean 'qualified_leads'"):
            draft_agreement(session.company, DAY, {"qualified_lead": 5})

    def test_a_score_that_was_changed_since_is_told(self, ledger: Ledger, session: Session) -> None:
        entry_id = signed_rule(ledger, session)
        file = session.company.folder / "stages.yaml"
        file.write_text(file.read_text().replace("10 * forms", "9 * forms"))
        before = file.read_bytes()
        with pytest.raises(InvalidEntry, match=r"no longer fits: stages\.yaml says something else by now"):
            adopt(ledger, session, entry_id, by=SALES)
        assert file.read_bytes() == before


class TestAdopting:
    def test_the_rule_is_written_with_its_signatures_and_all_else_stays(self, ledger: Ledger, session: Session) -> None:
        file = session.company.folder / "stages.yaml"
        before = file.read_text()
        entry_id = signed_rule(ledger, session, draft_rule(DAY, "interest >= 20", "Stricter: twice"))
        done = adopt(ledger, session, entry_id, by=SALES)
        # 23:30 UTC is the next day in Berlin.
        assert added_lines(before, file.read_text()) == [
            "    - from: 2027-01-01",
            "      agreed: {marketing: 2026-11-16, sales: 2026-11-16}",
            "      when: interest >= 20",
            '      label: "Stricter: twice"',
        ]
        problems = Problems()
        versions = read_stages(session.company, problems).book.rules["mql_rule"]
        assert problems.found == []
        assert versions[-1].agreed == {"marketing": dt.date(2026, 11, 16), "sales": dt.date(2026, 11, 16)}
        assert done.entry.content.fingerprint == versions[-1].fingerprint
        assert proposal(ledger, entry_id).state == "adopted"

    def test_a_target_is_written_as_a_whole_version_signed_by_name(self, ledger: Ledger, session: Session) -> None:
        file = session.company.folder / "definitions" / "agreement.yaml"
        before, agreed = file.read_text(), session.definitions.agreement.versions[-1]
        names = {one.name: one.target for one in agreed.objectives}
        text = draft_agreement(session.company, DAY, {"qualified_leads": 77, "first_touch": 0.95}, "More", "Why: so.")
        made = propose(ledger, session, "agreement", "agreement", text, by=SALES)
        for person in (MARKETING, SALES):
            sign(ledger, session, made, by=person)
        adopt(ledger, session, made.id, by=MARKETING)
        lines = added_lines(before, file.read_text())
        assert lines[:4] == [
            "  - from: 2027-01-01",
            "    agreed: {marketing: {on: 2026-11-16, person: \"p-01\"}, sales: {on: 2026-11-16, person: \"p-04\"}}",
            "    label: More",
            '    description: "Why: so."',
        ]  # fmt: skip
        after = load_definitions(session.company, session.definitions.tables).agreement
        assert after.versions[:-1] == session.definitions.agreement.versions
        new = after.versions[-1]
        assert {one.name: one.target for one in new.objectives} == {**names, "qualified_leads": 77.0}
        assert {one.name: one.share for one in new.obligations}["first_touch"] == 0.95
        assert (new.protocol, new.lead_values, new.reasons) == (agreed.protocol, agreed.lead_values, agreed.reasons)

    @BOTH
    def test_of_two_who_adopt_at_once_one_wins_and_the_other_is_told(self, ledger: Ledger, session: Session) -> None:
        entry_id = signed_rule(ledger, session)

        def adopted(person: str) -> str:
            try:
                adopt(ledger, session, entry_id, by=person)
            except TandemError as error:
                return str(error)
            return "wrote it"

        with ThreadPoolExecutor(4) as pool:
            told = sorted(pool.map(adopted, [MARKETING, SALES, OTHER_MARKETING, OTHER_SALES]))
        assert told[-1] == "wrote it"
        assert all(one.startswith("Proposal 1 was adopted by p-0") for one in told[:-1])
        assert (session.company.folder / "stages.yaml").read_text().count("from: 2027-01-01") == 1
        assert len(ledger.entries(Adoption)) == 1

    def test_without_the_right_to_write_nothing_is_recorded_and_the_text_is_told(
        self, ledger: Ledger, session: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        entry_id = signed_rule(ledger, session)

        def refuse(*_: object) -> None:
            raise PermissionError(13, "Permission denied")

        with monkeypatch.context() as patch:
            patch.setattr(adopting, "replace_file", refuse)
            with pytest.raises(InvalidEntry) as refused:
                adopt(ledger, session, entry_id, by=SALES)
        said = str(refused.value)
        assert "stages.yaml cannot be written (permission denied); nothing was changed." in said
        assert f"python tandem.py adopt {entry_id}" in said
        assert "under rules.mql_rule" in said
        pasted = said[said.index("from: 2027") :]
        assert proposal(ledger, entry_id).state == "signed"
        # Somebody pastes it: adopting records what stands there, and writes it no second time.
        file = session.company.folder / "stages.yaml"
        indented = "".join(f"      {line}\n" for line in pasted.splitlines())
        file.write_text(f"{file.read_text()}    -{indented[5:]}")
        before = file.read_bytes()
        done = adopt(ledger, session, entry_id, by=SALES)
        assert done.was_there
        assert file.read_bytes() == before
        assert proposal(ledger, entry_id).state == "adopted"

    def test_what_is_adopted_is_neither_changed_nor_withdrawn_nor_signed(
        self, ledger: Ledger, session: Session
    ) -> None:
        entry_id = signed_rule(ledger, session)
        adopt(ledger, session, entry_id, by=SALES)
        read = proposal(ledger, entry_id).entry
        text = "from: 2027-06-01\nwhen: interest >= 30\n"
        with pytest.raises(InvalidEntry, match="is adopted"):
            change(ledger, session, read, text, by=MARKETING)
        with pytest.raises(InvalidEntry, match="is adopted"):
            withdraw(ledger, session, read, by=MARKETING)
        with pytest.raises(InvalidEntry, match="is adopted"):
            sign(ledger, session, read, by=OTHER_SALES)
        assert proposal(ledger, entry_id).entry == read
        # A second one about the same day finds it taken.
        with pytest.raises(InvalidEntry, match="a version from 2027-01-01 already"):
            propose(ledger, session, "rule", "mql_rule", "from: 2027-01-01\nwhen: forms >= 4\n", by=SALES)


@BOTH
def test_the_commands_of_the_documentation_lead_from_a_proposal_to_the_file(
    session: Session, own_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_state.mkdir(exist_ok=True)
    # Not what other tests have typed.
    unwritten = shutil.ignore_patterns("ledger*")
    shutil.copytree(session.generation.model.parents[2], own_state / session.company.id, ignore=unwritten)
    folder = session.company.folder
    monkeypatch.setenv("TANDEM_COMPANY", str(folder))
    text = (PROJECT / "docs" / "ledger.md").read_text(encoding="utf-8")
    block = re.search(r"```sh\n(python tandem.py propose.*?)```", text, re.DOTALL)
    assert block is not None
    said = []
    for line in block[1].splitlines():
        result = CliRunner().invoke(tandem.app, shlex.split(line)[2:], env={"COLUMNS": "200"})
        assert result.exit_code == 0, (line, result.output, result.exception)
        said.append(result.output)
    whole = "\n".join(said)
    assert "Proposal 1, unverified: mql_rule from 2027-01-01." in said[0]
    assert "Proposal 2, unverified: agreement from 2027-01-01." in whole
    assert "Small companies are lost by it." in whole
    assert "marketing has yet to sign" in whole
    assert "is written into" in said[-1]
    assert "counts after: python tandem.py refresh" in said[-1]
    assert "- from: 2027-01-01\n      agreed:" in (folder / "stages.yaml").read_text(encoding="utf-8")
    checked = CliRunner().invoke(tandem.app, ["check"])
    assert checked.exit_code == 0, checked.output
    assert "all files are right" in checked.output
    again = CliRunner().invoke(tandem.app, ["adopt", "1"])
    assert isinstance(again.exception, InvalidEntry)
    assert "was adopted by shell" in str(again.exception)
