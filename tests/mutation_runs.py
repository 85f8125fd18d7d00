"""Runs tests on mutants: each mutant in a fork of one process that has collected them and made their companies.

A pytest plugin, used by tests/mutate.py. Makes no mutants and judges none.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import Phase, settings

# Of generated examples, a few notice nearly what many do, and every survivor goes through all tests that reach it.
MOST_EXAMPLES = 5
_NO_SHRINKING = (Phase.explicit, Phase.generate)


@dataclass
class Mutant:
    """A copy of a function with one thing changed; `change` is its difference from the original."""

    name: str
    change: str
    status: str = "unreached"

    @property
    def module(self) -> str:
        return self.name.split(".")[1]

    @property
    def function(self) -> str:
        return self.name.partition("__mutmut_")[0]


# A label, the mutant to take, the tests to run and the CPU seconds that they may use.
Work = tuple[str, str, list[pytest.Item], float]


@dataclass
class Runner:
    """A pytest plugin: collects, makes the tests' companies, and runs everything else in forks."""

    mutants: list[Mutant]
    children: int
    until: float
    failed: bool = False
    noticed: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    reach: dict[str, list[pytest.Item]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Tests by hand before generated ones, of which a few examples do."""
        for item in items:
            tried = getattr(getattr(item, "obj", None), "_hypothesis_internal_use_settings", None)
            if tried is not None:
                few = settings(tried, max_examples=min(MOST_EXAMPLES, tried.max_examples), phases=_NO_SHRINKING)
                getattr(item.obj, "__func__", item.obj)._hypothesis_internal_use_settings = few  # type: ignore[attr-defined]  # pytest.Item has no obj
        items.sort(key=lambda item: hasattr(getattr(item, "obj", None), "hypothesis"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        session.config.pluginmanager.unregister(name="terminalreporter")
        _prepare(session)
        gc.freeze()
        learning = ((item.nodeid, "stats", [item], 600.0) for item in session.items)
        items = {item.nodeid: item for item in session.items}
        for nodeid, code, seconds, reached in self._forks(learning):
            if code != 0:
                raise SystemExit(f"Without any change this test does not pass: {nodeid}")
            self.seconds[nodeid] = seconds
            for function in reached:
                self.reach.setdefault(function, []).append(items[nodeid])
        todo = {one.name: one for one in self.mutants if one.status == "unreached" and one.function in self.reach}
        for mutant in todo.values():
            mutant.status = "not run"
        sys.__stderr__.write(
            f"{len(todo)} mutants, {len(items)} tests of {sum(self.seconds.values()):.0f} CPU seconds\n"
        )
        for name, code, _, ran in self._forks(self._work(list(todo.values()))):
            self.noticed.update(ran[-1:] if code == 1 else ())
            self.passed.update(ran[:-1] if code == 1 else (item.nodeid for item in self.reach[todo[name].function]))
            todo[name].status = {0: "survived", 1: "killed"}.get(code, "timed out")
            if code != 1:
                sys.__stderr__.write(f"{todo[name].status}: {name}\n{todo[name].change}\n")
        return True

    def _work(self, mutants: list[Mutant]) -> Iterator[Work]:
        for mutant in mutants:
            if time.monotonic() < self.until:
                tests = self._in_order(mutant.function)
                yield mutant.name, mutant.name, tests, 10 * sum(self.seconds[item.nodeid] for item in tests)

    def _in_order(self, function: str) -> list[pytest.Item]:
        """The tests that reach a function: first those that cost the least per mutant that they may notice."""

        def cost(item: pytest.Item) -> float:
            noticed = self.noticed[item.nodeid]
            return self.seconds[item.nodeid] * (2 + noticed + self.passed[item.nodeid]) / (1 + noticed)

        return sorted(self.reach[function], key=cost)

    def _forks(self, work: Iterator[Work]) -> Iterator[tuple[str, int, float, list[str]]]:
        """Each piece of work in a process of its own: its label, exit code, CPU seconds and what it named."""
        running: dict[int, tuple[str, int]] = {}
        while True:
            while len(running) < self.children and (piece := next(work, None)):
                label, *given = piece
                pid, reader = self._forked(*given)
                running[reader] = (label, pid)
            if not running:
                return
            for reader in select.select(list(running), [], [])[0]:
                label, pid = running.pop(reader)
                with os.fdopen(reader) as stream:
                    reached = stream.read().splitlines()
                _, status, used = os.wait4(pid, 0)
                yield label, os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, reached

    def _forked(self, name: str, items: list[pytest.Item], seconds: float) -> tuple[int, int]:
        """A child that runs the items until one fails, and the pipe in which it names them, or what they reached."""
        reader, writer = os.pipe()
        if pid := os.fork():
            os.close(writer)
            return pid, reader
        code = 2
        try:
            code = self._child(name, items, seconds, writer)
        finally:
            os._exit(code)

    def _child(self, name: str, items: list[pytest.Item], seconds: float, writer: int) -> int:
        from mutmut.mutation.trampoline import set_mutant_under_test
        from mutmut.state import state

        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 20, int(seconds) + 21))
        signal.alarm(10 * int(seconds) + 120)
        set_mutant_under_test(name)
        for number, item in enumerate(items):
            following = items[number + 1] if number + 1 < len(items) else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                os.write(writer, "\n".join(one.nodeid for one in items[: number + 1]).encode())
                return 1
        os.write(writer, "\n".join(state()._stats).encode())
        return 0


def _prepare(session: pytest.Session) -> None:
    """Make the companies that the tests of a module share, once for all forks; they have not been asked anything."""
    for item in session.items:
        assert isinstance(item, pytest.Function)
        for node in item.listchain():
            session._setupstate.stack.setdefault(node, ([], None))
        for name, made in item._fixtureinfo.name2fixturedefs.items():
            if made[-1].scope in ("module", "session") and made[-1].func.__module__.startswith("tests."):
                item._request.getfixturevalue(name)
        session._setupstate.stack.clear()
