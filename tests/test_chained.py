"""Markov shares out what touches led to, by channel: sums, the same journeys as a plain list, and what is refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.calendar import Period
from data.errors import InvalidQuestion
from metrics import Query, Session
from metrics.modelled import by_models
from metrics.path_lists import CountedPath, credit_of
from tests.oracle_metrics import CREDITS
from tests.tiny_sessions import TinyCompany, plain_company, rows_in

YEAR = Period(dt.date(2026, 1, 1), dt.date(2026, 10, 1))
START = dt.datetime(2024, 1, 1, 9)
GOALS = {
    "credited_margin": "close",
    "credited_revenue": "close",
    "credited_customers": "close",
    "credited_pipeline": "creation",
} | {"credited_opportunities": "creation"}
Row = dict[str, Any]


def markov(name: str, **more: Any) -> Query:
    return Query((name,), by=("channel",), model="markov", **more)


def by_channel(session: Session, query: Query) -> dict[str | None, float]:
    return dict(session.answer(query).frame.iter_rows())


def expected(session: Session, name: str, period: Period | None) -> dict[str | None, float]:
    """The journeys of the period written as a list of paths, what they are worth shared out, and the rest."""
    goal, paths = GOALS[name], {}
    deals = {row["deal_id"]: row for row in rows_in(session, "pipeline") if row["deal_type"] == "new"}
    won = {row["deal_id"]: row for row in rows_in(session, "revenue")}
    for row in sorted(rows_in(session, "journeys"), key=lambda row: row["place"]):
        if row["goal"] == goal and row["deal_id"] in deals:
            # A list has words only, so a touch without a channel has one that nobody has.
            paths.setdefault(row["deal_id"], []).append("?" if row["channel"] is None else row["channel"])
    listed, rest, days = [], 0.0, {"close": "closed_on", "creation": "created_on"}
    for key, deal in deals.items():
        day = deal[days[goal]]
        reached = goal == "creation" or deal["is_won"]
        if period is not None and not (day and period.start <= day < period.until):
            continue
        if not reached and not deal["is_lost"]:
            continue
        value = {
            "credited_revenue": lambda key=key: float(won[key]["amount"] or 0),
            "credited_margin": lambda key=key: float(won[key]["margin"] or 0),
            "credited_customers": lambda key=key: float(won[key]["new_customer_id"] is not None),
            "credited_pipeline": lambda deal=deal: float(deal["amount"] or 0),
            "credited_opportunities": lambda: 1.0,
        }[name]() if reached else 0.0  # fmt: skip
        if key in paths:
            listed.append(CountedPath(tuple(paths[key]), float(reached), value, float(not reached)))
        else:
            rest += value
    found = {channel: value for channel, _, value in credit_of(tuple(listed), "markov").iter_rows()}
    shared: dict[str | None, float] = {None if channel == "?" else channel: value for channel, value in found.items()}
    shared[None] = shared.get(None, 0.0) + rest
    return {channel: value for channel, value in shared.items() if abs(value) > 1e-9}


@pytest.mark.parametrize("name", CREDITS)
class TestOfTheDemo:
    def test_channels_and_the_unattributed_add_up_to_the_metric(self, demo: Session, name: str) -> None:
        for period in (None, YEAR):
            total = demo.answer(Query((CREDITS[name],), period=period)).number(CREDITS[name])
            assert total
            assert sum(by_channel(demo, markov(name, period=period)).values()) == pytest.approx(total)
            alone = Query((name,), model="markov", period=period)
            assert demo.answer(alone).number(name) == pytest.approx(total)

    def test_it_is_what_the_same_journeys_give_as_a_list(self, demo: Session, name: str) -> None:
        found = by_channel(demo, markov(name, period=YEAR))
        assert found == pytest.approx(expected(demo, name, YEAR))
        assert len(found) > 5

    def test_what_no_touch_led_to_is_what_rules_leave_too(self, demo: Session, name: str) -> None:
        linear = by_channel(demo, replace(markov(name), model="linear"))
        assert by_channel(demo, markov(name)).get(None, 0) == pytest.approx(linear.get(None, 0))


# -- any company -----------------------------------------------------------------------------------------------------

_touches = st.lists(
    st.tuples(st.sampled_from(["D0", "D1", "D2", "D3"]), st.integers(0, 30), st.sampled_from(["a", "b", "c", None])),
    max_size=14,
)
_deals = st.lists(
    st.tuples(
        st.integers(10, 40), st.integers(0, 30), st.sampled_from(["won", "lost", "open"]),
        st.sampled_from(["new", "renewal"]),
        st.sampled_from([Decimal("100.00"), Decimal("33.33"), None]),
    ),
    min_size=4, max_size=4,
)  # fmt: skip


@pytest.fixture(scope="module")
def tiny() -> TinyCompany:
    return plain_company()


def company_of(touches: list[tuple[Any, ...]], deals: list[tuple[Any, ...]]) -> dict[str, list[Row]]:
    def at(day: int) -> dt.datetime:
        return START + dt.timedelta(days=day)

    return {
        "contacts": [{"contact_id": f"D{number}", "created_at": at(0)} for number in range(len(deals))],
        "touches": [
            {"touch_id": f"T{n}", "contact_id": who, "happened_at": at(day), "kind": "form", "channel": channel}
            for n, (who, day, channel) in enumerate(touches)
        ],
        "deals": [
            {
                "deal_id": f"D{n}", "created_at": at(day), "closed_at": None if how == "open" else at(day + lasted),
                "is_won": how == "won", "is_closed": how != "open", "type": kind, "amount": amount, "currency": "EUR",
            }
            for n, (day, lasted, how, kind, amount) in enumerate(deals)
        ],
        "deal_contacts": [{"deal_id": f"D{n}", "contact_id": f"D{n}"} for n in range(len(deals))],
    }  # fmt: skip


@settings(max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(touches=_touches, deals=_deals)
def test_of_any_company_it_is_what_its_journeys_give_as_a_list(
    tiny: TinyCompany, touches: list[tuple[Any, ...]], deals: list[tuple[Any, ...]]
) -> None:
    session = tiny.session(company_of(touches, deals))
    for period in (None, Period(dt.date(2024, 1, 20), dt.date(2024, 2, 20))):
        for name in GOALS:
            found = by_channel(session, markov(name, period=period))
            assert {channel: value for channel, value in found.items() if value} == pytest.approx(
                expected(session, name, period)
            ), (name, period)


def test_lost_journeys_lower_the_channels_they_went_through(tiny: TinyCompany) -> None:
    won = (10, 1, "won", "new", Decimal("100.00"))
    lost, open_ = (10, 1, "lost", "new", None), (10, 1, "open", "new", None)
    touches = [("D0", 1, "a"), ("D0", 2, "b"), ("D1", 1, "b")]
    # Won: a > b. With nothing lost, each is on the only way: half and half.
    alone = tiny.session(company_of(touches[:2], [won, open_, open_, open_]))
    assert by_channel(alone, markov("credited_revenue")) == {"a": pytest.approx(50), "b": pytest.approx(50)}
    # Lost: b. From the start half go to a, half to b; from b half convert: P = 1/2. Without a: 1/4. Without b: 0.
    both = tiny.session(company_of(touches, [won, lost, open_, open_]))
    third = pytest.approx(100 / 3)
    assert by_channel(both, markov("credited_revenue")) == {"a": third, "b": pytest.approx(200 / 3)}


class TestQuestions:
    def test_it_stands_beside_rule_models(self, demo: Session) -> None:
        query = Query(("credited_revenue",), by=("channel",), period=YEAR)
        frame = by_models(demo, query, ("markov", "linear")).frame
        assert frame["model"].unique(maintain_order=True).to_list() == ["markov", "linear"]
        alone = demo.answer(replace(query, model="markov")).frame
        assert frame.filter(frame["model"] == "markov").drop("model").rows() == alone.rows()

    def test_other_metrics_stand_beside_it(self, demo: Session) -> None:
        query = Query(("spend", "credited_revenue", "credited_pipeline"), by=("channel",), period=YEAR, model="markov")
        frame = demo.answer(query).frame
        assert frame.columns == ["channel", *query.metrics]
        spend = demo.answer(Query(("spend",), by=("channel",), period=YEAR)).frame
        assert {c: s for c, s, *_ in frame.iter_rows() if s is not None} == {
            c: s for c, s in spend.iter_rows() if s is not None
        }
        for name in query.metrics[1:]:
            found = dict(frame.select("channel", name).iter_rows())
            assert {c: v for c, v in found.items() if v} == by_channel(demo, markov(name, period=YEAR))

    def test_rows_are_ordered_and_limited_as_asked(self, demo: Session) -> None:
        frame = demo.answer(markov("credited_revenue", order=("-credited_revenue",), limit=3)).frame
        every = sorted(by_channel(demo, markov("credited_revenue")).values(), reverse=True)
        assert frame["credited_revenue"].to_list() == every[:3]

    def test_the_period_before_stands_beside_it(self, demo: Session) -> None:
        answer = demo.answer(markov("credited_revenue", period=YEAR, compare="last_year"))
        assert answer.before is not None
        alone = demo.answer(markov("credited_revenue", period=answer.before.query.period))
        assert answer.before.frame.rows() == alone.frame.rows()

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({"by": ("campaign",)}, "cannot answer by campaign. It allows a period and --by channel"),
            ({"by": ("channel", "source")}, "cannot answer by channel, source"),
            ({"grain": "month"}, "cannot answer per month"),
            ({"where": "channel = 'Social'"}, "cannot be narrowed to channel = 'Social'"),
            ({"metrics": ("won_revenue",)}, "'markov' has nothing to apply to"),
            ({"order": ("-spend",)}, "Cannot order by 'spend'. Columns: channel, credited_revenue"),
        ],
    )
    def test_what_it_does_not_allow_is_told_with_what_it_does(
        self, demo: Session, changed: dict[str, Any], said: str
    ) -> None:
        with pytest.raises(InvalidQuestion, match=said):
            demo.answer(replace(markov("credited_revenue", period=YEAR), **changed))

    def test_under_a_filter_of_a_whole_page_it_has_a_reason(self, demo: Session) -> None:
        answer = demo.answer(markov("credited_revenue", where="channel = 'Social'", is_shared=True))
        assert "cannot take a filter" in answer.reasons["credited_revenue"]
        assert answer.frame.is_empty()
        alone = Query(("credited_revenue",), model="markov", where="channel = 'Social'", is_shared=True)
        assert demo.answer(alone).number("credited_revenue") is None

    def test_it_has_no_rows_of_its_own(self, demo: Session) -> None:
        with pytest.raises(InvalidQuestion, match="'credited_revenue' has no rows"):
            demo.rows(Query(("credited_revenue",), model="markov"))

    def test_its_name_is_offered(self, demo: Session) -> None:
        with pytest.raises(InvalidQuestion, match="Did you mean 'markov'"):
            demo.answer(replace(markov("credited_revenue"), model="markow"))
