"""The SELECTs of passes, leads and their stages: model files, completed by what stages.yaml declares. Runs nothing."""

from __future__ import annotations

from sqlglot import exp

from data.credit import completed_credit, completed_credit_days, completed_journeys
from data.funnel_entries import FUNNEL_ENTRIES, first_entries
from data.handoffs import HANDOFFS, LEAD_OWNERS, completed_handoffs, completed_owners
from data.moments import RULE_STAMPS, completed_moments, rule_entries, rule_facts
from data.stages import STAGES, Sign, Stages

__all__ = ["STAGE_COLUMNS", "THEN", "complete", "made_of_rules", "stage_columns"]

# Ends the names of the tables in which each moment is judged by the rule that was in force then.
THEN = "_then"

# Suffix and type of the columns that `leads` has for each stage.
STAGE_COLUMNS = {
    "_at": "TIMESTAMP", "_on": "DATE", "_stamped_at": "TIMESTAMP", "_stamped_on": "DATE", "_inferred": "BOOLEAN",
}  # fmt: skip

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
_INSTANTS = {"_at": "happened_at", "_on": "happened_on"}
_PASS = ("contact_id", "pass")
_CARRIED = ("channel", "source", "campaign_id", "content_id")


def made_of_rules(stages: Stages) -> dict[str, str]:
    """The tables that are there only where rules decide, with the name of the model file of each."""
    made = {RULE_STAMPS: RULE_STAMPS} if stages.ruled else {}
    return made | ({name + THEN: name for name in ("leads", "lead_stages")} if stages.has_versions else {})


def stage_columns(stage: str) -> tuple[str, ...]:
    """The names of a stage's columns in `leads`."""
    return tuple(stage + suffix for suffix in STAGE_COLUMNS)


def complete(name: str, tree: exp.Query, stages: Stages) -> exp.Query:
    """The tree of a model file with what stages.yaml adds to it, changed in place; other models stay as they are."""
    if name == "passes":
        return _completed_passes(tree, stages)
    if name == "lead_moments":
        assert isinstance(tree, exp.Select)
        whole = completed_moments(tree, stages.book)
        return _with_table(_with_table(whole, "look_back", _look_back(stages)), "rule_facts", rule_facts(stages.book))
    if name == RULE_STAMPS:
        return _with_table(tree, "rule_entries", rule_entries(stages))
    if name in ("leads", "leads" + THEN):
        return _completed_leads(tree, stages, name)
    if name in ("lead_stages", "lead_stages" + THEN):
        return _with_table(tree, "stage_entries", _entries(stages, name.replace("lead_stages", "leads")))
    if name == FUNNEL_ENTRIES:
        return _with_table(tree, "first_entries", first_entries(stages.names))
    if name == "journeys":
        return completed_journeys(tree, stages.attribution)
    if name == "credit":
        return completed_credit(tree, stages.attribution)
    if name == "credit_days":
        return completed_credit_days(tree, stages.attribution)
    if name == LEAD_OWNERS:
        return completed_owners(tree)
    return completed_handoffs(tree, stages) if name == HANDOFFS else tree


def _stamped(stages: Stages) -> list[str]:
    # The creating touch is found by the lead's stamp; where no lead is declared, it is NULL.
    return list(dict.fromkeys(("lead", *stages.names)))


def _completed_passes(tree: exp.Query, stages: Stages) -> exp.Query:
    """With the earliest sign of each stage; where a rule decides, that is the CRM's stamp, which still moves a lead."""
    assert isinstance(tree, exp.Select)
    stamped = next(cte.this for cte in tree.ctes if cte.alias == "stamped")
    for name in _stamped(stages):
        rank = _rank(name) if name in stages.names else 0
        for suffix, dated in _INSTANTS.items():
            stamped.select(exp.alias_(_earliest(dated, rank), f"{name}_stamped{suffix}", quoted=True), copy=False)
            tree.select(exp.column(f"{name}_stamped{suffix}", table="p", quoted=True), copy=False)
    return _with_table(tree, "stage_signs", _stage_signs(stages))


def _completed_leads(tree: exp.Query, stages: Stages, name: str) -> exp.Query:
    assert isinstance(tree, exp.Select)
    stamped = next(cte.this for cte in tree.ctes if cte.alias == "stamped")
    ruled = {stage.name for stage in stages.ruled}
    judged = "ruled" + (THEN if name.endswith(THEN) else "")
    for stage in _stamped(stages):
        for suffix in _INSTANTS:
            stamp = exp.column(f"{stage}_stamped{suffix}", table="p", quoted=True)
            if stage in ruled:
                stamp = exp.column(judged + suffix, table=f"{stage}_rule", quoted=True)
            stamped.select(exp.alias_(stamp, f"{stage}_stamped{suffix}", quoted=True), copy=False)
        if stage in ruled:
            _join_rule(stamped, stage)
    for place, stage in enumerate(stages.names):
        later = stages.names[place + 1 :]
        tree.select(*_stage_expressions(stage, later, is_first=place == 0), copy=False)
    return _with_table(tree, "look_back", _look_back(stages))


def _join_rule(stamped: exp.Select, stage: str) -> None:
    rule = f"{stage}_rule"
    same = [exp.column(key, table=rule, quoted=True).eq(exp.column(key, table="p", quoted=True)) for key in _PASS]
    is_stage = exp.column("stage", table=rule, quoted=True).eq(exp.Literal.string(stage))
    stamped.join(exp.to_table(RULE_STAMPS).as_(rule), on=exp.and_(*same, is_stage), join_type="left", copy=False)


def _look_back(stages: Stages) -> exp.Query:
    look_back = exp.cast(exp.convert(stages.attribution.look_back), "int")
    return exp.select(exp.alias_(look_back, "days", quoted=True))


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
    """s_at, s_on, s_stamped_at, s_stamped_on and s_inferred of one stage, over the stamps of the pass."""

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
        "_stamped_at": stamp(name, "_at"),
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


def _entries(stages: Stages, leads: str) -> exp.Query:
    """One SELECT over the table of leads per declared stage, stacked."""
    parts = [_entries_of(stage.name, stage.band, leads) for stage in stages.stages]
    stacked: exp.Query = parts[0]
    for part in parts[1:]:
        stacked = exp.union(stacked, part, distinct=False)
    return stacked


def _entries_of(stage: str, band: str, leads: str) -> exp.Select:
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
        .from_(exp.to_table(leads))
        .where(exp.column(f"{stage}_on", quoted=True).is_(exp.null()).not_())
    )
