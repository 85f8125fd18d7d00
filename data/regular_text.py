"""The regular part of a delimited text, block by block, as columns at once. What is odd it leaves to the record reader.

A block is regular where every reader of CSV agrees on it: each line is one record of as many fields as the header has,
quotes stand only around whole fields and doubled inside them, and no sign in it ends a line or counts as blank in one
reader alone. That is proven from the bytes of the block before anything is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

import numpy as np
import polars as pl

__all__ = ["is_regular", "regular_blocks"]

# Some hundred thousand lines: more than one row group of DuckDB, which it then writes at once.
BLOCK = 1 << 25
# The record reader refuses a field of more characters.
LONGEST_FIELD = 1 << 17
_LINE_END, _QUOTE = ord("\n"), ord('"')
# Zero bytes; separators that are blank to Python alone; a mark that is dropped at the start of a text.
_ODD_SIGNS = ("\0", "\x1c", "\x1d", "\x1e", "\x1f", "\ufeff")


def regular_blocks(stream: TextIO, delimiter: str, width: int) -> Iterator[pl.DataFrame]:
    """The lines from here on, up to the first block that is not regular.

    One row per line; column `n` has the text of field n, as it is written, without the quotes around it.
    """
    rest = ""
    while text := stream.read(BLOCK):
        text = rest + text
        end = text.rfind("\n") + 1
        text, rest = text[:end], text[end:]
        if len(rest) > LONGEST_FIELD:
            return
        if text and (block := _block(text, delimiter, width)) is None:
            return
        if text and block is not None:
            yield block
    if rest and (block := _block(rest + "\n", delimiter, width)) is not None:
        yield block


def _block(text: str, delimiter: str, width: int) -> pl.DataFrame | None:
    """Whole lines as columns; None where they are not regular."""
    text = text.replace("\r\n", "\n")
    if "\r" in text or any(sign in text for sign in _ODD_SIGNS):
        return None
    written = text.encode()
    lines = is_regular(written, delimiter, width)
    if lines is None:
        return None
    names = [str(number) for number in range(width)]
    fields = pl.read_csv(
        written,
        has_header=False,
        separator=delimiter,
        schema=dict.fromkeys(names, pl.String()),
        empty_string_is_null=False,
    )
    return fields if fields.height == lines else None


def is_regular(written: bytes, delimiter: str, width: int) -> int | None:
    """The number of lines of a text in UTF-8 that ends with a line end; None where a line is not regular."""
    signs = np.frombuffer(written, dtype=np.uint8)
    ends = np.flatnonzero(signs == _LINE_END)
    starts = np.concatenate(([0], ends[:-1] + 1))
    if (ends == starts).any() or (ends - starts).max() > LONGEST_FIELD:
        return None
    delimiters = np.flatnonzero(signs == ord(delimiter))
    if _QUOTE in written:
        # 1 from an opening quote up to the sign before its closing one.
        inside = np.bitwise_xor.accumulate((signs == _QUOTE).view(np.uint8))
        if inside[ends].any() or not _stand_around_fields(signs, inside, ord(delimiter)):
            return None
        delimiters = delimiters[inside[delimiters] == 0]
    if len(delimiters) != len(ends) * (width - 1):
        return None
    if width > 1:
        by_line = delimiters.reshape(len(ends), width - 1)
        if (by_line[:, 0] < starts).any() or (by_line[:, -1] > ends).any():
            return None
    return len(ends)


def _stand_around_fields(signs: np.ndarray, inside: np.ndarray, delimiter: int) -> bool:
    """Whether each opening quote starts a field and each closing one ends it, or both stand side by side as one."""
    quotes = np.flatnonzero(signs == _QUOTE)
    opening, closing = quotes[inside[quotes] == 1], quotes[inside[quotes] == 0]
    beside = np.array([delimiter, _LINE_END, _QUOTE], dtype=np.uint8)
    before, after = signs[opening[opening > 0] - 1], signs[closing + 1]
    return bool(np.isin(before, beside).all() and np.isin(after, beside).all())
