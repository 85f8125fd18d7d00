"""How well the leads of a persona fit: the points that each has by the persona's score. Draws nothing.

A lead has the most points that it had at any moment of its pass: what a rule "at least so many points" looks at.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import sqlglot
from sqlglot import exp

from data.calendar import Period
from data.errors import Problems
from data.expressions import Expression
from data.manifest import Manifest
from data.moments import facts_query
from data.rules import RuleBook, book_of
from data.tables import CANONICAL
from metrics.emit import emit_rows
from metrics.personas import Persona
from metrics.plan import plan_rows
from metrics.query import Query, only
from metrics.run import Session

__all__ = ["Fit", "book_in", "fit_of"]

# A histogram with more rows than this is not read: points are then put together in bands.
MOST_BANDS = 8
_BANDS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1_000, 10_000, 100_000)


@dataclass(frozen=True)
class Fit:
    """The leads of a persona by their points.

    `bands` has a row per band of `width` points, lowest first: begins, ends (the first point past it), leads, fits
    (whether all of it fits; None without a threshold); empty bands between are there. `unknown` leads have no points
    since what the score reads is not known of them. `share` of the leads with points fits.
    """

    leads: int
    fitting: int | None
    unknown: int
    width: float
    bands: pl.DataFrame
    reason: str | None = None

    @property
    def share(self) -> float | None:
        known = self.leads - self.unknown
        return None if self.fitting is None or not known else self.fitting / known


_NO_BANDS = {"begins": pl.Float64, "ends": pl.Float64, "leads": pl.Int64, "fits": pl.Boolean}


def book_in(manifest: Manifest) -> RuleBook:
    """What rules and scores may read in a generation."""
    extras = {
        f"{table}.{column.name}": column.type
        for table in ("accounts", "contacts")
        for column in manifest.describe()[table].columns.values()
        if column.name not in (*CANONICAL[table].stored(), "original_channel")
    }
    return book_of(manifest.facts, extras, manifest.scores)


def fit_of(session: Session, persona: Persona, period: Period | None = None, where: str | None = None) -> Fit:
    """The points of the leads (first passes) that came in the period, under a condition over dimensions."""
    problems, book = Problems(), book_in(session.manifest)
    score = book.score(persona.fit, persona.place, problems, persona.name) if persona.fit is not None else None
    if score is None:
        said = problems.found[0].message if problems.found else f"{persona.label} has no score: write fit: beside it."
        return _none(said)
    if (missing := _missing(session, book, score)) is not None:
        return _none(missing)
    own = only("persona", [persona.value])
    narrowed = f"({where}) and ({own})" if where else own
    asked = Query(("leads",), period=period, where=narrowed, is_shared=True)
    rows = session.rows(asked)[0]
    if rows.reason is not None:
        return _none(rows.reason)
    leads = rows.frame.filter(pl.col("is_first_pass")).select("contact_id", "pass")
    (behind,) = plan_rows(session.reach, asked)
    assert behind.plan is not None  # as of its rows
    points = session.run(_points_sql(book, score, emit_rows(behind.plan)), behind.values)
    return _counted(leads.join(points, on=("contact_id", "pass"), how="left")["points"], persona)


def _none(reason: str) -> Fit:
    return Fit(0, None, 0, 1, pl.DataFrame(schema=_NO_BANDS), reason)


def _missing(session: Session, book: RuleBook, score: Expression) -> str | None:
    """Why the score has no answer here, where an input of it is absent."""
    for place in book.needs(score.columns):
        table, _, column = place.partition(".")
        known = session.definitions.tables.get(table)
        if known is not None and column in known.columns and known.columns[column].absent:
            return known.columns[column].absent
    return None


def _points_sql(book: RuleBook, score: Expression, rows: str) -> str:
    """The most points of each pass of the contacts in `rows`: as values, so many keys would cost more than the rest."""
    keys = [exp.column(name, quoted=True) for name in ("contact_id", "pass")]
    most = exp.Max(this=exp.cast(exp.paren(score.copy_tree()), "double"))
    leads = sqlglot.parse_one(rows, dialect="duckdb")
    assert isinstance(leads, exp.Select)
    asked = exp.select(exp.column("contact_id", quoted=True)).from_(leads.subquery("asked")).subquery()
    moments = facts_query(score.columns, book).where(
        exp.In(this=exp.column("contact_id", table="m", quoted=True), query=asked)
    )
    select = exp.select(*keys, exp.alias_(most, "points", quoted=True)).from_(moments.subquery("moments"))
    return select.group_by(*(key.copy() for key in keys)).sql(dialect="duckdb", identify=True)


def _counted(points: pl.Series, persona: Persona) -> Fit:
    known = points.drop_nulls()
    unknown, least = points.len() - known.len(), persona.fits_from
    fitting = None if least is None else int((known >= least).sum())
    if known.is_empty():
        return Fit(points.len(), fitting, unknown, 1, pl.DataFrame(schema=_NO_BANDS))
    low, high = float(known.min()), float(known.max())  # type: ignore[arg-type]  # of numbers these are numbers
    wide = [w for w in _BANDS if high // w - low // w < MOST_BANDS] or [_BANDS[-1]]
    # Where a band begins with the first point that fits, no band holds both who fits and who does not.
    width = next((w for w in wide if least is not None and least % w == 0), wide[0])
    counts = (known // width).cast(pl.Int64).value_counts(name="leads")
    by_band = dict(counts.iter_rows())
    rows = [
        (band * float(width), (band + 1) * float(width), by_band.get(band, 0),
         None if least is None else band * width >= least)
        for band in range(int(low // width), int(high // width) + 1)
    ]  # fmt: skip
    return Fit(points.len(), fitting, unknown, width, pl.DataFrame(rows, schema=_NO_BANDS, orient="row"))
