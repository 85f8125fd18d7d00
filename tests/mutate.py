"""Changes one thing at a time in what makes an answer's SQL, and tells which changes no test notices.

`python -m tests.mutate` takes all subjects, `python -m tests.mutate emit spans` some. mutmut makes the mutants, in a
copy under var/mutation; mypy rejects some; on each of the others the tests run that reach its function, until one
fails. mutmut's own runner would start pytest for every mutant; here a process takes many, its companies made once.
Survivors and their reasons: docs/mutation.md.
"""

from __future__ import annotations

import os

# Before anything is imported: a few processes run at a time, and the tests sample nothing.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "TANDEM_THREADS": "1", "TANDEM_TESTS": "deep"}

import argparse
import difflib
import json
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.mutation_runs import Mutant, Runner, without_caches

PROJECT = Path(__file__).resolve().parent.parent
COPY = PROJECT / "var" / "mutation"
KEPT = COPY / "mutants.json"
# A line for each mutant as soon as it is decided; of two lines the later holds.
DECIDED = COPY / "decided.jsonl"
COPIED = ("data", "metrics", "examples", "tests")
SUBJECTS = (
    "funnel", "emit_cohorts", "emit_funnels", "emit_survival", "durations", "plan", "spans", "aggregates",
    "composition", "emit", "emit_aggregates", "sql_nodes", "reach", "credits", "stored",
)  # fmt: skip
# Small questions to companies that are built once: most mutants die of these, each in a fraction of a second.
ONE = "tests/test_one_company.py"
OF_ONE = ("OneNumberOfAFunnel", "Aggregates", "Balances", "Windows", "Durations")
BY_HAND = tuple(f"tests/test_{name}_questions.py" for name in ("funnel", "duration", "number", "credit"))
OF_QUESTIONS = ("Refusals", "AbsentInputs", "Answers", "Sql")
OF_DURATIONS = ("APromiseOfFourHours", "WaitsThatHaveNotEnded", "Clocks")
QUICK = (
    *BY_HAND,
    *(f"{ONE}::Test{name}" for name in OF_ONE),
    *(f"tests/test_durations.py::Test{name}" for name in OF_DURATIONS),
    *(f"tests/test_questions.py::Test{name}" for name in OF_QUESTIONS),
)
# Those that build a company for each case or example. Tests on files would take the most time and kill no more.
SLOW = (
    f"{ONE}::TestAllOfAFunnel",
    "tests/test_questions.py::test_the_periods_of_an_answer_are_those_of_the_calendar",
    "tests/test_traps.py",
    "tests/test_composition.py",
    "tests/test_funnels.py",
    "tests/test_funnel_entries.py",
    "tests/test_credit.py",
    "tests/test_durations.py::test_any_waits_are_the_oracles",
    "tests/test_numbers.py::TestTinyCompanies",
    "tests/test_numbers.py::test_an_undated_win_counts_in_the_total_and_in_no_month",
    "tests/test_numbers.py::test_a_stage_dated_before_the_entry_is_a_conversion_of_no_days",
)
# They are about caches, which the copy does without.
LEFT_OUT = (
    "tests/test_questions.py::TestSql::test_questions_of_one_shape_share_one_text",
    "tests/test_questions.py::TestSql::test_funnels_and_rows_of_one_shape_share_one_text_too",
)
STATUSES = ("killed", "by types", "timed out", "survived", "unreached", "not run")


# -- making mutants --------------------------------------------------------------------------------------------------


def generated(names: Sequence[str]) -> list[Mutant]:
    """The mutants, and a copy of the project whose subjects hold them all; mutmut's trampolines choose among them."""
    from mutmut.mutation import mutators

    # SQL names mean the same in capitals, and a sentence has no wrong number: of a text, one other text is enough.
    operators: Any = mutators.mutation_operators
    operators[:] = [(kind, _first(one) if one is mutators.operator_string else one) for kind, one in operators]
    shutil.rmtree(COPY, ignore_errors=True)
    for name in COPIED:
        shutil.copytree(PROJECT / name, COPY / name, ignore=shutil.ignore_patterns("__pycache__"))
    (COPY / "pyproject.toml").write_text(_settings(), encoding="utf-8")
    os.chdir(COPY)
    made = {name: _made(name) for name in names}
    rejected = _rejected(names)
    mutants = [mutant for name in names for mutant in _mutants(name, made[name], rejected[name])]
    KEPT.write_text(json.dumps([asdict(mutant) for mutant in mutants]), encoding="utf-8")
    return mutants


def _made(name: str) -> Any:
    """What mutmut makes of a module, whose file in the copy then holds all its mutants."""
    from mutmut.mutation import file_mutation

    file = COPY / "metrics" / f"{name}.py"
    # mutmut leaves decorated functions alone, and a kept result would hide that a function is wrong.
    plain = re.sub(r"^@(functools\.lru_cache\(.*\)|_once)\n", "", file.read_text(encoding="utf-8"), flags=re.M)
    made = file_mutation.mutate_file_contents(f"metrics/{name}.py", plain)
    file.write_text(made.code, encoding="utf-8")
    return made


def _mutants(name: str, made: Any, rejected: set[int]) -> Iterator[Mutant]:
    lines, spans = made.code.splitlines(), made.line_span_by_function_name
    bodies = {each: lines[span.start : span.end] for each, span in spans.items()}
    for each in made.mutant_names:
        original = bodies[each.partition("__mutmut_")[0] + "__mutmut_orig"]
        by_types = any(spans[each].start <= line <= spans[each].end for line in rejected)
        change = _change(original, bodies[each])
        yield Mutant(f"metrics.{name}.{each}", change, "by types" if by_types else "not run")


def kept() -> list[Mutant]:
    """The mutants of the last generation with what is decided of them; all but the subjects is as it is now."""
    subjects = (f"{name}.py" for name in SUBJECTS)
    for name in COPIED:
        ignored = shutil.ignore_patterns("__pycache__", *(subjects if name == "metrics" else ()))
        shutil.copytree(PROJECT / name, COPY / name, ignore=ignored, dirs_exist_ok=True)
    os.chdir(COPY)
    mutants = {each["name"]: Mutant(**each) for each in json.loads(KEPT.read_text(encoding="utf-8"))}
    for line in DECIDED.read_text(encoding="utf-8").splitlines() if DECIDED.exists() else ():
        told = json.loads(line)
        mutants[told["name"]].status = told["status"]
    return list(mutants.values())


def _first(operator: Any) -> Any:
    return lambda node: list(operator(node))[:1]


def _settings() -> str:
    """The project's settings without xdist, and with what mutmut wants to know."""
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    return re.sub(r"^addopts.*\n", "", text, flags=re.M) + '\n[tool.mutmut]\nsource_paths = ["metrics"]\n'


def _change(original: list[str], mutated: list[str]) -> str:
    lines = difflib.unified_diff(original, mutated, n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")) and "__mutmut_" not in line)


def _rejected(names: Sequence[str]) -> dict[str, set[int]]:
    """By subject the lines that mypy, which is one of the project's checks, does not let pass."""
    files = {f"metrics/{name}.py": name for name in names}
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", *files, "--output", "json", "--follow-imports", "silent"],
        cwd=COPY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found: dict[str, set[int]] = {name: set() for name in names}
    for line in ran.stdout.splitlines():
        told = json.loads(line)
        if told["severity"] == "error" and told["code"] != "unused-ignore":
            found[files[told["file"]]].add(told["line"])
    return found


# -- the run ---------------------------------------------------------------------------------------------------------


def tried(mutants: list[Mutant], tests: Sequence[str], children: int, minutes: float, seconds: float) -> None:
    """Give each mutant that is not run yet its status, and write that down at once."""
    sys.path.insert(0, str(COPY))
    without_caches()
    for name in [name for name in sys.modules if name.split(".")[0] in ("data", "metrics", "tests")]:
        del sys.modules[name]
    left_out = [f"--deselect={name}" for name in LEFT_OUT]
    plugin = Runner(mutants, DECIDED, children, time.monotonic() + minutes * 60, seconds)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=no", "--assert=plain"]
    code = pytest.main([*options, *left_out, *tests], plugins=[plugin])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise SystemExit(f"The tests cannot be collected: {code}")


def report(mutants: list[Mutant]) -> str:
    """The mutants that no test noticed, and a row of counts per module."""
    lived = [mutant for mutant in mutants if mutant.status not in ("killed", "by types", "not run")]
    lines = [f"{mutant.status}: {mutant.name}\n{mutant.change}" for mutant in lived]
    lines.append(f"{'module':<18}{'mutants':>9}" + "".join(f"{status:>11}" for status in STATUSES))
    for name in [*dict.fromkeys(mutant.module for mutant in mutants), "all"]:
        counted = Counter(mutant.status for mutant in mutants if name in (mutant.module, "all"))
        lines.append(f"{name:<18}{counted.total():>9}" + "".join(f"{counted[status]:>11}" for status in STATUSES))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*SUBJECTS, []], help="modules of metrics/; without any, all")
    parser.add_argument("--children", type=int, default=os.cpu_count() or 1, help="processes at a time")
    parser.add_argument("--minutes", type=float, default=600, help="begin no mutant after so many minutes")
    parser.add_argument("--seconds", type=float, default=600, help="of a mutant, run tests for about so many")
    parser.add_argument("--on", action="store_true", help="go on where the last run stopped")
    parser.add_argument("--again", action="store_true", help="only those that lived through the last runs")
    parser.add_argument("--thorough", action="store_true", help="also by the tests that take long")
    given = parser.parse_args()
    began = time.monotonic()
    names = given.names or SUBJECTS
    mutants = kept() if given.on or given.again else generated(names)
    chosen = [mutant for mutant in mutants if mutant.module in names]
    if given.again:
        chosen = [mutant for mutant in chosen if mutant.status in ("survived", "unreached")]
        for mutant in chosen:
            mutant.status = "not run"
    tried(chosen, (*QUICK, *SLOW) if given.thorough else QUICK, given.children, given.minutes, given.seconds)
    sys.stdout.write(f"{report(mutants)}\n{time.monotonic() - began:.0f} seconds\n")


if __name__ == "__main__":
    main()
