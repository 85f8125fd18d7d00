"""A report as PDF, composed by typst from data that it is handed beside its source. Formats no text into the source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typst

from alignment.report.contents import Chart, Report, Section
from alignment.report.fonts import ABSENT, FONT_NAME, FONTS, column_widths, printable
from alignment.report.shown import Shown, bar_texts, breakable, shares, shortened, shown, told
from alignment.report.tables import UNATTRIBUTED
from alignment.tokens import LIGHT

__all__ = ["pdf"]

# In points: a page of A4 without its margins, the size of tables and the room on both sides of a cell.
_PAGE, _SIZE, _PADDING = 595.27 - 2 * 45.35, 8.0, 6.5
# A word of prose that is longer may break.
_LONGEST_WORD = 40
_LONGEST_LABEL = 64  # of a bar: two or three lines
_FIRST_SIZE = 9.0  # of the table on the first page
_SOURCE = Path(__file__).parent / "report.typ"


def pdf(report: Report) -> bytes:
    """The bytes of a PDF file that readers can listen to (PDF/UA-1) and that carries its fonts."""
    made: bytes = typst.compile(
        str(_SOURCE),
        format="pdf",
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"report": _written(_data(report))},
        pdf_standards=["ua-1"],
    )
    return made


def _data(report: Report) -> dict[str, Any]:
    colors = {name: value for name, value in vars(LIGHT).items() if value.startswith("#")}
    return {
        "colors": colors | {"both": LIGHT.ink, "both_pale": LIGHT.both_pale},
        "font": FONT_NAME,
        "company": report.company,
        "month": report.month,
        "days": report.days,
        "filters": report.filters,
        "through": report.through,
        "commentary": report.commentary,
        "facts": [list(fact) for fact in report.facts],
        "sections": [_section(section, report) for section in report.sections if section.sentences or section.tables],
    }


def _written(data: dict[str, Any]) -> str:
    """The data as JSON; where a sign of it is not in the font, it says so."""
    printed = _printed(data)
    if ABSENT in json.dumps(printed, ensure_ascii=False):
        told = "Stands for one that the font of this document does not have; the workbook and the CSV files have it"
        printed["facts"].append([f"The sign {ABSENT}", told])
    return json.dumps(printed)


def _printed(value: Any) -> Any:
    """The data in signs that the font has, with places where words that are wider than a narrow column may break."""
    if isinstance(value, dict):
        return {key: _printed(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_printed(one) for one in value]
    return breakable(printable(value), _LONGEST_WORD) if isinstance(value, str) else value


def _section(section: Section, report: Report) -> dict[str, Any]:
    size = _FIRST_SIZE if section is report.sections[0] else _SIZE
    return {
        "name": section.name,
        "title": section.title,
        "sentences": [[sentence.text, sentence.evidence] for sentence in section.sentences],
        "charts": [_chart(chart, report.currency) for chart in section.charts],
        "tables": [_table(shown(table, report.currency), size) for table in section.tables],
    }


def _table(table: Shown, size: float) -> dict[str, Any]:
    return {
        "size": size,
        "widths": column_widths(table, _PAGE, size, _PADDING),
        "title": table.title,
        "columns": [[column.label, column.is_number, column.owner] for column in table.columns],
        "rows": [list(row) for row in table.rows],
        "subs": list(table.subs),
        "owners": list(table.owners),
        "notes": list(table.notes),
    }


def _chart(chart: Chart, currency: str) -> dict[str, Any]:
    texts = bar_texts(chart, currency)
    return {
        "title": chart.title,
        "upright": chart.is_upright,
        "bars": [
            {"label": breakable(shortened(label, _LONGEST_LABEL)), "text": text, "share": share, "owner": owner,
             "none": label == UNATTRIBUTED, "told": index in told(chart)}
            for index, (label, text, share, owner) in enumerate(
                zip(chart.labels, texts, shares(chart), chart.owners, strict=True))
        ],
        "words": f"{chart.title}: {', '.join(map(' '.join, zip(chart.labels, texts, strict=True)))}",
    }  # fmt: skip
