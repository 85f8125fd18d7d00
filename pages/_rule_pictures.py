"""The rule of a stage in words and SQL, its history, its scores, and how the CRM departs from it. Computes nothing."""

from __future__ import annotations

import polars as pl
import streamlit as st

from data.generations import RuleFact
from metrics.compared_rules import Drift, against_crm
from metrics.rule_words import in_words
from pages import _rule_flags as _rules
from pages import _words
from pages._dates import day, period_label
from pages._page import MOST_ROWS, View
from pages._panels import column_formats, show_chart, show_table, table
from pages._time_lines import Point, over_time
from pages._words import escape, strong

__all__ = ["agreed", "choose_stage", "dates", "drift", "drift_of", "history", "says", "scores"]

FIRST = "mql"
GROUPS = {"both": "Rule and CRM", "only_rule": "Only the rule", "only_crm": "Only the CRM"}
HOW = (
    "To agree on one, write it under rules: in stages.yaml and name it at the stage, known_by: {rule: mql_rule};"
    " then refresh."
)


def choose_stage(seen: View) -> str | None:
    """The stage that the page is about: one that a rule decides, else the qualified lead; None where there is none."""
    ruled = list(dict.fromkeys(rule.stage for rule in seen.session.manifest.rules))
    if not ruled:
        return FIRST if FIRST in seen.session.reach.stages else None
    if len(ruled) == 1:
        return ruled[0]
    labels = {name: seen.session.reach.stages[name].label for name in ruled}
    return st.selectbox("Stage", ruled, format_func=labels.__getitem__, key="ruled", bind="query-params") or ruled[0]


def _versions(seen: View, stage: str | None) -> list[RuleFact]:
    return [rule for rule in seen.session.manifest.rules if rule.stage == stage]


def agreed(rule: RuleFact) -> str:
    """Which team agreed, and when."""
    return ", ".join(f"{team} on {day(when)}" for team, when in rule.agreed.items())


def says(seen: View, stage: str | None, found: Drift | None) -> str:
    """The rule that counts today, who agreed, and how far the CRM follows it, in Markdown."""
    rule = next((rule for rule in _versions(seen, stage) if rule.is_today), None)
    if rule is None:
        company = seen.session.company.name
        return f"{strong('No stage is known by a rule')} at {escape(company)}. {escape(HOW)}"
    label = seen.session.reach.stages[rule.stage].label
    parts = [f"{escape(label)}: {strong(in_words(rule.text))}."]
    signed = f", agreed by {agreed(rule)}" if rule.agreed else ", agreed by nobody yet"
    parts.append(f"In force from {escape(day(rule.starts) + signed)}.")
    if found is not None and not found.rows.is_empty():
        counts = {name: int(found.months[name].sum()) for name in GROUPS}
        ruled = counts["both"] + counts["only_rule"]
        share = counts["both"] / ruled if ruled else None
        parts.append(
            f"The CRM stamped {strong(_words.rate(share))} of the leads that the rule qualifies,"
            f" and {strong(_words.count(counts['only_crm']))} more."
        )
    return " ".join(parts)


def dates(seen: View) -> str:
    through = seen.session.through
    known = f" · data through {day(through)}" if through is not None else ""
    return f"All passes to date{known}"


def history(seen: View, stage: str) -> None:
    """Every version with its words, days and signatures; the SQL of today's one click away."""
    versions = _versions(seen, stage)
    if not versions:
        return
    rows = pl.DataFrame(
        {
            "from": [rule.starts for rule in versions],
            "rule": [in_words(rule.text) for rule in versions],
            "today": ["counts today" if rule.is_today else "" for rule in versions],
            "marketing": [rule.agreed.get("marketing") for rule in versions],
            "sales": [rule.agreed.get("sales") for rule in versions],
            "why": [": ".join(part for part in (rule.label, rule.description) if part) for rule in versions],
            "fingerprint": [rule.fingerprint for rule in versions],
        },
        schema_overrides={"marketing": pl.Date, "sales": pl.Date},
    )
    labels = {
        "from": "From", "rule": "Rule", "today": "Applied to all", "marketing": "Marketing agreed",
        "sales": "Sales agreed", "why": "Why", "fingerprint": "Fingerprint",
    }  # fmt: skip
    today = next(rule for rule in versions if rule.is_today)
    many = "1 version" if len(versions) == 1 else f"{len(versions)} versions"
    show_table(
        "What was agreed, and when",
        f"{many}. Today's is applied to all of history, so that a trend compares like with like.",
        rows,
        key="versions",
        columns=column_formats({}, labels),
        below=lambda: _sql(today),
    )


def _sql(rule: RuleFact) -> None:
    with st.expander("As written, and as SQL", key="rule_sql", type="compact"):
        st.code(rule.text, language="sql", wrap_lines=True)
        st.code(rule.sql, language="sql", wrap_lines=True)


def scores(seen: View) -> None:
    """What each score is made of."""
    known = seen.session.manifest.scores
    if known:
        rows = pl.DataFrame({"score": list(known), "is": list(known.values())})
        labels = column_formats({}, {"score": "Score", "is": "Made of"})
        caption = "Points are given where a condition is true. Rules use scores by name."
        show_table("The scores", caption, rows, key="scores", columns=labels)


def drift_of(seen: View, stage: str | None) -> Drift | None:
    """The rule beside the CRM's stamps; None where no rule decides the stage."""
    return against_crm(seen.session, stage) if stage is not None and _versions(seen, stage) else None


def drift(seen: View, found: Drift | None) -> None:
    """What the CRM stamped against what the rule says, by month, with its rows."""
    if found is None or found.rows.is_empty():
        return
    through = seen.session.through
    points = [
        Point(
            period_label(month, "month"),
            float(row[name]),
            _words.count(row[name]),
            through is None or (month.year, month.month) < (through.year, through.month),
            GROUPS[name],
        )
        for name in GROUPS
        for row in found.months.iter_rows(named=True)
        for month in [row["month"]]
    ]
    starts = found.months["month"].to_list()
    moved = _rules.changes(seen, (found.stage,), starts, "month")
    # The rule's own line is drawn by today's version: what can break at a change is what the CRM does.
    flags = _rules.flags(moved, starts, "month", GROUPS["only_crm"])
    units = {**dict.fromkeys((*GROUPS, "same_day"), "count"), "median_days": "days"}
    labels = {"month": "Month", **GROUPS, "same_day": "On one day", "median_days": "Median days, rule to CRM"}
    show_chart(
        "Does the CRM stamp what the rule says?",
        "Passes by month of the earlier stamp. Dashed where the month is not over."
        + _rules.told(moved, is_today=False),
        over_time(points, seen.theme, owner="marketing", as_text=_words.count, flags=flags),
        found.months,
        key="drift",
        columns=column_formats(units, labels),  # type: ignore[arg-type]  # the units are literals
        below=lambda: _rows(found),
    )


def _rows(found: Drift) -> None:
    with st.expander("Rows", key="drift_rows", type="compact"):
        names = list(GROUPS)
        group = st.selectbox("Of", names, format_func=GROUPS.__getitem__, index=2, key="drift_group")
        rows = found.rows.filter(pl.col("group") == group).sort("month", descending=True)
        if rows.height > MOST_ROWS:
            st.caption(f"The latest {MOST_ROWS:,} of {rows.height:,} rows.")
        table(rows.drop("group").head(MOST_ROWS), "The rows behind the picture")
