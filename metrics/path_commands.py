"""The command paths: credit for a plain list of paths, so that it can be held against other tools. Needs no company."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data.commands import FormatOption, JsonOption, chosen_format, print_frame
from metrics.path_lists import LIST_MODELS, credit_of, read_paths

__all__ = ["mount"]


def mount(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("paths")(paths_command)


def paths_command(
    file: Annotated[Path, typer.Argument(help="CSV with path (channels joined by ' > '), conversions, value, nulls.")],
    model: Annotated[str, typer.Option("--model", help=f"One of {', '.join(LIST_MODELS)}.")],
    collapse: Annotated[
        bool, typer.Option("--collapse", help="Count a channel that follows itself once (A, B, B, C as A, B, C).")
    ] = False,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Share out the conversions of a list of paths among its channels, by one model. Numbers are not rounded."""
    print_frame(credit_of(read_paths(file), model, collapse=collapse), chosen_format(form, as_json))
