"""Facts, scores and rules of stages.yaml, read to accepted expressions. Makes no SQL of its own and reads no rows.

A rule is a condition over the facts of a lead at one moment: counts of its touches, attributes of contact and account,
facts with a history, and scores, which are expanded into it.
"""

from __future__ import annotations

import datetime as dt
import graphlib
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from data.errors import Place, Problems, did_you_mean
from data.expression_functions import Kind
from data.expressions import Expression, Rules, parse_expression
from data.tables import ATTRIBUTES, CANONICAL, TOUCH_COUNTS
from data.yaml_files import Fields, Node

__all__ = ["NO_RULES", "RuleBook", "RuleVersion", "book_of", "read_rules"]

# What a fact with a history may be, and how its text is read.
FACT_TYPES: Mapping[str, str] = {"number": "DOUBLE", "text": "VARCHAR", "date": "DATE", "boolean": "BOOLEAN"}
VERSION_KEYS = ("from", "when", "agreed", "label", "description")
TEAMS = ("marketing", "sales")
_SCORE_TYPE = "DOUBLE"
# Scores that use each other can grow beyond what a database plans in reasonable time.
MOST_PARTS = 2_000


@dataclass(frozen=True)
class RuleVersion:
    """What a rule says from a day on. `when` holds its scores expanded; `text` is as it was written."""

    starts: dt.date
    text: str
    when: Expression
    agreed: Mapping[str, dt.date] = field(default_factory=dict, hash=False)
    label: str = ""
    description: str = ""
    place: Place = field(default=Place(""), compare=False)

    @property
    def fingerprint(self) -> str:
        """Changes with what the version says or with a score it uses; words about it and signatures do not count."""
        return hashlib.sha256(self.when.sql.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class RuleBook:
    """What rules may read and what they say.

    `facts` are those with a history, by name with their DuckDB types; `extras` are further columns of contacts and
    accounts with theirs (`table.column` to type). Versions of a rule are in the order of their first days.
    """

    facts: Mapping[str, str] = field(default_factory=dict)
    extras: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, Expression] = field(default_factory=dict)
    score_texts: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, tuple[RuleVersion, ...]] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, str]:
        """Every fact with its type: counts, attributes, and what has a history, which wins over an attribute."""
        counts = dict.fromkeys(TOUCH_COUNTS, "BIGINT")
        places = {name: place.split(".") for name, place in self.attributes.items()}
        types = {
            name: self.extras.get(f"{table}.{column}") or CANONICAL[table].stored()[column]
            for name, (table, column) in places.items()
        }
        return {**types, **counts, **self.facts}

    @property
    def attributes(self) -> dict[str, str]:
        """The facts that are columns of contacts or accounts, as `table.column`."""
        extra = {place.partition(".")[2]: place for place in sorted(self.extras)}
        return {**extra, **ATTRIBUTES}

    def condition(self, text: str, place: Place, problems: Problems, subject: str) -> Expression | None:
        """A condition over facts and scores with its scores expanded, or None with one problem at `place`."""
        return self._read(text, place, problems, subject, "boolean")

    def score(self, text: str, place: Place, problems: Problems, subject: str) -> Expression | None:
        """A score over facts and scores with its scores expanded, or None with one problem at `place`."""
        return self._read(text, place, problems, subject, "number")

    def _read(self, text: str, place: Place, problems: Problems, subject: str, gives: Kind) -> Expression | None:
        columns = {**self.columns, **dict.fromkeys(self.scores, _SCORE_TYPE)}
        rules = Rules(columns, columns_are="fact", gives=gives)
        found = parse_expression(text, rules, place, problems, subject)
        return _expanded(found, self.scores, place, problems, subject) if found is not None else None

    def today(self, rule: str, through: dt.date | None) -> RuleVersion:
        """The last version in force on the last day of the data; before the first one's day, the first."""
        versions = self.rules[rule]
        begun = [version for version in versions if through is None or version.starts <= through]
        return begun[-1] if begun else versions[0]

    def needs(self, columns: Iterable[str]) -> tuple[str, ...]:
        """The canonical columns, as table.column, that facts are read from."""
        found = []
        for name in sorted(columns):
            if name in self.facts:
                found.append("contact_facts.value")
            elif name in TOUCH_COUNTS:
                found.append("touches.kind")
            elif name in self.attributes:
                found.append(self.attributes[name])
        return tuple(dict.fromkeys(found))


NO_RULES = RuleBook()


def read_rules(fields: Fields, extras: Mapping[str, str]) -> RuleBook:
    """The keys facts, scores and rules of stages.yaml. `extras` are further columns, `table.column` to type."""
    book = RuleBook(_facts(fields), extras)
    scores, texts = _scores(fields, book)
    book = RuleBook(book.facts, extras, scores, texts)
    rules: dict[str, tuple[RuleVersion, ...]] = {}
    for name, node in fields.entries("rules"):
        if versions := _versions(name, node, book, fields.problems):
            rules[name] = versions
    return RuleBook(book.facts, extras, scores, texts, rules)


def _facts(fields: Fields) -> dict[str, str]:
    facts: dict[str, str] = {}
    for name, node in fields.entries("facts"):
        kind = str(node.value)
        if name in TOUCH_COUNTS:
            fields.problems.add(node.place, f"facts: '{name}' is a count of touches and cannot be declared.")
        elif kind not in FACT_TYPES:
            fields.problems.add(node.place, f"facts: {name} is '{kind}'. {did_you_mean(kind, FACT_TYPES, 'Allowed')}")
        else:
            facts[name] = FACT_TYPES[kind]
    return facts


def _scores(fields: Fields, book: RuleBook) -> tuple[dict[str, Expression], dict[str, str]]:
    """Every score with the scores it uses expanded, and its text. A circle is one problem and gives none of them."""
    nodes = dict(fields.entries("scores"))
    columns = {**book.columns, **dict.fromkeys(nodes, _SCORE_TYPE)}
    found: dict[str, Expression] = {}
    for name, node in nodes.items():
        if name in book.columns:
            fields.problems.add(node.place, f"scores: '{name}' is a fact already; give the score another name.")
        rules = Rules(columns, columns_are="fact", gives="number")
        read = parse_expression(str(node.value), rules, node.place, fields.problems, f"scores.{name}")
        if read is not None:
            found[name] = read
    try:
        order = _in_order(found)
    except graphlib.CycleError as error:
        circle = list(reversed(error.args[1]))
        chain = ", which uses ".join(circle[1:])
        fields.problems.add(nodes[circle[0]].place, f"scores use each other in a circle: {circle[0]} uses {chain}.")
        return {}, {}
    expanded: dict[str, Expression] = {}
    for name in order:
        whole = _expanded(found[name], expanded, nodes[name].place, fields.problems, f"scores.{name}")
        if whole is not None:
            expanded[name] = whole
    return expanded, {name: str(node.value) for name, node in nodes.items() if name in expanded}


def _in_order(scores: Mapping[str, Expression]) -> tuple[str, ...]:
    """Every score after those it uses. Raises CycleError."""
    reads = {name: sorted(score.columns & scores.keys()) for name, score in scores.items()}
    return tuple(graphlib.TopologicalSorter(reads).static_order())


def book_of(facts: Mapping[str, str], extras: Mapping[str, str], texts: Mapping[str, str]) -> RuleBook:
    """What rules may read, out of facts, further columns and texts of scores that were accepted before."""
    columns = {**RuleBook(facts, extras).columns, **dict.fromkeys(texts, _SCORE_TYPE)}
    problems, place = Problems(), Place("stages.yaml")
    read = {name: parse_expression(text, Rules(columns), place, problems, name) for name, text in texts.items()}
    found = {name: score for name, score in read.items() if score is not None}
    expanded: dict[str, Expression] = {}
    for name in _in_order(found):
        whole = _expanded(found[name], expanded, place, problems, name)
        if whole is not None:
            expanded[name] = whole
    return RuleBook(facts, extras, expanded, texts)


def _versions(name: str, node: Node, book: RuleBook, problems: Problems) -> tuple[RuleVersion, ...]:
    subject = f"rules.{name}"
    if not isinstance(node.value, tuple) or not node.value:
        what = "must be a list of versions, each with from and when"
        problems.add(node.place, f"{subject}: {what}, such as - {{from: 2026-01-01, when: forms >= 1}}.")
        return ()
    found: list[RuleVersion] = []
    for part in node.value:
        version = _version(subject, part, book, problems)
        if version is None:
            continue
        if found and version.starts <= found[-1].starts:
            what = f"the version from {version.starts} stands after the one from {found[-1].starts}"
            problems.add(version.place, f"{subject}: {what}; the earlier stands first, each from another day.")
        found.append(version)
    return tuple(found)


def _version(subject: str, node: Node, book: RuleBook, problems: Problems) -> RuleVersion | None:
    fields = Fields(node, problems, subject, VERSION_KEYS)
    starts, text = fields.date("from", required=True), fields.text("when", required=True)
    agreed: dict[str, dt.date] = {}
    if (signed := fields.child("agreed")) is not None:
        teams = Fields(signed, problems, f"{subject}: agreed", TEAMS)
        agreed = {team: day for team in TEAMS if (day := teams.date(team)) is not None}
    when = book.condition(text, fields.values["when"].place, problems, subject) if text is not None else None
    if starts is None or text is None or when is None:
        return None
    label, description = fields.text("label") or "", fields.text("description") or ""
    return RuleVersion(starts, text, when, agreed, label, description, fields.values["from"].place)


def _expanded(
    expression: Expression, scores: Mapping[str, Expression], place: Place, problems: Problems, subject: str
) -> Expression | None:
    """The expression with each score replaced by what it is, or None with one problem where that grows too large."""
    if not expression.columns & scores.keys():
        return expression

    def put_in(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.name in scores:
            return exp.paren(scores[node.name].copy_tree())
        return node

    tree = expression.copy_tree().transform(put_in)
    parts = sum(1 for _ in tree.walk())
    if parts > MOST_PARTS:
        problems.add(place, f"{subject}: has {parts:,} parts with its scores; at most {MOST_PARTS:,} are allowed.")
        return None
    read = frozenset(column.name for column in tree.find_all(exp.Column))
    return Expression(tree.sql(dialect="duckdb", identify=True), tree, read)
