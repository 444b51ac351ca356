"""How a run tells whoever watches what it is doing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from syncline.clock import monotonic
from syncline.domain.reading import ReadForecast


@dataclass(frozen=True)
class Tick:
    """One piece of news: rows done of rows expected in a step of an object."""

    step: str
    object: str
    done: int
    total: int | None


@dataclass
class Progress:
    """Takes ticks and keeps the seconds of each step; `watch` is called from whatever thread works."""

    watch: Callable[[Tick], None] | None = None
    #: Told what reading everything of some objects will cost, before it begins.
    foresee: Callable[[Sequence[ReadForecast]], None] = lambda forecast: None
    seconds: dict[str, float] = field(default_factory=dict)
    #: Named moments, in seconds of `clock.monotonic`; the latest of each name is kept.
    moments: dict[str, float] = field(default_factory=dict)
    #: Called at every safe place; raises where the run is to stop.
    checkpoint: Callable[[], None] = lambda: None

    def tick(self, step: str, object_name: str, done: int, total: int | None = None) -> None:
        """Tells the watcher; between two steps is a safe place."""
        self.checkpoint()
        if self.watch:
            self.watch(Tick(step, object_name, done, total))

    def mark(self, name: str) -> None:
        """Notes that a named moment is now."""
        self.moments[name] = monotonic()

    def timed(self, step: str) -> "_Timer":
        """A context whose duration is added to the step's seconds."""
        return _Timer(self, step)


class _Timer:
    def __init__(self, progress: Progress, step: str) -> None:
        self._progress = progress
        self._step = step

    def __enter__(self) -> None:
        self._started = monotonic()

    def __exit__(self, *_: object) -> None:
        spent = monotonic() - self._started
        seconds = self._progress.seconds
        seconds[self._step] = seconds.get(self._step, 0.0) + spent
