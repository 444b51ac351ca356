"""What reading records anew costs, in words: told by a change of a mapping, by a plan, and before a run reads."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from syncline.cli.output import Output
from syncline.domain.mapping import Mapping

if TYPE_CHECKING:
    from syncline.bootstrap import App
    from syncline.domain.connection import Connection
    from syncline.domain.reading import ReadForecast
    from syncline.domain.shape import ObjectShape

_MINUTE = 60.0


def format_time(seconds: float) -> str:
    """A duration in seconds, roughly, for people."""
    if seconds < _MINUTE:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / _MINUTE:,.0f} min"


def format_reading(reading: "Sequence[ReadForecast]", begins: str) -> Iterator[str]:
    """A line for each object that is read anew, each with its price; `begins` is their first words."""
    for one in reading:
        what = f"{', '.join(one.fields)} of " if one.fields else ""
        price = f"about {one.calls:,} calls and {format_time(one.seconds)}"
        yield f"{begins}: {what}{one.rows:,} records of {one.object}: {price}"


def foresee(output: Output) -> "Callable[[Sequence[ReadForecast]], None]":
    """Tells the price of a run's reading beside its result, before it begins."""

    def tell(reading: "Sequence[ReadForecast]") -> None:
        for line in format_reading(reading, "to be read"):
            output.note(line)

    return tell


def price_change(
    opened: "App", connection: "Connection", before: Mapping, after: Mapping, shapes: "dict[str, ObjectShape]"
) -> "tuple[ReadForecast, ...]":
    """What the next run reads of every record after a change of mapping; nothing where nothing changed.

    Raises:
        RemoteError: the org cannot be asked.
    """
    if before == after:
        return ()
    from syncline.flows.pricing import price_mapping

    return price_mapping(opened.database, opened.keys, connection, after, shapes)


def to_reading_facts(reading: "Sequence[ReadForecast]") -> list[dict[str, Any]]:
    """The prices for --json."""
    return [asdict(one) for one in reading]
