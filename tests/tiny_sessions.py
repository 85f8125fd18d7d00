"""Sessions on small companies in memory: no files, one workbench for many companies. No assertions.

A company is a dict of canonical table to rows, as in tiny_tables. `TinyCompany.session` replaces all rows, so a session
answers for its own company only until the next one is made. A table of the joined model is built anew when the first
question reads it: most questions read three of twenty.
"""

from __future__ import annotations

import datetime as dt
import functools
import io
import re
import tempfile
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from data.business_time import CLOCKS, create_clocks
from data.company import Company
from data.engine import Values, Workbench, quoted
from data.errors import Problems
from data.generations import Generation, Manifest, StageFact
from data.model_files import in_order, read_models
from data.refresh import rule_facts
from data.stages import Stages
from data.tables import TOUCH_ORDER
from metrics import Session
from metrics.loading import Definitions, load_definitions
from tests.tiny_tables import Tables, build, company_at, fill, stages_of, workbench

FULL = {
    "lead": ["created"],
    "mql": ["crm:MQL"],
    "sal": ["accepted"],
    "sql": ["crm:SQL"],
    "opportunity": ["deal_created"],
    "customer": ["deal_won"],
}
THROUGH = dt.date(2024, 6, 30)


class BenchEngine:
    """Answers from a workbench instead of a sealed file, and counts how often it was asked."""

    dialect = "duckdb"

    def __init__(self, bench: Workbench, build: Callable[[Iterable[str]], None]) -> None:
        self.bench, self.runs, self._build = bench, 0, build

    def run(self, sql: str, values: Values) -> pl.DataFrame:
        self.runs += 1
        # Every word that may name a table; one that names none costs nothing.
        self._build(re.findall(r"[a-z_]+", sql))
        return self.bench.frame(sql, dict(values) if values else None)

    def close(self) -> None:
        """The workbench belongs to the test."""


class TinyCompany:
    """A company whose rows are replaced as often as a test likes. `definitions` is the text of a definition file."""

    def __init__(
        self,
        known_by: Mapping[str, Iterable[str]] = FULL,
        definitions: str = "",
        absent: Iterable[str] = (),
        tables: Tables | None = None,
        recorded_from: Mapping[str, dt.date] | None = None,
        rules: str = "",
        through: dt.date | None = None,
        mapped: Mapping[str, frozenset[str]] | None = None,
        **company: Any,
    ) -> None:
        folder = Path(tempfile.mkdtemp(prefix="tandem-tiny-"))
        if definitions:
            (folder / "definitions").mkdir()
            (folder / "definitions" / "own.yaml").write_text(textwrap.dedent(definitions), encoding="utf-8")
        self.company: Company = replace(company_at(folder), **company)
        stages = stages_of(known_by, ("Nurture",), ("Junk",), rules=rules, through=through)
        dated = [replace(stage, recorded_from=(recorded_from or {}).get(stage.name)) for stage in stages.stages]
        self.stages: Stages = replace(stages, stages=tuple(dated))
        # Whether there are visits at all is known from the rows, so a company is described with its first ones.
        self.bench: Workbench = workbench(tables or {"touches": [{"touch_id": "T", "kind": "visit"}]})
        # Such small queries are mostly planned, and threads only wait for each other.
        self.bench.execute("SET threads = 1")
        self.tables = build(self.bench, self.stages, self.company, absent, mapped)
        self._selects = self._models()
        self._unbuilt: set[str] = set()
        self._definitions: Definitions | None = None
        self._made = 0

    @property
    def definitions(self) -> Definitions:
        if self._definitions is None:
            self._definitions = load_definitions(self.company, self.tables, book=self.stages.book)
        return self._definitions

    def session(self, tables: Tables, through: dt.date | None = THROUGH) -> Session:
        """The joined model over these rows, and a session on it."""
        fill(self.bench, tables)
        self._unbuilt = {CLOCKS, *self._selects}
        return self.ask(through)

    def build(self, names: Iterable[str]) -> None:
        """These tables of the model, and what they stand on, where they are of other rows."""
        for name in sorted(self._unbuilt.intersection(names)):
            if name not in self._unbuilt:
                continue
            if name == CLOCKS:
                self.bench.execute(f"DROP TABLE {quoted(CLOCKS)}")
                create_clocks(self.company, self.bench)
            else:
                depends, sql = self._selects[name]
                self.build(depends)
                self.bench.execute(f"CREATE OR REPLACE TABLE {quoted(name)} AS {sql}")
            self._unbuilt.remove(name)

    def ask(self, through: dt.date | None = THROUGH, **company: int) -> Session:
        """A session on the rows as they are, and a generation of its own; `company` replaces what company.yaml says."""
        self._made += 1
        manifest = Manifest(
            generation=f"tiny-{self._made}",
            made_at=dt.datetime(2024, 7, 1),
            through=through,
            files=(),
            tables=self.tables,
            stages=tuple(
                StageFact(stage.name, stage.label, stage.band, stage.owner, stage.means, stage.recorded_from)
                for stage in self.stages.stages
            ),
            fingerprints={"stages": self.stages.fingerprint, "models": "standard"},
            unmapped={},
            exclusions=(),
            unmatched_campaigns=(),
            rules=rule_facts(self.stages),
            scores=self.stages.book.score_texts,
            facts=self.stages.book.facts,
        )
        generation = Generation(self.company.folder, manifest, io.BytesIO())
        changed: Company = replace(self.company, **company)
        return Session(changed, generation, self.definitions, engine=BenchEngine(self.bench, self.build))

    def _models(self) -> dict[str, tuple[frozenset[str], str]]:
        """By name the tables that a model reads, and its SELECT."""
        company = "CREATE TEMP TABLE company AS SELECT ? AS currency, ? AS time_zone, CAST(? AS DOUBLE) AS gross_margin"
        self.bench.execute(company, ["EUR", "UTC", self.company.gross_margin])
        self.bench.execute("CREATE TEMP TABLE touch_order(kind VARCHAR, touch_order TINYINT)")
        for kind, order in TOUCH_ORDER.items():
            self.bench.execute("INSERT INTO temp.touch_order VALUES (?, ?)", [kind, order])
        problems = Problems()
        models = in_order(read_models(Path("/nowhere"), self.stages, (), problems), problems)
        problems.raise_if_any()
        return {
            model.name: (model.depends, model.tree.sql(dialect="duckdb", identify=True, comments=False))
            for model in models
        }


@functools.cache
def plain_company() -> TinyCompany:
    """The company of all tests that need nothing of their own but rows. Making one takes longer than most questions."""
    return TinyCompany()


def rows_in(session: Session, table: str) -> list[dict[str, object]]:
    """All rows of one table as dicts, read through the session's own engine."""
    return session._engine.run(f"SELECT * FROM {quoted(table)}", {}).to_dicts()
