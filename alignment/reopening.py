"""Sealed months as a reader opens them again: which there are, their numbers, cuts and words. Seals nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl

from alignment.dates import day
from alignment.snapshots import Shelf, Snapshot, shelf_of, shelves_per, split_by
from data.company import Company
from data.errors import InvalidQuestion, NotSealed, did_you_mean

__all__ = [
    "CUTS", "Cut", "Listed", "ListedBy", "cut", "cuts_of", "definitions", "headline", "listed", "listed_by", "reached",
    "reopened", "sealed_at",
]  # fmt: skip

# What a sealed month can be split by, and the words for it.
CUTS = {"channel": "Channel", "campaign": "Campaign", "segment": "Segment"}
# The columns of a cut, in their order.
IN_A_CUT = ("visits", "leads", "mqls", "opportunities", "customers", "won_revenue", "spend", "cost_per_lead")
_LARGEST_BY = ("leads", "won_revenue", "spend")


@dataclass(frozen=True)
class Listed:
    """A sealed month in its latest revision; `problem` says why its manifest cannot be read, and `latest` is None."""

    month: str
    revisions: tuple[int, ...]
    latest: Snapshot | None
    problem: str = ""


@dataclass(frozen=True)
class ListedBy:
    """A month that was sealed once per value of a dimension: these values with the latest revision of each."""

    month: str
    dimension: str
    sealed: Mapping[str, Snapshot]


@dataclass(frozen=True)
class Cut:
    """A row per group with a column per metric; `units` and `labels` by column. The group's column is `group`."""

    frame: pl.DataFrame
    units: Mapping[str, str]
    labels: Mapping[str, str]


def listed(shelf: Shelf) -> tuple[Listed, ...]:
    """The sealed months, the latest first, each in its latest revision."""
    found = []
    for month in shelf.months():
        revisions = tuple(shelf.revisions(month))
        try:
            found.append(Listed(month, revisions, shelf.open(month)))
        except NotSealed as error:
            found.append(Listed(month, revisions, None, str(error)))
    return tuple(found)


def listed_by(company: Company) -> tuple[ListedBy, ...]:
    """The months sealed value by value, the latest first. Those whose manifest cannot be read are left out."""
    found: dict[tuple[str, str], dict[str, Snapshot]] = {}
    for dimension in split_by(company):
        for shelf in shelves_per(company, dimension):
            for one in listed(shelf):
                if one.latest is not None and one.latest.manifest.per is not None:
                    found.setdefault((one.month, dimension), {})[one.latest.manifest.per[1]] = one.latest
    by_month = sorted(found.items(), key=lambda item: item[0][1])
    return tuple(
        ListedBy(month, dimension, dict(sorted(sealed.items())))
        for (month, dimension), sealed in sorted(by_month, key=lambda item: item[0][0], reverse=True)
    )


def reopened(company: Company, month: str, revision: int | None, per: tuple[str, str] | None) -> Snapshot:
    """A sealed month, or that of one value of a dimension; without a revision the latest.

    Raises InvalidQuestion where nothing is sealed by such a dimension or value, and NotSealed.
    """
    if per is None:
        return shelf_of(company).open(month, revision)
    dimension, value = per
    known = {one.dimension for one in listed_by(company)}
    if dimension not in known:
        raise InvalidQuestion(f"No month is sealed by '{dimension}'. {did_you_mean(dimension, known)}")
    values = {name for one in listed_by(company) if one.dimension == dimension for name in one.sealed}
    if value not in values:
        raise InvalidQuestion(f"No month of the {dimension} '{value}' is sealed. {did_you_mean(value, values)}")
    return shelf_of(company, per).open(month, revision)


def sealed_at(snapshot: Snapshot) -> dt.datetime:
    """When it was sealed, by the clock of the company then."""
    moment = dt.datetime.fromisoformat(snapshot.manifest.sealed_at)
    return moment.astimezone(ZoneInfo(snapshot.manifest.company["time_zone"]))


def reached(snapshot: Snapshot) -> str:
    """How far the data of a snapshot reached, in words."""
    return day(dt.date.fromisoformat(snapshot.manifest.through))


def headline(snapshot: Snapshot) -> Mapping[str, Mapping[str, object]]:
    """The rows of results/headline by metric. Raises NotSealed where the file is not what was sealed."""
    return {row["metric"]: row for row in snapshot.frame("results/headline").iter_rows(named=True)}


def cuts_of(snapshot: Snapshot) -> dict[str, str]:
    """The cuts that were sealed, with the words for them."""
    return {name: label for name, label in CUTS.items() if snapshot.has(f"results/headline_by_{name}")}


def cut(snapshot: Snapshot, by: str, empty: str) -> Cut:
    """The month by one dimension, the largest group first; `empty` stands for the group without a value, the last row.

    Groups of which nothing is known are left out. Raises NotSealed where the file is not what was sealed.
    """
    long = snapshot.frame(f"results/headline_by_{by}").filter(pl.col("metric").is_in(IN_A_CUT))
    described = {row["metric"]: row for row in long.unique("metric").iter_rows(named=True)}
    names = [name for name in IN_A_CUT if name in described]
    groups: dict[str | None, dict[str, object]] = {}
    for row in long.iter_rows(named=True):
        one = groups.setdefault(row[by], {"group": row[f"{by}_name"] if row[by] is not None else empty})
        one[row["metric"]] = row["value"]
    rows = [[one.get(name) for name in ("group", *names)] for key, one in _in_order(groups, names)]
    schema = {"group": pl.String, **dict.fromkeys(names, pl.Float64)}
    return Cut(
        pl.DataFrame(rows, schema, orient="row"),
        {name: described[name]["unit"] for name in names},
        {name: described[name]["label"] for name in names},
    )


def _in_order(
    groups: Mapping[str | None, Mapping[str, object]], names: Sequence[str]
) -> list[tuple[str | None, Mapping[str, object]]]:
    known = [(key, one) for key, one in groups.items() if any(one.get(name) for name in names)]
    largest = [name for name in _LARGEST_BY if name in names]

    def place(item: tuple[str | None, Mapping[str, object]]) -> tuple[object, ...]:
        key, one = item
        sizes = [-float(str(one.get(name) or 0)) for name in largest]
        return (key is None, *sizes, str(one["group"]).casefold())

    return sorted(known, key=place)


def definitions(snapshot: Snapshot) -> pl.DataFrame:
    """The definitions of the metrics that were asked, as they were: label, description, formula, owner, fingerprint."""
    asked = {name for question in snapshot.manifest.questions.values() for name in question["metrics"]}
    frame = snapshot.frame("definitions/metrics").filter(pl.col("metric").is_in(sorted(asked)))
    return frame.select("label", "description", "formula", "owner", "fingerprint").sort("label")
