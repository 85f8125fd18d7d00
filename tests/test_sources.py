"""sources.yaml: what is wrong is told in one pass, at its place, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sample_company import problems_of, sources_of

WEB = "files:\n  web: {path: web.csv, columns: {id: text, seen: timestamp, name: text, n: integer}}\n"
CONTACTS = WEB + "tables:\n  contacts:\n    - {from: web, contact_id: id}\n"

FILE_MISTAKES = [
    (
        "web: {path: web.csv}",
        "2:8: files.web: the key 'columns' is missing (a mapping of column name to type, "
        "such as {contact_id: text, created: timestamp}).",
    ),
    ("web: {columns: {id: text}}", "2:8: files.web: the key 'path' is missing (text)."),
    (
        "web: {path: web.csv, columns: {id: txt}}",
        "2:38: files.web.columns: the type of 'id' is 'txt'. Did you mean 'text'? "
        "Types: boolean, date, integer, number, text, timestamp.",
    ),
    (
        "web: {path: web.xls, columns: {id: text}}",
        "2:15: files.web: 'path' ends in '.xls'. Allowed: .csv, .tsv, .txt, .csv.gz, .tsv.gz, .txt.gz, .parquet, "
        ".xlsx. Export the data in one of them.",
    ),
    (
        "web: {path: web.csv, columns: {id: text}, zone: Europe/Berln}",
        "2:51: files.web: unknown time zone 'Europe/Berln'. Did you mean 'Europe/Berlin'? "
        "Write a name of the IANA database such as Europe/Berlin.",
    ),
    (
        "web: {path: web.csv, columns: {id: text}, encoding: cp9999}",
        "2:55: files.web: unknown encoding 'cp9999'. Usual ones: utf-8, cp1252, latin-1, utf-16.",
    ),
    (
        "web: {path: web.csv, columns: {id: text}, decimal: ;}",
        "2:54: files.web: 'decimal' is ';'. Write one of \".\" \",\".",
    ),
    (
        "web: {path: web.csv, columns: {id: text}, delimiter: comma}",
        '2:56: files.web: \'delimiter\' is \'comma\'. Write one of "," ";" "|" "tab".',
    ),
    (
        "web: {path: web.csv, columns: {id: text}, row_id: idx}",
        "2:53: files.web: 'row_id' is 'idx', which is no column here. Did you mean 'id'? Columns: id.",
    ),
    (
        "web: {path: web.csv, columns: {id: {type: text, format: '%d'}}}",
        "2:59: files.web.columns.id: 'format' is for date and timestamp; this column is text.",
    ),
    (
        "web: {path: web.csv, columns: {id: {type: date, format: '%m/%Q'}}}",
        "2:59: files.web.columns.id: 'format' is '%m/%Q'. Write a day and a year such as \"%d/%m/%Y\". "
        "Known: %Y, %y, %m, %d, %H, %I, %M, %S, %f, %p, %b, %B, %j, %z.",
    ),
    (
        "web: {path: web.csv, columns: {id: text, ID: text}}",
        "2:48: files.web.columns: 'ID' and 'id' differ only in case; rename one.",
    ),
    (
        "web: {path: web.csv, columns: {id__at: text}}",
        "2:42: files.web.columns: 'id__at' has a reserved form; rename it: NAME: {type: ..., header: 'id__at'}.",
    ),
    (
        "Web: {path: web.csv, columns: {id: text}}",
        "2:3: files: 'Web' names a table; write lower-case letters, digits and _, a letter first.",
    ),
    (
        "web: {path: web.csv, colums: {id: text}, columns: {id: text}}",
        "2:24: files.web: unknown key 'colums'. Did you mean 'columns'? Known: columns, decimal, delimiter, encoding, "
        "header_row, may_be_empty, path, row_id, sheet, through, updated_at, zone.",
    ),
]


@pytest.mark.parametrize(("entry", "sentence"), FILE_MISTAKES, ids=lambda text: text[:40])
def test_a_mistake_in_a_file_is_told_at_its_place(tmp_path: Path, entry: str, sentence: str) -> None:
    assert problems_of(tmp_path, f"files:\n  {entry}\n") == [sentence]


def test_a_variable_that_is_not_set_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_DIR", raising=False)
    yaml = "files:\n  web: {path: '${SHOP_DIR}/web.csv', columns: {id: text}}\n"
    assert problems_of(tmp_path, yaml) == [
        "2:15: files.web: 'path' needs the environment variable SHOP_DIR, which is not set. "
        "Set it to the folder of the raw files: SHOP_DIR=FOLDER."
    ]
    monkeypatch.setenv("SHOP_DIR", "somewhere")
    assert problems_of(tmp_path, yaml) == []


MAPPING_MISTAKES = [
    (
        "{from: wob, contact_id: id}",
        "5:14: tables.contacts: unknown file 'wob'. Did you mean 'web'? Files: web.",
    ),
    ("{contact_id: id}", "5:7: tables.contacts: the key 'from' is missing (text)."),
    (
        "{from: web, title: name}",
        "5:7: tables.contacts: the key column 'contact_id' is not mapped (contact_id: COLUMN).",
    ),
    (
        "{from: web, contact_id: id, titel: name}",
        "5:35: tables.contacts: unknown key 'titel'. Did you mean 'title'? Known: account_id, contact_id, country, "
        "created_at, email, email_key, extra, from, lookup, name, original_source, owner_id, persona, phone, "
        "seniority, title, where.",
    ),
    (
        "{from: web, contact_id: id, title: nam}",
        "5:42: tables.contacts.title: unknown column 'nam'. Did you mean 'name'? Columns: id, n, name, seen. "
        "For the text itself write \"'nam'\".",
    ),
    (
        "{from: web, contact_id: id, title: lower(nam)}",
        "5:42: tables.contacts.title: unknown column 'nam'. Did you mean 'name'? Known: id, n, name, seen.",
    ),
    (
        "{from: web, contact_id: id, where: count(*) > 1}",
        "5:42: tables.contacts.where: 'COUNT(*)': an aggregate is not allowed here, only an expression over one row.",
    ),
    (
        "{from: web, contact_id: id, created_at: name}",
        "5:47: tables.contacts: 'created_at' needs a date or a timestamp; 'name' is declared text. "
        'Declare it name: {type: timestamp, format: "..."}.',
    ),
    (
        "{from: web, contact_id: id, title: [name]}",
        "5:42: tables.contacts.title: must be an expression over the file's columns, not list.",
    ),
    (
        "{from: web, contact_id: id, extra: {grade: integr}}",
        "5:50: tables.contacts: the type of extra 'grade' is 'integr'. Did you mean 'integer'? "
        "Types: boolean, date, integer, number, text, timestamp.",
    ),
    (
        "{from: web, contact_id: id, extra: {email: text}}",
        "5:50: tables.contacts: extra 'email' is a column of contacts already: map it without extra.",
    ),
    (
        "{from: web, contact_id: id, lookup: web by id}",
        "5:43: tables.contacts: 'lookup' is 'web by id'. Write \"FILE on COLUMN\", or \"FILE on COLUMN = KEY\".",
    ),
    (
        "{from: web, contact_id: id, lookup: wep on id}",
        "5:43: tables.contacts: lookup in unknown file 'wep'. Did you mean 'web'? Files: web.",
    ),
    (
        "{from: web, contact_id: id, lookup: web on idd}",
        "5:43: tables.contacts: lookup on unknown column 'idd'. Did you mean 'id'? Columns: id, n, name, seen.",
    ),
]


@pytest.mark.parametrize(("entry", "sentence"), MAPPING_MISTAKES, ids=lambda text: text[:60])
def test_a_mistake_in_a_mapping_is_told_at_its_place(tmp_path: Path, entry: str, sentence: str) -> None:
    assert problems_of(tmp_path, f"{WEB}tables:\n  contacts:\n    - {entry}\n") == [sentence]


def test_an_unknown_table_is_told_with_the_nearest_one(tmp_path: Path) -> None:
    (sentence,) = problems_of(tmp_path, f"{WEB}tables:\n  contcts:\n    - {{from: web, contact_id: id}}\n")
    assert sentence.startswith("4:3: tables: unknown table 'contcts'. Did you mean 'contacts'? Tables: accounts, ")


def test_two_types_of_one_extra_column_are_refused(tmp_path: Path) -> None:
    entries = (
        "    - {from: web, contact_id: id, extra: {n: integer}}\n    - {from: web, contact_id: id, extra: {n: text}}\n"
    )
    assert problems_of(tmp_path, f"{WEB}tables:\n  contacts:\n{entries}") == [
        "6:7: tables.contacts: extra 'n' has two types (BIGINT and VARCHAR); give it one."
    ]


OTHER_MISTAKES = [
    (
        "channels: [{when: \"sorce = 'x'\", channel: Paid}]",
        "6:19: channels 1: unknown column 'sorce'. Did you mean 'source'? Known: channel, kind, medium, source, url.",
    ),
    ("channels: [{when: \"source = 'x'\"}]", "6:12: channels 1: the key 'channel' is missing (text)."),
    (
        "campaign_aliases: {spring: [a]}",
        "6:28: campaign_aliases: 'spring' must be given one campaign id, not list.",
    ),
    (
        "exclude: [{from: contacts, when: \"emial like '%@x.de'\", why: internal}]",
        "6:34: exclude 1: unknown column 'emial'. Did you mean 'email'? Known: account_id, contact_id, country, "
        "created_at, created_on, email, email_key, name, original_source, owner_id, persona, phone, seniority, title.",
    ),
    ("exclude: [{from: contacts, when: \"email = 'x'\"}]", "6:11: exclude 1: the key 'why' is missing (text)."),
    (
        "absent: [spnd]",
        "6:10: absent: unknown input 'spnd'. Did you mean 'spend'? Inputs: accounts, activities, assignments, "
        "campaigns, content, costs, deal amounts, exchange rates, lead decisions, lost deals, open deals, spend, "
        "visits.",
    ),
    (
        "file: {}",
        "6:1: unknown key 'file'. Did you mean 'files'? Known: absent, campaign_aliases, channels, exclude, files, "
        "tables.",
    ),
]


@pytest.mark.parametrize(("line", "sentence"), OTHER_MISTAKES, ids=lambda text: text[:40])
def test_a_mistake_elsewhere_is_told_at_its_place(tmp_path: Path, line: str, sentence: str) -> None:
    assert problems_of(tmp_path, f"{CONTACTS}{line}\n") == [sentence]


def test_all_mistakes_of_the_file_are_told_in_one_pass(tmp_path: Path) -> None:
    yaml = (
        "files:\n  web: {path: web.csv, columns: {id: txt}}\n"
        "tables:\n  contacts:\n    - {from: web, contact_id: idd}\n"
        "absent: [spnd]\n"
    )
    assert [sentence.split(":")[0] for sentence in problems_of(tmp_path, yaml)] == ["2", "5", "6"]


def test_a_missing_file_is_told_and_nothing_else(tmp_path: Path) -> None:
    from data.errors import Problems
    from data.sources import read_sources
    from tests.sample_company import company

    problems = Problems()
    read_sources(company(tmp_path), problems)
    assert [problem.message for problem in problems.found] == ["this file does not exist."]


def test_layout_and_comments_do_not_change_the_fingerprint_and_meaning_does(tmp_path: Path) -> None:
    first = sources_of(tmp_path, CONTACTS + "absent: [spend, costs]\n").fingerprint
    spaced = CONTACTS.replace("contact_id: id", "contact_id:   id   ") + "# a comment\nabsent: [costs, spend]\n"
    assert sources_of(tmp_path, spaced).fingerprint == first
    assert sources_of(tmp_path, CONTACTS.replace("contact_id: id", "contact_id: name")).fingerprint != first
    assert sources_of(tmp_path, CONTACTS).fingerprint != first
