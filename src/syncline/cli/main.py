"""The command `syncline`: finds the module of a command, runs it, and turns errors into messages and exit statuses.

Nothing heavy is imported here: a command's module is imported when that command is called.
"""

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import NoReturn

from syncline import __version__
from syncline.cli.output import report_error, report_unexpected
from syncline.errors import SynclineError

#: Every command: the module whose `app` (a typer.Typer) it is, and one line of help. A new command is a line here.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("syncline.cli.demo", "Try it all on a simulated org, with nothing to set up."),
    "start": ("syncline.cli.start", "From an empty org to the first sync, in one command."),
    "connect": ("syncline.cli.connect", "Connect to a Salesforce org."),
    "setup": ("syncline.cli.setup", "Make in the org what Syncline needs there, or take it back."),
    "check": ("syncline.cli.check", "Say which rights the integration user needs, and which are missing."),
    "map": ("syncline.cli.map", "Say which marketing field stands for which Salesforce fields."),
    "objects": ("syncline.cli.objects", "Mirror further objects of Salesforce, for BI and segments."),
    "plan": ("syncline.cli.plan", "Show what a sync would change, and change nothing."),
    "sync": ("syncline.cli.sync", "Bring the contacts and Salesforce in step."),
    "apply": ("syncline.cli.apply", "Make exactly the writes of a plan."),
    "brakes": ("syncline.cli.brakes", "Show and set how much one run may change without your word."),
    "contacts": ("syncline.cli.contacts", "Add, edit and show people."),
    "up": ("syncline.cli.up", "Run everything in one process: the worker and the status page."),
    "worker": ("syncline.cli.worker", "Work on all connections by their schedules."),
    "web": ("syncline.cli.web", "Serve the status page and what monitoring asks for."),
    "schedule": ("syncline.cli.schedule", "Show and set when connections are looked at."),
    "status": ("syncline.cli.status", "Say how every connection stands."),
    "runs": ("syncline.cli.runs", "List the latest runs."),
    "consent": ("syncline.cli.consent", "Say who may be mailed, and record what people asked for."),
    "errors": ("syncline.cli.errors", "List what was refused, by cause, and try it again."),
    "conflicts": ("syncline.cli.conflicts", "List and settle conflicts that wait for a person."),
    "explain": ("syncline.cli.explain", "Say why a value is what it is, or why a record does not sync."),
    "reconcile": ("syncline.cli.reconcile", "Prove how far both sides agree, and repair what drifted."),
    "undo": ("syncline.cli.undo", "Give back the values before a run, or of a person, field or time."),
    "budget": ("syncline.cli.budget", "Show and set how many API calls may be used."),
    "db": ("syncline.cli.db", "Reach the database with tools of your own."),
    "doctor": ("syncline.cli.doctor", "Check this installation and say what to mend."),
}

_EXAMPLES = """\
Examples:
  syncline demo          everything at once, on a simulated org
  syncline doctor        is everything in order?
  psql "$(syncline db url)"
"""
_USAGE_STATUS = 2
_INTERRUPTED_STATUS = 130
_TERMINATED_STATUS = 143


def main() -> NoReturn:
    """Runs the command line of this process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command and gives its exit status.

    0 done · 1 failed · 2 wrong usage · 3 refused as unsafe · 4 done, and some rows failed · 130 interrupted
    """
    name, *rest = arguments or ["--help"]
    if name in ("--help", "-h", "help"):
        print(_help())
        return 0
    if name == "--version":
        print(f"syncline {__version__}")
        return 0
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, n=1)
        print(f"error: There is no command {name!r}.", file=sys.stderr)
        print(f"remedy: {f'Did you mean `syncline {near[0]}`?' if near else 'See `syncline --help`.'}", file=sys.stderr)
        return _USAGE_STATUS
    return _run_command(name, rest)


def _run_command(name: str, arguments: list[str]) -> int:
    as_json = "--json" in arguments
    _end_cleanly_when_terminated()
    try:
        _invoke(name, arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        print("interrupted: run the same command again to go on", file=sys.stderr)
        return _INTERRUPTED_STATUS
    except SynclineError as error:
        return report_error(error, as_json=as_json)
    except Exception as error:  # noqa: BLE001  # the edge of the program: it records what nobody foresaw
        return report_unexpected(error, as_json=as_json)
    return 0


def _invoke(name: str, arguments: list[str]) -> None:
    from typer.main import get_command

    command = get_command(import_module(COMMANDS[name][0]).app)
    command(args=arguments, prog_name=f"syncline {name}")


def _end_cleanly_when_terminated() -> None:
    import signal
    import threading

    def end(*_: object) -> None:
        raise SystemExit(_TERMINATED_STATUS)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: syncline COMMAND [OPTIONS]",
            "",
            "A marketing hub that lives in step with Salesforce.",
            "",
            "Commands:",
            *lines,
            "",
            "Every command explains itself with --help and prints one JSON object last with --json.",
            "",
            _EXAMPLES,
        ]
    ).rstrip()
