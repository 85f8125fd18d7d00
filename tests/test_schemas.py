"""JSON Schemas agree with the readers of the files; a new company's folder is valid from the start."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

import tandem
from data.company import read_company
from data.description import TableDescription
from data.errors import InvalidFiles, Problems
from data.sources import read_sources
from data.stages import read_stages
from data.yaml_files import read_yaml
from metrics.loading import STANDARD, load_definitions
from metrics.schemas import schemas, write_schemas
from tests.conftest import BRIGHTWATER, DEMO, OLIST, PROJECT
from tests.tiny_sessions import plain_company

SCHEMAS = schemas()
COMPANY = "id: x\nname: X\ncurrency: EUR\ntime_zone: Europe/Berlin\n"
FILE = "files:\n  crm:\n    path: crm.csv\n    columns: {id: text, n: integer, made: timestamp}\n"
RULES = """facts: {mood: number}
scores: {fit: 20 * points(forms >= 1)}
rules: {r: [{from: 2026-01-01, when: fit >= 20 and mood > 3, agreed: {sales: 2025-12-12}, label: New}]}
"""
STAGE = "  - {name: lead, band: TOFU, owner: sales, means: A word., known_by: created}\n"
METRIC = "metrics:\n  own:\n    label: Own\n    description: A sentence.\n"
COUNT = METRIC + "    kind: aggregate\n    table: leads\n    expr: count(*)\n    time: lead_on\n    unit: count\n"
RATIO = METRIC + "    kind: ratio\n    numerator: mqls\n    denominator: leads\n"
DURATION = METRIC + "    kind: duration\n    unit: hours\n    from: assigned\n    to: first_touch\n"
AGREEMENT = """agreement:
  - from: 2026-01-01
    goal: {metric: won_revenue, target: 1000, per: quarter}
    objectives: {many: {label: Many, metric: leads, target: 10, per: week, team: marketing, where: channel = 'social'}}
"""
PRIORITY = "priorities:\n  p:\n    label: P\n    quarter: 2026-Q4\n    metric: leads\n    target: 5\n"
PERSONA = "personas:\n  p:\n    label: P\n    description: Who they are.\n"
FUNNEL = METRIC + "    kind: funnel\n    steps: [{stage: lead}, {stage: mql, within: 30 days}]\n"


def plain(value: object) -> object:
    """As an editor reads YAML: dates are texts."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def complaints(name: str, path: Path) -> list[str]:
    problems = Problems()
    node = read_yaml(path, problems)
    assert node is not None, problems.found
    validator = Draft202012Validator(SCHEMAS[name])
    return [error.message for error in validator.iter_errors(plain(node.plain()))]


# Of each file: texts that are right, and texts that are not, each with one slip.
RIGHT: Mapping[str, list[str]] = {
    "company": [
        COMPANY,
        COMPANY + "week_starts: sunday\nfiscal_year_starts: april\nclose_day: 5\ngross_margin: 0.7\nengine: duckdb\n",
        COMPANY + "holidays: [2026-01-01]\nbusiness_hours: {mon-thu: '08:00-17:00', fri: '8:00-12:00'}\n",
        COMPANY + "crm_links: {deal: 'https://crm.example/deals/{deal_id}'}\ngross_margin:\n",
    ],
    "sources": [
        FILE,
        FILE + "tables:\n  contacts:\n    - {from: crm, contact_id: id, created_at: made, extra: {n: integer}}\n",
        FILE
        + "tables:\n  contacts:\n    - {from: crm, where: n > 1, contact_id: id, extra: {m: {type: text, from: n}}}\n",
        FILE + "channels:\n  - {when: medium = 'cpc', channel: search}\nabsent: [visits, lost deals]\n",
        FILE + "exclude:\n  - {from: contacts, when: title = 'Test', why: A test.}\ncampaign_aliases: {Spring *: c1}\n",
        FILE.replace("id: text", "id: {type: text, header: ID}").replace("crm.csv", "crm.xlsx\n    sheet: A"),
    ],
    "stages": [
        "stages:\n" + STAGE,
        "stages:\n" + STAGE.replace("created", "{crm: [New]}") + "recycles: [Nurture]\nends: [Junk]\n",
        "stages:\n" + STAGE.replace("created", "[created, {crm: [New]}]"),
        "stages:\n" + STAGE.replace("created", "{rule: r, crm: [New]}") + RULES,
        "stages:\n" + STAGE + "attribution: {look_back: 90 days, scope: account, half_life: auto}\n",
        "stages:\n" + STAGE + "attribution: {look_back: all, models: {ours: {first: 40, rest: 60}}}\n",
    ],
    "definitions": [
        COUNT,
        COUNT + "    good: up\n    band: TOFU\n    owner: both\n    tags: [a]\n    where: channel = 'social'\n",
        RATIO,
        RATIO.replace("numerator: mqls", "numerator: {metric: mqls, where: channel = 'social'}"),
        FUNNEL + "    entry: every\n    skips: require\n",
        DURATION + "    clock: business\n    promise: 4 hours\n    share: 0.9\n    time: from\n",
        METRIC + "    kind: formula\n    unit: money\n    expr: '{won_revenue} - {spend}'\n",
        METRIC + "    kind: cumulative\n    unit: count\n    of: leads\n    window: 28 days\n",
        "terms:\n  pilot: {label: Pilot, description: A short deal.}\n",
        "dimensions:\n  way: {label: Way, on: {leads: channel}, order: [social], known: later}\n",
        PERSONA,
        PRIORITY,
        PRIORITY + "    where: channel = 'social'\n    pace: history\n    held_by: p\n    tag: X\n",
        PERSONA + "    value: X\n    fit: 20 * points(forms >= 1)\n    fits_from: 20\n",
        AGREEMENT,
        AGREEMENT + "    agreed: {marketing: 2026-01-01, sales: {on: 2026-01-02, person: p}}\n    reevaluated: year\n",
        AGREEMENT + "    obligations: {o: {label: O, metric: verdict_days, team: sales, within: 5 days, share: 1}}\n",
        AGREEMENT + "    lead_values: {otherwise: 1, types: [{persona: A, channel: B, value: 2}]}\n",
        AGREEMENT + "    protocol: [{does: Call, who: sales}]\n    reasons: {a: {label: A, crm: [B]}}\n",
    ],
}
WRONG: Mapping[str, list[str]] = {
    "company": [
        COMPANY.replace("name: X\n", ""),
        COMPANY.replace("EUR", "euro"),
        COMPANY.replace("id: x", "id: X Y"),
        COMPANY + "week_starts: someday\n",
        COMPANY + "close_day: 31\n",
        COMPANY + "close_day: '3'\n",
        COMPANY + "gross_margin: 70\n",
        COMPANY + "holidays: [Christmas]\n",
        COMPANY + "business_hours: {mo: '09:00-18:00'}\n",
        COMPANY + "business_hours: {mon: 9 to 5}\n",
        COMPANY + "crm_links: {deal: 'http://crm.example/{deal_id}'}\n",
        COMPANY + "crm_links: {lead: 'https://crm.example/{lead_id}'}\n",
        COMPANY + "colour: red\n",
        "- a list\n",
    ],
    "sources": [
        FILE.replace("    path: crm.csv\n", ""),
        FILE.replace("{id: text, n: integer, made: timestamp}", "{id: string}"),
        FILE.replace("{id: text, n: integer, made: timestamp}", "{}"),
        FILE.replace("  crm:", "  CRM:"),
        FILE.replace("id: text", "id: {header: ID}"),
        FILE + "    delimiter: '/'\n",
        FILE + "    header_row: 0\n",
        FILE + "    may_be_empty: maybe\n",
        FILE + "    through: yesterday\n",
        FILE + "tables:\n  people_we_know:\n    - {from: crm}\n",
        FILE + "tables:\n  contacts: {from: crm, contact_id: id}\n",
        FILE + "tables:\n  contacts:\n    - {contact_id: id}\n",
        FILE + "tables:\n  contacts:\n    - {from: crm, created_at: made}\n",
        FILE + "tables:\n  contacts:\n    - {from: crm, contact_id: id, favourite: n}\n",
        FILE + "tables:\n  contacts:\n    - {from: crm, contact_id: id, title: [n]}\n",
        FILE + "tables:\n  contacts:\n    - {from: crm, contact_id: id, extra: {n: money}}\n",
        FILE + "channels:\n  - {when: medium = 'cpc'}\n",
        FILE + "exclude:\n  - {from: contacts, when: title = 'Test'}\n",
        FILE + "absent: [pigeons]\n",
    ],
    "stages": [
        "recycles: [Nurture]\n",
        "stages: []\n",
        "stages:\n" + STAGE.replace("name: lead", "name: prospect"),
        "stages:\n" + STAGE.replace("TOFU", "TOP"),
        "stages:\n" + STAGE.replace("sales", "finance"),
        "stages:\n" + STAGE.replace("created", "born"),
        "stages:\n" + STAGE.replace("created", "[]"),
        "stages:\n" + STAGE.replace("created", "{crm: []}"),
        "stages:\n" + STAGE.replace("means: A word., ", ""),
        "stages:\n" + STAGE.replace("means", "meaning"),
        "stages:\n" + STAGE.replace("created", "{rule: r}") + RULES.replace("when", "if"),
        "stages:\n" + STAGE.replace("created", "{rule: r}") + RULES.replace("number", "figure"),
        "stages:\n" + STAGE.replace("created", "{rule: r}") + RULES.replace("sales", "finance"),
        "stages:\n" + STAGE + "attribution: {look_back: 3 months}\n",
        "stages:\n" + STAGE + "attribution: {scope: world}\n",
        "stages:\n" + STAGE + "attribution: {models: {ours: {first: -1}}}\n",
        "stages:\n" + STAGE + "attribution: {models: {ours: {}}}\n",
        "stages:\n" + STAGE + "recycles: Nurture\n",
    ],
    "definitions": [
        AGREEMENT.replace("    goal: {metric: won_revenue, target: 1000, per: quarter}\n", ""),
        AGREEMENT.replace("from: 2026-01-01", "since: 2026-01-01"),
        AGREEMENT.replace("per: week", "per: fortnight"),
        AGREEMENT.replace("target: 10,", "target: -1,"),
        AGREEMENT.replace("team: marketing", "team: legal"),
        AGREEMENT + "    obligations: {o: {label: O, metric: verdict_days, team: sales, within: soon, share: 1}}\n",
        AGREEMENT + "    reevaluated: sometimes\n",
        PERSONA.replace("label: P, ", "").replace("label: P\n    ", ""),
        PERSONA + "    fits_from: 20\n",
        PRIORITY.replace("2026-Q4", "autumn"),
        PRIORITY.replace("    target: 5\n", ""),
        PERSONA + "    fitt: forms\n",
        AGREEMENT + "    lead_values: {otherwise: 1, types: [{persona: A, channel: B}]}\n",
        AGREEMENT + "    agreed: {marketing: {person: p}}\n",
        COUNT.replace("    label: Own\n", ""),
        COUNT.replace("aggregate", "sum"),
        COUNT.replace("    kind: aggregate\n", ""),
        COUNT.replace("    unit: count\n", ""),
        COUNT.replace("unit: count", "unit: pieces"),
        COUNT.replace("    time: lead_on\n", ""),
        COUNT.replace("time: lead_on", "time: {open_from: lead_on}"),
        COUNT.replace("  own:", "  Own:"),
        COUNT + "    numerator: leads\n",
        COUNT + "    good: yes\n",
        COUNT + "    lable: Own\n",
        RATIO.replace("    denominator: leads\n", ""),
        RATIO.replace("mqls", "{metrik: mqls}"),
        DURATION.replace("first_touch", "answer"),
        DURATION + "    promise: soon\n",
        DURATION + "    share: 90\n",
        FUNNEL.replace(", {stage: mql, within: 30 days}", ""),
        FUNNEL.replace("30 days", "a month"),
        FUNNEL.replace("stage: mql", "stage: prospect"),
        FUNNEL + "    entry: last\n",
        "terms:\n  pilot: {label: Pilot}\n",
        "dimensions:\n  way: {label: Way}\n",
        "dimensions:\n  way: {label: Way, on: {leads: channel}, known: early}\n",
        "metric:\n  own: {}\n",
    ],
}


@pytest.fixture(scope="module")
def tables() -> Mapping[str, TableDescription]:
    return plain_company().tables


def told(name: str, text: str, folder: Path, tables: Mapping[str, TableDescription]) -> list[str]:
    """What the reader of the file has to say about a text."""
    (folder / "definitions").mkdir()
    (folder / "company.yaml").write_text(text if name == "company" else COMPANY, encoding="utf-8")
    file = folder / ("definitions/own.yaml" if name == "definitions" else f"{name}.yaml")
    file.write_text(text, encoding="utf-8")
    problems = Problems()
    try:
        company = read_company(folder)
        if name == "sources":
            read_sources(company, problems)
        elif name == "stages":
            read_stages(company, problems)
        elif name == "definitions":
            load_definitions(company, tables)
    except InvalidFiles as error:
        return [str(problem) for problem in error.problems]
    return [str(problem) for problem in problems.found]


def cases(corpus: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, text) for name, texts in corpus.items() for text in texts]


@pytest.mark.parametrize(("name", "text"), cases(RIGHT))
def test_what_a_reader_takes_its_schema_takes(
    name: str, text: str, tmp_path: Path, tables: Mapping[str, TableDescription]
) -> None:
    assert told(name, text, tmp_path, tables) == []
    path = tmp_path / "text.yaml"
    path.write_text(text, encoding="utf-8")
    assert complaints(name, path) == []


@pytest.mark.parametrize(("name", "text"), cases(WRONG))
def test_what_a_reader_refuses_its_schema_refuses(
    name: str, text: str, tmp_path: Path, tables: Mapping[str, TableDescription]
) -> None:
    assert told(name, text, tmp_path, tables)
    path = tmp_path / "text.yaml"
    path.write_text(text, encoding="utf-8")
    assert complaints(name, path)


def written_files() -> list[tuple[str, Path]]:
    found = [("definitions", path) for path in sorted(STANDARD.glob("*.yaml"))]
    for folder in (DEMO, OLIST, BRIGHTWATER, PROJECT / "metrics" / "new_company"):
        found += [(path.stem, path) for path in sorted(folder.glob("*.yaml"))]
        found += [("definitions", path) for path in sorted((folder / "definitions").glob("*.yaml"))]
    return found


@pytest.mark.parametrize(("name", "path"), written_files(), ids=lambda value: str(value)[-40:])
def test_every_file_of_the_project_is_valid(name: str, path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace("{id}", "new").replace("{name}", "New")
    copied = tmp_path / path.name
    copied.write_text(text, encoding="utf-8")
    assert complaints(name, copied) == []


def test_the_schemas_are_valid_and_those_in_the_docs_are_current(tmp_path: Path) -> None:
    for path in write_schemas(tmp_path):
        Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))
        kept = PROJECT / "docs" / "schemas" / path.name
        assert kept.read_text(encoding="utf-8") == path.read_text(encoding="utf-8"), (
            "run: python tandem.py schema --to docs/schemas"
        )


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(tandem.app, words)
    return result.exit_code, result.stdout, str(result.exception or "")


def test_a_schema_is_printed_by_the_name_of_its_file() -> None:
    code, out, _ = run("schema", "company")
    assert (code, json.loads(out)["title"]) == (0, "company.yaml")
    assert "Did you mean 'company'? Files: company, definitions, sources, stages." in run("schema", "compny")[2]
    assert "Name a file, or give a folder with --to." in run("schema")[2]


def test_a_new_company_is_checked_as_far_as_it_can_be_without_data(own_state: Path, tmp_path: Path) -> None:
    folder = tmp_path / "Acme & Sons"
    assert run("new", str(folder))[0] == 0
    assert read_company(folder).id == "acme-sons"
    code, out, _ = run("check", "--company", str(folder))
    assert code == 0
    assert "company.yaml, sources.yaml and stages.yaml are right." in out
    assert len(re.findall(r"raw/\w+\.csv: files\.\w+: no such file", out)) == 2
    assert not own_state.exists()


@pytest.mark.usefixtures("own_state")
def test_a_new_company_with_files_answers(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    run("new", str(folder))
    (folder / "raw").mkdir()
    (folder / "raw" / "contacts.csv").write_text("id,created,source\n1,2026-01-05 10:00:00,google\n", encoding="utf-8")
    (folder / "raw" / "deals.csv").write_text(
        "id,contact,amount,created,closed,status\nD,1,20000,2026-01-06 10:00:00,2026-02-01 10:00:00,won\n",
        encoding="utf-8",
    )
    code, out, error = run("check", "--company", str(folder))
    assert (code, error) == (0, "")
    assert "all files are right" in out
    assert run("ask", "large_deals", "--company", str(folder))[1].split() == ["large_deals", "1"]


@pytest.mark.usefixtures("own_state")
def test_each_new_file_names_its_schema_and_the_schema_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "acme"
    run("new", str(folder))
    files = sorted(folder.rglob("*.yaml"))
    assert len(files) == 7
    for path in files:
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        named = first.removeprefix("# yaml-language-server: $schema=")
        name = "definitions" if path.parent.name == "definitions" else path.stem
        assert (path.parent / named).name == f"{name}.schema.json"
        assert json.loads((path.parent / named).read_text(encoding="utf-8")) == SCHEMAS[name]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    shutil.copytree(OLIST, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    code, _, error = run("new", str(folder))
    assert code != 0
    assert "exists and is not empty; nothing was written" in error
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
