"""What identifies a metric: its fingerprint changes when its number may, and not when words about it do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from data.description import TableDescription
from data.generations import Manifest
from metrics.explain import formula
from metrics.fingerprints import fingerprint
from metrics.loading import load_definitions
from metrics.reach import Reach
from tests.tiny_sessions import TinyCompany, plain_company
from tests.tiny_tables import company_at


@pytest.fixture(scope="module")
def tiny() -> TinyCompany:
    return plain_company()


@pytest.fixture(scope="module")
def tables(tiny: TinyCompany) -> Mapping[str, TableDescription]:
    return tiny.tables


OWN = (
    "metrics:\n  won:\n    label: Won\n    description: Deals won.\n    kind: aggregate\n    table: revenue\n"
    "    expr: count(deal_id)\n    time: won_on\n    unit: count\n    where: segment = 'Small'\n"
    "  share:\n    label: S\n    description: S.\n    kind: ratio\n    numerator: won\n    denominator: leads\n"
    "  path:\n    label: P\n    description: P.\n    kind: funnel\n"
    "    steps: [{stage: lead}, {stage: mql, within: 30 days}]\n"
    "dimensions:\n  segment:\n    label: Segment\n"
    "    on: {revenue: account.segment, pipeline: account.segment, leads: account.segment}\n"
)
SAME_NUMBER = {
    "another label": ("label: Won", "label: Wins"),
    "another description": ("Deals won.", "All deals that were won."),
    "a short label": ("    kind: aggregate", "    short_label: W\n    kind: aggregate"),
    "another band, owner and direction": ("    unit: count", "    unit: count\n    band: BOFU\n    owner: sales"),
    "another spelling of the expression": ("count(deal_id)", "COUNT( deal_id )"),
    "another spelling of the condition": ("segment = 'Small'", "segment='Small'"),
    "another label of the dimension": ("label: Segment", "label: Size"),
    "the dimension in one more table": ("leads: account.segment", "leads: account.segment, visits: channel"),
}  # fmt: skip
OTHER_NUMBER = {
    "another expression": ("count(deal_id)", "count(account_id)", {"won", "share"}),
    "another table": (
        "table: revenue\n    expr: count(deal_id)\n    time: won_on",
        "table: pipeline\n    expr: count(deal_id)\n    time: won_on",
        {"won", "share"},
    ),
    "another constant": ("'Small'", "'Large'", {"won", "share"}),
    "another meaning of the dimension": ("revenue: account.segment", "revenue: account.region", {"won", "share"}),
    "another denominator": ("denominator: leads", "denominator: visits", {"share"}),
    "a narrowed numerator": ("numerator: won", "numerator: {metric: won, where: channel = 'a'}", {"share"}),
    "another window": ("30 days", "31 days", {"path"}),
    "another stage": ("stage: mql", "stage: sql", {"path"}),
    "every pass": ("    kind: funnel", "    entry: every\n    kind: funnel", {"path"}),
    "stamps only": ("    kind: funnel", "    skips: require\n    kind: funnel", {"path"}),
}


def fingerprints(folder: Path, tables: Mapping[str, TableDescription], text: str, manifest: Manifest) -> dict[str, str]:
    (folder / "definitions").mkdir(exist_ok=True)
    (folder / "definitions" / "own.yaml").write_text(text, encoding="utf-8")
    company = company_at(folder)
    definitions = load_definitions(company, tables)
    reach = Reach(company, manifest, definitions)
    return {name: fingerprint(reach, definitions.metrics[name]) for name in ("won", "share", "path", "deals_lost")}


@pytest.fixture(scope="module")
def manifest(tiny: TinyCompany) -> Manifest:
    return tiny.ask().manifest


class TestFingerprints:
    @pytest.mark.parametrize("case", SAME_NUMBER)
    def test_words_about_a_metric_do_not_change_it(
        self, case: str, tmp_path: Path, tables: Mapping[str, TableDescription], manifest: Manifest
    ) -> None:
        old, new = SAME_NUMBER[case]
        assert old in OWN
        first = fingerprints(tmp_path, tables, OWN, manifest)
        assert fingerprints(tmp_path, tables, OWN.replace(old, new), manifest) == first

    @pytest.mark.parametrize("case", OTHER_NUMBER)
    def test_what_may_change_the_number_changes_it_and_all_that_stands_on_it(
        self, case: str, tmp_path: Path, tables: Mapping[str, TableDescription], manifest: Manifest
    ) -> None:
        old, new, changed = OTHER_NUMBER[case]
        assert old in OWN
        first = fingerprints(tmp_path, tables, OWN, manifest)
        second = fingerprints(tmp_path, tables, OWN.replace(old, new), manifest)
        assert {name for name in first if first[name] != second[name]} == changed

    @pytest.mark.parametrize("beneath", ["stages", "models"])
    def test_other_stages_or_models_change_every_metric(
        self, beneath: str, tmp_path: Path, tables: Mapping[str, TableDescription], manifest: Manifest
    ) -> None:
        other = replace(manifest, fingerprints={**manifest.fingerprints, beneath: "other"})
        first, second = (fingerprints(tmp_path, tables, OWN, one) for one in (manifest, other))
        assert all(first[name] != second[name] for name in first)

    def test_standard_metrics_that_compute_something_else_are_told_apart(self, tiny: TinyCompany) -> None:
        reach = tiny.ask().reach
        computed: dict[str, set[str]] = {}
        for metric in tiny.definitions.metrics.values():
            computed.setdefault(fingerprint(reach, metric), set()).add(formula(reach, metric))
        assert [formulas for formulas in computed.values() if len(formulas) > 1] == []
        assert {len(found) for found in computed} == {16}
