"""The slides: native charts from zero, the sealed numbers, and no text that is clipped, covered or beside the slide."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import ImageFont
from pptx import Presentation
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.util import Pt

from alignment.report import export
from alignment.report.composing import compose
from alignment.report.sentences import in_table
from alignment.report.slides import slides
from alignment.snapshots import Snapshot
from metrics import Session
from tests.printed import HOSTILE_NAME, a_crowded_report
from tests.sealed_company import asked_in_the_shell, sealed_october
from tests.widest_face import LINE, WIDTHS, taken, wide

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


def height(frame: Any, room: float) -> float:
    """How high the text of a frame is, by the height of a line of the widest face."""
    runs = (run for paragraph in frame.paragraphs for run in paragraph.runs)
    return sum(taken(run.text, run.font.size.pt, bool(run.font.bold), room) * run.font.size.pt * LINE for run in runs)


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


def installed(name: str) -> Path | None:
    """The file of a font, where Linux keeps those of all users."""
    return next(Path("/usr/share/fonts").rglob(name), None)


@pytest.mark.parametrize(("bold", "files"), [
    (False, ("LiberationSans-Regular.ttf", "DejaVuSans.ttf")),
    (True, ("LiberationSans-Bold.ttf", "DejaVuSans-Bold.ttf")),
])  # fmt: skip
def test_the_widest_face_is_as_wide_as_the_widest_of_the_fonts_that_are_shown(bold: bool, files: tuple[str]) -> None:
    """Liberation Sans is as wide as Arial."""
    found = [file for file in map(installed, files) if file]
    if len(found) < 2:
        pytest.skip("Liberation Sans or DejaVu Sans is not installed")
    fonts = [ImageFont.truetype(file, 1000, layout_engine=ImageFont.Layout.BASIC) for file in found]
    for sign in "abcxyzABCXYZ0123456789 .,:%()€£$\u2013\u2212\u2026\u201c\u201däöüßéñøżłČж":
        assert WIDTHS[bold][sign] * 1000 == pytest.approx(max(font.getlength(sign) for font in fonts), abs=1.5), sign


def test_the_font_is_that_of_the_theme_and_no_text_has_one_of_its_own(deck: Any, crowded: Any) -> None:
    for one in (deck, crowded):
        theme = one.slide_masters[0].part.part_related_by(RELATIONSHIP_TYPE.THEME).blob.decode()
        assert set(re.findall(r'<a:latin typeface="([^"]*)"/>', theme)) == {"Arial"}
        assert not [name for name in named_fonts(one) if not name.startswith("+m")]


def named_fonts(deck: Any) -> Iterator[str]:
    for slide in deck.slides:
        parts = [slide.part, *(shape.chart.part for shape in slide.shapes if shape.has_chart)]
        yield from (name for part in parts for name in re.findall(r'typeface="([^"]*)"', part.blob.decode()))


def test_words_and_numbers_of_lying_bars_have_their_room(deck: Any, crowded: Any) -> None:
    drawn = [shape for one in (deck, crowded) for slide in one.slides for shape in slide.shapes if shape.has_chart]
    lying = [shape for shape in drawn if not shape.chart.part.blob.count(b'<c:barDir val="col"/>')]
    assert len(lying) > 6
    for shape in lying:
        chart, size = shape.chart, 11.0
        across, down = shape.width / Pt(1), shape.height / Pt(1)
        left, wide_bars = (
            float(chart._chartSpace.find(f".//{{*}}manualLayout/{{*}}{name}").get("val")) for name in "xw"
        )
        labels = list(chart.plots[0].categories)
        for label in labels:
            assert taken(label, size, False, left * across - 4) * size * LINE <= down / len(labels), label
        if chart.plots[0].series[0].data_labels.number_format == "#,##0":
            longest = max(wide(f"{value:,.0f}", size, False) for value in chart.plots[0].series[0].values)
            assert (1 - left - wide_bars) * across >= longest


def test_months_below_upright_bars_and_the_numbers_on_them_do_not_meet(deck: Any) -> None:
    drawn = [shape for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    upright = [shape for shape in drawn if shape.chart.part.blob.count(b'<c:barDir val="col"/>')]
    assert len(upright) > 5
    for shape in upright:
        plot = shape.chart.plots[0]
        slot = 0.98 * shape.width / Pt(1) / len(list(plot.categories))
        assert all(wide(word, 9.0, False) < slot for label in plot.categories for word in label.split(" "))
        without = shape.chart._chartSpace.findall(".//{*}dLbl/{*}delete")
        numbers = [value for value in plot.series[0].values if value is not None]
        is_money = "M" in plot.series[0].data_labels.number_format
        longest = max(wide(f"€{value / 1e6:.1f} M" if is_money else f"{value:,.0f}", 9.0, False) for value in numbers)
        assert without or longest < slot


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
    for name, number in asked_in_the_shell(*names).items():
        metric = demo.reach.metric(name)
        assert rows[metric.label] == in_table(number, metric.unit, "EUR")


def test_each_slide_says_month_days_and_filters(deck: Any) -> None:
    for slide in deck.slides:
        told = "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)
        assert "1 to 31 October 2026. Everything: no filter. Data through" in told


def test_long_tables_go_on_with_their_header(crowded: Any) -> None:
    tables = [shape.table for slide in crowded.slides for shape in slide.shapes if shape.has_table]
    assert sum(table.cell(0, 0).text == "Campaign" for table in tables) >= 2


def test_text_of_a_crm_stays_text(crowded: Any) -> None:
    assert HOSTILE_NAME in texts(crowded).replace("\u200b", "")
    assert "\u202e" not in texts(crowded)
    frames = [shape.text_frame for slide in crowded.slides for shape in slide.shapes if shape.has_text_frame]
    runs = [run for frame in frames for paragraph in frame.paragraphs for run in paragraph.runs]
    assert runs
    assert not any(run.hyperlink.address for run in runs)
