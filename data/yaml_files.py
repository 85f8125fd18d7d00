"""YAML files with the place of every value. The only module that opens yaml; knows no meanings.

A stricter YAML than the library's own: no aliases, no tags, no duplicate keys, `yes` and `no` are
words (only true and false are booleans), at most 1 MB.
"""

from __future__ import annotations

import datetime as dt
import functools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, TypeVar

import yaml

from data.errors import Place, Problem, Problems, did_you_mean

__all__ = ["Fields", "Node", "parse_yaml", "read_yaml", "shown"]

LARGEST_FILE = 1_000_000
DEEPEST_NESTING = 40

Scalar: TypeAlias = str | int | float | bool | dt.date | None
T = TypeVar("T")


@dataclass(frozen=True)
class Node:
    """A value and its place. `value` is a scalar, a tuple of nodes, or a dict of name to node.

    `keys` holds the places of a mapping's keys, since an unknown key is reported at the key. `until` is the place after
    its last character, and `is_flow` says that it stands in [] or {}.
    """

    value: Scalar | tuple[Node, ...] | dict[str, Node]
    place: Place
    keys: Mapping[str, Place]
    quoted: bool = False
    until: Place = field(default=Place(""), compare=False)
    is_flow: bool = False

    @property
    def kind(self) -> str:
        """What a person would call the value: text, number, list, ..."""
        return next((name for types, name in _KIND_NAMES if isinstance(self.value, types)), "nothing")

    def plain(self) -> object:
        """The value without places, as nested dicts and lists."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value


# Fifteen times as quick, where PyYAML was built with it.
_QUICK: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# bool before int, since True is an int.
_KIND_NAMES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true/false"),
    ((int, float), "number"),
    (dt.date, "date"),
    (str, "text"),
    (tuple, "list"),
    (dict, "mapping"),
)


def shown(path: Path) -> str:
    """A path as a person would type it: relative to the working directory where it lies below."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def read_yaml(path: Path, problems: Problems) -> Node | None:
    """The root of a YAML file, or None with the reason among `problems`. An empty file is an empty mapping."""
    file = shown(path)
    try:
        text = (raw := path.read_bytes()).decode("utf-8-sig")
    except FileNotFoundError:
        problems.add(Place(file), "this file does not exist.")
        return None
    except (OSError, UnicodeDecodeError) as error:
        problems.add(Place(file), f"cannot be read as UTF-8 text ({error}). Save it as UTF-8.")
        return None
    if len(raw) > LARGEST_FILE:
        problems.add(Place(file), f"has {len(raw):,} bytes; definition files hold at most {LARGEST_FILE:,}.")
        return None
    return parse_yaml(text, file, problems)


def parse_yaml(text: str, file: str, problems: Problems) -> Node | None:
    """The root of a text, whose places name `file`; None with the reason among `problems`."""
    root, found = _parsed(text, file)
    problems.found += found
    return root


@functools.lru_cache(maxsize=64)
def _parsed(text: str, file: str) -> tuple[Node | None, tuple[Problem, ...]]:
    """The root of a text and its problems. Kept, since all definitions are read anew where one file has changed."""
    problems = Problems()
    root = _root(text, file, problems)
    return root, tuple(problems.found)


def _root(text: str, file: str, problems: Problems) -> Node | None:
    try:
        try:
            if not _allowed_events(text, file, problems, _QUICK):
                return None
            root = yaml.compose(text, Loader=_QUICK)
        except yaml.YAMLError:
            # The same once more by the loader that says in words what is wrong.
            if not _allowed_events(text, file, problems, yaml.SafeLoader):
                return None
            root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        problems.add(place, f"not valid YAML: {error.problem or error.context}.")
        return None
    except yaml.YAMLError as error:
        problems.add(Place(file), f"not valid YAML: {error}.")
        return None
    if root is None:
        return Node({}, Place(file, 1, 1), {})
    return _node(root, file, problems)


def _allowed_events(text: str, file: str, problems: Problems, loader: type[yaml.SafeLoader]) -> bool:
    """Reject aliases, tags, second documents and deep nesting before any tree is built."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=loader):
        mark = event.start_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            problems.add(place, "anchors and aliases (& and *) are not allowed: write the value out.")
            return False
        if isinstance(event, (yaml.NodeEvent)) and getattr(event, "tag", None):
            problems.add(place, "tags (!name) are not allowed: write the plain value.")
            return False
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_NESTING or documents > 1:
            what = "a second document ('---')" if documents > 1 else f"nesting deeper than {DEEPEST_NESTING} levels"
            problems.add(place, f"{what} is not allowed.")
            return False
    return True


def _node(source: yaml.Node, file: str, problems: Problems) -> Node:
    place, until = (Place(file, mark.line + 1, mark.column + 1) for mark in (source.start_mark, source.end_mark))
    is_flow = bool(getattr(source, "flow_style", False))
    if isinstance(source, yaml.SequenceNode):
        return Node(tuple(_node(item, file, problems) for item in source.value), place, {}, False, until, is_flow)
    if isinstance(source, yaml.MappingNode):
        values: dict[str, Node] = {}
        keys: dict[str, Place] = {}
        for key_node, value_node in source.value:
            at = Place(file, key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            if not isinstance(key_node, yaml.ScalarNode):
                problems.add(at, "a key must be a plain word.")
                continue
            name = key_node.value
            if name in values:
                problems.add(at, f"the key '{name}' stands here a second time (first at line {keys[name].line}).")
                continue
            keys[name] = at
            values[name] = _node(value_node, file, problems)
        return Node(values, place, keys, False, until, is_flow)
    assert isinstance(source, yaml.ScalarNode)
    quoted = bool(source.style)
    return Node(source.value if quoted else _scalar(source.value), place, {}, quoted, until)


def _scalar(text: str) -> Scalar:
    """A plain scalar by the core schema of YAML 1.2, and ISO dates."""
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"[-+]?\d{1,18}", text) and not re.fullmatch(r"[-+]?0\d+", text):
        return int(text)
    if re.fullmatch(r"[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?", text) and "." in text:
        return float(text)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return text
    return text


class Fields:
    """Reads the keys of one mapping, reporting at its place whatever is unknown, missing or of the wrong kind.

    Every getter returns None (or an empty collection) after it has reported a problem, so that a reader can go
    on and find the next one.
    """

    def __init__(self, node: Node, problems: Problems, subject: str, known: Iterable[str]) -> None:
        self.node, self.problems, self.subject = node, problems, subject
        self.values: dict[str, Node] = {}
        if not isinstance(node.value, dict):
            self._report(node.place, f"must be a mapping of keys, not {node.kind}.")
            return
        self.values = node.value
        names = set(known)
        for key in self.values.keys() - names:
            self._report(node.keys[key], f"unknown key '{key}'. {did_you_mean(key, names)}")

    def _report(self, place: Place, message: str) -> None:
        self.problems.add(place, f"{self.subject}: {message}" if self.subject else message)

    def report(self, key: str, message: str) -> None:
        """A problem with the value of a key, at its place."""
        self._report(self.values[key].place if key in self.values else self.node.place, message)

    def __contains__(self, key: str) -> bool:
        return key in self.values and self.values[key].value is not None

    def child(self, key: str) -> Node | None:
        return self.values[key] if key in self else None

    def _get(self, key: str, required: bool, kinds: str, read: Callable[[Node], T | None]) -> T | None:
        node = self.child(key)
        if node is None:
            # Of what is no mapping, that is the one problem.
            if required and isinstance(self.node.value, dict):
                self._report(self.node.place, f"the key '{key}' is missing ({kinds}).")
            return None
        value = read(node)
        if value is None:
            self._report(node.place, f"'{key}' must be {kinds}, not {_quote(node)}.")
        return value

    def text(self, key: str, required: bool = False) -> str | None:
        return self._get(key, required, "text", _text)

    def date(self, key: str, required: bool = False) -> dt.date | None:
        return self._get(key, required, "a date such as 2026-01-31", _date)

    def integer(self, key: str, low: int, high: int) -> int | None:
        return self._get(key, False, f"a whole number from {low} to {high}", lambda node: _integer(node, low, high))

    def number(self, key: str, low: float, high: float) -> float | None:
        return self._get(key, False, f"a number from {low:g} to {high:g}", lambda node: _number(node, low, high))

    def boolean(self, key: str) -> bool | None:
        return self._get(key, False, "true or false", lambda node: node.value if isinstance(node.value, bool) else None)

    def choice(self, key: str, allowed: Iterable[str], required: bool = False) -> str | None:
        options = tuple(allowed)
        word = self.text(key, required)
        if word is not None and word not in options:
            self.report(key, f"'{key}' is '{word}'. {did_you_mean(word, options, 'Allowed')}")
            return None
        return word

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(value for node in self.items(key) if (value := self._item_text(key, node)) is not None)

    def _item_text(self, key: str, node: Node) -> str | None:
        value = _text(node)
        if value is None:
            self._report(node.place, f"'{key}' is a list of texts; this item is {_quote(node)}.")
        return value

    def items(self, key: str) -> tuple[Node, ...]:
        """The items of a list; a single value stands for a list of one only where it is not a mapping."""
        node = self.child(key)
        if node is None:
            return ()
        if not isinstance(node.value, tuple):
            self._report(node.place, f"'{key}' must be a list, not {_quote(node)}.")
            return ()
        return node.value

    def entries(self, key: str) -> Iterator[tuple[str, Node]]:
        """Name and value of each entry of a mapping, in the order of the file."""
        node = self.child(key)
        if node is None:
            return
        if not isinstance(node.value, dict):
            self._report(node.place, f"'{key}' must be a mapping, not {_quote(node)}.")
            return
        yield from node.value.items()


def _quote(node: Node) -> str:
    if isinstance(node.value, bool):
        return f"'{str(node.value).lower()}'"
    return node.kind if isinstance(node.value, (tuple, dict)) or node.value is None else f"'{node.value}'"


def _text(node: Node) -> str | None:
    return node.value.strip() if isinstance(node.value, str) and node.value.strip() else None


def _date(node: Node) -> dt.date | None:
    return node.value if isinstance(node.value, dt.date) else None


def _integer(node: Node, low: int, high: int) -> int | None:
    value = node.value
    return value if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high else None


def _number(node: Node, low: float, high: float) -> float | None:
    value = node.value
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high else None
