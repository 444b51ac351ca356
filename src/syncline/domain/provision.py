"""Setting up an org: what there is to be, what there is, and the steps from the one to the other.

The steps are computed anew from what the org shows, each time: that is what makes a set-up repeatable, and resumable
wherever it was broken off. What Syncline made says so in its description; what does not say so is never taken away.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from syncline.domain.rights import OBJECT_ACCESS, READ, Right, on_field

#: Stands in the description of what a set-up makes.
MARKER = "Made by the set-up of Syncline."
SET_NAME, SET_LABEL = "Syncline_Integration", "Syncline Integration"
INTEGRATION_LICENSE = "Salesforce Integration"
#: The permission set licence that opens standard objects to users of that licence.
INTEGRATION_SET_LICENSE = "SalesforceAPIIntegrationPsl"
#: Profiles of an integration user, the best first: name → the user licence it belongs to.
PROFILES = (
    ("Minimum Access - API Only Integrations", INTEGRATION_LICENSE),
    ("Salesforce API Only System Integrations", INTEGRATION_LICENSE),
    ("Minimum Access - Salesforce", "Salesforce"),
)


class FieldChoice(StrEnum):
    """The custom fields that a set-up can make."""

    SCORE = "score"
    HARD_BOUNCE = "hard-bounce"
    SYNCLINE_ID = "syncline-id"
    OWNER_ID = "owner-id"


@dataclass(frozen=True)
class FieldPlan:
    """A custom field as it is to be: `facts` are its Tooling metadata, `same` those that must agree in one that is
    there already."""

    name: str
    facts: Mapping[str, object]
    same: tuple[str, ...] = ("type",)
    #: Whether it is for people's eyes, and shown to profiles and on layouts where asked.
    for_people: bool = True

    @property
    def developer_name(self) -> str:
        """The name without its ending."""
        return self.name.removesuffix("__c")


FIELDS: dict[FieldChoice, FieldPlan] = {
    FieldChoice.SCORE: FieldPlan(
        "Lead_Score__c",
        {"type": "Number", "label": "Lead Score", "precision": 6, "scale": 0,
         "inlineHelpText": "How warm this person is, from 0 up. Kept by Syncline."},
        ("type", "scale"),
    ),
    FieldChoice.HARD_BOUNCE: FieldPlan(
        "Hard_Bounce__c",
        {"type": "Checkbox", "label": "Hard Bounce", "defaultValue": "false",
         "inlineHelpText": "Mail to this address came back for good. Kept by Syncline."},
    ),
    FieldChoice.SYNCLINE_ID: FieldPlan(
        "Syncline_Id__c",
        {"type": "Text", "label": "Syncline Id", "length": 36, "unique": True, "externalId": True,
         "caseSensitive": False, "inlineHelpText": "Keeps a person from being created twice. Kept by Syncline."},
        ("type", "unique", "externalId"),
        for_people=False,
    ),
    FieldChoice.OWNER_ID: FieldPlan(
        "Owner_ID__c",
        {"type": "Text", "label": "Owner ID", "formula": "CASESAFEID(OwnerId)", "formulaTreatBlanksAs": "BlankAsZero"},
        ("type", "formula"),
        for_people=False,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class UserPlan:
    """The integration user as it is to be."""

    username: str
    email: str
    first_name: str = "Syncline"
    last_name: str = "Integration"
    alias: str = "syncline"


@dataclass(frozen=True)
class Blueprint:
    """What there is to be. `show_to`: profiles that see the fields for people; `layouts`: (object, layout) that
    show them; `keeper`: the profile of the administrator, who sees all of them: nobody else could tell what they hold.
    """

    user: UserPlan
    rights: Mapping[Right, str]
    objects: tuple[str, ...]
    fields: tuple[FieldChoice, ...]
    show_to: tuple[str, ...] = ()
    layouts: tuple[tuple[str, str], ...] = ()
    adopt_user: bool = False
    keeper: str = ""

    @property
    def profiles(self) -> tuple[str, ...]:
        """The profiles that see fields."""
        return tuple(dict.fromkeys(one for one in (self.keeper, *self.show_to) if one))


@dataclass(frozen=True)
class ActualField:
    """A custom field that is there; `facts` are its Tooling metadata."""

    id: str
    facts: Mapping[str, object]

    @property
    def is_ours(self) -> bool:
        """Whether a set-up made it."""
        return MARKER in str(self.facts.get("description") or "")


@dataclass(frozen=True)
class ActualUser:
    """A user of the name that the integration user is to have."""

    id: str
    name: str
    is_active: bool
    profile: str
    license: str

    def is_made_for(self, plan: UserPlan) -> bool:
        """Whether it is an integration user: by its licence, or by the name that a set-up gives."""
        return self.license == INTEGRATION_LICENSE or self.name == f"{plan.first_name} {plan.last_name}"


@dataclass(frozen=True)
class ActualSet:
    """The permission set of our name, with what it grants."""

    id: str
    description: str
    rights: frozenset[Right]

    @property
    def is_ours(self) -> bool:
        """Whether a set-up made it."""
        return MARKER in self.description


@dataclass(frozen=True)
class Profile:
    """A profile that users may have; `free` are the licences left."""

    id: str
    name: str
    license: str
    free: int


@dataclass(frozen=True)
class Actual:
    """What there is. Keys are (object, field) and (object, layout)."""

    fields: Mapping[tuple[str, str], ActualField] = field(default_factory=dict)
    permission_set: ActualSet | None = None
    user: ActualUser | None = None
    profiles: tuple[Profile, ...] = ()
    set_license: str = ""
    has_set_license: bool = False
    is_assigned: bool = False
    #: By profile's name: the id of the permission set that it owns, and the fields that it shows.
    shown: Mapping[str, tuple[str, frozenset[tuple[str, str]]]] = field(default_factory=dict)
    #: Ids of the layouts, and the fields placed on each.
    layouts: Mapping[tuple[str, str], tuple[str, frozenset[str]]] = field(default_factory=dict)


class Action(StrEnum):
    """What a step does, in the order in which steps are done."""

    CREATE_FIELD = "create field"
    CREATE_SET = "create permission set"
    CREATE_USER = "create user"
    ACTIVATE_USER = "activate user"
    ASSIGN_LICENSE = "assign permission set licence"
    SET_SYSTEM = "set system permissions"
    GRANT_OBJECT = "grant on object"
    GRANT_FIELDS = "grant on fields"
    REVOKE = "take away"
    ASSIGN_SET = "assign permission set"
    SHOW_FIELD = "show field"
    PLACE_FIELD = "place field"


@dataclass(frozen=True)
class Step:
    """One step: on what, what it does in a sentence, and the rights that it grants or takes away."""

    action: Action
    target: str
    detail: str
    rights: tuple[Right, ...] = ()


@dataclass(frozen=True)
class Obstacle:
    """Something of the org that is in the way, and what to do about it."""

    target: str
    message: str
    remedy: str


def choose_profile(actual: Actual) -> Profile | None:
    """The profile of a new integration user: the best one that has a free licence."""
    known = {(one.name, one.license): one for one in actual.profiles}
    return next((known[one] for one in PROFILES if one in known and known[one].free > 0), None)


def plan_steps(blueprint: Blueprint, actual: Actual) -> list[Step]:
    """The steps from what there is to what there is to be; none where both agree."""
    return [
        *_field_steps(blueprint, actual),
        *_set_steps(actual),
        *_user_steps(blueprint, actual),
        *_right_steps(blueprint, actual),
        *_assign_steps(blueprint, actual),
        *_show_steps(blueprint, actual),
        *_place_steps(blueprint, actual),
    ]


def find_obstacles(blueprint: Blueprint, actual: Actual) -> list[Obstacle]:
    """What is in the way of the steps; with any of these, nothing is done."""
    return [*_field_obstacles(blueprint, actual), *_set_obstacles(actual), *_user_obstacles(blueprint, actual),
            *_place_obstacles(blueprint, actual)]  # fmt: skip


def _wanted_fields(blueprint: Blueprint) -> Iterator[tuple[str, FieldPlan]]:
    for object_name in blueprint.objects:
        for choice in blueprint.fields:
            yield object_name, FIELDS[choice]


def _field_steps(blueprint: Blueprint, actual: Actual) -> Iterator[Step]:
    for object_name, plan in _wanted_fields(blueprint):
        if (object_name, plan.name) not in actual.fields:
            kind = "Formula (Text)" if "formula" in plan.facts else plan.facts["type"]
            yield Step(Action.CREATE_FIELD, f"{object_name}.{plan.name}", f"{plan.facts['label']}, {kind}")


def _set_steps(actual: Actual) -> Iterator[Step]:
    if actual.permission_set is None:
        yield Step(Action.CREATE_SET, SET_NAME, f"{SET_LABEL}, tied to no licence")


def _user_steps(blueprint: Blueprint, actual: Actual) -> Iterator[Step]:
    profile = choose_profile(actual)
    user = actual.user
    if user is None:
        if profile is not None:
            plan = blueprint.user
            name = f"{plan.first_name} {plan.last_name}"
            detail = f"{name}, {plan.email}; profile {profile.name}, licence {profile.license}"
            yield Step(Action.CREATE_USER, plan.username, detail)
    elif not user.is_active:
        yield Step(Action.ACTIVATE_USER, blueprint.user.username, "it is there, and inactive")
    license_name = user.license if user else profile.license if profile else ""
    if license_name == INTEGRATION_LICENSE and actual.set_license and not actual.has_set_license:
        detail = "Salesforce API Integration: without it the licence grants no standard object"
        yield Step(Action.ASSIGN_LICENSE, blueprint.user.username, detail)


def _right_steps(blueprint: Blueprint, actual: Actual) -> Iterator[Step]:
    present = actual.permission_set.rights if actual.permission_set else frozenset[Right]()
    missing = sorted(set(blueprint.rights) - present)
    surplus = sorted(present - set(blueprint.rights))
    named = tuple(one for one in missing if not one.object)
    if named:
        yield Step(Action.SET_SYSTEM, SET_NAME, ", ".join(one.name for one in named), named)
    for name in sorted({one.object for one in missing if one.object and not one.field}):
        granted = tuple(one for one in missing if one.object == name and not one.field)
        labels = ", ".join(OBJECT_ACCESS[one][0] for one in OBJECT_ACCESS if one in {r.permission for r in granted})
        yield Step(Action.GRANT_OBJECT, name, labels, granted)
    for name in sorted({one.object for one in missing if one.field}):
        granted = tuple(one for one in missing if one.object == name and one.field)
        yield Step(Action.GRANT_FIELDS, name, _list_fields(granted), granted)
    if surplus:
        yield Step(Action.REVOKE, SET_NAME, ", ".join(one.name for one in surplus), tuple(surplus))


def _list_fields(rights: tuple[Right, ...]) -> str:
    edited = sorted({one.field for one in rights if one.permission != READ})
    read = sorted({one.field for one in rights} - set(edited))
    parts = (("Edit", edited), ("Read", read))
    return "; ".join(f"{label}: {', '.join(names)}" for label, names in parts if names)


def _assign_steps(blueprint: Blueprint, actual: Actual) -> Iterator[Step]:
    if not actual.is_assigned:
        yield Step(Action.ASSIGN_SET, blueprint.user.username, SET_LABEL)


def _show_steps(blueprint: Blueprint, actual: Actual) -> Iterator[Step]:
    for profile in blueprint.profiles:
        _, seen = actual.shown.get(profile, ("", frozenset()))
        hidden = [
            (name, plan.name)
            for name, plan in _wanted_fields(blueprint)
            if (plan.for_people or profile == blueprint.keeper) and (name, plan.name) not in seen
        ]
        if hidden:
            rights = tuple(on_field(object_name, name, READ) for object_name, name in hidden)
            fields = ", ".join(f"{object_name}.{name}" for object_name, name in hidden)
            yield Step(Action.SHOW_FIELD, profile, f"Read: {fields}", rights)


def _place_steps(blueprint: Blueprint, actual: Actual) -> Iterator[Step]:
    for key in blueprint.layouts:
        if key not in actual.layouts:
            continue
        _, placed = actual.layouts[key]
        missing = [
            plan.name
            for name, plan in _wanted_fields(blueprint)
            if plan.for_people and name == key[0] and plan.name not in placed
        ]
        if missing:
            yield Step(Action.PLACE_FIELD, f"{key[0]}-{key[1]}", ", ".join(missing))


def _field_obstacles(blueprint: Blueprint, actual: Actual) -> Iterator[Obstacle]:
    for object_name, plan in _wanted_fields(blueprint):
        found = actual.fields.get((object_name, plan.name))
        if found is None:
            continue
        other = [fact for fact in plan.same if _fold(found.facts.get(fact)) != _fold(plan.facts[fact])]
        if other:
            differs = ", ".join(f"{fact} {found.facts.get(fact)!r} instead of {plan.facts[fact]!r}" for fact in other)
            yield Obstacle(
                f"{object_name}.{plan.name}",
                f"There is a field of this name already, with {differs}.",
                "Rename or delete it in Setup, Object Manager; or leave this field out and map yours instead.",
            )


def _fold(value: object) -> str:
    return "".join(str(value).split()).lower()


def _set_obstacles(actual: Actual) -> Iterator[Obstacle]:
    if actual.permission_set and not actual.permission_set.is_ours:
        yield Obstacle(
            SET_NAME,
            "There is a permission set of this name already that no set-up made.",
            f"Rename it; or write {MARKER!r} into its description to hand it over.",
        )


def _user_obstacles(blueprint: Blueprint, actual: Actual) -> Iterator[Obstacle]:
    user, plan = actual.user, blueprint.user
    if user is None:
        if choose_profile(actual) is None:
            yield Obstacle(
                plan.username,
                "There is no profile with a free licence for an integration user.",
                "Free a licence (Setup, Company Information, User Licenses), or name a user to adopt with --user.",
            )
    elif not user.is_made_for(plan) and not blueprint.adopt_user:
        yield Obstacle(
            plan.username,
            f"{user.name} ({user.profile}) looks like a person. Activity would be told as that person's, and the "
            "connection would break when the person leaves or changes a password.",
            "Choose another --user; or take this one all the same with --adopt-user.",
        )


def _place_obstacles(blueprint: Blueprint, actual: Actual) -> Iterator[Obstacle]:
    for object_name, layout in blueprint.layouts:
        if (object_name, layout) not in actual.layouts:
            known = ", ".join(name for one, name in actual.layouts if one == object_name) or "none"
            yield Obstacle(f"{object_name}-{layout}", "There is no such layout.", f"{object_name} has: {known}.")
    for profile in blueprint.show_to:
        if profile not in actual.shown:
            yield Obstacle(profile, "There is no such profile.", "See Setup, Profiles.")
