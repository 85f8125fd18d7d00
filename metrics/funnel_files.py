"""The funnel of a definition file to its kind: steps, windows and words, with every problem. Opens no file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Protocol

from data.errors import Problems, did_you_mean
from data.stages import STAGES
from data.yaml_files import Fields, Node
from metrics.funnel_steps import COUNTS, ENTRIES, MATURITIES, SKIPS
from metrics.kinds import Funnel, Step

__all__ = ["FUNNEL_KEYS", "STEP_KEYS", "WINDOW", "read_funnel"]

FUNNEL_KEYS = ("steps", "entry", "skips", "maturity", "counts", "hold")
STEP_KEYS = ("stage", "within", "counts")
WINDOW = r"(\d{1,4}) (day|hour)s?"


class _Names(Protocol):
    def names(self, section: str) -> list[str]: ...


def read_funnel(fields: Fields, common: dict[str, Any], reading: _Names) -> Funnel | None:
    """The funnel, or None where its steps cannot be read. `reading` knows the names of dimensions."""
    steps = [_step(item, index, fields, fields.problems) for index, item in enumerate(fields.items("steps"))]
    known = [step for step in steps if step is not None]
    if len(steps) < 2:
        fields.report("steps", "'steps' is a list of at least two stages, for example {stage: mql, within: 30 days}.")
        return None
    order = [STAGES.index(step.stage) for step in known]
    if order != sorted(set(order)):
        fields.report("steps", f"the stages must follow the order {', '.join(STAGES)}, each at most once.")
    counts = fields.choice("counts", COUNTS) or "passes"
    if len(known) < len(steps):
        return None
    _check_deals(fields, known, counts)
    return Funnel(
        **common,
        steps=tuple(known),
        entry=fields.choice("entry", ENTRIES) or "first",
        skips=fields.choice("skips", SKIPS) or "imply",
        maturity=fields.choice("maturity", MATURITIES) or "exclude",
        counts=counts,
        hold=_hold(fields, reading),
    )


def _hold(fields: Fields, reading: _Names) -> tuple[str, ...]:
    known = reading.names("dimensions")
    for name in fields.texts("hold"):
        if name not in known:
            fields.report("hold", f"'hold' names '{name}'. {did_you_mean(name, known, 'Dimensions')}")
    return tuple(dict.fromkeys(name for name in fields.texts("hold") if name in known))


def _check_deals(fields: Fields, steps: Sequence[Step], counts: str) -> None:
    """A deal has two stages only, and days but no instants of them."""
    for before, after in pairwise(steps):
        if (after.counts or counts) != "deals":
            continue
        key = "steps" if after.counts else "counts"
        if (before.stage, after.stage) != ("opportunity", "customer"):
            fields.report(
                key,
                f"'counts' is 'deals' from {before.stage} to {after.stage}; deals are counted only from opportunity to"
                " customer: count passes or accounts in this step.",
            )
        if after.hours:
            fields.report(key, "'counts' is 'deals', whose days are known but not their hours: write 'within' in days.")


def _step(item: Node, index: int, fields: Fields, problems: Problems) -> Step | None:
    own = Fields(item, problems, f"{fields.subject}.steps", STEP_KEYS)
    stage = own.choice("stage", STAGES, required=True)
    text = own.text("within", required=index > 0)
    match = re.fullmatch(WINDOW, text or "")
    if text is not None and match is None:
        own.report("within", f"'within' is '{text}'; write a number of days or hours such as 30 days or 48 hours.")
    counts = own.choice("counts", COUNTS)
    for key in ("within", "counts") if index == 0 else ():
        if key in own:
            own.report(key, f"the first step has no step before it, so it has no '{key}'.")
    if stage is None or (index > 0 and match is None):
        return None
    if match is None or index == 0:
        return Step(stage)
    length = int(match[1])
    return Step(stage, 0, length, counts) if match[2] == "hour" else Step(stage, length, 0, counts)
