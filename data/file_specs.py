"""What `files:` in sources.yaml says about raw files: path, zone, columns and their types. Opens none of them."""

from __future__ import annotations

import codecs
import datetime as dt
import glob
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from data.company import Company, is_zone, zone_hint
from data.errors import Place, Problems, did_you_mean
from data.yaml_files import Fields, Node

__all__ = ["COLUMN_TYPES", "FORMATS", "TEMPORAL", "FileColumn", "FileSpec", "expand_variables", "read_file_specs"]

# What a column may be declared as, and the type of its values in an expression.
COLUMN_TYPES: Mapping[str, str] = {
    "text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN",
    "date": "DATE", "timestamp": "TIMESTAMP",
}  # fmt: skip
TEMPORAL = ("date", "timestamp")
FORMATS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz", ".parquet", ".xlsx")
DELIMITERS = {",": ",", ";": ";", "|": "|", "\t": "\t", "tab": "\t"}

FILE_NAME = r"[a-z][a-z0-9_]*"
# A header further down than this is a slip of the finger.
LAST_HEADER_ROW = 1000

KEYS = (
    "path", "zone", "through", "columns", "delimiter", "encoding", "decimal", "row_id", "updated_at", "may_be_empty",
    "header_row", "sheet",
)  # fmt: skip
COLUMN_KEYS = ("type", "format", "header")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_DIRECTIVES = frozenset("YymdHIMSfpbBjz")


@dataclass(frozen=True)
class FileColumn:
    """One declared column. `header` is its name in the file, `format` how its dates are written (strptime)."""

    name: str
    type: str
    header: str
    format: str | None = None

    @property
    def is_temporal(self) -> bool:
        return self.type in TEMPORAL


@dataclass(frozen=True)
class FileSpec:
    """One raw file, or the parts that a glob finds. `delimiter` None is found from the header.

    `row_id` names a column that tells lines apart, so that an exact duplicate of a line is a second delivery
    and counts once. `updated_at` names the column that decides between lines with an equal key. `header_row` is the
    line of the header where titles stand above it; `sheet` None is the first sheet of a workbook.
    """

    name: str
    path: str
    zone: str
    columns: Mapping[str, FileColumn]
    through: dt.date | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str = "."
    row_id: str | None = None
    updated_at: str | None = None
    may_be_empty: bool = False
    header_row: int | None = None
    sheet: str | None = None
    place: Place = field(default=Place(""), compare=False)

    def types(self) -> dict[str, str]:
        """Types of the columns as expressions see them."""
        return {name: COLUMN_TYPES[column.type] for name, column in self.columns.items()}


def expand_variables(path: str, pattern: bool = False) -> str:
    """A path with its ${VARIABLES} filled in; in a `pattern` their own *, ? and [ mean themselves."""
    return _VARIABLE.sub(lambda match: glob.escape(os.environ[match[1]]) if pattern else os.environ[match[1]], path)


def starting_folder(path: str, company_folder: Path) -> Path:
    """Where a relative path starts: a variable is typed in a shell, so it means the working directory."""
    return Path() if path.startswith("${") else company_folder


def read_file_specs(sources: Fields, company: Company, problems: Problems) -> dict[str, FileSpec]:
    """Every entry of `files:`. Entries with problems are there too, so that mappings of them are checked."""
    specs: dict[str, FileSpec] = {}
    for name, node in sources.entries("files"):
        if not re.fullmatch(FILE_NAME, name):
            problems.add(
                sources.values["files"].keys[name],
                f"files: '{name}' names a table; write lower-case letters, digits and _, a letter first.",
            )
        specs[name] = _file_spec(name, Fields(node, problems, f"files.{name}", KEYS), company)
    return specs


def _file_spec(name: str, fields: Fields, company: Company) -> FileSpec:
    columns = _columns(name, fields)
    return FileSpec(
        name=name,
        path=_path(fields, company),
        zone=_zone(fields, company),
        columns=columns,
        through=fields.date("through"),
        delimiter=_sign("delimiter", DELIMITERS, fields),
        encoding=_encoding(fields),
        decimal=_sign("decimal", {".": ".", ",": ","}, fields) or ".",
        row_id=_one_of_columns("row_id", fields, columns),
        updated_at=_one_of_columns("updated_at", fields, columns),
        may_be_empty=bool(fields.boolean("may_be_empty")),
        header_row=fields.integer("header_row", 1, LAST_HEADER_ROW),
        sheet=_sheet(fields),
        place=fields.node.place,
    )


def _sign(key: str, signs: Mapping[str, str], fields: Fields) -> str | None:
    """One of a few signs. They are told in quotes, since a list of commas cannot be read."""
    node = fields.child(key)
    if node is None:
        return None
    # Not `fields.text`, which would trim a tab away.
    sign = signs.get(node.value) if isinstance(node.value, str) else None
    if sign is None:
        allowed = " ".join(f'"{name}"' for name in signs if name != "\t")
        fields.report(key, f"'{key}' is '{node.plain()}'. Write one of {allowed}.")
    return sign


def _path(fields: Fields, company: Company) -> str:
    """As it is written; ${STATE} stands for the folder where Tandem keeps what it makes of the company."""
    path = (fields.text("path", required=True) or "").replace("${STATE}", str(company.state.resolve()))
    for variable in _VARIABLE.findall(path):
        if not os.environ.get(variable):
            fields.report(
                "path",
                f"'path' needs the environment variable {variable}, which is not set. "
                f"Set it to the folder of the raw files: {variable}=FOLDER.",
            )
    if path and not path.lower().endswith(FORMATS):
        ending = Path(path).suffix or path
        fields.report(
            "path", f"'path' ends in '{ending}'. Allowed: {', '.join(FORMATS)}. Export the data in one of them."
        )
    return path


def _zone(fields: Fields, company: Company) -> str:
    zone = fields.text("zone")
    if zone and not is_zone(zone):
        fields.report("zone", f"unknown time zone '{zone}'. {zone_hint(zone)}")
        return company.time_zone
    return zone or company.time_zone


def _sheet(fields: Fields) -> str | None:
    sheet = fields.text("sheet")
    if sheet and not (fields.text("path") or "").lower().endswith(".xlsx"):
        fields.report("sheet", "'sheet' is for a workbook, and 'path' does not end in .xlsx. Take the key out.")
    return sheet


def _encoding(fields: Fields) -> str | None:
    encoding = fields.text("encoding")
    if encoding is None:
        return None
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        fields.report("encoding", f"unknown encoding '{encoding}'. Usual ones: utf-8, cp1252, latin-1, utf-16.")
        return None


def _one_of_columns(key: str, fields: Fields, columns: Mapping[str, FileColumn]) -> str | None:
    name = fields.text(key)
    if name is not None and name not in columns:
        fields.report(key, f"'{key}' is '{name}', which is no column here. {did_you_mean(name, columns, 'Columns')}")
        return None
    return name


def _columns(file: str, fields: Fields) -> dict[str, FileColumn]:
    columns: dict[str, FileColumn] = {}
    if "columns" not in fields or not list(fields.entries("columns")):
        fields.problems.add(
            fields.node.place,
            f"files.{file}: the key 'columns' is missing (a mapping of column name to type, "
            f"such as {{contact_id: text, created: timestamp}}).",
        )
        return columns
    lower: dict[str, str] = {}
    for name, node in fields.entries("columns"):
        subject = f"files.{file}.columns"
        twin = lower.setdefault(name.casefold(), name)
        if twin != name:
            fields.problems.add(node.place, f"{subject}: '{name}' and '{twin}' differ only in case; rename one.")
        if name.startswith("_") or "__" in name:
            fields.problems.add(
                node.place,
                f"{subject}: '{name}' has a reserved form; rename it: NAME: {{type: ..., header: '{name}'}}.",
            )
        columns[name] = _column(name, node, fields.problems, subject)
    return columns


def _column(name: str, node: Node, problems: Problems, subject: str) -> FileColumn:
    if not isinstance(node.value, dict):
        word = node.value
        if not isinstance(word, str) or word not in COLUMN_TYPES:
            hint = did_you_mean(str(word), COLUMN_TYPES, "Types")
            problems.add(node.place, f"{subject}: the type of '{name}' is '{node.plain()}'. {hint}")
            word = "text"
        return FileColumn(name, word, name)
    fields = Fields(node, problems, f"{subject}.{name}", COLUMN_KEYS)
    kind = fields.choice("type", COLUMN_TYPES, required=True) or "text"
    return FileColumn(name, kind, fields.text("header") or name, _format(kind, fields))


def _format(kind: str, fields: Fields) -> str | None:
    written = fields.text("format")
    if written is None:
        return None
    if kind not in TEMPORAL:
        fields.report("format", f"'format' is for date and timestamp; this column is {kind}.")
        return None
    used = re.findall(r"%-?(.?)", written)
    wrong = [directive for directive in used if directive not in _DIRECTIVES]
    if wrong or not {"d", "j"} & set(used) or not {"Y", "y"} & set(used):
        known = ", ".join(f"%{letter}" for letter in "YymdHIMSfpbBjz")
        fields.report(
            "format", f"'format' is '{written}'. Write a day and a year such as \"%d/%m/%Y\". Known: {known}."
        )
        return None
    return written
