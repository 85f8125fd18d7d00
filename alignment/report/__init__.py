"""The reports of sealed months: one report, written in several formats. `export` and `logged` are the only doors.

    report = contents.Report  <- composing.compose(snapshot)
    bytes  <- pdf.pdf | slides.slides | sheets.workbook | csv_files.csv_archive  (report)

What writes a format is imported when the format is asked for: pages and commands that export nothing wait for none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alignment.ledger import Export, Ledger
from alignment.report.contents import Report
from alignment.snapshots import Snapshot
from data.company import Company
from data.errors import InvalidQuestion, did_you_mean

__all__ = ["FORMATS", "Format", "export", "file_name", "logged"]


@dataclass(frozen=True)
class Format:
    """A kind of file: the ending of its name, what people call it, its media type, and what writes it."""

    ending: str
    label: str
    media: str
    write: Callable[[Report], bytes]


def _pdf(report: Report) -> bytes:
    from alignment.report.pdf import pdf

    return pdf(report)


def _slides(report: Report) -> bytes:
    from alignment.report.slides import slides

    return slides(report)


def _workbook(report: Report) -> bytes:
    from alignment.report.sheets import workbook

    return workbook(report)


def _csv(report: Report) -> bytes:
    from alignment.report.csv_files import csv_archive

    return csv_archive(report)


_OFFICE = "application/vnd.openxmlformats-officedocument"
FORMATS: Mapping[str, Format] = {
    "pdf": Format("pdf", "PDF", "application/pdf", _pdf),
    "pptx": Format("pptx", "Slides", f"{_OFFICE}.presentationml.presentation", _slides),
    "xlsx": Format("xlsx", "Workbook", f"{_OFFICE}.spreadsheetml.sheet", _workbook),
    "csv": Format("csv.zip", "CSV", "application/zip", _csv),
}


def export(snapshot: Snapshot, form: str) -> bytes:
    """A sealed month in a format of FORMATS. Raises InvalidQuestion, and NotSealed where its files have changed."""
    if form not in FORMATS:
        raise InvalidQuestion(f"There is no format '{form}'. {did_you_mean(form, FORMATS)}")
    from alignment.report.composing import compose

    return FORMATS[form].write(compose(snapshot))


def file_name(snapshot: Snapshot, form: str) -> str:
    """What the file is called: company, month, what it is about, revision."""
    manifest = snapshot.manifest
    month = snapshot.folder if manifest.revision == 1 else snapshot.folder.parent
    about = f"-{month.parent.name}" if manifest.per else ""
    revision = f"-r{manifest.revision}" if manifest.revision > 1 else ""
    return f"{manifest.company['id']}-{manifest.month}{about}{revision}.{FORMATS[form].ending}"


def logged(company: Company, snapshot: Snapshot, form: str, to: str, by: str) -> bytes:
    """What `export` gives, once the ledger says that it left the house: what, in which form, where to, by whom."""
    content, manifest = export(snapshot, form), snapshot.manifest
    about = f" {manifest.per[0]}: {manifest.per[1]}" if manifest.per else ""
    what = f"{manifest.month} r{manifest.revision}{about}"
    Ledger.open(company).add(Export(what, form, manifest.generation, to), by=by)
    return content
