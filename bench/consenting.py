"""Opt-outs made here and in Salesforce while a worker fills new fields of every contact: how long each takes."""

import time
from collections.abc import Collection
from functools import partial
from typing import Any

import psycopg

from bench.living import reach_as_colleague
from bench.measure import BenchFailed, PeakMemory, say
from bench.racing import Race, describe, print_races, race_all
from bench.stage import Stage

_PATIENCE = 3_600.0
#: People with one contact each, whom nobody opted out, in an order that has nothing to do with that of a run.
_MAILABLE = """
SELECT chosen.object, chosen.record_id, contact.id, lower(contact.email)
FROM (SELECT object, record_id, contact_id FROM links WHERE state = 'live' ORDER BY md5(record_id) LIMIT %s) chosen
JOIN mailable_contacts contact ON contact.id = chosen.contact_id
WHERE (SELECT count(*) FROM contacts same WHERE lower(same.email) = lower(contact.email)) = 1
"""
_FILLED = "SELECT 1 FROM runs WHERE state = 'done' AND kind = 'sync' AND counts ? 'fields_filled' AND id > %s"


def run_consent(stage: Stage, fields: Collection[str], every: float = 1.0, people: int = 4_000) -> dict[str, Any]:
    """Maps fields anew, one after the other; while a worker fills each, opt-outs are made on both sides.

    `every`: seconds between two opt-outs of a side. `people`: at most so many are opted out.
    """
    stage.work("set_up", mode="live", open_brakes=True)
    found = stage.rows(_MAILABLE, people)
    there, here = found[: len(found) // 2], found[len(found) // 2 :]
    keys = {"there": [one[3] for one in there], "here": [one[3] for one in here]}
    backfills = []
    with (
        psycopg.connect(stage.url, autocommit=True) as ours,
        psycopg.connect(stage.url, autocommit=True) as theirs,
        stage.hands.working() as pid,
        PeakMemory.of(pid) as memory,
    ):
        to_there, to_here = _race_to_salesforce(stage, ours, here), _race_to_here(stage, theirs, there)
        for name in fields:
            began = time.perf_counter()
            ((last,),) = stage.rows("SELECT coalesce(max(id), 0) FROM runs")
            stage.work("map_more", names=[name])
            goes_on = _BackFill(stage, last)
            done = len(to_there.seconds), len(to_here.seconds)
            race_all(
                {
                    "to Salesforce": partial(to_there.run, keys["here"][done[0] :], every, goes_on),
                    "to here": partial(to_here.run, keys["there"][done[1] :], every, goes_on),
                }
            )
            backfills.append({"field": name, "seconds": time.perf_counter() - began})
            say(f"{name} is filled after {backfills[-1]['seconds']:.1f} s")
        contacts = stage.rows("SELECT count(*) FROM contacts WHERE state = 'active'")[0][0]
    return {
        "contacts": contacts,
        "back_fills": backfills,
        "here_to_salesforce": describe(to_there.seconds),
        "salesforce_to_here": describe(to_here.seconds),
        "peak_rss_mib": memory.mib,
        "still_mailable": _count_mailable(stage, keys, to_there, to_here),
    }


class _BackFill:
    """Whether the run goes on that fills a new field; asked seldom enough to cost nothing."""

    def __init__(self, stage: Stage, after_run: int) -> None:
        self._stage = stage
        self._after = after_run
        self._deadline = time.monotonic() + _PATIENCE

    def __call__(self) -> bool:
        if time.monotonic() > self._deadline:
            raise BenchFailed(f"the back-fill did not end within {_PATIENCE / 60:.0f} minutes")
        return not self._stage.rows(_FILLED, self._after)


def _race_to_salesforce(stage: Stage, connection: psycopg.Connection, people: list[tuple[Any, ...]]) -> Race:
    """A box of a contact is ticked by plain SQL, and looked for in the org."""
    contacts = {address: contact for _, _, contact, address in people}
    records = {address: (name, record) for name, record, _, address in people}
    org = reach_as_colleague(stage.arena.org)

    def begin(address: str) -> None:
        connection.execute("UPDATE contacts SET opted_out = true WHERE id = %s", [contacts[address]])

    def arrived(addresses: Collection[str]) -> list[str]:
        ticked = set()
        for name in ("Lead", "Contact"):
            ids = [records[one][1] for one in addresses if records[one][0] == name]
            if ids:
                ticked |= org.ask_ids(name, ids, "HasOptedOutOfEmail = true")
        return [one for one in addresses if records[one][1] in ticked]

    return Race(begin, arrived)


def _race_to_here(stage: Stage, connection: psycopg.Connection, people: list[tuple[Any, ...]]) -> Race:
    """A box of a record is ticked by a colleague, and its address looked for among those that may be mailed."""
    records = {address: (name, record) for name, record, _, address in people}
    org = reach_as_colleague(stage.arena.org)

    def begin(address: str) -> None:
        org.change(*records[address], HasOptedOutOfEmail=True)

    def arrived(addresses: Collection[str]) -> list[str]:
        rows = connection.execute(
            "SELECT lower(email) FROM mailable_contacts WHERE lower(email) = ANY(%s)", [list(addresses)]
        ).fetchall()
        mailable = {row[0] for row in rows}
        return [one for one in addresses if one not in mailable]

    return Race(begin, arrived)


def _count_mailable(stage: Stage, keys: dict[str, list[str]], *races: Race) -> int:
    """Addresses that were opted out and may be mailed all the same; there must be none."""
    to_there, to_here = races
    addresses = keys["here"][: len(to_there.seconds)] + keys["there"][: len(to_here.seconds)]
    found = stage.rows("SELECT count(*) FROM mailable_contacts WHERE lower(email) = ANY(%s)", addresses)
    return int(found[0][0])


def print_consent(summary: dict[str, Any]) -> None:
    """The figures as a table."""
    spent = ", ".join(f"{one['field']} in {one['seconds']:.0f} s" for one in summary["back_fills"])
    print(f"\nopt-outs while a worker fills fields of {summary['contacts']:,} contacts ({spent}); seconds\n")
    print_races(
        {"here to Salesforce": summary["here_to_salesforce"], "Salesforce to here": summary["salesforce_to_here"]}
    )
    print(f"\nthe worker took {summary['peak_rss_mib']:.0f} MiB; still mailable: {summary['still_mailable']}")
