"""Who the leads of one campaign became, as a table. Computes nothing; names no contact."""

from __future__ import annotations

import streamlit as st

from metrics.campaign_leads import leads_of
from pages._campaign_pictures import Campaigns
from pages._page import View, crm_links, to_journeys
from pages._panels import column_formats, show_reason, show_table
from pages._words import count

__all__ = ["leads"]

TITLE = "Who did its leads become?"


def leads(seen: View, found: Campaigns) -> None:
    """A campaign to choose, the one with the most leads first, and once it is chosen its latest leads."""
    names = _campaigns(found)
    if not names:
        reason = found.reason or "No lead is known by its campaign yet."
        show_reason(TITLE, reason, key="campaign_leads")
        return
    label, empty = "Leads of the campaign", "Choose a campaign"
    campaign = st.selectbox(
        label, names, index=None, placeholder=empty, format_func=found.name, key="campaign_of_leads"
    )
    if campaign is None:
        told = "Of a campaign that you choose: each lead, how far it came, what sales said of it, and its deal."
        show_reason(TITLE, told, key="campaign_leads")
        return
    of = leads_of(seen.session, campaign)
    kept = "" if of.every == of.frame.height else f", the latest {count(of.frame.height)} of them below"
    linked, crm = crm_links(seen, of.frame)
    shown, columns = to_journeys(linked, crm)
    labels = {
        "lead": "Lead", "stage": "Stage", "owner": "Owner", "verdict": "Verdict", "reason": "Reason", "deal_id": "Deal",
        "outcome": "Outcome", "amount": f"Amount in {seen.currency}",
    }  # fmt: skip
    formats = column_formats({"amount": "money"}, labels) | columns
    formats["started_on"] = st.column_config.DateColumn("Came on", format="YYYY-MM-DD")
    show_table(
        TITLE,
        f"{count(of.every)} leads came by {found.name(campaign)}, recycled ones included{kept}. Of each the furthest"
        " stage, the latest verdict, and the deal that was won, else the latest. The CRM knows their names.",
        shown.drop("contact_id"),
        key="campaign_leads",
        columns=formats,
    )


def _campaigns(found: Campaigns) -> list[str]:
    """The campaigns that have leads, those with the most first."""
    if found.dimension != "campaign" or "leads" in found.to_date.reasons:
        return []
    frame = found.to_date.frame.drop_nulls("campaign").filter(found.to_date.frame.drop_nulls("campaign")["leads"] > 0)
    return list(frame.sort("leads", "campaign", descending=[True, False])["campaign"])
