"""The list of definitions: sections, search, one entry at a time. Computes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import streamlit as st

from metrics import Session
from metrics.dictionary import SECTIONS, details, matching, own_definitions
from metrics.entry import Details, Entry
from metrics.rule_words import in_words
from pages._dates import day
from pages._entries import entry_html, facts_html, joined
from pages._rule_pictures import agreed
from pages._words import count, escape, strong

__all__ = ["alone", "choose", "listed", "says", "whose"]

LABELS = {"metrics": "Metrics", "stages": "Stages", "rules": "Rules", "dimensions": "Dimensions", "terms": "Terms"}
ONE = {"metrics": "Metric", "stages": "Stage", "rules": "Rule", "dimensions": "Dimension", "terms": "Term"}
# What the entries of a section are for, under its name.
MEANS = {
    "metrics": "Numbers that both teams read the same way.",
    "stages": "How far a contact has come, and by what we know it.",
    "rules": "When a lead enters a stage, as both teams have agreed.",
    "dimensions": "What a number can be split by.",
    "terms": "Words that no number stands for.",
}
DEFINED = "Analysts add definitions in the company's folder definitions/"
BANDS = {"TOFU": "Top of the funnel", "MOFU": "Middle of the funnel", "BOFU": "Bottom of the funnel"}


def says(found: tuple[Entry, ...], company: str) -> str:
    """How many words there are and for how many this company has no answer, in Markdown."""
    counted = [
        f"{count(len(of))} {(ONE if len(of) == 1 else LABELS)[section].lower()}"
        for section, of in _by_section(found).items()
    ]
    text = f"{strong(joined(counted))} have one meaning for marketing and sales."
    missing = sum(entry.missing is not None for entry in found)
    if missing:
        text += f" For {strong(count(missing))} of them {escape(company)} has no data; each says why."
    return text


def whose(session: Session) -> str:
    """Where the definitions come from."""
    added, replaced = own_definitions(session)
    name = session.company.name
    if not added and not replaced:
        return f"All are Tandem's standard definitions; {name} declares its stages."
    words = f"has added {count(added)} definitions and replaced {count(replaced)} standard ones"
    return f"{name} declares its stages, {words}."


def choose() -> tuple[str, str]:
    """The section and the words searched for, both in the address of the page."""
    left, right = st.columns([3, 2], gap="small", vertical_alignment="bottom")
    with left:
        section = st.segmented_control(
            "Section", SECTIONS, format_func=LABELS.__getitem__, key="section", default=SECTIONS[0],
            bind="query-params", label_visibility="collapsed", on_change=_forget_name,
        )  # fmt: skip
    with right:
        words = st.text_input(
            "Search all definitions", key="q", type="search", placeholder="Search all definitions", live=True,
            bind="query-params", label_visibility="collapsed", on_change=_forget_name,
        )  # fmt: skip
    return section or SECTIONS[0], words or ""


def listed(session: Session, found: tuple[Entry, ...], section: str, words: str) -> None:
    """The entries of the section; of a search, those of the other sections below them."""
    held = _by_section(matching(found, words))
    if not words:
        held = {section: held[section]} if section in held else {}
    if not held:
        looked_for = f"No definition holds '{words}'." if words else f"There are no {LABELS[section].lower()} yet."
        where = "Rules are agreed in stages.yaml" if section == "rules" and not words else DEFINED
        st.caption(escape(f"{looked_for} {where}."))
    with st.container(key="definitions"):
        for name in sorted(held, key=lambda name: name != section):
            _section(session, name, held[name], is_searched=bool(words))


def alone(session: Session, entry: Entry) -> None:
    """One entry, large enough to be read aloud from a screen, with the way back to all of them."""
    st.button("← All definitions", key="all_definitions", type="tertiary", on_click=_forget_name)
    with st.container(border=True, key="panel_definition", gap="small"):
        st.caption(escape(ONE[entry.section] + (f" · {BANDS[entry.band]}" if entry.band in BANDS else "")))
        st.html(_html(entry, is_large=True))
        more = details(session, entry)
        st.html(facts_html(_facts(entry, more, is_alone=True)))
        if more.sql:
            with st.expander("SQL", key="sql_alone", type="compact"):
                _sql(more)


def _show_alone(name: str) -> None:
    st.query_params["name"] = name


def _forget_name() -> None:
    st.query_params.pop("name", None)


def _section(session: Session, section: str, entries: list[Entry], *, is_searched: bool) -> None:
    if is_searched:
        _heading(f"{LABELS[section]} ({len(entries)})")
        _rows(session, entries)
        return
    if section != "metrics":
        _heading(LABELS[section], MEANS[section])
        _rows(session, entries)
        return
    for band, of_band in groupby(entries, key=lambda entry: entry.band):
        _heading(BANDS.get(band or "", "The whole funnel"))
        _rows(session, of_band)


def _heading(title: str, means: str = "") -> None:
    st.header(escape(title), anchor=False)
    if means:
        st.caption(escape(means))


def _rows(session: Session, entries: Iterable[Entry]) -> None:
    with st.container(gap=None):
        for entry in entries:
            key = f"{entry.section}_{entry.name}"
            with st.container(key=f"entry_{key}", gap=None):
                st.html(_html(entry))
                # Tells the server when it is opened: what it holds is looked up only then. The gray part of its name
                # is for those who hear the page.
                title = f"More :gray[about {escape(entry.label)}]"
                with (opened := st.expander(title, key=f"more_{key}", type="compact", on_change="rerun")):
                    if opened.open:
                        _more(session, entry)


def _more(session: Session, entry: Entry) -> None:
    more = details(session, entry)
    st.html(facts_html(_facts(entry, more)))
    if more.sql:
        _sql(more)
    key = f"alone_{entry.section}_{entry.name}"
    st.button("Show it alone", key=key, type="tertiary", on_click=_show_alone, args=(more.full_name,))


def _html(entry: Entry, *, is_large: bool = False) -> str:
    # How a stage is known is part of what it means; how a number is computed can wait.
    known_by = entry.formula if entry.section == "stages" or is_large else ""
    missing = f"No answer here: {entry.missing}" if entry.missing else ""
    return entry_html(entry.label, entry.sentence, owner=entry.owner, more=(known_by, missing), is_large=is_large)


def _facts(entry: Entry, more: Details, *, is_alone: bool = False) -> list[tuple[str, str]]:
    changed = f"Its file was last changed on {day(more.changed_on)}" if more.changed_on else "Its file cannot be found"
    formula = "" if entry.section == "stages" or is_alone else entry.formula
    return [
        ("Columns" if entry.section == "dimensions" else "Formula", formula),
        *_versions(more),
        ("Recorded since", day(more.recorded_from) if more.recorded_from else ""),
        ("Splits" if entry.section == "dimensions" else "Used by", ", ".join(more.used_by)),
        ("Can be split by", ", ".join(more.splits)),
        ("Not everywhere", " ".join(more.limits)),
        ("Name", entry.name),
        ("Written in", str(entry.place)),
        ("Whose", more.origin),
        ("Fingerprint", f"{more.fingerprint}, which changes when its number may" if more.fingerprint else ""),
        ("Last change", changed),
    ]


def _versions(more: Details) -> list[tuple[str, str]]:
    """What a rule has said and since when, newest first, who agreed, and the scores that it uses."""
    told = [(f"Score {name}", text) for name, text in more.scores]
    for rule in reversed(more.versions):
        signed = f"Agreed by {agreed(rule)}." if rule.agreed else "Agreed by nobody yet."
        why = ": ".join(part for part in (rule.label, rule.description) if part)
        words = in_words(rule.text)
        says = [f"{words[:1].upper()}{words[1:]}.", signed, f"{why.removesuffix('.')}." if why else ""]
        title = f"From {day(rule.starts)}{', applied to all' if rule.is_today else ''}"
        told.append((title, " ".join(part for part in says if part)))
    return told


def _sql(more: Details) -> None:
    st.caption(escape(f"The SQL of: {more.sql_of}"))
    # Without colours: those of Streamlit's code are too pale to read on either paper.
    st.code(more.sql, language=None, wrap_lines=True)


def _by_section(found: Iterable[Entry]) -> dict[str, list[Entry]]:
    held: dict[str, list[Entry]] = {section: [] for section in SECTIONS}
    for entry in found:
        held[entry.section].append(entry)
    return {section: entries for section, entries in held.items() if entries}
