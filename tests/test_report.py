"""The report of a sealed month: the sealed numbers in every format, no names, no formulas, whole files, a log."""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook import Workbook
from typer.testing import CliRunner

import tandem
from alignment import export_commands
from alignment.ledger import Export, Ledger
from alignment.report import FORMATS, export, file_name
from alignment.report.composing import compose
from alignment.report.contents import Column, Report, Section, Table
from alignment.report.csv_files import csv_archive
from alignment.report.sheets import workbook
from alignment.snapshots import Snapshot, shelf_of
from data.errors import InvalidQuestion, NotExported, NotSealed
from metrics import Session
from tests.inside_files import text_in
from tests.sealed_company import asked_in_the_shell, copy_with_march, sealed_october
from tests.small_company import SmallCompany

PLAIN = ("leads", "mqls", "customers", "won_revenue", "spend", "win_rate", "visits", "open_pipeline")
SHARED = Path(os.environ["TANDEM_VAR"])
HOSTILE = ('=HYPERLINK("http://x.example")', "+1+1", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1")


@pytest.fixture(scope="session")
def october(demo: Session) -> Snapshot:
    return sealed_october(demo)


@pytest.fixture(scope="session")
def sheets(october: Snapshot) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(export(october, "xlsx")))


@pytest.fixture(scope="session")
def files(october: Snapshot) -> dict[str, list[dict[str, str]]]:
    return csv_files(export(october, "csv"))


@pytest.fixture
def whole(own_state: Path, tmp_path: Path) -> SmallCompany:
    return copy_with_march(SHARED, tmp_path / "small", own_state)


def csv_files(archive: bytes) -> dict[str, list[dict[str, str]]]:
    with zipfile.ZipFile(io.BytesIO(archive)) as found:
        texts = {name: found.read(name).decode("utf-8-sig") for name in found.namelist()}
    return {name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(text))) for name, text in texts.items()}


def tab(book: Workbook, name: str) -> list[dict[str, object]]:
    """The rows below the header, which is the fifth row."""
    header, *rows = [[cell.value for cell in row] for row in book[name].iter_rows(min_row=5)]
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def a_report(*rows: tuple[str, float]) -> Report:
    table = Table("odd", "Odd: names", (Column("Name"), Column("Leads", "count")), rows)
    return Report("A & B", "EUR", "May 2026", "1 to 31 May 2026", "Everything", "1 June 2026", "=1+1",
                  (("Company", "=cmd()"),), (Section("s", "=S", tables=(table,)),))  # fmt: skip


# -- the same numbers everywhere ------------------------------------------------------------------------------------


def test_the_workbook_and_the_csv_hold_the_numbers_that_ask_gives(
    october: Snapshot, sheets: Workbook, files: dict[str, list[dict[str, str]]]
) -> None:
    labels = dict(october.frame("results/headline").select("metric", "label").iter_rows())
    in_sheets = {row["Metric"]: row["October 2026"] for row in tab(sheets, "All numbers")}
    in_files = {row["Metric"]: row["October 2026"] for row in files["all_numbers"]}
    asked = {labels[name]: number for name, number in asked_in_the_shell(*PLAIN).items()}
    assert {label: in_sheets[label] for label in asked} == pytest.approx(asked, rel=1e-15)
    assert {label: float(in_files[label]) for label in asked} == asked


def test_every_sealed_number_of_a_group_is_in_its_tab(october: Snapshot, sheets: Workbook) -> None:
    sealed = october.frame("results/campaigns")
    rows = {row["Campaign"]: row for row in tab(sheets, "Campaigns") if row["Leads"] is not None}
    counted = 0
    for row in sealed.iter_rows(named=True):
        label, name = row["label"], row["campaign_name"] or "Unattributed"
        if name in rows and label in rows[name] and row["value"] is not None:
            assert rows[name][label] == pytest.approx(row["value"], rel=1e-15)
            counted += 1
    assert counted > 50


def test_csv_is_not_rounded(october: Snapshot, files: dict[str, list[dict[str, str]]]) -> None:
    sealed = dict(october.frame("results/headline").select("label", "value").iter_rows())
    (found,) = [row for row in files["all_numbers"] if row["Metric"] == "Lead to customer"]
    assert found["October 2026"] == repr(sealed["Lead to customer"])
    assert len(found["October 2026"]) > 15


def test_csv_says_the_unit_of_every_number(files: dict[str, list[dict[str, str]]]) -> None:
    units = {row["Metric"]: row["Unit"] for row in files["all_numbers"]}
    assert (units["Leads"], units["Won revenue"], units["Win rate"]) == ("count", "EUR", "share of 1")
    assert (units["Human delay"], units["Sales cycle"]) == ("hours", "days")
    assert {"Won revenue (EUR)", "Win rate (share of 1)", "Leads"} <= files["trend"][0].keys()
    assert {"Median (days)", "Within (days)"} <= files["funnel"][0].keys()
    facts = {row["What"]: row["Value"] for row in files["filters_and_dates"]}
    assert facts["Days"] == "1 to 31 October 2026, in the zone Europe/Berlin"
    assert re.fullmatch(r"\d+ \w+ \d{4}, \d\d:\d\d UTC, by .+", facts["Sealed"])


def test_every_table_has_a_tab_and_a_file_of_its_own(
    october: Snapshot, sheets: Workbook, files: dict[str, list[dict[str, str]]]
) -> None:
    tables = compose(october).tables
    assert len({table.name for table in tables}) == len(tables) > 15
    assert files.keys() == {table.name for table in tables} | {"sentences", "filters_and_dates"}
    assert len(sheets.sheetnames) == len(tables) + 3
    assert all(len(name) <= 31 for name in sheets.sheetnames)


def test_the_same_snapshot_gives_the_same_bytes(october: Snapshot) -> None:
    assert export(october, "csv") == export(october, "csv")


def test_a_rate_names_the_days_on_which_its_cohort_entered(files: dict[str, list[dict[str, str]]]) -> None:
    days = {row["Metric"]: row["Of"] for row in files["rates"]}
    assert days["Lead to MQL"] == "entered in September 2026"
    assert {row["Of"] for row in files["all_numbers"] if row["Metric"] == "Leads"} == {"October 2026"}


# -- how it can be read ---------------------------------------------------------------------------------------------


def test_every_tab_says_days_filters_and_how_far_the_data_reached(sheets: Workbook) -> None:
    for sheet in sheets:
        told = sheet["A2"].value
        assert told.startswith("1 to 31 October 2026. Everything: no filter. Data through "), sheet.title


def test_headers_stay_in_view_and_are_printed_on_each_page(sheets: Workbook) -> None:
    sheet = sheets["Campaigns"]
    assert sheet.freeze_panes == "B6"
    assert sheet.print_title_rows == "$5:$5"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage


def test_a_number_is_written_by_its_unit(sheets: Workbook) -> None:
    rows = {row[0].value: row[1].number_format for row in sheets["All numbers"].iter_rows(min_row=6) if row[0].value}
    assert rows["Leads"] == "#,##0"
    assert rows["Win rate"] == "0.0%"
    assert rows["Won revenue"] == '#,##0.00\\ "EUR"'


def test_charts_are_native_and_their_bars_start_at_zero(october: Snapshot) -> None:
    with zipfile.ZipFile(io.BytesIO(export(october, "xlsx"))) as found:
        charts = [found.read(name).decode() for name in found.namelist() if name.startswith("xl/charts/chart")]
    assert len(charts) == sum(len(section.charts) for section in compose(october).sections) > 8
    assert all('<c:min val="0"/>' in chart and "<c:barChart>" in chart for chart in charts)


# -- safe -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_becomes_a_formula(text: str) -> None:
    report = a_report((text, 1), ("-3", -4.5))
    book = openpyxl.load_workbook(io.BytesIO(workbook(report)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n"}
    assert not any(cell.hyperlink for cell in cells)
    rows = csv_files(csv_archive(report))["odd"]
    assert rows[0]["Name"] == f"'{text}"
    assert rows[1] == {"Name": "'-3", "Leads": "-4.5"}
    assert csv_files(csv_archive(report))["filters_and_dates"][0]["Value"] == "'=cmd()"


def test_tabs_whose_names_would_be_equal_or_are_not_allowed_get_others() -> None:
    (section,) = a_report(("a", 1)).sections
    odd = replace(section.tables[0], title="[a]/b*?" + "c" * 40)
    report = replace(a_report(), sections=(replace(section, tables=(odd, odd, section.tables[0])),))
    names = openpyxl.load_workbook(io.BytesIO(workbook(report))).sheetnames
    assert len(names) == len({name.lower() for name in names}) == 6


@pytest.mark.parametrize("form", FORMATS)
def test_no_export_holds_a_name_or_an_address_of_a_contact(whole: SmallCompany, form: str) -> None:
    text = text_in(export(shelf_of(whole.company).open("2026-03"), form))
    assert "Small &amp; Sons" in text or "Small & Sons" in text
    assert not [word for word in ("Lovelace", "Bartik", "Keller", "Rhodes", "mill.example") if word in text]


def test_a_changed_file_is_not_exported(whole: SmallCompany) -> None:
    snapshot = shelf_of(whole.company).open("2026-03")
    file = snapshot.folder / "results" / "headline.parquet"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(NotSealed, match="is not what was sealed"):
        export(snapshot, "csv")


# -- the command ----------------------------------------------------------------------------------------------------


def run(*words: str) -> tuple[int, str]:
    try:
        result = CliRunner().invoke(tandem.app, words, catch_exceptions=False)
    except (NotSealed, InvalidQuestion, NotExported) as error:
        return 1, str(error)
    return result.exit_code, result.output


def test_export_writes_the_formats_asked_for_and_logs_each(whole: SmallCompany, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    code, told = run("export", "2026-03", "--format", "csv,xlsx", "--to", str(folder), "--company", str(whole.folder))
    assert code == 0, told
    assert {file.name for file in folder.iterdir()} == {"small-2026-03.csv.zip", "small-2026-03.xlsx"}
    logged = [entry.content for entry in Ledger.open(whole.company).entries(Export)]
    assert {(one.what, one.form) for one in logged} == {("2026-03 r1", "csv"), ("2026-03 r1", "xlsx")}
    assert all(one.source == shelf_of(whole.company).open("2026-03").manifest.generation for one in logged)


def test_only_a_sealed_month_is_exported_and_it_says_how_to_seal(whole: SmallCompany) -> None:
    company = ("--company", str(whole.folder))
    assert "Seal it with: python tandem.py snapshot 2026-02" in run("export", "2026-02", *company)[1]
    assert "has no revision 4" in run("export", "2026-03", "--revision", "4", *company)[1]
    assert "Seal it with: python tandem.py snapshot 2026-03 --per region" in run(
        "export", "2026-03", "--per", "region", *company
    )[1]  # fmt: skip
    assert (
        "There is no format 'xslx'. Did you mean 'xlsx'?" in run("export", "2026-03", "--format", "xslx", *company)[1]
    )


def test_a_file_is_whole_or_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.csv"
    export_commands.write_whole(file, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export_commands.os, "fsync", full)
    with pytest.raises(NotExported, match="no space left on device"):
        export_commands.write_whole(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_revisions_and_values_have_files_of_their_own(october: Snapshot) -> None:
    assert file_name(october, "xlsx") == f"{october.manifest.company['id']}-2026-10.xlsx"
    second = replace(october, folder=october.folder / "r2", manifest=replace(october.manifest, revision=2))
    assert file_name(second, "csv").endswith("-2026-10-r2.csv.zip")
    per = Snapshot(Path("per/region/dach-1a2b/2026-10"), replace(october.manifest, per=("region", "DACH")))
    assert file_name(per, "csv").endswith("-2026-10-dach-1a2b.csv.zip")
