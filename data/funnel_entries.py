"""The table that standard funnels are read from, out of the stages a company has. Runs no SQL."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sqlglot import exp

__all__ = ["FUNNEL_ENTRIES", "first_entries", "stored_steps"]

FUNNEL_ENTRIES = "funnel_entries"

# The stages of the standard funnels, in their order.
_STAGES = ("lead", "mql", "opportunity", "customer")


def stored_steps(stages: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The pairs of stages whose entries are stored, of the declared ones: each step, and the whole way."""
    ours = [stage for stage in _STAGES if stage in stages]
    return tuple(dict.fromkeys([*pairwise(ours), *([(ours[0], ours[-1])] if len(ours) > 1 else [])]))


def first_entries(stages: Sequence[str]) -> exp.Query:
    """One SELECT over `leads` per pair, stacked; no row where there is no pair."""
    pairs = stored_steps(stages)
    # Without two stages the table has its columns and no row.
    parts = [_between(*pair) for pair in pairs] or [_between(stages[0], stages[0]).where(exp.false())]
    stacked: exp.Query = parts[0]
    for part in parts[1:]:
        stacked = exp.union(stacked, part, distinct=False)
    return stacked


def _between(entry: str, target: str) -> exp.Select:
    def column(name: str, alias: str) -> exp.Expr:
        return exp.alias_(exp.column(name, quoted=True), alias, quoted=True)

    return (
        exp.select(
            exp.alias_(exp.Literal.string(entry), "entry", quoted=True),
            exp.alias_(exp.Literal.string(target), "target", quoted=True),
            column("channel", "channel"),
            column(f"{entry}_on", "entered_on"),
            column(f"{target}_on", "target_on"),
            column(f"{target}_inferred", "is_inferred"),
            column("lost_on", "lost_on"),
        )
        .from_(exp.to_table("leads"))
        .where(exp.column("is_first_pass", quoted=True))
        .where(exp.column(f"{entry}_inferred", quoted=True).not_())
        .where(exp.column(f"{entry}_on", quoted=True).is_(exp.null()).not_())
    )
