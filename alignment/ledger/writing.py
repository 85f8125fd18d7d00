"""An entry's content to JSON and back, checked by the types of its fields. Stores nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from alignment.ledger.kinds import KINDS, Content, Key
from data.errors import InvalidEntry, LedgerFailed, did_you_mean

__all__ = ["JSON", "checked", "from_json", "keys_of", "place_of", "to_json"]

JSON = dict[str, Any]
LONGEST_TEXT = 20_000


def checked(content: Content) -> JSON:
    """The content as JSON. Raises InvalidEntry with a sentence about the first field that cannot be kept."""
    kind = type(content)
    if KINDS.get(kind.name) is not kind:
        raise InvalidEntry(f"'{kind.__name__}' is no kind of entry. {did_you_mean(kind.name, KINDS, 'Kinds')}")
    for part in dataclasses.fields(content):
        problem = _problem(getattr(content, part.name), _types(kind.name)[part.name], _may_be_blank(part))
        if problem:
            raise InvalidEntry(f"{kind.name}: '{part.name}' {problem}")
    return to_json(content)


def to_json(content: Content) -> JSON:
    return {part.name: _plain(getattr(content, part.name)) for part in dataclasses.fields(content)}


def from_json(kind: str, written: Mapping[str, Any], where: str) -> Content:
    """The content of a kind. Raises LedgerFailed where another version of Tandem wrote what this one cannot read."""
    made = KINDS.get(kind)
    names = {part.name for part in dataclasses.fields(made)} if made else set()
    if made is None or not written.keys() <= names:
        what = f"of a kind '{kind}'" if made is None else f"with '{min(written.keys() - names)}'"
        raise LedgerFailed(f"{where} is {what} that this version of Tandem does not know. Update Tandem to read it.")
    return made(**{name: _typed(value, _types(kind)[name]) for name, value in written.items()})


def keys_of(content: Content) -> tuple[Key, ...]:
    """Everything that an entry is about, each once."""
    return tuple(dict.fromkeys(_keys(content)))


def place_of(content: Content, by: str) -> str | None:
    """What at most one entry of the kind may hold; None where there may be any number."""
    if not content.only_one_per:
        return None
    return "\n".join(by if name == "by" else str(getattr(content, name)) for name in content.only_one_per)


def _keys(content: Content) -> Iterator[Key]:
    objects = dict(content.is_about)
    for part in dataclasses.fields(content):
        value = getattr(content, part.name)
        if isinstance(value, Key):
            yield value
        elif part.name in objects and value is not None:
            for one in value if isinstance(value, tuple) else (value,):
                yield Key(objects[part.name], str(one))


@functools.cache
def _types(kind: str) -> Mapping[str, Any]:
    return get_type_hints(KINDS[kind])


def _may_be_blank(part: dataclasses.Field[Any]) -> bool:
    return part.default is not dataclasses.MISSING


def _plain(value: Any) -> Any:
    if isinstance(value, Key):
        return str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def _typed(value: Any, wanted: Any) -> Any:
    wanted = _present(wanted)
    if value is None:
        return None
    if wanted is Key:
        object_, _, id_ = str(value).partition(":")
        return Key(object_, id_)
    if wanted is dt.date:
        return dt.date.fromisoformat(value)
    return tuple(value) if get_origin(wanted) is tuple else value


def _present(wanted: Any) -> Any:
    """The type without its None."""
    if get_origin(wanted) in (Union, types.UnionType):
        (wanted,) = (one for one in get_args(wanted) if one is not type(None))
    return wanted


def _problem(value: Any, wanted: Any, may_be_blank: bool) -> str | None:
    """Why a value cannot be kept in a field of that type, as it completes "'field' ..."."""
    inner = _present(wanted)
    if value is None:
        return None if inner is not wanted else "is missing."
    if get_origin(inner) is Literal:
        allowed = get_args(inner)
        return None if value in allowed else f"is '{value}'. {did_you_mean(str(value), map(str, allowed), 'Allowed')}"
    if inner is Key:
        texts = [value.object, value.id] if isinstance(value, Key) else []
        return None if texts and not any(map(_text_problem, texts)) else f"is '{value}', which is no key."
    if get_origin(inner) is tuple:
        items = [_problem(item, get_args(inner)[0], False) for item in value] if isinstance(value, tuple) else ["list"]
        return next((f"holds an item that {problem}" for problem in items if problem), None)
    if get_origin(inner) is not None:
        pairs = [*value, *value.values()] if isinstance(value, Mapping) else [None]
        return next((f"holds a text that {problem}" for text in pairs if (problem := _text_problem(text))), None)
    if inner is str:
        return None if value == "" and may_be_blank else _text_problem(value)
    # True is an int, and an instant is a date, but neither is meant.
    return None if type(value) is inner else f"is '{value}', which is no {inner.__name__}."


def _text_problem(text: object) -> str | None:
    if not isinstance(text, str):
        return f"is '{text}', which is no text."
    if not text.strip():
        return "is empty: write something."
    if len(text) > LONGEST_TEXT:
        return f"has {len(text):,} characters; at most {LONGEST_TEXT:,} are kept."
    # A NUL, or half of a pair of surrogates, is no text to a database.
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        return "holds characters that are no text. Type it again."
    return None
