"""A company in a folder of its own, with raw files as given, for tests of data/. Asserts nothing."""

from __future__ import annotations

import functools
import tempfile
import textwrap
from pathlib import Path

import polars as pl

from data.company import Company
from data.engine import Workbench, quoted
from data.errors import Problems
from data.mapping import MappingReport, map_tables
from data.reading import FileReport, read_file
from data.sources import Sources, read_sources

KEY = b"0123456789abcdef0123456789abcdef"


def company(folder: Path, time_zone: str = "Europe/Berlin") -> Company:
    return Company(folder=folder, id="sample", name="Sample", currency="EUR", time_zone=time_zone)


def problems_of(folder: Path, sources_yaml: str) -> list[str]:
    """What read_sources says about a sources.yaml, with the folder taken out of the places."""
    (folder / "sources.yaml").write_text(textwrap.dedent(sources_yaml), encoding="utf-8")
    problems = Problems()
    read_sources(company(folder), problems)
    return [str(problem).split("sources.yaml:", 1)[-1] for problem in sorted(problems.found)]


def sources_of(folder: Path, sources_yaml: str, time_zone: str = "Europe/Berlin") -> Sources:
    """A sources.yaml without problems."""
    (folder / "sources.yaml").write_text(textwrap.dedent(sources_yaml), encoding="utf-8")
    problems = Problems()
    sources = read_sources(company(folder, time_zone), problems)
    problems.raise_if_any()
    return sources


def open_bench(folder: Path) -> Workbench:
    return Workbench(folder / "model.duckdb", folder / "personal.duckdb", folder / "scratch.duckdb")


@functools.cache
def _shared_bench() -> Workbench:
    """One for all tests of reading: opening three databases takes longer than reading a small file."""
    return open_bench(Path(tempfile.mkdtemp()))


def _empty(bench: Workbench) -> None:
    for name in bench.frame("SELECT table_name FROM information_schema.tables WHERE table_catalog = 'raw'").to_series():
        bench.execute(f'DROP TABLE "raw".{quoted(name)}')
    bench.execute("DROP TABLE IF EXISTS quarantine")


class Read:
    """One raw file read by itself: its report, its rows, and what was quarantined."""

    def __init__(
        self, folder: Path, name: str, content: bytes | str | None, declared: str, zone: str = "Europe/Berlin"
    ):
        folder.mkdir(exist_ok=True)
        if content is not None:
            raw = content.encode() if isinstance(content, str) else content
            (folder / name).write_bytes(raw)
        yaml = f"files:\n  leads: {{path: '{name}', {declared}}}\n"
        sources, bench = sources_of(folder, yaml, zone), _shared_bench()
        try:
            self.report: FileReport = read_file(sources.files["leads"], company(folder, zone), bench)
            self.rows: pl.DataFrame = bench.frame('SELECT * FROM "raw"."leads" ORDER BY "_file", "_line"')
            self.quarantine: pl.DataFrame = bench.frame("SELECT * FROM quarantine ORDER BY file, line")
        finally:
            _empty(bench)

    @property
    def accounting(self) -> tuple[int, int, int, int]:
        """Lines, loaded, quarantined, skipped."""
        return self.report.lines, self.report.loaded, self.report.quarantined, self.report.skipped

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return list(self.quarantine.select("line", "reason").iter_rows())


class Mapped:
    """Raw files, name to content, mapped to canonical tables in a workbench that is open until the block ends."""

    def __init__(self, folder: Path, files: dict[str, str], sources_yaml: str, time_zone: str = "Europe/Berlin"):
        for name, content in files.items():
            (folder / name).write_text(textwrap.dedent(content).lstrip("\n"), encoding="utf-8")
        self.sources = sources_of(folder, sources_yaml, time_zone)
        self.company = company(folder, time_zone)
        self.bench = open_bench(folder)
        for spec in self.sources.files.values():
            read_file(spec, self.company, self.bench)
        self.report: MappingReport = map_tables(self.sources, self.company, self.bench, KEY, lambda *_: None)

    def __enter__(self) -> Mapped:
        return self

    def __exit__(self, *_: object) -> None:
        self.bench.close()

    def rows(self, table: str, columns: str = "*") -> list[tuple[object, ...]]:
        """Rows of a canonical table, sorted."""
        return sorted(self.bench.frame(f"SELECT {columns} FROM {table}").rows(), key=repr)
