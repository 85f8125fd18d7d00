"""The command `compare`: a proposed rule beside the present one, or a rule beside the CRM. Prints what is computed."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from data.commands import CompanyOption, Format, FormatOption, JsonOption, chosen_format, print_frame, stderr
from data.errors import InvalidQuestion, did_you_mean
from metrics.commands import ByOption, FromOption, ToOption, asked_period, ready_session
from metrics.compared_rules import GROUPS, against_crm, compare_rules

__all__ = ["mount"]

_DRIFT = ("both", "only_rule", "only_crm")


def mount(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("compare")(compare_command)


def compare_command(
    stage: Annotated[str, typer.Argument(help="A stage, such as mql.")],
    when: Annotated[
        str | None, typer.Option("--when", help='The proposed rule: "fit_score >= 40 and forms >= 1".')
    ] = None,
    against: Annotated[str | None, typer.Option("--against", help="crm: the CRM's stamps beside the rule.")] = None,
    from_day: FromOption = None,
    to_day: ToOption = None,
    by: ByOption = None,
    rows: Annotated[
        str | None, typer.Option("--rows", help="The passes of one group instead: enters, leaves, both, only_crm, ...")
    ] = None,
    company: CompanyOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a proposed rule beside the present one over one set of passes, or what the CRM stamped beside the rule."""
    session = ready_session(company)
    period, shape = asked_period(session, from_day, to_day), chosen_format(form, as_json)
    if (when is None) == (against is None):
        raise InvalidQuestion("Give a proposed rule with --when, or --against crm; one of the two.")
    if when is not None:
        found = compare_rules(session, stage, when, period, tuple(by or ()))
        present = "the rule" if found.is_by_rule else "what the CRM and other signs say"
        _say(f"Present: {present}. Passes that started in the period; sales judged only what was handed over.")
        for target, window in found.windows.items():
            _say(f"Matured to {target}: within {window} days.")
        for reason in found.reasons.values():
            _say(reason)
        _print(found.rows(_group(rows, tuple(GROUPS))) if rows else found.frame, shape)
        return
    if against != "crm":
        raise InvalidQuestion(f"--against is '{against}'; it can be crm.")
    drift = against_crm(session, stage, period)
    _print(drift.rows.filter(pl.col("group") == _group(rows, _DRIFT)) if rows else drift.months, shape)


def _group(name: str, groups: tuple[str, ...]) -> str:
    if name not in groups:
        raise InvalidQuestion(f"--rows is '{name}'. {did_you_mean(name, groups, 'Groups')}")
    return name


def _say(sentence: str) -> None:
    stderr.print(sentence, markup=False, soft_wrap=True)


def _print(frame: pl.DataFrame, form: Format) -> None:
    print_frame(frame, form)
