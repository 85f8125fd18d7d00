"""The command that writes the reports of sealed months into files. Seals nothing and makes no report itself."""

from __future__ import annotations

import getpass
import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from alignment.months import month_of
from alignment.report import FORMATS, file_name, logged
from alignment.snapshots import Snapshot, shelves_of
from data.commands import CompanyOption
from data.company import Company, company_folder, read_company
from data.errors import InvalidQuestion, NotExported, did_you_mean

__all__ = ["mount", "write_whole"]


def mount(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("export")(export_command)


def export_command(
    month: Annotated[str, typer.Argument(help="A sealed month, such as 2026-10.")],
    form: Annotated[
        str, typer.Option("--format", help=f"One or more of {', '.join(FORMATS)}, with commas between.")
    ] = (",".join(FORMATS)),
    to: Annotated[
        Path | None, typer.Option("--to", help="The folder to write into. Default: exports/ in the company's state.")
    ] = None,
    revision: Annotated[int | None, typer.Option("--revision", help="Default: the latest.")] = None,
    per: Annotated[
        str | None, typer.Option("--per", help="One report per value of this dimension, of those that are sealed.")
    ] = None,
    company: CompanyOption = None,
) -> None:
    """Write the report of a sealed month. Each file is whole or not there, and is in the ledger's log of exports."""
    opened, forms = read_company(company_folder(company)), _forms(form)
    month_of(month)
    folder = to or opened.state / "exports"
    for shelf in shelves_of(opened, month, per):
        snapshot = shelf.open(month, revision)
        for one in forms:
            typer.echo(str(_write(opened, snapshot, one, folder)))


def _forms(written: str) -> list[str]:
    forms = list(dict.fromkeys(form.strip().lower() for form in written.split(",") if form.strip()))
    for form in forms or [written]:
        if form not in FORMATS:
            raise InvalidQuestion(f"There is no format '{form}'. {did_you_mean(form, FORMATS)}")
    return forms


def _write(company: Company, snapshot: Snapshot, form: str, folder: Path) -> Path:
    file = folder / file_name(snapshot, form)
    write_whole(file, logged(company, snapshot, form, str(file.absolute()), getpass.getuser()))
    return file


def write_whole(file: Path, content: bytes) -> None:
    """Write beside the place, flush, and rename: a reader sees the old file or the new one. Raises NotExported."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as stream:
            building = Path(stream.name)
            try:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
                building.chmod(0o644)
                building.replace(file)
            except BaseException:  # an interrupt too leaves no half a report
                building.unlink(missing_ok=True)
                raise
    except OSError as error:
        place, why = error.filename or file, (error.strerror or str(error)).lower()
        raise NotExported(
            f"{place}: {why}. The report was not written. See to it that Tandem may write there."
        ) from error
