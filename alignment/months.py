"""Calendar months of a company: as they are written, whether they are over, and how far data reaches. Seals nothing."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from data.calendar import Period, shift
from data.company import Company
from data.errors import InvalidQuestion, NotSealed, Problems
from data.sources import read_sources
from metrics import Session

__all__ = ["check_reached", "check_that_it_is_over", "due_month", "last_month", "month_of", "name_of", "today_in"]


def month_of(text: str) -> Period:
    """The days of a month written as 2026-10. Raises InvalidQuestion."""
    if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text) and text[:4] != "0000":
        start = dt.date.fromisoformat(f"{text}-01")
        return Period(start, shift(start, "month", 1))
    raise InvalidQuestion(f"'{text}' is not a month; write year and month such as 2026-10.")


def name_of(month: Period) -> str:
    """The month as it is written in folders and addresses."""
    return f"{month.start:%Y-%m}"


def today_in(company: Company) -> dt.date:
    """The day that it is where the company is."""
    return dt.datetime.now(ZoneInfo(company.time_zone)).date()


def last_month(today: dt.date) -> Period:
    """The last month that is over."""
    until = today.replace(day=1)
    return Period(shift(until, "month", -1), until)


def due_month(company: Company, today: dt.date) -> Period | None:
    """The last month that is over, once the company's closing day has come; None before."""
    return last_month(today) if today.day >= company.close_day else None


def check_that_it_is_over(month: Period, today: dt.date) -> None:
    """Raises NotSealed while the month has not ended."""
    if month.until > today:
        raise NotSealed(
            f"{name_of(month)} has not ended: its last day is {month.last}, today is {today}."
            f" It can be sealed from {month.until} on."
        )


def check_reached(session: Session, month: Period) -> None:
    """Raises NotSealed where the data ends before the month does, with the sources that lag.

    What stages are read from must reach the end, and so must each file of which sources.yaml says how far it does.
    """
    problems = Problems()
    declared = {name for name, spec in read_sources(session.company, problems).files.items() if spec.through}
    files = session.manifest.files
    lagging = [file for file in files if file.through is not None and file.through < month.last]
    blocking = [file for file in lagging if file.name in declared]
    if session.through is None:
        raise NotSealed("No file says how far its data reaches: give 'through' in sources.yaml, and refresh.")
    if session.through < month.last:
        # Stages are read from several files, of which one or more end this early.
        blocking += [file for file in lagging if file.through == session.through and file not in blocking]
    if blocking:
        told = ", ".join(f"{file.name} (data through {file.through})" for file in blocking)
        raise NotSealed(
            f"The data does not reach {month.last}, the end of {name_of(month)}. What lags: {told}."
            " Load newer files, then: python tandem.py refresh"
        )
