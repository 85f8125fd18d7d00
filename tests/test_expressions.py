"""Expressions that are refused with a reason, those that are accepted, and the SQL that runs for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.engine import Workbench, quoted
from data.errors import EngineFailed, Place, Problems
from data.expressions import Rules, parse_expression
from tests.tiny_sessions import plain_company

HERE = Path(__file__).parent

# The columns that the corpus of expressions is written over.
COLUMNS = {
    "deal_id": "VARCHAR",
    "channel": "VARCHAR",
    "amount": "DECIMAL(18,2)",
    "probability": "DOUBLE",
    "term_months": "BIGINT",
    "is_won": "BOOLEAN",
    "won_on": "DATE",
    "closed_at": "TIMESTAMP",
    "sales territory": "VARCHAR",
}


def corpus(name: str) -> list[tuple[str, str, str]]:
    """(where it stands, expression, what is expected) per line; the parts of a line are divided by ` => `.

    A line that begins with `row:` is an expression over one row, any other is an aggregate.
    """
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    written = [line for line in lines if line.strip() and not line.startswith("#")]
    found = []
    for line in written:
        text, _, expected = line.partition(" => ")
        place, _, bare = text.partition("row: ")
        found.append(("row", bare, expected) if line.startswith("row: ") else ("aggregate", place, expected))
    return found


def accepted(place: str, text: str) -> tuple[str | None, str | None]:
    """(normalised SQL, None) or (None, the sentence of the refusal)."""
    problems = Problems()
    rules = Rules(COLUMNS, aggregates=place == "aggregate")
    expression = parse_expression(text, rules, Place("own.yaml", 7, 11), problems, "won")
    assert (expression is None) == (len(problems.found) == 1)
    return (expression.sql, None) if expression else (None, problems.found[0].message)


@pytest.fixture(scope="module")
def bench() -> Workbench:
    """A table with the columns of the corpus and two rows."""
    bench = Workbench(Path(":memory:"), Path(":memory:"), Path(":memory:"))
    columns = ", ".join(quoted(name) + " " + kind for name, kind in COLUMNS.items())
    bench.execute(f"CREATE TABLE rows ({columns})")
    bench.execute(
        "INSERT INTO rows VALUES ('D1', 'social', 10.50, 0.5, 12, true, '2024-02-03', '2024-02-03 10:00', 'North'),"
        " ('D2', NULL, NULL, NULL, 0, false, NULL, NULL, NULL)"
    )
    bench.execute("CREATE MACRO points(condition) AS CASE WHEN condition THEN 1 ELSE 0 END")
    return bench


class TestExpressions:
    @pytest.mark.parametrize(("place", "text", "expected"), corpus("expressions_refused.txt"))
    def test_a_hostile_expression_is_refused_with_a_reason(self, place: str, text: str, expected: str) -> None:
        sql, sentence = accepted(place, text)
        assert sql is None
        assert sentence is not None
        assert sentence.startswith("won: ")
        assert expected in sentence

    @pytest.mark.parametrize(("place", "text", "expected"), corpus("expressions_accepted.txt"))
    def test_an_accepted_expression_runs_as_its_normalised_sql(
        self, place: str, text: str, expected: str, bench: Workbench
    ) -> None:
        sql, sentence = accepted(place, text)
        assert sentence is None
        assert sql == expected
        frame = bench.frame(f"SELECT {sql} AS value FROM rows")
        assert frame.height == (1 if place == "aggregate" else 2)

    @pytest.mark.parametrize(("place", "text", "_expected"), corpus("expressions_accepted.txt"))
    def test_an_accepted_expression_has_the_value_of_what_was_typed(
        self, place: str, text: str, _expected: str, bench: Workbench
    ) -> None:
        sql, _ = accepted(place, text)
        values = bench.frame(f"SELECT {sql} AS value FROM rows")["value"].to_list()
        try:
            typed = bench.frame(f"SELECT {text} AS value FROM rows")["value"].to_list()
        except EngineFailed as error:
            if "Could not convert" not in str(error) or None not in values:
                raise
            return
        # A division by zero is the other change that is made on purpose.
        assert values == [
            None if value in (float("inf"), float("-inf")) or value != value else value for value in typed
        ]

    def test_every_refusal_of_the_corpus_would_be_seen(self) -> None:
        assert len(corpus("expressions_refused.txt")) >= 250
        assert len(corpus("expressions_accepted.txt")) >= 110
        assert all(expected for _, _, expected in corpus("expressions_refused.txt"))

    def test_a_division_by_zero_is_empty_and_never_infinity(self, bench: Workbench) -> None:
        sql, _ = accepted("aggregate", "sum(amount) / sum(term_months - 6)")
        assert bench.frame(f"SELECT {sql} AS value FROM rows")["value"].to_list() == [None]

    def test_a_cast_that_cannot_be_made_is_empty(self, bench: Workbench) -> None:
        sql, _ = accepted("row", "cast(channel as bigint)")
        assert bench.frame(f"SELECT {sql} AS value FROM rows")["value"].to_list() == [None, None]

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("count(" + "x" * 2_000 + ")", "is longer than 2,000 characters."),
            ("sum(" + "+".join(["1"] * 300) + ")", "parts; at most 400 are allowed. Split it in two."),
            ("count(*) filter (where amount in (" + ",".join(["1"] * 900) + "))", "parts; at most 400 are allowed."),
            ("(" * 10_000 + "count(*)" + ")" * 10_000, "is longer than 2,000 characters."),
            ("count(*) filter (where channel = '" + "x" * 2_000 + "')", "is longer than 2,000 characters."),
        ],
    )
    def test_an_expression_without_end_is_refused(self, text: str, reason: str) -> None:
        assert reason in str(accepted("aggregate", text)[1])

    @pytest.mark.parametrize("text", ["(" * 950 + "1" + ")" * 950, "not " * 390 + "is_won", "-" * 999 + "1"])
    def test_deep_nesting_is_refused_or_read_and_never_a_crash(self, text: str) -> None:
        sql, sentence = accepted("row", text)
        assert (sql is None) != (sentence is None)

    @pytest.mark.parametrize(
        ("text", "additive"),
        [
            ("count(*)", True),
            ("sum(amount) filter (where is_won)", True),
            ("sum(amount) * 2", True),
            ("-sum(amount)", True),
            ("sum(amount) - sum(term_months)", True),
            ("count(distinct channel)", False),
            ("sum(distinct amount)", False),
            ("avg(amount)", False),
            ("max(amount)", False),
            ("median(amount)", False),
            ("sum(amount) / count(*)", False),
            ("sum(amount) + 1", False),
        ],
    )
    def test_additivity_follows_from_the_expression(self, text: str, additive: bool) -> None:
        expression = parse_expression(text, Rules(COLUMNS, aggregates=True), Place("x"), Problems(), "won")
        assert expression is not None
        assert expression.additive is additive


def test_personal_columns_are_not_there_to_be_named() -> None:
    tables = plain_company().tables
    for table, personal in (("contacts", "email"), ("contacts", "name"), ("contacts", "phone"), ("leads", "email")):
        assert personal not in tables[table].columns
