"""Qualified lead: the rule in words, its history, the CRM beside it, and a proposed rule; a company without rules."""

from __future__ import annotations

import pytest

from metrics import OpenCompany, Session
from metrics.compared_rules import against_crm, compare_rules
from metrics.rule_words import in_words
from tests.one_page import page, said, table_of


@pytest.fixture
def demo(generated_demo: OpenCompany) -> Session:
    """The company with a rule of two versions."""
    return generated_demo.at()


@pytest.fixture
def without(demo_company: OpenCompany) -> Session:
    return demo_company.at()


PROPOSED = "score >= 60 and forms >= 1"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "fit_score >= 30 and (forms >= 1 or visits > 5)",
            "fit score at least 30, and at least 1 form or more than 5 visits",
        ),
        ("industry in ('Food', 'Retail') or not is_target", "industry is Food or Retail or not (is target)"),
        (
            "(forms = 2 and events < 3) or country <> 'FR'",
            "(exactly 2 forms, and fewer than 3 events) or country is not FR",
        ),
        ("employees between 10 and 50 and title is null", "employees from 10 to 50, and title is not known"),
    ],
)
def test_a_rule_is_said_as_a_person_would(text: str, words: str) -> None:
    assert in_words(text) == words


def test_the_page_says_the_rule_its_history_and_how_far_the_crm_follows(
    demo: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(demo.company.folder))
    screen = page("qualified_lead")
    today = next(rule for rule in demo.manifest.rules if rule.is_today)
    assert in_words(today.text) in said(screen)
    versions = table_of(screen, "rule", "fingerprint")
    assert list(versions["fingerprint"]) == [rule.fingerprint for rule in demo.manifest.rules]
    drift = against_crm(demo, "mql").months
    assert list(table_of(screen, "only_crm")["only_crm"]) == drift["only_crm"].to_list()
    assert "Type a condition" in said(screen)


def test_a_proposed_rule_is_compared_and_a_slip_is_a_sentence(demo: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(demo.company.folder))
    shown = table_of(page("qualified_lead", proposed=PROPOSED), "acceptance")
    assert list(shown["qualified"]) == compare_rules(demo, "mql", PROPOSED).frame["qualified"].to_list()
    assert "unknown fact 'scor'. Did you mean 'score'?" in said(page("qualified_lead", proposed="scor >= 60"))


def test_without_rules_the_page_says_so_and_what_to_do(without: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(without.company.folder))
    told = said(page("qualified_lead"))
    assert f"**No stage is known by a rule** at {without.company.name}. To agree on one, write it under rules:" in told
    # What the CRM says is compared all the same.
    shown = table_of(page("qualified_lead", proposed="forms >= 1"), "acceptance")
    assert list(shown["qualified"]) == compare_rules(without, "mql", "forms >= 1").frame["qualified"].to_list()
