"""Sealed months that tests share, each sealed once for the whole run. Asserts nothing."""

from __future__ import annotations

import csv
import datetime as dt
import fcntl
import functools
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from typer.testing import CliRunner

import tandem
from alignment.months import month_of
from alignment.sealing import Sealed, seal_month
from alignment.snapshots import Snapshot
from metrics import OpenCompany, Session
from tests.small_company import DEALS, PEOPLE, SmallCompany

__all__ = [
    "IN_NOVEMBER", "MARCH", "OCTOBER", "TODAY", "asked_in_the_shell", "copy_with_march", "seal_march", "sealed_october",
    "session_of",
]  # fmt: skip

FURTHER_FILES = """\
  rates:
    path: rates.csv
    through: 2026-04-02
    columns: {day: date, currency: text, rate: number}
  merged:
    path: merged.csv
    through: 2026-04-02
    columns: {old: text, new: text, day: date}
"""
FURTHER_TABLES = """\
  exchange_rates:
    - {from: rates, rate_on: day, currency: currency, rate: rate}
  merges:
    - {from: merged, object: "'contact'", old_id: old, new_id: new, merged_at: day}
"""
MQL = "  - {name: mql, band: TOFU, owner: marketing, means: Decides about money., known_by: {rule: mql_rule}}\n"
RULE = """\
rules:
  mql_rule:
    - {from: 2026-01-01, when: seniority = 'Chief'}
"""
MARCH, TODAY = month_of("2026-03"), dt.date(2026, 4, 3)
OCTOBER, IN_NOVEMBER = month_of("2026-10"), dt.date(2026, 11, 16)


def session_of(small: SmallCompany) -> Session:
    return OpenCompany(small.company).at()


def seal_march(small: SmallCompany, commentary: str = "", revise: str | None = None) -> Sealed:
    return seal_month(session_of(small), MARCH, commentary, revise, today=TODAY)


def sealed_october(demo: Session) -> Snapshot:
    """October of the demo company, sealed by the first test of the run that asks for it."""
    with (Path(os.environ["TANDEM_VAR"]) / "october.sealing").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return seal_month(demo, OCTOBER, "A fair month.", today=IN_NOVEMBER).snapshot


@functools.cache
def asked_in_the_shell(*names: str) -> Mapping[str, float]:
    """What `tandem.py ask` prints of metrics of the demo company in October, asked once per process."""
    days = ["--from", str(OCTOBER.start), "--to", str(OCTOBER.until)]
    result = CliRunner().invoke(tandem.app, ["ask", *names, *days, "--format", "csv"])
    assert result.exit_code == 0, result.output
    header, values = csv.reader(result.stdout.splitlines())
    assert tuple(header) == names
    return {name: float(value) for name, value in zip(header, values, strict=True)}


def copy_with_march(shared: Path, folder: Path, state: Path) -> SmallCompany:
    """A small company in `folder` whose files reach the end of March, with March sealed; its state in `state`.

    It is made once for the run below `shared`, and copied.
    """
    origin = shared / "companies" / "whole"
    with (shared / "whole.making").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not origin.exists():
            _make(origin)
    shutil.copytree(origin / "state", state, dirs_exist_ok=True)
    shutil.copytree(origin / "small", folder)
    return SmallCompany(folder, is_made=True)


def _complete(small: SmallCompany) -> None:
    """Data up to the day of sealing, a rank that a rule reads, a deal in francs, and merged contacts."""
    for day in ("2026-03-15", "2026-03-31", "2026-01-31"):
        small.replace("sources.yaml", f"through: {day}", "through: 2026-04-02")
    small.replace("sources.yaml", "channel: text}", "channel: text, rank: text}")
    small.replace("sources.yaml", "original_source: channel}", "original_source: channel, seniority: rank}")
    small.replace("sources.yaml", "closed_on: date}", "closed_on: date, currency: text}")
    small.replace("sources.yaml", "amount: amount,", "amount: amount, currency: currency,")
    small.replace("sources.yaml", "tables:\n", f"{FURTHER_FILES}tables:\n{FURTHER_TABLES}")
    small.replace("stages.yaml", "  - {name: customer", f"{MQL}  - {{name: customer")
    small.write("stages.yaml", (small.folder / "stages.yaml").read_text(encoding="utf-8") + RULE)
    header, *people = PEOPLE.splitlines()
    ranked = [f"{line},{rank}" for line, rank in zip(people, ("Chief", "Clerk", "Chief", "Clerk"), strict=True)]
    small.write("people.csv", "\n".join([f"{header},rank", *ranked, ""]))
    header, *deals = DEALS.splitlines()
    priced = [f"{line},EUR" for line in deals]
    small.write("deals.csv", "\n".join([f"{header},currency", *priced, "d3,c1,100.00,2026-03-10,CHF", ""]))
    small.write("rates.csv", "day,currency,rate\n2026-03-09,CHF,0.95\n")
    small.write("merged.csv", "old,new,day\nc0,c1,2026-01-20\n")


def _make(origin: Path) -> None:
    before = os.environ["TANDEM_VAR"]
    os.environ["TANDEM_VAR"] = str(origin / "state")
    try:
        small = SmallCompany(origin / "small")
        _complete(small)
        small.refresh()
        seal_march(small, "Two leads, one customer.")
    finally:
        os.environ["TANDEM_VAR"] = before
