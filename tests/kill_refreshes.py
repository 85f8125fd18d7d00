"""Kills refreshes at random moments while others read: python -m tests.kill_refreshes --times 500

A small company gets other rows before every refresh. Readers ask the same question over and over, one through a company
that stays open as on a server, one that opens it anew as the shell does; each answer must be one of those known. After
every kill the generation of before, or a new whole one, is the current one. Refreshes are forks of one process that has
imported everything, so that a kill hits the refresh and not its imports.
"""

from __future__ import annotations

import os

# Before anything is imported: what a process had in other threads is lost in its forks.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "TANDEM_THREADS": "1"}

import argparse
import multiprocessing
import random
import select
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

from data.generations import current, open_generation
from data.refresh import refresh
from metrics import OpenCompany
from tests.small_company import DEALS, PEOPLE, SmallCompany

# Rows that the company has in turn, and the answer that they give.
VARIANTS = (
    (PEOPLE, DEALS, (4, 2, 1250.5)),
    (PEOPLE + "c5,Gene Hall,gene@mill.example,2026-03-11,fair\n", DEALS + "d3,c5,99.50,2026-03-14\n", (5, 3, 1350.0)),
)
ANSWERS = {answer for _, _, answer in VARIANTS}
QUESTION = ("leads", "customers", "won_revenue")
READERS = 2
forked = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Pace:
    """Seconds that a refresh takes until it seals, and then."""

    building: float
    sealing: float


@dataclass
class Tally:
    """What has been seen."""

    killed: int = 0
    killed_sealing: int = 0
    came_through: int = 0
    moved: int = 0
    asked: int = 0


def answer(company: OpenCompany) -> tuple[int, int, float]:
    (row,) = company.ask(QUESTION).rows()
    assert company.damaged is None, company.damaged
    return row


def read_until(ended: Event, small: SmallCompany, asked: Synchronized[int], *, anew: bool) -> None:
    """Asks until told to end; an error or an answer that nobody knows ends the process with its traceback."""
    company = OpenCompany(small.company)
    while not ended.is_set():
        if anew:
            company = OpenCompany(small.company)
        found = answer(company)
        assert found in ANSWERS, found
        with asked.get_lock():
            asked.value += 1
        time.sleep(0.3 if anew else 0.05)


def start_refresh(small: SmallCompany) -> tuple[int, int]:
    """The process of a refresh, and a pipe that tells a byte when it begins to seal."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            refresh(small.company, lambda doing, _: os.write(tell, b"s") if doing == "Sealing" else None)
            status = 0
        finally:
            os._exit(status)
    os.close(tell)
    return pid, told


def take_turn(small: SmallCompany, pace: Pace, seed: random.Random, tally: Tally, *, at_sealing: bool) -> None:
    """Refresh, kill at a random moment, and see that a whole generation answers."""
    before = current(small.company)
    pid, told = start_refresh(small)
    if at_sealing:
        select.select([told], [], [], 60)
        time.sleep(seed.uniform(0, pace.sealing))
    else:
        time.sleep(seed.uniform(0, pace.building))
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(told)
    is_killed = os.WIFSIGNALED(status)
    assert is_killed or status == 0, f"the refresh ended by itself with {status}"
    tally.killed += is_killed
    tally.killed_sealing += is_killed and at_sealing
    tally.came_through += not is_killed
    now = open_generation(small.company)
    now.release()
    assert now.damaged is None, now.damaged
    assert before is not None
    assert now.manifest.generation == current(small.company)
    assert now.manifest.generation >= before, "an older generation than before the kill is current"
    assert is_killed or now.manifest.generation > before, "a refresh that came through is not current"
    tally.moved += now.manifest.generation > before


def put(small: SmallCompany, variant: int) -> None:
    people, deals, _ = VARIANTS[variant]
    small.write("people.csv", people)
    small.write("deals.csv", deals)


def finish(small: SmallCompany, variant: int) -> Pace:
    """One refresh that nobody kills."""
    put(small, variant)
    began = time.monotonic()
    pid, told = start_refresh(small)
    select.select([told], [], [], 60)
    sealing = time.monotonic()
    _, status = os.waitpid(pid, 0)
    os.close(told)
    assert status == 0, f"a refresh that nobody killed ended with {status}"
    return Pace(sealing - began, time.monotonic() - sealing)


def kill_refreshes(folder: Path, times: int, seed: random.Random) -> Tally:
    """So many kills of refreshes of a new small company in `folder`. Raises AssertionError where anything is lost."""
    small, tally = SmallCompany(folder), Tally()
    finish(small, 1)
    pace = finish(small, 0)
    ended, asked = forked.Event(), forked.Value("q", 0)
    readers = [
        forked.Process(target=read_until, args=(ended, small, asked), kwargs={"anew": bool(number % 2)})
        for number in range(READERS)
    ]
    for reader in readers:
        reader.start()
    try:
        turn = 0
        while tally.killed < times:
            put(small, turn % len(VARIANTS))
            take_turn(small, pace, seed, tally, at_sealing=turn % 3 == 2)
            assert all(reader.is_alive() for reader in readers), "a reader has failed; its traceback is above"
            turn += 1
            if turn % 50 == 0:
                sys.stderr.write(f"{tally.killed} of {times} killed\n")
        finish(small, turn % len(VARIANTS))
    finally:
        ended.set()
        for reader in readers:
            reader.join(60)
    assert [reader.exitcode for reader in readers] == [0] * READERS, "a reader has failed; its traceback is above"
    assert answer(OpenCompany(small.company)) == VARIANTS[turn % len(VARIANTS)][2]
    left = [path.name for path in (small.company.state / "generations").glob(".*")]
    assert not left, f"left behind: {left}"
    tally.asked = asked.value
    return tally


def main() -> None:
    options = argparse.ArgumentParser(description="Kill refreshes at random moments while others read.")
    options.add_argument("--times", type=int, default=500)
    options.add_argument("--seed", type=int, default=random.randrange(10**6))
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="tandem-kills-") as folder:
        os.environ["TANDEM_VAR"] = str(Path(folder) / "var")
        tally = kill_refreshes(Path(folder) / "company", chosen.times, random.Random(chosen.seed))
    sys.stdout.write(
        f"{tally.killed} refreshes killed, {tally.killed_sealing} of them while sealing; {tally.came_through} came"
        f" through; {tally.moved} times a new generation; {tally.asked} answers, all known (seed {chosen.seed})\n"
    )


if __name__ == "__main__":
    main()
