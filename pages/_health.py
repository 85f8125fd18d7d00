"""Health in words and tables: sources, what was set apart, gaps, checks; the line on every page. Computes nothing."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from metrics import Session, gaps, health
from metrics.gaps import Gap, Gaps
from metrics.health import Overview
from pages._dates import day
from pages._entries import count_html, joined, notice_html
from pages._page import View
from pages._panels import column_formats, table
from pages._tiles import Tile, show
from pages._words import count, days, escape, rate, strong

__all__ = [
    "announce",
    "campaigns",
    "checked",
    "dates",
    "in_quarantine",
    "left_out",
    "missing",
    "said",
    "sources",
    "tiles",
]


def announce(session: Session) -> None:
    """One quiet line that names the files that lie behind; nothing where none does."""
    behind = health.stale(session)
    if behind:
        named = ", ".join(f"{file.name} (through {day(file.through)})" for file in behind[:3])
        more = f", and {len(behind) - 3} more" if len(behind) > 3 else ""
        st.html(
            notice_html(f"Behind the other sources, so recent numbers may be too low: {named}{more}. See Data health.")
        )


def said(found: Overview, lacking: Gaps) -> str:
    """The most important things about the data of today, in Markdown."""
    sentences = [_freshness(found), _loaded(found), _lacking(lacking)]
    return " ".join(sentence for sentence in sentences if sentence)


def _freshness(found: Overview) -> str:
    if found.newest is None:
        return strong("No file says how far its data reaches.")
    newest = f"{day(found.newest)}, {days(found.age)} ago" if found.age else f"{day(found.newest)}, today"
    said = [f"{strong('Nothing is newer')} than {escape(newest)}."] if found.is_old else []
    if found.stale:
        last = found.stale[0]
        which = f"{len(found.stale)} of {found.files} sources {'is' if len(found.stale) == 1 else 'are'} behind"
        said.append(f"{strong(which)}: {escape(f'{last.name} ends {days(last.behind)} before the newest')}.")
    if not said:
        said = [strong(f"All {found.files} sources are fresh."), f"The newest day of data is {escape(newest)}."]
    return " ".join(said)


def _loaded(found: Overview) -> str:
    if not found.apart:
        return f"{strong('Every line was loaded')}, {escape(count(found.loaded))} in all."
    return (
        f"{strong(f'{rate(found.share)} of the lines were loaded')};"
        f" {escape(count(found.quarantined))} were quarantined while reading"
        f" and {escape(count(found.unmapped))} rows while mapping."
    )


def _lacking(lacking: Gaps) -> str:
    if not lacking.found:
        return "No row lacks what its numbers need."
    first = [f"{_small(gap.label)} ({count(gap.rows)} of {count(gap.among)})" for gap in lacking.found[:2]]
    others = len(lacking.found) - 2
    more = [f"{others} more {'kind' if others == 1 else 'kinds'} of gaps"] if others > 0 else []
    return escape(f"There are {joined([*first, *more])}.")


def dates(session: Session) -> str:
    loaded = session.manifest.made_at.astimezone(ZoneInfo(session.company.time_zone))
    reach = f"Every stage is known through {day(session.through)}" if session.through else "No common last day"
    return f"{reach} · loaded {day(loaded.date())}, {loaded:%H:%M} · generation {session.manifest.generation}"


def tiles(seen: View, found: Overview, lacking: Gaps) -> None:
    """Files, lines, lines set apart, kinds of gaps."""
    behind = [file.name for file in found.stale]
    in_step = f"{', '.join(behind)} behind" if behind else "all within a week"
    apart = f"{count(found.quarantined)} in reading, {count(found.unmapped)} in mapping"
    loaded = f"{count(found.loaded)} of {count(found.lines)}"
    kinds = f"{len(lacking.found)} of {lacking.looked_for}"
    show(
        [
            Tile("in_step", "Sources in step", f"{found.in_step} of {found.files}", foot=in_step),
            Tile("loaded", "Lines loaded", rate(found.share), foot=loaded),
            Tile("apart", "Quarantined", count(found.apart), foot=apart),
            Tile("gaps", "Kinds of gaps", kinds, foot="found in the loaded rows"),
        ],
        seen.theme,
    )


# -- panels ----------------------------------------------------------------------------------------------------------


def sources(session: Session) -> None:
    """One row per file: how far it reaches and what became of its lines."""
    frame = pl.DataFrame(
        [
            (
                s.file.name,
                s.file.path,
                s.file.through,
                _state(s),
                s.file.lines,
                s.file.loaded,
                s.file.quarantined,
                s.file.skipped,
            )
            for s in health.sources(session)
        ],
        schema=["name", "path", "through", "state", "lines", "loaded", "quarantined", "skipped"],
        orient="row",
    )
    labels = {
        "name": "Source", "path": "File", "through": "Data through", "state": "State", "lines": "Lines",
        "loaded": "Loaded", "quarantined": "Quarantined", "skipped": "Skipped",
    }  # fmt: skip
    with _panel("sources", "How far does each source reach?"):
        said = ["Lines = loaded + quarantined + skipped. Skipped lines are blank, or were delivered twice."]
        if health.stale(session):
            said.append(
                "Where a source behind is complete, and its last date only old, declare 'through' in sources.yaml."
            )
        st.caption("  \n".join(said))
        units = dict.fromkeys(("lines", "loaded", "quarantined", "skipped"), "count")
        columns = column_formats(units, labels)  # type: ignore[arg-type]  # units are literals of this module
        columns["through"] = st.column_config.DateColumn("Data through", format="YYYY-MM-DD")
        table(frame, "Sources with their lines and the last day of their data", columns, most=40)


def _state(source: health.Source) -> str:
    if source.behind is None:
        return "has no dates"
    if source.is_stale:
        return f"{days(source.behind)} behind"
    return "in step"


def in_quarantine(session: Session) -> None:
    """Lines that were not used, by fault, with the first of them; the single lines one click away."""
    faults, unmapped = health.quarantined(session), health.unmapped(session)
    with _panel("in_quarantine", "What was quarantined?"):
        if faults.is_empty():
            st.caption("Nothing: every line could be read and fits its table.")
            return
        tables = ", ".join(f"{name} {count(rows)}" for name, rows in unmapped.iter_rows())
        fits = f" Read, but fit their table not: {tables}." if tables else ""
        st.caption(escape(f"Values are masked. Mend the lines in the source, or its columns in sources.yaml.{fits}"))
        labels = {"file": "File", "column": "Column", "fault": "Reason", "lines": "Lines", "first_line": "First line"}
        units = {"lines": "count", "first_line": "count"}
        columns = column_formats(units, labels)  # type: ignore[arg-type]  # units are literals of this module
        table(faults, "Quarantined lines, by file, column and reason", columns)
        with st.expander("Lines", key="lines_in_quarantine", type="compact"):
            rows = health.quarantine_rows(session)
            if rows.height == health.MOST_ROWS:
                st.caption(f"The first {count(rows.height)}.")
            table(rows, "Quarantined lines with file, line, column, reason and masked value", column_formats({}))


def campaigns(session: Session) -> None:
    """Campaign strings that lead to no campaign."""
    frame, reason = health.unmatched_campaigns(session)
    with _panel("campaigns", "Which campaign names lead nowhere?"):
        if reason is not None or frame.is_empty():
            st.caption(escape(reason or "None: every campaign named in touches and spend is known."))
            return
        st.caption(
            "Their touches and spend stand under no known campaign. Add them to campaign_aliases in sources.yaml."
        )
        table(
            frame,
            "Campaign strings that match no campaign",
            column_formats({"rows": "count"}, {"string": "As it is written", "rows": "Rows"}),
        )


def left_out(session: Session) -> None:
    """What sources.yaml excludes on purpose."""
    frame = health.exclusions(session)
    with _panel("left_out", "What is left out on purpose?"):
        if frame.is_empty():
            st.caption("Nothing: sources.yaml excludes no rows.")
            return
        st.caption("Excluded by sources.yaml; what depends on these rows goes with them.")
        said = [f"{strong(f'{count(rows)} {name}')}: {escape(why)}" for name, why, rows in frame.iter_rows()]
        st.markdown("  \n".join(said))


def missing(seen: View, lacking: Gaps) -> None:
    """Gaps with their rows; what lacks nothing in one line, what cannot be known here in another."""
    with st.container(gap=None, key="lacking"):
        st.header("What do rows lack?", anchor=False)
        for gap in lacking.found:
            with st.container(key=f"gap_{gap.key}", gap=None):
                st.html(count_html(f"{count(gap.rows)} of {count(gap.among)}", gap.label, gap.means))
                # The gray part is hidden by the style sheet: a screen reader hears whose rows, the eye sees it.
                if st.button(f"Rows :gray[of {escape(gap.label)}]", key=f"rows_{gap.key}", type="tertiary"):
                    _show_rows(seen, gap)
    said = [f"Looked for and not found: {_listed(lacking.none)}."] if lacking.none else []
    said += [f"Not known here: {_listed(unknown)}. {reason}" for reason, unknown in lacking.unknown.items()]
    st.caption("  \n".join(escape(line) for line in said))


def _listed(kinds: tuple[Gap, ...]) -> str:
    return ", ".join(_small(gap.label) for gap in kinds)


def _small(label: str) -> str:
    return label[:1].lower() + label[1:]


def _show_rows(seen: View, gap: Gap) -> None:
    @st.dialog(escape(gap.label), width="large")
    def dialog() -> None:
        frame = gaps.gap_rows(seen.session, gap.key)
        kept = f", the first {count(frame.height)} of them below" if frame.height < (gap.rows or 0) else ""
        st.caption(escape(f"{count(gap.rows)} of {count(gap.among)} rows{kept}"))
        table(frame, gap.label)

    dialog()


def checked(session: Session) -> None:
    """The checks that the data had passed before it was sealed."""
    frame = health.checks(session)
    with _panel("checks", "What was checked before?"):
        if frame is None:
            st.caption("Model files or stages.yaml have changed since: refresh, and the checks that ran stand here.")
            return
        st.caption(
            f"All {count(frame.height)} checks passed. One that fails stops the refresh, and the data before it stays."
        )
        with st.expander("Checks", key="table_checks", type="compact"):
            table(frame, "Checks that passed", column_formats({}, {"check": "Check", "written_in": "Written in"}))


def _panel(key: str, title: str) -> st.delta_generator.DeltaGenerator:
    panel = st.container(border=True, height="stretch", gap="xsmall", key=f"panel_{key}")
    panel.header(escape(title), anchor=False)
    return panel
