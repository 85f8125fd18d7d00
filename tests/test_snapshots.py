"""A sealed month: what is in it, that it never changes, and that half of one is never seen."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import signal
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import tandem
from alignment import sealing, snapshot_commands, snapshots
from alignment.months import due_month, month_of
from alignment.report import FORMATS, export
from alignment.restatement import restate
from alignment.sealing import seal_month, seal_per
from alignment.snapshots import Shelf, Snapshot, shelf_of, shelves_per
from alignment.verification import verify
from data.errors import InvalidQuestion, NotSealed
from metrics import OpenCompany, Query, Session
from metrics.fingerprints import fingerprint
from tests.inside_files import text_in, text_of_folder
from tests.sealed_company import MARCH, OCTOBER, TODAY, copy_with_march, seal_march, sealed_october, session_of
from tests.small_company import PEOPLE, SmallCompany

SHARED = Path(os.environ["TANDEM_VAR"])


@pytest.fixture(scope="session")
def sealed_demo(demo: Session) -> Snapshot:
    return sealed_october(demo)


@pytest.fixture
def whole(own_state: Path, tmp_path: Path) -> SmallCompany:
    """A small company of a test's own that has sealed March."""
    return copy_with_march(SHARED, tmp_path / "small", own_state)


@pytest.fixture
def unsealed(whole: SmallCompany) -> SmallCompany:
    shutil.rmtree(shelf_of(whole.company).root)
    return whole


def everything(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def headline(snapshot: Snapshot) -> dict[str, tuple[float | None, ...]]:
    frame = snapshot.frame("results/headline").select("metric", "value", "previous", "last_year", "year_to_date")
    return {row[0]: row[1:] for row in frame.iter_rows()}


# -- what is in it ---------------------------------------------------------------------------------------------------


def test_the_sealed_numbers_are_those_counted_by_hand(whole: SmallCompany) -> None:
    numbers = headline(shelf_of(whole.company).open("2026-03"))
    # c3 and c4 in March, c2 in February, c1 in January. d1 closed in February; in March d2, and d3 of the same customer
    # as d1: 100 francs at 0.95.
    assert numbers["leads"] == (2, 1, 0, 4)
    assert numbers["customers"] == (1, 1, 0, 2)
    assert numbers["won_revenue"] == (345.5, 1000.0, 0, 1345.5)
    assert numbers["spend"][3] == 99.9


def test_the_sealed_numbers_are_those_that_ask_gives(demo: Session, sealed_demo: Snapshot) -> None:
    plain = ("leads", "mqls", "customers", "won_revenue", "open_pipeline", "spend", "win_rate", "visits", "accepted")
    answer = demo.answer(Query(plain, period=OCTOBER))
    sealed = headline(sealed_demo)
    assert {name: sealed[name][0] for name in plain} == {name: answer.number(name) for name in plain}
    by_channel = demo.answer(Query(("leads",), ("channel",), period=OCTOBER)).frame
    cut = sealed_demo.frame("results/headline_by_channel").filter((pl.col("metric") == "leads") & (pl.col("value") > 0))
    assert dict(cut.select("channel", "value").iter_rows()) == {k: v for k, v in by_channel.iter_rows() if v}


def test_a_rate_is_that_of_the_latest_matured_cohort_which_is_named(demo: Session, sealed_demo: Snapshot) -> None:
    rows = {row["metric"]: row for row in sealed_demo.frame("results/headline").iter_rows(named=True)}
    # 30 days after the last of September end on 30 October, before the month does; those of October do not.
    assert (rows["tofu_conversion"]["start"], rows["tofu_conversion"]["until"]) == (
        dt.date(2026, 9, 1),
        dt.date(2026, 10, 1),
    )
    september = Query(("tofu_conversion.rate_matured",), period=month_of("2026-09"), as_of=dt.date(2026, 11, 1))
    assert rows["tofu_conversion"]["value"] == demo.answer(september).number("tofu_conversion.rate_matured")
    assert rows["tofu_conversion"]["year_to_date"] is None


def test_the_records_behind_a_number_add_up_to_it(sealed_demo: Snapshot) -> None:
    totals = sealed_demo.frame("records/totals").filter(pl.col("has_records") & (pl.col("part") != "wait"))
    added = sealed_demo.frame("records/parts").group_by("metric", "part").agg(pl.col("value").sum())
    both = totals.join(added, on=["metric", "part"], how="left").with_columns(pl.col("value").fill_null(0))
    assert both.height > 25
    assert both.filter((pl.col("total") - pl.col("value")).abs() > 1e-6).is_empty()


def test_definitions_are_sealed_with_their_texts_fingerprints_and_sql(sealed_demo: Snapshot, demo: Session) -> None:
    found = sealed_demo.frame("definitions/metrics")
    assert set(found["metric"]) == set(demo.definitions.metrics)
    assert all(len(fingerprint) == 16 for fingerprint in found["fingerprint"])
    assert found.filter(pl.col("metric") == "leads")["sql"].item().startswith("SELECT")
    stages = (demo.company.folder / "stages.yaml").read_text(encoding="utf-8")
    assert sealed_demo.text("definitions/stages.yaml") == stages


def test_the_manifest_says_generation_dates_and_who(sealed_demo: Snapshot, demo: Session) -> None:
    manifest = sealed_demo.manifest
    assert manifest.generation == demo.manifest.generation
    assert (manifest.start, manifest.until, manifest.revision) == (OCTOBER.start, OCTOBER.until, 1)
    assert manifest.sealed_by
    assert manifest.sources_through.keys() == {file.name for file in demo.manifest.files}
    assert sealed_demo.text("commentary.txt") == "A fair month.\n"


def test_no_file_holds_a_name_or_an_address_of_a_contact(whole: SmallCompany) -> None:
    told = text_of_folder(seal_march(whole).snapshot.folder)
    assert "c3" in told
    for line in PEOPLE.splitlines()[1:]:
        name, email = line.split(",")[1:3]
        assert name not in told
        assert email not in told


def test_a_planted_address_is_in_no_sealed_file_and_its_records_are_told_all_the_same(unsealed: SmallCompany) -> None:
    for line in (
        "planted@mill.example,Ann O,ann@mill.example,2026-03-05,who@mill.example,Clerk",
        "c6,B,b@x.example,,,",
    ):
        unsealed.write("people.csv", (unsealed.folder / "people.csv").read_text() + line + "\n")
    sources = (unsealed.folder / "sources.yaml").read_text()
    rule = "exclude:\n  - {from: contacts, when: \"email = 'planted@mill.example'\", why: Ask own@mill.example.}\n"
    unsealed.write("sources.yaml", sources + rule)
    unsealed.refresh()
    snapshot = seal_march(unsealed, "Thanks to said@mill.example, and to Jean Bartik, for March.").snapshot
    told = text_of_folder(snapshot.folder)
    assert "@mill" not in told
    assert re.search(r"Thanks to address-\w+, and to \[a contact\], for March", told)
    assert headline(snapshot)["leads"][0] == 3
    assert restate(session_of(unsealed), snapshot).effects.is_empty()
    assert restate(session_of(unsealed), snapshot).notes == ()


WORDED = """\
# Ask Ida Rhodes (ida@mill.example), or 'Ada Lovelace'.
metrics:
  asked_for:
    label: Asked for
    description: "Leads that Mary Keller, mary@mill.example, asked for. Not those of keller@fair.example."
    kind: aggregate
    table: leads
    expr: count(*)
    time: lead_on
    where: source = 'keller@fair.example' or source = 'fair'
    unit: count
"""


def test_words_about_definitions_name_no_contact_and_their_fingerprints_stay(unsealed: SmallCompany) -> None:
    unsealed.write("definitions/own.yaml", WORDED)
    stages = (unsealed.folder / "stages.yaml").read_text()
    unsealed.write("stages.yaml", stages + "# Agreed with JEAN BARTIK, jean@mill.example.\n")
    unsealed.refresh()
    session = session_of(unsealed)
    snapshot = seal_month(session, MARCH, today=TODAY).snapshot
    planted = re.compile(r"rhodes|lovelace|keller|bartik|@mill|@fair", re.IGNORECASE)
    sealed = snapshot.text("definitions/definitions/own.yaml")
    # What is computed with stays where it is computed with, and nowhere else.
    assert planted.findall(sealed) == ["keller", "@fair"]
    assert "where: source = 'keller@fair.example' or source = 'fair'" in sealed
    assert "Ask [a contact] (address-" in sealed
    others = [snapshot.folder / name for name in snapshot.manifest.files if not name.endswith("own.yaml")]
    assert not [file for file in others if planted.search(text_in(file.read_bytes()))]
    assert not planted.search((snapshot.folder / "manifest.json").read_text())
    for form in FORMATS:
        text = text_in(export(snapshot, form))
        assert not planted.search(text), form
        assert "Small & Sons" in text or "Small &amp; Sons" in text
    metrics = snapshot.frame("definitions/metrics")
    assert (
        metrics.filter(pl.col("metric") == "asked_for")["description"]
        .item()
        .startswith("Leads that [a contact], address-")
    )
    found = restate(session, snapshot)
    assert (found.effects.height, found.changed, found.notes) == (0, (), ())
    assert dict(metrics.select("metric", "fingerprint").iter_rows()) == {
        name: fingerprint(session.reach, metric) for name, metric in session.definitions.metrics.items()
    }


def test_text_from_the_crm_stays_text(unsealed: SmallCompany) -> None:
    hostile = "=cmd|' /C calc'!A0 <b>![p](http://x)"
    unsealed.replace("people.csv", "2026-03-02,fair", f'2026-03-02,"{hostile}"')
    unsealed.refresh()
    cut = seal_march(unsealed).snapshot.frame("results/headline_by_channel")
    assert hostile in set(cut["channel"])


# -- when it may be sealed -------------------------------------------------------------------------------------------


def test_a_month_that_has_not_ended_is_refused(unsealed: SmallCompany) -> None:
    with pytest.raises(NotSealed, match=r"2026-03 has not ended: its last day is 2026-03-31, today is 2026-03-31\."):
        seal_month(session_of(unsealed), MARCH, today=dt.date(2026, 3, 31))
    assert shelf_of(unsealed.company).months() == []


def test_the_sources_that_lag_are_named(small: SmallCompany) -> None:
    with pytest.raises(NotSealed, match=r"does not reach 2026-03-31.*deals \(data through 2026-03-15\), spend") as told:
        seal_month(session_of(small), MARCH, today=TODAY)
    assert "people" not in str(told.value)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-10", "October", "0000-01", "2026-1", "2026-10-01"])
def test_what_is_no_month_is_told(text: str) -> None:
    with pytest.raises(InvalidQuestion, match="is not a month; write year and month such as 2026-10"):
        month_of(text)


def test_a_month_is_due_from_the_closing_day_on(whole: SmallCompany) -> None:
    company = whole.company
    assert company.close_day == 3
    assert due_month(company, dt.date(2026, 4, 2)) is None
    assert due_month(company, dt.date(2026, 4, 3)) == MARCH
    assert due_month(company, dt.date(2026, 1, 28)) == month_of("2025-12")


# -- that it never changes -------------------------------------------------------------------------------------------


def test_sealing_a_sealed_month_again_writes_nothing(whole: SmallCompany) -> None:
    first = shelf_of(whole.company).open("2026-03")
    before = everything(shelf_of(whole.company).root)
    whole.write("deals.csv", (whole.folder / "deals.csv").read_text() + "d4,c4,99.00,2026-03-20,EUR\n")
    whole.refresh()
    again = seal_march(whole, "Another text.")
    assert not again.is_new
    assert again.snapshot.manifest == first.manifest
    assert everything(shelf_of(whole.company).root) == before


def test_a_revision_stands_beside_the_first_and_both_verify(whole: SmallCompany) -> None:
    first = shelf_of(whole.company).open("2026-03")
    whole.write("deals.csv", (whole.folder / "deals.csv").read_text() + "d4,c4,99.00,2026-03-20,EUR\n")
    whole.refresh()
    second = seal_march(whole, revise="a deal came late").snapshot
    shelf = shelf_of(whole.company)
    assert second.folder == first.folder / "r2"
    assert (second.manifest.revision, second.manifest.reason) == (2, "a deal came late")
    assert headline(shelf.open("2026-03"))["won_revenue"][0] == 444.5
    assert headline(shelf.open("2026-03", 1))["won_revenue"][0] == 345.5
    assert verify(shelf, "2026-03")[1] == []
    with pytest.raises(InvalidQuestion, match="needs the reason"):
        seal_march(whole, revise=" ")
    with pytest.raises(NotSealed, match=r"2026-03 has no revision 7\. There are: 1, 2\."):
        shelf.open("2026-03", 7)


def test_sealed_files_are_read_only(sealed_demo: Snapshot) -> None:
    files = [file for file in sealed_demo.folder.rglob("*") if file.is_file()]
    assert files
    assert {file.stat().st_mode & 0o222 for file in files} == {0}


@pytest.fixture
def copied(sealed_demo: Snapshot, demo_company: OpenCompany, tmp_path: Path) -> Shelf:
    """A copy of the sealed October that a test may damage."""
    shutil.copytree(sealed_demo.folder, tmp_path / "shelf" / "2026-10")
    for path in (tmp_path / "shelf").rglob("*"):
        path.chmod(0o755)
    return Shelf(tmp_path / "shelf", demo_company.company)


def flipped(file: Path) -> None:
    """One bit of one byte in the middle, with the file's size and date as they were."""
    state, content = file.stat(), bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.parametrize(
    "name", ["results/headline.parquet", "records/parts.parquet", "commentary.txt", "definitions/stages.yaml"]
)
def test_one_flipped_byte_is_found(copied: Shelf, name: str) -> None:
    assert verify(copied, "2026-10")[1] == []
    snapshot = copied.open("2026-10")
    flipped(snapshot.folder / name)
    assert [str(finding) for finding in verify(copied, "2026-10")[1]] == [f"2026-10: {name} is changed."]
    with pytest.raises(NotSealed, match="is not what was sealed for 2026-10"):
        snapshot.frame(name.removesuffix(".parquet")) if name.endswith("parquet") else snapshot.text(name)


def test_a_file_that_is_gone_or_was_added_is_found(copied: Shelf) -> None:
    folder = copied.open("2026-10").folder
    (folder / "targets.parquet").unlink()
    (folder / "results" / "more.parquet").write_bytes(b"x")
    (folder / "r2").write_bytes(b"a file, not a revision")
    found = {(finding.file, finding.what) for finding in verify(copied, "2026-10")[1]}
    assert found == {("targets.parquet", "missing"), ("results/more.parquet", "extra"), ("r2", "extra")}


def test_a_manifest_that_was_changed_is_no_manifest(copied: Shelf) -> None:
    manifest = copied.root / "2026-10" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"revision": 1', '"revision": 3'))
    with pytest.raises(NotSealed, match="is not the one that was sealed"):
        copied.open("2026-10")
    assert [finding.file for finding in verify(copied, "2026-10")[1]] == ["manifest.json"]


# -- half of one -----------------------------------------------------------------------------------------------------


def three_files(folder: Path) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        (folder / name).write_text(name)


def killed_after(shelf: Shelf, sealed: Snapshot, steps: int) -> bool:
    """Seals in a process that kills itself after so many files were put on disk; whether it came that far."""
    pid = os.fork()
    if pid == 0:
        left = [steps]
        flush = snapshots.flush

        def counted(path: Path) -> None:
            flush(path)
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        snapshots.flush = counted  # only in the process that is to die
        with shelf.locked():
            shelf.seal(
                sealed.manifest, lambda folder: [(folder / f"{n}.txt").write_text("x") for n in range(3)] and None
            )
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def test_a_kill_while_sealing_leaves_nothing_that_looks_sealed(
    sealed_demo: Snapshot, demo_company: OpenCompany, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path / "snapshots", demo_company.company)
    steps = 1
    # Three files and the manifest, then their folder; after that it has its name.
    while steps <= 5:
        assert killed_after(shelf, sealed_demo, steps)
        assert shelf.months() == []
        steps += 1
    assert len(list(shelf.root.glob(".sealing-*"))) == 1
    assert killed_after(shelf, sealed_demo, steps)
    assert shelf.months() == ["2026-10"]
    assert verify(shelf, "2026-10") == (4, [])
    with shelf.locked():
        assert [path.name for path in shelf.root.iterdir() if path.is_dir()] == ["2026-10"]


def test_a_kill_while_files_are_written_leaves_nothing_that_looks_sealed(
    sealed_demo: Snapshot, demo_company: OpenCompany, tmp_path: Path
) -> None:
    shelf = Shelf(tmp_path / "snapshots", demo_company.company)
    pid = os.fork()
    if pid == 0:

        def half(folder: Path) -> None:
            three_files(folder)
            os.kill(os.getpid(), signal.SIGKILL)

        with shelf.locked():
            shelf.seal(sealed_demo.manifest, half)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    assert shelf.months() == []
    # The lock of a dead process holds nobody up, and what it left is taken away.
    with shelf.locked():
        assert shelf.seal(sealed_demo.manifest, three_files).manifest.files.keys() == {"a.txt", "b.txt", "c.txt"}
    assert [path.name for path in shelf.root.iterdir() if path.is_dir()] == ["2026-10"]
    assert verify(shelf, "2026-10") == (4, [])


def test_only_one_process_seals_at_a_time(demo_company: OpenCompany, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "snapshots", demo_company.company)
    with shelf.locked(), pytest.raises(NotSealed, match="Another process is sealing"), shelf.locked():
        pass


def test_what_fails_on_the_way_leaves_nothing(sealed_demo: Snapshot, demo_company: OpenCompany, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "snapshots", demo_company.company)

    def full(_: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(NotSealed, match=r"no space left on device\. Nothing was sealed"), shelf.locked():
        shelf.seal(sealed_demo.manifest, full)
    assert [path.name for path in shelf.root.iterdir()] == ["seal.lock"]


# -- one per region --------------------------------------------------------------------------------------------------


def test_a_value_may_hold_what_no_name_of_a_file_may(unsealed: SmallCompany) -> None:
    hostile = "../../a:b*\\ /?" + "x" * 300
    unsealed.replace("people.csv", "2026-03-02,fair", f'2026-03-02,"{hostile}"')
    unsealed.refresh()
    seal_per(session_of(unsealed), MARCH, "channel", today=TODAY)
    shelves = shelves_per(unsealed.company, "channel")
    assert {shelf.open("2026-03").manifest.per for shelf in shelves} == {("channel", "search"), ("channel", hostile)}
    assert {shelf.root.parent for shelf in shelves} == {shelf_of(unsealed.company).root / "per" / "channel"}


def test_one_snapshot_per_value_of_a_dimension(whole: SmallCompany) -> None:
    sealed = seal_per(session_of(whole), MARCH, "channel", today=TODAY)
    values = {one.snapshot.manifest.per: headline(one.snapshot) for one in sealed}
    assert {per: numbers["leads"][0] for per, numbers in values.items()} == {
        ("channel", "search"): 0,
        ("channel", "fair"): 1,
    }
    assert values["channel", "fair"]["won_revenue"][0] == 250.5
    shutil.rmtree(shelf_of(whole.company).root / "2026-03")
    assert len(shelves_per(whole.company, "channel")) == 2
    assert [verify(shelf, "2026-03")[1] for shelf in shelves_per(whole.company, "channel")] == [[], []]
    assert shelf_of(whole.company).months() == []
    with pytest.raises(InvalidQuestion, match="Leads have no dimension 'chanel'"):
        seal_per(session_of(whole), MARCH, "chanel", today=TODAY)


# -- the commands ----------------------------------------------------------------------------------------------------


def test_the_commands_seal_say_so_and_prove_it(unsealed: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_commands, "today_in", lambda _: TODAY)
    monkeypatch.setattr(sealing, "today_in", lambda _: TODAY)

    def ran(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(tandem.app, [*words, "--company", str(unsealed.folder)])
        return result.exit_code, result.stdout

    (unsealed.folder / "said.txt").write_text("Two leads.")
    assert ran("snapshot", "--if-due", "--commentary", str(unsealed.folder / "said.txt"))[1].startswith(
        "Sealed 2026-03"
    )
    assert shelf_of(unsealed.company).open("2026-03").text("commentary.txt") == "Two leads.\n"
    before = everything(shelf_of(unsealed.company).root)
    assert ran("snapshot", "--if-due") == (0, "2026-03 is sealed already: nothing was written.\n")
    code, said = ran("snapshot", "2026-03")
    assert (code, said.startswith("2026-03 is sealed already: nothing was written.")) == (0, True)
    with pytest.raises(NotSealed, match="2026-04 has not ended"):
        CliRunner().invoke(
            tandem.app, ["snapshot", "2026-04", "--company", str(unsealed.folder)], catch_exceptions=False
        )
    assert everything(shelf_of(unsealed.company).root) == before
    code, said = ran("verify", "2026-03")
    assert (code, said.startswith("All as sealed: ")) == (0, True)
    file = shelf_of(unsealed.company).open("2026-03").folder / "targets.parquet"
    file.chmod(0o644)
    flipped(file)
    assert ran("verify")[0] == 1
    monkeypatch.setattr(snapshot_commands, "today_in", lambda _: dt.date(2026, 4, 2))
    assert ran("snapshot", "--if-due")[1].startswith("Nothing is due")
