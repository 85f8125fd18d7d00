"""The test company in a folder and with a ledger of a test's own, its stage mql decided by a rule."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import replace
from pathlib import Path

from alignment.ledger import Ledger
from alignment.proposals import propose, sign
from metrics import Session
from tests.conftest import BRIGHTWATER

__all__ = [
    "MARKETING",
    "OTHER_MARKETING",
    "OTHER_SALES",
    "PARTNER",
    "SALES",
    "STRICTER",
    "ruled_company",
    "signed_rule",
]

MARKETING, OTHER_MARKETING, SALES, OTHER_SALES, PARTNER = "p-01", "p-02", "p-04", "p-05", "p-12"
STRICTER = "from: 2027-01-01\nwhen: interest >= 20\n"
_RULES = """
# How a lead qualifies.
scores:
  interest: 10 * forms + visits
rules:
  mql_rule:
    - from: 2025-01-01   # the first
      when: "forms >= 1"
    # After the workshop.
    - from: 2026-01-01
      when: interest >= 10
      agreed: {marketing: 2025-12-01, sales: 2025-12-02}
"""


def ruled_company(demo: Session, folder: Path) -> Session:
    """A session on the shared data. The company has an id of its own, which is what a PostgreSQL keeps it apart by."""
    shutil.copytree(BRIGHTWATER, folder, ignore=shutil.ignore_patterns("raw"))
    own = f"t{uuid.uuid4().hex[:12]}"
    _mend(folder / "company.yaml", "id: brightwater\n", f"id: {own}\n")
    _mend(folder / "stages.yaml", "known_by: {crm: [MQL", "known_by: {rule: mql_rule, crm: [MQL")
    with (folder / "stages.yaml").open("a", encoding="utf-8") as stages:
        stages.write(_RULES)
    return Session(replace(demo.company, id=own, folder=folder), demo.generation, demo.definitions)


def signed_rule(ledger: Ledger, session: Session, text: str = STRICTER) -> int:
    """A version of the rule that both teams have signed."""
    made = propose(ledger, session, "rule", "mql_rule", text, by=MARKETING)
    sign(ledger, session, made, by=MARKETING)
    sign(ledger, session, made, by=SALES)
    return made.id


def _mend(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
