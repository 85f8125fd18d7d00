"""Text from data made safe to show, beside the words for numbers. Computes nothing and knows no Streamlit.

Plain text becomes part of Markdown, HTML or a Plotly label only through `escape` (or `strong`); `st.text` and the cells
of `st.dataframe` take it as it is.
"""

from __future__ import annotations

import re
import string

from alignment.numbers import (
    MISSING,
    Change,
    Unit,
    change,
    count,
    days,
    hours,
    money,
    months,
    number,
    parts,
    points,
    rate,
    times,
)

__all__ = [
    "MISSING",
    "Change",
    "Unit",
    "change",
    "count",
    "days",
    "escape",
    "hours",
    "money",
    "months",
    "number",
    "parts",
    "points",
    "rate",
    "shortened",
    "strong",
    "times",
]

_JOINER = "\u2060"  # has no width and no meaning; it only parts two characters

# All but the spaces that hold a number and its unit together.
_BLANKS = re.compile(r"(?:[^\S\u00a0\u202f]|[\x00-\x1f\x7f-\x9f])+")
_DIRECTION_MARKS = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ENTITIES = {ord(sign): f"&#{ord(sign)};" for sign in string.punctuation}
# What Markdown renderers still recognise after entities have been read: :emoji:, links without brackets,
# e-mail addresses, arrows and dashes of the keyboard.
_JOINTS = re.compile(r"(?<=:)(?=[\w+/-])|(?<=www)(?=\.)|(?=@)|(?<=[-<>=~])(?=[-<>=~])", re.IGNORECASE)


def escape(text: object) -> str:
    """The text as it is written, on one line, in Markdown, in HTML (also in attributes) and in Plotly's labels.

    Punctuation becomes numeric entities, which all three read back and none of them obeys. Where Markdown obeys
    even what it has read back (`:smile:`, `www.`), a joiner without width parts the characters. Marks that turn the
    direction of reading are dropped: with them one name can show as another.
    """
    line = _BLANKS.sub(" ", "" if text is None else str(text)).strip()
    line = _DIRECTION_MARKS.sub("", line).encode("utf-8", "replace").decode("utf-8")
    return _JOINTS.sub(_JOINER, line).translate(_ENTITIES)


def strong(text: object) -> str:
    """Bold Markdown around text from data."""
    return f"**{escape(text)}**"


def shortened(text: str, length: int) -> str:
    """At most `length` characters, the last of them an ellipsis where something was cut."""
    line = _BLANKS.sub(" ", text).strip()
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
