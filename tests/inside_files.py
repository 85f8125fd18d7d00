"""What stands in files of any of our formats, also where one holds another. Asserts nothing."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import polars as pl
from pypdf import PdfReader

__all__ = ["text_in", "text_of_folder"]


def text_in(content: bytes) -> str:
    """All text: of the pages and the properties of a PDF, the cells of a Parquet file, each member of an archive."""
    if content.startswith(b"%PDF"):
        read = PdfReader(io.BytesIO(content))
        return "\n".join([*(page.extract_text() for page in read.pages), str(read.metadata), str(read.outline)])
    if content.startswith(b"PAR1"):
        return pl.read_parquet(io.BytesIO(content)).write_csv()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # A slide's chart is an archive of its own.
            return "\n".join(part for name in archive.namelist() for part in (name, text_in(archive.read(name))))
    return content.decode("utf-8", "ignore")


def text_of_folder(folder: Path) -> str:
    return "\n".join(text_in(file.read_bytes()) for file in sorted(folder.rglob("*")) if file.is_file())
