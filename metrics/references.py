"""What one definition says of another: inputs of ratios exist, conditions fit their tables. Reads no files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from data.errors import Place, Problems, did_you_mean
from data.expressions import Expression
from data.yaml_files import Node
from metrics.kinds import Aggregate, Dimension, Funnel, Input, Metric, Ratio

__all__ = ["check_references"]

Metrics = Mapping[str, Metric]


def check_references(
    metrics: Metrics, dimensions: Mapping[str, Dimension], nodes: Mapping[str, Node], problems: Problems
) -> None:
    """`nodes` has every metric that is written, those with problems of their own included."""
    for metric in metrics.values():
        if isinstance(metric, Ratio):
            _check_inputs(metric, metrics, nodes, problems)
        for place, table, where in _conditions(metric, metrics, nodes[metric.name]):
            for name in sorted(where.columns):
                # A dimension with a problem of its own has told it already.
                if name in dimensions and table not in dimensions[name].on:
                    known = f"It is known in: {', '.join(sorted(dimensions[name].on))}."
                    problems.add(place, f"{metric.name}: table {table} has no {name} to narrow by. {known}")
                elif name in dimensions and isinstance(metric, Funnel) and dimensions[name].known == "later":
                    problems.add(place, f"{metric.name}: '{name}' is known only later, so it cannot narrow a funnel.")


def _inputs(metric: Ratio) -> tuple[tuple[str, Input], ...]:
    return ("numerator", metric.numerator), ("denominator", metric.denominator)


def _place(node: Node, *keys: str) -> Place:
    """The place of the value under these keys, or of the last one that is there."""
    for key in keys:
        if isinstance(node.value, dict) and key in node.value:
            node = node.value[key]
    return node.place


def _check_inputs(metric: Ratio, metrics: Metrics, nodes: Mapping[str, Node], problems: Problems) -> None:
    """The inputs of a ratio exist and are aggregates, so that no cycle is possible."""
    for key, given in _inputs(metric):
        place = _place(nodes[metric.name], key)
        if given.metric not in nodes:
            problems.add(place, f"{metric.name}: unknown metric '{given.metric}'. {did_you_mean(given.metric, nodes)}")
        elif given.metric in metrics and not isinstance(metrics[given.metric], Aggregate):
            problems.add(place, f"{metric.name}: '{given.metric}' is no aggregate; a ratio is made of aggregates.")


def _conditions(metric: Metric, metrics: Metrics, node: Node) -> Iterator[tuple[Place, str, Expression]]:
    """Each condition of a metric with its place and a table that it narrows."""
    tables: list[str] = []
    if isinstance(metric, Aggregate):
        tables = [metric.table]
    elif isinstance(metric, Funnel):
        tables = ["leads"]
    else:
        for key, given in _inputs(metric):
            part = metrics.get(given.metric)
            if isinstance(part, Aggregate):
                tables.append(part.table)
                if given.where is not None:
                    yield _place(node, key, "where"), part.table, given.where
    if metric.where is not None:
        for table in dict.fromkeys(tables):
            yield _place(node, "where"), table, metric.where
