"""Whether a cohort can be read from the stored entries of funnels instead of from `leads`. Writes no SQL, runs nothing.

The stored table counts first passes by what standard funnels ask about; a cohort that touches anything else, or that
asks about rules as they were in force, is read from `leads`, with the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from data.funnel_entries import FUNNEL_ENTRIES, stored_steps
from metrics.nodes import Cohort, Reference, Stored
from metrics.query import Query
from metrics.reach import Reach

__all__ = ["from_stored"]


def from_stored(reach: Reach, cohort: Cohort, stages: tuple[str, str], query: Query) -> Cohort:
    """The cohort over the stored entries from one stage to another where they tell all that it needs, else unchanged.

    `cohort` is one of first passes.
    """
    if (
        FUNNEL_ENTRIES not in reach.definitions.tables
        or query.rules == "then"
        or stages not in stored_steps(list(reach.stages))
        or cohort.unit
        or cohort.instants is not None
        or cohort.scan.joins
    ):
        return cohort
    entry, target = stages
    stored = Stored(
        FUNNEL_ENTRIES,
        entry,
        target,
        columns=(
            ("channel", "channel"),
            (f"{entry}_on", "entered_on"),
            (f"{target}_on", "target_on"),
            (f"{target}_inferred", "is_inferred"),
            ("lost_on", "lost_on"),
        ),
        is_so=("is_first_pass",),
        is_not_so=(f"{entry}_inferred",),
    )
    known = {name for name, _ in stored.columns} | {*stored.is_so, *stored.is_not_so}
    needed = set(_columns(cohort))
    if not all(scope == "leads" and name in known for scope, name in needed):
        return cohort
    return replace(cohort, stored=stored) if ("leads", "is_first_pass") in needed else cohort


def _columns(cohort: Cohort) -> Iterator[tuple[str, str]]:
    """The scope and name of every column that a cohort reads."""
    for condition in (*cohort.scan.conditions, *cohort.entries, *cohort.asked):
        for node in condition.copy_tree().find_all(exp.Column):
            yield node.table, node.name
    places: list[Reference | None] = [cohort.entry, cohort.target, cohort.inferred, cohort.lost]
    places += [key.reference for key in cohort.keys]
    places += [cohort.spans.time if cohort.spans is not None else None]
    for place in places:
        if place is not None:
            yield place.scope, place.column
