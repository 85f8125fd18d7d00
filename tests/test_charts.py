"""Pictures show what they were given: bars from zero, owners' colours, gaps as gaps, unattributed last."""

from __future__ import annotations

import base64
import re
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pages._charts import Bar, Stage, ranked_bars, stage_bars
from pages._lines import Spot, pieces, sparkline_svg, ticks
from pages._theme import DARK, LIGHT, Theme, style_sheet
from pages._tiles import Tile, tile_html
from pages._time_lines import Point, over_time
from pages._words import MISSING, change, count, rate

PROJECT = Path(__file__).resolve().parent.parent
HOSTILE = '<img src=http://evil.example/i.png onerror="x">'

FUNNEL = [
    Stage("Lead", 1218, "1,218", "marketing"),
    Stage("MQL", 301, "301", "marketing", rate="24.7 %", note="within 30 days"),
    Stage("Opportunity", 58, "58", "sales", rate="19.3 %", is_worst=True),
    Stage("Customer", 30, "30", "both", rate="51.7 %"),
]


def visible(figure):
    """The trace that is seen; the one that carries the hover text lies unseen over it."""
    return figure.data[0]


def texts(figure) -> list[str]:
    return [annotation.text for annotation in figure.layout.annotations]


def all_text(figure) -> str:
    return figure.to_json()


# Bars


@pytest.mark.parametrize(
    "figure",
    [stage_bars(FUNNEL, LIGHT), ranked_bars([Bar("a", 3, "3"), Bar("b", 9, "9"), Bar(None, 1, "1")], LIGHT)],
    ids=["stages", "ranked"],
)
def test_bars_start_at_zero_and_fill_the_width(figure) -> None:
    assert visible(figure).base == 0
    assert figure.layout.xaxis.range == (0, max(visible(figure).x))


def test_a_stage_has_the_colour_of_its_owner() -> None:
    assert visible(stage_bars(FUNNEL, LIGHT)).marker.color == (
        LIGHT.marketing, LIGHT.marketing, LIGHT.sales, LIGHT.ink,
    )  # fmt: skip


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_worst_step_alone_is_bold_large_and_in_the_colour_of_its_owner(theme: Theme) -> None:
    steps = [a for a in stage_bars(FUNNEL, theme).layout.annotations if "↓" in a.text]

    assert [a.font.color for a in steps] == [theme.ink, theme.sales, theme.ink]
    assert ["<b>" in a.text for a in steps] == [False, True, False]
    assert steps[1].font.size * 0.75 >= 14, "coloured text needs 14 pt bold to be read at a contrast of 3"


def test_steps_stand_between_their_bars() -> None:
    figure = stage_bars(FUNNEL, LIGHT)
    middles = visible(figure).y
    steps = [a.y for a in figure.layout.annotations if "↓" in a.text]

    assert all(above < step < below for above, step, below in zip(middles, steps, middles[1:], strict=False))


@pytest.mark.parametrize("stages", range(2, 7))
def test_bars_keep_their_thickness_and_the_figure_grows_with_its_rows(stages: int) -> None:
    figure = stage_bars([Stage(str(n), 9, "9", "both", "1 %") for n in range(stages)], LIGHT)

    assert 30 <= visible(figure).width <= 36
    assert figure.layout.yaxis.range[0] + 12 == figure.layout.height
    assert figure.layout.height == pytest.approx(32 * stages + 42 * (stages - 1) + 12 if stages > 2 else 156)


def test_with_one_step_only_its_rate_is_what_is_large() -> None:
    figure = stage_bars([FUNNEL[0], Stage("Customer", 8, "8", "both", "10.5 %")], LIGHT)
    step = next(a for a in figure.layout.annotations if "↓" in a.text)

    assert "<b>10&#46;5 &#37;</b>" in step.text
    assert step.font.size > 20


def test_a_stage_without_an_answer_has_no_bar_and_quiet_text() -> None:
    figure = stage_bars([Stage("Lead", 0, "0", "both"), Stage("MQL", None, MISSING, "both", MISSING)], LIGHT)

    assert list(visible(figure).x) == [0, 0]
    assert next(a for a in figure.layout.annotations if a.text == MISSING).font.color == LIGHT.quiet


def test_unattributed_is_last_hatched_and_in_the_panel_colour_however_large() -> None:
    figure = ranked_bars([Bar(None, 90, "90"), Bar("a", 1, "1"), Bar("b", 5, "5")], LIGHT, unattributed="No channel")
    marker = visible(figure).marker

    assert list(visible(figure).x) == [5, 1, 90]
    assert list(marker.pattern.shape) == ["", "", "/"]
    assert marker.color[-1] == LIGHT.panel
    assert "No channel" in texts(figure)


def test_a_group_named_unknown_is_not_the_unattributed_one() -> None:
    figure = ranked_bars([Bar("unknown", 2, "2"), Bar(None, 3, "3")], LIGHT)

    assert list(visible(figure).marker.pattern.shape) == ["", "/"]


def test_what_is_past_the_top_becomes_other_with_its_sum() -> None:
    figure = ranked_bars([Bar(f"c{n}", n, str(n)) for n in range(12)], LIGHT, top=4, sum_as_text=count)

    assert list(visible(figure).x) == [11, 10, 9, 8, sum(range(8))]
    assert "other &#40;8&#41;" in texts(figure)
    assert "28" in texts(figure)


def test_what_does_not_add_up_has_no_bar_for_other() -> None:
    figure = ranked_bars([Bar(f"c{n}", n, str(n)) for n in range(12)], LIGHT, top=4)

    assert visible(figure).x[-1] == 0
    assert "in the table" in texts(figure)


def test_other_never_stands_for_a_single_group() -> None:
    figure = ranked_bars([Bar(f"c{n}", n, str(n)) for n in range(5)], LIGHT, top=4, sum_as_text=count)

    assert len(visible(figure).x) == 5


def test_with_a_highlight_the_others_step_back() -> None:
    figure = ranked_bars([Bar("a", 2, "2"), Bar("b", 1, "1")], LIGHT, owner="sales", highlight="b")

    assert list(visible(figure).marker.color) == [LIGHT.sales_pale, LIGHT.sales]


def test_a_long_label_is_shortened_and_whole_when_pointed_at() -> None:
    name = "A very long name of a campaign that nobody shortens"
    figure = ranked_bars([Bar(name, 1, "1")], LIGHT)
    label = figure.layout.annotations[0]

    assert label.text.endswith("…")
    assert label.hovertext == name
    assert figure.data[-1].hovertext[0].startswith(name)


def test_no_bars_and_only_zeros_still_make_a_figure() -> None:
    for figure in (ranked_bars([], LIGHT), ranked_bars([Bar("a", 0, "0")], LIGHT), stage_bars([], LIGHT)):
        assert figure.layout.xaxis.range == (0, 1)


# Lines


def test_the_part_that_is_not_complete_is_dashed_and_its_end_hollow() -> None:
    points = [Point(str(n), n, str(n), is_complete=n < 3) for n in range(5)]
    solid, dashed, dots = over_time(points, LIGHT, as_text=count).data

    assert solid.line.dash == "solid"
    assert [x for x in solid.x if x is not None] == [0, 1, 2]
    assert dashed.line.dash != "solid"
    assert [x for x in dashed.x if x is not None] == [2, 3, 4]
    assert dots.marker.color[-1] == LIGHT.paper


def test_a_missing_value_is_a_gap_and_a_lone_point_is_a_dot() -> None:
    cut = pieces([Spot(0, 1), Spot(1, None), Spot(2, 3), Spot(3, 4), Spot(4, None), Spot(5, 2)])

    assert cut.solid == [[(2, 3), (3, 4)]]
    assert cut.lone == [(0, 1), (5, 2)]


def test_groups_stand_under_each_other_on_one_scale() -> None:
    points = [Point(str(n), value, str(value), group=group) for group, value in (("a", 10), ("b", 5)) for n in (0, 1)]
    figure = over_time(points, LIGHT, as_text=count)
    floors = sorted(shape.y0 for shape in figure.layout.shapes)
    rises = [floors[0] - figure.data[0].y[0], floors[1] - figure.data[3].y[0]]

    assert rises[0] == 2 * rises[1]
    assert {"a", "b"} <= set(texts(figure))


def test_more_lines_than_can_be_told_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 5 groups, not 6"):
        over_time([Point("1", 1, "1", group=str(n)) for n in range(6)], LIGHT, as_text=count)


@pytest.mark.parametrize("values", [[], [None, None], [0, 0], [0.1]])
def test_few_or_no_values_still_make_a_figure(values: list[float | None]) -> None:
    figure = over_time([Point(str(n), v, rate(v)) for n, v in enumerate(values)], LIGHT, as_text=rate)

    assert figure.layout.height > 0


@pytest.mark.parametrize(
    ("top", "expected"), [(0, [0]), (0.11, [0, 0.05, 0.1, 0.15]), (3, [0, 1, 2, 3]), (10, [0, 5, 10])]
)
def test_ticks_are_round_numbers_that_reach_the_top(top: float, expected: list[float]) -> None:
    assert ticks(top) == pytest.approx(expected)


def test_no_two_ticks_are_written_alike() -> None:
    figure = over_time([Point("1", 0, "0"), Point("2", 1, "1")], LIGHT, as_text=count)
    names = [a.text for a in figure.layout.annotations if a.xanchor == "right"]

    assert names == ["0", "1"]


# Every figure


@pytest.mark.parametrize(
    "figure",
    [
        stage_bars([Stage(HOSTILE, 1, HOSTILE, "sales", HOSTILE, HOSTILE), *FUNNEL[1:]], LIGHT),
        ranked_bars([Bar(HOSTILE, 1, HOSTILE), Bar(None, 2, "2")], LIGHT, unattributed=HOSTILE),
        over_time([Point(HOSTILE, 1, HOSTILE, group=g) for g in (HOSTILE, "b")], LIGHT, as_text=count),
    ],
    ids=["stages", "ranked", "lines"],
)
def test_figures_are_calm_and_obey_no_text_from_data(figure) -> None:
    assert "<img" not in all_text(figure)
    assert "evil.example" not in all_text(figure)
    assert figure.layout.xaxis.fixedrange
    assert figure.layout.yaxis.fixedrange
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert figure.layout.font.family.startswith("Source Sans")
    assert figure.layout.showlegend is False


# Sparklines and tiles


def drawn(values, **more) -> ET.Element:
    return ET.fromstring(sparkline_svg(values, LIGHT, LIGHT.sales, label="Leads, 13 weeks", **more))


def circles(svg: ET.Element) -> list[dict[str, str]]:
    return [element.attrib for element in svg.iter() if element.tag.endswith("circle")]


def test_a_sparkline_is_an_image_with_words() -> None:
    svg = drawn([1, 2, 3])

    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-label"] == "Leads, 13 weeks"


@pytest.mark.parametrize(
    ("values", "y"), [([0, 0, 0], 35), ([5, 5], 20), ([0, 4], 5), ([4, 0], 35), ([-3, 1], 5)], ids=str
)
def test_the_dot_lies_on_the_last_value(values: list[float], y: float) -> None:
    dot = circles(drawn(values))[-1]

    assert float(dot["cx"]) == 127
    assert float(dot["cy"]) == pytest.approx(y)


def test_a_small_wobble_stays_small() -> None:
    path = sparkline_svg([100, 101], LIGHT, "#000", label="x").split('d="M')[1].split('"')[0]
    first, last = (float(place.split()[1]) for place in path.split(" L"))
    assert 0 < first - last < 3


def test_gaps_single_values_and_nothing_can_be_drawn() -> None:
    assert len(circles(drawn([3]))) == 2
    assert len(circles(drawn([None, 2, None, None]))) == 2
    assert circles(drawn([])) == circles(drawn([None, None])) == []
    assert sparkline_svg([1, 2, None, 3, 4], LIGHT, "#000", label="x").count("<path") == 2


def test_an_incomplete_last_value_is_dashed_and_hollow() -> None:
    svg = sparkline_svg([1, 2, 3], LIGHT, LIGHT.sales, incomplete_last=True, label="x")

    assert svg.count("stroke-dasharray") == 1
    assert f'fill="{LIGHT.paper}"' in svg
    assert "stroke-dasharray" not in sparkline_svg([1, 2, 3], LIGHT, LIGHT.sales, label="x")


def test_a_tile_without_an_answer_shows_a_dash_and_the_reason_and_never_zero() -> None:
    page = tile_html(Tile("win_rate", "Win rate", None, history=[0, 0], reason="Olist has no lost deals."), LIGHT)

    assert f">{MISSING}<" in page
    assert "Olist has no lost deals&#46;" in page
    assert "<img" not in page
    assert ">0" not in page


@pytest.mark.parametrize(
    ("good", "shown"), [("up", 'class="change good"'), ("down", 'class="change bad"'), ("neither", 'class="change "')]
)
def test_a_change_has_colour_only_when_it_is_judged(good, shown: str) -> None:
    assert shown in tile_html(Tile("leads", "Leads", "12", change=change(0.2, "share", good)), LIGHT)


def test_the_sparkline_of_a_tile_comes_with_the_page_in_the_colour_of_its_owner() -> None:
    page = tile_html(Tile("sqls", "SQLs", "12", owner="sales", history=[1, 2]), DARK)
    source = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page)

    assert source is not None
    assert DARK.sales in base64.b64decode(source[1]).decode()


def test_a_target_is_a_thin_line_in_steps_on_the_same_scale() -> None:
    points = [
        Point("1", 4, "4", target=10), Point("2", 6, "6", target=10), Point("3", 5, "5"), Point("4", 5, "5", target=5),
    ]  # fmt: skip
    figure = over_time(points, LIGHT, as_text=count)
    (steps,) = [trace for trace in figure.data if trace.line.width == 1]
    assert list(steps.x) == [0, 0.5, 0.5, 1.5, 1.5, 2.5, 2.5, 3]
    assert list(steps.y[4:6]) == [None, None]
    heights = [y for y in steps.y if y is not None]
    # The highest target is the top of the scale, and half of it lies half as high.
    ground = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    assert heights[:4] == [0.0] * 4
    assert heights[-1] == pytest.approx(ground / 2)
    assert "target" in texts(figure)
    plain = over_time([Point("1", 4, "4"), Point("2", 6, "6")], LIGHT, as_text=count)
    assert "target" not in texts(plain)


def test_a_tile_says_what_is_promised_above_its_foot() -> None:
    page = tile_html(Tile("mqls", "MQLs", "12", target="Target 52 in Nov: 27", foot="15 before"), LIGHT)
    assert '<p class="target">Target 52 in Nov&#58; 27</p><p class="foot ">15 before</p>' in page
    assert 'class="target"' not in tile_html(Tile("mqls", "MQLs", "12"), LIGHT)


def test_all_text_of_a_tile_is_escaped() -> None:
    hostile = Tile("k", HOSTILE, HOSTILE, foot=HOSTILE, target=HOSTILE, history=[1, 2], history_label=HOSTILE)

    for tile in (hostile, Tile("k", HOSTILE, None, reason=HOSTILE)):
        assert "evil.example" not in tile_html(tile, LIGHT)
        assert tile_html(tile, LIGHT).count("<img") == (tile.value is not None)


# Tokens


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_what_it_stands_on(theme: Theme) -> None:
    for ink, ground in (
        (theme.ink, theme.paper),
        (theme.ink, theme.panel),
        (theme.ink, theme.good_tint),
        (theme.ink, theme.bad_tint),
        (theme.quiet, theme.paper),
        (theme.quiet_on_panel, theme.panel),
    ):
        assert contrast(ink, ground) >= 4.5, (ink, ground)
    for mark, ground in (
        (theme.marketing, theme.paper),
        (theme.sales, theme.paper),
        (theme.good, theme.good_tint),
        (theme.bad, theme.bad_tint),
    ):
        assert contrast(mark, ground) >= 3, (mark, ground)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_streamlits_own_theme_is_made_of_the_tokens(theme: Theme) -> None:
    config = tomllib.loads((PROJECT / ".streamlit/config.toml").read_text())
    own = config["theme"][theme.name]
    sidebar = own["sidebar"]

    assert config["browser"]["gatherUsageStats"] is False
    assert (own["backgroundColor"], own["secondaryBackgroundColor"]) == (theme.paper, theme.panel)
    assert (own["textColor"], own["primaryColor"], own["linkColor"]) == (theme.ink, theme.marketing, theme.marketing)
    assert {own["borderColor"], own["dataframeBorderColor"], sidebar["borderColor"]} == {theme.line}
    assert own["dataframeHeaderBackgroundColor"] == theme.panel
    assert own["dataframeHeaderTextColor"] == theme.quiet_on_panel
    assert (sidebar["backgroundColor"], sidebar["secondaryBackgroundColor"]) == (theme.panel, theme.paper)


def test_the_style_sheet_has_no_shadow_and_fetches_nothing() -> None:
    sheet = style_sheet(LIGHT)

    assert LIGHT.quiet in sheet
    assert not re.search(r"shadow|url\(|@import|http", sheet)
