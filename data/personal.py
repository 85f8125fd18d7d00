"""The only opener of the personal file: names, e-mails and phones of contacts. Every reading is logged.

Personal columns are joined to rows here, outside SQL, so that no expression of an analyst can reach them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import secrets
from collections.abc import Iterable

import polars as pl

from data.company import Company
from data.engine import DuckDBEngine
from data.generations import Generation

__all__ = ["email_hash_key", "names_in", "read_personal"]


def email_hash_key(company: Company) -> bytes:
    """The secret that keys the hash of e-mails; made once per company, readable by its owner only."""
    file = company.state / "email.key"
    if not file.exists():
        # Written apart and linked whole: half a key, left by a full disk or a cut, would be used from then on.
        file.parent.mkdir(parents=True, exist_ok=True)
        apart = file.with_name(f"email.key.{secrets.token_hex(4)}")
        try:
            with os.fdopen(os.open(apart, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as made:
                made.write(secrets.token_hex(32))
                made.flush()
                os.fsync(made.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(apart, file)
        finally:
            apart.unlink(missing_ok=True)
    return bytes.fromhex(file.read_text(encoding="ascii"))


def read_personal(company: Company, generation: Generation, contact_ids: Iterable[str], viewer: str) -> pl.DataFrame:
    """Columns (contact_id, name, email, phone) of the given contacts; who read how many goes to personal.log."""
    wanted = sorted(set(contact_ids))
    engine = DuckDBEngine(generation.personal)
    try:
        columns = '"contact_id", "name", "email", "phone"'
        sql = f'SELECT {columns} FROM "contacts" WHERE "contact_id" IN (SELECT unnest($ids))'
        found = engine.run(sql, {"ids": wanted})
    finally:
        engine.close()
    _log(company, viewer, found.height)
    return found


def names_in(company: Company, generation: Generation, text: str, viewer: str) -> list[str]:
    """The names of contacts of three letters or more that stand in a text, so that they can be left out; it is logged.

    Their first word is one of the text; what follows may be a part of another: who leaves it out looks at the words.
    """
    engine = DuckDBEngine(generation.personal)
    # Looking for each of a million names takes a minute; the first word alone leaves few of them.
    words = sorted(set(re.findall(r"\w+", text.lower())))
    try:
        sql = r"""
            SELECT DISTINCT "name" FROM "contacts"
            WHERE length("name") > 2 AND regexp_extract(lower("name"), '[\pL\pN_]+') IN (SELECT unnest($words))
        """
        known = engine.run(sql, {"words": words})["name"].to_list()
    finally:
        engine.close()
    said = text.lower()
    found = [name for name in known if name.lower() in said]
    _log(company, viewer, len(found))
    return found


def _log(company: Company, viewer: str, contacts: int) -> None:
    entry = {"at": dt.datetime.now(dt.UTC).isoformat(), "viewer": viewer, "contacts": contacts}
    with (company.state / "personal.log").open("a", encoding="utf-8") as log:
        log.write(json.dumps(entry) + "\n")
