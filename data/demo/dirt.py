"""What is wrong in the records of real companies: duplicates, merges, tests, late edits, gaps and slips of the pen.

Each function takes rows as they should be and gives them as they are. Nothing here changes a story.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from data.demo.arrays import DAY, Ints, ids, instants
from data.demo.calendar import Calendar
from data.demo.contacts import Contacts

__all__ = [
    "Duplicates", "account_slips", "contact_slips", "deal_slips", "decision_slips", "draw_duplicates", "spend_slips",
    "stage_slips",
]  # fmt: skip

DUPLICATE_CONTACTS, MERGED = 0.012, 0.7
DUPLICATE_ACCOUNTS = 0.003
UNDATED = 0.001
TESTERS = 0.0008
EDITED_LATER = 0.05
WON_WITHOUT_AMOUNT, WON_WITHOUT_DATE = 0.008, 0.006


@dataclass(frozen=True)
class Duplicates:
    """Contacts and accounts that the CRM has twice. `contact` and `account` are the places of the first records.

    `created` is when the second record of the contact was made; `merged` which of them somebody has merged since.
    """

    contact: Ints
    created: Ints
    merged: Ints
    account: Ints


def draw_duplicates(contacts: Contacts, accounts: int, calendar: Calendar, rng: np.random.Generator) -> Duplicates:
    """Which contacts filled in a form again and were not recognised, and which accounts were typed in twice."""
    chosen = np.sort(rng.choice(len(contacts), max(int(len(contacts) * DUPLICATE_CONTACTS), 2), replace=False))
    created = contacts.created[chosen] + (rng.uniform(1, 240, len(chosen)) * DAY).astype(np.int64)
    # Between ten and four, wherever they are.
    created = created // DAY * DAY + rng.integers(10 * 3_600, 16 * 3_600, len(chosen))
    chosen, created = chosen[created < calendar.end], created[created < calendar.end]
    day = created + (rng.uniform(0.1, 30, len(created)) * DAY).astype(np.int64)
    done = (rng.random(len(created)) < MERGED) & (day < calendar.end)
    merged = np.where(done, calendar.at_work(day, rng.uniform(0.1, 6, len(day))), calendar.end)
    twice = np.sort(rng.choice(accounts, max(int(accounts * DUPLICATE_ACCOUNTS), 1), replace=False))
    return Duplicates(chosen, created, merged, twice)


def second_contacts(rows: pl.DataFrame, duplicates: Duplicates, calendar: Calendar) -> pl.DataFrame:
    """The second records: the same person and address, a new number, nobody's lead."""
    count = len(duplicates.contact)
    return rows[duplicates.contact].with_columns(
        ids("c", len(rows) + np.arange(count), 7).alias("contact_id"),
        pl.lit(None, pl.String).alias("owner_id"),
        pl.lit(None, pl.String).alias("phone"),
        instants(calendar.first, duplicates.created, calendar.end).alias("created_at"),
    )


def contact_slips(
    rows: pl.DataFrame, duplicates: Duplicates, calendar: Calendar, rng: np.random.Generator
) -> pl.DataFrame:
    """Contacts with duplicates, some without a date, and our own people's tests."""
    twice = pl.Series("account_id", ids("a", duplicates.account, 6))
    moved = pl.col("account_id").is_in(twice.to_list()) & (pl.int_range(pl.len()) % 2 == 1)
    rows = rows.with_columns(
        pl.when(moved).then(pl.col("account_id").str.replace("a", "b")).otherwise("account_id").alias("account_id")
    )
    rows = pl.concat([rows, second_contacts(rows, duplicates, calendar)])
    undated = pl.Series(rng.random(len(rows)) < UNDATED)
    rows = rows.with_columns(pl.when(~undated).then("created_at").alias("created_at"))
    testers = rows[np.sort(rng.integers(0, len(rows), max(int(len(rows) * TESTERS), 2)))].with_columns(
        ids("c", 9_000_000 + np.arange(max(int(len(rows) * TESTERS), 2)), 7).alias("contact_id"),
        pl.lit("Test").alias("first_name"),
        pl.lit("test+form@brightwater.example").alias("email"),
    )
    return pl.concat([rows, testers])


def merge_rows(contacts: int, duplicates: Duplicates, calendar: Calendar) -> pl.DataFrame:
    """Who was merged into whom; two merges lead in a circle, as after an undone clean-up."""
    done = np.flatnonzero(duplicates.merged < calendar.end)
    people = pl.DataFrame(
        {
            "object": pl.repeat("contact", len(done), eager=True),
            "old_id": ids("c", contacts + done, 7),
            "new_id": ids("c", duplicates.contact[done], 7),
            "merged_at": instants(calendar.first, duplicates.merged[done], calendar.end),
        }
    )
    account = ids("a", duplicates.account, 6)
    spring_clean = np.full(len(account), calendar.monday(8) * DAY + 10 * 3_600)
    companies = pl.DataFrame(
        {
            "object": pl.repeat("account", len(account), eager=True),
            "old_id": account.str.replace("a", "b"),
            "new_id": account,
            "merged_at": instants(calendar.first, spring_clean, calendar.end),
        }
    )
    at = instants(calendar.first, np.full(2, calendar.monday(20) * DAY + 11 * 3_600), calendar.end)
    circle = pl.DataFrame(
        {"object": ["account"] * 2, "old_id": ["b900001", "b900002"], "new_id": ["b900002", "b900001"], "merged_at": at}
    )
    return pl.concat([people, companies, circle])


def account_slips(rows: pl.DataFrame, duplicates: Duplicates, rng: np.random.Generator) -> pl.DataFrame:
    """Accounts that are there twice, and numbers of employees that are no numbers."""
    twice = rows[duplicates.account].with_columns(
        pl.col("account_id").str.replace("a", "b"), pl.col("name").str.to_uppercase()
    )
    rows = pl.concat([rows, twice])
    vague = rng.choice(len(rows), 3, replace=False)
    return rows.with_columns(rows["employees"].scatter(np.sort(vague), ["50-100", "approx. 200", "n/a"]))


def deal_slips(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Deals won without amount or close date, deals without a date, tests, and lines from before a late edit."""
    drawn = pl.Series(rng.random(len(rows)))
    won = rows["stage"] == "Won"
    rows = rows.with_columns(
        pl.when(~(won & (drawn < WON_WITHOUT_AMOUNT))).then("amount").alias("amount"),
        pl.when(~(won & (drawn > 1 - WON_WITHOUT_DATE))).then("closed_at").alias("closed_at"),
        pl.when((drawn < 0.5) | (drawn > 0.5 + UNDATED)).then("created_at").alias("created_at"),
    )
    edited = rows.filter((pl.Series(rng.random(len(rows))) < EDITED_LATER) & pl.col("closed_at").is_not_null())
    before = edited.with_columns(
        pl.lit("Proposal").alias("stage"),
        (pl.col("amount") * 6 // 500 * 100).alias("amount"),
        pl.lit(None, pl.Datetime("ms")).alias("closed_at"),
        pl.lit(None, pl.String).alias("loss_reason"),
        pl.lit(0.35).alias("probability"),
        pl.lit("Best case").alias("forecast_category"),
        pl.max_horizontal("created_at", pl.col("closed_at") - pl.duration(days=9)).alias("modified_at"),
    )
    tests = (
        rows.filter(won)
        .head(3)
        .with_columns(
            ("d9" + pl.col("deal_id").str.slice(2)).alias("deal_id"),
            pl.lit("TEST please ignore").alias("name"),
            pl.lit(999_999, pl.Int64).alias("amount"),
        )
    )
    # The export appends: an old line may stand after the one that replaced it.
    return pl.concat([before[::2], rows, before[1::2], tests])


def stage_slips(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """A few changes lost their date when the CRM was moved."""
    undated = pl.Series(rng.random(len(rows)) < UNDATED / 2)
    return rows.with_columns(pl.when(~undated).then("changed_at").alias("changed_at"))


def decision_slips(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Lines that were delivered twice, and verdicts that are none."""
    again = rows.sample(max(len(rows) // 400, 1), seed=int(rng.integers(2**31)))
    unsure = rng.choice(len(rows), 2, replace=False)
    rows = rows.with_columns(rows["decision"].scatter(np.sort(unsure), ["maybe", "ask Tariq"]))
    return pl.concat([rows, again]).sort("decided_at", "decision_id", maintain_order=True)


def spend_slips(rows: pl.DataFrame) -> pl.DataFrame:
    """Amounts that are still to come, a day that does not exist, and the total that every spreadsheet ends with."""
    rows = rows.with_columns(
        rows["Kosten"].scatter([len(rows) // 3, len(rows) // 2], ["k. A.", "folgt"]),
        rows["Datum"].scatter([len(rows) // 4], ["31.02.2026"]),
    )
    total = pl.DataFrame({"Datum": ["Summe"], "Kosten": ["1.234.567,89"]})
    return pl.concat([rows, total], how="diagonal")
