"""Sentences about a month, made from its numbers, each with the numbers it was made from. Claims no cause.

A sentence says only what its evidence shows: a direction, a share, a largest one. Where a number is missing there is no
sentence of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from typing import Any

from alignment import numbers
from alignment.numbers import change
from alignment.report.contents import Sentence

__all__ = [
    "Month",
    "in_table",
    "kept",
    "largest",
    "lowest_step",
    "matured_rate",
    "moved",
    "promises",
    "standing",
    "targets_met",
]

Row = Mapping[str, Any]
# A sentence names so many groups that have the same.
_MOST_NAMED = 3
# A difference between two counts this small is told by the counts, not by a share of them.
_FEW = 10
# What grew by more than this is told by the difference: "4,200 % more" says less than the number.
_TENFOLD = 9.0


@dataclass(frozen=True)
class Month:
    """What sentences need to know of the month: its name, those that it is compared with, and the currency."""

    name: str
    before: str
    year_before: str
    currency: str


def in_table(value: float | None, unit: str, currency: str) -> str:
    """A number as it stands in a table: exact, but money from a thousand on without cents, and rates to a tenth."""
    if value is None:
        return numbers.MISSING
    if unit == "money":
        exact = numbers.money(value, currency, exact=True)
        if not value:
            return exact.removesuffix(".00")
        return exact if abs(value) < 1000 else numbers.money(round(value), currency, exact=True).removesuffix(".00")
    if unit == "ratio" and 0.0005 <= abs(value) < 0.9995:
        return f"{value * 100:.1f}\u00a0%".replace("-", "\u2212")
    if unit == "count" and not float(value).is_integer():
        return numbers.parts(value)
    return numbers.number(value, unit, currency)  # type: ignore[arg-type]  # units are checked when definitions load


def moved(row: Row, month: Month) -> Sentence | None:
    """Whether a metric rose or fell against the month before: by a share, by points, or by its counts where few."""
    value, previous, unit = row["value"], row["previous"], row["unit"]
    if value is None:
        return None
    now = numbers.number(value, unit, month.currency)
    label = row["label"]
    parts = [f"{in_table(value, unit, month.currency)} in {month.name}"]
    for name, key in ((month.before, "previous"), (month.year_before, "last_year")):
        if row[key] is not None:
            parts.append(f"{in_table(row[key], unit, month.currency)} in {name}")
    evidence = f"{label}: {', '.join(parts)}."
    if previous is None:
        return Sentence(f"{label} in {month.name}: {now}.", evidence)
    told = _difference(value, previous, unit, month.currency)
    if told is None:
        return Sentence(f"{label}: {now} in {month.name}, as in {month.before}.", evidence)
    verb = "rose" if value > previous else "fell"
    if not value and unit in ("count", "money"):
        was = in_table(previous, unit, month.currency)
        return Sentence(f"{label} {verb} to {now} in {month.name}, from {was} in {month.before}.", evidence)
    return Sentence(f"{label} {verb} to {now} in {month.name}, {told} than in {month.before}.", evidence)


def _difference(value: float, previous: float, unit: str, currency: str) -> str | None:
    """18.4 % more, 8 points less; None where nothing moved that could be written."""
    word = "more" if value > previous else "less"
    is_share = unit in ("count", "money") and previous > 0 and (unit == "money" or previous >= _FEW)
    share = (value - previous) / previous if is_share else None
    if share is not None and share <= _TENFOLD:
        told = change(share, "share", "neither")
    else:
        told = change(value - previous, unit, "neither", currency)  # type: ignore[arg-type]  # a unit of a metric
    if told is None or told.arrow == "→":
        return None
    return f"{told.words} {word}"


def matured_rate(row: Row, cohort: str) -> Sentence | None:
    """The rate of the latest cohort that had its whole time, which is named."""
    if row["value"] is None:
        return None
    rate = numbers.rate(row["value"])
    before = f" The cohort a month earlier: {numbers.rate(row['previous'])}." if row["previous"] is not None else ""
    return Sentence(f"{row['label']}: {rate} of those who entered in {cohort}, the latest that had their whole time.",
                    f"{row['label']}, cohort of {cohort}: {rate}.{before}")  # fmt: skip


def largest(
    words: Sequence[str | None], values: Sequence[float | None], label: str, unit: str, month: Month,
    what: str, *, adds_up: bool,
) -> Sentence | None:  # fmt: skip
    """Which group has the most of a metric, and what share that is where groups add up. None where nothing is known.

    The group without words takes part in the sum, and never is the largest; the evidence tells what it has.
    """
    named = [(value, word) for value, word in zip(values, words, strict=True) if word is not None and value]
    if not named or max(named)[0] <= 0:
        return None
    total = sum(value for value in values if value is not None)
    top = max(value for value, _ in named)
    first = [word for value, word in named if value == top]
    who = f"{', '.join(first[:-1])} and {first[-1]} have" if len(first) > 1 else f"{first[0]} has"
    said = f"{who} the most {label} of all {what}"
    if len(first) > _MOST_NAMED:
        said = f"{len(first)} {what} have the most {label}"
    elif len(named) == 1:
        said = f"Of all {what} only {first[0]} has {label}"
    said += ", each with" if len(first) > 1 else ":"
    written = numbers.number(top, unit, month.currency)  # type: ignore[arg-type]  # a unit of a metric
    exact = in_table(top, unit, month.currency)
    if not adds_up:
        return Sentence(f"{said} {written}.", f"{label} in {month.name}: {exact}.")
    without = sum(value for value, word in zip(values, words, strict=True) if word is None and value)
    aside = f"; {in_table(without, unit, month.currency)} unattributed" if without else ""
    evidence = f"{exact} of {in_table(total, unit, month.currency)} in {month.name}{aside}."
    return Sentence(f"{said} {written}, {numbers.rate(top / total)} of all.", evidence)


def lowest_step(steps: Sequence[tuple[Row, str]]) -> Sentence | None:
    """The step with the lowest rate; each step comes with the days on which its cohort entered."""
    known = [(row, cohort) for row, cohort in steps if row["value"] is not None]
    if not known:
        return None
    row, cohort = min(known, key=lambda step: float(step[0]["value"]))
    lowest = [one["label"] for one, _ in known if one["value"] == row["value"]]
    rates = (f"{one['label']} {numbers.rate(one['value'])} (entered in {days})" for one, days in known)
    rate, which = numbers.rate(row["value"]), " has the lowest rate of the steps" if len(known) > 1 else ""
    if len(lowest) > 1:
        text = f"{', '.join(lowest[:-1])} and {lowest[-1]} have the lowest rate of the steps: {rate}."
    else:
        text = f"{row['label']}{which}: {rate} of those who entered in {cohort}."
    return Sentence(text, f"{'; '.join(rates)}.")


def promises(row: Row, month: Month) -> Sentence | None:
    """The share of promises to answer a lead in time that sales kept."""
    if row["value"] is None:
        return None
    before = f" {month.before}: {numbers.rate(row['previous'])}." if row["previous"] is not None else ""
    return Sentence(f"Sales kept {numbers.rate(row['value'])} of its promises to answer in time in {month.name}.",
                    f"{row['label']}: {numbers.rate(row['value'])}.{before}")  # fmt: skip


def kept(rows: Sequence[Row], month: Month) -> Sentence | None:
    """How many promises were kept of those whose own time ended in the month. None where none of them did."""
    over = [row for row in rows if row["is_kept"] is not None]
    if not over:
        return None
    groups = (("Kept", [row["label"] for row in over if row["is_kept"]]),
              ("not kept", [row["label"] for row in over if not row["is_kept"]]))  # fmt: skip
    evidence = "; ".join(f"{what}: {', '.join(labels)}" for what, labels in groups if labels)
    weeks = " Of a promise by the week each week counts." if any(row.get("per") == "week" for row in over) else ""
    count = sum(1 for row in over if row["is_kept"])
    noun, verb = ("promise", "was") if len(over) == 1 else ("promises", "were")
    return Sentence(f"{count} of {len(over)} {noun} whose own time ended in {month.name} {verb} kept.",
                    f"{evidence[:1].upper()}{evidence[1:]}.{weeks}")  # fmt: skip


def targets_met(rows: Sequence[tuple[str, float | None, float, str]], month: Month) -> Sentence | None:
    """How many numbers reached the month's part of what is promised of them, by label, value, target and which way is
    good. One that is not known neither reached nor missed it, and is named. None where there is no target.
    """
    if not rows:
        return None
    known = [(label, value, target, good) for label, value, target, good in rows if value is not None]
    met = [label for label, value, target, good in known if (value <= target if good == "down" else value >= target)]
    missed = [label for label, *_ in known if label not in met]
    unknown = [label for label, value, *_ in rows if value is None]
    groups = (("Reached", met), ("missed", missed), ("without a number", unknown))
    evidence = "; ".join(f"{what}: {', '.join(labels)}" for what, labels in groups if labels)
    noun = "number reached its target" if len(rows) == 1 else "numbers reached their target"
    return Sentence(f"{len(met)} of {len(rows)} {noun} for {month.name}.",
                    f"{evidence[:1].upper()}{evidence[1:]}.")  # fmt: skip


def standing(values: Sequence[float | None], label: str, unit: str, month: Month) -> Sentence | None:
    """Where the last month stands among those before it: the highest, the lowest, or how many were higher.

    Months before the first that has anything do not count: there may have been no data yet.
    """
    told = [value for value in values if value is not None]
    known = list(dropwhile(lambda value: not value, told)) or told
    if not known or values[-1] is None or len(known) < 2:
        return None
    own = values[-1]
    written = numbers.number(own, unit, month.currency)  # type: ignore[arg-type]  # a unit of a metric
    text = f"{label} in {month.name}: {written}{_place(own, known)}."
    lowest, highest = (in_table(value, unit, month.currency) for value in (min(known), max(known)))
    return Sentence(text, f"{label} a month: {lowest} to {highest}.")


def _place(own: float, known: Sequence[float]) -> str:
    """Where a value stands among values that it is one of."""
    higher, lower = (sum(1 for value in known if value > own), sum(1 for value in known if value < own))
    count, is_alone = len(known), sum(1 for value in known if value == own) == 1
    if not higher and not lower:
        return f", as in each of {count} months"
    if not higher or not lower:
        return f", {'' if is_alone else 'with others '}the {'lowest' if higher else 'highest'} of {count} months"
    return f"; {higher} of the {count - 1} other months {'was' if higher == 1 else 'were'} higher"
