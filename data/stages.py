"""stages.yaml: which stages a company has, how each is known, what ends a pass. Makes no SQL and reads no rows."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from data.attribution import Attribution, read_attribution
from data.company import Company
from data.errors import Place, Problems, did_you_mean
from data.rules import NO_RULES, RuleBook, RuleVersion, read_rules
from data.sources import Sources, read_sources
from data.yaml_files import Fields, Node, read_yaml

__all__ = ["BANDS", "OWNERS", "STAGES", "Attribution", "Sign", "Stage", "Stages", "read_stages"]

STAGES = ("lead", "mql", "sal", "sql", "opportunity", "customer")
BANDS = ("TOFU", "MOFU", "BOFU")
OWNERS = ("marketing", "sales", "both")

# The words of `known_by`, and the canonical columns without which nothing can be known that way.
WORDS: Mapping[str, tuple[str, ...]] = {
    "created": ("contacts.created_at",),
    "accepted": ("lead_decisions.decision",),
    "deal_created": ("deals.created_at",),
    "deal_won": ("deals.is_won", "deals.closed_at"),
}
_CRM = ("stage_changes.stage",)

KEYS = ("stages", "recycles", "ends", "facts", "scores", "rules", "attribution")
KNOWN_BY_KEYS = ("crm", "rule")
STAGE_KEYS = ("name", "label", "band", "owner", "means", "known_by", "recorded_from")


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
    """A declared stage. Of several signs the earliest counts; where a `rule` decides, they are only compared."""

    name: str
    label: str
    band: str
    owner: str
    means: str
    signs: tuple[Sign, ...]
    recorded_from: dt.date | None = None
    place: Place = field(default=Place(""), compare=False)
    rule: str | None = None
    rule_place: Place = field(default=Place(""), compare=False)

    @property
    def content(self) -> tuple[object, ...]:
        """What rows or rates depend on; the rest are words."""
        signs = sorted((sign.kind, sign.value or "") for sign in self.signs)
        return (self.name, self.band, signs, str(self.recorded_from))


@dataclass(frozen=True)
class Stages:
    """The declared stages in the order of the funnel, and the CRM stages that recycle or end a pass.

    `through` is the last day of the data, which says what version of a rule is today's.
    """

    stages: tuple[Stage, ...]
    recycles: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    attribution: Attribution = field(default_factory=Attribution)
    book: RuleBook = NO_RULES
    through: dt.date | None = None

    @property
    def ruled(self) -> tuple[Stage, ...]:
        """The stages that a rule decides."""
        return tuple(stage for stage in self.stages if stage.rule in self.book.rules)

    @property
    def has_versions(self) -> bool:
        """Whether some stage was once known otherwise than today."""
        return any(len(self.versions(stage)) > 1 for stage in self.ruled)

    def versions(self, stage: Stage) -> tuple[RuleVersion, ...]:
        return self.book.rules.get(stage.rule or "", ())

    def today(self, stage: Stage) -> RuleVersion:
        """The version of the stage's rule that counts today."""
        assert stage.rule is not None
        return self.book.today(stage.rule, self.through)

    def needs(self, stage: Stage) -> tuple[tuple[str, ...], ...]:
        """What a stage is known from, as groups of table.column: all of one group are needed, one group is enough."""
        if stage.rule in self.book.rules:
            return (self.book.needs(self.today(stage).when.columns),)
        return tuple(sign.needs for sign in stage.signs)

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
            "attribution": self.attribution.content,
        }
        if self.ruled:
            content["facts"] = dict(self.book.facts)
            content["rules"] = {
                stage.name: [[str(version.starts), version.fingerprint] for version in self.versions(stage)]
                for stage in self.ruled
            }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def read_stages(company: Company, problems: Problems, sources: Sources | None = None) -> Stages:
    """stages.yaml of a company. After a problem the result is for finding more problems, not for use.

    `sources` are those of the company where they have been read already.
    """
    node = read_yaml(company.folder / "stages.yaml", problems)
    if node is None:
        return Stages(())
    fields = Fields(node, problems, "", KEYS)
    stages = _stages(fields)
    recycles, ends = fields.texts("recycles"), fields.texts("ends")
    _check_values_apart(fields, stages, recycles, ends)
    book = read_rules(fields, _extras(fields, company, sources))
    _check_rules_named(fields, stages)
    return Stages(stages, recycles, ends, read_attribution(fields), book)


def _extras(fields: Fields, company: Company, sources: Sources | None) -> dict[str, str]:
    """Further columns that a rule may read. What is wrong with sources.yaml is told where that file is read."""
    if not fields.values.keys() & {"rules", "scores"} or not (company.folder / "sources.yaml").exists():
        return {}
    sources = sources or read_sources(company, Problems())
    tables = ("accounts", "contacts")
    return {f"{table}.{name}": kind for table in tables for name, kind in sources.extras(table).items()}


def _check_rules_named(fields: Fields, stages: tuple[Stage, ...]) -> None:
    written = fields.child("rules")
    rules = written.keys if written is not None and isinstance(written.value, dict) else {}
    named = {stage.rule for stage in stages}
    for name, place in rules.items():
        if name not in named:
            what = "no stage names this rule; write known_by: {rule: " + name + "} at one, or take it out"
            fields.problems.add(place, f"rules.{name}: {what}.")
    for stage in stages:
        if stage.rule is not None and stage.rule not in rules:
            hint = did_you_mean(stage.rule, rules, "Rules") if rules else "Write it under rules:."
            fields.problems.add(stage.rule_place, f"{stage.name}: there is no rule '{stage.rule}'. {hint}")


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
    signs, rule = _known_by(fields)
    recorded_from = fields.date("recorded_from")
    if name is None:
        return None
    return Stage(
        name, label or _label(name), band or "", owner or "", means or "", signs, recorded_from, node.place,
        str(rule.value) if rule else None, rule.place if rule else node.place,
    )  # fmt: skip


def _label(name: str) -> str:
    return name.upper() if len(name) == 3 else name.capitalize()


def _check_order(stage: Stage, found: list[Stage], node: Node, problems: Problems) -> None:
    assert isinstance(node.value, dict)
    place = node.value["name"].place
    if stage.name in [earlier.name for earlier in found]:
        problems.add(place, f"{stage.name}: this stage stands here a second time; join the two.")
    elif found and STAGES.index(found[-1].name) > STAGES.index(stage.name):
        problems.add(place, f"{stage.name}: stands after {found[-1].name}. {_allowed_stages()}")


def _known_by(fields: Fields) -> tuple[tuple[Sign, ...], Node | None]:
    """The signs of a stage, and where the name of its rule stands."""
    node = fields.child("known_by")
    if node is None:
        words = ", ".join(WORDS)
        fields.report(
            "known_by",
            f"the key 'known_by' is missing (a word: {words}; or {{crm: [values]}}, {{rule: name}}; or a list).",
        )
        return (), None
    parts = node.value if isinstance(node.value, tuple) else (node,)
    signs: list[Sign] = []
    rules: list[Node] = []
    for part in parts:
        signs.extend(_signs(part, fields))
        if isinstance(part.value, dict) and (rule := part.value.get("rule")) is not None:
            rules.append(rule)
    if not parts:
        fields.report("known_by", "'known_by' is an empty list: nothing would ever enter this stage.")
    if len(rules) > 1 or (rules and any(sign.kind != "crm" for sign in signs)):
        message = "a rule decides alone: beside it stands at most crm: [values], which is compared with it."
        fields.report("known_by", message)
    return tuple(dict.fromkeys(signs)), rules[0] if rules else None


def _signs(node: Node, fields: Fields) -> tuple[Sign, ...]:
    """One part of `known_by`: a word, or {crm: [values]}, which may stand beside the name of a rule."""
    if isinstance(node.value, dict):
        crm = Fields(node, fields.problems, f"{fields.subject}: known_by", KNOWN_BY_KEYS)
        values = crm.texts("crm")
        crm.text("rule")
        if "crm" in node.value and not values and not crm.values["crm"].value:
            crm.report("crm", "'crm' lists no value: write the CRM's names of this stage.")
        elif not node.value:
            crm.report("crm", "'known_by' is empty: write a word or {crm: [values]}.")
        return tuple(Sign("crm", value) for value in values)
    word = node.value
    if isinstance(word, str) and word in WORDS:
        return (Sign(word),)
    shown = node.kind if isinstance(word, tuple) else f"'{word}'"
    allowed = did_you_mean(str(word), (*WORDS, "crm", "rule"), "Allowed")
    fields.problems.add(
        node.place,
        f"{fields.subject}: 'known_by' is {shown}. {allowed} crm is written {{crm: [values]}}, rule {{rule: name}}.",
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
