"""Slides and workbook as a program draws them: in Arial's widths and in the widest face, no text on another, none cut.

LibreOffice takes long to start, so these run where TANDEM_SOFFICE is the path of its `soffice`.
"""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pptx import Presentation
from pptx.opc.constants import RELATIONSHIP_TYPE

from alignment.report import export
from metrics import Session
from tests.printed import beyond_the_page, fonts_of, meeting, pages_of
from tests.sealed_company import sealed_october

SOFFICE = os.environ.get("TANDEM_SOFFICE")
pytestmark = pytest.mark.skipif(not SOFFICE, reason="TANDEM_SOFFICE does not name LibreOffice's soffice")
AS_WIDE_AS_ARIAL = {"LiberationSans", "LiberationSans-Bold", "ArialMT", "Arial-BoldMT"}


@pytest.fixture(scope="session")
def drawn(demo: Session, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """PDFs of the slides, of the slides on a computer without Arial and anything like it, and of the workbook."""
    folder, october = tmp_path_factory.mktemp("drawn"), sealed_october(demo)
    (folder / "slides.pptx").write_bytes(export(october, "pptx"))
    (folder / "widest.pptx").write_bytes(in_another_font((folder / "slides.pptx").read_bytes(), "DejaVu Sans"))
    (folder / "workbook.xlsx").write_bytes(export(october, "xlsx"))
    files = sorted(str(file) for file in folder.iterdir())
    own = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    words = [str(SOFFICE), own, "--headless", "--convert-to", "pdf", "--outdir", str(folder), *files]
    subprocess.run(words, check=True, capture_output=True, timeout=600)
    return {file: Path(folder / f"{file}.pdf").read_bytes() for file in ("slides", "widest", "workbook")}


def in_another_font(deck: bytes, font: str) -> bytes:
    changed: Any = Presentation(io.BytesIO(deck))
    theme = changed.slide_masters[0].part.part_related_by(RELATIONSHIP_TYPE.THEME)
    theme._blob = theme.blob.replace(b'<a:latin typeface="Arial"/>', f'<a:latin typeface="{font}"/>'.encode())
    stream = io.BytesIO()
    changed.save(stream)
    return stream.getvalue()


def test_slides_are_drawn_in_one_font_and_no_text_stands_on_another(drawn: dict[str, bytes]) -> None:
    assert fonts_of(drawn["slides"]) <= AS_WIDE_AS_ARIAL
    assert fonts_of(drawn["widest"]) <= {"DejaVuSans", "DejaVuSans-Bold"}
    for name in ("slides", "widest"):
        assert meeting(drawn[name]) == []
        assert beyond_the_page(drawn[name], 40) == []


def test_the_workbook_is_printed_without_cut_numbers(drawn: dict[str, bytes]) -> None:
    assert fonts_of(drawn["workbook"]) <= AS_WIDE_AS_ARIAL
    pages = pages_of(drawn["workbook"])
    assert len(pages) > 20
    assert not [number for number, page in enumerate(pages, 1) if "###" in page or len(page) < 60]
