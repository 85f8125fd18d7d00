"""Write the demo company's raw files, all or none: large ones as Parquet, the others as CSV."""

from __future__ import annotations

import datetime as dt
import tempfile
import zlib
from pathlib import Path

import numpy as np
import polars as pl

from data.demo import activities, crm, deals, dirt, money
from data.demo.accounts import Accounts, account_rows, draw_accounts
from data.demo.arrays import DAY, Ints
from data.demo.calendar import Calendar
from data.demo.colleagues import colleagues
from data.demo.contacts import Contacts, contact_rows, draw_contacts
from data.demo.demand import Demand
from data.demo.journeys import Passes, first_passes, joined, later_passes
from data.demo.lists import campaign_rows, content_rows
from data.demo.strings import CampaignStrings
from data.demo.touches import Web, identity_rows, second_form_rows, touch_rows
from data.progress import Progress

__all__ = ["generate"]

# Touches of so many contacts are in memory at once, and in one part of the file.
CHUNK = 100_000
ROW_GROUP = 200_000


def generate(folder: Path, contacts: int, until: dt.date, seed: int, progress: Progress) -> None:
    """Write two years of a made-up company, up to and with the day `until`, into `folder`; what was there goes.

    Equal arguments give equal files on every day and machine. `contacts` is at least 500; every count is in
    proportion to it. The folder is replaced when all files are complete.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as made:
        new = Path(made) / "new"
        new.mkdir()
        _Company(contacts, until, seed, progress).write(new)
        if folder.exists():
            folder.rename(Path(made) / "old")
        new.rename(folder)
    progress("Done", 1.0)


class _Company:
    """Everything that is drawn once; then one method per file."""

    def __init__(self, contacts: int, until: dt.date, seed: int, progress: Progress) -> None:
        self._seed = (seed, contacts, until.toordinal())
        self.progress = progress
        progress("Two years of leads", 0.0)
        self.calendar = Calendar(until, self._draws("noise"))
        self.demand = Demand(self.calendar)
        self.accounts: Accounts = draw_accounts(contacts, self._draws("accounts"))
        self.contacts: Contacts = draw_contacts(
            contacts, self.accounts, self.demand, self.calendar, self._draws("contacts")
        )
        progress("What became of them", 0.1)
        first = first_passes(self.contacts, self.calendar, self._draws("first passes"))
        later = later_passes(self.contacts, first, self.calendar, self._draws("later passes"))
        self.passes: Passes = joined(first, later)
        self.deals = deals.draw_deals(self.passes, self.contacts, self.accounts, self.calendar, self._draws("deals"))
        self.duplicates = dirt.draw_duplicates(
            self.contacts, len(self.accounts.region), self.calendar, self._draws("duplicates")
        )
        self.strings = CampaignStrings(self.calendar)

    def _draws(self, name: str) -> np.random.Generator:
        """Random numbers of their own for each subject, so that a change to one leaves the others as they are."""
        return np.random.default_rng([*self._seed, zlib.crc32(name.encode())])

    def write(self, folder: Path) -> None:
        """All files, the largest last."""
        self.progress("Accounts, contacts and deals", 0.2)
        accounts = self._accounts()
        contacts = self._contacts(accounts["domain"])
        self._write_lists(folder)
        self._write_csv(folder, "accounts", dirt.account_slips(accounts, self.duplicates, self._draws("account slips")))
        self._write_csv(folder, "merges", dirt.merge_rows(len(self.contacts), self.duplicates, self.calendar))
        slips = dirt.contact_slips(contacts, self.duplicates, self.calendar, self._draws("contact slips"))
        self._write_parquet(folder, "contacts", slips)
        self._write_crm(folder, accounts["name"])
        self._write_money(folder)
        self.progress("Activities", 0.4)
        done = activities.activity_rows(self.passes, self.deals, self.calendar, self._draws("activities"))
        self._write_parquet(folder, "activities", done)
        self._write_parquet(folder, "identities", identity_rows(self.contacts, self.calendar))
        self._write_touches(folder, contacts["email"])

    def _exported(self, rows: pl.DataFrame) -> pl.DataFrame:
        """With the day of the export in each line: a file without an event on the last day still covers it."""
        return rows.with_columns(pl.lit(self.calendar.dates[self.calendar.days - 1]).alias("exported_on"))

    def _write_csv(self, folder: Path, name: str, rows: pl.DataFrame, separator: str = ",") -> None:
        target = folder / f"{name}.csv"
        self._exported(rows).write_csv(target, separator=separator, datetime_format="%Y-%m-%d %H:%M:%S")

    def _write_parquet(self, folder: Path, name: str, rows: pl.DataFrame) -> None:
        self._exported(rows).write_parquet(folder / f"{name}.parquet", compression_level=1, row_group_size=ROW_GROUP)

    def _accounts(self) -> pl.DataFrame:
        """Accounts were on a list before anybody of them came."""
        rng, count = self._draws("lists"), len(self.accounts.region)
        seen = rng.integers(-500 * DAY, -100 * DAY, count)
        named = self.contacts.account >= 0
        np.minimum.at(seen, self.contacts.account[named], self.contacts.created[named] - 120 * DAY)
        return account_rows(self.accounts, seen, self._hostile(), self.calendar)

    def _hostile(self) -> Ints:
        """Accounts that get hostile names: small ones with a deal, so that they stand in lists, but never on top."""
        leads = np.bincount(self.contacts.account[self.contacts.account >= 0], minlength=len(self.accounts.region))
        dealt = np.unique(self.deals.account[self.deals.account >= 0])
        small = dealt[leads[dealt] <= 2]
        return small[np.unique(np.linspace(0, len(small) - 1, 5)[1:-1].astype(np.int64))]

    def _contacts(self, domains: pl.Series) -> pl.DataFrame:
        owner: Ints = np.full(len(self.contacts), -1)
        given, sold = self.passes.assigned < self.calendar.end, self.passes.deal < self.calendar.end
        owner[self.passes.contact[given]] = self.passes.rep[given]
        owner[self.passes.contact[sold]] = self.passes.seller[sold]
        return contact_rows(self.contacts, domains, owner, self.calendar)

    def _write_crm(self, folder: Path, account_names: pl.Series) -> None:
        calendar, passes = self.calendar, self.passes
        changes = pl.concat(
            [
                crm.stages_of_contacts(passes, calendar, self._draws("stages")),
                deals.stages_of_deals(self.deals, calendar),
            ]
        ).sort("changed_at", "object_id", "stage")
        changes = dirt.stage_slips(changes, self._draws("stage slips"))
        self._write_parquet(folder, "stage_changes", changes)
        facts = crm.facts(self.contacts, passes, calendar, self._draws("facts"))
        self._write_parquet(folder, "contact_facts", facts)
        self._write_csv(folder, "assignments", crm.assignments(passes, calendar))
        decided = crm.decisions(passes, calendar, self._draws("verdicts"))
        self._write_csv(folder, "lead_decisions", dirt.decision_slips(decided, self._draws("verdict slips")))
        rows = deals.deal_rows(self.deals, account_names, calendar, self._draws("deal rows"))
        self._write_csv(folder, "deals", dirt.deal_slips(rows, self._draws("deal slips")))
        named = deals.contact_rows_of_deals(self.deals, self.contacts, self._draws("deal contacts"))
        self._write_csv(folder, "deal_contacts", named)

    def _write_money(self, folder: Path) -> None:
        spent = money.spend_rows(len(self.contacts), self.demand, self.strings, self.calendar, self._draws("spend"))
        self._write_csv(folder, "spend", dirt.spend_slips(spent), separator=";")
        self._write_csv(folder, "costs", money.cost_rows(len(self.contacts), self.calendar))
        self._write_csv(folder, "exchange_rates", money.rate_rows(self.calendar, self._draws("rates")))

    def _write_lists(self, folder: Path) -> None:
        self._write_csv(folder, "people", colleagues())
        self._write_csv(folder, "campaigns", campaign_rows(len(self.contacts), self.demand, self.calendar))
        self._write_csv(folder, "content", content_rows(self.calendar))

    def _write_touches(self, folder: Path, emails: pl.Series) -> None:
        web = Web(self.calendar, self.demand, self.strings, self.contacts, self.passes, emails)
        number, count = 0, len(self.contacts)
        for part, since in enumerate(range(0, count, CHUNK)):
            self.progress("Touches", 0.5 + 0.5 * since / count)
            rows = touch_rows(web, since, min(since + CHUNK, count), number, self._draws(f"touches {part}"))
            self._write_parquet(folder, f"touches-{part:02}", rows)
            number += len(rows)
        rows = second_form_rows(web, self.duplicates.contact, self.duplicates.created, number, self._draws("forms"))
        self._write_parquet(folder, "touches-late", rows)
