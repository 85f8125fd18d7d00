"""The questions of the first page, asked alike by the page and by the server's warm-up. Draws nothing."""

from __future__ import annotations

from alignment.agreement import promises_about
from metrics import Answer, Session
from pages import _filters, _page, _pictures
from pages._page import View
from pages._theme import LIGHT

__all__ = ["TILES", "ask_all", "numbers", "origins"]

TILES = ("leads", "mqls", "sals", "opportunities", "customers", "won_revenue")


def numbers(seen: View) -> Answer:
    """The tiles of the period."""
    return _page.ask(seen, TILES)


def origins(seen: View) -> Answer:
    """The leads of the period, by channel."""
    return _page.ask(seen, ("leads",), by=("channel",))


def ask_all(session: Session) -> None:
    """Ask all that a viewer without filters sees first, so that it is known when somebody comes."""
    seen = _filters.first_view(session, LIGHT)
    numbers(seen)
    origins(seen)
    _page.history(seen, TILES)
    promises_about(session, TILES, seen.where, seen.period.last)
    _pictures.step_cohort(seen)
