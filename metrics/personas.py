"""A persona: who the people are, and what makes a lead fit, as criteria with points. Reads no file and no row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp

from data.errors import Place
from data.expression_functions import POINTS
from metrics.rule_words import in_words

__all__ = ["Criterion", "Persona", "criteria"]


@dataclass(frozen=True, kw_only=True)
class Persona:
    """A kind of people that the company sells to.

    `value` is what contacts have as their persona. `fit` is a score in the words of stages.yaml, the name of one
    among them; a lead fits from `fits_from` points on.
    """

    name: str
    label: str
    description: str
    value: str
    fit: str | None = None
    fits_from: float | None = None
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True)
class Criterion:
    """One part of a score: so many points if `words` hold, or for each where it is a count; None where it is neither.

    `is_each` tells the second: "2 points for each visit".
    """

    words: str
    points: float | None
    is_each: bool = False


def criteria(text: str, scores: Mapping[str, str]) -> tuple[Criterion, ...]:
    """The parts of a score that are added up, those of the scores it names among them, in the order written."""
    return tuple(_parts(sqlglot.parse_one(text, dialect="duckdb"), scores, 1.0))


def _parts(node: exp.Expr, scores: Mapping[str, str], times: float) -> Iterator[Criterion]:
    node = node.unnest()
    if isinstance(node, exp.Add | exp.Sub):
        yield from _parts(node.this, scores, times)
        yield from _parts(node.expression, scores, -times if isinstance(node, exp.Sub) else times)
    elif isinstance(node, exp.Neg):
        yield from _parts(node.this, scores, -times)
    elif isinstance(node, exp.Mul) and (number := _number(node.this)) is not None:
        yield from _parts(node.expression, scores, times * number)
    elif isinstance(node, exp.Mul) and (number := _number(node.expression)) is not None:
        yield from _parts(node.this, scores, times * number)
    elif isinstance(node, exp.Column) and node.name in scores:
        yield from _parts(sqlglot.parse_one(scores[node.name], dialect="duckdb"), scores, times)
    elif isinstance(node, exp.Anonymous) and node.name.lower() == POINTS:
        yield Criterion(in_words(node.expressions[0].sql(dialect="duckdb")), times)
    elif isinstance(node, exp.Column):
        yield Criterion(node.name.replace("_", " "), times, is_each=True)
    elif (number := _number(node)) is not None:
        yield Criterion("in any case", times * number)
    else:
        yield Criterion(f"{'' if times == 1 else f'{times:g} x '}{node.sql(dialect='duckdb')}", None)


def _number(node: exp.Expr) -> float | None:
    node = node.unnest()
    if isinstance(node, exp.Neg):
        found = _number(node.this)
        return None if found is None else -found
    return float(node.this) if isinstance(node, exp.Literal) and not node.is_string else None
