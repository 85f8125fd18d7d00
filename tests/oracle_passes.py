"""Passes, stages and creating touches by plain loops over dicts: the oracle for the SQL of `leads`. Reads no SQL.

A company is a dict of table name to rows (dicts; absent columns are None). Instants are naive UTC, and a
row may give the date beside an instant (`created_on`), else it is the instant's own.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

Row = dict[str, Any]
ORDER_OF_STAGES = ["lead", "mql", "sal", "sql", "opportunity", "customer"]
ORDER_OF_KINDS = {"form": 1, "event": 2, "content": 3, "email_click": 4, "ad_click": 5, "visit": 6}
LAST = 99


def leads(
    company: dict[str, list[Row]],
    known_by: dict[str, list[str]],
    recycles: tuple[str, ...] = (),
    ends: tuple[str, ...] = (),
    look_back: int | None = 90,
    ruled: dict[str, dict[tuple[str, int], tuple[dt.datetime, dt.date]]] | None = None,
) -> dict[tuple[str, int], Row]:
    """By contact and pass. `known_by` has per declared stage words, or CRM values written `crm:VALUE`.

    `ruled` has the stamps of stages that a rule decides; their signs only cut passes.
    """
    found: dict[tuple[str, int], Row] = {}
    for contact, attributes, passes in passes_of(company, known_by, recycles, ends):
        for number, one in enumerate(passes, 1):
            for stage, stamps in (ruled or {}).items():
                one["stamps"] = [sign for sign in one["stamps"] if sign["stage"] != stage]
                if (contact, number) in stamps:
                    at, on = stamps[contact, number]
                    one["stamps"].append({"stage": stage, "at": at, "on": on})
            touches = _touches_before(company, contact, one, look_back)
            found[contact, number] = _lead(one, list(known_by), touches, attributes)
    return found


def passes_of(
    company: dict[str, list[Row]], known_by: dict[str, list[str]], recycles: tuple[str, ...], ends: tuple[str, ...]
) -> list[tuple[str, Row, list[Row]]]:
    """Contact, its attributes and its passes with their stamps, for each person in the funnel."""
    contacts = {row["contact_id"]: row for row in company.get("contacts", [])}
    signs = {contact: [] for contact in contacts}
    for contact, sign in _signs(company, known_by, recycles, ends):
        signs.setdefault(contact, []).append(sign)
    for deal in company.get("deals", []):
        if (contact := contact_of(company, deal["deal_id"])) is not None:
            signs.setdefault(contact, [])
    return [
        (contact, contacts.get(contact, {}), _passes(contacts.get(contact, {}), its_signs))
        for contact, its_signs in signs.items()
    ]


def pass_of_deal(company: dict[str, list[Row]], found: dict[tuple[str, int], Row], deal: Row) -> int | None:
    contact = contact_of(company, deal["deal_id"])
    if contact is None:
        return None
    begun = deal.get("created_at") or (deal.get("closed_at") if _is_closed(deal) else None)
    chosen = 1
    for (person, number), lead in sorted(found.items()):
        if person == contact and begun and lead["started_at"] and lead["started_at"] <= begun:
            chosen = number
    return chosen


def contact_of(company: dict[str, list[Row]], deal_id: str) -> str | None:
    """The primary contact, else the one created earliest, then by id."""
    created = {row["contact_id"]: row.get("created_at") for row in company.get("contacts", [])}
    its = [row for row in company.get("deal_contacts", []) if row["deal_id"] == deal_id]
    its = [row for row in its if row.get("is_primary")] or its
    names = [row["contact_id"] for row in its]
    return min(names, key=lambda name: (created.get(name) or dt.datetime.max, name), default=None)


def _is_closed(deal: Row) -> bool:
    if deal.get("is_won"):
        return True
    return deal["is_closed"] if deal.get("is_closed") is not None else deal.get("closed_at") is not None


def _date(row: Row, name: str) -> dt.date | None:
    if row.get(f"{name}_on"):
        return row[f"{name}_on"]
    return row[f"{name}_at"].date() if row.get(f"{name}_at") else None


def _signs(company, known_by, recycles, ends):
    """(contact, sign) of everything dated that enters a stage, recycles or ends."""

    def entering(word: str) -> list[str]:
        return [stage for stage, words in known_by.items() if word in words]

    def meanings(word: str, row: Row, name: str, key: str, reason: str | None, placed: dt.datetime | None = None):
        common = {"at": row[f"{name}_at"], "on": _date(row, name), "key": key, "reason": reason}
        for stage in entering(word):
            yield {**common, "move": "enter", "stage": stage, "rank": ORDER_OF_STAGES.index(stage), "word": word}
        if word in {f"crm:{value}" for value in recycles} | {"recycled"}:
            yield {**common, "move": "recycle", "rank": LAST}
        if word in {f"crm:{value}" for value in ends} | {"rejected", "lost"}:
            yield {**common, "move": "end", "rank": LAST, "placed": placed or row[f"{name}_at"]}

    for row in company.get("contacts", []):
        if row.get("created_at"):
            for sign in meanings("created", row, "created", "", None):
                yield row["contact_id"], sign
    deals = {row["deal_id"]: row for row in company.get("deals", [])}
    for row in company.get("stage_changes", []):
        word, reason, placed = f"crm:{row['stage']}", row.get("reason"), None
        contact = row["object_id"] if row["object"] == "contact" else None
        if row["object"] == "deal":
            deal = deals.get(row["object_id"])
            if deal is None or (deal.get("type") or "new") != "new":
                continue
            contact, placed = contact_of(company, deal["deal_id"]), deal.get("created_at")
        if contact is not None:
            for sign in meanings(word, row, "happened", "crm " + row["stage"], reason, placed):
                yield contact, sign
    for row in company.get("lead_decisions", []):
        for sign in meanings(row["decision"], row, "happened", "verdict " + row["decision"], row.get("reason")):
            yield row["contact_id"], sign
    for deal in deals.values():
        contact = contact_of(company, deal["deal_id"])
        if contact is None or (deal.get("type") or "new") != "new":
            continue
        if deal.get("created_at"):
            for sign in meanings("deal_created", deal, "created", "deal created", None):
                yield contact, sign
        if deal.get("closed_at") and _is_closed(deal) and deal.get("is_won") is not None:
            word = "deal_won" if deal["is_won"] else "lost"
            reason = None if deal["is_won"] else deal.get("loss_reason")
            for sign in meanings(word, deal, "closed", "deal lost", reason, deal.get("created_at")):
                yield contact, sign


def _passes(attributes: Row, signs: list[Row]) -> list[Row]:
    """Walk through the signs in order, opening and closing passes."""
    passes: list[Row] = []
    is_open = False
    for sign in sorted((sign for sign in signs if sign["move"] != "end"), key=lambda sign: (sign["at"], sign["rank"])):
        if sign["move"] == "enter" and sign["word"] == "created" and passes:
            passes[0]["stamps"].append(sign)
        elif sign["move"] == "enter":
            if not is_open:
                passes.append({"stamps": [], "ended_at": None, "ended_on": None, "ends": []})
                is_open = True
            passes[-1]["stamps"].append(sign)
        elif is_open:
            passes[-1]["ended_at"], passes[-1]["ended_on"] = sign["at"], sign["on"]
            is_open = False
    passes = passes or [{"stamps": [], "ended_at": None, "ended_on": None, "ends": []}]
    for number, one in enumerate(passes):
        instants = [sign["at"] for sign in one["stamps"]]
        days = [sign["on"] for sign in one["stamps"]]
        if number == 0 and attributes.get("created_at"):
            instants.append(attributes["created_at"])
            days.append(_date(attributes, "created"))
        one["started_at"], one["started_on"] = min(instants, default=None), min(days, default=None)
    for sign in (sign for sign in signs if sign["move"] == "end"):
        its = passes[0]
        for one in passes:
            if one["started_at"] and one["started_at"] <= sign["placed"]:
                its = one
        its["ends"].append(sign)
    return passes


def _touches_before(company, contact: str, one: Row, look_back: int | None) -> list[Row]:
    """Path touches up to the creation, first to last, with the campaign's own channel and source."""
    campaigns = {row["campaign_id"]: row for row in company.get("campaigns", [])}
    own = [sign for sign in one["stamps"] if sign["stage"] == "lead"]
    anchors = [value for value in (one["started_at"], min((s["at"] for s in own), default=None)) if value]
    days = [value for value in (one["started_on"], min((s["on"] for s in own), default=None)) if value]
    found = []
    for touch in company.get("touches", []):
        if touch.get("contact_id") != contact or touch["kind"] not in ORDER_OF_KINDS or not anchors:
            continue
        if touch["happened_at"] > max(anchors):
            continue
        if look_back is not None and (max(days) - _date(touch, "happened")).days > look_back:
            continue
        campaign = campaigns.get(touch.get("campaign_id"), {})
        own_values = {name: campaign.get(name) or touch.get(name) for name in ("channel", "source")}
        found.append({**touch, **own_values})
    return sorted(found, key=lambda t: (t["happened_at"], ORDER_OF_KINDS[t["kind"]], t["touch_id"]))


def _lead(one: Row, declared: list[str], touches: list[Row], attributes: Row) -> Row:
    lead: Row = {name: one[name] for name in ("started_at", "started_on", "ended_on")}
    ends = sorted(one["ends"], key=lambda sign: (sign["at"], sign["key"], sign["reason"] or "~"))
    lead["lost_on"] = min((sign["on"] for sign in ends), default=None)
    lead["lost_at"] = min((sign["at"] for sign in ends), default=None)
    lead["lost_reason"] = ends[0]["reason"] if ends else None
    for place, stage in enumerate(declared):
        own = [sign for sign in one["stamps"] if sign["stage"] == stage]
        later = [sign for sign in one["stamps"] if sign["stage"] in declared[place:]]
        stamped = min((sign["on"] for sign in own), default=None)
        entered = stamped if place == 0 and own else min((sign["on"] for sign in later), default=None)
        inferred = None if entered is None else stamped is None or entered < stamped
        lead[f"{stage}_stamped_on"], lead[f"{stage}_on"], lead[f"{stage}_inferred"] = stamped, entered, inferred
        lead[f"{stage}_at"] = min((sign["at"] for sign in (later if inferred else own)), default=None)
    creating, first = (touches[-1], touches[0]) if touches else ({}, {})
    for name in ("channel", "source", "campaign_id", "content_id"):
        lead[name], lead[f"first_{name}"] = creating.get(name), first.get(name)
    if not touches:
        lead["channel"], lead["source"] = attributes.get("original_channel"), attributes.get("original_source")
    return lead
