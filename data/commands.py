"""The commands of the data layer: refresh, status and demo. The shell that mounts them prints errors."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from data import demo, generations
from data.company import Company, company_folder, read_company
from data.errors import InvalidQuestion
from data.generations import Manifest
from data.progress import Progress
from data.refresh import Begin, disk_told, ensure_generation, refresh, refresh_due

__all__ = [
    "CompanyOption",
    "Format",
    "FormatOption",
    "JsonOption",
    "chosen_format",
    "mount",
    "print_frame",
    "progress_on_stderr",
    "ready_company",
    "stderr",
]

CompanyOption = Annotated[
    str | None,
    typer.Option(
        "--company", help="Company folder. Default: the environment variable TANDEM_COMPANY, else examples/demo."
    ),
]


class Format(StrEnum):
    """How an answer is printed."""

    csv = "csv"
    json = "json"
    table = "table"


FormatOption = Annotated[
    Format | None, typer.Option("--format", help="Default: a table on a terminal, CSV where the output goes elsewhere.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="The same as --format json.")]
stderr = Console(stderr=True, highlight=False)
stdout = Console(highlight=False)


# Any command may have to refresh before it reads; how that begins is the shell's to say, for as long as one runs.
_begin: ContextVar[Begin | None] = ContextVar("begin", default=None)
# What a layer above has to say of fresh data, a sentence each.
Told = Callable[[Company], Iterable[object]]
_told: ContextVar[Told | None] = ContextVar("told", default=None)


def mount(app: typer.Typer, begin: Begin | None = None, told: Told | None = None) -> None:
    """Add this layer's commands to the command line.

    `begin` is what a layer above must do before any refresh, `told` what it says of the data after one.
    """

    @app.callback()
    def before_a_command(context: typer.Context) -> None:
        begins, tells = _begin.set(begin), _told.set(told)
        context.call_on_close(lambda: _begin.reset(begins))
        context.call_on_close(lambda: _told.reset(tells))

    app.command("refresh")(refresh_command)
    app.command("status")(status_command)
    app.command("demo")(demo_command)


def refresh_command(company: CompanyOption = None) -> None:
    """Read the raw files, check them, and seal a new generation. The last good one stays if anything is wrong."""
    opened = read_company(company_folder(company))
    with progress_on_stderr() as progress:
        manifest = refresh(opened, progress, _begin.get())
    _print_status(opened, manifest)


@contextmanager
def progress_on_stderr() -> Iterator[Progress]:
    """A bar where a person looks on, a line per step elsewhere."""
    if not stderr.is_terminal:
        yield lambda doing, share: stderr.print(f"{share:4.0%}  {doing}", markup=False, soft_wrap=True)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=stderr, transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda doing, share: bar.update(task, description=doing, completed=share)


def ready_company(folder: str | None) -> Company:
    """The company of a command that reads; refreshed first where it must be."""
    company = read_company(company_folder(folder))
    why = refresh_due(company)
    if why is not None:
        stderr.print(f"{company.name} {why}: refreshing first.", markup=False, soft_wrap=True)
        with progress_on_stderr() as progress:
            ensure_generation(company, progress, _begin.get())
    return company


def demo_command(
    contacts: Annotated[int, typer.Option("--contacts", min=demo.FEWEST, help="How many contacts.")] = demo.CONTACTS,
    until: Annotated[str | None, typer.Option("--until", help="Last day of the data. Default: yesterday.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same company.")] = demo.SEED,
) -> None:
    """Make the demo company: draw its raw files as asked, and refresh it. Rows made so are never replaced unasked."""
    company = read_company(demo.FOLDER)
    last = dt.date.today() - dt.timedelta(days=1) if until is None else _day(until)
    with progress_on_stderr() as progress:
        with disk_told(company):
            demo.make(company, contacts, last, seed, progress, on_request=True)
        manifest = refresh(company, progress, _begin.get())
    _print_status(company, manifest)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidQuestion(f"--until is '{text}'; write a day such as 2026-11-15.") from None


def status_command(company: CompanyOption = None, form: FormatOption = None, as_json: JsonOption = False) -> None:
    """Show what was loaded: files with every line accounted for, data through, tables and stages."""
    opened = ready_company(company)
    generation = generations.open_generation(opened)
    manifest = generation.manifest
    generation.release()
    if generation.damaged is not None:
        stderr.print(generation.damaged, markup=False, soft_wrap=True)
    if as_json or form is Format.json:
        typer.echo(json.dumps(json.loads(manifest.to_json())))
    elif form is Format.csv:
        print_frame(_files(manifest), form)
    else:
        _print_status(opened, manifest)


def _files(manifest: Manifest) -> pl.DataFrame:
    """A row per declared file: every line loaded, quarantined or skipped."""
    return pl.DataFrame([asdict(file) for file in manifest.files], infer_schema_length=None).drop("path")


def _print_status(company: Company, manifest: Manifest) -> None:
    through = f"data through {manifest.through}" if manifest.through else "no file says how far its data reaches"
    stdout.print(f"{company.name}: generation {manifest.generation}, {through}", markup=False, soft_wrap=True)
    print_frame(_files(manifest), Format.table)
    stages = ", ".join(stage.name for stage in manifest.stages)
    stdout.print(f"Stages: {stages}. Leads: {manifest.tables['leads'].rows:,} passes.", markup=False, soft_wrap=True)
    for table, count in manifest.unmapped.items():
        stdout.print(f"Quarantined while mapping to {table}: {count:,} rows.", markup=False, soft_wrap=True)
    for table, why, count in manifest.exclusions:
        stdout.print(f"Excluded from {table}: {count:,} rows. {why}", markup=False, soft_wrap=True)
    for text, count in manifest.unmatched_campaigns:
        stdout.print(f"Campaign '{text}' matches none: {count:,} rows.", markup=False, soft_wrap=True)
    told = _told.get()
    for said in told(company) if told is not None else ():
        stdout.print(f"Warning: {said}", markup=False, soft_wrap=True)


# -- frames on standard output ---------------------------------------------------------------------------------------


def chosen_format(form: Format | None, as_json: bool) -> Format:
    """What was asked for; else a table for a person who looks on, and CSV for anything else."""
    if as_json:
        return Format.json
    return form or (Format.table if sys.stdout.isatty() else Format.csv)


def print_frame(frame: pl.DataFrame, form: Format, beside: Mapping[str, object] | None = None) -> None:
    """A frame and nothing else; as JSON with what stands `beside` its rows."""
    if form is Format.json:
        typer.echo(json.dumps({"rows": frame.to_dicts(), **(beside or {})}, default=str))
    elif form is Format.csv:
        typer.echo(_csv(frame), nl=False)
    else:
        _print_table(frame)


def _csv(frame: pl.DataFrame) -> str:
    """RFC 4180 with plain line ends; NULL is an empty cell, fractions have full precision."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows(["" if value is None else value for value in row] for row in frame.iter_rows())
    return written.getvalue()


def _print_table(frame: pl.DataFrame) -> None:
    table = Table(box=None)
    for name, kind in frame.schema.items():
        table.add_column(name, justify="right" if kind.is_numeric() else "left", overflow="fold")
    for row in frame.iter_rows():
        # Text, not str: a name from the CRM must not be read as markup.
        table.add_row(*(Text("" if value is None else _cell(value)) for value in row))
    Console(highlight=False).print(table)


# Control characters would let a name from the CRM colour, move or rename the terminal it is printed on.
_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4f}" if isinstance(value, float) else _STEERING.sub("\N{REPLACEMENT CHARACTER}", str(value))
