"""What became of a form that was sent, told at the top of its frame at the next run. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from data.errors import TandemError
from pages._words import escape

__all__ = ["tell", "told"]


def tell(key: str) -> None:
    """What is to be told under a key, once."""
    said, is_kept = st.session_state.pop(key, ("", True))
    if said:
        (st.success if is_kept else st.error)(escape(said))


@contextmanager
def told(key: str, done: str) -> Iterator[None]:
    """Says at the next run that something was done, or why it was not; what was typed then stays in its fields."""
    try:
        yield
    except TandemError as error:
        st.session_state[key] = str(error), False
    else:
        st.session_state[key] = done, True
