"""The promises over time, by person, as signed, in steps, and as they would change. Computes no business number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
import streamlit as st

from alignment.agreement import kept_by_month, standings_before, tallies
from alignment.reevaluation import differences, readjustments
from metrics.agreement import AgreementVersion, Signature
from pages import _time_lines, _words
from pages._dates import day, period_label
from pages._page import HISTORY, View, unit_of, words
from pages._panels import column_formats, show_chart, show_reason, show_table
from pages._promises import Agreed
from pages._time_lines import Point

__all__ = ["over_time", "people", "protocol", "versions", "what_would_change"]


@dataclass(frozen=True)
class _Line:
    """A promise as a line: its points, its owner, and in which words its numbers are told."""

    points: list[Point]
    owner: str
    unit: str
    metric: str
    grain: str


def over_time(seen: View, found: Agreed) -> None:
    """One promise, chosen, by its own periods, beside what was promised in each."""
    labels = {one.objective.name: one.objective.label for one in found.standings}
    labels |= {one.obligation.name: one.obligation.label for one in found.promises}
    first = next(iter([name for name in labels if name != "goal"]), "goal")
    names = list(labels)
    chosen = st.selectbox(
        "Promise", names, index=names.index(first), format_func=labels.__getitem__, key="promise", bind="query-params"
    )
    line = _line(seen, found, chosen or first)
    rows = pl.DataFrame(
        {"period": [p.label for p in line.points], "reached": [p.value for p in line.points],
         "target": [p.target for p in line.points]},
        schema_overrides={"reached": pl.Float64, "target": pl.Float64},
    )  # fmt: skip
    titles = {"period": "Period", "reached": "Reached", "target": "Target"}
    show_chart(
        f"Was it kept? {labels[chosen or first]}",
        f"Per {line.grain}, the last {len(line.points)} whole ones. The thin line is what was promised; where another"
        " version promised nothing of it, today's target.",
        _time_lines.over_time(
            line.points,
            seen.theme,
            owner=line.owner,  # type: ignore[arg-type]  # teams are checked when loaded
            as_text=lambda value: _text(seen, line, value),
        ),
        rows,
        key="promise",
        columns=column_formats({"reached": line.unit, "target": line.unit}, titles),  # type: ignore[dict-item]  # units are those of the house
    )


def _line(seen: View, found: Agreed, name: str) -> _Line:
    stands = next((one for one in found.standings if one.objective.name == name), None)
    if stands is not None:
        objective = stands.objective
        past = standings_before(seen.session, objective, HISTORY, found.day)
        points = [
            Point(period_label(one.period.start, objective.per), one.actual,
                  words(seen, objective.metric, one.actual), target=one.target)
            for one in past
        ]  # fmt: skip
        owner = objective.team if name != "goal" else "both"
        return _Line(points, owner, unit_of(seen, objective.metric), objective.metric, objective.per)
    promise = next(one for one in found.promises if one.obligation.name == name).obligation
    shares = kept_by_month(seen.session, promise, HISTORY, found.day)
    points = [
        Point(period_label(begin, "month"), share, _words.rate(share), target=promise.share)
        for begin, share in shares.items()
    ]
    return _Line(points, promise.team, "ratio", "", "month")


def _text(seen: View, line: _Line, value: float) -> str:
    return words(seen, line.metric, value) if line.metric else _words.rate(value)


def people(seen: View, found: Agreed) -> None:
    """Kept and broken by person, since the version began."""
    rows = tallies(seen.session, found.version, found.day)
    if not rows:
        show_reason(
            "Who kept what?", "Nobody holds a promise: give objectives a held_by, obligations a role.", key="who"
        )
        return
    frame = pl.DataFrame(
        {"person": [r.person for r in rows], "team": [r.team for r in rows], "promise": [r.promise for r in rows],
         "of": [r.of for r in rows], "due": [r.due for r in rows], "kept": [r.kept for r in rows],
         "broken": [r.broken for r in rows], "released": [r.released for r in rows], "share": [r.share for r in rows]},
        schema_overrides={"share": pl.Float64},
    )  # fmt: skip
    titles = {"person": "Person", "team": "Team", "promise": "Promise", "of": "Of", "due": "Due", "kept": "Kept",
              "broken": "Broken", "released": "Released", "share": "Share kept"}  # fmt: skip
    units = {"due": "count", "kept": "count", "broken": "count", "released": "count", "share": "ratio"}
    show_table(
        "Who kept what?",
        f"Since {day(found.version.starts)}, when this version began. Only what is due is judged: whole periods, and"
        " leads whose time has passed. Each person's clock starts when the lead is given to them. What was handed on or"
        " needed nothing more in time is released and in no share. A lead counts under each who had it, and once for"
        " the team, so that the people do not add up to the tiles above.",
        frame,
        key="who",
        columns=column_formats(units, titles),  # type: ignore[arg-type]  # units of the house
    )


def versions(seen: View) -> None:
    """All versions with who signed them when, as the file says it."""
    known = seen.session.definitions.agreement.versions
    names = seen.session.names("owner")
    rows = pl.DataFrame(
        {
            "from": [one.starts for one in known],
            "label": [one.label for one in known],
            "marketing": [_signed(one.signature("marketing"), names) for one in known],
            "sales": [_signed(one.signature("sales"), names) for one in known],
            "why": [one.description for one in known],
            "fingerprint": [one.fingerprint for one in known],
        }
    )
    titles = {"from": "From", "label": "Version", "marketing": "Marketing signed", "sales": "Sales signed",
              "why": "Why", "fingerprint": "Fingerprint"}  # fmt: skip
    show_table(
        "Who signed what, and when",
        "As the file of the agreement says it; nobody has verified it.",
        rows,
        key="signed",
        columns=column_formats({}, titles),
    )


def _signed(signature: Signature | None, names: Mapping[str, str]) -> str:
    if signature is None:
        return "not yet"
    person = names.get(signature.person, signature.person) if signature.person else ""
    return f"{day(signature.signed_on)}{f', {person}' if person else ''}"


def protocol(found: Agreed) -> None:
    """The way of a lead in steps."""
    steps = found.version.protocol
    if not steps:
        return
    rows = pl.DataFrame(
        {
            "step": list(range(1, len(steps) + 1)),
            "does": [one.does for one in steps],
            "who": [one.who for one in steps],
            "within": [one.within for one in steps],
        }
    )
    titles = {"step": "Step", "does": "What happens", "who": "Who", "within": "Within"}
    show_table(
        "The way of a lead, in steps",
        "What both teams agreed happens with every lead, in this order.",
        rows,
        key="protocol",
        columns=column_formats({"step": "count"}, titles),
    )


def what_would_change(seen: View, found: Agreed) -> None:
    """The next version beside this one where one is written, and what the last whole period suggests."""
    following = seen.session.definitions.agreement.next_after(found.day)
    if following is not None:
        _next(found.version, following)
    rows = [one for one in readjustments(seen.session, found.version, found.day) if one.measured is not None]
    frame = pl.DataFrame(
        {
            "promise": [one.promise for one in rows],
            "team": [one.team for one in rows],
            "agreed": [_number(seen, one.unit, one.agreed) for one in rows],
            "measured": [_number(seen, one.unit, one.measured) for one in rows],
            "proposed": ["as it is" if one.proposed is None else _number(seen, one.unit, one.proposed) for one in rows],
        }
    )
    titles = {"promise": "Promise", "team": "Team", "agreed": "Agreed", "measured": "Measured", "proposed": "Suggested"}
    again = f"It is looked at again on {day(found.again_on)}."
    planned = "" if following is not None else " No next version is written."
    show_table(
        "What would the numbers change?",
        f"What the last whole {found.version.reevaluated} brought, beside what was promised; values of leads over"
        f" twelve months. {again}{planned} A suggestion changes nothing: the two teams do.",
        frame,
        key="readjust",
        columns=column_formats({}, titles),
    )


def _next(before: AgreementVersion, after: AgreementVersion) -> None:
    changed = differences(before, after)
    rows = pl.DataFrame(
        {
            "promise": [one.promise for one in changed],
            "now": [one.before or "not promised" for one in changed],
            "then": [one.after or "no longer promised" for one in changed],
        }
    )
    titles = {"promise": "Promise", "now": "Now", "then": f"From {day(after.starts)}"}
    show_table(
        f"What changes on {day(after.starts)}",
        " ".join(part for part in (f"{after.label}." if after.label else "", after.description) if part),
        rows,
        key="next",
        columns=column_formats({}, titles),
    )


def _number(seen: View, unit: str, value: float | None) -> str:
    if unit == "share":
        return _words.rate(value)
    if unit == "money":
        return _words.money(value, seen.currency)
    return words(seen, unit, value)
