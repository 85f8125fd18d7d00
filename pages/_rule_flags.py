"""Days on which the rule of a stage changed, as flags on a line over time and in words. Computes no business number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from data.calendar import shift
from metrics.rule_versions import RuleChange, stages_read
from pages._dates import day
from pages._lines import Flag
from pages._page import View

__all__ = ["changes", "flags", "stages_of", "told"]


def stages_of(seen: View, metrics: Iterable[str]) -> dict[str, frozenset[str]]:
    """The stages that each metric reads."""
    return {name: stages_read(seen.session.reach, name) for name in metrics}


def changes(seen: View, stages: Iterable[str], starts: Sequence[dt.date], grain: str) -> tuple[RuleChange, ...]:
    """The changes of the rules of these stages within the periods that begin on `starts`."""
    if not starts:
        return ()
    wanted, first, until = set(stages), starts[0], shift(starts[-1], grain, 1)
    return tuple(
        change for change in seen.session.rule_changes() if change.stage in wanted and first <= change.day < until
    )


def flags(found: Iterable[RuleChange], starts: Sequence[dt.date], grain: str, group: str | None = None) -> list[Flag]:
    """A flag per change. A period's point stands for all of its days, so that its first day lies half a step before."""
    placed = []
    for change in found:
        index = max(index for index, start in enumerate(starts) if start <= change.day)
        length = (shift(starts[index], grain, 1) - starts[index]).days
        place = index - 0.5 + (change.day - starts[index]).days / length
        x = min(max(place, 0.0), len(starts) - 1.0)
        placed.append(Flag(x, day(change.day), f"{day(change.day)}: {change.label}", group))
    return placed


def told(found: Iterable[RuleChange], *, is_today: bool = True) -> str:
    """What the flags say, as a sentence for caption and alt text; with `is_today` which rule the numbers follow."""
    known = list(dict.fromkeys(found))
    if not known:
        return ""
    said = "; ".join(f"{change.label}, from {day(change.day)}" for change in known)
    rule = " Today's rule is applied to all periods." if is_today else ""
    return f" Flag: {said}.{rule}"
