"""Scatters, rankings and ticks of cost show what they were given: nothing overlaps, nothing is obeyed."""

from __future__ import annotations

import itertools
import math

import pytest

from pages._charts import Bar, figure, ranked_bars
from pages._ranking import Average, Ranked, ranking_drawing
from pages._scatter import HEIGHT, LARGEST, Dot, Slope, scatter_drawing
from pages._theme import DARK, LIGHT
from pages._words import count

HOSTILE = '<img src=http://evil.example/i.png onerror="x">'
DOTS = [Dot("many", 1000, 0, 400), Dot("few", 50, 90, 100), Dot("free", 100, 20, 0)]


def scattered(dots, **more):
    names = {"x_name": "Leads", "y_name": "Revenue", "x_text": count, "y_text": count}
    return figure(scatter_drawing(dots, LIGHT, **(names | more)))


def bubbles(drawn):
    return next(trace for trace in drawn.data if trace.mode == "markers")


def texts(drawn) -> list[str]:
    return [annotation.text for annotation in drawn.layout.annotations]


# Scatter


def test_many_leads_and_no_revenue_lie_far_right_on_the_ground() -> None:
    drawn = bubbles(scattered(DOTS))
    places = dict(zip(drawn.x, drawn.y, strict=True))

    assert places[1000] == HEIGHT
    assert min(places.values()) == places[50]


def test_the_area_of_a_bubble_is_the_amount() -> None:
    drawn = bubbles(scattered(DOTS))
    sizes = dict(zip(drawn.x, drawn.marker.size, strict=True))

    assert sizes[1000] == LARGEST
    assert math.pi * (sizes[50] / 2) ** 2 * 4 == pytest.approx(math.pi * (sizes[1000] / 2) ** 2)


def test_what_cost_nothing_is_a_ring_and_large_bubbles_lie_below_small_ones() -> None:
    drawn = bubbles(scattered(DOTS))

    assert list(drawn.x) == [1000, 50, 100]
    assert drawn.marker.color[-1] == "rgba(0,0,0,0)"
    assert drawn.marker.color[0] != "rgba(0,0,0,0)"


@pytest.mark.parametrize(("per_x", "end"), [(0.05, (1000, 50)), (1.0, (100, 100))])
def test_the_line_from_zero_ends_where_it_leaves_the_plot(per_x: float, end: tuple[float, float]) -> None:
    drawn = scattered(DOTS, slope=Slope(per_x, "per lead"))
    line = next(trace for trace in drawn.data if trace.mode == "lines")

    assert (line.x[0], line.y[0]) == (0, HEIGHT)
    assert (line.x[1], HEIGHT - line.y[1]) == pytest.approx((end[0], HEIGHT * end[1] / 100))
    assert "per lead" in texts(drawn)


def test_names_do_not_cover_each_other_and_the_first_go_first() -> None:
    crowd = [Dot(f"campaign {n}", 500, 50, 10) for n in range(12)]
    drawn = scattered([Dot("alone", 900, 90, 10), *crowd])
    named = [text for text in texts(drawn) if text.startswith(("campaign", "alone"))]

    assert "alone" in named
    assert 1 < len(named) < 8
    places = [(a.x, a.y, a.xanchor, a.yshift) for a in drawn.layout.annotations if a.text in named]
    assert all(one != other for one, other in itertools.combinations(places, 2))


@pytest.mark.parametrize("dots", [[], [Dot("a", 0, 0, 0)], [Dot("a", 3, 5)], [Dot("a", 0, 7, 1)]])
def test_few_or_no_dots_still_make_a_figure(dots: list[Dot]) -> None:
    assert scattered(dots, slope=Slope(0, "x")).layout.height > HEIGHT


# Rankings

ROWS = [
    Ranked("first", 0.2, "20 % of 50", 0.1, 0.33),
    Ranked("second", 0.1, "10 % of 90", 0.05, 0.18),
    Ranked("tiny", 1.0, "100 % of 2", 0.34, 1.0, is_ranked=False),
]


def test_the_range_of_a_small_group_does_not_press_the_others_together() -> None:
    drawn = figure(ranking_drawing(ROWS, LIGHT, note="Under 20"))
    dots = [trace for trace in drawn.data if trace.type == "scatter" and trace.mode == "markers"]

    assert drawn.layout.xaxis.range == (0, 0.33)
    assert [dot.marker.symbol for dot in dots] == ["circle", "circle", "triangle-right"]
    assert dots[-1].marker.color == LIGHT.paper
    assert "Under 20" in texts(drawn)


def test_a_range_goes_from_its_low_to_its_high_end() -> None:
    drawn = figure(ranking_drawing(ROWS, LIGHT))
    lines = [trace.x for trace in drawn.data if trace.type == "scatter" and trace.mode == "lines"]

    assert lines[:2] == [(0.1, 0.33), (0.05, 0.18)]


def test_rows_without_a_range_are_bars_and_those_without_a_rank_are_hatched() -> None:
    drawn = figure(ranking_drawing([Ranked("a", 5, "5"), Ranked("b", 9, "9", is_ranked=False)], LIGHT))
    bars = [trace for trace in drawn.data if trace.type == "bar" and trace.hoverinfo == "skip"]

    assert [bar.x[0] for bar in bars] == [5, 5], "no longer than the picture is wide"
    assert bars[0].marker.pattern.shape is None
    assert bars[1].marker.pattern.shape == ("/",)


def test_what_is_past_the_top_is_named_by_its_number() -> None:
    rows = [Ranked(f"r{n}", 1 / (n + 1), "x") for n in range(12)]
    drawn = figure(ranking_drawing(rows, LIGHT, top=4, average=Average(0.3, "all 0.3")))

    assert "other &#40;8&#41;" in texts(drawn)
    assert "all 0&#46;3" in texts(drawn)


def test_unattributed_is_never_among_the_others() -> None:
    few = [Ranked(f"r{n}", 1, "x", is_ranked=False) for n in range(9)]
    drawn = figure(ranking_drawing([*few, Ranked("None", 1, "x", is_ranked=False, is_unattributed=True)], LIGHT))

    assert "other &#40;5&#41;" in texts(drawn)
    assert "None" in texts(drawn)


# Ticks and cut bars


def test_the_number_of_a_row_stands_past_its_tick() -> None:
    drawn = ranked_bars([Bar("a", 10, "10", mark=40), Bar("b", 30, "30", mark=5)], LIGHT)
    ends = {a.text: a.x for a in drawn.layout.annotations if a.text in ("10", "30")}
    ticks = [shape.x0 for shape in drawn.layout.shapes if shape.x0 == shape.x1 and shape.line.color == LIGHT.marketing]

    assert ends == {"10": 40, "30": 30}
    assert sorted(ticks) == [5, 40]
    assert drawn.layout.xaxis.range == (0, 40)


def test_the_tick_of_other_is_the_sum_of_its_ticks() -> None:
    bars = [Bar(f"c{n}", n, str(n), mark=1) for n in range(12)]
    drawn = ranked_bars(bars, LIGHT, top=4, sum_as_text=count)
    ticks = [shape.x0 for shape in drawn.layout.shapes if shape.line.color == LIGHT.marketing and shape.x0 == shape.x1]

    assert ticks == [1, 1, 1, 1, 8]


@pytest.mark.parametrize(("is_cut", "reach"), [(True, 9), (False, 90)])
def test_only_an_unattributed_bar_is_cut_and_only_when_asked(is_cut: bool, reach: float) -> None:
    drawn = ranked_bars([Bar("a", 9, "9"), Bar(None, 90, "90")], LIGHT, is_cut=is_cut)
    gaps = [shape for shape in drawn.layout.shapes if shape.line.color == LIGHT.paper]

    assert drawn.layout.xaxis.range == (0, reach)
    assert bool(gaps) == is_cut
    assert next(a.x for a in drawn.layout.annotations if a.text == "90") == reach


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_no_text_from_data_is_obeyed(theme) -> None:
    drawings = [
        scatter_drawing(
            [Dot(HOSTILE, 1, 1, 1, (HOSTILE,))], theme, x_name=HOSTILE, y_name=HOSTILE, x_text=count, y_text=count,
            slope=Slope(1, HOSTILE),
        ),
        ranking_drawing(
            [Ranked(HOSTILE, 1, HOSTILE, 0, 1, says=HOSTILE)], theme, note=HOSTILE, average=Average(1, HOSTILE)
        ),
    ]  # fmt: skip
    for drawing in drawings:
        drawn = figure(drawing)
        assert "<img" not in drawn.to_json()
        assert drawn.layout.xaxis.fixedrange
        assert drawn.layout.showlegend is False
