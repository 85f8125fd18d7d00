"""What became of a sealed month: each cause alone and together, with parts that sum to the difference exactly."""

from __future__ import annotations

import math
import os
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import tandem
from alignment.record_causes import Causes, Extracts
from alignment.record_effects import effects_of, exact
from alignment.restatement import Restatement, carried, restate
from alignment.sealing import seal_month
from alignment.snapshots import shelf_of
from alignment.verification import verify
from data.errors import NotSealed
from metrics.records import Part
from tests.sealed_company import MARCH, TODAY, copy_with_march, session_of
from tests.small_company import SmallCompany

SHARED = Path(os.environ["TANDEM_VAR"])
OWN_LEADS = """\
metrics:
  leads:
    label: Leads
    description: First passes of contacts that came from a fair.
    kind: aggregate
    table: leads
    expr: count(*) filter (where is_first_pass)
    time: lead_on
    where: channel = 'fair'
    unit: count
"""


@pytest.fixture
def company(own_state: Path, tmp_path: Path) -> SmallCompany:
    """Sealed March: leads c3 and c4; qualified c3, a Chief; won d2 for 250.50 and d3 for 100 francs at 0.95."""
    return copy_with_march(SHARED, tmp_path / "small", own_state)


def restated(company: SmallCompany) -> Restatement:
    company.refresh()
    found = restate(session_of(company), shelf_of(company.company).open("2026-03"))
    for (metric,), rows in found.effects.drop_nulls("difference").group_by("metric"):
        parts = [Decimal(repr(effect)).quantize(Decimal("0.000000001")) for effect in rows["effect"]]
        total = Decimal(repr(rows["difference"][0])).quantize(Decimal("0.000000001"))
        assert sum(parts) == total, metric
        assert rows["today"][0] - rows["sealed"][0] == pytest.approx(rows["difference"][0])
    return found


def causes(found: Restatement, metric: str) -> dict[str, float]:
    rows = found.effects.filter(pl.col("metric") == metric)
    return dict(rows.select("cause", "effect").iter_rows())


def records(found: Restatement, metric: str) -> set[tuple[str, str, str, float]]:
    rows = found.records.filter(pl.col("metric") == metric)
    return set(rows.select("part", "cause", "record", "effect").iter_rows())


def append(company: SmallCompany, name: str, line: str) -> None:
    company.write(name, (company.folder / name).read_text(encoding="utf-8") + line + "\n")


def test_nothing_changed_moves_nothing(company: SmallCompany) -> None:
    found = restated(company)
    assert found.effects.is_empty()
    assert found.records.is_empty()
    assert (found.changed, found.notes) == ((), ())


def test_a_late_contact_is_a_late_event(company: SmallCompany) -> None:
    append(company, "people.csv", "c5,Gene Hall,gene@mill.example,2026-03-20,search,Clerk")
    found = restated(company)
    assert causes(found, "leads") == {"late event": 1}
    assert records(found, "leads") == {("value", "late event", "c5 / 1", 1)}
    assert causes(found, "mqls") == {}


def test_an_edited_deal_moves_revenue_and_its_average(company: SmallCompany) -> None:
    company.replace("deals.csv", "250.50", "300.00")
    found = restated(company)
    assert causes(found, "won_revenue") == {"edited deal": 49.5}
    assert records(found, "won_revenue") == {("value", "edited deal", "d2", 49.5)}
    # (345.50 + 49.50) / 2 - 345.50 / 2
    assert causes(found, "average_deal") == {"edited deal": 24.75}
    assert records(found, "average_deal") == {("numerator", "edited deal", "d2", 49.5)}


def test_a_deal_that_came_late_is_no_edited_one(company: SmallCompany) -> None:
    append(company, "deals.csv", "d4,c4,10.00,2026-03-25,EUR")
    company.replace("deals.csv", "2026-03-12", "2026-04-01")
    found = restated(company)
    assert records(found, "deals_won") == {("value", "late event", "d4", 1), ("value", "edited deal", "d2", -1)}
    assert causes(found, "won_revenue") == {"late event": 10, "edited deal": -250.5}
    # The number is the same, and yet it is made of other records.
    assert causes(found, "deals_won") == {"late event": 1, "edited deal": -1}


def test_a_deleted_contact_and_a_deleted_deal(company: SmallCompany) -> None:
    company.replace("people.csv", "c4,Ida Rhodes,ida@mill.example,2026-03-10,,Clerk\n", "")
    company.replace("deals.csv", "d2,c3,250.50,2026-03-12,EUR\n", "")
    found = restated(company)
    assert causes(found, "leads") == {"deleted contact": -1}
    assert causes(found, "won_revenue") == {"deleted deal": -250.5}
    # Nobody became a customer any more, so that there is no cost per customer.
    assert causes(found, "cost_per_customer") == {"not told apart": None}


def test_a_merged_contact_counts_once(company: SmallCompany) -> None:
    append(company, "merged.csv", "c4,c3,2026-04-02")
    found = restated(company)
    assert causes(found, "leads") == {"merged contact": -1}
    assert records(found, "leads") == {("value", "merged contact", "c4 / 1", -1)}


def test_a_changed_rate_is_told_from_an_edited_amount(company: SmallCompany) -> None:
    company.replace("rates.csv", "0.95", "0.90")
    alone = restated(company)
    assert causes(alone, "won_revenue") == {"changed rate": -5}
    assert records(alone, "won_revenue") == set()
    company.replace("deals.csv", "100.00", "200.00")
    # 200 at 0.95 is 95 more than was sealed; at 0.90 it is 10 less than that.
    assert causes(restated(company), "won_revenue") == {"edited deal": 95, "changed rate": -10}


def test_rates_of_later_days_change_no_sealed_month(company: SmallCompany) -> None:
    append(company, "rates.csv", "2026-04-01,CHF,0.5")
    assert restated(company).effects.is_empty()


def test_a_changed_rule_is_judged_on_todays_records(company: SmallCompany) -> None:
    company.replace("stages.yaml", "seniority = 'Chief'", "seniority = 'Chief' or seniority = 'Clerk'")
    alone = restated(company)
    assert causes(alone, "mqls") == {"changed rule": 1}
    assert alone.changed == ("stages.yaml",)
    # A Chief that came late is qualified by both rules; a Clerk by the new one alone.
    append(company, "people.csv", "c5,Gene Hall,gene@mill.example,2026-03-20,search,Chief")
    append(company, "people.csv", "c6,Betty Holm,betty@mill.example,2026-03-21,search,Clerk")
    both = restated(company)
    assert causes(both, "mqls") == {"late event": 1, "changed rule": 2}
    assert records(both, "mqls") == {("value", "late event", "c5 / 1", 1)}
    assert causes(both, "leads") == {"late event": 2}


def test_a_changed_definition_is_judged_on_todays_records(company: SmallCompany) -> None:
    company.write("definitions/own.yaml", OWN_LEADS)
    append(company, "people.csv", "c5,Gene Hall,gene@mill.example,2026-03-20,search,Clerk")
    found = restated(company)
    # Sealed were c3 and c4, with c5 they are three; from a fair is c3 alone.
    assert causes(found, "leads") == {"late event": 1, "changed rule": -2}
    assert {"leads", "cost_per_lead"} <= set(found.changed)
    assert "won_revenue" not in found.changed


def test_a_quotient_is_told_by_its_numerator_and_denominator(company: SmallCompany) -> None:
    company.replace("deals.csv", "250.50", "300.00")
    append(company, "deals.csv", "d4,c4,55.00,2026-03-25,EUR")
    company.replace("rates.csv", "0.95", "0.90")
    found = restated(company)
    assert records(found, "average_deal") == {
        ("numerator", "edited deal", "d2", 49.5),
        ("numerator", "late event", "d4", 55),
        ("denominator", "late event", "d4", 1),
    }
    # 345.50 / 2 = 172.75; late: 400.50 / 3 = 133.50; edited: 450 / 3 = 150; rate: 445 / 3 = 148.33.
    told = causes(found, "average_deal")
    assert told["late event"] == pytest.approx(-39.25)
    assert told["edited deal"] == pytest.approx(16.5)
    assert told["changed rate"] == pytest.approx(-5 / 3, abs=1e-6)


DATED = """\
deal_id,contact_id,amount,closed_on,currency,created_on
d2,c3,250.50,2026-03-12,EUR,2026-03-02
d3,c1,100.00,2026-03-10,CHF,2026-02-08
d4,c4,55.00,2026-03-26,EUR,2026-03-11
"""


def test_a_median_is_told_by_what_each_record_did_to_it_one_after_the_other(company: SmallCompany) -> None:
    company.replace("sources.yaml", "closed_on: date, currency", "closed_on: date, created_on: date, currency")
    company.replace("sources.yaml", "closed_at: closed_on", "created_at: created_on, closed_at: closed_on")
    company.replace("sources.yaml", "open deals, ", "")
    company.write("deals.csv", DATED)
    company.refresh()
    # Won in March after 10, 30 and 15 days: the median is 15.
    seal_month(session_of(company), MARCH, revise="with the days on which deals began", today=TODAY)
    assert restated(company).effects.is_empty()
    company.replace("deals.csv", "d4,c4,55.00,2026-03-26,EUR,2026-03-11\n", "d5,c2,9,2026-03-25,EUR,2026-03-20\n")
    company.replace("deals.csv", "250.50,2026-03-12", "250.50,2026-03-24")
    found = restated(company)
    # Late, 5 days: of 5, 10, 15 and 30 it is 10. Edited, 10 to 22: of 5, 15, 22, 30 it is 15. Deleted, 15: 22.
    assert causes(found, "sales_cycle_days") == {"late event": -5, "edited deal": 5, "deleted deal": 7}
    (row,) = found.effects.filter(pl.col("metric") == "sales_cycle_days").select("sealed", "today").unique().rows()
    assert row == (15, 22)
    rows = found.records.filter(pl.col("metric") == "sales_cycle_days")
    assert rows.select("part", "cause", "record", "before", "after", "effect").rows() == [
        ("wait", "late event", "d5", None, 5, -5),
        ("wait", "edited deal", "d2", 10, 22, 5),
        ("wait", "deleted deal", "d4", 15, None, 7),
    ]


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(st.integers(0, 9), st.sampled_from([0.0, 1.5, 2.25, 7.0, math.inf]), min_size=1),
    st.dictionaries(st.integers(0, 9), st.sampled_from([0.0, 1.5, 3.125, 8.0, math.inf]), min_size=1),
)
def test_what_records_did_to_a_median_sums_to_its_difference(was: dict[int, float], now: dict[int, float]) -> None:
    def frame(waits: dict[int, float]) -> pl.DataFrame:
        rows = [("touch", f"t{key}", value) for key, value in waits.items()]
        return pl.DataFrame(rows, {"kind": pl.String, "record": pl.String, "value": pl.Float64}, orient="row")

    before, after = ([*sorted(waits.values())][math.ceil(len(waits) / 2) - 1] for waits in (was, now))
    if math.isinf(before) or math.isinf(after):
        return
    ends = (exact(before, "days"), exact(after, "days"))
    then, part = frame(was).with_columns(pl.lit("wait").alias("part")), Part("wait", after, frame(now))
    found, told = effects_of(then, [part], Causes(Extracts({}), Extracts({})), ends, {"wait": before}, "days")
    assert sum(found.values()) == ends[1] - ends[0]
    assert "not told apart" not in found
    assert sum(Decimal(repr(effect)) for *_, effect in told) == ends[1] - ends[0]
    assert {record for _, _, _, record, *_ in told} == {
        f"t{key}" for key in was.keys() | now.keys() if was.get(key) != now.get(key)
    }


def test_stages_that_were_not_loaded_yet_cannot_be_compared(company: SmallCompany) -> None:
    company.replace("stages.yaml", "seniority = 'Chief'", "seniority = 'Clerk'")
    with pytest.raises(NotSealed, match=r"Run first: python tandem\.py refresh"):
        restate(session_of(company), shelf_of(company.company).open("2026-03"))


def test_the_next_snapshot_carries_it(company: SmallCompany) -> None:
    company.replace("deals.csv", "250.50", "300.00")
    company.refresh()
    second = seal_month(session_of(company), MARCH, revise="an edited deal", today=TODAY, carried=carried).snapshot
    told = second.frame("restated/effects").filter(pl.col("metric") == "won_revenue")
    assert told.select("month", "revision", "cause", "effect").rows() == [("2026-03", 1, "edited deal", 49.5)]
    assert verify(shelf_of(company.company), "2026-03")[1] == []
    # Against its own generation the second revision has nothing to restate.
    assert restate(session_of(company), second).effects.is_empty()


def test_the_command_prints_causes_and_records(company: SmallCompany) -> None:
    company.replace("deals.csv", "250.50", "300.00")
    company.refresh()

    def ran(*words: str) -> list[str]:
        asked = ["restate", "2026-03", *words, "--company", str(company.folder), "--format", "csv"]
        result = CliRunner().invoke(tandem.app, asked)
        assert result.exit_code == 0
        return result.stdout.splitlines()

    assert "won_revenue,money,345.5,395.0,49.5,edited deal,49.5" in ran()
    assert ran("--records", "won_revenue") == [
        "part,cause,kind,record,before,after,effect",
        "value,edited deal,deal,d2,250.5,300.0,49.5",
    ]
