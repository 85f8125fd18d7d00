"""The SELECTs of `leads` and `lead_stages`: their model files, completed by what stages.yaml declares. Runs nothing."""

from __future__ import annotations

from pathlib import Path

import sqlglot
from sqlglot import exp

from data.handoffs import completed_handoffs
from data.stages import STAGES, Sign, Stages

__all__ = ["STAGE_COLUMNS", "complete", "lead_stages_sql", "leads_sql", "stage_columns"]

_MODELS = Path(__file__).with_name("models")

# Suffix and type of the columns that `leads` has for each stage.
STAGE_COLUMNS = {"_at": "TIMESTAMP", "_on": "DATE", "_stamped_on": "DATE", "_inferred": "BOOLEAN"}

# Where the words of `known_by` stand among the signs of leads.sql.
_SIGNS = {
    "created": ("contact", "created"),
    "accepted": ("verdict", "accepted"),
    "deal_created": ("deal", "created"),
    "deal_won": ("deal", "won"),
}
_RECYCLED, _REJECTED, _LOST = ("verdict", "recycled"), ("verdict", "rejected"), ("deal", "lost")

# Recycling follows the stages of its instant: it can only end what they have begun.
_AFTER_ALL_STAGES = len(STAGES) + 1
_CARRIED = ("channel", "source", "campaign_id", "content_id")


def leads_sql(stages: Stages) -> str:
    """One SELECT that gives `leads`, over canonical tables, deal_outcomes and path_touches."""
    return _sql(complete("leads", _read("leads"), stages))


def lead_stages_sql(stages: Stages) -> str:
    """One SELECT that gives `lead_stages` out of `leads`."""
    return _sql(complete("lead_stages", _read("lead_stages"), stages))


def stage_columns(stage: str) -> tuple[str, ...]:
    """The names of a stage's columns in `leads`."""
    return tuple(stage + suffix for suffix in STAGE_COLUMNS)


def complete(name: str, tree: exp.Query, stages: Stages) -> exp.Query:
    """The tree of a model file with what stages.yaml adds to it, changed in place; other models stay as they are."""
    if name == "leads":
        return _completed_leads(tree, stages)
    if name == "lead_stages":
        return _with_table(tree, "stage_entries", _entries(stages))
    return completed_handoffs(tree, stages) if name == "handoffs" else tree


def _read(name: str) -> exp.Query:
    tree = sqlglot.parse_one((_MODELS / f"{name}.sql").read_text(encoding="utf-8"), dialect="duckdb")
    assert isinstance(tree, exp.Query)
    return tree


def _sql(tree: exp.Query) -> str:
    return tree.sql(dialect="duckdb", identify=True, pretty=True, comments=False)


def _completed_leads(tree: exp.Query, stages: Stages) -> exp.Query:
    assert isinstance(tree, exp.Select)
    stamped = next(cte.this for cte in tree.ctes if cte.alias == "stamped")
    # The creating touch is found by the lead's stamp; where no lead is declared, no rank is 0 and it is NULL.
    for name in dict.fromkeys(("lead", *stages.names)):
        rank = _rank(name) if name in stages.names else 0
        for column, dated in ((f"{name}_stamped_at", "happened_at"), (f"{name}_stamped_on", "happened_on")):
            stamped.select(exp.alias_(_earliest(dated, rank), column, quoted=True), copy=False)
    for place, name in enumerate(stages.names):
        later = stages.names[place + 1 :]
        tree.select(*_stage_expressions(name, later, is_first=place == 0), copy=False)
    look_back = exp.cast(exp.convert(stages.attribution.look_back), "int")
    days = exp.select(exp.alias_(look_back, "days", quoted=True))
    return _with_table(_with_table(tree, "look_back", days), "stage_signs", _stage_signs(stages))


def _with_table(tree: exp.Query, name: str, query: exp.Query) -> exp.Query:
    """The query itself, with one more CTE before all others."""
    clause = tree.args.get("with_") or exp.With(expressions=[])
    cte = exp.CTE(this=query, alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    clause.set("expressions", [cte, *clause.expressions])
    tree.set("with_", clause)
    return tree


def _rank(stage: str) -> int:
    return STAGES.index(stage) + 1


def _earliest(dated: str, rank: int) -> exp.Expr:
    is_stage = exp.column("stage_rank", quoted=True).eq(rank)
    return exp.Filter(this=exp.Min(this=exp.column(dated, quoted=True)), expression=exp.Where(this=is_stage))


def _stage_expressions(name: str, later: tuple[str, ...], is_first: bool) -> list[exp.Expr]:
    """s_at, s_on, s_stamped_on and s_inferred of one stage, over the stamps of the pass."""

    def stamp(stage: str, suffix: str) -> exp.Expr:
        return exp.column(f"{stage}_stamped{suffix}", table="p", quoted=True)

    def earliest(suffix: str) -> exp.Expr:
        stamps = [stamp(stage, suffix) for stage in (name, *later)]
        return exp.Least(this=stamps[0], expressions=stamps[1:], ignore_nulls=True) if later else stamps[0]

    never_stamped = stamp(name, "_on").is_(exp.null())
    implied: exp.Condition = never_stamped
    entered_on = earliest("_on")
    if is_first:
        # The first stage keeps its own stamp, even where a later one is dated before it.
        entered_on = exp.Coalesce(this=stamp(name, "_on"), expressions=[earliest("_on")])
    elif later:
        implied = exp.or_(never_stamped, earliest("_on") < stamp(name, "_on"))
    is_entered = entered_on.copy().is_(exp.null()).not_()
    columns = {
        "_at": exp.Case().when(implied.copy(), earliest("_at")).else_(stamp(name, "_at")),
        "_on": entered_on,
        "_stamped_on": stamp(name, "_on"),
        "_inferred": exp.Case().when(is_entered, implied.copy()),
    }
    return [exp.alias_(tree, name + suffix, quoted=True) for suffix, tree in columns.items()]


def _stage_signs(stages: Stages) -> exp.Query:
    """What each sign says: it enters a stage, recycles, or ends. (object, value, move, stage_rank)."""
    rows: list[tuple[str, str, str, int]] = []
    for stage in stages.stages:
        rows += [(*_place_of(sign), "enter", _rank(stage.name)) for sign in stage.signs]
    recycles = [*(("crm", value) for value in stages.recycles), _RECYCLED]
    ends = [*(("crm", value) for value in stages.ends), _REJECTED, _LOST]
    rows += [(*sign, "recycle", _AFTER_ALL_STAGES) for sign in dict.fromkeys(recycles)]
    rows += [(*sign, "end", _AFTER_ALL_STAGES) for sign in dict.fromkeys(ends)]
    values = exp.values(rows, alias="s", columns=["object", "value", "move", "stage_rank"])
    return exp.select("*").from_(values)


def _place_of(sign: Sign) -> tuple[str, str]:
    return ("crm", sign.value or "") if sign.kind == "crm" else _SIGNS[sign.kind]


def _entries(stages: Stages) -> exp.Query:
    """One SELECT over `leads` per declared stage, stacked."""
    parts = [_entries_of(stage.name, stage.band) for stage in stages.stages]
    stacked: exp.Query = parts[0]
    for part in parts[1:]:
        stacked = exp.union(stacked, part, distinct=False)
    return stacked


def _entries_of(stage: str, band: str) -> exp.Select:
    def column(name: str, alias: str) -> exp.Expr:
        return exp.alias_(exp.column(name, quoted=True), alias, quoted=True)

    return (
        exp.select(
            column("contact_id", "contact_id"),
            column("pass", "pass"),
            exp.alias_(exp.Literal.string(stage), "stage", quoted=True),
            exp.alias_(exp.Literal.string(band), "band", quoted=True),
            column(f"{stage}_at", "entered_at"),
            column(f"{stage}_on", "entered_on"),
            column(f"{stage}_inferred", "is_inferred"),
            *(column(name, name) for name in _CARRIED),
        )
        .from_(exp.to_table("leads"))
        .where(exp.column(f"{stage}_on", quoted=True).is_(exp.null()).not_())
    )
