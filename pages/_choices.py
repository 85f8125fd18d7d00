"""Metrics and dimensions to choose from, by their labels; an address may also use their names. Asks nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import streamlit as st

from data.attribution import MARKOV
from data.errors import InvalidQuestion, did_you_mean
from metrics import Query, Session
from metrics.chained import not_by_chain
from metrics.plan import models_for
from pages._words import escape

__all__ = ["NOTHING", "OVER", "choose_model", "dimensions", "metrics", "model_label", "tell_unknown", "written_out"]

# The value of a choice by which nothing is chosen.
NOTHING = ""
# A grain in the address, and what it is called there.
OVER = {"": "All at once", "day": "Per day", "week": "Per week", "month": "Per month", "quarter": "Per quarter",
        "year": "Per year"}  # fmt: skip
# Standard models as they are called; one of a company's own by its name.
_MODELS = {
    "first": "First touch", "last": "Last touch", "last_non_direct": "Last touch that is not direct",
    "linear": "Linear", "u_shaped": "U-shaped", "position_based": "Position-based", "w_shaped": "W-shaped",
    "full_path": "Full path", "time_decay": "Time decay", MARKOV: "Markov",
}  # fmt: skip
_BANDS = ("TOFU", "MOFU", "BOFU", None)


def metrics(session: Session) -> dict[str, str]:
    """Every metric by name with its label, from the top of the funnel to its end."""
    known = session.definitions.metrics
    ordered = sorted(known, key=lambda name: (_BANDS.index(known[name].band), known[name].label.casefold()))
    return _told_apart({name: known[name].label for name in ordered})


def dimensions(session: Session, names: Iterable[str]) -> dict[str, str]:
    """Dimensions by name with their labels, in the order of the alphabet."""
    labels = {name: session.reach.dimension(name).label for name in names}
    return _told_apart(dict(sorted(labels.items(), key=lambda item: item[1].casefold())))


def model_label(name: str) -> str:
    return _MODELS.get(name, name.replace("_", " ").capitalize())


def choose_model(
    session: Session, metrics: Iterable[str], first: str | None = None, asked: Query | None = None
) -> str | None:
    """By which model metrics are shared out, in the address of the page; None where none of them is.

    Unless another is chosen it is `first`, or the plainest. `asked` is the question that gets the model: Markov is
    among those to choose where it can answer that question, else what stands below says why it is not.
    """
    labels = {name: model_label(name) for name in models_for(session.reach, metrics)}
    if not labels:
        return None
    reason = None if asked is None else not_by_chain(session, asked)
    if asked is not None and reason is None:
        labels[MARKOV] = model_label(MARKOV)
    if reason is None or model_label(MARKOV) not in st.query_params.get_all("model"):
        tell_unknown(session, {"model": labels})
    chosen = st.selectbox(
        "Model", list(labels), index=list(labels).index(first) if first in labels else 0,
        format_func=labels.__getitem__, key="model", bind="query-params",
        help="How a conversion is shared out among the touches that led to it",
    )  # fmt: skip
    if reason is not None:
        st.caption(escape(reason))
    return chosen or next(iter(labels))


def _told_apart(labels: dict[str, str]) -> dict[str, str]:
    """Two of one label are told apart by their names."""
    twice = {label for label in labels.values() if list(labels.values()).count(label) > 1}
    return {name: f"{label} ({name})" if label in twice else label for name, label in labels.items()}


def written_out(session: Session) -> dict[str, list[str]] | None:
    """The parameters of the address with names (?metric=mqls) as the labels that the widgets know; None without any."""
    every = dimensions(session, session.definitions.dimensions)
    words = {
        "metric": metrics(session), "metrics": metrics(session), "split": every, "then": every, "over": OVER,
        "model": _MODELS,
    }  # fmt: skip
    given = {key: st.query_params.get_all(key) for key in st.query_params}
    written = {key: [words.get(key, {}).get(value, value) for value in values] for key, values in given.items()}
    return None if written == given else written


def tell_unknown(session: Session, chosen: Mapping[str, Mapping[str, str]], metrics: Iterable[str] = ()) -> None:
    """Say what a link asks for that there is not to choose; Streamlit would drop it without a word.

    `chosen` are parameters of the address with what each may be; `metrics` those that a dimension has to reach.
    """
    every = {label: name for name, label in dimensions(session, session.definitions.dimensions).items()}
    for key, known in chosen.items():
        for value in st.query_params.get_all(key):
            if value in known.values():
                continue
            said = f"This link asks for the {key} '{value}', which does not exist here."
            guess = did_you_mean(value, known.values()).partition("Known:")[0]
            if value in every:
                said, guess = _why_not(session, metrics, every[value]), ""
            st.warning(escape(f"{said} {guess}"))


def _why_not(session: Session, metrics: Iterable[str], dimension: str) -> str:
    """Why metrics cannot be split by a dimension, in the session's own words."""
    asked = tuple(metrics)
    try:
        model = next(iter(models_for(session.reach, asked)), None)
        reasons = session.answer(Query(asked, (dimension,), model=model)).reasons
    except InvalidQuestion as error:
        return str(error)
    return next(iter(reasons.values()), f"Nothing here can be split by '{dimension}'.")
