"""The commands propose, proposals, comment, sign, withdraw and adopt. They print; what they do is done elsewhere."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from alignment.adopting import adopt
from alignment.ledger import Ledger
from alignment.proposals import Tabled, change, colleagues, comment, proposal, proposals, propose, sign, withdraw
from alignment.proposed_versions import AGREEMENT, draft_agreement, draft_rule
from data.commands import CompanyOption, FormatOption, JsonOption, chosen_format, print_frame, stderr
from data.errors import InvalidQuestion
from metrics.commands import asked_day, ready_session

__all__ = ["mount"]

# Whoever runs the command without a name; every name is unverified anyhow.
SHELL = "shell"

IdArgument = Annotated[int, typer.Argument(metavar="ID", help="The number of the proposal.")]
AsOption = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who you are: a key of people.")]


def mount(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command("propose")(propose_command)
    app.command("proposals")(proposals_command)
    app.command("comment")(comment_command)
    app.command("sign")(sign_command)
    app.command("withdraw")(withdraw_command)
    app.command("adopt")(adopt_command)


def propose_command(
    by: AsOption,
    from_day: Annotated[
        str | None, typer.Option("--from", help="First day of the version, such as 2027-01-01.")
    ] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="The rule, as stages.yaml calls it.")] = None,
    when: Annotated[str | None, typer.Option("--when", help='What the rule then says: "forms >= 2".')] = None,
    number: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=NUMBER", help="A target or share of the agreement, by its name."),
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A file that holds the whole version in YAML.")] = None,
    label: Annotated[str, typer.Option("--label", help="What to call the version.")] = "",
    why: Annotated[str, typer.Option("--why", help="Why you propose it.")] = "",
    instead: Annotated[int | None, typer.Option("--change", metavar="ID", help="Change this proposal.")] = None,
    company: CompanyOption = None,
) -> None:
    """Propose a version of a rule (--rule, --when) or of the agreement (--set), or any version as a --file."""
    session = ready_session(company)
    ledger = Ledger.open(session.company)
    found = proposal(ledger, instead) if instead is not None else None
    subject, names = (found.entry.content.subject, found.entry.content.names) if found else _subject(rule)
    if file is not None:
        text = _read(file)
    elif (day := asked_day(from_day, "--from")) is None:
        raise InvalidQuestion("Say from which day on: --from 2027-01-01, or give the whole version with --file.")
    elif subject == AGREEMENT:
        text = draft_agreement(session.company, day, _numbers(number or []), label)
    elif when is None:
        raise InvalidQuestion('Say what the rule then says: --when "forms >= 2", or give the version with --file.')
    else:
        text = draft_rule(day, when, label)
    if found is not None:
        made = change(ledger, session, found.entry, text, by=by, why=why or None)
    else:
        made = propose(ledger, session, subject, names, text, by=by, why=why)
    typer.echo(f"Proposal {made.id}, {made.verified}: {names} from {made.content.starts_on}.")
    typer.echo(made.content.text, nl=False)
    _say(f"One person of each team signs it: python tandem.py sign {made.id} --as PERSON")


def proposals_command(
    entry_id: Annotated[
        int | None, typer.Argument(metavar="[ID]", help="One proposal, with text and comments.")
    ] = None,
    withdrawn: Annotated[bool, typer.Option("--withdrawn", help="Those that were withdrawn too.")] = False,
    company: CompanyOption = None,
    form: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """All proposals with who has signed, the latest first; or one with its text and comments."""
    session = ready_session(company)
    ledger = Ledger.open(session.company)
    names = {key: one.name for key, one in colleagues(session).items()}
    if entry_id is not None:
        _print_one(proposal(ledger, entry_id), names)
        return
    rows = [_row(one, names) for one in proposals(ledger, withdrawn=withdrawn)]
    schema = {
        "id": pl.Int64, "of": pl.String, "from": pl.Date, "by": pl.String, "marketing": pl.String,
        "sales": pl.String, "comments": pl.Int64, "state": pl.String, "fingerprint": pl.String,
    }  # fmt: skip
    print_frame(pl.DataFrame(rows, schema=schema, orient="row"), chosen_format(form, as_json))
    _say("Every name is unverified until there is a sign-in.")


def comment_command(
    entry_id: IdArgument,
    text: Annotated[str, typer.Argument(help="What you have to say.")],
    by: AsOption,
    company: CompanyOption = None,
) -> None:
    """Comment on a proposal."""
    session = ready_session(company)
    comment(Ledger.open(session.company), session, entry_id, text, by=by)
    typer.echo(f"Your comment on proposal {entry_id} stands in the ledger, unverified.")


def sign_command(entry_id: IdArgument, by: AsOption, company: CompanyOption = None) -> None:
    """Sign a proposal for your team, as it is now."""
    session = ready_session(company)
    ledger = Ledger.open(session.company)
    signed = sign(ledger, session, proposal(ledger, entry_id).entry, by=by)
    team, print_ = signed.content.team, signed.content.fingerprint
    typer.echo(f"Proposal {entry_id} ({print_}) is signed by {team}, {signed.verified}.")
    lacks = proposal(ledger, entry_id).lacks
    _say(f"{' and '.join(lacks)} has yet to sign." if lacks else f"Next: python tandem.py adopt {entry_id}")


def withdraw_command(entry_id: IdArgument, by: AsOption, company: CompanyOption = None) -> None:
    """Take back a proposal that you made."""
    session = ready_session(company)
    ledger = Ledger.open(session.company)
    withdraw(ledger, session, proposal(ledger, entry_id).entry, by=by)
    typer.echo(f"Proposal {entry_id} is withdrawn.")


def adopt_command(
    entry_id: IdArgument,
    by: Annotated[str, typer.Option("--as", metavar="PERSON", help="Who writes it; without, the shell.")] = SHELL,
    company: CompanyOption = None,
) -> None:
    """Write a proposal that both teams have signed into the company's file."""
    session = ready_session(company)
    done = adopt(Ledger.open(session.company), session, entry_id, by=by)
    stood = "stood already, and is now recorded, in" if done.was_there else "is written into"
    typer.echo(f"Proposal {entry_id} {stood} {done.entry.content.file}" + ("." if done.was_there else ":"))
    if not done.was_there:
        typer.echo(done.text, nl=False)
    if done.is_rule:
        _say("counts after: python tandem.py refresh")


def _subject(rule: str | None) -> tuple[str, str]:
    return ("rule", rule) if rule is not None else (AGREEMENT, AGREEMENT)


def _numbers(pairs: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for pair in pairs:
        name, _, number = pair.partition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            raise InvalidQuestion(f"--set is '{pair}'; write NAME=NUMBER, such as qualified_leads=600.") from None
    return found


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidQuestion(f"{file} cannot be read as UTF-8 text ({error}).") from error


def _row(one: Tabled, names: dict[str, str]) -> tuple[object, ...]:
    content = one.entry.content
    signed = [_signed(one, team, names) for team in ("marketing", "sales")]
    of, by = content.names, names.get(one.entry.added_by, one.entry.added_by)
    state, starts = one.state, content.starts_on
    return one.entry.id, of, starts, by, *signed, len(one.comments), state, content.fingerprint


def _signed(one: Tabled, team: str, names: dict[str, str]) -> str | None:
    if team not in one.signed:
        return None
    signature = one.signed[team]
    day: dt.date = signature.added_at.date()
    return f"{names.get(signature.added_by, signature.added_by)} on {day}"


def _print_one(one: Tabled, names: dict[str, str]) -> None:
    entry = one.entry
    typer.echo(f"Proposal {entry.id}: {entry.content.names} from {entry.content.starts_on}, {one.state}.")
    typer.echo(
        f"Proposed by {names.get(entry.added_by, entry.added_by)} ({entry.verified}) on {entry.added_at:%Y-%m-%d}."
    )
    if entry.content.why:
        typer.echo(f"Why: {entry.content.why}")
    for team in ("marketing", "sales"):
        typer.echo(f"{team.capitalize()}: {_signed(one, team, names) or 'has not signed'}")
    if one.void:
        typer.echo(f"Signatures on an earlier text, which do not count: {len(one.void)}")
    for said in one.comments:
        typer.echo(f"{said.added_at:%Y-%m-%d} {names.get(said.added_by, said.added_by)}: {said.content.text}")
    typer.echo(f"\n{entry.content.text}", nl=False)


def _say(sentence: str) -> None:
    stderr.print(sentence, markup=False, soft_wrap=True)
