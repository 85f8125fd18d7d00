"""The definitions that docs/language.md shows are definitions: they load, and the demo answers them."""

from __future__ import annotations

import re
import textwrap
from dataclasses import replace
from pathlib import Path

from conftest import PROJECT

from metrics import Query, Session
from metrics.loading import load_definitions

SECTIONS = ("metrics:", "dimensions:", "terms:", "agreement:", "personas:", "priorities:")


def shown() -> list[str]:
    """The YAML blocks of the language's page, each under the section that it leaves out."""
    text = (PROJECT / "docs" / "language.md").read_text(encoding="utf-8")
    blocks = [textwrap.dedent(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    return [block if block.startswith(SECTIONS) else "metrics:\n" + textwrap.indent(block, "  ") for block in blocks]


def test_every_definition_of_the_page_loads_and_is_answered(demo: Session, tmp_path: Path) -> None:
    (tmp_path / "definitions").mkdir()
    blocks = shown()
    assert len(blocks) == 14
    for number, block in enumerate(blocks):
        (tmp_path / "definitions" / f"{number}.yaml").write_text(block, encoding="utf-8")
    definitions = load_definitions(replace(demo.company, folder=tmp_path), demo.manifest.describe())
    session = Session(demo.company, demo.generation, definitions)
    own = [name for name, metric in definitions.metrics.items() if not metric.is_standard]
    assert len(own) == 10
    answer = session.answer(Query(tuple(own), model="linear"))
    assert answer.reasons == {}
    assert None not in answer.frame.row(0)
