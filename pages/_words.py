"""Numbers as words, and text from data made safe to show. Computes nothing and knows no Streamlit.

Every formatter returns plain text, with a dash for a missing number. Plain text becomes part of Markdown, HTML or a
Plotly label only through `escape` (or `strong`); `st.text` and the cells of `st.dataframe` take it as it is.
"""

from __future__ import annotations

import math
import re
import string
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = [
    "MISSING",
    "Change",
    "Unit",
    "change",
    "count",
    "days",
    "escape",
    "hours",
    "money",
    "months",
    "number",
    "parts",
    "points",
    "rate",
    "shortened",
    "strong",
    "times",
]

Unit = Literal["count", "parts", "money", "ratio", "times", "months", "days", "hours"]
Number = int | float | Decimal

MISSING = "\u2013"
_SPACE = "\u00a0"  # between a number and its unit: the two never part at the end of a line
_MINUS = "\u2212"
_JOINER = "\u2060"  # has no width and no meaning; it only parts two characters

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "BRL": "R$", "INR": "₹", "CAD": "CA$", "AUD": "A$"}

# All but the spaces that hold a number and its unit together.
_BLANKS = re.compile(r"(?:[^\S\u00a0\u202f]|[\x00-\x1f\x7f-\x9f])+")
_DIRECTION_MARKS = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ENTITIES = {ord(sign): f"&#{ord(sign)};" for sign in string.punctuation}
# What Markdown renderers still recognise after entities have been read: :emoji:, links without brackets,
# e-mail addresses, arrows and dashes of the keyboard.
_JOINTS = re.compile(r"(?<=:)(?=[\w+/-])|(?<=www)(?=\.)|(?=@)|(?<=[-<>=~])(?=[-<>=~])", re.IGNORECASE)


def escape(text: object) -> str:
    """The text as it is written, on one line, in Markdown, in HTML (also in attributes) and in Plotly's labels.

    Punctuation becomes numeric entities, which all three read back and none of them obeys. Where Markdown obeys
    even what it has read back (`:smile:`, `www.`), a joiner without width parts the characters. Marks that turn the
    direction of reading are dropped: with them one name can show as another.
    """
    line = _BLANKS.sub(" ", "" if text is None else str(text)).strip()
    line = _DIRECTION_MARKS.sub("", line).encode("utf-8", "replace").decode("utf-8")
    return _JOINTS.sub(_JOINER, line).translate(_ENTITIES)


def strong(text: object) -> str:
    """Bold Markdown around text from data."""
    return f"**{escape(text)}**"


def shortened(text: str, length: int) -> str:
    """At most `length` characters, the last of them an ellipsis where something was cut."""
    line = _BLANKS.sub(" ", text).strip()
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def count(value: Number | None) -> str:
    """A whole number with its thousands separated: 1,284."""
    if not _is_number(value):
        return MISSING
    return _signed(value, f"{abs(value):,.0f}")


def parts(value: Number | None) -> str:
    """A count that is shared out, so that there are parts of one, with one decimal: 4.3."""
    if not _is_number(value):
        return MISSING
    return _signed(value, _trimmed(abs(float(value))))


def money(value: Number | None, currency: str, *, exact: bool = False) -> str:
    """Three significant digits, as in prose and on tiles (€412 k); `exact` gives every cent (€412,345.67)."""
    if not _is_number(value):
        return MISSING
    symbol = _SYMBOLS.get(currency, currency + _SPACE)
    return _signed(value, symbol + (f"{abs(value):,.2f}" if exact else _compact(float(abs(value)))))


def rate(value: Number | None) -> str:
    """A fraction as a percentage of at most three digits: 10.5 %.

    Only a whole is 100 % and only nothing is 0 %: what would round to them says which side it is on.
    """
    if not _is_number(value):
        return MISSING
    percent = float(value) * 100
    if 0 < percent < 0.05:
        return f"< 0.1{_SPACE}%"
    if 99.95 <= percent < 100:
        return f"> 99.9{_SPACE}%"
    return _signed(value, f"{_trimmed(abs(percent))}{_SPACE}%")


def times(value: Number | None) -> str:
    """How many times one number holds another, of at most three digits: 16.6x, 0.42x."""
    if not _is_number(value):
        return MISSING
    size = abs(float(value))
    return _signed(value, "< 0.01x" if 0 < size < 0.005 else f"{_three_digits(size)}x")


def points(value: Number | None) -> str:
    """A difference of two rates, given as a fraction: 8 points."""
    if not _is_number(value):
        return MISSING
    size = _trimmed(abs(float(value)) * 100)
    return _signed(value, f"{size}{_SPACE}{'point' if size == '1' else 'points'}")


def days(value: Number | None) -> str:
    """A number of days: 12 days, 3.4 days."""
    if not _is_number(value):
        return MISSING
    size = _trimmed(abs(float(value)))
    return _signed(value, f"{size}{_SPACE}{'day' if size == '1' else 'days'}")


def months(value: Number | None) -> str:
    """A number of months: 12 months, 3.4 months."""
    if not _is_number(value):
        return MISSING
    size = _trimmed(abs(float(value)))
    return _signed(value, f"{size}{_SPACE}{'month' if size == '1' else 'months'}")


def hours(value: Number | None) -> str:
    """A number of hours: 3.4 h."""
    if not _is_number(value):
        return MISSING
    return _signed(value, f"{_trimmed(abs(float(value)))}{_SPACE}h")


def number(value: Number | None, unit: Unit, currency: str = "", *, exact: bool = False) -> str:
    """A value of a metric, written by its unit."""
    if unit == "money":
        return money(value, currency, exact=exact)
    written = {
        "count": count,
        "parts": parts,
        "ratio": rate,
        "times": times,
        "months": months,
        "days": days,
        "hours": hours,
    }
    return written[unit](value)


@dataclass(frozen=True)
class Change:
    """A difference in words. `verdict` is None where nobody agreed which way is good, or nothing changed."""

    arrow: str
    words: str
    verdict: Literal["good", "bad"] | None


def change(
    difference: Number | None,
    unit: Literal["share", "count", "parts", "money", "ratio", "times", "months", "days", "hours"],
    good: Literal["up", "down", "neither"],
    currency: str = "",
) -> Change | None:
    """Words for a difference that was computed elsewhere; None where there is none.

    `share` is a change relative to the earlier value, as a fraction; `ratio` a difference of two rates.
    """
    if not _is_number(difference):
        return None
    size = abs(difference)
    words = rate(size) if unit == "share" else points(size) if unit == "ratio" else number(size, unit, currency)
    if not re.search("[1-9]", words):
        return Change("→", "unchanged", None)
    rose = difference > 0
    if good == "neither":
        return Change("↑" if rose else "↓", words, None)
    better = rose == (good == "up")
    return Change("↑" if rose else "↓", f"{words} {'better' if better else 'worse'}", "good" if better else "bad")


def _is_number(value: Number | None) -> bool:
    return value is not None and math.isfinite(value)


def _signed(value: Number, size: str) -> str:
    """A minus only before something: rounded to nothing, a small negative number is 0."""
    return _MINUS + size if value < 0 and re.search("[1-9]", size) else size


def _trimmed(size: float) -> str:
    """At most three significant digits and one decimal: 0.4, 8, 61.5, 412, 1,284."""
    return (f"{size:,.0f}" if round(size, 1) >= 100 else f"{size:.1f}").removesuffix(".0")


def _compact(size: float) -> str:
    for factor, unit in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if float(f"{size:.3g}") >= factor:
            return f"{_three_digits(size / factor)}{_SPACE}{unit}"
    return _three_digits(size)


def _three_digits(size: float) -> str:
    rounded = float(f"{size:.3g}")
    text = f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:.{1 if rounded >= 10 else 2}f}"
    return text.removesuffix(".00").removesuffix(".0")
