"""The demo: connect to an org with people in it, import them, play a day on both sides, sync, and prove agreement.

It works on any database and any org it is given; who starts and stops them is the caller's business.
"""

import resource
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from typing import Protocol

from syncline import clock
from syncline.domain.connection import Connection
from syncline.domain.mapping import CONTACT, LEAD, Direction, Mapping
from syncline.domain.plan import Plan
from syncline.errors import OperatorError, RetryLater
from syncline.flows import day as days
from syncline.flows.auth_kinds import AuthKind
from syncline.flows.connect import Login, connect, make_client
from syncline.flows.day import Day
from syncline.salesforce.client import Salesforce
from syncline.salesforce.soql import build_query, quote_list
from syncline.store import sampling
from syncline.store.database import Database
from syncline.store.mappings import save_mapping
from syncline.store.secrets import KeyRing
from syncline.sync import agreement, run
from syncline.sync.agreement import Agreement
from syncline.sync.context import SyncContext
from syncline.sync.progress import Tick
from syncline.sync.run import RunReport

NAME = "demo"
#: Fields that the demo sends too, beside what the default mapping sends.
BOTH_WAYS = ("first_name", "last_name", "title", "phone", "mobile")
#: Counts of a run that mean a write, here or in Salesforce.
WRITES = (
    "contacts_created", "contacts_updated", "linked", "converted", "merged", "deleted", "undeleted",
    "pushed", "created_in_salesforce",
)  # fmt: skip
_LEFT_WITHOUT_EMAIL = ("without_email", "malformed_email")
_VISIBLE_WITHIN = 60.0
_LOOK_EVERY = 0.25
_MEBIBYTE = 2**20

OpenRun = Callable[[str, str, Callable[[Tick], None] | None], AbstractContextManager[SyncContext]]


class Watcher(Protocol):
    """Who is told what the demo does."""

    def say(self, text: str) -> None:
        """A sentence about what begins, or what came of it."""

    def show_plan(self, plan: Plan) -> None:
        """The plan of the import, before it is applied."""

    def watch_run(self, ctx: SyncContext) -> AbstractContextManager[None]:
        """A context in which the run's progress is shown."""


@dataclass(frozen=True)
class Org:
    """An org to play in: our app in it, and a colleague who works there."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    colleague: str
    colleague_password: str = field(repr=False)
    colleague_token: str = field(repr=False)
    commit_lag: float = 0.0


@dataclass(frozen=True)
class DemoResult:
    """What the demo measured; rates in rows a second, times in seconds."""

    people: int
    records_in_org: int
    contacts: int
    links: int
    without_email: int
    left_out: dict[str, int]
    rows_per_second_mirror: float
    rows_per_second_total: float
    api_calls: int
    calls_by_step: dict[str, int]
    pulled: int
    pushed: int
    created_in_salesforce: int
    converted: int
    merged: int
    deleted: int
    conflicts: int
    people_changed: int
    day: dict[str, int]
    agreement_percent: float
    compared_values: int
    differing_values: int
    second_sync_writes: int
    second_sync_calls: int
    peak_rss_mib: float
    seconds: float
    seconds_by_step: dict[str, float]
    sync_counts: dict[str, int]


@dataclass(frozen=True)
class _Imported:
    """The first sync: rows read, and how long the mirror and all of it took."""

    rows: int
    mirror_seconds: float
    total_seconds: float
    calls: int


class Demo:
    """One demo over a fresh database."""

    def __init__(self, database: Database, keys: KeyRing, open_run: OpenRun, org: Org, watcher: Watcher) -> None:
        self._database = database
        self._keys = keys
        self._open_run = open_run
        self._org = org
        self._tell = watcher
        self._seconds: dict[str, float] = {}
        self._calls: dict[str, int] = {}

    def play(self, people: int) -> DemoResult:
        """Plays all of it and gives what was measured.

        Raises:
            SynclineError: something went wrong on the way.
        """
        began = clock.monotonic()
        connection, mapping = self._connect()
        imported = self._import()
        day = self._play_day(connection, mapping, people)
        report = self._sync("sync")
        self._wait_for_ours(day)
        proof = self._prove()
        second = self._sync("second sync")
        seconds = clock.monotonic() - began
        return self._sum_up(people, imported, day, report, second, proof, seconds)

    def _connect(self) -> tuple[Connection, Mapping]:
        """Connects by client credentials and maps the standard fields, a few of them both ways."""
        self._tell.say(f"Connecting to {self._org.url} by OAuth client credentials")
        login = Login(
            AuthKind.CLIENT_CREDENTIALS,
            self._org.url,
            client_id=self._org.client_id,
            secrets={"client_secret": self._org.client_secret},
        )
        began = clock.monotonic()
        connected = connect(self._keys, NAME, login)
        mapping = save_mapping(connected.connection.id, send_more(connected.mapping), clock.now())
        self._seconds["connect"] = clock.monotonic() - began
        self._calls["connect"] = connected.calls
        sent = ", ".join(one.name for one in mapping.fields if one.direction.pushes)
        self._tell.say(
            f"Connected to {connected.connection.organization_name}: {len(mapping.fields)} fields mapped, "
            f"sent too: {sent}"
        )
        return connected.connection, mapping

    def _import(self) -> _Imported:
        """The first sync: the plan is shown, then approved."""
        self._tell.say("Reading everybody and making a plan")
        with self._open_run(NAME, "sync", None) as ctx:
            began = clock.monotonic()
            mirrored: list[float] = []
            with self._tell.watch_run(ctx):
                _note_end(ctx, "mirror", mirrored)
                plan = run.make_plan(ctx)
            planned = clock.monotonic()
            self._tell.show_plan(plan)
            self._tell.say("Approved: importing")
            approved = clock.monotonic()
            with self._tell.watch_run(ctx):
                run.apply_plan(ctx, plan, allow_large_change=True)
                run.send(ctx)
            # The clock begins when the org has the answer ready, and does not run while the plan is being read.
            ready = max((at for name, at in ctx.progress.moments.items() if "job complete" in name), default=began)
            total = (clock.monotonic() - approved) + (planned - ready)
            rows = sum(one.records for one in plan.objects)
            self._calls["import"] = ctx.salesforce.calls.total
        self._seconds["import"] = clock.monotonic() - began
        imported = _Imported(rows, max(mirrored, default=planned) - ready, total, self._calls["import"])
        self._tell.say(f"{rows:,} records in {total:.1f} s: {rows / total:,.0f} rows/s, {imported.calls:,} API calls")
        return imported

    def _play_day(self, connection: Connection, mapping: Mapping, people: int) -> Day:
        """A day passes on both sides."""
        self._tell.say("A day passes: people work in Salesforce and in Syncline")
        began = clock.monotonic()
        with self._colleague() as colleague:
            day = days.play_day(self._database, connection, mapping, colleague, people)
            if mapping.find("score"):
                days.raise_scores(self._database, connection, people, day)
            for scene, number in day.scenes.items():
                self._tell.say(f"  {number:>6,}  {scene}")
            if day.last_edit_there:
                self._wait_until_visible(colleague, [day.last_edit_there])
        self._seconds["day"] = clock.monotonic() - began
        return day

    def _colleague(self) -> AbstractContextManager[Salesforce]:
        """The session of somebody who works in Salesforce."""
        secrets = {
            "client_secret": self._org.client_secret,
            "password": self._org.colleague_password,
            "security_token": self._org.colleague_token,
        }
        return make_client(Login(AuthKind.PASSWORD, self._org.url, self._org.client_id, self._org.colleague, secrets))

    def _sync(self, step: str) -> RunReport:
        self._tell.say("Syncing" if step == "sync" else "Syncing again: nothing should move")
        began = clock.monotonic()
        with self._open_run(NAME, "sync", None) as ctx, self._tell.watch_run(ctx):
            # A small org may lose more than the brakes allow on such a day; that the day is wanted is known here.
            report = run.sync(ctx, approve=False, allow_large_change=True)
            self._calls[step] = ctx.salesforce.calls.total
        self._seconds[step] = clock.monotonic() - began
        if report.state != "done":
            raise OperatorError(
                f"The {step} of the demo ended as {report.state}: {report.message}",
                remedy="Run `syncline demo` once more; if it happens again, it is a fault: please report it.",
            )
        return report

    def _prove(self) -> Agreement:
        self._tell.say("Reading everybody once more, afresh, and comparing every value")
        began = clock.monotonic()
        with self._open_run(NAME, "proof", None) as ctx, self._tell.watch_run(ctx):
            proof = agreement.compare(ctx)
            self._calls["proof"] = ctx.salesforce.calls.total
        self._seconds["proof"] = clock.monotonic() - began
        return proof

    def _wait_for_ours(self, day: Day) -> None:
        """Waits until the org shows what we sent last: titles go in the last lane."""
        if self._org.commit_lag and day.edited_here:
            with self._colleague() as colleague:
                self._wait_until_visible(colleague, day.edited_here)

    def _wait_until_visible(self, client: Salesforce, titles: list[tuple[str, str]]) -> None:
        """Polls until every one of these people shows that title.

        Raises:
            RetryLater: they did not within a minute beyond the org's lag.
        """
        deadline = clock.monotonic() + self._org.commit_lag + _VISIBLE_WITHIN
        wanted = dict(titles)
        while not all(_shows(client, name, wanted) for name in (LEAD, CONTACT)):
            if clock.monotonic() > deadline:
                raise RetryLater("The org does not show what was written.", operation="query")
            clock.sleep(_LOOK_EVERY)

    def _sum_up(
        self,
        people: int,
        imported: _Imported,
        day: Day,
        report: RunReport,
        second: RunReport,
        proof: Agreement,
        seconds: float,
    ) -> DemoResult:
        with closing(self._database.connect("demo")) as conn:
            contacts = sampling.count_contacts(conn)
        left_out: dict[str, int] = {}
        for one in proof.objects:
            for reason, number in one.left_out.items():
                left_out[reason] = left_out.get(reason, 0) + number
        counts = report.counts
        return DemoResult(
            people=people,
            records_in_org=sum(one.records for one in proof.objects),
            contacts=contacts,
            links=sum(one.linked for one in proof.objects),
            without_email=sum(left_out.get(reason, 0) for reason in _LEFT_WITHOUT_EMAIL),
            left_out=left_out,
            rows_per_second_mirror=round(imported.rows / max(imported.mirror_seconds, 1e-3), 1),
            rows_per_second_total=round(imported.rows / max(imported.total_seconds, 1e-3), 1),
            api_calls=sum(number for step, number in self._calls.items() if step != "proof"),
            calls_by_step=self._calls,
            pulled=counts.get("pulled", 0),
            pushed=counts.get("pushed", 0),
            created_in_salesforce=counts.get("created_in_salesforce", 0),
            converted=counts.get("converted", 0),
            merged=counts.get("merged", 0),
            deleted=counts.get("deleted", 0),
            conflicts=counts.get("conflicts", 0),
            people_changed=day.people,
            day=day.scenes,
            agreement_percent=proof.percent,
            compared_values=proof.compared_values,
            differing_values=proof.differing,
            second_sync_writes=sum(second.counts.get(name, 0) for name in WRITES),
            second_sync_calls=self._calls["second sync"],
            peak_rss_mib=round(peak_rss() / _MEBIBYTE, 1),
            seconds=round(seconds, 2),
            seconds_by_step={step: round(spent, 3) for step, spent in self._seconds.items()},
            sync_counts=dict(counts),
        )


def send_more(mapping: Mapping) -> Mapping:
    """The mapping with a few fields moving both ways, so that edits made here reach Salesforce."""
    fields = tuple(replace(one, direction=Direction.BOTH) if one.name in BOTH_WAYS else one for one in mapping.fields)
    return replace(mapping, fields=fields, approved=False)


def peak_rss() -> int:
    """The most memory this process ever held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _note_end(ctx: SyncContext, step: str, ends: list[float]) -> None:
    """Notes the time of each tick of a step, beside whoever watches already."""
    watch = ctx.progress.watch

    def note(tick: Tick) -> None:
        if tick.step == step:
            ends.append(clock.monotonic())
        if watch:
            watch(tick)

    ctx.progress.watch = note


def _shows(client: Salesforce, object_name: str, wanted: dict[str, str]) -> bool:
    """Whether the org's answers show these titles on the records that are of this object."""
    prefix = {LEAD: "00Q", CONTACT: "003"}[object_name]
    ids = [one for one in wanted if one.startswith(prefix)][:200]
    if not ids:
        return True
    found = client.query(build_query(object_name, ["Id", "Title"], where=f"Id IN {quote_list(ids)}")).records
    return all(wanted[one["Id"]] == one["Title"] for one in found) and len(found) == len(ids)
