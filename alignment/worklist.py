"""Which leads wait for a person now, and which for a verdict, most urgent first. Names no contact.

Everything is as of the end of the last day of the data. The SELECTs are written by hand and fixed; days and times are
bound values.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from alignment.handoff import FIRST_TOUCH, VERDICT
from data.calendar import ONE_DAY
from metrics import Query, Session
from metrics.campaign_leads import masked_key
from metrics.kinds import Duration

__all__ = ["MOST", "SOON", "Worklist", "breaking", "undecided"]

# A promise that breaks within so many business seconds is on the list before it is broken.
SOON = 3600
MOST = 2_000

# A pass that was judged, put aside or lost waits for nobody any more.
_OPEN = """(h."verdict_on" IS NULL OR h."verdict_on" >= $day) AND (l."ended_on" IS NULL OR l."ended_on" >= $day)
            AND (l."lost_on" IS NULL OR l."lost_on" >= $day)"""
_OWNER = """
    -- Whoever has the lead now answers for it; its clock is still that of the first assignment.
    SELECT w.*, coalesce(g."person_id", w."given_to") AS "owner_id", p."name" AS "owner", a."name" AS "account"
    FROM waiting AS w
    LEFT JOIN given AS g ON g."contact_id" = w."contact_id" AND g."pass" = w."pass"
    LEFT JOIN "people" AS p ON p."person_id" = coalesce(g."person_id", w."given_to")
    LEFT JOIN "accounts" AS a ON a."account_id" = w."account_id"
"""
_GIVEN = """
    given AS (
        SELECT w."contact_id", w."pass", arg_max(s."person_id", s."happened_at") AS "person_id"
        FROM "assignments" AS s JOIN waiting AS w ON w."contact_id" = s."contact_id" AND s."happened_at" >= w."since"
        WHERE s."happened_on" < $day
        GROUP BY w."contact_id", w."pass"
    )
"""
_BREAKING = f"""
    WITH waiting AS (
        SELECT h."contact_id", h."pass", h."account_id", h."owner_id" AS "given_to", h."assigned_at" AS "since",
            h."assigned_on" AS "since_on", c."as_of_worked" - h."assigned_worked" AS "waited"
        FROM "handoffs" AS h
        JOIN "leads" AS l ON l."contact_id" = h."contact_id" AND l."pass" = h."pass"
        JOIN "clocks" AS c ON c."time_zone" = h."time_zone" AND c."day" = $day
        WHERE h."assigned_on" < $day AND (h."first_touch_on" IS NULL OR h."first_touch_on" >= $day) AND {_OPEN}
            AND c."as_of_worked" - h."assigned_worked" > $from_waited
    ),
    {_GIVEN}
    {_OWNER}
"""
_UNDECIDED = f"""
    WITH waiting AS (
        SELECT h."contact_id", h."pass", h."account_id", h."owner_id" AS "given_to", h."handed_over_at" AS "since",
            h."handed_over_on" AS "since_on", $day - h."handed_over_on" AS "waited"
        FROM "handoffs" AS h
        JOIN "leads" AS l ON l."contact_id" = h."contact_id" AND l."pass" = h."pass"
        WHERE h."handed_over_on" < $day AND {_OPEN}
    ),
    {_GIVEN}
    {_OWNER}
"""
_SHOWN = ("lead", "account", "owner", "since_on", "left", "is_broken", "contact_id", "pass", "account_id", "owner_id")


@dataclass(frozen=True)
class Worklist:
    """Leads that wait, most urgent first: what can still be kept, by what is left; then what broke last.

    Columns: lead (the end of the contact's id), account, owner (who has the lead now, the id where no name is known),
    since_on, left (what is left of the promised time; below zero it is over by so much), is_broken; and for links and
    forms, not to be shown: contact_id, pass, account_id, owner_id. `left` is in business hours of the calendar in
    which the promise is judged, for verdicts in days. `promise` is the promised time in the same unit; `every` and
    `broken` count all, of which the frame has the first. `as_of` is the last day that the data covers.
    """

    frame: pl.DataFrame
    every: int
    broken: int
    promise: float
    as_of: dt.date | None
    reason: str | None = None

    @property
    def owners(self) -> Mapping[str | None, str]:
        """Who has at least one of the leads, by name."""
        pairs = self.frame.select("owner_id", "owner").unique().sort("owner", "owner_id").iter_rows()
        return dict(pairs)


def breaking(session: Session, owner: str | None = None) -> Worklist:
    """Leads without a first touch whose promise is broken, or breaks within a business hour; of one owner or all."""
    seconds = _promise(session, FIRST_TOUCH)
    return _worklist(session, f"{FIRST_TOUCH}.overdue", _BREAKING, seconds, 3600, owner)


def undecided(session: Session, owner: str | None = None) -> Worklist:
    """Leads handed over on which nobody has decided; a verdict is late from the day after the promised days on."""
    return _worklist(session, f"{VERDICT}.overdue", _UNDECIDED, _promise(session, VERDICT), 1, owner)


def _promise(session: Session, name: str) -> int | None:
    """The time promised, in seconds or days; what an agreement promises of a wait is checked to be the same."""
    metric = session.definitions.metrics.get(name)
    return metric.promise if isinstance(metric, Duration) else None


def _worklist(session: Session, asked: str, select: str, promise: int | None, unit: int, owner: str | None) -> Worklist:
    if session.through is None or promise is None:
        why = "No file says how far its data reaches: give it a `through` in sources.yaml."
        if promise is None:
            why = "Nothing is promised about it: give the metric a `promise` in a file of definitions/."
        return Worklist(_EMPTY, 0, 0, 0, session.through, why)
    # What the number of late leads has no answer for, their list has none for.
    reason = session.answer(Query((asked,))).reasons.get(asked)
    if reason is not None:
        return Worklist(_EMPTY, 0, 0, promise / unit, session.through, reason)
    frame = session.run(select, {"day": session.through + ONE_DAY, "from_waited": promise - SOON})
    if owner is not None:
        frame = frame.filter(pl.col("owner_id") == owner)
    frame = frame.with_columns(
        ((promise - pl.col("waited").cast(pl.Int64)) / unit).alias("left"),
        (pl.col("waited").cast(pl.Int64) > promise).alias("is_broken"),
        pl.coalesce("owner", "owner_id").alias("owner"),
    ).sort("is_broken", pl.col("left").abs(), "since", "contact_id", "pass")
    shown = frame.head(MOST)
    lead = pl.Series("lead", [masked_key(str(key)) for key in shown["contact_id"]], dtype=pl.String)
    broken = int(frame["is_broken"].sum())
    return Worklist(shown.with_columns(lead).select(_SHOWN), frame.height, broken, promise / unit, session.through)


_EMPTY = pl.DataFrame(
    schema={
        "lead": pl.String, "account": pl.String, "owner": pl.String, "since_on": pl.Date, "left": pl.Float64,
        "is_broken": pl.Boolean, "contact_id": pl.String, "pass": pl.Int64, "account_id": pl.String,
        "owner_id": pl.String,
    }
)  # fmt: skip
