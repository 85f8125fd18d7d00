"""Records of the ledger that are about what the data no longer has, as a section of Data health. Mends nothing."""

from __future__ import annotations

from alignment.colleagues import people_of
from alignment.gone import gone, listed
from alignment.ledger import Ledger
from data.errors import TandemError
from pages._page import View
from pages._panels import column_formats, show_reason, show_table

__all__ = ["gone_records"]

TITLE = "Which records are about what is gone?"


def gone_records(seen: View) -> None:
    """A row per record and key that a refresh no longer brings; the record stays as it was written."""
    try:
        found = gone(Ledger.open(seen.session.company), seen.session)
    except TandemError as error:
        show_reason(TITLE, str(error), key="gone_records")
        return
    if not found:
        show_reason(TITLE, "None: whatever people wrote about is still in the data.", key="gone_records")
        return
    labels = {"record": "Record", "about": "About", "who": "Written by", "merged_into": "Merged into"}
    show_table(
        TITLE,
        "People wrote these about leads, deals or others that the last refresh did not bring. They stay as they were"
        " written, and are withdrawn where they were made. Keys of leads are masked; python tandem.py ledger check"
        " names them.",
        listed(found, people_of(seen.session)),
        key="gone_records",
        columns=column_formats({}, {**labels, "added_on": "Written on"}),
    )
