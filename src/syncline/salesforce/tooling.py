"""Custom fields and page layouts, by the Tooling API (Tooling API Reference, "CustomField" and "Layout")."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote as quote_url

from syncline.salesforce.answers import read_page
from syncline.salesforce.client import Salesforce
from syncline.salesforce.soql import build_query, quote, quote_list


def find_fields(client: Salesforce, object_name: str, developer_names: Sequence[str]) -> dict[str, str]:
    """The ids of those custom fields of an object that there are, by their names without ending.

    Raises:
        RemoteRefused: this session may not see them.
    """
    names = quote_list(developer_names)
    # A package's field may have the same name behind its prefix; ours has no prefix.
    where = f"TableEnumOrId = {quote(object_name)} AND DeveloperName IN {names} AND NamespacePrefix = null"
    found = _query(client, build_query("CustomField", ["Id", "DeveloperName"], where))
    return {one["DeveloperName"]: one["Id"] for one in found}


def read_component(client: Salesforce, kind: str, component_id: str) -> dict[str, Any]:
    """The metadata of one component."""
    body: dict[str, Any] = client.json("tooling", "GET", client.path(f"/tooling/sobjects/{kind}/{component_id}"))
    metadata: dict[str, Any] = body["Metadata"]
    return metadata


def create_field(client: Salesforce, full_name: str, metadata: Mapping[str, object]) -> None:
    """Makes a custom field. Sent once: whoever gets no answer looks whether it is there.

    Raises:
        RemoteRefused: the org refuses it.
    """
    path = client.path("/tooling/sobjects/CustomField")
    client.send("tooling", "POST", path, json={"FullName": full_name, "Metadata": dict(metadata)}, repeat=False)


def delete_field(client: Salesforce, field_id: str) -> None:
    """Takes a custom field away, with all that it holds."""
    client.send("tooling", "DELETE", client.path(f"/tooling/sobjects/CustomField/{field_id}"))


def find_layouts(client: Salesforce, objects: Sequence[str]) -> dict[tuple[str, str], str]:
    """The ids of the layouts of some objects, by (object, layout)."""
    soql = build_query("Layout", ["Id", "Name", "TableEnumOrId"], f"TableEnumOrId IN {quote_list(objects)}")
    return {(one["TableEnumOrId"], one["Name"]): one["Id"] for one in _query(client, soql)}


def placed_fields(metadata: Mapping[str, Any]) -> frozenset[str]:
    """The fields that a layout shows."""
    return frozenset(str(item["field"]) for item in _items(metadata) if item.get("field"))


def place_fields(client: Salesforce, layout_id: str, fields: Sequence[str]) -> None:
    """Puts fields at the end of the first section of a layout, for reading, where they are not on it yet.

    Raises:
        RemoteRefused: the org refuses it.
    """
    metadata = read_component(client, "Layout", layout_id)
    there = placed_fields(metadata)
    missing = [name for name in fields if name not in there]
    sections = metadata.get("layoutSections") or []
    if not missing or not sections:
        return
    columns = sections[0]["layoutColumns"]
    columns[0]["layoutItems"] = [
        *(columns[0].get("layoutItems") or []),
        *({"behavior": "Readonly", "field": name} for name in missing),
    ]
    path = client.path(f"/tooling/sobjects/Layout/{layout_id}")
    client.send("tooling", "PATCH", path, json={"Metadata": metadata})


def _items(metadata: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for section in metadata.get("layoutSections") or ():
        for column in section.get("layoutColumns") or ():
            yield from column.get("layoutItems") or ()


def _query(client: Salesforce, soql: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    path: str | None = client.path(f"/tooling/query?q={quote_url(soql, safe='')}")
    while path:
        page = read_page(client.json("tooling", "GET", path))
        rows += page.records
        path = page.next_url
    return rows
