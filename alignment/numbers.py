"""Numbers as words: counts, money, rates, durations and differences, by their units. Computes nothing.

Every formatter returns plain text, with a dash for a missing number.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeGuard

__all__ = [
    "MISSING",
    "Change",
    "Unit",
    "change",
    "count",
    "days",
    "hours",
    "money",
    "months",
    "number",
    "parts",
    "points",
    "rate",
    "times",
]

Unit = Literal["count", "parts", "money", "ratio", "times", "months", "days", "hours"]
Number = int | float | Decimal

MISSING = "\u2013"
_SPACE = "\u00a0"  # between a number and its unit: the two never part at the end of a line
_MINUS = "\u2212"

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "BRL": "R$", "INR": "₹", "CAD": "CA$", "AUD": "A$"}


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
    return _signed(value, symbol + (f"{abs(value):,.2f}" if exact else _compact(abs(float(value)))))


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
    size = -difference if difference < 0 else difference
    words = rate(size) if unit == "share" else points(size) if unit == "ratio" else number(size, unit, currency)
    if not re.search("[1-9]", words):
        return Change("→", "unchanged", None)
    rose = difference > 0
    if good == "neither":
        return Change("↑" if rose else "↓", words, None)
    better = rose == (good == "up")
    return Change("↑" if rose else "↓", f"{words} {'better' if better else 'worse'}", "good" if better else "bad")


def _is_number(value: Number | None) -> TypeGuard[Number]:
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
