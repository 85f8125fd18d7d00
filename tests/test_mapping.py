"""Canonical tables: what the mappings say, equal keys settled, identities followed, nobody's address in the model."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import hmac
import random
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.campaign_names import campaign_of
from data.company import read_company
from data.errors import InvalidFiles, RefusedSources
from data.identity import email_key, follow_merges
from data.tables import CANONICAL
from tests.sample_company import KEY, Mapped

CRM = "files:\n  crm: {path: crm.csv, columns: {id: text, name: text, mail: text, seen: timestamp}}\n"


def one_file(content: str, columns: str, tables: str, folder: Path, **zones: str) -> Mapped:
    """A company whose only file is crm.csv."""
    return Mapped(folder, {"crm.csv": content}, f"files:\n  crm: {{path: crm.csv, {columns}}}\n{tables}", **zones)


# Columns


def test_every_canonical_table_exists_with_its_columns_even_unmapped(tmp_path: Path) -> None:
    with one_file(
        "id\na\n", "columns: {id: text}", "tables: {contacts: [{from: crm, contact_id: id}]}", tmp_path
    ) as made:
        for name, table in CANONICAL.items():
            extra = {"original_channel": "VARCHAR"} if name == "contacts" else {}
            assert made.bench.columns(name) == {**table.stored(), **extra}
        assert made.report.rows["contacts"] == 1
        assert made.report.rows["deals"] == 0
        assert made.report.mapped["deals"] == frozenset()


def test_a_day_stays_the_day_and_an_instant_gets_the_companys_day(tmp_path: Path) -> None:
    content = "id,seen\na,2018-07-01\nb,2018-07-01 23:30:00\n"
    columns = "columns: {id: text, seen: timestamp}, zone: America/Sao_Paulo"
    tables = "tables: {contacts: [{from: crm, contact_id: id, created_at: seen}]}"
    with one_file(content, columns, tables, tmp_path, time_zone="Europe/Berlin") as made:
        assert made.rows("contacts", "contact_id, created_at, created_on") == [
            ("a", dt.datetime(2018, 7, 1, 3), dt.date(2018, 7, 1)),
            ("b", dt.datetime(2018, 7, 2, 2, 30), dt.date(2018, 7, 2)),
        ]


def test_an_expression_over_dates_gives_the_instant_and_the_day_of_the_same_value(tmp_path: Path) -> None:
    content = "id,asked,seen\na,,2018-07-01\nb,2018-06-30 22:30:00,2018-07-01\n"
    columns = "columns: {id: text, asked: timestamp, seen: date}"
    tables = "tables: {contacts: [{from: crm, contact_id: id, created_at: 'coalesce(asked, seen)'}]}"
    with one_file(content, columns, tables, tmp_path, time_zone="Europe/Berlin") as made:
        assert made.rows("contacts", "contact_id, created_at, created_on") == [
            ("a", dt.datetime(2018, 6, 30, 22), dt.date(2018, 7, 1)),
            ("b", dt.datetime(2018, 6, 30, 20, 30), dt.date(2018, 6, 30)),
        ]


def test_constants_of_yaml_fill_columns(tmp_path: Path) -> None:
    tables = (
        "tables: {deals: [{from: crm, deal_id: id, is_won: true, amount: 12.5, term_months: 3, type: \"'new'\", "
        "closed_at: 2018-07-01, expected_close_on: 2018-08-01}]}"
    )
    with one_file("id\na\n", "columns: {id: text}", tables, tmp_path) as made:
        columns = "is_won, amount, term_months, type, closed_at, closed_on, expected_close_on, currency"
        assert made.rows("deals", columns) == [
            (
                True,
                Decimal("12.50"),
                3,
                "new",
                dt.datetime(2018, 6, 30, 22),
                dt.date(2018, 7, 1),
                dt.date(2018, 8, 1),
                "EUR",
            )
        ]


def test_where_keeps_rows_and_a_lookup_adds_one_row_of_another_file(tmp_path: Path) -> None:
    files = {
        "deals.csv": "deal,owner,state\nd1,u1,won\nd2,u2,open\nd3,u9,won\n",
        "users.csv": """
            uid,owner,region,changed
            u1,Ann,North,2018-01-01
            u1,Ann,South,2018-02-01
            u2,Ben,West,2018-01-01
            """,
    }
    yaml = """
        files:
          deals: {path: deals.csv, columns: {deal: text, owner: text, state: text}}
          users: {path: users.csv, columns: {uid: text, owner: text, region: text, changed: date}, updated_at: changed}
        tables:
          deals:
            - from: deals
              where: state = 'won'
              lookup: users on owner = uid
              deal_id: deal
              owner_id: owner
              name: users_owner
              extra: {region: text, since: {type: date, from: changed}, loud: {type: text, from: upper(region)}}
    """
    with Mapped(tmp_path, files, yaml) as made:
        assert made.rows("deals", "deal_id, owner_id, name, region, since, loud") == [
            ("d1", "u1", "Ann", "South", dt.date(2018, 2, 1), "SOUTH"),
            ("d3", "u9", None, None, None, None),
        ]
        assert made.report.extras["deals"] == {"region": "VARCHAR", "since": "DATE", "loud": "VARCHAR"}


# Equal keys


def test_of_equal_keys_the_last_updated_row_counts_else_the_last_line(tmp_path: Path) -> None:
    content = "id,name,seen\na,new,2018-02-01\na,old,2018-01-01\nb,first,\nb,last,\n"
    tables = "tables: {accounts: [{from: crm, account_id: id, name: name}]}"
    columns = "columns: {id: text, name: text, seen: date}, updated_at: seen"
    with one_file(content, columns, tables, tmp_path) as made:
        assert made.rows("accounts", "account_id, name") == [("a", "new"), ("b", "last")]


def test_mappings_of_one_table_merge_column_by_column_in_listed_order(tmp_path: Path) -> None:
    files = {"crm.csv": "id,title,country\na,CTO,\nb,,DE\n", "shop.csv": "id,title,country\na,Boss,FR\nc,CEO,IT\n"}
    yaml = """
        files:
          crm: {path: crm.csv, columns: {id: text, title: text, country: text}}
          shop: {path: shop.csv, columns: {id: text, title: text, country: text}}
        tables:
          contacts:
            - {from: crm, contact_id: id, title: title, country: country}
            - {from: shop, contact_id: id, title: title, country: country}
    """
    with Mapped(tmp_path, files, yaml) as made:
        assert made.rows("contacts", "contact_id, title, country") == [
            ("a", "CTO", "FR"),
            ("b", None, "DE"),
            ("c", "CEO", "IT"),
        ]


SPEND = """
    files:
      ads: {path: ads.csv, columns: {day: date, campaign: text, eur: number, clicks: integer, line: text}}
      late: {path: late.csv, columns: {day: date, campaign: text, eur: number, seen: integer}}
    tables:
      spend:
        - {from: ads, spent_on: day, campaign_id: campaign, amount: eur, clicks: clicks}
        - {from: late, spent_on: day, campaign_id: campaign, amount: eur, impressions: seen}
"""
ADS = """
    day,campaign,eur,clicks,line
    2018-01-01,c1,10.10,1,x
    2018-01-01,c1,5.05,2,y
    2018-01-01,,7,,z
    2018-01-01,c1,5.05,2,y
    """


def test_spend_adds_up_within_a_mapping_and_merges_across_mappings(tmp_path: Path) -> None:
    files = {"ads.csv": ADS, "late.csv": "day,campaign,eur,seen\n2018-01-01,c1,99,1000\n2018-01-02,c1,3,20\n"}
    with Mapped(tmp_path, files, SPEND) as made:
        assert made.rows("spend", "spent_on, campaign_id, currency, amount, impressions, clicks") == [
            (dt.date(2018, 1, 1), "c1", "EUR", Decimal("20.20"), 1000, 5),
            (dt.date(2018, 1, 1), None, "EUR", Decimal("7.00"), None, None),
            (dt.date(2018, 1, 2), "c1", "EUR", Decimal("3.00"), 20, None),
        ]


def test_a_line_of_spend_that_came_twice_counts_once_where_lines_have_an_id(tmp_path: Path) -> None:
    files = {"ads.csv": ADS, "late.csv": "day,campaign,eur,seen\n2018-01-02,c1,3,20\n"}
    with Mapped(tmp_path, files, SPEND.replace("line: text}}", "line: text}, row_id: line}")) as made:
        assert made.rows("spend", "campaign_id, amount, clicks")[0] == ("c1", Decimal("15.15"), 3)


def test_costs_belong_to_their_month_and_the_companys_currency(tmp_path: Path) -> None:
    content = "day,kind,eur\n2018-01-05,tools,1\n2018-01-20,tools,2\n"
    tables = "tables: {costs: [{from: crm, month_on: day, kind: kind, amount: eur}]}"
    with one_file(content, "columns: {day: date, kind: text, eur: number}", tables, tmp_path) as made:
        assert made.rows("costs") == [(dt.date(2018, 1, 1), "tools", Decimal("3.00"), "EUR")]


# Rows that cannot be mapped


def test_a_row_without_its_key_is_quarantined_with_its_line(tmp_path: Path) -> None:
    content = "id,name\na,x\n,y\nb,z\n"
    tables = "tables: {accounts: [{from: crm, account_id: id, name: name}]}"
    with one_file(content, "columns: {id: text, name: text}", tables, tmp_path) as made:
        assert made.rows("accounts", "account_id") == [("a",), ("b",)]
        assert made.rows("quarantine") == [("crm.csv", 3, "account_id", "key account_id is empty", None)]
        assert made.report.quarantined["accounts"] == 1


def test_a_value_that_does_not_fit_its_column_is_quarantined_and_masked(tmp_path: Path) -> None:
    content = "id,size\na,10\nb,many people\nc,30\n"
    tables = "tables: {accounts: [{from: crm, account_id: id, employees: size}]}"
    with one_file(content, "columns: {id: text, size: text}", tables, tmp_path) as made:
        assert made.rows("accounts", "account_id, employees") == [("a", 10), ("c", 30)]
        assert made.rows("quarantine") == [
            ("crm.csv", 3, "employees", "employees: 'ma…' is not a whole number", "ma…"),
        ]


def test_a_mapping_that_fits_few_rows_is_refused_at_its_place(tmp_path: Path) -> None:
    content = "id,size\na,10\nb,many\nc,few\n"
    tables = "tables:\n  accounts:\n    - {from: crm, account_id: id, employees: size}"
    with pytest.raises(RefusedSources) as error:
        one_file(content, "columns: {id: text, size: text}", tables, tmp_path)
    assert str(error.value).split("sources.yaml:")[1] == (
        "5:7: tables.accounts: 2 of 3 rows of 'crm' cannot be mapped; crm.csv, line 3: employees: 'ma…' is not a whole "
        "number. Correct the expression, or the column's type in files.crm."
    )


def test_an_expression_that_the_database_cannot_compute_is_told_at_its_place(tmp_path: Path) -> None:
    own = "if(regexp_matches(size, '('), 'a', 'b')"
    tables = f'tables:\n  accounts:\n    - {{from: crm, account_id: id, name: "{own}"}}'
    with pytest.raises(InvalidFiles) as error:
        one_file("id,size\na,10\n", "columns: {id: text, size: text}", tables, tmp_path)
    sentence = str(error.value).split("sources.yaml:")[1]
    assert sentence.startswith("5:7: tables.accounts: the database cannot compute this (")
    assert sentence.endswith("). Correct the expression, or a column's type.")


def test_words_outside_of_the_allowed_ones_are_quarantined(tmp_path: Path) -> None:
    content = "id,seen,what\na,2018-01-01,Accepted\nb,2018-01-02,maybe\n"
    tables = "tables: {lead_decisions: [{from: crm, contact_id: id, happened_at: seen, decision: what}]}"
    with one_file(content, "columns: {id: text, seen: date, what: text}", tables, tmp_path) as made:
        assert made.rows("lead_decisions", "contact_id, decision") == [("a", "accepted")]
        assert made.rows("quarantine", "line, reason") == [(3, "decision is not one of accepted, rejected, recycled")]


# Exclusions


def test_an_excluded_contact_goes_with_all_that_depends_on_it(tmp_path: Path) -> None:
    files = {
        "crm.csv": "id,mail,seen\na,Ann@shop.example,2018-01-01\nb,bot@our.example,2018-01-01\n",
        "touch.csv": "tid,who,mail,seen\nt1,a,,2018-01-01\nt2,b,,2018-01-01\nt3,,bot@our.example,2018-01-02\n",
    }
    yaml = """
        files:
          crm: {path: crm.csv, columns: {id: text, mail: text, seen: date}}
          touch: {path: touch.csv, columns: {tid: text, who: text, mail: text, seen: date}}
        tables:
          contacts: [{from: crm, contact_id: id, email: mail}]
          touches: [{from: touch, touch_id: tid, contact_id: who, email: mail, happened_at: seen, kind: "'visit'"}]
          stage_changes:
            - {from: crm, object: "'contact'", object_id: id, stage: "'MQL'", happened_at: seen}
            - {from: crm, object: "'deal'", object_id: id, stage: "'Won'", happened_at: seen}
          lead_decisions: [{from: crm, contact_id: id, happened_at: seen, decision: "'accepted'"}]
          assignments: [{from: crm, contact_id: id, happened_at: seen}]
          contact_facts: [{from: crm, contact_id: id, name: "'score'", happened_at: seen}]
          identities: [{from: crm, anonymous_id: id, contact_id: id}]
          deal_contacts: [{from: crm, deal_id: "'d'", contact_id: id}]
          activity_contacts: [{from: crm, activity_id: "'x'", contact_id: id}]
        exclude:
          - {from: contacts, when: "email like '%@our.example'", why: our own people}
          - {from: contacts, when: "contact_id = 'nobody'", why: nobody}
    """
    with Mapped(tmp_path, files, yaml) as made:
        assert made.rows("contacts", "contact_id") == [("a",)]
        assert made.rows("touches", "touch_id") == [("t1",)]
        assert made.rows("stage_changes", "object, object_id") == [("contact", "a"), ("deal", "a"), ("deal", "b")]
        one_each = (
            "contacts", "stage_changes", "lead_decisions", "assignments", "contact_facts", "identities",
            "deal_contacts", "activity_contacts",
        )  # fmt: skip
        assert made.report.excluded == {**dict.fromkeys(one_each, 1), "touches": 2}
        assert [(one.why, one.rows) for one in made.report.exclusions] == [("our own people", 1), ("nobody", 0)]
        assert made.bench.frame('SELECT contact_id, email FROM "personal"."contacts"').rows() == [
            ("a", "Ann@shop.example")
        ]


def test_an_excluded_account_goes_with_its_contacts_and_deals(tmp_path: Path) -> None:
    tables = """tables:
  accounts: [{from: crm, account_id: acc, name: acc}]
  contacts: [{from: crm, contact_id: id, account_id: acc}]
  deals: [{from: crm, deal_id: id, account_id: acc}]
  deal_contacts: [{from: crm, deal_id: id, contact_id: id}]
exclude: [{from: accounts, when: "name = 'us'", why: ourselves}]
"""
    with one_file("id,acc\na,us\nb,them\n", "columns: {id: text, acc: text}", tables, tmp_path) as made:
        assert made.report.excluded == {"accounts": 1, "contacts": 1, "deals": 1, "deal_contacts": 1}
        assert made.rows("deal_contacts", "deal_id") == [("b",)]


# Merges


def test_merges_are_followed_to_the_end_and_circles_are_left_alone() -> None:
    assert follow_merges({"a": "b", "b": "c", "d": "c"}) == ({"a": "c", "b": "c", "d": "c"}, set())
    assert follow_merges({"a": "b", "b": "a", "w": "a"}) == ({"w": "a"}, {"a", "b"})
    assert follow_merges({"a": "a"}) == ({}, {"a"})


MERGED = """
    files:
      crm: {path: crm.csv, columns: {id: text, acc: text, title: text, country: text, mail: text}}
      gone: {path: gone.csv, columns: {what: text, old: text, new: text}}
      touch: {path: touch.csv, columns: {tid: text, who: text, mail: text, seen: date}}
      deal: {path: deal.csv, columns: {did: text, acc: text, who: text}}
    tables:
      contacts:
        - {from: crm, contact_id: id, account_id: acc, title: title, country: country, email: mail}
      merges: [{from: gone, object: what, old_id: old, new_id: new}]
      touches: [{from: touch, touch_id: tid, contact_id: who, email: mail, happened_at: seen}]
      deals: [{from: deal, deal_id: did, account_id: acc}]
      deal_contacts: [{from: deal, deal_id: did, contact_id: who}]
      stage_changes:
        - {from: touch, where: who is not null, object: "'contact'", object_id: who, stage: "'MQL'", happened_at: seen}
"""
MERGED_FILES = {
    "crm.csv": """
        id,acc,title,country,mail
        c1,A1,Clerk,DE,old@x.example
        c2,A2,,,mid@x.example
        c3,A2,Boss,,new@x.example
        c4,,,IT,
        """,
    "gone.csv": """
        what,old,new
        contact,c1,c2
        Contact,c2,c3
        account,A1,A2
        deal,d1,d2
        contact,p,q
        contact,q,p
        person,x,y
        contact,z,
        """,
    "touch.csv": """
        tid,who,mail,seen
        t1,c1,,2018-01-01
        t2,,old@x.example,2018-01-02
        t3,,OLD@x.example ,2018-01-03
        t4,c4,,2018-01-04
        t5,c3,,2018-01-01
        """,
    "deal.csv": "did,acc,who\nd1,A1,c1\nd2,A1,c3\n",
}


def test_merged_records_become_one_everywhere(tmp_path: Path) -> None:
    with Mapped(tmp_path, MERGED_FILES, MERGED) as made:
        # c3's own values first, then those of the rows that went into it.
        assert made.rows("contacts", "contact_id, account_id, title, country") == [
            ("c3", "A2", "Boss", "DE"),
            ("c4", None, None, "IT"),
        ]
        assert made.rows("touches", "touch_id, contact_id") == [
            ("t1", "c3"),
            # By the address of a contact that was merged away.
            ("t2", "c3"),
            ("t3", "c3"),
            ("t4", "c4"),
            ("t5", "c3"),
        ]
        assert made.rows("deals", "deal_id, account_id") == [("d2", "A2")]
        assert made.rows("deal_contacts", "deal_id, contact_id") == [("d2", "c3")]
        assert made.rows("stage_changes", "object_id, happened_on") == [
            ("c3", dt.date(2018, 1, 1)),
            ("c4", dt.date(2018, 1, 4)),
        ]
        assert made.rows("merges", "object, old_id, new_id") == [
            ("account", "A1", "A2"),
            ("contact", "c1", "c2"),
            ("contact", "c2", "c3"),
            ("deal", "d1", "d2"),
        ]
        assert made.rows("quarantine", "file, line, reason") == [
            ("gone.csv", 6, "this merge and others lead in a circle"),
            ("gone.csv", 7, "this merge and others lead in a circle"),
            ("gone.csv", 8, "object is not one of contact, account, deal"),
            ("gone.csv", 9, "new_id is empty"),
        ]
        assert made.report.quarantined["merges"] == 4
        assert made.bench.frame('SELECT contact_id, email FROM "personal"."contacts"').rows() == [
            ("c3", "new@x.example")
        ]


# Identity


def test_an_address_is_known_by_its_keyed_hash_only(tmp_path: Path) -> None:
    expected = hmac.new(KEY, b"anna.planted@example.org", hashlib.sha256).hexdigest()
    assert email_key(KEY, " Anna.Planted@Example.org") == expected
    assert email_key(KEY, "n/a") is None
    content = "id,name,mail,seen\na,Anna Planted, Anna.Planted@Example.org ,2018-01-01\nb,Bert,n/a,\nc,,,\n"
    tables = """tables:
  contacts: [{from: crm, contact_id: id, name: name, email: mail, phone: "'+49 planted'"}]
  touches: [{from: crm, touch_id: id, email: mail, happened_at: seen, where: seen is not null}]
exclude: [{from: contacts, when: "name = 'nobody'", why: nobody}]
"""
    columns = "columns: {id: text, name: text, mail: text, seen: date}"
    with one_file(content, columns, tables, tmp_path) as made:
        assert made.rows("contacts", "contact_id, email_key") == [("a", expected), ("b", None), ("c", None)]
        assert made.rows("touches", "contact_id, email_key") == [("a", expected)]
        assert made.bench.frame('SELECT * FROM "personal"."contacts"').rows() == [
            ("a", "Anna Planted", "Anna.Planted@Example.org", "+49 planted"),
            ("b", "Bert", "n/a", "+49 planted"),
            ("c", None, None, "+49 planted"),
        ]
        assert {"email_key", "contact_id"} <= made.report.mapped["touches"]
    # Personal columns are in the personal file, and nowhere in the model file, not even in a freed block.
    assert b"planted" not in (tmp_path / "model.duckdb").read_bytes().lower()
    assert b"planted" in (tmp_path / "personal.duckdb").read_bytes().lower()
    assert not (tmp_path / "scratch.duckdb").exists()


def test_a_touch_is_of_its_own_contact_else_by_address_else_by_visitor(tmp_path: Path) -> None:
    files = {
        "crm.csv": "id,mail,seen\nyoung,x@x.example,2018-02-01\nold,x@x.example,2018-01-01\n",
        "ids.csv": "visitor,who,seen\nv1,c1,2018-01-10\nv1,c2,2018-02-10\nv2,c3,\n",
        "touch.csv": """
            tid,who,mail,visitor,seen
            t1,own,x@x.example,v1,2018-01-01
            t2,,x@x.example,v1,2018-01-01
            t3,,,v1,2018-01-01
            t4,,,v1,2018-01-10
            t5,,,v1,2018-02-09
            t6,,,v1,2018-02-10
            t7,,,v2,2017-01-01
            t8,,,v9,2018-01-01
            t9,,y@y.example,,2018-01-01
            """,
    }
    yaml = """
        files:
          crm: {path: crm.csv, columns: {id: text, mail: text, seen: date}}
          ids: {path: ids.csv, columns: {visitor: text, who: text, seen: date}}
          touch: {path: touch.csv, columns: {tid: text, who: text, mail: text, visitor: text, seen: date}}
        tables:
          contacts: [{from: crm, contact_id: id, email: mail, created_at: seen}]
          identities: [{from: ids, anonymous_id: visitor, contact_id: who, known_at: seen}]
          touches:
            - {from: touch, touch_id: tid, contact_id: who, email: mail, anonymous_id: visitor, happened_at: seen}
    """
    with Mapped(tmp_path, files, yaml) as made:
        assert dict(made.rows("touches", "touch_id, contact_id")) == {  # type: ignore[arg-type]  # two columns
            "t1": "own", "t2": "old", "t3": "c1", "t4": "c1", "t5": "c1", "t6": "c2", "t7": "c3",
            "t8": None, "t9": None,
        }  # fmt: skip


# Campaigns and channels


def test_a_campaign_string_is_an_alias_else_an_id_else_the_first_pattern() -> None:
    aliases = (("spring_*", "c1"), ("spring_sale", "c2"), ("*sale*", "c3"), ("C9", "c1"))
    ids = frozenset({"c1", "spring_own"})
    strings = ["spring_x", "SPRING_SALE", "summer_sale_2", "spring_own", "c9", "other", "c1"]
    assert [campaign_of(raw, aliases, ids) for raw in strings] == ["c1", "c2", "c3", "spring_own", "c1", "other", "c1"]


def test_aliases_name_campaigns_of_touches_and_spend_and_the_rest_is_counted(tmp_path: Path) -> None:
    files = {
        "ads.csv": "day,name,eur\n2018-01-01,Spring 1,1\n2018-01-01,Spring 2,2\n2018-01-01,lost,4\n",
        "touch.csv": "tid,utm\nt1,spring 9\nt2,lost\nt3,c1\nt4,\nt5,gone\n",
        "campaigns.csv": "id\nc1\n",
    }
    yaml = """
        files:
          ads: {path: ads.csv, columns: {day: date, name: text, eur: number}}
          touch: {path: touch.csv, columns: {tid: text, utm: text}}
          campaigns: {path: campaigns.csv, columns: {id: text}}
        tables:
          campaigns: [{from: campaigns, campaign_id: id}]
          spend: [{from: ads, spent_on: day, campaign_id: name, amount: eur}]
          touches: [{from: touch, touch_id: tid, campaign_id: utm, happened_at: 2018-01-01}]
        campaign_aliases: {"spring *": c1}
    """
    with Mapped(tmp_path, files, yaml) as made:
        assert made.rows("spend", "campaign_id, amount") == [("c1", Decimal("3.00")), ("lost", Decimal("4.00"))]
        assert [campaign for _, campaign in made.rows("touches", "touch_id, campaign_id")] == [
            "c1", "lost", "c1", None, "gone",
        ]  # fmt: skip
        assert made.report.unmatched_campaigns == [("lost", 2), ("gone", 1)]


def test_without_mapped_campaigns_no_string_is_called_unmatched(tmp_path: Path) -> None:
    tables = "tables: {touches: [{from: crm, touch_id: id, campaign_id: id, happened_at: 2018-01-01}]}"
    with one_file("id\na\n", "columns: {id: text}", tables, tmp_path) as made:
        assert made.report.unmatched_campaigns == []


CHANNELS = """
    files:
      crm: {path: crm.csv, columns: {id: text, src: text}}
      touch: {path: touch.csv, columns: {tid: text, src: text, med: text, ch: text, partner: boolean, seen: date}}
    tables:
      contacts: [{from: crm, contact_id: id, original_source: src}]
      touches:
        - {from: touch, touch_id: tid, source: src, medium: med, channel: ch, happened_at: seen, kind: "'visit'",
           extra: {partner: boolean}}
"""
RULES = """
    channels:
      - {when: partner, channel: Partner}
      - {when: "medium = 'cpc' or source = 'adwords'", channel: Paid search}
      - {when: "source in ('google', 'bing')", channel: Organic search}
"""
CHANNEL_FILES = {
    "crm.csv": "id,src\na,google\nb,adwords\nc,\nd,fair\n",
    "touch.csv": """
        tid,src,med,ch,partner,seen
        t1,google,cpc,x,true,2018-01-01
        t2,google,cpc,x,,2018-01-01
        t3,google,,x,,2018-01-01
        t4,other,,x,,2018-01-01
        t5,other,,,,2018-01-01
        """,
}


def test_the_first_channel_rule_that_is_true_decides_else_the_channel_as_written(tmp_path: Path) -> None:
    with Mapped(tmp_path, CHANNEL_FILES, CHANNELS + RULES) as made:
        assert [channel for _, channel in made.rows("touches", "touch_id, channel")] == [
            "Partner", "Paid search", "Organic search", "x", None,
        ]  # fmt: skip
        assert made.rows("contacts", "contact_id, original_source, original_channel") == [
            ("a", "google", "Organic search"),
            ("b", "adwords", "Paid search"),
            ("c", None, None),
            ("d", "fair", "fair"),
        ]


def test_without_rules_channels_are_as_written(tmp_path: Path) -> None:
    with Mapped(tmp_path, CHANNEL_FILES, CHANNELS) as made:
        assert {channel for _, channel in made.rows("touches", "touch_id, channel")} == {"x", None}
        assert made.rows("contacts", "contact_id, original_channel") == [
            ("a", "google"), ("b", "adwords"), ("c", None), ("d", "fair"),
        ]  # fmt: skip


# Invariants

_YAML = """
    files:
      crm: {path: "crm-*.csv", columns: {id: text, mail: text, seen: date, rev: integer}, updated_at: rev}
      touch: {path: "touch-*.csv", columns: {tid: text, mail: text, visitor: text, seen: timestamp}}
      ids: {path: "ids-*.csv", columns: {visitor: text, who: text, seen: date}}
      gone: {path: "gone-*.csv", columns: {old: text, new: text}}
      ads: {path: "ads-*.csv", columns: {line: text, day: date, name: text, eur: number}, row_id: line}
    tables:
      contacts: [{from: crm, contact_id: id, email: mail, created_at: seen}]
      touches: [{from: touch, touch_id: tid, email: mail, anonymous_id: visitor, happened_at: seen, kind: "'visit'"}]
      identities: [{from: ids, anonymous_id: visitor, contact_id: who, known_at: seen}]
      merges: [{from: gone, object: "'contact'", old_id: old, new_id: new}]
      spend: [{from: ads, spent_on: day, campaign_id: name, amount: eur}]
    campaign_aliases: {"a*": A}
"""
_ROWS = {
    "crm": ["id,mail,seen,rev"]
    + [f"c{n},{'x' * (n % 3)}{n}@x.example,2018-01-{n + 1:02},{rev}" for n in range(8) for rev in (1, 2)],
    "touch": ["tid,mail,visitor,seen"]
    + [f"t{n},{'xx2@x.example' if n % 2 else ''},v{n % 3},2018-01-{n + 1:02} 10:00:00" for n in range(20)],
    "ids": ["visitor,who,seen", "v0,c1,2018-01-05", "v0,c2,2018-01-09", "v1,c3,", "v2,c4,2018-01-02"],
    "gone": ["old,new", "c1,c5", "c5,c6", "c2,c3", "c7,c2"],
    "ads": ["line,day,name,eur"] + [f"l{n},2018-01-0{n % 3 + 1},{'aab'[n % 3]}{n % 2},{n}.10" for n in range(12)],
}


def _model(folder: Path, files: dict[str, str]) -> dict[str, list[tuple[object, ...]]]:
    with Mapped(folder, files, _YAML) as made:
        tables = {name: made.bench.frame(f"SELECT * FROM {name}").rows() for name in CANONICAL}
        tables["personal"] = made.bench.frame('SELECT * FROM "personal"."contacts"').rows()
        return tables


@functools.cache
def _plain_model() -> dict[str, list[tuple[object, ...]]]:
    with tempfile.TemporaryDirectory() as folder:
        return _model(Path(folder), {f"{name}-1.csv": "\n".join(rows) + "\n" for name, rows in _ROWS.items()})


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_row_order_file_splits_and_second_deliveries_change_nothing(seed: int) -> None:
    chance = random.Random(seed)
    shuffled: dict[str, str] = {}
    for name, (header, *rows) in _ROWS.items():
        again = rows + chance.sample(rows, k=len(rows) // 2)
        chance.shuffle(again)
        cut = chance.randint(1, len(again) - 1)
        shuffled[f"{name}-1.csv"] = "\n".join([header, *again[:cut]]) + "\n"
        shuffled[f"{name}-2.csv"] = "\n".join([header, *again[cut:]]) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        assert _model(Path(folder), shuffled) == _plain_model()


# Real data


@pytest.mark.usefixtures("olist_files")
def test_olist_maps_to_its_leads_and_deals(tmp_path: Path) -> None:
    example = Path(__file__).parent.parent / "examples" / "olist"
    yaml = (example / "sources.yaml").read_text(encoding="utf-8")
    with Mapped(tmp_path, {}, yaml, time_zone=read_company(example).time_zone) as made:
        rows = made.report.rows
        assert (rows["contacts"], rows["touches"], rows["deals"], rows["deal_contacts"]) == (8000, 8000, 842, 842)
        assert made.rows("quarantine") == []
        origins = dict(made.rows("contacts", "DISTINCT coalesce(original_channel, ''), 1"))  # type: ignore[arg-type]  # two columns
        assert {"", "unknown", "social", "paid_search"} <= set(origins)
        early = "SELECT count(*) FROM deals JOIN contacts ON contact_id = deal_id WHERE closed_on < contacts.created_on"
        assert made.bench.frame(early).item() == 1
