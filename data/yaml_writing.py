"""One more item in a list of a YAML text, or another value, with every other byte as it was. Knows no meanings.

The text is not written anew from what it means: what is new is put in at the place that the reader knows, so that
comments, order, indentation, quotes and line ends stay. Each result is read back before it is given.
"""

from __future__ import annotations

import datetime as dt
import glob
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from data.durable import flush
from data.errors import InvalidEntry, Place, Problems
from data.yaml_files import Node, parse_yaml

__all__ = [
    "in_flow",
    "in_yaml",
    "node_at",
    "replace_file",
    "root_of",
    "text_of",
    "with_item",
    "with_key",
    "with_value",
    "without_key",
]

# What a file is called, behind its own name, until it is whole.
HALF = ".half"

# Where YAML ends a line; the reader counts lines by the same.
_LINE_END = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def node_at(root: Node, path: Sequence[str]) -> Node | None:
    """What stands under keys within keys, None where one of them is not there."""
    found: Node | None = root
    for key in path:
        found = found.value.get(key) if found is not None and isinstance(found.value, dict) else None
    return found


def in_flow(value: object) -> str:
    """A plain value on one line: mappings in {}, lists in [], texts in double quotes."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {in_flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(in_flow(part) for part in value) + "]"
    if isinstance(value, dt.date):
        return value.isoformat()
    # JSON's texts, numbers, true, false and null are YAML's.
    return json.dumps(value, ensure_ascii=False)


def in_yaml(value: object) -> str:
    """A value as a person would write it after a key: a text without quotes where it is read back as it is."""
    problems = Problems()
    if isinstance(value, str) and "\n" not in value:
        root = parse_yaml(f"x: {value}", "the text", problems)
        if root is not None and not problems.found and root.plain() == {"x": value}:
            return value
    return in_flow(value)


def text_of(text: str, node: Node) -> str:
    """The lines of a node as they are written, moved to the left edge, without what follows it."""
    start, end = _offset(text, node.place), _end_of(text, node)
    indent = node.place.column - 1
    first, *others = text[start:end].splitlines()
    # A comment may stand further left than what it is about.
    return "\n".join([first, *(line[min(indent, len(line) - len(line.lstrip())) :] for line in others)]) + "\n"


def with_value(text: str, node: Node, written: str) -> str:
    """The text with another value where a scalar stands."""
    return text[: _offset(text, node.place)] + written + text[_offset(text, node.until) :]


def with_key(text: str, after: str, key: str, written: str) -> str:
    """A mapping at the left edge with one more key after another one of it."""
    root = root_of(text)
    assert isinstance(root.value, dict)
    end = _end_of(text, root.value[after])
    if root.is_flow:
        return f"{text[:end]}, {key}: {written}{text[end:]}"
    newline = text.find("\n", end)
    at = len(text) if newline < 0 else newline
    return f"{text[:at]}\n{key}: {written}{text[at:]}"


def without_key(text: str, key: str) -> str:
    """A mapping at the left edge without one of its keys, which is not the first; as it is where it has no such key."""
    root = root_of(text)
    assert isinstance(root.value, dict)
    if key not in root.value:
        return text
    start, end = _offset(text, root.keys[key]), _end_of(text, root.value[key])
    if not root.is_flow:
        newline = text.find("\n", end)
        return text[:start] + ("" if newline < 0 else text[newline + 1 :])
    before = list(root.value)[list(root.value).index(key) - 1]
    return text[: _end_of(text, root.value[before])] + text[end:]


def with_item(text: str, path: Sequence[str], index: int, item: str) -> tuple[str, Place]:
    """The text with one more item in the list under `path`, after `index` items, and where the item begins.

    `item` is a mapping in YAML at the left edge. The list has at least one item and `index` is at least 1. Raises
    InvalidEntry where the text would not be read back as the old one with the item in it.
    """
    before = root_of(text)
    found = node_at(before, path)
    assert found is not None
    assert isinstance(found.value, tuple)
    last = found.value[index - 1]
    start = _end_of(text, last)
    if found.is_flow:
        at, put = _in_flow_list(text, start, last, in_flow(root_of(item).plain()))
    else:
        at, put = _in_block_list(text, start, last, item)
    after = text[:at] + put + text[at:]
    expected, now = found.plain(), node_at(root_of(after), path)
    assert isinstance(expected, list)
    expected.insert(index, root_of(item).plain())
    if now is None or now.plain() != expected or _without(root_of(after), path) != _without(before, path):
        raise InvalidEntry(f"What is proposed cannot be put under {'.'.join(path)} as it is written; write it plainly.")
    assert isinstance(now.value, tuple)
    return after, now.value[index].place


def _in_block_list(text: str, start: int, last: Node, item: str) -> tuple[int, str]:
    """Whole lines after the line on which the last item ends, and after the comments that are indented like it."""
    lines, ends = _lines(text)
    number = next(place for place, (_, until) in enumerate(lines) if start <= until)
    indent = last.place.column - 1
    while number + 1 < len(lines):
        following = text[lines[number + 1][0] : lines[number + 1][1]]
        if not following.lstrip().startswith("#") or len(following) - len(following.lstrip()) < indent:
            break
        number += 1
    row = text[lines[last.place.line - 1][0] : lines[last.place.line - 1][1]]
    dash = row[:indent].rindex("-")
    head = row[:dash] + row[dash:indent]
    # The file's own line end; of a file of one line, the usual one.
    newline = next((end for end in ends if end), "\n")
    written = item.rstrip().splitlines()
    put = newline.join([head + written[0], *(" " * indent + line if line.strip() else "" for line in written[1:])])
    if last.place.line > 1 and not text[slice(*lines[last.place.line - 2])].strip():
        put = newline + put
    at = lines[number][1] + len(ends[number])
    return (at, put + newline) if ends[number] else (at, newline + put)


def _in_flow_list(text: str, start: int, last: Node, item: str) -> tuple[int, str]:
    """A line of its own where the last item ends its line, which then stays as it is; else right after the item."""
    lines, ends = _lines(text)
    number = next(place for place, (_, until) in enumerate(lines) if start <= until)
    rest = re.fullmatch(r"(\s*,)?\s*(#.*)?", text[start : lines[number][1]])
    if rest is None or not ends[number]:
        return start, f", {item}"
    begin = lines[last.place.line - 1][0]
    indent = re.match(r"[ ]*", text[begin:])
    assert indent is not None
    put = f"{item}," if rest[1] else f", {item}"
    return lines[number][1] + len(ends[number]), f"{indent[0] or '  '}{put}{ends[number]}"


def replace_file(file: Path, before: bytes, after: bytes) -> None:
    """Put `after` in the place of a file that holds `before`, at once and for good.

    What a process that was killed while it wrote has left beside the file is taken away. Raises InvalidEntry where the
    file holds something else by now, and OSError where it cannot be written.
    """
    file = file.resolve()
    for left in file.parent.glob(f".{glob.escape(file.name)}.*{HALF}"):
        left.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=HALF)
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(after)
            opened.flush()
            os.fsync(opened.fileno())
        written.chmod(file.stat().st_mode & 0o7777)
        if file.read_bytes() != before:
            raise InvalidEntry(f"{file.name} was changed a moment ago. Look at it, then try again.")
        written.replace(file)
        # The name that was given to the file is kept once its folder is on disk.
        flush(file.parent)
    finally:
        written.unlink(missing_ok=True)


def _end(node: Node) -> Place:
    """Where a node's own text ends. A block's mark stands after the comments that follow it; its last part's does not.

    A text in lines of its own (| or >) ends with its last line.
    """
    if isinstance(node.value, dict) and node.value and not node.is_flow:
        return _end(list(node.value.values())[-1])
    if isinstance(node.value, tuple) and node.value and not node.is_flow:
        return _end(node.value[-1])
    return node.until


def _lines(text: str) -> tuple[list[tuple[int, int]], list[str]]:
    """Where each line begins and ends, and by which characters."""
    spans: list[tuple[int, int]] = []
    ends: list[str] = []
    begin = 0
    for match in _LINE_END.finditer(text):
        spans.append((begin, match.start()))
        ends.append(match[0])
        begin = match.end()
    spans.append((begin, len(text)))
    ends.append("")
    return spans, ends


def _offset(text: str, place: Place) -> int:
    spans, _ = _lines(text)
    begin, end = spans[min(place.line, len(spans)) - 1]
    return min(begin + place.column - 1, end)


def _end_of(text: str, node: Node) -> int:
    # What ends at the beginning of a line (a text under |) ended with the last line that is not empty.
    place = _end(node)
    offset = _offset(text, place)
    return len(text[:offset].rstrip()) if place.column == 1 else offset


def root_of(text: str, name: str = "the text") -> Node:
    """The root of a text that is called `name`. Raises InvalidFiles."""
    problems = Problems()
    root = parse_yaml(text, name, problems)
    problems.raise_if_any()
    assert root is not None
    return root


def _without(root: Node, path: Sequence[str]) -> object:
    """The plain value of everything but what stands under `path`."""
    if not path or not isinstance(root.value, dict):
        return None if not path else root.plain()
    own = {key: node.plain() for key, node in root.value.items() if key != path[0]}
    return own, _without(root.value[path[0]], path[1:]) if path[0] in root.value else None
