"""One more version in a YAML file: a diff shows the lines that came in and nothing else, however it is written."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import InvalidEntry
from data.yaml_writing import (
    in_yaml,
    node_at,
    replace_file,
    root_of,
    text_of,
    with_item,
    with_key,
    with_value,
    without_key,
)

ITEM = "from: 2026-01-01\nwhen: forms >= 2\n"
IN_FLOW = '{from: 2026-01-01, when: "forms >= 2"}'
BLOCK = ["    - from: 2026-01-01\n", "      when: forms >= 2\n"]
FILES = {
    "comments": (
        "# top\nrules:   # wide\n  # about\n  fit:\n    - from: 2024-01-01 # first\n      when:   'forms >= 1' # why\n"
        "      # belongs to it\n\n  # of the next\nattribution:\n  scope: deal\n# the end",
        BLOCK,
    ),
    "flow items": ("rules:\n  fit:\n    - {from: 2024-01-01,   when: forms >= 1} # first\nrecycles: [a]\n", BLOCK),
    "at the dash": (
        'rules:\n  "fit":\n  - from: 2024-01-01\n    when: >-\n      forms\n      >= 1\n\n\n# c\nrecycles: [a]\n',
        ["  - from: 2026-01-01\n", "    when: forms >= 2\n"],
    ),
    "blank lines": (
        "rules:\n  fit:\n\n    - from: 2023-01-01\n      when: b\n\n    - from: 2024-01-01\n      when: a\n",
        ["\n", *BLOCK],
    ),
    "a flow list by lines": (
        "rules:\n  fit: [\n    {from: 2024-01-01, when: a},  # last\n  ]\n",
        [f"    {IN_FLOW},\n"],
    ),
    "no last comma": ("rules:\n  fit: [\n    {from: 2024-01-01, when: a}  # last\n  ]\n", [f"    , {IN_FLOW}\n"]),
}


def came_in(before: str, after: str) -> list[str]:
    """The lines that are new; asserts that none went or changed."""
    diff = [line for line in difflib.ndiff(before.splitlines(True), after.splitlines(True)) if line[0] != " "]
    assert [line for line in diff if line[0] != "+"] == []
    return [line[2:] for line in diff]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("name", FILES)
def test_a_diff_shows_the_new_lines_only(name: str, newline: str) -> None:
    text, lines = FILES[name]
    before = text.replace("\n", newline)
    count = len(root_of(before).plain()["rules"]["fit"])  # type: ignore[index]  # a mapping of a mapping
    after, place = with_item(before, ("rules", "fit"), count, ITEM)
    assert came_in(before, after) == [line.replace("\n", newline) for line in lines]
    assert after.splitlines()[place.line - 1][place.column - 1 :].startswith(("from", "{from"))


def test_a_list_on_one_line_and_a_file_without_a_last_line_end_keep_every_character() -> None:
    after, _ = with_item("rules: {fit: [{from: 2024-01-01, when: a}]} # c\n", ("rules", "fit"), 1, ITEM)
    assert after == f"rules: {{fit: [{{from: 2024-01-01, when: a}}, {IN_FLOW}]}} # c\n"
    after, _ = with_item("rules:\n  fit:\n  - from: 2024-01-01\n    when: a", ("rules", "fit"), 1, ITEM)
    assert after == ("rules:\n  fit:\n  - from: 2024-01-01\n    when: a\n  - from: 2026-01-01\n    when: forms >= 2")


def test_between_two_versions_it_stands_in_its_place() -> None:
    before = "a:\n  - x: 1\n    y: |\n      two\n      lines\n\n  # of the second\n  - x: 3\n"
    after, place = with_item(before, ("a",), 1, "x: 2\n")
    assert came_in(before, after) == ["  - x: 2\n"]
    assert root_of(after).plain() == {"a": [{"x": 1, "y": "two\nlines\n"}, {"x": 2}, {"x": 3}]}
    assert (place.line, place.column) == (6, 5)


@settings(max_examples=25)
@given(text=st.text(alphabet=st.sampled_from("ab:#'\"{}[],&*!|>-? \té"), max_size=12))
def test_any_text_is_read_back_as_it_was_given(text: str) -> None:
    after, _ = with_item("a:\n  - x: 1 # c\nb: 2\n", ("a",), 1, f"x: {in_yaml(text)}\n")
    assert root_of(after).plain() == {"a": [{"x": 1}, {"x": text}], "b": 2}


def test_what_would_read_otherwise_in_its_place_is_refused() -> None:
    with pytest.raises(InvalidEntry, match="write it plainly"):
        with_item("a:\n  - x: 1\nb: 2\n", ("a",), 1, "x: |+\n  kept\n\n\n")


def test_a_version_is_taken_out_changed_and_given_keys() -> None:
    text = "a:\n  - x: 1  # one\n    gone: {b: 1,\n      c: 2} # too\n    # about y\n    y: 'two'\nb: 3\n"
    items = node_at(root_of(text), ("a",))
    assert items is not None
    assert isinstance(items.value, tuple)
    taken = text_of(text, items.value[0])
    assert taken == "x: 1  # one\ngone: {b: 1,\n  c: 2} # too\n# about y\ny: 'two'\n"
    without = without_key(taken, "gone")
    assert without == "x: 1  # one\n# about y\ny: 'two'\n"
    assert with_key(without, "x", "z", "4") == "x: 1  # one\nz: 4\n# about y\ny: 'two'\n"
    one = node_at(root_of(without), ("x",))
    assert one is not None
    changed = with_value(without, one, "5")
    assert changed == "x: 5  # one\n# about y\ny: 'two'\n"
    flow = "{x: 1, gone: {b: 2}, y: 3}\n"
    assert without_key(flow, "gone") == "{x: 1, y: 3}\n"
    assert with_key(without_key("{x: 1, gone: 2}", "gone"), "x", "z", "4") == "{x: 1, z: 4}"


def test_a_file_is_replaced_whole_with_its_mode_and_only_where_it_is_what_was_read(tmp_path: Path) -> None:
    file, link = tmp_path / "stages.yaml", tmp_path / "link.yaml"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to(file)
    replace_file(link, b"old", b"new")
    assert link.is_symlink()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o640)
    with pytest.raises(InvalidEntry, match="changed a moment ago"):
        replace_file(file, b"old", b"newer")
    assert file.read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "stages.yaml"]
