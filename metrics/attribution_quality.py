"""How far touches can be trusted to say where people came from: no campaign, no true source, direct. Counts and lists.

Of touches that count in a path, known contacts or not: counts from `touch_sources`, rows from `touches`, where the
same is said of a single touch. The SELECTs are fixed; sources found in them are bound values.
"""

from __future__ import annotations

import functools
from pathlib import Path

import polars as pl
import sqlglot
from sqlglot import exp

from metrics.gaps import MOST_ROWS, Gap, absent
from metrics.run import Session

__all__ = ["direct_share", "is_payment_provider", "quality", "quality_rows"]

_PROVIDERS = Path(__file__).with_name("payment_providers.txt")
_IN_PATHS = "\"kind\" IN ('visit', 'ad_click', 'email_click', 'content', 'event', 'form')"
# As in the model touch_sources, which has the counts.
_SELF = """
    "source" LIKE '%.%' AND "url" LIKE 'http%' AND regexp_replace(lower("source"), '^www[.]', '')
    = regexp_replace(lower(regexp_extract("url", '^https?://([^/:?#]+)', 1)), '^www[.]', '')
"""
_NO_CAMPAIGN = '"campaign_id" IS NULL'
_SHOWN = '"touch_id", "contact_id", "happened_on", "kind", "channel", "source", "medium", "campaign_id", "url"'
_ROWS = f'SELECT {_SHOWN} FROM "touches" WHERE {_IN_PATHS}'
_LATEST = f'ORDER BY "happened_on" DESC NULLS LAST, "touch_id" LIMIT {MOST_ROWS}'

_CAMPAIGN = (
    "touches_without_campaign",
    "Touches without a campaign",
    "No campaign gets credit for them. Put utm_campaign into every campaign's links; organic and direct have none.",
    ("touches.kind", "touches.campaign_id"),
)
_SELF_REFERRALS = (
    "self_referrals",
    "Touches whose source is the own site",
    "A visit was cut in two, and its true source is lost. Exclude the own domain as a referrer in the web analytics.",
    ("touches.kind", "touches.source", "touches.url"),
)
_PAYMENTS = (
    "payment_referrals",
    "Touches whose source is a payment provider",
    "People paid and came back. Exclude these domains as referrers in the web analytics.",
    ("touches.kind", "touches.source"),
)


def quality(session: Session) -> tuple[Gap, ...]:
    """Each kind of touch that attribution cannot trust: how many of all, or why that is not known here."""
    return tuple(_counted(session, *kind) for kind in (_CAMPAIGN, _SELF_REFERRALS, _PAYMENTS))


def quality_rows(session: Session, key: str) -> pl.DataFrame:
    """The latest touches of a kind, by their keys and what they say of their source."""
    if key == _PAYMENTS[0]:
        sources = _payment_sources(session)
        select = sqlglot.parse_one(_ROWS, dialect="duckdb")
        assert isinstance(select, exp.Select)
        bound = [exp.Placeholder(this=name) for name in _names(sources)]
        among = exp.In(this=exp.column("source", quoted=True), expressions=bound or [exp.Null()])
        return session.run(f"{select.where(among).sql(dialect='duckdb')} {_LATEST}", _names(sources))
    lacking = _NO_CAMPAIGN if key == _CAMPAIGN[0] else _SELF
    return session.read(f"{_ROWS} AND {lacking} {_LATEST}")


def direct_share(session: Session) -> tuple[pl.DataFrame, str | None]:
    """Columns month, touches, direct, share: of all touches those that nobody knows the source of; or the reason."""
    reason = next((why for need in ("touches.channel", "touches.happened_on") if (why := absent(session, need))), None)
    if reason is not None:
        kinds = {"month": pl.Date, "touches": pl.Int64, "direct": pl.Int64, "share": pl.Float64}
        return pl.DataFrame(schema=kinds), reason
    frame = session.read(
        """
        SELECT "month_on" AS "month", CAST(sum("touches") AS BIGINT) AS "touches",
            CAST(coalesce(sum("touches") FILTER (WHERE "is_direct"), 0) AS BIGINT) AS "direct"
        FROM "touch_sources" WHERE "month_on" IS NOT NULL GROUP BY 1 ORDER BY 1
        """
    )
    return frame.with_columns((pl.col("direct") / pl.col("touches")).alias("share")), None


def _counted(session: Session, key: str, label: str, means: str, needs: tuple[str, ...]) -> Gap:
    reason = next((why for need in needs if (why := absent(session, need))), None)
    if reason is None and key == _SELF_REFERRALS[0] and not _names_sites(session):
        reason = "The addresses of touches name no site, so that its own referrals cannot be told."
    if reason is not None:
        return Gap(key, label, means, reason=reason)
    if key == _PAYMENTS[0]:
        counts = _sources(session)
        return Gap(key, label, means, sum(counts[name] for name in _payment_sources(session)), sum(counts.values()))
    lacking = 'NOT "has_campaign"' if key == _CAMPAIGN[0] else '"is_own_site"'
    rows = session.read(f'SELECT coalesce(sum("touches"), 0) FROM "touch_sources" WHERE {lacking}').item()
    return Gap(key, label, means, int(rows), sum(_sources(session).values()))


def _names_sites(session: Session) -> bool:
    return not session.read('SELECT 1 FROM "touch_sources" WHERE "names_site" LIMIT 1').is_empty()


def _sources(session: Session) -> dict[str | None, int]:
    counted = 'SELECT "source", CAST(sum("touches") AS BIGINT) FROM "touch_sources" GROUP BY 1'
    return dict(session.read(counted).iter_rows())


def _payment_sources(session: Session) -> list[str]:
    """The sources that are a payment provider's domain or below one, as they are written."""
    return sorted(name for name in _sources(session) if name is not None and is_payment_provider(name))


def is_payment_provider(source: str) -> bool:
    """Whether a source is the domain of a payment provider, or one below it."""
    host = source.strip().casefold()
    return any(host == domain or host.endswith(f".{domain}") for domain in _providers())


@functools.cache
def _providers() -> frozenset[str]:
    lines = (line.strip() for line in _PROVIDERS.read_text(encoding="utf-8").splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _names(sources: list[str]) -> dict[str, object]:
    """The sources as values of a statement."""
    return {f"source_{number}": source for number, source in enumerate(sources)}
