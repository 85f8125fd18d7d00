"""A movement as words, a waterfall and other ways to split it. Computes no business number: it asks and places."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import streamlit as st

from data.calendar import Period
from metrics import Query, only
from metrics.contributions import Effect
from metrics.kinds import Funnel
from metrics.why import Movement, Split, why
from metrics.why_sentences import Wording, sentence
from pages import _charts, _choices, _words
from pages._dates import span
from pages._page import View, metric_of, show_rows, unit_of, words
from pages._panels import column_formats, show_chart
from pages._waterfall import Addition, waterfall_drawing
from pages._words import escape, strong

__all__ = ["choose", "movement", "others", "says", "waterfall"]

# Groups past this many are one row together; other dimensions past this many are in the choice above only.
TOP = 8
MOST_OTHERS = 10
FIRST = ("mqls", "leads")
MOST = "What explains most"


def choose(seen: View) -> tuple[str, str | None, str | None]:
    """The metric, the dimension (None: the one that explains most) and a model where the metric is shared out.

    All of them are in the address of the page.
    """
    session = seen.session
    first = next((name for name in FIRST if not session.answer(Query((name,), limit=1)).reasons), FIRST[-1])
    every = _choices.metrics(session)
    metrics = {first: every[first], **every}
    _choices.tell_unknown(session, {"metric": metrics})
    left, right = st.columns(2, gap="small")
    with left:
        metric = st.selectbox(
            "Metric", list(metrics), format_func=metrics.__getitem__, key="metric", bind="query-params"
        )
    splits = {_choices.NOTHING: MOST, **_choices.dimensions(session, session.dimensions_of(metric or first))}
    _choices.tell_unknown(session, {"split": splits}, (metric or first,))
    with right:
        split = st.selectbox("By", list(splits), format_func=splits.__getitem__, key="split", bind="query-params")
    # A row of its own, as wide as those above: which metric it is for is chosen there.
    with st.columns(2, gap="small")[0]:
        by = (split,) if split else ()
        asked = Query((metric or first,), by, period=seen.period, where=seen.where, is_shared=True)
        model = _choices.choose_model(session, (metric or first,), asked=asked)
    return metric or first, split or None, model


def movement(seen: View, metric: str, split: str | None, model: str | None = None) -> Movement:
    """How the metric moved in the chosen period; of a funnel in the latest such cohort that had its whole time."""
    kind, name = metric_of(seen, metric), metric.partition(".")[0]
    period = seen.session.matured_period(name, seen.period, overall=True) if isinstance(kind, Funnel) else None
    query = Query(
        (metric,), period=period or seen.period, compare=seen.compare, where=seen.where, model=model, is_shared=True
    )
    return why(seen.session, query, split)


def _difference(seen: View, found: Movement, value: float) -> str:
    if found.unit == "ratio":
        # Groups add small parts of a point: with one decimal most of them would be none.
        small = f"{100 * value:.2f}".rstrip("0").rstrip(".") if 0 < abs(value) < 0.001 else ""
        return f"{small}\N{NO-BREAK SPACE}points" if small else _words.points(value)
    return words(seen, found.metric, value)


def _signed(seen: View, found: Movement, value: float) -> str:
    arrow = "↑" if value > 0 else "↓" if value < 0 else "→"
    return f"{arrow} {_difference(seen, found, abs(value))}"


def says(seen: View, found: Movement) -> str:
    """How far it moved and who moved it, in Markdown."""
    wording = Wording(
        number=lambda value: words(seen, found.metric, value),
        difference=lambda value: _difference(seen, found, value),
        share=_words.rate,
        span=span,
        text=escape,
        strong=strong,
        minus="\N{MINUS SIGN}\N{WORD JOINER}",
    )
    label, dimension, names = metric_of(seen, found.metric).label, "", {}
    label += f" by the model {_choices.model_label(found.query.model)}" if found.query.model else ""
    if found.chosen is not None:
        dimension, names = _label(seen, found.chosen.dimension), dict(seen.session.names(found.chosen.dimension))
    return sentence(found, label, dimension, names, wording)


def _label(seen: View, dimension: str) -> str:
    return seen.session.reach.dimension(dimension).label


def waterfall(seen: View, found: Movement) -> None:
    """From before over the effect of each group to after, with the table and the rows of a group one click away."""
    split, metric = found.chosen, metric_of(seen, found.metric)
    if split is None:
        return  # the sentence at the head of the page says why
    word = _label(seen, split.dimension).lower()
    title = f"Which {word} moved it?"
    parts = (
        " The upper bar is a group's own rate, the lower, hatched one the mix: its share of all."
        if found.is_ratio
        else ""
    )
    drawing = waterfall_drawing(
        Addition("Before", found.before or 0, words(seen, found.metric, found.before), says=span(found.compared)),
        _additions(seen, found, split),
        Addition("After", found.after or 0, words(seen, found.metric, found.after), says=span(found.period)),
        seen.theme,
        owner=metric.owner,  # type: ignore[arg-type]  # owners are checked when loaded
    )
    show_chart(
        title,
        f"{metric.label}, {span(found.period)} against {span(found.compared)}. Filled bars add, hollow ones take away;"
        f" together they are the whole change.{parts}",
        _charts.figure(drawing),
        _named(seen, split, found),
        key="waterfall",
        columns=_columns(seen, found, split),
        below=lambda: _rows(seen, found, split),
    )


def _additions(seen: View, found: Movement, split: Split) -> list[Addition]:
    moved = [effect for effect in split.effects if effect.effect]
    shown = moved[:TOP] if len(moved) > TOP + 1 else moved
    rows = [_addition(seen, found, split, effect) for effect in shown]
    rest = moved[len(shown) :]
    if rest:
        total = sum(effect.effect for effect in rest)
        rates = (sum(e.rate or 0 for e in rest), sum(e.mix or 0 for e in rest)) if found.is_ratio else (None, None)
        rows.append(
            Addition(f"other ({len(rest)})", total, _signed(seen, found, total), rates[0], rates[1], is_quiet=True)
        )
    return rows


def _addition(seen: View, found: Movement, split: Split, effect: Effect) -> Addition:
    text = _signed(seen, found, effect.effect)
    ends = [words(seen, found.metric, value) for value in (effect.before, effect.after)]
    said = f"{text}: from {ends[0]} to {ends[1]}"
    if effect.rate is not None and effect.mix is not None:
        said += f"; rate {_signed(seen, found, effect.rate)}, mix {_signed(seen, found, effect.mix)}"
    return Addition(_group(seen, split, effect.group), effect.effect, text, effect.rate, effect.mix, said)


def _group(seen: View, split: Split, group: str | None) -> str:
    if group is None:
        return f"No {_label(seen, split.dimension).lower()}"
    return seen.session.names(split.dimension).get(group, str(group))


def _named(seen: View, split: Split, found: Movement) -> pl.DataFrame:
    groups = [_group(seen, split, effect.group) for effect in split.effects]
    return found.frame.with_columns(pl.Series(split.dimension, groups, dtype=pl.String))


def _columns(seen: View, found: Movement, split: Split) -> dict[str, object]:
    own = ("before", "after", "change", "rate_effect", "mix_effect", "effect")
    units = dict.fromkeys(own, unit_of(seen, found.metric)) | dict.fromkeys(
        ("weight_before", "weight_after", "share"), "ratio"
    )
    labels = {
        split.dimension: _label(seen, split.dimension), "before": "Before", "after": "After", "change": "Change",
        "rate_effect": "Rate effect", "mix_effect": "Mix effect", "effect": "Adds to the change",
        "weight_before": "Share of all before", "weight_after": "Share of all after", "share": "Share of the change",
    }  # fmt: skip
    return column_formats(units, labels)  # type: ignore[arg-type]  # units are checked when loaded


def _rows(seen: View, found: Movement, split: Split) -> None:
    """The rows of one group, of both periods."""
    groups = [effect.group for effect in split.effects]
    with st.container(horizontal=True, key="rows_of", vertical_alignment="bottom"):
        group = st.selectbox(
            "Rows of", groups, format_func=lambda group: _group(seen, split, group), key=f"group_{split.dimension}"
        )
        before = st.button("Rows before", key="rows_before", type="tertiary")
        after = st.button("Rows after", key="rows_after", type="tertiary")
    period: Period | None = found.period if after else found.compared if before else None
    if period is not None:
        condition = only(split.dimension, [group])
        where = f"({seen.where}) and ({condition})" if seen.where else condition
        show_rows(replace(seen, where=where), found.metric, period, (split.dimension,), found.query.model)


def others(seen: View, found: Movement) -> None:
    """The other dimensions by how far a few of their groups explain the change, each a way to split by it."""
    rest = [split for split in found.splits if found.chosen is None or split.dimension != found.chosen.dimension]
    if found.chosen is None or not rest:
        return
    with st.container(border=True, height="stretch", gap="xsmall", key="panel_others"):
        st.header("What else would explain it?", anchor=False)
        st.caption(
            f"How far a few groups moved it beyond their size: {escape(_percent(0))} where all moved alike,"
            f" {escape(_percent(1))} where one moved alone."
            f" By {escape(_label(seen, found.chosen.dimension).lower())} it is"
            f" {escape(_percent(found.chosen.concentration))}."
        )
        with st.container(gap="xsmall", key="ranked_dimensions"):
            for split in rest[:MOST_OTHERS]:
                label = f"{_label(seen, split.dimension)} · {_percent(split.concentration)}"
                st.button(
                    escape(label), key=f"by_{split.dimension}", type="tertiary", on_click=_split_by,
                    args=(split.dimension,),
                )  # fmt: skip


def _percent(value: float) -> str:
    return _words.rate(round(value, 2))


def _split_by(dimension: str) -> None:
    st.session_state["split"] = dimension
