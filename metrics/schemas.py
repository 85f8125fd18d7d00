"""JSON Schemas of all files of a company, those of definitions/ among them. Reads no file."""

from __future__ import annotations

import json
from pathlib import Path

from data.schemas import DAYS, NAMED, TEXT, TEXTS, Schema, choice, company_files, either, entries, mapping
from data.stages import STAGES
from metrics import duration_files, funnel_files, funnel_steps, kinds, loading, metric_files, moments
from metrics.agreement_schema import agreement_schema
from metrics.persona_files import persona_schema
from metrics.priorities import priority_schema

__all__ = ["schemas", "write_schemas"]

_REQUIRED = {
    "aggregate": ("table", "expr", "time"),
    "ratio": ("numerator", "denominator"),
    "formula": ("expr",),
    "cumulative": ("of",),
    "funnel": ("steps",),
    "duration": ("from", "to"),
}


def schemas() -> dict[str, Schema]:
    """A schema by name: company, sources, stages, definitions."""
    files = company_files()
    return files | {"definitions": {"$schema": files["company"]["$schema"], "title": "definitions", **_definitions()}}


def write_schemas(folder: Path) -> list[Path]:
    """<name>.schema.json of each file into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in schemas().items():
        path = folder / f"{name}.schema.json"
        path.write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")
        written.append(path)
    return written


def _definitions() -> Schema:
    dimension: dict[str, Schema] = {
        "label": TEXT, "description": TEXT, "on": {**entries(TEXT), "minProperties": 1}, "names": TEXT, "order": TEXTS,
        "known": choice(loading.KNOWN),
    }  # fmt: skip
    described = mapping(metric_files.DESCRIBED, {"label": TEXT, "description": TEXT}, metric_files.DESCRIBED)
    sections: dict[str, Schema] = {
        "metrics": _metric(),
        "dimensions": mapping(loading.DIMENSION_KEYS, dimension, ("label", "on")),
        "terms": described,
        "personas": persona_schema(),
        "priorities": priority_schema(),
    }
    named = {section: entries(shape, loading.NAME.pattern) for section, shape in sections.items()}
    return mapping((*loading.SECTIONS, loading.AGREEMENT), {**named, loading.AGREEMENT: agreement_schema()})


def _metric() -> Schema:
    """The keys of a metric follow from its kind."""
    common: dict[str, Schema] = {
        "label": TEXT, "description": TEXT, "short_label": TEXT, "kind": choice(metric_files.OWN_KEYS),
        "unit": choice(kinds.UNITS), "good": choice(kinds.GOOD), "band": choice(kinds.BANDS),
        "owner": choice(kinds.OWNERS), "where": TEXT, "tags": TEXTS,
    }  # fmt: skip
    own = _own_shapes()
    cases = []
    for kind, keys in metric_files.OWN_KEYS.items():
        needed = [*metric_files.DESCRIBED, "kind", *_REQUIRED.get(kind, ())]
        needed += ["unit"] if kind in metric_files.WITH_A_UNIT else []
        shapes = common | {key: own[key] for key in keys if key in own}
        case = {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}}
        cases.append(case | {"then": mapping((*metric_files.COMMON_KEYS, *keys), shapes, needed)})
    return {"type": "object", "properties": {"kind": common["kind"]}, "required": ["kind"], "allOf": cases}


def _own_shapes() -> dict[str, Schema]:
    shift = {"type": "string", "pattern": NAMED.format(metric_files.SHIFT)}
    given = either(TEXT, mapping(metric_files.INPUT_KEYS, {"metric": TEXT, "where": TEXT, "shift": shift}, ("metric",)))
    window, counts = {"type": "string", "pattern": NAMED.format(funnel_files.WINDOW)}, choice(funnel_steps.COUNTS)
    step = mapping(funnel_files.STEP_KEYS, {"stage": choice(STAGES), "within": window, "counts": counts}, ("stage",))
    balance = mapping(
        metric_files.BALANCE_KEYS, dict.fromkeys(metric_files.BALANCE_KEYS, TEXT), metric_files.BALANCE_KEYS
    )
    return {
        "table": TEXT, "expr": TEXT, "time": either(TEXT, balance), "take": choice(kinds.TAKES), "over": TEXT,
        "per": either(TEXT, TEXTS), "numerator": given, "denominator": given, "inputs": entries(given), "of": given,
        "window": DAYS, "to_date": choice(metric_files.TO_DATE), "at_coarser_grain": choice(kinds.AT_COARSER_GRAIN),
        "steps": {"type": "array", "items": step, "minItems": 2},
        "entry": choice(funnel_steps.ENTRIES), "skips": choice(funnel_steps.SKIPS), "counts": counts,
        "maturity": choice(funnel_steps.MATURITIES), "hold": either(TEXT, TEXTS),
        "from": choice(duration_files.TABLES), "to": choice(duration_files.TABLES), "clock": choice(moments.CLOCKS),
        "unless": {"type": "array", "items": choice(duration_files.TABLES)}, "per_person": TEXT,
        "promise": {"type": "string", "pattern": NAMED.format(duration_files.PROMISE)},
        "share": {"type": "number", "minimum": 0, "maximum": 1}, "measure": choice(kinds.MEASURES),
    }  # fmt: skip
