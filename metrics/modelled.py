"""One question by several attribution models, under each other. Shares nothing out itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from metrics.answers import Answer
from metrics.query import Query
from metrics.run import Session

__all__ = ["MODEL", "by_models"]

MODEL = "model"


def by_models(session: Session, query: Query, models: Sequence[str]) -> Answer:
    """The answer with a column `model` after the dimensions and the period, the models as they are given.

    With one model, or none, it is the answer to the question itself. Raises InvalidQuestion.
    """
    if len(models) < 2:
        return session.answer(replace(query, model=models[0] if models else None))
    answers = [session.answer(replace(query, model=model, compare="none")) for model in dict.fromkeys(models)]
    keys = [*query.by, *(["period"] if query.grain else [])]
    frames = [
        one.frame.select(*keys, pl.lit(one.query.model).alias(MODEL), *dict.fromkeys(query.metrics)) for one in answers
    ]
    last = answers[-1]
    return replace(
        last,
        frame=pl.concat(frames),
        reasons={name: reason for one in answers for name, reason in one.reasons.items()},
        notes=tuple(dict.fromkeys(note for one in answers for note in one.notes)),
    )
