"""Shows the progress of a run: a bar with rows a second, calls and time left on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from syncline import clock
from syncline.sync.progress import Tick

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: Without a terminal a line of each step is printed this often, in seconds, and once at its end.
_LINE_EVERY = 5.0
#: Seconds of work below which a speed says nothing.
_LEAST_SPAN = 0.05


class ProgressDisplay:
    """Give its `watch` to a run. `calls` tells the API calls made so far."""

    def __init__(self, calls: Callable[[], int] | None = None, *, terminal: bool | None = None) -> None:
        self._calls = calls or (lambda: 0)
        self._terminal = sys.stderr.isatty() if terminal is None else terminal
        self._bars: Progress | None = None
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._began: dict[tuple[str, str], float] = {}
        self._printed: dict[tuple[str, str], float] = {}

    def __enter__(self) -> "ProgressDisplay":
        if self._terminal:
            self._bars = _make_bars()
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def watch(self, tick: Tick) -> None:
        """Takes one piece of news."""
        key = (tick.step, tick.object)
        began = self._began.setdefault(key, clock.monotonic())
        spent = clock.monotonic() - began
        # One piece of news is no speed.
        rate = tick.done / spent if spent > _LEAST_SPAN else 0.0
        if self._bars is not None:
            self._draw(self._bars, key, tick, rate)
        else:
            self._print(key, tick, rate)

    def _draw(self, bars: "Progress", key: tuple[str, str], tick: Tick, rate: float) -> None:
        if key not in self._tasks:
            self._tasks[key] = bars.add_task(f"{tick.step} {tick.object}", total=tick.total, rate=0.0, calls=0)
        bars.update(self._tasks[key], completed=tick.done, total=tick.total, rate=rate, calls=self._calls())

    def _print(self, key: tuple[str, str], tick: Tick, rate: float) -> None:
        now = clock.monotonic()
        ended = tick.total is not None and tick.done >= tick.total
        if not ended and now - self._printed.get(key, self._began[key]) < _LINE_EVERY:
            return
        if ended and self._printed.get(key) == float("inf"):
            return
        self._printed[key] = float("inf") if ended else now
        of = f" of {tick.total:,}" if tick.total is not None else ""
        speed = f", {rate:,.0f} rows/s" if rate else ""
        text = f"{tick.step} {tick.object}: {tick.done:,}{of} rows{speed}, {self._calls():,} calls"
        print(text, file=sys.stderr, flush=True)


def _make_bars() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:,.0f} rows/s · {task.fields[calls]:,} calls"),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
    )
