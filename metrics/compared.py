"""An answer beside that of the period it is compared with, row by row. Asks nothing."""

from __future__ import annotations

import polars as pl

from metrics.answers import Answer
from metrics.target_answers import TARGET

__all__ = ["BEFORE", "side_by_side"]

BEFORE = "_before"


def side_by_side(answer: Answer) -> pl.DataFrame:
    """The answer's frame with `<metric>_before` beside each metric.

    A period stands by the one of the same place in the other span, a group by itself. A group that only the earlier
    span has is there too, without numbers of its own, unless the rows are limited. Without a comparison the frame is
    as it is. Beside the agreement it has `<metric>_target`.
    """
    metrics = list(dict.fromkeys(answer.query.metrics))
    if answer.targets is not None:
        both = answer.frame.with_columns(answer.targets.select(name + TARGET for name in metrics))
        keys = [*answer.query.by, *(["period"] if answer.query.grain else [])]
        return both.select([*keys, *(name for metric in metrics for name in (metric, metric + TARGET))])
    if answer.before is None:
        return answer.frame
    keys = [*answer.query.by, *(["place"] if answer.query.grain else [])]
    now, before = _placed(answer), _placed(answer.before).rename({name: name + BEFORE for name in metrics})
    if not keys:
        joined = pl.concat([now, before], how="horizontal")
    else:
        dated = now.select("place", "period").unique() if answer.query.grain else None
        joined = now.drop("period", strict=False).join(
            before.drop("period", strict=False),
            on=keys,
            how="left" if answer.query.limit else "full",
            coalesce=True,
            nulls_equal=True,
        )
        joined = joined.join(dated, on="place", how="left") if dated is not None else joined
        joined = joined.sort(keys, nulls_last=True) if not answer.query.order else joined
    shown = [name for metric in metrics for name in (metric, metric + BEFORE)]
    return joined.select([*answer.query.by, *(["period"] if answer.query.grain else []), *shown])


def _placed(answer: Answer) -> pl.DataFrame:
    """With the place of each period among those of the span, the first being 1."""
    if answer.query.grain is None:
        return answer.frame
    return answer.frame.with_columns(pl.col("period").rank("dense").alias("place"))
