"""What a command does first and last: read the settings, open the application, leave it again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from syncline.bootstrap import App, open_app
from syncline.cli import logs
from syncline.cli.output import Output
from syncline.config import read_settings
from syncline.errors import OperatorError

#: The option every command has.
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object last.")]


@contextmanager
def session(output: Output) -> Iterator[App]:
    """The open application; what it waits for is told beside the result.

    Raises:
        OperatorError: a setting is wrong, or the database cannot be used.
    """
    settings = read_settings()
    try:
        logs.begin(settings)
    except OSError as problem:
        raise OperatorError(
            f"The folder {settings.home} cannot be used: {problem.strerror}.",
            remedy="Make it readable and writable for this user, or choose another folder with SYNCLINE_HOME.",
        ) from problem
    told: set[str] = set()

    def tell(text: str) -> None:
        if text not in told:  # waiting is reported over and over
            told.add(text)
            output.note(f"{text} …")

    with open_app(settings, tell) as app:
        yield app
