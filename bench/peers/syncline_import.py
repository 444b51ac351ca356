"""Syncline itself: its own connect, plan and apply, in a process of its own, on the tasks that the peers get.

Two spans are measured in one run: until the last mirror is committed, and until contacts, links and change log are.
"""

import json
import sys
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from bench.fields import FIELDS
from bench.peers.task import Result, Task, check_rows, print_result
from syncline import clock
from syncline.bootstrap import App, open_app
from syncline.config import read_settings
from syncline.domain.mapping import Direction, FieldType, MappedField, Mapping, Policy
from syncline.flows.auth_kinds import AuthKind
from syncline.flows.connect import Login, connect
from syncline.store.mappings import save_mapping
from syncline.sync import run
from syncline.sync.context import SyncContext
from syncline.sync.fields import read_fields
from syncline.sync.progress import Tick

CONNECTION = "bench"
_TEXT = FieldType.TEXT

#: With what the engine reads for itself, this makes the 25 fields of bench.fields on each object.
MAPPED = (
    MappedField("email", "Email", FieldType.EMAIL, "Email", "Email"),
    MappedField("first_name", "First name", _TEXT, "FirstName", "FirstName"),
    MappedField("last_name", "Last name", _TEXT, "LastName", "LastName"),
    MappedField("company", "Company", _TEXT, "Company", None),
    MappedField("title", "Title", _TEXT, "Title", "Title"),
    MappedField("phone", "Phone", _TEXT, "Phone", "Phone"),
    MappedField("mobile", "Mobile", _TEXT, None, "MobilePhone"),
    MappedField("street", "Street", _TEXT, "Street", "MailingStreet"),
    MappedField("city", "City", _TEXT, "City", "MailingCity"),
    MappedField("country", "Country", _TEXT, "Country", "MailingCountry"),
    MappedField("lead_source", "Lead source", FieldType.PICKLIST, "LeadSource", "LeadSource"),
    MappedField("department", "Department", _TEXT, None, "Department"),
    MappedField("birthdate", "Birthdate", FieldType.DATE, None, "Birthdate"),
    MappedField("description", "Description", _TEXT, None, "Description"),
    MappedField(
        "opted_out",
        "Opted out of e-mail",
        FieldType.BOOLEAN,
        "HasOptedOutOfEmail",
        "HasOptedOutOfEmail",
        Direction.BOTH,
        Policy.STRICTER,
    ),
    MappedField(
        "score", "Lead score", FieldType.SCORE, "Lead_Score__c", "Lead_Score__c", Direction.PUSH, Policy.MARKETING
    ),
)


class Watch:
    """Notes when the last mirror was committed."""

    def __init__(self) -> None:
        self.mirrored = 0.0

    def __call__(self, tick: Tick) -> None:
        if tick.step == "mirror":
            self.mirrored = clock.monotonic()


def main() -> None:
    told = json.load(sys.stdin)
    again = told.pop("again", False)
    mapping = build_mapping(told.pop("both", ()), told.pop("without", ()))
    task = Task(**told)
    with open_app(read_settings()) as app:
        if not again:
            prepare(app, task, mapping)
        print_result(measure(app, task))


def build_mapping(both: Collection[str] = (), without: Collection[str] = ()) -> Mapping:
    """The mapping of the benchmark, with some of its fields moving both ways, and some not mapped yet."""
    fields = [one for one in MAPPED if one.name not in without]
    return Mapping(tuple(replace(one, direction=Direction.BOTH) if one.name in both else one for one in fields))


def prepare(app: App, task: Task, mapping: Mapping) -> None:
    """Connects, and stores the mapping."""
    secrets = {"client_secret": task.client_secret}
    login = Login(AuthKind.CLIENT_CREDENTIALS, task.org_url, task.client_id, secrets=secrets)
    connected = connect(app.keys, CONNECTION, login)
    save_mapping(connected.connection.id, mapping, clock.now())


def measure(app: App, task: Task) -> Result:
    """One run, whole: the first one imports, a later one takes what changed."""
    watch = Watch()
    began = clock.monotonic()
    with app.open_run(CONNECTION, "sync", watch=watch) as ctx:
        if len(ctx.mapping.fields) == len(MAPPED):
            _check_fields(ctx)
        report = run.sync(ctx, approve=True)
        ended = clock.monotonic()
        rows = check_rows(count_rows(ctx), task.expected)
    if report.state != "done":
        sys.exit(f"the run ended as {report.state}: {report.message}")
    completed = [at for name, at in ctx.progress.moments.items() if name.startswith("job complete ")]
    start = min(completed, default=began)
    return Result(
        rows=rows,
        seconds=(watch.mirrored or ended) - start,
        seconds_total=ended - start,
        seconds_to_job_complete=start - began,
        own_calls=report.calls.get("total", sum(report.calls.values())),
        steps={name: round(spent, 3) for name, spent in report.seconds.items()},
        notes=_notes(report, ended - began),
    )


def _notes(report: run.RunReport, seconds: float) -> dict[str, Any]:
    return {"counts": dict(report.counts), "calls": dict(report.calls), "seconds_of_the_run": round(seconds, 3)}


def _check_fields(ctx: SyncContext) -> None:
    """What Syncline reads is what the peers read: no field more, none less."""
    for name, expected in FIELDS.items():
        found = {one.name for one in read_fields(ctx.shapes[name], ctx.mapping)}
        if found != set(expected):
            sys.exit(f"{name}: Syncline reads {sorted(found ^ set(expected))} otherwise than the peers")


def count_rows(ctx: SyncContext) -> dict[str, int]:
    """What the mirror holds."""
    found = {}
    with ctx.database.connect("bench") as conn:
        for name in FIELDS:
            table = ctx.tables.mirror(name).as_string(conn)
            row = conn.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
            found[name] = row[0] if row else 0
    return found


if __name__ == "__main__":
    main()
