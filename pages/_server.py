"""What one server holds for all its viewers: the open company, made warm when the server starts. Shows nothing."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import streamlit as st

from data.company import company_folder
from data.errors import TandemError
from data.refresh import needs_refresh
from metrics import OpenCompany, open_company
from pages import _week

__all__ = ["opened", "warm", "warmed"]


@st.cache_resource(show_spinner=False)
def opened(folder: str) -> OpenCompany:
    """One open company for all viewers of this process."""
    return open_company(folder)


def warm() -> None:
    """Open the company and ask what its first page asks, where there is data to read.

    What is wrong with the company is told to the first viewer, where somebody reads it.
    """
    with suppress(TandemError):
        company = opened(str(company_folder()))
        if not needs_refresh(company.company):
            _week.ask_all(company.at())


@asynccontextmanager
async def warmed(_: object) -> AsyncIterator[None]:
    """The life of the server: viewers are served at once, while a thread beside them warms up."""
    threading.Thread(target=warm, name="warm-up").start()
    yield
