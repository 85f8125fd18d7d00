"""A new company's folder: minimal files with explanations, and the schemas that editors know. Reads no data."""

from __future__ import annotations

import re
from pathlib import Path

from data.errors import InvalidQuestion
from metrics.schemas import write_schemas

__all__ = ["new_company"]

_TEMPLATE = Path(__file__).parent / "new_company"


def new_company(folder: Path) -> list[Path]:
    """The files that were made. Raises InvalidQuestion where there is something already, and makes nothing then."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidQuestion(
            f"'{folder}' exists and is not empty; nothing was written. Give the name of a new folder."
        )
    word = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")[:40].strip("-") or "company"
    made = []
    for template in sorted(_TEMPLATE.rglob("*.yaml")):
        text = template.read_text(encoding="utf-8")
        path = folder / template.relative_to(_TEMPLATE)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{id}", word).replace("{name}", word.replace("-", " ").title()), encoding="utf-8")
        made.append(path)
    return made + write_schemas(folder / "schemas")
