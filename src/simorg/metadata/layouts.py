"""Page layouts: one for each object that has layouts, made from its fields until somebody changes or adds one.

The name of a layout is the object's, a dash and its label: `Lead-Lead Layout` (Metadata API Developer Guide, "Layout");
characters that a file name may not hold are written as %XX.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from simorg.fidelity import say
from simorg.metadata.change import Change, Refused
from simorg.metadata.codec import Content, arrange
from simorg.metadata.components import find_component_type
from simorg.metadata.documents import Documents, require_elements
from simorg.org import Org
from simorg.schema.registry import ObjectType

_SYSTEM = frozenset({"Id", "IsDeleted", "SystemModstamp", "MasterRecordId", "IsConverted"})
_ACTIVITIES = ("RelatedActivityList", "RelatedHistoryList")


class Layouts(Documents):
    """The layouts of an org."""

    def __init__(self) -> None:
        component = find_component_type("Layout")
        assert component is not None
        super().__init__(component)

    def names(self, org: Org) -> list[str]:
        """The layouts of every object that has layouts."""
        stored = super().names(org)
        known = {name.lower() for name in stored}
        own = [_own_name(one) for one in org.schema.objects() if one.layoutable]
        return sorted([*stored, *[name for name in own if name.lower() not in known]])

    def read(self, org: Org, name: str) -> Content | None:
        """A layout; the first one of an object is made from its fields until it is changed."""
        found = super().read(org, name)
        if found is None:
            one = _find_object(org, name)
            if one is None or not one.layoutable or _own_name(one).lower() != name.lower():
                return None
            found = _build(one)
        return _without_removed(org, found)

    def create(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Adds a layout."""
        self._check(change.org, name, content)
        self._keep(change, name, content)

    def update(self, change: Change, name: str, content: Mapping[str, Any]) -> None:
        """Replaces a layout whole."""
        self._check(change.org, name, content)
        self._keep(change, name, content)

    def delete(self, change: Change, name: str) -> None:
        """Removes a layout; the last one of an object stays."""
        one = _find_object(change.org, name)
        if one is not None and _own_name(one).lower() == name.lower():
            raise Refused("DELETE_FAILED", say("metadata.last_layout", name=name))
        super().delete(change, name)

    def _check(self, org: Org, name: str, content: Mapping[str, Any]) -> None:
        require_elements("Layout", content)
        one = _find_object(org, name)
        if one is None:
            message = say("metadata.none_found", type="CustomObject", name=name.partition("-")[0])
            raise Refused("INVALID_CROSS_REFERENCE_KEY", message)
        if not content.get("layoutSections"):
            raise Refused("FIELD_INTEGRITY_EXCEPTION", say("metadata.layout_sections"))
        placed: set[str] = set()
        for item in _items(content):
            field = str(item.get("field", ""))
            if not field:
                continue
            if find_layout_field(one, field) is None:
                raise Refused("INVALID_FIELD", say("metadata.layout_field", name=f"{one.name}.{field}"), ("field",))
            if field.lower() in placed:
                raise Refused("DUPLICATE_VALUE", say("metadata.layout_twice", name=field), ("field",))
            placed.add(field.lower())
        missing = sorted(
            field.name
            for field in one.fields.values()
            if field.custom and field.required and field.type != "boolean" and field.name.lower() not in placed
        )
        if missing:
            raise Refused("FIELD_INTEGRITY_EXCEPTION", say("metadata.layout_required", name=missing[0]))


def find_layout_field(one: ObjectType, name: str) -> str | None:
    """The API name of a field as layouts name it: a person's name and an address stand for their parts."""
    field = one.fields.get(name.lower())
    return None if field is None else field.name


def layouts_of(org: Org, one: ObjectType) -> list[str]:
    """The layouts of an object, by name."""
    return [name for name in Layouts().names(org) if name.lower().startswith(f"{one.name.lower()}-")]


def place_field(sections: list[Content], field: str, behavior: str = "Edit") -> None:
    """Puts a field at the end of the first column of a layout's first section."""
    column = sections[0]["layoutColumns"][0]
    column.setdefault("layoutItems", []).append({"behavior": behavior, "field": field})


def _build(one: ObjectType) -> Content:
    """A layout with the object's own fields: two columns of information, then who made and changed the record."""
    shown = [
        field for field in one.fields.values()
        if field.name not in _SYSTEM and field.compound is None and not field.custom and not field.name_pointing
        and field.type != "id"
    ]  # fmt: skip
    audit = {"CreatedById": "Readonly", "LastModifiedById": "Readonly"}
    items: list[Content] = []
    for field in shown:
        if field.name in audit or field.name in ("CreatedDate", "LastModifiedDate") or field.name.startswith("LastV"):
            continue
        open_to_all = field.createable or field.updateable or field.type == "address" or field.components
        behavior = "Required" if field.required or field.name_field else "Edit" if open_to_all else "Readonly"
        items.append({"behavior": behavior, "field": field.name})
    half = (len(items) + 1) // 2
    columns = [{"layoutItems": items[:half]}, {"layoutItems": items[half:]} if items[half:] else {}]
    present = [name for name in audit if name.lower() in one.fields]
    system = [{"layoutItems": [{"behavior": "Readonly", "field": name}]} for name in present]
    sections = [
        _section(f"{one.label} Information", "TwoColumnsTopToBottom", columns),
        *([_section("System Information", "TwoColumnsTopToBottom", system)] if system else []),
        _section("Custom Links", "CustomLinks", [{}, {}, {}]),
    ]
    lists = _ACTIVITIES if any(child.child == "Task" for child in one.children) else ()
    return arrange("Layout", {
        "fullName": _own_name(one),
        "layoutSections": sections,
        **({"relatedLists": [{"relatedList": name} for name in lists]} if lists else {}),
        "showEmailCheckbox": False,
        "showHighlightsPanel": False,
        "showInteractionLogPanel": False,
        "showRunAssignmentRulesCheckbox": False,
        "showSubmitAndAttachButton": False,
    })  # fmt: skip


def _section(label: str, style: str, columns: list[Content]) -> Content:
    return {
        "customLabel": False,
        "detailHeading": True,
        "editHeading": True,
        "label": label,
        "layoutColumns": columns,
        "style": style,
    }


def _items(content: Mapping[str, Any]) -> list[Content]:
    return [
        item
        for section in content.get("layoutSections", [])
        for column in section.get("layoutColumns", [])
        for item in column.get("layoutItems", [])
    ]


def _without_removed(org: Org, content: Content) -> Content:
    """A layout without the fields that were removed since."""
    one = _find_object(org, str(content["fullName"]))
    if one is None:
        return content
    sections = []
    for section in content.get("layoutSections", []):
        columns = []
        for column in section.get("layoutColumns", []):
            items = [
                item for item in column.get("layoutItems", [])
                if not item.get("field") or find_layout_field(one, str(item["field"]))
            ]  # fmt: skip
            kept = {key: value for key, value in column.items() if key != "layoutItems"}
            columns.append({**kept, **({"layoutItems": items} if items else {})})
        sections.append({**section, "layoutColumns": columns})
    return {**content, "layoutSections": sections}


def _own_name(one: ObjectType) -> str:
    return f"{one.name}-{quote(f'{one.label} Layout', safe=' ()')}"


def _find_object(org: Org, name: str) -> ObjectType | None:
    return org.schema.find(unquote(name.partition("-")[0]))
