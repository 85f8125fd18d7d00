"""Blocks that are read as columns at once, beside the reader of single records: the same rows, lines and reasons."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import raw_text, regular_text
from data.errors import RefusedSources
from data.regular_text import is_regular, regular_blocks
from tests.sample_company import Read
from tests.test_odd_files import CATALOGUE, content, declared

IDS = "columns: {id: text, n: integer}"
PLAIN = st.text(st.sampled_from("ab1 .;ä€-"), max_size=6)
QUOTED = st.text(st.sampled_from('ab1 ,"ä'), max_size=6)
ODD = st.text(st.sampled_from('ab1 ,"\n\r\0\x1c\ufeff\u2028'), max_size=6)


def columns_of(text: str, delimiter: str, width: int) -> list[tuple[str, ...]]:
    return [row for frame in regular_blocks(io.StringIO(text, newline=""), delimiter, width) for row in frame.rows()]


def records_of(text: str, delimiter: str) -> list[tuple[str, ...]]:
    return [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)]


def written(rows: list[list[str]], newline: str, quoting: Any = csv.QUOTE_MINIMAL) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator=newline, quoting=quoting).writerows(rows)
    return buffer.getvalue()


def outcome(given: tuple[Any, ...]) -> tuple[object, ...]:
    """All that a read tells: the refusal, or accounting, rows and quarantine."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            read = Read(Path(folder), *given)
        except RefusedSources as refused:
            return (str(refused).replace(folder, ""),)
    return read.accounting, read.report.through, read.rows.rows(), read.quarantine.rows()


def assert_read_alike(given: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """In blocks of a line or two as long as they are regular, and record by record."""
    with monkeypatch.context() as changed:
        changed.setattr(regular_text, "BLOCK", 16)
        in_blocks = outcome(given)
    with monkeypatch.context() as changed:
        changed.setattr(raw_text, "regular_blocks", lambda *_: iter(()))
        assert in_blocks == outcome(given)


# What is regular


@settings(max_examples=150, deadline=None)
@given(
    rows=st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(PLAIN | QUOTED, min_size=width, max_size=width), min_size=1, max_size=8)
    ),
    newline=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_a_writer_of_csv_wrote_line_by_line_is_read_at_once(
    rows: list[list[str]], newline: str, quoting: Any
) -> None:
    text = written(rows, newline, quoting)
    assert columns_of(text, ",", len(rows[0])) == [tuple(row) for row in rows] == records_of(text, ",")
    assert columns_of(text.removesuffix(newline), ",", len(rows[0])) == [tuple(row) for row in rows]


@settings(max_examples=400, deadline=None)
@given(text=st.text(st.sampled_from('ab",\n\r'), min_size=1, max_size=24), width=st.integers(1, 3))
def test_whatever_counts_as_regular_is_the_same_to_the_record_reader(text: str, width: int) -> None:
    found = columns_of(text, ",", width)
    if found:
        lines = list(io.StringIO(text, newline=""))[: len(found)]
        assert found == records_of("".join(lines), ",")
        assert {len(row) for row in found} == {width}


@pytest.mark.parametrize(
    "line",
    [
        "a", "a,b,c", "", 'a,"b', 'a,b"', 'a,b"c"', 'a,"b"c', 'a,"b" ', 'a, "b"', '"a"b",c', 'a,"b\nc"',
    ],
)  # fmt: skip
def test_a_line_that_readers_may_disagree_on_is_not_regular(line: str) -> None:
    assert is_regular(b"a,b\n", ",", 2) == 1
    assert is_regular(f"a,b\n{line}\na,b\n".encode(), ",", 2) is None


@pytest.mark.parametrize("sign", ["\r", "\0", "\x1c", "\x1f", "\ufeff"])
def test_a_sign_that_readers_take_differently_is_not_regular(sign: str) -> None:
    assert columns_of("a,b\n", ",", 2) == [("a", "b")]
    assert columns_of(f"a{sign},b\n", ",", 2) == []


def test_blocks_end_before_the_first_that_is_not_regular(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular_text, "BLOCK", 8)
    assert columns_of("a,1\nb,2\nc,3\nd,4\ne\nf,6\n", ",", 2) == [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]


def test_a_field_that_the_record_reader_refuses_as_too_long_is_not_regular() -> None:
    assert columns_of(f"{'a' * 131_000},b\n", ",", 2) == [("a" * 131_000, "b")]
    assert columns_of(f"{'a' * 131_073},b\n", ",", 2) == []


# The same outcome


def test_every_odd_file_has_one_outcome_however_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [entry for entry in CATALOGUE if "maker" not in entry]
    assert len(texts) > 40
    for entry in texts:
        name, zone = entry.get("file", "leads.csv"), entry.get("zone", "Europe/Berlin")
        assert_read_alike((name, content(entry), declared(entry), zone), monkeypatch)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.lists(PLAIN | QUOTED | ODD, max_size=4) | st.just(["a", "1"]), max_size=12),
    newline=st.sampled_from(["\n", "\r\n"]),
    row_id=st.booleans(),
)
def test_any_file_has_one_outcome_however_it_is_read(rows: list[list[str]], newline: str, row_id: bool) -> None:
    text = written([["id", "n"], *rows], newline)
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert_read_alike(("leads.csv", text, IDS + (", row_id: id" if row_id else "")), monkeypatch)
