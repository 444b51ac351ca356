"""`syncline consent`: the ledger of opt-outs, opt-ins, bounces and complaints, by address."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from syncline.cli.chosen import ConnectionName, choose_connection, load_current_mapping
from syncline.cli.output import Output
from syncline.cli.session import Json, session
from syncline.cli.tables import format_table
from syncline.domain.consent import FactKind
from syncline.errors import OperatorError

if TYPE_CHECKING:
    from syncline.bootstrap import App
    from syncline.store.decisions import Scope
    from syncline.sync.context import SyncContext

app = typer.Typer(help="Say who may be mailed, and record what people asked for.", no_args_is_help=True,
                  add_completion=False)  # fmt: skip

_SOURCE = "cli"
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="An e-mail address.")]
Evidence = Annotated[str, typer.Option("--evidence", metavar="TEXT", help="How it is known: a form, a mail, a call.")]


@app.callback()
def group() -> None:
    """Say who may be mailed, and record what people asked for. Facts are kept by address and never deleted.

    Examples:

      syncline consent show ada@example.com
    """


@app.command()
def show(address: Address, as_json: Json = False) -> None:
    """Show what stands for an address and why: its facts, the newest first.

    Examples:

      syncline consent show ada@example.com
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store.consent import load_facts, load_standing

        with opened.database.connect("syncline consent") as conn:
            standing, facts = load_standing(conn, address), load_facts(conn, address)
    output.line(f"{address}: {standing.describe()}")
    rows = [(f"{one.at:%Y-%m-%d %H:%M:%S}", str(one.kind), one.source, one.record_id, one.evidence) for one in facts]
    for line in format_table(("at (UTC)", "fact", "told by", "record", "evidence"), rows):
        output.line(line)
    output.result({"address": address, "mailable": standing.mailable, **asdict(standing),
                   "facts": [asdict(one) for one in facts]})  # fmt: skip


@app.command(name="opt-out")
def opt_out(
    address: Address, evidence: Evidence = "", connection: ConnectionName = None, as_json: Json = False
) -> None:
    """Opt an address out: at once here, and with the next sync on every record of it in Salesforce.

    Examples:

      syncline consent opt-out ada@example.com --evidence "asked by mail, 3 May"
    """
    _record(address, FactKind.OPT_OUT, evidence, connection, as_json=as_json)


@app.command()
def bounce(address: Address, evidence: Evidence = "", connection: ConnectionName = None, as_json: Json = False) -> None:
    """Note that mail to an address bounces for good: nothing is sent to it any more.

    Examples:

      syncline consent bounce ada@example.com --evidence "550 5.1.1 user unknown"
    """
    _record(address, FactKind.HARD_BOUNCE, evidence, connection, as_json=as_json)


@app.command(name="clear-bounce")
def clear_bounce(
    address: Address,
    evidence: Annotated[str, typer.Option("--evidence", metavar="TEXT", help="Why mail reaches it again.")],
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Note that mail reaches an address again.

    What shows the bounce is cleared here, and in Salesforce where the mapping sends it. Where it is only read, it has
    to be cleared in Salesforce first.

    Examples:

      syncline consent clear-bounce ada@example.com --evidence "mailbox was full"
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.sync import consent

        with _open_run(opened, connection, f"cleared the bounce of {address}") as (ctx, scope):
            cleared = consent.clear_bounce(ctx, scope, address, source=_SOURCE, evidence=evidence)
    output.line(f"{address} bounces no more; {cleared:,} contacts show it. The next `syncline sync` tells Salesforce.")
    output.result({"address": address, "contacts": cleared})


@app.command()
def complaint(
    address: Address, evidence: Evidence = "", connection: ConnectionName = None, as_json: Json = False
) -> None:
    """Note that somebody complained about mail: nothing is sent to the address until it is opted in again.

    Examples:

      syncline consent complaint ada@example.com --evidence "feedback loop"
    """
    _record(address, FactKind.COMPLAINT, evidence, connection, as_json=as_json)


@app.command(name="opt-in")
def opt_in(
    address: Address,
    evidence: Annotated[str, typer.Option("--evidence", metavar="TEXT", help="How the person agreed; it is kept.")],
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Opt an address in again, with evidence of the person's agreement.

    Boxes that were ticked from here are cleared in Salesforce with the next sync. Where somebody ticked the box in
    Salesforce itself, it has to be cleared there first.

    Examples:

      syncline consent opt-in ada@example.com --evidence "form of 3 May, double opt-in"
    """
    if not evidence.strip():
        raise typer.BadParameter("say how the person agreed: --evidence TEXT")
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.sync import consent

        with _open_run(opened, connection, f"opted {address} in") as (ctx, scope):
            cleared = consent.opt_in(ctx, scope, address, source=_SOURCE, evidence=evidence)
    output.line(f"{address} is opted in; {cleared:,} contacts show it. The next `syncline sync` tells Salesforce.")
    output.result({"address": address, "contacts": cleared})


@app.command()
def count(as_json: Json = False) -> None:
    """Count the contacts that may be mailed.

    Examples:

      syncline consent count
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.store.consent import count_mailable

        with opened.database.connect("syncline consent") as conn:
            mailable, living = count_mailable(conn)
    output.line(f"{mailable:,} of {living:,} contacts may be mailed.")
    output.result({"mailable": mailable, "contacts": living})


@contextmanager
def _open_run(opened: "App", connection: str | None, message: str) -> "Iterator[tuple[SyncContext, Scope]]":
    """A run that clears what showed an address as not to be mailed; `message` is kept with it once it is done."""
    from syncline.sync.decide import build_scope

    with opened.open_run(choose_connection(connection).name, "consent") as ctx:
        yield ctx, build_scope(ctx)
        ctx.message = message


def _record(address: str, kind: FactKind, evidence: str, connection: str | None, *, as_json: bool) -> None:
    """Writes a fact, and lets contacts show it at once."""
    if "@" not in address.strip("@"):
        raise OperatorError(f"{address!r} is not an address.", remedy="Write it as NAME@EXAMPLE.COM.")
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline import clock
        from syncline.domain.consent import consent_fields
        from syncline.store import consent
        from syncline.store.contact_columns import ensure_columns
        from syncline.store.database import transaction

        mapping = load_current_mapping(choose_connection(connection))
        with opened.database.connect("syncline consent") as conn, transaction(conn, "consent"):
            ensure_columns(conn, mapping)
            consent.add_fact(conn, address, kind, source=_SOURCE, evidence=evidence, now=clock.now())
            fields = consent_fields(mapping)
            shown = consent.show_standing(conn, fields, None, clock.now())
            standing = consent.load_standing(conn, address)
    output.line(f"{address}: {standing.describe()}; {shown:,} contacts show it now.")
    output.result({"address": address, "mailable": standing.mailable, "contacts": shown})
