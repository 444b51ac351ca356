"""A package that an administrator deploys instead of letting Syncline do it: the fields, and the permission set.

Source: Metadata API Developer Guide, "CustomField", "PermissionSet" and "package.xml". A user, its licence and the
assignment of the set are no metadata: they stay for a person, and the README in the package says so.
"""

import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree

from syncline.domain.provision import FIELDS, MARKER, SET_LABEL, SET_NAME, Blueprint, FieldPlan
from syncline.domain.rights import CREATE, DELETE, EDIT, MODIFY_ALL, READ, VIEW_ALL, Right

_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
#: The names that metadata has for what is granted on an object, in the order of the WSDL.
_OBJECT_ELEMENTS = (
    ("allowCreate", CREATE), ("allowDelete", DELETE), ("allowEdit", EDIT), ("allowRead", READ),
    ("modifyAllRecords", MODIFY_ALL), ("viewAllRecords", VIEW_ALL),
)  # fmt: skip
_README = """\
The set-up of Syncline as a package of metadata.

Deploy it with a tool of your choice, for example
    sf project deploy start --metadata-dir .
and then, in Setup:
    1. Create the user {user} (first name {first}, last name {last}) with the licence Salesforce Integration and the
       profile Minimum Access - API Only Integrations, and assign it the permission set licence
       Salesforce API Integration.
    2. Assign it the permission set {label}.
`syncline check` says afterwards whether anything is missing.
"""


def build_package(blueprint: Blueprint, api_version: str) -> dict[str, str]:
    """The files of the package, by their paths."""
    files = {"README.txt": _build_readme(blueprint), "package.xml": _build_manifest(blueprint, api_version)}
    if blueprint.fields:
        for name in blueprint.objects:
            files[f"objects/{name}.object"] = _build_object([FIELDS[one] for one in blueprint.fields])
    files[f"permissionsets/{SET_NAME}.permissionset"] = _build_set(blueprint.rights)
    return files


def build_zip(files: Mapping[str, str]) -> bytes:
    """The package as the zip that a deploy takes; the README is no component, and stays out."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(files.items()):
            if not name.endswith(".txt"):
                archive.writestr(name, text)
    return packed.getvalue()


def _build_readme(blueprint: Blueprint) -> str:
    user = blueprint.user
    return _README.format(user=user.username, first=user.first_name, last=user.last_name, label=SET_LABEL)


def _build_manifest(blueprint: Blueprint, api_version: str) -> str:
    root = ElementTree.Element("Package", xmlns=_NAMESPACE)
    members = {
        "CustomField": [f"{name}.{FIELDS[one].name}" for name in blueprint.objects for one in blueprint.fields],
        "PermissionSet": [SET_NAME],
    }
    for kind, names in members.items():
        if names:
            types = ElementTree.SubElement(root, "types")
            _add(types, (("members", name) for name in sorted(names)))
            _add(types, [("name", kind)])
    _add(root, [("version", api_version)])
    return _write(root)


def _build_object(fields: Iterable[FieldPlan]) -> str:
    root = ElementTree.Element("CustomObject", xmlns=_NAMESPACE)
    for plan in sorted(fields, key=lambda one: one.name):
        element = ElementTree.SubElement(root, "fields")
        # The elements of a type stand in the order of the alphabet, its name first.
        _add(element, [("fullName", plan.name)])
        _add(element, sorted({**plan.facts, "description": MARKER}.items()))
    return _write(root)


def _build_set(rights: Mapping[Right, str]) -> str:
    root = ElementTree.Element("PermissionSet", xmlns=_NAMESPACE)
    _add(root, [("description", MARKER)])
    for name, granted in sorted(_by(one for one in rights if one.field).items()):
        element = ElementTree.SubElement(root, "fieldPermissions")
        _add(element, [("editable", EDIT in granted), ("field", f"{name[0]}.{name[1]}"), ("readable", READ in granted)])
    _add(root, [("hasActivationRequired", False), ("label", SET_LABEL)])
    for name, granted in sorted(_by(one for one in rights if one.object and not one.field).items()):
        element = ElementTree.SubElement(root, "objectPermissions")
        values: list[tuple[str, object]] = [(tag, right in granted) for tag, right in _OBJECT_ELEMENTS]
        _add(element, sorted([*values, ("object", name[0])]))
    for one in sorted(right for right in rights if not right.object):
        element = ElementTree.SubElement(root, "userPermissions")
        _add(element, [("enabled", True), ("name", one.permission)])
    return _write(root)


def _by(rights: Iterable[Right]) -> dict[tuple[str, str], set[str]]:
    granted: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in rights:
        granted[one.object, one.field].add(one.permission)
    return granted


def _add(parent: ElementTree.Element, values: Iterable[tuple[str, object]]) -> None:
    for name, value in values:
        ElementTree.SubElement(parent, name).text = str(value).lower() if isinstance(value, bool) else str(value)


def _write(root: ElementTree.Element) -> str:
    ElementTree.indent(root, "    ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'
