"""Hand-overs: which assignment, touch and verdict belong to a pass, in whose calendar; and what has no answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.engine import Workbench
from tests.tiny_tables import build, company_at, everything_mapped, rows_of, stages_of, workbench

Row = dict[str, Any]
NINE_TO_FIVE = {day: (dt.time(9), dt.time(17)) for day in range(5)}
STAGES = stages_of({"lead": ["created"], "mql": ["crm:MQL"], "sql": ["crm:SQL"], "sal": ["accepted"]}, ("Nurture",))
PEOPLE = [
    {"person_id": "Mia", "team": "marketing", "time_zone": "UTC"},
    {"person_id": "Sam", "team": "sales", "time_zone": "UTC"},
    {"person_id": "Nina", "team": "sales", "time_zone": "America/New_York"},
    {"person_id": "Odd", "team": "sales", "time_zone": "Somewhere"},
]


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """A UTC instant of March 2026; the 2nd is a Monday."""
    return dt.datetime(2026, 3, day, hour, minute)


def activities(*rows: tuple[str, dt.datetime, bool | None]) -> dict[str, list[Row]]:
    return {
        "activities": [
            {"activity_id": name, "happened_at": moment, "is_automatic": machine} for name, moment, machine in rows
        ],
        "activity_contacts": [{"activity_id": name, "contact_id": "C"} for name, *_ in rows],
    }


def assigned(*rows: tuple[dt.datetime, str]) -> list[Row]:
    return [{"contact_id": "C", "happened_at": moment, "person_id": person} for moment, person in rows]


def decided(*rows: tuple[dt.datetime, str]) -> list[Row]:
    return [{"contact_id": "C", "happened_at": moment, "decision": word} for moment, word in rows]


def changed(*rows: tuple[dt.datetime, str]) -> list[Row]:
    return [{"object": "contact", "object_id": "C", "stage": stage, "happened_at": moment} for moment, stage in rows]


def built(tables: dict[str, list[Row]], absent: tuple[str, ...] = (), **mapped: Any) -> tuple[Workbench, Any]:
    company = replace(company_at(Path("nowhere")), business_hours=NINE_TO_FIVE)
    contacts = [{"contact_id": "C", "created_at": at(2, 10)}]
    bench = workbench({"contacts": contacts, "people": PEOPLE, **tables})
    return bench, build(bench, STAGES, company, absent, {**everything_mapped(), **mapped})


def passes(tables: dict[str, list[Row]]) -> dict[int, Row]:
    bench, _ = built(tables)
    with bench:
        return {number: row for (_, number), row in rows_of(bench, "handoffs", "contact_id", "pass").items()}


class TestMomentsOfAPass:
    def test_a_reassignment_does_not_reset_the_first(self) -> None:
        rows = assigned((at(2, 11), "Mia"), (at(3, 11), "Sam"), (at(4, 11), "Nina"))
        (row,) = passes({"assignments": rows}).values()
        assert (row["assigned_at"], row["handed_over_at"], row["owner_id"]) == (at(2, 11), at(3, 11), "Sam")

    def test_whoever_has_it_owns_it_where_sales_never_got_it(self) -> None:
        (row,) = passes({"assignments": assigned((at(2, 11), "Mia"))}).values()
        assert (row["assigned_at"], row["handed_over_at"], row["owner_id"]) == (at(2, 11), None, "Mia")

    def test_what_a_machine_sends_and_what_came_before_the_pass_is_no_answer(self) -> None:
        rows = activities(("before", at(2, 9), False), ("machine", at(2, 12), True), ("call", at(3, 9), None))
        (row,) = passes(rows).values()
        assert row["first_touch_at"] == at(3, 9)

    def test_a_touch_before_the_assignment_is_flagged(self) -> None:
        rows = {"assignments": assigned((at(3, 10), "Sam")), **activities(("call", at(2, 12), False))}
        (row,) = passes(rows).values()
        assert row["touched_before_assigned"]
        assert row["first_touch_worked"] < row["assigned_worked"]

    def test_the_verdict_is_the_first_one_after_the_hand_over(self) -> None:
        rows = {
            "assignments": assigned((at(2, 11), "Mia"), (at(4, 11), "Sam")),
            "lead_decisions": decided((at(3, 9), "rejected"), (at(5, 9), "accepted"), (at(6, 9), "rejected")),
        }
        (row,) = passes(rows).values()
        assert (row["verdict_at"], row["decision"]) == (at(5, 9), "accepted")

    def test_each_pass_has_its_own_moments(self) -> None:
        rows = {
            "assignments": assigned((at(2, 11), "Sam"), (at(12, 11), "Nina")),
            "stage_changes": changed((at(3, 9), "Nurture"), (at(11, 9), "MQL")),
            "lead_decisions": decided((at(13, 9), "accepted")),
            **activities(("call", at(2, 12), False), ("mail", at(12, 16), False)),
        }
        first, second = passes(rows).values()
        assert (first["assigned_at"], first["first_touch_at"], first["verdict_at"]) == (at(2, 11), at(2, 12), None)
        assert (second["created_at"], second["assigned_at"]) == (at(11, 9), at(12, 11))
        assert (second["first_touch_at"], second["decision"]) == (at(12, 16), "accepted")
        assert (first["owner_id"], second["owner_id"]) == ("Sam", "Nina")

    def test_what_is_recorded_before_the_creation_belongs_to_the_first_pass(self) -> None:
        (row,) = passes({"assignments": assigned((at(2, 9, 59), "Sam"))}).values()
        assert row["assigned_at"] == at(2, 9, 59)

    def test_an_inferred_stage_has_no_moment(self) -> None:
        (row,) = passes({"stage_changes": changed((at(5, 9), "SQL"))}).values()
        assert (row["sql_at"], row["sql_on"], row["mql_at"], row["mql_worked"]) == (
            at(5, 9),
            at(5, 9).date(),
            None,
            None,
        )


class TestBusinessSeconds:
    def test_a_weekend_is_not_counted(self) -> None:
        rows = {"assignments": assigned((at(6, 16, 30), "Sam")), **activities(("call", at(9, 9, 30), False))}
        (row,) = passes(rows).values()
        assert row["first_touch_worked"] - row["assigned_worked"] == 3600

    def test_the_calendar_is_that_of_the_owners_time_zone(self) -> None:
        # 16:30 to 17:30 UTC is 11:30 to 12:30 in New York, and past the end of the day in UTC.
        rows = {"assignments": assigned((at(4, 16, 30), "Nina")), **activities(("call", at(4, 17, 30), False))}
        (row,) = passes(rows).values()
        assert row["time_zone"] == "America/New_York"
        assert row["first_touch_worked"] - row["assigned_worked"] == 3600

    @pytest.mark.parametrize("person", ["Odd", "nobody known"])
    def test_without_a_known_zone_it_is_the_companys(self, person: str) -> None:
        (row,) = passes({"assignments": assigned((at(4, 16, 30), person))}).values()
        assert row["time_zone"] == "UTC"


class TestWhatIsAbsent:
    def test_a_company_without_assignments_has_the_reason(self) -> None:
        bench, tables = built({}, absent=("assignments",), assignments=frozenset())
        bench.close()
        reason = "Tiny has no assignments (declared absent in sources.yaml)."
        columns = tables["handoffs"].columns
        for name in ("assigned_on", "handed_over_on", "assigned_worked", "verdict_on", "owner_id"):
            assert columns[name].absent == reason, name
        assert columns["created_on"].absent is None

    def test_an_undeclared_stage_is_named_and_not_stored(self) -> None:
        bench, tables = built({})
        bench.close()
        column = tables["handoffs"].columns["opportunity_worked"]
        assert (column.stored, column.absent) == (False, STAGES.missing("opportunity"))
