"""The JSON Schema of `agreement:`, beside its reader. Reads no file."""

from __future__ import annotations

from data.handoffs import MOST_ATTEMPTS
from data.schemas import DATE, NAMED, TEXT, TEXTS, Schema, choice, either, entries, mapping
from metrics import agreement_files as files
from metrics.agreement import PACES, PER, TEAMS
from metrics.duration_files import PROMISE
from metrics.lead_values import LEAD_VALUE_KEYS, MOST_LEAD_TYPES

__all__ = ["agreement_schema"]


_AMOUNT: Schema = {"type": "number", "minimum": 0}
_SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}


def agreement_schema() -> Schema:
    """A list of versions; the columns of a lead type are the company's own words."""
    promise: dict[str, Schema] = {
        "label": TEXT, "description": TEXT, "metric": TEXT, "where": TEXT, "target": _AMOUNT, "per": choice(PER),
        "pace": choice(PACES), "team": choice((*TEAMS, "both")), "held_by": TEXT,
    }  # fmt: skip
    within = {"type": "string", "pattern": NAMED.format(PROMISE)}
    obligation: dict[str, Schema] = {
        "label": TEXT, "description": TEXT, "metric": TEXT, "team": choice(TEAMS), "role": TEXT, "within": within,
        "share": _SHARE, "attempts": {"type": "integer", "minimum": 1, "maximum": MOST_ATTEMPTS},
    }  # fmt: skip
    signed = mapping(files.SIGNATURE_KEYS, {"on": DATE, "person": TEXT}, ("on",))
    lead_type: Schema = {"type": "object", "properties": {"value": _AMOUNT}, "required": ["value"]}
    values = mapping(
        LEAD_VALUE_KEYS,
        {"otherwise": _AMOUNT, "types": {"type": "array", "items": lead_type, "maxItems": MOST_LEAD_TYPES}},
        ("otherwise",),
    )
    of_promise, of_goal = ("label", "metric", "target", "per", "team"), ("metric", "target", "per")
    goal = {key: promise[key] for key in files.GOAL_KEYS}
    version: dict[str, Schema] = {
        "from": DATE, "label": TEXT, "description": TEXT, "reevaluated": choice(PER[1:]),
        "agreed": mapping(TEAMS, dict.fromkeys(TEAMS, either(DATE, signed))),
        "goal": mapping(files.GOAL_KEYS, goal, of_goal),
        "objectives": entries(mapping(files.OBJECTIVE_KEYS, promise, of_promise)),
        "obligations": entries(
            mapping(files.OBLIGATION_KEYS, obligation, ("label", "metric", "team", "within", "share"))
        ),
        "protocol": {
            "type": "array",
            "items": mapping(files.STEP_KEYS, dict.fromkeys(files.STEP_KEYS, TEXT), ("does", "who")),
        },
        "reasons": entries(
            mapping(files.REASON_KEYS, {"label": TEXT, "verdict": choice(files.VERDICTS), "crm": TEXTS}, ("label",))
        ),
        "lead_type": TEXTS, "lead_values": values,
    }  # fmt: skip
    return {"type": "array", "items": mapping(files.VERSION_KEYS, version, ("from", "goal"))}
