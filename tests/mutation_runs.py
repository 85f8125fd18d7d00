"""Runs tests on mutants in a few processes, each of which makes the tests' companies once and keeps them.

A pytest plugin, used by tests/mutate.py. Makes no mutants and judges none.
"""

from __future__ import annotations

import functools
import json
import os
import select
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

# Of generated examples, a few notice nearly what many do.
MOST_EXAMPLES = 5
_NO_SHRINKING = (Phase.explicit, Phase.generate)


@dataclass
class Mutant:
    """A copy of a function with one thing changed; `change` is its difference from the original."""

    name: str
    change: str
    status: str = "not run"

    @property
    def module(self) -> str:
        return self.name.split(".")[1]

    @property
    def function(self) -> str:
        return self.name.partition("__mutmut_")[0]


def without_caches() -> None:
    """From now on nothing that metrics/ computes is kept: a kept result would hide that a function is wrong."""
    real = functools.lru_cache

    def cache(maxsize: Any = 128, typed: bool = False) -> Any:
        if callable(maxsize):
            return real(maxsize)
        return lambda made: made if made.__module__.startswith("metrics.") else real(maxsize, typed)(made)

    functools.lru_cache = cache  # type: ignore[assignment]  # for the code under test alone


@dataclass
class Runner:
    """A pytest plugin: collects, then runs mutants in `children` processes and gives each its status."""

    mutants: list[Mutant]
    decided: Path
    children: int
    until: float
    seconds_each: float

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            tried = getattr(getattr(item, "obj", None), "_hypothesis_internal_use_settings", None)
            if tried is not None:
                few = settings(tried, max_examples=min(MOST_EXAMPLES, tried.max_examples), phases=_NO_SHRINKING)
                getattr(item.obj, "__func__", item.obj)._hypothesis_internal_use_settings = few  # type: ignore[attr-defined]  # pytest.Item has no obj

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        session.config.pluginmanager.unregister(name="terminalreporter")
        todo = {one.name: one for one in self.mutants if one.status == "not run"}
        order = list(todo.values())
        readers = [self._forked(session, order[part :: self.children]) for part in range(self.children)]
        for line in _lines(readers):
            told = json.loads(line)
            if "broken" in told:
                raise SystemExit(f"Without any change this test does not pass: {told['broken']}")
            mutant = todo[told["name"]]
            mutant.status = told["status"]
            with self.decided.open("a", encoding="utf-8") as stream:
                stream.write(line)
            if mutant.status != "killed":
                sys.__stderr__.write(f"{mutant.status}: {mutant.name}\n{mutant.change}\n")
        return True

    def _forked(self, session: pytest.Session, mutants: Sequence[Mutant]) -> int:
        """The pipe of a process that tells what became of its mutants, a line each."""
        reader, writer = os.pipe()
        if os.fork():
            os.close(writer)
            return reader
        try:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, 1)
            os.dup2(nothing, 2)
            tests = _Tests(session, self.seconds_each)
            with os.fdopen(writer, "w", buffering=1) as stream:
                for told in tests.told(mutants, self.until):
                    stream.write(json.dumps(told) + "\n")
        finally:
            os._exit(0)


def _lines(readers: Sequence[int]) -> Iterator[str]:
    """The lines of all pipes as they come."""
    streams = {reader: os.fdopen(reader) for reader in readers}
    while streams:
        for reader in select.select(list(streams), [], [])[0]:
            line = streams[reader].readline()
            if line:
                yield line
            else:
                streams.pop(reader).close()


@dataclass
class _Tests:
    """The tests in one process, what each costs and reaches, and how many mutants it noticed and let pass."""

    session: pytest.Session
    seconds_each: float
    failed: bool = False
    is_late: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    reach: dict[str, list[pytest.Item]] = field(default_factory=dict)
    noticed: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    noticed_in: set[tuple[str, str]] = field(default_factory=set)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed

    def told(self, mutants: Sequence[Mutant], until: float) -> Iterator[dict[str, str]]:
        """The status of each mutant until it is late, or the test that fails without any."""
        from metrics.answers import Results

        Results.get = lambda _, __, compute: compute()  # type: ignore[method-assign]  # as in without_caches
        self.session.config.pluginmanager.register(self)
        signal.signal(signal.SIGVTALRM, self._stop)
        items = self.session.items
        # The first again: it has made the company that it shares with others.
        for item in (items[0], *items):
            if self._is_broken(item):
                yield {"broken": item.nodeid}
                return
        for mutant in mutants:
            if time.monotonic() > until:
                return
            yield {"name": mutant.name, "status": self._status(mutant)}

    def _is_broken(self, item: pytest.Item) -> bool:
        """Whether a test fails without any change; learns what it costs and reaches."""
        from mutmut.mutation import trampoline

        reached: set[str] = set()
        # mutmut's own looks at the folders of the project at each call, which takes most of the time.
        trampoline.record_trampoline_hit = lambda name, **_: reached.add(name)
        began = time.process_time()
        self._run(item, "stats", 600)
        self.seconds[item.nodeid] = time.process_time() - began
        for function in reached:
            self.reach.setdefault(function, []).append(item)
        return self.failed

    def _status(self, mutant: Mutant) -> str:
        if mutant.function not in self.reach:
            return "unreached"
        for item in self._in_order(mutant.function):
            self._run(item, mutant.name, 5 * self.seconds[item.nodeid] + 5)
            (self.noticed if self.failed else self.passed)[item.nodeid] += 1
            if self.failed:
                self.noticed_in.add((mutant.function, item.nodeid))
                return "timed out" if self.is_late else "killed"
        return "survived"

    def _in_order(self, function: str) -> list[pytest.Item]:
        """The tests that reach a function: those that noticed one of its mutants first, then the cheapest."""

        def cost(item: pytest.Item) -> tuple[bool, float]:
            noticed = self.noticed[item.nodeid]
            per_mutant = self.seconds[item.nodeid] * (2 + noticed + self.passed[item.nodeid]) / (1 + noticed)
            return (function, item.nodeid) not in self.noticed_in, per_mutant

        found = sorted(self.reach[function], key=cost)
        sums = accumulate(self.seconds[item.nodeid] for item in found)
        return [item for item, spent in zip(found, sums, strict=True) if spent < self.seconds_each] or found[:1]

    def _run(self, item: pytest.Item, name: str, seconds: float) -> None:
        """Run a test on a mutant for at most so many CPU seconds; what its module shares stays."""
        from mutmut.mutation.trampoline import set_mutant_under_test

        self.failed = self.is_late = False
        kept: Any = self.session._setupstate
        if kept.stack:
            kept.teardown_exact(item)
        mates = (other for other in self.session.items if other is not item and other.path == item.path)
        set_mutant_under_test(name)
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=next(mates, None))
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _stop(self, *_: object) -> None:
        self.is_late = True
        raise TimeoutError
