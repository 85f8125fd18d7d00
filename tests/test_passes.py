"""Passes, stages and where a lead came from: each rule by hand, and with the oracle as a second opinion."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest

from tests.compared_passes import FULL, NO_LEAD, leads_as_the_oracle_says
from tests.tiny_tables import workbench

Row = dict[str, Any]


def day(number: int, hour: int = 0) -> dt.datetime:
    return dt.datetime(2024, 3, number, hour)


def on(number: int) -> dt.date:
    return dt.date(2024, 3, number)


def change(stage: str, at: dt.datetime, contact: str = "C", **more: object) -> Row:
    return {"object": "contact", "object_id": contact, "stage": stage, "happened_at": at, **more}


def touch(name: str, at: dt.datetime, **more: object) -> Row:
    return {"touch_id": name, "contact_id": "C", "happened_at": at, "kind": "visit", "channel": name, **more}


def won(at: dt.datetime | None, **more: object) -> dict[str, list[Row]]:
    deal = {"deal_id": "D", "closed_at": at, "is_won": True, **more}
    return {"deals": [deal], "deal_contacts": [{"deal_id": "D", "contact_id": "C"}]}


def leads(known_by: dict[str, list[str]] = FULL, look_back: int | None = 90, **tables: list[Row]) -> dict[int, Row]:
    """The passes of contact C, after comparing those of every contact with the oracle."""
    found = leads_as_the_oracle_says(workbench(tables), tables, known_by, look_back)
    return {number: row for (contact, number), row in found.items() if contact == "C"}


def created(at: dt.datetime | None, contact: str = "C", **more: object) -> Row:
    return {"contact_id": contact, "created_at": at, **more}


class TestPasses:
    def test_the_first_pass_starts_at_the_creation(self) -> None:
        (lead,) = leads(contacts=[created(day(3))], stage_changes=[change("MQL", day(5))]).values()
        assert (lead["started_on"], lead["lead_on"], lead["mql_on"], lead["is_first_pass"]) == (
            on(3),
            on(3),
            on(5),
            True,
        )

    def test_the_first_pass_starts_at_a_stamp_before_the_creation(self) -> None:
        (lead,) = leads(contacts=[created(day(10))], stage_changes=[change("MQL", day(5))]).values()
        assert (lead["started_on"], lead["lead_on"], lead["mql_on"]) == (on(5), on(10), on(5))

    def test_a_forward_move_after_recycling_starts_a_new_pass(self) -> None:
        moves = [change("MQL", day(4)), change("Nurture", day(6)), change("MQL", day(9)), change("SQL", day(10))]
        found = leads(contacts=[created(day(3))], stage_changes=moves)
        assert [(found[n]["started_on"], found[n]["mql_on"], found[n]["ended_on"]) for n in (1, 2)] == [
            (on(3), on(4), on(6)),
            (on(9), on(9), None),
        ]
        assert found[1]["sql_on"] is None
        assert (found[2]["lead_on"], found[2]["lead_inferred"], found[2]["is_first_pass"]) == (on(9), True, False)

    def test_several_signs_of_one_recycling_start_one_pass(self) -> None:
        found = leads(
            contacts=[created(day(3))],
            stage_changes=[change("Nurture", day(6)), change("Nurture", day(8)), change("MQL", day(9))],
            lead_decisions=[{"contact_id": "C", "decision": "recycled", "happened_at": day(7)}],
        )
        assert found.keys() == {1, 2}
        assert (found[1]["ended_on"], found[2]["started_on"]) == (on(6), on(9))

    def test_recycling_without_a_move_after_it_starts_nothing(self) -> None:
        assert leads(contacts=[created(day(3))], stage_changes=[change("Nurture", day(6))]).keys() == {1}

    def test_recycling_before_any_forward_move_ends_nothing(self) -> None:
        (lead,) = leads(contacts=[created(day(5))], stage_changes=[change("Nurture", day(2))]).values()
        assert (lead["started_on"], lead["ended_on"]) == (on(5), None)

    def test_a_late_creation_belongs_to_the_first_pass(self) -> None:
        moves = [change("MQL", day(2)), change("Nurture", day(3)), change("Nurture", day(11)), change("MQL", day(12))]
        found = leads(contacts=[created(day(10))], stage_changes=moves)
        assert found.keys() == {1, 2}
        assert (found[1]["lead_stamped_on"], found[2]["lead_stamped_on"]) == (on(10), None)

    def test_a_move_backward_stays_in_the_pass(self) -> None:
        moves = [change("SQL", day(4)), change("MQL", day(6)), change("Lead", day(7))]
        (lead,) = leads(contacts=[created(day(3))], stage_changes=moves).values()
        assert (lead["mql_on"], lead["mql_inferred"], lead["mql_stamped_on"]) == (on(4), True, on(6))

    @pytest.mark.parametrize("stages", list(itertools.permutations(["Nurture", "MQL", "SQL"])))
    def test_at_one_instant_stages_come_before_their_recycling(self, stages: tuple[str, ...]) -> None:
        found = leads(contacts=[created(day(4))], stage_changes=[change(stage, day(4)) for stage in stages])
        assert found.keys() == {1}
        assert (found[1]["sql_on"], found[1]["ended_on"]) == (on(4), on(4))

    def test_a_contact_known_only_from_a_deal_has_a_pass(self) -> None:
        (lead,) = leads(contacts=[], **won(day(8), created_at=day(6))).values()
        assert (lead["started_on"], lead["opportunity_on"], lead["customer_on"]) == (on(6), on(6), on(8))

    def test_a_contact_without_any_date_has_a_row_without_dates(self) -> None:
        (lead,) = leads(contacts=[created(None)]).values()
        assert (lead["started_on"], lead["lead_on"], lead["lead_inferred"]) == (None, None, None)


class TestLosses:
    def test_a_pass_is_lost_by_its_first_end(self) -> None:
        (lead,) = leads(
            contacts=[created(day(3))],
            stage_changes=[change("Junk", day(9), reason="spam")],
            lead_decisions=[{"contact_id": "C", "decision": "rejected", "happened_at": day(8), "reason": "student"}],
        ).values()
        assert (lead["lost_on"], lead["lost_reason"]) == (on(8), "student")

    def test_a_lost_deal_loses_the_pass_it_was_created_in(self) -> None:
        deal = {"deal_id": "D", "created_at": day(5), "closed_at": day(15), "is_won": False, "loss_reason": "price"}
        found = leads(
            contacts=[created(day(3))],
            stage_changes=[change("Nurture", day(7)), change("MQL", day(9))],
            deals=[deal],
            deal_contacts=[{"deal_id": "D", "contact_id": "C"}],
        )
        assert [(found[n]["lost_on"], found[n]["lost_reason"]) for n in (1, 2)] == [(on(15), "price"), (None, None)]

    def test_an_end_after_recycling_belongs_to_the_pass_that_is_over(self) -> None:
        moves = [change("Nurture", day(5)), change("Junk", day(6)), change("MQL", day(7))]
        found = leads(contacts=[created(day(3))], stage_changes=moves)
        assert [found[n]["lost_on"] for n in (1, 2)] == [on(6), None]

    def test_the_first_end_without_a_reason_borrows_none(self) -> None:
        moves = [change("Junk", day(5)), change("Junk", day(6), reason="spam")]
        assert leads(contacts=[created(day(3))], stage_changes=moves)[1]["lost_reason"] is None

    @pytest.mark.parametrize("deal", [{"is_closed": False}, {"is_won": None, "is_closed": True}, {"type": "renewal"}])
    def test_a_deal_that_is_open_or_unjudged_or_not_new_loses_nothing(self, deal: Row) -> None:
        row = {"deal_id": "D", "created_at": day(5), "closed_at": day(15), "is_won": False, **deal}
        found = leads(contacts=[created(day(3))], deals=[row], deal_contacts=[{"deal_id": "D", "contact_id": "C"}])
        assert found[1]["lost_on"] is None


class TestDeals:
    def test_a_deal_stamps_its_primary_contact(self) -> None:
        tables = won(day(9))
        tables["deal_contacts"] = [
            {"deal_id": "D", "contact_id": "A", "is_primary": False},
            {"deal_id": "D", "contact_id": "C", "is_primary": True},
        ]
        assert leads(contacts=[created(day(1), "A"), created(day(5))], **tables)[1]["customer_on"] == on(9)

    def test_without_a_primary_contact_it_stamps_the_one_created_earliest(self) -> None:
        tables = won(day(9))
        tables["deal_contacts"] = [{"deal_id": "D", "contact_id": name, "is_primary": None} for name in ("A", "B", "C")]
        contacts = [created(None, "A"), created(day(2), "B"), created(day(2))]
        assert leads(contacts=contacts, **tables)[1]["customer_on"] is None
        contacts = [created(None, "A"), created(day(3), "B"), created(day(2))]
        assert leads(contacts=contacts, **tables)[1]["customer_on"] == on(9)

    @pytest.mark.parametrize(
        ("kind", "stamped"), [(None, on(9)), ("new", on(9)), ("expansion", None), ("renewal", None)]
    )
    def test_only_deals_of_type_new_stamp(self, kind: str | None, stamped: dt.date | None) -> None:
        assert leads(contacts=[created(day(3))], **won(day(9), type=kind))[1]["customer_on"] == stamped

    def test_a_stage_of_a_deal_stamps_its_contact(self) -> None:
        moves = [{"object": "deal", "object_id": "D", "stage": "Proposal", "happened_at": day(6)}]
        found = leads(contacts=[created(day(3))], stage_changes=moves, **won(day(9), created_at=day(7)))
        assert found[1]["opportunity_stamped_on"] == on(6)

    def test_a_win_without_a_close_date_stamps_nothing(self) -> None:
        assert leads(contacts=[created(day(3))], **won(None))[1]["customer_on"] is None


class TestStages:
    def test_a_customer_was_once_qualified(self) -> None:
        (lead,) = leads(contacts=[created(day(3))], **won(day(9))).values()
        assert [lead[f"{stage}_on"] for stage in ("lead", "mql", "sal", "sql", "opportunity", "customer")] == [
            on(3), *[on(9)] * 5
        ]  # fmt: skip
        assert [lead[f"{stage}_inferred"] for stage in ("lead", "mql", "customer")] == [False, True, False]
        assert lead["mql_stamped_on"] is None

    def test_a_stage_dated_after_a_later_one_is_inferred_and_keeps_its_stamp(self) -> None:
        moves = [change("SQL", day(4, 9)), change("MQL", day(6))]
        (lead,) = leads(contacts=[created(day(3))], stage_changes=moves).values()
        assert (lead["mql_on"], lead["mql_at"], lead["mql_stamped_on"]) == (on(4), day(4, 9), on(6))

    def test_two_stages_of_one_day_are_both_stamped(self) -> None:
        moves = [change("SQL", day(4, 9)), change("MQL", day(4, 11))]
        (lead,) = leads(contacts=[created(day(3))], stage_changes=moves).values()
        assert (lead["mql_inferred"], lead["mql_at"], lead["sql_at"]) == (False, day(4, 11), day(4, 9))

    def test_the_first_stage_keeps_its_own_stamp(self) -> None:
        (lead,) = leads(
            {"lead": ["created"], "customer": ["deal_won"]}, contacts=[created(day(9))], **won(day(4))
        ).values()
        assert (lead["lead_on"], lead["lead_inferred"], lead["customer_on"]) == (on(9), False, on(4))

    def test_the_earliest_of_several_signs_counts(self) -> None:
        moves = [change("Lead", day(2)), change("Lead", day(8))]
        assert leads(contacts=[created(day(5))], stage_changes=moves)[1]["lead_stamped_on"] == on(2)

    def test_an_undeclared_stage_implies_nothing(self) -> None:
        found = leads(NO_LEAD, contacts=[created(day(3))], stage_changes=[change("SQL", day(5))])
        assert found[1]["mql_on"] is None
        assert "sql_on" not in found[1]

    def test_a_value_with_a_quote_is_a_value(self) -> None:
        known_by = {"lead": ["created"], "mql": ["crm:M'Q\"L; --"]}
        found = leads(known_by, contacts=[created(day(3))], stage_changes=[change("M'Q\"L; --", day(5))])
        assert found[1]["mql_on"] == on(5)


class TestCreatingTouch:
    def test_it_is_the_last_touch_up_to_the_creation(self) -> None:
        touches = [touch("first", day(2)), touch("last", day(5)), touch("after", day(5, 1))]
        lead = leads(contacts=[created(day(5))], touches=touches)[1]
        assert (lead["channel"], lead["first_channel"]) == ("last", "first")

    def test_a_customer_won_before_the_creation_still_has_it(self) -> None:
        known_by = {"lead": ["created"], "customer": ["deal_won"]}
        tables = won(day(4))
        lead = leads(known_by, contacts=[created(day(9))], touches=[touch("social", day(9))], **tables)[1]
        assert (lead["started_on"], lead["customer_on"], lead["lead_on"]) == (on(4), on(4), on(9))
        assert lead["channel"] == "social"

    def test_it_is_searched_inside_the_look_back_in_whole_days(self) -> None:
        touches = [touch("outside", day(1, 23)), touch("inside", day(2, 1))]
        lead = leads(look_back=3, contacts=[created(day(5, 12))], touches=touches)[1]
        assert lead["first_channel"] == "inside"
        lead = leads(look_back=None, contacts=[created(day(5, 12))], touches=touches)[1]
        assert lead["first_channel"] == "outside"

    def test_at_one_instant_the_order_of_kinds_and_then_the_id_decide(self) -> None:
        touches = [touch("a", day(5), kind="visit"), touch("c", day(5), kind="form"), touch("b", day(5), kind="visit")]
        lead = leads(contacts=[created(day(5))], touches=touches)[1]
        assert (lead["channel"], lead["first_channel"]) == ("b", "c")

    def test_a_touch_that_is_in_no_path_creates_nothing(self) -> None:
        touches = [touch(kind, day(4), kind=kind) for kind in ("email_sent", "email_open", "sales_share")]
        contact = created(day(5), original_channel="organic", original_source="google")
        lead = leads(contacts=[contact], touches=touches)[1]
        assert (lead["channel"], lead["source"], lead["first_channel"]) == ("organic", "google", None)

    def test_a_touch_without_a_channel_is_not_replaced_by_the_original_source(self) -> None:
        contact = created(day(5), original_channel="organic", original_source="google")
        lead = leads(contacts=[contact], touches=[touch("T", day(5), channel=None)])[1]
        assert (lead["channel"], lead["source"]) == (None, None)

    def test_a_campaigns_own_channel_wins(self) -> None:
        campaigns = [{"campaign_id": "G", "channel": "paid", "source": None}]
        touches = [touch("T", day(4), campaign_id="G", source="ads", content_id="page")]
        lead = leads(contacts=[created(day(5))], touches=touches, campaigns=campaigns)[1]
        assert [lead[name] for name in ("channel", "source", "campaign_id", "content_id")] == [
            "paid",
            "ads",
            "G",
            "page",
        ]

    def test_each_pass_has_its_own(self) -> None:
        moves = [change("MQL", day(4)), change("Nurture", day(6)), change("MQL", day(9))]
        touches = [touch("one", day(2)), touch("two", day(8)), touch("three", day(10))]
        found = leads(contacts=[created(day(3))], stage_changes=moves, touches=touches)
        assert [(found[n]["channel"], found[n]["first_channel"]) for n in (1, 2)] == [("one", "one"), ("two", "one")]
