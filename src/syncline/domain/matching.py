"""Matching, decided: which record of the org a new contact already is, before anything is created."""

from collections.abc import Sequence
from dataclasses import dataclass

from syncline.domain.mapping import PERSON_OBJECTS
from syncline.domain.mapping_options import AmbiguousPolicy


@dataclass(frozen=True)
class Candidate:
    """A record with the contact's address; `created` as ISO text, `linked_to` the contact it stands for already."""

    object_name: str
    record_id: str
    created: str
    linked_to: int | None = None


@dataclass(frozen=True)
class Choice:
    """The record that a contact is, or the several among which a person has to choose; neither where it is new."""

    record: Candidate | None = None
    ambiguous: tuple[Candidate, ...] = ()


def choose_record(
    contact_id: int, candidates: Sequence[Candidate], policy: AmbiguousPolicy = AmbiguousPolicy.OLDEST
) -> Choice:
    """The record that a contact is: of the Contacts, else of the Leads, the one that the policy names.

    One of another contact only as a last resort, so that the caller can tell of it.
    """
    free = [one for one in candidates if one.linked_to in (None, contact_id)] or list(candidates)
    first = [one for one in free if one.object_name == min((two.object_name for two in free), key=PERSON_OBJECTS.index)]
    ranked = sorted(first, key=lambda one: (one.created, one.record_id), reverse=policy is AmbiguousPolicy.NEWEST)
    if policy is AmbiguousPolicy.HOLD and len(ranked) > 1:
        return Choice(ambiguous=tuple(ranked))
    return Choice(ranked[0]) if ranked else Choice()
