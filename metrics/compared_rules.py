"""Two rules for one stage side by side over one set of passes, and a rule beside the CRM's stamps. Prints nothing.

Passes are the same under every rule, so that each is qualified by both, by one, or by none. Nothing is written: a
proposed rule is judged over the moments of the sealed generation.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl
from sqlglot import exp

from data.calendar import Period
from data.errors import InvalidQuestion, Place, Problems, did_you_mean
from data.expressions import Expression
from data.moments import RULE_STAMPS, facts_query, first_true
from data.rules import RuleBook
from data.stages import STAGES
from metrics.fit import book_in
from metrics.funnel import declared_steps
from metrics.kinds import Funnel
from metrics.query import Query
from metrics.reach import Unanswerable
from metrics.run import Session

__all__ = ["GROUPS", "Comparison", "Drift", "against_crm", "compare_rules", "proposed_rule", "rule_book"]

# Who is meant by each group of a comparison.
GROUPS: Mapping[str, str] = {
    "present": "qualified by the present rule",
    "proposed": "qualified by the proposed rule",
    "both": "qualified by both",
    "enters": "only by the proposed rule",
    "leaves": "only by the present rule",
}
FUNNEL = "lead_to_customer"
_TARGETS = ("opportunity", "customer")


@dataclass(frozen=True)
class Comparison:
    """Both rules over one set of passes.

    `frame` has a row per group (and value of a dimension): qualified, conversion to opportunity and customer to date
    and matured, won_revenue, judged, accepted, acceptance, median_days (of both: days from the present stamp to the
    proposed one, negative where that is earlier). `passes` are the rows behind it. `windows` are days from the stage
    to each later one; `reasons` say why a column is empty.
    """

    stage: str
    text: str
    sql: str
    is_by_rule: bool
    frame: pl.DataFrame
    passes: pl.DataFrame
    windows: Mapping[str, int]
    reasons: Mapping[str, str] = field(default_factory=dict)

    def rows(self, group: str) -> pl.DataFrame:
        """The passes of one group, with both days and the days between."""
        return self.passes.filter(_IS_IN[group])


@dataclass(frozen=True)
class Drift:
    """What the CRM stamped against what the rule says.

    `months` has per month (of the earlier of both stamps) both, only_rule, only_crm, same_day and median_days (from
    the rule's stamp to the CRM's); `rows` every pass with its month, ruled_on, crm_on, days and group.
    """

    stage: str
    months: pl.DataFrame
    rows: pl.DataFrame


_BY_PRESENT, _BY_PROPOSED = pl.col("present_on").is_not_null(), pl.col("proposed_on").is_not_null()
_IS_IN = {
    "present": _BY_PRESENT,
    "proposed": _BY_PROPOSED,
    "both": _BY_PRESENT & _BY_PROPOSED,
    "enters": _BY_PROPOSED & ~_BY_PRESENT,
    "leaves": _BY_PRESENT & ~_BY_PROPOSED,
}


def rule_book(session: Session) -> RuleBook:
    """What a rule may read in this generation."""
    return book_in(session.manifest)


def proposed_rule(session: Session, text: str) -> Expression:
    """A condition over facts and scores, expanded. Raises InvalidQuestion with the nearest fact."""
    problems = Problems()
    found = rule_book(session).condition(text, Place("when"), problems, "The proposed rule")
    if found is None:
        raise InvalidQuestion(problems.found[0].message)
    return found


def compare_rules(
    session: Session, stage: str, text: str, period: Period | None = None, by: tuple[str, ...] = ()
) -> Comparison:
    """The present rule of a stage (else what the CRM and other signs say) beside a proposed one.

    `period` bounds the days on which passes started. Raises InvalidQuestion.
    """
    _check_stage(session, stage)
    when = proposed_rule(session, text)
    sql, values = _passes_sql(session, stage, when, period, by)
    passes = session.run(sql, values)
    present, proposed = pl.col("present_on"), pl.col("proposed_on")
    passes = passes.with_columns((proposed - present).dt.total_days().alias("days"))
    day = _as_of(session)
    windows, reasons = _windows(session, stage)
    parts = [_figures(passes, group, by, windows, day) for group in GROUPS]
    is_by_rule = any(rule.stage == stage for rule in session.manifest.rules)
    return Comparison(stage, text, when.sql, is_by_rule, pl.concat(parts), passes, windows, reasons)


def against_crm(session: Session, stage: str, period: Period | None = None) -> Drift:
    """The stamps of a stage's rule beside the CRM's. `period` bounds the days of the earlier of both.

    Raises InvalidQuestion where no rule decides the stage.
    """
    _check_stage(session, stage)
    if stage not in {rule.stage for rule in session.manifest.rules}:
        raise InvalidQuestion(f"No rule decides the stage {stage} here: write one under rules: in stages.yaml.")
    names = ("contact_id", "pass", "ruled_on", "crm_on")
    wanted = exp.column("stage", quoted=True).eq(exp.Placeholder(this="stage"))
    query = exp.select(*(exp.column(name, quoted=True) for name in names)).from_(RULE_STAMPS).where(wanted)
    found = session.run(query.sql(dialect="duckdb", identify=True), {"stage": stage})
    ruled, crm = pl.col("ruled_on"), pl.col("crm_on")
    group = pl.when(crm.is_null()).then(pl.lit("only_rule")).when(ruled.is_null()).then(pl.lit("only_crm"))
    rows = (
        found.filter(ruled.is_not_null() | crm.is_not_null())
        .with_columns(
            pl.min_horizontal(ruled, crm).alias("day"),
            (crm - ruled).dt.total_days().alias("days"),
            group.otherwise(pl.lit("both")).alias("group"),
        )
        .filter(_inside(period))
        .with_columns(pl.col("day").dt.truncate("1mo").alias("month"))
        .sort("day", "contact_id", "pass")
    )
    counts = [(pl.col("group") == name).sum().cast(pl.Int64).alias(name) for name in ("both", "only_rule", "only_crm")]
    same = (pl.col("days") == 0).sum().cast(pl.Int64).alias("same_day")
    months = rows.group_by("month").agg(*counts, same, pl.col("days").median().alias("median_days")).sort("month")
    return Drift(stage, months, rows.select("month", *names, "days", "group"))


def _inside(period: Period | None) -> pl.Expr:
    if period is None:
        return pl.lit(True)
    return (pl.col("day") >= period.start) & (pl.col("day") < period.until)


def _check_stage(session: Session, stage: str) -> None:
    if stage not in STAGES:
        raise InvalidQuestion(f"Unknown stage '{stage}'. {did_you_mean(stage, session.reach.stages)}")
    if stage not in session.reach.stages:
        declared = ", ".join(session.reach.stages)
        raise InvalidQuestion(f"No stage {stage} here: stages.yaml declares {declared}.")


def _as_of(session: Session) -> dt.date:
    try:
        return session.reach.as_of(Query((FUNNEL,)))
    except Unanswerable as reason:
        raise InvalidQuestion(str(reason)) from None


def _windows(session: Session, stage: str) -> tuple[dict[str, int], dict[str, str]]:
    """Days from the stage to later ones by the standard windows, and why a later one has none."""
    funnel = session.reach.metric(FUNNEL)
    reasons: dict[str, str] = {}
    windows: dict[str, int] = {}
    try:
        steps = declared_steps(session.reach, funnel) if isinstance(funnel, Funnel) else ()
    except Unanswerable as reason:
        return {}, dict.fromkeys(_TARGETS, str(reason))
    total = 0
    for step in steps:
        if STAGES.index(step.stage) > STAGES.index(stage):
            total += step.within or 0
            windows[step.stage] = total
    for target in _TARGETS:
        if target not in windows:
            reasons[target] = f"{FUNNEL} has no step {target} after {stage}."
    return {target: windows[target] for target in _TARGETS if target in windows}, reasons


def _passes_sql(
    session: Session, stage: str, when: Expression, period: Period | None, by: tuple[str, ...]
) -> tuple[str, dict[str, object]]:
    """The passes that either rule qualifies before the as-of day: one row each."""
    values: dict[str, object] = {"as_of": _as_of(session)}
    reach = session.reach
    judged = first_true({"proposed": when.copy_tree()}, facts_query(when.columns, rule_book(session)))
    won = (
        exp.select(_c("contact_id"), _c("pass"), exp.alias_(_double(exp.Sum(this=_c("amount"))), "amount", quoted=True))
        .from_("revenue")
        .where(_c("deal_type").eq(exp.Literal.string("new")), _c("won_on") < exp.Placeholder(this="as_of"))
        .group_by(_c("contact_id"), _c("pass"))
    )
    present, proposed = _before(_c(f"{stage}_stamped_on", "leads")), _before(_c("proposed_on", "j"))
    select = exp.select(_c("contact_id", "leads"), _c("pass", "leads"))
    joins = []
    for name in by:
        try:
            key, join = reach.dimension_key(name, "leads", reach.metric("leads"))
        except Unanswerable as reason:
            raise InvalidQuestion(str(reason)) from None
        select = select.select(exp.alias_(_c(key.reference.column, key.reference.scope), name, quoted=True))
        if join is not None and join not in joins:
            joins.append(join)
    select = select.select(
        exp.alias_(present, "present_on", quoted=True),
        exp.alias_(proposed, "proposed_on", quoted=True),
        *(exp.alias_(_reached(session, target), f"{target}_on", quoted=True) for target in _TARGETS),
        exp.alias_(_c("amount", "w"), "amount", quoted=True),
        exp.alias_(exp.Case().when(_c("verdict_on", "h") < exp.Placeholder(this="as_of"), _c("decision", "h")),
                   "decision", quoted=True),
    ).from_("leads")  # fmt: skip
    for alias, source in (("j", judged.subquery()), ("w", won.subquery()), ("h", exp.to_table("handoffs"))):
        same = exp.and_(*(_c(part, alias).eq(_c(part, "leads")) for part in ("contact_id", "pass")))
        select = select.join(exp.alias_(source, alias, table=True), on=same, join_type="left")
    for join in joins:
        table = exp.alias_(exp.to_table(f'"{join.table}"', dialect="duckdb"), join.link, quoted=True, table=True)
        same_row = _c(join.own, "leads").eq(_c(join.target, join.link))
        select = select.join(table, on=same_row, join_type="left")
    some = exp.or_(*(part.copy().is_(exp.null()).not_() for part in (present, proposed)))
    select = select.where(some)
    if period is not None:
        values |= {"period_start": period.start, "period_until": period.until}
        started = _c("started_on", "leads")
        select = select.where(
            started >= exp.Placeholder(this="period_start"), started.copy() < exp.Placeholder(this="period_until")
        )
    return select.sql(dialect="duckdb", identify=True), values


def _reached(session: Session, target: str) -> exp.Expr:
    if target not in session.reach.stages:
        return exp.cast(exp.null(), "date")
    return _before(_c(f"{target}_on", "leads"))


def _before(day: exp.Expr) -> exp.Expr:
    """What had happened when the as-of day began."""
    return exp.Case().when(exp.LT(this=day.copy(), expression=exp.Placeholder(this="as_of")), day)


def _double(tree: exp.Expr) -> exp.Expr:
    return exp.cast(tree, "double")


def _c(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table=table, quoted=True)


def _figures(
    passes: pl.DataFrame, group: str, by: tuple[str, ...], windows: Mapping[str, int], day: dt.date
) -> pl.DataFrame:
    """One group's figures; a cohort is dated by its own rule: the proposed one of those who enter by it."""
    entry = pl.col("proposed_on") if group in ("proposed", "enters") else pl.col("present_on")
    figures = [pl.len().cast(pl.Int64).alias("qualified")]
    for target in _TARGETS:
        figures += _conversion(target, entry, windows.get(target), day)
    is_judged, is_accepted = pl.col("decision").is_not_null(), pl.col("decision") == "accepted"
    figures += [
        pl.col("amount").sum().round(2).alias("won_revenue"),
        is_judged.sum().cast(pl.Int64).alias("judged"),
        is_accepted.sum().cast(pl.Int64).alias("accepted"),
        _share(is_accepted.sum(), is_judged.sum()).alias("acceptance"),
        pl.col("days").median().alias("median_days"),
    ]
    of_group = passes.filter(_IS_IN[group])
    named = pl.lit(group).alias("group")
    if not by:
        return of_group.select(named, *figures)
    grouped = of_group.group_by(list(by)).agg(*figures).sort("qualified", *by, descending=[True, *(False for _ in by)])
    return grouped.select(named, *by, pl.exclude("group", *by))


def _conversion(target: str, entry: pl.Expr, window: int | None, day: dt.date) -> list[pl.Expr]:
    """To date, and within the window among those that had the whole of it (entry + window < D)."""
    names = [f"{target}_to_date", f"{target}_matured", f"{target}_rate_to_date", f"{target}_rate_matured"]
    if window is None:
        kinds = (pl.Int64, pl.Int64, pl.Float64, pl.Float64)
        return [pl.lit(None, kind).alias(name) for name, kind in zip(names, kinds, strict=True)]
    reached, span = pl.col(f"{target}_on"), dt.timedelta(days=window)
    is_matured = entry < day - span
    in_time = is_matured & (reached <= entry + span)
    to_date, matured = reached.is_not_null().sum(), is_matured.sum()
    return [
        to_date.cast(pl.Int64).alias(names[0]),
        matured.cast(pl.Int64).alias(names[1]),
        _share(to_date, pl.len()).alias(names[2]),
        _share(in_time.sum(), matured).alias(names[3]),
    ]


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    return pl.when(whole > 0).then(part / whole)
