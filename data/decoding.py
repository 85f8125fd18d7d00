"""Bytes of one delimited text file to records with their line numbers. Knows no column types and no database."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from data.errors import Place, Problem, RefusedSources, did_you_mean
from data.file_specs import FileSpec

__all__ = ["Part", "Record", "TextLayout", "check_columns", "find_layout", "is_blank", "read_records", "refused"]

BLOCK = 1 << 20
CANDIDATE_DELIMITERS = (",", ";", "\t", "|")
_NOT_TEXT = {b"PK\x03\x04": "a workbook or a zip archive", b"\x1f\x8b": "gzip-compressed", b"PAR1": "Parquet"}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Part:
    """One file on disk. `label` is its name in messages and in the quarantine."""

    path: Path
    label: str


@dataclass(frozen=True)
class TextLayout:
    """How a text file is written. `lines` counts its physical lines, the header's included."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    lines: int


class Record(NamedTuple):
    """The fields of one record and the physical lines it covers; `fields` is None where its quotes are broken."""

    first: int
    last: int
    fields: list[str] | None


def refused(file: str, line: int, message: str) -> RefusedSources:
    """The error for one thing that makes a raw file untrustworthy."""
    return RefusedSources([Problem(Place(file, line, 1 if line else 0), message)])


def is_blank(fields: list[str]) -> bool:
    """Whether a record holds no text: an empty line, or one of delimiters alone."""
    return not "".join(fields).strip()


def find_layout(part: Part, spec: FileSpec) -> TextLayout:
    """Encoding, delimiter and header of a text file, or RefusedSources. Reads all of the file once."""
    head = _head(part)
    if not head.strip(b"\0 \t\r\n" + codecs.BOM_UTF8 + codecs.BOM_UTF16_LE):
        raise refused(part.label, 0, "is empty. Export it again, or take it out of sources.yaml.")
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
    delimiter, header = _delimiter_and_header(part, encoding, spec)
    _check_header(part, header, spec)
    return TextLayout(encoding, delimiter, header, lines)


def read_records(part: Part, encoding: str, delimiter: str) -> Iterator[Record]:
    """Every record of a file, blank ones too (`[]`), the header first. A quote that never closes refuses the file."""
    with _open_text(part.path, encoding) as stream:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        while True:
            first = reader.line_num + 1
            fields: list[str] | None
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                reason = str(error)
                if "unexpected end" in reason or "field limit" in reason:
                    raise refused(part.label, first, _unclosed(reader.line_num - first)) from None
                fields = None
            yield Record(first, reader.line_num, fields)


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


def _open_text(path: Path, encoding: str) -> io.TextIOWrapper:
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
    count, last = 0, ""
    try:
        with _open_bytes(part.path) as stream:
            while block := stream.read(BLOCK):
                text = newlines.decode(decoder.decode(block))
                count += text.count("\n")
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


def _delimiter_and_header(part: Part, encoding: str, spec: FileSpec) -> tuple[str, tuple[str, ...]]:
    """The delimiter under which the header has most of the declared columns."""
    wanted = {column.header for column in spec.columns.values()}
    candidates = (spec.delimiter,) if spec.delimiter else CANDIDATE_DELIMITERS
    # Under a wrong delimiter a quoted header looks broken, so that only all of them together are a refusal.
    found = [(delimiter, _header(part, encoding, delimiter)) for delimiter in candidates]
    headers = [(delimiter, header) for delimiter, header in found if header is not None]
    if not headers:
        raise refused(part.label, 1, "the header has a broken quote. Export the file again.")
    return max(headers, key=lambda pair: (len(wanted & set(pair[1])), len(pair[1])))


def _header(part: Part, encoding: str, delimiter: str) -> tuple[str, ...] | None:
    """The first record that is not blank; None where its quotes are broken under this delimiter."""
    for record in read_records(part, encoding, delimiter):
        if record.fields is None:
            return None
        if not is_blank(record.fields):
            return tuple(field.strip() for field in record.fields)
    raise refused(part.label, 0, "is empty. Export it again, or take it out of sources.yaml.")


def _check_header(part: Part, header: tuple[str, ...], spec: FileSpec) -> None:
    named = [name for name in header if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise refused(
            part.label,
            1,
            f"the header names '{twice[0]}' twice, so that it is unclear which is meant. Rename one of them.",
        )
    check_columns(part, named, spec)


def check_columns(part: Part, present: list[str], spec: FileSpec) -> None:
    """Every declared column must be there: a renamed one would silently become empty."""
    wanted = [column.header for column in spec.columns.values()]
    missing = [name for name in wanted if name not in present]
    if missing:
        hints = " ".join(f"No column '{name}'. {did_you_mean(name, present, 'The file has')}" for name in missing)
        raise refused(part.label, 1, f"{hints} Correct 'columns' of files.{spec.name}, or export with these columns.")
