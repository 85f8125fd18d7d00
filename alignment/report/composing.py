"""Make the report of a sealed month, the same for every format. Knows no format."""

from __future__ import annotations

from alignment.dates import day
from alignment.report.contents import Report
from alignment.report.sections import Composer, day_or_none
from alignment.report.sentences import Month
from alignment.snapshots import SealedMonth, Snapshot

__all__ = ["compose"]

CHANNELS = ("leads", "visits", "mqls", "opportunities", "customers", "won_revenue", "spend", "cost_per_lead")
CAMPAIGNS = ("leads", "mqls", "opportunities", "customers", "sourced_revenue", "credited_revenue", "spend",
             "cost_per_mql")  # fmt: skip
CONTENT = ("leads", "mqls", "customers", "credited_revenue", "credited_pipeline", "credited_customers")


def compose(snapshot: Snapshot) -> Report:
    """The whole report of a sealed month, for every format. Raises NotSealed where a file is not what was sealed."""
    parts, manifest = Composer(snapshot), snapshot.manifest
    by_channel, by_source = {"channel": "Channel"}, {"source": "Source", "channel": "Channel"}
    sections = (
        parts.summary(),
        parts.trend(),
        parts.funnel(),
        parts.groups(
            "sources", "Channels and sources",
            [("headline_by_channel", "channels", "Channels", by_channel, CHANNELS, "channels"),
             ("sources", "sources", "Sources", by_source, CHANNELS, "sources")],
            [("leads", True), ("won_revenue", True)],
        ),
        parts.groups("campaigns", "Campaigns",
                     [("campaigns", "campaigns", "Campaigns", {"campaign": "Campaign"}, CAMPAIGNS, "campaigns")],
                     [("leads", True), ("credited_revenue", True)]),
        parts.groups("content", "Content",
                     [("content", "content", "Content", {"content": "Content"}, CONTENT, "pieces of content")],
                     [("leads", True), ("credited_revenue", True)]),
        parts.promises(),
        parts.restatement(),
        parts.decided(),
        parts.cuts(),
        parts.definitions(),
    )  # fmt: skip
    commentary = snapshot.text("commentary.txt").strip() if snapshot.has("commentary.txt") else ""
    return Report(
        manifest.company["name"], manifest.company["currency"], parts.month.name, days(manifest), filters(manifest),
        day_or_none(manifest.through), commentary, facts(manifest, parts.month),
        tuple(section for section in sections if section is not None),
    )  # fmt: skip


def days(manifest: SealedMonth) -> str:
    return f"{manifest.start.day} to {day(manifest.period.last)}"


def filters(manifest: SealedMonth) -> str:
    if manifest.per is None:
        return "Everything: no filter"
    return f"Only {manifest.per[0].replace('_', ' ')}: {manifest.per[1]}"


def facts(manifest: SealedMonth, month: Month) -> tuple[tuple[str, str], ...]:
    """What a reader must know to read any of the numbers."""
    revision = f"{manifest.revision}" + (f": {manifest.reason}" if manifest.reason else "")
    return (
        ("Company", manifest.company["name"]),
        ("Days", f"{days(manifest)}, in the zone {manifest.company['time_zone']}"),
        ("Filters", filters(manifest)),
        ("Compared with", f"{month.before} and {month.year_before}"),
        ("Rates", "Of the latest cohort that had its whole time when the month ended; each names its days"),
        ("Money", manifest.company["currency"]),
        ("Data through", day_or_none(manifest.through)),
        ("Nothing in it from", f"{day(manifest.as_of)} or later"),
        ("Sealed", f"{day_or_none(manifest.sealed_at[:10])}, {manifest.sealed_at[11:16]} UTC, by {manifest.sealed_by}"),
        ("Revision", revision),
        ("Generation", manifest.generation),
        *((("Left out", " ".join(manifest.left_out)),) if manifest.left_out else ()),
    )  # fmt: skip
