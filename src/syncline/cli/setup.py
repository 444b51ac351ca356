"""`syncline setup`: makes in an org what Syncline needs there, as a plan first; or writes it as a package; or takes it
back. It needs an administrator's session, which is never stored.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from syncline.cli.chosen import ConnectionName, choose_connection
from syncline.cli.output import REFUSED_STATUS, Output
from syncline.cli.session import Json, session
from syncline.config import read_admin_token
from syncline.domain.provision import Action, FieldChoice
from syncline.domain.rights_needed import Preset
from syncline.errors import OperatorError

if TYPE_CHECKING:
    from syncline.bootstrap import App
    from syncline.domain.provision import Blueprint, Step
    from syncline.domain.rights_needed import Needed
    from syncline.salesforce.client import Salesforce
    from syncline.setup.provision import Plan
    from syncline.setup.teardown import Item

app = typer.Typer(
    help="Make in the org what Syncline needs there, or take it back.", no_args_is_help=True, add_completion=False
)

#: A plan is read line by line, on whatever terminal.
_WIDTH, _INDENT = 80, "     "
#: The steps that grant something to the integration user.
_GRANTS = frozenset({Action.SET_SYSTEM, Action.GRANT_OBJECT, Action.GRANT_FIELDS})
_Url = Annotated[str, typer.Option("--url", help="The org, for --token-file; else the connection's own session.")]
_Token = Annotated[
    Path | None,
    typer.Option("--token-file", help="A file with an administrator's access token; - reads standard input."),
]
_Preset = Annotated[Preset, typer.Option("--preset", help="Which rights: what is used, or the usual long list.")]
_User = Annotated[str, typer.Option("--user", help="The integration user's username; made where it is not there.")]
_Email = Annotated[str, typer.Option("--email", help="Where Salesforce writes to that user; else to you.")]
_Adopt = Annotated[bool, typer.Option("--adopt-user", help="Take a user that looks like a person's all the same.")]
_Fields = Annotated[
    list[FieldChoice] | None,
    typer.Option("--field", help="A custom field on Lead and Contact; may be repeated. Default: all but owner-id."),
]
_Without = Annotated[bool, typer.Option("--no-fields", help="Make no custom fields.")]
_ShowTo = Annotated[
    list[str] | None, typer.Option("--show-to", metavar="PROFILE", help="A profile that sees the fields; repeatable.")
]
_Layouts = Annotated[
    list[str] | None,
    typer.Option("--layout", metavar="OBJECT-NAME", help="A layout to place them on: 'Lead-Lead Layout'; repeatable."),
]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.callback()
def group() -> None:
    """Make in the org what Syncline needs there: custom fields, a permission set, and the integration user.

    The session is an administrator's: of the stored connection, or of --url with --token-file (for example from
    `sf org display --json`), or SYNCLINE_ADMIN_TOKEN. It is used once and never stored.

    Examples:

      syncline setup plan --url https://acme.my.salesforce.com --token-file token.txt
    """


@dataclass(frozen=True)
class Asked:
    """What the options say."""

    url: str
    token_file: Path | None
    connection: str | None
    preset: Preset
    fields: tuple[FieldChoice, ...]
    user: str = ""
    email: str = ""
    adopt_user: bool = False
    show_to: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()


@dataclass(frozen=True)
class SetUp:
    """What a set-up came to: the plan that was shown, and the steps done, in words; not complete where the answer to
    the question was no."""

    plan: "Plan"
    needed: "Needed"
    steps: list[str]
    is_complete: bool


@app.command()
def plan(
    url: _Url = "",
    token_file: _Token = None,
    preset: _Preset = Preset.LEAST,
    user: _User = "",
    email: _Email = "",
    adopt_user: _Adopt = False,
    field: _Fields = None,
    no_fields: _Without = False,
    show_to: _ShowTo = None,
    layout: _Layouts = None,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Show what a set-up would do in the org, step by step, and do nothing.

    Examples:

      syncline setup plan

      syncline setup plan --preset like-the-seed --show-to "Standard User" --layout "Lead-Lead Layout"
    """
    output = Output(as_json=as_json)
    asked = Asked(
        url, token_file, connection, preset, choose_fields(field, no_fields=no_fields), user, email, adopt_user,
        tuple(show_to or ()), tuple(layout or ()),
    )  # fmt: skip
    with session(output) as opened, administrator(opened, asked) as client:
        from syncline.setup.provision import plan as look

        blueprint, needed = _blueprint(opened, client, asked)
        looked = look(client, blueprint)
    _show_plan(looked, needed, output)
    output.result(_plan_facts(looked, needed))
    if looked.obstacles:
        raise typer.Exit(REFUSED_STATUS)


@app.command()
def apply(
    url: _Url = "",
    token_file: _Token = None,
    preset: _Preset = Preset.LEAST,
    user: _User = "",
    email: _Email = "",
    adopt_user: _Adopt = False,
    field: _Fields = None,
    no_fields: _Without = False,
    show_to: _ShowTo = None,
    layout: _Layouts = None,
    yes: _Yes = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Show the plan, ask, and do it. Run again, it goes on where it was broken off; when all is there, it does nothing.

    Examples:

      syncline setup apply

      syncline setup apply --yes --url https://acme.my.salesforce.com --token-file token.txt
    """
    output = Output(as_json=as_json)
    asked = Asked(
        url, token_file, connection, preset, choose_fields(field, no_fields=no_fields), user, email, adopt_user,
        tuple(show_to or ()), tuple(layout or ()),
    )  # fmt: skip
    with session(output) as opened, administrator(opened, asked) as client:
        done = set_up(opened, client, asked, output, yes=yes)
        output.result({**_plan_facts(done.plan, done.needed), "done": done.steps})
        if done.is_complete and done.steps:
            output.line(
                f"Done: {done.plan.blueprint.user.username} is ready. Connect as it: `syncline connect --help`."
            )


@app.command()
def package(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write it; made where it is not there.")],
    url: _Url = "",
    token_file: _Token = None,
    preset: _Preset = Preset.LEAST,
    field: _Fields = None,
    no_fields: _Without = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Write the fields and the permission set as a package of metadata, for an administrator to deploy.

    Examples:

      syncline setup package ./syncline-package
    """
    output = Output(as_json=as_json)
    chosen = choose_fields(field, no_fields=no_fields)
    asked = Asked(url, token_file, connection, preset, chosen)
    with session(output) as opened, administrator(opened, asked) as client:
        from syncline.setup.package import build_package, build_zip

        blueprint, _ = _blueprint(opened, client, asked)
        files = build_package(blueprint, client.version)
    try:
        for name, text in files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        zipped = folder.with_suffix(".zip")
        zipped.write_bytes(build_zip(files))
    except OSError as problem:
        raise OperatorError(
            f"{folder} cannot be written: {problem.strerror}.", remedy="Name a folder that this user may write to."
        ) from problem
    for name in sorted(files):
        output.line(f"wrote {folder / name}")
    output.line(f"wrote {zipped}")
    output.result({"folder": str(folder), "zip": str(zipped), "files": sorted(files)})


@app.command()
def teardown(
    url: _Url = "",
    token_file: _Token = None,
    user: _User = "",
    yes: _Yes = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Take back what a set-up made, but for fields that hold data, which are listed.

    Examples:

      syncline setup teardown
    """
    output = Output(as_json=as_json)
    asked = Asked(url, token_file, connection, Preset.LEAST, tuple(FieldChoice), user)
    with session(output) as opened, administrator(opened, asked) as client:
        from syncline.setup.teardown import plan_teardown
        from syncline.setup.teardown import teardown as take_back

        blueprint, _ = _blueprint(opened, client, asked)
        _, items = plan_teardown(client, blueprint)
        for one in items:
            output.line(_format_item(one))
        if not items:
            output.line("There is nothing of a set-up in this org.")
        done = bool(items) and confirmed(output, yes=yes, question="Do this?")
        if done:
            take_back(client, blueprint, lambda item: output.note(f"{_format_item(item)} …"))
    facts = [{"kind": one.kind, "name": one.name, "fate": str(one.fate), "reason": one.reason} for one in items]
    output.result({"items": facts, "done": done})


def set_up(opened: "App", client: "Salesforce", asked: Asked, output: Output, *, yes: bool) -> SetUp:
    """Shows the plan, asks, and does it.

    Raises:
        OperatorError: something of the org is in the way; nothing was done.
        RemoteError: the org cannot be asked, or refuses a step; those before it stay.
    """
    from syncline.setup import provision

    blueprint, needed = _blueprint(opened, client, asked)
    looked = provision.plan(client, blueprint)
    _show_plan(looked, needed, output)
    provision.refuse(looked.obstacles)
    done: list[str] = []
    if not looked.steps:
        return SetUp(looked, needed, done, is_complete=True)
    if not confirmed(output, yes=yes, question="Do this?"):
        return SetUp(looked, needed, done, is_complete=False)

    def told(step: "Step") -> None:
        done.append(_format_step(step))
        total = max(len(done), len(looked.steps))
        output.note(f"{len(done)} of {total}: {step.action} {step.target} …")

    provision.apply(client, blueprint, told)
    return SetUp(looked, needed, done, is_complete=True)


def choose_fields(fields: list[FieldChoice] | None, *, no_fields: bool) -> tuple[FieldChoice, ...]:
    """The custom fields to make: those named, else all but the owner's id, which is read without one."""
    if no_fields:
        return ()
    return tuple(fields) if fields else tuple(one for one in FieldChoice if one is not FieldChoice.OWNER_ID)


@contextmanager
def administrator(opened: "App", asked: Asked) -> Iterator["Salesforce"]:
    """The session that a set-up works with."""
    from syncline.flows.connect import open_client, open_session

    if asked.url:
        with open_session(asked.url, read_admin_token(asked.token_file)) as client:
            yield client
        return
    with open_client(choose_connection(asked.connection), opened.keys) as client:
        yield client


def _blueprint(opened: "App", client: "Salesforce", asked: Asked) -> "tuple[Blueprint, Needed]":
    from syncline.flows.check import load_mirrored
    from syncline.setup.blueprint import Choices, build_blueprint
    from syncline.store.connections import list_connections
    from syncline.store.mappings import load_mapping

    known = None if asked.url and asked.connection is None else choose_connection(asked.connection)
    if known is None and len(list_connections()) == 1:
        (only,) = list_connections()
        known = only if only.organization_id == client.identity().organization_id else None
    mapping = load_mapping(known.id) if known else None
    mirrored = load_mirrored(opened.database, known) if known else ()
    choices = Choices(
        username=asked.user,
        email=asked.email,
        preset=asked.preset,
        fields=asked.fields,
        show_to=asked.show_to,
        layouts=tuple(_split_layout(one) for one in asked.layouts),
        adopt_user=asked.adopt_user,
    )
    return build_blueprint(client, choices, mapping, mirrored)


def _split_layout(text: str) -> tuple[str, str]:
    object_name, dash, layout = text.partition("-")
    if not dash or not layout:
        raise typer.BadParameter(f"{text!r} is no layout: write OBJECT-NAME, such as 'Lead-Lead Layout'")
    return object_name, layout


def confirmed(output: Output, *, yes: bool, question: str) -> bool:
    """Whether to go on: --yes says so, else the person who is asked.

    Raises:
        OperatorError: nobody can be asked with --json.
    """
    if yes:
        return True
    if output.as_json:
        raise OperatorError("With --json nothing is asked.", remedy="Give --yes, once you have seen the plan.")
    return typer.confirm(question)


def _show_plan(plan: "Plan", needed: "Needed", output: Output) -> None:
    for number, step in enumerate(plan.steps, start=1):
        for line in _format_numbered(number, step, needed):
            output.line(line)
    for note in needed.notes:
        output.line(f"note: {note}")
    for one in plan.obstacles:
        output.line(f"IN THE WAY  {one.target}: {one.message}")
        output.line(f"            remedy: {one.remedy}")
    if not plan.steps and not plan.obstacles:
        output.line("Everything is there: nothing to do.")


def _format_numbered(number: int, step: "Step", needed: "Needed") -> Iterator[str]:
    """A step of the plan, and for every right that it grants the reason."""
    reasons = [f"{one.name}: {needed.rights[one]}" for one in step.rights if one in needed.rights]
    is_grant = step.action in _GRANTS and bool(reasons)
    head = f"{step.action} {step.target}" if is_grant else _format_step(step)
    yield from wrap(f"{number:>3}. {head}", _WIDTH, subsequent_indent=_INDENT, break_on_hyphens=False)
    for one in reasons if is_grant else ():
        yield from wrap(one, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT + "  ", break_on_hyphens=False)


def _format_step(step: "Step") -> str:
    return f"{step.action} {step.target}: {step.detail}"


def _format_item(item: "Item") -> str:
    return f"{item.fate:<10} {item.kind} {item.name}: {item.reason}"


def _plan_facts(plan: "Plan", needed: "Needed") -> dict[str, Any]:
    return {
        "user": plan.blueprint.user.username,
        "steps": [{"action": str(one.action), "target": one.target, "detail": one.detail} for one in plan.steps],
        "obstacles": [{"target": one.target, "message": one.message, "remedy": one.remedy} for one in plan.obstacles],
        "rights": [{"right": one.name, "reason": reason} for one, reason in sorted(needed.rights.items())],
        "notes": list(needed.notes),
    }
