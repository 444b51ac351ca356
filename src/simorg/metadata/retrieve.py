"""Retrieves: components of the org as a zip, made in the background.

Source: Metadata API Developer Guide, "retrieve()", "checkRetrieveStatus()", "RetrieveResult", "FileProperties". A
profile tells only of what is retrieved with it.
"""

import itertools
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simorg.fidelity import say
from simorg.ids import build_id, to_18
from simorg.metadata.archive import Manifest, write_zip
from simorg.metadata.codec import Content, arrange
from simorg.metadata.components import ComponentType, content_type, find_component_type
from simorg.metadata.listing import FileFacts, describe_file, list_components
from simorg.metadata.operations import read
from simorg.metadata.xml import write_xml
from simorg.org import INSTANCE, Org

_log = logging.getLogger(__name__)


@dataclass
class Retrieve:
    """One retrieve."""

    id: str
    user_id: str
    manifest: Manifest
    single_package: bool
    status: str = "Pending"
    content: bytes = b""
    files: list[FileFacts] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.status in ("Succeeded", "Failed")


class Retrieves:
    """The retrieves of one org."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._retrieves: dict[str, Retrieve] = {}
        self._numbers = itertools.count(1)

    def start(self, user_id: str, manifest: Manifest, *, single_package: bool) -> Retrieve:
        """Takes a retrieve and starts it."""
        one = Retrieve(build_id("09S", INSTANCE, next(self._numbers)), user_id, manifest, single_package)
        self._retrieves[one.id] = one
        threading.Thread(target=self._run, args=[one], daemon=True, name=f"retrieve {one.id}").start()
        return one

    def find(self, retrieve_id: str) -> Retrieve | None:
        """A retrieve, by its id of 15 or 18 characters."""
        return self._retrieves.get(to_18(retrieve_id.strip()) or "")

    def forget_content(self, one: Retrieve) -> None:
        """A zip is given once: it is kept no longer than until it was fetched."""
        one.content = b""

    def clear(self) -> None:
        """Forgets all."""
        for one in list(self._retrieves.values()):
            one.stop.set()
            one.ended.wait(10)
        self._retrieves.clear()

    def _run(self, one: Retrieve) -> None:
        try:
            one.stop.wait(self._org.settings.deploy_delay)
            one.status = "InProgress"
            _collect(self._org, one)
            one.status = "Succeeded"
        except Exception:  # noqa: BLE001  # who asks is told, the log has the cause
            _log.exception("retrieve %s failed", one.id)
            one.error, one.status = "An unexpected error occurred.", "Failed"
        finally:
            one.ended.set()
            self._org.storage.release_reader()


def retrieves_of(org: Org) -> Retrieves:
    """The retrieves of an org."""
    found = org.parts.setdefault("retrieves", Retrieves(org))
    assert isinstance(found, Retrieves)
    return found


def _collect(org: Org, one: Retrieve) -> None:
    root = "" if one.single_package else "unpackaged/"
    asked = [
        (component, name)
        for kind, members in one.manifest.members.items()
        if (component := find_component_type(kind)) is not None
        for name in _expand(org, component, members)
    ]
    parts: dict[str, Content] = {}
    types: dict[str, str] = {}
    for component, name in asked:
        content = read(org, component.name, name)
        if content is None:
            problem = say("metadata.cannot_be_found", type=component.name, name=name)
            one.messages.append((f"{root}package.xml", problem))
            continue
        _place(org, one, root, component, content, parts, types)
    named = {(component.name, name) for component, name in asked}
    files = {}
    for path, content in parts.items():
        kind = types[path]
        shown = _narrow_profile(content, named) if kind == "Profile" else content
        files[root + path] = write_xml(kind, {key: value for key, value in shown.items() if key != "fullName"})
    files[f"{root}package.xml"] = _write_manifest(one.manifest)
    one.files.append(describe_file(org, "Package", "unpackaged/package.xml", f"{root}package.xml"))
    one.content = write_zip(files)


def _expand(org: Org, component: ComponentType, members: list[str]) -> list[str]:
    """The names that members stand for: * is every component, but of objects only the custom ones."""
    names: dict[str, None] = {}
    for member in members:
        if member != "*":
            names[member] = None
            continue
        for found in list_components(org, component.name):
            own = component.name in ("CustomObject", "CustomField")
            if not own or found.full_name.partition(".")[0].endswith("__c"):
                names[found.full_name] = None
    return list(names)


def _place(
    org: Org, one: Retrieve, root: str, component: ComponentType, content: Content, parts: dict[str, Content],
    types: dict[str, str],
) -> None:  # fmt: skip
    """Puts a component into its file: its own, or its parent's."""
    full_name = str(content["fullName"])
    if component.parent:
        parent, _, own = full_name.partition(".")
        path = component.file_name(parent)
        whole = parts.setdefault(path, {})
        types[path] = component.parent
        siblings = whole.setdefault(component.element, [])
        if not any(part["fullName"] == own for part in siblings):
            siblings.append({**content, "fullName": own})
        parts[path] = arrange(component.parent, whole)
    else:
        path = component.file_name(full_name)
        kind = content_type(component, full_name)
        parts[path] = arrange(kind, {**parts.get(path, {}), **content})
        types[path] = kind
    one.files.append(describe_file(org, component.name, full_name, root + path))


_ABOUT = {
    "fieldPermissions": ("CustomField", "field"),
    "objectPermissions": ("CustomObject", "object"),
    "layoutAssignments": ("Layout", "layout"),
    "recordTypeVisibilities": ("RecordType", "recordType"),
    "applicationVisibilities": ("CustomApplication", "application"),
    "tabVisibilities": ("CustomTab", "tab"),
}


def _narrow_profile(content: Mapping[str, Any], named: set[tuple[str, str]]) -> Content:
    """A profile with what it says of the components that are retrieved with it."""
    shown: Content = {}
    for element, value in content.items():
        if element not in _ABOUT:
            shown[element] = value
            continue
        kind, key = _ABOUT[element]
        kept = [
            one for one in value
            if (kind, str(one.get(key))) in named
            or (kind == "CustomField" and ("CustomObject", str(one.get(key)).partition(".")[0]) in named)
        ]  # fmt: skip
        if kept:
            shown[element] = kept
    return shown


def _write_manifest(manifest: Manifest) -> bytes:
    types = [{"members": members, "name": kind} for kind, members in manifest.members.items()]
    return write_xml("Package", {"types": types, "version": manifest.version})
