"""Where the words of a question lead: columns, links and conditions, or the reason why not. Plans and runs nothing."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from data.calendar import ONE_DAY
from data.company import Company
from data.errors import InvalidQuestion, Place, Problems, did_you_mean
from data.expressions import Expression, Rules, parse_expression
from data.generations import Manifest
from metrics.kinds import Dimension, Funnel, Metric, results_of, split_result
from metrics.loading import Definitions, dimension_types, links_of
from metrics.moves import Move, Shift
from metrics.nodes import Join, Key, PeriodKey, Reference, Scan
from metrics.query import Query

__all__ = ["Asked", "Reach", "Unanswerable", "all_of", "condition", "scoped"]


class Unanswerable(Exception):
    """Why one metric has no answer here. The planner turns it into a reason: an absent input is an answer."""


@dataclass(frozen=True)
class Asked:
    """A question with its condition parsed: constants of `where` and days are values of parameters.

    For a part of a metric, `narrowed` are the conditions over dimension names that lead to it, `moves` which days count
    for it in the place of the asked ones, the outermost first, and `days` (from, until) outside of which no row counts.
    """

    query: Query
    where: Expression | None
    values: Mapping[str, object]
    narrowed: tuple[Expression, ...] = ()
    moves: tuple[Move, ...] = ()
    days: tuple[tuple[dt.date | None, dt.date | None], ...] = ()

    def narrowed_by(self, *conditions: Expression | None) -> Asked:
        """The same question about fewer rows."""
        return replace(self, narrowed=(*self.narrowed, *(where for where in conditions if where is not None)))

    def within(self, since: dt.date | None, until: dt.date | None) -> Asked:
        """The same question about the rows of some days only; without bounds about all."""
        return self if since is None and until is None else replace(self, days=(*self.days, (since, until)))

    def moved(self, *moves: Move | None) -> Asked:
        """The same question about other days."""
        return replace(self, moves=(*self.moves, *(move for move in moves if move is not None)))


class Reach:
    """Resolves names against one generation and one set of definitions.

    `cycle` tells how long a sale takes, which only who can ask the data knows: without it what is taken so much earlier
    has no answer.
    """

    def __init__(
        self,
        company: Company,
        manifest: Manifest,
        definitions: Definitions,
        cycle: Callable[[Query], Shift | None] | None = None,
    ) -> None:
        self.company, self.manifest, self.definitions = company, manifest, definitions
        self._cycle = cycle
        self.stages = {stage.name: stage for stage in manifest.stages}
        self._types = dimension_types(definitions.dimensions, definitions.tables)
        self._conditions = functools.lru_cache(maxsize=256)(self._where)

    def metric(self, asked: str) -> Metric:
        """The metric of an asked column. Raises InvalidQuestion with the nearest name."""
        name, result = split_result(asked)
        metrics = self.definitions.metrics
        if name not in metrics:
            raise InvalidQuestion(f"Unknown metric '{name}'. {did_you_mean(name, metrics)}")
        metric = metrics[name]
        if result is None:
            return metric
        results, kind = results_of(metric), type(metric).__name__.lower()
        if not results:
            raise InvalidQuestion(f"'{asked}': {name} is no funnel or duration, so it has no result '{result}'.")
        if result not in results:
            hint = did_you_mean(result, results, f"Results of a {kind}")
            raise InvalidQuestion(f"'{asked}': unknown result '{result}'. {hint}")
        return metric

    def dimension(self, name: str) -> Dimension:
        dimensions = self.definitions.dimensions
        if name not in dimensions:
            raise InvalidQuestion(f"Unknown dimension '{name}'. {did_you_mean(name, dimensions)}")
        return dimensions[name]

    def as_of(self, query: Query) -> dt.date:
        """The day D before which things had happened: as asked, else the day after `data through`."""
        if query.as_of is not None:
            return query.as_of
        if self.manifest.through is None:
            raise Unanswerable(
                "No file says how far its data reaches: give 'through' in sources.yaml, or an as-of day."
            )
        return self.manifest.through + ONE_DAY

    def cycle(self, query: Query) -> Shift | None:
        """How much earlier one median sales cycle is for a question, None for under half a month."""
        if self._cycle is None:
            raise Unanswerable("How long a sale takes is asked of the data, and none is open here.")
        return self._cycle(query)

    def check_column(self, table: str, name: str) -> None:
        """Raises Unanswerable with the reason where no answer can use the column."""
        reason = self.definitions.tables[table].columns[name].absent
        if reason:
            raise Unanswerable(reason)

    def dimension_key(self, name: str, table: str, asked_by: Metric) -> tuple[Key, Join | None]:
        """A dimension in a metric's table, with the join it needs.

        Raises InvalidQuestion naming the table that lacks it, Unanswerable where its column has no answer.
        """
        dimension = self.dimension(name)
        if table not in dimension.on:
            raise InvalidQuestion(
                f"'{asked_by.name}' cannot be split or filtered by '{name}': its table {table} has no {name}."
                f" It is known in: {', '.join(sorted(dimension.on))}."
            )
        if isinstance(asked_by, Funnel) and dimension.known == "later":
            raise InvalidQuestion(f"'{name}' is known only later, so it cannot cut the funnel '{asked_by.name}'.")
        link, dot, column = dimension.on[table].rpartition(".")
        if not dot:
            self.check_column(table, column)
            return Key(name, Reference(table, column)), None
        own, target_table, target = links_of(self.definitions.tables[table])[link]
        self.check_column(table, own)
        self.check_column(target_table, column)
        return Key(name, Reference(link, column)), Join(link, target_table, own, target)

    def scan(
        self, table: str, asked: Asked, asked_by: Metric, base: Iterable[Expression]
    ) -> tuple[Scan, tuple[Key, ...]]:
        """The rows of a table that a question admits, and its dimensions there. `base` conditions come first."""
        joins: list[Join | None] = []
        keys: list[Key] = []
        for name in asked.query.by:
            key, join = self.dimension_key(name, table, asked_by)
            keys.append(key)
            joins.append(join)
        conditions = list(base)
        if asked.where is not None:
            if asked.query.is_shared:
                self._check_shared(asked.where, table, asked_by)
            resolved, more = self.resolve(asked.where, table, asked_by)
            conditions.append(resolved)
            joins += more
        return Scan(table, distinct(joins), tuple(conditions)), tuple(keys)

    def _check_shared(self, where: Expression, table: str, asked_by: Metric) -> None:
        """Raises Unanswerable where a shared filter names a dimension that the metric's table lacks."""
        for dimension in (self.dimension(name) for name in sorted(where.columns)):
            if table not in dimension.on:
                word = dimension.label.lower()
                raise Unanswerable(f"{asked_by.label} is not known by {word}: take the filter off to see it.")

    def resolve(self, where: Expression, table: str, asked_by: Metric) -> tuple[Expression, tuple[Join, ...]]:
        """A condition over dimension names as one over scoped columns of a table, with the joins it needs."""
        places = {name: self.dimension_key(name, table, asked_by) for name in sorted(where.columns)}
        references = {name: key.reference for name, (key, _) in places.items()}
        return scoped(where, references), distinct(join for _, join in places.values())

    def period_key(self, query: Query, time: Reference) -> PeriodKey | None:
        if query.grain is None:
            return None
        return PeriodKey(time, query.grain, self.company.week_starts, self.company.fiscal_year_starts)

    def asked(self, query: Query) -> Asked:
        """The question with its values bound to names. Raises InvalidQuestion."""
        where, constants = self._conditions(query.where) if query.where is not None else (None, {})
        values = dict(constants)
        if query.period is not None:
            values |= {"period_start": query.period.start, "period_until": query.period.until}
        if query.as_of is not None:
            values["as_of"] = query.as_of
        return Asked(query, where, values)

    def _where(self, text: str) -> tuple[Expression, dict[str, object]]:
        """A condition with its constants as parameters `$where_0`, ..., which are no part of the SQL's shape."""
        values: dict[str, object] = {}
        problems = Problems()
        rules = Rules(self._types, columns_are="dimension", gives="boolean")
        expression = parse_expression(text, rules, Place("where"), problems, f"'{text}'")
        if expression is None:
            raise InvalidQuestion(problems.found[0].message)

        def bind(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Literal) and not isinstance(node.parent, exp.DataTypeParam):
                name = f"where_{len(values)}"
                values[name] = node.to_py()
                return exp.Placeholder(this=name)
            return node

        tree = expression.copy_tree().transform(bind)
        return replace(condition(tree), columns=expression.columns), values


# What is made of the same parts is made once: sqlglot's trees cost more than running a small question. An expression is
# its own key by its text, and whoever changes a tree takes a copy.
_once = functools.lru_cache(maxsize=4096)


def distinct(joins: Iterable[Join | None]) -> tuple[Join, ...]:
    return tuple(dict.fromkeys(join for join in joins if join is not None))


def time_conditions(query: Query, time: Reference) -> tuple[Expression, ...]:
    """Which rows a period and an as-of day admit. A row without a time belongs to no period."""
    return _time_conditions(query.period is not None, query.grain is not None, query.as_of is not None, time)


@_once
def _time_conditions(in_period: bool, by_grain: bool, as_of: bool, time: Reference) -> tuple[Expression, ...]:
    column = exp.column(time.column, table=time.scope, quoted=True)
    conditions: list[exp.Expr] = []
    if in_period:
        conditions += [column >= _parameter("period_start"), column < _parameter("period_until")]
    elif by_grain:
        conditions.append(column.is_(exp.Null()).not_())
    if as_of:
        conditions.append(column < _parameter("as_of"))
    return tuple(condition(tree) for tree in conditions)


def _parameter(name: str) -> exp.Placeholder:
    return exp.Placeholder(this=name)


def condition(tree: exp.Expr) -> Expression:
    """A condition that the planner itself writes."""
    return Expression(tree.sql(dialect="duckdb", identify=True), tree)


def all_of(conditions: Iterable[Expression]) -> Expression | None:
    """The conjunction of conditions, or None of none."""
    parts = tuple(conditions)
    return _all_of(parts) if parts else None


@_once
def _all_of(parts: tuple[Expression, ...]) -> Expression:
    return condition(exp.and_(*[part.copy_tree() for part in parts]))


def scoped(expression: Expression, references: Mapping[str, Reference]) -> Expression:
    """The expression with each column replaced by its scoped reference."""
    return _scoped(expression, tuple(references.items()))


@_once
def _scoped(expression: Expression, references: tuple[tuple[str, Reference], ...]) -> Expression:
    known = dict(references)

    def placed(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            reference = known[node.name]
            return exp.column(reference.column, table=reference.scope, quoted=True)
        return node

    found = condition(expression.copy_tree().transform(placed))
    return replace(found, columns=expression.columns, additive=expression.additive)
