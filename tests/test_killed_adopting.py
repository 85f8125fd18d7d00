"""A process killed at any step of adopting leaves a whole file, and adopting again ends what it had begun."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from alignment.adopting import adopt
from alignment.ledger import Adoption, Ledger
from data.errors import InvalidEntry
from metrics import Session
from tests.ruled_company import MARKETING, SALES, ruled_company, signed_rule

# What the system was asked to do with a file: made, given its mode or its name, taken away, locked.
TOUCHED = {"tempfile.mkstemp", "os.chmod", "os.rename", "os.remove", "fcntl.flock"}


def killed_after(steps: int, act: Callable[[], object]) -> bool:
    """Does something in a process that kills itself after so many steps; whether it came to that.

    A step is that a file is touched or put on disk, a statement of a transaction that writes, or the end of it all.
    """
    pid = os.fork()
    if pid == 0:
        try:
            _die_after(steps, act)
            os._exit(0)
        finally:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
    status = os.waitpid(pid, 0)[1]
    assert os.WIFSIGNALED(status) or status == 0
    return os.WIFSIGNALED(status)


def _die_after(steps: int, act: Callable[[], object]) -> None:
    left, flush = [steps], os.fsync

    def step() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def flushed(handle: int) -> None:
        flush(handle)
        step()

    def ran(connection: Any, *_: object) -> None:
        if connection.get_execution_options().get("writes"):
            step()

    os.fsync = flushed  # type: ignore[assignment]  # only in the process that is to die
    sys.addaudithook(lambda name, _: step() if name in TOUCHED else None)
    event.listen(Engine, "after_cursor_execute", ran)
    event.listen(Engine, "commit", ran)
    act()
    step()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_kill_at_any_step_leaves_a_whole_file_and_adopting_again_ends_it(
    database: str, request: pytest.FixtureRequest, demo: Session, own_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database == "postgresql":
        monkeypatch.setenv("TANDEM_LEDGER", request.getfixturevalue("postgresql"))
    session = ruled_company(demo, own_state.parent / "company")
    ledger = Ledger.open(session.company, clock=lambda: dt.datetime(2026, 11, 15, 23, 30, tzinfo=dt.UTC))
    file = session.company.folder / "stages.yaml"
    entry_id = signed_rule(ledger, session)
    old, beside = file.read_text(encoding="utf-8"), sorted(file.parent.iterdir())
    # The list of versions is the end of the file; 23:30 UTC is the next day in Berlin.
    agreed = "agreed: {marketing: 2026-11-16, sales: 2026-11-16}"
    new = f"{old}    - from: 2027-01-01\n      {agreed}\n      when: interest >= 20\n"
    found, steps = set(), 1
    while _is_killed(steps, ledger, session, entry_id):
        left, is_recorded = file.read_text(encoding="utf-8"), len(ledger.entries(Adoption)) == 1
        assert left in ((new,) if is_recorded else (old, new))
        found.add((left == new, is_recorded, sorted(file.parent.iterdir()) != beside))
        if is_recorded:
            with pytest.raises(InvalidEntry, match="was adopted by p-04"):
                adopt(ledger, session, entry_id, by=MARKETING)
        else:
            assert adopt(ledger, session, entry_id, by=MARKETING).was_there == (left == new)
        assert file.read_text(encoding="utf-8") == new
        assert sorted(file.parent.iterdir()) == beside
        # From the beginning once more, one step further.
        (made,) = ledger.entries(Adoption)
        ledger.withdraw(made.id, made.version, by=MARKETING)
        file.write_text(old, encoding="utf-8")
        steps += 1
    # Before anything, with half of a file beside it, with the file and not the record, and with both.
    assert {(False, False, False), (False, False, True), (True, False, False), (True, True, False)} <= found
    assert file.read_text(encoding="utf-8") == new


def _is_killed(steps: int, ledger: Ledger, session: Session, entry_id: int) -> bool:
    # No connection of this process is carried over into the one that is to die.
    ledger.database._engine.dispose()
    return killed_after(steps, lambda: adopt(ledger, session, entry_id, by=SALES))
