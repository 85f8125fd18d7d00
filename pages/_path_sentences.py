"""What the journeys of deals say, in sentences: Markdown whose text from data is escaped. Computes nothing."""

from __future__ import annotations

from metrics.deal_paths import frequent
from pages import _words
from pages._page import View
from pages._path_pictures import Paths, channel_label, touches_in_words
from pages._words import count, escape, strong

__all__ = ["left_out", "paths"]


def paths(found: Paths) -> str:
    """The most frequent journey to a won deal, who opens and closes, and how long it takes."""
    if found.decided.reason is not None or found.decided.deals.is_empty():
        return escape(found.reason)
    said = [_frequent(found), _ends(found), _length(found)]
    return " ".join(sentence for sentence in said if sentence)


def _frequent(found: Paths) -> str:
    first = next(iter(frequent(found.decided, 1, to_won=True, is_unrepeated=True).shown), None)
    if first is None or first.channels is None:
        return "No won deal had a touch."
    way = " → ".join(channel_label(channel) for channel in first.channels)
    alone = " alone" if len(first.channels) == 1 else ""
    deals = f"{count(first.won)} of {count(found.decided.won)}"
    return f"The most frequent journey to a won deal is {strong(way)}{alone}: {escape(deals)}."


def _ends(found: Paths) -> str:
    named = {role: next((row for row in rows if row.channel is not None), None) for role, rows in found.roles.items()}
    opens, closes = named.get("opens"), named.get("closes")
    if opens is None or closes is None or not (opens.won and closes.won):
        return ""
    share, other = escape(_words.rate(opens.won_share)), escape(_words.rate(closes.won_share))
    if opens.channel == closes.channel:
        return f"{strong(opens.channel)} opens most of those that a touch led to ({share}), and closes most ({other})."
    return (
        f"{strong(opens.channel)} opens most of those that a touch led to ({share}),"
        f" {strong(closes.channel)} closes most ({other})."
    )


def _length(found: Paths) -> str:
    touches, days = found.spreads.get(("touches", True)), found.spreads.get(("days", True))
    if touches is None or days is None:
        return ""
    number, time = strong(touches_in_words(touches.median)), strong(_words.days(days.median))
    return f"Half of the won deals took no more than {number}, and half no more than {time} from the first touch."


def left_out(seen: View, found: Paths) -> list[str]:
    """What the pictures count, said once at the end."""
    if found.decided.reason is not None:
        return []
    said = ["Deals of type new by the day of their decision; touches of sales are in no path."]
    if seen.where is not None:
        said.append("The filters choose deals by the channel of their lead and the segment of their account.")
    return said
