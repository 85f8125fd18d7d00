"""Several processes at one ledger: nothing is lost, nothing is half there, on either database."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from conftest import PROJECT

from alignment.ledger import Comment, Content, Key, Ledger, Verdict
from data.company import Company

_OPEN = """
import sys
from dataclasses import replace
from pathlib import Path
from alignment.ledger import Comment, Content, Key, Ledger, Verdict
from data.company import Company
from data.errors import ChangedMeanwhile

me = sys.argv[2]
ledger = Ledger.open(Company(Path("."), sys.argv[1], "Test", "EUR", "Europe/Berlin"))
"""
# Every writer adds entries of its own, writes its name so many times into one that all share, and tries to be first.
_WRITER = (
    _OPEN
    + """
for number in range(int(sys.argv[3])):
    ledger.add(Comment(Key("deal", me), str(number)), by=me)
    while True:
        shared = ledger.entry(1)
        text = f"{shared.content.text} {me}-{number}"
        try:
            ledger.change(1, shared.version, replace(shared.content, text=text), by=me)
            break
        except ChangedMeanwhile:
            pass
    try:
        ledger.add(Verdict(f"C-{number}", 1, "accepted", me), by=me)
    except ChangedMeanwhile as conflict:
        assert conflict.by != me
"""
)
# Two entries per transaction; a line is printed once both are kept.
_ENDLESS = (
    _OPEN
    + """
number = 0
while True:
    number += 1
    with ledger.together() as writing:
        for half in "ab":
            writing.add(Comment(Key("deal", f"{me}-{number}"), half), by=me)
    print(number, flush=True)
"""
)


def started(script: str, *words: object, output: int | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, words)]
    return subprocess.Popen(command, cwd=PROJECT, stdout=output, stderr=subprocess.PIPE, text=True)


def test_writers_at_once_lose_nothing(ledger_company: Company) -> None:
    writers, times = ("w1", "w2"), 10
    ledger = Ledger.open(ledger_company)
    ledger.add(Comment(Key("deal", "shared"), "begun"), by="P1")
    processes = [started(_WRITER, ledger_company.id, writer, times) for writer in writers]
    for process in processes:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told
    every = [f"{writer}-{number}" for writer, number in itertools.product(writers, range(times))]
    shared = ledger.entry(1)
    begun, *written = shared.content.text.split(" ")  # type: ignore[attr-defined]  # it is the comment from above
    assert (begun, sorted(written)) == ("begun", sorted(every))
    assert [change.version for change in ledger.history(1)] == list(range(1, len(every) + 2))
    for writer in writers:
        texts = [entry.content.text for entry in ledger.entries(Comment, Key("deal", writer))]
        assert texts == [str(number) for number in range(times)]
    verdicts = Counter(entry.content.contact_id for entry in ledger.entries(Verdict))
    assert verdicts == dict.fromkeys((f"C-{number}" for number in range(times)), 1)


def test_a_ledger_that_many_open_at_once_is_made_once(ledger_company: Company) -> None:
    processes = [
        started(_OPEN + "ledger.add(Comment(Key('deal', me), me), by=me)", ledger_company.id, n) for n in range(3)
    ]
    for process in processes:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told
    assert sorted(entry.added_by for entry in Ledger.open(ledger_company).entries(Content)) == ["0", "1", "2"]


def test_writers_that_are_killed_leave_whole_entries_only(ledger_company: Company, tmp_path: Path) -> None:
    Ledger.open(ledger_company)
    names = ("w0", "w1")
    said: dict[str, int] = {}
    with ExitStack() as ended:
        writers = []
        for name in names:
            output = ended.enter_context((tmp_path / name).open("w"))
            writers.append(ended.enter_context(started(_ENDLESS, ledger_company.id, name, output=output.fileno())))
        until = time.monotonic() + 60
        while time.monotonic() < until and not all((tmp_path / name).stat().st_size for name in names):
            time.sleep(0.005)
        for writer in writers:
            time.sleep(0.0137)
            writer.kill()
    for name in names:
        said[name] = (tmp_path / name).read_text(encoding="utf-8").count("\n")
    ledger = Ledger.open(ledger_company)
    kept: dict[str, list[str]] = {}
    for entry in ledger.entries(Comment):
        kept.setdefault(entry.content.on.id, []).append(entry.content.text)
        (change,) = ledger.history(entry.id)
        assert change.after == {"on": str(entry.content.on), "text": entry.content.text}
        assert entry in ledger.entries(Comment, entry.content.on)
    assert all(halves == ["a", "b"] for halves in kept.values())
    for name, count in said.items():
        assert count > 0
        # What was told to be kept is; at most one more was kept and not told.
        own = sum(key.startswith(f"{name}-") for key in kept)
        assert own in (count, count + 1)
