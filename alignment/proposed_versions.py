"""A proposed version of a rule or of the agreement: drafted, and read as the file would be read with it. Keeps nothing.

A version that is proposed has passed the readers of the file: they read a copy of the company's files with the
version in it, so that what may stand there is decided in one place.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import tempfile
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from data.company import Company
from data.errors import InvalidEntry, InvalidFiles, Place, Problem, Problems, did_you_mean
from data.stages import read_stages
from data.yaml_files import Node, parse_yaml, shown
from data.yaml_writing import in_yaml, node_at, root_of, text_of, with_item, with_key, with_value, without_key
from metrics import Session
from metrics.loading import load_definitions

__all__ = [
    "AGREEMENT",
    "Proposed",
    "difference",
    "draft_agreement",
    "draft_rule",
    "fingerprints",
    "proposed",
    "versions_in",
]

AGREEMENT = "agreement"
THE_TEXT = "the proposal"
# Said of the version that is followed, or written when this one is adopted.
_OWN_WORDS = ("agreed", "label", "description")


@dataclass(frozen=True)
class Proposed:
    """A version that could stand in its file as it is now, after `index` others.

    `fingerprint` is of the text and of what it means today: of a rule, with the scores that it uses. `version` is the
    fingerprint that the version itself will have, `follows` that of the one before it.
    """

    text: str
    starts: dt.date
    fingerprint: str
    version: str
    follows: str
    listed: Listed
    index: int


@dataclass(frozen=True)
class Listed:
    """The file in which the versions of something stand, its text, and the versions as they are written."""

    file: Path
    raw: bytes
    text: str
    path: tuple[str, ...]
    versions: tuple[Node, ...]


def versions_in(company: Company, subject: str, names: str) -> Listed:
    """Where the versions of a rule, or of the agreement, are written. InvalidEntry where there are none."""
    path = (AGREEMENT,) if subject == AGREEMENT else ("rules", names)
    folder = company.folder
    files = sorted((folder / "definitions").glob("*.yaml")) if subject == AGREEMENT else [folder / "stages.yaml"]
    for file in files:
        raw = file.read_bytes()
        root = root_of(raw.decode("utf-8-sig"), shown(file))
        found = node_at(root, path)
        if found is not None and isinstance(found.value, tuple) and found.value:
            return Listed(file, raw, raw.decode("utf-8-sig"), path, found.value)
        if subject != AGREEMENT:
            rules = node_at(root, ("rules",))
            known = rules.value if rules is not None and isinstance(rules.value, dict) else {}
            raise InvalidEntry(f"{file.name} has no rule '{names}'. {did_you_mean(names, known, 'Rules')}")
    raise InvalidEntry("Nothing is agreed yet: write the first version under agreement: in a file of definitions/.")


def draft_rule(starts: dt.date, when: str, label: str = "", description: str = "") -> str:
    """A version of a rule as it would be written."""
    said = {"from": starts, "when": when.strip(), "label": label.strip(), "description": description.strip()}
    return "".join(f"{key}: {in_yaml(value)}\n" for key, value in said.items() if value)


def draft_agreement(
    company: Company, starts: dt.date, numbers: Mapping[str, float], label: str = "", description: str = ""
) -> str:
    """The version in force before a day with other targets and shares, by the names of goal, objectives, obligations.

    Its comments come along; its signatures and words about itself do not. InvalidEntry for an unknown name.
    """
    listed = versions_in(company, AGREEMENT, AGREEMENT)
    text = text_of(listed.text, listed.versions[_followed(listed, starts)])
    for key in _OWN_WORDS:
        text = without_key(text, key)
    for name, number in numbers.items():
        text = with_value(text, _number(root_of(text), name), f"{number:.15g}")
    root = root_of(text)
    assert isinstance(root.value, dict)
    text = with_value(text, root.value["from"], starts.isoformat())
    for key, said in (("description", description.strip()), ("label", label.strip())):
        text = with_key(text, "from", key, in_yaml(said)) if said else text
    return text


def difference(company: Company, subject: str, names: str, text: str) -> tuple[str, ...]:
    """What a proposed text says otherwise than the version it would follow: `- key: before`, then `+ key: after`.

    Without days and words about the versions. InvalidEntry, InvalidFiles where it no longer could follow one.
    """
    root = root_of(text)
    first = node_at(root, ("from",))
    if first is None or not isinstance(first.value, dt.date):
        raise InvalidEntry("A version begins with the day from which on it holds, such as from: 2027-01-01.")
    listed = versions_in(company, subject, names)
    before = dict(_leaves(_promised(listed.versions[_followed(listed, first.value)])))
    after = dict(_leaves(_promised(root)))
    found = []
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            found += [f"{sign} {key}: {side[key]}" for sign, side in (("-", before), ("+", after)) if key in side]
    return tuple(found)


def _leaves(value: object, key: str = "") -> Iterator[tuple[str, object]]:
    """Each scalar with the keys that lead to it, such as objectives.opportunities.target."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _leaves(part, f"{key}.{name}" if key else str(name))
    elif isinstance(value, list):
        for place, part in enumerate(value, start=1):
            yield from _leaves(part, f"{key}.{place}")
    else:
        yield key, value


def _number(root: Node, name: str) -> Node:
    """Where the number of a promise stands: the target of the goal or of an objective, the share of an obligation."""
    promises = {"goal": ("goal", "target")} if node_at(root, ("goal", "target")) else {}
    paths: dict[str, tuple[str, ...]] = {**promises}
    for section, key in (("objectives", "target"), ("obligations", "share")):
        found = node_at(root, (section,))
        known = found.value if found is not None and isinstance(found.value, dict) else {}
        paths |= {each: (section, each, key) for each in known}
    node = node_at(root, paths[name]) if name in paths else None
    if node is None:
        raise InvalidEntry(f"The agreement promises nothing called '{name}'. {did_you_mean(name, paths, 'Promises')}")
    return node


def _followed(listed: Listed, starts: dt.date) -> int:
    """The place in the list of the version after which one from a day on would stand."""
    begun: dict[dt.date, int] = {}
    for place, node in enumerate(listed.versions):
        first = node_at(node, ("from",))
        if first is not None and isinstance(first.value, dt.date):
            begun[first.value] = place
    if starts in begun:
        raise InvalidEntry(f"{listed.file.name} has a version from {starts} already. Let yours begin on another day.")
    earlier = [day for day in begun if day < starts]
    if not earlier:
        first_day = f" The first begins on {min(begun)}." if begun else ""
        raise InvalidEntry(f"A version from {starts} would stand before all others.{first_day}")
    return begun[max(earlier)]


def proposed(session: Session, subject: str, names: str, text: str) -> Proposed:
    """A text as a version of a rule or of the agreement. InvalidEntry, InvalidFiles with every problem of it."""
    company = session.company
    text = _at_the_edge(text)
    root = _version_root(text)
    listed = versions_in(company, subject, names)
    first = node_at(root, ("from",))
    if first is None or not isinstance(first.value, dt.date):
        raise InvalidEntry("A version begins with the day from which on it holds, such as from: 2027-01-01.")
    starts = first.value
    place = _followed(listed, starts)
    whole, begins = with_item(listed.text, listed.path, place + 1, text)
    found = _read(session, replace(listed, text=whole), begins, subject, names)
    days = sorted(found)
    version, follows = found[starts], found[days[days.index(starts) - 1]]
    said, before = _promised(root), _promised(listed.versions[place])
    if said == before or (subject != AGREEMENT and version == follows):
        raise InvalidEntry(f"This says the same as the version that it would follow, in {listed.file.name}.")
    content = json.dumps([subject, names, version, root.plain()], default=str)
    fingerprint = hashlib.sha256(content.encode()).hexdigest()[:16]
    return Proposed(text, starts, fingerprint, version, follows, listed, place + 1)


def _at_the_edge(text: str) -> str:
    """What somebody typed or pasted, with the item's dash or without, as a mapping at the left edge."""
    plain = textwrap.dedent(text.replace("\r\n", "\n").replace("\t", "  ")).strip("\n")
    if plain.startswith("- "):
        plain = textwrap.dedent(f"  {plain[2:]}")
    return "\n".join(line.rstrip() for line in plain.rstrip().split("\n")) + "\n"


def _version_root(text: str) -> Node:
    problems = Problems()
    root = parse_yaml(text, THE_TEXT, problems)
    problems.raise_if_any()
    if root is None or not isinstance(root.value, dict) or not root.value:
        raise InvalidEntry("A version is a mapping of keys, such as from: 2027-01-01 and, of a rule, when: forms >= 1.")
    if "agreed" in root.value:
        raise InvalidEntry("Leave out the key 'agreed': it is written with the signatures when both teams have signed.")
    return root


def _promised(node: Node) -> dict[str, object]:
    """What a version says, without its day and words about itself."""
    plain = node.plain()
    assert isinstance(plain, dict)
    return {key: value for key, value in plain.items() if key not in ("from", *_OWN_WORDS)}


def _read(session: Session, listed: Listed, begins: Place, subject: str, names: str) -> dict[dt.date, str]:
    """The fingerprint of each version by its first day, as the file's readers make it of the text with the new one."""
    own = session.company.folder
    with tempfile.TemporaryDirectory(prefix="tandem-proposal-") as made:
        folder = Path(made)
        for name in ("sources.yaml", "stages.yaml"):
            if (own / name).exists():
                shutil.copyfile(own / name, folder / name)
        if (own / "definitions").is_dir():
            shutil.copytree(own / "definitions", folder / "definitions")
        copy = folder / listed.file.relative_to(own)
        copy.write_bytes(listed.text.encode())
        try:
            return fingerprints(session, replace(session.company, folder=folder), subject, names)
        except InvalidFiles as error:
            raise InvalidFiles([_in_own_words(one, copy, listed, begins) for one in error.problems]) from None


def fingerprints(session: Session, company: Company, subject: str, names: str) -> dict[dt.date, str]:
    """The fingerprint of each version that a company's files hold, by its first day. Raises InvalidFiles."""
    if subject == AGREEMENT:
        definitions = load_definitions(company, session.definitions.tables)
        return {version.starts: version.fingerprint for version in definitions.agreement.versions}
    problems = Problems()
    stages = read_stages(company, problems)
    problems.raise_if_any()
    return {version.starts: version.fingerprint for version in stages.book.rules[names]}


def _in_own_words(problem: Problem, copy: Path, listed: Listed, begins: Place) -> Problem:
    """A problem of the proposal at its place in the proposal, one of the file at its place in the file."""
    place = problem.place
    if place.file != shown(copy):
        return problem
    message = problem.message.replace(shown(copy), shown(listed.file))
    added = listed.text.count("\n") - listed.raw.decode("utf-8-sig").count("\n")
    if begins.line <= place.line < begins.line + max(1, added):
        return Problem(Place(THE_TEXT, place.line - begins.line + 1, max(1, place.column - begins.column + 1)), message)
    line = place.line - added if place.line > begins.line else place.line
    return Problem(replace(place, file=shown(listed.file), line=line), message)
