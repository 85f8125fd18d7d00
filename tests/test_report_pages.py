"""The printed report: the shipped font and no other, nothing clipped or on another, a first page that sums up."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter

import openpyxl
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st
from pptx import Presentation

from alignment.numbers import MISSING
from alignment.report import export
from alignment.report.composing import compose
from alignment.report.csv_files import csv_archive
from alignment.report.fonts import ABSENT, FONTS, lines, printable, shipped
from alignment.report.pdf import pdf
from alignment.report.sentences import in_table
from alignment.report.sheets import workbook
from alignment.report.slides import slides
from alignment.snapshots import Snapshot
from metrics import Session
from tests.printed import (
    FOREIGN,
    HOSTILE_NAME,
    a_crowded_report,
    an_empty_report,
    beyond_the_page,
    fonts_of,
    meeting,
    pages_of,
)
from tests.sealed_company import asked_in_the_shell, sealed_october

SHIPPED = {"SourceSans3-Regular", "SourceSans3-Semibold"}
MARGIN = 45.0  # 16 mm in points, less what a rounded letter may hang over


@pytest.fixture(scope="session")
def october(demo: Session) -> Snapshot:
    return sealed_october(demo)


@pytest.fixture(scope="session")
def printed(october: Snapshot) -> bytes:
    return export(october, "pdf")


@pytest.fixture(scope="session")
def crowded() -> bytes:
    return pdf(a_crowded_report())


def flat(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\u200b", ""))


def test_only_the_shipped_font_is_used(printed: bytes, crowded: bytes) -> None:
    assert fonts_of(printed) == SHIPPED
    assert fonts_of(crowded) == SHIPPED


def test_signs_that_the_font_lacks_are_shown_as_one_sign_that_the_report_explains(crowded: bytes) -> None:
    # The fonts that typst itself brings would step in for some scripts, and for others there would be no report.
    text = flat(" ".join(pages_of(crowded)))
    assert ABSENT * 3 in text
    assert f"The sign {ABSENT} Stands for one that the font of this document does not have" in text
    assert printable(FOREIGN) == " ".join([ABSENT * 3, ABSENT, ABSENT * 4, ABSENT * 5, "   AB"])


@given(text=st.text(max_size=40))
def test_whatever_a_name_holds_is_printed_in_signs_of_the_font(text: str) -> None:
    with TTFont(FONTS / "SourceSans3-Semibold.ttf") as font:
        known = {chr(point) for point in font.getBestCmap()}
    assert set(printable(text)) <= known | {"\n"}


def test_the_font_comes_with_its_licence() -> None:
    assert {file.stem for file in FONTS.glob("*.ttf")} == SHIPPED
    assert "SIL OPEN FONT LICENSE" in (FONTS / "LICENSE.md").read_text(encoding="utf-8").upper()


def test_no_text_leaves_the_page_or_stands_on_another(printed: bytes, crowded: bytes) -> None:
    for file in (printed, crowded):
        assert beyond_the_page(file, MARGIN - 4) == []
        assert meeting(file) == []


def test_the_first_page_sums_up(printed: bytes, october: Snapshot) -> None:
    first, second, *_ = map(flat, pages_of(printed))
    assert "The month in numbers" in first
    assert "Lead to customer" in first
    assert "The last 13 months" not in first
    assert second.startswith("The last 13 months")
    for sentence in compose(october).sections[0].sentences:
        assert flat(sentence.text) in first
        assert flat(sentence.evidence) in first


def test_the_numbers_of_the_first_page_are_those_that_ask_gives(printed: bytes, demo: Session) -> None:
    first = flat(pages_of(printed)[0])
    names = ("leads", "mqls", "customers", "won_revenue", "win_rate", "open_pipeline")
    for name, number in asked_in_the_shell(*names).items():
        metric = demo.reach.metric(name)
        assert flat(f"{metric.label} {in_table(number, metric.unit, 'EUR')}") in first


def test_every_number_of_a_printed_table_is_on_its_pages(printed: bytes, october: Snapshot) -> None:
    text = flat(" ".join(pages_of(printed)))
    report = compose(october)
    counted: Counter[str] = Counter()
    for table in (table for section in report.sections for table in section.tables if not table.shown):
        for place, row in enumerate(table.rows):
            for index, value in enumerate(row):
                if isinstance(value, float | int):
                    written = flat(in_table(value, table.unit(place, index), "EUR"))
                    assert written in text, (table.name, row[0], written)
                    counted[table.name] += 1
    assert counted["campaigns"] > 40
    assert sum(counted.values()) > 200


def test_each_page_says_month_filters_and_how_far_the_data_reached(printed: bytes) -> None:
    pages = pages_of(printed)
    for number, page in enumerate(pages, 1):
        assert "October 2026. Everything: no filter. Data through" in flat(page)
        assert f"Page {number} of {len(pages)}" in flat(page)


def test_a_table_that_breaks_takes_its_header_along(crowded: bytes) -> None:
    pages = [flat(page) for page in pages_of(crowded)]
    with_rows = [page for page in pages if "long name 3" in page]
    assert len(with_rows) >= 2
    assert all("Campaign" in page for page in with_rows)


def test_a_month_with_nothing_in_it_says_so_in_every_format() -> None:
    report = an_empty_report()
    text = flat(" ".join(pages_of(pdf(report))))
    assert "Leads Win rate no matured cohort" in text
    assert "Nothing in this month." in text
    deck = Presentation(io.BytesIO(slides(report)))
    told = [shape.text_frame.text for slide in deck.slides for shape in slide.shapes if shape.has_text_frame]
    assert {"May 2026", "The month in numbers", "Nothing in this month."} <= set(told)
    assert "Channels" in openpyxl.load_workbook(io.BytesIO(workbook(report))).sheetnames
    with zipfile.ZipFile(io.BytesIO(csv_archive(report))) as found:
        assert found.read("channels.csv").decode("utf-8-sig") == "Channel,Leads,Since\r\n"


def test_text_of_a_crm_is_never_markup(crowded: bytes) -> None:
    text = flat(" ".join(pages_of(crowded))).replace(" ", "")
    assert HOSTILE_NAME.replace(" ", "") in text


def test_what_is_not_known_is_a_dash(printed: bytes) -> None:
    assert "Lead to MQL entered in September 2026" in flat(pages_of(printed)[0])
    assert f" {MISSING} MQL to opportunity" in flat(pages_of(printed)[0])


def test_the_same_report_gives_the_same_bytes(crowded: bytes) -> None:
    assert pdf(a_crowded_report()) == crowded


def test_a_text_takes_as_many_lines_as_its_words_need() -> None:
    word = shipped().width("word", 10)
    assert 18 < word < 25
    assert lines("word word word", 10, word * 1.1) == 3
    assert lines("word word word", 10, word * 5) == 1
    assert lines("w" * 100, 10, shipped().width("w" * 10, 10) * 1.05) == 10
