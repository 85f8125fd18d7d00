"""The parts of one raw file to one table of text, with what could not be taken set apart. Casts nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

import polars as pl

from data.decoding import Record, TextLayout, find_layout, open_text, read_records
from data.engine import Workbench, quoted
from data.file_specs import FileSpec
from data.headers import Part, check_columns, is_blank, refused
from data.regular_text import regular_blocks
from data.workbooks import read_sheet

__all__ = ["QUARANTINE", "RawText"]

# More than one row group of DuckDB, which it then writes at once instead of through its log.
CHUNK = 200_000
QUARANTINE = "file VARCHAR, line BIGINT, column_name VARCHAR, reason VARCHAR, value VARCHAR"
_REJECTS = {"file": pl.String, "line": pl.Int64, "column_name": pl.String, "reason": pl.String, "value": pl.String}
# Larger whole numbers are not exact as floats: an id that was stored so has lost digits.
_EXACT = 2**53

# Between the fields of a record that is compared as a whole.
_BETWEEN = "\x1f"
# Totals stand in the last rows, with perhaps some blank ones around them.
_ENDING = 20
_TOTALS = frozenset(
    ("total", "totals", "grand total", "subtotal", "sum", "summe", "gesamt", "gesamtsumme", "gesamtergebnis",
     "total general", "totale", "totaal", "razem", "somme", "suma")
)  # fmt: skip


class RawText:
    """One file of sources.yaml as text in the workbench.

    `table` holds `_file`, `_line`, `_record` (the whole line, where a row id is declared) and the declared columns;
    `rejects` has the shape of the quarantine. `lines` counts records after the headers, `blank` those without text.
    `dated` are the headers that a Parquet file stores as dates or times.
    """

    def __init__(self, spec: FileSpec, bench: Workbench) -> None:
        self.spec, self.bench = spec, bench
        # A declared name has no space in it, so these can never be another file's table.
        self.table = f'"raw".{quoted(spec.name + " text")}'
        self.rejects = f'"raw".{quoted(spec.name + " rejects")}'
        self.lines = self.blank = 0
        self.dated: frozenset[str] = frozenset()
        columns = "".join(f", {quoted(name)} VARCHAR" for name in spec.columns)
        bench.execute(f'CREATE TABLE {self.table} ("_file" VARCHAR, "_line" BIGINT, "_record" VARCHAR{columns})')
        bench.execute(f"CREATE TABLE {self.rejects} ({QUARANTINE})")

    def load(self, part: Part) -> None:
        """Add the records of one part. Raises RefusedSources where the part cannot be trusted."""
        before = self.lines
        if part.path.name.lower().endswith(".parquet"):
            self._load_parquet(part)
        elif part.path.name.lower().endswith(".xlsx"):
            self._load_records(part, *read_sheet(part, self.spec))
        else:
            self._load_text(part)
        if self.lines == before and not self.spec.may_be_empty:
            raise refused(
                part.label,
                0,
                "has a header and no rows. Export it again, or declare may_be_empty: true if that is right.",
            )

    def _load_text(self, part: Part) -> None:
        layout = find_layout(part, self.spec)
        records = read_records(part, layout.encoding, layout.delimiter, layout.above)
        header = next(record for record in records if record.fields and not is_blank(record.fields))
        seen, ending = self._load_regular(part, layout, header.last)
        if seen == layout.lines:
            records = iter(())
        elif seen > header.last:
            records = read_records(part, layout.encoding, layout.delimiter, seen)
        seen = self._load_records(part, layout.header, records, ending) or seen
        # The reader's count against one that was made without it: a line that only one of them saw is a lost line.
        if seen != layout.lines:
            raise refused(part.label, seen, f"ends here for the reader, but has {layout.lines} lines. Export it again.")

    def _load_regular(self, part: Part, layout: TextLayout, seen: int) -> tuple[int, list[Record]]:
        """Add what is regular below the line `seen`; the last line of it, and the last records."""
        header, ending = layout.header, list[Record]()
        with open_text(part.path, layout.encoding) as stream:
            for _ in range(seen):
                stream.readline()
            for fields in regular_blocks(stream, layout.delimiter, len(header)):
                last = fields.tail(_ENDING).rows()
                first = seen + fields.height - len(last) + 1
                ending = [Record(line, line, list(texts)) for line, texts in enumerate(last, first)]
                lines = pl.int_range(seen + 1, seen + fields.height + 1, dtype=pl.Int64, eager=True).alias("_line")
                self.lines += fields.height
                seen += fields.height
                self._insert(part, self._columns(fields.with_columns(lines), header))
        return seen, ending

    def _columns(self, fields: pl.DataFrame, header: tuple[str, ...]) -> pl.DataFrame:
        """Fields that are named by their number as the declared columns, without blank rows, which are counted."""
        texts = pl.col([str(number) for number in range(len(header))])
        # Nearly no row is blank, and few begin with an empty field.
        perhaps = fields.filter(pl.col("0").str.strip_chars() == "")
        if perhaps.height and (blank := perhaps.filter(pl.all_horizontal(texts.str.strip_chars() == ""))).height:
            self.blank += blank.height
            fields = fields.join(blank, on="_line", how="anti")
        columns = [pl.col(str(header.index(column.header))).alias(name) for name, column in self.spec.columns.items()]
        if not self.spec.row_id:
            return fields.select(*columns, "_line")
        order = [str(number) for number in sorted(range(len(header)), key=header.__getitem__)]
        return fields.select(*columns, "_line", pl.concat_str(order, separator=_BETWEEN).alias("_record"))

    def _load_records(
        self, part: Part, header: tuple[str, ...], records: Iterator[Record], ending: Sequence[Record] = ()
    ) -> int:
        """Add the records below a header, after those that are `ending` so far; the last line they cover, or 0."""
        seen = 0
        while chunk := list(islice(records, CHUNK)):
            seen = chunk[-1].last
            ending = [*ending, *chunk[-_ENDING:]][-_ENDING:]
            self._insert(part, self._frame(self._good(part, chunk, header), header))
        self._reject_totals(part, ending)
        return seen

    def _reject_totals(self, part: Part, ending: Sequence[Record]) -> None:
        """A sum below the data would be counted as one more row of it, and double what is summed."""
        below = takewhile(lambda record: _is_empty(record.fields) or _is_total(record.fields), reversed(ending))
        lines = [str(record.first) for record in below if _is_total(record.fields)]
        if lines:
            which = f'"_file" = $file AND "_line" IN ({", ".join(lines)})'
            self.bench.execute(
                f'INSERT INTO {self.rejects} SELECT "_file", "_line", NULL, '
                f"'is a total below the data, not a row of it', NULL FROM {self.table} WHERE {which}",
                {"file": part.label},
            )
            self.bench.execute(f"DELETE FROM {self.table} WHERE {which}", {"file": part.label})

    def _good(self, part: Part, records: Sequence[Record], header: Sequence[str]) -> list[tuple[int, list[str]]]:
        """Line and fields of the records that fit the header; the others are counted as blank or rejected.

        Delimiters at the end of a line, or of the header, make no column.
        """
        width = len(header)
        named = max((number for number, name in enumerate(header, 1) if name), default=0)
        good: list[tuple[int, list[str]]] = []
        bad: list[tuple[str, int, None, str, None]] = []
        for record in records:
            fields = record.fields
            if fields is None:
                # It may have swallowed whole lines, so each counts.
                reason = f"belongs to a record with a broken quote that starts at line {record.first}"
                bad += [(part.label, line, None, reason, None) for line in range(record.first, record.last + 1)]
                self.lines += record.last - record.first
            elif is_blank(fields):
                self.blank += 1
            elif record.wrong:
                bad.append((part.label, record.first, None, record.wrong, None))
            elif named <= len(fields) < width:
                good.append((record.first, fields + [""] * (width - len(fields))))
            elif len(fields) > width and is_blank(fields[width:]):
                good.append((record.first, fields[:width]))
            elif len(fields) != width:
                count = f"{len(fields)} field" + ("" if len(fields) == 1 else "s")
                bad.append((part.label, record.first, None, f"has {count}, the header has {width}", None))
            else:
                good.append((record.first, fields))
        self.lines += len(records)
        if bad:
            self.bench.insert(self.rejects, pl.DataFrame(bad, schema=_REJECTS, orient="row"))
        return good

    def _frame(self, good: list[tuple[int, list[str]]], header: tuple[str, ...]) -> pl.DataFrame:
        rows = [fields for _, fields in good]
        columns = list(zip(*rows, strict=True)) or [()] * len(header)
        frame = pl.DataFrame(
            {
                name: pl.Series(columns[header.index(column.header)], dtype=pl.String)
                for name, column in self.spec.columns.items()
            }
        )
        lines = pl.Series("_line", [line for line, _ in good], dtype=pl.Int64)
        if not self.spec.row_id:
            return frame.with_columns(lines)
        # By name, so that a second delivery with its columns in another order is still the same line.
        order = sorted(range(len(header)), key=header.__getitem__)
        whole = pl.Series("_record", [_BETWEEN.join(fields[i] for i in order) for fields in rows], dtype=pl.String)
        return frame.with_columns(lines, whole)

    def _load_parquet(self, part: Part) -> None:
        for frame in self._parquet_frames(part):
            self.lines += frame.height
            self._insert(part, frame)

    def _parquet_frames(self, part: Part) -> Iterator[pl.DataFrame]:
        """Typed columns as ISO text, so that there is one way to cast and one set of reasons."""
        try:
            scan = pl.scan_parquet(part.path, glob=False)
            schema = scan.collect_schema()
            rows = int(scan.select(pl.len()).collect().item())
        except (pl.exceptions.PolarsError, OSError):
            raise refused(part.label, 0, "is not a readable Parquet file. Export it again.") from None
        check_columns(part, list(schema), self.spec)
        self.dated |= {name for name, kind in schema.items() if kind.is_temporal()}
        texts = [
            _as_text(column.header, schema[column.header], self.spec.decimal).alias(name)
            for name, column in self.spec.columns.items()
        ]
        whole = pl.concat_str(pl.col(sorted(schema)).cast(pl.String), separator="\x1f", ignore_nulls=False)
        if self.spec.row_id:
            texts.append(whole.alias("_record"))
        for start in range(0, rows, CHUNK):
            frame = scan.slice(start, CHUNK).select(texts).collect()
            lines = pl.Series("_line", range(start + 1, start + frame.height + 1), dtype=pl.Int64)
            yield frame.with_columns(lines)

    def _insert(self, part: Part, frame: pl.DataFrame) -> None:
        """Trim, make empty text NULL, set rows with zero bytes apart, and append."""
        names = list(self.spec.columns)
        frame = frame.with_columns(pl.col(names).str.strip_chars()).with_columns(
            *(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in names),
            pl.lit(part.label).alias("_file"),
        )
        broken = pl.any_horizontal(pl.col(names).str.contains("\0", literal=True).fill_null(False))
        rejected = frame.filter(broken)
        if rejected.height:
            reason = pl.lit("holds a zero byte").alias("reason")
            self.bench.insert(
                self.rejects, rejected.select(pl.col("_file").alias("file"), pl.col("_line").alias("line"), reason)
            )
            frame = frame.filter(~broken)
        self.bench.insert(self.table, frame)


def _as_text(header: str, kind: pl.DataType, decimal: str) -> pl.Expr:
    column = pl.col(header)
    text = column.cast(pl.String)
    if not kind.is_numeric():
        return text
    if kind.is_float():
        whole = (column == column.floor()) & (column.abs() < _EXACT)
        text = pl.when(whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(text)
    return text.str.replace(".", decimal, literal=True) if decimal != "." else text


def _is_empty(fields: Sequence[str] | None) -> bool:
    return fields is not None and is_blank(fields)


def _is_total(fields: Sequence[str] | None) -> bool:
    """Whether the first text of a record is a word for a sum."""
    first = next((field for field in fields or () if field.strip()), "")
    return first.strip().rstrip(":").strip().casefold() in _TOTALS
