"""What a lead of each type is worth by the agreement: its keys, and the metric that they bring. Asks nothing."""

from __future__ import annotations

from data.errors import did_you_mean
from data.expressions import Rules, parse_expression
from data.yaml_files import Fields
from metrics.agreement import LEAD_VALUE, AgreementVersion, LeadValue, LeadValues
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


def lead_value_metric(version: AgreementVersion, reading: Reading) -> Formula | None:
    """The sum over all leads of what each is worth, as a formula over the leads of each type."""
    values = version.lead_values
    if values is None:
        return None
    inputs = [("leads", Input("leads"))]
    words, types = f'"leads" * {values.otherwise!r}', {name: reading.types.get(name, "VARCHAR") for name in values.by}
    for number, one in enumerate(values.types, start=1):
        text = " and ".join(f"({only(name, [word])})" for name, word in zip(values.by, one.type, strict=True))
        where = parse_expression(
            text, Rules(types, columns_are="dimension", gives="boolean"), version.place, reading.problems, LEAD_VALUE
        )
        if where is None:
            return None
        inputs.append((f"type_{number}", Input("leads", where)))
        words += f' + "type_{number}" * ({one.value!r} - {values.otherwise!r})'
    rules = Rules({name: "DOUBLE" for name, _ in inputs}, columns_are="metric in braces", gives="number")
    expr = parse_expression(words, rules, version.place, reading.problems, LEAD_VALUE)
    if expr is None:
        return None
    return Formula(
        name=LEAD_VALUE,
        label="Lead value",
        description=(
            "The leads of the period, each counted with the value that both teams agreed on for its type. What they"
            " will bring is told by what such leads have brought before, not by what becomes of these."
        ),
        place=version.place,
        is_standard=False,
        unit="money",
        good="up",
        band="TOFU",
        owner="marketing",
        expr=expr,
        inputs=tuple(inputs),
    )
