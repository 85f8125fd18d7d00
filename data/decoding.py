"""Bytes of one delimited text file to records with their line numbers. Knows no column types and no database."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from data.file_specs import FileSpec
from data.headers import EMPTY, TITLE_ROWS, Part, check_header, is_blank, refuse_header_below, refused

__all__ = ["LARGEST_RATIO", "LARGEST_UNPACKED", "Record", "TextLayout", "find_layout", "open_text", "read_records"]

BLOCK = 1 << 20
# A packed file that unpacks to more than both is a bomb, or not what somebody meant to deliver.
LARGEST_UNPACKED = 1 << 30
LARGEST_RATIO = 200
# One record of 20,000 columns is far shorter; without a limit a file without line ends would be held as one text.
LONGEST_LINE = 1 << 24
CANDIDATE_DELIMITERS = (",", ";", "\t", "|")
_NOT_TEXT = {
    b"PK\x03\x04": "a workbook or a zip archive",
    b"\x1f\x8b": "gzip-compressed",
    b"PAR1": "Parquet",
    b"\xd0\xcf\x11\xe0": "an old workbook (.xls)",
    b"SQLite format 3\0": "a database",
    b"%PDF": "a PDF document",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before UTF-16, whose mark is the start of this one.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class TextLayout:
    """How a text file is written. `lines` counts its physical lines, the header's included.

    `above` are lines before the header that are no records: titles, or one such as `sep=;`.
    """

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    lines: int
    above: int


class Record(NamedTuple):
    """The fields of one record and the physical lines it covers; `fields` is None where its quotes are broken.

    `wrong` is the reason why a record with readable fields cannot be used all the same.
    """

    first: int
    last: int
    fields: list[str] | None
    wrong: str | None = None


def find_layout(part: Part, spec: FileSpec) -> TextLayout:
    """Encoding, delimiter and header of a text file, or RefusedSources. Reads all of the file once."""
    head = _head(part)
    if not head.strip(b"\0 \t\r\n" + codecs.BOM_UTF8 + codecs.BOM_UTF16_LE):
        raise refused(part.label, 0, EMPTY)
    for magic, what in _NOT_TEXT.items():
        if head.startswith(magic):
            raise refused(part.label, 0, f"is {what}, not text. Export it as CSV, and name it by what it is.")
    encoding, lines = _encoding_and_lines(part, head, spec)
    start = head[: len(head) // 4 * 4].decode(encoding, errors="replace").lstrip().lower()
    if start.startswith(("<!doctype", "<html")):
        raise refused(
            part.label,
            1,
            "is a web page, not data: the download was answered by a login or error page. Export it again.",
        )
    if start.startswith(("{", "[{", "[\n")):
        raise refused(part.label, 1, "is JSON, not a table: often the answer of a service. Export it as CSV.")
    announced = _announced_delimiter(part, encoding)
    above = (spec.header_row or (2 if announced else 1)) - 1
    sign = spec.delimiter or announced
    delimiter, header = _delimiter_and_header(part, encoding, (sign,) if sign else CANDIDATE_DELIMITERS, above, spec)
    return TextLayout(encoding, delimiter, header, lines, above)


def read_records(part: Part, encoding: str, delimiter: str, above: int = 0) -> Iterator[Record]:
    """Every record below the lines `above`, blank ones too (`[]`), the header first.

    A quote that never closes refuses the file.
    """
    with open_text(part.path, encoding) as stream:
        for _ in range(above):
            stream.readline()
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        while True:
            first = above + reader.line_num + 1
            fields: list[str] | None
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                reason = str(error)
                if "unexpected end" in reason or "field limit" in reason:
                    raise refused(part.label, first, _unclosed(above + reader.line_num - first)) from None
                fields = None
            yield Record(first, above + reader.line_num, fields)


def _unclosed(more: int) -> str:
    if more:
        return "a quote that opens in the record that starts here is never closed. Close it, or export the file again."
    return "a field that starts here is too long or its quote is never closed. Export the file again."


def _head(part: Part) -> bytes:
    """The first bytes, unpacked."""
    try:
        with _open_bytes(part.path) as stream:
            return stream.read(8192)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise refused(part.label, 0, _DAMAGED_GZ) from None


_DAMAGED_GZ = "is a damaged or incomplete .gz file. Download it again; it was not read at all."


def _open_bytes(path: Path) -> BinaryIO:
    if path.name.lower().endswith(".gz"):
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")


def open_text(path: Path, encoding: str) -> io.TextIOWrapper:
    """A text file, packed or not."""
    # newline="" keeps line breaks inside quoted fields as they are.
    return io.TextIOWrapper(_open_bytes(path), encoding=encoding, newline="")


def _encoding_and_lines(part: Part, head: bytes, spec: FileSpec) -> tuple[str, int]:
    """The encoding in which all of the file can be read, and its number of lines."""
    found = _marked_encoding(head) or "utf-8"
    try:
        return found, _count_lines(part, found)
    except _Undecodable as broken:
        line = broken.line
    if spec.encoding is None:
        raise refused(
            part.label,
            line,
            f"is not {found} text. Declare its encoding in sources.yaml, for example encoding: cp1252.",
        )
    try:
        return spec.encoding, _count_lines(part, spec.encoding)
    except _Undecodable as broken:
        raise refused(
            part.label, broken.line, f"is not {spec.encoding} text, as sources.yaml declares. Correct 'encoding'."
        ) from None


def _marked_encoding(head: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    # Latin letters in UTF-16 have a zero byte beside each: those of the header's start, and most of the others.
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        beside = head[first::2]
        if beside[:2] == b"\0\0" and beside.count(0) * 2 > len(beside):
            return encoding
    return None


class _Undecodable(Exception):
    """Bytes on this line do not belong to the encoding."""

    def __init__(self, line: int) -> None:
        self.line = line


def _count_lines(part: Part, encoding: str) -> int:
    """Physical lines, counted without the CSV reader, so that the reader's own count can be checked against it."""
    decoder = codecs.getincrementaldecoder(encoding)()
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    count, last, unpacked, length = 0, "", 0, 0
    try:
        with _open_bytes(part.path) as stream:
            while block := stream.read(BLOCK):
                unpacked += len(block)
                _refuse_bomb(part, unpacked)
                text = newlines.decode(decoder.decode(block))
                ends = text.count("\n")
                count += ends
                length = len(text) - text.rfind("\n") - 1 if ends else length + len(text)
                if length > LONGEST_LINE:
                    raise refused(part.label, count + 1, "is longer than any line of a table. Export it again, as CSV.")
                last = text[-1:] or last
            text = newlines.decode(decoder.decode(b"", final=True), final=True)
            count += text.count("\n")
            last = text[-1:] or last
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(encoding, errors="replace")
        raise _Undecodable(count + before.count("\n") + 1) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise refused(part.label, 0, _DAMAGED_GZ) from None
    return count + (last not in ("", "\n"))


def _refuse_bomb(part: Part, unpacked: int) -> None:
    if unpacked > LARGEST_UNPACKED and unpacked > LARGEST_RATIO * part.path.stat().st_size:
        raise refused(
            part.label,
            0,
            f"unpacks to more than {LARGEST_UNPACKED:,} bytes and {LARGEST_RATIO} times its size: rows do not compress "
            "so well. Export it again; if it is right, deliver it unpacked or as Parquet.",
        )


def _announced_delimiter(part: Part, encoding: str) -> str | None:
    """The sign in a first line such as `sep=;`, which some programs write for spreadsheets."""
    with open_text(part.path, encoding) as stream:
        first = stream.readline(20).rstrip("\r\n").strip('"')
    return first[4] if len(first) == 5 and first[:4].lower() == "sep=" else None


def _delimiter_and_header(
    part: Part, encoding: str, candidates: Sequence[str], above: int, spec: FileSpec
) -> tuple[str, tuple[str, ...]]:
    """The delimiter under which the header has most of the declared columns."""
    wanted = {column.header for column in spec.columns.values()}
    # Under a wrong delimiter a quoted header looks broken, so that only all of them together are a refusal.
    found = [(delimiter, _header(part, encoding, delimiter, above)) for delimiter in candidates]
    headers = [(delimiter, *header) for delimiter, header in found if header is not None]
    if not headers:
        raise refused(part.label, above + 1, "the header has a broken quote. Export the file again.")
    delimiter, line, header = max(headers, key=lambda each: (len(wanted & set(each[2])), len(each[2])))
    if not wanted <= set(header):
        for sign in candidates:
            rows = islice(read_records(part, encoding, sign, above), TITLE_ROWS)
            refuse_header_below(part, ((row.first, row.fields) for row in rows if row.fields), spec)
    check_header(part, line, header, spec)
    return delimiter, header


def _header(part: Part, encoding: str, delimiter: str, above: int) -> tuple[int, tuple[str, ...]] | None:
    """The first record that is not blank, with its line; None where its quotes are broken under this delimiter."""
    for record in read_records(part, encoding, delimiter, above):
        if record.fields is None:
            return None
        if not is_blank(record.fields):
            return record.first, tuple(field.strip() for field in record.fields)
    message = f"has no line {above + 1} for its header. Correct 'header_row', or export it again." if above else EMPTY
    raise refused(part.label, 0, message)
