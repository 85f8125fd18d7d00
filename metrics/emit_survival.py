"""Survival and waiting times out of the small table of a cohort (formulas: Conversion), as SQL. Runs nothing.

Both need windows over sums only, no function that engines read differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from metrics.sql_nodes import as_type, column, grouped, named, total

__all__ = ["DURATIONS", "SURVIVAL", "curve", "exits", "survival", "waiting_times"]

SURVIVAL = ("rate_kaplan_meier", "rate_cumulative_incidence")
# The quantiles of the time to convert, in tenths.
DURATIONS = {"median_days": 5, "p90_days": 9}


def curve(cohort: str, keys: Sequence[str], observed: exp.Expr, *, with_lost: bool) -> exp.Select:
    """Columns: the keys, time, at_risk, converted, lost, kaplan_meier, cumulative_incidence; a row per time of an exit.

    Of a conversion and a loss the first decides, of one time the conversion; without either a unit is censored when
    its observation ends, and still at risk at that time. Kaplan-Meier censors losses, Aalen-Johansen lets them compete.
    """
    unconverted = _over(exp.Sum(this=column("kept")), keys, "UNBOUNDED PRECEDING", "CURRENT ROW")
    kaplan_meier = exp.Case().when(_all_gone(), exp.Literal.number("1.0")).else_(_complement(unconverted))
    steps = exits(cohort, keys, observed, with_lost=with_lost, last=None, competing=True)
    incidence = _over(exp.Sum(this=column("gained")), keys, "UNBOUNDED PRECEDING", "CURRENT ROW")
    shown: list[exp.Expr] = [column(key) for key in (*keys, "time")]
    shown += [named(as_type(column(name), "BIGINT"), shown_as) for name, shown_as in
              (("n", "at_risk"), ("converted", "converted"), ("lost", "lost"))]  # fmt: skip
    shown += [named(kaplan_meier, "kaplan_meier"), named(incidence, "cumulative_incidence")]
    return exp.select(*shown).from_(steps.subquery("steps"))


def exits(
    cohort: str,
    keys: Sequence[str],
    observed: exp.Expr,
    *,
    with_lost: bool,
    last: exp.Expr | None,
    competing: bool,
    counts: Mapping[str, exp.Expr] | None = None,
) -> exp.Select:
    """Columns: the keys, time, n (at risk), converted, lost, kept and, where losses compete, gained; a row per time.

    `kept` is the logarithm of the share that does not convert at that time, `gained` the share of all that converts.
    With `last` all times after it are one: nothing up to it depends on when later exits are. `counts` are sums over
    the cohort, by name: their parts at each time.
    """
    at_risk = _over(exp.Sum(this=column("units")), keys, "CURRENT ROW", "UNBOUNDED FOLLOWING")
    each = _exits(cohort, keys, observed, with_lost=with_lost, last=last, counts=counts or {})
    risks = exp.select(exp.Star(), named(at_risk, "n")).from_(each.subquery("exits"))
    # Whoever is last at risk and goes leaves nobody behind, whose share would be asked for: no logarithm of 0.
    left = {"kept": column("converted"), **({"stayed": column("converted") + column("lost")} if competing else {})}
    shares = exp.select(exp.Star(), *[named(_log_share(gone), name) for name, gone in left.items()])
    shares = shares.from_(risks.subquery("risks"))
    if not competing:
        return shares
    before = _over(exp.Sum(this=column("stayed")), keys, "UNBOUNDED PRECEDING", "1 PRECEDING")
    still_there = exp.Exp(this=exp.Coalesce(this=before, expressions=[exp.Literal.number(0)]))
    gained = exp.Div(this=still_there * as_type(column("converted"), "DOUBLE"), expression=column("n"))
    return exp.select(exp.Star(), named(gained, "gained")).from_(shares.subquery("shares"))


def _all_gone() -> exp.Expr:
    """Whether everybody at risk converts at a time."""
    return exp.and_(column("converted") > 0, column("converted").eq(column("n")))


def _complement(logarithm: exp.Expr) -> exp.Expr:
    return exp.Sub(this=exp.Literal.number(1), expression=exp.Exp(this=logarithm))


def _exits(
    cohort: str,
    keys: Sequence[str],
    observed: exp.Expr,
    *,
    with_lost: bool,
    last: exp.Expr | None,
    counts: Mapping[str, exp.Expr],
) -> exp.Select:
    """Columns: the keys, time, units, converted, lost and the counts: how many left at a time, and why."""
    waited = column("waited")
    converts: exp.Expr = waited.is_(exp.Null()).not_()
    left = exp.Case()
    loses: exp.Expr = exp.false()
    if with_lost:
        lost = column("lost_after")
        converts = exp.and_(converts, exp.or_(lost.is_(exp.Null()), waited.copy() <= lost.copy()))
        left = exp.Case().when(converts.copy(), waited.copy()).when(lost.copy().is_(exp.Null()).not_(), lost.copy())
        loses = exp.and_(lost.copy().is_(exp.Null()).not_(), exp.or_(waited.copy().is_(exp.Null()), lost < waited))
    else:
        left = left.when(converts.copy(), waited.copy())
    time: exp.Expr = left.else_(observed)
    if last is not None:
        after = exp.Add(this=last, expression=exp.Literal.number(1))
        time = exp.Least(this=time, expressions=[after], ignore_nulls=True)
    each = exp.select(
        exp.Star(),
        named(time, "time"),
        named(exp.Case().when(converts, column("units")).else_(exp.Literal.number(0)), "converted"),
        named(exp.Case().when(loses, column("units")).else_(exp.Literal.number(0)), "lost"),
    ).from_(cohort)
    groups = [column(key) for key in (*keys, "time")]
    sums = [named(total(column(name)), name) for name in ("units", "converted", "lost")]
    sums += [named(tree, name) for name, tree in counts.items()]
    return grouped(exp.select(*groups, *sums).from_(each.subquery("each")), groups)


def _log_share(gone: exp.Expr) -> exp.Expr:
    """The logarithm of the share that stays when some of those at risk go; 0 where all or none do."""
    share = exp.Sub(
        this=exp.Literal.number(1), expression=exp.Div(this=as_type(exp.paren(gone), "DOUBLE"), expression=column("n"))
    )
    is_some = exp.LT(this=exp.paren(gone.copy()), expression=column("n"))
    return exp.Case().when(is_some, exp.Ln(this=share)).else_(exp.Literal.number("0.0"))


def _over(tree: exp.Expr, keys: Sequence[str], start: str, end: str) -> exp.Window:
    """An aggregate over the times of a group, from one bound to the other."""

    def bound(text: str) -> tuple[str, str | None]:
        amount, _, side = text.partition(" ")
        return (text, None) if text == "CURRENT ROW" else (amount, side)

    (first, first_side), (last, last_side) = bound(start), bound(end)
    spec = exp.WindowSpec(kind="ROWS", start=first, start_side=first_side, end=last, end_side=last_side)
    order = exp.Order(expressions=[exp.Ordered(this=column("time"), nulls_first=False)])
    return exp.Window(this=tree, partition_by=[column(key) for key in keys], order=order, spec=spec)


def survival(
    exits_name: str, keys: Sequence[str], window: exp.Expr, *, competing: bool, counts: Mapping[str, str]
) -> exp.Select:
    """Columns: the keys, rate_kaplan_meier and, where losses compete, rate_cumulative_incidence at the window; counts.

    0 before the first exit. NULL of nobody. `counts` are names by the names that the exits have them by.
    """
    by_then = column("time") <= window
    everybody = _filtered(exp.Count(this=exp.Star()), exp.and_(by_then, _all_gone()))
    kept = exp.Coalesce(this=_filtered(exp.Sum(this=column("kept")), by_then), expressions=[exp.Literal.number("0.0")])
    values: list[exp.Expr] = [exp.Case().when(everybody > 0, exp.Literal.number("1.0")).else_(_complement(kept))]
    if competing:
        gained = _filtered(exp.Sum(this=column("gained")), by_then)
        values.append(exp.Coalesce(this=gained, expressions=[exp.Literal.number("0.0")]))
    nobody = exp.Count(this=exp.Star()).eq(0)
    shown = [
        named(exp.Case().when(nobody.copy(), exp.Null()).else_(value), name)
        for name, value in zip(SURVIVAL, values, strict=False)
    ]
    shown += [named(total(column(part)), name) for part, name in counts.items()]
    groups = [column(key) for key in keys]
    return grouped(exp.select(*groups, *shown).from_(exits_name), groups)


def _filtered(tree: exp.Expr, only: exp.Expr) -> exp.Filter:
    return exp.Filter(this=tree, expression=exp.Where(this=only.copy()))


def waiting_times(cohort: str, keys: Sequence[str], in_time: exp.Expr, per_day: int) -> exp.Select:
    """Columns: the keys, median_days, p90_days of the timed conversions that `in_time` admits.

    Interpolated like percentile_cont: of n values, the q-quantile lies at (n - 1) q between two neighbours. Positions
    are compared as whole tenths, so that no rounding moves one. `per_day` is the number of time units in a day.
    """
    groups = [column(key) for key in keys]
    timed = grouped(
        exp.select(*groups, named(column("waited"), "time"), named(total(column("units")), "units"))
        .from_(cohort)
        .where(exp.and_(column("is_timed"), in_time)),
        [*groups, column("waited")],
    )
    counted = exp.select(
        *[column(key) for key in (*keys, "time")],
        named(_over(exp.Sum(this=column("units")), keys, "UNBOUNDED PRECEDING", "CURRENT ROW"), "up_to"),
        named(exp.Window(this=exp.Sum(this=column("units")), partition_by=[column(key) for key in keys]), "n"),
    ).from_(timed.subquery("timed"))
    values: list[exp.Expr] = []
    for name, tenths in DURATIONS.items():
        place = exp.paren(column("n") - 1) * tenths
        ends = [_first_time(place < column("up_to") * 10), _first_time(place <= exp.paren(column("up_to") - 1) * 10)]
        part = exp.Div(
            this=as_type(
                exp.Mod(this=exp.paren(exp.Max(this=place.copy())), expression=exp.Literal.number(10)), "DOUBLE"
            ),
            expression=exp.Literal.number(10),
        )
        low, high = ends
        value = as_type(low, "DOUBLE") + part * exp.paren(high - low.copy())
        values.append(named(exp.Div(this=exp.paren(value), expression=exp.Literal.number(per_day)), name))
    return grouped(exp.select(*groups, *values).from_(counted.subquery("counted")), groups)


def _first_time(only: exp.Expr) -> exp.Expr:
    return _filtered(exp.Min(this=column("time")), only)
