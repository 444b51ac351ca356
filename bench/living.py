"""How soon a change in Salesforce is seen here by a worker on the schedule `live`."""

import urllib.parse
from collections.abc import Collection
from typing import Any

import psycopg

from bench.measure import PeakMemory
from bench.racing import Race, describe, print_races
from bench.services import Org
from bench.stage import Stage

_TITLE = "Changed while somebody looked"


class Colleague:
    """Somebody else who works in the org."""

    def __init__(self, org: Org, token: str) -> None:
        self._org = org
        self._token = token

    def change(self, object_name: str, record_id: str, **values: object) -> None:
        """Saves one record."""
        self._org.data(self._token, "PATCH", f"sobjects/{object_name}/{record_id}", values)

    def ask_ids(self, object_name: str, ids: Collection[str], condition: str) -> set[str]:
        """Those of the records for which a condition of SOQL holds."""
        listed = ", ".join(f"'{one}'" for one in ids)
        soql = f"SELECT Id FROM {object_name} WHERE Id IN ({listed}) AND {condition}"
        answer = self._org.data(self._token, "GET", f"query?q={urllib.parse.quote(soql)}")
        return {record["Id"] for record in answer["records"]}


def reach_as_colleague(org: Org) -> Colleague:
    """A session of somebody else than the integration user."""
    return Colleague(org, org.control("POST", "sessions", {"username": "colleague"})["access_token"])


def run_live(stage: Stage, changes: int, every: float = 0.5) -> dict[str, Any]:
    """Changes Leads at a steady rhythm, and measures when each contact shows it."""
    stage.work("set_up", mode="live", open_brakes=True)
    found = stage.rows(
        "SELECT record_id FROM links WHERE object = 'Lead' AND state = 'live' ORDER BY md5(record_id) LIMIT %s", changes
    )
    org = reach_as_colleague(stage.arena.org)
    with psycopg.connect(stage.url, autocommit=True) as connection:

        def arrived(ids: Collection[str]) -> list[str]:
            rows = connection.execute(
                "SELECT link.record_id FROM links link JOIN contacts contact ON contact.id = link.contact_id"
                " WHERE link.object = 'Lead' AND link.record_id = ANY(%s) AND contact.title = %s",
                [list(ids), _TITLE],
            )
            return [row[0] for row in rows]

        race = Race(lambda record_id: org.change("Lead", record_id, Title=_TITLE), arrived)
        keys = [row[0] for row in found]
        with stage.hands.working() as pid, PeakMemory.of(pid) as memory:
            left = iter([True] * len(keys))
            race.run(keys, every, lambda: next(left, False))
    return {"every": every, "live": describe(race.seconds), "peak_rss_mib": memory.mib}


def print_live(summary: dict[str, Any]) -> None:
    """The figures as a table."""
    print(f"\na Lead changed every {summary['every']} s; seconds until its contact shows it\n")
    print_races({"Salesforce to here": summary["live"]})
    print(f"\nthe worker took {summary['peak_rss_mib']:.0f} MiB")
