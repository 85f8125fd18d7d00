"""Verdicts that people gave in Tandem, as one more source of lead_decisions. Reads no rows and writes none.

The ledger writes them to a file in the state folder; a refresh stacks it below the company's own mappings, as if
sources.yaml named it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from data.company import Company
from data.errors import Place, Problems
from data.expressions import Expression, Rules, parse_expression
from data.file_specs import COLUMN_TYPES, FileColumn, FileSpec
from data.sources import Sources
from data.table_mappings import TableMapping

__all__ = ["COLUMNS", "entered_verdicts", "with_entered"]

NAME, TABLE, ABSENCE = "entered_verdicts", "lead_decisions", "lead decisions"
# Columns of the file and their types; each has the name of the canonical column that it fills.
COLUMNS = {"contact_id": "text", "happened_at": "timestamp", "person_id": "text", "decision": "text", "reason": "text"}


def entered_verdicts(company: Company) -> Path:
    """The file of a company's verdicts; instants in it are UTC. There is none before the first verdict."""
    return company.state / "entered" / "lead_decisions.parquet"


def with_entered(sources: Sources, company: Company) -> Sources:
    """The sources, and the verdicts that were entered in Tandem, where there are any."""
    path = entered_verdicts(company)
    if not path.exists():
        return sources
    # A company may have a file of this name itself.
    name = next(name for number in range(len(sources.files) + 1) if (name := NAME + "_" * number) not in sources.files)
    columns = {column: FileColumn(column, kind, column) for column, kind in COLUMNS.items()}
    place = Place(str(path))
    spec = FileSpec(name, str(path.resolve()), "UTC", columns, may_be_empty=True, place=place)
    mapping = TableMapping(
        TABLE, name, {column: _column(column, place) for column in COLUMNS}, temporal=frozenset(["happened_at"]),
        place=place,
    )  # fmt: skip
    return replace(
        sources,
        files={**sources.files, name: spec},
        mappings=(*sources.mappings, mapping),
        # What a company does not deliver is there all the same once it is entered here.
        absent=sources.absent - {ABSENCE},
    )


def _column(name: str, place: Place) -> Expression:
    rules = Rules({column: COLUMN_TYPES[kind] for column, kind in COLUMNS.items()})
    expression = parse_expression(name, rules, place, Problems(), TABLE)
    assert expression is not None
    return expression
