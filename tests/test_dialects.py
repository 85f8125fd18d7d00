"""What the compiler emits stays inside the portable subset, and says the same to Spark and PostgreSQL."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
import sqlglot
from sqlglot import exp

from data.calendar import GRAINS, Period
from data.errors import InvalidQuestion
from metrics import Session
from metrics.dialects import Dialect, not_portable, to_dialect
from metrics.emit import emit_plan
from metrics.emit_funnels import emit_funnel
from metrics.kinds import Funnel
from metrics.plan import plan, plan_funnel, question_about
from metrics.query import Query
from tests.tiny_sessions import TinyCompany

DAYS = Period(dt.date(2024, 1, 1), dt.date(2024, 1, 4))


@pytest.fixture(scope="module")
def session() -> Session:
    # Two wins, so that the median sales cycle is known, by which cost is taken earlier.
    won = [
        {
            "deal_id": f"D{year}", "account_id": "A", "amount": Decimal(1000), "is_won": True, "is_closed": True,
            "created_at": dt.datetime(year, 2, 1), "closed_at": dt.datetime(year, 3, 1),
        }
        for year in (2023, 2024)
    ]  # fmt: skip
    return TinyCompany(gross_margin=0.5).session({"deals": won})


@pytest.fixture(scope="module")
def emitted(session: Session) -> list[str]:
    """Each standard metric at every grain and by a dimension, each dimension, and every funnel's table.

    Of statements that differ in names only, one is looked at.
    """
    metrics = session.definitions.metrics
    about = {name: question_about(session.reach, name) for name in metrics}
    questions = [replace(one, grain=grain, period=DAYS) for one in about.values() for grain in (None, *GRAINS)]
    for name in metrics:
        own = session.dimensions_of(name)
        questions += [replace(about[name], by=(own[0],), grain="month", period=DAYS)] if own else []
    for dimension in session.definitions.dimensions:
        having = [name for name in ("leads", "opportunities", "spend") if dimension in session.dimensions_of(name)]
        questions += [replace(about[name], by=(dimension,)) for name in having]
    planned = [plan(session.reach, query) for query in questions]
    found = [emit_plan(one.plan) for one in planned if not one.reasons]
    for name in (name for name, metric in metrics.items() if isinstance(metric, Funnel)):
        table = plan_funnel(
            session.reach, name, Query((name,), by=("channel",), grain="week", period=DAYS), counts_only=False
        )
        found += [emit_funnel(table.plan)] if table.plan else []
    answered = {
        name for query, one in zip(questions, planned, strict=True) if not one.reasons for name in query.metrics
    }
    assert answered == set(metrics)
    return list({re.sub(r'"[^"]*"|\$\w+', "?", sql): sql for sql in found}.values())


def test_all_kinds_of_question_are_looked_at(emitted: list[str]) -> None:
    assert len(emitted) > 50
    assert all(any(f"'{grain.upper()}'" in sql for sql in emitted) for grain in GRAINS if grain != "day")


def test_nothing_is_emitted_outside_of_the_portable_subset(emitted: list[str]) -> None:
    assert {name for sql in emitted for name in not_portable(sqlglot.parse_one(sql, dialect="duckdb"))} == set()


# What passes a translator unchanged and means something else there, or nothing.
TRAPS = {
    "asof": r"\bASOF\b",
    "group by all": r"\bGROUP BY ALL\b",
    "quantile_cont": r"\bQUANTILE(_CONT|_DISC)?\s*\(",
    "percentile_cont(x, p)": r"\bPERCENTILE_CONT\s*\([^)]*,",
    "arg_max": r"\bARG_(MAX|MIN)\b|\b(MAX|MIN)_BY\b",
    "at time zone": r"\bAT TIME ZONE\b",
    "greatest and least": r"\b(GREATEST|LEAST)\s*\(",
    "weeks from Sunday": r"WEEK\s*\(\s*SUNDAY|\bWEEKOFYEAR\b|\bDAYOFWEEK\b",
    "duckdb's date_diff": r"\bDATE_DIFF\b|\bDATE_SUB\s*\('",
    "a parameter of duckdb": r"\$[a-z]",
    "qualify": r"\bQUALIFY\b",
    "an approximation": r"\b(APPROX_\w+|\w+_APPROX)\s*\(",
    "integer division": r"//|\bDIV\b",
}


@pytest.mark.parametrize("dialect", ["spark", "postgres"])
def test_the_known_traps_are_absent_elsewhere(emitted: list[str], dialect: Dialect) -> None:
    for sql in emitted:
        told = to_dialect(sql, dialect)
        assert [trap for trap, pattern in TRAPS.items() if re.search(pattern, told)] == []
        tree = sqlglot.parse_one(told, dialect=dialect)
        assert list(_bare_differences(tree)) == []
        assert list(_whole_divisions(sqlglot.parse_one(sql, dialect="duckdb"))) == []


def _bare_differences(tree: exp.Expr) -> Iterator[str]:
    """Dates that are subtracted without being cast to what a difference is defined for."""
    for node in tree.find_all(exp.Sub):
        sides = (node.this.unnest(), node.expression.unnest())
        if any(isinstance(side, exp.Column) and side.name.endswith(("_on", "_at")) for side in sides):
            yield node.sql()


def _whole_divisions(tree: exp.Expr) -> Iterator[str]:
    """Divisions in which neither side says that it is a fraction, or whose right side may be zero."""
    for node in tree.find_all(exp.Div):
        is_fraction = any(isinstance(part, exp.Cast) and part.to.sql() == "DOUBLE" for part in node.walk())
        # Of those who wait still, `n` is a row at least.
        is_safe = isinstance(node.expression, (exp.Nullif, exp.Literal)) or node.expression.name == "n"
        if not (is_fraction and is_safe):
            yield node.sql()


@pytest.mark.parametrize("dialect", ["spark", "postgres"])
def test_an_empty_cell_comes_last_in_every_order(emitted: list[str], dialect: Dialect) -> None:
    for sql in emitted:
        orders = list(sqlglot.parse_one(sql, dialect="duckdb").find_all(exp.Ordered))
        assert [order.sql() for order in orders if order.args.get("nulls_first")] == []
        if dialect == "spark":
            told = sqlglot.parse_one(to_dialect(sql, dialect), dialect=dialect)
            assert all(not order.args.get("nulls_first") for order in told.find_all(exp.Ordered))


@pytest.mark.parametrize(
    ("expression", "spark", "postgres"),
    [
        (
            "date_diff('day', a, b)",
            "DATEDIFF(DAY, CAST(`a` AS DATE), CAST(`b` AS DATE))",
            '(CAST("b" AS DATE) - CAST("a" AS DATE))',
        ),
        (
            "date_diff('hour', a, b)",
            "DATEDIFF(HOUR, DATE_TRUNC('HOUR', CAST(`a` AS TIMESTAMP)), DATE_TRUNC('HOUR', CAST(`b` AS TIMESTAMP)))",
            None,
        ),
        ("date_trunc('week', a)", "DATE_TRUNC('WEEK', `a`)", "DATE_TRUNC('WEEK', CAST(\"a\" AS TIMESTAMP))"),
        ("median(a)", "MEDIAN(`a`)", 'PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY "a")'),
        (
            "greatest(a, b)",
            "CASE WHEN `a` IS NULL THEN `b` WHEN `b` IS NULL THEN `a` WHEN (`a`) >= (`b`) THEN `a` ELSE `b` END",
            'CASE WHEN "a" IS NULL THEN "b" WHEN "b" IS NULL THEN "a" WHEN ("a") >= ("b") THEN "a" ELSE "b" END',
        ),
        (
            "percentile_disc(0.9) within group (order by a)",
            "PERCENTILE_DISC(0.9) WITHIN GROUP (ORDER BY `a` NULLS LAST)",
            'PERCENTILE_DISC(0.9) WITHIN GROUP (ORDER BY "a")',
        ),
        ("concat(a, 'x')", "CONCAT(COALESCE(`a`, ''), 'x')", "CONCAT(\"a\", 'x')"),
        ("a || b", "`a` || `b`", '"a" || "b"'),
        ("count(a) / count(b)", "COUNT(`a`) / COUNT(`b`)", 'CAST(COUNT("a") AS DOUBLE PRECISION) / COUNT("b")'),
        ("$from_day", ":from_day", "%(from_day)s"),
    ],
)
def test_what_differs_is_said_in_the_words_of_the_engine(expression: str, spark: str, postgres: str | None) -> None:
    sql = f"SELECT {expression} AS x FROM t"
    assert to_dialect(sql, "spark") == f"SELECT {spark} AS `x` FROM `t`"
    if postgres is not None:
        assert to_dialect(sql, "postgres") == f'SELECT {postgres} AS "x" FROM "t"'


def test_a_part_without_an_equal_is_refused_by_name() -> None:
    for sql, name in (
        ("SELECT quantile_cont(a, 0.5) FROM t", "PercentileCont"),
        ("SELECT arg_max(a, b) FROM t", "ArgMax"),
        ("SELECT a AT TIME ZONE 'UTC' FROM t", "AtTimeZone"),
        ("SELECT unnest([1, 2])", "Array"),
    ):
        with pytest.raises(InvalidQuestion, match=name):
            to_dialect(sql, "spark")
    with pytest.raises(InvalidQuestion, match="months are counted differently"):
        to_dialect("SELECT date_diff('month', a, b) FROM t", "postgres")


def test_null_in_a_union_has_the_type_of_the_others() -> None:
    day = "SELECT CAST('2024-01-01' AS DATE) AS d, 3 AS n"
    sql = f"SELECT NULL AS d, 1 AS n UNION ALL SELECT NULL AS d, 2 AS n UNION ALL {day}"
    assert to_dialect(sql, "postgres").count("CAST(NULL AS DATE)") == 2
