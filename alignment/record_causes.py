"""Why a record adds another amount than when its month was sealed. Compares extracts; asks nothing."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from alignment.snapshots import Snapshot

__all__ = ["Causes", "Extracts"]

_FIELDS = ("deal_type", "stage", "created_on", "closed_on", "is_won", "is_lost", "original_amount", "currency")


class Extracts:
    """What was known of contacts, deals and merges at one time."""

    def __init__(self, frames: Mapping[str, pl.DataFrame]) -> None:
        contacts, merges, deals = (frames.get(f"records/{name}") for name in ("contacts", "merges", "deals"))
        self.contacts = frozenset(contacts["contact_id"].cast(pl.String)) if contacts is not None else frozenset()
        self.merges = frozenset(merges.cast(pl.String).iter_rows()) if merges is not None else frozenset()
        shown = deals.select("deal_id", *_FIELDS) if deals is not None else pl.DataFrame()
        self.deals = {str(row[0]): row[1:] for row in shown.iter_rows()}

    @classmethod
    def sealed(cls, snapshot: Snapshot) -> Extracts:
        names = ("records/contacts", "records/merges", "records/deals")
        return cls({name: snapshot.frame(name) for name in names if snapshot.has(name)})


class Causes:
    """Tells the cause of a record's effect from what was known when the month was sealed and what is known today."""

    def __init__(self, then: Extracts, now: Extracts) -> None:
        self._then, self._now = then, now
        # Both the record that went into another and the one that took it in are changed by a merge.
        fresh = now.merges - then.merges
        self._merged = {
            kind: {key for what, *keys in fresh if what == kind for key in keys} for kind in ("contact", "deal")
        }

    def of(self, kind: str, record: str, before: float, after: float) -> str:
        """The cause, as CAUSES of restatement names it. `record` is the key as text, `kind` what it is of."""
        key = record.split(" / ")[0]
        if kind == "contact":
            return self._of_contact(key)
        if kind == "deal":
            return self._of_deal(key)
        if before and after:
            return "corrected record"
        return "late event" if after else "deleted record"

    def _of_contact(self, key: str) -> str:
        if key in self._merged["contact"]:
            return "merged contact"
        return "late event" if key in self._now.contacts else "deleted contact"

    def _of_deal(self, key: str) -> str:
        if key in self._merged["deal"]:
            return "merged deal"
        if key not in self._now.deals:
            return "deleted deal"
        if key in self._then.deals and self._then.deals[key] != self._now.deals[key]:
            return "edited deal"
        return "late event"
