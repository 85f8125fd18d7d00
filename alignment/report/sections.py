"""The sections of a sealed month's report: sentences, tables and charts from its numbers. Knows no format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from alignment.dates import day, span
from alignment.month_questions import COHORTS, FUNNEL
from alignment.report import sentences, tables
from alignment.report.contents import Chart, Column, Section, Sentence, Table
from alignment.report.sentences import Month
from alignment.report.tables import UNATTRIBUTED
from alignment.snapshots import Snapshot
from alignment.tokens import Owner
from data.calendar import Period, shift

__all__ = ["Composer", "day_or_none"]

ON_ONE_PAGE = (
    "visits", "leads", "mqls", "sals", "opportunities", "customers", "won_revenue", "average_deal", "win_rate",
    "pipeline_created", "open_pipeline", "spend", "cost_per_lead", "cost_per_customer", "tofu_conversion",
    "mofu_conversion", "bofu_conversion", "lead_to_customer",
)  # fmt: skip
TREND = ("leads", "opportunities", "customers", "pipeline_created")
TOLD_FIRST = ("won_revenue", "mqls", "win_rate")
PROMISED = ("handed_over", "accepted", "rejected", "promise_kept", "human_delay_hours")
STEPS = {"mql": "Lead to MQL", "overall": "Lead to customer"}
STAGES = {
    "lead": "lead",
    "mql": "MQL",
    "sal": "SAL",
    "sql": "SQL",
    "opportunity": "opportunity",
    "customer": "customer",
}
OWNERS: dict[str, Owner] = {
    "lead": "marketing", "mql": "marketing", "sal": "sales", "sql": "sales", "opportunity": "sales",
    "customer": "sales", "overall": "both",
}  # fmt: skip
IN_THE_CUTS = {"channel": "Channel", "segment": "Segment", "campaign": "Campaign"}
BARS = 10
# Metrics of campaigns and content that the headline does not have.
LABELS = {"credited_revenue": "Credited revenue"}


class Composer:
    """The parts of a sealed month, read once each."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot, self.manifest = snapshot, snapshot.manifest
        period = self.manifest.period
        self.headline = self._frame("headline")
        self.rows = {row["metric"]: row for row in self.headline.iter_rows(named=True)}
        self.month = Month(span(period), span(moved(period, 1)), span(moved(period, 12)),
                           self.manifest.company["currency"])  # fmt: skip
        self.spans = (self.month.name, self.month.before, self.month.year_before, "Year to date")
        self.agreed = snapshot.frame("targets") if snapshot.has("targets") else pl.DataFrame()
        self.promised = snapshot.frame("promises") if snapshot.has("promises") else pl.DataFrame()
        # A target of a quarter says nothing of one of its months.
        of_month = (row for row in self.agreed.iter_rows(named=True) if Period(row["start"], row["until"]) == period)
        self.targets = {row["metric"]: row["target"] for row in of_month}

    def _frame(self, name: str) -> pl.DataFrame:
        found = f"results/{name}"
        return self.snapshot.frame(found) if self.snapshot.has(found) else pl.DataFrame()

    def notes(self, name: str) -> tuple[str, ...]:
        """What a question leaves out of its numbers, and why a metric of it has no answer."""
        asked: Mapping[str, Any] = self.manifest.questions.get(name, {})
        labels = {metric: row["label"] for metric, row in self.rows.items()}
        reasons = (f"{labels.get(metric, metric)}: {why}" for metric, why in asked.get("reasons", {}).items())
        return (*asked.get("notes", ()), *reasons)

    def summary(self) -> Section:
        args = (self.headline, ON_ONE_PAGE, self.spans, self.targets, self.manifest.period)
        shown = tables.summary("summary", "The month in numbers", *args)
        every = tables.summary("all_numbers", "All numbers", self.headline, None, self.spans, self.targets,
                               self.manifest.period)  # fmt: skip
        told = [sentences.moved(self.rows[name], self.month) for name in TOLD_FIRST if name in self.rows]
        if not any(told):
            told = [sentences.moved(row, self.month) for row in self.rows.values()][:3]
        judged = [
            (row["label"], row["value"], self.targets[name], row["good"])
            for name, row in self.rows.items()
            if self.targets.get(name) is not None
        ]
        told.append(sentences.targets_met(judged, self.month))
        shown, every = (with_notes(table, (*self.no_targets(), *self.notes("headline"))) for table in (shown, every))
        charts = self._months(("mqls", "won_revenue"))
        return Section("summary", "Summary", _only(told), (shown,), charts, (every,))

    def no_targets(self) -> tuple[str, ...]:
        return () if self.targets else ("No targets were agreed for this month.",)

    def trend(self) -> Section | None:
        frame = self._frame("trend")
        if frame.is_empty():
            return None
        table = with_notes(tables.trend(frame, self.headline), self.notes("trend"))
        charts = self._months(TREND)
        told = [
            sentences.standing(frame[name].to_list(), self.rows[name]["label"], self.rows[name]["unit"], self.month)
            for name in TREND
            if name in self.rows and name in frame.columns
        ]
        return Section("trend", "The last 13 months", _only(told), (table,), charts)

    def _months(self, metrics: Sequence[str]) -> tuple[Chart, ...]:
        """A chart of the last 13 months per metric."""
        frame, charts = self._frame("trend"), []
        table = tables.trend(frame, self.headline) if frame.height else None
        for metric in metrics:
            row = self.rows.get(metric)
            if table and row and metric in frame.columns:
                place = [column.label for column in table.columns].index(row["label"])
                picked = tuple(range(len(table.rows)))
                charts.append(Chart(row["label"], table, 0, place, picked, row["owner"], is_upright=True))
        return tuple(charts)

    def funnel(self) -> Section | None:
        """Rates are those of each step's own latest matured cohort; times are those of one cohort of leads."""
        steps = [name for name in COHORTS if name in self.rows]
        if not steps:
            return None
        title = "Rates of the latest cohorts that had their whole time"
        spans = ("Latest cohort", "A month earlier", "A year earlier", "Year to date")
        args = (self.headline, steps, spans, self.targets, self.manifest.period)
        rates = tables.summary("rates", title, *args)
        known = tuple(index for index, row in enumerate(rates.rows) if row[1] is not None)
        chart = Chart("Share that went on in time", rates, 0, 1, known)
        told = [sentences.lowest_step([(self.rows[name], self._cohort(name)) for name in steps if name != FUNNEL])]
        if FUNNEL in steps:
            told.append(sentences.matured_rate(self.rows[FUNNEL], self._cohort(FUNNEL)))
        frame, shown, further = self._frame("funnel"), [rates], list(self._funnels())
        if frame.height:
            title = f"From lead to customer: those who entered in {span(Period(frame['start'][0], frame['until'][0]))}"
            names = step_names(frame["step"])
            table = tables.funnel(frame, title, names, OWNERS, with_rate=False)
            shown.append(with_notes(table, self.notes("funnel")))
            full = tables.funnel(frame, title, names, OWNERS, with_rate=True)
            further.insert(0, replace(full, name="funnel_rates"))
        return Section(
            "funnel", "Where leads stop", _only(told), tuple(shown), (chart,) if known else (), tuple(further)
        )

    def _cohort(self, metric: str) -> str:
        row = self.rows[metric]
        return span(Period(row["start"], row["until"])) if row["start"] else ""

    def _funnels(self) -> Iterable[Table]:
        """The same by channel and by segment."""
        for by in ("channel", "segment"):
            frame = self._frame(f"funnel_by_{by}")
            if frame.height:
                title = f"Where leads stop, by {by}"
                table = tables.funnel(frame, title, step_names(frame["step"]), OWNERS, with_rate=True)
                words = tables.words_of(frame, (by,))
                rows = tuple((word, *row) for word, row in zip(words, table.rows, strict=True))
                columns = (Column(IN_THE_CUTS[by]), *table.columns)
                yield Table(f"funnel_by_{by}", title, columns, rows, owners=table.owners)

    def groups(self, name: str, title: str, cuts: Sequence[tuple[str, str, str, dict[str, str], Sequence[str], str]],
               top: Sequence[tuple[str, bool]]) -> Section | None:  # fmt: skip
        """A section of tables by group.

        `cuts`: question, table, title, dimensions with labels, metrics, what the groups are. `top`: metrics of which
        the largest group is told and drawn, and whether their groups add up.
        """
        shown, further, told, charts = [], [], [], []
        for question, table_name, table_title, by, metrics, kind in cuts:
            frame = self._frame(question)
            if frame.is_empty():
                continue
            table = tables.measured(table_name, table_title, frame, by, metrics, kind)
            shown.append(with_notes(table, self.notes(question)))
            if not question.startswith("headline_by_"):  # those are among the cuts
                name_of_it, title_of_it = f"{table_name}_compared", f"{table_title}, compared"
                further.append(tables.compared(name_of_it, title_of_it, frame, by, self.spans))
            if len(shown) == 1:
                for metric, adds_up in top:
                    told.append(self._largest(shown[0], metric, kind, adds_up=adds_up))
                    charts += self._bars(shown[0], metric)
        if not shown:
            return None
        return Section(name, title, _only(told), tuple(shown), tuple(charts), tuple(further))

    def _largest(self, table: Table, metric: str, kind: str, *, adds_up: bool) -> Sentence | None:
        found = self._place(table, metric)
        if found is None:
            return None
        quote = "{}" if kind == "channels" else "“{}”"
        words = [None if row[0] == UNATTRIBUTED else quote.format(row[0]) for row in table.rows]
        values = [value if isinstance(value, int | float) else None for value in (row[found] for row in table.rows)]
        column = table.columns[found]
        label = column.label if "(" in column.label else column.label[0].lower() + column.label[1:]
        return sentences.largest(words, values, label, column.unit, self.month, kind, adds_up=adds_up)

    def _bars(self, table: Table, metric: str) -> list[Chart]:
        found = self._place(table, metric)
        if found is None or not any(row[found] for row in table.rows):
            return []
        column = table.columns[found]
        order = sorted(
            range(len(table.rows)), key=lambda row: (table.rows[row][0] == UNATTRIBUTED, -size(table, row, found))
        )
        picked = tuple(row for row in order if size(table, row, found) > 0)[:BARS]
        first = f", the {BARS} largest" if len(picked) < sum(size(table, row, found) > 0 for row in order) else ""
        title = f"{column.label} by {table.columns[0].label.lower()}, {self.month.name}{first}"
        return [Chart(title, table, 0, found, picked, column.owner or "both")]

    def _place(self, table: Table, metric: str) -> int | None:
        label = LABELS.get(metric) or (self.rows[metric]["label"] if metric in self.rows else None)
        return next((index for index, column in enumerate(table.columns) if column.label == label), None)

    def promises(self) -> Section | None:
        known = [name for name in (*self.targets, *PROMISED) if name in self.rows]
        if not known and self.agreed.is_empty():
            return None
        table = tables.summary("promises", "What the teams promised each other", self.headline,
                               list(dict.fromkeys(known)), self.spans, self.targets, self.manifest.period)  # fmt: skip
        told = [sentences.kept(list(self.promised.iter_rows(named=True)), self.month)]
        if "promise_kept" in self.rows:
            told.append(sentences.promises(self.rows["promise_kept"], self.month))
        return Section("promises", "Promises", _only(told), (with_notes(table, self.no_targets()), *self._agreed()))

    def _agreed(self) -> tuple[Table, ...]:
        """Every promise that is sealed, those of longer periods too; the targets alone where no promises are."""
        if self.promised.height:
            return (tables.promised(self.promised, self.manifest.period),)
        labels = {"label": "Metric", "target": "Target", "start": "From", "until": "Until (not included)"}
        return (tables.sides("targets", "Targets", self.agreed, labels),) if self.agreed.height else ()

    def cuts(self) -> Section | None:
        found = []
        for by, label in IN_THE_CUTS.items():
            frame = self._frame(f"headline_by_{by}")
            if frame.height:
                found.append(tables.compared(f"by_{by}", f"The month by {by}", frame, {by: label}, self.spans))
        return Section("cuts", "Cuts", further=tuple(found)) if found else None

    def restatement(self) -> Section | None:
        name = "restated/effects"
        frame = self.snapshot.frame(name) if self.snapshot.has(name) else pl.DataFrame()
        if frame.is_empty():
            return None
        labels = {"month": "Month", "revision": "Revision", "label": "Metric", "sealed": "Sealed", "today": "Now",
                  "difference": "Difference", "cause": "Cause", "effect": "Of which by this cause"}  # fmt: skip
        table = tables.sides("restatement", "Earlier months, restated", frame, labels)
        months = frame["month"].unique().sort().to_list()
        changed = frame.select("month", "metric").unique().height
        said = "1 number of an earlier sealed month is" if changed == 1 else f"{changed} numbers of sealed months are"
        told = Sentence(f"{said} different by the data of this month.", f"Months: {', '.join(months)}.")
        name = "restated/records"
        records = self.snapshot.frame(name) if self.snapshot.has(name) else pl.DataFrame()
        further = (tables.restated_records(frame, records),) if records.height else ()
        return Section("restatement", "Restatements", (told,), (table,), further=further)

    def decided(self) -> Section | None:
        labels = {"decided_on": "Decided on", "title": "Decision", "text": "In words", "owner": "Owner",
                  "due_on": "Due on", "state": "State"}  # fmt: skip
        marks = {"day": "Day", "label": "What happened", "kind": "Kind"}
        found = []
        for name, title, columns in (("decisions", "Decisions", labels), ("annotations", "Marked days", marks)):
            frame = self.snapshot.frame(name) if self.snapshot.has(name) else pl.DataFrame()
            if frame.height:
                found.append(tables.sides(name, title, frame, columns))
        return Section("decisions", "Decisions and marked days", (), tuple(found)) if found else None

    def definitions(self) -> Section:
        frame = self.snapshot.frame("definitions/metrics")
        asked = [name for question in self.manifest.questions.values() for name in question["metrics"]]
        shown = tables.definitions(frame, list(dict.fromkeys(asked)))
        through = [(name, day_or_none(reached)) for name, reached in self.manifest.sources_through.items()]
        reached = Table(
            "data_through", "How far the data reached", (Column("Source"), Column("Data through")), tuple(through)
        )
        return Section("definitions", "Definitions and data", (), (shown, reached))


def moved(period: Period, months: int) -> Period:
    return Period(shift(period.start, "month", -months), shift(period.until, "month", -months))


def day_or_none(written: str | None) -> str:
    """An ISO date in words."""
    parsed = pl.Series([written or "none"]).str.to_date("%Y-%m-%d", strict=False)[0]
    return day(parsed) if parsed else "not declared"


def step_names(steps: Iterable[str]) -> dict[str, str]:
    """From which stage to which each step leads, in words."""
    names, before = {"overall": STEPS["overall"]}, "lead"
    for step in dict.fromkeys(step for step in steps if step != "overall"):
        start = STAGES.get(before, before)
        names[step] = f"{start[0].upper()}{start[1:]} to {STAGES.get(step, step)}"
        before = step
    return names


def with_notes(table: Table, notes: Iterable[str]) -> Table:
    """With the notes that are about a metric of the table, which a note names first."""
    words = {column.label for column in table.columns} | {str(row[0]) for row in table.rows}
    about = [note for note in notes if ":" not in note or note.partition(":")[0] in words]
    return replace(table, notes=(*table.notes, *about))


def size(table: Table, row: int, column: int) -> float:
    value = table.rows[row][column]
    return float(value) if isinstance(value, int | float) else 0.0


def _only(told: Iterable[Sentence | None]) -> tuple[Sentence, ...]:
    return tuple(sentence for sentence in told if sentence is not None)
