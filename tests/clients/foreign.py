"""A day with a foreign client: the bad days ordered for it, what the client told, the journal, and what is stored then.

On a fair day the client's program must not have done anything twice. On a hostile one it does again what failed, as a
person would around a client without retries: each failure must be one that is documented, and must have a cause.
"""

import re
from dataclasses import dataclass
from typing import Any

from tests.clients import environments
from tests.simulated import Simulated

#: How the failures of the mixture `hostile` (simorg/docs/bad-days.md) reach a client.
_DOCUMENTED = re.compile(
    "|".join(
        [
            "SERVER_UNAVAILABLE|Server unavailable|We are down for maintenance|503",
            "REQUEST_LIMIT_EXCEEDED|ConcurrentRequests",
            "RemoteDisconnected|Connection aborted|Connection broken|disconnected without sending|closed connection",
            "IncompleteRead|JSONDecodeError|Expecting|Unterminated|XMLSyntaxError|ExpatError",
            "INVALID_SESSION_ID|INVALID_QUERY_LOCATOR|INVALID_LOCATOR",
            "UNABLE_TO_LOCK_ROW|unable to obtain exclusive access",
            "InternalServerError|Retry your request",
        ]
    )
)
#: Parts of the mixture that a client does not see as a failure.
_HARMLESS = {"slow", "shrinking-pages", "commit-lag", "usage-header-absent", "bulk-header-bare", "bulk-shuffled"}


@dataclass(frozen=True)
class Day:
    """What one day came to."""

    told: dict[str, Any]
    journal: list[dict[str, Any]]

    def requests(self, method: str, path: str, status: int = 0) -> list[dict[str, Any]]:
        """Entries of the journal; a request that was answered and whose answer got lost is one too."""
        return [
            one
            for one in self.journal
            if one["method"] == method and path in one["path"] and status in (0, one["status"])
        ]


def spend(org: Simulated, client: str, program: str, road: str, day: str, documented: str = "") -> Day:
    """Runs a client's program on a fair or a hostile day, and checks how its failures came.

    `documented`: one more failure that this client has, for a bad day of the mixture that it does not understand.
    """
    if day == "hostile":
        org.control("POST", "faults", {"name": "hostile", "seed": 11})
    told = environments.run(client, program, org, road)
    faults = org.control("GET", "faults")
    org.control("DELETE", "faults")
    journal: list[dict[str, Any]] = org.control("GET", "journal")
    failures: list[str] = told.pop("failures")
    if day == "fair":
        assert not failures, failures[0][:1500]
        assert not [entry for entry in journal if entry["fault"]]
    else:
        unknown = [
            one for one in failures if not _DOCUMENTED.search(one) and not (documented and re.search(documented, one))
        ]
        assert not unknown, "\n".join(one[:1500] for one in unknown)
        causes = sum(fault["struck"] for fault in faults if fault["title"] not in _HARMLESS)
        assert 0 < len(failures) <= causes, failures
    return Day(told, journal)


def stored(org: Simulated, name: str, key: str) -> dict[Any, dict[str, Any]]:
    """The records of an object that are not deleted, by a field."""
    return {row[key]: row for row in every(org, name) if row[key] and not row["IsDeleted"]}


def every(org: Simulated, name: str) -> list[dict[str, Any]]:
    """All records of an object, deleted ones too, past every protocol."""
    rows: list[dict[str, Any]] = org.control("GET", f"export?objects={name}")[name]
    return rows
