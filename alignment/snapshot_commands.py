"""The commands of sealed months: snapshot, verify and restate. Seals nothing itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from alignment.months import due_month, last_month, month_of, name_of, today_in
from alignment.restatement import Restatement, carried, restate
from alignment.sealing import Sealed, seal_month, seal_per
from alignment.snapshots import Shelf, shelf_of, shelves_of, shelves_per
from alignment.verification import verify
from data.calendar import Period
from data.commands import (
    CompanyOption,
    FormatOption,
    JsonOption,
    chosen_format,
    print_frame,
    progress_on_stderr,
    stderr,
)  # fmt: skip
from data.company import Company, company_folder, read_company
from data.errors import InvalidQuestion, NotSealed
from metrics.commands import ready_session

__all__ = ["mount"]

PerOption = Annotated[
    str | None, typer.Option("--per", help="One snapshot per value of this dimension, such as region.")
]


def mount(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("snapshot")(snapshot_command)
    app.command("verify")(verify_command)
    app.command("restate")(restate_command)


def snapshot_command(
    month: Annotated[str | None, typer.Argument(help="Such as 2026-10. Default: the last month that is over.")] = None,
    commentary: Annotated[
        str, typer.Option("--commentary", help="What to say about the month: a text, or a file that holds it.")
    ] = "",
    revise: Annotated[
        str | None, typer.Option("--revise", help="Seal a further revision of a sealed month, and say why.")
    ] = None,
    per: PerOption = None,
    if_due: Annotated[
        bool, typer.Option("--if-due", help="Only from the company's close_day on; for a daily cron job.")
    ] = False,
    company: CompanyOption = None,
) -> None:
    """Seal a month: its numbers, what they rest on and what is said about it. A sealed month never changes."""
    opened = read_company(company_folder(company))
    wanted = _wanted(opened, month, if_due)
    if wanted is None:
        typer.echo(f"Nothing is due: {opened.name} closes a month on day {opened.close_day} of the next one.")
        return
    name = name_of(wanted)
    if if_due and per is None and revise is None and shelf_of(opened).revisions(name):
        typer.echo(f"{name} is sealed already: nothing was written.")
        return
    session, said = ready_session(company), _text_of(commentary)
    with progress_on_stderr() as progress:
        if per is None:
            sealed = [seal_month(session, wanted, said, revise, progress=progress, carried=carried)]
        else:
            sealed = seal_per(session, wanted, per, said, revise, progress, carried=carried)
    for one in sealed:
        typer.echo(_told(one))


def _wanted(company: Company, month: str | None, if_due: bool) -> Period | None:
    if month is not None:
        if if_due:
            raise InvalidQuestion("--if-due says itself which month is due: leave the month out.")
        return month_of(month)
    today = today_in(company)
    return due_month(company, today) if if_due else last_month(today)


def _text_of(commentary: str) -> str:
    """The text, or what is in the file of that name."""
    try:
        file = Path(commentary)
        return file.read_text(encoding="utf-8") if commentary and file.is_file() else commentary
    except OSError:  # a text that is too long for a name of a file
        return commentary
    except UnicodeDecodeError:
        raise InvalidQuestion(f"{commentary} is not a text in UTF-8: save it as such.") from None


def _told(one: Sealed) -> str:
    manifest = one.snapshot.manifest
    name = manifest.month if manifest.revision == 1 else f"{manifest.month} r{manifest.revision}"
    about = f" ({manifest.per[0]}: {manifest.per[1]})" if manifest.per else ""
    if not one.is_new:
        return f"{name}{about} is sealed already: nothing was written. A further revision: --revise 'the reason'"
    return f"Sealed {name}{about} from generation {manifest.generation}: {one.snapshot.folder}"


def verify_command(
    month: Annotated[str | None, typer.Argument(help="Such as 2026-10. Default: every sealed month.")] = None,
    per: PerOption = None,
    company: CompanyOption = None,
) -> None:
    """Prove that sealed months are what was sealed. Exit status 1 where a file is changed, missing or extra."""
    opened = read_company(company_folder(company))
    if month is not None:
        month_of(month)
    shelves = [shelf_of(opened)] if per is None else shelves_per(opened, per)
    found, looked_at = [], 0
    for shelf, name in _months(shelves, month):
        files, findings = verify(shelf, name)
        looked_at += files
        found += findings
    for finding in found:
        stderr.print(str(finding), markup=False, soft_wrap=True)
    if found:
        raise typer.Exit(1)
    typer.echo(f"All as sealed: {looked_at:,} files.")


def _months(shelves: list[Shelf], month: str | None) -> list[tuple[Shelf, str]]:
    found = [(shelf, name) for shelf in shelves for name in ([month] if month else shelf.months())]
    if not found:
        raise NotSealed("No month is sealed. Seal the last one with: python tandem.py snapshot")
    return found


def restate_command(
    month: Annotated[str, typer.Argument(help="A sealed month, such as 2026-10.")],
    revision: Annotated[int | None, typer.Option("--revision", help="Default: the latest.")] = None,
    records: Annotated[
        str | None, typer.Option("--records", help="The records that moved this metric, instead of the causes.")
    ] = None,
    per: Annotated[
        str | None, typer.Option("--per", help="Those sealed one by one of this dimension, such as region.")
    ] = None,
    company: CompanyOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """A sealed month against today's data: what moved, and why. Causes of a metric sum to its difference."""
    session, name = ready_session(company), name_of(month_of(month))
    if records is not None:
        session.reach.metric(records)
    shown = []
    for shelf in shelves_of(session.company, name, per):
        sealed = shelf.open(name, revision)
        found = restate(session, sealed)
        frame = _restated(
            found, name if sealed.manifest.per is None else f"{name} of {sealed.manifest.per[1]}", records
        )
        if sealed.manifest.per is not None:
            frame = frame.select(pl.lit(sealed.manifest.per[1]).alias(sealed.manifest.per[0]), pl.all())
        shown.append(frame)
    print_frame(pl.concat(shown), chosen_format(form, as_json))


def _restated(found: Restatement, name: str, records: str | None) -> pl.DataFrame:
    """The causes, or the records of one metric; what is to be known of them goes to stderr."""
    said = [f"Not computed as when {name} was sealed: {', '.join(found.changed)}"] if found.changed else []
    said += found.notes
    if found.effects.is_empty():
        said.append(f"Today's data gives the numbers of {name} that were sealed.")
    for sentence in said:
        stderr.print(sentence, markup=False, soft_wrap=True)
    if records is not None:
        return found.records.filter(found.records["metric"] == records).drop("month", "metric")
    return found.effects.drop("month", "revision", "label")
