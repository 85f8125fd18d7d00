"""What every page does: ask with the shared filters, show tiles and pictures, and open the rows behind a number.

Computes no business number: it asks the metrics layer and hands words and geometry to the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

import polars as pl
import streamlit as st

from alignment.agreement import promises_about
from alignment.sealed_figures import sealed_otherwise
from data.calendar import Period, leading_to, periods_within, shift
from data.errors import InvalidQuestion
from metrics import Answer, Query, Session
from metrics.findings import change
from metrics.kinds import Credit, Metric, results_of, split_result
from metrics.targets import Standing
from pages import _tiles, _words
from pages._dates import BEFORE, day, short_span, span
from pages._panels import table
from pages._theme import Theme
from pages._tiles import Tile
from pages._words import escape

__all__ = [
    "View",
    "address",
    "ask",
    "crm_links",
    "dates",
    "dates_of",
    "history",
    "metric_of",
    "notes",
    "rows_button",
    "said",
    "sealed_lines",
    "show_rows",
    "target_line",
    "tiles",
    "to_journeys",
    "unit_of",
    "view",
    "words",
]

HISTORY = 12
MOST_ROWS = 2_000
JOURNEY = "Journey"


@dataclass(frozen=True)
class View:
    """What the viewer chose in the sidebar, and the session that all of the page's questions go to."""

    session: Session
    theme: Theme
    period: Period
    grain: str
    compare: str
    where: str | None
    has_channels: bool = True

    @property
    def currency(self) -> str:
        return self.session.company.currency


def view(page: str) -> View:
    """The view that app.py prepared for this run; `page` is the path of the page that asks.

    A server that has not run app.py yet opens a link to a page without it, since Streamlit discovers a folder of this
    name by itself. Then the way leads through app.py and back to the page.
    """
    if "view" not in st.session_state:
        st.session_state["on_the_way_to"] = page
        st.switch_page("app.py", query_params=address())
    found: View = st.session_state["view"]
    return found


def address() -> dict[str, list[str]]:
    """The parameters in the address of the page, each with all its values."""
    return {key: st.query_params.get_all(key) for key in st.query_params}


def ask(seen: View, metrics: Iterable[str], by: Iterable[str] = (), period: Period | None = None) -> Answer:
    """Metrics of the chosen period (or another) under the shared filters, with the comparison the viewer chose."""
    query = Query(
        tuple(metrics), tuple(by), period=period or seen.period, where=seen.where, is_shared=True, compare=seen.compare
    )
    return seen.session.answer(query)


def metric_of(seen: View, name: str) -> Metric:
    return seen.session.reach.metric(name)


def words(seen: View, name: str, value: float | None) -> str:
    """A metric's value as tiles and sentences write it."""
    return _words.number(value, unit_of(seen, name), seen.currency)  # type: ignore[arg-type]  # checked when loaded


def target_line(seen: View, stands: Standing | None) -> str:
    """What is promised of a metric in the period of the promise, how much of it is reached, and the pace."""
    if stands is None:
        return ""
    name = stands.objective.metric
    said = (
        f"Target {words(seen, name, stands.target)} in {short_span(stands.period)}: {words(seen, name, stands.actual)}"
    )
    if unit_of(seen, name) != "ratio":
        said += f" ({_words.rate(stands.attainment)})"
    if stands.is_kept is not None:
        return f"{said}, {'kept' if stands.is_kept else 'missed'}"
    # The pace of a rate is the rate itself.
    return said if stands.expected in (None, stands.target) else f"{said}, pace {_words.rate(stands.pace)}"


def unit_of(seen: View, name: str) -> str:
    """The unit of a metric or of its result; a count that is shared out comes in parts."""
    metric = metric_of(seen, name)
    unit = results_of(metric).get(split_result(name)[1] or "", metric.unit)
    return "parts" if unit == "count" and isinstance(metric, Credit) else unit


def dates(seen: View, answer: Answer) -> str:
    """Which days, against which, with their business days, and how far the data reaches."""
    return dates_of(seen, seen.period, answer.before.query.period if answer.before else None)


def dates_of(seen: View, period: Period, before: Period | None) -> str:
    """The same of two periods that are given."""
    session, parts = seen.session, [span(period)]
    if before is not None:
        own, other = session.business_days(period), session.business_days(before)
        same = f"{own} business days each" if own == other else f"{own} against {other} business days"
        parts = [f"{span(period)}, against {span(before)} ({same})"]
    if session.through is not None:
        parts.append(f"data through {day(session.through)}")
    return " · ".join(parts)


def notes(answers: Iterable[Answer]) -> None:
    """What is left out of the numbers above, each said once."""
    said(note for answer in answers for note in answer.notes)


def said(sentences: Iterable[str]) -> None:
    """Quiet sentences at the end of a page, each said once."""
    lines = dict.fromkeys(sentences)
    if lines:
        st.caption("  \n".join(escape(line) for line in lines))


# -- tiles -----------------------------------------------------------------------------------------------------------


def tiles(seen: View, answer: Answer, to_date: Sequence[Tile] = ()) -> None:
    """A tile per metric of an answer without dimensions: value, judged change, its past, its rows.

    Behind them stand tiles `to_date`, or of days of their own, whose rows are not those of the period.
    """
    names = answer.query.metrics
    past = history(seen, names)
    last = periods_within(_past(seen), seen.grain, seen.session.company)[-1]
    is_incomplete = shift(last, seen.grain, 1) > seen.period.until
    shown = [_tile(seen, answer, name, past, is_incomplete) for name in names]
    asked = (*names, *(tile.key for tile in to_date if tile.value is not None))
    promised = promises_about(seen.session, asked, seen.where, seen.period.last)
    sealed = sealed_lines(seen, answer)
    shown = [
        replace(tile, target=target_line(seen, promised.get(tile.key)), sealed=sealed.get(tile.key, tile.sealed))
        for tile in (*shown, *to_date)
    ]
    by = ("channel",) if seen.has_channels else ()
    periods = {tile.key: tile.period for tile in to_date}
    _tiles.show(
        shown,
        seen.theme,
        on_rows=lambda name: show_rows(seen, name, periods.get(name, seen.period), by),
        on_why=lambda name: _ask_why(seen, name),
    )


def sealed_lines(seen: View, answer: Answer) -> dict[str, str]:
    """What was sealed of a whole month whose number is another by now, to the last digit."""
    lines = {}
    for one in sealed_otherwise(seen.session.company, [answer]):
        sealed, today = (
            _words.number(value, one.unit, seen.currency, exact=True)  # type: ignore[arg-type]  # units are those sealed
            for value in (one.sealed, one.today)
        )
        # A difference that no digit shows is none to a reader.
        lines |= {one.metric: f"sealed: {sealed}"} if sealed != today else {}
    return lines


def _ask_why(seen: View, name: str) -> None:
    """Go to the page that explains the change of a metric; the shared filters, and pinned days, go along."""
    days = {key: st.query_params[key] for key in ("from", "to") if key in st.query_params}
    st.switch_page("pages/why.py", query_params={**days, "metric": metric_of(seen, name).label})


def history(seen: View, names: tuple[str, ...]) -> pl.DataFrame:
    """Metrics by period, up to the end of the chosen one: what the small lines of tiles draw."""
    query = Query(names, grain=seen.grain, period=_past(seen), where=seen.where, is_shared=True)
    return seen.session.answer(query).frame


def _past(seen: View) -> Period:
    return leading_to(seen.period.until, seen.grain, seen.session.company, HISTORY)


def _tile(seen: View, answer: Answer, name: str, history: pl.DataFrame, is_incomplete: bool) -> Tile:
    metric = metric_of(seen, name)
    if name in answer.reasons:
        return Tile(name, metric.label, None, reason=answer.reasons[name])
    now = answer.number(name)
    before = answer.before.number(name) if answer.before else None
    found = change(now, before, metric.good)
    pill, foot = None, ""
    if found is not None and before is not None:
        by_share = found.relative is not None and metric.unit != "ratio"
        difference = found.relative if by_share else found.absolute
        unit = "share" if by_share else metric.unit
        pill = _words.change(difference, unit, metric.good, seen.currency)  # type: ignore[arg-type]  # checked when loaded
        foot = f"{words(seen, name, before)} {BEFORE[seen.compare]}"
    return Tile(
        key=name,
        label=metric.label,
        value=words(seen, name, now),
        owner=metric.owner,  # type: ignore[arg-type]  # owners are checked when loaded
        change=pill,
        history=history[name].to_list(),
        history_label=f"{metric.label} per {seen.grain}, {history.height} periods up to {day(seen.period.last)}",
        incomplete_last=is_incomplete,
        foot=foot,
    )


# -- rows ------------------------------------------------------------------------------------------------------------


def rows_button(
    seen: View,
    metric: str,
    period: Period | None,
    key: str,
    by: Sequence[str] = (),
    label: str = "Rows",
    model: str | None = None,
) -> None:
    """A quiet button that opens the rows behind a picture; without a period those to date."""
    if st.button(escape(label), key=f"rows_{key}", type="tertiary", help="The rows behind this picture"):
        show_rows(seen, metric, period, by, model)


def show_rows(seen: View, metric: str, period: Period | None, by: Sequence[str] = (), model: str | None = None) -> None:
    """A dialog with the rows that make up a number; a ratio has two lists, and what is shared out has a model."""

    @st.dialog(f"The rows behind {escape(metric_of(seen, metric).label)}", width="large")
    def dialog() -> None:
        when = span(period) if period else "to date"
        query = Query((metric,), tuple(by), period=period, where=seen.where, model=model, is_shared=True)
        try:
            parts = seen.session.rows(query)
        except InvalidQuestion as error:
            # What gives no row a share, such as Markov, says what to ask instead.
            st.caption(escape(error))
            return
        for part in parts:
            if part.reason is not None:
                st.caption(escape(part.reason))
                continue
            kept = "" if part.frame.height <= MOST_ROWS else f", the first {MOST_ROWS:,} of them below"
            st.caption(escape(f"{part.label}: {part.frame.height:,} rows, {when}{kept}"))
            shown, columns = crm_links(seen, part.frame.head(MOST_ROWS))
            shown, columns = to_journeys(shown, columns)
            table(shown, f"The rows of {part.label}", columns)

    dialog()


def to_journeys(frame: pl.DataFrame, columns: dict[str, object]) -> tuple[pl.DataFrame, dict[str, object]]:
    """The rows with a way to the journey of each deal."""
    if "deal_id" not in frame.columns:
        return frame, columns
    links = [None if key is None else f"journey?deal={quote(str(key), safe='')}" for key in frame["deal_id"]]
    shown = frame.select(pl.Series(JOURNEY, links, dtype=pl.String), pl.all())
    return shown, {**columns, JOURNEY: st.column_config.LinkColumn(display_text="See")}


def crm_links(seen: View, frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, object]]:
    """The rows with a link into the CRM per known object, by the company's templates, and how to show it."""
    columns: dict[str, object] = {}
    for kind, template in seen.session.company.crm_links.items():
        name = f"{kind}_id"
        if name in frame.columns:
            # An id from the CRM is part of a path, never an address of its own.
            links = [
                None if key is None else template.replace(f"{{{name}}}", quote(str(key), safe=""))
                for key in frame[name]
            ]
            frame = frame.with_columns(pl.Series(f"{kind.capitalize()} in the CRM", links, dtype=pl.String))
            columns[f"{kind.capitalize()} in the CRM"] = st.column_config.LinkColumn(display_text="Open")
    return frame, columns
