"""Keeps the answers that sessions give while somebody listens, as whoever shows them later needs them. Asks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from metrics.answers import Answer

__all__ = ["hear", "heard"]

# Of a thread: each viewer's page runs in one of its own.
_LISTENING: ContextVar[list[Answer] | None] = ContextVar("answers heard", default=None)


@contextmanager
def heard() -> Iterator[list[Answer]]:
    """The list that grows by every answer and funnel that is asked for inside, in their order."""
    answers: list[Answer] = []
    token = _LISTENING.set(answers)
    try:
        yield answers
    finally:
        _LISTENING.reset(token)


def hear(answer: Answer) -> Answer:
    """The answer as it is, kept where somebody listens."""
    if (answers := _LISTENING.get()) is not None:
        answers.append(answer)
    return answer
