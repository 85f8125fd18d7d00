"""What people decide, say and sign, kept beside the data and never lost by a refresh. The front door of the ledger."""

from alignment.ledger.book import Ledger, Writing, utc_now
from alignment.ledger.entries import Change, Entry
from alignment.ledger.kinds import (
    KINDS,
    Action,
    Adoption,
    Answer,
    Comment,
    Commentary,
    Content,
    ContentRequest,
    Export,
    FieldNote,
    Key,
    Proposal,
    Signature,
    Verdict,
    Workshop,
)

__all__ = [
    "KINDS",
    "Action",
    "Adoption",
    "Answer",
    "Change",
    "Comment",
    "Commentary",
    "Content",
    "ContentRequest",
    "Entry",
    "Export",
    "FieldNote",
    "Key",
    "Ledger",
    "Proposal",
    "Signature",
    "Verdict",
    "Workshop",
    "Writing",
    "utc_now",
]
