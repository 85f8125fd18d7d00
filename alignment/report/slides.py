"""A report as slides with native, editable charts: a sentence on top, its evidence below it, then picture or table."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from pptx.enum.text import PP_ALIGN
from pptx.util import Pt

from alignment.report.contents import Chart, Column, Report, Section, Sentence, Table
from alignment.report.fonts import first_lines, lines, widest
from alignment.report.shown import plain, shown
from alignment.report.slide_charts import add_chart
from alignment.report.slide_parts import high, on_one_line, write
from alignment.report.slide_tables import Laid, laid
from alignment.report.slide_theme import SLIDE, empty_deck
from alignment.tokens import LIGHT

__all__ = ["slides"]

# All lengths are in points.
MARGIN, WIDTH = 42.0, SLIDE[0] - 2 * 42.0
TITLE_TOP, FOOTER_TOP = 26.0, 508.0
BOTTOM = FOOTER_TOP - 8  # of what stands above the footer
TITLE_SIZES, TITLE_LINES = (26.0, 24.0, 22.0, 18.0, 14.0), 2
# Arial is narrower than the widest face by about so much: a title that takes a line less in it leaves a gap.
NARROWER = 1.22
FIRST, EVIDENCE, BODY, FOOTER = 24.0, 13.0, 18.0, 9.0
HEADING = 42.0  # what the heading of a second table on a slide takes, with the room above it
# How many lines a sentence, its evidence and a note may take; the workbook has them whole.
SENTENCE_LINES, EVIDENCE_LINES, NOTE_LINES = 2, 2, 2
COMMENTARY_SIZES = (BODY, 16.0, 14.0, 12.0)
COMMENTARY = "Commentary, written before the month was sealed"
MOST_ROWS = 15
WHOLE = ("trend", "definitions", "data_through", "facts")
APPENDIX = ("How it is computed", "Fingerprint")


def slides(report: Report) -> bytes:
    """The bytes of a .pptx file."""
    deck = empty_deck()
    deck.core_properties.title = plain(f"{report.company}, {report.month}")[:255]
    deck.core_properties.author = plain(report.company)[:255]
    Deck(deck, report).write()
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


class Deck:
    """The slides of one presentation."""

    def __init__(self, deck: Any, report: Report) -> None:
        self.deck, self.report, self.count = deck, report, 0
        # The slide that a table was drawn on last, and where the room below it begins.
        self.slide: Any = None
        self.top = 0.0

    def write(self) -> None:
        self._cover(self.report.sections[0])
        for section in self.report.sections:
            self._section(section)
        facts = Table("facts", "What every number rests on", (Column("What"), Column("In words")), self.report.facts)
        self._table(facts.title, (), facts)

    def _slide(self, title: str, evidence: Sequence[str] = ()) -> tuple[Any, float]:
        """A new slide with its title, evidence and footer, and where its body begins."""
        slide = self.deck.slides.add_slide(self.deck.slide_layouts[5])
        self.count += 1
        title, size = _title(title)
        height = high(title, size, WIDTH, bold=True)
        _place(slide.shapes.title, MARGIN, TITLE_TOP, WIDTH, height)
        write(slide.shapes.title.text_frame, [(title, size, LIGHT.ink, True)])
        top = TITLE_TOP + height + 4
        for text in filter(None, evidence):
            top += self._text(slide, text, top, EVIDENCE, LIGHT.quiet, most=EVIDENCE_LINES) + 2
        about = f"{self.report.company}, {self.report.month}. {self.report.days}. {self.report.filters}."
        line = on_one_line(plain(f"{about} Data through {self.report.through}."), FOOTER, WIDTH - 60)
        self._text(slide, line, FOOTER_TOP, FOOTER, LIGHT.quiet, width=WIDTH - 60)
        number = self._box(slide, MARGIN + WIDTH - 50, FOOTER_TOP, 50, FOOTER * 1.2)
        write(number.text_frame, [(str(self.count), FOOTER, LIGHT.quiet, False)], PP_ALIGN.RIGHT)
        return slide, top + 12

    def _box(self, slide: Any, left: float, top: float, width: float, height: float) -> Any:
        return slide.shapes.add_textbox(Pt(left), Pt(top), Pt(width), Pt(height))

    def _text(self, slide: Any, text: str, top: float, size: float, color: str, *, bold: bool = False,
              most: int | None = None, left: float = MARGIN, width: float = WIDTH) -> float:  # fmt: skip
        """A text box that is as high as its paragraphs, of at most so many lines each; the height."""
        parts = [plain(part) for part in text.split("\n")]
        if most is not None:
            parts = [first_lines(part, size, width, most, bold=bold) for part in parts]
        height = sum(high(part, size, width, bold=bold) for part in parts)
        box = self._box(slide, left, top, width, height)
        write(box.text_frame, [(part, size, color, bold) for part in parts])
        return height

    def _cover(self, summary: Section) -> None:
        """The month, what it comes to in sentences, and the commentary, or a slide of it where it is long."""
        slide, top = self._slide(self.report.month, (self.report.company,))
        top += 14
        for index, sentence in enumerate(summary.sentences[:4]):
            size = FIRST if index == 0 else BODY
            top += self._text(slide, sentence.text, top, size, LIGHT.ink, bold=index == 0, most=SENTENCE_LINES) + 2
            top += self._text(slide, sentence.evidence, top, EVIDENCE, LIGHT.quiet, most=EVIDENCE_LINES) + 14
        text = self.report.commentary
        if not text:
            return
        below = top + EVIDENCE * 1.5
        if _paragraphs_high(text, BODY) > BOTTOM - below:
            slide, below = self._slide(COMMENTARY)
        else:
            self._text(slide, COMMENTARY, top, EVIDENCE, LIGHT.quiet)
        sizes = [one for one in COMMENTARY_SIZES if _paragraphs_high(text, one) <= BOTTOM - below]
        size = max(sizes, default=COMMENTARY_SIZES[-1])
        if not sizes:
            text = first_lines(plain(text), size, WIDTH, int((BOTTOM - below) / size / 1.5))
        self._text(slide, text, below, size, LIGHT.ink)

    def _section(self, section: Section) -> None:
        """Pictures first, two on a slide under the sentences about them, then the tables.

        A section of tables alone begins below the table before it, where there is room.
        """
        for at in range(0, len(section.charts), 2):
            pair, told = section.charts[at : at + 2], section.sentences[at : at + 2]
            titles = f"{section.title}: {', '.join(chart.title for chart in pair)}"
            self._pictures(told[0].text if told else titles, _evidence(told), pair)
        for index, table in enumerate(section.tables):
            told = section.sentences if index == 0 and not section.charts else ()
            if index == 0 and (told or section.charts):
                self.slide = None
            self._table(told[0].text if told else table.title, _evidence(told), table)

    def _pictures(self, title: str, evidence: Sequence[str], charts: Sequence[Chart]) -> None:
        slide, top = self._slide(title, evidence)
        width = (WIDTH - 24 * (len(charts) - 1)) / len(charts)
        lefts = [MARGIN + index * (width + 24) for index in range(len(charts))]
        used = max([self._text(slide, chart.title, top, BODY - 4, LIGHT.ink, bold=True, most=2, left=left, width=width)
                    for chart, left in zip(charts, lefts, strict=True)])  # fmt: skip
        for chart, left in zip(charts, lefts, strict=True):
            add_chart(slide, chart, left, top + used, width, BOTTOM - top - used, self.report.currency)

    def _table(self, title: str, evidence: Sequence[str], table: Table) -> None:
        """The table below the one before, where there is room, else on as many slides as it takes, each with a header.

        Groups that are many are shown in part.
        """
        dropped = [index for index, column in enumerate(table.columns) if column.label in APPENDIX]
        in_part = not table.owners and table.name not in WHOLE
        drawn = laid(shown(_without(table, dropped), self.report.currency, MOST_ROWS if in_part else None), WIDTH)
        notes = [first_lines(plain(note), FOOTER, WIDTH, NOTE_LINES) for note in drawn.table.notes[:3]]
        below = sum(high(note, FOOTER, WIDTH) for note in notes) + 8
        pages = self._begun(title, evidence, table, drawn, below)
        for number, rows in enumerate(pages):
            if number:
                self.slide, self.top = self._slide(f"{table.title}, continued")
            self.top += drawn.draw(self.slide, rows, MARGIN, self.top) + 6
        if notes:
            self.top += self._text(self.slide, "\n".join(notes), self.top, FOOTER, LIGHT.quiet)

    def _begun(self, title: str, evidence: Sequence[str], table: Table, drawn: Laid, below: float) -> list[list[int]]:
        """The slide on which a table begins, and its rows by slide."""
        if self.slide is not None and self.top + HEADING + drawn.header + sum(drawn.heights) + below < BOTTOM:
            self._text(self.slide, table.title, self.top + 12, BODY - 2, LIGHT.ink, bold=True, most=1)
            self.top += HEADING
            return [list(range(len(drawn.heights)))]
        self.slide, self.top = self._slide(title, evidence)
        further, size = _title(f"{table.title}, continued")
        lowest = max(self.top, TITLE_TOP + high(further, size, WIDTH, bold=True) + 16)
        return drawn.pages(BOTTOM - lowest - below)


def _title(text: str) -> tuple[str, float]:
    """A title on at most two lines, and its size: the largest in which it is whole, else cut in the smallest.

    One in which it takes the same lines in every face comes before a larger one in which it does not.
    """
    text = plain(text)
    taken = [(size, *(lines(text, size, room, bold=True, face=widest()) for room in (WIDTH, WIDTH * NARROWER)))
             for size in TITLE_SIZES]  # fmt: skip
    whole = [(size, most == least) for size, most, least in taken if most <= TITLE_LINES]
    if whole:
        return text, next((size for size, is_same in whole if is_same), whole[0][0])
    return first_lines(text, TITLE_SIZES[-1], WIDTH, TITLE_LINES, bold=True), TITLE_SIZES[-1]


def _evidence(told: Sequence[Sentence]) -> list[str]:
    """What stands below a title: what the sentence in it rests on, then the other sentences with theirs."""
    return [told[0].evidence, *(f"{one.text} {one.evidence}" for one in told[1:])] if told else []


def _paragraphs_high(text: str, size: float) -> float:
    return sum(high(plain(part), size, WIDTH) for part in text.split("\n"))


def _without(table: Table, dropped: Sequence[int]) -> Table:
    kept = [index for index in range(len(table.columns)) if index not in dropped]
    return Table(table.name, table.title, tuple(table.columns[index] for index in kept),
                 tuple(tuple(row[index] for index in kept) for row in table.rows), table.units, table.owners,
                 table.notes, table.shown)  # fmt: skip


def _place(shape: Any, left: float, top: float, width: float, height: float) -> None:
    shape.left, shape.top, shape.width, shape.height = Pt(left), Pt(top), Pt(width), Pt(height)
