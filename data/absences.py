"""Why an input has no answer: the sentence for a column, a declared input or a stage. Reads no files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from data.company import Company
from data.engine import Workbench
from data.stages import Stages
from data.tables import CANONICAL, INPUTS

__all__ = ["Absences", "reasons"]

Absences = Callable[[str], str | None]

# What an input without a column of its own is told by, where the company does not declare it absent.
_TOLD_BY = {"lost deals": ("deals.is_won", "deals.closed_at")}

# What company.yaml says, as a need.
MARGIN = "company.gross_margin"

# Columns that another column fills as well.
_ALSO_FILLED_BY = {
    "contacts.email_key": ("contacts.email",),
    "touches.contact_id": ("touches.email_key", "touches.email", "touches.anonymous_id"),
    "touches.email_key": ("touches.email",),
}


def reasons(
    sources_absent: frozenset[str],
    mapped: Mapping[str, frozenset[str]],
    stages: Stages,
    company: Company,
    bench: Workbench,
) -> Absences:
    """A function from a need to the sentence why it is absent, or None where it is there.

    A need is `table.column`, a name of INPUTS, `company.gross_margin`, or `stage NAME`. `mapped` has the mapped columns
    by table.
    """
    has_visits = bench.frame("SELECT 1 FROM touches WHERE kind = 'visit' LIMIT 1").height > 0

    def declared(name: str) -> str:
        return f"{company.name} has no {name} (declared absent in sources.yaml)."

    def of_column(column: str) -> str | None:
        for name in sorted(sources_absent):
            if column in INPUTS[name]:
                return declared(name)
        if any(_is_mapped(filler, mapped) for filler in (column, *_ALSO_FILLED_BY.get(column, ()))):
            return None
        table = column.partition(".")[0]
        for name in sorted(sources_absent):
            if name.replace(" ", "_") == table and not mapped.get(table):
                return declared(name)
        return f"No source gives {column}: map it in sources.yaml."

    def of_input(name: str) -> str | None:
        if name in sources_absent:
            return declared(name)
        if name == "visits" and not has_visits:
            return "No touch of kind visit was loaded."
        columns = INPUTS[name] or _TOLD_BY.get(name, ())
        return next((reason for column in columns if (reason := of_column(column))), None)

    def absent(need: str) -> str | None:
        if need.startswith("stage "):
            return stages.missing(need.removeprefix("stage "))
        if need == MARGIN:
            told = f"{company.name} gives no gross margin: write gross_margin into company.yaml."
            return told if company.gross_margin is None else None
        return of_input(need) if need in INPUTS else of_column(_as_mapped(need))

    return absent


def _is_mapped(column: str, mapped: Mapping[str, frozenset[str]]) -> bool:
    table, _, name = column.partition(".")
    return name in mapped.get(table, ())


def _as_mapped(column: str) -> str:
    """The column that a mapping fills: a date comes with its instant, the original channel with its source."""
    if column == "contacts.original_channel":
        return "contacts.original_source"
    table, _, name = column.partition(".")
    instant = name.removesuffix("_on") + "_at"
    is_companion = table in CANONICAL and name not in CANONICAL[table].columns and instant in CANONICAL[table].columns
    return f"{table}.{instant}" if is_companion else column
