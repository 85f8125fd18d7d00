"""What content did, in sentences: Markdown whose text from data is escaped. Computes nothing."""

from __future__ import annotations

import polars as pl

from pages import _words
from pages._content_pictures import Pieces
from pages._page import View, metric_of, words
from pages._words import escape, strong

__all__ = ["content"]


def content(seen: View, found: Pieces) -> str:
    """The piece with the largest share, the one that won deals saw most above lost ones, and what is missing."""
    said = [_largest(seen, found), _apart(found), _missing(found)]
    return " ".join(sentence for sentence in said if sentence)


def _largest(seen: View, found: Pieces) -> str:
    name = found.metric
    if name in found.credited.reasons:
        return escape(found.credited.reasons[name])
    known = found.credited.frame.filter(pl.col("content").is_not_null() & (pl.col(name) > 0))
    if known.is_empty():
        return "No piece of content has a share in what was won."
    piece, value = known.sort(name, "content", descending=[True, False]).row(0)
    label = metric_of(seen, name).label.lower()
    return f"{strong(found.name(piece))} has the largest share: {escape(words(seen, name, value))} of {escape(label)}."


def _apart(found: Pieces) -> str:
    if found.no_readers is not None:
        return escape(found.no_readers)
    ahead = [row for row in found.readers if row.is_apart and (row.won_share or 0) > (row.lost_share or 0)]
    if not ahead:
        return "No piece was seen by won deals clearly more often than by lost ones."
    first = max(ahead, key=lambda row: (row.won_share or 0) - (row.lost_share or 0))
    won, lost = _words.rate(first.won_share), _words.rate(first.lost_share)
    return (
        f"{strong(found.name(first.content))} was seen by {strong(won)} of won deals, against {escape(lost)} of lost"
        " ones, more than chance explains."
    )


def _missing(found: Pieces) -> str:
    gaps = found.coverage.missing
    if found.coverage.reason is not None or not gaps:
        return ""
    (who, band), rest = gaps[0], len(gaps) - 1
    more = f", and {rest} more gaps" if rest > 1 else ", and one more gap" if rest else ""
    return f"Nothing is made for {strong(who)} in {escape(band)}{more}."
