"""JSON Schemas of company.yaml, sources.yaml and stages.yaml, made of what their readers allow. Reads no file.

An editor that knows a schema completes keys and marks slips while one types. `check` knows more: what depends on other
files, on the tables, or on two keys at once. Keys come from the readers' own lists, so a new one is in the schema at
once, as a value of any kind until its shape is told here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from data import attribution, company, file_specs, rules, sources, stages, table_mappings
from data.tables import CANONICAL, INPUTS, Table

__all__ = [
    "DATE",
    "DAYS",
    "NAMED",
    "TEXT",
    "TEXTS",
    "Schema",
    "choice",
    "company_files",
    "either",
    "entries",
    "mapping",
]

Schema = Mapping[str, object]

# Editors read an unquoted date as text.
DATE: Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}
DAYS: Schema = {"type": "string", "pattern": r"^\d{1,4} days?$"}
TEXT: Schema = {"type": "string", "pattern": r"\S"}
TEXTS: Schema = {"type": "array", "items": TEXT}
NAMED = "^{}$"
_BOOLEAN: Schema = {"type": "boolean"}
# An expression may be a constant as YAML writes it.
_EXPRESSION: Schema = {"type": ["string", "number", "boolean"]}
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def choice(words: Iterable[str]) -> Schema:
    return {"enum": list(words)}


def either(*shapes: Schema) -> Schema:
    return {"anyOf": list(shapes)}


def entries(shape: Schema, names: str = "") -> Schema:
    """A mapping of names that people choose; `names` is the pattern of them all."""
    own: dict[str, object] = {"type": "object", "additionalProperties": shape}
    return own | {"propertyNames": {"pattern": NAMED.format(names)}} if names else own


def mapping(keys: Iterable[str], shapes: Mapping[str, Schema], required: Iterable[str] = ()) -> Schema:
    """A mapping of these keys only. A key that is not required may be left empty."""
    needed = list(required)
    named = list(keys)
    unknown = ({*shapes} | {*needed}) - {*named}
    if unknown:
        raise ValueError(f"no reader knows the keys {', '.join(sorted(unknown))}")
    properties = {key: shapes.get(key, {}) if key in needed else _may_be_empty(shapes.get(key, {})) for key in named}
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def _may_be_empty(shape: Schema) -> Schema:
    if "enum" in shape:
        words = shape["enum"]
        assert isinstance(words, list)
        return {"enum": [*words, None]}
    if isinstance(shape.get("type"), str):
        return {**shape, "type": [shape["type"], "null"]}
    return either(shape, {"type": "null"}) if shape else {}


def company_files() -> dict[str, Schema]:
    """A schema by the name of the file without its ending."""
    shapes = {"company": _company(), "sources": _sources(), "stages": _stages()}
    return {name: {"$schema": _DRAFT, "title": f"{name}.yaml", **shape} for name, shape in shapes.items()}


def _company() -> Schema:
    days = [day[:3] for day in company.WEEKDAYS]
    day = f"({'|'.join(days)})"
    span = {"type": "string", "pattern": NAMED.format(company.SPAN)}
    shapes: dict[str, Schema] = {
        "id": {"type": "string", "pattern": NAMED.format(company.ID)},
        "name": TEXT,
        "currency": {"type": "string", "pattern": NAMED.format(company.CURRENCY)},
        "time_zone": TEXT,
        "week_starts": choice(company.WEEKDAYS),
        "fiscal_year_starts": choice(company.MONTHS),
        "business_hours": entries(span, f"{day}(-{day})?"),
        "holidays": {"type": "array", "items": DATE},
        "close_day": {"type": "integer", "minimum": 1, "maximum": 28},
        "gross_margin": {"type": "number", "minimum": 0, "maximum": 1},
        "crm_links": mapping(
            company.CRM_OBJECTS,
            {kind: {"type": "string", "pattern": f"^https://.*[{{]{kind}_id[}}]"} for kind in company.CRM_OBJECTS},
        ),
        "engine": choice(company.ENGINES),
        "ledger": {"type": "string", "pattern": "^postgresql://"},
    }
    return mapping(company.KEYS, shapes, ("id", "name", "currency", "time_zone"))


def _sources() -> Schema:
    types = choice(file_specs.COLUMN_TYPES)
    column = mapping(file_specs.COLUMN_KEYS, {"type": types, "format": TEXT, "header": TEXT}, ("type",))
    file: dict[str, Schema] = {
        "path": TEXT, "zone": TEXT, "through": DATE, "delimiter": choice(file_specs.DELIMITERS), "encoding": TEXT,
        "decimal": choice(".,"), "row_id": TEXT, "updated_at": TEXT, "may_be_empty": _BOOLEAN, "sheet": TEXT,
        "columns": {**entries(either(types, column)), "minProperties": 1},
        "header_row": {"type": "integer", "minimum": 1, "maximum": file_specs.LAST_HEADER_ROW},
    }  # fmt: skip
    shapes: dict[str, Schema] = {
        "files": entries(mapping(file_specs.KEYS, file, ("path", "columns")), file_specs.FILE_NAME),
        "tables": mapping(
            CANONICAL, {name: {"type": "array", "items": _mapping_of(table)} for name, table in CANONICAL.items()}
        ),
        "channels": {
            "type": "array",
            "items": mapping(sources.CHANNEL_KEYS, {"when": TEXT, "channel": TEXT}, sources.CHANNEL_KEYS),
        },
        "campaign_aliases": entries(_EXPRESSION, r".*\S.*"),
        "exclude": {
            "type": "array",
            "items": mapping(
                sources.EXCLUSION_KEYS,
                {"from": choice(CANONICAL), "when": TEXT, "why": TEXT},
                sources.EXCLUSION_KEYS,
            ),
        },
        "absent": {"type": "array", "items": choice(INPUTS)},
    }
    return mapping(sources.KEYS, shapes)


def _mapping_of(table: Table) -> Schema:
    """One entry of `tables.<table>`: each column an expression over a raw file."""
    columns = table_mappings.mappable_columns(table)
    types = choice(file_specs.COLUMN_TYPES)
    extra = mapping(table_mappings.EXTRA_KEYS, {"type": types, "from": _EXPRESSION}, ("type",))
    shapes: dict[str, Schema] = {
        **dict.fromkeys(columns, _EXPRESSION),
        "from": TEXT,
        "where": _EXPRESSION,
        "lookup": either(TEXT, TEXTS),
        "extra": entries(either(types, extra)),
    }
    optional = table_mappings.OPTIONAL_KEYS.get(table.name, ())
    keys = [key for key in table.key if key not in optional]
    own = mapping((*table_mappings.MAPPING_KEYS, *columns), shapes, ("from", *keys))
    # A column that is named must say something.
    properties = own["properties"]
    assert isinstance(properties, dict)
    return {**own, "properties": properties | dict.fromkeys(columns, _EXPRESSION)}


def _stages() -> Schema:
    words = choice(stages.WORDS)
    named = {**mapping(stages.KNOWN_BY_KEYS, {"crm": {**TEXTS, "minItems": 1}, "rule": TEXT}), "minProperties": 1}
    sign = either(words, named)
    stage: dict[str, Schema] = {
        "name": choice(stages.STAGES),
        "label": TEXT,
        "band": choice(stages.BANDS),
        "owner": choice(stages.OWNERS),
        "means": TEXT,
        "known_by": either(words, named, {"type": "array", "items": sign, "minItems": 1}),
        "recorded_from": DATE,
    }
    parts: dict[str, Schema] = {part: {"type": "number", "minimum": 0} for part in attribution.PARTS}
    weights = {**mapping(attribution.PARTS, parts), "minProperties": 1}
    shared: dict[str, Schema] = {
        "look_back": either(DAYS, choice(("all",))),
        "scope": choice(attribution.SCOPES),
        "models": entries(weights),
        "half_life": either(DAYS, choice(("auto",))),
        "collapse": {"type": "boolean"},
    }
    required = ("name", "band", "owner", "means", "known_by")
    shapes: dict[str, Schema] = {
        "stages": {"type": "array", "items": mapping(stages.STAGE_KEYS, stage, required), "minItems": 1},
        "recycles": TEXTS,
        "ends": TEXTS,
        "facts": entries(choice(rules.FACT_TYPES)),
        "scores": entries(_EXPRESSION),
        "rules": entries({"type": "array", "items": _rule_version(), "minItems": 1}),
        "attribution": mapping(attribution.ATTRIBUTION_KEYS, shared),
    }
    return mapping(stages.KEYS, shapes, ("stages",))


def _rule_version() -> Schema:
    agreed = mapping(rules.TEAMS, dict.fromkeys(rules.TEAMS, DATE))
    shapes = {"from": DATE, "when": TEXT, "agreed": agreed, "label": TEXT, "description": TEXT}
    return mapping(rules.VERSION_KEYS, shapes, ("from", "when"))
