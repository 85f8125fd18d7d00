"""Raw files: each line is loaded, quarantined with a reason, or skipped; a file that cannot be trusted is refused."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import os
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import RefusedSources
from data.reading import read_file
from tests.sample_company import Read, company, open_bench, sources_of

IDS = "columns: {id: text, n: integer}"
SEEN = "columns: {id: text, seen: timestamp}"


def refusal(folder: Path, name: str, content: bytes | str | None, declared: str) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(RefusedSources) as error:
        Read(folder, name, content, declared)
    return str(error.value).removeprefix(f"{os.path.relpath(folder)}/").removeprefix(f"{folder}/")


# What loads


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_from_the_header(tmp_path: Path, delimiter: str) -> None:
    content = f"id{delimiter}n\na{delimiter}1\nb{delimiter}2\n"
    read = Read(tmp_path, "leads.csv", content, IDS)
    assert read.accounting == (2, 2, 0, 0)
    assert read.rows.select("_line", "id", "n").rows() == [(2, "a", 1), (3, "b", 2)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_header_in_quotes_is_read_like_any_other(tmp_path: Path, delimiter: str) -> None:
    content = f'"id"{delimiter}"n"\n"a{delimiter}b"{delimiter}"1"\n'
    assert Read(tmp_path, "leads.csv", content, IDS).rows.select("id", "n").rows() == [(f"a{delimiter}b", 1)]


@pytest.mark.parametrize(
    "raw",
    [
        "id,n\nMüller,1\n".encode(),
        "id,n\nMüller,1\n".encode("utf-8-sig"),
        "id,n\nMüller,1\n".encode("utf-16"),
        b"\xfe\xff" + "id,n\nMüller,1\n".encode("utf-16-be"),
        "id,n\nMüller,1\n".encode("utf-16-le"),
        "id,n\nMüller,1\n".encode("utf-16-be"),
        "id,n\r\nMüller,1\r\n".encode(),
        "id,n\rMüller,1\r".encode(),
        "id,n\nMüller,1".encode(),
    ],
    ids=["utf-8", "utf-8 mark", "utf-16 mark", "utf-16 be mark", "utf-16 le", "utf-16 be", "crlf", "cr", "no newline"],
)
def test_the_encoding_is_found_from_the_bytes(tmp_path: Path, raw: bytes) -> None:
    read = Read(tmp_path, "leads.csv", raw, IDS)
    assert read.accounting == (1, 1, 0, 0)
    assert read.rows.select("id", "n").rows() == [("Müller", 1)]


def test_a_declared_encoding_is_used_where_the_file_is_not_utf_8(tmp_path: Path) -> None:
    read = Read(tmp_path, "leads.csv", "id,n\nMüller,1\n".encode("cp1252"), f"{IDS}, encoding: cp1252")
    assert read.rows["id"].to_list() == ["Müller"]


def test_gzip_and_parquet_give_what_the_plain_file_gives(tmp_path: Path) -> None:
    text = "id,n,seen\na,1,2018-02-01 10:00:00\nb,,2018-02-02\n"
    declared = "columns: {id: text, n: integer, seen: timestamp}"
    plain = Read(tmp_path, "leads.csv", text, declared)
    packed = Read(tmp_path, "packed.csv.gz", gzip.compress(text.encode()), declared)
    buffer = io.BytesIO()
    typed = {"id": ["a", "b"], "n": [1, None], "seen": [dt.datetime(2018, 2, 1, 10), dt.datetime(2018, 2, 2)]}
    pl.DataFrame(typed).write_parquet(buffer)
    parquet = Read(tmp_path, "leads.parquet", buffer.getvalue(), declared)
    same = [column for column in plain.rows.columns if column not in ("_file", "_line")]
    assert packed.rows.select(same).equals(plain.rows.select(same))
    assert parquet.rows.select(same).equals(plain.rows.select(same))
    assert plain.accounting == packed.accounting == parquet.accounting == (2, 2, 0, 0)


def test_whole_numbers_that_parquet_holds_as_floats_are_still_ids(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pl.DataFrame({"id": [1201.0, None, 1202.5], "n": [1, 2, 3]}).write_parquet(buffer)
    read = Read(tmp_path, "leads.parquet", buffer.getvalue(), IDS)
    assert read.rows["id"].to_list() == ["1201", None, "1202.5"]


def test_parts_that_a_glob_finds_are_stacked_by_name(tmp_path: Path) -> None:
    (tmp_path / "leads-2.csv").write_text("n,id\n2,b\n")
    (tmp_path / "leads-1.csv").write_text("id,n\na,1\n\n")
    read = Read(tmp_path, "leads-*.csv", None, IDS)
    assert read.accounting == (3, 2, 0, 1)
    assert read.rows.select("_file", "_line", "id", "n").rows() == [
        ("leads-1.csv", 2, "a", 1),
        ("leads-2.csv", 2, "b", 2),
    ]
    assert [Path(path).name for path in read.report.paths] == ["leads-1.csv", "leads-2.csv"]


def test_a_path_that_starts_with_a_variable_starts_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deliveries").mkdir()
    (tmp_path / "deliveries" / "leads.csv").write_text("id,n\na,1\n")
    (tmp_path / "company").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHOP_DIR", "deliveries")
    read = Read(tmp_path / "company", "${SHOP_DIR}/leads.csv", None, IDS)
    assert read.report.paths == ("deliveries/leads.csv",)


def test_signs_of_a_pattern_in_a_variable_mean_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "May [final]"
    folder.mkdir()
    (folder / "leads-1.csv").write_text("id,n\na,1\n")
    monkeypatch.setenv("SHOP_DIR", str(folder))
    assert Read(tmp_path, "${SHOP_DIR}/leads-*.csv", None, IDS).accounting == (1, 1, 0, 0)


def test_text_is_trimmed_and_empty_text_is_null(tmp_path: Path) -> None:
    read = Read(tmp_path, "leads.csv", 'id,n\n  a\u00a0,1\n"  ",2\n', IDS)
    assert read.rows["id"].to_list() == ["a", None]


def test_a_header_with_spaces_gets_a_name_of_its_own(tmp_path: Path) -> None:
    declared = 'columns: {id: text, first_contact: {type: date, header: "First contact"}}'
    read = Read(tmp_path, "leads.csv", "id, First contact ,other\na,2018-02-01,x\n", declared)
    assert read.rows["first_contact"].to_list() == [dt.date(2018, 2, 1)]
    assert "other" not in read.rows.columns


def test_blank_lines_and_rows_of_empty_fields_are_skipped_and_counted(tmp_path: Path) -> None:
    read = Read(tmp_path, "leads.csv", "\nid,n\na,1\n\n   \n,,\n,\nb,2\n", IDS)
    assert read.accounting == (6, 2, 0, 4)
    assert read.rows["_line"].to_list() == [3, 8]


def test_a_line_break_inside_quotes_is_part_of_its_record(tmp_path: Path) -> None:
    read = Read(tmp_path, "leads.csv", 'id,n\n"a\nb",1\nc,2\n', IDS)
    assert read.accounting == (2, 2, 0, 0)
    assert read.rows.select("_line", "id").rows() == [(2, "a\nb"), (4, "c")]


def test_exact_duplicates_count_once_only_where_a_row_id_is_declared(tmp_path: Path) -> None:
    text = "id,n\na,1\na,1\na,2\n"
    assert Read(tmp_path, "leads.csv", text, IDS).accounting == (3, 3, 0, 0)
    assert Read(tmp_path / "b", "leads.csv", text, f"{IDS}, row_id: id").accounting == (3, 2, 0, 1)


# Values


def test_numbers_follow_the_declared_decimal_sign_and_nothing_is_stripped(tmp_path: Path) -> None:
    text = "id;x\na;1,5\nb;-,5\nc;1.234,5\nd;7\n"
    read = Read(tmp_path, "leads.csv", text, "columns: {id: text, x: number}, decimal: ','")
    assert read.rows["x"].to_list() == [1.5, -0.5, 7.0]
    assert read.reasons == [(4, "'1.…' is not a number (decimal: ',')")]


def test_whole_numbers_may_be_written_with_zeros_behind_the_point_but_are_never_rounded(tmp_path: Path) -> None:
    read = Read(tmp_path, "leads.csv", "id,n\na,12.0\nb,1.5\nc,-3\nd,007\n", IDS)
    assert read.rows["n"].to_list() == [12, -3, 7]
    assert read.reasons == [(3, "'1.…' is not a whole number")]


def test_booleans_are_read_in_the_usual_spellings(tmp_path: Path) -> None:
    text = "id,won\na,TRUE\nb,0\nc,Yes\nd,maybe\ne,f\n"
    read = Read(tmp_path, "leads.csv", text, "columns: {id: text, won: boolean}")
    assert read.rows["won"].to_list() == [True, False, True, False]
    assert read.reasons == [(5, "'ma…' is not true or false")]


def test_a_date_keeps_its_day_and_a_time_its_instant(tmp_path: Path) -> None:
    text = (
        "id,seen\na,2018-07-01\nb,2018-07-01 23:30:00\nc,2018-07-01T23:30:00Z\nd,2018-07-01 23:30:00.5+02:00\n"
        "e,2018-07-01 00:10 UTC\n"
    )
    declared = "columns: {id: text, seen: timestamp}, zone: America/Sao_Paulo"
    read = Read(tmp_path, "leads.csv", text, declared, zone="Europe/Berlin")
    at, on = read.rows["seen__at"].to_list(), read.rows["seen__on"].to_list()
    july = [dt.datetime(2018, 7, day, hour, minute) for day, hour, minute in ((1, 3, 0), (2, 2, 30), (1, 23, 30))]
    assert at == [*july, dt.datetime(2018, 7, 1, 21, 30, 0, 500000), dt.datetime(2018, 7, 1, 0, 10)]
    # As written for the first; Berlin's day for the others.
    assert on == [dt.date(2018, 7, day) for day in (1, 2, 2, 1, 1)]
    assert read.rows["seen"].to_list() == at


def test_a_column_declared_date_takes_times_too_and_is_the_day_as_written(tmp_path: Path) -> None:
    text = "id,seen\na,2018-07-01\nb,2018-07-01 23:30:00\n"
    declared = "columns: {id: text, seen: date}, zone: America/Sao_Paulo"
    read = Read(tmp_path, "leads.csv", text, declared, zone="Europe/Berlin")
    assert read.rows["seen"].to_list() == [dt.date(2018, 7, 1)] * 2
    assert read.rows["seen__on"].to_list() == [dt.date(2018, 7, 1), dt.date(2018, 7, 2)]


def test_a_day_without_midnight_starts_an_hour_later(tmp_path: Path) -> None:
    declared = "columns: {id: text, seen: date}, zone: America/Sao_Paulo"
    read = Read(tmp_path, "leads.csv", "id,seen\na,2017-10-15\n", declared, zone="America/Sao_Paulo")
    # 01:00 local at -02:00: clocks went from 00:00 to 01:00.
    assert read.rows.select("seen__at", "seen__on").rows() == [(dt.datetime(2017, 10, 15, 3), dt.date(2017, 10, 15))]


def test_a_declared_format_is_followed(tmp_path: Path) -> None:
    text = "id,day,seen\na,03/04/2018,31.12.18 23:05\nb,3/4/2018,01.01.19 00:00\nc,2018-04-03,01.01.19 00:00\n"
    declared = (
        'columns: {id: text, day: {type: date, format: "%d/%m/%Y"}, seen: {type: timestamp, format: "%d.%m.%y %H:%M"}}'
    )
    read = Read(tmp_path, "leads.csv", text, declared)
    assert read.rows["day"].to_list() == [dt.date(2018, 4, 3)] * 2
    assert read.rows["seen"].to_list() == [dt.datetime(2018, 12, 31, 22, 5), dt.datetime(2018, 12, 31, 23)]
    assert read.reasons == [(4, "'20…' is not a date (%d/%m/%Y) of 1900 to 2100")]


def test_days_that_do_not_exist_and_impossible_years_are_quarantined(tmp_path: Path) -> None:
    text = "id,seen\na,2018-02-30\nb,0018-02-01\nc,2999-01-01\nd,2018-02-01\ne,2018-02-02\nf,2018-02-03\n"
    read = Read(tmp_path, "leads.csv", text, SEEN)
    assert read.accounting == (6, 3, 3, 0)
    assert read.reasons[0] == (2, "'20…' is not a timestamp (%Y-%m-%d %H:%M:%S) of 1900 to 2100")


def test_data_goes_through_the_declared_day_else_the_last_day_up_to_today(tmp_path: Path) -> None:
    text = "id,seen,due\na,2018-02-01,2099-01-01\nb,2018-03-05,\n"
    declared = "columns: {id: text, seen: timestamp, due: date}"
    assert Read(tmp_path, "leads.csv", text, declared).report.through == dt.date(2018, 3, 5)
    assert Read(tmp_path / "b", "leads.csv", text, f"{declared}, through: 2018-11-14").report.through == dt.date(
        2018, 11, 14
    )
    assert Read(tmp_path / "c", "leads.csv", "id,n\na,1\n", IDS).report.through is None


# What is quarantined


def test_short_and_long_rows_are_quarantined_and_the_rest_is_loaded(tmp_path: Path) -> None:
    read = Read(tmp_path, "leads.csv", "id,n\na,1\nb\nc,3,x\nd,4\n", IDS)
    assert read.accounting == (4, 2, 2, 0)
    assert read.reasons == [(3, "has 1 field, the header has 2"), (4, "has 3 fields, the header has 2")]


def test_a_total_row_is_quarantined(tmp_path: Path) -> None:
    read = Read(tmp_path, "leads.csv", "id,seen\na,2018-01-01\nb,2018-01-02\nTotal,2 rows\n", SEEN)
    assert read.accounting == (3, 2, 1, 0)
    assert read.quarantine.row(0) == (
        "leads.csv",
        4,
        None,
        "is a total below the data, not a row of it",
        None,
    )


def test_a_quote_inside_a_quoted_field_costs_only_its_own_lines(tmp_path: Path) -> None:
    text = 'id,n\na,1\n"b"x,2\nc,3\n"d\ne"f,4\ng,5\nh,6\n'
    read = Read(tmp_path, "leads.csv", text, IDS)
    assert read.rows["id"].to_list() == ["a", "c", "g", "h"]
    assert read.accounting == (7, 4, 3, 0)
    assert [line for line, _ in read.reasons] == [3, 5, 6]
    assert read.reasons[1][1] == "belongs to a record with a broken quote that starts at line 5"


def test_a_zero_byte_costs_its_row(tmp_path: Path) -> None:
    read = Read(tmp_path, "leads.csv", b"id,n\na,1\nb\x00,2\nc,3\n", IDS)
    assert read.accounting == (3, 2, 1, 0)
    assert read.reasons == [(3, "holds a zero byte")]


def test_a_row_with_two_wrong_values_is_quarantined_once(tmp_path: Path) -> None:
    declared = "columns: {id: text, n: integer, m: integer}"
    read = Read(tmp_path, "leads.csv", "id,n,m\na,1,1\nb,x,y\n", declared)
    assert read.accounting == (2, 1, 1, 0)
    assert read.quarantine["column_name"].to_list() == ["n"]


def test_an_address_that_slipped_into_another_column_is_not_in_the_model(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("id,n\na,1\nb,anna.planted@example.org\n")
    sources = sources_of(tmp_path, f"files: {{leads: {{path: leads.csv, {IDS}}}}}\n")
    with open_bench(tmp_path) as bench:
        assert read_file(sources.files["leads"], company(tmp_path), bench).quarantined == 1
    assert b"planted" not in (tmp_path / "model.duckdb").read_bytes()


# What is refused


@pytest.mark.parametrize(
    "content", ["", "\n \n", b"\xef\xbb\xbf", b"\xff\xfe"], ids=["0 bytes", "blank", "bom", "bom 16"]
)
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes | str) -> None:
    expected = "leads.csv: is empty. Export it again, or take it out of sources.yaml."
    assert refusal(tmp_path, "leads.csv", content, IDS) == expected


def test_a_header_without_rows_is_refused_unless_it_may_be(tmp_path: Path) -> None:
    assert refusal(tmp_path, "leads.csv", "id,n\n", IDS) == (
        "leads.csv: has a header and no rows. Export it again, or declare may_be_empty: true if that is right."
    )
    read = Read(tmp_path / "b", "leads.csv", "id,n\n", f"{IDS}, may_be_empty: true")
    assert read.accounting == (0, 0, 0, 0)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    expected = "leads.csv: files.leads: no such file. Correct 'path', or deliver the file."
    assert refusal(tmp_path, "leads.csv", None, IDS) == expected


def test_a_pattern_that_finds_nothing_is_refused(tmp_path: Path) -> None:
    expected = "leads-*.csv: files.leads: no file has such a name. Correct 'path', or deliver one."
    assert refusal(tmp_path, "leads-*.csv", None, IDS) == expected


def test_a_header_that_lacks_a_column_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    assert refusal(tmp_path, "leads.csv", "id;nn;x\na;1;2\n", IDS) == (
        "leads.csv:1:1: No column 'n'. Did you mean 'nn'? The file has: id, nn, x. "
        "Correct 'columns' of files.leads, or export with these columns."
    )


def test_a_header_that_names_a_column_twice_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "leads.csv", "id,n,n\na,1,2\n", IDS) == (
        "leads.csv:1:1: the header names 'n' twice, so that it is unclear which is meant. Rename one of them."
    )


@pytest.mark.parametrize("start", ["<!DOCTYPE html>\n", "\n  <html lang='de'>\n"])
def test_a_web_page_is_refused(tmp_path: Path, start: str) -> None:
    assert refusal(tmp_path, "leads.csv", f"{start}<body>Log in</body>\n", IDS) == (
        "leads.csv:1:1: is a web page, not data: the download was answered by a login or error page. Export it again."
    )


def test_a_workbook_under_the_name_of_a_text_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "leads.csv", b"PK\x03\x04rest", IDS) == (
        "leads.csv: is a workbook or a zip archive, not text. Export it as CSV, and name it by what it is."
    )


def test_bytes_of_another_encoding_are_refused_with_their_line(tmp_path: Path) -> None:
    raw = "id,n\na,1\nMüller,2\n".encode("cp1252")
    assert refusal(tmp_path, "leads.csv", raw, IDS) == (
        "leads.csv:3:1: is not utf-8 text. Declare its encoding in sources.yaml, for example encoding: cp1252."
    )


@pytest.mark.parametrize(
    ("days", "advice"),
    [
        (
            ["03/04/2018", "05/04/2018"],
            "Day and month cannot be told apart: no value has a day above 12. "
            'Declare seen: {type: timestamp, format: "%d/%m/%Y"} or "%m/%d/%Y", as its owner writes dates.',
        ),
        (
            ["03/04/2018", "25/04/2018"],
            'Written day first: a row has the day 25. Declare seen: {type: timestamp, format: "%d/%m/%Y"}.',
        ),
        (
            ["03/04/2018 10:30", "04/25/2018 11:00"],
            'Written month first: a row has the day 25. Declare seen: {type: timestamp, format: "%m/%d/%Y %H:%M"}.',
        ),
        (
            ["3.4.18", "5.4.18"],
            "Day and month cannot be told apart: no value has a day above 12. "
            'Declare seen: {type: timestamp, format: "%d.%m.%y"} or "%m.%d.%y", as its owner writes dates.',
        ),
        (
            ["Monday", "Tuesday"],
            "It is not ISO (2018-01-31 or 2018-01-31 09:30:00). "
            'Declare seen: {type: timestamp, format: "..."} as the file writes it.',
        ),
    ],
)
def test_dates_of_an_undeclared_format_are_refused_with_the_formats_they_may_have(
    tmp_path: Path, days: list[str], advice: str
) -> None:
    text = "id,seen\n" + "".join(f"a,{day}\n" for day in days)
    assert refusal(tmp_path, "leads.csv", text, SEEN) == f"leads.csv:2:1: 'seen' is '{days[0]}'. {advice}"


def test_one_odd_date_among_many_is_quarantined_not_refused(tmp_path: Path) -> None:
    read = Read(tmp_path, "leads.csv", "id,seen\na,2018-01-01\nb,03/04/2018\nc,2018-01-03\n", SEEN)
    assert read.accounting == (3, 2, 1, 0)


@pytest.mark.parametrize("value", ["1.23E+15", "1,23E+15", "5e+11"])
def test_ids_that_a_spreadsheet_rounded_are_refused(tmp_path: Path, value: str) -> None:
    assert refusal(tmp_path, "leads.csv", f'id,n\na,1\n"{value}",2\n', IDS) == (
        f"leads.csv:3:1: 'id' is {value}: a spreadsheet has rounded this id. Export the column as text."
    )


def test_a_truncated_gzip_file_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b"id,n\n" + b"".join(b"%d,%d\n" % (n * 7919, n) for n in range(5000)))
    expected = "leads.csv.gz: is a damaged or incomplete .gz file. Download it again; it was not read at all."
    assert refusal(tmp_path, "leads.csv.gz", whole[:-4000], IDS) == expected
    assert refusal(tmp_path / "b", "leads.csv.gz", whole[:-8] + b"\0" * 8, IDS) == expected
    assert refusal(tmp_path / "c", "leads.csv.gz", b"id,n\na,1\n", IDS) == expected


def test_a_quote_that_swallows_the_rest_is_refused_with_its_line(tmp_path: Path) -> None:
    expected = (
        "leads.csv:3:1: a quote that opens in the record that starts here is never closed. "
        "Close it, or export the file again."
    )
    assert refusal(tmp_path, "leads.csv", 'id,n\na,1\n"b,2\nc,3\nd,4\n', IDS) == expected
    swallowed = 'id,n\na,1\n"b,2\n' + "c,3\n" * 50_000
    assert refusal(tmp_path / "b", "leads.csv", swallowed, IDS) == expected


def test_a_file_of_mostly_wrong_rows_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "leads.csv", "id,n\na,1\nb,x\nc,yes\n", IDS) == (
        "leads.csv:3:1: 2 of 3 rows cannot be read, this one first: 'n': 'x' is not a whole number. "
        "Correct files.leads in sources.yaml, or export the file again."
    )


def test_what_is_called_parquet_and_is_not_is_refused(tmp_path: Path) -> None:
    expected = "leads.parquet: is not a readable Parquet file. Export it again."
    assert refusal(tmp_path, "leads.parquet", b"PAR1 but not really", IDS) == expected


# Accounting over random files

_FIELD = st.text(st.sampled_from('ab1",;\n\r \t\0é'), max_size=6)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.lists(_FIELD, min_size=0, max_size=4), min_size=1, max_size=12),
    newline=st.sampled_from(["\n", "\r\n"]),
    row_id=st.booleans(),
)
def test_every_line_of_any_file_is_loaded_quarantined_or_skipped(
    rows: list[list[str]], newline: str, row_id: bool
) -> None:
    buffer = io.StringIO(newline="")
    # The writer leaves a lone carriage return bare, which is a line break to every reader.
    bare = any("\r" in field for row in rows for field in row)
    writer = csv.writer(buffer, lineterminator=newline, quoting=csv.QUOTE_ALL if bare else csv.QUOTE_MINIMAL)
    writer.writerow(["id", "n"])
    writer.writerows(rows)
    declared = IDS + (", row_id: id" if row_id else "")
    with tempfile.TemporaryDirectory() as folder:
        try:
            read = Read(Path(folder), "leads.csv", buffer.getvalue().encode(), declared)
        except RefusedSources as error:
            reason = str(error)
        else:
            reason = ""
    if reason:
        # A file of only bad rows is refused as a whole; nothing else here may be.
        assert "rows cannot be read" in reason or "has a header and no rows" in reason
        return
    lines, loaded, quarantined, skipped = read.accounting
    assert lines == len(rows) == loaded + quarantined + skipped
    assert loaded == read.rows.height
    assert quarantined == read.quarantine.height


@settings(max_examples=30, deadline=None)
@given(text=st.text(st.sampled_from('ab1",\n\r'), max_size=60))
def test_text_that_no_csv_writer_wrote_is_accounted_for_or_refused(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            read = Read(Path(folder), "leads.csv", "id,n\n" + text, IDS)
        except RefusedSources:
            return
    lines, loaded, quarantined, skipped = read.accounting
    assert lines == loaded + quarantined + skipped
    assert read.quarantine.height == quarantined


# Real data


def test_every_row_of_olist_is_there(tmp_path: Path, olist_files: Path) -> None:
    name = "olist_marketing_qualified_leads_dataset.csv"
    declared = (
        "columns: {mql_id: text, first_contact_date: date, landing_page_id: text, origin: text}, through: 2018-11-14"
    )
    read = Read(tmp_path, f"${{OLIST_DIR}}/{name}", None, declared, zone="America/Sao_Paulo")
    assert read.accounting == (8000, 8000, 0, 0)
    assert read.rows["mql_id"].n_unique() == 8000
    with (olist_files / name).open(encoding="utf-8", newline="") as stream:
        written = [(row["mql_id"], row["first_contact_date"], row["origin"] or None) for row in csv.DictReader(stream)]
    kept = read.rows.select("mql_id", pl.col("first_contact_date__on").cast(pl.String), "origin").rows()
    assert kept == written
