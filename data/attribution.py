"""`attribution:` of stages.yaml: which touches may have a share in a deal, and how it is shared. Makes no SQL.

A model gives weights to milestones of a path and to the rest of its touches (formulas: Attribution).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from data.errors import did_you_mean
from data.yaml_files import Fields, Node

__all__ = ["ATTRIBUTION_KEYS", "MARKOV", "MODELS", "PARTS", "SCOPES", "Attribution", "read_attribution"]

SCOPES = ("deal", "account")
ATTRIBUTION_KEYS = ("look_back", "scope", "models", "half_life", "collapse")

# What a model may give weight to: milestones, and all touches that are none of its milestones.
PARTS = ("first", "lead_creation", "deal_creation", "close", "last", "rest")
# The rule models that every company has. The last two are no weights of milestones.
MODELS: Mapping[str, Mapping[str, float]] = {
    "first": {"first": 100},
    "last": {"last": 100},
    "linear": {"rest": 100},
    "u_shaped": {"first": 40, "lead_creation": 40, "rest": 20},
    "position_based": {"first": 40, "last": 40, "rest": 20},
    "w_shaped": {"first": 30, "lead_creation": 30, "deal_creation": 30, "rest": 10},
    "full_path": {"first": 22.5, "lead_creation": 22.5, "deal_creation": 22.5, "close": 22.5, "rest": 10},
    "last_non_direct": {},
    "time_decay": {},
}

# The model that is no rule: it gives no touch a weight (metrics/markov.py).
MARKOV = "markov"

_DEFAULT_LOOK_BACK = 90
_LONGEST_LOOK_BACK = 3_650
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Attribution:
    """Which touches are in a path, and the company's own models beside the standard ones.

    `look_back` in days before a deal's creation, None for all; `half_life` in days, None for half a sales cycle;
    `scope` is the deal or its account. With `collapse` a run of touches of one campaign is its first touch.
    """

    look_back: int | None = _DEFAULT_LOOK_BACK
    scope: str = "deal"
    models: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    half_life: int | None = None
    collapse: bool = False

    @property
    def every_model(self) -> Mapping[str, Mapping[str, float]]:
        """The rule models of this company with their weights, the standard ones first."""
        return {**MODELS, **self.models}

    @property
    def content(self) -> dict[str, object]:
        """What shares depend on."""
        models = {name: dict(weights) for name, weights in self.models.items()}
        return {
            "look_back": self.look_back,
            "scope": self.scope,
            "models": models,
            "half_life": self.half_life,
            "collapse": self.collapse,
        }


def read_attribution(parent: Fields) -> Attribution:
    """The section of stages.yaml, or the standard where it is not there."""
    node = parent.child("attribution")
    if node is None:
        return Attribution()
    fields = Fields(node, parent.problems, "attribution", ATTRIBUTION_KEYS)
    return Attribution(
        look_back=_days(fields, "look_back", "all", _DEFAULT_LOOK_BACK),
        scope=fields.choice("scope", SCOPES) or "deal",
        models=_models(fields),
        half_life=_days(fields, "half_life", "auto", None),
        collapse=bool(fields.boolean("collapse")),
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
        if name in (*MODELS, MARKOV):
            fields.problems.add(node.place, f"attribution: '{name}' is a standard model: give yours another name.")
        elif not _NAME.fullmatch(name):
            what = "small letters, digits and _, starting with a letter, at most 40"
            fields.problems.add(node.place, f"attribution: '{name}' is no name of a model: {what}.")
        else:
            models[name] = _weights(name, node, fields)
    return models


def _weights(name: str, node: Node, fields: Fields) -> Mapping[str, float]:
    weights: dict[str, float] = {}
    parts = node.value if isinstance(node.value, dict) else {}
    for part, weight in parts.items():
        value = weight.value
        if part not in PARTS:
            hint = did_you_mean(part, PARTS, "Allowed")
            fields.problems.add(node.keys[part], f"attribution: {name} gives weight to '{part}'. {hint}")
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
            message = f"attribution: the weight '{part}' of {name} must be a number from 0."
            fields.problems.add(weight.place, message)
        else:
            weights[part] = float(value)
    if not parts or (len(weights) == len(parts) and not any(weights.values())):
        fields.problems.add(node.place, f"attribution: {name} must give weights, such as {{first: 40, rest: 60}}.")
    return weights
