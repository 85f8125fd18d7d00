"""The texts of definitions as they are sealed: to the letter, but for addresses and names of contacts. Asks nothing.

What a metric or a stage computes with stays, whatever it is: a mark is put only where every fingerprint is the same
after it, so that the sealed texts still make the sealed fingerprints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from alignment.left_out import Marks, marks_of
from data.errors import InvalidFiles, Problems
from data.stages import read_stages
from metrics import Session
from metrics.fingerprints import fingerprint
from metrics.loading import STANDARD, load_definitions
from metrics.reach import Reach

__all__ = ["DEFINITIONS", "copy_definitions", "marks_of_definitions"]

DEFINITIONS = "definitions"
FEWEST_WORDS = 2


def marks_of_definitions(session: Session) -> Marks:
    """What has to be left out of the words of a company's definitions."""
    return marks_of(session, [file.read_text(encoding="utf-8") for file in _own(session.company.folder)], FEWEST_WORDS)


def _own(folder: Path) -> list[Path]:
    """The files of a company in which people write words about numbers."""
    return [folder / "stages.yaml", folder / "sources.yaml", *sorted((folder / "definitions").glob("*.yaml"))]


def copy_definitions(session: Session, into: Path, marks: Marks) -> None:
    """Company, stages and sources, the company's definitions, and the standard ones.

    Nothing is computed from the copies of company.yaml and sources.yaml: of the one every address is left out, of the
    other names of contacts too.
    """
    folder = session.company.folder
    for source in (folder / "company.yaml", *_own(folder)):
        _copy(source, into / source.relative_to(folder))
    for source in sorted(STANDARD.glob("*.yaml")):
        _copy(source, into / "standard" / source.name)
    _write(into / "company.yaml", replace(marks, names=()).left_out((into / "company.yaml").read_text("utf-8")))
    _write(into / "sources.yaml", marks.left_out((into / "sources.yaml").read_text("utf-8")))
    texts = {file: file.read_text("utf-8") for file in _own(into) if file.name != "sources.yaml"}
    held = {file: text for file, text in texts.items() if marks.places(text)}
    if held:
        _mark(session, into, marks, held)


def _mark(session: Session, into: Path, marks: Marks, held: Mapping[Path, str]) -> None:
    """Put all marks where that changes no fingerprint; else one by one, each only where it changes none."""
    before = _fingerprints(session, into)
    for file, text in held.items():
        _write(file, marks.left_out(text))
    if _fingerprints(session, into) == before:
        return
    for file, text in held.items():
        _write(file, text)
    for file, text in held.items():
        # From the end, so that the places before it stay where they are.
        for start, end, mark in reversed(marks.places(text)):
            tried = text[:start] + mark + text[end:]
            _write(file, tried)
            if _fingerprints(session, into) == before:
                text = tried
            _write(file, text)


def _fingerprints(session: Session, folder: Path) -> Mapping[str, str] | None:
    """That of the stages and of every metric, as the texts in a folder make them; None where they cannot be read."""
    company, problems = replace(session.company, folder=folder), Problems()
    try:
        stages = read_stages(company, problems)
        problems.raise_if_any()
        definitions = load_definitions(company, session.manifest.describe(), standard=folder / "standard")
    except InvalidFiles:
        return None
    reach = Reach(session.company, session.manifest, definitions)
    made = {name: fingerprint(reach, metric) for name, metric in definitions.metrics.items()}
    return {"stages": stages.fingerprint, **{f"metric {name}": value for name, value in made.items()}}


def _copy(source: Path, into: Path) -> None:
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_bytes(source.read_bytes())


def _write(file: Path, text: str) -> None:
    file.write_bytes(text.encode())
