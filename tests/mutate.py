"""Changes one thing at a time in what makes an answer's SQL, and tells which changes no test notices.

`python -m tests.mutate` takes all subjects, `python -m tests.mutate emit spans` some. mutmut makes the mutants, in a
copy under var/mutation; mypy rejects some; on each of the others the tests run that reach its function, until one
fails. mutmut's own runner would start pytest for every mutant; here tests are collected once, and a mutant is a fork.
Survivors and their reasons: docs/mutation.md.
"""

from __future__ import annotations

import os

# Before anything is imported: what a process had in other threads is lost in its forks.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "TANDEM_THREADS": "1"}

import argparse
import difflib
import gc
import json
import random
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

PROJECT = Path(__file__).resolve().parent.parent
COPY = PROJECT / "var" / "mutation"
KEPT = COPY / "mutants.json"
COPIED = ("data", "metrics", "examples", "tests")
SUBJECTS = (
    "sql_nodes", "spans", "aggregates", "composition", "plan", "emit", "emit_aggregates", "durations", "funnel",
    "emit_cohorts", "emit_funnels", "emit_survival", "reach",
)  # fmt: skip
# Tests on companies of a few rows, made in memory. Those on files would take the most time and kill no more.
TESTS = (
    "tests/test_traps.py",
    "tests/test_questions.py",
    "tests/test_composition.py",
    "tests/test_funnels.py",
    "tests/test_durations.py::TestAPromiseOfFourHours",
    "tests/test_durations.py::TestWaitsThatHaveNotEnded",
    "tests/test_durations.py::TestClocks",
    "tests/test_durations.py::test_any_waits_are_the_oracles",
    "tests/test_numbers.py::TestTinyCompanies",
    "tests/test_numbers.py::test_an_undated_win_counts_in_the_total_and_in_no_month",
    "tests/test_numbers.py::test_a_stage_dated_before_the_entry_is_a_conversion_of_no_days",
)
# The first refresh files; the others are about caches, which the copy does without.
LEFT_OUT = (
    "tests/test_questions.py::TestHotReload",
    "tests/test_questions.py::TestKeptResults",
    "tests/test_questions.py::TestSql::test_questions_of_one_shape_share_one_text",
    "tests/test_questions.py::TestSql::test_funnels_and_rows_of_one_shape_share_one_text_too",
)
# Of generated examples, a few notice nearly what many do, and every survivor goes through all tests that reach it.
MOST_EXAMPLES = 5
STATUSES = ("killed", "by types", "timed out", "survived", "unreached")


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


# -- making mutants --------------------------------------------------------------------------------------------------


def generated(names: Sequence[str]) -> list[Mutant]:
    """The mutants, and a copy of the project whose subjects hold them all; mutmut's trampolines choose among them."""
    from mutmut.mutation import file_mutation, mutators

    # SQL names mean the same in capitals, and a sentence has no wrong number: of a text, one other text is enough.
    operators: Any = mutators.mutation_operators
    operators[:] = [(kind, _first(one) if one is mutators.operator_string else one) for kind, one in operators]
    shutil.rmtree(COPY, ignore_errors=True)
    for name in COPIED:
        shutil.copytree(PROJECT / name, COPY / name, ignore=shutil.ignore_patterns("__pycache__"))
    (COPY / "pyproject.toml").write_text(_settings(), encoding="utf-8")
    os.chdir(COPY)
    found = []
    for name in names:
        file = COPY / "metrics" / f"{name}.py"
        # mutmut leaves decorated functions alone, and a kept result would hide that a function is wrong.
        plain = re.sub(r"^@(functools\.lru_cache\(.*\)|_once)\n", "", file.read_text(encoding="utf-8"), flags=re.M)
        made = file_mutation.mutate_file_contents(f"metrics/{name}.py", plain)
        file.write_text(made.code, encoding="utf-8")
        rejected = set(_rejected(name))
        lines = made.code.splitlines()
        bodies = {each: lines[span.start : span.end] for each, span in made.line_span_by_function_name.items()}
        spans = made.line_span_by_function_name
        for mutant in made.mutant_names:
            original = bodies[mutant.partition("__mutmut_")[0] + "__mutmut_orig"]
            found.append(Mutant(f"metrics.{name}.{mutant}", _change(original, bodies[mutant])))
            if any(spans[mutant].start <= line <= spans[mutant].end for line in rejected):
                found[-1].status = "by types"
    return found


def kept() -> list[Mutant]:
    """The mutants of the last run, and the tests as they are now."""
    shutil.copytree(PROJECT / "tests", COPY / "tests", dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    os.chdir(COPY)
    mutants = [Mutant(**each) for each in json.loads(KEPT.read_text(encoding="utf-8"))]
    for mutant in mutants:
        if mutant.status not in ("killed", "by types"):
            mutant.status = "unreached"
    return mutants


def _first(operator: Any) -> Any:
    return lambda node: list(operator(node))[:1]


def _settings() -> str:
    """The project's settings without xdist, and with what mutmut wants to know."""
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    return re.sub(r"^addopts.*\n", "", text, flags=re.M) + '\n[tool.mutmut]\nsource_paths = ["metrics"]\n'


def _change(original: list[str], mutated: list[str]) -> str:
    lines = difflib.unified_diff(original, mutated, n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")) and "__mutmut_" not in line)


def _rejected(name: str) -> Iterator[int]:
    """Lines of a subject that mypy, which is one of the project's checks, does not let pass."""
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", f"metrics/{name}.py", "--output", "json", "--follow-imports", "silent"],
        cwd=COPY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    for line in ran.stdout.splitlines():
        told = json.loads(line)
        if told["severity"] == "error" and told["code"] != "unused-ignore":
            yield told["line"]


# -- running tests ---------------------------------------------------------------------------------------------------


# A label, the mutant to take, the tests to run and the CPU seconds that they may use.
Work = tuple[str, str, list[pytest.Item], float]


@dataclass
class Runner:
    """A pytest plugin: collects, makes the tests' companies, and runs everything else in forks."""

    mutants: list[Mutant]
    children: int
    until: float
    seconds_each: float
    failed: bool = False
    noticed: Counter[str] = field(default_factory=Counter)
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
        random.Random(1).shuffle(order := list(todo.values()))
        sys.__stderr__.write(
            f"{len(todo)} mutants, {len(items)} tests of {sum(self.seconds.values()):.0f} CPU seconds\n"
        )
        for name, code, _, noticed in self._forks(self._work(order)):
            self.noticed.update(noticed)
            todo[name].status = {0: "survived", 1: "killed"}.get(code, "timed out")
            if code != 1:
                sys.__stderr__.write(f"{todo[name].status}: {name}\n{todo[name].change}\n")
        return True

    def _work(self, mutants: list[Mutant]) -> Iterator[Work]:
        for mutant in mutants:
            if time.monotonic() < self.until:
                tests = sorted(self.reach[mutant.function], key=self._promise)
                sums = accumulate(self.seconds[item.nodeid] for item in tests)
                tests = [item for item, sum_ in zip(tests, sums, strict=True) if sum_ < self.seconds_each]
                yield mutant.name, mutant.name, tests, 10 * sum(self.seconds[item.nodeid] for item in tests)

    def _promise(self, item: pytest.Item) -> float:
        """Seconds per mutant that a test notices: those that noticed many so far come first."""
        return self.seconds[item.nodeid] / (1 + 20 * self.noticed[item.nodeid])

    def _forks(self, work: Iterator[Work]) -> Iterator[tuple[str, int, float, list[str]]]:
        """Each piece of work in a process of its own: its label, exit code, CPU seconds and what was reached."""
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
        """A child that runs the items until one fails, and the pipe in which it names what they reached."""
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
                os.write(writer, item.nodeid.encode())
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


_NO_SHRINKING = (Phase.explicit, Phase.generate)


def tried(mutants: list[Mutant], children: int, minutes: float, seconds: float) -> None:
    """Give each mutant that mypy lets pass its status."""
    sys.path.insert(0, str(COPY))
    for name in [name for name in sys.modules if name.split(".")[0] in ("data", "metrics", "tests")]:
        del sys.modules[name]
    left_out = [f"--deselect={name}" for name in LEFT_OUT]
    plugin = Runner(mutants, children, time.monotonic() + minutes * 60, seconds)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    code = pytest.main([*options, *left_out, *TESTS], plugins=[plugin])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise SystemExit(f"The tests cannot be collected: {code}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*SUBJECTS, []], help="modules of metrics/; without any, all")
    parser.add_argument("--children", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("--minutes", type=float, default=600, help="begin no mutant after so many minutes")
    parser.add_argument("--seconds", type=float, default=600, help="of a mutant, run the quickest tests up to so many")
    parser.add_argument("--again", action="store_true", help="only those that lived through the last run, by new tests")
    given = parser.parse_args()
    began = time.monotonic()
    mutants = kept() if given.again else generated(given.names or SUBJECTS)
    tried(mutants, given.children, given.minutes, given.seconds)
    KEPT.write_text(json.dumps([asdict(mutant) for mutant in mutants]), encoding="utf-8")
    say = sys.stdout.write
    shown = [*STATUSES, *(["not run"] if any(mutant.status == "not run" for mutant in mutants) else [])]
    for mutant in mutants:
        if mutant.status not in ("killed", "by types", "not run"):
            say(f"{mutant.status}: {mutant.name}\n{mutant.change}\n")
    say(f"{'module':<18}{'mutants':>9}" + "".join(f"{status:>11}" for status in shown) + "\n")
    for name in [*(given.names or SUBJECTS), "all"]:
        counted = Counter(mutant.status for mutant in mutants if name in (mutant.module, "all"))
        say(f"{name:<18}{counted.total():>9}" + "".join(f"{counted[status]:>11}" for status in shown) + "\n")
    say(f"{time.monotonic() - began:.0f} seconds\n")


if __name__ == "__main__":
    main()
