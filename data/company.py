"""A company folder and its company.yaml. Knows nothing of sources, stages or metrics."""

from __future__ import annotations

import datetime as dt
import functools
import os
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from data.errors import InvalidFiles, Place, Problem, Problems, did_you_mean
from data.yaml_files import Fields, Node, read_yaml

__all__ = ["MONTHS", "PROJECT", "WEEKDAYS", "Company", "company_folder", "is_zone", "read_company", "zone_hint"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
ENGINES = ("duckdb",)
ID, CURRENCY, SPAN = r"[a-z0-9][a-z0-9_-]{0,39}", r"[A-Z]{3}", r"(\d\d?):(\d\d)-(\d\d?):(\d\d)"
CRM_OBJECTS = ("contact", "account", "deal")
PROJECT = Path(__file__).resolve().parent.parent

KEYS = (
    "id", "name", "currency", "time_zone", "week_starts", "fiscal_year_starts", "business_hours", "holidays",
    "close_day", "gross_margin", "crm_links", "engine", "ledger",
)  # fmt: skip

Hours = tuple[dt.time, dt.time]


@dataclass(frozen=True)
class Company:
    """Who the numbers are about, and how it counts days, weeks and money.

    `business_hours` gives (from, until) local time per weekday, 0 = Monday; a missing weekday is not worked.
    `week_starts` is 0 for Monday; `fiscal_year_starts` is a month, 1 to 12. `ledger` is the URL of the PostgreSQL
    database that keeps what people type, None for a file beside the generations.
    """

    folder: Path
    id: str
    name: str
    currency: str
    time_zone: str
    week_starts: int = 0
    fiscal_year_starts: int = 1
    business_hours: Mapping[int, Hours] = field(default_factory=dict)
    holidays: frozenset[dt.date] = frozenset()
    close_day: int = 3
    gross_margin: float | None = None
    crm_links: Mapping[str, str] = field(default_factory=dict)
    engine: str = "duckdb"
    ledger: str | None = None

    @property
    def state(self) -> Path:
        """Where generations, keys and logs of this company are kept; never in git."""
        return Path(os.environ.get("TANDEM_VAR", PROJECT / "var")) / self.id


def company_folder(given: str | Path | None = None) -> Path:
    """The folder asked for, else TANDEM_COMPANY, else the demo. Relative paths start at the working directory."""
    chosen = given or os.environ.get("TANDEM_COMPANY") or PROJECT / "examples" / "demo"
    folder = Path(chosen)
    if not folder.is_dir():
        message = "this company folder does not exist. Give one with --company FOLDER or TANDEM_COMPANY."
        raise InvalidFiles([Problem(Place(str(chosen)), message)])
    return folder


def read_company(folder: Path) -> Company:
    """company.yaml of a folder. Raises InvalidFiles with every problem in it."""
    problems = Problems()
    node = read_yaml(folder / "company.yaml", problems)
    problems.raise_if_any()
    assert node is not None
    company = _company(folder, Fields(node, problems, "", KEYS))
    problems.raise_if_any()
    return company


def _company(folder: Path, fields: Fields) -> Company:
    name = fields.text("id", required=True) or ""
    if name and not re.fullmatch(ID, name):
        fields.report("id", f"'id' is '{name}'; it names a folder: lower-case letters, digits, - and _, at most 40.")
    currency = fields.text("currency", required=True) or ""
    if currency and not re.fullmatch(CURRENCY, currency):
        fields.report("currency", f"'currency' is '{currency}'; write an ISO code of three capitals such as EUR.")
    week_starts = fields.choice("week_starts", WEEKDAYS)
    fiscal = fields.choice("fiscal_year_starts", MONTHS)
    close_day = fields.integer("close_day", 1, 28)
    return Company(
        folder=folder,
        id=name,
        name=fields.text("name", required=True) or name,
        currency=currency,
        time_zone=_zone(fields),
        week_starts=WEEKDAYS.index(week_starts) if week_starts else 0,
        fiscal_year_starts=MONTHS.index(fiscal) + 1 if fiscal else 1,
        business_hours=_business_hours(fields),
        holidays=_holidays(fields),
        close_day=close_day if close_day is not None else 3,
        gross_margin=fields.number("gross_margin", 0, 1),
        crm_links=_crm_links(fields),
        engine=fields.choice("engine", ENGINES) or "duckdb",
        ledger=_ledger(fields),
    )


def _ledger(fields: Fields) -> str | None:
    """A URL without a password: company.yaml is read by many, and kept in git."""
    url = fields.text("ledger")
    if url and not url.startswith("postgresql://"):
        fields.report("ledger", "'ledger' must be postgresql://USER@HOST:PORT/DATABASE. Without it SQLite is used.")
    elif url and re.match(r"postgresql://[^/@]*:[^/]*@", url):
        fields.report(
            "ledger",
            "'ledger' holds a password, and company.yaml is no place for one. Leave it out here, and give it in the"
            " environment variable PGPASSWORD, or the whole URL in TANDEM_LEDGER.",
        )
    return url


def _zone(fields: Fields) -> str:
    zone = fields.text("time_zone", required=True) or "UTC"
    if not is_zone(zone):
        fields.report("time_zone", f"unknown time zone '{zone}'. {zone_hint(zone)}")
    return zone


def is_zone(name: str) -> bool:
    """Whether the time-zone database knows the name."""
    return name in _zones()


@functools.cache
def _zones() -> frozenset[str]:
    """The names of the time-zone database, which are many files to look at."""
    return frozenset(zoneinfo.available_timezones())


def zone_hint(zone: str) -> str:
    """The nearest right spelling of a time zone, and what to write."""
    hint = did_you_mean(zone, _zones()).split("Known:")[0]
    return f"{hint}Write a name of the IANA database such as Europe/Berlin."


def _holidays(fields: Fields) -> frozenset[dt.date]:
    days: set[dt.date] = set()
    for node in fields.items("holidays"):
        if isinstance(node.value, dt.date):
            days.add(node.value)
        else:
            fields.problems.add(
                node.place, f"'holidays' is a list of dates such as 2026-01-01; this is '{node.value}'."
            )
    return frozenset(days)


def _business_hours(fields: Fields) -> Mapping[int, Hours]:
    """`{mon-fri: "09:00-18:00", sat: "10:00-14:00"}`; without the key Monday to Friday, 9 to 18."""
    if "business_hours" not in fields:
        return {day: (dt.time(9), dt.time(18)) for day in range(5)}
    hours: dict[int, Hours] = {}
    short = [day[:3] for day in WEEKDAYS]
    for key, node in fields.entries("business_hours"):
        first, _, last = key.partition("-")
        span = _span(node)
        if first not in short or (last or first) not in short or short.index(last or first) < short.index(first):
            fields.problems.add(node.place, f"'{key}' is not a day or a span of days. Write mon, tue, ... or mon-fri.")
        elif span is None:
            fields.problems.add(node.place, f"'{key}' must be hours such as \"09:00-18:00\", not '{node.value}'.")
        else:
            for day in range(short.index(first), short.index(last or first) + 1):
                hours[day] = span
    return hours


def _span(node: Node) -> Hours | None:
    match = re.fullmatch(SPAN, str(node.value))
    if not match:
        return None
    try:
        start, until = dt.time(int(match[1]), int(match[2])), dt.time(int(match[3]), int(match[4]))
    except ValueError:
        return None
    return (start, until) if start < until else None


def _crm_links(fields: Fields) -> Mapping[str, str]:
    links: dict[str, str] = {}
    for kind, node in fields.entries("crm_links"):
        if kind not in CRM_OBJECTS:
            fields.problems.add(node.place, f"unknown object '{kind}'. {did_you_mean(kind, CRM_OBJECTS)}")
        elif not str(node.value).startswith("https://") or f"{{{kind}_id}}" not in str(node.value):
            fields.problems.add(node.place, f"'{kind}' must be an https:// address with {{{kind}_id}} in it.")
        else:
            links[kind] = str(node.value)
    return links
