"""Signs in a table of text that a file was damaged or means something undeclared. Refuses; repairs nothing."""

from __future__ import annotations

from collections.abc import Iterable

from data.casting import ISO, text_literal
from data.engine import Workbench, quoted
from data.file_specs import FileColumn
from data.headers import refused

__all__ = ["refuse_ambiguous_dates", "refuse_damaged_ids"]

# What a spreadsheet makes of a long id: 1.23E+15, or 1,23E+15 where the decimal sign is a comma.
_SCIENTIFIC = r"\d([.,]\d+)?[eE]\+\d+"
_SLASHED = r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})\b.*"

_COUNT = r"\d{5,13}([.]\d+)?"
# Of the years 1990 to 2100, by what counts them.
_COUNTS = (
    (32_874, 73_415, "It counts days as spreadsheets do. Format the column as a date before exporting it."),
    (631_152_000, 4_102_444_800, "It counts seconds since 1970. Export it as 2018-01-31 09:30:00."),
    (631_152_000_000, 4_102_444_800_000, "It counts milliseconds since 1970. Export it as 2018-01-31 09:30:00."),
)


def refuse_damaged_ids(bench: Workbench, table: str, columns: Iterable[FileColumn]) -> None:
    """A text column with a number in scientific notation has lost the digits of its ids."""
    names = [column.name for column in columns if column.type == "text"]
    if not names:
        return
    # LIKE first: it is many times cheaper than the pattern, and nearly always says no.
    tests = {
        name: f"({quoted(name)} ILIKE '%e+%' AND regexp_full_match({quoted(name)}, {text_literal(_SCIENTIFIC)}))"
        for name in names
    }
    which = " ".join(f"WHEN {test} THEN {text_literal(name)}" for name, test in tests.items())
    value = " ".join(f"WHEN {test} THEN {quoted(name)}" for name, test in tests.items())
    found = bench.frame(
        f'SELECT "_file", "_line", CASE {which} END, CASE {value} END FROM {table} '
        f'WHERE {" OR ".join(tests.values())} ORDER BY "_file", "_line" LIMIT 1'
    )
    for file, line, column, text in found.iter_rows():
        raise refused(
            file,
            line,
            f"'{column}' is {text}: a spreadsheet has rounded this id. Export the column as text.",
        )


def refuse_ambiguous_dates(bench: Workbench, table: str, columns: Iterable[FileColumn]) -> None:
    """Dates without a declared format must be ISO: 03/04/2018 is two different days."""
    for column in columns:
        if not column.is_temporal or column.format:
            continue
        text = quoted(column.name)
        not_iso = f"NOT regexp_full_match({text}, {text_literal(ISO)})"
        counts = bench.frame(f"SELECT count({text}), count({text}) FILTER ({not_iso}) FROM {table}")
        present, foreign = counts.row(0)
        if foreign * 2 <= present:
            continue
        first = bench.frame(
            f'SELECT "_file", "_line", {text} FROM {table} WHERE {not_iso} ORDER BY "_file", "_line" LIMIT 1'
        )
        file, line, value = first.row(0)
        raise refused(file, line, f"'{column.name}' is '{value}'. {_advice(bench, table, column)}")


def _advice(bench: Workbench, table: str, column: FileColumn) -> str:
    """Which formats it may be, and whether any value of the file settles which."""
    pattern, text = text_literal(_SLASHED), quoted(column.name)
    first, second = (f"max(TRY_CAST(regexp_extract({text}, {pattern}, {group}) AS INTEGER))" for group in (1, 2))
    low, high, example = bench.frame(
        f"SELECT {first}, {second}, any_value({text}) FROM {table} WHERE regexp_full_match({text}, {pattern})"
    ).row(0)
    declare = f"Declare {column.name}: {{type: {column.type}, format: "
    if example is None:
        if counted := _counted(bench, table, column):
            return counted
        return f'It is not ISO (2018-01-31 or 2018-01-31 09:30:00). {declare}"..."}} as the file writes it.'
    sign = next(char for char in example if not char.isdigit())
    time = " %H:%M" + ":%S" * (example.count(":") > 1) if ":" in example else ""
    year = "%y" if len(example.split()[0].split(sign)[-1]) == 2 else "%Y"
    day_first = f"%d{sign}%m{sign}{year}{time}"
    month_first = f"%m{sign}%d{sign}{year}{time}"
    if low > 12 >= high:
        return f'Written day first: a row has the day {low}. {declare}"{day_first}"}}.'
    if high > 12 >= low:
        return f'Written month first: a row has the day {high}. {declare}"{month_first}"}}.'
    return (
        f"Day and month cannot be told apart: no value has a day above 12. "
        f'{declare}"{day_first}"}} or "{month_first}", as its owner writes dates.'
    )


def _counted(bench: Workbench, table: str, column: FileColumn) -> str | None:
    """What to do with times that are counted instead of written, as programs and spreadsheets do."""
    text = quoted(column.name)
    value = f"TRY_CAST(split_part({text}, '.', 1) AS BIGINT)"
    digits = f"regexp_full_match({text}, {text_literal(_COUNT)})"
    low, high, others = bench.frame(
        f"SELECT min({value}) FILTER ({digits}), max({value}) FILTER ({digits}), "
        f"count({text}) FILTER (NOT {digits}) FROM {table}"
    ).row(0)
    if others or low is None:
        return None
    for first, last, advice in _COUNTS:
        if first <= low and high <= last:
            return advice
    return None
