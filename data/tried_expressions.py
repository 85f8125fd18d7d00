"""Expressions of sources.yaml and stages.yaml that nobody has run before are tried on made-up rows. Maps nothing.

What is made of columns, constants, comparisons, arithmetic and casts alone takes a fixed time for a row and needs no
trial; functions over text may grow with what they are given.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlglot import exp

from data.company import Company
from data.engine import Workbench, quoted
from data.errors import InvalidFiles, Place, Problem
from data.expressions import Expression
from data.sources import Sources
from data.stages import Stages
from data.tables import CANONICAL
from data.trials import Trial, failures, remember, remembered

__all__ = ["start_trials"]

MOST_ROWS = 100_000
_TRIED = (exp.Func, exp.DPipe, exp.Like, exp.ILike)
# Functions in name only: they neither make a text longer nor look through one.
_PLAIN = (exp.Cast, exp.TryCast, exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.And, exp.Or)
# A value of each type that differs from row to row.
_MADE_UP = {
    "BOOLEAN": "n % 2 = 0",
    "DATE": "DATE '2020-01-01' + CAST(n % 2000 AS INTEGER)",
    "TIMESTAMP": "TIMESTAMP '2020-01-01' + to_minutes(n)",
    "BIGINT": "n",
    "DOUBLE": "n * 1.5",
}
_TEXT = "md5(CAST(n AS VARCHAR)) || ' ' || md5(CAST(n + 1 AS VARCHAR))"

Types = Mapping[str, str]


def start_trials(company: Company, sources: Sources, stages: Stages) -> Callable[[], None]:
    """Begin to try what is new while files are read; the function that is returned waits for the outcome.

    It raises InvalidFiles with a problem per expression that is too slow, too large or fails.
    """
    passed = remembered(company.state)
    every = {_name(value, types): (value, place, types) for value, place, types in _expressions(sources, stages)}
    new = {name: one for name, one in every.items() if name not in passed and _may_grow(one[0])}
    if not new:
        return lambda: None
    trials = [Trial(name, _select(value, types)) for name, (value, _, types) in new.items()]
    pool = ThreadPoolExecutor(max_workers=1)
    running = pool.submit(_tried, trials)

    def finish() -> None:
        failed = running.result()
        pool.shutdown()
        remember(company.state, passed | (new.keys() - failed.keys()))
        if failed:
            raise InvalidFiles([Problem(new[name][1], f"'{new[name][0].sql}': {why}.") for name, why in failed.items()])

    return finish


def _tried(trials: list[Trial]) -> Mapping[str, str]:
    with tempfile.TemporaryDirectory(prefix="tandem-trial-") as folder:
        paths = [Path(folder) / name for name in ("empty.duckdb", "personal.duckdb", "scratch.duckdb")]
        with Workbench(*paths):
            pass  # a trial reads a sealed file, and needs no table of it
        return failures(paths[0], trials)


def _expressions(sources: Sources, stages: Stages) -> Iterator[tuple[Expression, Place, Types]]:
    """Every expression with its place and the types of what it reads."""
    for mapping in sources.mappings:
        types = sources.files[mapping.file].types()
        for lookup in mapping.lookups:
            found = sources.files[lookup.file].types()
            types |= {name: found[column.name] for name, column in lookup.columns.items()}
        for value in (*mapping.columns.values(), *(extra.value for extra in mapping.extra.values())):
            yield value, mapping.place, types
        if mapping.where is not None:
            yield mapping.where, mapping.place, types
    for rule in sources.channels:
        yield rule.when, rule.place, CANONICAL["touches"].stored() | sources.extras("touches")
    for exclusion in sources.exclusions:
        known = CANONICAL[exclusion.table].stored() | sources.extras(exclusion.table)
        yield exclusion.when, exclusion.place, known
    for versions in stages.book.rules.values():
        for version in versions:
            yield version.when, version.place, stages.book.columns


def _may_grow(value: Expression) -> bool:
    return any(isinstance(node, _TRIED) and not isinstance(node, _PLAIN) for node in value.tree.walk())


def _name(value: Expression, types: Types) -> str:
    """What the outcome depends on: the SQL and the types of what it reads."""
    read = sorted((name, types.get(name, "VARCHAR")) for name in value.columns)
    return "expression " + hashlib.sha256(repr((value.sql, read)).encode()).hexdigest()[:16]


def _select(value: Expression, types: Types) -> str:
    made_up = [f"{_made_up(types.get(name, 'VARCHAR'))} AS {quoted(name)}" for name in sorted(value.columns)]
    rows = f"SELECT {', '.join(['n', *made_up])} FROM range({MOST_ROWS}) AS r(n)"
    return f'SELECT count("x") AS "n" FROM (SELECT {value.sql} AS "x" FROM ({rows}))'


def _made_up(kind: str) -> str:
    if kind.startswith(("DECIMAL", "INT")):
        return f"CAST(n AS {kind})" if kind.startswith("INT") else f"CAST(n % 1000 AS {kind})"
    return _MADE_UP.get(kind, _TEXT)
