"""The parts of a slide: text in the shipped font, and native charts whose bars start at zero. Places nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_TICK_LABEL_POSITION
from pptx.enum.dml import MSO_PATTERN
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Pt

from alignment.report.contents import Chart
from alignment.report.fonts import FONT_NAME
from alignment.report.shown import bar_texts, breakable, number_format
from alignment.report.tables import UNATTRIBUTED
from alignment.tokens import LIGHT

__all__ = ["LABEL", "add_chart", "plain", "rgb", "write"]

LABEL = 11.0  # in points: the words of charts and tables
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def add_chart(slide: Any, chart: Chart, left: float, top: float, width: float, height: float, currency: str) -> None:
    written = number_format(chart, currency)
    data: Any = CategoryChartData(written)  # type: ignore[no-untyped-call]  # the library has types in part
    data.categories = [plain(breakable(label)) for label in chart.labels]
    data.add_series(plain(chart.title), chart.values)
    kind = XL_CHART_TYPE.COLUMN_CLUSTERED if chart.is_upright else XL_CHART_TYPE.BAR_CLUSTERED
    frame = slide.shapes.add_chart(kind, Pt(left), Pt(top), Pt(width), Pt(height), data)
    words = ", ".join(map(" ".join, zip(chart.labels, bar_texts(chart, currency), strict=True)))
    frame.element.nvGraphicFramePr.cNvPr.set("descr", plain(f"{chart.title}: {words}"))
    drawn = frame.chart
    drawn.has_legend, drawn.has_title = False, False
    drawn.font.name, drawn.font.size, drawn.font.color.rgb = FONT_NAME, Pt(LABEL), rgb(LIGHT.ink)
    values, names = drawn.value_axis, drawn.category_axis
    if all((value or 0) >= 0 for value in chart.values):
        values.minimum_scale = 0
    values.has_major_gridlines, values.visible = False, False
    names.format.line.color.rgb = rgb(LIGHT.line)
    names.has_major_gridlines, names.reverse_order = False, not chart.is_upright
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    plot = drawn.plots[0]
    plot.gap_width, plot.has_data_labels = 40, True
    labels = plot.data_labels
    labels.number_format = written
    labels.number_format_is_linked = False
    labels.position = XL_LABEL_POSITION.OUTSIDE_END
    labels.font.name, labels.font.size = FONT_NAME, Pt(9 if chart.is_upright else LABEL)
    last = len(chart.values) - 1
    for index, (label, owner) in enumerate(zip(chart.labels, chart.owners, strict=True)):
        fill = plot.series[0].points[index].format.fill
        if label == UNATTRIBUTED:
            fill.patterned()
            fill.pattern = MSO_PATTERN.WIDE_UPWARD_DIAGONAL
            fill.fore_color.rgb, fill.back_color.rgb = rgb(LIGHT.color(owner)), rgb(LIGHT.panel)
        else:
            fill.solid()
            is_pale = chart.is_upright and index != last
            fill.fore_color.rgb = rgb(LIGHT.pale(owner) if is_pale else LIGHT.color(owner))


def write(frame: Any, parts: Sequence[tuple[str, float, str, bool]], align: Any = PP_ALIGN.LEFT, *,
           margins: bool = True) -> None:  # fmt: skip
    """One paragraph per part: text, size, colour, bold."""
    frame.word_wrap = True
    if margins:
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        frame.vertical_anchor = MSO_ANCHOR.TOP
    for index, (text, size, color, bold) in enumerate(parts):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        paragraph.alignment = align
        run = paragraph.add_run()
        run.text = text
        run.font.name, run.font.size, run.font.bold, run.font.color.rgb = FONT_NAME, Pt(size), bold, rgb(color)


def plain(text: str) -> str:
    """Without the control characters that no such file may hold."""
    return _CONTROL.sub(" ", text)


def rgb(color: str) -> RGBColor:
    channels = bytes.fromhex(color.removeprefix("#"))
    return RGBColor(*channels)  # type: ignore[no-untyped-call]  # the library has types in part
