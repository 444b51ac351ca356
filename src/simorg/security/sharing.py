"""Which records of an object a user sees, edits and deletes, as SQL over the record.

Source: Salesforce Help, "Organization-Wide Sharing Defaults" and "Controlling Access Using Hierarchies": a default for
each object, the owner, whoever stands above the owner in the role hierarchy, View All and Modify All; "Sharing Rules".
Teams, territories and manual shares are not there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from simorg.schema.registry import ObjectType, Schema
from simorg.security import permissions
from simorg.security.rights import Rights
from simorg.transactions import quote

Level = Literal["read", "edit", "delete"]

#: What a default can be, as EntityDefinition.InternalSharingModel names it.
MODELS = (
    "Private", "Read", "ReadWrite", "ReadWriteTransfer", "FullAccess", "ControlledByParent", "ControlledByCampaign",
    "ControlledByLeadOrContact",
)  # fmt: skip
#: What a new org has; custom objects are ReadWrite.
DEFAULTS = {
    "Account": "ReadWrite",
    "Contact": "ControlledByParent",
    "Lead": "ReadWriteTransfer",
    "Opportunity": "ReadWrite",
    "Campaign": "FullAccess",
    "CampaignMember": "ControlledByLeadOrContact",
    "Task": "Private",
    "User": "Read",
}
_OWNED = ("Private", "Read", "ReadWrite", "ReadWriteTransfer", "FullAccess")
_CHOICES = {
    "Contact": ("ControlledByParent", *_OWNED),
    "CampaignMember": ("ControlledByLeadOrContact", "ControlledByCampaign"),
    "Task": ("Private", "ControlledByParent"),
    "User": ("Private", "Read"),
}
_EVERY, _NONE = "1", "0"
ACCESS = ("Read", "Edit")
#: Prefix of an id → whose records it stands for, as SQL for their owners' ids: a user's own, a group's, a role's.
_MEMBERS = {
    "005": "SELECT {0}",
    "00G": 'SELECT m."UserOrGroupId" FROM "GroupMember" m WHERE m."GroupId" = {0} UNION SELECT {0}',
    "00E": 'SELECT u."Id" FROM "User" u WHERE u."UserRoleId" = {0}',
}
#: Operations of criteria (Metadata API Developer Guide, "SharingRules", FilterOperation) as SQL; text compares without
#: regard to case.
_OPERATIONS = {
    "equals": "{0} IS {1} COLLATE NOCASE",
    "notEqual": "{0} IS NOT {1} COLLATE NOCASE",
    "lessThan": "{0} < {1}",
    "greaterThan": "{0} > {1}",
    "lessOrEqual": "{0} <= {1}",
    "greaterOrEqual": "{0} >= {1}",
}


@dataclass(frozen=True)
class SharingRule:
    """Opens records of an object beyond its default, to read or to edit (Salesforce Help, "Sharing Rules").

    The records are those that `owned_by` owns, and for which all `criteria` hold: `{"field", "operation", "value"}`.
    `owned_by` and `shared_with` are the id of a user, a group or a role.
    """

    name: str
    object: str
    shared_with: str
    access: str = "Read"
    owned_by: str | None = None
    criteria: tuple[Mapping[str, Any], ...] = ()
    active: bool = True


def check_sharing_rule(rule: SharingRule, one: ObjectType, model: str) -> None:
    """Refuses a sharing rule that cannot be.

    Raises:
        ValueError: an id, a field, an operation or a level is unknown, or the object follows its parent.
    """
    if not (one.name in DEFAULTS or one.custom) or model.startswith("ControlledBy") or one.name == "User":
        raise ValueError(f"{one.name} is not shared by rules")
    if rule.access not in ACCESS:
        raise ValueError(f"access is one of {', '.join(ACCESS)}, not {rule.access}")
    for name in (rule.shared_with, rule.owned_by or rule.shared_with):
        if str(name)[:3] not in _MEMBERS:
            raise ValueError(f"a sharing rule names the id of a user, a group or a role: {name}")
    if not rule.owned_by and not rule.criteria:
        raise ValueError("a sharing rule says whose records it shares, or which")
    for each in rule.criteria:
        if one.fields.get(str(each.get("field")).lower()) is None or each.get("operation") not in _OPERATIONS:
            known = ", ".join(_OPERATIONS)
            raise ValueError(f"a criterion has a field of {one.name}, an operation ({known}) and a value: {dict(each)}")


def check_models(asked: Mapping[str, object], schema: Schema) -> dict[str, str]:
    """Sharing defaults as somebody sets them, by the objects' proper names.

    Raises:
        ValueError: there is no such object or default.
    """
    checked = {}
    for name, model in asked.items():
        one = schema.find(name)
        if one is None or not (one.name in DEFAULTS or one.custom):
            raise ValueError(f"{name} has no sharing default. There are: {', '.join(DEFAULTS)} and custom objects")
        choices = _CHOICES.get(one.name, _OWNED)
        if model not in choices:
            raise ValueError(f"{one.name} cannot be shared as {model!r}. There are: {', '.join(choices)}")
        checked[one.name] = str(model)
    return checked


class Sharing:
    """The records of one user, by rights and the org's defaults. `models` is object → default."""

    def __init__(
        self, rights: Rights, schema: Schema, models: Mapping[str, str], rules: Sequence[SharingRule] = ()
    ) -> None:
        self._rights = rights
        self._rules = [rule for rule in rules if rule.shared_with in rights.circles]
        self._schema = schema
        self._models = {**DEFAULTS, **models}
        self._owners = ", ".join(f"'{one}'" for one in rights.owners)
        #: Objects that the conditions of this question have read.
        self._read: set[str] = set()
        self._depth = 0

    def find_rule(self, one: ObjectType, level: Level, alias: str) -> tuple[str | None, frozenset[str]]:
        """A condition on a record under an alias, None where all are open; and the objects that it reads."""
        self._read = set()
        found = self._rule(one, level, alias)
        return (None if found == _EVERY else found), frozenset(self._read)

    def is_transferable(self, one: ObjectType) -> bool:
        """Whether everybody who edits a record can give it to another owner."""
        return self._rights.unlimited or self._models.get(one.name) in ("ReadWriteTransfer", "FullAccess")

    def _rule(self, one: ObjectType, level: Level, alias: str) -> str:
        granted = self._rights.on(one)
        if self._rights.unlimited or granted.modify_all or (level == "read" and granted.view_all):
            return _EVERY
        special = {
            "User": self._users, "PermissionSetAssignment": self._assignments, "Contact": self._contacts,
            "CampaignMember": self._members, "CampaignMemberStatus": self._follow, "OpportunityContactRole":
            self._follow, "Task": self._tasks, "LoginHistory": self._own_logins, "OauthToken": self._own_logins,
        }.get(one.name)  # fmt: skip
        if special is not None:
            return special(one, level, alias)
        if one.name not in self._models and not one.custom:
            return _EVERY
        masters = [field for field in one.fields.values() if field.custom and field.cascade_delete and field.stored]
        if masters:
            # A detail is read and written where its masters are ("Master-Detail Relationship", Salesforce Help).
            at: Level = "read" if level == "read" else "edit"
            return _all(
                *(self._names(to, at, f"{alias}.{quote(one.name)}") for one in masters for to in one.reference_to)
            )
        return self._owned(one, level, alias)

    def _owned(self, one: ObjectType, level: Level, alias: str) -> str:
        model = self._models.get(one.name, "ReadWrite")
        open_at = {
            "Private": (),
            "Read": ("read",),
            "ReadWrite": ("read", "edit"),
            "ReadWriteTransfer": ("read", "edit"),
            "FullAccess": ("read", "edit", "delete"),
        }.get(model, ())
        if level in open_at:
            return _EVERY
        mine = self._mine(f'{alias}."OwnerId"')
        if level == "delete":
            return mine
        about = [rule for rule in self._rules if rule.object == one.name]
        fitting = [rule for rule in about if level == "read" or rule.access == "Edit"]
        return _any(mine, *(self._shared(one, rule, alias) for rule in fitting)) if fitting else mine

    def _shared(self, one: ObjectType, rule: SharingRule, alias: str) -> str:
        """Whether a rule is about a record."""
        conditions = []
        if rule.owned_by:
            self._read.update(("User", "GroupMember"))
            owners = _MEMBERS[rule.owned_by[:3]].format(_literal(rule.owned_by))
            conditions.append(f'{alias}."OwnerId" IN ({owners})')
        for each in rule.criteria:
            column = f"{alias}.{quote(one.fields[str(each['field']).lower()].name)}"
            conditions.append(_OPERATIONS[str(each["operation"])].format(column, _literal(each.get("value"))))
        return f"({' AND '.join(conditions)})"

    def _mine(self, owner: str) -> str:
        return f"{owner} IN ({self._owners})"

    def _users(self, one: ObjectType, level: Level, alias: str) -> str:
        rights = self._rights
        if level == "read":
            every = self._models["User"] == "Read" or rights.allows("ViewAllUsers", "ManageUsers", "ViewAllData")
            return _EVERY if every else self._mine(f'{alias}."Id"')
        if rights.allows(*permissions.SETUP_WRITE["User"]):
            return _EVERY
        return f"{alias}.\"Id\" = '{rights.user_id}'"

    def _own_logins(self, one: ObjectType, level: Level, alias: str) -> str:
        """Everybody sees the own ones (Object Reference, "LoginHistory" and "OauthToken")."""
        return f"{alias}.\"UserId\" = '{self._rights.user_id}'"

    def _assignments(self, one: ObjectType, level: Level, alias: str) -> str:
        every = self._rights.allows("ViewSetup", *permissions.SETUP_WRITE[one.name])
        return _EVERY if every else f"{alias}.\"AssigneeId\" = '{self._rights.user_id}'"

    def _contacts(self, one: ObjectType, level: Level, alias: str) -> str:
        if self._models["Contact"] != "ControlledByParent":
            return self._owned(one, level, alias)
        account = f'{alias}."AccountId"'
        # Without an account a contact is its owner's alone.
        alone = f"({account} IS NULL AND {alias}.\"OwnerId\" = '{self._rights.user_id}')"
        return _any(alone, _all(f"{account} IS NOT NULL", self._names("Account", level, account)))

    def _members(self, one: ObjectType, level: Level, alias: str) -> str:
        campaign = self._names("Campaign", "read", f'{alias}."CampaignId"')
        if self._models["CampaignMember"] == "ControlledByCampaign":
            return campaign
        # Once a lead is converted its member is the contact's.
        lead = _all(f'{alias}."ContactId" IS NULL', self._names("Lead", "read", f'{alias}."LeadId"'))
        contact = self._names("Contact", "read", f'{alias}."ContactId"')
        both = self._names("Lead", "read", "") == self._names("Contact", "read", "") == _EVERY
        return campaign if both else _all(campaign, _any(lead, _all(f'{alias}."ContactId" IS NOT NULL', contact)))

    def _follow(self, one: ObjectType, level: Level, alias: str) -> str:
        above = permissions.FOLLOWING[one.name]
        return self._names(above, "read" if level == "read" else "edit", f'{alias}."{above}Id"')

    def _tasks(self, one: ObjectType, level: Level, alias: str) -> str:
        mine = self._mine(f'{alias}."OwnerId"')
        if level != "read" and self._models["Task"] == "Private":
            return mine
        # Whoever sees what an activity is about sees the activity.
        about = [mine]
        for name in ("WhoId", "WhatId"):
            column = f'{alias}."{name}"'
            for target_name in one.fields[name.lower()].reference_to:
                target = self._schema.find(target_name)
                if target is not None:
                    kind = f"substr({column}, 1, 3) = '{target.key_prefix}'"
                    about.append(_all(kind, self._names(target.name, level, column)))
        return _any(*about)

    def _names(self, object_name: str, level: Level, reference: str) -> str:
        """Whether a reference names a record that is open; `reference` is SQL for an id."""
        one = self._schema.get(object_name)
        if not self._rights.on(one).read:
            return _NONE
        self._depth += 1
        alias = f"s{self._depth}"
        found = self._rule(one, level, alias)
        self._depth -= 1
        if found in (_EVERY, _NONE):
            return found
        self._read.add(one.name)
        return f'{reference} IN (SELECT {alias}."Id" FROM {quote(one.name)} {alias} WHERE {found})'


def _literal(value: object) -> str:
    """A value as SQL writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(float(value))
    return "'" + str(value).replace("'", "''") + "'"


def _all(*parts: str) -> str:
    if _NONE in parts:
        return _NONE
    needed = [one for one in parts if one != _EVERY]
    return f"({' AND '.join(needed)})" if needed else _EVERY


def _any(*parts: str) -> str:
    if _EVERY in parts:
        return _EVERY
    possible = [one for one in parts if one != _NONE]
    return f"({' OR '.join(possible)})" if possible else _NONE
