"""What there is to ask of a company: its metrics, dimensions, stages, terms and tables as rows. Prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from metrics.plan import question_about
from metrics.run import Session

__all__ = ["LISTS"]

Row = dict[str, object]


def _metrics(session: Session) -> list[Row]:
    rows: list[Row] = []
    for name, metric in sorted(session.definitions.metrics.items()):
        reason = session.answer(question_about(session.reach, name)).reasons.get(name, "")
        kind = type(metric).__name__.lower()
        rows.append({"metric": name, "kind": kind, "owner": metric.owner, "label": metric.label, "no_answer": reason})
    return rows


def _dimensions(session: Session) -> list[Row]:
    return [
        {"dimension": name, "label": found.label, "tables": " ".join(found.on), "description": found.description}
        for name, found in sorted(session.definitions.dimensions.items())
    ]


def _stages(session: Session) -> list[Row]:
    return [
        {"stage": s.name, "label": s.label, "band": s.band, "owner": s.owner, "means": s.means}
        for s in session.manifest.stages
    ]


def _terms(session: Session) -> list[Row]:
    terms = session.definitions.terms
    return [{"term": name, "label": term.label, "description": term.description} for name, term in terms.items()]


def _tables(session: Session) -> list[Row]:
    return [
        {"table": name, "rows": table.rows, "key": " ".join(table.key), "sentence": table.sentence}
        for name, table in sorted(session.definitions.tables.items())
    ]


LISTS: Mapping[str, Callable[[Session], list[Row]]] = {
    "metrics": _metrics,
    "dimensions": _dimensions,
    "stages": _stages,
    "terms": _terms,
    "tables": _tables,
}
