"""The key `attribution` of stages.yaml: where touches count, and models of one's own. Shares out nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from data.yaml_files import Fields

__all__ = ["Attribution", "read_attribution"]

SCOPES = ("deal", "account")

_DEFAULT_LOOK_BACK = 90
_LONGEST_LOOK_BACK = 3_650
ATTRIBUTION_KEYS = ("look_back", "scope", "models", "half_life")


@dataclass(frozen=True)
class Attribution:
    """Where touches count. `look_back` in days, None for all; `half_life` in days, None for half a sales cycle."""

    look_back: int | None = _DEFAULT_LOOK_BACK
    scope: str = "deal"
    models: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    half_life: int | None = None


def read_attribution(parent: Fields) -> Attribution:
    """The key attribution of stages.yaml, or what counts where it is not there."""
    node = parent.child("attribution")
    if node is None:
        return Attribution()
    fields = Fields(node, parent.problems, "attribution", ATTRIBUTION_KEYS)
    return Attribution(
        look_back=_days(fields, "look_back", "all", _DEFAULT_LOOK_BACK),
        scope=fields.choice("scope", SCOPES) or "deal",
        models=_models(fields),
        half_life=_days(fields, "half_life", "auto", None),
    )


def _days(fields: Fields, key: str, word: str, default: int | None) -> int | None:
    """`90 days` as 90, the word as None."""
    if key not in fields:
        return default
    text = fields.text(key)
    if text is None or text == word:
        return None
    match = re.fullmatch(r"(\d{1,4}) days?", text)
    if match and 1 <= int(match[1]) <= _LONGEST_LOOK_BACK:
        return int(match[1])
    fields.report(key, f"'{key}' is '{text}'. Write days, 1 to {_LONGEST_LOOK_BACK}, such as 90 days; or {word}.")
    return None


def _models(fields: Fields) -> Mapping[str, Mapping[str, float]]:
    models: dict[str, Mapping[str, float]] = {}
    for name, node in fields.entries("models"):
        weights: dict[str, float] = {}
        parts = node.value if isinstance(node.value, dict) else {}
        for milestone, weight in parts.items():
            value = weight.value
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                fields.problems.add(
                    weight.place, f"attribution: the weight '{milestone}' of {name} must be a number from 0."
                )
            else:
                weights[milestone] = float(value)
        if not parts:
            fields.problems.add(node.place, f"attribution: {name} must give weights, such as {{first: 40, rest: 60}}.")
        models[name] = weights
    return models
