"""Which components there are, with who made and changed them and when (Metadata API, "listMetadata()")."""

from dataclasses import dataclass

from simorg.metadata import store
from simorg.metadata.components import content_type, find_component_type
from simorg.metadata.operations import find_handler
from simorg.metadata.types import settings_types
from simorg.org import Org


@dataclass(frozen=True)
class FileFacts:
    """One component as lists show it. Stamps as records have them."""

    type: str
    full_name: str
    file: str
    id: str
    created: str
    created_by: str
    changed: str
    changed_by: str


def list_components(org: Org, type_name: str) -> list[FileFacts]:
    """The components of a type, by name."""
    component = find_component_type(type_name)
    if component is None:
        return []
    if type_name == "Settings":
        names = [name.removesuffix("Settings") for name in settings_types()]
    else:
        handler = find_handler(type_name)
        names = handler.names(org) if handler else []
    return [describe_file(org, type_name, name) for name in sorted(names, key=str.lower)]


def describe_file(org: Org, type_name: str, full_name: str, file: str = "") -> FileFacts:
    """A component with its file."""
    component = find_component_type(type_name)
    handler = find_handler(type_name, full_name)
    kind = content_type(component, full_name) if component else type_name
    stored = store.find(org.storage, kind, full_name)
    began, user = _beginning(org)
    if component is not None and not file:
        file = component.file_name(full_name.partition(".")[0] if component.parent else full_name)
    record_id = handler.identify(org, full_name) if handler else ""
    if stored is None:
        return FileFacts(type_name, full_name, file, record_id, began, user, began, user)
    return FileFacts(
        type_name, full_name, file, stored.id or record_id, stored.created, stored.created_by, stored.changed,
        stored.changed_by,
    )  # fmt: skip


def _beginning(org: Org) -> tuple[str, str]:
    """When the org began and who was there first: what it began with counts as made then."""
    row = org.storage.read_one('SELECT "CreatedDate", "CreatedById" FROM "Organization"')
    return (str(row[0]), str(row[1])) if row else (org.clock.stamp(), "")
