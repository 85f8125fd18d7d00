"""The reports of sealed months: one report, written in several formats. `export` is the only door.

report = contents.Report  <- composing.compose(snapshot)
bytes  <- sheets.workbook | csv_files.csv_archive  (report)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alignment.report.composing import compose
from alignment.report.contents import Report
from alignment.report.csv_files import csv_archive
from alignment.report.pdf import pdf
from alignment.report.sheets import workbook
from alignment.report.slides import slides
from alignment.snapshots import Snapshot
from data.errors import InvalidQuestion, did_you_mean

__all__ = ["FORMATS", "export", "file_name"]

# Each format with the ending of its files.
FORMATS: Mapping[str, tuple[str, Callable[[Report], bytes]]] = {
    "pdf": ("pdf", pdf),
    "pptx": ("pptx", slides),
    "xlsx": ("xlsx", workbook),
    "csv": ("csv.zip", csv_archive),
}


def export(snapshot: Snapshot, form: str) -> bytes:
    """A sealed month in a format of FORMATS. Raises InvalidQuestion, and NotSealed where its files have changed."""
    if form not in FORMATS:
        raise InvalidQuestion(f"There is no format '{form}'. {did_you_mean(form, FORMATS)}")
    return FORMATS[form][1](compose(snapshot))


def file_name(snapshot: Snapshot, form: str) -> str:
    """What the file is called: company, month, what it is about, revision."""
    manifest = snapshot.manifest
    month = snapshot.folder if manifest.revision == 1 else snapshot.folder.parent
    about = f"-{month.parent.name}" if manifest.per else ""
    revision = f"-r{manifest.revision}" if manifest.revision > 1 else ""
    return f"{manifest.company['id']}-{manifest.month}{about}{revision}.{FORMATS[form][0]}"
