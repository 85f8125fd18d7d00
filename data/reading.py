"""Raw files to typed tables `raw.<file>`, with every line accounted for. Knows no canonical tables.

Lines are records after the header: each is loaded, quarantined with a reason, or skipped (blank, or a second
delivery of the same line). A file that cannot be trusted as a whole is refused.
"""

from __future__ import annotations

import datetime as dt
import glob
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data.casting import Casts, casts_of, masked, select_casts, text_literal
from data.company import Company
from data.damage import refuse_ambiguous_dates, refuse_damaged_ids
from data.engine import Workbench, quoted
from data.errors import Problem, RefusedSources
from data.file_specs import FileColumn, FileSpec, expand_variables, starting_folder
from data.headers import Part, refused
from data.raw_text import QUARANTINE, RawText
from data.yaml_files import shown

__all__ = ["FileReport", "create_quarantine", "read_file", "undelivered"]


@dataclass(frozen=True)
class FileReport:
    """What became of one file of sources.yaml. lines = loaded + quarantined + skipped.

    `through` is the last day of which the file tells: declared, else the last date in it up to today.
    """

    name: str
    paths: tuple[str, ...]
    bytes: int
    modified: dt.datetime
    lines: int
    loaded: int
    quarantined: int
    skipped: int
    through: dt.date | None


def create_quarantine(bench: Workbench) -> None:
    """The model's table of rows that were left out: one row per line, values masked."""
    bench.execute(f"CREATE TABLE IF NOT EXISTS quarantine ({QUARANTINE})")


def read_file(spec: FileSpec, company: Company, bench: Workbench) -> FileReport:
    """Create `raw.<name>` from a file of sources.yaml. Raises RefusedSources with what to do about it."""
    create_quarantine(bench)
    parts = _parts(spec, company)
    text = RawText(spec, bench)
    for part in parts:
        text.load(part)
    repeated = _drop_second_deliveries(text)
    columns = _columns_as_stored(text)
    refuse_damaged_ids(bench, text.table, columns)
    refuse_ambiguous_dates(bench, text.table, columns)
    table = f'"raw".{quoted(spec.name)}'
    _cast(table, text, [casts_of(column, spec.zone, company.time_zone, spec.decimal) for column in columns])
    report = _report(spec, parts, table, text, repeated)
    _refuse_unless_mostly_loaded(report, text)
    bench.execute(f"INSERT INTO quarantine BY NAME SELECT * FROM {text.rejects}")
    for scratch in (text.table, text.rejects):
        bench.execute(f"DROP TABLE {scratch}")
    return report


def undelivered(files: Mapping[str, FileSpec], company: Company) -> list[Problem]:
    """A problem per declared file that is not there. Opens none."""
    missing: list[Problem] = []
    for spec in files.values():
        try:
            _parts(spec, company)
        except RefusedSources as refusal:
            missing += refusal.problems
    return missing


def _parts(spec: FileSpec, company: Company) -> list[Part]:
    """The files that a path names, in the order of their names."""
    start = starting_folder(spec.path, company.folder)
    if not any(sign in spec.path for sign in "*?["):
        path = start / expand_variables(spec.path)
        if not path.is_file():
            raise refused(shown(path), 0, f"files.{spec.name}: no such file. Correct 'path', or deliver the file.")
        return [Part(path, path.name)]
    pattern = os.path.join(glob.escape(str(start)), expand_variables(spec.path, pattern=True))
    found = sorted(Path(name) for name in glob.glob(pattern, recursive=True) if Path(name).is_file())
    if not found:
        raise refused(
            shown(start / spec.path), 0, f"files.{spec.name}: no file has such a name. Correct 'path', or deliver one."
        )
    above = os.path.commonpath([file.parent for file in found])
    return [Part(file, os.path.relpath(file, above)) for file in found]


def _drop_second_deliveries(text: RawText) -> int:
    """Count a line once that was delivered twice, where a row id says that two lines cannot be equal by chance."""
    if not text.spec.row_id:
        return 0
    before = _count(text.bench, text.table)
    text.bench.execute(
        f'DELETE FROM {text.table} WHERE rowid NOT IN (SELECT arg_min(rowid, ("_file", "_line")) '
        f'FROM {text.table} GROUP BY "_record")'
    )
    return before - _count(text.bench, text.table)


def _columns_as_stored(text: RawText) -> list[FileColumn]:
    """Dates that a Parquet file stores as dates have come as ISO text, whatever format is declared for others."""
    return [
        replace(column, format=None) if column.header in text.dated else column for column in text.spec.columns.values()
    ]


def _cast(table: str, text: RawText, casts: Sequence[Casts]) -> None:
    """Create the typed table; a row with a value that is not of its type goes to the rejects, once."""
    bench = text.bench
    bench.execute(f"CREATE TABLE {table} AS {select_casts(text.table, casts)}")
    wrong = set(bench.frame(f'SELECT DISTINCT "_wrong" FROM {table} WHERE "_wrong" IS NOT NULL').to_series())
    for cast in casts:
        if cast.column not in wrong:
            continue
        name, value = text_literal(cast.column), masked(f"t.{quoted(cast.column)}")
        ending = text_literal(f"' is not {cast.is_not}")
        bench.execute(
            f"INSERT INTO {text.rejects} "
            f"SELECT t.\"_file\", t.\"_line\", {name}, '''' || {value} || {ending}, {value} "
            f'FROM {table} AS r JOIN {text.table} AS t USING ("_file", "_line") WHERE r."_wrong" = {name}'
        )
    if wrong:
        bench.execute(f'DELETE FROM {table} WHERE "_wrong" IS NOT NULL')
    bench.execute(f'ALTER TABLE {table} DROP COLUMN "_wrong"')


def _report(spec: FileSpec, parts: Sequence[Part], table: str, text: RawText, repeated: int) -> FileReport:
    report = FileReport(
        name=spec.name,
        paths=tuple(shown(part.path) for part in parts),
        bytes=sum(part.path.stat().st_size for part in parts),
        modified=dt.datetime.fromtimestamp(max(part.path.stat().st_mtime for part in parts), dt.UTC),
        lines=text.lines,
        loaded=_count(text.bench, table),
        quarantined=_count(text.bench, text.rejects),
        skipped=text.blank + repeated,
        through=spec.through or _last_date(spec, table, text.bench),
    )
    if report.lines != report.loaded + report.quarantined + report.skipped:
        raise refused(
            parts[0].label,
            0,
            f"{report.lines} lines came in, but {report.loaded} are loaded, {report.quarantined} quarantined and "
            f"{report.skipped} skipped. Lines were lost, so nothing of this file is used; report this with the file.",
        )
    return report


def _last_date(spec: FileSpec, table: str, bench: Workbench) -> dt.date | None:
    dates = [quoted(f"{name}__on") for name, column in spec.columns.items() if column.is_temporal]
    latest = [f"max({date}) FILTER ({date} <= $today)" for date in dates]
    if not latest:
        return None
    found = bench.frame(f"SELECT {', '.join(latest)} FROM {table}", {"today": dt.datetime.now(dt.UTC).date()})
    return max((date for date in found.row(0) if date is not None), default=None)


def _refuse_unless_mostly_loaded(report: FileReport, text: RawText) -> None:
    """More rejected than not means that the declaration is wrong, not the rows."""
    if report.quarantined * 2 <= report.lines - report.skipped:
        return
    first = text.bench.frame(f"SELECT file, line, column_name, reason FROM {text.rejects} ORDER BY file, line LIMIT 1")
    file, line, column, reason = first.row(0)
    where = f"'{column}': " if column else ""
    raise refused(
        file,
        line,
        f"{report.quarantined:,} of {report.lines:,} rows cannot be read, this one first: {where}{reason}. "
        f"Correct files.{report.name} in sources.yaml, or export the file again.",
    )


def _count(bench: Workbench, table: str) -> int:
    return int(bench.frame(f"SELECT count(*) FROM {table}").item())
