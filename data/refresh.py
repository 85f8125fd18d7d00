"""Raw files to a sealed generation: a tuple of steps over what has been built so far. Asks no questions.

A refused file, a broken definition or a failed check ends the refresh before anything is sealed, so that the last
good generation stays in place.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from data import demo
from data.absences import reasons
from data.company import Company
from data.description import TableDescription
from data.engine import Workbench
from data.entered import entered_verdicts, with_entered
from data.errors import DiskFailed, Problem, Problems, RefusedSources
from data.generations import (
    MODEL,
    PERSONAL,
    LoadedFile,
    Manifest,
    RuleFact,
    StageFact,
    building_folder,
    current,
    made_with,
    refresh_lock,
    seal,
)
from data.mapping import MappingReport, map_tables
from data.model_files import STANDARD
from data.models import build_models
from data.personal import email_hash_key
from data.progress import Progress, part_of
from data.reading import FileReport, read_file
from data.sources import Sources, read_sources
from data.stages import Stages, read_stages
from data.tried_expressions import start_trials

__all__ = [
    "STANDARD_MODELS",
    "Begin",
    "disk_told",
    "ensure_generation",
    "models_fingerprint",
    "needs_refresh",
    "refresh",
    "refresh_due",
    "rule_facts",
    "standard_fingerprint",
]

# The fingerprint of a manifest that tells which version of Tandem made the tables.
STANDARD_MODELS = "standard models"

Begin = Callable[[Company], None]


@dataclass
class _Build:
    """What the steps hand on to each other."""

    company: Company
    sources: Sources
    stages: Stages
    bench: Workbench
    progress: Progress
    finish_trials: Callable[[], None]
    files: list[FileReport] = field(default_factory=list)
    mapped: MappingReport | None = None
    tables: Mapping[str, TableDescription] = field(default_factory=dict)


def refresh(company: Company, progress: Progress, begin: Begin | None = None) -> Manifest:
    """Build, check and seal a new generation, and make it the current one.

    `begin` is what a layer above must do before files are read: it puts the verdicts of the ledger where they are read.

    Raises InvalidFiles, RefusedSources, FailedChecks, DiskFailed (the last good generation stays) and RefreshRunning.
    """
    with disk_told(company), refresh_lock(company):
        if begin is not None:
            begin(company)
        is_due = demo.is_due(company, dt.date.today())
        if is_due:
            yesterday = dt.date.today() - dt.timedelta(days=1)
            demo.make(company, demo.CONTACTS, yesterday, demo.SEED, part_of(progress, 0.0, 0.05), on_request=False)
        progress("Reading sources.yaml and stages.yaml", 0.05 if is_due else 0.0)
        problems = Problems()
        sources = read_sources(company, problems)
        stages = read_stages(company, problems, sources)
        problems.raise_if_any()
        sources = with_entered(sources, company)
        with building_folder(company) as (name, folder):
            with Workbench(folder / MODEL, folder / PERSONAL, folder / "scratch.duckdb") as bench:
                # In a process of its own, while files are read here.
                build = _Build(company, sources, stages, bench, progress, start_trials(company, sources, stages))
                for step in STEPS:
                    step(build)
            progress("Sealing", 0.95)
            manifest = seal(company, folder, _manifest(name, build))
    progress("Done", 1.0)
    return manifest


@contextmanager
def disk_told(company: Company) -> Iterator[None]:
    """What the system says of a file becomes a sentence with the place and what to do."""
    try:
        yield
    except OSError as error:
        raise DiskFailed(error.filename or company.state, (error.strerror or str(error)).lower()) from error


def refresh_due(company: Company) -> str | None:
    """Why a company must be refreshed before it is read, as it completes "The company ..."; None where nothing must."""
    if current(company) is None:
        return "has no data yet"
    if demo.is_due(company, dt.date.today()):
        return "has grown old"
    made = made_with(company)
    if made is not None and made.get(STANDARD_MODELS) != standard_fingerprint():
        return "was loaded by another version of Tandem"
    return None


def needs_refresh(company: Company) -> bool:
    return refresh_due(company) is not None


def ensure_generation(company: Company, progress: Progress, begin: Begin | None = None) -> None:
    """Refresh a company that needs it: without data, with an old demo, or after an upgrade of Tandem."""
    if needs_refresh(company):
        refresh(company, progress, begin)


def _read(build: _Build) -> None:
    """All files are read before any is refused, so that one run tells everything that is wrong with them."""
    refused: list[Problem] = []
    entered = str(entered_verdicts(build.company).resolve())
    for index, spec in enumerate(build.sources.files.values()):
        build.progress(f"Reading {spec.name}", 0.05 + 0.45 * index / len(build.sources.files))
        try:
            report = read_file(spec, build.company, build.bench)
            # The last verdict that somebody entered does not say how far any data reaches.
            build.files.append(replace(report, through=None) if spec.path == entered else report)
        except RefusedSources as error:
            refused += error.problems
    if refused:
        raise RefusedSources(refused)


def _try(build: _Build) -> None:
    """Nothing is mapped by an expression that is beyond its limits."""
    build.finish_trials()


def _map(build: _Build) -> None:
    progress = part_of(build.progress, 0.5, 0.7)
    build.mapped = map_tables(build.sources, build.company, build.bench, email_hash_key(build.company), progress)


def _model(build: _Build) -> None:
    assert build.mapped is not None
    build.stages = replace(build.stages, through=_through(build))
    absences = reasons(build.sources.absent, build.mapped.mapped, build.stages, build.company, build.bench)
    progress = part_of(build.progress, 0.7, 0.95)
    build.tables = build_models(build.stages, build.company, build.bench, absences, progress)


STEPS: tuple[Callable[[_Build], None], ...] = (_read, _try, _map, _model)


def _manifest(name: str, build: _Build) -> Manifest:
    assert build.mapped is not None
    return Manifest(
        generation=name,
        made_at=dt.datetime.now(dt.UTC),
        through=build.stages.through,
        files=tuple(_loaded(report) for report in build.files),
        tables=build.tables,
        stages=tuple(
            StageFact(stage.name, stage.label, stage.band, stage.owner, stage.means, stage.recorded_from)
            for stage in build.stages.stages
        ),
        fingerprints={
            "sources": build.sources.fingerprint,
            "stages": build.stages.fingerprint,
            "models": models_fingerprint(build.company),
            STANDARD_MODELS: standard_fingerprint(),
        },
        unmapped={table: count for table, count in build.mapped.quarantined.items() if count},
        exclusions=tuple((entry.table, entry.why, entry.rows) for entry in build.mapped.exclusions),
        unmatched_campaigns=tuple(build.mapped.unmatched_campaigns),
        rules=rule_facts(build.stages),
        scores=build.stages.book.score_texts,
        facts=build.stages.book.facts,
    )


def rule_facts(stages: Stages) -> tuple[RuleFact, ...]:
    """Every version of every rule that a stage is known by."""
    return tuple(
        RuleFact(
            stage=stage.name,
            rule=stage.rule or "",
            starts=version.starts,
            text=version.text,
            sql=version.when.sql,
            fingerprint=version.fingerprint,
            is_today=version == stages.today(stage),
            label=version.label,
            description=version.description,
            agreed=version.agreed,
        )
        for stage in stages.ruled
        for version in stages.versions(stage)
    )


def models_fingerprint(company: Company) -> str:
    """A hash of the text of all model files, standard and the company's own."""
    return _hash_of(STANDARD, company.folder / "models")


@functools.cache
def standard_fingerprint() -> str:
    """A hash of the text of the standard model files, which do not change while Tandem runs."""
    return _hash_of(STANDARD)


def _hash_of(*folders: Path) -> str:
    content = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.glob("*.sql")):
            content.update(file.name.encode() + b"\0" + file.read_bytes())
    return content.hexdigest()[:16]


def _loaded(report: FileReport) -> LoadedFile:
    return LoadedFile(
        name=report.name,
        path=", ".join(Path(path).name for path in report.paths),
        lines=report.lines,
        loaded=report.loaded,
        quarantined=report.quarantined,
        skipped=report.skipped,
        through=report.through,
    )


def _through(build: _Build) -> dt.date | None:
    """The earliest `through` of the files that stages are read from: beyond it a conversion may be missing."""
    stages = build.stages
    needs = (need for stage in stages.stages for needed in stages.needs(stage) for need in needed)
    tables = {need.partition(".")[0] for need in needs}
    names = {mapping.file for mapping in build.sources.mappings if mapping.table in tables}
    days = [report.through for report in build.files if report.name in names and report.through is not None]
    return min(days, default=None)
