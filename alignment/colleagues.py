"""Who works here, by the rows of `people`: names and teams, from which whoever writes something chooses. No sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metrics import Session

__all__ = ["People", "people_of"]

_PEOPLE = "SELECT person_id, coalesce(name, person_id), team FROM people ORDER BY ALL"


@dataclass(frozen=True)
class People:
    """The name and the team of each colleague by person_id, which are in the order of the keys."""

    names: Mapping[str, str]
    teams: Mapping[str, str | None]

    @property
    def sales(self) -> tuple[str, ...]:
        return self._of("sales")

    @property
    def marketing(self) -> tuple[str, ...]:
        return self._of("marketing")

    def name(self, person: str) -> str:
        """The name, or the key of somebody who is not known."""
        return self.names.get(person, person)

    def _of(self, team: str) -> tuple[str, ...]:
        return tuple(person for person, its in self.teams.items() if its == team)


def people_of(session: Session) -> People:
    """Colleagues by name; none where no source gives people."""
    rows = session.read(_PEOPLE).rows()
    return People({person: name for person, name, _ in rows}, {person: team for person, _, team in rows})
