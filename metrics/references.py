"""What one definition says of another: inputs exist and lead to no circle, conditions fit. Reads no files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from data.errors import Place, Problems, did_you_mean
from data.expressions import Expression
from data.yaml_files import Node
from metrics.duration_files import attempts_of
from metrics.kinds import (
    Aggregate,
    Credit,
    Cumulative,
    Dimension,
    Duration,
    Funnel,
    Metric,
    inputs_of,
    results_of,
    split_result,
)

__all__ = ["check_references", "tables_of"]

Metrics = Mapping[str, Metric]


def check_references(
    metrics: Metrics, dimensions: Mapping[str, Dimension], nodes: Mapping[str, Node], problems: Problems
) -> None:
    """`nodes` has every metric that is written, those with problems of their own included."""
    for metric in metrics.values():
        _check_inputs(metric, metrics, nodes, problems)
        if isinstance(metric, Duration) and metric.promise is not None and metric.per_person is not None:
            _check_per_person(
                metric, metric.per_person, metrics, dimensions, _place(nodes[metric.name], "per_person"), problems
            )
        for name in metric.hold if isinstance(metric, Funnel) else ():
            if name in dimensions and "leads" not in dimensions[name].on:
                problems.add(_place(nodes[metric.name], "hold"), f"{metric.name}: table leads has no {name} to hold.")
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
    """The inputs exist, none of them is made of the metric itself, and windows are over what happens on days."""
    for key, given in inputs_of(metric):
        place, (name, result) = _input_place(nodes[metric.name], key), split_result(given.metric)
        if name not in nodes:
            problems.add(place, f"{metric.name}: unknown metric '{name}'. {did_you_mean(name, nodes)}")
            continue
        results = results_of(metrics[name]) if name in metrics else {}
        if result is not None and name in metrics and result not in results:
            hint = did_you_mean(result, results, "Its results") if results else "It has none."
            problems.add(place, f"{metric.name}: '{name}' has no result '{result}'. {hint}")
        way = _way_back(name, metric.name, metrics, (metric.name,))
        if way:
            problems.add(place, f"{metric.name}: is made of itself: {' -> '.join(way)}.")
    if isinstance(metric, Cumulative) and metric.of.metric in metrics:
        _check_window(metric, metrics[metric.of.metric], _input_place(nodes[metric.name], "of"), problems)


def _check_per_person(
    metric: Duration,
    name: str,
    metrics: Metrics,
    dimensions: Mapping[str, Dimension],
    place: Place,
    problems: Problems,
) -> None:
    """The same promise on each person's clock: a duration with a promise, told alike, that is known by owner."""
    own, by = metrics.get(name), dimensions.get("owner")
    waits = [key for key, one in metrics.items() if isinstance(one, Duration) and one.promise is not None]
    if not isinstance(own, Duration) or own.promise is None:
        problems.add(place, f"{metric.name}: '{name}' is no duration with a promise. {did_you_mean(name, waits)}")
    elif (own.unit, own.clock) != (metric.unit, metric.clock) or attempts_of(own) != attempts_of(metric):
        problems.add(place, f"{metric.name}: '{name}' is told in another unit, by another clock or of other attempts.")
    elif by is not None and own.table not in by.on:
        problems.add(place, f"{metric.name}: '{name}' is not known by owner.")


def _check_window(metric: Cumulative, of: Metric, place: Place, problems: Problems) -> None:
    """A balance has no days to add up, and only what is counted or summed has an average over days."""
    if isinstance(of, Aggregate) and of.until is not None:
        problems.add(place, f"{metric.name}: '{of.name}' is a balance: it is valued at the end of a period already.")
    elif metric.at_coarser_grain == "average" and not (isinstance(of, Aggregate) and of.expr.additive):
        problems.add(
            place, f"{metric.name}: 'average' is for one count or sum; ratios and percentiles are not averaged."
        )


def _way_back(start: str, goal: str, metrics: Metrics, seen: tuple[str, ...]) -> tuple[str, ...]:
    """The names from the goal over `start` back to the goal; empty where no way leads there."""
    if start == goal:
        return (*seen, goal)
    if start in seen or start not in metrics:
        return ()
    for _, given in inputs_of(metrics[start]):
        way = _way_back(split_result(given.metric)[0], goal, metrics, (*seen, start))
        if way:
            return way
    return ()


def _conditions(metric: Metric, metrics: Metrics, node: Node) -> Iterator[tuple[Place, str, Expression]]:
    """Each condition of a metric with its place and a table that it narrows."""
    for key, given in inputs_of(metric):
        if given.where is not None:
            for table in tables_of(split_result(given.metric)[0], metrics):
                yield _input_place(node, key, "where"), table, given.where
    if metric.where is not None:
        for table in tables_of(metric.name, metrics):
            yield _place(node, "where"), table, metric.where


def tables_of(name: str, metrics: Metrics, above: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The tables that a metric is made of, each once. A circle has been told where it is written."""
    metric = metrics.get(name)
    if metric is None or name in above:
        return ()
    if isinstance(metric, Aggregate | Duration):
        return (metric.table,)
    if isinstance(metric, Funnel):
        return metric.tables
    if isinstance(metric, Credit):
        return ("credit",)
    inputs = [split_result(given.metric)[0] for _, given in inputs_of(metric)]
    return tuple(dict.fromkeys(table for part in inputs for table in tables_of(part, metrics, (*above, name))))
