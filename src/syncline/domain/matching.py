"""Matching, decided: which record of the org a new contact already is, before anything is created."""

from collections.abc import Sequence
from dataclasses import dataclass

from syncline.domain.mapping import PERSON_OBJECTS


@dataclass(frozen=True)
class Candidate:
    """A record with the contact's address; `created` as ISO text, `linked_to` the contact it stands for already."""

    object_name: str
    record_id: str
    created: str
    linked_to: int | None = None


def choose_record(contact_id: int, candidates: Sequence[Candidate]) -> Candidate | None:
    """The record that a contact is: Contacts before Leads, then the oldest; one of another contact only as a last
    resort, so that the caller can tell of it.
    """
    free = [one for one in candidates if one.linked_to in (None, contact_id)]
    ranked = sorted(
        free or candidates, key=lambda one: (PERSON_OBJECTS.index(one.object_name), one.created, one.record_id)
    )
    return ranked[0] if ranked else None
