"""Olist's marketing funnel against its own files, read here once more with csv and counted in plain Python."""

from __future__ import annotations

import csv
import datetime as dt
import os
import shutil
import statistics
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from metrics import Query, Session
from tests.conftest import OLIST, PROJECT

FUNNEL = "lead_to_customer"
LAST = dt.date(2018, 11, 14)
# The first hour of this day did not exist in São Paulo: clocks went from 23:59:59 to 01:00.
NO_MIDNIGHT = dt.date(2017, 10, 15)
NAMES = ("olist_marketing_qualified_leads_dataset.csv", "olist_closed_deals_dataset.csv")


@dataclass(frozen=True)
class Published:
    """The two files as their owner publishes them. Dates are written local, so their first ten letters are the day."""

    folder: Path

    @cached_property
    def leads(self) -> list[dict[str, str]]:
        return self._rows(NAMES[0])

    @cached_property
    def won(self) -> dict[str, dt.date]:
        return {row["mql_id"]: dt.date.fromisoformat(row["won_date"][:10]) for row in self._rows(NAMES[1])}

    def _rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))

    def funnel(self, day: dt.date, window: int | None, channel: str | None = None) -> tuple[int, int, int, int]:
        """Entered, converted to date, matured, converted in time as of a day, by the formulas of docs/formulas.md."""
        entered = converted = matured = in_time = 0
        for lead in self.leads:
            first = dt.date.fromisoformat(lead["first_contact_date"])
            if first >= day or (channel is not None and lead["origin"] != channel):
                continue
            entered += 1
            won = self.won.get(lead["mql_id"])
            has_converted = won is not None and won < day
            converted += has_converted
            if window is not None and first + dt.timedelta(days=window) < day:
                matured += 1
                in_time += has_converted and max(0, (won - first).days) <= window  # type: ignore[operator]  # not None here
        return entered, converted, matured, in_time


@pytest.fixture(scope="module")
def published(olist_files: Path) -> Published:
    return Published(olist_files)


def numbers(session: Session, *metrics: str, **asked: object) -> tuple[object, ...]:
    return session.answer(Query(metrics, **asked)).frame.row(0)  # type: ignore[arg-type]  # fields of Query by name


def test_every_lead_and_every_customer_is_there(olist: Session, published: Published) -> None:
    assert numbers(olist, "leads", "customers", "deals_won") == (8000, 842, 842)
    assert (len(published.leads), len(published.won)) == (8000, 842)
    assert [(file.lines, file.loaded, file.quarantined, file.skipped) for file in olist.manifest.files] == [
        (8000, 8000, 0, 0), (842, 842, 0, 0),
    ]  # fmt: skip


def test_the_rate_to_date_is_of_all_leads(olist: Session) -> None:
    assert numbers(olist, f"{FUNNEL}.rate_to_date") == (842 / 8000,)
    assert f"{842 / 8000:.3%}" == "10.525%"


def test_channels_are_the_origins_as_written_and_empty_is_not_unknown(olist: Session, published: Published) -> None:
    expected = Counter(lead["origin"] or None for lead in published.leads)
    customers = Counter(lead["origin"] or None for lead in published.leads if lead["mql_id"] in published.won)
    frame = olist.answer(Query(("leads", "customers"), ("channel",))).frame
    assert {row[0]: row[1:] for row in frame.iter_rows()} == {
        channel: (count, customers[channel]) for channel, count in expected.items()
    }
    assert frame["channel"].to_list()[-2:] == ["unknown", None]
    assert (expected["unknown"], expected[None]) == (1099, 60)


def test_the_landing_page_is_the_content(olist: Session, published: Published) -> None:
    frame = olist.answer(Query(("leads",), ("content",))).frame
    assert dict(frame.iter_rows()) == Counter(lead["landing_page_id"] for lead in published.leads)


def test_leads_of_a_day_without_midnight_are_on_that_day(olist: Session, published: Published) -> None:
    days = Counter(dt.date.fromisoformat(lead["first_contact_date"]) for lead in published.leads)
    frame = olist.answer(Query(("leads",), grain="day")).frame
    assert dict(frame.iter_rows()) == days
    assert days[NO_MIDNIGHT] == 7


def test_customers_are_on_the_local_day_of_their_win(olist: Session, published: Published) -> None:
    frame = olist.answer(Query(("customers",), grain="day")).frame
    assert dict(frame.iter_rows()) == Counter(published.won.values())


def test_the_one_that_was_won_before_its_first_contact_converts_at_once(olist: Session, published: Published) -> None:
    first = {lead["mql_id"]: dt.date.fromisoformat(lead["first_contact_date"]) for lead in published.leads}
    early = [lead for lead, won in published.won.items() if won < first[lead]]
    assert len(early) == 1
    (part,) = olist.rows(Query((FUNNEL,)))[-1:]
    found = part.frame.filter(part.frame["contact_id"] == early[0]).to_dicts()
    assert [(lead["days"], lead["is_converted_in_time"]) for lead in found] == [(0, True)]
    assert found[0]["converted_on"] < found[0]["entered_on"]


@pytest.mark.parametrize("day", [dt.date(2018, 6, 1), dt.date(2018, 1, 15), LAST + dt.timedelta(days=1)])
def test_the_funnel_equals_a_count_in_plain_python(olist: Session, published: Published, day: dt.date) -> None:
    windows = (30, 90, 180)
    frame = olist.funnel(FUNNEL, Query((FUNNEL,), as_of=day, within=windows)).frame
    counts = frame.select("step", "within_days", "entered", "converted_to_date", "matured", "converted_matured")
    assert counts.rows() == [("customer", window, *published.funnel(day, window)) for window in windows]
    for row in frame.iter_rows(named=True):
        assert row["rate_to_date"] == row["converted_to_date"] / row["entered"]
        assert row["rate_matured"] == (row["converted_matured"] / row["matured"] if row["matured"] else None)


@pytest.mark.parametrize("window", [30, 90, 180])
def test_survival_and_waiting_times_equal_a_count_in_plain_python(
    olist: Session, published: Published, window: int
) -> None:
    day = dt.date(2018, 6, 1)
    first = {lead["mql_id"]: dt.date.fromisoformat(lead["first_contact_date"]) for lead in published.leads}
    won = {key: when for key, when in published.won.items() if when < day}
    entries = {key: when for key, when in first.items() if when < day}
    exits = {key: max(0, (won[key] - on).days) if key in won else (day - on).days - 1 for key, on in entries.items()}
    stays = 1.0
    for time in range(window + 1):
        at_risk = sum(left >= time for left in exits.values())
        stays *= 1 - sum(left == time and key in won for key, left in exits.items()) / at_risk if at_risk else 1
    matured = [key for key, on in entries.items() if on + dt.timedelta(days=window) < day]
    waits = sorted(exits[key] for key in matured if key in won and exits[key] <= window and won[key] >= first[key])
    results = ("rate_kaplan_meier", "median_days", "still_open")
    asked = Query(tuple(f"{FUNNEL}.{result}" for result in results), as_of=day, within=(window,))
    found = olist.answer(asked).frame.row(0)
    assert found[0] == pytest.approx(1 - stays, abs=1e-12)
    assert found[1:] == (statistics.median(waits), 8000 - 665)
    frame = olist.funnel(FUNNEL, Query((FUNNEL,), as_of=day, within=(window,))).frame
    assert frame.select(*results).row(0) == found
    # Without lost deals nobody can tell who was lost, so the cell is empty and says why.
    assert frame["rate_cumulative_incidence"].item() is None
    assert (
        "lost"
        in olist.answer(Query((f"{FUNNEL}.rate_cumulative_incidence",))).reasons[f"{FUNNEL}.rate_cumulative_incidence"]
    )


def test_the_first_of_june_is_as_it_was(olist: Session) -> None:
    frame = olist.funnel(FUNNEL, Query((FUNNEL,), as_of=dt.date(2018, 6, 1), within=(30, 90, 180))).frame
    assert frame["entered"].to_list() == [8000] * 3
    assert frame["converted_to_date"].to_list() == [665] * 3


def test_the_funnel_by_channel_equals_a_count_in_plain_python(olist: Session, published: Published) -> None:
    day = dt.date(2018, 6, 1)
    frame = olist.funnel(FUNNEL, Query((FUNNEL,), ("channel",), as_of=day, within=(30, 90))).frame
    counts = frame.select("channel", "within_days", "entered", "converted_to_date", "matured", "converted_matured")
    origins = {lead["origin"] for lead in published.leads}
    assert sorted(counts.rows(), key=repr) == sorted(
        [(origin or None, days, *published.funnel(day, days, origin)) for origin in origins for days in (30, 90)],
        key=repr,
    )


def test_only_what_was_recorded_is_known_and_the_answer_says_so(olist: Session, published: Published) -> None:
    answer = olist.funnel(FUNNEL, Query((FUNNEL,)))
    early = sum(lead["first_contact_date"] < "2017-12-05" for lead in published.leads)
    assert early
    (note,) = answer.notes
    assert note.startswith(f"Lead to customer: {early:,} of 8,000 entries happened before all stages were recorded")
    assert "Customer since 2017-12-05" in note


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ("mqls", "No stage mql here: stages.yaml declares lead, customer."),
        ("spend", "Olist has no spend (declared absent in sources.yaml)."),
        ("visits", "Olist has no visits (declared absent in sources.yaml)."),
        ("won_revenue", "Olist has no deal amounts (declared absent in sources.yaml)."),
        ("win_rate", "Olist has no lost deals (declared absent in sources.yaml)."),
        ("deals_created", "Olist has no open deals (declared absent in sources.yaml)."),
    ],
)
def test_what_olist_does_not_have_is_a_reason_and_an_empty_cell(olist: Session, metric: str, reason: str) -> None:
    answer = olist.answer(Query(("leads", metric), ("channel",)))
    assert answer.reasons == {metric: reason}
    assert set(answer.frame[metric].to_list()) == {None}
    assert answer.frame["leads"].sum() == 8000


def test_only_the_declared_stages_exist(olist: Session) -> None:
    assert [stage.name for stage in olist.manifest.stages] == ["lead", "customer"]
    assert olist.through == LAST
    assert olist.funnel("mofu_conversion", Query(("mofu_conversion",))).frame.is_empty()


def test_the_two_files_are_enough_and_a_relative_folder_starts_here(
    olist_files: Path, own_state: Path, tmp_path: Path
) -> None:
    (tmp_path / "olist").mkdir()
    for name in NAMES:
        shutil.copy(olist_files / name, tmp_path / "olist")
    command = [sys.executable, str(PROJECT / "tandem.py"), "ask", "leads", "customers", "--company", str(OLIST)]
    environment = {**os.environ, "OLIST_DIR": "olist"}
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "leads,customers\n8000,842\n"), ran.stderr
    assert (own_state / "olist" / "CURRENT").exists()
