"""The ledger comes back from a backup as it was, from either database into either, and grows up from older tables."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

import tandem
from alignment.ledger import Comment, Content, Export, Key, Ledger, Verdict
from alignment.ledger.copies import back_up, restore
from alignment.ledger.database import MIGRATIONS, Database, database
from alignment.ledger.schema import HEAD, TABLES
from data.company import Company
from data.errors import LedgerFailed
from tests.small_company import SmallCompany
from tests.test_ledger import EVERY_KIND

# What a database says that refuses a change: an integrity error in SQLite, an exception of its own in PostgreSQL.
REFUSED = (DBAPIError, LedgerFailed)
NOON = dt.datetime(2026, 11, 15, 12, 0, 0, 123456, tzinfo=dt.UTC)


def filled(company: Company) -> Ledger:
    """A ledger with an entry of every kind, one of them changed and one withdrawn."""
    ledger = Ledger.open(company, clock=lambda: NOON)
    made = [ledger.add(content, by="P1") for content in EVERY_KIND]
    ledger.change(made[0].id, 1, replace(EVERY_KIND[0], words="again"), by="P2")  # type: ignore[call-arg]  # the verdict
    ledger.withdraw(made[2].id, 1, by="P3")
    return ledger


def everything(ledger: Ledger) -> list[object]:
    entries = ledger.entries(Content, withdrawn=True)
    return [(entry, ledger.history(entry.id)) for entry in entries]


@pytest.mark.parametrize("into", ["sqlite", "postgresql"])
def test_a_backup_restores_to_what_was_there(
    ledger_company: Company, into: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = filled(ledger_company)
    assert back_up(ledger, tmp_path / "ledger.jsonl") == len(EVERY_KIND)
    monkeypatch.delenv("TANDEM_LEDGER", raising=False)
    if into == "postgresql":
        monkeypatch.setenv("TANDEM_LEDGER", request.getfixturevalue("postgresql"))
    other = Ledger.open(replace(ledger_company, id=ledger_company.id + "b"), clock=lambda: NOON)
    assert restore(other, tmp_path / "ledger.jsonl") == (len(EVERY_KIND), None)
    assert everything(other) == everything(ledger)
    assert other.entries(Verdict, Key("contact", "C-17")) == ledger.entries(Verdict, Key("contact", "C-17"))
    # It goes on from there: the next id is free, a place that is taken stays taken, history stays what it is.
    assert other.add(Comment(Key("deal", "D-2"), "Next"), by="P1").id == len(EVERY_KIND) + 1
    with pytest.raises(REFUSED, match="only added to"), other.database.writing() as connection:
        connection.execute(sa.text("DELETE FROM changes"))


def test_a_ledger_that_holds_something_is_replaced_only_when_told(ledger_company: Company, tmp_path: Path) -> None:
    ledger = filled(ledger_company)
    before = everything(ledger)
    back_up(ledger, tmp_path / "first.jsonl")
    ledger.add(Comment(Key("deal", "D-9"), "Later"), by="P1")
    later = everything(ledger)
    with pytest.raises(LedgerFailed, match=r"is not empty, so .* was not restored"):
        restore(ledger, tmp_path / "first.jsonl")
    assert everything(ledger) == later
    _, kept = restore(ledger, tmp_path / "first.jsonl", replace=True)
    assert everything(ledger) == before
    assert kept is not None
    restore(ledger, kept, replace=True)
    assert everything(ledger) == later


@pytest.mark.parametrize("harm", ["cut", "changed", "other", "missing"])
def test_a_backup_that_is_not_whole_restores_nothing(own_state: Path, harm: str, tmp_path: Path) -> None:
    ledger, file = filled(Company(own_state, "x", "X", "EUR", "UTC")), tmp_path / "ledger.jsonl"
    before = everything(ledger)
    back_up(ledger, file)
    text = file.read_text(encoding="utf-8")
    if harm == "cut":
        file.write_text("\n".join(text.splitlines()[:-2]), encoding="utf-8")
    elif harm == "changed":
        file.write_text(text.replace("no budget", "a budget"), encoding="utf-8")
    elif harm == "other":
        file.write_text("id,kind\n1,verdict\n", encoding="utf-8")
    else:
        file.unlink()
    with pytest.raises(LedgerFailed, match="Nothing was restored"):
        restore(ledger, file, replace=True)
    assert everything(ledger) == before


def test_a_backup_overwrites_nothing_and_is_its_owners_alone(own_state: Path, tmp_path: Path) -> None:
    ledger, file = filled(Company(own_state, "x", "X", "EUR", "UTC")), tmp_path / "ledger.jsonl"
    back_up(ledger, file)
    assert oct(file.stat().st_mode)[-3:] == "600"
    with pytest.raises(LedgerFailed, match="exists already"):
        back_up(ledger, file)


# -- tables that grow up ---------------------------------------------------------------------------------------------


def revision(found: Database) -> str:
    with found.reading() as connection:
        return str(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one())


def test_the_newest_migration_is_the_one_that_is_asked_for() -> None:
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(settings).get_current_head() == HEAD


def test_the_oldest_tables_are_brought_up_to_date_with_their_rows(ledger_company: Company) -> None:
    made = database(ledger_company)
    if made.is_sqlite:
        apart = Database(made.url.set(database=f"{made.url.database}.old"), None)
    else:
        apart = Database(made.url, f"{made.schema}_old")
    apart.migrate("0001")
    assert revision(apart) == "0001"
    ledger = Ledger(ledger_company, apart, lambda: NOON)
    kept = ledger.add(EVERY_KIND[1], by="P1")
    apart.migrate()
    assert revision(apart) == HEAD
    assert ledger.entries(Content) == (kept,)
    with pytest.raises(REFUSED, match="only added to"), apart.writing() as connection:
        connection.execute(sa.text("UPDATE changes SET person_id = 'P9'"))


def test_the_tables_are_those_that_the_code_reads(ledger_company: Company) -> None:
    with database(ledger_company).reading() as connection:
        for table in TABLES:
            there = {column["name"]: column["nullable"] for column in sa.inspect(connection).get_columns(table.name)}
            assert there == {column.name: column.nullable for column in table.columns}


def test_a_ledger_of_a_newer_version_is_left_alone(ledger_company: Company) -> None:
    made = database(ledger_company)
    with made.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerFailed, match=r"was written by a newer version of Tandem .* Update Tandem"):
        made.migrate()


def test_an_entry_of_a_newer_version_is_told(ledger_company: Company) -> None:
    ledger = Ledger.open(ledger_company)
    ledger.add(Comment(Key("deal", "1"), "x"), by="P1")
    with ledger.database.writing() as connection:
        connection.execute(sa.text("UPDATE entries SET kind = 'song'"))
    with pytest.raises(LedgerFailed, match="Entry 1 of the ledger is of a kind 'song' that this version"):
        ledger.entries(Content)


# -- the command line ------------------------------------------------------------------------------------------------


def run(*words: str, status: int = 0) -> str:
    ran = CliRunner().invoke(tandem.app, ["ledger", *words])
    assert ran.exit_code == status, ran.output
    return ran.stdout


def test_the_command_line_exports_backs_up_and_restores(small: SmallCompany, tmp_path: Path) -> None:
    ledger, folder = filled(small.company), str(small.folder)
    rows = json.loads(run("export", "--json", "--company", folder))["rows"]
    assert [row["kind"] for row in rows] == [content.name for content in EVERY_KIND]
    assert [row["id"] for row in rows if row["withdrawn"]] == [3]
    table = list(
        csv.DictReader(io.StringIO(run("export", "--kind", "verdict", "--format", "csv", "--company", folder)))
    )
    assert [(row["contact_id"], row["reason"], row["words"], row["verified"]) for row in table] == [
        ("C-17", "no budget", "again", "unverified")
    ]
    history = list(csv.DictReader(io.StringIO(run("export", "--history", "--format", "csv", "--company", folder))))
    assert len(history) == len(EVERY_KIND) + 2
    assert json.loads(history[1]["before"])["words"] == "asked twice"
    run("backup", str(tmp_path / "b.jsonl"), "--company", folder)
    refused = CliRunner().invoke(tandem.app, ["ledger", "restore", str(tmp_path / "b.jsonl"), "--company", folder])
    assert isinstance(refused.exception, LedgerFailed)
    before = everything(ledger)
    run("restore", str(tmp_path / "b.jsonl"), "--replace", "--company", folder)
    assert everything(ledger) == before


def test_an_export_to_a_spreadsheet_holds_no_formula(small: SmallCompany) -> None:
    Ledger.open(small.company).add(Export("=HYPERLINK(1)", "@x", "+1"), by="-P1")
    (row,) = csv.DictReader(
        io.StringIO(run("export", "--kind", "export", "--format", "csv", "--company", str(small.folder)))
    )
    assert (row["what"], row["form"], row["source"], row["added_by"]) == ("'=HYPERLINK(1)", "'@x", "'+1", "'-P1")
