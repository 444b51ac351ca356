"""`syncline demo`: a simulated org, an import, a day on both sides and the proof that both agree, in one command."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from syncline.bootstrap import open_app
from syncline.cli import logs
from syncline.cli.bars import ProgressDisplay
from syncline.cli.output import Output
from syncline.cli.plan import format_plan
from syncline.cli.session import Json
from syncline.cli.simulated import OrgOptions, SimulatedOrg, remember, start_org, stop_remembered
from syncline.config import Settings, read_settings
from syncline.errors import OperatorError

if TYPE_CHECKING:
    from syncline.domain.plan import Plan
    from syncline.flows.demo import DemoResult, Org
    from syncline.sync.context import SyncContext

app = typer.Typer(help="Try it all on a simulated org, with nothing to set up.", add_completion=False)

_FEWEST_PEOPLE = 100
_REMEMBERED = "org.json"


@app.command()
def demo(
    people: Annotated[
        int, typer.Option("--people", min=_FEWEST_PEOPLE, help="How many people are in the org.")
    ] = 10_000,
    once: Annotated[bool, typer.Option("--once", help="Leave nothing running and nothing behind.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Stop everything at the end, but keep the folder.")] = False,
    bare: Annotated[bool, typer.Option("--bare", help="An org without our custom fields.")] = False,
    commit_lag: Annotated[
        float, typer.Option("--commit-lag", min=0, max=60, help="Seconds until the org shows what was written.")
    ] = 0.0,
    seed: Annotated[str, typer.Option("--seed", help="Whom the org holds: people or developer-edition.")] = "people",
    stop: Annotated[bool, typer.Option("--stop", help="End what an earlier demo left, and do nothing else.")] = False,
    as_json: Json = False,
) -> None:
    """Try it all on a simulated org: import its people, live through a day on both sides, and see that both agree.

    Everything lives in a folder of its own. At the end the org goes on running, so that you can try more commands;
    --stop ends it and removes the folder.

    Examples:

      syncline demo

      syncline demo --people 100000 --once

      syncline demo --once --json

      syncline demo --stop
    """
    if once and keep:
        raise typer.BadParameter("--once removes what --keep would keep: choose one")
    output = Output(as_json=as_json)
    settings = read_settings()
    # A database of the operator's, or keys of theirs, have no part in a demo.
    settings = replace(settings, home=settings.home / "demo", database_url=None, key_file=None)
    if stop:
        _stop_earlier(settings, output)
        return
    options = OrgOptions(seed, people, bare, commit_lag)
    with _stage(settings, options, output, remains=not (once or keep), removes=once) as (org, result):
        for line in _summarise(result, settings, org, output, remains=not (once or keep)):
            output.line(line)
        output.result(asdict(result))


@contextmanager
def _stage(
    settings: Settings, options: OrgOptions, output: Output, *, remains: bool, removes: bool
) -> "Iterator[tuple[SimulatedOrg, DemoResult]]":
    """Plays the demo in a fresh folder. Unless all went well and it may remain, nothing is left running."""
    _remove_earlier(settings)
    with ExitStack() as stack:
        if removes:
            stack.callback(_remove_folder, settings)
        settings.home.mkdir(mode=0o700, parents=True)
        output.note(f"Starting a simulated org and a database in {settings.home} …")
        org = start_org(settings.home / "org", options, lambda text: output.note(f"{text} …"))
        stack.callback(org.stop)
        result = _play(settings, options, org, output)
        yield org, result
        if remains:
            remember(org, settings.home / _REMEMBERED)
            stack.pop_all()


def _play(settings: Settings, options: OrgOptions, org: SimulatedOrg, output: Output) -> "DemoResult":
    logs.begin(settings)
    told: set[str] = set()

    def tell(text: str) -> None:
        if text not in told:
            told.add(text)
            output.note(f"{text} …")

    with open_app(settings, tell) as opened:
        from syncline.flows.demo import Demo

        played = Demo(opened.database, opened.keys, opened.open_run, _to_org(org, options), _Teller(output))
        return played.play(options.people)


def _to_org(org: SimulatedOrg, options: OrgOptions) -> "Org":
    from syncline.flows.demo import Org

    facts = org.facts
    colleague = facts.get("colleague")
    if not isinstance(colleague, dict):
        raise OperatorError("The simulated org names no colleague.", remedy="Set up again: `script/setup`.")
    return Org(
        url=org.url,
        client_id=str(facts["client_id"]),
        client_secret=str(facts["client_secret"]),
        colleague=str(colleague["username"]),
        colleague_password=str(colleague["password"]),
        colleague_token=str(colleague["security_token"]),
        commit_lag=options.commit_lag,
    )


class _Teller:
    """Tells people what the demo does, beside the result where that is JSON."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def say(self, text: str) -> None:
        self._tell(text)

    def show_plan(self, plan: "Plan") -> None:
        for line in format_plan(plan):
            self._tell(line)

    @contextmanager
    def watch_run(self, ctx: "SyncContext") -> Iterator[None]:
        with ProgressDisplay(lambda: ctx.salesforce.calls.total) as display:
            ctx.progress.watch = display.watch
            yield
            ctx.progress.watch = None

    def _tell(self, text: str) -> None:
        if self._output.as_json:
            self._output.note(text)
        else:
            self._output.line(text)


def _summarise(
    result: "DemoResult", settings: Settings, org: SimulatedOrg, output: Output, *, remains: bool
) -> Iterator[str]:
    from syncline.flows.summary import next_steps, summarise

    yield ""
    for line in summarise(result):
        yield line
        if output.as_json:
            output.note(line)
    if remains:
        yield ""
        found = shutil.which("syncline") is not None
        yield from next_steps(str(settings.home), org.url, None if found else str(Path(sys.executable).parent))


def _stop_earlier(settings: Settings, output: Output) -> None:
    there = settings.home.exists()
    running = stop_remembered(settings.home / _REMEMBERED)
    _remove_folder(settings)
    output.line("Removed." if there else "There was nothing to stop.")
    output.result({"was_running": running, "removed": there})


def _remove_earlier(settings: Settings) -> None:
    stop_remembered(settings.home / _REMEMBERED)
    _remove_folder(settings)


def _remove_folder(settings: Settings) -> None:
    """Removes the folder of the demo, its database first.

    Raises:
        OperatorError: another process uses it, or it cannot be removed.
    """
    from syncline.store.embedded import EmbeddedServer, Options

    if settings.server_folder.exists():
        server = EmbeddedServer(settings.server_folder, Options(binaries=settings.pg_bin))
        if not server.remove():
            raise OperatorError(
                f"Another process uses the database in {settings.server_folder}.",
                remedy="End that one first: it may be a demo that still runs.",
            )
    if settings.home.exists():
        _remove_tree(settings.home)


def _remove_tree(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as problem:
        raise OperatorError(
            f"{folder} cannot be removed: {problem.strerror}.",
            remedy="Remove it by hand, or choose another SYNCLINE_HOME.",
        ) from problem
