"""Where the texts of a PDF stand, in which fonts, and a report whose names and numbers are as bad as can be."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pypdfium2
from pypdf import PdfReader

from alignment.report.contents import BY_ROW, Chart, Column, Report, Section, Sentence, Table

__all__ = [
    "FOREIGN",
    "HOSTILE_NAME",
    "a_crowded_report",
    "an_empty_report",
    "beyond_the_page",
    "fonts_of",
    "meeting",
    "pages_of",
]

HOSTILE_NAME = '#panic("x") $a^2$ *bold* _it_ `raw` @ref <label> \\\\ // https://x.example/#a[link](b) = title'
LONG_NAME = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
# Signs that no font of Latin letters has, some of them unseen, some made of several.
FOREIGN = "\u65e5\u672c\u8a9e \U0001f680\ufe0f \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 \u200d\u202e\x07"
FOREIGN += "\x00 \uff21\uff22"
LEAST = 12.0  # what is left free above and below, footers included
Box = tuple[float, float, float, float]


def pages_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def fonts_of(pdf: bytes) -> set[str]:
    """The names of all fonts of all pages; a subset's is without its mark."""
    found = set()
    for page in PdfReader(io.BytesIO(pdf)).pages:
        for font in page["/Resources"].get("/Font", {}).values():
            found.add(str(font.get_object()["/BaseFont"]).lstrip("/").partition("+")[2])
    return found


def _boxes(page: pypdfium2.PdfPage) -> Iterator[Box]:
    text = page.get_textpage()
    for index in range(text.count_rects()):
        yield text.get_rect(index)


def beyond_the_page(pdf: bytes, margin: float) -> list[tuple[int, Box]]:
    """Texts that stand outside the margins, by page."""
    found = []
    for number, page in enumerate(pypdfium2.PdfDocument(pdf)):
        width, height = page.get_size()
        for left, bottom, right, top in _boxes(page):
            if left < margin or right > width - margin or bottom < LEAST or top > height - LEAST:
                found.append((number, (left, bottom, right, top)))
    return found


def meeting(pdf: bytes) -> list[tuple[int, str, str]]:
    """Pairs of texts of which one stands on the other: more than a third of the smaller is covered."""
    found = []
    for number, page in enumerate(pypdfium2.PdfDocument(pdf)):
        text, boxes = page.get_textpage(), list(_boxes(page))
        for place, one in enumerate(boxes):
            for other in boxes[place + 1 :]:
                wide = min(one[2], other[2]) - max(one[0], other[0])
                high = min(one[3], other[3]) - max(one[1], other[1])
                smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
                if wide > 0 and high > 0 and wide * high > smaller / 3:
                    found.append((number, text.get_text_bounded(*one), text.get_text_bounded(*other)))
    return found


def a_crowded_report() -> Report:
    """Long names, huge and negative numbers, many rows, many columns, no numbers at all."""
    names = (HOSTILE_NAME, LONG_NAME, "Ünïcödé " * 12, FOREIGN, "a", "-", "x" * 60)
    columns = (
        Column("Campaign"),
        *(
            Column(f"A metric of a long name {index}", unit, "sales")
            for index, unit in enumerate(("count", "money", "money", "ratio", "days", "hours"))
        ),
    )
    rows = tuple((f"{names[index % len(names)]} {index}", 1e6 * index, -1.5e8 + index, 9.99e9, 0.123456, 3.5, None)
                 for index in range(60))  # fmt: skip
    groups = Table("groups", "Groups", columns, rows, notes=(f"A note about {LONG_NAME}.",))
    measures = tuple((f"{name[:80]}", 1.2e9, None, None, 1.1e9, None, 9e9, "entered in May 2026") for name in names)
    month = Table(
        "month", "The month in numbers",
        (Column("Metric"), Column("May 2026", BY_ROW), Column("Target", BY_ROW), Column("Attainment", "ratio"),
         Column("April 2026", BY_ROW), Column("May 2025", BY_ROW), Column("Year to date", BY_ROW),
         Column("Of", beside=True)),
        measures, ("money",) * len(names), ("marketing", "sales", "both") * 3,
    )  # fmt: skip
    bars = Chart(f"Bars of {LONG_NAME[:50]}", groups, 0, 1, tuple(range(1, 11)), "sales")
    told = Sentence(f"{HOSTILE_NAME} rose.", f"{LONG_NAME}: 1, 2, 3. {FOREIGN}")
    sections = (
        Section("summary", "Summary", (told,), (month,)),
        Section("groups", HOSTILE_NAME, (told, told), (groups,), (bars, bars)),
        Section("empty", FOREIGN, (), (Table("none", "None", columns, ()),)),
    )
    facts = (("Company", HOSTILE_NAME), ("Generation", "1"))
    return Report(f"A & B {HOSTILE_NAME}", "EUR", "May 2026", "1 to 31 May 2026", f"Only region: {LONG_NAME[:90]}",
                  "1 June 2026", f"{HOSTILE_NAME}\n\n{LONG_NAME}", facts, sections)  # fmt: skip


def an_empty_report() -> Report:
    """A month in which nothing was and nothing is known."""
    spans = (Column("May 2026", BY_ROW), Column("Target", BY_ROW))
    month = Table("month", "The month in numbers", (Column("Metric"), *spans, Column("Of", beside=True)),
                  (("Leads", None, None, None), ("Win rate", None, None, "no matured cohort")), ("count", "ratio"),
                  ("marketing", "sales"))  # fmt: skip
    none = Table("channels", "Channels", (Column("Channel"), Column("Leads", "count"), Column("Since", "date")), ())
    sections = (Section("summary", "Summary", (), (month,)), Section("channels", "Channels", (), (none,), (), (none,)))
    return Report("Small", "EUR", "May 2026", "1 to 31 May 2026", "Everything: no filter", "not declared", "", (),
                  sections)  # fmt: skip
