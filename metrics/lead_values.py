"""What a lead of each type is worth by the agreement: its keys, and the metric that they bring. Asks nothing."""

from __future__ import annotations

from dataclasses import replace

from data.errors import did_you_mean
from data.expressions import Rules, parse_expression
from data.yaml_files import Fields
from metrics.agreement import LEAD_VALUE, Agreement, AgreementVersion, LeadValue, LeadValues
from metrics.kinds import Formula, Input
from metrics.metric_files import Reading
from metrics.query import only

__all__ = ["LEAD_TYPE", "LEAD_VALUE_KEYS", "MOST_LEAD_TYPES", "lead_value_metric", "read_lead_values"]

LEAD_VALUE_KEYS = ("otherwise", "types")
LEAD_TYPE = ("persona", "channel")
MOST_LEAD_TYPES = 40
_LARGEST = 1e15


def read_lead_values(fields: Fields, reading: Reading) -> LeadValues | None:
    """The keys lead_type and lead_values of a version; None where no values are agreed."""
    by = fields.texts("lead_type") or LEAD_TYPE
    known = _dimensions_of_leads(reading)
    for name in by:
        if name not in known:
            fields.report("lead_type", f"leads have no dimension '{name}'. {did_you_mean(name, known, 'They have')}")
    node = fields.child("lead_values")
    if node is None or any(name not in known for name in by):
        return None
    own = Fields(node, reading.problems, "agreement.lead_values", LEAD_VALUE_KEYS)
    otherwise = own.number("otherwise", 0, _LARGEST)
    if "otherwise" not in own:
        own.report("otherwise", "the key 'otherwise' is missing: what a lead of any other type is worth.")
    types: list[LeadValue] = []
    for item in own.items("types"):
        one = Fields(item, reading.problems, "agreement.lead_values.types", (*by, "value"))
        words, value = tuple(one.text(name, required=True) for name in by), one.number("value", 0, _LARGEST)
        if "value" not in one:
            one.report("value", "the key 'value' is missing (a number).")
        key = tuple(word for word in words if word is not None)
        if len(key) == len(by) and value is not None:
            if any(known.type == key for known in types):
                one.report("value", f"the lead type {', '.join(key)} stands here a second time.")
            types.append(LeadValue(key, float(value)))
    if len(types) > MOST_LEAD_TYPES:
        own.report("types", f"{len(types)} lead types; at most {MOST_LEAD_TYPES} have a value of their own.")
        return None
    return None if otherwise is None else LeadValues(tuple(by), float(otherwise), tuple(types))


def _dimensions_of_leads(reading: Reading) -> list[str]:
    found = {name: node.value.get("on") for name, (node, _) in reading.found["dimensions"].items()
             if isinstance(node.value, dict)}  # fmt: skip
    return [name for name, on in found.items() if on is not None and isinstance(on.value, dict) and "leads" in on.value]


def lead_value_metric(agreement: Agreement, reading: Reading) -> Formula | None:
    """The sum over all leads of what each is worth, by the values agreed on its day; None where none ever were.

    Values hold until a version agrees on others. Leads from before the first values count with those, so that a month
    without any can stand beside the others.
    """
    valued = [version for version in agreement.versions if version.lead_values is not None]
    inputs: list[tuple[str, Input]] = []
    words: list[str] = []
    for number, version in enumerate(valued, start=1):
        since = version.starts if number > 1 else None
        until = valued[number].starts if number < len(valued) else None
        parts = _parts_of(version, Input("leads", since=since, until=until), number, reading)
        if parts is None:
            return None
        inputs += [(name, given) for name, given, _ in parts]
        # A number stands without a sign, so that the sum is seen to be linear.
        words += [f'{"-" if value < 0 else "+"} "{name}" * {abs(value)!r}' for name, _, value in parts]
    if not valued:
        return None
    place = valued[-1].place
    rules = Rules({name: "DOUBLE" for name, _ in inputs}, columns_are="metric in braces", gives="number")
    expr = parse_expression(" ".join(words).removeprefix("+ "), rules, place, reading.problems, LEAD_VALUE)
    if expr is None:
        return None
    return Formula(
        name=LEAD_VALUE,
        label="Lead value",
        description=(
            "The leads of the period, each counted with the value that both teams had agreed on for its type by the day"
            " of the lead. Leads from before the first agreed values count with those. What they will bring is told by"
            " what such leads have brought before, not by what becomes of these."
        ),
        place=place,
        is_standard=False,
        unit="money",
        good="up",
        band="TOFU",
        owner="marketing",
        expr=expr,
        inputs=tuple(inputs),
    )


def _parts_of(
    version: AgreementVersion, leads: Input, number: int, reading: Reading
) -> list[tuple[str, Input, float]] | None:
    """All leads of the days of a version by their common value, and those of each type by what theirs differs."""
    values = version.lead_values
    assert values is not None
    types = {name: reading.types.get(name, "VARCHAR") for name in values.by}
    found = [(f"leads_{number}", leads, values.otherwise)]
    for place, one in enumerate(values.types, start=1):
        text = " and ".join(f"({only(name, [word])})" for name, word in zip(values.by, one.type, strict=True))
        rules = Rules(types, columns_are="dimension", gives="boolean")
        where = parse_expression(text, rules, version.place, reading.problems, LEAD_VALUE)
        if where is None:
            return None
        found.append((f"type_{number}_{place}", replace(leads, where=where), one.value - values.otherwise))
    return found
