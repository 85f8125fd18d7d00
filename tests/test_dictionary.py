"""Definitions as entries: every word is there, with its sentence, its place, and why it has no answer."""

from __future__ import annotations

import datetime as dt
import os

import pytest

from data.errors import Place
from metrics import OpenCompany, Session
from metrics.dictionary import details, entries, find, matching, own_definitions
from metrics.entry import Details, Entry
from tests.small_company import SmallCompany


def entry(session: Session, name: str) -> Entry:
    found = find(entries(session), name)
    assert isinstance(found, Entry)
    return found


def about(session: Session, name: str) -> Details:
    return details(session, entry(session, name))


def opened(small: SmallCompany) -> Session:
    return OpenCompany(small.company).at()


def test_every_definition_of_a_company_is_an_entry(demo: Session, olist: Session) -> None:
    for session in (demo, olist):
        found, defined = entries(session), session.definitions
        for section, names in {
            "metrics": defined.metrics, "dimensions": defined.dimensions, "terms": defined.terms,
            "stages": session.reach.stages,
        }.items():  # fmt: skip
            assert sorted(one.name for one in found if one.section == section) == sorted(names)
        assert all(one.sentence.endswith(".") and one.label for one in found)
        assert all(details(session, one).origin for one in found)


def test_metrics_stand_from_the_top_of_the_funnel_to_its_end(demo: Session) -> None:
    bands = [one.band for one in entries(demo) if one.section == "metrics"]
    assert list(dict.fromkeys(bands)) == ["TOFU", "MOFU", "BOFU", None]
    assert bands == sorted(bands, key=["TOFU", "MOFU", "BOFU", None].index)


def test_a_metric_tells_its_formula_owner_place_splits_and_users(demo: Session) -> None:
    found, more = entry(demo, "deals_won"), about(demo, "deals_won")
    assert (found.label, found.owner, found.band, found.missing) == ("Deals won", "sales", "BOFU", None)
    assert found.formula == "count(deal_id) over revenue where deal_type = 'new', by won_on"
    assert found.place.file.endswith("metrics/definitions/volumes.yaml")
    assert found.place.line > 1
    assert more.used_by == ("Win rate",)
    assert {"Channel", "Segment", "Campaign"} <= set(more.splits)
    assert more.sql.startswith("SELECT\n")
    assert '"deals_won"' in more.sql
    assert len(more.fingerprint) == 16


def test_a_metric_without_an_answer_says_why_and_has_no_sql(olist: Session) -> None:
    assert entry(olist, "win_rate").missing == "Olist has no lost deals (declared absent in sources.yaml)."
    assert about(olist, "win_rate").sql == ""
    assert entry(olist, "mqls").missing == "No stage mql here: stages.yaml declares lead, customer."
    assert entry(olist, "leads").missing is None


def test_a_stage_tells_how_it_is_known_and_since_when(demo: Session, olist: Session) -> None:
    assert entry(demo, "lead").formula == "Entered when the contact is created"
    assert entry(demo, "sal").formula == "Entered when sales accepts the lead"
    assert entry(demo, "sql").formula == "Entered when the CRM says 'Sales qualified'"
    assert about(demo, "mql").used_by == (
        "Lead to customer",
        "Lead to customer, stage by stage",
        "Lead to MQL",
        "MQL to opportunity",
        "Qualified leads (MQL)",
    )
    assert entry(demo, "mql").place.file.endswith("stages.yaml")
    assert about(olist, "customer").recorded_from == dt.date(2017, 12, 5)
    assert about(olist, "lead").recorded_from is None


def test_of_several_signs_the_first_counts(small: SmallCompany) -> None:
    small.replace("stages.yaml", "known_by: deal_won", "known_by: [deal_won, {crm: [Signed, Won]}]")
    small.refresh()
    expected = "Entered when a deal of type new is won, or the CRM says 'Signed' or 'Won', whichever is first"
    assert entry(opened(small), "customer").formula == expected


def test_a_stage_that_was_changed_since_the_refresh_is_not_told_as_if_it_counted(small: SmallCompany) -> None:
    small.replace("stages.yaml", "known_by: deal_won", "known_by: accepted")
    found = entry(opened(small), "customer")
    assert (found.formula, found.place) == ("", Place("stages.yaml"))
    assert details(opened(small), found).changed_on is None


def test_a_dimension_tells_its_columns_and_what_it_splits(demo: Session, olist: Session) -> None:
    found, more = entry(demo, "segment"), about(demo, "segment")
    tables = "handoffs, lead_owners, pipeline, revenue, credit, deal_paths"
    assert found.formula == f"segment of leads; account.segment of {tables}"
    assert {"Leads", "Win rate"} <= set(more.used_by)
    assert "Spend" not in more.used_by
    assert '"segment"' in more.sql
    assert more.sql_of.endswith(" by segment")
    assert entry(olist, "region").missing == "No source gives contacts.account_id: map it in sources.yaml."
    told = about(olist, "region")
    assert (told.used_by, told.limits, told.sql) == ((), (), "")


def test_a_dimension_that_only_some_tables_have_says_where_not(olist: Session) -> None:
    assert entry(olist, "channel").missing is None
    assert about(olist, "channel").limits == (
        "Not for visits: Olist has no visits (declared absent in sources.yaml).",
        "Not for daily_spend: Olist has no spend (declared absent in sources.yaml).",
    )
    assert "Leads" in about(olist, "channel").used_by
    assert "Visits" not in about(olist, "channel").used_by


def test_what_a_company_defines_itself_is_told_apart(small: SmallCompany) -> None:
    small.write(
        "definitions/ours.yaml",
        "terms:\n  pass: {label: Pass, description: Ours.}\n  fair: {label: Fair, description: A trade fair.}\n",
    )
    session = opened(small)
    assert own_definitions(session) == (1, 1)
    assert about(session, "pass").origin == "This company's own, in place of the standard one"
    assert about(session, "fair").origin == "This company's own"
    assert about(session, "cohort").origin == "Standard"
    assert entry(session, "fair").place.line == 3


def test_the_last_change_is_the_day_on_which_the_file_was_changed(small: SmallCompany) -> None:
    small.write("definitions/ours.yaml", "terms:\n  fair: {label: Fair, description: A trade fair.}\n")
    # Half past eleven in London is the next day in Berlin.
    changed = dt.datetime(2026, 5, 1, 22, 30, tzinfo=dt.UTC).timestamp()
    os.utime(small.folder / "definitions" / "ours.yaml", (changed, changed))
    session = opened(small)
    assert about(session, "fair").changed_on == dt.date(2026, 5, 2)
    (small.folder / "definitions" / "ours.yaml").unlink()
    assert about(session, "fair").changed_on is None


# -- search ----------------------------------------------------------------------------------------------------------


def test_a_search_finds_words_anywhere_and_names_first(demo: Session) -> None:
    found = [one.name for one in matching(entries(demo), "  deals WON ")]
    assert found[0] == "deals_won"
    assert "win_rate" in found
    assert [one.name for one in matching(entries(demo), "without a known origin")] == ["unattributed"]
    assert matching(entries(demo), "zebra") == ()
    assert matching(entries(demo), "") == entries(demo)


def test_a_name_that_two_sections_share_is_found_in_the_asked_one(small: SmallCompany) -> None:
    small.write("definitions/ours.yaml", "terms:\n  leads: {label: Leads, description: People we may write to.}\n")
    session = opened(small)
    assert entry(session, "leads").section == "metrics"
    assert entry(session, "terms.leads").section == "terms"
    assert about(session, "terms.leads").full_name == "terms.leads"
    assert about(session, "metrics.leads").full_name == "leads"
    assert find(entries(session), "stages.leads") == "No definition is named 'stages.leads'. Did you mean 'leads'?"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("win_rat", "No definition is named 'win_rat'. Did you mean 'win_rate'?"),
        ("zzzzzz", "No definition is named 'zzzzzz'."),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(demo: Session, name: str, says: str) -> None:
    assert find(entries(demo), name) == says


def test_a_rule_is_an_entry_in_words_with_all_it_has_said(generated_demo: OpenCompany) -> None:
    session = generated_demo.at()
    found, more = entry(session, "mql_rule"), about(session, "mql_rule")
    assert (found.section, found.owner, found.label) == ("rules", "marketing", "Rule: Qualified lead (MQL)")
    assert found.sentence == (
        "Entered at the first moment with score at least 57, and interest at least 2 or fit score at least 40."
    )
    assert found.place.file.endswith("stages.yaml")
    assert found.place.line > 1
    assert [version.starts for version in more.versions] == [dt.date(2024, 1, 1), dt.date(2026, 4, 20)]
    assert [name for name, _ in more.scores] == ["fit_score", "interest"]
    assert "Qualified leads (MQL)" in more.used_by
    assert "Leads" not in more.used_by
    assert '"employees"' in more.sql


def test_a_company_without_rules_has_no_such_entries(olist: Session) -> None:
    assert not [one for one in entries(olist) if one.section == "rules"]
