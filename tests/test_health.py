"""Whether data can be trusted, on small companies whose every line and row is counted by hand."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from metrics import OpenCompany, Session
from metrics.gaps import Gap, gap_rows, gaps
from metrics.health import (
    checks,
    exclusions,
    overview,
    quarantine_rows,
    quarantined,
    sources,
    stale,
    unmapped,
    unmatched_campaigns,
)
from tests.small_company import DEALS, PEOPLE, SmallCompany

# Lines 6 and 10 have no date, line 7 has too few fields, line 8 no key; line 9 is blank.
BAD_PEOPLE = (
    PEOPLE
    + "c5,Eve,eve@x.example,2026-02-30,fair\nc6,Y\n,Nobody,no@x.example,2026-03-01,fair\n\nc7,Y,y@x.example,soon,fair\n"
)
# d3 has no contact, d4 no amount, d5 no close date; the amount of d6 (line 7) is no number.
BAD_DEALS = DEALS + "d3,,400,2026-03-01\nd4,c4,,2026-03-02\nd5,c4,12,\nd6,c2,abcdef,2026-03-01\n"


@pytest.fixture
def bad(small: SmallCompany) -> Session:
    small.write("people.csv", BAD_PEOPLE)
    small.write("deals.csv", BAD_DEALS)
    return refreshed(small)


@pytest.fixture
def rich(small: SmallCompany) -> Session:
    """With touches of c1 and c2 (one of them undated), campaigns, and amounts in dollars without a rate."""
    small.write(
        "deals.csv", "deal_id,contact_id,amount,closed_on,currency\nd1,c1,10,2026-02-04,EUR\nd2,c3,20,2026-03-12,USD\n"
    )
    small.write("spend.csv", "day,cost,currency,campaign\n2026-01-15,5,USD,FAIR\n2026-01-16,6,,fair\n")
    small.write("touches.csv", "id,who,day,campaign\nt1,c1,2026-01-04,Fair 26\nt2,c2,,Fair 26\nt3,c1,2026-01-03,fair\n")
    small.write("campaigns.csv", "id\nfair\n")
    small.replace("sources.yaml", "closed_on: date}", "closed_on: date, currency: text}")
    small.replace("sources.yaml", "cost: number}", "cost: number, currency: text, campaign: text}")
    small.replace(
        "sources.yaml",
        "tables:\n",
        "  touches: {path: touches.csv, columns: {id: text, who: text, day: date, campaign: text}}\n"
        "  campaigns: {path: campaigns.csv, columns: {id: text}}\n"
        "tables:\n"
        "  touches:\n    - {from: touches, touch_id: id, contact_id: who, happened_at: day, kind: \"'form'\","
        " campaign_id: campaign}\n"
        "  campaigns: [{from: campaigns, campaign_id: id}]\n",
    )
    small.replace("sources.yaml", "amount: amount, closed_at", "amount: amount, currency: currency, closed_at")
    small.replace("sources.yaml", "amount: cost}", "amount: cost, currency: currency, campaign_id: campaign}")
    return refreshed(small)


def refreshed(company: SmallCompany) -> Session:
    company.refresh()
    return OpenCompany(company.company).at()


def opened(company: SmallCompany) -> Session:
    return OpenCompany(company.company).at()


def found(session: Session) -> dict[str, tuple[int | None, int | None]]:
    return {gap.key: (gap.rows, gap.among) for gap in gaps(session).found}


# -- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_stale_that_ends_long_before_the_newest(small: SmallCompany) -> None:
    session = opened(small)
    assert [(file.name, file.behind) for file in stale(session)] == [("spend", 59), ("deals", 16)]
    assert [(one.file.name, one.is_stale) for one in sources(session)] == [
        ("spend", True),
        ("deals", True),
        ("people", False),
    ]


@pytest.mark.parametrize(("through", "is_stale"), [("2026-03-24", False), ("2026-03-23", True)])
def test_a_week_behind_is_not_stale_and_a_day_more_is(small: SmallCompany, through: str, is_stale: bool) -> None:
    small.replace("sources.yaml", "through: 2026-03-15", f"through: {through}")
    assert ("deals" in [file.name for file in stale(refreshed(small))]) == is_stale


def test_a_file_without_dates_is_not_stale(small: SmallCompany) -> None:
    small.write("extra.csv", "id\nx\n")
    small.replace("sources.yaml", "tables:\n", "  extra: {path: extra.csv, columns: {id: text}}\ntables:\n")
    session = refreshed(small)
    assert [one.behind for one in sources(session) if one.file.name == "extra"] == [None]
    assert "extra" not in [file.name for file in stale(session)]


def test_a_company_whose_files_have_no_dates_has_no_newest_day(small: SmallCompany) -> None:
    text = (small.folder / "sources.yaml").read_text()
    for day in ("2026-03-31", "2026-03-15", "2026-01-31"):
        text = text.replace(f"    through: {day}\n", "")
    small.write("sources.yaml", text.replace(": date", ": text").replace("created_at: created_on, ", ""))
    small.replace("sources.yaml", "closed_at: closed_on, ", "")
    small.replace("sources.yaml", "    - {from: spend, spent_on: day, amount: cost}", "    []")
    session = refreshed(small)
    told = overview(session, dt.date(2026, 4, 1))
    assert (told.newest, told.age, told.stale, told.is_old) == (None, None, (), False)


def test_all_files_together_account_for_every_line(bad: Session) -> None:
    told = overview(bad, dt.date(2026, 4, 2))
    assert (told.files, told.lines, told.loaded, told.quarantined, told.skipped) == (3, 16, 11, 4, 1)
    assert told.lines == told.loaded + told.quarantined + told.skipped
    assert told.share == pytest.approx(11 / 15)
    assert (told.unmapped, told.apart) == (2, 6)
    assert (told.newest, told.age, told.is_old) == (dt.date(2026, 3, 31), 2, False)
    assert (len(told.stale), told.in_step) == (2, 1)


@pytest.mark.parametrize(("today", "is_old"), [("2026-04-07", False), ("2026-04-08", True), ("2026-03-01", False)])
def test_data_is_old_when_nothing_new_came_for_more_than_a_week(small: SmallCompany, today: str, is_old: bool) -> None:
    assert overview(opened(small), dt.date.fromisoformat(today)).is_old == is_old


# -- what was left out -----------------------------------------------------------------------------------------------


def test_equal_faults_are_counted_together_with_their_first_line(bad: Session) -> None:
    faults = {
        (file, column): (fault, lines, first) for file, column, fault, lines, first in quarantined(bad).iter_rows()
    }
    fault, lines, first = faults["people.csv", "created_on"]
    assert (lines, first) == (2, 6)
    assert fault.startswith("a value is not a date")
    assert faults["people.csv", None] == ("has 2 fields, the header has 5", 1, 7)
    assert faults["people.csv", "contact_id"] == ("key contact_id is empty", 1, 8)
    assert faults["deals.csv", "contact_id"] == ("key contact_id is empty", 1, 4)
    assert faults["deals.csv", "amount"][1:] == (1, 7)
    assert len(faults) == 5
    assert quarantined(bad)["lines"].sum() == overview(bad).apart


def test_lines_of_one_broken_quote_are_one_fault(small: SmallCompany) -> None:
    more = "".join(f"x{number},N,n{number}@x.example,2026-03-01,fair\n" for number in range(9))
    small.write("people.csv", PEOPLE + more + 'z1,"op\nen"x,z@x.example,2026-03-01,fair\n')
    rows = [row for row in quarantined(refreshed(small)).iter_rows() if row[0] == "people.csv"]
    assert [(fault, lines, first) for _, _, fault, lines, first in rows] == [
        ("belongs to a record with a broken quote", 2, 15)
    ]


def test_single_lines_have_their_place_and_a_masked_value(bad: Session) -> None:
    rows = quarantine_rows(bad)
    assert rows.columns == ["file", "line", "column", "reason", "value"]
    assert [(file, line) for file, line, *_ in rows.iter_rows()] == [
        ("deals.csv", 4), ("deals.csv", 7), ("people.csv", 6), ("people.csv", 7), ("people.csv", 8), ("people.csv", 10),
    ]  # fmt: skip
    masked = rows.filter((rows["file"] == "deals.csv") & (rows["line"] == 7))
    assert masked["value"].item() == "ab…"
    assert not any("abcdef" in str(cell) for row in rows.iter_rows() for cell in row)


def test_rows_that_fit_no_table_are_counted_by_table(bad: Session) -> None:
    assert unmapped(bad).rows() == [("contacts", 1), ("deal_contacts", 1)]


def test_exclusions_are_told_with_their_reason(small: SmallCompany) -> None:
    small.replace(
        "sources.yaml", "absent:", "exclude: [{from: contacts, when: \"contact_id = 'c4'\", why: A test.}]\nabsent:"
    )
    session = refreshed(small)
    assert exclusions(session).rows() == [("contacts", "A test.", 1)]


def test_campaign_strings_that_match_nothing_are_counted(rich: Session) -> None:
    frame, reason = unmatched_campaigns(rich)
    assert reason is None
    assert frame.rows() == [("Fair 26", 2), ("FAIR", 1)]


def test_without_campaigns_there_is_a_reason_and_no_count(small: SmallCompany) -> None:
    frame, reason = unmatched_campaigns(opened(small))
    assert frame.is_empty()
    assert reason == "No source gives touches.campaign_id: map it in sources.yaml."


def test_nothing_left_out_is_nothing_to_tell(small: SmallCompany) -> None:
    session = opened(small)
    assert quarantined(session).is_empty()
    assert quarantine_rows(session).is_empty()
    assert unmapped(session).is_empty()
    assert exclusions(session).is_empty()
    assert overview(session).share == 1.0


# -- what rows lack --------------------------------------------------------------------------------------------------


def test_gaps_are_counted_among_the_rows_that_could_have_them(bad: Session) -> None:
    assert found(bad) == {
        "won_without_day": (1, 5),
        "won_without_amount": (1, 5),
        "deals_without_contact": (1, 5),
    }


def test_amounts_without_a_rate_are_counted_and_their_own_currency_is_not(rich: Session) -> None:
    told = found(rich)
    assert told["won_without_rate"] == (1, 2)
    assert told["pipeline_without_rate"] == (1, 2)
    assert told["spend_without_rate"] == (1, 2)
    assert gap_rows(rich, "won_without_rate")["deal_id"].to_list() == ["d2"]
    assert gap_rows(rich, "spend_without_rate")["currency"].to_list() == ["USD"]


def test_contacts_without_a_touch_and_touches_without_a_time_are_counted(rich: Session) -> None:
    told = found(rich)
    assert told["contacts_without_touch"] == (2, 4)
    assert told["touches_without_day"] == (1, 3)
    assert gap_rows(rich, "contacts_without_touch")["contact_id"].to_list() == ["c3", "c4"]
    assert gap_rows(rich, "touches_without_day")["touch_id"].to_list() == ["t2"]


def test_contacts_and_deals_without_a_creation_date_are_counted(small: SmallCompany) -> None:
    small.write("people.csv", PEOPLE + "c5,Eve,eve@x.example,,fair\n")
    small.write(
        "deals.csv", "deal_id,contact_id,amount,closed_on,opened\nd1,c1,1,2026-02-04,\nd2,c1,1,2026-02-04,2026-02-01\n"
    )
    small.replace("sources.yaml", "closed_on: date}", "closed_on: date, opened: date}")
    small.replace("sources.yaml", "amount: amount, closed_at", "amount: amount, created_at: opened, closed_at")
    small.replace("sources.yaml", "absent: [lost deals, open deals, visits]", "absent: [lost deals, visits]")
    session = refreshed(small)
    assert found(session) == {"deals_without_day": (1, 2), "contacts_without_day": (1, 5)}
    assert gap_rows(session, "contacts_without_day")["contact_id"].to_list() == ["c5"]
    assert gap_rows(session, "deals_without_day")["deal_id"].to_list() == ["d1"]


def test_what_a_company_does_not_have_is_a_reason_and_not_zero(small: SmallCompany) -> None:
    told = gaps(opened(small))
    reasons = {gap.key: reason for reason, kinds in told.unknown.items() for gap in kinds}
    assert reasons == {
        "deals_without_day": "Small & Sons has no open deals (declared absent in sources.yaml).",
        "contacts_without_touch": "No source gives touches.contact_id: map it in sources.yaml.",
        "touches_without_day": "No source gives touches.happened_at: map it in sources.yaml.",
    }
    assert all(gap.rows is None and gap.among is None for kinds in told.unknown.values() for gap in kinds)
    assert "deals_without_contact" in [gap.key for gap in told.none]
    assert told.looked_for + len(reasons) == 10


def test_every_gap_shows_the_rows_that_it_counts(bad: Session, rich: Session, demo: Session, olist: Session) -> None:
    for session in (bad, rich, demo, olist):
        told = gaps(session)
        for gap in (*told.found, *told.none):
            assert gap_rows(session, gap.key).height == min(gap.rows or 0, 2_000)


def test_rows_of_a_gap_leave_unknown_columns_out(bad: Session) -> None:
    rows = gap_rows(bad, "won_without_day")
    assert rows.columns == ["deal_id", "contact_id", "deal_type", "original_amount", "currency"]
    assert rows["deal_id"].to_list() == ["d5"]


def test_a_model_of_the_company_that_leaves_a_column_out_is_a_reason(small: SmallCompany) -> None:
    standard = Path(__file__).parent.parent / "data" / "models" / "daily_spend.sql"
    lines = [line for line in standard.read_text().splitlines() if "bool_or(rate_missing)" not in line]
    small.write("models/daily_spend.sql", "\n".join(lines))
    told = gaps(refreshed(small)).unknown
    assert told["Small & Sons has no daily_spend.rate_missing: its own models leave it out."] == (
        Gap(
            "spend_without_rate",
            "Days of spend without an exchange rate",
            "No rate is known for their currency on that day, so they are in no sum of spend.",
            reason="Small & Sons has no daily_spend.rate_missing: its own models leave it out.",
        ),
    )


# -- what was checked ------------------------------------------------------------------------------------------------


def test_checks_are_those_that_were_written_when_the_data_was_sealed(small: SmallCompany) -> None:
    told = checks(opened(small))
    assert told is not None
    by_check = dict(told.iter_rows())
    assert by_check["revenue: (deal_id) must be a key"].endswith("data/models/revenue.sql:1:1")
    assert "leads.is_first_pass must not be empty" in by_check
    assert told.height == len(by_check) > 40


def test_a_check_of_the_company_is_among_them_after_the_refresh_that_ran_it(small: SmallCompany) -> None:
    small.write("models/ours.sql", "-- Ours.\n-- #key(contact_id)\nselect contact_id from contacts\n")
    assert checks(opened(small)) is None
    told = checks(refreshed(small))
    assert told is not None
    assert "ours: (contact_id) must be a key" in told["check"].to_list()


def test_after_a_change_of_stages_nothing_is_said_of_checks(small: SmallCompany) -> None:
    small.replace("stages.yaml", "band: TOFU", "band: MOFU")
    assert checks(opened(small)) is None
