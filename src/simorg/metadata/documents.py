"""Components that an org keeps as they are given: tabs, apps, connected apps, settings and the like."""

from collections.abc import Mapping
from typing import Any

from simorg.fidelity import say
from simorg.metadata import store
from simorg.metadata.change import Change, Refused
from simorg.metadata.codec import Content, arrange, find_missing
from simorg.metadata.components import ComponentType
from simorg.metadata.types import find_type
from simorg.org import Org


class Documents:
    """The components of one type, kept whole. An update replaces the elements it brings."""

    def __init__(self, component: ComponentType) -> None:
        self.component = component

    def names(self, org: Org) -> list[str]:
        """Every component there is."""
        return [one.full_name for one in store.listed(org.storage, self.component.name)]

    def read(self, org: Org, name: str) -> Content | None:
        """A component, or None."""
        found = store.find(org.storage, self.component.name, name)
        return None if found is None else arrange(self.component.name, {"fullName": found.full_name, **found.content})

    def create(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Makes a component."""
        self._keep(change, name, content)

    def update(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Changes a component that is there."""
        self._keep(change, name, {**(self.read(change.org, name) or {}), **content})

    def delete(self, change: Change, name: str) -> None:
        """Removes a component that is there."""
        store.remove(change.tx, self.component.name, name)

    def identify(self, org: Org, name: str) -> str:
        """The id of a component that is there."""
        found = store.find(org.storage, self.component.name, name)
        return found.id if found else store.derive_id(self.component.prefix, name)

    def _keep(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        kind = self.component.name
        require_elements(kind, content)
        check_document(change.org, kind, name, content)
        known = store.find(change.org.storage, kind, name)
        there = known is not None or self.read(change.org, name) is not None
        record_id = self.identify(change.org, name) if there else store.new_id(change.tx, self.component.prefix)
        name = known.full_name if known else name
        store.save(change.tx, kind, name, record_id, {key: one for key, one in content.items() if key != "fullName"})


class Settings(Documents):
    """The settings of one kind: they are always there, and can only be changed."""

    def names(self, org: Org) -> list[str]:
        """The one name."""
        return [self.component.name.removesuffix("Settings")]

    def read(self, org: Org, name: str) -> Content | None:
        """The settings as far as somebody set them; all others are off."""
        if name.lower() != self.names(org)[0].lower():
            return None
        found = store.find(org.storage, self.component.name, name)
        off = {
            key: False
            for key, element in (find_type(self.component.name) or {}).items()
            if element.kind == "boolean" and not element.repeats
        }
        return arrange(self.component.name, {"fullName": self.names(org)[0], **off, **(found.content if found else {})})

    def create(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Refuses: there is no second one."""
        raise Refused("INVALID_OPERATION", say("metadata.settings_name", name=name, type=self.component.name))

    def delete(self, change: Change, name: str) -> None:
        """Refuses: they are always there."""
        raise Refused("INVALID_OPERATION", say("metadata.not_deletable", type=self.component.name))


def require_elements(type_name: str, content: Mapping[str, Any]) -> None:
    """Refuses a component that lacks what its type requires.

    Raises:
        Refused: REQUIRED_FIELD_MISSING.
    """
    if missing := find_missing(type_name, content):
        raise Refused("REQUIRED_FIELD_MISSING", say("metadata.required", name=missing), (missing,))


def check_document(org: Org, type_name: str, name: str, content: Mapping[str, Any]) -> None:
    """Refuses a component that refers to what is not there, or whose name is none.

    Raises:
        Refused: why.
    """
    if type_name == "CustomTab":
        one = org.schema.find(name)
        if content.get("customObject") and (one is None or not one.custom):
            raise Refused("INVALID_CROSS_REFERENCE_KEY", say("metadata.none_found", type="CustomObject", name=name))
    if type_name == "CustomApplication":
        for tab in content.get("tabs", []):
            _check_tab(org, str(tab))
    if type_name == "ConnectedApp" and len(str(content.get("label", ""))) > _LONGEST_LABEL:
        raise Refused("STRING_TOO_LONG", say("metadata.too_long", name="label", most=_LONGEST_LABEL), ("label",))
    if type_name.startswith("ExtlClntApp"):
        app = str(content.get("externalClientApplication", ""))
        if store.find(org.storage, "ExternalClientApplication", app) is None:
            raise Refused(
                "INVALID_CROSS_REFERENCE_KEY", say("metadata.none_found", type="ExternalClientApplication", name=app)
            )


_LONGEST_LABEL = 80


def _check_tab(org: Org, tab: str) -> None:
    standard = tab.startswith("standard-")
    if not standard and store.find(org.storage, "CustomTab", tab) is None:
        raise Refused("INVALID_CROSS_REFERENCE_KEY", say("metadata.none_found", type="CustomTab", name=tab))
