"""The ledger keeps what people type: every test of it runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from alignment.ledger import (
    KINDS,
    Action,
    Adoption,
    Answer,
    Comment,
    Commentary,
    Content,
    ContentRequest,
    Entry,
    Export,
    FieldNote,
    Key,
    Ledger,
    Proposal,
    Signature,
    Verdict,
    Workshop,
)
from data.company import Company, read_company
from data.errors import ChangedMeanwhile, InvalidEntry, InvalidFiles, LedgerFailed

NOON = dt.datetime(2026, 11, 15, 12, 0, tzinfo=dt.UTC)
EVERY_KIND: tuple[Content, ...] = (
    Verdict("C-17", 2, "rejected", "no budget", "asked twice"),
    Proposal(
        "rule", "mql_rule", "- {from: 2027-01-01, when: score >= 60}", "f1", "stages.yaml", "too many", NOON.date()
    ),
    Comment(Key("entry", "2"), "Too strict for small companies."),
    Signature(Key("entry", "2"), "sales", "f1"),
    Adoption(2, "f1", "stages.yaml"),
    FieldNote(Key("persona", "Head of IT: EMEA"), "Asks for a reference first."),
    ContentRequest("Head of IT", "BOFU", "A comparison with the old way", content_id="K-3"),
    Workshop(NOON.date(), "Lead types", ("P1", "P2"), {"P1": "numbers", "P2": "calls"}, ("Two types",), (2,)),
    Answer("2026-10", "sales", "Do they listen?", 4),
    Commentary("2026-10", "won_revenue", "A quarter-end \u2014 \U0001f389 as 'usual';\n-- \"drop\" \\ %s :x $1"),
    Action("Call the five oldest", "P2", NOON.date(), None, Key("deal", "D-1")),
    Export("month", "pdf", "20261101T000000Z", "board", 12),
)


@pytest.fixture
def ledger(ledger_company: Company) -> Ledger:
    return Ledger.open(ledger_company, clock=ticking())


def ticking() -> Callable[[], dt.datetime]:
    """A clock that begins at noon and goes a minute per look."""
    minutes = iter(range(10_000))
    return lambda: NOON + dt.timedelta(minutes=next(minutes))


def test_every_kind_comes_back_as_it_was_typed(ledger: Ledger) -> None:
    assert {type(content) for content in EVERY_KIND} == set(KINDS.values())
    for content in EVERY_KIND:
        made = ledger.add(content, by="P1")
        assert made.content == content
        assert ledger.entry(made.id) == made
        assert ledger.entries(type(content)) == (made,)
    assert [entry.content for entry in ledger.entries(Content)] == list(EVERY_KIND)


def test_an_entry_says_who_wrote_it_and_when_and_that_nobody_verified_it(ledger: Ledger) -> None:
    first = ledger.add(Comment(Key("deal", "D-1"), "Stuck."), by="P1")
    second = ledger.change(first.id, 1, Comment(Key("deal", "D-1"), "Won."), by="P2")
    assert (second.added_by, second.added_at) == ("P1", NOON)
    assert (second.changed_by, second.changed_at) == ("P2", NOON + dt.timedelta(minutes=1))
    assert second.verified == "unverified"
    assert second.version == 2


def test_a_clock_of_another_zone_gives_the_same_instant(ledger_company: Company) -> None:
    zone = dt.timezone(dt.timedelta(hours=5))
    ledger = Ledger.open(ledger_company, clock=lambda: NOON.astimezone(zone))
    made = ledger.add(Comment(Key("deal", "D-1"), "Late."), by="P1")
    assert made.added_at == NOON
    assert made.added_at.tzinfo is dt.UTC


def test_the_history_has_what_was_before_each_change(ledger: Ledger) -> None:
    made = ledger.add(Comment(Key("deal", "D-1"), "One"), by="P1")
    ledger.change(made.id, 1, Comment(Key("deal", "D-1"), "Two"), by="P2")
    ledger.withdraw(made.id, 2, by="P3")
    ledger.change(made.id, 3, Comment(Key("deal", "D-1"), "Three"), by="P1")
    one, two, three = ({"on": "deal:D-1", "text": text} for text in ("One", "Two", "Three"))
    told = [(each.version, each.by, each.before, each.after, each.at) for each in ledger.history(made.id)]
    assert told == [
        (1, "P1", None, one, NOON),
        (2, "P2", one, two, NOON + dt.timedelta(minutes=1)),
        (3, "P3", two, None, NOON + dt.timedelta(minutes=2)),
        (4, "P1", None, three, NOON + dt.timedelta(minutes=3)),
    ]
    assert ledger.position() == 4


def test_an_entry_is_found_by_all_it_is_about(ledger: Ledger) -> None:
    request = ledger.add(ContentRequest("CIO", "MOFU", "A guide", content_id="K-3"), by="P1")
    note = ledger.add(FieldNote(Key("persona", "CIO"), "Reads at night."), by="P1")
    assert ledger.entries(Content, Key("persona", "CIO")) == (request, note)
    assert ledger.entries(FieldNote, Key("persona", "CIO")) == (note,)
    assert ledger.entries(Content, Key("content", "K-3")) == (request,)
    assert ledger.entries(Content, Key("content", "CIO")) == ()
    changed = ledger.change(request.id, 1, replace(request.content, persona="CTO"), by="P1")
    assert ledger.entries(ContentRequest, Key("persona", "CTO")) == (changed,)
    assert ledger.entries(ContentRequest, Key("persona", "CIO")) == ()


def test_what_is_withdrawn_is_shown_only_where_it_is_asked_for(ledger: Ledger) -> None:
    made = ledger.add(Verdict("C-1", 1, "accepted"), by="P1")
    ledger.withdraw(made.id, 1, by="P2")
    assert ledger.entries(Verdict) == ()
    (gone,) = ledger.entries(Verdict, withdrawn=True)
    assert (gone.is_withdrawn, gone.content, gone.changed_by) == (True, made.content, "P2")
    # Its place is free again.
    assert ledger.add(Verdict("C-1", 1, "rejected", "too small"), by="P1").id != made.id


def test_a_late_change_overwrites_nothing_and_shows_both_texts(ledger: Ledger) -> None:
    made = ledger.add(Comment(Key("deal", "D-1"), "One"), by="P1")
    ledger.change(made.id, 1, Comment(Key("deal", "D-1"), "Hers"), by="P2")
    with pytest.raises(ChangedMeanwhile) as conflict:
        ledger.change(made.id, 1, Comment(Key("deal", "D-1"), "His"), by="P3")
    assert str(conflict.value) == (
        f"Entry {made.id} was written by P2 at 2026-11-15 12:01 UTC, after it was read; nothing was overwritten. "
        'There: {"on": "deal:D-1", "text": "Hers"}. Yours: {"on": "deal:D-1", "text": "His"}. '
        "Read it again, and write what is still missing."
    )
    assert conflict.value.version == 2
    with pytest.raises(ChangedMeanwhile, match="Yours: to withdraw it"):
        ledger.withdraw(made.id, 1, by="P3")
    assert ledger.entry(made.id).content == Comment(Key("deal", "D-1"), "Hers")
    assert len(ledger.history(made.id)) == 2


def test_what_there_is_one_of_is_not_added_twice(ledger: Ledger) -> None:
    ledger.add(Verdict("C-1", 1, "accepted"), by="P1")
    ledger.add(Verdict("C-1", 2, "accepted"), by="P1")
    with pytest.raises(ChangedMeanwhile, match=r'There: .*"accepted".* Yours: .*"rejected"'):
        ledger.add(Verdict("C-1", 1, "rejected"), by="P2")
    other = ledger.add(Verdict("C-2", 1, "accepted"), by="P2")
    with pytest.raises(ChangedMeanwhile):
        ledger.change(other.id, 1, replace(other.content, contact_id="C-1"), by="P2")
    assert len(ledger.entries(Verdict)) == 3


def test_of_each_person_there_is_one_answer(ledger: Ledger) -> None:
    ledger.add(Answer("2026-10", "sales", "Heard?", 4), by="P1")
    ledger.add(Answer("2026-10", "sales", "Heard?", 2), by="P2")
    with pytest.raises(ChangedMeanwhile):
        ledger.add(Answer("2026-10", "sales", "Heard?", 5), by="P1")


def test_several_writes_are_kept_together_or_not_at_all(ledger: Ledger) -> None:
    proposal = ledger.add(Proposal("agreement", "agreement", "x: 1", "f1"), by="P1")
    with ledger.together() as writing:
        writing.add(Adoption(proposal.id, "f1", "definitions/agreement.yaml"), by="P1")
        adopted = writing.change(proposal.id, 1, replace(proposal.content, why="agreed"), by="P1")
    assert ledger.entry(proposal.id) == adopted

    def adopt_again() -> None:
        with ledger.together() as writing:
            writing.add(Comment(Key("entry", "1"), "Never seen"), by="P1")
            writing.change(proposal.id, 1, proposal.content, by="P1")

    with pytest.raises(ChangedMeanwhile):
        adopt_again()
    assert ledger.entries(Comment) == ()
    assert len(ledger.history(proposal.id)) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (Verdict("C-1", 1, "acepted"), "'decision' is 'acepted'. Did you mean 'accepted'? Allowed: accepted, recycled"),  # type: ignore[arg-type]  # a slip is the point
        (Verdict(" ", 1, "accepted"), "'contact_id' is empty: write something."),
        (Verdict("C-1", True, "accepted"), "'pass_number' is 'True', which is no int."),
        (Comment(Key("deal", ""), "x"), "'on' is 'deal:', which is no key."),
        (Comment(Key("deal", "1"), ""), "'text' is empty: write something."),
        (Comment(Key("deal", "1"), "a\x00b"), "'text' holds characters that are no text."),
        (Comment(Key("deal", "1"), "a\ud800b"), "'text' holds characters that are no text."),
        (Comment(Key("deal", "1"), "x" * 20_001), "'text' has 20,001 characters; at most 20,000 are kept."),
        (Action("x", "P1", NOON), "'due_on' is '2026-11-15 12:00:00+00:00', which is no date."),
        (Workshop(NOON.date(), "x", ("P1", "")), "'attendees' holds an item that is empty"),
        (Workshop(NOON.date(), "x", ("P1",), {"P1": ""}), "'put_in' holds a text that is empty"),
        (Answer("2026-10", "sales", "Heard?", 6), "'score' is '6'. Allowed: 1, 2, 3, 4, 5."),  # type: ignore[arg-type]  # a slip is the point
        (Content(), "'Content' is no kind of entry."),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_with_a_sentence(ledger_company: Company, content: Content, says: str) -> None:
    ledger = Ledger.open(ledger_company)
    with pytest.raises(InvalidEntry) as refused:
        ledger.add(content, by="P1")
    assert says in str(refused.value)
    assert ledger.position() == 0


def test_nobody_writes_without_a_name(ledger: Ledger) -> None:
    with pytest.raises(InvalidEntry, match="Choose a name"):
        ledger.add(Verdict("C-1", 1, "accepted"), by=" ")


def test_an_entry_that_is_not_there_is_told(ledger: Ledger) -> None:
    for ask in (lambda: ledger.entry(7), lambda: ledger.history(7), lambda: ledger.withdraw(7, 1, by="P1")):
        with pytest.raises(InvalidEntry, match="There is no entry 7 in the ledger"):
            ask()


def test_an_entry_stays_of_its_kind(ledger: Ledger) -> None:
    made: Entry[Content] = ledger.add(Verdict("C-1", 1, "accepted"), by="P1")
    with pytest.raises(InvalidEntry, match="is of kind verdict; it cannot become one of comment"):
        ledger.change(made.id, 1, Comment(Key("deal", "1"), "x"), by="P1")


def test_companies_share_no_entries(ledger_company: Company) -> None:
    other = replace(ledger_company, id=ledger_company.id + "b")
    Ledger.open(ledger_company).add(Verdict("C-1", 1, "accepted"), by="P1")
    assert Ledger.open(other).entries(Content) == ()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://u:secret@host/db", "is kept in SQLite or PostgreSQL, not in 'mysql'"),
        ("nonsense", "is no URL. Write it as postgresql://"),
        ("postgresql://u:secret@/db?host=/nowhere-at-all", "The ledger postgresql"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_its_password(
    own_state: Path, monkeypatch: pytest.MonkeyPatch, url: str, says: str
) -> None:
    monkeypatch.setenv("TANDEM_LEDGER", url)
    with pytest.raises(LedgerFailed) as failed:
        Ledger.open(Company(own_state, "x", "X", "EUR", "UTC"))
    assert says in str(failed.value)
    assert "secret" not in str(failed.value)


def test_the_file_is_its_owners_alone(own_state: Path) -> None:
    found = Company(own_state, "x", "X", "EUR", "UTC")
    Ledger.open(found).add(Verdict("C-1", 1, "accepted"), by="P1")
    assert [oct(file.stat().st_mode)[-3:] for file in found.state.glob("ledger.sqlite*")] == ["600"] * 3


COMPANY = "id: x\nname: X\ncurrency: EUR\ntime_zone: UTC\nledger: "


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("postgresql://tandem:hunter2@db/x", "'ledger' holds a password, and company.yaml is no place for one."),
        ("sqlite:///x.db", "'ledger' must be postgresql://USER@HOST:PORT/DATABASE. Without it SQLite is used."),
    ],
)
def test_company_yaml_names_a_database_without_a_password(tmp_path: Path, written: str, says: str) -> None:
    (tmp_path / "company.yaml").write_text(COMPANY + written, encoding="utf-8")
    with pytest.raises(InvalidFiles) as refused:
        read_company(tmp_path)
    assert says in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_the_environment_goes_before_company_yaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "company.yaml").write_text(COMPANY + "postgresql://nobody@/db?host=/in-company-yaml", encoding="utf-8")
    with pytest.raises(LedgerFailed, match="in-company-yaml"):
        Ledger.open(read_company(tmp_path))
    monkeypatch.setenv("TANDEM_LEDGER", "postgresql://nobody@/db?host=/in-the-environment")
    with pytest.raises(LedgerFailed, match="in-the-environment"):
        Ledger.open(read_company(tmp_path))
