"""Which of a company's definitions have never run on an engine like this, and what came of trying them. Shows nothing.

The standard definitions are tried by tests. The `where` of a question is not tried: a link must answer at once, it
holds only what the allow-list admits over dimension names, and every question ends after a minute (data/engine.py).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import sqlglot
from sqlglot import exp

from data.calendar import Period
from data.errors import InvalidQuestion, Problem
from data.trials import Trial, failures, remember, remembered
from metrics.emit import emit_plan
from metrics.fingerprints import fingerprint
from metrics.kinds import Metric
from metrics.plan import Planned, plan, question_about
from metrics.run import Session

__all__ = ["MOST_ROWS", "failed_trials"]

# A blow-up shows in so many rows; a sound definition is not refused because a table is large.
MOST_ROWS = 100_000


def failed_trials(session: Session) -> list[Problem]:
    """A problem per metric of the company that fails its first run or goes beyond its limits.

    All that are new run in one guarded process; those that pass are remembered in the state of the company.
    """
    metrics = session.definitions.metrics.values()
    own = {fingerprint(session.reach, metric): metric for metric in metrics if not metric.is_standard}
    passed = remembered(session.company.state)
    new = {name: metric for name, metric in own.items() if name not in passed}
    if not new:
        return []
    # What has no answer here, for want of an input, is tried once there is one.
    trials = list(_trials(session, new))
    failed = failures(session.generation.model, trials)
    if sound := {trial.name for trial in trials} - failed.keys():
        remember(session.company.state, passed | sound)
    return [Problem(own[name].place, f"{own[name].name}: {why}.") for name, why in failed.items()]


def _trials(session: Session, new: dict[str, Metric]) -> Iterator[Trial]:
    for name, metric in new.items():
        planned = _planned(session, metric.name)
        if planned is not None:
            yield Trial(name, _bounded(session, emit_plan(planned.plan), planned.values))


def _planned(session: Session, name: str) -> Planned | None:
    """A question that the metric answers: of all time, else of a year by month; None where it has no answer here."""
    last = session.through or dt.date.today()
    year = Period(last - dt.timedelta(days=364), last + dt.timedelta(days=1))
    plainest = question_about(session.reach, name)
    for query in (plainest, replace(plainest, grain="month", period=year)):
        try:
            planned = plan(session.reach, query)
        except InvalidQuestion:
            continue
        if not planned.reasons:
            return planned
    return None


def _bounded(session: Session, sql: str, values: dict[str, object]) -> str:
    """The SELECT with its values written in, over the first rows of each large table."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    for placeholder in list(tree.find_all(exp.Placeholder)):
        placeholder.replace(exp.convert(values[placeholder.name]))
    described = session.manifest.describe()
    named = {table.name for table in tree.find_all(exp.Table)} & described.keys()
    assert isinstance(tree, exp.Query)
    for name in sorted(table for table in named if described[table].rows > MOST_ROWS):
        rows = exp.select("*").from_(exp.to_table(f'main."{name}"', dialect="duckdb")).limit(MOST_ROWS)
        tree = tree.with_(exp.to_identifier(name, quoted=True), as_=rows)
        # In front of the others, which may read it.
        parts = tree.args["with_"].expressions
        tree.args["with_"].set("expressions", [parts[-1], *parts[:-1]])
    return tree.sql(dialect="duckdb", identify=True)
