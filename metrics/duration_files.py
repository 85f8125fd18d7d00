"""The duration of a definition file to its kind: moments, clock and promise, with every problem. Opens no file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from data.description import TableDescription
from data.errors import did_you_mean
from data.handoffs import HANDOFFS, LEAD_OWNERS, MOMENTS, MOST_ATTEMPTS, OWNER_MOMENTS, attempt
from data.stages import STAGES
from data.yaml_files import Fields
from metrics.kinds import Duration
from metrics.moments import CLOCKS, Moment

__all__ = ["DURATION_KEYS", "PROMISE", "SECONDS", "TABLES", "attempts_of", "read_duration", "with_attempts"]

DURATION_KEYS = ("from", "to", "unless", "clock", "promise", "share", "per_person", "time")

# What a person's turn shares with its pass has a name of its own there.
_IN_A_TURN = {"verdict": "pass_verdict", "settled": "pass_settled"} | {
    attempt(number): f"own_{attempt(number)}" for number in range(1, MOST_ATTEMPTS + 1)
}
# The moments of each table, by the names under which definitions know them: those of a pass, of the turn of a person
# who had its lead, and of a deal.
_MOMENTS: Mapping[str, Mapping[str, Moment]] = {
    HANDOFFS: {name: Moment(name, name) for name in (*MOMENTS, *STAGES)},
    LEAD_OWNERS: {name: Moment(name, column) for column in OWNER_MOMENTS for name in [_IN_A_TURN.get(column, column)]},
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
    unless = [name for name in fields.texts("unless") if _is_known("unless", name, fields)]
    for key, name in (("to", end), *(("unless", name) for name in unless)):
        if start and name and TABLES[start] != TABLES[name]:
            fields.report(key, f"'{start}' and '{name}' are moments of different things. {_known()}")
            return None
    table = TABLES[start] if start else HANDOFFS
    if clock == "business" and (common["unit"] != "hours" or table == "pipeline"):
        fields.report("clock", "business time is measured between moments of a pass, and told in hours.")
        return None
    promise = _promise(fields, clock, str(common["unit"]))
    if "promise" in fields and time == "to":
        fields.report("time", "a promise is judged from the moment it begins: leave 'time: to' out.")
    for key, what in (("unless", "'unless' is what releases from a promise"), ("per_person", "each person's clock")):
        if key in fields and "promise" not in fields:
            fields.report(key, f"{what}: it needs a 'promise'.")
    share = fields.number("share", 0, 1)
    if "share" in fields and "promise" not in fields:
        fields.report("share", "'share' is how many of the promises are to be kept: it needs a 'promise'.")
    if start is None or end is None:
        return None
    moments = _MOMENTS[table]
    described = tables.get(table)
    for name in (start, end, *unless):
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
        unless=tuple(moments[name] for name in unless),
        per_person=fields.text("per_person"),
    )


def attempts_of(metric: Duration) -> int | None:
    """How many attempts a duration waits for; None where it waits for anything else."""
    name, _, number = metric.end.column.rpartition("_")
    return int(number) if number.isdigit() and attempt(int(number)) == f"{name}_{number}" else None


def with_attempts(metric: Duration, number: int) -> Duration:
    """The same duration, up to another attempt."""
    end = next(one for one in _MOMENTS[metric.table].values() if one.column == attempt(number))
    return replace(metric, end=end)


def _moment(key: str, fields: Fields) -> str | None:
    name = fields.text(key, required=True)
    return name if name is None or _is_known(key, name, fields) else None


def _is_known(key: str, name: str, fields: Fields) -> bool:
    if name in TABLES:
        return True
    guess = did_you_mean(name, TABLES).partition("Known:")[0]
    fields.report(key, f"unknown moment '{name}'. {guess}{_known()}")
    return False


def _known() -> str:
    said = [", ".join(name for name in moments if not name[-1].isdigit()) for moments in _MOMENTS.values()]
    of_passes, of_turns, of_deals = said
    attempts = f"{attempt(1)} to {attempt(MOST_ATTEMPTS)}"
    return (
        f"Moments of a pass: {of_passes}, {attempts}; of the turn of a person who has the lead: {of_turns},"
        f" own_{attempts}; of a deal: {of_deals}."
    )


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
