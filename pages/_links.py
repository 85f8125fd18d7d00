"""Links to what a person sees: pinned to days, and honest about what no longer exists. Draws nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit, urlunsplit

from data.calendar import Period

__all__ = ["left_out", "pinned_link", "pinned_period"]

FROM, TO = "from", "to"
# What other parts of a page put into its address.
FREE = (
    FROM,
    TO,
    "step",
    "by",
    "dim",
    "q",
    "name",
    "section",
    "snapshot",
    "revision",
    "per",
    "value",
    "cut",
    "metric",
    "metrics",
    "split",
    "then",
    "model",
    "over",
    "proposed",
    "deal",
    "ruled",
    "outcome",
    "repeats",
    "columns",
    "measure",
)


def pinned_period(given: Mapping[str, Sequence[str]]) -> Period | None:
    """The days of a link such as ?from=2026-11-09&to=2026-11-16 (half-open); None where it names none."""
    try:
        start, until = (dt.date.fromisoformat(given[key][-1]) for key in (FROM, TO))
    except (KeyError, ValueError):
        return None
    return Period(start, until) if start < until else None


def pinned_link(url: str, given: Mapping[str, Sequence[str]], period: Period) -> str:
    """The address of this page with the days themselves in the place of `period`, which means other days tomorrow."""
    kept = [(key, value) for key, values in given.items() if key not in ("period", FROM, TO) for value in values]
    days = [(FROM, period.start.isoformat()), (TO, period.until.isoformat())]
    place = urlsplit(url)
    return urlunsplit(place._replace(path=place.path or "/", query=urlencode([*kept, *days]), fragment=""))


def left_out(given: Mapping[str, Sequence[str]], allowed: Mapping[str, Sequence[str]]) -> list[str]:
    """Sentences about parts of a link that mean nothing here; Streamlit would drop them without a word."""
    said = []
    for key, values in given.items():
        if key in (FROM, TO):
            continue
        if key in allowed:
            unknown = [value for value in values if value not in allowed[key]]
            said += [f"This link asks for the {key} '{value}', which does not exist here." for value in unknown]
        elif key not in FREE:
            said.append(f"This link asks for '{key}', which no page knows.")
    if (FROM in given or TO in given) and pinned_period(given) is None:
        asked = " to ".join(given[key][-1] if key in given else "?" for key in (FROM, TO))
        said.append(f"This link is pinned to '{asked}', which are no days: write from=2026-11-09&to=2026-11-16.")
    return said
