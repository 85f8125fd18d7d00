"""The slides: native charts from zero, the sealed numbers, and no text that is clipped, covered or beside the slide."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from pptx import Presentation
from pptx.util import Pt

from alignment.report import export
from alignment.report.composing import compose
from alignment.report.fonts import FONT_NAME, FONTS
from alignment.report.sentences import in_table
from alignment.report.slides import slides
from alignment.snapshots import Snapshot
from metrics import Query, Session
from tests.printed import HOSTILE_NAME, a_crowded_report
from tests.sealed_company import OCTOBER, sealed_october

WIDE, HIGH = 960.0, 540.0


@pytest.fixture(scope="session")
def october(demo: Session) -> Snapshot:
    return sealed_october(demo)


@pytest.fixture(scope="session")
def deck(october: Snapshot) -> Any:
    return Presentation(io.BytesIO(export(october, "pptx")))


@pytest.fixture(scope="session")
def crowded() -> Any:
    return Presentation(io.BytesIO(slides(a_crowded_report())))


@cache
def advances(bold: bool) -> tuple[dict[int, str], Any, int]:
    font = TTFont(FONTS / f"SourceSans3-{'Semibold' if bold else 'Regular'}.ttf")
    return font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm


def wide(text: str, size: float, bold: bool) -> float:
    cmap, metrics, units = advances(bold)
    return sum(metrics[cmap.get(ord(sign), ".notdef")][0] for sign in text) * size / units


def height(frame: Any, room: float) -> float:
    """How high the text of a frame is, by the widths of the shipped font: words move on, longer ones break."""
    total = 0.0
    for paragraph in frame.paragraphs:
        for run in paragraph.runs:
            size, bold, count, at = run.font.size.pt, bool(run.font.bold), 1, 0.0
            for word in run.text.replace("\u200b", " ").split(" "):
                own = wide(word, size, bold)
                if at and at + wide(" ", size, bold) + own > room:
                    count, at = count + 1, 0.0
                at += (wide(" ", size, bold) if at else 0.0) + own
                while at > room:
                    count, at = count + 1, at - room
            total += count * size * 1.257  # ascent and descent of the font
    return total


def texts(deck: Any) -> str:
    found = []
    for slide in deck.slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                found.append(shape.text_frame.text)
            if shape.has_table:
                found += [cell.text for row in shape.table.rows for cell in row.cells]
    return "\n".join(found)


def clipped(deck: Any) -> Iterator[str]:
    """Texts that are higher than their box or row, and shapes that leave the slide."""
    for number, slide in enumerate(deck.slides, 1):
        for shape in slide.shapes:
            left, top, across, down = (value / Pt(1) for value in (shape.left, shape.top, shape.width, shape.height))
            if left < 0 or top < 0 or left + across > WIDE + 0.1 or top + down > HIGH + 0.1:
                yield f"slide {number}: {shape.name} leaves the slide"
            if shape.has_text_frame and height(shape.text_frame, across) > down + 0.5:
                yield f"slide {number}: '{shape.text_frame.text[:40]}' is clipped"
            if shape.has_table:
                yield from (f"slide {number}: {told}" for told in clipped_cells(shape.table, top))


def clipped_cells(table: Any, top: float) -> Iterator[str]:
    for row in table.rows:
        for cell, column in zip(row.cells, table.columns, strict=True):
            needed = height(cell.text_frame, (column.width - cell.margin_left - cell.margin_right) / Pt(1))
            if needed + (cell.margin_top + cell.margin_bottom) / Pt(1) > row.height / Pt(1) + 0.5:
                yield f"the cell '{cell.text[:40]}' is clipped"
    if top + sum(row.height for row in table.rows) / Pt(1) > 508:
        yield "the table covers the footer"


def covering(deck: Any) -> Iterator[str]:
    for number, slide in enumerate(deck.slides, 1):
        boxes = [(s.name, s.left, s.top, s.left + s.width, s.top + s.height) for s in slide.shapes]
        for place, (name, *one) in enumerate(boxes):
            for other_name, *other in boxes[place + 1 :]:
                across = min(one[2], other[2]) - max(one[0], other[0])
                down = min(one[3], other[3]) - max(one[1], other[1])
                if across > Pt(1) and down > Pt(1):
                    yield f"slide {number}: {name} and {other_name} cover each other"


def test_no_text_is_clipped_covered_or_beside_the_slide(deck: Any, crowded: Any) -> None:
    for one in (deck, crowded):
        assert list(clipped(one)) == []
        assert list(covering(one)) == []


def test_a_clipped_text_would_be_found(october: Snapshot) -> None:
    deck = Presentation(io.BytesIO(export(october, "pptx")))
    box = next(shape for shape in deck.slides[0].shapes if shape.has_text_frame)
    box.text_frame.paragraphs[0].runs[0].text = "word " * 200
    assert len(list(clipped(deck))) == 1


def test_all_text_is_in_the_shipped_font(deck: Any) -> None:
    runs = [
        run
        for slide in deck.slides
        for shape in slide.shapes
        if shape.has_text_frame
        for paragraph in shape.text_frame.paragraphs
        for run in paragraph.runs
    ]
    assert {run.font.name for run in runs} == {FONT_NAME}
    assert TTFont(FONTS / "SourceSans3-Regular.ttf")["name"].getDebugName(1) == FONT_NAME


def test_charts_are_native_with_the_sealed_numbers_and_bars_from_zero(deck: Any, october: Snapshot) -> None:
    charts = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    expected = [chart for section in compose(october).sections for chart in section.charts]
    assert len(charts) == len(expected) > 8
    for chart, meant in zip(charts, expected, strict=True):
        assert chart.value_axis.minimum_scale == 0
        assert tuple(chart.plots[0].series[0].values) == meant.values
        assert len(tuple(chart.plots[0].categories)) == len(meant.labels)


def test_every_chart_is_told_in_words_too(deck: Any) -> None:
    frames = [shape for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    assert all(frame.element.nvGraphicFramePr.cNvPr.get("descr") for frame in frames)


def test_titles_are_the_sentences_of_the_month(deck: Any, october: Snapshot) -> None:
    titles = {slide.shapes.title.text_frame.text for slide in deck.slides}
    for section in compose(october).sections:
        if section.charts and section.sentences:
            assert section.sentences[0].text in titles


def test_the_numbers_of_the_slides_are_those_that_ask_gives(deck: Any, demo: Session) -> None:
    rows = {
        row.cells[0].text: row.cells[1].text
        for slide in deck.slides
        for shape in slide.shapes
        if shape.has_table and shape.table.cell(0, 1).text == "October 2026"
        for row in shape.table.rows
    }
    names = ("leads", "mqls", "customers", "won_revenue", "win_rate", "open_pipeline")
    answer = demo.answer(Query(names, period=OCTOBER))
    for name in names:
        metric = demo.reach.metric(name)
        assert rows[metric.label] == in_table(answer.number(name), metric.unit, "EUR")


def test_each_slide_says_month_days_and_filters(deck: Any) -> None:
    for slide in deck.slides:
        told = "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)
        assert "1 to 31 October 2026. Everything: no filter. Data through" in told


def test_long_tables_go_on_with_their_header(crowded: Any) -> None:
    tables = [shape.table for slide in crowded.slides for shape in slide.shapes if shape.has_table]
    assert sum(table.cell(0, 0).text == "Campaign" for table in tables) >= 2


def test_text_of_a_crm_stays_text(crowded: Any) -> None:
    assert HOSTILE_NAME in texts(crowded).replace("\u200b", "")
    frames = [shape.text_frame for slide in crowded.slides for shape in slide.shapes if shape.has_text_frame]
    runs = [run for frame in frames for paragraph in frame.paragraphs for run in paragraph.runs]
    assert runs
    assert not any(run.hyperlink.address for run in runs)
