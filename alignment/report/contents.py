"""What a report consists of: sentences, tables and charts as plain values, for every format. Formats nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from alignment.tokens import Owner

__all__ = ["BY_ROW", "Chart", "Column", "Report", "Section", "Sentence", "Table", "Value"]

Value = str | float | dt.date | None

# The unit of a column whose rows are of different metrics: each row has its own.
BY_ROW = "by row"


@dataclass(frozen=True)
class Column:
    """`unit` is text, date, a unit of metrics (count, money, ratio, times, months, days, hours) or BY_ROW.

    A document writes a column that is `beside` under the words of the first column, where it differs from `usual`.
    """

    label: str
    unit: str = "text"
    owner: Owner | None = None
    beside: bool = False
    usual: str = ""

    @property
    def is_number(self) -> bool:
        return self.unit not in ("text", "date")


@dataclass(frozen=True)
class Table:
    """Rows at full precision, None where there is no answer. `name` is that of its tab and its CSV file.

    `units` and `owners` are of rows, where rows are metrics. `notes` are sentences that stand below it. Where `shown`
    is given, a document shows only so many rows.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    units: tuple[str, ...] = ()
    owners: tuple[Owner, ...] = ()
    notes: tuple[str, ...] = ()
    shown: int | None = None

    def unit(self, row: int, column: int) -> str:
        own = self.columns[column].unit
        return self.units[row] if own == BY_ROW else own


@dataclass(frozen=True)
class Chart:
    """Bars from zero of one column of a table: of its rows `picked`, one bar each.

    `is_upright` where the rows are points in time. Where the rows of the table have owners, each bar has its own.
    """

    title: str
    table: Table
    words: int
    numbers: int
    picked: tuple[int, ...]
    owner: Owner = "both"
    is_upright: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(str(self.table.rows[row][self.words]) for row in self.picked)

    @property
    def values(self) -> tuple[float | None, ...]:
        found = (self.table.rows[row][self.numbers] for row in self.picked)
        return tuple(float(value) if isinstance(value, int | float) else None for value in found)

    @property
    def unit(self) -> str:
        return self.table.unit(self.picked[0], self.numbers)

    @property
    def owners(self) -> tuple[Owner, ...]:
        return tuple(self.table.owners[row] if self.table.owners else self.owner for row in self.picked)


@dataclass(frozen=True)
class Sentence:
    """A statement made from the numbers, and the numbers it was made from."""

    text: str
    evidence: str = ""


@dataclass(frozen=True)
class Section:
    """`tables` are shown in documents; `further` are in the sheets and CSV files only."""

    name: str
    title: str
    sentences: tuple[Sentence, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    further: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Report:
    """A month. `facts` are pairs of words: days, filters, what it is compared with, how far its data reached, ..."""

    company: str
    currency: str
    month: str
    days: str
    filters: str
    through: str
    commentary: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...] = field(default=())

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(table for section in self.sections for table in (*section.tables, *section.further))
