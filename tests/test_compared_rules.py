"""Two rules side by side, and a rule beside the CRM: every figure against loops over passes."""

from __future__ import annotations

import datetime as dt
import functools
import statistics
from typing import Any

import pytest
from hypothesis import given, settings
from typer.testing import CliRunner

import tandem
from data.calendar import Period
from data.errors import InvalidQuestion
from metrics import Session
from metrics.compared_rules import against_crm, compare_rules
from tests import oracle_moments
from tests.depth import deep
from tests.tiny_companies import Row, companies
from tests.tiny_sessions import FULL, TinyCompany, rows_in

RULES = "rules: {mql: [{from: 2024-01-01, when: visits >= 1}]}"
DAY = dt.date(2024, 7, 1)
WORDS = (("Nurture",), ("Junk",))


@functools.cache
def company_with(rules: str) -> TinyCompany:
    return TinyCompany(FULL, rules=rules)


@pytest.mark.parametrize("rules", ["", RULES])
def test_each_group_is_what_a_loop_over_passes_counts(rules: str) -> None:
    company = company_with(rules)

    @settings(max_examples=deep(12, 50), deadline=None)
    @given(companies)
    def holds(tables: dict[str, list[Row]]) -> None:
        session = company.session(tables)
        found = compare_rules(session, "mql", "forms + ad_clicks >= 1")
        passes = judged(session, tables)
        for row in found.frame.to_dicts():
            assert row == figures(row["group"], passes) | {"group": row["group"]}
        for group in ("enters", "leaves", "both"):
            listed = {(row["contact_id"], row["pass"]) for row in found.rows(group).to_dicts()}
            assert listed == {key for key, one in passes.items() if is_in(group, one)}

    holds()


def judged(session: Session, tables: dict[str, list[Row]]) -> dict[tuple[str, int], Row]:
    """Per pass both stamps, later stages, revenue and the first verdict, none of them from after the data."""
    moments = oracle_moments.moments(tables, FULL, *WORDS)
    proposed = oracle_moments.first_true(moments, lambda m: m["forms"] + m["ad_clicks"] >= 1)
    passes = {}
    for lead in rows_in(session, "leads"):
        key = (lead["contact_id"], lead["pass"])
        passes[key] = {
            "present": lead["mql_stamped_on"],
            "proposed": proposed[key][1] if key in proposed else None,
            "opportunity": lead["opportunity_on"],
            "customer": lead["customer_on"],
            "amount": 0.0,
            "decision": None,
        }
    for won in rows_in(session, "revenue"):
        key = (won["contact_id"], won["pass"])
        if won["deal_type"] == "new" and won["won_on"] and won["won_on"] < DAY and key in passes:
            passes[key]["amount"] += float(won["amount"] or 0)
    for row in rows_in(session, "handoffs"):
        if row["verdict_on"] and row["verdict_on"] < DAY:
            passes[row["contact_id"], row["pass"]]["decision"] = row["decision"]
    for one in passes.values():
        for name in ("present", "proposed", "opportunity", "customer"):
            one[name] = one[name] if one[name] and one[name] < DAY else None
    return passes


def is_in(group: str, one: Row) -> bool:
    present, proposed = one["present"] is not None, one["proposed"] is not None
    return {
        "present": present,
        "proposed": proposed,
        "both": present and proposed,
        "enters": proposed and not present,
        "leaves": present and not proposed,
    }[group]


def figures(group: str, passes: dict[tuple[str, int], Row]) -> dict[str, Any]:
    its = [one for one in passes.values() if is_in(group, one)]
    entry = "proposed" if group in ("proposed", "enters") else "present"
    said: dict[str, Any] = {"qualified": len(its)}
    for target, window in (("opportunity", 60), ("customer", 180)):
        reached = [one for one in its if one[target]]
        matured = [one for one in its if one[entry] + dt.timedelta(window) < DAY]
        in_time = [one for one in matured if one[target] and (one[target] - one[entry]).days <= window]
        said |= {
            f"{target}_to_date": len(reached),
            f"{target}_matured": len(matured),
            f"{target}_rate_to_date": len(reached) / len(its) if its else None,
            f"{target}_rate_matured": len(in_time) / len(matured) if matured else None,
        }
    verdicts = [one["decision"] for one in its if one["decision"]]
    accepted = verdicts.count("accepted")
    days = [(one["proposed"] - one["present"]).days for one in its if one["present"] and one["proposed"]]
    return said | {
        "won_revenue": pytest.approx(sum(one["amount"] for one in its)),
        "judged": len(verdicts),
        "accepted": accepted,
        "acceptance": accepted / len(verdicts) if verdicts else None,
        "median_days": statistics.median(days) if days else None,
    }


def of_three(rules: str = RULES) -> Session:
    """A: rule on day 10, CRM on day 12. B: rule only, in February. C: CRM only."""
    visits, stamps = [("A", 10), ("B", 40)], [("A", 12), ("C", 20)]
    return company_with(rules).session(
        {
            "contacts": [{"contact_id": name, "created_at": at(1), "original_channel": name.lower()} for name in "ABC"],
            "touches": [
                {"touch_id": f"T{name}", "contact_id": name, "kind": "visit", "happened_at": at(day)}
                for name, day in visits
            ],
            "stage_changes": [
                {"object": "contact", "object_id": name, "stage": "MQL", "happened_at": at(day)} for name, day in stamps
            ],
        }
    )


def at(day: int) -> dt.datetime:
    return dt.datetime(2024, 1, 1) + dt.timedelta(days=day)


def test_the_crm_is_compared_by_month_with_its_rows() -> None:
    found = against_crm(of_three(), "mql")
    january = (dt.date(2024, 1, 1), 1, 0, 1, 0, 2.0)
    assert found.months.rows() == [january, (dt.date(2024, 2, 1), 0, 1, 0, 0, None)]
    assert [(row["contact_id"], row["days"], row["group"]) for row in found.rows.to_dicts()] == [
        ("A", 2, "both"),
        ("C", None, "only_crm"),
        ("B", None, "only_rule"),
    ]
    february = Period(dt.date(2024, 2, 1), dt.date(2024, 3, 1))
    assert against_crm(of_three(), "mql", february).rows["contact_id"].to_list() == ["B"]


def test_a_comparison_can_be_split_and_bounded() -> None:
    session = of_three()
    split = compare_rules(session, "mql", "visits >= 1 and forms = 0", by=("channel",)).frame
    assert split.filter(group="both").select("channel", "qualified").rows() == [("a", 1), ("b", 1)]
    later = Period(dt.date(2024, 2, 1), dt.date(2024, 3, 1))
    assert compare_rules(session, "mql", "visits >= 1", later).frame["qualified"].to_list() == [0] * 5


@pytest.mark.parametrize(
    ("stage", "text", "sentence"),
    [
        ("mql", "visit >= 1", "The proposed rule: unknown fact 'visit'. Did you mean 'visits'?"),
        ("mql", "visits + 1", "The proposed rule: 'visits + 1' is no condition"),
        ("mqls", "visits >= 1", "Unknown stage 'mqls'. Did you mean 'mql'?"),
    ],
)
def test_a_slip_is_told_with_the_nearest_name(stage: str, text: str, sentence: str) -> None:
    with pytest.raises(InvalidQuestion) as told:
        compare_rules(of_three(), stage, text)
    assert str(told.value).startswith(sentence)


def test_without_a_rule_there_is_nothing_to_set_the_crm_against() -> None:
    with pytest.raises(InvalidQuestion, match="No rule decides the stage mql here"):
        against_crm(of_three(""), "mql")


def test_the_command_prints_groups_and_says_what_they_are(demo: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(demo.company.folder))
    shown = CliRunner().invoke(tandem.app, ["compare", "mql", "--when", "forms >= 1", "--format", "csv"])
    assert shown.exit_code == 0
    assert [line.split(",")[0] for line in shown.stdout.splitlines()] == [
        "group", "present", "proposed", "both", "enters", "leaves",
    ]  # fmt: skip
    assert "Matured to opportunity: within 60 days." in shown.stderr
