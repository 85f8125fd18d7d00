"""The journey of a deal: its touches and shares, sales beside them, stages, what was seen before; and its page."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from metrics import Session
from metrics.journeys import Journey, journey_of, latest_deal
from pages._theme import LIGHT
from pages._timeline import Lane, Mark, Moment, Stretch, timeline_drawing
from tests.one_page import OBEYED, markup, one_page, read, said
from tests.tiny_sessions import TinyCompany, rows_in

Row = dict[str, Any]
HOSTILE = "x'; DROP TABLE deals; --"
NAME = "![a](https://x.example) <img src=x> **b** :red[c] $x^2$"


def at(day: int, hour: int = 9) -> dt.datetime:
    return dt.datetime(2024, 1, 1) + dt.timedelta(days=day, hours=hour)


def rows(**more: list[Row]) -> dict[str, list[Row]]:
    """One won deal of two contacts: two touches before sales calls, one after; a touch after the close."""
    told: dict[str, list[Row]] = {
        "contacts": [{"contact_id": "C1", "created_at": at(1, 9)}, {"contact_id": "C2", "created_at": at(8)}],
        "people": [{"person_id": "P", "name": "Ada", "team": "sales"}],
        "content": [{"content_id": "guide", "title": "The guide"}],
        "touches": [
            {"touch_id": "T1", "contact_id": "C1", "happened_at": at(1), "kind": "form", "channel": "Search"}
            | {"content_id": "guide"},
            {"touch_id": "T2", "contact_id": "C2", "happened_at": at(3), "kind": "content", "channel": "E-mail"}
            | {"content_id": "unlisted"},
            {"touch_id": "T3", "contact_id": "C1", "happened_at": at(9), "kind": "visit", "channel": None}
            | {"content_id": "guide"},
            {"touch_id": "T4", "contact_id": "C1", "happened_at": at(60), "kind": "visit", "channel": "Search"},
        ],
        "activities": [
            {"activity_id": "A0", "person_id": "P", "kind": "email", "happened_at": at(2), "is_automatic": True},
            {"activity_id": "A1", "deal_id": "D", "person_id": "P", "kind": "call", "happened_at": at(5)},
            {"activity_id": "A2", "deal_id": "other", "person_id": "P", "kind": "call", "happened_at": at(6)},
            {"activity_id": "A3", "person_id": "P", "kind": "call", "happened_at": at(70)},
        ],
        "activity_contacts": [{"activity_id": key, "contact_id": "C1"} for key in ("A0", "A2", "A3")],
        "deals": [
            {"deal_id": "D", "name": NAME, "owner_id": "P", "created_at": at(10), "closed_at": at(40), "is_won": True}
            | {"is_closed": True, "type": "new", "amount": 1000, "currency": "EUR"},
            {"deal_id": HOSTILE, "created_at": at(10), "is_closed": False, "type": "new", "amount": 5}
            | {"currency": "EUR"},
            {"deal_id": "L", "created_at": at(10), "closed_at": at(40), "is_won": False, "is_closed": True},
        ],
        "deal_contacts": [
            {"deal_id": deal, "contact_id": who} for deal in ("D", HOSTILE, "L") for who in ("C1", "C2")
        ],
        "merges": [{"object": "deal", "old_id": "was", "new_id": "D"}],
    }  # fmt: skip
    return {**told, **more}


@pytest.fixture(scope="module")
def session() -> Session:
    return TinyCompany(time_zone="Europe/Berlin").session(rows())


def journey(session: Session, deal: str, model: str = "linear") -> Journey:
    found = journey_of(session, deal, model)
    assert found is not None
    return found


class TestWhatLedToIt:
    def test_touches_stand_in_their_order_each_with_its_share(self, session: Session) -> None:
        frame = journey(session, "D").touches
        assert frame["touch_id"].to_list() == ["T1", "T2", "T3"], "a touch after the close led to nothing"
        assert frame["share"].to_list() == pytest.approx([1 / 3] * 3)
        assert frame["value"].sum() == pytest.approx(1000)
        assert journey(session, "D", "first").touches["share"].to_list() == [1, 0, 0]

    def test_contacts_are_numbers_in_the_order_in_which_they_come(self, session: Session) -> None:
        assert journey(session, "D").touches["contact"].to_list() == [1, 2, 1]

    def test_instants_are_those_of_the_companys_clock(self, session: Session) -> None:
        assert journey(session, "D").touches["happened_at"][0] == at(1, 10)

    def test_sales_stands_beside_with_what_it_did_for_the_deal_and_its_contacts(self, session: Session) -> None:
        frame = journey(session, "D").activities
        assert frame["kind"].to_list() == ["email", "call"], "neither another deal's nor after the close"
        assert frame["person"].to_list() == ["Ada", "Ada"]

    def test_what_was_seen_ends_where_a_person_gets_in_touch(self, session: Session) -> None:
        found = journey(session, "D")
        assert found.reached_at == at(5, 10), "an automatic mail is no person"
        assert found.seen.rows() == [("The guide", 1, at(1, 10)), ("unlisted", 1, at(3, 10))]

    def test_a_deal_still_open_shares_out_its_pipeline_up_to_its_creation(self, session: Session) -> None:
        found = journey(session, HOSTILE)
        assert (found.deal.how, found.touches["value"].sum()) == ("open", pytest.approx(5))
        assert "full_path" not in found.models
        assert journey(session, HOSTILE, "full_path").model == found.models[0]

    def test_a_lost_deal_shares_out_nothing(self, session: Session) -> None:
        found = journey(session, "L")
        assert (found.deal.how, found.model, found.touches["share"].null_count()) == ("lost", None, 3)

    def test_a_merged_deal_is_the_one_it_became(self, session: Session) -> None:
        assert journey(session, "was").deal.deal_id == "D"

    @pytest.mark.parametrize("deal", ["nobody", "", "' OR 1=1 --", "$deal", "D; SELECT 1", "\x00", "D" * 10_000])
    def test_no_deal_is_nothing_whatever_is_written(self, session: Session, deal: str) -> None:
        assert journey_of(session, deal, "linear") is None

    def test_the_lead_is_in_one_stage_after_the_other(self, session: Session) -> None:
        found = journey(session, "D")
        assert found.bands
        assert all(band.since < band.until for band in found.bands)
        assert [band.since for band in found.bands[1:]] == [band.until for band in found.bands[:-1]]
        assert found.bands[-1].until == found.end

    def test_deals_of_the_demo_share_out_what_they_are_worth(self, demo: Session) -> None:
        paths: dict[str, list[Row]] = {}
        for row in rows_in(demo, "credit"):
            if row["goal"] == "close" and row["touch_id"] is not None and row["amount"] is not None:
                paths.setdefault(str(row["deal_id"]), []).append(row)
        for deal in sorted(paths)[:20]:
            found = journey(demo, deal, "u_shaped")
            assert sorted(found.touches["touch_id"]) == sorted(row["touch_id"] for row in paths[deal])
            assert found.touches["value"].sum() == pytest.approx(float(paths[deal][0]["amount"]))


class TestPage:
    def page(self, monkeypatch: pytest.MonkeyPatch, demo: Session, **address: str) -> AppTest:
        return one_page(monkeypatch, "journey", demo.company.folder, **address)

    def test_it_opens_with_the_deal_won_last(self, monkeypatch: pytest.MonkeyPatch, demo: Session) -> None:
        screen = self.page(monkeypatch, demo)
        assert read(screen.title[0].value) == "What led to this deal?"
        assert f"deal {latest_deal(demo)}" in said(screen)
        assert "When did what happen?" in said(screen)

    def test_a_link_opens_its_deal_and_names_no_contact(self, monkeypatch: pytest.MonkeyPatch, demo: Session) -> None:
        deal = sorted(str(row["deal_id"]) for row in rows_in(demo, "journeys") if row["goal"] == "creation")[0]
        screen = self.page(monkeypatch, demo, deal=deal)
        assert f"deal {deal}" in said(screen)
        columns = {name for shown in screen.dataframe for name in shown.value.columns}
        assert "contact" in columns
        assert not columns & {"contact_id", "email", "name"}

    def test_where_nobody_knows_what_sales_did_no_origin_is_told(
        self, monkeypatch: pytest.MonkeyPatch, olist: Session
    ) -> None:
        screen = one_page(monkeypatch, "journey", olist.company.folder)
        assert "originated" not in said(screen)
        assert "No activity of sales is known" in said(screen)

    def test_an_unknown_deal_is_a_sentence_and_stays_text(self, monkeypatch: pytest.MonkeyPatch, demo: Session) -> None:
        screen = self.page(monkeypatch, demo, deal=NAME)
        assert "has no deal '![a]" in said(screen).replace("\\", "")
        assert not OBEYED.search(markup(screen))
        assert not screen.dataframe

    def test_hostile_words_in_the_picture_stay_text(self) -> None:
        lanes = [Lane(NAME, "marketing", (Mark(at(1), (NAME,)), Mark(at(2), (NAME,), is_quiet=True)))]
        bands, moments = [Stretch(NAME, at(1), at(9))], [Moment(NAME, at(3))]
        drawing = timeline_drawing(lanes, bands, moments, at(1), at(9), LIGHT)
        texts = [text["text"] for text in drawing.texts] + [text.get("hovertext", "") for text in drawing.texts]
        texts += [said for trace in drawing.traces for said in trace["hovertext"]]
        assert len([text for text in texts if "x.example" in read(text)]) >= 4
        assert not [text for text in texts if "<img" in text or "<b>x" in text]

    @pytest.mark.parametrize(("day", "anchor"), [(1, "left"), (3, "left"), (5, "right"), (9, "right")])
    def test_the_name_of_a_moment_stays_in_the_picture_on_a_phone(self, day: int, anchor: str) -> None:
        moment = Moment("Deal created 2 May", at(day))
        drawing = timeline_drawing([Lane("Sales", "sales", ())], [], [moment], at(1), at(9), LIGHT)
        named = next(text for text in drawing.texts if text["text"] == "Deal created 2 May")
        assert named["xanchor"] == anchor

    def test_the_two_ends_never_stand_on_each_other(self) -> None:
        for end, lines in ((at(9), 1), (at(9) + dt.timedelta(days=400), 2)):
            drawing = timeline_drawing([Lane("Sales", "sales", ())], [], [], at(1), end, LIGHT)
            *_, first, last = drawing.texts
            assert len({first["yshift"], last["yshift"]}) == lines
            assert -drawing.bottom < last["yshift"]

    def test_a_moment_alone_is_a_picture_too(self) -> None:
        drawing = timeline_drawing([Lane("Sales", "sales", (Mark(at(1), ()),))], [], [], at(1), at(1), LIGHT)
        assert drawing.traces[0]["x"] == [0]
