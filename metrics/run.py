"""Answers questions: a session on a sealed generation. Opens no company."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import polars as pl

from data.attribution import MARKOV
from data.calendar import Period, business_days, cohort_unit, comparison, last_complete
from data.company import Company
from data.engine import DuckDBEngine, Engine, Values
from data.generations import Generation, Manifest, StageFact
from metrics.aggregates import MISSING
from metrics.answers import Answer, Results, Rows
from metrics.chained import answer_by_chain
from metrics.duration_notes import longer_than_any, longest_ended
from metrics.emit import emit_plan, emit_rows
from metrics.emit_funnels import emit_curve, emit_funnel
from metrics.explain import dimensions_of
from metrics.funnel import KEPT_RESULTS, asked_funnel, declared_steps, loss_reason, waiting_note, window_of
from metrics.hearing import hear
from metrics.kinds import FUNNEL_RESULTS, Duration, Funnel, Metric, Step, split_result
from metrics.loading import Definitions
from metrics.plan import Planned, plan, plan_curve, plan_funnel, plan_rows
from metrics.query import Query
from metrics.reach import Reach, Unanswerable
from metrics.rule_versions import RuleChange, as_defined_then, rule_changes
from metrics.sales_cycle import cycle, cycle_note
from metrics.shapes import Shapes
from metrics.target_answers import targets_of

__all__ = ["Session"]


class Session:
    """One sealed generation read by one set of definitions. Frozen: its answers never change.

    It holds its generation until the last reference to it is gone, so that no cursor is cut off. `engine` reads the
    generation's model file unless another is given.
    """

    def __init__(
        self,
        company: Company,
        generation: Generation,
        definitions: Definitions,
        results: Results | None = None,
        engine: Engine | None = None,
    ) -> None:
        self.company, self.definitions = company, definitions
        self.generation = generation
        self.manifest: Manifest = generation.manifest
        self.reach = Reach(company, self.manifest, definitions, lambda query: cycle(self, query).shift)
        self._engine: Engine = engine or DuckDBEngine(generation.model)
        self._results = results or Results()
        # A question is its own key, and nothing it depends on ever changes in a session.
        self._compiled = functools.lru_cache(maxsize=1024)(self._compile)
        self._shapes = Shapes(self.reach)
        self._compiled_shape = functools.lru_cache(maxsize=512)(lambda shape: self._compile_anew(shape.query))
        self.with_metrics = functools.lru_cache(maxsize=256)(self._with_metrics)

    def _with_metrics(self, metrics: tuple[Metric, ...]) -> Session:
        """The same rows with more metrics, such as the parts of one; the same session for the same metrics."""
        known = {**self.definitions.metrics, **{metric.name: metric for metric in metrics}}
        return self.with_definitions(replace(self.definitions, metrics=known))

    def with_definitions(self, definitions: Definitions) -> Session:
        """The same rows read by other definitions."""
        return Session(self.company, self.generation, definitions, self._results, self._engine)

    @property
    def through(self) -> dt.date | None:
        """The last day that all files of the stages cover."""
        return self.manifest.through

    def answer(self, query: Query) -> Answer:
        """The answer to a question, with that of the period it is compared with. Raises InvalidQuestion."""
        if query.model == MARKOV:
            return hear(self, replace(answer_by_chain(self, query), before=self._before(query)))
        planned, sql = self._compiled(query)
        frame = self._run(sql, planned.values, query)
        shown = [*query.by, *(["period"] if query.grain else []), *dict.fromkeys(query.metrics)]
        found = Answer(
            query=query,
            frame=frame.select(shown),
            sql=sql,
            values=planned.values,
            reasons=planned.reasons,
            notes=self._notes(query, frame),
            before=self._before(query),
            targets=targets_of(self.definitions, self.company, query, frame) if query.compare == "target" else None,
            longest=self._longest(query, frame),
        )
        return hear(self, found)

    def _longest(self, query: Query, frame: pl.DataFrame) -> dict[str, pl.Series]:
        """What stands beside each percentile of waits that was asked for."""
        asked = {name: self.reach.metric(name) for name in query.metrics}
        waits = {name: metric for name, metric in asked.items() if isinstance(metric, Duration)}
        told = {name: longest_ended(metric, frame) for name, metric in waits.items()}
        return {name: column for name, column in told.items() if column is not None}

    def _compile(self, query: Query) -> tuple[Planned, str]:
        found = self._shapes.of(query)
        if found is None:
            return self._compile_anew(query)
        shape, values = found
        planned, sql = self._compiled_shape(shape)
        return replace(planned, values={**planned.values, **values}), sql

    def _compile_anew(self, query: Query) -> tuple[Planned, str]:
        planned = plan(self.reach, query)
        return planned, self._judged(emit_plan(planned.plan), query)

    def _judged(self, sql: str, query: Query) -> str:
        return as_defined_then(sql, self.definitions.tables) if query.rules == "then" else sql

    def _before(self, query: Query) -> Answer | None:
        if query.compare in ("none", "target") or query.period is None:
            return None
        period = comparison(query.period, query.compare, self.company)
        # Whatever stands beside the first rows, it may not be among the first rows itself.
        return self.answer(replace(query, compare="none", period=period, limit=None))

    def funnel(self, name: str, query: Query, *, counts_only: bool = False) -> Answer:
        """A row per step, window and group: dimensions, period, step, within_days, the results, unrecorded.

        With `counts_only` survival, waiting times and losses, which cost most, are neither computed nor among the
        columns. The metrics of `query` are not used. Raises InvalidQuestion.
        """
        planned = plan_funnel(self.reach, name, query, counts_only=counts_only)
        if planned.plan is None:
            kinds = {"step": pl.String(), "within_days": pl.Int64()}
            kinds |= {
                result: pl.Int64() if unit == "count" else pl.Float64() for result, unit in FUNNEL_RESULTS.items()
            }
            keys = {**dict.fromkeys(query.by, pl.String()), **({"period": pl.Date()} if query.grain else {})}
            empty = pl.DataFrame(schema={**keys, **kinds, "unrecorded": pl.Int64()})
            return Answer(query, empty, "", {}, {name: planned.reason or ""})
        sql = self._judged(emit_funnel(planned.plan), query)
        frame = self._run(sql, planned.values, query)
        frame = frame.drop(KEPT_RESULTS) if counts_only else frame
        # Every window of a step has the same cohort: one of them tells how much of it is unrecorded.
        cohort = frame.filter(pl.all_horizontal(pl.col(key) == pl.col(key).last() for key in ("step", "within_days")))
        entered, unrecorded = int(cohort["entered"].sum()), int(cohort["unrecorded"].sum())
        notes = (self._unrecorded_note(name, unrecorded, entered),) if unrecorded else ()
        reasons = {} if counts_only else self._losses_reason(name)
        return hear(self, Answer(query, frame, sql, planned.values, reasons, notes))

    def curve(self, name: str, query: Query) -> Answer:
        """The whole funnel by time since entry: a row per group and day on which somebody left the risk set.

        Columns: dimensions, period, days, at_risk, converted, lost, kaplan_meier, cumulative_incidence (empty where no
        losses are recorded). The metrics of `query` are not used. Raises InvalidQuestion.
        """
        planned = plan_curve(self.reach, name, query)
        if planned.plan is None:
            keys = {**dict.fromkeys(query.by, pl.String()), **({"period": pl.Date()} if query.grain else {})}
            counts = {"days": pl.Int64(), "at_risk": pl.Int64(), "converted": pl.Int64(), "lost": pl.Int64()}
            shares = {"kaplan_meier": pl.Float64(), "cumulative_incidence": pl.Float64()}
            return Answer(
                query, pl.DataFrame(schema={**keys, **counts, **shares}), "", {}, {name: planned.reason or ""}
            )
        sql = self._judged(emit_curve(planned.plan), query)
        frame = self._run(sql, planned.values, query)
        return Answer(query, frame, sql, planned.values, self._losses_reason(name))

    def _losses_reason(self, name: str) -> dict[str, str]:
        """Why the cumulative incidence of a funnel is empty; nothing where losses are recorded."""
        reason = loss_reason(self.reach, asked_funnel(self.reach, name))
        return {f"{name}.rate_cumulative_incidence": reason} if reason else {}

    def rows(self, query: Query) -> list[Rows]:
        """The rows behind the question's one metric: one list, or numerator and denominator of a ratio."""
        found = []
        for part in plan_rows(self.reach, query):
            frame = pl.DataFrame()
            if part.plan is not None:
                frame = self._run(self._judged(emit_rows(part.plan), query), part.values, query)
            found.append(Rows(part.label, frame, part.reason))
        return found

    def read(self, sql: str) -> pl.DataFrame:
        """The rows of a fixed SELECT about the generation itself. No part of its text may come from a question."""
        return self._run(sql, {}, Query(("generation",)))

    def run(self, sql: str, values: Values) -> pl.DataFrame:
        """The rows of a statement that the metrics layer has emitted, with the values of its parameters."""
        return self._run(sql, values, Query(("statement",)))

    def names(self, dimension: str) -> Mapping[str, str]:
        """The words for a dimension's values, such as a campaign's name for its id; empty where a value is its word."""
        place = self.reach.dimension(dimension).names
        if place is None:
            return {}
        table, _, column = place.partition(".")
        key = self.definitions.tables[table].key[0]
        sql = f'SELECT "{key}" AS "value", "{column}" AS "name" FROM "{table}" WHERE "{column}" IS NOT NULL'
        return dict(self._run(sql, {}, Query(("names",))).iter_rows())

    def stages_of(self, funnel: str) -> tuple[StageFact, ...]:
        """The declared stages that a funnel leads through; empty where it does not exist here."""
        metric = self.reach.metric(funnel)
        try:
            steps = declared_steps(self.reach, metric) if isinstance(metric, Funnel) else ()
        except Unanswerable:
            return ()
        return tuple(self.reach.stages[step.stage] for step in steps)

    def metric_of_step(self, funnel: str, stage: str | None) -> str | None:
        """The metric that is the rate at which a step of a funnel leads to a stage, counted alike; None where none is.

        Without a stage it is the funnel itself: its rate is that of all steps together.
        """
        whole = self.reach.metric(funnel)
        if stage is None or not isinstance(whole, Funnel):
            return funnel
        step = next((pair for pair in pairwise(declared_steps(self.reach, whole)) if pair[1].stage == stage), None)
        wanted = _counted(replace(whole, steps=(Step(step[0].stage), step[1]))) if step else None
        found = (one for one in self.definitions.metrics.values() if isinstance(one, Funnel))
        return next((one.name for one in found if _counted(one) == wanted), None)

    def matured_period(
        self, funnel: str, like: Period, *, overall: bool = False, as_of: dt.date | None = None
    ) -> Period | None:
        """The latest period, as long as `like`, of which every entry had its whole time: for each step, or for all.

        None where the funnel does not exist here or no file says how far its data reaches.
        """
        metric = self.reach.metric(funnel)
        try:
            steps = declared_steps(self.reach, metric)[1:] if isinstance(metric, Funnel) else ()
            day = self.reach.as_of(Query((funnel,), as_of=as_of))
        except Unanswerable:
            return None
        parts = [steps] if overall else [(step,) for step in steps]
        window = max((window_of(part).days for part in parts), default=0)
        # Matured is entry + window < D, so D - window - 1 is the last day of entry that is.
        grain, count = cohort_unit(like, self.company)
        return last_complete(grain, day - dt.timedelta(days=window + 1), self.company, count)

    def rule_changes(self) -> tuple[RuleChange, ...]:
        """The days on which the rule of a stage changed, oldest first."""
        return rule_changes(self.manifest)

    def dimensions_of(self, metric: str) -> tuple[str, ...]:
        """The dimensions by which a metric can be split here."""
        return tuple(dimensions_of(self.reach, self.reach.metric(metric)))

    def business_days(self, period: Period) -> int:
        return business_days(period, self.company)

    def _run(self, sql: str, values: Values, query: Query) -> pl.DataFrame:
        # DuckDB refuses values of parameters that the text does not have.
        bound = {name: values[name] for name in set(re.findall(r"\$(\w+)", sql)) & values.keys()}
        key = (self.manifest.generation, sql, tuple(sorted(bound.items())), query.viewer)
        return self._results.get(key, lambda: self._engine.run(sql, bound))

    def _notes(self, query: Query, frame: pl.DataFrame) -> tuple[str, ...]:
        """What hidden counts say beside the numbers."""
        notes = []
        for column in frame.columns:
            count = int(frame[column].sum() or 0) if column.endswith((MISSING, ".unrecorded", ".waiting")) else 0
            if not count:
                continue
            name = column.split(".")[0]
            if column.endswith(MISSING):
                rows = "1 row without an amount" if count == 1 else f"{count:,} rows without an amount"
                left_out = f"in {self.company.currency} {'is' if count == 1 else 'are'} left out."
                notes.append(f"{self.definitions.metrics[name].label}: {rows} {left_out}")
            elif column.endswith(".waiting"):
                notes += waiting_note(self.reach.metric(name), count, int(frame[f"{name}.entered"].sum()))
            else:
                notes.append(self._unrecorded_note(name, count, int(frame[f"{name}.entered"].sum())))
        asked = {name: self.reach.metric(name) for name in query.metrics}
        told = [longer_than_any(metric, name, frame) for name, metric in asked.items() if isinstance(metric, Duration)]
        told.append(cycle_note(self, query))
        return (*notes, *(sentence for sentence in told if sentence is not None))

    def _unrecorded_note(self, name: str, count: int, entered: int) -> str:
        funnel = self.reach.metric(split_result(name)[0])
        assert isinstance(funnel, Funnel)
        dated = [self.reach.stages[step.stage] for step in funnel.steps if step.stage in self.reach.stages]
        since = ", ".join(f"{s.label} since {s.recorded_from}" for s in dated if s.recorded_from)
        return (
            f"{funnel.label}: {count:,} of {entered:,} entries happened before all stages were recorded ({since});"
            " conversions before those days are not seen."
        )


def _counted(funnel: Funnel) -> tuple[object, ...]:
    """All of a funnel that its numbers depend on."""
    return (
        funnel.steps, funnel.entry, funnel.skips, funnel.maturity, funnel.counts, funnel.hold,
        funnel.where.sql if funnel.where else None,
    )  # fmt: skip
