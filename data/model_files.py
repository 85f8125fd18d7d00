"""Model files: one SELECT each, with notes in its comments, read and put in order. Runs no SQL."""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from data.business_time import CLOCKS
from data.errors import Place, Problems, did_you_mean
from data.funnel_entries import FUNNEL_ENTRIES
from data.handoffs import HANDOFFS, LEAD_OWNERS
from data.leads import THEN, complete, made_of_rules
from data.moments import RULE_STAMPS
from data.stages import Stages
from data.tables import CANONICAL
from data.yaml_files import shown

__all__ = ["BUILD_TABLES", "ONLY_BUILT", "STANDARD", "ModelFile", "Notes", "in_order", "read_models"]

STANDARD = Path(__file__).with_name("models")

# Completed out of stages.yaml: a company's file cannot say what they are.
MADE_BY_STAGES = (
    "passes", "lead_moments", RULE_STAMPS, "leads", "leads" + THEN, "lead_stages", "lead_stages" + THEN, HANDOFFS,
    LEAD_OWNERS, FUNNEL_ENTRIES,
)  # fmt: skip
# Models that others are made of, and that no question may name.
ONLY_BUILT = ("passes", "human_touches")
ONLY_WITH_RULES = (RULE_STAMPS,)
# Small tables that exist only while the models are built.
BUILD_TABLES = ("company", "touch_order")
_TAKEN = (*CANONICAL, *BUILD_TABLES, CLOCKS, "quarantine", "personal", "raw")

_HEAD_NOTES = ("key", "order")
_COLUMN_NOTES = ("coded", "link", "needs", "not_null", "one_of", "unique")
_NOTE = re.compile(r"#(\w+)(?:\(((?:'[^']*'|[^')])*)\))?")
_NOTED_COLUMN = re.compile(r"(?P<code>(?:'[^']*'|[^'])*?)--\s*(?P<notes>#\w.*)$")
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_LAST_NAME = re.compile(r'"?(?P<name>\w+)"?\s*,?\s*$')


@dataclass(frozen=True)
class Notes:
    """What the comment beside a column says. `needs` are groups of alternatives, each of which one must exist."""

    place: Place
    unique: bool = False
    not_null: bool = False
    coded: bool = False
    one_of: tuple[str, ...] = ()
    link: str | None = None
    needs: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class ModelFile:
    """One model: its SELECT as a tree, the sentence of its head, and notes by column."""

    name: str
    file: str
    tree: exp.Query
    sentence: str
    key: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    notes: Mapping[str, Notes] = field(default_factory=dict)
    depends: frozenset[str] = frozenset()


def read_models(company_folder: Path, stages: Stages, raw: Iterable[str], problems: Problems) -> dict[str, ModelFile]:
    """The project's models and the company's; of one name, the company's. `raw` are the tables of raw files."""
    models: dict[str, ModelFile] = {}
    standard = {path.stem: path for path in sorted(STANDARD.glob("*.sql")) if path.stem not in ONLY_WITH_RULES}
    standard |= {name: STANDARD / f"{file}.sql" for name, file in made_of_rules(stages).items()}
    for name, path in standard.items():
        if model := _read(path, stages, problems, name):
            models[name] = model
    for path in sorted((company_folder / "models").glob("*.sql")):
        if _name_is_free(path, problems) and (model := _read(path, stages, problems)):
            models[model.name] = model
    readable = {*CANONICAL, *BUILD_TABLES, CLOCKS, *models, *(f"raw.{name}" for name in raw)}
    for model in models.values():
        _check_tables(model, readable, problems)
    return models


def _name_is_free(path: Path, problems: Problems) -> bool:
    name, place = path.stem, Place(shown(path))
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
        problems.add(place, f"'{name}' names a table: small letters, digits and _, starting with a letter.")
    elif name in MADE_BY_STAGES:
        problems.add(place, f"'{name}' is made out of stages.yaml and cannot be replaced: declare stages there.")
    elif name in _TAKEN:
        problems.add(place, f"'{name}' is a canonical table: map it in sources.yaml, or give this model another name.")
    else:
        return True
    return False


def in_order(models: Mapping[str, ModelFile], problems: Problems) -> tuple[ModelFile, ...]:
    """Every model after those it reads. A circle is a problem, and gives nothing."""
    sorter = graphlib.TopologicalSorter(
        {name: sorted(model.depends & models.keys()) for name, model in sorted(models.items())}
    )
    try:
        return tuple(models[name] for name in sorter.static_order())
    except graphlib.CycleError as error:
        # The library gives each name before the one that reads it; a reader says it the other way round.
        circle = list(reversed(error.args[1]))
        chain = ", which reads ".join(circle[1:])
        problems.add(Place(models[circle[0]].file), f"models read each other in a circle: {circle[0]} reads {chain}.")
        return ()


def _read(path: Path, stages: Stages, problems: Problems, name: str | None = None) -> ModelFile | None:
    """The model of a file, which gives its table the name of the file unless told otherwise."""
    file, name = shown(path), name or path.stem
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problems.add(Place(file), f"cannot be read as UTF-8 text ({error}). Save it as UTF-8.")
        return None
    tree = _parse(text, file, problems)
    if tree is None:
        return None
    tree = complete(name, tree, stages)
    sentence, head = _head(text, file, problems)
    notes = _column_notes(text, file, problems)
    return ModelFile(name, file, tree, sentence, head["key"], head["order"], notes, _tables_of(tree))


def _parse(text: str, file: str, problems: Problems) -> exp.Query | None:
    try:
        trees = [tree for tree in sqlglot.parse(text, dialect="duckdb") if tree is not None]
    except (SqlglotError, RecursionError) as error:
        details = getattr(error, "errors", None) or [{}]
        place = Place(file, details[0].get("line") or 0, details[0].get("col") or 0)
        problems.add(place, f"not valid SQL: {details[0].get('description') or str(error).splitlines()[0]}.")
        return None
    if len(trees) == 1 and isinstance(trees[0], exp.Query):
        return trees[0]
    problems.add(Place(file, 1, 1), "a model is exactly one SELECT, which may begin with WITH.")
    return None


def _head(text: str, file: str, problems: Problems) -> tuple[str, dict[str, tuple[str, ...]]]:
    """The sentence of the leading comment lines, and their notes."""
    words: list[str] = []
    notes: dict[str, tuple[str, ...]] = dict.fromkeys(_HEAD_NOTES, ())
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("--"):
            break
        comment = line.removeprefix("--").strip()
        if not comment.startswith("#"):
            words.append(comment)
        for name, argument in _NOTE.findall(comment) if comment.startswith("#") else ():
            if name in notes:
                notes[name] = _split(argument, ",")
            else:
                problems.add(Place(file, number, 1), f"unknown note '#{name}'. {did_you_mean(name, _HEAD_NOTES)}")
    return " ".join(words), notes


def _column_notes(text: str, file: str, problems: Problems) -> dict[str, Notes]:
    notes: dict[str, Notes] = {}
    for number, line in enumerate(text.splitlines(), 1):
        noted = _NOTED_COLUMN.match(line)
        last = _LAST_NAME.search(noted["code"].rstrip()) if noted else None
        if noted and last:
            place = Place(file, number, noted.start("notes") + 1)
            notes[last["name"]] = _notes(noted["notes"], place, problems)
    return notes


def _notes(comment: str, place: Place, problems: Problems) -> Notes:
    found: dict[str, list[str]] = {name: [] for name in _COLUMN_NOTES}
    for name, argument in _NOTE.findall(comment):
        if name in found:
            found[name].append(argument.strip())
        else:
            problems.add(place, f"unknown note '#{name}'. {did_you_mean(name, _COLUMN_NOTES)}")
    links = [re.sub(r"\s*:\s*", ":", link) for link in found["link"]]
    for link in links:
        if not re.fullmatch(r"\w+:\w+\.\w+", link):
            problems.add(place, f"'#link({link})' must say name: table.column, such as account: accounts.account_id.")
    return Notes(
        place,
        unique=bool(found["unique"]),
        not_null=bool(found["not_null"]),
        coded=bool(found["coded"]),
        one_of=tuple(value.replace("''", "'") for words in found["one_of"] for value in _QUOTED.findall(words)),
        link=links[0] if links else None,
        needs=tuple(_split(needs, "|") for needs in found["needs"]),
    )


def _split(text: str, mark: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(mark) if part.strip())


def _tables_of(tree: exp.Query) -> frozenset[str]:
    """Names of the tables a query reads, its own CTEs left out (one may be called like the table it reads)."""
    sources = [source for scope in traverse_scope(tree) for _, source in scope.selected_sources.values()]
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    tables = [source for source in sources if isinstance(source, exp.Table)]
    tables += [table for table in tree.find_all(exp.Table) if table.db or table.name not in ctes]
    return frozenset(".".join(part.name for part in table.parts) for table in tables if _is_named(table))


def _is_named(table: exp.Table) -> bool:
    return isinstance(table.this, exp.Identifier)


def _check_tables(model: ModelFile, readable: set[str], problems: Problems) -> None:
    """Only tables of this build may be read, so that a model cannot open files or personal columns."""
    place = Place(model.file)
    for node in model.tree.walk():
        if isinstance(node, _REFUSED):
            problems.add(place, f"'{_shown(node)}' is not allowed in a model: it is one plain SELECT.")
        elif _is_function(node):
            problems.add(
                place, f"'{_shown(node)}': a model reads tables, not functions; declare files in sources.yaml."
            )
    for name in sorted(model.depends - readable):
        problems.add(place, f"unknown table '{name}'. {did_you_mean(name, readable)}")


def _shown(node: exp.Expr) -> str:
    return node.sql(dialect="duckdb")


def _is_function(node: exp.Expr) -> bool:
    """A function that stands where a table does; series of numbers and dates are harmless."""
    if isinstance(node, exp.Table):
        return not isinstance(node.this, (exp.Identifier, exp.GenerateSeries))
    return isinstance(node, exp.Lateral) and not isinstance(node.this, exp.Subquery)


_REFUSED = (exp.Command, exp.Describe, exp.Summarize, exp.Parameter, exp.Placeholder)
