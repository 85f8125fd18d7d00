"""What one definition says of another: inputs of ratios exist, conditions fit their tables. Reads no files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from data.errors import Place, Problems, did_you_mean
from data.expressions import Expression
from data.yaml_files import Node
from metrics.kinds import Aggregate, Dimension, Funnel, Metric, inputs_of

__all__ = ["check_references"]

Metrics = Mapping[str, Metric]


def check_references(
    metrics: Metrics, dimensions: Mapping[str, Dimension], nodes: Mapping[str, Node], problems: Problems
) -> None:
    """`nodes` has every metric that is written, those with problems of their own included."""
    for metric in metrics.values():
        if not isinstance(metric, Aggregate):
            _check_inputs(metric, metrics, nodes, problems)
        for place, table, where in _conditions(metric, metrics, nodes[metric.name]):
            for name in sorted(where.columns):
                # A dimension with a problem of its own has told it already.
                if name in dimensions and table not in dimensions[name].on:
                    known = f"It is known in: {', '.join(sorted(dimensions[name].on))}."
                    problems.add(place, f"{metric.name}: table {table} has no {name} to narrow by. {known}")
                elif name in dimensions and isinstance(metric, Funnel) and dimensions[name].known == "later":
                    problems.add(place, f"{metric.name}: '{name}' is known only later, so it cannot narrow a funnel.")


def _place(node: Node, *keys: str) -> Place:
    """The place of the value under these keys, or of the last one that is there."""
    for key in keys:
        if isinstance(node.value, dict) and key in node.value:
            node = node.value[key]
    return node.place


def _input_place(node: Node, key: str, *more: str) -> Place:
    """Where an input is written: under its own key, among the inputs of a formula, or in the formula itself."""
    in_formula = isinstance(node.value, dict) and "expr" in node.value
    inputs = node.value.get("inputs") if isinstance(node.value, dict) else None
    if inputs is not None and isinstance(inputs.value, dict) and key in inputs.value:
        return _place(node, "inputs", key, *more)
    return _place(node, "expr") if in_formula else _place(node, key, *more)


def _check_inputs(metric: Metric, metrics: Metrics, nodes: Mapping[str, Node], problems: Problems) -> None:
    """The inputs exist and are aggregates, so that no cycle is possible."""
    kind = type(metric).__name__.lower()
    for key, given in inputs_of(metric):
        place = _input_place(nodes[metric.name], key)
        if given.metric not in nodes:
            problems.add(place, f"{metric.name}: unknown metric '{given.metric}'. {did_you_mean(given.metric, nodes)}")
        elif given.metric in metrics and not isinstance(metrics[given.metric], Aggregate):
            problems.add(place, f"{metric.name}: '{given.metric}' is no aggregate; a {kind} is made of aggregates.")


def _conditions(metric: Metric, metrics: Metrics, node: Node) -> Iterator[tuple[Place, str, Expression]]:
    """Each condition of a metric with its place and a table that it narrows."""
    tables: list[str] = []
    if isinstance(metric, Aggregate):
        tables = [metric.table]
    elif isinstance(metric, Funnel):
        tables = ["leads"]
    else:
        for key, given in inputs_of(metric):
            part = metrics.get(given.metric)
            if isinstance(part, Aggregate):
                tables.append(part.table)
                if given.where is not None:
                    yield _input_place(node, key, "where"), part.table, given.where
    if metric.where is not None:
        for table in dict.fromkeys(tables):
            yield _place(node, "where"), table, metric.where
