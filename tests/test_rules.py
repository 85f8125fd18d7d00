"""Facts, scores and rules of stages.yaml: what they may say, their fingerprints, and what they give."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from data.errors import Problems
from data.stages import Stages, read_stages
from metrics.query import Query
from tests.tiny_sessions import TinyCompany, rows_in
from tests.tiny_tables import company_at, stages_of

MQL = "{name: mql, band: TOFU, owner: both, means: Fits., known_by: {rule: fit, crm: [MQL]}}"
HEAD = f"stages: [{MQL}]\n"
RULE = "rules: {fit: [{from: 2024-01-01, when: forms >= 1}]}"


def read(folder: Path, text: str) -> tuple[Stages, list[str]]:
    (folder / "stages.yaml").write_text(text, encoding="utf-8")
    problems = Problems()
    stages = read_stages(company_at(folder), problems)
    return stages, [str(problem).split("stages.yaml:", 1)[-1] for problem in problems.found]


def version(folder: Path, text: str) -> str:
    stages, problems = read(folder, HEAD + text)
    assert problems == []
    return stages.versions(stages.stages[0])[-1].fingerprint


class TestWhatIsWrittenWrong:
    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            (
                HEAD + "rules: {fit: [{from: 2024-01-01, when: form >= 1}]}",
                "2:40: rules.fit: unknown fact 'form'. Did you mean 'forms'?",
            ),
            (
                HEAD + "rules: {fit: [{from: 2024-01-01, when: forms >= 1}, {from: 2024-01-01, when: forms >= 2}]}",
                "2:60: rules.fit: the version from 2024-01-01 stands after the one from 2024-01-01;"
                " the earlier stands first, each from another day.",
            ),
            (
                HEAD + RULE[:-1] + ", other: [{from: 2024-01-01, when: forms >= 1}]}",
                "2:54: rules.other: no stage names this rule; write known_by: {rule: other} at one, or take it out.",
            ),
            (
                HEAD + "rules: {}",
                "1:78: mql: there is no rule 'fit'. Write it under rules:.",
            ),
            (
                HEAD + "scores: {a: 2 * b, b: a + 1}\n" + RULE,
                "2:13: scores use each other in a circle: a uses b, which uses a.",
            ),
            (HEAD + "scores: {a: industry}\n" + RULE, "2:13: scores.a: 'industry' is no number."),
            (HEAD + "facts: {score: numbr}\n" + RULE, "2:16: facts: score is 'numbr'. Did you mean 'number'?"),
            (
                HEAD + "facts: {forms: number}\n" + RULE,
                "2:16: facts: 'forms' is a count of touches and cannot be declared.",
            ),
            (
                HEAD + "scores: {employees: 2 * forms}\n" + RULE,
                "2:21: scores: 'employees' is a fact already; give the score another name.",
            ),
            (
                HEAD + "rules: {fit: []}",
                "2:14: rules.fit: must be a list of versions, each with from and when,"
                " such as - {from: 2026-01-01, when: forms >= 1}.",
            ),
            (
                HEAD + "rules: {fit: [{from: 2024-01-01, when: forms + 1}]}",
                "2:40: rules.fit: 'forms + 1' is no condition",
            ),
            (
                HEAD + "rules: {fit: [{from: soon, when: forms >= 1}]}",
                "2:22: rules.fit: 'from' must be a date such as 2026-01-31, not 'soon'.",
            ),
            (
                "stages: [{name: mql, band: TOFU, owner: both, means: M., known_by: [accepted, {rule: fit}]}]\n" + RULE,
                "1:68: mql: a rule decides alone: beside it stands at most crm: [values], which is compared with it.",
            ),
        ],
    )
    def test_is_said_with_its_place(self, tmp_path: Path, text: str, sentence: str) -> None:
        problems = read(tmp_path, text)[1]
        assert len(problems) == 1
        assert problems[0].startswith(sentence)

    def test_scores_that_grow_without_end_are_refused(self, tmp_path: Path) -> None:
        scores = ["  s0: forms + 1"] + [f"  s{n}: {' + '.join([f's{n - 1}'] * 20)}" for n in range(1, 4)]
        text = HEAD + "scores:\n" + "\n".join(scores) + "\n" + RULE
        problems = read(tmp_path, text)[1]
        assert len(problems) == 1
        assert "with its scores; at most 2,000 are allowed." in problems[0]


class TestFingerprints:
    def test_words_and_signatures_change_nothing(self, tmp_path: Path) -> None:
        plain = version(tmp_path, RULE)
        signed = "rules: {fit: [{from: 2024-01-01, when: forms>=1, label: X, agreed: {sales: 2023-12-01}}]}"
        assert version(tmp_path, signed) == plain

    def test_a_score_counts_for_the_rules_that_use_it(self, tmp_path: Path) -> None:
        using = "scores: {a: SCORE, b: 7}\nrules: {fit: [{from: 2024-01-01, when: a >= 1}]}"
        first, second = (version(tmp_path, using.replace("SCORE", text)) for text in ("forms", "forms + 1"))
        assert first != second
        assert version(tmp_path, using.replace("SCORE", "forms").replace("b: 7", "b: 8")) == first

    def test_the_stages_change_with_a_rule_and_not_with_its_words(self, tmp_path: Path) -> None:
        plain = read(tmp_path, HEAD + RULE)[0].fingerprint
        assert read(tmp_path, HEAD + RULE.replace("forms >= 1", "forms >= 2"))[0].fingerprint != plain
        assert read(tmp_path, HEAD + RULE.replace("}]", ", label: Y}]"))[0].fingerprint == plain


class TestVersions:
    RULES = """
    rules:
      mql:
        - {from: 2024-02-01, when: forms >= 1}
        - {from: 2024-03-01, when: forms >= 2, label: Two forms}
        - {from: 2024-04-01, when: forms >= 3}
    """

    @pytest.mark.parametrize(
        ("through", "text"),
        [
            (dt.date(2024, 1, 15), "forms >= 1"),
            (dt.date(2024, 2, 29), "forms >= 1"),
            (dt.date(2024, 3, 1), "forms >= 2"),
            (dt.date(2024, 3, 31), "forms >= 2"),
            (None, "forms >= 3"),
        ],
    )
    def test_todays_is_the_last_that_has_begun_by_the_end_of_the_data(self, through: dt.date, text: str) -> None:
        stages = stages_of({"mql": ["crm:MQL"]}, rules=self.RULES, through=through)
        assert stages.today(stages.stages[0]).text == text

    def test_a_question_reads_todays_rule_or_that_of_the_time(self) -> None:
        company = TinyCompany({"lead": ["created"], "mql": ["crm:MQL"]}, rules=self.RULES, through=dt.date(2024, 3, 31))
        forms = [("A", 10), ("A", 20), ("B", 30), ("C", 65), ("C", 66), ("D", 67)]
        session = company.session(
            {
                "contacts": [{"contact_id": name, "created_at": day(5)} for name in "ABCD"],
                "touches": [
                    {"touch_id": f"T{n}", "contact_id": name, "kind": "form", "happened_at": day(at)}
                    for n, (name, at) in enumerate(forms)
                ],
                "stage_changes": [
                    {"object": "contact", "object_id": "D", "stage": "MQL", "happened_at": day(70)},
                ],
            }
        )
        today, then = Query(("mqls",)), Query(("mqls",), rules="then")
        assert session.answer(today).number("mqls") == 2  # A and C, each with a second form
        assert session.answer(then).number("mqls") == 3  # A and B by the first version, C by the second
        assert "leads_then" in session.answer(then).sql
        assert "leads_then" not in session.answer(today).sql
        stamped = {row["contact_id"]: (row["ruled_on"], row["crm_on"]) for row in rows_in(session, "rule_stamps")}
        assert stamped["A"] == (dt.date(2024, 1, 21), None)
        assert stamped["D"] == (None, dt.date(2024, 3, 11))
        [row] = session.funnel("lead_to_customer", then).frame.rows() or [None]
        assert row is None  # no stage customer here: the reason is told
        assert [(change.day, change.label) for change in session.rule_changes()] == [
            (dt.date(2024, 3, 1), "Two forms"),
            (dt.date(2024, 4, 1), "mql: the rule changed"),
        ]


class TestPasses:
    def test_a_rule_starts_no_pass_and_the_crm_still_does(self) -> None:
        """What happens between a recycling and the next pass belongs to none."""
        company = TinyCompany({"lead": ["created"], "mql": ["crm:MQL"]}, rules=RULE_OF_FORMS)
        changes = [("MQL", 10), ("Nurture", 20), ("MQL", 40)]
        session = company.session(
            {
                "contacts": [{"contact_id": "A", "created_at": day(5)}],
                "touches": [
                    {"touch_id": f"T{at}", "contact_id": "A", "kind": "form", "happened_at": day(at)}
                    for at in (20, 30, 41)
                ],
                "stage_changes": [
                    {"object": "contact", "object_id": "A", "stage": stage, "happened_at": day(at)}
                    for stage, at in changes
                ],
            }
        )
        found = {row["pass"]: row["mql_stamped_on"] for row in rows_in(session, "leads")}
        # The form at the instant of the recycling is the first pass's; that of day 30 created the second, at its start.
        assert found == {1: day(20).date(), 2: day(40).date()}


RULE_OF_FORMS = "rules: {mql: [{from: 2024-01-01, when: forms >= 1}]}"


def day(number: int) -> dt.datetime:
    return dt.datetime(2024, 1, 1) + dt.timedelta(days=number)
