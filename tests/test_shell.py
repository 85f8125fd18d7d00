"""The command line: what is answered on standard output, what is told beside it, and with which exit status."""

from __future__ import annotations

import csv
import inspect
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

import tandem
from data.generations import current
from tests.conftest import PROJECT
from tests.small_company import LAST, PEOPLE, SmallCompany

FUNNEL = (
    "step,within_days,entered,converted_to_date,matured,converted_matured,rate_to_date,rate_matured,"
    "rate_kaplan_meier,rate_cumulative_incidence,median_days,p90_days,still_open"
)
COMMANDS = ("refresh", "status", "check", "list", "ask", "explain", "funnel", "why")


@dataclass(frozen=True)
class Ran:
    """What one command came to."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[list[str]]:
        """Standard output as CSV: nothing but the answer may be there."""
        return list(csv.reader(io.StringIO(self.out)))

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Shell = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line of tandem.py in this process."""

    def running(*words: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["tandem.py", *words])
        capsys.readouterr()
        try:
            code = tandem.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        told = capsys.readouterr()
        return Ran(code, told.out, told.err)

    return running


@pytest.fixture
def ask(run: Shell, small: SmallCompany) -> Shell:
    """A command about the small company: `ask("leads", ...)`, or `ask("funnel", ...)` for another command."""

    def asking(*words: str) -> Ran:
        command = words if words[0] in COMMANDS else ("ask", *words)
        return run(*command, "--company", str(small.folder))

    return asking


# -- the shell as a process ------------------------------------------------------------------------------------------


def shell(*words: str) -> Ran:
    command = [sys.executable, str(PROJECT / "tandem.py"), *words]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def test_the_first_question_refreshes_and_answers_on_standard_output(own_state: Path, tmp_path: Path) -> None:
    folder = str(SmallCompany(tmp_path / "new").folder)
    first = shell("ask", "leads", "customers", "--by", "channel", "--company", folder)
    assert (first.code, first.out) == (0, "channel,leads,customers\nfair,1,1\nsearch,2,1\n,1,0\n")
    told = first.err.splitlines()
    assert told[0] == "Small & Sons has no data yet: refreshing first."
    assert told[1:3] == ["  0%  Reading sources.yaml and stages.yaml", "  5%  Reading people"]
    assert told[-1] == "100%  Done"
    assert (own_state / "small" / "CURRENT").exists()


def test_a_question_that_is_not_right_ends_with_two_and_one_sentence(small: SmallCompany) -> None:
    wrong = shell("ask", "leeds", "--company", str(small.folder))
    assert (wrong.code, wrong.out) == (2, "")
    assert wrong.err.startswith(
        "Unknown metric 'leeds'. Did you mean 'leads'? Known: acceptance_rate, accepted, attempt_days, "
    )
    assert len(wrong.err.splitlines()) == 1


# -- ask -------------------------------------------------------------------------------------------------------------


def test_columns_are_dimensions_then_period_then_metrics_as_asked(ask: Shell) -> None:
    asked = ask(
        "won_revenue", "leads,lead_to_customer.rate_to_date", "--by", "channel", "--grain", "month",
        "--from", "2026-01-01", "--to", "2026-04-01",
    )  # fmt: skip
    assert asked.rows[0] == ["channel", "period", "won_revenue", "leads", "lead_to_customer.rate_to_date"]
    assert asked.rows[1:5] == [
        ["fair", "2026-01-01", "0.0", "0", ""],
        ["fair", "2026-02-01", "0.0", "0", ""],
        ["fair", "2026-03-01", "250.5", "1", "1.0"],
        ["search", "2026-01-01", "0.0", "1", "1.0"],
    ]
    assert asked.code == 0


def test_a_comparison_stands_beside_each_metric(ask: Shell) -> None:
    asked = ask(
        "leads", "won_revenue", "--by", "channel", "--from", "2026-03-01", "--to", "2026-04-01", "--compare", "previous"
    )
    assert asked.rows[0] == ["channel", "leads", "leads_before", "won_revenue", "won_revenue_before"]
    months = [
        ask("leads", "won_revenue", "--by", "channel", "--from", f"2026-0{month}-01", "--to", f"2026-0{month + 1}-01")
        for month in (3, 2)
    ]
    now, before = ({row[0]: row[1:] for row in month.rows[1:]} for month in months)
    nothing = ["", ""]
    assert {row[0]: row[1:] for row in asked.rows[1:]} == {
        key: [cell for pair in zip(now.get(key, nothing), before.get(key, nothing), strict=True) for cell in pair]
        for key in now.keys() | before.keys()
    }
    assert "Compared with 2026-02-01 up to 2026-03-01." in asked.err


def test_months_stand_by_the_months_of_the_same_place(ask: Shell) -> None:
    words = ("leads", "--grain", "month", "--compare", "previous")
    asked = ask(*words, "--from", "2026-03-01", "--to", "2026-05-01")
    before = ask("leads", "--grain", "month", "--from", "2026-01-01", "--to", "2026-03-01").rows[1:]
    assert [row[0] for row in asked.rows[1:]] == ["2026-03-01", "2026-04-01"]
    assert [row[2] for row in asked.rows[1:]] == [row[1] for row in before]


def test_a_comparison_without_a_period_says_what_is_missing(ask: Shell) -> None:
    asked = ask("leads", "--compare", "previous")
    assert (asked.code, asked.err.strip()) == (2, "A comparison needs a period: give --from and --to.")


def test_the_group_without_a_value_has_an_empty_key(ask: Shell) -> None:
    assert ask("leads", "--by", "channel").rows == [["channel", "leads"], ["fair", "1"], ["search", "2"], ["", "1"]]


def test_a_period_in_which_nothing_happened_has_its_row(ask: Shell) -> None:
    asked = ask("customers", "--grain", "month", "--from", "2026-01-01", "--to", "2026-04-01")
    assert asked.rows[1:] == [["2026-01-01", "0"], ["2026-02-01", "1"], ["2026-03-01", "1"]]


def test_fractions_are_printed_at_full_precision(ask: Shell) -> None:
    asked = ask("lead_to_customer.rate_to_date", "--from", "2026-02-01", "--to", "2026-04-01")
    assert asked.rows[1] == [repr(1 / 3)]
    assert ask("won_revenue").rows[1] == ["1250.5"]


def test_a_period_is_half_open(ask: Shell) -> None:
    until = {day: ask("leads", "--from", "2026-01-05", "--to", day).rows[1][0] for day in ("2026-02-10", "2026-02-11")}
    assert until == {"2026-02-10": "1", "2026-02-11": "2"}
    # Without an end it reaches through the last day of data.
    assert [row[0] for row in ask("leads", "--from", "2026-03-14", "--grain", "day").rows[1:]] == ["2026-03-14", LAST]


def test_as_of_a_day_holds_what_had_happened_when_it_began(ask: Shell) -> None:
    days = ("2026-02-04", "2026-02-05", "2026-03-12", "2026-03-13")
    assert [ask("leads", "customers", "--as-of", day).rows[1] for day in days] == [
        ["1", "0"], ["1", "1"], ["4", "1"], ["4", "2"],
    ]  # fmt: skip


def test_a_condition_narrows_every_metric(ask: Shell) -> None:
    assert ask("leads", "customers", "--where", "channel = 'search'").rows[1] == ["2", "1"]
    assert ask("leads", "customers", "--where", "channel is null").rows[1] == ["1", "0"]


def test_order_and_limit(ask: Shell) -> None:
    assert ask("leads", "--by", "channel", "--order", "-leads", "--limit", "1").rows[1:] == [["search", "2"]]


def test_what_has_no_answer_is_an_empty_cell_and_a_reason_beside_it(ask: Shell) -> None:
    asked = ask("leads", "win_rate", "mqls")
    assert (asked.code, asked.out) == (0, "leads,win_rate,mqls\n4,,\n")
    assert asked.err.splitlines() == [
        "win_rate: Small & Sons has no lost deals (declared absent in sources.yaml).",
        "mqls: No stage mql here: stages.yaml declares lead, customer.",
    ]


def test_what_a_number_leaves_out_is_told_beside_it(ask: Shell, small: SmallCompany) -> None:
    small.replace("deals.csv", "250.50", "")
    assert ask("refresh").code == 0
    asked = ask("won_revenue", "deals_won")
    assert asked.out == "won_revenue,deals_won\n1000.0,2\n"
    assert asked.err == "Won revenue: 1 row without an amount in EUR is left out.\n"


def test_json_carries_rows_reasons_notes_and_the_sql(ask: Shell) -> None:
    asked = ask("leads", "visits", "--by", "channel", "--from", "2026-01-01", "--to", "2026-03-01", "--json")
    assert set(asked.json) == {"rows", "reasons", "notes", "sql", "values"}
    assert asked.json["rows"] == [{"channel": "search", "leads": 2, "visits": None}]
    assert asked.json["reasons"] == {"visits": "Small & Sons has no visits (declared absent in sources.yaml)."}
    assert asked.json["sql"].startswith("SELECT ")
    assert "2026-03-01" in asked.json["values"].values()
    assert "2026-03-01" not in asked.json["sql"]
    assert asked.err == ""
    assert ask("leads", "--format", "json").json["rows"] == [{"leads": 4}]


def test_a_table_is_for_people(ask: Shell) -> None:
    lines = ask("leads", "won_revenue", "--by", "channel", "--format", "table").out.splitlines()
    assert [line.split() for line in lines] == [
        ["channel", "leads", "won_revenue"], ["fair", "1", "250.5000"], ["search", "2", "1,000.0000"], ["1", "0.0000"],
    ]  # fmt: skip


def test_the_rows_behind_a_number_are_as_many_as_it_says(ask: Shell) -> None:
    asked = ask("customers", "--rows", "--where", "channel = 'search'")
    assert len(asked.rows) == 2
    assert dict(zip(*asked.rows, strict=True))["deal_id"] == "d1"
    assert asked.err == "Customers: 1 rows\n"


def test_a_name_from_the_data_stays_text_in_a_table(ask: Shell, small: SmallCompany) -> None:
    names = ("[bold red]sale[/]", "[link=http://x]here[/link]", "![p](http://x)", "<b>x</b>", ":smile:")
    people = [f'n{number},X,n{number}@mill.example,2026-03-02,"{name}"\n' for number, name in enumerate(names)]
    small.write("people.csv", PEOPLE + "".join(people))
    assert ask("refresh").code == 0
    lines = ask("leads", "--by", "channel", "--format", "table").out.splitlines()
    shown = [line.strip().rsplit(maxsplit=1) for line in lines]
    rows = ask("leads", "--by", "channel").rows
    for name in names:
        assert [name, "1"] in shown
        assert [name, "1"] in rows


def test_a_name_from_the_data_does_not_steer_the_terminal(ask: Shell, small: SmallCompany) -> None:
    small.write("people.csv", PEOPLE.replace(",fair", ",\x1b[31mfair\x1b]0;title\x07"))
    assert ask("refresh").code == 0
    assert "\x1b" not in ask("leads", "--by", "channel", "--format", "table").out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["leads", "--by", "chanel"], "Did you mean 'channel'? Known: "),
        (["leads", "--where", "chanel = 'x'"], "unknown dimension 'chanel'. Did you mean 'channel'?"),
        (["leads", "--grain", "weak"], "'weak' is not a grain. Did you mean 'week'? Allowed: day, "),
        (["leads", "--as-of", "1 May"], "--as-of is '1 May'; write a day such as 2018-01-31."),
        (["leads", "--to", "2026-05-01"], "A period needs both ends: --from is missing."),
        (["leads", "--from", "2026-05-01", "--to", "2026-05-01"], "holds no day: --to is the first day after it."),
        (["leads", "--limit", "0"], "A limit is a number of rows from 1."),
        (["leads", "--order", "leds", "--by", "channel"], "leds"),
        (["leads", "--format", "xml"], "'xml' is not one of 'csv', 'json', 'table'"),
        (["leads", "--bye", "channel"], "No such option"),
        (["funnel", "leads"], "'leads' is no funnel. Funnels: bofu_conversion, lead_to_customer, "),
        (["funnel", "lead_to_customer", "--within", "30;90"], "write days with commas between, such as 30,90,180."),
        (["funnel", "lead_to_custumer"], "Did you mean 'lead_to_customer'?"),
        (["explain", "winrate"], "Unknown metric 'winrate'. Did you mean 'win_rate'?"),
        (["list", "metric"], "'metric' is not one of 'metrics'"),
    ],
)  # fmt: skip
def test_a_question_that_is_not_right_says_what_is_allowed(ask: Shell, words: list[str], sentence: str) -> None:
    asked = ask(*words)
    assert sentence in " ".join(asked.err.split())
    assert (asked.code, asked.out) == (2, "")
    assert "Traceback" not in asked.err


# -- funnel ----------------------------------------------------------------------------------------------------------


def test_a_funnel_has_a_row_per_step_and_one_overall(ask: Shell) -> None:
    asked = ask("funnel", "lead_to_customer")
    # Two stages are declared: the windows of the steps that are left out are added to the one that stands. The leads
    # of 5 January and 10 February took 10 and 30 days; of four only three had been seen for 10 days, two for 30.
    rates = [f"{rate:.6f}" if rate else "" for rate in (0.5, None, 2 / 3)]
    assert [row[:6] for row in asked.rows[1:]] == [
        [step, "210", "4", "2", "0", "0"] for step in ("customer", "overall")
    ]
    assert [[f"{float(cell):.6f}" if cell else "" for cell in row[6:9]] for row in asked.rows[1:]] == [rates] * 2
    # Nobody has matured, so there is no median; no loss is recorded here, so there is no cumulative incidence.
    assert [row[9:] for row in asked.rows[1:]] == [["", "", "", "2"]] * 2
    assert asked.rows[0] == FUNNEL.split(",")
    assert asked.code == 0
    assert "rate_cumulative_incidence: " in asked.err


def test_windows_asked_replace_those_of_the_funnel(ask: Shell) -> None:
    asked = ask("funnel", "lead_to_customer", "--within", "30,10", "--as-of", "2026-03-20")
    assert [row[:8] for row in asked.rows[1:]] == [
        ["customer", "10", "4", "2", "3", "1", "0.5", repr(1 / 3)],
        ["customer", "30", "4", "2", "2", "1", "0.5", "0.5"],
    ]
    assert [row[10:12] for row in asked.rows[1:]] == [["10.0", "10.0"], ["30.0", "30.0"]]


def test_a_funnel_by_channel_has_the_dimension_first(ask: Shell) -> None:
    asked = ask("funnel", "lead_to_customer", "--within", "40", "--by", "channel", "--as-of", "2026-06-01")
    assert asked.rows[0] == ["channel", *FUNNEL.split(",")]
    assert [",".join(row[:9]) for row in asked.rows[1:]] == [
        "fair,customer,40,1,1,1,1,1.0,1.0", "search,customer,40,2,1,2,1,0.5,0.5", ",customer,40,1,0,1,0,0.0,0.0",
    ]  # fmt: skip


def test_a_period_of_a_funnel_bounds_the_day_of_entry(ask: Shell) -> None:
    asked = ask("funnel", "lead_to_customer", "--within", "30", "--from", "2026-01-05", "--to", "2026-02-10")
    assert asked.rows[1][:8] == ["customer", "30", "1", "1", "1", "1", "1.0", "1.0"]


def test_a_funnel_that_does_not_exist_here_says_why(ask: Shell) -> None:
    asked = ask("funnel", "mofu_conversion")
    assert (asked.code, asked.out) == (0, f"{FUNNEL}\n")
    assert asked.err == "mofu_conversion: No stage mql here: stages.yaml declares lead, customer.\n"


# -- the other commands ----------------------------------------------------------------------------------------------


def test_why_prints_the_groups_and_says_the_rest_beside_them(ask: Shell) -> None:
    ran = ask("why", "leads", "--by", "channel", "--from", "2026-03-01", "--to", "2026-03-16")
    # Ten business days of March against those of February, up to the 13th: one lead then, two now.
    assert ran.rows == [
        ["channel", "before", "after", "change", "share"],
        ["fair", "0", "1", "1", "1.0"],
        ["search", "1", "0", "-1", "-1.0"],
        ["", "0", "1", "1", "1.0"],
    ]
    assert "Leads rose by 1 (100.0 %) against 2026-02-01 to 2026-02-13, from 1 to 2." in ran.err
    assert "A difference this small also comes by chance." in ran.err
    assert "Concentration by dimension: " in ran.err


def test_why_as_json_holds_the_sentence_and_the_ranking(ask: Shell) -> None:
    told = ask("why", "leads", "--from", "2026-03-01", "--to", "2026-04-01", "--compare", "last_year", "--json").json
    assert (told["before"], told["after"], told["change"]) == (0, 2, 2)
    assert told["compared_with"] == {"from": "2025-03-01", "to": "2025-04-01"}
    assert told["sentence"].startswith("Leads rose by 2 against 2025-03-01 to 2025-03-31, from 0 to 2.")
    ranked = [row["concentration"] for row in told["dimensions"]]
    assert ranked == sorted(ranked, reverse=True)
    assert told["dimension"] == told["dimensions"][0]["dimension"]
    assert sum(row["change"] for row in told["rows"]) == 2


def test_why_gives_the_reason_where_a_number_has_none(ask: Shell) -> None:
    ran = ask("why", "win_rate", "--from", "2026-03-01", "--to", "2026-04-01")
    assert (ran.code, ran.out) == (0, "\n")
    assert "declared absent" in ran.err
    wrong = ask("why", "leads", "--by", "loss_reason", "--from", "2026-03-01", "--to", "2026-04-01")
    assert (wrong.code, wrong.out) == (2, "")
    assert "its table leads has no loss_reason" in wrong.err
    assert ask("why", "leads").code == 2


def test_explain_says_what_a_metric_means_and_the_sql_that_runs(ask: Shell) -> None:
    told = ask("explain", "won_revenue").out
    assert told.startswith("name: won_revenue\nlabel: Won revenue\ndescription: Amount of the deals of type new won ")
    assert "defined at: metrics/definitions/volumes.yaml:" in told
    assert "\nsql: SELECT " in told
    explained = ask("explain", "win_rate", "--json").json
    assert explained["formula"] == "Deals won / Deals decided"
    assert explained["reason"] == "Small & Sons has no lost deals (declared absent in sources.yaml)."


def test_list_tells_what_has_no_answer_here(ask: Shell) -> None:
    listed = {row[0]: row[-1] for row in ask("list").rows}
    assert listed["metric"] == "no_answer"
    assert listed["leads"] == ""
    assert listed["mqls"] == "No stage mql here: stages.yaml declares lead, customer."


@pytest.mark.parametrize(
    ("what", "column", "holds"),
    [
        ("dimensions", "dimension", "channel"), ("stages", "stage", "customer"), ("terms", "term", "cohort"),
        ("tables", "table", "leads"),
    ],
)  # fmt: skip
def test_everything_that_can_be_asked_is_listed(ask: Shell, what: str, column: str, holds: str) -> None:
    assert holds in [row[column] for row in ask("list", what, "--json").json["rows"]]


def test_status_accounts_for_every_line(ask: Shell, small: SmallCompany) -> None:
    told = ask("status").out
    assert told.startswith(f"Small & Sons: generation {current(small.company)}, data through 2026-03-15\n")
    assert ["people", "4", "4", "0", "0", "2026-03-31"] in [line.split() for line in told.splitlines()]
    assert told.endswith("Stages: lead, customer. Leads: 4 passes.\n")
    assert ask("status", "--json").json["through"] == "2026-03-15"


def test_refresh_makes_a_new_generation_and_shows_it(ask: Shell, small: SmallCompany) -> None:
    before = current(small.company)
    told = ask("refresh")
    assert told.code == 0
    assert current(small.company) != before
    assert f"generation {current(small.company)}, data through 2026-03-15" in told.out
    assert told.err.splitlines()[-1] == "100%  Done"


def test_a_refused_file_ends_the_refresh_with_one_and_its_sentence(ask: Shell, small: SmallCompany) -> None:
    small.write("deals.csv", "")
    told = ask("refresh")
    assert (told.code, told.out) == (1, "")
    assert told.err.splitlines()[-1].endswith("deals.csv: is empty. Export it again, or take it out of sources.yaml.")
    assert ask("customers").rows == [["customers"], ["2"]]


def test_check_tells_everything_that_is_wrong_in_one_go(ask: Shell, small: SmallCompany) -> None:
    counted = r"Small & Sons: all files are right\. \d+ metrics, \d+ dimensions, \d+ terms, 2 stages\.\n"
    assert re.fullmatch(counted, ask("check").out)
    small.replace("stages.yaml", "known_by: deal_won", "known_by: deal_one")
    small.replace("sources.yaml", "cost: number", "cost: nummer")
    small.write("definitions/ours.yaml", "metrics:\n  leads: {lable: Leads, kind: aggregate}\n")
    checked = ask("check")
    assert (checked.code, checked.out) == (1, "")
    for place in ("stages.yaml:3:", "sources.yaml:13:", "ours.yaml:2:"):
        assert place in checked.err
    for spelling in ("deal_won", "number", "label"):
        assert f"Did you mean '{spelling}'?" in checked.err


def test_check_lists_what_replaces_the_standard(ask: Shell, small: SmallCompany) -> None:
    ours = (
        "metrics:\n  leads: {label: Leads, description: All passes., kind: aggregate, table: leads, expr: count(*),"
        " time: lead_on, unit: count}\n"
    )
    small.write("definitions/ours.yaml", ours)
    assert ask("check").out.splitlines()[1:] == ["replaces the standard: metrics/leads"]


def test_a_company_folder_that_does_not_exist_is_told(run: Shell) -> None:
    told = run("status", "--company", "nowhere")
    assert (told.code, told.out) == (1, "")
    assert (
        told.err == "nowhere: this company folder does not exist. Give one with --company FOLDER or TANDEM_COMPANY.\n"
    )


def test_the_environment_names_the_company(run: Shell, small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", os.path.relpath(small.folder))
    assert run("ask", "leads").out == "leads\n4\n"


def test_a_fault_of_tandem_itself_is_told_by_its_id(
    run: Shell, small: SmallCompany, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("data.commands.read_company", lambda _: 1 / 0)
    told = run("status", "--company", str(small.folder))
    assert (told.code, told.out) == (70, "")
    fault = re.search(r"Something went wrong inside Tandem \(fault (\w{8})\)", told.err)
    assert fault
    assert f"fault {fault[1]}" in caplog.text
    assert "ZeroDivisionError" in caplog.text


# -- help ------------------------------------------------------------------------------------------------------------


def test_help_names_every_command_and_where_to_start(run: Shell) -> None:
    told = run("--help")
    assert told.code == 0
    assert [name for name in COMMANDS if re.search(rf"^  {name} +\w", told.out, re.MULTILINE)] == list(COMMANDS)
    assert "Start with: python tandem.py status" in told.out


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_explains_every_option(run: Shell, name: str) -> None:
    told = run(name, "--help").out
    command = typer.main.get_command(tandem.app).commands[name]  # type: ignore[attr-defined]  # the app is a group
    said = " ".join(told.split())
    assert inspect.cleandoc(command.help).split(".")[0] in said
    assert len(command.params) >= 1
    for parameter in command.params:
        assert parameter.help, f"{name} {parameter.name} has no help"
        assert parameter.help.split()[0] in said
        assert all(option in said for option in parameter.opts)
