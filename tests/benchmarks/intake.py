"""Reading a CSV file through the door beside DuckDB's own read of the same file as plain text.

    python -m tests.benchmarks.intake [--rows N]

Ours decodes, counts every line, casts each column with a reason, and looks for damage; DuckDB's reads all as text.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from data.company import Company
from data.engine import Workbench
from data.errors import Problems
from data.reading import read_file
from data.sources import read_sources

SOURCES = """
files:
  touches:
    path: touches.csv
    columns: {touch_id: text, contact_id: text, happened_at: timestamp, kind: text, source: text, cost: number}
"""


def write(file: Path, rows: int) -> int:
    """A file of touches; gives its size in bytes."""
    draw = random.Random(1)
    with file.open("w", encoding="utf-8") as out:
        out.write("touch_id,contact_id,happened_at,kind,source,cost\n")
        for row in range(rows):
            at = f"2026-{draw.randint(1, 12):02}-{draw.randint(1, 28):02} {draw.randint(0, 23):02}:15:00"
            kind, source = draw.choice(("visit", "form", "ad_click")), draw.choice(("google", '"a, b"', ""))
            out.write(f"t{row},c{draw.randint(1, rows)},{at},{kind},{source},{draw.random():.2f}\n")
    return file.stat().st_size


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="Intake of CSV beside DuckDB's all-text read.")
    parser.add_argument("--rows", type=int, default=500_000)
    rows = parser.parse_args().rows
    folder = Path(tempfile.mkdtemp())
    megabytes = write(folder / "touches.csv", rows) / 1e6
    (folder / "sources.yaml").write_text(SOURCES, encoding="utf-8")
    company = Company(folder, "intake", "Intake", "EUR", "Europe/Berlin")
    problems = Problems()
    spec = read_sources(company, problems).files["touches"]
    with Workbench(folder / "model.duckdb", folder / "personal.duckdb", folder / "scratch.duckdb") as bench:
        ours = seconds(lambda: read_file(spec, company, bench))
        file = str(folder / "touches.csv")
        plain = "CREATE TABLE plain AS SELECT * FROM read_csv($file, all_varchar = true, header = true)"
        theirs = seconds(lambda: bench.execute(plain, {"file": file}))
        counted = bench.frame("SELECT (SELECT count(*) FROM raw.touches), (SELECT count(*) FROM plain)").row(0)
    if counted != (rows, rows):
        sys.exit(f"{rows:,} rows were written, {counted} were read.")
    sys.stdout.write(f"{rows:,} rows, {megabytes:.0f} MB\n")
    sys.stdout.write(
        f"through the door {megabytes / ours:6.1f} MB/s\nas plain text    {megabytes / theirs:6.1f} MB/s\n"
    )
    sys.stdout.write(f"ratio            {ours / theirs:6.1f}\n")


if __name__ == "__main__":
    main()
