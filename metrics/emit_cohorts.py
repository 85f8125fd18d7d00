"""The entries of a cohort as SQL trees: one row per unit that entered, then the small table of them. Runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from metrics.nodes import Cohort, PeriodKey, Reference, Stored
from metrics.sql_nodes import (
    as_type,
    column,
    days_between,
    grouped,
    named,
    parameter,
    period_start,
    reference,
    scanned,
    started_hours_between,
    total,
)

__all__ = ["clock", "cohort_table", "entries", "observed", "tally", "waited"]


def entries(cohort: Cohort, shown: tuple[tuple[str, Reference], ...], *, with_lost: bool) -> exp.Select:
    """One row per unit that entered: `shown`, entered_on, target_on, stamped_on, and lost_on where losses are asked.

    `stamped_on` is the target's day where it was recorded. In hours also entered_at, target_at, stamped_at, and
    lost_at instead of lost_on. Of stored entries also `passes`: how many a row stands for.
    """
    columns = [named(reference(place), name) for name, place in shown]
    columns += [named(tree, name) for name, tree in _moments(cohort, with_lost).items()]
    rows = scanned(exp.select(*columns), cohort.scan)
    if cohort.stored is not None:
        rows = rows.select(column("passes", cohort.scan.table)).from_(_stored(cohort.stored, cohort.scan.table))
    if not cohort.unit:
        for condition in (*cohort.entries, *cohort.asked):
            rows = rows.where(condition.copy_tree())
        return rows
    return _of_units(cohort, rows, [name for name, _ in shown], with_lost)


def _stored(stored: Stored, name: str) -> exp.Subquery:
    """Stored entries with the columns, and under the name, of the table that they stand for."""
    columns = [named(column(own), shown) for shown, own in stored.columns]
    columns += [named(exp.true(), shown) for shown in stored.is_so]
    columns += [named(exp.false(), shown) for shown in stored.is_not_so]
    select = exp.select(*columns, column("passes")).from_(exp.to_identifier(stored.table, quoted=True))
    for part, stage in (("entry", stored.entry), ("target", stored.target)):
        select = select.where(column(part).eq(exp.Literal.string(stage)))
    return select.subquery(exp.to_identifier(name, quoted=True))


def _moments(cohort: Cohort, with_lost: bool) -> dict[str, exp.Expr]:
    """What happened to a row, by the names of the columns of `entries`."""
    found: dict[str, exp.Expr] = {}
    places = {"_on": (cohort.entry, cohort.target, cohort.lost)}
    if cohort.instants is not None:
        places["_at"] = (cohort.instants.entry, cohort.instants.target, cohort.instants.lost)
    for suffix, (entry, target, lost) in places.items():
        found |= {f"entered{suffix}": reference(entry), f"target{suffix}": reference(target)}
        stamped: exp.Expr = reference(target)
        if cohort.inferred is not None:
            stamped = exp.Case().when(reference(cohort.inferred).not_(), stamped)
        found[f"stamped{suffix}"] = stamped
        if with_lost and lost is not None and suffix == clock(cohort):
            found[f"lost{suffix}"] = reference(lost)
    return found


# -- several rows that are one unit ----------------------------------------------------------------------------------


def clock(cohort: Cohort) -> str:
    """The suffix of the columns that time is measured by: days by dates, hours by instants."""
    return "_on" if cohort.instants is None else "_at"


def _of_units(cohort: Cohort, rows: exp.Select, shown: list[str], with_lost: bool) -> exp.Select:
    """The earliest entry of each unit, with the earliest target of any of its rows."""
    rows, unit = _with_unit(cohort, rows)
    suffixes = ("_on",) if cohort.instants is None else ("_on", "_at")
    measured = [f"{name}{suffix}" for name in ("target", "stamped") for suffix in suffixes]
    kept = [column(name) for name in (*shown, *(f"entered{suffix}" for suffix in suffixes), "is_entry", "is_asked")]
    placed = exp.select(*kept, named(_place(cohort, unit), "place"))
    placed = placed.select(*[named(_least(column(name), unit), name) for name in measured])
    names = [*shown, *(f"entered{suffix}" for suffix in suffixes), *measured]
    if with_lost and cohort.lost is not None:
        rows = _with_losses(rows, unit, clock(cohort))
        placed = placed.select(named(_least(column("gone"), unit), f"lost{clock(cohort)}"))
        names.append(f"lost{clock(cohort)}")
    placed = placed.from_(rows.subquery("unit_rows"))
    first = exp.and_(column("is_entry"), column("is_asked"), column("place").eq(1))
    return exp.select(*[column(name) for name in names]).from_(placed.subquery("placed")).where(first)


def _place(cohort: Cohort, unit: list[exp.Column]) -> exp.Window:
    """The order of a unit's rows: entries first, the earliest of them first, ties by the row's own key."""
    entry_first = exp.Case().when(column("is_entry"), exp.Literal.number(0)).else_(exp.Literal.number(1))
    own = [column(f"own_{index}") for index in range(len(cohort.own))]
    return exp.Window(
        this=exp.RowNumber(),
        partition_by=[key.copy() for key in unit],
        order=_ordered([entry_first, column(f"entered{clock(cohort)}"), *own]),
    )


def _ordered(trees: Sequence[exp.Expr]) -> exp.Order:
    return exp.Order(expressions=[exp.Ordered(this=tree, nulls_first=False) for tree in trees])


def _with_unit(cohort: Cohort, rows: exp.Select) -> tuple[exp.Select, list[exp.Column]]:
    """The rows with what makes them one unit, and whether each is an entry, and one that the question admits."""
    account = reference(cohort.unit[0])
    parts = [named(reference(place), f"unit_{index}") for index, place in enumerate(cohort.unit)]
    for index, place in enumerate(cohort.own):
        # A pass without an account is a unit of its own.
        alone = exp.Case().when(account.copy().is_(exp.Null()), reference(place))
        parts += [named(alone, f"alone_{index}"), named(reference(place), f"own_{index}")]
    for name, conditions in (("is_entry", cohort.entries), ("is_asked", cohort.asked)):
        known = exp.and_(*[condition.copy_tree() for condition in conditions]) if conditions else exp.true()
        parts.append(named(exp.Coalesce(this=known, expressions=[exp.false()]), name))
    unit = [column(f"unit_{index}") for index in range(len(cohort.unit))]
    unit += [column(f"alone_{index}") for index in range(len(cohort.own))]
    return rows.select(*parts), unit


def _least(tree: exp.Expr, unit: list[exp.Column]) -> exp.Window:
    return exp.Window(this=exp.Min(this=tree), partition_by=[key.copy() for key in unit])


def _with_losses(rows: exp.Select, unit: list[exp.Column], suffix: str) -> exp.Select:
    """The rows with `gone`: the moment after which no row of the unit that had entered by then was open.

    A row is open from its entry (the unit's own at the earliest) to its loss. `gone` is empty where one is still open.
    """

    def over_unit(tree: exp.Expr, order: exp.Order | None = None, spec: exp.WindowSpec | None = None) -> exp.Window:
        return exp.Window(this=tree, partition_by=[key.copy() for key in unit], order=order, spec=spec)

    began = exp.Case().when(column("is_entry"), column(f"entered{suffix}"))
    started = exp.select(exp.Star(), named(_least(began, unit), "unit_start")).from_(rows.subquery("rows_of_units"))
    entered, lost = _is_known(f"entered{suffix}"), _is_known(f"lost{suffix}")
    opened = exp.Case().when(entered, _later(column(f"entered{suffix}"), column("unit_start")))
    closing = _later(_later(column(f"lost{suffix}"), column(f"entered{suffix}")), column("unit_start"))
    closed = exp.Case().when(entered.copy(), exp.Case().when(lost, closing).else_(_forever(suffix)))
    spans = exp.select(exp.Star(), named(opened, "open_from"), named(closed, "open_until"))
    spans = spans.from_(started.subquery("started"))
    order = _ordered([column("open_from"), column("open_until")])
    to_here = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="CURRENT ROW")
    covered = exp.select(
        exp.Star(),
        named(over_unit(exp.Max(this=column("open_until")), order, to_here), "covered_until"),
        named(over_unit(exp.Lead(this=column("open_from")), order.copy()), "next_from"),
    ).from_(spans.subquery("spans"))
    is_gone = exp.and_(
        column("open_from").is_(exp.Null()).not_(),
        exp.LT(this=column("covered_until"), expression=_forever(suffix)),
        exp.or_(column("next_from").is_(exp.Null()), column("covered_until") < column("next_from")),
    )
    gone = exp.Case().when(is_gone, column("covered_until"))
    return exp.select(exp.Star(), named(gone, "gone")).from_(covered.subquery("covered"))


def _forever(suffix: str) -> exp.Expr:
    return as_type(exp.Literal.string("9999-12-31"), "DATE" if suffix == "_on" else "TIMESTAMP")


def _later(one: exp.Expr, other: exp.Expr) -> exp.Expr:
    """The later of two, the one where the other is empty."""
    stands = exp.or_(other.copy().is_(exp.Null()), exp.GTE(this=one.copy(), expression=other.copy()))
    return exp.Case().when(stands, one).else_(other)


# -- the small table -------------------------------------------------------------------------------------------------


def cohort_table(cohort: Cohort, results: frozenset[str]) -> exp.Select:
    """Columns: dimensions, period, entered_on, waited, units; a few rows per combination.

    `waited` is the time until the target (NULL: not yet), in days or in started hours. Where losses are asked also
    `lost_after`, where durations are `is_timed`, and in hours `observed`. Each of them makes more rows, so that none
    is there unasked. By dates the rows are grouped as they are, and what follows from a date is worked out once per
    group; instants differ from row to row, so that there the hours are grouped.
    """
    suffix = clock(cohort)
    with_lost = "losses" in results and cohort.lost is not None
    shown = tuple((key.name, key.reference) for key in cohort.keys)
    source = entries(cohort, shown, with_lost=with_lost)
    names = [key.name for key in cohort.keys]
    found = {"entered_on": column("entered_on"), "waited": waited("target", suffix)}
    if with_lost:
        found["lost_after"] = waited("lost", suffix)
    if "durations" in results:
        found["is_timed"] = _is_timed(suffix)
    if suffix == "_at":
        found["observed"] = observed(suffix)
    raw = dict(found)
    if suffix == "_on":
        raw = {name: column(name) for name in ("entered_on", "target_on", *(["lost_on"] if with_lost else []))}
        if "durations" in results:
            raw["is_recorded"] = _is_recorded(suffix)
            found["is_timed"] = exp.and_(column("is_recorded"), _is_in_order(suffix))
    combined = exp.select(*[column(name) for name in names], *[named(tree.copy(), name) for name, tree in raw.items()])
    combined = combined.from_(source.subquery("entries"))
    if cohort.stored is None:
        combined = combined.select(named(exp.Count(this=exp.Star()), "units"))
        combined = grouped(combined, [*[column(name) for name in names], *raw.values()])
    else:
        # Stored rows are combined already.
        combined = combined.select(named(column("passes"), "units"))
    if suffix == "_at":
        found = {name: column(name) for name in raw}
    columns: list[exp.Expr] = [column(name) for name in names]
    if cohort.period is not None:
        columns.append(named(_period(cohort.period), "period"))
    columns += [named(tree, name) for name, tree in found.items()]
    return exp.select(*columns, column("units")).from_(combined.subquery("combined"))


def tally(cohort: Cohort, windows: Sequence[str]) -> exp.Select:
    """Columns: dimensions, period, entered_on, entered, converted, in_time_0, ...; a row per group and day of entry.

    What the counts of a cohort in days follow from, without a row per time waited: an `in_time` for each window.
    """
    shown = tuple((key.name, key.reference) for key in cohort.keys)
    known = _is_known("target_on")
    took = days_between(column("entered_on"), column("target_on"))

    def units(only: exp.Expr | None = None) -> exp.Expr:
        """How many there are; of a CASE whose value is `one`, how many it admits."""
        if cohort.stored is not None:
            return total(column("passes") if only is None else only)
        return exp.Count(this=exp.Star() if only is None else only)

    one: exp.Expr = exp.Literal.number(1) if cohort.stored is None else column("passes")
    counts = {"entered": units(), "converted": units(exp.Case().when(known, one))}
    for index, window in enumerate(windows):
        # Within the first condition, so that days are counted of those alone who got there.
        in_time = exp.Case().when(exp.LTE(this=took.copy(), expression=parameter(window)), one.copy())
        counts[f"in_time_{index}"] = units(exp.Case().when(known.copy(), in_time))
    names = [*(key.name for key in cohort.keys), "entered_on"]
    select = exp.select(*[column(name) for name in names], *[named(tree, name) for name, tree in counts.items()])
    select = select.from_(entries(cohort, shown, with_lost=False).subquery("entries"))
    select = grouped(select, [column(name) for name in names])
    columns: list[exp.Expr] = [column(name) for name in names]
    if cohort.period is not None:
        columns.insert(-1, named(_period(cohort.period), "period"))
    return exp.select(*columns, *[column(name) for name in counts]).from_(select.subquery("combined"))


def _period(period: PeriodKey) -> exp.Expr:
    """The period of the day of entry, which the rows below name alike."""
    return period_start(replace(period, reference=Reference("combined", "entered_on")))


def waited(name: str, suffix: str) -> exp.Expr:
    """The time from the entry to a target or loss, in days or started hours; NULL where it lies after the as-of day.

    What is dated before the entry took no time.
    """
    between = days_between if suffix == "_on" else started_hours_between
    took = between(column(f"entered{suffix}"), column(f"{name}{suffix}"))
    took = exp.Greatest(this=took, expressions=[exp.Literal.number(0)], ignore_nulls=True)
    return exp.Case().when(_is_known(f"{name}{suffix}"), took)


def _is_timed(suffix: str) -> exp.Expr:
    """Whether the time to the target says how long it takes: recorded, and not dated before the entry."""
    return exp.and_(_is_recorded(suffix), _is_in_order(suffix))


def _is_recorded(suffix: str) -> exp.Expr:
    recorded = column(f"target{suffix}").eq(column(f"stamped{suffix}"))
    return exp.Coalesce(this=recorded, expressions=[exp.false()])


def _is_in_order(suffix: str) -> exp.Expr:
    in_order = exp.GTE(this=column(f"target{suffix}"), expression=column(f"entered{suffix}"))
    return exp.Coalesce(this=in_order, expressions=[exp.false()])


def observed(suffix: str) -> exp.Expr:
    """The longest window that lies before the as-of day as a whole, in full days or hours."""
    if suffix == "_on":
        span = days_between(column("entered_on"), as_type(parameter("as_of"), "DATE"))
    else:
        span = started_hours_between(column("entered_at"), as_type(parameter("as_of_at"), "TIMESTAMP"))
    return exp.Sub(this=span, expression=exp.Literal.number(1))


def _is_known(name: str) -> exp.Expr:
    return exp.LT(this=column(name), expression=parameter("as_of" if name.endswith("_on") else "as_of_at"))
