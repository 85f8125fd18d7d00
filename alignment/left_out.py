"""E-mail addresses and names of contacts in texts that are to be sealed, each with a mark in its place. Writes no file.

Names of contacts are known from the personal file, of which each reading is logged. In definitions a name of one word
is left, since it may be a word as well.
"""

from __future__ import annotations

import getpass
import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from alignment.addresses import ADDRESS, address_mark
from data.generations import open_generation
from data.personal import email_hash_key, names_in
from metrics import Session

__all__ = ["CONTACT", "Marks", "marks_of"]

CONTACT = "[a contact]"


@dataclass(frozen=True)
class Marks:
    """What is left out of texts: every address, by a mark keyed by `key`, and these names of contacts."""

    key: bytes
    names: tuple[str, ...]

    def places(self, text: str) -> list[tuple[int, int, str]]:
        """(start, end, mark) of everything that is to be left out of a text, in its order."""
        return [(found.start(), found.end(), self._mark(found)) for found in self._pattern().finditer(text)]

    def left_out(self, text: str) -> str:
        """The text with the marks in place."""
        return self._pattern().sub(self._mark, text)

    def left_out_of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The same of every text of a frame."""
        texts = [name for name, kind in frame.schema.items() if kind == pl.String]
        held = pl.concat([frame[name].alias("text") for name in texts]).unique().drop_nulls() if texts else ()
        marks = {text: marked for text in held if (marked := self.left_out(text)) != text}
        return frame.with_columns(pl.col(texts).replace(marks)) if marks else frame

    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(map(re.escape, self.names), key=len, reverse=True)
        names = rf"|\b(?:{'|'.join(longest_first)})\b" if self.names else ""
        return re.compile(f"(?P<address>{ADDRESS}){names}", re.IGNORECASE)

    def _mark(self, found: re.Match[str]) -> str:
        return address_mark(found[0], self.key) if found["address"] else CONTACT


def marks_of(session: Session, texts: Sequence[str], fewest_words: int = 1) -> Marks:
    """What must be left out of texts: addresses, and names of contacts that stand there and have so many words."""
    key, text = email_hash_key(session.company), "\n".join(texts)
    if not text.strip():
        return Marks(key, ())
    generation = open_generation(session.company, session.manifest.generation)
    try:
        names = names_in(session.company, generation, text, viewer=getpass.getuser())
    finally:
        generation.release()
    return Marks(key, tuple(sorted(name for name in names if len(name.split()) >= fewest_words)))
