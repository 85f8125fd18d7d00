"""The duration of a definition file to its kind: moments, clock and promise, with every problem. Opens no file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from data.description import TableDescription
from data.errors import did_you_mean
from data.handoffs import MOMENTS
from data.stages import STAGES
from data.yaml_files import Fields
from metrics.kinds import Duration
from metrics.moments import CLOCKS, Moment

__all__ = ["DURATION_KEYS", "PROMISE", "SECONDS", "TABLES", "read_duration"]

DURATION_KEYS = ("from", "to", "clock", "promise", "share", "time")

# The moments of each table, by the names under which definitions know them: those of a pass, and those of a deal.
_MOMENTS: Mapping[str, Mapping[str, Moment]] = {
    "handoffs": {name: Moment(name, name) for name in (*MOMENTS, *STAGES)},
    "pipeline": {
        name: Moment(name, column)
        for name, column in {
            "deal_created": "created",
            "deal_won": "won",
            "deal_closed": "closed",
            "first_marketing_touch": "first_marketing_touch",
        }.items()
    },
}
# The table that each moment is of.
TABLES = {name: table for table, moments in _MOMENTS.items() for name in moments}
PROMISE = r"(\d{1,4}) (minute|hour|day)s?"
SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}


def read_duration(fields: Fields, common: dict[str, Any], tables: Mapping[str, TableDescription]) -> Duration | None:
    if common["unit"] not in ("hours", "days"):
        fields.report("unit", f"'unit' is '{common['unit']}'; a duration is told in hours or days.")
        return None
    start, end = _moment("from", fields), _moment("to", fields)
    clock = fields.choice("clock", CLOCKS) or "calendar"
    time = fields.choice("time", ("from", "to")) or "from"
    if start and end and TABLES[start] != TABLES[end]:
        message = f"'{start}' and '{end}' are moments of different things. {_known()}"
        fields.report("to", message)
        return None
    table = TABLES[start] if start else "handoffs"
    if clock == "business" and (common["unit"] != "hours" or table != "handoffs"):
        fields.report("clock", "business time is measured between moments of a pass, and told in hours.")
        return None
    promise = _promise(fields, clock, str(common["unit"]))
    if "promise" in fields and time == "to":
        fields.report("time", "a promise is judged from the moment it begins: leave 'time: to' out.")
    share = fields.number("share", 0, 1)
    if "share" in fields and "promise" not in fields:
        fields.report("share", "'share' is how many of the promises are to be kept: it needs a 'promise'.")
    if start is None or end is None:
        return None
    moments = _MOMENTS[table]
    described = tables.get(table)
    for name in (start, end):
        moment = moments[name]
        wanted = (moment.on, moment.worked if clock == "business" else moment.at)
        if lacking := [column for column in wanted if described is None or column not in described.columns]:
            fields.report("kind", f"table {table} has no column {lacking[0]}, from which '{name}' is read.")
            return None
    return Duration(
        **common,
        table=table,
        start=moments[start],
        end=moments[end],
        clock=clock,
        promise=promise,
        share=share,
        time=time,
    )


def _moment(key: str, fields: Fields) -> str | None:
    name = fields.text(key, required=True)
    if name is None or name in TABLES:
        return name
    guess = did_you_mean(name, TABLES).partition("Known:")[0]
    fields.report(key, f"unknown moment '{name}'. {guess}{_known()}")
    return None


def _known() -> str:
    of_passes, of_deals = (", ".join(moments) for moments in _MOMENTS.values())
    return f"Moments of a pass: {of_passes}; of a deal: {of_deals}."


def _promise(fields: Fields, clock: str, unit: str) -> int | None:
    """In days for a duration told in days, else in seconds."""
    text = fields.text("promise")
    if text is None:
        return None
    match = re.fullmatch(PROMISE, text)
    if match is None:
        fields.report("promise", f"'promise' is '{text}'; write a number of minutes, hours or days such as 4 hours.")
    elif match[2] == "day" and clock == "business":
        fields.report("promise", f"'promise' is '{text}'; in business time it is told in hours such as 4 hours.")
    elif match[2] != "day" and unit == "days":
        fields.report("promise", f"'promise' is '{text}'; a duration told in days promises days such as 2 days.")
    else:
        return int(match[1]) * (1 if unit == "days" else SECONDS[match[2]])
    return None
