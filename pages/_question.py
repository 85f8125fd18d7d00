"""A question put together on the screen, and an answer's SQL, link and command. Draws no picture, computes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import streamlit as st

from data.attribution import MARKOV
from metrics import Answer, Query, Session
from metrics.dictionary import in_lines
from metrics.plan import models_for
from metrics.query import as_command
from pages import _choices
from pages._links import pinned_link
from pages._page import View, address
from pages._words import escape

__all__ = ["choose", "how_asked"]

SPLIT, THEN = "Nothing", "Nothing more"


def choose(seen: View) -> Query | None:
    """Metrics, up to two dimensions, a grain and a model, each in the address of the page; None without a metric."""
    session, labels = seen.session, _choices.metrics(seen.session)
    _choices.tell_unknown(session, {"metrics": labels, "over": _choices.OVER})
    metrics = tuple(
        st.multiselect(
            "Metrics", list(labels), default=["leads"], format_func=labels.__getitem__, key="metrics",
            bind="query-params", placeholder="Choose what to ask for",
        )
    )  # fmt: skip
    reachable = _reachable(session, metrics)
    _tell(session, reachable, metrics)
    # Only what is shared out has a model: the choice comes and goes with the metrics.
    first, second, third, *fourth = st.columns(4 if models_for(session.reach, metrics) else 3, gap="small")
    with first:
        split = _dimension("By", "split", SPLIT, session, reachable)
    with second:
        over = st.selectbox(
            "Over time", list(_choices.OVER), format_func=_choices.OVER.__getitem__, key="over", bind="query-params"
        )
    with third:
        rest = [name for name in reachable if name != split]
        then = _dimension("And by", "then", THEN, session, rest) if split else ""
    query = _asked(seen, metrics, tuple(name for name in (split, then) if name), over or "")
    model = None
    for place in fourth:
        with place:
            model = _choices.choose_model(session, metrics, asked=query)
    return replace(query, model=model) if query else None


def _asked(seen: View, metrics: tuple[str, ...], by: tuple[str, ...], over: str) -> Query | None:
    if not metrics:
        return None
    order = (f"-{metrics[0]}",) if by and not over else ()
    return Query(metrics, by, over or None, seen.period, where=seen.where, order=order, is_shared=True)


def _reachable(session: Session, metrics: Iterable[str]) -> list[str]:
    """Dimensions by which all of the metrics can be split."""
    each = [set(session.dimensions_of(metric)) for metric in metrics]
    return sorted(set.intersection(*each)) if each else []


def _tell(session: Session, reachable: Iterable[str], metrics: tuple[str, ...]) -> None:
    """Why a link's dimension is not there to choose."""
    if metrics:
        known = _choices.dimensions(session, reachable)
        _choices.tell_unknown(session, {key: {**known, _choices.NOTHING: SPLIT} for key in ("split", "then")}, metrics)


def _dimension(label: str, key: str, nothing: str, session: Session, names: Iterable[str]) -> str:
    options = {_choices.NOTHING: nothing, **_choices.dimensions(session, names)}
    return st.selectbox(label, list(options), format_func=options.__getitem__, key=key, bind="query-params") or ""


def how_asked(seen: View, answer: Answer) -> None:
    """The SQL with its values, the question as a command, and a link to it that stays on its days."""
    with st.container(border=True, gap="xsmall", key="panel_how"):
        st.header("How it was asked", anchor=False)
        st.caption("Copy as command: the same question in a shell gives the same numbers.")
        st.code(as_command(answer.query), language=None, wrap_lines=True)
        st.caption("This link holds the question and stays on its days.")
        st.code(pinned_link(st.context.url or "", address(), seen.period), language=None, wrap_lines=True)
        with st.expander("SQL", key="sql_ask", type="compact"):
            chained = " Markov shares out this total by the transitions of channels." * (answer.query.model == MARKOV)
            st.caption(escape(f"The SQL that ran, and the values it ran with.{chained}"))
            # Without colours: those of Streamlit's code are too pale to read on either paper.
            st.code(in_lines(answer.sql), language=None, wrap_lines=True)
            values = [f"${name} = {value}" for name, value in answer.values.items()]
            st.code("\n".join(values) or "No values.", language=None, wrap_lines=True)
