"""The commands of the metrics layer: check, list, ask, explain and funnel. Prints answers on standard output only."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Annotated

import polars as pl
import typer

from data.calendar import GRAINS, Period
from data.commands import (
    CompanyOption,
    Format,
    FormatOption,
    JsonOption,
    chosen_format,
    print_frame,
    ready_company,
    stderr,
)
from data.errors import InvalidQuestion
from metrics.answers import Answer
from metrics.compared import side_by_side
from metrics.explain import explain
from metrics.kinds import FUNNEL_RESULTS
from metrics.listing import LISTS
from metrics.modelled import by_models
from metrics.opening import OpenCompany
from metrics.query import Query
from metrics.run import Session

__all__ = [
    "AsOfOption",
    "FromOption",
    "ToOption",
    "WhereOption",
    "asked_day",
    "asked_period",
    "mount",
    "ready_session",
]


class Listed(StrEnum):
    """What `list` lists."""

    metrics = "metrics"
    dimensions = "dimensions"
    stages = "stages"
    terms = "terms"
    tables = "tables"


ByOption = Annotated[list[str] | None, typer.Option("--by", help="Dimension to split by; may be given several times.")]
FromOption = Annotated[str | None, typer.Option("--from", help="First day, such as 2018-01-01.")]
ToOption = Annotated[str | None, typer.Option("--to", help="First day after the period (half-open).")]
WhereOption = Annotated[str | None, typer.Option("--where", help="Condition over dimensions: \"channel = 'social'\".")]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help="Only what had happened when this day began.")]
ThenOption = Annotated[
    bool, typer.Option("--as-defined-then", help="Judge each lead by the rules in force at its time.")
]
GrainOption = Annotated[str | None, typer.Option("--grain", help=f"One row per {', '.join(GRAINS)}.")]


def mount(app: typer.Typer) -> None:
    """Add this layer's commands to the command line."""
    app.command("list")(list_command)
    app.command("ask")(ask_command)
    app.command("explain")(explain_command)
    app.command("funnel")(funnel_command)


def ask_command(
    metrics: Annotated[
        list[str], typer.Argument(help="Metrics, such as: leads customers lead_to_customer.rate_to_date")
    ],
    by: ByOption = None,
    grain: GrainOption = None,
    from_day: FromOption = None,
    to_day: ToOption = None,
    compare: Annotated[
        str, typer.Option("--compare", help="Beside each metric: previous, last_year, or target.")
    ] = "none",
    where: WhereOption = None,
    as_of: AsOfOption = None,
    order: Annotated[
        list[str] | None, typer.Option("--order", help="Column to order by; a minus before it for descending.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="At most so many rows.")] = None,
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="How credit is shared out, such as linear; several give a column model."),
    ] = None,
    rows: Annotated[bool, typer.Option("--rows", help="The rows behind the one metric instead of the number.")] = False,
    then: ThenOption = False,
    company: CompanyOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask metrics by dimensions. Standard output holds only the answer; reasons and notes go to standard error."""
    session = ready_session(company)
    query = Query(
        metrics=_split(metrics),
        by=_split(by),
        grain=grain,
        period=asked_period(session, from_day, to_day),
        compare=compare,
        where=where,
        as_of=asked_day(as_of, "--as-of"),
        order=_split(order),
        limit=limit,
        rules="then" if then else "today",
    )
    if compare != "none" and query.period is None:
        raise InvalidQuestion("A comparison needs a period: give --from and --to.")
    models = _split(model)
    if rows:
        _print_rows(session, replace(query, model=models[0] if models else None), chosen_format(form, as_json))
        return
    answer = by_models(session, query, models)
    _print_answer(answer, chosen_format(form, as_json), side_by_side(answer))


def funnel_command(
    name: Annotated[str, typer.Argument(help="A funnel, such as lead_to_customer.")],
    within: Annotated[
        str | None, typer.Option("--within", help="Windows in days from the first step, such as 30,90,180.")
    ] = None,
    by: ByOption = None,
    grain: GrainOption = None,
    from_day: FromOption = None,
    to_day: ToOption = None,
    where: WhereOption = None,
    as_of: AsOfOption = None,
    then: ThenOption = False,
    curve: Annotated[
        bool, typer.Option("--curve", help="How long it takes: the share converted by days since entry.")
    ] = False,
    company: CompanyOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Follow cohorts through the stages: a row per step, window and group; or the curve of the whole funnel."""
    session = ready_session(company)
    query = Query(
        metrics=(name,),
        by=_split(by),
        grain=grain,
        period=asked_period(session, from_day, to_day),
        where=where,
        as_of=asked_day(as_of, "--as-of"),
        within=_windows(within),
        rules="then" if then else "today",
    )
    if curve:
        _print_answer(session.curve(name, query), chosen_format(form, as_json))
        return
    answer = session.funnel(name, query)
    keys = [*query.by, *(["period"] if grain else [])]
    shown = answer.frame.select([*keys, "step", "within_days", *FUNNEL_RESULTS])
    _print_answer(answer, chosen_format(form, as_json), shown)


def explain_command(
    metric: Annotated[str, typer.Argument(help="A metric, such as win_rate.")],
    company: CompanyOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a metric means: its sentence, formula, dimensions, where it is used and the SQL that runs."""
    explained = asdict(explain(ready_session(company).reach, metric))
    if as_json or form is Format.json:
        typer.echo(json.dumps(explained))
        return
    said = {key: ", ".join(value) if isinstance(value, tuple) else value for key, value in explained.items()}
    if form is Format.csv:
        print_frame(pl.DataFrame({"key": list(said), "value": list(said.values())}), form)
        return
    for key, text in said.items():
        if text:
            typer.echo(f"{key.replace('_', ' ')}: {text}")


def list_command(
    what: Annotated[Listed, typer.Argument(help="What to list.")] = Listed.metrics,
    company: CompanyOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """List metrics, dimensions, stages, terms or tables, and say which this company has no answer for."""
    session = ready_session(company)
    rows = LISTS[what](session)
    print_frame(pl.DataFrame(rows, infer_schema_length=None), chosen_format(form, as_json))


def ready_session(folder: str | None) -> Session:
    """The session on the newest data of a company folder, with what is wrong about it told on standard error."""
    opened = OpenCompany(ready_company(folder))
    session = opened.at()
    if opened.damaged is not None:
        stderr.print(opened.damaged, markup=False, soft_wrap=True)
    if opened.is_outdated:
        said = "stages.yaml has changed since this data was loaded. It counts after: python tandem.py refresh"
        stderr.print(said, markup=False, soft_wrap=True)
    return session


# -- what was typed --------------------------------------------------------------------------------------------------


def _split(given: Sequence[str] | None) -> tuple[str, ...]:
    """Names given one by one or with commas between."""
    return tuple(name.strip() for text in given or () for name in text.split(",") if name.strip())


def asked_day(text: str | None, option: str) -> dt.date | None:
    """A day as it was typed. Raises InvalidQuestion."""
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidQuestion(f"{option} is '{text}'; write a day such as 2018-01-31.") from None


def asked_period(session: Session, from_day: str | None, to_day: str | None) -> Period | None:
    """The days asked; an open side reaches as far as days go."""
    start, until = asked_day(from_day, "--from"), asked_day(to_day, "--to")
    if start is None and until is None:
        return None
    if until is None and session.through is not None:
        until = session.through + dt.timedelta(days=1)
    if start is None or until is None or until <= start:
        missing = "--from" if start is None else "--to"
        if start is not None and until is not None:
            raise InvalidQuestion(f"The period from {start} to {until} holds no day: --to is the first day after it.")
        raise InvalidQuestion(f"A period needs both ends: {missing} is missing.")
    return Period(start, until)


def _windows(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() for part in parts):
        raise InvalidQuestion(f"--within is '{text}'; write days with commas between, such as 30,90,180.")
    return tuple(sorted({int(part) for part in parts}))


# -- what is printed -------------------------------------------------------------------------------------------------


def _print_answer(answer: Answer, form: Format, shown: pl.DataFrame | None = None) -> None:
    """The answer's frame, or the columns of it that are shown; its reasons and notes beside it."""
    frame = answer.frame if shown is None else shown
    if form is Format.json:
        beside = {"reasons": dict(answer.reasons), "notes": list(answer.notes)}
        print_frame(frame, form, {**beside, "sql": answer.sql, "values": dict(answer.values)})
        return
    for metric, reason in answer.reasons.items():
        stderr.print(f"{metric}: {reason}", markup=False, soft_wrap=True)
    for note in answer.notes:
        stderr.print(note, markup=False, soft_wrap=True)
    if answer.before is not None and (period := answer.before.query.period) is not None:
        stderr.print(f"Compared with {period.start} up to {period.until}.", markup=False, soft_wrap=True)
    print_frame(frame, form)


def _print_rows(session: Session, query: Query, form: Format) -> None:
    for part in session.rows(query):
        stderr.print(f"{part.label}: {part.reason or f'{part.frame.height:,} rows'}", markup=False, soft_wrap=True)
        print_frame(part.frame, form)
