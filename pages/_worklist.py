"""The leads that wait for a first touch, as a table with ways into the CRM. Computes nothing; names no contact."""

from __future__ import annotations

import streamlit as st

from alignment.worklist import Worklist
from pages._dates import day
from pages._page import View, crm_links
from pages._panels import column_formats, show_reason, show_table

__all__ = ["choose_owner", "worklist"]

TITLE = "Which leads need a person now?"
EVERYBODY = ""


def choose_owner(everybody: Worklist) -> str | None:
    """Whose leads are shown: a name, in the address of the page; None for everybody's."""
    owners = {key: name for key, name in everybody.owners.items() if key is not None}
    if not owners:
        return None
    chosen = st.selectbox(
        "Whose leads", [EVERYBODY, *owners], format_func=lambda key: owners.get(key, "Everybody's"), key="owner",
        bind="query-params",
    )  # fmt: skip
    return chosen or None


def worklist(seen: View, found: Worklist) -> None:
    """Owner, account, the end of the contact's id, the way into the CRM, and what is left of the promise."""
    key = "worklist"
    if found.reason is not None or found.as_of is None:
        show_reason(TITLE, found.reason or "No file says how far its data reaches.", key=key)
        return
    as_of = f"As of the end of {day(found.as_of)}"
    promise = f"{found.promise:g} business hours"
    if found.frame.is_empty():
        show_reason(TITLE, f"{as_of} every lead was answered or has more than an hour left of its {promise}.", key=key)
        return
    soon = found.every - found.broken
    kept = "" if found.every == found.frame.height else f" The first {found.frame.height:,} of them stand below."
    linked, crm = crm_links(seen, found.frame)
    labels = {"lead": "Lead", "account": "Account", "owner": "Owner"}
    columns = column_formats({"left": "hours"}, {**labels, "left": "Hours left"}) | crm
    columns["since_on"] = st.column_config.DateColumn("Assigned on", format="YYYY-MM-DD")
    show_table(
        TITLE,
        f"{as_of}: {found.broken:,} leads wait longer than the {promise} promised, {soon:,} more break it within an"
        " hour. What can still be kept comes first, then what broke last; below zero a lead is over by so many"
        f" business hours of its owner's calendar. All leads, whatever the filters.{kept}",
        linked.drop("is_broken", "contact_id", "account_id", "owner_id", "pass"),
        key=key,
        columns=columns,
    )
