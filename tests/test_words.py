"""Numbers read as people write them, and no text from data is ever obeyed."""

from __future__ import annotations

import html
import math
from decimal import Decimal

import pytest
from markdown_it import MarkdownIt

from pages._words import (
    MISSING,
    Change,
    change,
    count,
    days,
    escape,
    hours,
    money,
    number,
    points,
    rate,
    shortened,
    strong,
    times,
)

JOINER = "\u2060"

HOSTILE = (
    "![p](http://evil.example/p.png)",
    "<img src=http://evil.example/i.png onerror=alert(1)>",
    "<script>alert(1)</script>",
    "</p></div><style>*{display:none}</style>",
    "<!-- comment -->",
    "$E=mc^2$",
    "$5 and $6",
    ":smile: :+1:",
    ":red[hot] :material/home:",
    "[click](http://evil.example)",
    "[a]: http://evil.example",
    "<http://evil.example>",
    "www.evil.example",
    "WWW.evil.example",
    "https://evil.example/a?b=c&d=e",
    "a.b+c@evil.example",
    "**bold** __b__ *i* _i_ ~~s~~",
    "`code`",
    "# head",
    "1. one",
    "- item",
    "> quote",
    "---",
    "| a | b |",
    "back\\slash \\* at the end\\",
    "&lt;b&gt; &#42; &copy;",
    "\"double\" and 'single'",
    "%{x} {y} {{z}}",
    "-> <- -- >= ~=",
)


def read_back(escaped: str) -> str:
    return html.unescape(escaped).replace(JOINER, "")


@pytest.mark.parametrize("text", HOSTILE)
def test_escaped_text_reads_back_as_it_was_written(text: str) -> None:
    assert read_back(escape(text)) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_escaped_text_holds_no_sign_that_markdown_html_or_plotly_obeys(text: str) -> None:
    assert not set(escape(text)) & set("<>\"'`*_[](){}!$\\|~:/.@=+-%^")


@pytest.mark.parametrize("text", HOSTILE)
def test_a_markdown_renderer_makes_one_paragraph_of_plain_text(text: str) -> None:
    rendered = MarkdownIt("commonmark").render(escape(text))

    assert rendered.startswith("<p>")
    assert rendered.endswith("</p>\n")
    assert rendered.count("<") == 2
    assert read_back(rendered[3:-5]) == text


@pytest.mark.parametrize("text", HOSTILE)
def test_bold_text_is_bold_and_nothing_else(text: str) -> None:
    rendered = MarkdownIt("commonmark").render(f"Of {strong(text)} more")

    assert rendered.count("<") == 4
    assert read_back(rendered) == f"<p>Of <strong>{text}</strong> more</p>\n"


@pytest.mark.parametrize("text", ["http://x.example", "www.x.example", "a@x.example", ":smile:", ":+1:", ":-1:", "-->"])
def test_what_is_recognised_after_entities_are_read_is_parted_by_a_joiner(text: str) -> None:
    assert JOINER in html.unescape(escape(text))


def test_a_plain_name_stays_untouched() -> None:
    assert escape("Zoë Müller & Søn") == "Zoë Müller &#38; Søn"


def test_text_stays_on_one_line() -> None:
    assert escape("  a\n\n    # b\t\x00c ") == "a &#35; b c"


def test_a_number_keeps_its_unit_on_its_line() -> None:
    assert "\u00a0" in escape(rate(0.611))


def test_marks_that_turn_the_direction_of_reading_are_dropped() -> None:
    assert escape("\u202egnp\u2066.x\u2069") == "gnp&#46;x"


def test_half_a_surrogate_pair_can_still_be_sent_to_a_browser() -> None:
    assert escape("a\ud800b").encode()


def test_nothing_is_escaped_to_nothing() -> None:
    assert escape(None) == ""
    assert escape(12) == "12"


@pytest.mark.parametrize("write", [count, rate, times, points, days, hours, lambda value: money(value, "EUR")])
@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_missing_number_is_a_dash_and_never_zero(write, value) -> None:
    assert write(value) == MISSING == "\u2013"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (61, "61"),
        (1284, "1,284"),
        (1234567, "1,234,567"),
        (-12, "\u221212"),
        (-0.2, "0"),
        (Decimal(8000), "8,000"),
    ],
)
def test_counts_are_exact_with_thousands_separated(value, text: str) -> None:
    assert count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "€0"),
        (0.4, "€0.40"),
        (4.256, "€4.26"),
        (12.5, "€12.5"),
        (812, "€812"),
        (999.6, "€1 k"),
        (1234, "€1.23 k"),
        (38_000, "€38 k"),
        (412_345, "€412 k"),
        (999_999, "€1 M"),
        (1_234_567, "€1.23 M"),
        (2_500_000_000, "€2.50 bn"),
        (-4200, "\u2212€4.20 k"),
        (Decimal("412345.67"), "€412 k"),
    ],
)
def test_money_has_three_significant_digits_in_prose(value, text: str) -> None:
    assert money(value, "EUR") == text.replace(" ", "\u00a0")


def test_money_is_exact_in_tables_and_names_an_unknown_currency_by_its_code() -> None:
    assert money(Decimal("412345.67"), "EUR", exact=True) == "€412,345.67"
    assert money(412_345, "BRL") == "R$412\u00a0k"
    assert money(412_345, "CHF") == "CHF\u00a0412\u00a0k"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 %"),
        (0.0001, "< 0.1 %"),
        (0.10525, "10.5 %"),
        (0.61, "61 %"),
        (0.99999, "> 99.9 %"),
        (1, "100 %"),
        (1.064, "106 %"),
        (-0.05, "\u22125 %"),
    ],
)
def test_only_a_whole_is_100_percent_and_only_nothing_is_0_percent(value: float, text: str) -> None:
    assert rate(value).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (points(0.08), "8 points"),
        (points(-0.01), "\u22121 point"),
        (points(0.0042), "0.4 points"),
        (days(1), "1 day"),
        (days(3.42), "3.4 days"),
        (hours(0.9), "0.9 h"),
        (number(4.265, "parts"), "4.3"),
        (number(3.0, "parts"), "3"),
        (times(16.6113), "16.6x"),
        (times(1), "1x"),
        (times(0.417), "0.42x"),
        (times(0.001), "< 0.01x"),
        (times(-2), "\u22122x"),
        (number(2.5, "times"), "2.50x"),
        (number(0.5, "ratio"), "50 %"),
        (number(1200, "money", "EUR", exact=True), "€1,200.00"),
        (number(7, "count"), "7"),
    ],
)
def test_a_value_is_written_with_its_unit(written: str, text: str) -> None:
    assert written.replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("difference", "unit", "good", "expected"),
    [
        (0.041, "share", "up", Change("↑", "4.1\u00a0% better", "good")),
        (-0.032, "share", "up", Change("↓", "3.2\u00a0% worse", "bad")),
        (-0.08, "ratio", "up", Change("↓", "8\u00a0points worse", "bad")),
        (-0.5, "times", "up", Change("↓", "0.50x worse", "bad")),
        (0.9, "hours", "down", Change("↑", "0.9\u00a0h worse", "bad")),
        (-2, "days", "down", Change("↓", "2\u00a0days better", "good")),
        (12, "count", "neither", Change("↑", "12", None)),
        (0, "share", "up", Change("→", "unchanged", None)),
        (0.0001, "ratio", "up", Change("→", "unchanged", None)),
        (None, "share", "up", None),
    ],
)
def test_a_change_is_judged_only_where_a_direction_is_agreed(difference, unit, good, expected) -> None:
    assert change(difference, unit, good) == expected


def test_a_long_name_is_cut_with_an_ellipsis() -> None:
    assert shortened("Newsletter autumn edition", 14) == "Newsletter au…"
    assert shortened("Short", 14) == "Short"
