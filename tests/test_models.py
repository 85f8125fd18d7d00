"""The joined model: money, customers, deals and their passes, and why a column has no answer."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from data.absences import reasons
from data.description import TableDescription, description_from, description_to
from data.engine import Workbench
from tests.tiny_tables import build, company_at, everything_mapped, rows_of, stages_of, workbench

Row = dict[str, Any]
STAGES = stages_of({"lead": ["created"], "mql": ["crm:MQL"], "customer": ["deal_won"]}, ("Nurture",))


def at(month: int, day: int, hour: int = 0) -> dt.datetime:
    return dt.datetime(2024, month, day, hour)


def built(folder: Path, **tables: list[Row]) -> Workbench:
    bench = workbench(tables)
    build(bench, STAGES, company_at(folder))
    return bench


def won(name: str, closed_at: dt.datetime | None, **more: object) -> Row:
    return {"deal_id": name, "created_at": at(1, 1), "closed_at": closed_at, "is_won": True, **more}


def rate(day: dt.datetime, value: float, currency: str = "CHF") -> Row:
    return {"rate_on": day.date(), "currency": currency, "rate": value}


class TestMoney:
    def test_a_win_is_converted_at_its_close_day_and_its_pipeline_at_its_creation_day(self, tmp_path: Path) -> None:
        deal = won("D", at(2, 3), amount=Decimal("100.00"), currency="CHF")
        bench = built(tmp_path, deals=[deal], exchange_rates=[rate(at(1, 1), 0.9), rate(at(2, 1), 1.1)])
        assert rows_of(bench, "revenue", "deal_id")["D"]["amount"] == Decimal("110.00")
        assert rows_of(bench, "pipeline", "deal_id")["D"]["amount"] == Decimal("90.00")
        assert rows_of(bench, "revenue", "deal_id")["D"]["original_amount"] == Decimal("100.00")

    @pytest.mark.parametrize(("day", "amount"), [(8, Decimal("50.00")), (9, None)])
    def test_a_rate_holds_for_seven_days(self, tmp_path: Path, day: int, amount: Decimal | None) -> None:
        deal = won("D", at(1, day), amount=Decimal("100.00"), currency="CHF")
        bench = built(tmp_path, deals=[deal], exchange_rates=[rate(at(1, 1), 0.5), rate(at(1, 20), 0.7)])
        row = rows_of(bench, "revenue", "deal_id")["D"]
        assert (row["amount"], row["rate_missing"], row["currency"]) == (amount, amount is None, "CHF")

    def test_the_companys_own_currency_needs_no_rate(self, tmp_path: Path) -> None:
        deals = [won("A", at(1, 5), amount=Decimal("10.10"), currency="EUR"), won("B", None, amount=Decimal("5.05"))]
        rows = rows_of(built(tmp_path, deals=deals), "revenue", "deal_id")
        assert [(rows[name]["amount"], rows[name]["rate_missing"]) for name in "AB"] == [
            (Decimal("10.10"), False),
            (Decimal("5.05"), False),
        ]
        assert rows["B"]["currency"] == "EUR"

    def test_a_deal_without_an_amount_misses_no_rate(self, tmp_path: Path) -> None:
        row = rows_of(built(tmp_path, deals=[won("D", at(1, 5), currency="CHF")]), "revenue", "deal_id")["D"]
        assert (row["amount"], row["rate_missing"]) == (None, False)

    def test_spend_of_one_campaign_keeps_its_total_under_the_campaigns_own_channel(self, tmp_path: Path) -> None:
        day = at(1, 5).date()
        spend = [
            {"spent_on": day, "campaign_id": "G", "channel": channel, "currency": "CHF", "amount": Decimal(amount)}
            for channel, amount in (("a", "1.01"), ("b", "2.02"))
        ]
        campaigns = [{"campaign_id": "G", "channel": "paid", "source": "ads"}]
        bench = built(tmp_path, spend=spend, campaigns=campaigns, exchange_rates=[rate(at(1, 4), 2.0)])
        (row,) = bench.frame("SELECT channel, source, amount, original_amount FROM daily_spend").to_dicts()
        assert row == {
            "channel": "paid", "source": "ads", "amount": Decimal("6.06"), "original_amount": Decimal("3.03"),
        }  # fmt: skip


class TestDealsOfAPass:
    def test_an_account_is_a_new_customer_once(self, tmp_path: Path) -> None:
        deals = [
            won("A1", at(3, 1), account_id="A"), won("A2", at(2, 1), account_id="A"), won("A3", None, account_id="A"),
            won("A0", at(1, 1), account_id="A", type="renewal"), won("C1", at(2, 1)), won("C2", at(2, 1)),
            won("X", None),
        ]  # fmt: skip
        people = [{"deal_id": name, "contact_id": "C"} for name in ("C1", "C2", "A1")]
        rows = rows_of(built(tmp_path, deals=deals, deal_contacts=people), "revenue", "deal_id")
        new = {name: row["new_customer_id"] for name, row in rows.items() if row["new_customer_id"]}
        assert new == {"A2": "account:A", "C1": "contact:C", "X": "deal:X"}

    def test_a_deal_has_the_channel_of_the_pass_it_was_created_in(self, tmp_path: Path) -> None:
        bench = built(
            tmp_path,
            contacts=[{"contact_id": "C", "created_at": at(1, 1)}],
            touches=[
                {"touch_id": name, "contact_id": "C", "kind": "form", "happened_at": when, "channel": name}
                for name, when in (("one", at(1, 1)), ("two", at(3, 1)))
            ],
            stage_changes=[
                {"object": "contact", "object_id": "C", "stage": stage, "happened_at": when}
                for stage, when in (("Nurture", at(2, 1)), ("MQL", at(3, 1)))
            ],
            deals=[won(name, at(4, 1), created_at=when) for name, when in (("D", at(2, 5)), ("E", at(3, 5)))],
            deal_contacts=[{"deal_id": name, "contact_id": "C"} for name in "DE"],
        )
        for table in ("revenue", "pipeline"):
            rows = rows_of(bench, table, "deal_id")
            assert [(rows[name]["pass"], rows[name]["channel"]) for name in "DE"] == [(1, "one"), (2, "two")]

    def test_a_deal_without_a_contact_stays_without_a_channel(self, tmp_path: Path) -> None:
        bench = built(tmp_path, deals=[won("D", at(4, 1))])
        assert rows_of(bench, "revenue", "deal_id")["D"]["channel"] is None
        assert rows_of(bench, "pipeline", "deal_id")["D"]["pass"] is None

    @pytest.mark.parametrize(
        ("deal", "dates"),
        [
            ({"is_won": True}, ("closed", "decided", "won")),
            ({"is_won": False}, ("closed", "decided", "lost")),
            ({"is_won": None, "is_closed": True}, ("closed",)),
            ({"is_won": False, "is_closed": False}, ()),
        ],
    )
    def test_a_deal_is_dated_by_how_it_stands(self, tmp_path: Path, deal: Row, dates: tuple[str, ...]) -> None:
        row = {"deal_id": "D", "created_at": at(1, 1), "closed_at": at(2, 1)} | deal
        found = rows_of(built(tmp_path, deals=[row]), "pipeline", "deal_id")["D"]
        names = ("closed", "decided", "lost", "won")
        assert tuple(name for name in names if found[f"{name}_on"]) == tuple(n for n in names if n in dates)
        assert found["deal_type"] == "new"

    def test_each_entered_stage_is_a_row(self, tmp_path: Path) -> None:
        bench = built(
            tmp_path,
            contacts=[{"contact_id": "C", "created_at": at(1, 1), "original_channel": "organic"}],
            deals=[won("D", at(4, 1))],
            deal_contacts=[{"deal_id": "D", "contact_id": "C"}],
        )
        rows = rows_of(bench, "lead_stages", "stage")
        assert {name: (row["band"], row["entered_on"], row["is_inferred"]) for name, row in rows.items()} == {
            "lead": ("TOFU", at(1, 1).date(), False),
            "mql": ("TOFU", at(4, 1).date(), True),
            "customer": ("BOFU", at(4, 1).date(), False),
        }
        assert rows["mql"]["channel"] == "organic"

    def test_visits_of_unknown_people_are_visits(self, tmp_path: Path) -> None:
        touches = [{"touch_id": kind, "kind": kind, "happened_at": at(1, 1)} for kind in ("visit", "form")]
        assert rows_of(built(tmp_path, touches=touches), "visits", "touch_id").keys() == {"visit"}


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TableDescription]:
    mapped = {
        "contacts": frozenset({"contact_id", "created_at", "original_source"}),
        "touches": frozenset({"touch_id", "contact_id", "happened_at", "kind", "channel"}),
        "deals": frozenset({"deal_id", "created_at", "closed_at", "is_won"}),
        "deal_contacts": frozenset({"deal_id", "contact_id"}),
    }
    absent = ("lost deals", "spend", "deal amounts")
    return build(workbench({}), STAGES, company_at(tmp_path_factory.mktemp("tiny")), absent, mapped)


class TestAbsence:
    @pytest.mark.parametrize(
        ("column", "sentence"),
        [
            ("leads.lead_on", None),
            ("leads.mql_on", "No source gives stage_changes.stage: map it in sources.yaml."),
            ("leads.sql_on", "No stage sql here: stages.yaml declares lead, mql, customer."),
            ("leads.channel", None),
            ("leads.source", None),
            ("leads.first_source", "No source gives touches.source: map it in sources.yaml."),
            ("leads.campaign_id", "No source gives touches.campaign_id: map it in sources.yaml."),
            ("leads.lost_on", "Tiny has no lost deals (declared absent in sources.yaml)."),
            ("pipeline.decided_on", "Tiny has no lost deals (declared absent in sources.yaml)."),
            ("pipeline.created_on", None),
            ("pipeline.amount", "Tiny has no deal amounts (declared absent in sources.yaml)."),
            ("revenue.amount", "Tiny has no deal amounts (declared absent in sources.yaml)."),
            ("revenue.won_on", None),
            ("visits.visited_on", "No touch of kind visit was loaded."),
            ("daily_spend.amount", "Tiny has no spend (declared absent in sources.yaml)."),
            ("daily_spend.clicks", "Tiny has no spend (declared absent in sources.yaml)."),
            ("contacts.created_on", None),
            ("contacts.original_channel", None),
            ("contacts.country", "No source gives contacts.country: map it in sources.yaml."),
            ("accounts.segment", "No source gives accounts.segment: map it in sources.yaml."),
        ],
    )
    def test_a_column_says_why_it_has_no_answer(
        self, described: dict[str, TableDescription], column: str, sentence: str | None
    ) -> None:
        table, _, name = column.partition(".")
        assert described[table].columns[name].absent == sentence

    def test_an_undeclared_stage_is_known_but_not_stored(self, described: dict[str, TableDescription]) -> None:
        columns = described["leads"].columns
        assert [columns[name].stored for name in ("mql_on", "sal_on", "sal_inferred")] == [True, False, False]

    def test_links_lead_to_the_accounts_people_and_campaigns(self, described: dict[str, TableDescription]) -> None:
        links = {name: column.link for name, column in described["leads"].columns.items() if column.link}
        assert links["account_id"] == "account:accounts.account_id"
        assert links["owner_id"] == "owner:people.person_id"
        assert links["contact_id"] == "contact:contacts.contact_id"
        assert described["contacts"].columns["contact_id"].link is None
        assert described["contacts"].columns["account_id"].link == "account:accounts.account_id"

    def test_a_description_survives_json(self, described: dict[str, TableDescription]) -> None:
        for table in described.values():
            assert description_from(json.loads(json.dumps(description_to(table)))) == table

    def test_visits_are_there_once_one_is_loaded(self, tmp_path: Path) -> None:
        bench = workbench({"touches": [{"touch_id": "T", "kind": "visit", "happened_at": at(1, 1)}]})
        absent = reasons(frozenset(), everything_mapped(), STAGES, company_at(tmp_path), bench)
        assert absent("visits") is None
        assert absent("lost deals") is None
