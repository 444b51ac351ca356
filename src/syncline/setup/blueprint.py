"""The blueprint of a set-up: what is to be, from the mapping, the fields chosen and the preset of rights."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from syncline.domain.mapping import CONTACT, LEAD
from syncline.domain.mapping import Mapping as FieldMapping
from syncline.domain.mapping_defaults import default_mapping
from syncline.domain.objects import MirroredObject
from syncline.domain.provision import FIELDS, Blueprint, FieldChoice, UserPlan
from syncline.domain.rights import EDIT, READ, Right, on_field, with_needs
from syncline.domain.rights_needed import Needed, Preset, Wanted, find_needed
from syncline.domain.shape import FieldShape, ObjectShape
from syncline.salesforce.answers import Identity
from syncline.salesforce.client import Salesforce
from syncline.salesforce.permissions import query_rows
from syncline.salesforce.soql import build_query, quote
from syncline.setup.preflight import describe_needed

_PEOPLE = (LEAD, CONTACT)
_SEED_OBJECTS = ("Account", "Campaign", "Opportunity", "Task")
#: A standard field that an org hides from everybody, administrators included, until it is granted.
_HIDDEN = FieldShape("HasOptedOutOfEmail", "Email Opt Out", "boolean")
_TYPES = {"Number": "double", "Checkbox": "boolean", "Text": "string"}


@dataclass(frozen=True)
class Choices:
    """What an operator chose."""

    username: str = ""
    email: str = ""
    preset: Preset = Preset.LEAST
    fields: tuple[FieldChoice, ...] = (FieldChoice.SCORE, FieldChoice.HARD_BOUNCE, FieldChoice.SYNCLINE_ID)
    show_to: tuple[str, ...] = ()
    layouts: tuple[tuple[str, str], ...] = ()
    adopt_user: bool = False


def build_blueprint(
    client: Salesforce, choices: Choices, mapping: FieldMapping | None, mirrored: tuple[MirroredObject, ...] = ()
) -> tuple[Blueprint, Needed]:
    """What is to be in the org that `client`, an administrator, sees; `mapping` is the one in use, if there is one.

    Raises:
        RemoteError: the org cannot be asked.
    """
    names = (*_PEOPLE, *(one.name for one in mirrored))
    if choices.preset is Preset.LIKE_THE_SEED:
        names = (*names, *_SEED_OBJECTS)
    shapes = _as_they_will_be(describe_needed(client, dict.fromkeys(names)), choices.fields)
    wanted = Wanted(mapping or default_mapping(shapes), shapes, mirrored)
    needed = find_needed(wanted, choices.preset)
    rights = with_needs({**needed.rights, **_of_fields(choices.fields)})
    identity = client.identity()
    blueprint = Blueprint(
        user=_name_user(identity, choices),
        rights=rights,
        objects=_PEOPLE,
        fields=choices.fields,
        show_to=choices.show_to,
        layouts=choices.layouts,
        adopt_user=choices.adopt_user,
        keeper=_find_profile(client, identity),
    )
    return blueprint, replace(needed, rights=rights)


def _as_they_will_be(shapes: Mapping[str, ObjectShape], fields: Iterable[FieldChoice]) -> dict[str, ObjectShape]:
    """The shapes with the fields that a set-up makes or shows."""
    coming = [_HIDDEN, *(_to_shape(one) for one in fields)]
    extended = dict(shapes)
    for name in _PEOPLE:
        shape = shapes.get(name)
        if shape is not None:
            more = tuple(one for one in coming if shape.find(one.name) is None)
            extended[name] = replace(shape, fields=(*shape.fields, *more))
    return extended


def _to_shape(choice: FieldChoice) -> FieldShape:
    plan = FIELDS[choice]
    calculated = "formula" in plan.facts
    return FieldShape(
        plan.name,
        str(plan.facts["label"]),
        _TYPES[str(plan.facts["type"])],
        createable=not calculated,
        updateable=not calculated,
        calculated=calculated,
    )


def _of_fields(fields: Iterable[FieldChoice]) -> dict[Right, str]:
    rights = {}
    for choice in fields:
        plan = FIELDS[choice]
        permission = READ if "formula" in plan.facts else EDIT
        for name in _PEOPLE:
            rights[on_field(name, plan.name, permission)] = "the set-up makes this field"
    return rights


def _name_user(identity: Identity, choices: Choices) -> UserPlan:
    """The user's name, which no org in the world may have twice, and the address that Salesforce writes to."""
    username = choices.username or f"syncline.integration@{identity.organization_id.lower()}.example"
    return UserPlan(username, choices.email or identity.email)


def _find_profile(client: Salesforce, identity: Identity) -> str:
    """The profile of whoever sets up."""
    soql = build_query("User", ["Profile.Name"], f"Id = {quote(identity.user_id)}")
    return next((str(one["Profile"]["Name"]) for one in query_rows(client, soql)), "")
