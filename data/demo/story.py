"""What is true of the demo company: regions, when its stories happen, and its rates. Draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["COUNTRIES", "LOST_BECAUSE", "RECYCLED_BECAUSE", "REGIONS", "REJECTED_BECAUSE", "SEGMENTS", "Region"]


@dataclass(frozen=True)
class Region:
    """`share` of all accounts. `answers_after` is the median of business hours until a person answers a lead."""

    name: str
    share: float
    countries: Mapping[str, float]
    currency: str
    zone: str
    phone: str
    answers_after: float = 3.5
    forgets: float = 0.04
    wins: float = 0.0
    clock: str = "Europe"


# Southern Europe answers late and loses for it.
REGIONS = (
    Region("DACH", 0.34, {"DE": 0.72, "AT": 0.14, "CH": 0.14}, "EUR", "Europe/Berlin", "+49 30 23125 "),
    Region("UK & Ireland", 0.16, {"GB": 0.86, "IE": 0.14}, "GBP", "Europe/London", "+44 20 7946 0"),
    Region(
        "Nordics", 0.11, {"SE": 0.42, "DK": 0.3, "NO": 0.16, "FI": 0.12}, "EUR", "Europe/Stockholm", "+46 8 465 00 "
    ),
    Region("Benelux & France", 0.14, {"FR": 0.5, "NL": 0.33, "BE": 0.17}, "EUR", "Europe/Paris", "+33 1 99 00 1"),
    Region(
        "Southern Europe", 0.13, {"IT": 0.52, "ES": 0.36, "PT": 0.12}, "EUR", "Europe/Rome", "+34 910 000 ",
        answers_after=30.0, forgets=0.13, wins=-0.75,
    ),
    Region(
        "North America", 0.12, {"US": 0.88, "CA": 0.12}, "USD", "America/New_York", "+1 202 555 0", clock="America"
    ),
)  # fmt: skip
COUNTRIES = tuple(country for region in REGIONS for country in region.countries)


@dataclass(frozen=True)
class Segment:
    """`accounts` is its share, `leads` how many an account has beside others, `deal` the median amount."""

    name: str
    accounts: float
    leads: float
    employees: float
    deal: float
    pace: float
    quality: float


SEGMENTS = (
    Segment("Small", 0.52, 0.75, 60, 10_500, 0.82, -0.12),
    Segment("Mid-market", 0.35, 1.1, 320, 21_000, 1.0, 0.1),
    Segment("Enterprise", 0.13, 1.7, 2_400, 47_000, 1.4, 0.12),
)
DEAL_SPREAD, SMALLEST_DEAL, LARGEST_DEAL = 0.5, 4_000, 120_000

INDUSTRIES: Mapping[str, float] = {
    "Logistics": 0.26, "Wholesale": 0.22, "Manufacturing": 0.2, "Retail": 0.14, "Food": 0.1, "Pharma": 0.05,
    "Automotive": 0.03,
}  # fmt: skip


@dataclass(frozen=True)
class Persona:
    """Whom the company sells to; `titles` go with the levels of SENIORITY."""

    name: str
    share: float
    quality: float
    titles: tuple[str, str, str, str]


SENIORITY: Mapping[str, float] = {"Specialist": 0.34, "Manager": 0.38, "VP": 0.18, "C-level": 0.1}
PERSONAS = (
    Persona("Head of operations", 0.3, 0.25, ("Supply Chain Planner", "Head of Operations", "VP Supply Chain", "COO")),
    Persona("Warehouse manager", 0.34, 0.0, ("Shift Lead", "Warehouse Manager", "VP Warehousing", "COO")),
    Persona("IT lead", 0.22, -0.05, ("Systems Analyst", "IT Manager", "VP IT", "CIO")),
    Persona("Finance lead", 0.14, -0.15, ("Controller", "Finance Manager", "VP Finance", "CFO")),
)

# When the stories happen: Mondays, so many weeks before the week of the last day.
RULE_CHANGES = 30  # the threshold of the score for an MQL rises
CRM_RENAMES_MQL = 62  # the CRM's stage is called otherwise from here on; the meaning stays
OUTAGE, OUTAGE_DAYS, OUTAGE_CHANNEL = 11, 9, "Paid search"  # tracking of one channel records nothing
NO_RATES, NO_RATES_DAYS, NO_RATES_CURRENCY = 22, 17, "GBP"  # the bank's file lacks a currency

SCORE_BEFORE, SCORE_AFTER = 53, 57
SCORE_MEAN, SCORE_PER_QUALITY, SCORE_SPREAD = 45.5, 12.5, 3.5

ACCEPTED, ACCEPTED_PER_QUALITY, ACCEPTED_PER_DELAY = -1.62, 2.5, -0.38  # log odds
RECYCLED_OF_NOT_ACCEPTED = 0.36
SQL_OF_ACCEPTED, DEAL_OF_SQL = 0.82, 0.77
SQL_OF_OUTBOUND, SQL_OF_PARTNER = 0.24, 0.42
WON, WON_PER_QUALITY, WON_AFTER_CLOSER, WON_WITH_PARTNER = -1.36, 0.22, 1.35, 0.5  # log odds
CLOSER_SEEN_LATER = 0.1  # of all deals: the contact views the closing piece while the deal is open
CYCLE_DAYS, CYCLE_SPREAD, NEVER_DECIDED = 47.0, 0.5, 0.025
PULLED_INTO_QUARTER = 0.5  # of deals that would close up to three weeks after a quarter's end
COMES_BACK, NURTURED_AFTER_LOSS = 0.45, 0.25

TERM_MONTHS: Mapping[int, float] = {6: 0.08, 12: 0.62, 24: 0.2, 36: 0.1}
RENEWED, EXPANDS, EXPANSION_WON = 0.86, 0.2, 0.6
LONG_STANDING = 0.012  # of all accounts: customers from before the first day

REJECTED_BECAUSE: Mapping[str, float] = {
    "No project": 0.34, "Wrong fit": 0.26, "Cannot be reached": 0.2, "Student or private person": 0.12,
    "Competitor": 0.05, "Duplicate": 0.03,
}  # fmt: skip
RECYCLED_BECAUSE: Mapping[str, float] = {"Not now": 0.6, "No budget this year": 0.28, "Contract elsewhere": 0.12}
LOST_BECAUSE: Mapping[str, float] = {
    "No decision": 0.34, "Price": 0.22, "Chose a competitor": 0.2, "Timing": 0.12, "Missing feature": 0.12,
}  # fmt: skip
LOST_WITHOUT_REASON = 0.07
