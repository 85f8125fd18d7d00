"""E-mail addresses in what is to be sealed, each replaced by a mark that tells it from others. Reads no file.

The mark is keyed by the company's secret: the same address has the same mark in every snapshot of a company, so that
records can be compared, and nobody can guess back from it.
"""

from __future__ import annotations

import hashlib
import hmac
import re

import polars as pl

__all__ = ["ADDRESS", "address_mark", "frame_without_addresses", "without_addresses"]

_PART = r"[^\s\"'`<>()\[\]{},;:=/|@]+"
ADDRESS = rf"{_PART}@{_PART}\.\w+"
_PATTERN = re.compile(ADDRESS)


def address_mark(address: str, key: bytes) -> str:
    """The mark of an e-mail address, such as address-3f2a9c01b4d7."""
    return f"address-{hmac.new(key, address.casefold().encode(), hashlib.sha256).hexdigest()[:12]}"


def without_addresses(text: str, key: bytes) -> str:
    """The text with its mark in the place of each e-mail address."""
    return _PATTERN.sub(lambda found: address_mark(found[0], key), text)


def frame_without_addresses(frame: pl.DataFrame, key: bytes) -> pl.DataFrame:
    """The same of every text of a frame."""
    for name, kind in frame.schema.items():
        if kind != pl.String:
            continue
        held = frame[name].unique().drop_nulls()
        held = held.filter(held.str.contains(ADDRESS))
        if held.len():
            marks = {text: without_addresses(text, key) for text in held}
            frame = frame.with_columns(pl.col(name).replace(marks))
    return frame
