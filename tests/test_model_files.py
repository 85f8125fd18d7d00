"""Model files: the notes on their columns, checked, and what a company's own models may say."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from data.engine import Workbench
from data.errors import FailedChecks, InvalidFiles
from data.models import check_models
from tests.tiny_tables import build, company_at, rows_of, stages_of, workbench

Row = dict[str, Any]
STAGES = stages_of({"lead": ["created"], "customer": ["deal_won"]})


def built(folder: Path, **tables: list[Row]) -> Workbench:
    bench = workbench(tables)
    build(bench, STAGES, company_at(folder))
    return bench


def model(folder: Path, name: str, text: str) -> Path:
    (folder / "models").mkdir(exist_ok=True)
    file = folder / "models" / f"{name}.sql"
    file.write_text(text, encoding="utf-8")
    return file


class TestChecks:
    @pytest.mark.parametrize(
        ("note", "sentence"),
        [
            ("#not_null", ":2:31: mine.country must not be empty; 1 row breaks this, for example contact_id = C3."),
            ("#unique", ":2:31: mine.country must be unique; 1 row breaks this, for example country = DE."),
            (
                "#one_of('FR', 'US')",
                ":2:31: mine.country must be one of FR, US; 2 rows break this,"
                " for example contact_id = C1; contact_id = C2.",
            ),
        ],
    )
    def test_rows_that_break_a_note_fail_the_build(self, tmp_path: Path, note: str, sentence: str) -> None:
        model(tmp_path, "mine", f"-- #key(contact_id)\nselect contact_id, country -- {note}\nfrom contacts")
        contacts = [
            {"contact_id": name, "country": country} for name, country in (("C1", "DE"), ("C2", "DE"), ("C3", None))
        ]
        with pytest.raises(FailedChecks) as failed:
            built(tmp_path, contacts=contacts)
        assert str(failed.value).endswith("mine.sql" + sentence)

    def test_a_value_with_a_quote_may_be_one_of_the_allowed(self, tmp_path: Path) -> None:
        model(tmp_path, "mine", "select contact_id, country -- #one_of('FR', 'it''s')\nfrom contacts")
        bench = built(tmp_path, contacts=[{"contact_id": "C1", "country": "it's"}])
        assert bench.frame("SELECT * FROM mine").rows() == [("C1", "it's")]

    def test_a_key_must_be_one(self, tmp_path: Path) -> None:
        model(tmp_path, "mine", "-- #key(country)\nselect country from contacts")
        with pytest.raises(FailedChecks, match=r"mine: \(country\) must be a key; 1 row breaks this.*country = empty"):
            built(tmp_path, contacts=[{"contact_id": "C1"}, {"contact_id": "C2"}])


class TestCompanyModels:
    def test_a_model_of_ones_own_stands_beside_the_others(self, tmp_path: Path) -> None:
        text = "-- Wins by country.\n-- #key(country)\nselect country, count(*) as wins from contacts group by country"
        model(tmp_path, "wins", text)
        described = build(workbench({"contacts": [{"contact_id": "C"}]}), STAGES, company_at(tmp_path))
        assert (described["wins"].sentence, described["wins"].key, described["wins"].rows) == (
            "Wins by country.", ("country",), 1,
        )  # fmt: skip

    @pytest.mark.parametrize("countries", [("FR", "DE", None, "FR"), (None,), ()])
    def test_a_text_that_is_stored_as_codes_reads_like_a_text(
        self, tmp_path: Path, countries: tuple[str | None, ...]
    ) -> None:
        model(tmp_path, "mine", "select country -- #coded\nfrom contacts")
        contacts = [{"contact_id": f"C{place}", "country": country} for place, country in enumerate(countries)]
        bench = workbench({"contacts": contacts})
        described = build(bench, STAGES, company_at(tmp_path))
        assert described["mine"].columns["country"].type == "VARCHAR"
        in_order = bench.frame("SELECT * FROM mine ORDER BY country NULLS LAST")
        assert in_order.schema == {"country": pl.String}
        assert in_order["country"].to_list() == sorted(countries, key=lambda name: (name is None, name or ""))
        asked = bench.frame("SELECT count(*) FROM mine WHERE country = $country OR country = 'none'", {"country": "FR"})
        assert asked.item() == countries.count("FR")

    def test_a_model_of_the_same_name_replaces_ours(self, tmp_path: Path) -> None:
        model(tmp_path, "visits", "select touch_id, happened_on as visited_on from touches")
        bench = built(tmp_path, touches=[{"touch_id": "T", "kind": "form", "happened_at": dt.datetime(2024, 1, 1)}])
        assert rows_of(bench, "visits", "touch_id").keys() == {"T"}

    def test_a_model_reads_raw_files_and_may_name_a_cte_like_its_table(self, tmp_path: Path) -> None:
        model(tmp_path, "mine", "with mql as (select * from raw.mql) select mql.id from mql")
        bench = workbench({})
        bench.execute("CREATE TABLE raw.mql AS SELECT 7 AS id")
        build(bench, STAGES, company_at(tmp_path))
        assert rows_of(bench, "mine", "id").keys() == {7}

    @pytest.mark.parametrize(
        ("name", "text", "sentence"),
        [
            ("mine", "select * from contcts", "unknown table 'contcts'. Did you mean 'contacts'?"),
            ("mine", "select * from read_csv('x.csv')", "a model reads tables, not functions"),
            ("mine", "select * from contacts, lateral read_text('x') as y", "a model reads tables, not functions"),
            ("mine", "select * from '/etc/passwd'", "unknown table '/etc/passwd'."),
            ("mine", "select * from personal.contacts", "unknown table 'personal.contacts'."),
            ("mine", "select (select 1 from duckdb_settings()) as x", "a model reads tables, not functions"),
            ("mine", "drop table contacts", "a model is exactly one SELECT, which may begin with WITH."),
            ("mine", "select 1 as x; select 2 as x", "a model is exactly one SELECT, which may begin with WITH."),
            ("mine", "select from from", "not valid SQL:"),
            ("mine", "select contact_id -- #uniq\nfrom contacts", "unknown note '#uniq'. Did you mean 'unique'?"),
            ("mine", "-- #keys(a)\nselect 1 as a", "unknown note '#keys'. Did you mean 'key'?"),
            ("mine", "select contact_id -- #link(contacts)\nfrom contacts", "must say name: table.column"),
            ("contacts", "select 1 as x", "'contacts' is a canonical table: map it in sources.yaml"),
            ("leads", "select 1 as x", "'leads' is made out of stages.yaml and cannot be replaced"),
            ("Mine", "select 1 as x", "'Mine' names a table: small letters"),
        ],
    )
    def test_what_a_model_may_not_say(self, tmp_path: Path, name: str, text: str, sentence: str) -> None:
        file = model(tmp_path, name, text)
        with pytest.raises(InvalidFiles) as invalid:
            check_models(company_at(tmp_path), STAGES, frozenset())
        (problem,) = invalid.value.problems
        assert sentence in problem.message
        assert problem.place.file == str(file)

    def test_models_that_read_each_other_in_a_circle_are_named(self, tmp_path: Path) -> None:
        model(tmp_path, "one", "select * from two")
        model(tmp_path, "two", "select * from one")
        with pytest.raises(
            InvalidFiles, match=r"circle: (one reads two, which reads one|two reads one, which reads two)"
        ):
            check_models(company_at(tmp_path), STAGES, frozenset())

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("select titel from contacts", "the database cannot run this model: Binder Error"),
            ("select contact_id, 1 -- #unique\nas one from contacts, accounts", "a note names '1', no column of mine."),
            ("select 1 as one -- #coded\nfrom contacts", "'#coded' is for texts; mine.one is INTEGER."),
            (
                "-- #key(contactid)\nselect contact_id from contacts",
                "a note names 'contactid', no column of mine. Did you mean 'contact_id'?",
            ),
            (
                "select contact_id -- #link(a: accounts.acount_id)\nfrom contacts",
                "#link leads to unknown 'accounts.acount_id'. Did you mean 'accounts.account_id'?",
            ),
        ],
    )
    def test_what_only_the_build_can_see_is_said_with_the_file(self, tmp_path: Path, text: str, sentence: str) -> None:
        file = model(tmp_path, "mine", text)
        with pytest.raises(InvalidFiles) as invalid:
            built(tmp_path)
        (problem,) = invalid.value.problems
        assert (problem.place.file, sentence in problem.message) == (str(file), True)

    def test_our_own_models_read_only_what_comes_before_them(self, tmp_path: Path) -> None:
        names = [model.name for model in check_models(company_at(tmp_path), STAGES, frozenset())]
        assert names.index("deal_outcomes") < names.index("leads") < names.index("deal_passes") < names.index("revenue")
