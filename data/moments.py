"""The SELECTs of `lead_moments` and `rule_stamps`: facts by moment, and when rules are first true. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from sqlglot import exp

from data.rules import RuleBook, RuleVersion
from data.stages import Stage, Stages
from data.tables import TOUCH_COUNTS

__all__ = ["RULE_STAMPS", "completed_moments", "facts_query", "first_true", "rule_entries", "rule_facts"]

RULE_STAMPS = "rule_stamps"
_MOMENT = ("contact_id", "pass", "happened_at", "happened_on")
_WINDOW = "so_far"


def completed_moments(tree: exp.Select, book: RuleBook) -> exp.Select:
    """The model `lead_moments` with a column for each declared fact: its latest value so far that is of its kind."""
    facts, counted = (next(cte.this for cte in tree.ctes if cte.alias == name) for name in ("facts", "counted"))
    facts.select(exp.alias_(_is_readable(book), "is_readable", quoted=True), copy=False)
    for name, kind in book.facts.items():
        is_it = exp.column("fact", quoted=True).eq(exp.Literal.string(name))
        value = exp.Case().when(is_it, exp.TryCast(this=_column("value"), to=exp.DataType.build(kind)))
        # A fact that was emptied keeps its last value: nothing says what it is instead.
        latest = exp.IgnoreNulls(this=exp.LastValue(this=value))
        window = exp.Window(this=latest, alias=exp.to_identifier(_WINDOW))
        counted.select(exp.alias_(window, name, quoted=True), copy=False)
        tree.select(exp.alias_(_column(name, "m"), name, quoted=True), copy=False)
    return tree


def _is_readable(book: RuleBook) -> exp.Expr:
    """Whether the value of a fact is of its kind: what is no number does not hide the number written before it."""
    readable = exp.Case().else_(exp.true())
    for name, kind in book.facts.items():
        value = exp.TryCast(this=_column("value", "f"), to=exp.DataType.build(kind))
        readable = readable.when(_column("name", "f").eq(exp.Literal.string(name)), value.is_(exp.null()).not_())
    return readable if book.facts else exp.true()


def rule_facts(book: RuleBook) -> exp.Query:
    """The names of the declared facts, as a table of one column."""
    name = exp.cast(exp.null(), "varchar")
    if not book.facts:
        return exp.select(exp.alias_(name, "name", quoted=True)).where(exp.false())
    return exp.select("*").from_(exp.values([(fact,) for fact in book.facts], alias="f", columns=["name"]))


def facts_query(columns: Iterable[str], book: RuleBook) -> exp.Select:
    """One row per moment with only these facts. Attributes are today's, joined; a history wins where there is one."""
    wanted = sorted(columns)
    select = exp.select(*(exp.alias_(_column(name, "m"), name, quoted=True) for name in _MOMENT)).from_(
        exp.to_table("lead_moments").as_("m")
    )
    attributes = {name: book.attributes[name] for name in wanted if name in book.attributes}
    for name in wanted:
        table, _, column = attributes.get(name, "").partition(".")
        today = _column(column, table) if table else None
        told: exp.Expr = _column(name, "m")
        if name in book.facts:
            told = exp.Coalesce(this=told, expressions=[today]) if today is not None else told
        elif name not in TOUCH_COUNTS:
            assert today is not None
            told = today
        select.select(exp.alias_(told, name, quoted=True), copy=False)
    tables = {place.partition(".")[0] for place in attributes.values()}
    if tables:
        select.join("contacts", on=_column("contact_id", "contacts").eq(_column("contact_id", "m")),
                    join_type="left", copy=False)  # fmt: skip
    if "accounts" in tables:
        select.join("accounts", on=_column("account_id", "accounts").eq(_column("account_id", "contacts")),
                    join_type="left", copy=False)  # fmt: skip
    return select


def first_true(conditions: dict[str, exp.Expr], facts: exp.Query) -> exp.Select:
    """One row per pass with `NAME_at` and `NAME_on`: the first moment at which each condition is true, else NULL."""
    pass_key = [_column("contact_id"), _column("pass")]
    select = exp.select(*pass_key).from_(facts.subquery("moments"))
    for name, condition in conditions.items():
        for suffix, dated in (("_at", "happened_at"), ("_on", "happened_on")):
            first = exp.Filter(this=exp.Min(this=_column(dated)), expression=exp.Where(this=condition.copy()))
            select.select(exp.alias_(first, name + suffix, quoted=True), copy=False)
    return select.group_by(*[part.copy() for part in pass_key])


def rule_entries(stages: Stages) -> exp.Query:
    """What each rule says of each pass, beside the CRM's stamp of it. The columns of `rule_stamps`."""
    conditions: dict[str, exp.Expr] = {}
    read: set[str] = set()
    for stage in stages.ruled:
        versions = stages.versions(stage)
        conditions[f"{stage.name}_ruled"] = stages.today(stage).when.copy_tree()
        conditions[f"{stage.name}_then"] = _as_then(versions)
        read |= {name for version in versions for name in version.when.columns}
    judged = first_true(conditions, facts_query(read, stages.book))
    parts = [_entries(stage) for stage in stages.ruled]
    stacked: exp.Query = parts[0]
    for part in parts[1:]:
        stacked = exp.union(stacked, part, distinct=False)
    return stacked.with_("judged", as_=judged)


def _as_then(versions: tuple[RuleVersion, ...]) -> exp.Expr:
    """Each moment judged by the version in force on its day; before the first version's day, by the first."""
    if len(versions) == 1:
        return versions[0].when.copy_tree()
    case = exp.Case()
    for version, after in pairwise(versions):
        until = exp.cast(exp.Literal.string(str(after.starts)), "date")
        case = case.when(_column("happened_on") < until, version.when.copy_tree())
    return case.else_(versions[-1].when.copy_tree())


def _entries(stage: Stage) -> exp.Select:
    stamps = {
        "ruled_at": _column(f"{stage.name}_ruled_at", "j"),
        "ruled_on": _column(f"{stage.name}_ruled_on", "j"),
        "ruled_then_at": _column(f"{stage.name}_then_at", "j"),
        "ruled_then_on": _column(f"{stage.name}_then_on", "j"),
        "crm_at": _column(f"{stage.name}_stamped_at", "p"),
        "crm_on": _column(f"{stage.name}_stamped_on", "p"),
    }
    is_any = exp.or_(*(stamps[name].copy().is_(exp.null()).not_() for name in ("ruled_at", "ruled_then_at", "crm_at")))
    same = _column("contact_id", "j").eq(_column("contact_id", "p"))
    return (
        exp.select(
            exp.alias_(_column("contact_id", "p"), "contact_id", quoted=True),
            exp.alias_(_column("pass", "p"), "pass", quoted=True),
            exp.alias_(exp.Literal.string(stage.name), "stage", quoted=True),
            *(exp.alias_(stamp, name, quoted=True) for name, stamp in stamps.items()),
        )
        .from_(exp.to_table("passes").as_("p"))
        .join(exp.to_table("judged").as_("j"), on=exp.and_(same, _column("pass", "j").eq(_column("pass", "p"))),
              join_type="left")
        .where(is_any)
    )  # fmt: skip


def _column(name: str, table: str | None = None) -> exp.Column:
    return exp.column(name, table=table, quoted=True)
