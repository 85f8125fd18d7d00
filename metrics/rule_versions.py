"""Rules that change: a question under the rules of their time, and the days of changes. Plans and runs nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container
from dataclasses import dataclass
from itertools import pairwise

import sqlglot
from sqlglot import exp

from data.generations import Manifest
from metrics.kinds import Aggregate, Duration, Funnel, inputs_of
from metrics.reach import Reach

__all__ = ["RuleChange", "as_defined_then", "rule_changes", "stages_read"]

# The tables that are made a second time, each moment judged by the version that was in force on its day.
_THEN = {"leads": "leads_then", "lead_stages": "lead_stages_then"}


@dataclass(frozen=True)
class RuleChange:
    """The first day of a further version of a stage's rule."""

    stage: str
    day: dt.date
    label: str
    fingerprint: str


def as_defined_then(sql: str, tables: Container[str]) -> str:
    """The statement over the stamps of rules as they were in force; the same one where no rule has changed."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    for name, then in _THEN.items():
        if then in tables:
            for table in tree.find_all(exp.Table):
                if table.name == name:
                    # Columns go on saying `leads.mql_on`, so the table keeps the name that they know.
                    alias = table.alias_or_name
                    table.set("this", exp.to_identifier(then, quoted=True))
                    table.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    return tree.sql(dialect="duckdb", identify=True)


def rule_changes(manifest: Manifest) -> tuple[RuleChange, ...]:
    """Every version after the first of each rule; its label, else the stage's label with the day."""
    labels = {stage.name: stage.label for stage in manifest.stages}
    changes = []
    for stage in dict.fromkeys(rule.stage for rule in manifest.rules):
        versions = [rule for rule in manifest.rules if rule.stage == stage]
        for _, rule in pairwise(versions):
            label = rule.label or f"{labels.get(stage, stage)}: the rule changed"
            changes.append(RuleChange(stage, rule.starts, label, rule.fingerprint))
    return tuple(sorted(changes, key=lambda change: (change.day, change.stage)))


def stages_read(reach: Reach, name: str) -> frozenset[str]:
    """The stages whose days a metric reads, itself or by what it is made of; of a funnel its two ends."""
    metric = reach.metric(name)
    read = frozenset[str]().union(*(stages_read(reach, given.metric) for _, given in inputs_of(metric)))
    if isinstance(metric, Funnel):
        return read | {metric.steps[0].stage, metric.steps[-1].stage}
    columns: set[str] = set()
    if isinstance(metric, Aggregate) and metric.table == "leads":
        columns = {metric.time, metric.until or "", *metric.expr.columns}
    if isinstance(metric, Duration) and metric.table == "leads":
        columns = {metric.start.on, metric.end.on}
    return read | {stage for stage in reach.stages if any(name.startswith(f"{stage}_") for name in columns)}
