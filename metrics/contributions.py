"""How much each group adds to the change of a number, exactly (formulas: Change explained). Asks nothing.

Works with any numbers that can be added and divided: integers and floats from an answer, or fractions in a test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["MOST_NAMED", "STANDS_OUT", "Effect", "concentration", "is_within_chance", "ratio_effects", "sum_effects"]

# From here on a few groups moved clearly more than their size explains. Groups that move at random stay below it.
STANDS_OUT = 0.25
# Of a ratio a group with less of the denominator counts in proportion: one deal makes any average jump.
ENOUGH = 0.05
# A finding names at most so many groups; more of them would be a list and no finding.
MOST_NAMED = 3
_Z = 1.959964  # the standard normal distribution has 95 % between -z and z

Group = Any  # a value of a dimension; None is the group of rows without one
Number = Any  # int, float or Fraction


@dataclass(frozen=True)
class Effect:
    """What one group adds to the change of the total.

    `before` and `after` are the group's own values: a part of the total for a sum, a rate of its own (None where it has
    no denominator) for a ratio. `effect` is its part of the total's change; of a ratio it is `rate` + `mix`. `size` is
    the group's share of all, the mean of both periods, from `share_before` and `share_after`.
    """

    group: Group
    before: Number
    after: Number
    effect: Number
    rate: Number | None = None
    mix: Number | None = None
    share_before: Number = 0
    share_after: Number = 0

    @property
    def size(self) -> Number:
        return (self.share_before + self.share_after) / 2


def sum_effects(before: Mapping[Group, Number], after: Mapping[Group, Number]) -> list[Effect]:
    """By group, the group's change, largest first. A group missing from one side counts as 0 there."""
    wholes = [sum(abs(value) for value in side.values()) for side in (before, after)]
    found = []
    for group in dict.fromkeys((*before, *after)):
        values = [side.get(group, 0) for side in (before, after)]
        shares = [abs(value) / whole if whole else 0 for value, whole in zip(values, wholes, strict=True)]
        if any(values):
            found.append(Effect(group, values[0], values[1], values[1] - values[0], None, None, shares[0], shares[1]))
    return _largest_first(found)


def ratio_effects(
    before: Mapping[Group, tuple[Number, Number]], after: Mapping[Group, tuple[Number, Number]]
) -> list[Effect]:
    """By group (numerator, denominator), the effects of its rate and of its share of the denominator, largest first.

    rate_i = mean(w_i) x change(r_i) and mix_i = (mean(r_i) - mean(R)) x change(w_i), with w the share of the
    denominator and R the rate of all. A group without a denominator on one side takes the other side's rate, so that
    it is all mix; a numerator that such a group has all the same (spend on a channel without leads) is of no share, so
    its part of R counts as rate. Both denominators of all must differ from 0.
    """
    wholes = [(sum(n for n, _ in side.values()), sum(d for _, d in side.values())) for side in (before, after)]
    middle = sum(n / d for n, d in wholes) / 2
    found = []
    for group in dict.fromkeys((*before, *after)):
        sides = [side.get(group, (0, 0)) for side in (before, after)]
        if not any(value for side in sides for value in side):
            continue
        shares = [d / whole for (_, d), (_, whole) in zip(sides, wholes, strict=True)]
        rates = [n / d if d else None for n, d in sides]
        loose = [0 if d else n / whole for (n, d), (_, whole) in zip(sides, wholes, strict=True)]
        first, last = (own if own is not None else other for own, other in zip(rates, reversed(rates), strict=True))
        rate, mix = loose[1] - loose[0], 0 * middle
        if first is not None and last is not None:
            rate += sum(shares) / 2 * (last - first)
            mix = ((first + last) / 2 - middle) * (shares[1] - shares[0])
        found.append(Effect(group, rates[0], rates[1], rate + mix, rate, mix, shares[0], shares[1]))
    return _largest_first(found)


def _largest_first(found: Sequence[Effect]) -> list[Effect]:
    return sorted(found, key=lambda effect: (-abs(effect.effect), effect.group is None, str(effect.group)))


def concentration(effects: Sequence[Effect]) -> float:
    """How far a few groups explain the change beyond their size, from 0 to 1.

    The most that k = 1, 2 or 3 groups have of all movement (the sum of the absolute effects), less their share of the
    size. 0 where every group moved by its size; near 1 where one small group moved alone. All movement is in the
    denominator, so that many tiny groups that move at random explain little; and of a ratio a group with less than 5 %
    of the denominator counts in proportion. The empty group is never among the k: an empty value explains nothing.
    """
    movement = sum(abs(effect.effect) for effect in effects)
    if not movement:
        return 0.0
    beyond, best = 0.0, 0.0
    for part in sorted((_excess(e, movement) for e in effects if e.group is not None), reverse=True)[:MOST_NAMED]:
        beyond += part
        best = max(best, beyond)
    return best


def _excess(effect: Effect, movement: Number) -> float:
    """A group's share of all movement, beyond its share of the size."""
    excess = float(abs(effect.effect) / movement - effect.size)
    return excess if effect.rate is None else excess * min(1.0, float(effect.size) / ENOUGH)


def is_within_chance(before: tuple[float, float | None], after: tuple[float, float | None]) -> bool:
    """Whether chance alone brings a difference as large in one of 20 cases or more.

    Both sides are a count and what it is a part of, None for a count that stands for itself. Counts as Poisson numbers:
    |change| < z sqrt(before + after). Rates as two proportions of one pooled rate p:
    |change| < z sqrt(p (1 - p) (1/n + 1/m)). Nothing is said of a rate above 1.
    """
    (first, whole), (last, other) = before, after
    if whole is None or other is None:
        return abs(last - first) < _Z * math.sqrt(abs(first) + abs(last))
    pooled = (first + last) / (whole + other)
    if not 0 <= pooled <= 1:
        return False
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / whole + 1 / other))
    return abs(last / other - first / whole) < _Z * deviation
