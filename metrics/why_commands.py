"""The command `why`: which groups moved a metric between two periods. Prints; what it prints is computed beside it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from data.calendar import Period
from data.commands import CompanyOption, Format, FormatOption, JsonOption, chosen_format, print_frame, stderr
from data.errors import InvalidQuestion
from metrics.commands import (
    AsOfOption,
    FromOption,
    ToOption,
    WhereOption,
    asked_day,
    asked_period,
    ready_session,
)
from metrics.query import Query
from metrics.run import Session
from metrics.why import Movement, why
from metrics.why_sentences import Wording, sentence

__all__ = ["mount"]


class Compared(StrEnum):
    """What a period is compared with."""

    previous = "previous"
    last_year = "last_year"


def mount(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("why")(why_command)


def why_command(
    metric: Annotated[str, typer.Argument(help="A metric, such as mqls or win_rate.")],
    by: Annotated[
        str | None, typer.Option("--by", help="Dimension to split by. Without it, the one that explains most.")
    ] = None,
    from_day: FromOption = None,
    to_day: ToOption = None,
    compare: Annotated[
        Compared, typer.Option("--compare", help="The period before, like for like, or a year before.")
    ] = Compared.previous,
    where: WhereOption = None,
    model: Annotated[str | None, typer.Option("--model", help="How credit is shared out, such as linear.")] = None,
    as_of: AsOfOption = None,
    company: CompanyOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which groups moved a metric. Standard output holds the groups; the sentence goes to standard error."""
    session = ready_session(company)
    period = asked_period(session, from_day, to_day)
    if period is None:
        raise InvalidQuestion("A change is one between two periods: give --from and --to.")
    day = asked_day(as_of, "--as-of")
    query = Query((metric,), period=period, compare=compare.value, where=where, model=model, as_of=day)
    found = why(session, query, by)
    _print(session, found, chosen_format(form, as_json))


def _print(session: Session, found: Movement, form: Format) -> None:
    said = _said(session, found)
    others = {split.dimension: split.concentration for split in found.splits}
    if form is Format.json:
        beside: dict[str, object] = {
            "sentence": said,
            "reason": found.reason,
            "before": found.before,
            "after": found.after,
            "change": found.change if found.reason is None else None,
            "compared_with": {"from": found.compared.start, "to": found.compared.until},
            "dimension": found.chosen.dimension if found.chosen else None,
            "dimensions": [{"dimension": name, "concentration": value} for name, value in others.items()],
            "notes": list(found.notes),
        }
        print_frame(found.frame, form, beside)
        return
    for line in (said, *found.notes, _ranking(others)):
        if line:
            stderr.print(line, markup=False, soft_wrap=True)
    print_frame(found.frame, form)


def _ranking(others: dict[str, float]) -> str:
    ranked = ", ".join(f"{name} {value:.2f}" for name, value in others.items())
    return f"Concentration by dimension: {ranked}" if ranked else ""


def _said(session: Session, found: Movement) -> str:
    label, dimension, names = session.reach.metric(found.metric).label, "", {}
    if found.chosen is not None:
        dimension = session.reach.dimension(found.chosen.dimension).label
        names = dict(session.names(found.chosen.dimension))
    return sentence(found, label, dimension, names, _wording(found.unit, session.company.currency))


def _wording(unit: str, currency: str) -> Wording:
    """Numbers as they are read in a terminal, rates with one decimal, money with cents."""

    def number(value: float) -> str:
        if unit == "ratio":
            return f"{100 * value:,.1f} %"
        return f"{value:,.2f} {currency}" if unit == "money" else f"{value:,.10g}"

    def difference(value: float) -> str:
        return f"{100 * value:,.1f} points" if unit == "ratio" else number(value)

    def span(period: Period) -> str:
        return f"{period.start} to {period.last}"

    return Wording(number, difference, lambda share: f"{100 * share:,.1f} %", span)
