"""Reading, listing, making, changing and removing components, one by one or several in one transaction.

Source: Metadata API Developer Guide, "CRUD-Based Development". What is refused is a value; a component that is refused
leaves nothing of itself, and takes nothing from the others unless all or none was wanted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from simorg.fidelity import say
from simorg.metadata import store
from simorg.metadata.change import Change, Handler, Refused, changing
from simorg.metadata.codec import Content, arrange
from simorg.metadata.components import ComponentType, child_types, content_type, find_component_type
from simorg.metadata.documents import Documents, Settings
from simorg.metadata.fields import CustomFields
from simorg.metadata.layouts import Layouts
from simorg.metadata.objects import CustomObjects
from simorg.metadata.permissions import PermissionSets, Profiles
from simorg.metadata.rules import RecordTypes, ValidationRules
from simorg.org import Org
from simorg.schema.definition import DefinitionError


@dataclass(frozen=True)
class Result:
    """What became of one component."""

    type: str
    full_name: str
    id: str = ""
    created: bool = False
    changed: bool = False
    deleted: bool = False
    error: Refused | None = None


class RolledBack(Exception):
    """A change is given up though nothing went wrong in its last part."""


def find_handler(type_name: str, full_name: str = "") -> Handler | None:
    """Who looks after the components of a type; settings are told apart by their name."""
    component = find_component_type(type_name)
    if component is None:
        return None
    special = _SPECIAL.get(type_name)
    if special is not None:
        return special
    if component.directory == "settings":
        own = content_type(component, full_name)
        return Settings(replace(component, name=own)) if own else None
    return Documents(component)


_SPECIAL: Mapping[str, Handler] = {
    "CustomObject": CustomObjects(),
    "CustomField": CustomFields(),
    "RecordType": RecordTypes(),
    "ValidationRule": ValidationRules(),
    "Layout": Layouts(),
    "PermissionSet": PermissionSets(),
    "Profile": Profiles(),
}


def read(org: Org, type_name: str, full_name: str) -> Content | None:
    """A component whole, or None."""
    handler = find_handler(type_name, full_name)
    found = handler.read(org, full_name) if handler else None
    if found is None or type_name != "CustomObject":
        return found
    for child in child_types(type_name):
        parts = [read(org, child.name, name) for name in names_below(org, child, str(found["fullName"]))]
        if parts:
            found[child.element] = [
                {**part, "fullName": str(part["fullName"]).partition(".")[2]} for part in parts if part is not None
            ]
    return arrange("CustomObject", found)


def names_below(org: Org, child: ComponentType, parent: str) -> list[str]:
    """The children of one type that an object has, by full name."""
    if child.name == "CustomField":
        one = org.schema.find(parent)
        return [f"{one.name}.{field.name}" for field in one.fields.values() if is_listed(field)] if one else []
    handler = find_handler(child.name)
    assert handler is not None
    return [name for name in handler.names(org) if name.lower().startswith(f"{parent.lower()}.")]


def is_listed(field: Any) -> bool:
    """Whether a field is a component: custom, or a standard one that set-up shows."""
    return bool(field.custom or (field.permissionable and field.compound is None))


def create(change: Change, type_name: str, content: Mapping[str, Any]) -> Result:
    """Makes a component that is not there."""
    return _write(change, type_name, content, "create")


def update(change: Change, type_name: str, content: Mapping[str, Any]) -> Result:
    """Changes a component that is there."""
    return _write(change, type_name, content, "update")


def upsert(change: Change, type_name: str, content: Mapping[str, Any]) -> Result:
    """Makes a component or changes it."""
    return _write(change, type_name, content, "upsert")


def delete(change: Change, type_name: str, full_name: str) -> Result:
    """Removes a component."""

    def act() -> Result:
        handler = _require_handler(type_name, full_name)
        found = handler.read(change.org, full_name)
        if found is None:
            raise Refused("INVALID_CROSS_REFERENCE_KEY", say("metadata.none_found", type=type_name, name=full_name))
        name = str(found.get("fullName") or full_name)
        record_id = handler.identify(change.org, name)
        handler.delete(change, name)
        return Result(type_name, name, record_id, changed=True, deleted=True)

    return _alone(change, type_name, full_name, act)


def rename(change: Change, type_name: str, old: str, new: str) -> Result:
    """Gives a component another full name."""

    def act() -> Result:
        handler = _require_handler(type_name, old)
        if handler.read(change.org, old) is None:
            raise Refused("INVALID_CROSS_REFERENCE_KEY", say("metadata.none_found", type=type_name, name=old))
        if handler.read(change.org, new) is not None and old.lower() != new.lower():
            raise Refused("DUPLICATE_DEVELOPER_NAME", say("metadata.exists", type=type_name, name=new))
        if isinstance(handler, CustomFields):
            handler.rename(change, old, new)
        elif type(handler) is Documents:
            store.rename(change.tx, type_name, old, new)
        else:
            raise Refused("INVALID_OPERATION", say("metadata.rename", name=old, new=new))
        return Result(type_name, new, handler.identify(change.org, new), changed=True)

    return _alone(change, type_name, old, act)


def split_object(content: Mapping[str, Any]) -> tuple[Content, list[tuple[str, Content]]]:
    """An object without its children, and the children as components of their own, with full names."""
    children: list[tuple[str, Content]] = []
    elements = {child.element: child for child in child_types("CustomObject")}
    parent = str(content.get("fullName", ""))
    for element, child in elements.items():
        children += [
            (child.name, {**one, "fullName": f"{parent}.{one.get('fullName', '')}"}) for one in content.get(element, [])
        ]
    return {key: value for key, value in content.items() if key not in elements}, children


def run_all(
    org: Org,
    user_id: str,
    version: float,
    origin: str,
    acts: Sequence[Callable[[Change], Result]],
    *,
    all_or_none: bool = False,
) -> list[Result]:
    """Several changes in one transaction: each stands alone unless all or none is wanted."""
    results: list[Result] = []
    try:
        with changing(org, user_id, version, origin) as change:
            results += [act(change) for act in acts]
            if all_or_none and any(one.error for one in results):
                raise RolledBack
    except RolledBack:
        gone = Refused("ALL_OR_NONE_OPERATION_ROLLED_BACK", say("metadata.rolled_back"))
        return [one if one.error else Result(one.type, one.full_name, error=gone) for one in results]
    note(org, user_id, origin, results)
    return results


def note(org: Org, user_id: str, origin: str, results: Sequence[Result]) -> None:
    """Tells the journal what was changed, by whom and by which road."""
    for one in results:
        if one.error is None and (one.created or one.changed or one.deleted):
            what = "create" if one.created else "delete" if one.deleted else "change"
            org.journal.note(
                at=org.clock.stamp(), method="SETUP", path=f"/{one.type}/{one.full_name}", query="", user_id=user_id,
                status=200, cost=0, ms=0.0, bytes=0, headers={}, request=f"{what} by {origin}",
            )  # fmt: skip


def _write(change: Change, type_name: str, content: Mapping[str, Any], how: str) -> Result:
    full_name = str(content.get("fullName") or "")

    def act() -> Result:
        if not full_name:
            raise Refused("REQUIRED_FIELD_MISSING", say("metadata.required", name="fullName"), ("fullName",))
        own, children = split_object(content) if type_name == "CustomObject" else (dict(content), [])
        result = _write_one(change, type_name, full_name, own, how)
        for child_name, child in children:
            part = _write(change, child_name, child, "create" if how == "create" and result.created else "upsert")
            if part.error:
                raise part.error
        return result

    return _alone(change, type_name, full_name, act)


def _write_one(change: Change, type_name: str, full_name: str, content: Content, how: str) -> Result:
    handler = _require_handler(type_name, full_name)
    found = handler.read(change.org, full_name)
    if found is None and how == "update":
        raise Refused("INVALID_CROSS_REFERENCE_KEY", say("metadata.none_found", type=type_name, name=full_name))
    if found is not None and how == "create" and type_name != "CustomField":
        raise Refused("DUPLICATE_DEVELOPER_NAME", say("metadata.exists", type=type_name, name=full_name), ("fullName",))
    if found is None or how == "create":
        handler.create(change, full_name, content)
        return Result(type_name, full_name, handler.identify(change.org, full_name), created=True, changed=True)
    name = str(found.get("fullName") or full_name)
    handler.update(change, name, content)
    changed = handler.read(change.org, name) != found
    return Result(type_name, name, handler.identify(change.org, name), changed=changed)


def _alone(change: Change, type_name: str, full_name: str, act: Callable[[], Result]) -> Result:
    """One part that can fail alone."""
    try:
        with change.org.schema.changing(), change.tx.savepoint():
            return act()
    except Refused as refused:
        return Result(type_name, full_name, error=refused)
    except DefinitionError as error:
        return Result(type_name, full_name, error=Refused(error.code, error.message, error.fields))


def _require_handler(type_name: str, full_name: str) -> Handler:
    handler = find_handler(type_name, full_name)
    if handler is None:
        raise Refused("INVALID_TYPE", say("metadata.unknown_type", type=type_name))
    return handler
