"""The funnel of a definition file to its kind: steps, windows and words, with every problem. Opens no file."""

from __future__ import annotations

import re
from typing import Any

from data.errors import Problems
from data.stages import STAGES
from data.yaml_files import Fields, Node
from metrics.kinds import Funnel, Step

__all__ = ["FUNNEL_KEYS", "read_funnel"]

FUNNEL_KEYS = ("steps", "entry", "skips")
STEP_KEYS = ("stage", "within")
ENTRIES, SKIPS = ("first", "every"), ("imply", "require")


def read_funnel(fields: Fields, common: dict[str, Any], _reading: object) -> Funnel | None:
    steps = [_step(item, index, fields, fields.problems) for index, item in enumerate(fields.items("steps"))]
    known = [step for step in steps if step is not None]
    if len(steps) < 2:
        fields.report("steps", "'steps' is a list of at least two stages, for example {stage: mql, within: 30 days}.")
        return None
    order = [STAGES.index(step.stage) for step in known]
    if order != sorted(set(order)):
        fields.report("steps", f"the stages must follow the order {', '.join(STAGES)}, each at most once.")
    if len(known) < len(steps):
        return None
    return Funnel(
        **common,
        steps=tuple(known),
        entry=fields.choice("entry", ENTRIES) or "first",
        skips=fields.choice("skips", SKIPS) or "imply",
    )


def _step(item: Node, index: int, fields: Fields, problems: Problems) -> Step | None:
    own = Fields(item, problems, f"{fields.subject}.steps", STEP_KEYS)
    stage = own.choice("stage", STAGES, required=True)
    text = own.text("within", required=index > 0)
    match = re.fullmatch(r"(\d{1,4}) days?", text or "")
    if text is not None and match is None:
        own.report("within", f"'within' is '{text}'; write a number of days such as 30 days.")
    if index == 0 and "within" in own:
        own.report("within", "the first step has no step before it, so it has no 'within'.")
    if stage is None or (index > 0 and match is None):
        return None
    return Step(stage, int(match[1]) if match and index else None)
