"""Every conversion is shared out whole: paths, milestones and models against loops, and by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.attribution import MODELS, Attribution
from data.calendar import Period
from data.errors import InvalidQuestion
from metrics import Query, Session
from metrics.credits import models_of
from metrics.kinds import Credit
from metrics.modelled import by_models
from tests import oracle_credit
from tests.depth import deep
from tests.oracle_metrics import CREDITS
from tests.tiny_sessions import TinyCompany, rows_in

Row = dict[str, Any]
START = dt.datetime(2024, 1, 1)
RULES = {
    "as it is": Attribution(),
    "account, short, collapsed": Attribution(look_back=20, scope="account", collapse=True, half_life=7),
    "everything, own model": Attribution(
        look_back=None, models={"ours": {"first": 20, "deal_creation": 60, "rest": 20}}
    ),
    "nothing but a lead": Attribution(models={"ours": {"lead_creation": 100}}),
}


def at(day: int, hour: int = 9) -> dt.datetime:
    return START + dt.timedelta(days=day, hours=hour)


def weights_of(model: str) -> str:
    return "close_weight_full_path" if model == "full_path" else f"weight_{model}"


class Tiny(TinyCompany):
    """A tiny company with other rules of attribution."""

    def __init__(self, attribution: Attribution) -> None:
        self._attribution = attribution
        super().__init__()

    def _models(self) -> Any:
        self.stages = replace(self.stages, attribution=self._attribution)
        return super()._models()


@pytest.fixture(scope="module")
def tinies() -> dict[str, TinyCompany]:
    return {name: Tiny(rules) for name, rules in RULES.items()}


_people = st.sampled_from(["C0", "C1", "C2"])
_touches = st.lists(
    st.tuples(
        _people,
        st.integers(0, 60),
        st.sampled_from([9, 9, 15]),
        st.sampled_from(["form", "visit", "event", "email_open", "ad_click"]),
        st.sampled_from(["direct", "search", "social", None]),
        st.sampled_from(["k1", "k2", None]),
    ),
    max_size=12,
)
_deals = st.lists(
    st.tuples(
        st.integers(5, 60),
        st.one_of(st.none(), st.integers(0, 40)),
        st.booleans(),
        st.sampled_from(["new", "new", "new", "renewal", None]),
        st.sampled_from(["A", "B", None]),
        st.sets(_people, max_size=3),
        st.sampled_from([Decimal("100.00"), Decimal("33.33"), None]),
    ),
    max_size=4,
)


def company_of(
    touches: list[tuple[Any, ...]], deals: list[tuple[Any, ...]], created: list[tuple[int | None, str | None]]
) -> dict[str, list[Row]]:
    return {
        "contacts": [
            {"contact_id": f"C{number}", "created_at": None if day is None else at(day, 12), "account_id": account}
            for number, (day, account) in enumerate(created)
        ],
        "touches": [
            {
                "touch_id": f"T{number}", "contact_id": who, "happened_at": at(day, hour), "kind": kind,
                "channel": channel, "campaign_id": campaign,
            }
            for number, (who, day, hour, kind, channel, campaign) in enumerate(touches)
        ],
        "deals": [
            {
                "deal_id": f"D{number}", "created_at": at(day, 15), "account_id": account, "type": kind,
                "closed_at": None if lasted is None else at(day + lasted, 16), "is_won": is_won and lasted is not None,
                "is_closed": lasted is not None, "amount": amount, "currency": "EUR",
            }
            for number, (day, lasted, is_won, kind, account, _, amount) in enumerate(deals)
        ],
        "deal_contacts": [
            {"deal_id": f"D{number}", "contact_id": who, "is_primary": False}
            for number, (*_, people, _) in enumerate(deals)
            for who in sorted(people)
        ],
    }  # fmt: skip


_companies = st.builds(
    company_of,
    _touches,
    _deals,
    st.lists(
        st.tuples(st.one_of(st.none(), st.integers(0, 50)), st.sampled_from(["A", "B", None])), min_size=3, max_size=3
    ),
)


def expected(company: dict[str, list[Row]], rules: Attribution) -> dict[tuple[str, str, str | None], dict[str, Any]]:
    """By deal, goal and touch the share of every model."""
    found: dict[tuple[str, str, str | None], dict[str, Any]] = {}
    own = {
        name: {part: Fraction(str(weight)) for part, weight in given.items()} for name, given in rules.models.items()
    }
    for deal in company["deals"]:
        goals = ["creation"] + (["close"] if deal["is_won"] else [])
        for goal in goals if deal["type"] in (None, "new") else []:
            touches = oracle_credit.path(company, deal, goal, rules.look_back, rules.scope, collapse=rules.collapse)
            if not touches:
                found[deal["deal_id"], goal, None] = {}
            for place, touch in enumerate(touches):
                found[deal["deal_id"], goal, touch["touch_id"]] = {
                    model: oracle_credit.shares(model, touches, company, rules.half_life)[place] for model in MODELS
                } | {
                    name: oracle_credit.milestones(weights, [one["marks"] for one in touches])[place]
                    for name, weights in own.items()
                }
    return found


@pytest.mark.parametrize("name", RULES)
@settings(
    max_examples=deep(12, 50), deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(company=_companies)
def test_every_share_of_any_company_is_the_oracles(
    tinies: dict[str, TinyCompany], name: str, company: dict[str, list[Row]]
) -> None:
    session = tinies[name].session(company)
    wanted = expected(company, RULES[name])
    rows = {(row["deal_id"], row["goal"], row["touch_id"]): row for row in rows_in(session, "credit")}
    assert rows.keys() == wanted.keys()
    sums: dict[tuple[str, str, str], float] = {}
    for key, shares in wanted.items():
        for model in RULES[name].every_model:
            given_share = rows[key][weights_of(model)]
            if model == "full_path" and key[1] == "creation":
                assert given_share is None
                continue
            assert given_share == pytest.approx(float(shares.get(model, 1))), (key, model)
            sums[key[0], key[1], model] = sums.get((key[0], key[1], model), 0) + given_share
    assert all(total == pytest.approx(1) for total in sums.values())


def shares_of(tiny: TinyCompany, touches: list[tuple[str, int]], created: int, deal: int, closed: int) -> list[Row]:
    """One won deal of one contact with visits on the days given, by touch."""
    session = tiny.session(
        {
            "contacts": [{"contact_id": "C", "created_at": at(created, 12)}],
            "touches": [
                {"touch_id": name, "contact_id": "C", "happened_at": at(day), "kind": "visit", "channel": name}
                for name, day in touches
            ],
            "deals": [
                {
                    "deal_id": "D",
                    "created_at": at(deal, 12),
                    "closed_at": at(closed, 12),
                    "is_won": True,
                    "is_closed": True,
                }
            ],
            "deal_contacts": [{"deal_id": "D", "contact_id": "C"}],
        }
    )
    rows = [row for row in rows_in(session, "credit") if row["goal"] == "close"]
    return sorted(rows, key=lambda row: row["touch_id"] or "")


CAUSED = ("channel", "source", "campaign", "priority", "content", "persona")


@pytest.mark.parametrize("name", CREDITS)
class TestNothingVanishes:
    def test_every_group_of_every_model_adds_up_to_its_metric(self, demo: Session, name: str) -> None:
        metric = demo.definitions.metrics[name]
        assert isinstance(metric, Credit)
        dimensions = [one for one in demo.dimensions_of(name) if one != "unattributed_cause"]
        assert len(dimensions) >= 12
        total = demo.answer(Query((CREDITS[name],))).number(CREDITS[name])
        assert total
        for model in models_of(demo.reach, metric.measure):
            for dimension in dimensions:
                frame = demo.answer(Query((name,), by=(dimension,), model=model)).frame
                assert frame[name].sum() == pytest.approx(total), (model, dimension)

    def test_every_month_has_what_was_won_or_created_in_it(self, demo: Session, name: str) -> None:
        year = Period(dt.date(2026, 1, 1), dt.date(2026, 10, 1))
        frame = demo.answer(Query((name, CREDITS[name]), grain="month", period=year, model="u_shaped")).frame
        assert frame[name].to_list() == pytest.approx(frame[CREDITS[name]].to_list())
        assert frame[name].sum() > 0

    @pytest.mark.parametrize("dimension", CAUSED)
    def test_a_cause_is_told_of_the_empty_group_and_of_no_other(self, demo: Session, name: str, dimension: str) -> None:
        query = Query((name,), by=(dimension, "unattributed_cause"), model="linear")
        frame = demo.answer(query).frame
        whole = demo.answer(replace(query, by=(dimension,))).frame
        for value, cause, _ in frame.iter_rows():
            assert (value is None) == (cause is not None)
        of_nobody = frame.filter(pl.col(dimension).is_null())[name].sum()
        assert of_nobody == pytest.approx(whole.filter(pl.col(dimension).is_null())[name].sum())

    def test_the_rows_behind_it_recompute_it(self, demo: Session, name: str) -> None:
        metric = demo.definitions.metrics[name]
        assert isinstance(metric, Credit)
        (part,) = demo.rows(Query((name,), model="w_shaped"))
        value = {"revenue": "amount", "margin": "margin", "pipeline": "amount", "customers": "is_new_customer"}.get(
            metric.measure
        )
        shared = part.frame["weight_w_shaped"] * (part.frame[value].cast(pl.Float64) if value else 1.0)
        assert shared.sum() == pytest.approx(demo.answer(Query((name,), model="w_shaped")).number(name))


class TestQuestions:
    def test_without_a_model_the_models_are_named(self, demo: Session) -> None:
        with pytest.raises(InvalidQuestion, match="'credited_revenue' is shared out by a model: name one"):
            demo.answer(Query(("credited_revenue",)))

    def test_an_unknown_model_is_told_with_the_nearest(self, demo: Session) -> None:
        with pytest.raises(InvalidQuestion, match="'w_shape' cannot share out 'credited_revenue'"):
            demo.answer(Query(("credited_revenue",), model="w_shape"))

    def test_a_model_that_needs_the_close_shares_out_no_pipeline(self, demo: Session) -> None:
        with pytest.raises(InvalidQuestion, match="'full_path' cannot share out 'credited_pipeline'"):
            demo.answer(Query(("credited_pipeline",), model="full_path"))

    def test_a_model_with_nothing_to_share_out_is_told(self, demo: Session) -> None:
        with pytest.raises(InvalidQuestion, match="The model 'linear' has nothing to apply to"):
            demo.answer(Query(("won_revenue",), model="linear"))

    def test_the_empty_group_of_two_dimensions_cannot_be_split(self, demo: Session) -> None:
        query = Query(("credited_revenue",), by=("campaign", "channel", "unattributed_cause"), model="first")
        with pytest.raises(InvalidQuestion, match="splits the empty group of one dimension, not of campaign and chan"):
            demo.answer(query)

    def test_several_models_stand_under_each_other(self, demo: Session) -> None:
        query = Query(("credited_revenue",), by=("channel",))
        answer = by_models(demo, query, ("first", "last"))
        assert answer.frame.columns == ["channel", "model", "credited_revenue"]
        for model in ("first", "last"):
            alone = demo.answer(replace(query, model=model)).frame
            assert answer.frame.filter(pl.col("model") == model).drop("model").rows() == alone.rows()


class TestSumsByDay:
    """Most questions are read from credit_days, those that it cannot tell from the shares themselves."""

    @pytest.mark.parametrize("name", ["credited_revenue", "credited_customers", "credited_pipeline"])
    def test_they_are_the_sums_of_the_shares(self, demo: Session, name: str) -> None:
        measure = {"credited_revenue": "amount", "credited_customers": "is_new_customer", "credited_pipeline": "amount"}
        goal = "creation" if name == "credited_pipeline" else "close"
        for by, column in (("channel", "channel"), ("source", "source"), ("campaign", "campaign_id")):
            query = Query((name,), by=(by,), model="w_shaped")
            answer = demo.answer(query)
            assert '"credit_days"' in answer.sql
            expected: dict[str | None, float] = {}
            for row in rows_in(demo, "credit"):
                if row["goal"] == goal:
                    share = float(row[measure[name]] or 0) * row["weight_w_shaped"]
                    expected[row[column]] = expected.get(row[column], 0.0) + share
            found = dict(answer.frame.select(by, name).iter_rows())
            assert found.keys() >= expected.keys()
            assert found == pytest.approx({group: expected.get(group, 0.0) for group in found})

    def test_what_they_do_not_know_is_read_from_the_shares(self, demo: Session) -> None:
        by_persona = demo.answer(Query(("credited_revenue",), by=("persona",), model="first"))
        narrowed = Query(("credited_revenue",), by=("channel",), where="segment = 'Enterprise'", model="first")
        for sql in (by_persona.sql, demo.answer(narrowed).sql, demo.answer(replace(narrowed, is_shared=True)).sql):
            assert '"credit"' in sql
            assert '"credit_days"' not in sql


class TestByHand:
    @pytest.fixture
    def tiny(self, tinies: dict[str, TinyCompany]) -> TinyCompany:
        return tinies["as it is"]

    def weights(self, rows: list[Row], model: str) -> list[float]:
        return [pytest.approx(row[weights_of(model)]) for row in rows]

    def test_one_touch_has_all_of_it(self, tiny: TinyCompany) -> None:
        rows = shares_of(tiny, [("a", 1)], 2, 3, 4)
        assert all(rows[0][weights_of(model)] == 1 for model in MODELS)

    def test_two_touches_under_forty_twenty_forty_share_alike(self, tiny: TinyCompany) -> None:
        rows = shares_of(tiny, [("a", 1), ("b", 5)], 2, 8, 9)
        assert self.weights(rows, "position_based") == [0.5, 0.5]

    def test_full_path_gives_each_milestone_its_part(self, tiny: TinyCompany) -> None:
        touches = [("a", 1), ("b", 2), ("c", 4), ("d", 6), ("e", 9)]
        rows = shares_of(tiny, touches, created=2, deal=6, closed=10)
        assert self.weights(rows, "full_path") == [0.225, 0.225, 0.1, 0.225, 0.225]
        assert self.weights(rows, "w_shaped") == [0.3, 0.3, 0.05, 0.3, 0.05]
        assert self.weights(rows, "u_shaped") == [0.4, 0.4, 0.2 / 3, 0.2 / 3, 0.2 / 3]
        assert self.weights(rows, "linear") == [0.2] * 5

    def test_milestones_on_one_touch_add_up(self, tiny: TinyCompany) -> None:
        rows = shares_of(tiny, [("a", 1), ("b", 6)], created=1, deal=2, closed=9)
        assert self.weights(rows, "w_shaped") == [0.9, 0.1]

    def test_a_missing_milestone_is_dropped_and_the_others_share_its_part(self, tiny: TinyCompany) -> None:
        rows = shares_of(tiny, [("a", 5), ("b", 6), ("c", 7)], created=1, deal=6, closed=9)
        # The contact was known before its first touch, so no touch created the lead: 30 + 30 + 10 of 70.
        assert self.weights(rows, "w_shaped") == [3 / 7, 3 / 7, 1 / 7]

    def test_half_a_cycle_before_the_close_a_touch_is_worth_half(self, tiny: TinyCompany) -> None:
        rows = shares_of(tiny, [("a", 6), ("b", 10)], created=1, deal=2, closed=10)
        assert self.weights(rows, "time_decay") == [1 / 3, 2 / 3]

    def test_a_touch_after_the_close_has_no_share(self, tiny: TinyCompany) -> None:
        rows = shares_of(tiny, [("a", 1), ("b", 20)], 2, 3, 4)
        assert [row["touch_id"] for row in rows] == ["a"]

    @pytest.mark.parametrize(
        ("touches", "members", "cause"),
        [
            ([], ["C"], "no touch"),
            ([("C", -300)], ["C"], "outside the look-back"),
            ([("C", 2)], [], "no contact"),
        ],
    )
    def test_a_deal_without_a_touch_says_why(
        self, tiny: TinyCompany, touches: list[tuple[str, int]], members: list[str], cause: str
    ) -> None:
        session = tiny.session(
            {
                "contacts": [{"contact_id": "C", "created_at": at(1)}],
                "touches": [
                    {"touch_id": f"T{day}", "contact_id": who, "happened_at": at(day), "kind": "form"}
                    for who, day in touches
                ],
                "deals": [{"deal_id": "D", "created_at": at(3)}],
                "deal_contacts": [{"deal_id": "D", "contact_id": who} for who in members],
            }
        )
        assert [(row["touch_id"], row["cause"]) for row in rows_in(session, "credit")] == [(None, cause)]
