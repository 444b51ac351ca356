"""Record types and validation rules as components: kept with their object, and at work there."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from simorg.behaviour.calculating import find_expression
from simorg.behaviour.record_types import define_record_type
from simorg.behaviour.setting_rules import set_rule
from simorg.fidelity import say
from simorg.formula.terms import BOOLEAN
from simorg.metadata import store
from simorg.metadata.change import Change, Refused
from simorg.metadata.components import find_component_type
from simorg.metadata.documents import Documents, require_elements
from simorg.org import Org
from simorg.schema.registry import ObjectType

_LONGEST_MESSAGE = 255


class ValidationRules(Documents):
    """Validation rules by `Object.Rule`: from the end of the change on they judge every write."""

    def __init__(self) -> None:
        component = find_component_type("ValidationRule")
        assert component is not None
        super().__init__(component)

    def create(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Puts a rule to work."""
        self._check(change.org, name, content)
        super().create(change, name, content)
        change.tx.after_commit.append(_put(change.org, name, content))

    def update(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Changes a rule."""
        whole = {**(self.read(change.org, name) or {}), **content}
        self._check(change.org, name, whole)
        super().update(change, name, whole)
        change.tx.after_commit.append(_put(change.org, name, whole))

    def delete(self, change: Change, name: str) -> None:
        """Takes a rule away."""
        super().delete(change, name)
        change.tx.after_commit.append(_take_away(change.org, name))

    def _check(self, org: Org, name: str, content: Mapping[str, Any]) -> None:
        require_elements("ValidationRule", content)
        one = require_parent(org, name)
        find_expression(org.schema, one, str(content["errorConditionFormula"]), BOOLEAN)
        field = content.get("errorDisplayField")
        if field and str(field).lower() not in one.fields:
            named = {"type": "CustomField", "name": f"{one.name}.{field}"}
            message = say("metadata.in_field", field="errorDisplayField", **named)
            raise Refused("INVALID_CROSS_REFERENCE_KEY", message, ("errorDisplayField",))
        if len(str(content["errorMessage"])) > _LONGEST_MESSAGE:
            message = say("metadata.too_long", name="errorMessage", most=_LONGEST_MESSAGE)
            raise Refused("STRING_TOO_LONG", message, ("errorMessage",))


class RecordTypes(Documents):
    """Record types by `Object.Name`: each has a record of RecordType, and leaves values of picklists out."""

    def __init__(self) -> None:
        component = find_component_type("RecordType")
        assert component is not None
        super().__init__(component)

    def create(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Makes a record type."""
        self._define(change, name, content)

    def update(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Changes a record type."""
        self._define(change, name, {**(self.read(change.org, name) or {}), **content})

    def delete(self, change: Change, name: str) -> None:
        """Refuses: a record type can only be deleted in Setup (Metadata API Developer Guide, "RecordType")."""
        raise Refused("DELETE_FAILED", say("metadata.not_deletable", type="RecordType"))

    def _define(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        require_elements("RecordType", content)
        require_parent(change.org, name)
        try:
            made = define_record_type(change.org, _describe_type(name, content))
        except ValueError as error:
            raise Refused("FIELD_INTEGRITY_EXCEPTION", str(error)) from None
        kept = {key: value for key, value in content.items() if key != "fullName"}
        store.save(change.tx, "RecordType", name, made.id, kept)


def put_stored_rules(org: Org) -> None:
    """Puts the stored validation rules to work, when an org is opened: a kill may have come before they were."""
    for one in store.listed(org.storage, "ValidationRule"):
        _put(org, one.full_name, one.content)()


def require_parent(org: Org, name: str) -> ObjectType:
    """The object that a component belongs to, by the component's full name.

    Raises:
        Refused: there is none.
    """
    parent = name.partition(".")[0]
    one = org.schema.find(parent)
    if one is None:
        message = say("metadata.unknown_entity", name=parent)
        raise Refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message)
    return one


def _put(org: Org, name: str, content: Mapping[str, Any]) -> Callable[[], None]:
    facts = {
        "kind": "validation",
        "name": name,
        "object": name.partition(".")[0],
        "condition": content["errorConditionFormula"],
        "message": content["errorMessage"],
        "field": content.get("errorDisplayField"),
        "active": bool(content["active"]),
    }

    def put() -> None:
        set_rule(org, facts)

    return put


def _take_away(org: Org, name: str) -> Callable[[], None]:
    def take_away() -> None:
        org.rules.remove("validation", name)

    return take_away


def _describe_type(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """A record type in the words of its definition: the values that it leaves, by picklist; values come escaped."""
    parent, _, own = name.partition(".")
    picklists = {
        str(one["picklist"]): {unquote(str(value["fullName"])): value.get("default") for value in one.get("values", [])}
        for one in content.get("picklistValues", [])
    }
    return {
        "object": parent,
        "developerName": own,
        "label": content["label"],
        "active": bool(content["active"]),
        "description": content.get("description"),
        "values": {picklist: list(values) for picklist, values in picklists.items()},
        "defaults": {
            picklist: next(value for value, default in values.items() if default)
            for picklist, values in picklists.items()
            if any(values.values())
        },
    }
