"""What records did to a number, each by its cause, so that the effects sum to the difference. Asks nothing.

Of a sum a record's effect is what it adds. A quotient is told by its numerator and denominator, record by record; its
own difference is shared out by letting the causes change both one after the other, in the order of CAUSES from the last
to the first. A median is made again after each record that changed, by cause in the same order and within a cause by
key: an effect is the median after it less the one before, so that all of them sum to the difference. While so many wait
that there is no median, the next record after which there is one takes the difference.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import polars as pl

from alignment.record_causes import Causes
from metrics.records import WAIT, Part, middle

__all__ = ["APART", "CAUSES", "RATE", "RULE", "TARGET", "RecordEffect", "effects_of", "exact"]

RULE, RATE, TARGET, APART = "changed rule", "changed rate", "changed target", "not told apart"
CAUSES = (
    RULE, RATE, "merged contact", "deleted contact", "merged deal", "deleted deal", "edited deal", "corrected record",
    "deleted record", "late event", APART, TARGET,
)  # fmt: skip
# (part, cause, kind, record, before, after, effect); before and after are None of a wait that is not there or goes on.
RecordEffect = tuple[str, str, str, str, float | None, float | None, float]
_ADDS_UP, _DIVIDED = Decimal("0.000001"), Decimal("0.000000001")


def exact(value: float, unit: str) -> Decimal:
    """A number as it is written: what adds up to a millionth, rates, quotients and times to a thousandth of that."""
    return Decimal(repr(float(value))).quantize(_ADDS_UP if unit in ("count", "money") else _DIVIDED)


def effects_of(
    then: pl.DataFrame,
    parts: Sequence[Part],
    causes: Causes,
    ends: tuple[Decimal, Decimal],
    totals: Mapping[str, float],
    unit: str,
) -> tuple[dict[str, Decimal], list[RecordEffect]]:
    """The difference between the two `ends` by cause, and the effects of records.

    `then` are the sealed records (part, kind, record, value), `totals` the sealed totals of the parts; `parts` are
    those of today. What no record explains is of the cause APART.
    """
    before, after = ends
    if [part.role for part in parts] == [WAIT] and set(totals) == {WAIT}:
        told = list(_one_after_the_other(then, parts[0], causes, before, unit))
        found = _summed(told, unit)
    else:
        told = list(_added(then, parts, totals, causes))
        found = _shared_out(told, before, totals, unit)
    rest = after - before - sum(found.values())
    if rest and found and abs(rest) <= Decimal("0.0001"):
        # What rounding left over goes to the largest effect, so that the sum is exact.
        found[max(found, key=lambda cause: abs(found[cause]))] += rest
    elif rest:
        found[APART] = rest
    return found, told


def _beside(then: pl.DataFrame, part: Part) -> Iterator[tuple[str, str, float | None, float | None]]:
    """(kind, record, before, after) of each record of a part, by key; None where it is not there."""
    if part.records is None:
        return
    keys = ["kind", "record"]
    was = then.filter(pl.col("part") == part.role).select(*keys, pl.col("value").alias("before"))
    now = part.records.rename({"value": "after"})
    both = was.join(now, on=keys, how="full", coalesce=True).sort(keys)
    yield from both.select(*keys, "before", "after").iter_rows()


# -- sums and quotients ----------------------------------------------------------------------------------------------


def _added(
    then: pl.DataFrame, parts: Sequence[Part], totals: Mapping[str, float], causes: Causes
) -> Iterator[RecordEffect]:
    """What each record that adds another amount now adds more, in the parts that were sealed."""
    for part in (one for one in parts if one.role in totals):
        for kind, record, before, after in _beside(then, part):
            was, is_now = before or 0.0, after or 0.0
            effect = exact(is_now, "count") - exact(was, "count")
            if effect:
                yield part.role, causes.of(kind, record, was, is_now), kind, record, was, is_now, float(effect)


def _summed(told: Sequence[RecordEffect], unit: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for _, cause, _, _, _, _, effect in told:
        found[cause] = found.get(cause, Decimal(0)) + exact(effect, unit)
    return found


def _shared_out(
    told: Sequence[RecordEffect], before: Decimal, totals: Mapping[str, float], unit: str
) -> dict[str, Decimal]:
    """The difference of the records by cause: of a sum what its records add, of a quotient one cause after another."""
    if set(totals) == {"value"}:
        return _summed(told, "count")
    if set(totals) != {"numerator", "denominator"}:
        return {}
    parts = {role: _summed([one for one in told if one[0] == role], "count") for role in totals}
    over, under, last = exact(totals["numerator"], "count"), exact(totals["denominator"], "count"), before
    known, found = {cause for by_cause in parts.values() for cause in by_cause}, {}
    for cause in (one for one in reversed(CAUSES) if one in known):
        over += parts["numerator"].get(cause, Decimal(0))
        under += parts["denominator"].get(cause, Decimal(0))
        value = exact(float(over) / float(under), unit) if under else last
        found[cause], last = value - last, value
    return found


# -- medians ---------------------------------------------------------------------------------------------------------


def _one_after_the_other(
    then: pl.DataFrame, part: Part, causes: Causes, before: Decimal, unit: str
) -> Iterator[RecordEffect]:
    """The median after each record that waits otherwise now, less the one before it."""
    records = list(_beside(then, part))
    waits = sorted(was for _, _, was, _ in records if was is not None)
    start = middle(waits)
    if start is None or exact(start, unit) != before:
        return  # the sealed waits are not those of the sealed number
    changed = [
        (causes.of(kind, record, was or 0.0, now or 0.0), kind, record, was, now)
        for kind, record, was, now in records
        if was != now
    ]
    last = before
    for cause, kind, record, was, now in sorted(changed, key=lambda one: (-CAUSES.index(one[0]), *one[1:3])):
        if was is not None:
            del waits[bisect.bisect_left(waits, was)]
        if now is not None:
            bisect.insort(waits, now)
        found = middle(waits)
        value = last if found is None else exact(found, unit)
        yield WAIT, cause, kind, record, _ended(was), _ended(now), float(value - last)
        last = value


def _ended(wait: float | None) -> float | None:
    return None if wait is None or math.isinf(wait) else wait
