"""A whole small company in a folder: its three files and raw CSV files, changed at will. Asserts nothing."""

from __future__ import annotations

from pathlib import Path

from data.company import Company, read_company
from data.generations import Manifest
from data.refresh import refresh

__all__ = ["DEALS", "LAST", "PEOPLE", "SmallCompany"]

COMPANY = """\
id: small
name: Small & Sons
currency: EUR
time_zone: Europe/Berlin
"""

SOURCES = """\
files:
  people:
    path: people.csv
    through: 2026-03-31
    columns: {contact_id: text, name: text, email: text, created_on: date, channel: text}
  deals:
    path: deals.csv
    through: 2026-03-15
    columns: {deal_id: text, contact_id: text, amount: number, closed_on: date}
  spend:
    path: spend.csv
    through: 2026-01-31
    columns: {day: date, cost: number}
tables:
  contacts:
    - {from: people, contact_id: contact_id, name: name, email: email, created_at: created_on, original_source: channel}
  deals:
    - {from: deals, deal_id: deal_id, amount: amount, closed_at: closed_on, is_won: true, is_closed: true}
  deal_contacts:
    - {from: deals, deal_id: deal_id, contact_id: contact_id, is_primary: true}
  spend:
    - {from: spend, spent_on: day, amount: cost}
absent: [lost deals, open deals, visits]
"""

STAGES = """\
stages:
  - {name: lead, band: TOFU, owner: marketing, means: A contact we may write to., known_by: created}
  - {name: customer, band: BOFU, owner: sales, means: Has signed., known_by: deal_won}
"""

PEOPLE = """\
contact_id,name,email,created_on,channel
c1,Ada Lovelace,ada@mill.example,2026-01-05,search
c2,Jean Bartik,jean@mill.example,2026-02-10,search
c3,Mary Keller,mary@mill.example,2026-03-02,fair
c4,Ida Rhodes,ida@mill.example,2026-03-10,
"""
DEALS = """\
deal_id,contact_id,amount,closed_on
d1,c1,1000.00,2026-02-04
d2,c3,250.50,2026-03-12
"""
SPEND = "day,cost\n2026-01-15,99.90\n"

# The earliest `through` of the files that stages are read from; that of spend is earlier, and no stage needs it.
LAST = "2026-03-15"


class SmallCompany:
    """Four contacts, two of them customers, one day of spend."""

    def __init__(self, folder: Path, *, is_made: bool = False) -> None:
        self.folder = folder
        if not is_made:
            self._make()

    def _make(self) -> None:
        self.folder.mkdir(parents=True)
        files = {"company.yaml": COMPANY, "sources.yaml": SOURCES, "stages.yaml": STAGES}
        for name, text in {**files, "people.csv": PEOPLE, "deals.csv": DEALS, "spend.csv": SPEND}.items():
            self.write(name, text)

    def write(self, name: str, content: str | bytes) -> None:
        raw = content.encode() if isinstance(content, str) else content
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).write_bytes(raw)

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a text in a file that must hold it."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    @property
    def company(self) -> Company:
        return read_company(self.folder)

    def refresh(self) -> Manifest:
        return refresh(self.company, lambda *_: None)
