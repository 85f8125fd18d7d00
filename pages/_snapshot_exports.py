"""The buttons that give a sealed month as a file, made when one is pressed. Computes nothing."""

from __future__ import annotations

from functools import partial

import streamlit as st

from alignment.report import FORMATS, file_name, logged
from alignment.snapshots import Snapshot
from pages._page import View

__all__ = ["exports"]

# Who looks at a page has not said who they are.
NOBODY = "not signed in"


def exports(seen: View, snapshot: Snapshot) -> None:
    """A button per format. Each file that is made is in the ledger's log of exports."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="ways_export"):
        for form, one in FORMATS.items():
            st.download_button(
                one.label,
                partial(logged, seen.session.company, snapshot, form, "a browser", NOBODY),
                file_name(snapshot, form),
                one.media,
                key=f"export_{form}",
                on_click="ignore",
                icon=":material/download:",
                help=f"The whole sealed month as {one.label}",
            )
