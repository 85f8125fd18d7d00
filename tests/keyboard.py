"""A page of Tandem walked by the keys of a keyboard: to a field by its name, by no pointer. Asserts what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["Keyboard", "a_proposal", "a_verdict", "a_workshop"]

MILLISECONDS = 60_000
MOST = 250
# What a screen reader says of the element that has the focus.
FOCUSED = """() => {
  const it = document.activeElement
  const label = it.labels && it.labels.length ? it.labels[0].innerText : ''
  return (it.getAttribute('aria-label') || label || it.innerText || '').trim()
}"""


class Keyboard:
    """Keys pressed on an open page."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}/{path}", timeout=MILLISECONDS)
        self.page.locator(".stMain h1").wait_for(timeout=MILLISECONDS)
        self.page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached", timeout=MILLISECONDS)
        self.settle()

    def settle(self) -> None:
        self.page.wait_for_timeout(300)
        self.page.locator('.stApp[data-test-script-state="notRunning"]').wait_for(timeout=MILLISECONDS)

    def reach(self, name: str) -> None:
        """Tab until what has the focus is called so."""
        said = []
        for _ in range(MOST):
            self.page.keyboard.press("Tab")
            said.append(self.page.evaluate(FOCUSED))
            if said[-1].startswith(name):
                return
        raise AssertionError(f"'{name}' is not reached by Tab, which leads to: {list(dict.fromkeys(said))}")

    def type(self, name: str, text: str) -> None:
        self.reach(name)
        self.page.keyboard.type(text)

    def choose(self, name: str, option: str) -> None:
        """An option of a list, by the beginning of its name."""
        self.type(name, option)
        self.page.get_by_role("option", name=option).first.wait_for(timeout=MILLISECONDS)
        self.page.keyboard.press("Enter")
        self.settle()

    def press(self, name: str) -> None:
        self.reach(name)
        self.page.keyboard.press("Enter")
        self.settle()

    def told(self, sentence: str) -> None:
        self.page.get_by_text(sentence).first.wait_for(timeout=MILLISECONDS)


def a_proposal(keys: Keyboard, name: str) -> None:
    """Another number is proposed for a promise; then it is commented on and signed."""
    keys.open("agreement")
    keys.press("Propose a new version")
    keys.type("Its target", "99")
    # From the year the keys lead on to the month and the day by themselves.
    keys.type("year, From", "20270101")
    keys.choose("Your name", name)
    keys.press("Propose")
    keys.told("Your proposal stands in the ledger, unverified.")
    keys.press("Read, comment, sign or adopt one")
    keys.choose("Your name", name)
    keys.type("Your comment", "More than that we cannot call.")
    keys.press("Comment")
    keys.told("Your comment stands in the ledger, unverified.")
    keys.press("Sign for my team")
    keys.told("Your signature stands in the ledger, unverified.")


def a_verdict(keys: Keyboard, name: str) -> None:
    keys.open("handoff")
    keys.choose("Your name", name)
    keys.choose("Your verdict", "Accept")
    keys.press("Give the verdict")
    keys.told("Your verdict stands in the ledger.")


def a_workshop(keys: Keyboard, name: str) -> None:
    keys.open("strategy")
    keys.press("Write down a workshop")
    keys.type("Subject", "What a lead is worth")
    keys.choose("Who came", name)
    # The list of a field in which several are chosen stays open.
    keys.page.keyboard.press("Escape")
    keys.type(f"What {name} put in", "Buyers ask for prices")
    keys.type("Decisions", "Ask again in spring")
    keys.choose("Your name", name)
    keys.press("Keep the workshop")
    keys.told("The workshop stands in the ledger.")
