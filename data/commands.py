"""The commands of the data layer: refresh and status. The shell that mounts them prints errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from data import generations
from data.company import Company, company_folder, read_company
from data.generations import Manifest
from data.refresh import Progress, ensure_generation, refresh

__all__ = ["CompanyOption", "mount", "progress_on_stderr", "ready_company", "stderr"]

CompanyOption = Annotated[
    str | None,
    typer.Option(
        "--company", help="Company folder. Default: the environment variable TANDEM_COMPANY, else examples/demo."
    ),
]

stderr = Console(stderr=True, highlight=False)
stdout = Console(highlight=False)


def mount(app: typer.Typer) -> None:
    """Add this layer's commands to the command line."""
    app.command("refresh")(refresh_command)
    app.command("status")(status_command)


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
    """The company of a command that reads; refreshed first where it has no data yet."""
    company = read_company(company_folder(folder))
    if generations.current(company) is None:
        stderr.print(f"{company.name} has no data yet: refreshing first.", markup=False, soft_wrap=True)
        with progress_on_stderr() as progress:
            ensure_generation(company, progress)
    return company


def refresh_command(company: CompanyOption = None) -> None:
    """Read the raw files, check them, and seal a new generation. The last good one stays if anything is wrong."""
    opened = read_company(company_folder(company))
    with progress_on_stderr() as progress:
        manifest = refresh(opened, progress)
    _print_status(opened, manifest)


def status_command(
    company: CompanyOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the manifest as JSON.")] = False,
) -> None:
    """Show what was loaded: files with every line accounted for, data through, tables and stages."""
    opened = ready_company(company)
    generation = generations.open_generation(opened)
    try:
        if as_json:
            typer.echo(json.dumps(json.loads(generation.manifest.to_json())))
        else:
            _print_status(opened, generation.manifest)
    finally:
        generation.release()


def _print_status(company: Company, manifest: Manifest) -> None:
    through = f"data through {manifest.through}" if manifest.through else "no file says how far its data reaches"
    stdout.print(f"{company.name}: generation {manifest.generation}, {through}", markup=False, soft_wrap=True)
    files = Table("file", "lines", "loaded", "quarantined", "skipped", "through", box=None)
    for file in manifest.files:
        counts = (f"{count:,}" for count in (file.lines, file.loaded, file.quarantined, file.skipped))
        files.add_row(file.name, *counts, str(file.through or ""))
    stdout.print(files)
    stages = ", ".join(stage.name for stage in manifest.stages)
    stdout.print(f"Stages: {stages}. Leads: {manifest.tables['leads'].rows:,} passes.", markup=False, soft_wrap=True)
    for table, count in manifest.unmapped.items():
        stdout.print(f"Quarantined while mapping to {table}: {count:,} rows.", markup=False, soft_wrap=True)
    for table, why, count in manifest.exclusions:
        stdout.print(f"Excluded from {table}: {count:,} rows. {why}", markup=False, soft_wrap=True)
    for text, count in manifest.unmatched_campaigns:
        stdout.print(f"Campaign '{text}' matches none: {count:,} rows.", markup=False, soft_wrap=True)
