"""The command `calculator`: what a goal needs, back to leads and days. Prints what is computed elsewhere."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from alignment.agreement import in_force
from alignment.calculator import Calculation, calculate, goal_period
from data.commands import CompanyOption, FormatOption, JsonOption, chosen_format, print_frame, stderr
from data.errors import InvalidQuestion
from metrics.commands import FromOption, ToOption, asked_period, ready_session

__all__ = ["mount"]


def mount(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command("calculator")(calculator_command)


def calculator_command(
    goal: Annotated[
        float | None, typer.Option("--goal", min=0, help="Won revenue to reach; else the goal of the agreement.")
    ] = None,
    from_day: FromOption = None,
    to_day: ToOption = None,
    deal_size: Annotated[
        float | None, typer.Option("--deal-size", min=0, help="Else the average deal of the last twelve months.")
    ] = None,
    company: CompanyOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """How many customers, opportunities, SQLs, MQLs and leads a goal needs, and by which day. Without days, now."""
    session = ready_session(company)
    version = in_force(session)
    if goal is None and (version is None or version.goal.metric != "won_revenue"):
        raise InvalidQuestion("No agreement has a goal in won_revenue: give one, for example --goal 500000.")
    period = asked_period(session, from_day, to_day)
    if period is None:
        period = goal_period(session, version.goal.per if version is not None else "quarter")
    wanted = goal if goal is not None else version.goal.target  # type: ignore[union-attr]  # without both it was refused
    found = calculate(session, wanted, period, deal_size)
    _say(found, session.company.currency)
    rows = {
        "stage": [one.stage for one in found.needed],
        "needed": [one.count for one in found.needed],
        "by": [one.by for one in found.needed],
        "is_past": [one.is_past for one in found.needed],
        # What leads from a stage to the next; customers are the end.
        "rate": [None, *(passage.rate for passage in reversed(found.passages))][: len(found.needed)],
        "lag_days": [None, *(passage.lag for passage in reversed(found.passages))][: len(found.needed)],
    }
    kinds = {"needed": pl.Int64, "by": pl.Date, "rate": pl.Float64, "lag_days": pl.Float64}
    print_frame(pl.DataFrame(rows, schema_overrides=kinds), chosen_format(form, as_json))


def _say(found: Calculation, currency: str) -> None:
    """How the number of customers comes about, and what is too late."""
    span = f"{found.period.start} to {found.period.last}"
    sentences = [
        f"Goal {found.goal:,.0f} {currency} from {span}, less {found.won:,.0f} won and {found.weighted:,.0f} of"
        f" weighted pipeline due: {found.remaining:,.0f} are left.",
        *([f"The open pipeline due covers {found.coverage:.2f} times what is not won yet."] if found.coverage else []),
        *([f"A deal is worth {found.deal_size:,.0f}."] if found.deal_size else []),
        *(f"{one.label}: {one.count:,} were needed by {one.by}, which has passed." for one in found.too_late),
        *found.reasons,
    ]
    for sentence in sentences:
        stderr.print(sentence, markup=False, soft_wrap=True)
