"""Credit by what would be lost without a channel: a first-order Markov chain over transitions. Reads no paths.

Source: Anderl, Becker, von Wangenheim, Schumann (2016), Mapping the customer journey; removal effects, normalised.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

import numpy as np

__all__ = ["CONVERSION", "NULL", "START", "State", "removal_effects", "shares", "transitions"]

# States beside the channels: before the first touch, and the two ends. A channel is text, so none is one of these.
START, CONVERSION, NULL = ("start",), ("conversion",), ("null",)

State = tuple[str] | str | None
Transitions = Mapping[tuple[State, State], float]


def transitions(paths: Iterable[tuple[tuple[str, ...], float, float]]) -> dict[tuple[State, State], float]:
    """How often each state follows each other one, out of paths as (channels, conversions, nulls)."""
    found: dict[tuple[State, State], float] = {}
    for channels, conversions, nulls in paths:
        weight = conversions + nulls
        states: list[State] = [START, *channels]
        steps = [(pair, weight) for pair in itertools.pairwise(states)]
        for pair, count in [*steps, ((channels[-1], CONVERSION), conversions), ((channels[-1], NULL), nulls)]:
            if count:
                found[pair] = found.get(pair, 0.0) + count
    return found


def removal_effects(counts: Transitions) -> dict[State, float]:
    """Per channel the share of all conversions that is lost when it sends its traffic to null: 1 - P / P_full.

    P is the probability of a conversion from the start, by absorption: (I - Q)^-1 R. Without the channel, what would
    have reached it is lost, and it is reached with probability N[start, c] / N[c, c], of which the conversions from it
    are p(c): so one inverse tells every removal. All 0 where nothing converts.
    """
    channels = sorted({state for pair in counts for state in pair if not isinstance(state, tuple)}, key=_order)
    place = {state: number for number, state in enumerate([START, *channels])}
    moves = np.zeros((len(place), len(place)))
    converts = np.zeros(len(place))
    leaving = np.zeros(len(place))
    for (before, after), count in counts.items():
        leaving[place[before]] += count
        if after == CONVERSION:
            converts[place[before]] += count
        elif after != NULL:
            moves[place[before], place[after]] += count
    shares_of = np.where(leaving > 0, leaving, 1.0)
    visits = np.linalg.inv(np.eye(len(place)) - moves / shares_of[:, None])
    chance = visits @ (converts / shares_of)
    full = chance[0]
    if full <= 0:
        return dict.fromkeys(channels, 0.0)
    reached = visits[0] / np.diag(visits)
    return {state: float(reached[place[state]] * chance[place[state]] / full) for state in channels}


def _order(state: State) -> tuple[bool, str]:
    """Channels by name, the empty one last, so that equal counts give equal numbers to the last digit."""
    return (state is None, str(state))


def shares(counts: Transitions) -> dict[State, float]:
    """Per channel its part of what was converted; they sum to 1, or are all 0 where nothing converts."""
    effects = removal_effects(counts)
    whole = sum(effects.values())
    return {state: effect / whole if whole else 0.0 for state, effect in effects.items()}
