"""Survival and waiting times out of the small table of a cohort (formulas: Conversion), as SQL. Runs nothing.

Both need windows over sums only, no function that engines read differently.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from metrics.sql_nodes import as_type, column, grouped, named, total

__all__ = ["DURATIONS", "SURVIVAL", "curve", "survival", "waiting_times"]

SURVIVAL = ("rate_kaplan_meier", "rate_cumulative_incidence")
# The quantiles of the time to convert, in tenths.
DURATIONS = {"median_days": 5, "p90_days": 9}


def curve(cohort: str, keys: Sequence[str], observed: exp.Expr, *, with_lost: bool) -> exp.Select:
    """Columns: the keys, time, at_risk, converted, lost, kaplan_meier, cumulative_incidence; a row per time of an exit.

    Of a conversion and a loss the first decides, of one time the conversion; without either a unit is censored when
    its observation ends, and still at risk at that time. Kaplan-Meier censors losses, Aalen-Johansen lets them compete.
    """
    risks = exp.select(
        exp.Star(), named(_over(exp.Sum(this=column("units")), keys, "CURRENT ROW", "UNBOUNDED FOLLOWING"), "n")
    ).from_(_exits(cohort, keys, observed, with_lost=with_lost).subquery("exits"))
    # Whoever is last at risk and goes leaves nobody behind, whose share would be asked for: no logarithm of 0.
    left = {"kept": column("converted"), "stayed": column("converted") + column("lost")}
    shares = exp.select(exp.Star(), *[named(_log_share(gone), name) for name, gone in left.items()])
    shares = shares.from_(risks.subquery("risks"))
    unconverted = _over(exp.Sum(this=column("kept")), keys, "UNBOUNDED PRECEDING", "CURRENT ROW")
    before = _over(exp.Sum(this=column("stayed")), keys, "UNBOUNDED PRECEDING", "1 PRECEDING")
    still_there = exp.Exp(this=exp.Coalesce(this=before, expressions=[exp.Literal.number(0)]))
    all_gone = exp.and_(column("converted") > 0, column("converted").eq(column("n")))
    kaplan_meier = exp.Case().when(all_gone, exp.Literal.number("1.0"))
    kaplan_meier = kaplan_meier.else_(exp.Sub(this=exp.Literal.number(1), expression=exp.Exp(this=unconverted)))
    gained = exp.Div(this=still_there * as_type(column("converted"), "DOUBLE"), expression=column("n"))
    steps = exp.select(exp.Star(), named(kaplan_meier, "kaplan_meier"), named(gained, "gained"))
    steps = steps.from_(shares.subquery("shares"))
    incidence = _over(exp.Sum(this=column("gained")), keys, "UNBOUNDED PRECEDING", "CURRENT ROW")
    shown: list[exp.Expr] = [column(key) for key in (*keys, "time")]
    shown += [named(as_type(column(name), "BIGINT"), shown_as) for name, shown_as in
              (("n", "at_risk"), ("converted", "converted"), ("lost", "lost"))]  # fmt: skip
    shown += [column("kaplan_meier"), named(incidence, "cumulative_incidence")]
    return exp.select(*shown).from_(steps.subquery("steps"))


def _exits(cohort: str, keys: Sequence[str], observed: exp.Expr, *, with_lost: bool) -> exp.Select:
    """Columns: the keys, time, units, converted, lost: how many left at a time, and why."""
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
    exits = exp.select(
        *[column(key) for key in keys],
        named(left.else_(observed), "time"),
        column("units"),
        named(exp.Case().when(converts, column("units")).else_(exp.Literal.number(0)), "converted"),
        named(exp.Case().when(loses, column("units")).else_(exp.Literal.number(0)), "lost"),
    ).from_(cohort)
    groups = [column(key) for key in (*keys, "time")]
    sums = [named(total(column(name)), name) for name in ("units", "converted", "lost")]
    return grouped(exp.select(*groups, *sums).from_(exits.subquery("each")), groups)


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


def survival(curve_name: str, keys: Sequence[str], window: exp.Expr) -> exp.Select:
    """Columns: the keys, rate_kaplan_meier, rate_cumulative_incidence at the window: the last value of each curve."""
    by_then = column("time") <= window
    values = [
        named(_highest(column(name), by_then), shown)
        for name, shown in zip(("kaplan_meier", "cumulative_incidence"), SURVIVAL, strict=True)
    ]
    groups = [column(key) for key in keys]
    return grouped(exp.select(*groups, *values).from_(curve_name), groups)


def _highest(tree: exp.Expr, only: exp.Expr) -> exp.Expr:
    """Curves never fall, so that the last value is the highest; 0 before the first. NULL of nobody."""
    filtered = exp.Filter(this=exp.Max(this=tree), expression=exp.Where(this=only.copy()))
    nobody = exp.Count(this=exp.Star()).eq(0)
    return (
        exp.Case().when(nobody, exp.Null()).else_(exp.Coalesce(this=filtered, expressions=[exp.Literal.number("0.0")]))
    )


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
    return exp.Filter(this=exp.Min(this=column("time")), expression=exp.Where(this=only))
