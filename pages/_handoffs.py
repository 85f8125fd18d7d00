"""What became of the leads handed over: words, tiles, and why sales said no. Computes no business number."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl
import streamlit as st

from alignment.handoff import FIRST_TOUCH, at_equal_age, obligation_of
from alignment.worklist import Worklist
from metrics import Answer, Query
from metrics.findings import change
from metrics.kinds import Duration
from metrics.verdict_reasons import NO_REASON, rejections_by_reason
from pages import _charts, _words
from pages._charts import Bar
from pages._dates import span
from pages._page import View, ask, metric_of, rows_button, sealed_lines, unit_of, words
from pages._page import tiles as show_tiles
from pages._panels import column_formats, show_chart, show_reason
from pages._pictures import ranked
from pages._tiles import Tile
from pages._words import escape, strong

__all__ = ["HandOff", "choose_origin", "read", "rejected_by", "rejected_why", "says", "tiles", "wait"]

COUNTED = ("handed_over", "accepted", "rejected")
# What takes days to come in: compared with the period before as it stood after as many days.
LAGGING = ("undecided", "overdue", "acceptance_rate", FIRST_TOUCH, "promise_kept")
REJECTED_BY = {"source": "Source", "campaign": "Campaign", "channel": "Channel"}


@dataclass(frozen=True)
class HandOff:
    """What was counted in the chosen period, and what takes days to come in, at equal age."""

    counted: Answer
    lagging: Answer


def read(seen: View) -> HandOff:
    query = Query(LAGGING, period=seen.period, where=seen.where, is_shared=True, compare=seen.compare)
    return HandOff(ask(seen, COUNTED), at_equal_age(seen.session, query))


def says(seen: View, found: HandOff, waiting: Worklist) -> str:
    """How many were handed over, what sales made of them, and how many wait past their promise, in Markdown."""
    if "handed_over" in found.counted.reasons:
        return escape(found.counted.reasons["handed_over"])
    count = _words.count(found.counted.number("handed_over"))
    parts = [f"{strong(f'{count} leads')} were handed over to sales."]
    rate = _number(found.lagging, "acceptance_rate")
    if rate is not None:
        parts.append(f"Of those whose verdict is due, sales has accepted {strong(_words.rate(rate))}.")
    kept = _number(found.lagging, "promise_kept")
    if kept is not None:
        parts.append(f"A person answered {strong(_words.rate(kept))} of the leads due {escape(_promised(seen))}.")
    if waiting.broken:
        parts.append(f"{strong(f'{waiting.broken:,} leads')} of all time still wait past that.")
    return " ".join(parts)


def _promised(seen: View) -> str:
    metric = metric_of(seen, FIRST_TOUCH)
    hours = metric.promise / 3600 if isinstance(metric, Duration) and metric.promise else None
    return f"within {hours:g} business hours" if hours else "in time"


def _number(answer: Answer, name: str) -> float | int | None:
    return None if name in answer.reasons else answer.number(name)


def tiles(seen: View, found: HandOff) -> None:
    sealed = sealed_lines(seen, found.lagging)
    shown = [_lagging(seen, found.lagging, name) for name in LAGGING]
    show_tiles(seen, found.counted, [replace(tile, sealed=sealed.get(tile.key, "")) for tile in shown])


def _lagging(seen: View, answer: Answer, name: str) -> Tile:
    metric = metric_of(seen, name)
    if name in answer.reasons:
        return Tile(name, metric.label, None, reason=answer.reasons[name])
    now, before = answer.number(name), _number(answer.before, name) if answer.before else None
    said = words(seen, name, now)
    if name in answer.longest:
        said = wait(now, answer.longest[name][0]) or ""
    if not said or (now is None and name not in answer.longest):
        return Tile(name, metric.label, None, reason=f"No lead of {span(seen.period)} is due yet.")
    moved = change(now, before, metric.good)
    pill, foot = None, _agreed(seen, name)
    if moved is not None and before is not None:
        is_share = moved.relative is not None and unit_of(seen, name) != "ratio"
        pill = _words.change(
            moved.relative if is_share else moved.absolute,
            "share" if is_share else unit_of(seen, name),  # type: ignore[arg-type]  # checked when loaded
            metric.good,
            seen.currency,
        )
        foot = f"{words(seen, name, before)} at the same age"
    return Tile(name, metric.label, said, owner=metric.owner, change=pill, foot=foot, period=seen.period)  # type: ignore[arg-type]  # owners are checked when loaded


def _agreed(seen: View, name: str) -> str:
    obligation = obligation_of(seen.session, FIRST_TOUCH)
    is_about = obligation is not None and name == "promise_kept"
    return f"Promised {_words.rate(obligation.share)}" if obligation is not None and is_about else ""


def wait(hours: float | int | None, longest: float | None) -> str | None:
    """A median in business hours; one that falls on a lead nobody has touched is longer than any that was."""
    if hours is not None:
        return _words.number(hours, "hours", "")
    return None if longest is None else f"> {_words.number(longest, 'hours', '')}"


# -- rejections ------------------------------------------------------------------------------------------------------


def rejected_why(seen: View) -> None:
    """The reasons of the rejections of the chosen period, in the agreement's words."""
    title, key = "Why does sales reject?", "reasons"
    frame, reason = rejections_by_reason(seen.session, seen.period, seen.where)
    if frame.is_empty():
        show_reason(title, reason or f"Sales rejected nothing in {span(seen.period)}. Choose a longer period.", key=key)
        return
    bars = [Bar(name, count, _words.count(count)) for name, count in frame.iter_rows()]
    show_chart(
        title,
        f"First verdicts of {span(seen.period)} that were a no, by their reason as the agreement names it.",
        _charts.ranked_bars(bars, seen.theme, owner="sales", unattributed=NO_REASON, sum_as_text=_words.count),
        frame.with_columns(pl.col("reason").fill_null(NO_REASON)),
        key=key,
        columns=column_formats({"rejected": "count"}, {"reason": "Reason", "rejected": "Rejected"}),
        below=lambda: rows_button(seen, "rejected", seen.period, key, ("verdict_reason",)),
    )


def choose_origin() -> str:
    """By what the rejections are split; in the address of the page."""
    chosen = st.segmented_control(
        "Rejected by", list(REJECTED_BY), format_func=REJECTED_BY.__getitem__, key="of", default="source",
        bind="query-params",
    )  # fmt: skip
    return chosen or "source"


def rejected_by(seen: View, by: str) -> None:
    """Where the rejected leads came from."""
    ranked(seen, ask(seen, ("rejected",), by=(by,)), "Whose leads does sales reject?", key="rejected_by")
