"""The `personas:` of a definition file, with every problem of each, and their JSON Schema. Opens no file."""

from __future__ import annotations

from collections.abc import Mapping

from data.schemas import TEXT, Schema, mapping
from data.yaml_files import Fields, Node
from metrics.metric_files import Reading
from metrics.personas import Persona

__all__ = ["PERSONA_KEYS", "one_value_each", "persona_schema", "read_persona"]

PERSONA_KEYS = ("label", "description", "value", "fit", "fits_from")
_LARGEST = 1e6


def read_persona(name: str, node: Node, is_standard: bool, reading: Reading) -> Persona | None:
    """A persona whose score may read what rules may read; None where it lacks what it must have."""
    del is_standard  # the standard set has no personas: whom a company sells to is its own
    fields = Fields(node, reading.problems, f"personas.{name}", PERSONA_KEYS)
    label, description = fields.text("label", required=True), fields.text("description", required=True)
    value, fit = fields.text("value") or label, fields.text("fit")
    fits_from = fields.number("fits_from", -_LARGEST, _LARGEST)
    if "fits_from" in fields and "fit" not in fields:
        fields.report("fits_from", "says from how many points a lead fits, but no 'fit' says what gives points.")
    if fit is not None and reading.book is not None:
        reading.book.score(fit, fields.values["fit"].place, reading.problems, f"personas.{name}.fit")
    if label is None or description is None or value is None:
        return None
    return Persona(name=name, label=label, description=description, value=value, fit=fit, fits_from=fits_from,
                   place=node.place)  # fmt: skip


def one_value_each(personas: Mapping[str, Persona], reading: Reading) -> None:
    """Two personas that stand for the same contacts are a problem at the second."""
    seen: dict[str, Persona] = {}
    for one in personas.values():
        first = seen.setdefault(one.value, one)
        if first is not one:
            message = f"personas.{one.name}: its value '{one.value}' is that of {first.name} (at {first.place})."
            reading.problems.add(one.place, message)


def persona_schema() -> Schema:
    """The keys of one persona."""
    points: Schema = {"type": "number", "minimum": -_LARGEST, "maximum": _LARGEST}
    shapes = {**dict.fromkeys(PERSONA_KEYS, TEXT), "fits_from": points}
    return {**mapping(PERSONA_KEYS, shapes, ("label", "description")), "dependentRequired": {"fits_from": ["fit"]}}
