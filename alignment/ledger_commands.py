"""The commands of the ledger: export, backup, restore and check. The shell that mounts them prints errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from alignment.gone import gone
from alignment.ledger import Ledger
from alignment.ledger.copies import back_up, restore
from alignment.ledger.exports import exported, exported_history, flat
from data.commands import CompanyOption, Format, FormatOption, JsonOption, chosen_format, print_frame, stderr
from data.company import company_folder, read_company
from metrics import open_company

__all__ = ["mount"]

KindOption = Annotated[str | None, typer.Option("--kind", help="One kind of entry only, such as verdict.")]
HistoryOption = Annotated[bool, typer.Option("--history", help="Every change, with what was before and after.")]
ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="Also where the ledger holds something, which is backed up first.")
]


def mount(app: typer.Typer) -> None:
    """Add `ledger` and its commands to the command line."""
    group = typer.Typer(no_args_is_help=True, help="What people typed: export, back up, restore, check.")
    group.command("export")(export_command)
    group.command("backup")(backup_command)
    group.command("restore")(restore_command)
    group.command("check")(check_command)
    app.add_typer(group, name="ledger")


def export_command(
    kind: KindOption = None,
    history: HistoryOption = False,
    company: CompanyOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print all entries, or those of one kind with a column per field; withdrawn ones too, and they say so."""
    ledger = _ledger(company)
    rows = exported_history(ledger, kind) if history else exported(ledger, kind)
    shown = chosen_format(form, as_json)
    if shown is Format.json:
        typer.echo(json.dumps({"rows": rows}, ensure_ascii=False))
        return
    print_frame(pl.DataFrame(flat(rows, spread=kind is not None), infer_schema_length=None), shown)


def backup_command(
    file: Annotated[Path, typer.Argument(help="The file to write; there must be none yet.")],
    company: CompanyOption = None,
) -> None:
    """Write the whole ledger, its history too, to one file."""
    count = back_up(_ledger(company), file)
    _say(f"{count:,} entries and their history are in {file}.")


def restore_command(
    file: Annotated[Path, typer.Argument(help="A file that ledger backup wrote.")],
    replace: ReplaceOption = False,
    company: CompanyOption = None,
) -> None:
    """Put a backup into the ledger, from SQLite or PostgreSQL into either."""
    ledger = _ledger(company)
    count, before = restore(ledger, file, replace=replace)
    _say(f"{count:,} entries and their history are in {ledger.database}.")
    if before is not None:
        _say(f"What stood there before is in {before}.")


def check_command(company: CompanyOption = None) -> None:
    """Say which entries refer to what the data no longer has. Nothing on standard output means none."""
    session = open_company(company).at()
    found = gone(Ledger.open(session.company), session)
    for one in found:
        typer.echo(str(one))
    _say(f"{len(found):,} references to what is gone.")


def _ledger(company: str | None) -> Ledger:
    return Ledger.open(read_company(company_folder(company)))


def _say(sentence: str) -> None:
    stderr.print(sentence, markup=False, soft_wrap=True)
