"""Builds the joined model out of canonical tables: order, checks, descriptions. The SQL itself is in models/*.sql."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from data.absences import Absences
from data.business_time import CLOCKS, create_clocks, describe_clocks
from data.company import Company
from data.credit import check_credit
from data.description import Column, TableDescription
from data.engine import Workbench, quoted
from data.errors import EngineFailed, FailedChecks, InvalidFiles, Place, Problem, Problems, did_you_mean
from data.handoffs import HANDOFFS, LEAD_OWNERS, moment_columns
from data.leads import STAGE_COLUMNS, THEN
from data.model_checks import check
from data.model_files import BUILD_TABLES, ONLY_BUILT, ModelFile, in_order, read_models
from data.progress import Progress
from data.stages import STAGES, Stages
from data.tables import CANONICAL, TOUCH_ORDER

__all__ = ["build_models", "check_models"]

# What DuckDB says of a statement that is wrong in itself, apart from one that ran out of time or memory.
_WRONG_SQL = ("Binder Error", "Catalog Error", "Parser Error", "Conversion Error", "Invalid Input Error")

# Columns of canonical tables that lead to one row of another table.
_LINKS = {
    "account_id": "account:accounts.account_id",
    "contact_id": "contact:contacts.contact_id",
    "deal_id": "deal:deals.deal_id",
    "campaign_id": "campaign:campaigns.campaign_id",
    "content_id": "content:content.content_id",
    "owner_id": "owner:people.person_id",
    "person_id": "person:people.person_id",
    "manager_id": "manager:people.person_id",
}


def build_models(
    stages: Stages, company: Company, bench: Workbench, absences: Absences, progress: Progress
) -> dict[str, TableDescription]:
    """Create every table of the joined model, and describe all tables that a question may name.

    Raises InvalidFiles for model files that cannot stand, FailedChecks for rows that break a note.
    """
    models = check_models(company, stages, raw_tables(bench))
    _create_build_tables(company, bench)
    create_clocks(company, bench)
    problems = Problems()
    for number, model in enumerate(models):
        progress(f"Building {model.name}", number / len(models))
        _create(model, bench)
        # What is only built is checked in what is made of it: no other cursor sees a temporary table.
        if model.name not in ONLY_BUILT:
            check(model, bench, problems)
            _encode(model, bench)
        if model.name == "credit":
            check_credit(bench, stages.attribution, problems)
    for name in (*BUILD_TABLES, *ONLY_BUILT):
        bench.execute(f"DROP TABLE temp.{quoted(name)}")
    models = tuple(model for model in models if model.name not in ONLY_BUILT)
    problems.raise_if_any(FailedChecks)
    stored = _stored((*CANONICAL, *(model.name for model in models)), bench)
    described = {name: _describe_canonical(name, stored[name], absences) for name in CANONICAL}
    described[CLOCKS] = describe_clocks(bench)
    for model in models:
        described[model.name] = _describe_model(model, stages, stored[model.name], absences)
    _check_links(models, described)
    return described


def check_models(company: Company, stages: Stages, raw: frozenset[str]) -> tuple[ModelFile, ...]:
    """All model files in the order in which they are built. Raises InvalidFiles with every problem."""
    problems = Problems()
    models = read_models(company.folder, stages, raw, problems)
    ordered = in_order(models, problems)
    problems.raise_if_any()
    return ordered


def raw_tables(bench: Workbench) -> frozenset[str]:
    """The names of the raw files that have been read."""
    names = bench.frame("SELECT table_name FROM duckdb_tables() WHERE database_name = 'raw'")
    return frozenset(names["table_name"].to_list())


def _create_build_tables(company: Company, bench: Workbench) -> None:
    bench.execute("CREATE TEMP TABLE company(currency VARCHAR, time_zone VARCHAR, gross_margin DOUBLE)")
    bench.execute(
        "INSERT INTO temp.company VALUES (?, ?, ?)", [company.currency, company.time_zone, company.gross_margin]
    )
    bench.execute("CREATE TEMP TABLE touch_order(kind VARCHAR, touch_order TINYINT)")
    for kind, order in TOUCH_ORDER.items():
        bench.execute("INSERT INTO temp.touch_order VALUES (?, ?)", [kind, order])


def _create(model: ModelFile, bench: Workbench) -> None:
    # Rows that questions read together lie together, so that a period is a few blocks of the file.
    order = ", ".join(quoted(column) for column in model.order)
    sql = f"SELECT * FROM ({model.tree.sql(dialect='duckdb', identify=True, comments=False)})"
    sql += f" ORDER BY {order}" if order else ""
    kind = "TEMP TABLE" if model.name in ONLY_BUILT else "TABLE"
    try:
        bench.execute(f"CREATE {kind} {quoted(model.name)} AS {sql}")
    except EngineFailed as error:
        if not str(error).startswith(_WRONG_SQL):
            raise
        message = f"the database cannot run this model: {error}"
        raise InvalidFiles([Problem(Place(model.file), message)]) from error


def _encode(model: ModelFile, bench: Workbench) -> None:
    """Store the coded texts of a model as small numbers, which group and order faster; they read like texts."""
    table = quoted(model.name)
    for name in (name for name, notes in model.notes.items() if notes.coded):
        column, codes = quoted(name), quoted(f"{model.name}.{name}")
        values = f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL ORDER BY ALL"
        # A type of no value is refused.
        if len(bench.frame(values)):
            bench.execute(f"CREATE TYPE {codes} AS ENUM ({values})")
            bench.execute(f"ALTER TABLE {table} ALTER {column} TYPE {codes}")


@dataclass(frozen=True)
class _Stored:
    """Columns with their types, and rows, of a table as it was built."""

    columns: Mapping[str, str]
    rows: int


def _stored(tables: Sequence[str], bench: Workbench) -> dict[str, _Stored]:
    columns: dict[str, dict[str, str]] = {name: {} for name in tables}
    found = bench.frame(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = current_database()"
        " ORDER BY table_name, column_index"
    )
    for table, column, kind in found.iter_rows():
        if table in columns:
            columns[table][column] = "VARCHAR" if kind.startswith("ENUM") else kind
    counts = (
        f"SELECT {number} AS n, CAST(count(*) AS BIGINT) AS c FROM {quoted(name)}" for number, name in enumerate(tables)
    )
    rows = dict(bench.frame(" UNION ALL ".join(counts)).iter_rows())
    return {name: _Stored(columns[name], rows[number]) for number, name in enumerate(tables)}


def _describe_canonical(name: str, built: _Stored, absences: Absences) -> TableDescription:
    table = CANONICAL[name]
    canonical = (*table.stored(), "original_channel")
    columns: dict[str, Column] = {}
    for column, kind in built.columns.items():
        # Extra columns exist only because they are mapped.
        absent = absences(f"{name}.{column}") if column in canonical else None
        link = _LINKS.get(column) if table.key != (column,) else None
        columns[column] = Column(column, kind, absent, link)
    return TableDescription(name, f"The {name} as sources.yaml maps them.", table.key, columns, built.rows)


def _describe_model(model: ModelFile, stages: Stages, built: _Stored, absences: Absences) -> TableDescription:
    columns: dict[str, Column] = {}
    for name, kind in built.columns.items():
        notes = model.notes.get(name)
        column = Column(name, kind)
        columns[name] = replace(column, absent=_absent(notes.needs, absences), link=notes.link) if notes else column
    if model.name in ("leads", "leads" + THEN):
        columns |= _stage_columns(stages, absences)
    if model.name in (HANDOFFS, LEAD_OWNERS):
        columns |= moment_columns(model.name, columns, _stage_columns(stages, absences))
    return TableDescription(model.name, model.sentence, model.key, columns, built.rows)


def _absent(needs: tuple[tuple[str, ...], ...], absences: Absences) -> str | None:
    """The reason of the first need that no alternative meets."""
    for alternatives in needs:
        found = [absences(need) for need in alternatives]
        if found and all(found):
            return found[0]
    return None


def _stage_columns(stages: Stages, absences: Absences) -> dict[str, Column]:
    """The columns of all six stages, those of undeclared ones with the reason why they are not stored."""
    known = {stage.name: stages.needs(stage) for stage in stages.stages}
    columns: dict[str, Column] = {}
    for stage in STAGES:
        absent = absences(f"stage {stage}")
        if stage in known:
            # A stage that nothing can tell is not known, even where later stages would imply it.
            told = [_absent(tuple((need,) for need in needs), absences) for needs in known[stage]]
            absent = told[0] if told and all(told) else None
        for suffix, kind in STAGE_COLUMNS.items():
            columns[stage + suffix] = Column(stage + suffix, kind, absent, None, stored=stage in known)
    return columns


def _check_links(models: tuple[ModelFile, ...], described: Mapping[str, TableDescription]) -> None:
    problems = Problems()
    for model in models:
        for notes in model.notes.values():
            _, _, target = (notes.link or "").partition(":")
            table, _, column = target.partition(".")
            if target and (table not in described or column not in described[table].columns):
                known = [f"{name}.{key}" for name, one in described.items() for key in one.key if len(one.key) == 1]
                problems.add(notes.place, f"#link leads to unknown '{target}'. {did_you_mean(target, known)}")
    problems.raise_if_any()
