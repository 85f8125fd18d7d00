"""What tests share: state in a temporary folder, and companies that are built once for the whole run."""

from __future__ import annotations

import os

from tests.depth import IS_DEEP

# Before anything is imported that starts threads. Each worker has one core, where threads only wait for each other;
# a deep run has as many as the product.
if not IS_DEEP:
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1", "TANDEM_THREADS": "1"}

import datetime as dt
import fcntl
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data.company import Company, read_company
from data.demo import make
from data.refresh import ensure_generation, needs_refresh
from metrics import OpenCompany, Session
from tests.ledgers import postgresql_server
from tests.small_company import SmallCompany

PROJECT = Path(__file__).resolve().parent.parent
DEMO, OLIST = PROJECT / "examples" / "demo", PROJECT / "examples" / "olist"
# A company that never changes, so that tests can know its numbers.
BRIGHTWATER = PROJECT / "tests" / "brightwater"


# What takes longest, begun first: the end of a run is then made of short tests that any idle worker may take.
LONGEST = (
    "test_a_walk_through_a_browser", "test_refreshes_are_killed_while_others_read_and_nothing_is_lost",
    "test_funnels_of_any_company_are_the_oracles", "test_every_composed_metric_equals_a_loop",
    "TestEveryWordOfTheVocabulary", "test_row_order_file_splits_and", "TestTheFuture", "TestShifts",
    "test_every_share_of_any_company_is_the_oracles", "test_each_group_is_what_a_loop_over_passes_counts",
    "test_a_rule_stamps_the_first_moment", "test_damaged_generations_do_not_push_out",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """One state folder for all workers of a run: made by the first process, inherited by the others."""
    if not hasattr(config, "workerinput"):
        shared = tempfile.mkdtemp(prefix="tandem-var-")
        os.environ |= {"TANDEM_VAR": shared, "TANDEM_SHARED": shared}
    os.environ["TANDEM_COMPANY"] = str(BRIGHTWATER)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the longest tests out over the workers, each of which begins with an equal run of neighbours."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    found = {name: [item for item in items if name in item.nodeid] for name in LONGEST}
    long = [item for name in LONGEST for item in found[name]]
    others = [item for item in items if item not in set(long)]
    share = len(items) // workers
    dealt: list[pytest.Item] = []
    for worker in range(workers):
        its = long[worker::workers]
        last = worker == workers - 1
        rest = others if last else others[: max(0, share - len(its))]
        dealt += its + rest
        others = others[len(rest) :]
    items[:] = dealt


def built(folder: Path) -> OpenCompany:
    """A company, refreshed by the first test of the run that asks for it."""
    company = read_company(folder)
    state = Path(os.environ["TANDEM_VAR"])
    with (state / f"{company.id}.building").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder == DEMO and needs_refresh(company):
            draw_demo(company)
        ensure_generation(company, lambda *_: None)
    return OpenCompany(company)


def draw_demo(company: Company) -> None:
    """The demo's rows, few and always the same."""
    make(company, 2_000, dt.date(2026, 11, 15), 1, lambda *_: None, on_request=True)


@pytest.fixture(scope="session")
def generated_demo() -> OpenCompany:
    """The company that a newcomer opens, smaller."""
    return built(DEMO)


@pytest.fixture(scope="session")
def demo_company() -> OpenCompany:
    return built(BRIGHTWATER)


@pytest.fixture(scope="session")
def demo(demo_company: OpenCompany) -> Session:
    return demo_company.at()


@pytest.fixture(scope="session")
def olist_files() -> Path:
    """The folder of Olist's files. They are not part of the project."""
    folder = os.environ.get("OLIST_DIR")
    if not folder or not Path(folder).is_dir():
        pytest.skip("Olist's files are not here: set OLIST_DIR to their folder to run this test.")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def olist(olist_files: Path) -> Session:
    os.environ["OLIST_DIR"] = str(olist_files)  # absolute, wherever the test runs
    return built(OLIST).at()


@pytest.fixture
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of a test's own, for tests that refresh."""
    state = tmp_path / "var"
    monkeypatch.setenv("TANDEM_VAR", str(state))
    return state


def once(name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first test of the run that asks for it makes, for all workers. It must not be changed."""
    folder = Path(os.environ["TANDEM_SHARED"]) / "once" / name
    folder.parent.mkdir(exist_ok=True)
    with folder.with_suffix(".making").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            make(folder.with_suffix(".half"))
            folder.with_suffix(".half").rename(folder)
    return folder


@pytest.fixture(scope="session")
def _small_once() -> tuple[Path, Path]:
    """Folder and state of the small company, refreshed once for the whole run."""
    folder = once("small", SmallCompany)
    return folder, built(folder).company.state


@pytest.fixture
def small(_small_once: tuple[Path, Path], own_state: Path, tmp_path: Path) -> SmallCompany:
    """A small company of a test's own that has one generation already."""
    folder, state = _small_once
    shutil.copytree(state, own_state / "small")
    shutil.copytree(folder, tmp_path / "small")
    return SmallCompany(tmp_path / "small", is_made=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server of the run's own. Tests skip where it is not installed."""
    with postgresql_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_company(request: pytest.FixtureRequest, own_state: Path, monkeypatch: pytest.MonkeyPatch) -> Company:
    """A company without data, whose ledger is its own: once in SQLite and once in PostgreSQL."""
    if request.param == "postgresql":
        monkeypatch.setenv("TANDEM_LEDGER", request.getfixturevalue("postgresql"))
    return Company(own_state, f"t{uuid.uuid4().hex[:12]}", "Test", "EUR", "Europe/Berlin")
