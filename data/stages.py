"""stages.yaml: which stages a company has, how each is known, what ends a pass. Makes no SQL and reads no rows."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from data.company import Company
from data.errors import Place, Problems, did_you_mean
from data.yaml_files import Fields, Node, read_yaml

__all__ = ["BANDS", "OWNERS", "STAGES", "Attribution", "Sign", "Stage", "Stages", "read_stages"]

STAGES = ("lead", "mql", "sal", "sql", "opportunity", "customer")
BANDS = ("TOFU", "MOFU", "BOFU")
OWNERS = ("marketing", "sales", "both")
SCOPES = ("deal", "account")

# The words of `known_by`, and the canonical columns without which nothing can be known that way.
WORDS: Mapping[str, tuple[str, ...]] = {
    "created": ("contacts.created_at",),
    "accepted": ("lead_decisions.decision",),
    "deal_created": ("deals.created_at",),
    "deal_won": ("deals.is_won", "deals.closed_at"),
}
_CRM = ("stage_changes.stage",)

_DEFAULT_LOOK_BACK = 90
_LONGEST_LOOK_BACK = 3_650
KEYS = ("stages", "recycles", "ends", "attribution")
STAGE_KEYS = ("name", "label", "band", "owner", "means", "known_by", "recorded_from")
ATTRIBUTION_KEYS = ("look_back", "scope", "models", "half_life")


@dataclass(frozen=True)
class Sign:
    """One way in which a stage is known: a word of `known_by`, or `crm` with one of its values."""

    kind: str
    value: str | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """The canonical columns, as table.column, that this sign is read from."""
        return WORDS.get(self.kind, _CRM)


@dataclass(frozen=True)
class Stage:
    """A declared stage. Of several signs the earliest counts."""

    name: str
    label: str
    band: str
    owner: str
    means: str
    signs: tuple[Sign, ...]
    recorded_from: dt.date | None = None
    place: Place = field(default=Place(""), compare=False)

    @property
    def content(self) -> tuple[object, ...]:
        """What rows or rates depend on; the rest are words."""
        signs = sorted((sign.kind, sign.value or "") for sign in self.signs)
        return (self.name, self.band, signs, str(self.recorded_from))


@dataclass(frozen=True)
class Attribution:
    """Where touches count. `look_back` in days, None for all; `half_life` in days, None for half a sales cycle."""

    look_back: int | None = _DEFAULT_LOOK_BACK
    scope: str = "deal"
    models: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    half_life: int | None = None


@dataclass(frozen=True)
class Stages:
    """The declared stages in the order of the funnel, and the CRM stages that recycle or end a pass."""

    stages: tuple[Stage, ...]
    recycles: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    attribution: Attribution = field(default_factory=Attribution)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(stage.name for stage in self.stages)

    def missing(self, name: str) -> str | None:
        """The sentence why nothing is known of a stage, or None where it is declared."""
        if name in self.names:
            return None
        return f"No stage {name} here: stages.yaml declares {', '.join(self.names)}."

    @property
    def fingerprint(self) -> str:
        """Changes when rows or rates may; labels, meanings and owners are words about the same rows."""
        content = {
            "stages": [stage.content for stage in self.stages],
            "recycles": sorted(self.recycles),
            "ends": sorted(self.ends),
            "look_back": self.attribution.look_back,
            "scope": self.attribution.scope,
            "models": {name: dict(weights) for name, weights in self.attribution.models.items()},
            "half_life": self.attribution.half_life,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def read_stages(company: Company, problems: Problems) -> Stages:
    """stages.yaml of a company. After a problem the result is for finding more problems, not for use."""
    node = read_yaml(company.folder / "stages.yaml", problems)
    if node is None:
        return Stages(())
    fields = Fields(node, problems, "", KEYS)
    stages = _stages(fields)
    recycles, ends = fields.texts("recycles"), fields.texts("ends")
    _check_values_apart(fields, stages, recycles, ends)
    return Stages(stages, recycles, ends, _attribution(fields))


def _stages(fields: Fields) -> tuple[Stage, ...]:
    if "stages" not in fields or fields.values["stages"].value == ():
        fields.report("stages", f"'stages' must list at least one stage. {_allowed_stages()}")
        return ()
    found: list[Stage] = []
    for node in fields.items("stages"):
        stage = _stage(node, fields.problems)
        if stage is None:
            continue
        _check_order(stage, found, node, fields.problems)
        found.append(stage)
    return tuple(found)


def _allowed_stages() -> str:
    return f"Allowed, in this order: {', '.join(STAGES)}."


def _stage(node: Node, problems: Problems) -> Stage | None:
    subject = node.value.get("name") if isinstance(node.value, dict) else None
    fields = Fields(node, problems, str(subject.value) if subject else "a stage", STAGE_KEYS)
    name = fields.choice("name", STAGES, required=True)
    band = fields.choice("band", BANDS, required=True)
    owner = fields.choice("owner", OWNERS, required=True)
    means = fields.text("means", required=True)
    label = fields.text("label")
    signs = _known_by(fields)
    recorded_from = fields.date("recorded_from")
    if name is None:
        return None
    return Stage(name, label or _label(name), band or "", owner or "", means or "", signs, recorded_from, node.place)


def _label(name: str) -> str:
    return name.upper() if len(name) == 3 else name.capitalize()


def _check_order(stage: Stage, found: list[Stage], node: Node, problems: Problems) -> None:
    assert isinstance(node.value, dict)
    place = node.value["name"].place
    if stage.name in [earlier.name for earlier in found]:
        problems.add(place, f"{stage.name}: this stage stands here a second time; join the two.")
    elif found and STAGES.index(found[-1].name) > STAGES.index(stage.name):
        problems.add(place, f"{stage.name}: stands after {found[-1].name}. {_allowed_stages()}")


def _known_by(fields: Fields) -> tuple[Sign, ...]:
    node = fields.child("known_by")
    if node is None:
        words = ", ".join(WORDS)
        fields.report("known_by", f"the key 'known_by' is missing (a word: {words}; or {{crm: [values]}}; or a list).")
        return ()
    parts = node.value if isinstance(node.value, tuple) else (node,)
    signs: list[Sign] = []
    for part in parts:
        signs.extend(_signs(part, fields))
    if not parts:
        fields.report("known_by", "'known_by' is an empty list: nothing would ever enter this stage.")
    return tuple(dict.fromkeys(signs))


def _signs(node: Node, fields: Fields) -> tuple[Sign, ...]:
    """One part of `known_by`: a word, or {crm: [values]}."""
    if isinstance(node.value, dict):
        crm = Fields(node, fields.problems, f"{fields.subject}: known_by", ("crm",))
        values = crm.texts("crm")
        if node.value.keys() == {"crm"} and not values and not crm.values["crm"].value:
            crm.report("crm", "'crm' lists no value: write the CRM's names of this stage.")
        elif not node.value:
            crm.report("crm", "'known_by' is empty: write a word or {crm: [values]}.")
        return tuple(Sign("crm", value) for value in values)
    word = node.value
    if isinstance(word, str) and word in WORDS:
        return (Sign(word),)
    shown = node.kind if isinstance(word, tuple) else f"'{word}'"
    allowed = did_you_mean(str(word), (*WORDS, "crm"), "Allowed")
    fields.problems.add(
        node.place, f"{fields.subject}: 'known_by' is {shown}. {allowed} crm is written {{crm: [values]}}."
    )
    return ()


def _check_values_apart(
    fields: Fields, stages: tuple[Stage, ...], recycles: tuple[str, ...], ends: tuple[str, ...]
) -> None:
    """A CRM value that means two things would let one change do both."""
    meaning: dict[str, str] = {}
    uses = [(stage.name, sign.value) for stage in stages for sign in stage.signs if sign.value is not None]
    uses += [("recycles", value) for value in dict.fromkeys(recycles)] + [
        ("ends", value) for value in dict.fromkeys(ends)
    ]
    for use, value in uses:
        if meaning.setdefault(value, use) != use:
            key = use if use in ("recycles", "ends") else "stages"
            fields.report(
                key, f"the CRM value '{value}' stands under {meaning[value]} and under {use}; keep one of them."
            )


def _attribution(parent: Fields) -> Attribution:
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
