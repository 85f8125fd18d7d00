"""stages.yaml: what it may say, and the sentence for what it may not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from data.attribution import Attribution
from data.errors import Problems
from data.stages import Sign, Stages, read_stages
from tests.tiny_tables import company_at

WHOLE = """
stages:
  - {name: lead, band: TOFU, owner: marketing, means: A contact we may write to., known_by: created}
  - name: mql
    label: Qualified
    band: TOFU
    owner: marketing
    means: Fits our profile.
    known_by: [{crm: [MQL, Marketing Qualified]}, accepted]
  - {name: customer, band: BOFU, owner: both, means: Has bought., known_by: deal_won, recorded_from: 2017-12-05}
recycles: [Nurture]
ends: [Disqualified]
attribution:
  look_back: 30 days
  scope: account
  half_life: 14 days
  models: {ours: {first: 20, deal_creation: 60, rest: 20}}
"""
IN_ORDER = "Allowed, in this order: lead, mql, sal, sql, opportunity, customer."
KNOWN = "Known: attribution, ends, facts, recycles, rules, scores, stages."
LEAD = "{name: lead, band: TOFU, owner: both, means: Anyone., known_by: created}"


def read(folder: Path, text: str) -> tuple[Stages, list[str]]:
    (folder / "stages.yaml").write_text(text, encoding="utf-8")
    problems = Problems()
    stages = read_stages(company_at(folder), problems)
    return stages, [str(problem).split("stages.yaml:", 1)[-1] for problem in problems.found]


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    stages, problems = read(tmp_path, WHOLE)
    assert problems == []
    assert stages.names == ("lead", "mql", "customer")
    assert stages.stages[0].signs == (Sign("created"),)
    assert stages.stages[1].signs == (Sign("crm", "MQL"), Sign("crm", "Marketing Qualified"), Sign("accepted"))
    assert [stage.label for stage in stages.stages] == ["Lead", "Qualified", "Customer"]
    assert stages.stages[2].recorded_from == dt.date(2017, 12, 5)
    assert (stages.recycles, stages.ends) == (("Nurture",), ("Disqualified",))
    assert stages.attribution == Attribution(
        30, "account", {"ours": {"first": 20, "deal_creation": 60, "rest": 20}}, 14
    )


def test_attribution_looks_back_ninety_days_unless_told_otherwise(tmp_path: Path) -> None:
    assert read(tmp_path, f"stages: [{LEAD}]")[0].attribution == Attribution(90, "deal", {}, None)
    assert read(tmp_path, f"stages: [{LEAD}]\nattribution: {{look_back: all}}")[0].attribution.look_back is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("stages: []", f"1:9: 'stages' must list at least one stage. {IN_ORDER}"),
        ("recycles: [N]", f"1:1: 'stages' must list at least one stage. {IN_ORDER}"),
        (f"stages: [{LEAD}]\nrecycle: [N]", f"2:1: unknown key 'recycle'. Did you mean 'recycles'? {KNOWN}"),
        (f"stages: [{LEAD}]\nrule: {{}}", f"2:1: unknown key 'rule'. Did you mean 'rules'? {KNOWN}"),
        (
            f"stages: [{LEAD.replace('lead', 'leed')}]",
            "1:17: leed: 'name' is 'leed'. Did you mean 'lead'? Allowed: customer, lead, mql, opportunity, sal, sql.",
        ),
        (
            f"stages: [{LEAD.replace('TOFU', 'TOFO')}]",
            "1:29: lead: 'band' is 'TOFO'. Did you mean 'TOFU'? Allowed: BOFU, MOFU, TOFU.",
        ),
        (
            f"stages: [{LEAD.replace('created', 'createt')}]",
            "1:74: lead: 'known_by' is 'createt'. Did you mean 'created'?"
            " Allowed: accepted, created, crm, deal_created, deal_won, rule."
            " crm is written {crm: [values]}, rule {rule: name}.",
        ),
        (
            f"stages: [{LEAD.replace('created', '{rule: mql_rule}')}]",
            "1:81: lead: there is no rule 'mql_rule'. Write it under rules:.",
        ),
        (
            f"stages: [{LEAD.replace('created', '{crm: []}')}]",
            "1:80: lead: known_by: 'crm' lists no value: write the CRM's names of this stage.",
        ),
        (
            f"stages: [{LEAD.replace('created', '[]')}]",
            "1:74: lead: 'known_by' is an empty list: nothing would ever enter this stage.",
        ),
        (
            f"stages: [{LEAD.replace(', known_by: created', '')}]",
            "1:10: lead: the key 'known_by' is missing"
            " (a word: created, accepted, deal_created, deal_won; or {crm: [values]}, {rule: name}; or a list).",
        ),
        (f"stages: [{LEAD}, {LEAD}]", "1:91: lead: this stage stands here a second time; join the two."),
        (f"stages: [{LEAD.replace('lead', 'mql')}, {LEAD}]", f"1:90: lead: stands after mql. {IN_ORDER}"),
        (
            f"stages: [{LEAD}]\nrecycles: [N]\nends: [N]",
            "3:7: the CRM value 'N' stands under recycles and under ends; keep one of them.",
        ),
        (f"stages: [{LEAD}]\nattribution: {{look_back: 90}}", "2:26: attribution: 'look_back' must be text, not '90'."),
        (
            f"stages: [{LEAD}]\nattribution: {{look_back: 3 months}}",
            "2:26: attribution: 'look_back' is '3 months'. Write days, 1 to 3650, such as 90 days; or all.",
        ),
        (
            f"stages: [{LEAD}]\nattribution: {{scope: deals}}",
            "2:22: attribution: 'scope' is 'deals'. Did you mean 'deal'? Allowed: account, deal.",
        ),
        (
            f"stages: [{LEAD}]\nattribution: {{models: {{m: {{first: x}}}}}}",
            "2:35: attribution: the weight 'first' of m must be a number from 0.",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    assert read(tmp_path, text)[1] == [sentence]


def test_all_problems_are_found_in_one_pass(tmp_path: Path) -> None:
    text = f"stages:\n  - {LEAD.replace('TOFU', 'top')}\n  - {{name: mql}}\nend: [X]\n"
    _, problems = read(tmp_path, text)
    assert len(problems) == 6
    assert sum("is missing" in problem for problem in problems) == 4


def test_a_missing_file_is_a_problem_and_not_a_crash(tmp_path: Path) -> None:
    problems = Problems()
    assert read_stages(company_at(tmp_path), problems) == Stages(())
    assert [problem.message for problem in problems.found] == ["this file does not exist."]


def test_an_undeclared_stage_says_what_is_declared(tmp_path: Path) -> None:
    stages, _ = read(tmp_path, WHOLE)
    assert stages.missing("mql") is None
    assert stages.missing("sql") == "No stage sql here: stages.yaml declares lead, mql, customer."


@pytest.mark.parametrize(
    ("old", "new"),
    [("label: Qualified", "label: Ripe"), ("Fits our profile", "Looks right"), ("owner: both", "owner: sales")],
)
def test_words_about_a_stage_do_not_change_its_fingerprint(tmp_path: Path, old: str, new: str) -> None:
    before = read(tmp_path, WHOLE)[0].fingerprint
    assert old in WHOLE
    assert read(tmp_path, WHOLE.replace(old, new))[0].fingerprint == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("known_by: created", "known_by: {crm: [Lead]}"),
        ("Nurture", "Nurturing"),
        ("Disqualified", "Junk"),
        ("30 days", "31 days"),
        ("scope: account", "scope: deal"),
        ("band: BOFU", "band: MOFU"),
        ("2017-12-05", "2017-12-06"),
        ("first: 20", "first: 30"),
    ],
)
def test_what_shapes_rows_changes_the_fingerprint(tmp_path: Path, old: str, new: str) -> None:
    before = read(tmp_path, WHOLE)[0].fingerprint
    assert old in WHOLE
    assert read(tmp_path, WHOLE.replace(old, new))[0].fingerprint != before
