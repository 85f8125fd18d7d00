"""Native, editable charts of a slide: bars from zero, with room for their words in the widest face. Places nothing.

Lengths are in points.
"""

from __future__ import annotations

from typing import Any

from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_TICK_LABEL_POSITION
from pptx.enum.dml import MSO_PATTERN
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Pt

from alignment.report.contents import Chart
from alignment.report.fonts import lines, widest
from alignment.report.shown import bar_texts, breakable, number_format, plain, shortened, told
from alignment.report.slide_parts import rgb
from alignment.report.tables import UNATTRIBUTED
from alignment.tokens import LIGHT

__all__ = ["add_chart"]

LYING, UPRIGHT = 11.0, 9.0  # sizes of the words at lying and at upright bars
# The longest words at a lying bar, in letters, and how much of the width words may take at most.
_LONGEST, _MOST_OF_WORDS = 48, 0.44
_GAP = 8.0  # between words, bars and numbers
_LEADING = 1.2


def add_chart(slide: Any, chart: Chart, left: float, top: float, width: float, height: float, currency: str) -> None:
    data: Any = CategoryChartData(number_format(chart, currency))  # type: ignore[no-untyped-call]  # types in part
    labels = _labels(chart, width, height)
    data.categories = labels
    data.add_series(plain(chart.title), chart.values)
    kind = XL_CHART_TYPE.COLUMN_CLUSTERED if chart.is_upright else XL_CHART_TYPE.BAR_CLUSTERED
    frame = slide.shapes.add_chart(kind, Pt(left), Pt(top), Pt(width), Pt(height), data)
    texts = bar_texts(chart, currency)
    words = ", ".join(map(" ".join, zip(chart.labels, texts, strict=True)))
    frame.element.nvGraphicFramePr.cNvPr.set("descr", plain(f"{chart.title}: {words}"))
    drawn, size = frame.chart, UPRIGHT if chart.is_upright else LYING
    drawn.has_legend, drawn.has_title = False, False
    drawn.font.size, drawn.font.color.rgb = Pt(size), rgb(LIGHT.ink)
    _axes(drawn, chart)
    plot = drawn.plots[0]
    plot.gap_width = 40
    _numbers(plot.series[0], chart, texts, width, currency)
    _paint(plot.series[0], chart)
    _set_room(drawn, *_room(chart.is_upright, labels, texts, width, height))


def _labels(chart: Chart, width: float, height: float) -> list[str]:
    """The words at the bars, those at lying bars as short as the height of a bar and their part of the width ask."""
    if chart.is_upright:
        return [plain(label) for label in chart.labels]
    most = max(1, int(height / len(chart.labels) / (LYING * _LEADING)))
    return [_label(plain(label), width * _MOST_OF_WORDS - _GAP, most) for label in chart.labels]


def _label(text: str, room: float, most: int) -> str:
    for letters in range(_LONGEST, 8, -4):
        label = breakable(shortened(text, letters))
        if lines(label, LYING, room, face=widest()) <= most:
            break
    return label


def _axes(drawn: Any, chart: Chart) -> None:
    values, names = drawn.value_axis, drawn.category_axis
    if all((value or 0) >= 0 for value in chart.values):
        values.minimum_scale = 0
    values.has_major_gridlines, values.visible = False, False
    names.format.line.color.rgb = rgb(LIGHT.line)
    names.has_major_gridlines, names.reverse_order = False, not chart.is_upright
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    # Words are never turned: those of months wrap instead.
    names.tick_labels.font.size = Pt(UPRIGHT if chart.is_upright else LYING)
    names._element.txPr.bodyPr.set("rot", "0")


def _numbers(series: Any, chart: Chart, texts: tuple[str, ...], width: float, currency: str) -> None:
    """The number of every bar, or where they would meet of the highest and the last one."""
    size = UPRIGHT if chart.is_upright else LYING
    labels = series.data_labels
    labels.show_value, labels.position = True, XL_LABEL_POSITION.OUTSIDE_END
    labels.number_format, labels.number_format_is_linked = number_format(chart, currency), False
    labels.font.size = Pt(size)
    slot = width / len(texts) if chart.is_upright else width
    if max(widest().width(text, size) for text in texts) + 2 <= slot:
        return
    for place, index in enumerate(sorted(set(range(len(texts))) - told(chart))):
        without = f'<c:dLbl {nsdecls("c")}><c:idx val="{index}"/><c:delete val="1"/></c:dLbl>'
        labels._element.insert(place, parse_xml(without))


def _paint(series: Any, chart: Chart) -> None:
    last = len(chart.values) - 1
    for index, (label, owner) in enumerate(zip(chart.labels, chart.owners, strict=True)):
        fill = series.points[index].format.fill
        if label == UNATTRIBUTED:
            fill.patterned()
            fill.pattern = MSO_PATTERN.WIDE_UPWARD_DIAGONAL
            fill.fore_color.rgb, fill.back_color.rgb = rgb(LIGHT.color(owner)), rgb(LIGHT.panel)
        else:
            fill.solid()
            is_pale = chart.is_upright and index != last
            fill.fore_color.rgb = rgb(LIGHT.pale(owner) if is_pale else LIGHT.color(owner))


def _room(
    is_upright: bool, labels: list[str], texts: tuple[str, ...], width: float, height: float
) -> tuple[float, float, float, float]:
    """Where the bars stand, in shares of the chart: left, top, width, height. The rest is for words and numbers."""
    if is_upright:
        top, below = 2 * UPRIGHT, 3.5 * UPRIGHT
        return 0.01, top / height, 0.98, (height - top - below) / height
    words = min(max(widest().width(label, LYING) for label in labels) + _GAP, _MOST_OF_WORDS * width)
    numbers = max(widest().width(text, LYING) for text in texts) + _GAP
    return words / width, 0.01, (width - words - numbers) / width, 0.98


def _set_room(drawn: Any, left: float, top: float, width: float, height: float) -> None:
    area = drawn._chartSpace.chart.plotArea
    for layout in area.findall(qn("c:layout")):
        area.remove(layout)
    places = (("x", left), ("y", top), ("w", width), ("h", height))
    written = "".join(f'<c:{name} val="{value:.4f}"/>' for name, value in places)
    manual = f'<c:layoutTarget val="inner"/><c:xMode val="edge"/><c:yMode val="edge"/>{written}'
    area.insert(0, parse_xml(f"<c:layout {nsdecls('c')}><c:manualLayout>{manual}</c:manualLayout></c:layout>"))
