"""Credit asked of a few deals, each share worked out by hand: models, days, groups, causes, rows, refusals.

Touches and deals: number_company.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from data.errors import InvalidQuestion
from metrics import Query, Session
from metrics.plan import models_for, question_about
from tests.number_company import MONTHS, monthly, number, number_company

# By channel the parts, in the order email, search, social, none.
CREDITED = {
    ("credited_revenue", "linear"): (0, 100 / 3, 200 / 3, 0),
    ("credited_revenue", "first"): (0, 0, 100, 0),
    ("credited_revenue", "full_path"): (0, 100 / 3, 200 / 3, 0),
    ("credited_margin", "linear"): (0, 50 / 3, 100 / 3, 0),
    ("credited_customers", "linear"): (1 / 2, 1 / 3, 2 / 3 + 1 / 2, 0),
    ("credited_customers", "last"): (1, 0, 1, 0),
    ("credited_pipeline", "linear"): (200, 50, 50, 400 + 800),
    ("credited_pipeline", "last"): (200, 100, 0, 400 + 800),
    ("credited_opportunities", "linear"): (3 / 2, 1 / 2, 1, 4),
    ("credited_opportunities", "first"): (1, 0, 2, 4),
}
MODELS = "first, last, linear, u_shaped, position_based, w_shaped, full_path, last_non_direct, time_decay, markov"


@pytest.fixture(scope="module")
def session() -> Session:
    return number_company()


class TestCredit:
    @pytest.mark.parametrize(("name", "model"), CREDITED)
    def test_a_conversion_is_shared_out_among_the_touches_that_led_to_it(
        self, session: Session, name: str, model: str
    ) -> None:
        query = Query((name,), by=("channel",), model=model)
        # From the sums by day, and from the shares themselves, which alone know the country.
        for where in (None, "country is null or country <> ''"):
            answer = session.answer(Query((name,), by=("channel",), model=model, where=where))
            assert ('"credit_days"' in answer.sql) == (where is None)
            found = dict(answer.frame.iter_rows())
            parts = zip(("email", "search", "social", None), CREDITED[name, model], strict=True)
            assert found == pytest.approx(dict(parts)), query

    @pytest.mark.parametrize(
        ("name", "months"),
        [
            ("credited_revenue", [0, 100, 0, 0, 0, 0, 0, 0]),
            ("credited_customers", [0, 1, 1, 0, 0, 0, 0, 0]),
            ("credited_pipeline", [100, 0, 400, 0, 0, 200, 800, 0]),
            ("credited_opportunities", [1, 0, 2, 1, 0, 2, 1, 0]),
        ],
    )
    def test_on_the_day_of_its_goal(self, session: Session, name: str, months: list[float]) -> None:
        assert monthly(session, name, MONTHS, model="linear") == pytest.approx(months)

    def test_in_groups_that_the_sums_by_day_do_not_know(self, session: Session) -> None:
        by_region = session.answer(Query(("credited_pipeline",), by=("region",), model="linear"))
        assert by_region.frame.rows() == [("North", pytest.approx(300)), (None, 1200)]
        # The deals themselves have an amount too.
        agreed = session.answer(Query(("credited_revenue",), by=("agreed",), model="linear"))
        assert agreed.frame.rows() == [("EUR", pytest.approx(100))]
        answer = session.answer(Query(("northern",), by=("channel",), model="linear"))
        assert dict(answer.frame.iter_rows())["social"] == pytest.approx(200 / 3)
        part = session.answer(Query(("social_part",), by=("region",), model="linear")).frame
        assert part.rows() == [("North", pytest.approx(2 / 3)), (None, None)]
        assert number(session, "social_part", model="linear") == pytest.approx(2 / 3)

    @pytest.mark.parametrize(
        ("dimension", "groups"),
        [
            (
                "campaign",
                {
                    ("one", None): 50, ("two", None): 50, (None, "touch without this value"): 200,
                    (None, "no touch"): 400, (None, "no contact"): 800,
                },
            ),
            (
                "touch_kind",
                {("form", None): 300, (None, "no touch"): 400, (None, "no contact"): 800},
            ),
        ],
    )  # fmt: skip
    def test_why_nobody_has_a_part_is_told(self, session: Session, dimension: str, groups: dict[Any, float]) -> None:
        query = Query(("credited_pipeline",), by=(dimension, "unattributed_cause"), model="linear")
        assert {row[:2]: row[2] for row in session.answer(query).frame.iter_rows()} == pytest.approx(groups)

    def test_its_rows_are_the_shares_of_its_goal(self, session: Session) -> None:
        (part,) = session.rows(Query(("credited_margin",), by=("campaign", "unattributed_cause"), model="linear"))
        assert part.frame.columns == [
            "deal_id", "goal", "touch_id", "credited_on", "margin", "weight_linear", "campaign", "unattributed_cause",
            "account_id",
        ]  # fmt: skip
        shares = part.frame.select("deal_id", "goal", "touch_id", "margin", "unattributed_cause", "account_id")
        assert sorted(shares.rows()) == [
            ("again", "close", None, 0, "no contact", "2"),
            ("free", "close", "5", None, "touch without this value", "2"),
            ("free", "close", "6", None, "touch without this value", "2"),
            ("won", "close", "1", 50, None, "1"),
            ("won", "close", "2", 50, None, "1"),
            ("won", "close", "3", 50, "touch without this value", "1"),
        ]
        created = session.rows(Query(("credited_opportunities",), model="linear", limit=3))[0].frame
        assert created.height == 3
        assert created["goal"].unique().to_list() == ["creation"]

    @pytest.mark.parametrize(
        ("name", "words", "sentence"),
        [
            (
                "credited_revenue", {},
                "'credited_revenue' is shared out by a model: name one, such as --model linear. Models: {every}.",
            ),
            (
                "credited_revenue", {"model": "linaer"},
                "'linaer' cannot share out 'credited_revenue'. Did you mean 'linear'? Models: {sorted}.",
            ),
            (
                "credited_pipeline", {"model": "full_path"},
                "'full_path' cannot share out 'credited_pipeline'. Models: {of_creation}.",
            ),
            (
                "credited_revenue", {"model": "first", "by": ("channel", "unattributed_cause", "source")},
                "'unattributed_cause' splits the empty group of one dimension, not of channel and source: ask by one"
                " of them.",
            ),
        ],
    )  # fmt: skip
    def test_what_makes_no_sense_says_why(
        self, session: Session, name: str, words: dict[str, Any], sentence: str
    ) -> None:
        every = MODELS.split(", ")
        of_creation = sorted(model for model in every if model != "full_path")
        with pytest.raises(InvalidQuestion) as raised:
            session.answer(Query((name,), **words))
        assert str(raised.value) == sentence.format(
            every=MODELS, sorted=", ".join(sorted(every)), of_creation=", ".join(of_creation)
        )

    def test_a_chain_has_no_rows(self, session: Session) -> None:
        with pytest.raises(InvalidQuestion) as raised:
            session.rows(Query(("credited_revenue",), model="markov"))
        rule_models = MODELS.removesuffix(", markov")
        assert str(raised.value) == (
            "'markov' gives channels a share and no touch one: 'credited_revenue' has no rows. Ask them by a rule"
            f" model: {rule_models}."
        )


class TestModels:
    @pytest.mark.parametrize(
        ("names", "without"),
        [
            (("credited_revenue",), set()),
            (("credited_pipeline",), {"full_path"}),  # which ends with a close
            (("credited_revenue", "credited_pipeline", "leads"), {"full_path"}),
            (("roas", "credited_customers"), set()),
        ],
    )
    def test_those_of_several_numbers_are_those_that_each_of_them_can_be_asked_by(
        self, session: Session, names: tuple[str, ...], without: set[str]
    ) -> None:
        first, *others = models_for(session.reach, names)
        assert (first, {*others}) == ("linear", {*MODELS.split(", ")} - {"linear", "markov"} - without)

    def test_what_is_not_shared_out_has_none(self, session: Session) -> None:
        assert models_for(session.reach, ("leads", "spend")) == ()

    @pytest.mark.parametrize(("name", "model"), [("leads", None), ("credited_revenue", "linear"), ("roas", "linear")])
    def test_the_plainest_question_names_one_where_it_has_to(
        self, session: Session, name: str, model: str | None
    ) -> None:
        assert question_about(session.reach, name) == Query((name,), model=model)
