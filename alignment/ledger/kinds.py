"""What people type: one small frozen dataclass per kind of entry. Stores nothing.

A new kind is one class here and its name in KINDS; no table changes for it. Fields are text, whole numbers, numbers,
true or false, dates, a Key, tuples of text or whole numbers, a mapping of text to text, or a Literal; `| None` where
one may be missing. A text without a default must be written. What a kind gains later has a default, so that entries
from before can be read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

__all__ = [
    "KINDS",
    "Action",
    "Adoption",
    "Answer",
    "Comment",
    "Commentary",
    "Content",
    "ContentRequest",
    "Export",
    "FieldNote",
    "Key",
    "Proposal",
    "Signature",
    "Verdict",
    "Workshop",
]

Team = Literal["marketing", "sales"]


@dataclass(frozen=True, order=True)
class Key:
    """What an entry is about: an object of the data, or one of the product, by its key. Written `contact:C-17`.

    `object` is contact, account, deal, campaign, content, person (keys of the data, which a refresh may lose), or
    persona, lead_type, month, metric, rule, entry (another entry's id), page.
    """

    object: str
    id: str

    def __str__(self) -> str:
        return f"{self.object}:{self.id}"


@dataclass(frozen=True)
class Content:
    """What a person typed. `name` is the kind's; of entries with equal `only_one_per` there is at most one.

    In `only_one_per` the word `by` stands for the person who added it. `is_about` names fields that hold the key of an
    object, and which; fields that are a Key need not be named.
    """

    name: ClassVar[str] = ""
    only_one_per: ClassVar[tuple[str, ...]] = ()
    is_about: ClassVar[tuple[tuple[str, str], ...]] = ()


@dataclass(frozen=True)
class Verdict(Content):
    """Sales' verdict on a pass of a lead; it enters with the next refresh as a row of lead_decisions.

    `reason` is a code of the agreement. The moment of the verdict is when the entry was added.
    """

    name = "verdict"
    only_one_per = ("contact_id", "pass_number")
    is_about = (("contact_id", "contact"),)

    contact_id: str
    pass_number: int
    decision: Literal["accepted", "rejected", "recycled"]
    reason: str | None = None
    words: str = ""


@dataclass(frozen=True)
class Proposal(Content):
    """A new version of a rule or of the agreement, as the YAML that `adopt` would write.

    `names` is the rule's name, or `agreement`; `fingerprint` is of this text and what it means, which is what people
    sign; `replaces` that of the version it would follow. What became of it follows from what stands about it:
    signatures of this fingerprint, an adoption, or that it is withdrawn.
    """

    name = "proposal"

    subject: Literal["agreement", "rule"]
    names: str
    text: str
    fingerprint: str
    file: str = ""
    why: str = ""
    starts_on: dt.date | None = None
    replaces: str | None = None


@dataclass(frozen=True)
class Comment(Content):
    """Words on anything: a proposal (`Key("entry", "12")`), a deal, a campaign."""

    name = "comment"

    on: Key
    text: str


@dataclass(frozen=True)
class Signature(Content):
    """One person signs for a team, on a fingerprint: of a proposal, a snapshot, a month."""

    name = "signature"
    only_one_per = ("on", "team", "fingerprint")

    on: Key
    team: Team
    fingerprint: str


@dataclass(frozen=True)
class Adoption(Content):
    """A proposal was written into a file of the company; `fingerprint` is that of the version in the file."""

    name = "adoption"
    only_one_per = ("proposal",)
    is_about = (("proposal", "entry"),)

    proposal: int
    fingerprint: str
    file: str


@dataclass(frozen=True)
class FieldNote(Content):
    """What sales hears outside, on a persona, a piece of content, a campaign or a lead type."""

    name = "field_note"

    on: Key
    text: str


@dataclass(frozen=True)
class ContentRequest(Content):
    """Sales asks for content for a persona at a band of the funnel; who added it asks."""

    name = "content_request"
    is_about = (("persona", "persona"), ("content_id", "content"))

    persona: str
    band: Literal["TOFU", "MOFU", "BOFU"]
    words: str
    state: Literal["open", "planned", "delivered", "declined"] = "open"
    content_id: str | None = None
    reply: str = ""


@dataclass(frozen=True)
class Workshop(Content):
    """A workshop: who came, what each put in (by person_id), what was decided, and the proposals it led to."""

    name = "workshop"
    is_about = (("attendees", "person"), ("proposals", "entry"))

    held_on: dt.date
    subject: str
    attendees: tuple[str, ...]
    put_in: Mapping[str, str] = field(default_factory=dict)
    decisions: tuple[str, ...] = ()
    proposals: tuple[int, ...] = ()


@dataclass(frozen=True)
class Answer(Content):
    """The monthly answer of a person of one team about the other: 1 (not at all) to 5 (fully)."""

    name = "answer"
    only_one_per = ("month", "team", "question", "by")
    is_about = (("month", "month"),)

    month: str
    team: Team
    question: str
    score: Literal[1, 2, 3, 4, 5]
    words: str = ""


@dataclass(frozen=True)
class Commentary(Content):
    """What the report of a month (2026-10) says of a subject, written by a person."""

    name = "commentary"
    only_one_per = ("month", "subject")
    is_about = (("month", "month"),)

    month: str
    subject: str
    text: str


@dataclass(frozen=True)
class Action(Content):
    """Something that a person will do, by a day; done where `done_on` is a day."""

    name = "action"
    is_about = (("owner", "person"),)

    text: str
    owner: str
    due_on: dt.date | None = None
    done_on: dt.date | None = None
    on: Key | None = None


@dataclass(frozen=True)
class Export(Content):
    """A report that left the house: what, in which form, of which generation or snapshot, to whom."""

    name = "export"

    what: str
    form: str
    source: str
    to: str = ""
    rows: int | None = None


KINDS: Mapping[str, type[Content]] = {
    kind.name: kind
    for kind in (
        Verdict, Proposal, Comment, Signature, Adoption, FieldNote, ContentRequest, Workshop, Answer, Commentary,
        Action, Export,
    )
}  # fmt: skip
