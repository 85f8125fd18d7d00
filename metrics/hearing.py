"""Keeps the answers that a session gives while somebody listens to it, for whoever shows them later. Asks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from metrics.answers import Answer

__all__ = ["hear", "heard"]

# Of a thread: each viewer's page runs in one of its own.
_LISTENING: ContextVar[tuple[object, list[Answer]] | None] = ContextVar("the session that is heard", default=None)


@contextmanager
def heard(session: object) -> Iterator[list[Answer]]:
    """The list that grows by every answer and funnel that is asked of a session inside, in their order.

    What is asked of others, such as one that reads the same rows by a rule that is only proposed, is not in it.
    """
    answers: list[Answer] = []
    token = _LISTENING.set((session, answers))
    try:
        yield answers
    finally:
        _LISTENING.reset(token)


def hear(session: object, answer: Answer) -> Answer:
    """The answer as it is, kept where somebody listens to the session that gives it."""
    listening = _LISTENING.get()
    if listening is not None and listening[0] is session:
        listening[1].append(answer)
    return answer
