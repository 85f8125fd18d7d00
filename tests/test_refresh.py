"""Raw files to a sealed generation through the real door, and what holds when something is wrong or ends halfway."""

from __future__ import annotations

import datetime as dt
import fcntl
import gzip
import hashlib
import json
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data.engine import DuckDBEngine
from data.errors import EngineFailed, FailedChecks, InvalidFiles, NoGeneration, RefreshRunning, RefusedSources
from data.generations import (
    Generation,
    Manifest,
    building_folder,
    current,
    open_generation,
    refresh_lock,
    seal,
)
from data.personal import read_personal
from data.refresh import ensure_generation
from data.wholeness import with_checksum
from tests.conftest import PROJECT
from tests.small_company import LAST, PEOPLE, SmallCompany

LEADS = 4


@contextmanager
def opened(small: SmallCompany, wanted: str | None = None) -> Iterator[Generation]:
    generation = open_generation(small.company, wanted)
    try:
        yield generation
    finally:
        generation.release()


def leads(generation: Generation) -> int:
    """Rows of the sealed file, as its manifest says and as the database counts."""
    engine = DuckDBEngine(generation.model)
    try:
        counted: int = engine.run("SELECT count(*) FROM leads", {}).item()
    finally:
        engine.close()
    assert counted == generation.manifest.tables["leads"].rows
    return counted


def sealed(small: SmallCompany) -> list[str]:
    """Names of all generations, oldest first; half-made ones begin with a dot."""
    return sorted(folder.name for folder in (small.company.state / "generations").iterdir())


def seal_again(small: SmallCompany) -> str:
    """One more generation with the content of the current one."""
    with opened(small) as last, refresh_lock(small.company), building_folder(small.company) as (name, folder):
        for file in (last.model, last.personal):
            shutil.copy(file, folder)
        seal(small.company, folder, replace(last.manifest, generation=name))
    return name


# -- a generation ----------------------------------------------------------------------------------------------------


def test_a_refresh_seals_a_generation_and_points_to_it(small: SmallCompany) -> None:
    first = current(small.company)
    manifest = small.refresh()
    assert sealed(small) == [first, manifest.generation]
    assert (small.company.state / "CURRENT").read_text() == manifest.generation
    with opened(small) as generation:
        assert generation.manifest == manifest
        assert leads(generation) == LEADS
        # A write-ahead log beside a sealed file could be lost or damaged without the file noticing.
        assert {file.name for file in generation.folder.iterdir()} == {
            "lease", "manifest.json", "model.duckdb", "personal.duckdb",
        }  # fmt: skip


def test_a_refresh_tells_its_progress_from_nothing_to_all(own_state: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    company = SmallCompany(tmp_path / "new").company
    ensure_generation(company, lambda doing, share: told.append((doing, share)))
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert (told[0][1], told[-1]) == (0.0, ("Done", 1.0))
    assert {"Reading people", "Reading deals", "Reading spend", "Sealing"} <= {doing for doing, _ in told}
    ensure_generation(company, lambda doing, share: pytest.fail(f"refreshed again: {doing} {share}"))
    assert (own_state / "small" / "CURRENT").exists()


def test_a_manifest_says_the_same_after_a_round_trip(small: SmallCompany) -> None:
    with opened(small) as generation:
        manifest = generation.manifest
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert [(file.name, file.lines, file.loaded, file.quarantined, file.skipped) for file in manifest.files] == [
        ("people", 4, 4, 0, 0), ("deals", 2, 2, 0, 0), ("spend", 1, 1, 0, 0),
    ]  # fmt: skip
    assert [stage.name for stage in manifest.stages] == ["lead", "customer"]
    assert manifest.describe()["visits"].columns["touch_id"].absent == (
        "Small & Sons has no visits (declared absent in sources.yaml)."
    )


def test_data_through_is_the_earliest_of_the_files_that_stages_need(small: SmallCompany) -> None:
    with opened(small) as generation:
        assert generation.manifest.through == dt.date.fromisoformat(LAST)
        assert [file.through for file in generation.manifest.files] == [
            dt.date(2026, 3, 31), dt.date(2026, 3, 15), dt.date(2026, 1, 31),
        ]  # fmt: skip


def test_changed_rows_are_seen_after_the_next_refresh_and_not_before(small: SmallCompany) -> None:
    small.write("people.csv", PEOPLE + "c5,Gene Hall,gene@mill.example,2026-03-11,fair\n")
    with opened(small) as before:
        assert leads(before) == LEADS
        small.refresh()
        # Whoever reads goes on reading what they began with.
        assert leads(before) == LEADS
    with opened(small) as after:
        assert leads(after) == LEADS + 1
        assert after.manifest.files[0].loaded == LEADS + 1


# -- what is kept ----------------------------------------------------------------------------------------------------


def test_the_newest_three_generations_are_kept(small: SmallCompany) -> None:
    made = [current(small.company), *[seal_again(small) for _ in range(4)]]
    assert sealed(small) == made[-3:]
    with pytest.raises(NoGeneration, match=f"Small & Sons keeps no generation '{made[0]}' any more: only the newest 3"):
        open_generation(small.company, made[0])
    with opened(small, made[-2]) as older:
        assert leads(older) == LEADS


def test_a_generation_that_somebody_reads_is_kept_until_it_is_released(small: SmallCompany) -> None:
    with opened(small) as held:
        for _ in range(4):
            seal_again(small)
        assert held.folder.name in sealed(small)
        assert len(sealed(small)) == 4
        assert leads(held) == LEADS
    seal_again(small)
    assert held.folder.name not in sealed(small)
    assert len(sealed(small)) == 3


@pytest.mark.parametrize("lost", [["manifest.json"], ["manifest.json", "lease"], ["manifest.json", "model.duckdb"]])
def test_a_pruning_that_was_cut_off_is_finished_by_the_next_refresh(small: SmallCompany, lost: list[str]) -> None:
    made = [current(small.company), *[seal_again(small) for _ in range(2)]]
    for name in lost:
        (small.company.state / "generations" / str(made[0]) / name).unlink()
    with pytest.raises(NoGeneration):
        open_generation(small.company, made[0])
    assert sealed(small) == made
    made.append(seal_again(small))
    assert sealed(small) == made[-3:]


def test_a_company_without_a_generation_says_how_to_make_one(own_state: Path, tmp_path: Path) -> None:
    small = SmallCompany(tmp_path / "new")
    sentence = f"Small & Sons has no data yet. Run: python tandem.py refresh --company {small.folder}"
    with pytest.raises(NoGeneration, match=f"^{re.escape(sentence)}$"):
        open_generation(small.company)
    assert not own_state.exists()


@pytest.mark.parametrize(
    "damage", [lambda made: made.pop("stages"), lambda made: made["files"][0].update(colour="red")]
)
def test_a_manifest_of_another_version_says_what_to_do(
    small: SmallCompany, damage: Callable[[dict[str, Any]], object]
) -> None:
    manifest = small.company.state / "generations" / str(current(small.company)) / "manifest.json"
    made = json.loads(manifest.read_text())
    damage(made)
    manifest.write_text(with_checksum(json.dumps(made)))
    with pytest.raises(NoGeneration) as told:
        open_generation(small.company)
    assert str(told.value) == (
        "The newest data of Small & Sons was made by another version of Tandem."
        f" Run: python tandem.py refresh --company {small.folder}"
    )
    small.refresh()
    with opened(small) as generation:
        assert leads(generation) == LEADS


def test_a_second_refresh_at_the_same_time_is_refused(small: SmallCompany) -> None:
    with refresh_lock(small.company):
        with pytest.raises(RefreshRunning) as refusal:
            small.refresh()
        with opened(small) as generation:
            assert leads(generation) == LEADS
    assert str(refusal.value) == "Small & Sons is being refreshed by another process. Try again in a while."
    small.refresh()


# -- what is refused -------------------------------------------------------------------------------------------------


def _truncated(text: str) -> bytes:
    packed = gzip.compress(text.encode())
    return packed[: len(packed) - 12]


REFUSALS = {
    "empty": ("people.csv", "", "people.csv: is empty. Export it again, or take it out of sources.yaml."),
    "header missing a mapped column": (
        "people.csv", PEOPLE.replace("email,", "e-mail,"),
        "people.csv:1:1: No column 'email'. Did you mean 'e-mail'? The file has: channel, contact_id, created_on,"
        " e-mail, name. Correct 'columns' of files.people, or export with these columns.",
    ),
    "html page": (
        "deals.csv", "<!DOCTYPE html>\n<html><body>Please sign in</body></html>\n",
        "deals.csv:1:1: is a web page, not data: the download was answered by a login or error page. Export it again.",
    ),
    "ambiguous dates": (
        "deals.csv", "deal_id,contact_id,amount,closed_on\nd1,c1,1,03/04/2026\nd2,c3,1,05/04/2026\n",
        "deals.csv:2:1: 'closed_on' is '03/04/2026'. Day and month cannot be told apart: no value has a day above 12."
        ' Declare closed_on: {type: date, format: "%d/%m/%Y"} or "%m/%d/%Y", as its owner writes dates.',
    ),
    "ids damaged by a spreadsheet": (
        "deals.csv", "deal_id,contact_id,amount,closed_on\n1.23E+15,c1,1,2026-02-04\n",
        "deals.csv:2:1: 'deal_id' is 1.23E+15: a spreadsheet has rounded this id. Export the column as text.",
    ),
    "truncated gz": (
        "people.csv.gz", _truncated(PEOPLE),
        "people.csv.gz: is a damaged or incomplete .gz file. Download it again; it was not read at all.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refused_file_leaves_the_last_good_generation_and_says_what_to_do(small: SmallCompany, case: str) -> None:
    name, content, sentence = REFUSALS[case]
    if name.endswith(".gz"):
        small.replace("sources.yaml", "people.csv", name)
    small.write(name, content)
    before = sealed(small)
    with pytest.raises(RefusedSources) as refusal:
        small.refresh()
    assert str(refusal.value).replace(f"{small.folder}/", "") == sentence
    assert sealed(small) == before
    with opened(small) as generation:
        assert [generation.manifest.generation] == before
        assert leads(generation) == LEADS


def test_everything_that_is_wrong_with_the_files_is_told_at_once(small: SmallCompany) -> None:
    small.write("people.csv", "")
    small.write("spend.csv", "")
    with pytest.raises(RefusedSources) as refusal:
        small.refresh()
    assert [Path(problem.place.file).name for problem in refusal.value.problems] == ["people.csv", "spend.csv"]


def test_a_broken_mapping_leaves_the_last_good_generation(small: SmallCompany) -> None:
    small.replace("sources.yaml", "amount: amount", "amount: amunt")
    small.replace("stages.yaml", "owner: sales", "owner: sale")
    before = sealed(small)
    with pytest.raises(InvalidFiles) as refusal:
        small.refresh()
    told = str(refusal.value)
    assert "sources.yaml:18" in told
    assert "Did you mean 'amount'?" in told
    assert "stages.yaml:3" in told
    assert "Did you mean 'sales'?" in told
    assert sealed(small) == before


def test_a_failed_check_leaves_the_last_good_generation(small: SmallCompany) -> None:
    model = "-- One row per channel.\n-- #key(channel)\nselect\n    channel -- #unique #not_null\nfrom raw.people\n"
    small.write("models/origins.sql", model)
    before = sealed(small)
    with pytest.raises(FailedChecks) as refusal:
        small.refresh()
    told = str(refusal.value)
    assert "origins.sql:4" in told
    assert "search" in told
    assert sealed(small) == before
    small.write("models/origins.sql", model.replace("select\n", "select distinct\n") + "where channel is not null\n")
    assert small.refresh().describe()["origins"].rows == 2


# -- what is cut off -------------------------------------------------------------------------------------------------


def _assert_whole(small: SmallCompany, told: str) -> None:
    """A reader that comes now reads a whole generation; no other than a whole one is pointed to."""
    name = current(small.company)
    assert name in sealed(small), told
    with opened(small) as generation:
        assert generation.manifest.generation == name, told
        assert leads(generation) == LEADS, told
        assert not [file for file in generation.folder.iterdir() if file.suffix == ".wal"], told


@pytest.mark.parametrize("step", ["Reading deals", "Mapping", "Building", "Sealing"])
def test_a_refresh_that_is_killed_leaves_a_whole_generation(small: SmallCompany, step: str) -> None:
    command = [sys.executable, str(PROJECT / "tandem.py"), "refresh", "--company", str(small.folder)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as running:
        assert running.stderr is not None
        assert any(step in line for line in running.stderr), f"the refresh never came to {step}"
        delay = random.uniform(0, 0.25)
        time.sleep(delay)
        running.send_signal(signal.SIGKILL)
    _assert_whole(small, f"killed {delay:.3f} s after {step}")
    seal_again(small)
    assert not [name for name in sealed(small) if name.startswith(".")]
    _assert_whole(small, "after the next refresh")


_KILLED_AT_FSYNC = """
import os, pathlib, shutil, signal, sys
from dataclasses import replace
from data.company import read_company
from data.generations import building_folder, open_generation, refresh_lock, seal

company, left, fsync = read_company(pathlib.Path(sys.argv[1])), int(sys.argv[2]), os.fsync

def flush(handle):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(handle)

last = open_generation(company)
with refresh_lock(company), building_folder(company) as (name, folder):
    for file in (last.model, last.personal):
        shutil.copy(file, folder)
    os.fsync = flush
    seal(company, folder, replace(last.manifest, generation=name))
"""


def test_a_seal_that_is_killed_at_any_of_its_writes_leaves_a_whole_generation(small: SmallCompany) -> None:
    """Before every fsync in turn, until one seal comes through: they are what makes a step last."""
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    for count in range(20):
        command = [sys.executable, "-c", _KILLED_AT_FSYNC, str(small.folder), str(count)]
        ended = subprocess.run(command, env=environment, timeout=60, check=False).returncode
        _assert_whole(small, f"killed before write {count}")
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    assert 6 <= count < 20
    assert not [name for name in sealed(small) if name.startswith(".")]
    # What was sealed but never pointed to counts as a generation, and goes when its turn comes.
    assert len(sealed(small)) == 3


def test_a_process_that_ends_gives_its_lock_back(small: SmallCompany) -> None:
    holding = (
        "import pathlib, sys, time; from data.company import read_company; from data.generations import refresh_lock\n"
        "with refresh_lock(read_company(pathlib.Path(sys.argv[1]))): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", holding, str(small.folder)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RefreshRunning), refresh_lock(small.company):
            pass
        other.kill()
    with refresh_lock(small.company):
        pass


# -- who may read what -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "COPY leads TO '{folder}/stolen.csv'",
        "COPY (SELECT 1) TO '{folder}/stolen.parquet'",
        "SELECT * FROM read_csv('{folder}/people.csv')",
        "SELECT * FROM read_text('{folder}/people.csv')",
        "SELECT * FROM '{folder}/people.csv'",
        "SELECT * FROM glob('{folder}/*')",
        "ATTACH '{personal}' AS stolen",
        "EXPORT DATABASE '{folder}/stolen'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "RESET lock_configuration",
        "PRAGMA memory_limit = '9GB'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE TABLE planted (a INTEGER)",
        "DELETE FROM leads",
    ],
)
def test_the_connection_that_reads_can_do_nothing_else(small: SmallCompany, sql: str) -> None:
    with opened(small) as generation:
        engine = DuckDBEngine(generation.model)
        try:
            with pytest.raises(EngineFailed, match=r"^The database could not answer: "):
                engine.run(sql.format(folder=small.folder, personal=generation.personal), {})
            assert engine.run("SELECT count(*) FROM leads", {}).item() == LEADS
        finally:
            engine.close()
    assert not list(small.folder.glob("stolen*"))


def test_names_and_emails_are_in_the_personal_file_and_nowhere_else(small: SmallCompany) -> None:
    planted = ("Zebulon Quixley", "zebulon@quixley.example")
    # The second row is shifted, so that an e-mail stands where a date should: it is rejected, not told.
    rows = f"c5,{planted[0]},{planted[1]},2026-03-11,fair\nc6,Ann,fair,zebulon@quixley.example,2026-03-11\n"
    small.write("people.csv", PEOPLE + rows)
    manifest = small.refresh()
    assert manifest.files[0].quarantined == 1
    key = (small.company.state / "email.key").read_text().encode()
    with opened(small) as generation:
        personal = generation.personal.read_bytes()
        assert all(text.encode() in personal for text in planted)
        elsewhere = [
            file for file in small.company.state.rglob("*") if file.is_file() and file.name != "personal.duckdb"
        ]
        assert generation.model in elsewhere
        unkeyed = hashlib.sha256(planted[1].encode()).hexdigest()
        for file in elsewhere:
            content = file.read_bytes().lower()
            assert not [text for text in (*planted, "quixley", unkeyed) if text.lower().encode() in content], file
            assert file.name == "email.key" or key not in content, file


def test_only_their_owner_can_read_the_key_and_the_personal_file(small: SmallCompany) -> None:
    small.refresh()
    with opened(small) as generation:
        for file in (small.company.state / "email.key", generation.personal):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_the_key_of_a_company_stays_the_same(small: SmallCompany) -> None:
    def keys() -> list[str]:
        with opened(small) as generation:
            engine = DuckDBEngine(generation.model)
            found = engine.run("SELECT email_key FROM contacts ORDER BY contact_id", {}).to_series().to_list()
            engine.close()
        return found

    before = keys()
    small.refresh()
    assert keys() == before
    assert len(set(before)) == LEADS
    (small.company.state / "email.key").unlink()
    small.refresh()
    assert not set(keys()) & set(before)


def test_reading_the_personal_file_is_logged(small: SmallCompany) -> None:
    with opened(small) as generation:
        found = read_personal(small.company, generation, ["c1", "c1", "c9"], viewer="ann")
    assert found.rows() == [("c1", "Ada Lovelace", "ada@mill.example", None)]
    (line,) = (small.company.state / "personal.log").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["viewer"], entry["contacts"]) == ("ann", 1)
    assert dt.datetime.fromisoformat(entry["at"]).tzinfo is not None


def test_a_lease_is_a_lock_that_ends_with_its_reader(small: SmallCompany) -> None:
    with opened(small) as generation, (generation.folder / "lease").open("rb") as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        generation.release()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
