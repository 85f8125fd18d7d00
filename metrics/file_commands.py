"""The commands about a company's files: check, schema and new. They print; nothing is computed here."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Annotated

import typer

from data import demo
from data.commands import CompanyOption, ready_company
from data.company import Company, company_folder, read_company
from data.errors import InvalidFiles, InvalidQuestion, Problem, Problems, did_you_mean
from data.generations import current
from data.reading import undelivered
from data.sources import read_sources
from data.stages import read_stages
from metrics.opening import OpenCompany
from metrics.scaffold import new_company
from metrics.schemas import schemas, write_schemas
from metrics.unknown_names import unknown_in_agreement, unknown_in_priorities

__all__ = ["mount"]


def mount(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("check")(check_command)
    app.command("schema")(schema_command)
    app.command("new")(new_command)


def check_command(company: CompanyOption = None) -> None:
    """Check all files of the company: every problem with its file, line, column and the nearest right spelling."""
    folder = read_company(company_folder(company))
    problems = Problems()
    sources = read_sources(folder, problems)
    read_stages(folder, problems, sources)
    if current(folder) is None and not demo.is_due(folder, dt.date.today()):
        problems.raise_if_any()
        if missing := undelivered(sources.files, folder):
            _say_what_is_missing(folder, missing)
            return
    opened = ready_company(company)
    try:
        session = OpenCompany(opened).at()
    except InvalidFiles as error:
        problems.found += error.problems
    problems.raise_if_any()
    found = session.definitions
    counts = f"{len(found.metrics)} metrics, {len(found.dimensions)} dimensions, {len(found.terms)} terms"
    typer.echo(f"{opened.name}: all files are right. {counts}, {len(session.manifest.stages)} stages.")
    if versions := found.agreement.versions:
        promises = len(versions[-1].objectives) + len(versions[-1].obligations)
        typer.echo(
            f"agreement: {len(versions)} versions, the newest from {versions[-1].starts} with {promises} promises."
        )
    if found.personas:
        typer.echo(f"personas: {', '.join(found.personas)}.")
    if found.priorities:
        typer.echo(f"priorities: {', '.join(found.priorities)}.")
    for name in found.replaced:
        typer.echo(f"replaces the standard: {name}")
    for unknown in (*unknown_in_agreement(session), *unknown_in_priorities(session)):
        typer.echo(f"Warning: {unknown}")


def _say_what_is_missing(company: Company, missing: list[Problem]) -> None:
    typer.echo(f"{company.name}: company.yaml, sources.yaml and stages.yaml are right.")
    typer.echo("Definitions are checked against the tables, once these files are there:")
    for problem in missing:
        typer.echo(str(problem))


def schema_command(
    file: Annotated[str | None, typer.Argument(help="company, sources, stages or definitions.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Write the schemas of all files into this folder.")] = None,
) -> None:
    """Print the JSON Schema of one of a company's files, or write those of all: editors complete and check by it."""
    if to is not None:
        for path in write_schemas(Path(to)):
            typer.echo(str(path))
        return
    known = schemas()
    if file not in known:
        wanted = f"Unknown file '{file}'." if file else "Name a file, or give a folder with --to."
        raise InvalidQuestion(f"{wanted} {did_you_mean(file or '', known, 'Files')}")
    typer.echo(json.dumps(known[file], indent=1))


def new_command(folder: Annotated[str, typer.Argument(help="Folder of the new company; it must not exist.")]) -> None:
    """Make a new company's folder: its files, minimal and explained, to be filled in."""
    for path in new_company(Path(folder)):
        typer.echo(str(path))
    typer.echo(f"Next: put your exports where {folder}/sources.yaml says, then run")
    typer.echo(f"python tandem.py check --company {folder}")
