"""Run SELECTs that nobody has run before in a process of their own, with limits. Knows no definitions.

The parent gives the child a file and a list of SELECTs as JSON; the child answers a line as each is done. A SELECT that
kills the child is the first without a line: it is blamed, and a new child goes on with the rest. What Tandem itself
runs on a page needs none of this, since its expressions have been tried here before. What has passed is remembered, so
that it is tried once for each version of the engine.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from data.engine import VERSION, DuckDBEngine
from data.errors import EngineFailed

__all__ = ["MOST_BYTES", "MOST_SECONDS", "Trial", "failures", "remember", "remembered"]

MOST_SECONDS = 2
MOST_BYTES = 512 * 2**20
# The clock on the wall only ends a process that waits without computing.
STARTING_SECONDS, WAITING_SECONDS = 60, 10
PROJECT = Path(__file__).resolve().parent.parent
TOO_SLOW = f"takes more than {MOST_SECONDS} s of computing on the present data"
TOO_LARGE = f"takes more than {MOST_BYTES // 2**20} MB of memory on the present data"
FILE = "tried.json"
# Libraries that reserve addresses by the number of cores would use up the limit without computing anything.
_SMALL = {"POLARS_MAX_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1"}


@dataclass(frozen=True)
class Trial:
    """One SELECT to be tried, by the name of what it stands for."""

    name: str
    sql: str


def failures(file: Path, trials: Iterable[Trial]) -> Mapping[str, str]:
    """What is wrong, by name, with those SELECTs over a sealed file that fail or go beyond the limits."""
    left = list(trials)
    failed: dict[str, str] = {}
    while left:
        outcomes, ending = _run(file, left)
        failed |= {name: why for name, why in outcomes.items() if why}
        left = [trial for trial in left if trial.name not in outcomes]
        if left and ending:
            failed[left[0].name] = ending
            left = left[1:]
    return failed


def _run(file: Path, trials: list[Trial]) -> tuple[dict[str, str], str]:
    """Why each SELECT failed that came to its end, empty where it did not; and why the child died, if it did."""
    task = json.dumps({"file": str(file.resolve()), "trials": [asdict(trial) for trial in trials]})
    # Nothing of this process is handed on: no keys, no settings.
    environment = {"TANDEM_MEMORY": f"{MOST_BYTES // 2**20}MB", "TANDEM_THREADS": "1"} | _SMALL
    with subprocess.Popen(
        [sys.executable, "-m", "data.trials"],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        try:
            told, _ = child.communicate(task, timeout=STARTING_SECONDS + WAITING_SECONDS * len(trials))
            ending = {0: "", -signal.SIGXCPU: TOO_SLOW}.get(child.returncode, TOO_LARGE)
        except subprocess.TimeoutExpired:
            child.kill()
            told, _ = child.communicate()
            ending = TOO_SLOW
    # A child that was killed may leave half a line.
    lines = [json.loads(line) for line in told.splitlines() if line.endswith("}")]
    return {line["name"]: line["why"] for line in lines}, ending


def remembered(state: Path) -> frozenset[str]:
    """The names that passed with this version of the engine; none where the file is missing or is not what it was."""
    try:
        found = json.loads((state / FILE).read_text(encoding="utf-8"))
        names = found["passed"] if found["engine"] == VERSION else []
        return frozenset(str(name) for name in names)
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def remember(state: Path, names: Iterable[str]) -> None:
    """Write down what passed. Where nothing may be written it is tried again the next time, which costs a second."""
    text = json.dumps({"engine": VERSION, "passed": sorted(names)}, indent=1)
    whole = state / f"{FILE}.{os.getpid()}"
    try:
        whole.write_text(text, encoding="utf-8")
        whole.replace(state / FILE)
    except OSError:
        whole.unlink(missing_ok=True)


def _child() -> None:
    task = json.loads(sys.stdin.read())
    engine = DuckDBEngine(Path(task["file"]))
    engine.run("SELECT 'a' AS word, 1.5 AS number", {})  # what a frame needs is in memory before it is measured
    sizes = Path("/proc/self/statm")
    if sizes.exists():  # elsewhere the database's own limit has to do
        taken = int(sizes.read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + MOST_BYTES, taken + MOST_BYTES))
    for trial in task["trials"]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = int(used.ru_utime + used.ru_stime) + MOST_SECONDS + 1
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
        why = _why(engine, trial["sql"])
        sys.stdout.write(json.dumps({"name": trial["name"], "why": why}) + "\n")
        sys.stdout.flush()
        if why == TOO_LARGE:
            break  # what comes after a database ran out of memory would be blamed for it
    # Without the farewell of a database that may have run out of memory.
    os._exit(0)


def _why(engine: DuckDBEngine, sql: str) -> str:
    try:
        engine.run(sql, {})
    except MemoryError:
        return TOO_LARGE
    except EngineFailed as error:
        is_memory = "memory" in str(error).lower()
        return TOO_LARGE if is_memory else f"cannot be computed: {error}"
    return ""


if __name__ == "__main__":
    _child()
