"""Questions that differ in days and constants alone share a plan, and are compiled as if each were the first."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from data.calendar import Period
from data.errors import InvalidQuestion
from metrics import Query, Session
from metrics.answers import Results
from metrics.emit import emit_plan
from metrics.plan import plan

JANUARY = Period(dt.date(2026, 1, 1), dt.date(2026, 2, 1))
SPRING = Period(dt.date(2026, 3, 2), dt.date(2026, 5, 4))
AUTUMN = Period(dt.date(2026, 8, 30), dt.date(2026, 11, 1))
# Each by the days and constants of one question, then of another.
OTHERS = (
    (Query(("leads",), period=JANUARY), Query(("leads",), period=SPRING)),
    (Query(("leads",), grain="month", period=SPRING), Query(("leads",), grain="month", period=AUTUMN)),
    (Query(("leads",), grain="week", period=JANUARY), Query(("leads",), grain="week", period=AUTUMN)),
    (Query(("leads",), ("channel",), period=JANUARY, limit=3), Query(("leads",), ("channel",), period=SPRING)),
    (
        Query(("leads",), period=JANUARY, where="channel = 'social'", is_shared=True),
        Query(("leads",), period=SPRING, where="channel = 'events'", is_shared=True),
    ),
    (
        Query(("leads",), period=SPRING, where="channel in ('social', 'events')", is_shared=True),
        Query(("leads",), period=SPRING, where="channel = 'events'", is_shared=True),
    ),
    (Query(("leads",), as_of=dt.date(2026, 4, 1)), Query(("leads",), as_of=dt.date(2026, 5, 1))),
    (Query(("leads",)), Query(("leads",), period=SPRING)),
)


def compiled_after(first: Query, then: Query, demo: Session) -> object:
    """The second question's plan, values, reasons and SQL in a session that has compiled the first."""
    session = Session(demo.company, demo.generation, demo.definitions, Results(), demo._engine)
    session._compiled(first)
    planned, sql = session._compiled(then)
    return planned, sql


@pytest.mark.parametrize("pair", OTHERS)
def test_every_standard_metric_is_compiled_as_if_no_question_had_been_before(
    pair: tuple[Query, Query], demo: Session
) -> None:
    compared = 0
    for name in demo.definitions.metrics:
        first, then = (replace(query, metrics=(name,)) for query in pair)
        try:
            alone = plan(demo.reach, then)
            plan(demo.reach, first)
        except InvalidQuestion:  # not every metric is known by channel, or without a period
            continue
        assert compiled_after(first, then, demo) == (alone, emit_plan(alone.plan))
        compared += 1
    assert compared > 20


def test_questions_of_one_shape_are_planned_once(demo: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[Query] = []

    def counted(reach: object, query: Query) -> object:
        planned.append(query)
        return plan(reach, query)  # type: ignore[arg-type]  # what the session hands on

    monkeypatch.setattr("metrics.run.plan", counted)
    session = Session(demo.company, demo.generation, demo.definitions, Results(), demo._engine)
    for period in (JANUARY, SPRING, AUTUMN):
        for channel in ("social", "events"):
            session.answer(Query(("leads", "mqls"), period=period, where=f"channel = '{channel}'"))
    assert len(planned) == 1


def test_other_days_are_other_answers(demo: Session) -> None:
    whole = Query(("leads",), period=Period(JANUARY.start, AUTUMN.until))
    parts = [
        Query(("leads",), period=Period(start, until))
        for start, until in ((JANUARY.start, SPRING.start), (SPRING.start, AUTUMN.start), (AUTUMN.start, AUTUMN.until))
    ]
    found = [demo.answer(query).number("leads") for query in (whole, *parts)]
    assert found[0] == sum(part or 0 for part in found[1:]) > 0
