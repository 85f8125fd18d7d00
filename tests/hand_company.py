"""Five contacts and then some, whose funnels can be worked out by hand. No assertions.

The company has no SAL and no SQL. As of May 1, 2024:

| contact | account | country | lead | MQL | deal | outcome |
|---|---|---|---|---|---|---|
| A | 1 | DE | January 1 | January 5 | January 20 | won on February 10 |
| B | 1 | DE | January 10 | January 25 | | |
| C | 2 | AT | February 1 | February 3 | February 20 | lost on March 5 |
| D | | AT | April 25 | | | |
| E | | DE | March 1 | | | dead on March 10 |

In May contacts of six accounts follow, some of whom die, and one contact of no account with two deals, and in June
twice two alike. Opportunities are recorded from June 15. The files reach to June 30; in July and August follow
some whose stages come in an odd order, and twelve of whom one becomes an MQL each day.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

from metrics import Session
from tests.tiny_sessions import FULL, TinyCompany
from tests.tiny_tables import everything_mapped

WITHOUT_SALES = {stage: words for stage, words in FULL.items() if stage not in ("sal", "sql")}
DEFINITIONS = """\
metrics:
  to_mql: {label: To MQL, description: F., kind: funnel, steps: [{stage: lead}, {stage: mql, within: 10 days}]}
  shown: {label: Shown, description: F., kind: funnel, maturity: show_open,
    steps: [{stage: lead}, {stage: mql, within: 10 days}]}
  included: {label: Included, description: F., kind: funnel, maturity: include,
    steps: [{stage: lead}, {stage: mql, within: 10 days}]}
  stamped: {label: Stamped, description: F., kind: funnel, skips: require,
    steps: [{stage: lead}, {stage: mql, within: 10 days}]}
  in_240_hours: {label: Hours, description: F., kind: funnel,
    steps: [{stage: lead}, {stage: mql, within: 240 hours}]}
  stamped_in_hours: {label: Stamped, description: F., kind: funnel, skips: require,
    steps: [{stage: lead}, {stage: mql, within: 240 hours}]}
  of_mqls: {label: Of MQLs, description: F., kind: funnel, steps: [{stage: mql}, {stage: opportunity, within: 9 days}]}
  of_all_mqls: {label: Of MQLs, description: F., kind: funnel, entry: every,
    steps: [{stage: mql}, {stage: opportunity, within: 9 days}]}
  to_deal: {label: To deal, description: F., kind: funnel, steps: [{stage: lead}, {stage: opportunity, within: 9 days}]}
  german: {label: German, description: F., kind: funnel, where: "country = 'DE'",
    steps: [{stage: lead}, {stage: mql, within: 10 days}]}
  bridged: {label: Bridged, description: F., kind: funnel,
    steps: [{stage: lead}, {stage: mql, within: 4 days}, {stage: sal, within: 5 days}, {stage: sql, within: 9 days},
      {stage: opportunity, within: 1 days}, {stage: customer, within: 21 days}]}
  in_hours: {label: Hours, description: F., kind: funnel,
    steps: [{stage: lead}, {stage: mql, within: 48 hours}, {stage: sql, within: 24 hours},
      {stage: opportunity, within: 16 days}]}
  from_sal: {label: S, description: F., kind: funnel, steps: [{stage: sal}, {stage: customer, within: 9 days}]}
  to_sql: {label: S, description: F., kind: funnel, steps: [{stage: lead}, {stage: sql, within: 9 days}]}
  to_sql_by_mql: {label: S, description: F., kind: funnel,
    steps: [{stage: lead}, {stage: mql, within: 9 days}, {stage: sql, within: 9 days}]}
  by_step: {label: Steps, description: F., kind: funnel, steps: [{stage: lead},
    {stage: mql, within: 10 days, counts: accounts}, {stage: opportunity, within: 30 days},
    {stage: customer, within: 30 days, counts: deals}]}
  accounts: {label: Accounts, description: F., kind: funnel, counts: accounts,
    steps: [{stage: lead}, {stage: mql, within: 10 days}]}
  held: {label: Held, description: F., kind: funnel, counts: accounts, hold: [country],
    steps: [{stage: lead}, {stage: mql, within: 10 days}]}
  held_passes: {label: Held, description: F., kind: funnel, counts: accounts, hold: [country],
    steps: [{stage: lead}, {stage: mql, within: 10 days, counts: passes}]}
  in_a_month: {label: Month, description: F., kind: funnel, counts: accounts,
    steps: [{stage: lead}, {stage: mql, within: 30 days}]}
  in_many_hours: {label: Hours, description: F., kind: funnel, counts: accounts,
    steps: [{stage: lead}, {stage: mql, within: 720 hours}]}
  won: {label: Won, description: F., kind: funnel, counts: deals,
    steps: [{stage: opportunity}, {stage: customer, within: 30 days}]}
  german_rate: {label: German rate, description: R., kind: ratio, unit: ratio,
    numerator: {metric: to_mql.converted_to_date, where: "country = 'DE'"}, denominator: to_mql.entered}
  lately: {label: Lately, description: C., kind: cumulative, of: to_mql.entered, window: 10 days, unit: count}
  a_month_ago: {label: Before, description: C., kind: formula, unit: count, expr: "{before}",
    inputs: {before: {metric: to_mql.entered, shift: 1 month}}}
"""


def _on(month: int, day: int, hour: int = 9) -> dt.datetime:
    return dt.datetime(2024, month, day, hour)


# By contact the account, the day in May on which it was made, and that on which it died.
IN_MAY = {
    "P": ("3", 5, 20), "Q": ("3", 2, 10),  # both dead on May 20, after 18 days
    "R": ("4", 10, None), "S": ("4", 2, 6),  # dead after 4 days, before R came
    "T": ("5", 2, 8), "U": ("5", 3, None),  # U lives
    "V": ("6", 12, None), "W": ("6", 2, 12),  # V came on the day on which W died: never without a living contact
    "X": ("7", 2, None), "Y": ("8", 2, None),  # MQLs after 10 and 20 days
}  # fmt: skip


def _rows() -> dict[str, list[dict[str, Any]]]:
    people = [
        ("A", "1", "DE", _on(1, 1)), ("B", "1", "DE", _on(1, 10)), ("C", "2", "AT", _on(2, 1)),
        ("D", None, "AT", _on(4, 25)), ("E", None, "DE", _on(3, 1)),
    ]  # fmt: skip
    changes = [("A", "MQL", _on(1, 5)), ("B", "MQL", _on(1, 25)), ("C", "MQL", _on(2, 3)), ("E", "Junk", _on(3, 10))]
    people += [(name, account, None, _on(5, made)) for name, (account, made, _) in IN_MAY.items()]
    people += [("Z", None, "CH", _on(5, 2)), ("J1", None, "FR", _on(6, 1)), ("J2", None, "FR", _on(6, 1))]
    people += [("N1", None, "FR", _on(6, 28)), ("N2", None, "FR", _on(6, 28))]
    changes += [(name, "Junk", _on(5, died)) for name, (*_, died) in IN_MAY.items() if died]
    changes += [("X", "MQL", _on(5, 12)), ("Y", "MQL", _on(5, 22)), ("J1", "MQL", _on(6, 3)), ("J2", "MQL", _on(6, 3))]
    # In July: two countries of one account; an MQL again after a recycling; a deal before its MQL; an MQL too early.
    people += [("K", "9", "IT", _on(7, 5)), ("L", "9", "ES", _on(7, 6)), ("G", None, "PL", _on(7, 5))]
    people += [("H", None, "PT", _on(7, 5)), ("M", None, "NL", _on(7, 10))]
    changes += [("G", "MQL", _on(7, 7)), ("G", "Nurture", _on(7, 10)), ("G", "MQL", _on(7, 15))]
    changes += [("H", "MQL", _on(7, 10)), ("M", "MQL", _on(7, 8))]
    people += [(f"of the {day}.", None, "SE", _on(8, 1)) for day in range(2, 14)]
    changes += [(f"of the {day}.", "MQL", _on(8, day)) for day in range(2, 14)]
    deals = [
        ("A", _on(1, 20), _on(2, 10), True), ("C", _on(2, 20), _on(3, 5), False),
        ("Z", _on(5, 4), None, None), ("Z", _on(5, 6), None, None), ("H", _on(7, 8), None, None),
    ]  # fmt: skip
    return {
        "accounts": [{"account_id": "1", "region": "North"}, *({"account_id": str(number)} for number in range(2, 10))],
        "contacts": [
            {"contact_id": name, "account_id": account, "country": country, "created_at": created}
            for name, account, country, created in people
        ],
        "stage_changes": [
            {"object": "contact", "object_id": name, "stage": stage, "happened_at": when}
            for name, stage, when in changes
        ],
        "deals": [
            {"deal_id": str(number), "account_id": {"A": "1", "C": "2"}.get(name), "created_at": created,
             "closed_at": closed, "is_won": is_won, "is_closed": closed is not None, "type": "new"}
            for number, (name, created, closed, is_won) in enumerate(deals)
        ],
        "deal_contacts": [
            {"deal_id": str(number), "contact_id": name, "is_primary": True} for number, (name, *_) in enumerate(deals)
        ],
    }  # fmt: skip


@functools.cache
def company_without_losses() -> Session:
    """A session on the same contacts of a company that has leads and deals, and nothing that would tell a loss."""
    stages = {stage: words for stage, words in FULL.items() if stage in ("lead", "opportunity", "customer")}
    silent = ("stage_changes", "lead_decisions")
    mapped = {table: columns for table, columns in everything_mapped().items() if table not in silent}
    tiny = TinyCompany(stages, definitions=DEFINITIONS, absent=("lost deals",), mapped=mapped)
    return tiny.session({table: rows for table, rows in _rows().items() if table not in silent})


@functools.cache
def company_in_berlin() -> Session:
    """A session on a company that has no opportunities, and whose July begins at 22:00 UTC of June 30.

    One contact is an MQL since the first half hour of July, one a lead. The third has two deals, one of them won.
    """
    stages = {stage: words for stage, words in FULL.items() if stage in ("lead", "mql", "customer")}
    tiny = TinyCompany(stages, definitions=DEFINITIONS, time_zone="Europe/Berlin")
    past_midnight = {"at": dt.datetime(2024, 6, 30, 22, 30), "on": dt.date(2024, 7, 1)}
    deals = {"first": _on(6, 10), "second": None}
    return tiny.session({
        "contacts": [
            {"contact_id": "late", "created_at": past_midnight["at"], "created_on": past_midnight["on"]},
            {"contact_id": "waits", "created_at": _on(6, 20)},
            {"contact_id": "buys", "created_at": _on(6, 1)},
        ],
        "stage_changes": [
            {"object": "contact", "object_id": "waits", "stage": "MQL", "happened_at": past_midnight["at"],
             "happened_on": past_midnight["on"]},
            {"object": "contact", "object_id": "buys", "stage": "MQL", "happened_at": _on(6, 3)},
        ],
        "deals": [
            {"deal_id": name, "created_at": _on(6, 5), "closed_at": closed, "is_won": closed and True,
             "is_closed": closed is not None, "type": "new"}
            for name, closed in deals.items()
        ],
        "deal_contacts": [{"deal_id": name, "contact_id": "buys", "is_primary": True} for name in deals],
    })  # fmt: skip


@functools.cache
def hand_company() -> Session:
    """A session on these contacts."""
    tiny = TinyCompany(WITHOUT_SALES, definitions=DEFINITIONS, recorded_from={"opportunity": dt.date(2024, 6, 15)})
    return tiny.session(_rows())
