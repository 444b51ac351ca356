"""The figures for Prometheus (or whatever reads its text format): names are documented in docs/howto."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from syncline.store.overview import ConnectionOverview, Overview

CONTENT_TYPE = CONTENT_TYPE_LATEST
Figure = Callable[[ConnectionOverview], float | None]


class _Collector:
    """Gives the figures of one overview to one registry."""

    def __init__(self, overview: Overview) -> None:
        self._overview = overview

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All families."""
        yield self._family("workers", "Queue loops of workers that are alive.", [], [((), self._overview.workers)])
        jobs = [((queue, state), number) for (queue, state), number in sorted(self._overview.jobs.items())]
        yield self._family("jobs", "Jobs that wait (todo) or are under way (doing).", ["queue", "state"], jobs)
        waiting = [((lane, state), number) for (lane, state), number in sorted(self._overview.waiting.items())]
        yield self._family("outbox_rows", "Contacts with changes to be sent.", ["lane", "state"], waiting)
        yield self._connections("connection_up", "1: in use and not paused.", _is_up)
        yield self._connections("look_failures", "Looks in a row that failed.", lambda one: one.failures)
        yield self._connections("open_issues", "Issues that wait for a person.", lambda one: one.issues)
        yield self._connections("api_calls_today", "API calls of this day (UTC).", lambda one: one.calls)
        yield self._connections("last_look_timestamp_seconds", "When the latest look ended.", _at("looked_at"))
        yield self._connections("last_change_timestamp_seconds", "When something last moved.", _at("changed_at"))
        yield self._connections("next_look_timestamp_seconds", "When the next look is due.", _at("next_at"))

    def _connections(self, name: str, text: str, value: Figure) -> GaugeMetricFamily:
        found = [((one.name,), value(one)) for one in self._overview.connections]
        return self._family(
            name, text, ["connection"], [(labels, number) for labels, number in found if number is not None]
        )

    def _family(
        self, name: str, text: str, labels: list[str], rows: Sequence[tuple[tuple[str, ...], float]]
    ) -> GaugeMetricFamily:
        family = GaugeMetricFamily(f"syncline_{name}", text, labels=labels)
        for values, number in rows:
            family.add_metric(list(values), number)
        return family


def format_metrics(overview: Overview) -> bytes:
    """All figures as text."""
    registry = CollectorRegistry()
    registry.register(_Collector(overview))
    return generate_latest(registry)


def _is_up(one: ConnectionOverview) -> float:
    return float(one.state == "active" and not one.paused)


def _at(name: str) -> Figure:
    def read(one: ConnectionOverview) -> float | None:
        moment: datetime | None = getattr(one, name)
        return moment.timestamp() if moment else None

    return read
