"""The catalogue of bad days: what goes wrong with real orgs, by name, each switchable while an org runs.

A name stands for the facts of a fault (`simorg.faults`) or for settings of the org; whoever orders it may narrow it
down by method, path, object, operation, rate, times, skip and seed. `hostile` is a mixture of them under which a
correct client still finishes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simorg.behaviour.drifting import can_be_hidden, drift
from simorg.faults import Fault
from simorg.org import Org

_HTML = "<html><head><title>Error</title></head><body><h1>We are down for maintenance.</h1></body></html>"
_AS_HTML = {"content_type": "text/html;charset=UTF-8", "body": _HTML}
#: Facts that may be given besides a name, whatever the bad day.
NARROWING = ("method", "path", "object_name", "operation", "record_id", "field_name", "times", "skip", "rate", "seed")


@dataclass(frozen=True)
class BadDay:
    """One entry: its group in the table, what happens, the facts of its fault or the settings that it changes."""

    group: str
    what: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    #: For a change of a field: what is done to it.
    action: str = ""


def _error(status: int, code: str, message: str) -> dict[str, Any]:
    return {"status": status, "body": f'[{{"message":"{message}","errorCode":"{code}"}}]'}


CATALOGUE: dict[str, BadDay] = {
    "session-expired": BadDay(
        "sessions", "the request's session has ended: 401; its open queries end with it", {"expire_own": True}
    ),
    "sessions-ended": BadDay("sessions", "every session has ended: 401 for everybody", {"expire": True}),
    "bare-oauth-error": BadDay(
        "sessions", "a login is refused without error_description",
        {"operation": "login", "status": 400, "body": '{"error":"invalid_grant"}'},
    ),
    "refresh-token-rotated": BadDay(
        "sessions", "an app's refresh token has been used already, and another is in its place: invalid_grant",
        {"refresh": "rotated"},
    ),
    "refresh-token-revoked": BadDay(
        "sessions", "an app's refresh token has been revoked, its sessions and the user's approval with it",
        {"refresh": "revoked"},
    ),
    "refresh-token-expired": BadDay("sessions", "an app's refresh token has expired", {"refresh": "expired"}),
    "password-expired": BadDay(
        "sessions", "the password of whoever logs in with one has expired, and can only be set anew",
        {"password": "expired"},
    ),
    "unavailable": BadDay(
        "answers", "503 with Salesforce's error", _error(503, "SERVER_UNAVAILABLE", "Server unavailable")
    ),
    "unavailable-html": BadDay("answers", "503 with a page of HTML", {"status": 503, **_AS_HTML}),
    "internal-error": BadDay(
        "answers", "500 UNKNOWN_EXCEPTION",
        _error(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId: 1-2 (3)"),
    ),
    "status-420": BadDay("answers", "420 with a page of HTML", {"status": 420, **_AS_HTML}),
    "status-406": BadDay("answers", "406 without a body", {"status": 406}),
    "not-json": BadDay("answers", "200 with a page of HTML instead of JSON", {"status": 200, **_AS_HTML}),
    "empty-body": BadDay("answers", "200 without a body", {"status": 200}),
    "truncated": BadDay("answers", "the answer breaks off after 100 bytes", {"truncate": 100}),
    "slow": BadDay("answers", "the answer takes 2 seconds more", {"delay": 2.0}),
    "dropped-before": BadDay("connections", "the connection is cut before the work", {"drop": "before"}),
    "dropped-after": BadDay(
        "connections", "the connection is cut after the work took effect, without an answer", {"drop": "after"}
    ),
    "upload-interrupted": BadDay(
        "connections", "the connection is cut after 1,000 bytes of a request's body", {"upload_bytes": 1_000}
    ),
    "daily-limit": BadDay(
        "limits", "403, the calls of the day are used up",
        _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    ),
    "concurrent-limit": BadDay(
        "limits", "403, too many long requests run at this moment",
        _error(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    ),
    "usage-header-absent": BadDay("limits", "no Sforce-Limit-Info", {"usage_header": ""}),
    "usage-header-malformed": BadDay("limits", "a Sforce-Limit-Info without numbers", {"usage_header": "api-usage"}),
    "usage-header-per-app": BadDay(
        "limits", "a Sforce-Limit-Info with the app's share behind the org's",
        {"usage_header": "{usual}; per-app-api-usage=17/250(appName=sample-app)"},
    ),
    "row-locked": BadDay(
        "records", "a record is refused with UNABLE_TO_LOCK_ROW",
        {
            "row_code": "UNABLE_TO_LOCK_ROW",
            "row_message": "unable to obtain exclusive access to this record or 1 records: {id}",
        },
    ),
    "commit-lag": BadDay(
        "time", "others see a commit 1 to 5 seconds late, so that commits show in another order than they were made",
        {"lag_ms": (1_000, 5_000), "times": None},
    ),
    "tied-stamps": BadDay(
        "time", "all records of 30 seconds have the same stamp", {"stamp_seconds": 30, "times": None}
    ),
    "clock-skew": BadDay("time", "the org's clock moves 300 seconds ahead", {"clock_seconds": 300.0}),
    "tiny-pages": BadDay("pages", "query pages of one row", {"page_rows": (1, 1), "times": None}),
    "shrinking-pages": BadDay("pages", "each query page has 1 to 200 rows", {"page_rows": (1, 200), "times": None}),
    "bulk-slow": BadDay(
        "bulk", "jobs wait 2 seconds, and each batch of an ingest job takes another",
        settings={"bulk_delay": 2.0, "bulk_batch_delay": 1.0},
    ),
    "bulk-query-failed": BadDay(
        "bulk", "a query job fails",
        {"operation": "bulkQuery", "row_code": "InternalServerError", "row_message": "Retry your request."},
    ),
    "bulk-ingest-failed": BadDay(
        "bulk", "an ingest job fails before its first row",
        {"operation": "bulkIngest", "row_code": "InternalServerError", "row_message": "Retry your request."},
    ),
    "bulk-partial": BadDay(
        "bulk", "an ingest job fails before its second batch of 100; the rest is unprocessed",
        {
            "operation": "bulkBatch", "row_code": "TooManyLockFailure",
            "row_message": "Too many lock failures", "skip": 1,
        },
        {"bulk_batch_rows": 100},
    ),
    "bulk-shuffled": BadDay("bulk", "ingest results in another order than the rows", settings={"bulk_shuffle": True}),
    "bulk-header-bare": BadDay("bulk", "query results whose header names are not quoted", {"csv_header": "bare"}),
    "bulk-header-bom": BadDay("bulk", "query results that begin with a byte order mark", {"csv_header": "bom"}),
    "field-hidden": BadDay("schema", "all field permissions on a field are taken away: nobody sees it", action="hide"),
    "field-removed": BadDay("schema", "a field is taken away", action="remove"),
    "field-renamed": BadDay("schema", "a custom field gets another name; its values go with it", action="rename"),
    "field-required": BadDay("schema", "a field must have a value from now on", action="require"),
    "field-retyped": BadDay("schema", "a custom field gets another type", action="retype"),
}  # fmt: skip

#: Rates of the mixture: a client that tries again, reads what it wrote and counts nothing twice gets through.
_MIXTURE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("unavailable", {"rate": 0.02}),
    ("unavailable-html", {"rate": 0.01}),
    ("concurrent-limit", {"rate": 0.01}),
    ("dropped-before", {"rate": 0.01}),
    ("dropped-after", {"rate": 0.01}),
    ("truncated", {"rate": 0.01, "method": "GET"}),
    ("session-expired", {"rate": 0.01}),
    ("slow", {"rate": 0.02, "delay": 0.2}),
    ("row-locked", {"rate": 0.02}),
    ("shrinking-pages", {"rate": 0.5}),
    ("commit-lag", {"rate": 0.1, "lag_ms": (100, 2_000)}),
    ("usage-header-malformed", {"rate": 0.02}),
    ("usage-header-absent", {"rate": 0.02}),
    ("bulk-query-failed", {"rate": 0.02}),
    ("bulk-header-bare", {"rate": 0.1}),
    ("bulk-shuffled", {}),
)


def order(org: Org, name: str, **more: Any) -> list[Fault]:
    """Orders a bad day of the catalogue, or the mixture `hostile`; gives its faults (none where it is a setting).

    `more`: any of NARROWING, or other facts of the fault in place of the catalogue's; for a change of a field `object`,
    `field` and `to`.

    Raises:
        ValueError: there is none of this name, or a field that changes is not told.
        TypeError: there are no such facts.
    """
    if name == "hostile":
        return _order_mixture(org, int(more.get("seed", 0)))
    day = CATALOGUE.get(name)
    if day is None:
        raise ValueError(f"no such bad day: {name!r}. There are: hostile, {', '.join(CATALOGUE)}")
    facts = {**day.facts, **more, "title": name}
    if day.action:
        facts["change"] = {"action": day.action} | {key: facts.pop(key, "") for key in ("object", "field", "to")}
        _check_change(org, facts["change"])
    faults = [org.faults.add(**facts)] if day.facts or day.action else []
    org.faults.remember_settings({key: getattr(org.settings, key) for key in day.settings})
    for key, value in day.settings.items():
        setattr(org.settings, key, value)
    return faults


def clear(org: Org) -> None:
    """Ends all bad days: faults, and settings that came with them. A schema that changed stays so."""
    for key, value in org.faults.clear().items():
        setattr(org.settings, key, value)


def strike(org: Org, fault: Fault) -> None:
    """What a fault does to the org itself, when it strikes."""
    if fault.expire:
        org.end_all_sessions()
    if fault.clock_seconds:
        org.clock.advance(fault.clock_seconds)
    if fault.change:
        drift(org, fault.change)


def build_table() -> str:
    """The catalogue as a table of Markdown."""
    rows = [f"| `{name}` | {day.group} | {day.what} |" for name, day in CATALOGUE.items()]
    return "\n".join(["| name | about | what happens |", "|---|---|---|", *rows])


def build_mixture() -> str:
    """The mixture `hostile` as a table of Markdown."""
    rows = []
    for name, facts in _MIXTURE:
        more = ", ".join(f"{key} {value}" for key, value in facts.items() if key != "rate")
        share = f"{facts['rate']:.0%}" if "rate" in facts else "always"
        rows.append(f"| `{name}` | {share} | {more} |")
    return "\n".join(["| name | share of what it matches | else than above |", "|---|---|---|", *rows])


def _order_mixture(org: Org, seed: int) -> list[Fault]:
    faults = []
    for number, (name, facts) in enumerate(_MIXTURE):
        more = {"times": None, "seed": seed * 1_000 + number, **facts} if CATALOGUE[name].facts else {}
        faults += order(org, name, **more)
    return faults


def _check_change(org: Org, change: Mapping[str, Any]) -> None:
    one = org.schema.find(str(change["object"]))
    if one is None or str(change["field"]).lower() not in one.fields:
        raise ValueError(f"a change names object and field that are there: {change['object']}.{change['field']}")
    if change["action"] == "hide" and not can_be_hidden(one, one.fields[str(change["field"]).lower()]):
        raise ValueError(f"{change['object']}.{change['field']} is open to everybody who sees the object")
