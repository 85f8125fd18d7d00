"""The canonical tables: names, keys and column types. Holds no rows and reads no files.

`*_at` columns are UTC instants and always have a companion `*_on`, the date in the company's zone, which is
not mapped but computed. A column that no source maps exists and is NULL; whoever asks for it is told why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "ATTRIBUTES",
    "CANONICAL",
    "INPUTS",
    "OBJECTS",
    "PERSONAL_COLUMNS",
    "TOUCH_COUNTS",
    "TOUCH_ORDER",
    "Table",
]


@dataclass(frozen=True)
class Table:
    """`columns` are those that a mapping may fill, with DuckDB types; `key` identifies a row.

    `measures` of rows with an equal key are summed within one mapping (spend, costs).
    """

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    measures: tuple[str, ...] = ()

    def stored(self) -> dict[str, str]:
        """Columns as they are stored: each `*_at` is followed by its `*_on`."""
        stored: dict[str, str] = {}
        for name, kind in self.columns.items():
            stored[name] = kind
            if name.endswith("_at"):
                stored[name.removesuffix("_at") + "_on"] = "DATE"
        return stored


_TYPES = {
    "text": "VARCHAR", "int": "BIGINT", "money": "DECIMAL(18,2)", "number": "DOUBLE", "bool": "BOOLEAN",
    "at": "TIMESTAMP", "on": "DATE",
}  # fmt: skip


def _table(name: str, key: str, columns: str, measures: str = "") -> Table:
    """`columns` are words `name` or `name:type`; without a type, `*_at` is an instant, `*_on` a date, else text."""
    typed: dict[str, str] = {}
    for word in columns.split():
        column, _, kind = word.partition(":")
        if not kind:
            kind = "at" if column.endswith("_at") else "on" if column.endswith("_on") else "text"
        typed[column] = _TYPES[kind]
    return Table(name, tuple(key.split()), typed, tuple(measures.split()))


CANONICAL: Mapping[str, Table] = {
    table.name: table
    for table in (
        _table(
            "accounts",
            "account_id",
            "account_id name domain industry employees:int segment country region is_target:bool created_at",
        ),
        _table(
            "contacts",
            "contact_id",
            "contact_id account_id email_key title seniority country persona created_at original_source owner_id",
        ),
        _table("contact_facts", "contact_id name happened_at", "contact_id name happened_at value"),
        _table("merges", "object old_id", "object old_id new_id merged_at"),
        _table("people", "person_id", "person_id name team role region manager_id time_zone"),
        _table(
            "campaigns",
            "campaign_id",
            "campaign_id name channel source medium objective priority owner_id starts_on ends_on"
            " budget:money currency",
        ),
        _table("content", "content_id", "content_id title kind band url persona published_on"),
        _table(
            "touches",
            "touch_id",
            "touch_id contact_id email_key anonymous_id happened_at kind channel source medium"
            " campaign_id content_id url",
        ),
        _table("identities", "anonymous_id contact_id", "anonymous_id contact_id known_at"),
        _table(
            "stage_changes",
            "object object_id stage happened_at",
            "object object_id stage happened_at person_id reason",
        ),
        _table("assignments", "contact_id happened_at", "contact_id happened_at person_id"),
        _table(
            "deals",
            "deal_id",
            "deal_id account_id name owner_id stage type amount:money currency created_at expected_close_on closed_at"
            " is_won:bool is_closed:bool loss_reason probability:number forecast_category term_months:int",
        ),
        _table("deal_contacts", "deal_id contact_id", "deal_id contact_id role is_primary:bool"),
        _table(
            "activities",
            "activity_id",
            "activity_id deal_id person_id kind happened_at direction outcome is_automatic:bool content_id",
        ),
        _table("activity_contacts", "activity_id contact_id", "activity_id contact_id"),
        _table("lead_decisions", "contact_id happened_at", "contact_id happened_at person_id decision reason"),
        _table(
            "spend",
            "spent_on campaign_id channel currency",
            "spent_on campaign_id channel currency amount:money impressions:int clicks:int",
            measures="amount impressions clicks",
        ),
        _table("costs", "month_on kind", "month_on kind amount:money currency", measures="amount"),
        _table("exchange_rates", "rate_on currency", "rate_on currency rate:number"),
    )
}

# Columns of `contacts` that are mapped like others and end in the personal file. They are no columns of the
# joined model, so that no expression can name them. `email` also gives `email_key`, its keyed hash.
PERSONAL_COLUMNS: Mapping[str, str] = {"name": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR"}

OBJECTS = ("contact", "account", "deal")

# Order of touches at one instant; kinds that are missing here are not in a path.
TOUCH_ORDER: Mapping[str, int] = {"form": 1, "event": 2, "content": 3, "email_click": 4, "ad_click": 5, "visit": 6}

# What a rule calls the number of touches of a kind since the pass started.
TOUCH_COUNTS: Mapping[str, str] = {
    "visits": "visit", "ad_clicks": "ad_click", "email_clicks": "email_click", "content_views": "content",
    "events": "event", "forms": "form",
}  # fmt: skip

# What a rule calls the attributes of a lead, as they are today.
ATTRIBUTES: Mapping[str, str] = {
    "employees": "accounts.employees", "industry": "accounts.industry", "segment": "accounts.segment",
    "region": "accounts.region", "is_target": "accounts.is_target", "country": "contacts.country",
    "title": "contacts.title", "seniority": "contacts.seniority", "persona": "contacts.persona",
}  # fmt: skip

# What `absent:` in sources.yaml may name, and the canonical columns that are then without an answer. A name
# without columns is an input that no single column tells (a model's column names it in `#needs`).
INPUTS: Mapping[str, tuple[str, ...]] = {
    "visits": (),
    "lost deals": (),
    "open deals": ("deals.created_at",),
    "deal amounts": ("deals.amount",),
    "spend": ("spend.amount",),
    "costs": ("costs.amount",),
    "activities": ("activities.activity_id",),
    "assignments": ("assignments.person_id",),
    "lead decisions": ("lead_decisions.decision",),
    "campaigns": ("touches.campaign_id",),
    "content": ("touches.content_id",),
    "accounts": ("accounts.account_id",),
    "exchange rates": ("exchange_rates.rate",),
}
