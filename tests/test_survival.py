"""What survives: refreshes killed while others read, damaged files, and a disk that is full."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

import data.generations as generations
import tandem
from data.errors import DiskFailed, NoGeneration
from data.generations import current, open_generation
from metrics import OpenCompany
from tests.conftest import PROJECT, once
from tests.depth import deep
from tests.small_company import PEOPLE, SmallCompany

LEADS = 4
ONE_MORE = "c5,Gene Hall,gene@mill.example,2026-03-11,fair\n"


def leads(company: OpenCompany) -> int:
    count: int = company.ask(["leads"]).item()
    return count


def newest(small: SmallCompany) -> Path:
    return small.company.state / "generations" / str(current(small.company))


def with_one_more(small: SmallCompany) -> None:
    """A second generation, of five leads; the first has four. Refreshed once for all tests, and copied."""
    small.write("people.csv", PEOPLE + ONE_MORE)

    def make(folder: Path) -> None:
        small.refresh()
        shutil.copytree(small.company.state, folder)

    shutil.copytree(once("small-twice", make), small.company.state, dirs_exist_ok=True)


# -- killed ----------------------------------------------------------------------------------------------------------


def test_refreshes_are_killed_while_others_read_and_nothing_is_lost() -> None:
    times = deep(12, 100)
    command = [sys.executable, "-m", "tests.kill_refreshes", "--times", str(times)]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    expected = rf"{times} refreshes killed, [1-9]\d* of them while sealing; .* [1-9]\d* answers, all known"
    assert re.match(expected, ended.stdout), ended.stdout


# -- damaged ---------------------------------------------------------------------------------------------------------


def flip(file: Path) -> None:
    """Another byte in the middle, with no other size."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0x04
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def empty(file: Path) -> None:
    file.write_bytes(b"")


@pytest.mark.parametrize("damage", [flip, cut, empty, Path.unlink], ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("name", ["model.duckdb", "personal.duckdb", "manifest.json"])
def test_a_damaged_generation_is_noticed_and_the_one_before_answers(
    small: SmallCompany, name: str, damage: Callable[[Path], object]
) -> None:
    with_one_more(small)
    assert leads(OpenCompany(small.company)) == LEADS + 1
    damage(newest(small) / name)
    company = OpenCompany(small.company)
    assert leads(company) == LEADS
    assert company.damaged is not None
    assert re.fullmatch(
        r"The newest data of Small & Sons is damaged: .+\. What is shown was loaded at \d{4}-\d\d-\d\d \d\d:\d\d UTC\."
        rf" Run: python tandem\.py refresh --company {re.escape(str(small.folder))}",
        company.damaged,
    ), company.damaged


@pytest.mark.parametrize(
    ("name", "damage"), [("model.duckdb", flip), ("personal.duckdb", cut), ("manifest.json", Path.unlink)]
)
def test_a_refresh_takes_the_place_of_a_damaged_generation(
    small: SmallCompany, name: str, damage: Callable[[Path], object]
) -> None:
    with_one_more(small)
    damage(newest(small) / name)
    company = OpenCompany(small.company)
    assert (leads(company), company.damaged is None) == (LEADS, False)
    small.refresh()
    assert (leads(company), company.damaged) == (LEADS + 1, None)


@pytest.mark.parametrize("content", [b"", b"2026", b"\xff\xfe", b"2026\x00", b"../..", b"."])
def test_a_damaged_pointer_ends_in_the_data_or_in_a_refresh(small: SmallCompany, content: bytes) -> None:
    (small.company.state / "CURRENT").write_bytes(content)
    if current(small.company) is not None:
        company = OpenCompany(small.company)
        assert leads(company) == LEADS
        assert company.damaged is not None
    small.refresh()
    assert leads(OpenCompany(small.company)) == LEADS


def test_a_lost_lease_is_damage_too(small: SmallCompany) -> None:
    with_one_more(small)
    (newest(small) / "lease").unlink()
    company = OpenCompany(small.company)
    assert (leads(company), company.damaged is None) == (LEADS, False)


def test_where_no_generation_is_whole_a_sentence_says_to_refresh(small: SmallCompany) -> None:
    with_one_more(small)
    for folder in (small.company.state / "generations").iterdir():
        flip(folder / "model.duckdb")
    with pytest.raises(NoGeneration) as told:
        OpenCompany(small.company).at()
    assert str(told.value) == (
        "The newest data of Small & Sons is damaged: model.duckdb has other bytes than were sealed."
        f" Run: python tandem.py refresh --company {small.folder}"
    )
    small.refresh()
    assert leads(OpenCompany(small.company)) == LEADS + 1


def test_a_damaged_generation_that_is_asked_for_by_name_says_so(small: SmallCompany) -> None:
    first = newest(small)
    with_one_more(small)
    cut(first / "model.duckdb")
    with pytest.raises(NoGeneration, match=rf"in generation '{first.name}' is damaged: model.duckdb has [\d,]+ bytes"):
        open_generation(small.company, first.name)


def test_damaged_generations_do_not_push_out_the_last_whole_one(
    small: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "KEPT", 2)
    whole = newest(small)
    for _ in range(3):
        small.refresh()
        flip(newest(small) / "model.duckdb")
        generation = open_generation(small.company)
        generation.release()
        assert generation.folder == whole
    for _ in range(2):
        small.refresh()
    kept = sorted((small.company.state / "generations").iterdir())
    assert len(kept) == 2
    assert kept[-1] == newest(small)


def test_a_file_is_hashed_once_in_a_process(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    digest = generations.check_files.__globals__["hashlib"].file_digest
    monkeypatch.setattr("hashlib.file_digest", lambda file, kind: read.append(file.name) or digest(file, kind))
    for _ in range(3):
        open_generation(small.company).release()
    assert sorted(Path(name).name for name in read) == ["model.duckdb", "personal.duckdb"]


def test_the_shell_and_the_screen_say_that_the_data_is_damaged(
    small: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_one_more(small)
    cut(newest(small) / "model.duckdb")
    for command, answer in ((["ask", "leads"], "leads\n4\n"), (["status", "--format", "csv"], "name,lines")):
        result = CliRunner().invoke(tandem.app, [*command, "--company", str(small.folder)])
        assert result.exit_code == 0, result.output
        assert result.stdout.startswith(answer)
        assert result.stderr.startswith("The newest data of Small & Sons is damaged: model.duckdb has ")
    monkeypatch.setenv("TANDEM_COMPANY", str(small.folder))
    screen = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    assert not screen.exception
    assert "is damaged" in screen.warning[0].value


# -- full ------------------------------------------------------------------------------------------------------------

# Each room is given to a fork of one process that has imported everything.
_REFRESHES_WITH_ROOM = """
import os

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "TANDEM_THREADS": "1"}
import pathlib, resource, signal, sys
from data.company import read_company
from data.errors import DiskFailed
from data.refresh import refresh

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for room in sys.argv[2:]:
    if os.fork() == 0:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), int(room)))
            refresh(read_company(pathlib.Path(sys.argv[1])), lambda *_: None)
        except DiskFailed as error:
            os.write(1, f"{room} {error}\\n".encode())
            status = 0
        finally:
            os._exit(status)
    _, status = os.wait()
    kept = sorted(path.name for path in (read_company(pathlib.Path(sys.argv[1])).state / "generations").iterdir())
    os.write(1, f"{room} {status} {kept}\\n".encode())
"""
ROOMS = ("0", "1", "4096", "12288", "100000", "300000", "600000")
_SENTENCE = (
    r"/.+: .+\. Free space there, or see to it that Tandem may write, and refresh again; until then the last good data"
    r" stays\."
)


def assert_as_before(small: SmallCompany, before: Path) -> None:
    assert newest(small) == before
    assert list((small.company.state / "generations").iterdir()) == [before]
    company = OpenCompany(small.company)
    assert (leads(company), company.damaged) == (LEADS, None)


def test_a_full_disk_leaves_the_old_generation_and_says_what_to_do(small: SmallCompany) -> None:
    before = newest(small)
    small.write("people.csv", PEOPLE + ONE_MORE)
    ended = subprocess.run(
        [sys.executable, "-c", _REFRESHES_WITH_ROOM, str(small.folder), *ROOMS],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    told = ended.stdout.splitlines()
    assert told[1::2] == [f"{room} 0 ['{before.name}']" for room in ROOMS], ended.stderr
    for room, sentence in zip(ROOMS, told[::2], strict=True):
        assert re.fullmatch(f"{room} {_SENTENCE}", sentence), sentence
    assert_as_before(small, before)


class _Full:
    """Stands in for a call that needs room, and fails the n-th time."""

    def __init__(self, real: Callable[..., object], nth: int) -> None:
        self._real, self._left = real, nth

    def __call__(self, *given: object, **named: object) -> object:
        self._left -= 1
        if self._left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self._real(*given, **named)


@pytest.mark.parametrize(
    ("call", "nth"),
    [
        ("pathlib.Path.mkdir", 2),
        ("pathlib.Path.write_text", 0), ("pathlib.Path.write_text", 1), ("pathlib.Path.touch", 0),
        ("os.fsync", 0), ("os.fsync", 3), ("os.fsync", 5), ("os.fsync", 6), ("pathlib.Path.rename", 0),
        ("pathlib.Path.replace", 0),
    ],
)  # fmt: skip
def test_any_step_of_sealing_that_finds_no_room_leaves_the_old_generation(
    small: SmallCompany, monkeypatch: pytest.MonkeyPatch, call: str, nth: int
) -> None:
    before = newest(small)
    owner, _, name = call.rpartition(".")
    real = getattr(Path if owner.endswith("Path") else os, name)
    full = _Full(real, nth)
    with monkeypatch.context() as patched:
        patched.setattr(call, lambda *given, **named: full(*given, **named))
        with pytest.raises(DiskFailed, match="no space left on device") as told:
            small.refresh()
    assert re.fullmatch(_SENTENCE, str(told.value)), told.value
    assert_as_before(small, before)
    if nth in (3, 6):
        small.refresh()
        assert leads(OpenCompany(small.company)) == LEADS
        assert newest(small) != before


def test_half_a_key_of_email_hashes_is_never_used(
    own_state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = SmallCompany(tmp_path / "new")
    real = os.fsync
    with monkeypatch.context() as patched:
        patched.setattr("data.personal.os.fsync", _Full(real, 0))
        with pytest.raises(DiskFailed):
            small.refresh()
    assert not list((own_state / "small").glob("email.key*"))
    small.refresh()
    key = own_state / "small" / "email.key"
    assert len(bytes.fromhex(key.read_text())) == 32
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
