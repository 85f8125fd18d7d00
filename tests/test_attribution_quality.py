"""Touches that attribution cannot trust are counted and listed; and stand on Data health with what to do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from metrics import Session
from metrics.attribution_quality import direct_share, is_payment_provider, quality, quality_rows
from tests.one_page import one_page, said
from tests.tiny_sessions import TinyCompany, rows_in

IN_PATHS = ("visit", "ad_click", "email_click", "content", "event", "form")


def touch(key: str, day: int = 1, **more: Any) -> dict[str, Any]:
    return {"touch_id": key, "kind": "visit", "happened_at": dt.datetime(2024, 1, 1) + dt.timedelta(days=day), **more}


TOUCHES = [
    touch("own", source="www.Own.example", url="https://own.example/pricing"),
    touch("other", source="blog.example", url="https://own.example/pricing", campaign_id="K"),
    touch("paid", 2, source="checkout.stripe.com", channel="Referral"),
    touch("paid too", 40, source="PayPal.com", channel="direct"),
    touch("almost", 40, source="notpaypal.com", channel="Direct", campaign_id="K"),
    touch("hostile", 40, source="x' OR 1=1 --.stripe.com"),
    touch("sent", source="stripe.com", kind="email_sent"),
]


@pytest.fixture(scope="module")
def session() -> Session:
    return TinyCompany(tables={"touches": TOUCHES}).session({"touches": TOUCHES})


def test_each_kind_is_counted_among_the_touches_that_count(session: Session) -> None:
    found = {kind.key: (kind.rows, kind.among) for kind in quality(session)}
    assert found == {"touches_without_campaign": (4, 6), "self_referrals": (1, 6), "payment_referrals": (3, 6)}


def test_each_count_has_its_rows(session: Session) -> None:
    def keys(kind: str) -> list[str]:
        return sorted(quality_rows(session, kind)["touch_id"])

    assert keys("self_referrals") == ["own"]
    assert keys("payment_referrals") == ["hostile", "paid", "paid too"]
    assert keys("touches_without_campaign") == ["hostile", "own", "paid", "paid too"]


def test_direct_is_told_by_month_and_a_campaign_is_never_direct(session: Session) -> None:
    frame, reason = direct_share(session)
    assert reason is None
    assert frame.select("month", "touches", "direct").rows() == [
        (dt.date(2024, 1, 1), 3, 0),
        (dt.date(2024, 2, 1), 3, 1),
    ]
    assert frame["share"].to_list() == pytest.approx([0, 1 / 3])


def test_without_addresses_of_a_site_its_own_referrals_are_not_known() -> None:
    touches = [touch("t", source="own.example", url="/pricing")]
    session = TinyCompany(tables={"touches": touches}).session({"touches": touches})
    (_, own, paid) = quality(session)
    assert own.rows is None
    assert "name no site" in str(own.reason)
    assert (paid.rows, quality_rows(session, paid.key).height) == (0, 0)


@pytest.mark.parametrize(
    ("source", "is_one"),
    [
        ("stripe.com", True),
        ("js.Stripe.com ", True),
        ("stripe.com.evil.example", False),
        ("mystripe.com", False),
        ("", False),
    ],
)
def test_a_domain_below_a_providers_is_one_and_a_name_like_it_is_not(source: str, is_one: bool) -> None:
    assert is_payment_provider(source) is is_one


def test_the_demo_is_counted_as_a_loop_counts_it(demo: Session) -> None:
    touches = [row for row in rows_in(demo, "touches") if row["kind"] in IN_PATHS]
    without = quality(demo)[0]
    assert (without.rows, without.among) == (sum(row["campaign_id"] is None for row in touches), len(touches))
    assert quality_rows(demo, without.key).height == min(without.rows or 0, 2_000) > 0


def test_the_page_says_it_with_rows_and_what_to_do(monkeypatch: pytest.MonkeyPatch, demo: Session) -> None:
    screen = one_page(monkeypatch, "data_health", demo.company.folder)
    assert "Do touches say where people came from?" in said(screen)
    assert "Put utm_campaign into every campaign's links" in said(screen)
    assert "How many touches are direct?" in said(screen)
    opened = screen.button(key="rows_of_touches_without_campaign").click().run()
    assert not opened.exception
    (dialog,) = opened.get("dialog")
    assert dialog.dataframe[0].value.shape[0] > 0
