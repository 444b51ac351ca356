"""What must always hold, each by a function of its own; all but the first two of a step are judged at rest.

Memory is measured by the benchmarks: the few records here would not show it grow.
"""

import re
from collections.abc import Iterable
from typing import Any

from syncline.domain.explain import Standing
from syncline.domain.ids import ContactId
from syncline.store import explain
from syncline.store.connections import load_connection
from syncline.store.names import ConnectionTables
from syncline.sync.agreement import Agreement
from syncline.sync.run import RunReport
from tests.engine.machine.world import Memory
from tests.engine.orgs import NAME, Hub

#: Why two values may differ for good: a person has to settle it, or the mapping says so.
_MAY_DIFFER = frozenset((Standing.HELD, Standing.DIVERGENT))
_MOVES = (
    "pushed", "created_in_salesforce", "contacts_created", "contacts_updated", "linked", "converted", "merged",
    "deleted", "undeleted", "linked_on_create",
)  # fmt: skip
_NUMBER = re.compile(r"#(\d+)$")


def check_nobody_is_mailed(hub: Hub, memory: Memory) -> None:
    """No address that is opted out, bounced or complained is mailable."""
    mailed = {row[0] for row in hub.rows("SELECT lower(email) FROM mailable_contacts")}
    assert not {address: memory.suppressed[address] for address in mailed if memory.suppressed.get(address)}


def check_ceiling(calls: int, memory: Memory) -> None:
    """Calls stay under the ceiling."""
    assert memory.ceiling is None or calls <= memory.ceiling


def check_agreement(hub: Hub) -> None:
    """Both sides agree on every mapped value, but for what is listed; every record has a contact or a reason."""
    proof: Agreement = hub.prove()
    astray = {one.object: (one.unexplained, one.lost) for one in proof.objects if one.unexplained or one.lost}
    assert not astray, astray
    connection = load_connection(NAME)
    with hub.database.connect() as conn:
        for one in proof.examples:
            person = explain.explain_person(
                conn, ConnectionTables(NAME), connection.id, hub.mapping, ContactId(one.contact_id)
            )
            (found,) = (each for each in person.fields if each.name == one.field)
            assert found.verdict.standing in _MAY_DIFFER, (one, found)


def check_rest(report: RunReport, idle: RunReport, objects: int) -> None:
    """A sync without changes writes nothing, and makes at most one call for each object more than an idle one."""
    assert not {name: report.counts[name] for name in _MOVES if report.counts.get(name)}
    assert sum(report.calls.values()) <= sum(idle.calls.values()) + objects


def check_same(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]]) -> None:
    """The org is as it was, to the stamp."""
    assert before == after


def check_edits(hub: Hub, memory: Memory) -> None:
    """No edit is lost: its value stands, or the log tells what came after it, with the rule."""
    last = {(contact_id, name): value for contact_id, name, value in memory.edits}
    for (contact_id, name), value in last.items():
        found = hub.rows(f"SELECT {name} FROM contacts WHERE id = %s AND state <> 'merged'", contact_id)
        if not found or found[0][0] == value:
            continue  # deleted here, taken over (which logs what waited), or it stands, and the sides agree
        later = hub.rows(
            "SELECT action, rule FROM change_log WHERE contact_id = %s AND field = %s AND id > ("
            " SELECT max(id) FROM change_log WHERE contact_id = %s AND field = %s AND new = %s"
            " AND action = 'update' AND origin <> 'salesforce')",
            contact_id, name, contact_id, name, value,
        )  # fmt: skip
        assert later, (contact_id, name, value, found)


def check_values_stay(hub: Hub, memory: Memory, exported: dict[str, list[dict[str, Any]]]) -> None:
    """No value moves between links: a title is found only on those who became the one it was written for."""
    kin = list(memory.kin)
    for row in (one for rows in exported.values() for one in rows):
        kin += [(row["Id"], row[name]) for name in ("MasterRecordId", "ConvertedContactId") if row.get(name)]
    kin += [(f"c{one}", f"c{other}") for one, other in hub.rows(
        "SELECT id, merged_into FROM contacts WHERE merged_into IS NOT NULL")]  # fmt: skip
    family = _find_families(kin)
    holders = [(row["Id"], row.get("Title")) for rows in exported.values() for row in rows if not row["IsDeleted"]]
    holders += [(f"c{one}", title) for one, title in hub.rows("SELECT id, title FROM contacts WHERE state = 'active'")]
    for holder, title in holders:
        if title and (found := _NUMBER.search(title)):
            owner = memory.written[int(found[1])]
            assert family.get(holder, holder) == family.get(owner, owner), (holder, title, owner)


def check_creations(exported: dict[str, list[dict[str, Any]]], memory: Memory) -> None:
    """Nobody who was added here was created twice, whatever answer was lost."""
    names = [one["LastName"] for one in exported["Lead"]]
    assert {name: names.count(name) for name in memory.added if names.count(name) > 1} == {}


def check_links(hub: Hub) -> None:
    """A contact has one live link at most, and every live link has its contact."""
    assert hub.rows("SELECT contact_id FROM links WHERE state = 'live' GROUP BY 1 HAVING count(*) > 1") == []
    assert hub.rows(
        "SELECT record_id FROM links WHERE state = 'live'"
        " AND NOT EXISTS (SELECT FROM contacts WHERE contacts.id = links.contact_id AND contacts.state = 'active')"
    ) == []  # fmt: skip


def check_log(hub: Hub) -> None:
    """Every write resolves to one explanation: who wrote, in which run, by which rule."""
    unexplained = hub.rows(
        "SELECT id, contact_id, action, field, old, new, rule, origin, run_id FROM change_log"
        " WHERE (action <> 'update' AND rule IS NULL) OR origin = ''"
        " OR (origin IN ('salesforce', 'marketing') AND (rule IS NULL"
        "     OR NOT EXISTS (SELECT FROM runs WHERE runs.id = change_log.run_id)))"
    )
    assert unexplained == []


def check_mirrored(hub: Hub, exported: dict[str, list[dict[str, Any]]]) -> None:
    """Objects without people are mirrored row by row."""
    for name, rows in exported.items():
        theirs = {(one["Id"], one.get("Name")) for one in rows if not one["IsDeleted"]}
        column = "name" if any(one.get("Name") for one in rows) else "NULL"
        ours = set(hub.rows(f"SELECT id, {column} FROM sf_main.{name.lower()} WHERE NOT isdeleted"))
        assert ours == theirs, name


def _find_families(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For each member one that stands for its family: whoever is joined by pairs."""
    head: dict[str, str] = {}

    def find(one: str) -> str:
        while head.setdefault(one, one) != one:
            one = head[one]
        return one

    for one, other in pairs:
        head[find(one)] = find(other)
    return {one: find(one) for one in list(head)}
