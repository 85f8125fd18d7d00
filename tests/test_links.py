"""Links: pinned to days, and honest about what they ask for in vain."""

from __future__ import annotations

import datetime as dt

import pytest

from data.calendar import Period
from pages._links import left_out, pinned_link, pinned_period

WEEK = Period(dt.date(2026, 11, 9), dt.date(2026, 11, 16))


def test_a_pinned_link_names_its_days_and_keeps_the_other_filters() -> None:
    given = {"period": ["Last complete week"], "channel": ["Paid & more", "Social"], "step": ["mql"]}
    link = pinned_link("http://tandem.example/funnel?period=x#top", given, WEEK)
    assert link == (
        "http://tandem.example/funnel?channel=Paid+%26+more&channel=Social&step=mql&from=2026-11-09&to=2026-11-16"
    )


def test_a_link_pinned_again_has_the_new_days_only() -> None:
    link = pinned_link("http://tandem.example/", {"from": ["2025-01-01"], "to": ["2025-02-01"]}, WEEK)
    assert link == "http://tandem.example/?from=2026-11-09&to=2026-11-16"


def test_the_days_of_a_pinned_link_are_half_open() -> None:
    assert pinned_period({"from": ["2026-11-09"], "to": ["2026-11-16"]}) == WEEK


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"from": ["2026-11-09"]},
        {"from": ["2026-11-16"], "to": ["2026-11-09"]},
        {"from": ["2026-11-09"], "to": ["2026-11-09"]},
        {"from": ["9.11.2026"], "to": ["2026-11-16"]},
    ],
)
def test_what_names_no_days_pins_nothing(given: dict[str, list[str]]) -> None:
    assert pinned_period(given) is None


def test_what_a_link_asks_in_vain_is_told() -> None:
    allowed = {"channel": ["Social"], "grain": ["Week"]}
    given = {"channel": ["Social", "Fax"], "grain": ["Week"], "colour": ["red"], "step": ["x"], "from": ["soon"]}
    assert left_out(given, allowed) == [
        "This link asks for the channel 'Fax', which does not exist here.",
        "This link asks for 'colour', which no page knows.",
        "This link is pinned to 'soon to ?', which are no days: write from=2026-11-09&to=2026-11-16.",
    ]
