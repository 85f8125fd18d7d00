"""An open company: its newest generation, its newest valid definitions, and what has changed since. Answers nothing."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from data.calendar import Period
from data.company import Company, company_folder, read_company
from data.errors import InvalidFiles, NoGeneration, Problems
from data.generations import Manifest, current, open_generation
from data.refresh import STANDARD_MODELS, standard_fingerprint
from data.stages import read_stages
from metrics.answers import Answer, Results
from metrics.fit import book_in
from metrics.loading import load_definitions
from metrics.query import Query
from metrics.run import Session
from metrics.trials import failed_trials

__all__ = ["OpenCompany", "open_company"]


class OpenCompany:
    """A company folder that is open: gives the session on its newest generation and newest valid definitions."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.problems: InvalidFiles | None = None
        self.is_outdated = False
        self.damaged: str | None = None
        self._results = Results()
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._seen: object = None

    def at(self, generation: str | None = None) -> Session:
        """The session on the current generation, the same object until data or definitions change; or on an older one.

        While a changed file is broken or missing, the last good definitions stay and `problems` says what is wrong.
        `is_outdated` says that stages.yaml has changed since the generation was made; `damaged` is the sentence
        about a current generation that is not whole, where an older one is given in its place. Raises NoGeneration,
        and InvalidFiles where there are no good definitions yet.
        """
        with self._lock:
            newest = current(self.company)
            if generation is not None and generation != newest:
                return self._opened(self._session, generation)
            seen = (newest, self._stamps())
            if self._session is None or seen != self._seen:
                self._session = self._opened(self._session)
                self.damaged = self._session.generation.damaged
                self._look_at_stages(self._session.manifest)
                self._seen = seen
            return self._session

    def _opened(self, last: Session | None, generation: str | None = None) -> Session:
        opened = open_generation(self.company, generation)
        try:
            definitions = load_definitions(self.company, opened.manifest.describe(), book=book_in(opened.manifest))
            session = Session(self.company, opened, definitions, self._results)
            if failed := failed_trials(session):
                raise InvalidFiles(failed)
            self.problems = None
            return session
        except InvalidFiles as problems:
            if last is None:
                opened.release()
                if opened.manifest.fingerprints.get(STANDARD_MODELS) == standard_fingerprint():
                    raise
                loaded = f"The data of {self.company.name} was loaded by another version of Tandem"
                run = f"python tandem.py refresh --company {self.company.folder}"
                raise NoGeneration(f"{loaded}, whose tables these definitions do not fit. Run: {run}") from problems
            self.problems = problems
        return Session(self.company, opened, last.definitions, self._results)

    def _look_at_stages(self, manifest: Manifest) -> None:
        """Stages that are wrong are told beside wrong definitions; those that are right count after a refresh."""
        problems = Problems()
        stages = read_stages(self.company, problems)
        self.is_outdated = not problems.found and stages.fingerprint != manifest.fingerprints["stages"]
        if problems.found:
            self.problems = InvalidFiles([*(self.problems.problems if self.problems else ()), *problems.found])

    def _stamps(self) -> tuple[tuple[str, int], ...]:
        """Name and time of change of each file of the company that shapes questions, and of its stages."""
        files = sorted((self.company.folder / "definitions").glob("*.yaml"))
        return tuple((file.name, _changed(file)) for file in (*files, self.company.folder / "stages.yaml"))

    def answer(self, query: Query) -> Answer:
        return self.at().answer(query)

    def ask(
        self,
        metrics: Iterable[str],
        by: Iterable[str] = (),
        grain: str | None = None,
        period: Period | None = None,
        where: str | None = None,
        as_of: dt.date | None = None,
    ) -> pl.DataFrame:
        """A frame for a notebook: dimensions, `period` where a grain is asked, metrics. `answer` also says why."""
        return self.answer(Query(tuple(metrics), tuple(by), grain, period, where=where, as_of=as_of)).frame


def _changed(file: Path) -> int:
    """When a file was last written; 0 where it is gone, which is a change too."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def open_company(folder: str | Path | None = None) -> OpenCompany:
    """The company in a folder (default: TANDEM_COMPANY, else the demo). Raises InvalidFiles."""
    return OpenCompany(read_company(company_folder(folder)))
