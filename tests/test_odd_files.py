"""Every bad or odd file of odd_files.yaml has the outcome that stands there, and every line of it is accounted for."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
import yaml

from data import decoding, workbooks
from data.errors import RefusedSources
from tests.sample_company import Read

CATALOGUE: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("odd_files.yaml").read_text(encoding="utf-8"))
KEYS = {
    "name", "file", "text", "encoding", "hex", "maker", "given", "columns", "declared", "zone",
    "refused", "loaded", "quarantined", "skipped", "values", "reasons",
}  # fmt: skip


def workbook(given: dict[str, list[list[Any]]]) -> bytes:
    """Sheets of rows. A cell {value: 7, format: "000"} has a number format; null leaves it out."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in given.items():
        sheet = book.create_sheet(name)
        for line, row in enumerate(rows, 1):
            for column, written in enumerate(row, 1):
                value, form = (written["value"], written["format"]) if isinstance(written, dict) else (written, None)
                cell = sheet.cell(line, column, value)
                if form:
                    cell.number_format = form
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def parquet(given: dict[str, list[Any]]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(given).write_parquet(buffer)
    return buffer.getvalue()


def zipped(given: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in given.items():
            archive.writestr(name, text * (20_000_000 if name.endswith("bomb.xml") else 1))
    return buffer.getvalue()


def truncated(text: str) -> bytes:
    """Packed lines of random digits, without their second half."""
    digits = random.Random(1)
    packed = gzip.compress((text + "".join(f"{digits.random()},1\n" for _ in range(5000))).encode())
    return packed[: len(packed) // 2]


MAKERS: dict[str, Callable[[Any], bytes]] = {
    "workbook": workbook,
    "parquet": parquet,
    "zip": zipped,
    "gzip": lambda text: gzip.compress(text.encode()),
    "truncated gzip": truncated,
    "gzip bomb": lambda text: gzip.compress((text + "a,1\n" * 5_000_000).encode(), 1),
    "columns": lambda count: "\n".join(
        ",".join(
            ["id", "n", *(f"c{n}" for n in range(count))] if line == 0 else [f"r{line}", str(line), *["x"] * count]
        )
        for line in range(4)
    ).encode(),
    "gzip zeros": lambda count: gzip.compress(b"id,n\n" + bytes(count), 1),
    "one long line": lambda count: b"id,n\na,1\n" + b"x" * count,
}


def content(entry: dict[str, Any]) -> bytes:
    if "maker" in entry:
        return MAKERS[entry["maker"]](entry["given"])
    if "hex" in entry:
        return bytes.fromhex(entry["hex"])
    return str(entry["text"]).encode(entry.get("encoding", "utf-8"))


def declared(entry: dict[str, Any]) -> str:
    """What sources.yaml says of the file. JSON is YAML too."""
    says = {"columns": entry.get("columns", {"id": "text", "n": "integer"}), **entry.get("declared", {})}
    return ", ".join(f"{key}: {json.dumps(value)}" for key, value in says.items())


def as_written(value: object) -> object:
    return str(value) if isinstance(value, dt.date | dt.datetime) else value


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry["name"])
def test_an_odd_file_has_the_outcome_of_the_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any]
) -> None:
    for module in (decoding, workbooks):
        monkeypatch.setattr(module, "LARGEST_UNPACKED", 4_000_000)
    name = entry.get("file", "leads.csv")
    told = (tmp_path, name, content(entry), declared(entry), entry.get("zone", "Europe/Berlin"))
    if "refused" in entry:
        with pytest.raises(RefusedSources) as error:
            Read(*told)
        sentence = str(error.value).split(name, 1)[1].removeprefix(":").strip()
        assert sentence.startswith(entry["refused"]), sentence
        return
    read = Read(*told)
    loaded, quarantined, skipped = (entry.get(key, 0) for key in ("loaded", "quarantined", "skipped"))
    assert read.accounting == (loaded + quarantined + skipped, loaded, quarantined, skipped), read.reasons
    assert (read.rows.height, read.quarantine.height) == (loaded, quarantined)
    for column, values in entry.get("values", {}).items():
        assert [as_written(value) for value in read.rows[column].to_list()] == values
    if "reasons" in entry:
        assert [[line, reason] for line, reason in read.reasons] == entry["reasons"]


def test_the_catalogue_is_whole() -> None:
    names = [entry["name"] for entry in CATALOGUE]
    assert len(names) == len(set(names)) >= 40
    for entry in CATALOGUE:
        assert not entry.keys() - KEYS, entry["name"]
        assert ("refused" in entry) != ("loaded" in entry or "quarantined" in entry), entry["name"]
        assert sum(key in entry for key in ("text", "hex", "maker")) == 1, entry["name"]
