"""A session on today's records as other stages, other definitions or other rates would read them. Changes no file.

What stages or rates make is made again inside each statement, as tables of that statement alone; everything else is
read from the sealed generation.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import sqlglot
from sqlglot import exp

from data.engine import DuckDBEngine, Engine, Values
from data.errors import Problems
from data.model_files import ModelFile, in_order, read_models
from data.stages import Stages
from data.tables import TOUCH_ORDER
from metrics.loading import Definitions
from metrics.run import Session

__all__ = ["RATES", "reread", "tables_made_by"]

RATES = "rates"


class _RereadEngine:
    """Runs each statement over the tables that it makes again; `tables` are in the order in which they are made."""

    dialect = "duckdb"

    def __init__(self, file: Path, tables: Mapping[str, tuple[exp.Query, frozenset[str]]]) -> None:
        self._engine: Engine = DuckDBEngine(file)
        self._tables = tables

    def run(self, sql: str, values: Values) -> pl.DataFrame:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
        wanted = {table.name for table in tree.find_all(exp.Table)}
        for name, (_, depends) in reversed(list(self._tables.items())):
            wanted |= depends if name in wanted else frozenset()
        made = [name for name in self._tables if name in wanted]
        if not made:
            return self._engine.run(sql, values)
        assert isinstance(tree, exp.Query)
        whole = exp.select("*").from_(tree.subquery("asked"))
        for name in made:
            alias = exp.to_identifier(name, quoted=True)
            whole = whole.with_(alias, as_=self._tables[name][0].copy(), copy=False)
        return self._engine.run(whole.sql(dialect="duckdb", identify=True, comments=False), values)

    def close(self) -> None:
        self._engine.close()


def reread(
    session: Session, tables: Mapping[str, tuple[exp.Query, frozenset[str]]], definitions: Definitions | None = None
) -> Session:
    """The session with tables made again, and with other definitions where they are given."""
    engine = _RereadEngine(session.generation.model, tables)
    return Session(session.company, session.generation, definitions or session.definitions, engine=engine)


def tables_made_by(
    session: Session, before: Stages, now: Stages, rates: pl.DataFrame | None = None
) -> dict[str, tuple[exp.Query, frozenset[str]]]:
    """The tables that the stages of `before` would make otherwise than those of `now`, and what is made of them.

    With `rates` (currency, holds_from, holds_until, rate) they take the place of today's. Empty where nothing is made
    otherwise.
    """
    problems = Problems()
    raw = [file.name for file in session.manifest.files]
    models = in_order(read_models(session.company.folder, before, raw, problems), problems)
    known = {name: _text(model) for name, model in read_models(session.company.folder, now, raw, problems).items()}
    problems.raise_if_any()
    again: set[str] = {RATES} if rates is not None else set()
    for model in models:
        if known.get(model.name) != _text(model) or model.depends & again:
            again.add(model.name)
    if not again:
        return {}
    # Tables that exist only while a generation is built are made in any case: they are nowhere to be read.
    made = _build_tables(session)
    for model in models:
        if model.name in again or model.name == "passes":
            tree = _rates(rates, session) if model.name == RATES and rates is not None else model.tree
            made[model.name] = (tree, model.depends if tree is model.tree else frozenset())
    return made


def _text(model: ModelFile) -> str:
    return model.tree.sql(dialect="duckdb", identify=True, comments=False)


def _build_tables(session: Session) -> dict[str, tuple[exp.Query, frozenset[str]]]:
    company = session.company
    one = exp.select(
        _as(exp.Literal.string(company.currency), "VARCHAR", "currency"),
        _as(exp.Literal.string(company.time_zone), "VARCHAR", "time_zone"),
        _as(exp.null() if company.gross_margin is None else exp.Literal.number(company.gross_margin), "DOUBLE",
            "gross_margin"),
    )  # fmt: skip
    orders = exp.values(list(TOUCH_ORDER.items()), alias="t", columns=["kind", "touch_order"])
    order = exp.select(exp.column("kind"), _as(exp.column("touch_order"), "TINYINT", "touch_order")).from_(orders)
    return {"company": (one, frozenset()), "touch_order": (order, frozenset())}


def _rates(rates: pl.DataFrame, session: Session) -> exp.Query:
    """The given rates as a table of constants."""
    columns = session.definitions.tables[RATES].columns
    rows = [tuple(None if value is None else str(value) for value in row) for row in rates.iter_rows()]
    shown = [_as(exp.column(name, quoted=True), columns[name].type, name) for name in rates.columns]
    if not rows:
        nothing = [_as(exp.null(), columns[name].type, name) for name in rates.columns]
        return exp.select(*nothing).where(exp.false())
    return exp.select(*shown).from_(exp.values(rows, alias="sealed", columns=rates.columns))


def _as(tree: exp.Expr, kind: str, name: str) -> exp.Expr:
    return exp.alias_(exp.cast(tree, kind), name, quoted=True)
