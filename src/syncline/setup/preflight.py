"""The preflight: what the integration user needs, has, lacks, and has beyond need; nothing is changed.

Two looks, since neither sees everything: the permission sets say what is granted, and the describes of the user's own
session say what of it takes effect (a field that was deleted, a licence that keeps something back).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from syncline.domain.mapping import PERSON_OBJECTS
from syncline.domain.provision import SET_LABEL
from syncline.domain.rights import CREATE, EDIT, READ, Granted, Right, find_missing, find_surplus
from syncline.domain.rights_needed import Needed, Preset, Wanted, find_needed
from syncline.domain.shape import FieldShape, ObjectShape
from syncline.errors import RemoteRefused
from syncline.salesforce import tooling
from syncline.salesforce.client import Salesforce
from syncline.salesforce.permissions import find_user_sets, load_rights


@dataclass(frozen=True)
class Missing:
    """A right that is missing: what for, and where it is granted."""

    right: Right
    reason: str
    where: str


@dataclass(frozen=True)
class Report:
    """What a preflight found. `granted` is None where this user may not read permission sets: then the describes alone
    were judged by."""

    username: str
    needed: Needed
    missing: tuple[Missing, ...]
    surplus: tuple[Right, ...]
    granted: Granted | None
    calls: int

    @property
    def ok(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


def describe_needed(client: Salesforce, names: Iterable[str]) -> dict[str, ObjectShape]:
    """What this session sees of some objects; one that it does not see is left out.

    Raises:
        RemoteError: the org cannot be asked.
    """
    shapes = {}
    for name in names:
        try:
            shapes[name] = client.describe(name)
        except RemoteRefused as refused:
            if refused.status != 404:
                raise
    return shapes


def check(client: Salesforce, wanted: Wanted, preset: Preset = Preset.LEAST, set_label: str = SET_LABEL) -> Report:
    """Looks as the integration user, whose session `client` is; `wanted.shapes` are what it sees.

    Raises:
        RemoteError: the org cannot be asked.
    """
    identity = client.identity()
    wanted = replace(wanted, shapes=_with_hidden_key(client, wanted))
    needed = find_needed(wanted, preset)
    granted = load_granted(client, identity.user_id)
    lacking = (
        find_missing(needed.rights, granted)
        if granted is not None
        else find_missing(needed.rights, _seen(needed.rights, wanted.shapes))
    )
    surplus = find_surplus(needed.rights, granted.rights) if granted is not None else []
    missing = tuple(Missing(one, needed.rights[one], one.where(set_label)) for one in lacking)
    return Report(identity.username, needed, missing, tuple(surplus), granted, client.calls.total)


def _with_hidden_key(client: Salesforce, wanted: Wanted) -> dict[str, ObjectShape]:
    """The shapes with the field of our own id where the org has it and hides it: no mapping names it."""
    shapes = dict(wanted.shapes)
    key = wanted.mapping.external_id_field
    for name in PERSON_OBJECTS if key else ():
        shape = shapes.get(name)
        if shape is None or not key or shape.find(key):
            continue
        try:
            hidden = tooling.find_fields(client, name, [key.removesuffix("__c")])
        except RemoteRefused:
            # Without View Setup it cannot be told; that right is named as missing itself.
            continue
        if hidden:
            shapes[name] = replace(shape, fields=(*shape.fields, FieldShape(key, key, "string", external_id=True)))
    return shapes


def load_granted(client: Salesforce, user_id: str) -> Granted | None:
    """What a user was granted; None where this session may not see permission sets (View Setup and Configuration).

    Raises:
        RemoteError: the org cannot be asked.
    """
    try:
        return Granted(load_rights(client, find_user_sets(client, user_id)))
    except RemoteRefused as refused:
        if refused.code in ("INVALID_TYPE", "INSUFFICIENT_ACCESS", "INVALID_FIELD", "NOT_FOUND"):
            return None
        raise


def _seen(needed: Mapping[Right, str], shapes: Mapping[str, ObjectShape]) -> Granted:
    """The needed rights of which a describe tells, or cannot tell, that they are there: what it cannot tell is taken as
    granted."""
    return Granted(frozenset(one for one in needed if _is_seen(one, shapes)))


def _is_seen(right: Right, shapes: Mapping[str, ObjectShape]) -> bool:
    if not right.object:
        return right.permission != "ViewSetup"
    shape = shapes.get(right.object)
    if shape is None:
        return False
    if right.field:
        found = shape.find(right.field)
        if found is None:
            return False
        return right.permission == READ or found.updateable or found.createable or found.compound_of is not None
    return {READ: shape.queryable, CREATE: shape.createable, EDIT: shape.updateable}.get(right.permission, True)
