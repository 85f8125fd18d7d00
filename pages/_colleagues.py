"""Until there is a sign-in: whoever writes something chooses their name, and is told that nobody has verified it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

__all__ = ["UNVERIFIED", "choose_name"]

UNVERIFIED = "There is no sign-in yet: choose your name. Every entry is marked unverified."


def choose_name(people: Sequence[str], key: str, name: Callable[[str], str] = str) -> str | None:
    """Who writes, of `people`; None as long as nobody is chosen. `name` is how each is shown."""
    return st.selectbox("Your name", people, format_func=name, index=None, key=key, placeholder="Choose your name")
