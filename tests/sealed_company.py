"""Sealed months that tests share, each sealed once for the whole run. Asserts nothing."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import shutil
from pathlib import Path

from alignment.months import month_of
from alignment.sealing import Sealed, seal_month
from alignment.snapshots import Snapshot
from metrics import OpenCompany, Session
from tests.small_company import SmallCompany

__all__ = ["IN_NOVEMBER", "MARCH", "OCTOBER", "TODAY", "copy_with_march", "seal_march", "sealed_october", "session_of"]

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


def _make(origin: Path) -> None:
    before = os.environ["TANDEM_VAR"]
    os.environ["TANDEM_VAR"] = str(origin / "state")
    try:
        small = SmallCompany(origin / "small")
        for day in ("2026-03-15", "2026-03-31", "2026-01-31"):
            small.replace("sources.yaml", f"through: {day}", "through: 2026-04-02")
        small.refresh()
        seal_march(small, "Two leads, one customer.")
    finally:
        os.environ["TANDEM_VAR"] = before
