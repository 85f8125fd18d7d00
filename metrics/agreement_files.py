"""The `agreement:` of a definition file to its versions, with every problem of each. Opens no file, judges nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise

from data.errors import did_you_mean
from data.handoffs import MOST_ATTEMPTS, attempt
from data.yaml_files import Fields, Node
from metrics.agreement import (
    LEAD_VALUE,
    NO_AGREEMENT,
    PACES,
    PER,
    TEAMS,
    Agreement,
    AgreementVersion,
    Objective,
    Obligation,
    Reason,
    Signature,
    Step,
)
from metrics.duration_files import PROMISE, SECONDS, attempts_of
from metrics.kinds import Duration, Metric, results_of, split_result
from metrics.lead_values import read_lead_values
from metrics.metric_files import Reading, read_where

__all__ = [
    "GOAL_KEYS",
    "OBJECTIVE_KEYS",
    "OBLIGATION_KEYS",
    "REASON_KEYS",
    "SIGNATURE_KEYS",
    "STEP_KEYS",
    "VERDICTS",
    "VERSION_KEYS",
    "metric_name",
    "read_agreement",
    "unit_of_metric",
]

VERSION_KEYS = (
    "from", "label", "description", "agreed", "reevaluated", "goal", "lead_type", "lead_values", "objectives",
    "obligations", "protocol", "reasons",
)  # fmt: skip
GOAL_KEYS = ("label", "description", "metric", "where", "target", "per", "pace")
OBJECTIVE_KEYS = (*GOAL_KEYS, "team", "held_by")
OBLIGATION_KEYS = ("label", "description", "metric", "team", "role", "attempts", "within", "share")
SIGNATURE_KEYS = ("on", "person")
STEP_KEYS = ("does", "who", "within")
REASON_KEYS = ("label", "verdict", "crm")
VERDICTS = ("rejected", "recycled")
_LARGEST = 1e15
_OF_A_WAIT = "a wait with a promise, such as human_delay_hours"


def read_agreement(node: Node | None, metrics: Mapping[str, Metric], reading: Reading) -> Agreement:
    """The versions of a list, each checked against the metrics and dimensions that it names."""
    if node is None:
        return NO_AGREEMENT
    if not isinstance(node.value, tuple):
        reading.problems.add(node.place, "agreement: must be a list of versions, each beginning with '- from: <date>'.")
        return NO_AGREEMENT
    found = [_version(item, metrics, reading) for item in node.value]
    versions = sorted((one for one in found if one is not None), key=lambda version: version.starts)
    for before, after in pairwise(versions):
        if before.starts == after.starts:
            message = f"agreement: a second version from {after.starts}; the first stands at {before.place}."
            reading.problems.add(after.place, message)
    if versions:
        _one_promise(versions[-1], metrics, reading)
    return Agreement(tuple(versions))


def _one_promise(version: AgreementVersion, metrics: Mapping[str, Metric], reading: Reading) -> None:
    """What the newest version promises is what the metric counts as kept: one time, or two numbers would differ."""
    for one in version.obligations:
        metric = metrics[one.metric]
        if not isinstance(metric, Duration):
            continue
        subject = f"agreement.obligations.{one.name}"
        if metric.promise != one.within:
            reading.problems.add(
                one.place,
                f"{subject}: promises {one.within_words}, but the metric {one.metric} counts with another time"
                f" ({metric.place}). Define {one.metric} in definitions/ with promise: {one.within_words}, or promise"
                " here what it says.",
            )
        if (number := attempts_of(metric)) != one.attempts:
            reading.problems.add(
                one.place,
                f"{subject}: promises {one.attempts} attempts, but the metric {one.metric} waits for {number}"
                f" ({metric.place}). Define {one.metric} in definitions/ with to: {attempt(one.attempts or 1)}, or"
                " promise here what it says.",
            )


def _version(node: Node, metrics: Mapping[str, Metric], reading: Reading) -> AgreementVersion | None:
    fields = Fields(node, reading.problems, "agreement", VERSION_KEYS)
    starts = fields.date("from", required=True)
    goal_node = fields.child("goal")
    if goal_node is None and isinstance(node.value, dict):
        fields.report("goal", "the key 'goal' is missing: the number that both promises serve, such as won_revenue.")
    known: Mapping[str, Metric | None] = metrics
    values = read_lead_values(fields, reading)
    if values is not None:
        known = {**metrics, LEAD_VALUE: None}
    goal = _objective("goal", goal_node, known, reading, GOAL_KEYS) if goal_node else None
    objectives = [_objective(name, one, known, reading, OBJECTIVE_KEYS) for name, one in fields.entries("objectives")]
    obligations = [_obligation(name, one, metrics, reading) for name, one in fields.entries("obligations")]
    if not objectives and not obligations and isinstance(node.value, dict):
        fields.report("from", "promises nothing: write 'objectives', 'obligations' or both.")
    read = {
        "agreed": tuple(_signatures(fields, reading)),
        "protocol": tuple(_steps(fields, reading)),
        "reasons": tuple(_reasons(fields, reading)),
        "reevaluated": fields.choice("reevaluated", PER[1:]) or "quarter",
        "label": fields.text("label") or "",
        "description": fields.text("description") or "",
    }
    if starts is None or goal is None:
        return None
    return AgreementVersion(
        starts=starts,
        goal=goal,
        objectives=tuple(one for one in objectives if one is not None),
        obligations=tuple(one for one in obligations if one is not None),
        lead_values=values,
        place=node.place,
        **read,  # type: ignore[arg-type]  # the values of a mapping of several types, each as its key says
    )


def _objective(
    name: str, node: Node, known: Mapping[str, Metric | None], reading: Reading, keys: tuple[str, ...]
) -> Objective | None:
    subject = "agreement.goal" if name == "goal" else f"agreement.objectives.{name}"
    fields = Fields(node, reading.problems, subject, keys)
    metric = metric_name(fields, known)
    target = fields.number("target", 0, _LARGEST)
    if "target" not in fields:
        fields.report("target", "the key 'target' is missing (a number).")
    per = fields.choice("per", PER, required=True)
    team = fields.choice("team", (*TEAMS, "both"), required="team" in keys) if "team" in keys else "both"
    where = read_where(fields, reading)
    pace = fields.choice("pace", PACES) or "linear"
    label, description = fields.text("label", required=name != "goal"), fields.text("description")
    held_by = fields.text("held_by") if "held_by" in keys else None
    if metric is None or target is None or per is None or team is None:
        return None
    unit = unit_of_metric(metric, known)
    if unit == "ratio" and target > 1:
        fields.report("target", f"'target' is {target:g}; {metric} is a share, so write 0.8 for 80 %.")
    return Objective(
        name=name, label=label or "The goal", metric=metric, target=float(target), per=per, team=team, where=where,
        pace=pace, held_by=held_by, description=description or "", place=node.place,
        held_by_at=(fields.child("held_by") or node).place,
    )  # fmt: skip


def metric_name(fields: Fields, known: Mapping[str, Metric | None]) -> str | None:
    """The name of a metric, or of one of its results."""
    asked = fields.text("metric", required=True)
    if asked is None:
        return None
    name, result = split_result(asked)
    if name not in known:
        more = "" if name != LEAD_VALUE else " It comes with the key 'lead_values' of this version."
        fields.report("metric", f"unknown metric '{name}'. {did_you_mean(name, known).partition('Known:')[0]}{more}")
        return None
    metric = known[name]
    results = results_of(metric) if metric is not None else {}
    if result is not None and result not in results:
        fields.report("metric", f"{name} has no result '{result}'. {did_you_mean(result, results, 'Results')}")
        return None
    return asked


def unit_of_metric(asked: str, known: Mapping[str, Metric | None]) -> str:
    """The unit of a metric or of one of its results; of what stands without a metric, money."""
    name, result = split_result(asked)
    metric = known[name]
    return "money" if metric is None else results_of(metric).get(result or "", metric.unit)


def _obligation(name: str, node: Node, metrics: Mapping[str, Metric], reading: Reading) -> Obligation | None:
    fields = Fields(node, reading.problems, f"agreement.obligations.{name}", OBLIGATION_KEYS)
    label, team = fields.text("label", required=True), fields.choice("team", TEAMS, required=True)
    asked, role = fields.text("metric", required=True), fields.text("role")
    share, text = fields.number("share", 0, 1), fields.text("within", required=True)
    description = fields.text("description") or ""
    if "share" not in fields:
        fields.report("share", "the key 'share' is missing (of how many leads it is promised, such as 0.9).")
    waits = {key: one for key, one in metrics.items() if isinstance(one, Duration) and one.promise is not None}
    if asked is not None and asked not in waits:
        hint = did_you_mean(asked, waits, "Such metrics")
        fields.report("metric", f"'metric' is '{asked}'; an obligation is about {_OF_A_WAIT}. {hint}")
        return None
    match = re.fullmatch(PROMISE, text or "")
    if text is not None and match is None:
        fields.report("within", f"'within' is '{text}'; write a number of minutes, hours or days such as 4 hours.")
    if label is None or team is None or asked is None or share is None or match is None:
        return None
    in_days = waits[asked].unit == "days"
    if in_days != (match[2] == "day"):
        unit = "days" if in_days else "minutes or hours"
        fields.report("within", f"'within' is '{text}'; {asked} is promised in {unit}.")
        return None
    within = int(match[1]) * (1 if in_days else SECONDS[match[2]])
    attempts = _attempts(fields, waits[asked])
    return Obligation(
        name=name, label=label, metric=asked, team=team, within=within, within_words=match[0], share=share,
        attempts=attempts, role=role, description=description, place=node.place,
        role_at=(fields.child("role") or node).place,
    )  # fmt: skip


def _attempts(fields: Fields, metric: Duration) -> int | None:
    """How many attempts are promised: of a wait for attempts as many as it waits for, unless others are written."""
    counted = attempts_of(metric)
    if "attempts" not in fields:
        return counted
    number = fields.integer("attempts", 1, MOST_ATTEMPTS)
    if counted is None:
        fields.report("attempts", f"{metric.name} waits for no attempts: leave the key out, or name attempt_days.")
        return None
    return number


def _signatures(fields: Fields, reading: Reading) -> list[Signature]:
    """{team: date}, or {team: {on: date, person: key}}."""
    found = []
    for team, node in fields.entries("agreed"):
        if team not in TEAMS:
            reading.problems.add(node.place, f"agreement.agreed: '{team}' is no team. {did_you_mean(team, TEAMS)}")
        elif isinstance(node.value, dict):
            own = Fields(node, reading.problems, f"agreement.agreed.{team}", SIGNATURE_KEYS)
            signed, person = own.date("on", required=True), own.text("person")
            found += [Signature(team, signed, person)] if signed else []
        else:
            alone = Node({team: node}, node.place, {team: node.place})
            signed = Fields(alone, reading.problems, "agreement.agreed", TEAMS).date(team)
            found += [Signature(team, signed)] if signed else []
    return found


def _steps(fields: Fields, reading: Reading) -> list[Step]:
    found = []
    for node in fields.items("protocol"):
        own = Fields(node, reading.problems, "agreement.protocol", STEP_KEYS)
        does, who, within = own.text("does", required=True), own.text("who", required=True), own.text("within")
        found += [Step(does, who, within or "")] if does and who else []
    return found


def _reasons(fields: Fields, reading: Reading) -> list[Reason]:
    found: list[Reason] = []
    seen: dict[str, str] = {}
    for code, node in fields.entries("reasons"):
        own = Fields(node, reading.problems, f"agreement.reasons.{code}", REASON_KEYS)
        label, verdict = own.text("label", required=True), own.choice("verdict", VERDICTS) or VERDICTS[0]
        crm = own.texts("crm")
        for value in crm:
            if value in seen:
                own.report("crm", f"'{value}' stands under the reason '{seen[value]}' already.")
            seen[value] = code
        found += [Reason(code, label, verdict, crm)] if label else []
    return found
