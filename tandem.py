"""The shell: every layer's commands as one command line. Owns no logic.

Exit status: 0 answered (a metric without an answer prints its reason), 1 the company's files or data are not right,
2 the command or the question is not right, 70 a fault of Tandem itself.
"""

from __future__ import annotations

import logging
import secrets
import sys

import typer

from alignment import agreement_commands, export_commands, ledger_commands, proposal_commands, snapshot_commands
from alignment.verdicts import deliver_verdicts
from data import commands as data_commands
from data.errors import InvalidQuestion, TandemError
from metrics import commands as metrics_commands
from metrics import compare_commands, file_commands, path_commands, why_commands
from metrics.unknown_names import unknown_in

app = typer.Typer(
    name="tandem",
    help="One funnel and one set of numbers for marketing and sales.\n\n"
    "Start with: python tandem.py status, then python tandem.py list metrics, then"
    " python tandem.py ask leads customers --by channel",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
data_commands.mount(app, begin=deliver_verdicts, told=unknown_in)
for layer in (
    metrics_commands,
    why_commands,
    compare_commands,
    path_commands,
    file_commands,
    snapshot_commands,
    export_commands,
    ledger_commands,
    agreement_commands,
    proposal_commands,
):
    layer.mount(app)


def main() -> int:
    """Run one command; every error is one sentence on standard error."""
    try:
        app()
    except InvalidQuestion as error:
        typer.echo(str(error), err=True)
        return 2
    except TandemError as error:
        typer.echo(str(error), err=True)
        return 1
    except Exception:  # the front end is the one place that catches everything: it logs it with an id
        fault = secrets.token_hex(4)
        logging.exception("fault %s", fault)
        typer.echo(f"Something went wrong inside Tandem (fault {fault}). The lines above say where.", err=True)
        return 70
    return 0


if __name__ == "__main__":
    sys.exit(main())
