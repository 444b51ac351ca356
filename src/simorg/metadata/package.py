"""What a zip asks for: the components of each package in it, and the messages about what does not fit together.

Source: Metadata API Developer Guide, "File-Based Development"; message texts from recordings of deploys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from simorg.fidelity import say
from simorg.metadata.archive import Manifest, read_manifest
from simorg.metadata.codec import Content, read_node
from simorg.metadata.components import (
    SETTINGS,
    ComponentType,
    child_types,
    content_type,
    find_component_type,
    top_types,
)
from simorg.metadata.operations import split_object
from simorg.metadata.xml import Malformed, read_xml

PRE = "destructiveChangesPre.xml"
POST = "destructiveChangesPost.xml"
PLAIN = "destructiveChanges.xml"
_META = "-meta.xml"


@dataclass(frozen=True)
class Planned:
    """One component to deploy or to remove: its type, name and file; `line` and `column` where it stands there."""

    type: str
    full_name: str
    file: str
    content: Content | None = None
    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class Message:
    """A message about a file rather than about what became of a component."""

    type: str
    full_name: str
    file: str
    problem: str
    line: int = 0
    column: int = 0
    warning: bool = False


@dataclass
class Package:
    """One package: what to remove first, to deploy, to remove afterwards, and what is wrong with its files."""

    version: str = ""
    pre: list[Planned] = field(default_factory=list)
    components: list[Planned] = field(default_factory=list)
    post: list[Planned] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)


def read_packages(files: Mapping[str, bytes], *, single: bool, missing_allowed: bool) -> list[Package]:
    """The packages of a zip: with `single` its root is one, else each of its folders."""
    roots = [""] if single else sorted({name.partition("/")[0] + "/" for name in files if "/" in name})
    packages = []
    for root in roots:
        inside = {name[len(root) :]: content for name, content in files.items() if name.startswith(root)}
        packages.append(_read_package(root, inside, missing_allowed=missing_allowed))
    if not packages:
        packages.append(_without_manifest(""))
    return packages


def _without_manifest(root: str) -> Package:
    return Package(messages=[Message("", "package.xml", f"{root}package.xml", "No package.xml found")])


def _read_package(root: str, files: Mapping[str, bytes], *, missing_allowed: bool) -> Package:
    if "package.xml" not in files:
        return _without_manifest(root)
    package = Package()
    manifest = _read_manifest(package, root, "package.xml", files)
    package.version = manifest.version
    found: list[Planned] = []
    for name, content in sorted(files.items()):
        found += _read_file(package, root, name, content) if "/" in name else []
    _choose(package, manifest, found)
    if not missing_allowed:
        _find_absent(package, root, manifest, found)
    for file, target in ((PRE, package.pre), (PLAIN, package.post), (POST, package.post)):
        if file in files:
            for kind, members in _read_manifest(package, root, file, files).members.items():
                target += [Planned(kind, name, root + file) for name in members]
    return package


def _choose(package: Package, manifest: Manifest, found: list[Planned]) -> None:
    """Takes the components that package.xml names; for the others there is a message."""
    named = {(kind, one.lower()) for kind, members in manifest.members.items() for one in members}
    for planned in found:
        if _is_named(planned, named):
            package.components.append(planned)
        elif planned.content is not None:
            where = (planned.file, say("metadata.not_in_manifest"), planned.line, planned.column)
            package.messages.append(Message(planned.type, planned.full_name, *where))


def _read_manifest(package: Package, root: str, file: str, files: Mapping[str, bytes]) -> Manifest:
    try:
        return read_manifest(files[file])
    except Malformed as error:
        package.messages.append(Message("", file, root + file, error.message, error.line, error.column))
        return Manifest()


def _read_file(package: Package, root: str, name: str, content: bytes) -> list[Planned]:
    """The components in one file; its name says what it holds."""
    directory, _, base = name.partition("/")
    base = base.removesuffix(_META)
    component = next(
        (one for one in top_types() if one.directory == directory and base.endswith(f".{one.suffix}")), None
    )
    if component is None:
        package.messages.append(Message("", base, root + name, say("metadata.unknown_folder", name=directory)))
        return []
    full_name = unquote(base.removesuffix(f".{component.suffix}"), errors="replace")
    if component.name == "Layout":
        full_name = base.removesuffix(f".{component.suffix}")
    try:
        return _read_component(component, full_name, root + name, content)
    except Malformed as error:
        problem = f"Error parsing file: {error.message} at {error.line}:{error.column}"
        package.messages.append(Message(component.name, full_name, root + name, problem, error.line, error.column))
        return []


def _read_component(component: ComponentType, full_name: str, file: str, content: bytes) -> list[Planned]:
    kind = content_type(component, full_name)
    node = read_xml(content)
    if not kind or node.name != kind:
        raise Malformed(say("metadata.wrong_root", name=node.name[:80], type=kind or component.name), node.line, 1)
    read = {**read_node(kind, node), "fullName": full_name}
    if component.name != "CustomObject":
        return [Planned(component.name, full_name, file, read)]
    own, children = split_object(read)
    places = _places(node)
    planned = [Planned("CustomObject", full_name, file, own)]
    if own.keys() <= {"fullName"}:
        # A file that only carries children does not change the object itself.
        planned = [Planned("CustomObject", full_name, file, None)]
    for child_type, child in children:
        line, column = places.get((child_type, str(child["fullName"]).partition(".")[2]), (0, 0))
        planned.append(Planned(child_type, str(child["fullName"]), file, child, line, column))
    return planned


def _places(node: Any) -> dict[tuple[str, str], tuple[int, int]]:
    """Where each child begins, by its type and name."""
    elements = {child.element: child.name for child in child_types("CustomObject")}
    return {
        (elements[one.name], one.value("fullName")): (one.line, one.column)
        for one in node.children
        if one.name in elements
    }


def _is_named(planned: Planned, named: set[tuple[str, str]]) -> bool:
    """Whether package.xml asks for a component: by name, by *, or with the object that it belongs to."""
    name = planned.full_name.lower()
    if (planned.type, name) in named or (planned.type, "*") in named:
        return True
    component = find_component_type(planned.type)
    if component is None or not component.parent:
        return False
    parent = name.partition(".")[0]
    return (component.parent, parent) in named or (component.parent, "*") in named


def _find_absent(package: Package, root: str, manifest: Manifest, found: list[Planned]) -> None:
    present = {(one.type, one.full_name.lower()) for one in found}
    failed = {(one.type, one.full_name.lower()) for one in package.messages}
    for kind, members in manifest.members.items():
        for name in members:
            key = (kind, name.lower())
            if name == "*" or key in present or key in failed:
                continue
            problem = say("metadata.absent", name=name, type=kind)
            package.messages.append(Message(kind, name, f"{root}package.xml", problem))


_ORDER = [
    SETTINGS.name, "CustomObject", "CustomField", "RecordType", "BusinessProcess", "ValidationRule", "FieldSet",
    "CompactLayout", "ListView", "WebLink", "Layout", "CustomTab", "CustomPermission", "ExternalClientApplication",
]  # fmt: skip


def in_order(planned: list[Planned]) -> list[Planned]:
    """Components in an order in which what is built on others comes later: fields by what they may refer to."""

    def rank(one: Planned) -> tuple[int, int]:
        kind = _ORDER.index(one.type) if one.type in _ORDER else len(_ORDER) + (one.type == "PermissionSet") * 2
        if one.type == "Profile":
            kind += 3
        return kind, rank_field(one.content or {})

    return sorted(planned, key=rank)


def rank_field(content: Mapping[str, Any]) -> int:
    """How late a field comes: lookups after plain ones, then roll-ups, then formulas."""
    late = 3 if content.get("formula") else 2 if content.get("type") == "Summary" else 0
    return late or int("referenceTo" in content)
