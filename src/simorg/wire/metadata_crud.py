"""The calls of the Metadata API on single components, and what it says of itself."""

from collections.abc import Callable
from dataclasses import dataclass

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.metadata import operations
from simorg.metadata.change import Change
from simorg.metadata.codec import Content, read_node
from simorg.metadata.components import child_types, content_type, find_component_type, top_types
from simorg.metadata.listing import FileFacts, list_components
from simorg.metadata.operations import Result, run_all
from simorg.metadata.types import find_enum, find_type
from simorg.metadata.xml import Node
from simorg.org import Org
from simorg.wire.http import ApiRequest

_MOST = 10
_MOST_APPS = 200
_MOST_QUERIES = 3
_SOAP_TYPES = {"boolean": "boolean", "int": "int", "double": "double", "dateTime": "dateTime"}


@dataclass(frozen=True)
class MetadataCall:
    """One call. `arguments` is the operation's element."""

    request: ApiRequest
    org: Org
    user_id: str
    version: float
    arguments: Node
    header: Node | None


def create_metadata(call: MetadataCall) -> object:
    """createMetadata(metadata)."""
    return [_show(one) for one in _write(call, operations.create)]


def update_metadata(call: MetadataCall) -> object:
    """updateMetadata(metadata)."""
    return [_show(one) for one in _write(call, operations.update)]


def upsert_metadata(call: MetadataCall) -> object:
    """upsertMetadata(metadata)."""
    return [{"created": one.created, **_show(one)} for one in _write(call, operations.upsert)]


def delete_metadata(call: MetadataCall) -> object:
    """deleteMetadata(type, fullNames)."""
    kind, names = _names(call)

    def act_on(name: str) -> Callable[[Change], Result]:
        return lambda change: operations.delete(change, kind, name)

    return [_show(one) for one in _run(call, [act_on(name) for name in names])]


def rename_metadata(call: MetadataCall) -> object:
    """renameMetadata(type, oldFullName, newFullName)."""
    kind = _type(call)
    old, new = call.arguments.value("oldFullName"), call.arguments.value("newFullName")
    return _show(_run(call, [lambda change: operations.rename(change, kind, old, new)])[0])


def read_metadata(call: MetadataCall) -> object:
    """readMetadata(type, fullNames): what is not there is nil."""
    kind, names = _names(call)
    shown: list[tuple[object, Content | None]] = []
    for name in names:
        found = operations.read(call.org, kind, name)
        component = find_component_type(kind)
        own = content_type(component, name) if component else kind
        shown.append(("records" if found is None else ("records", own), found))
    return tuple(shown)


def list_metadata(call: MetadataCall) -> object:
    """listMetadata(queries, asOfVersion)."""
    queries = call.arguments.all("queries")
    if len(queries) > _MOST_QUERIES:
        raise ApiError(500, "LIMIT_EXCEEDED", say("metadata.too_many_queries", most=_MOST_QUERIES))
    return [
        show_file(call.org, one) for query in queries for one in list_components(call.org, _known(query.value("type")))
    ]


def describe_metadata(call: MetadataCall) -> object:
    """describeMetadata(asOfVersion)."""
    return {
        "metadataObjects": [
            {
                "childXmlNames": [child.name for child in child_types(one.name)],
                "directoryName": one.directory,
                "inFolder": False,
                "metaFile": False,
                "suffix": one.suffix,
                "xmlName": one.name,
            }
            for one in top_types()
        ],
        "organizationNamespace": "",
        "partialSaveAllowed": True,
        "testRequired": False,
    }


def describe_value_type(call: MetadataCall) -> object:
    """describeValueType(type), the type as {namespace}Name."""
    asked = call.arguments.value("type")
    name = asked.rpartition("}")[2]
    if find_type(name) is None:
        raise ApiError(500, "INVALID_TYPE", say("metadata.unknown_type", type=asked[:80]))
    settings = name.endswith("Settings")
    crud = find_component_type(name) is not None
    return {
        "apiCreatable": crud and not settings,
        "apiDeletable": crud and not settings,
        "apiReadable": crud,
        "apiUpdatable": crud,
        "valueTypeFields": _value_fields(name, 0),
    }


def show_file(org: Org, one: FileFacts) -> Content:
    """A component as lists and retrieves show it."""
    return {
        "createdById": one.created_by,
        "createdByName": org.user_name(one.created_by),
        "createdDate": show_stamp(one.created),
        "fileName": one.file,
        "fullName": one.full_name,
        "id": one.id,
        "lastModifiedById": one.changed_by,
        "lastModifiedByName": org.user_name(one.changed_by),
        "lastModifiedDate": show_stamp(one.changed),
        "manageableState": "unmanaged",
        "type": one.type,
    }


def show_stamp(stored: str) -> str:
    """A moment as XML has it."""
    return stored[:-1] + ".000Z"


def _value_fields(name: str, depth: int) -> list[Content]:
    shown = []
    for one in (find_type(name) or {}).values():
        field: Content = {}
        if find_type(one.kind) is not None and depth < 2:
            field["fields"] = _value_fields(one.kind, depth + 1)
        field |= {
            "isForeignKey": False,
            "isNameField": one.name == "fullName",
            "minOccurs": int(one.required),
            "name": one.name,
        }
        values = find_enum(one.kind)
        if values:
            field["picklistValues"] = [
                {"active": True, "defaultValue": False, "label": value, "value": value} for value in values
            ]
        kind = "string" if values else _SOAP_TYPES.get(one.kind, "string" if find_type(one.kind) is None else one.kind)
        shown.append({**field, "soapType": kind, "valueRequired": one.required})
    return shown


def _write(call: MetadataCall, write: Callable[[Change, str, Content], Result]) -> list[Result]:
    given = call.arguments.all("metadata")
    kinds = {one.type for one in given}
    if len(kinds) > 1:
        raise ApiError(500, "INVALID_TYPE", say("metadata.one_type"))
    kind = _known(next(iter(kinds), "")) if given else ""
    _check_number(kind, len(given))

    def act_on(node: Node) -> Callable[[Change], Result]:
        name = kind if kind != "Settings" else node.type
        content = read_node(name, node)
        return lambda change: write(change, name, content)

    return _run(call, [act_on(one) for one in given])


def _run(call: MetadataCall, acts: list[Callable[[Change], Result]]) -> list[Result]:
    wanted = call.header.child("AllOrNoneHeader") if call.header else None
    return run_all(
        call.org, call.user_id, call.version, call.arguments.name, acts,
        all_or_none=wanted is not None and wanted.says("allOrNone"),
    )  # fmt: skip


def _names(call: MetadataCall) -> tuple[str, list[str]]:
    kind = _type(call)
    names = [one.text.strip() for one in call.arguments.all("fullNames")]
    _check_number(kind, len(names))
    return kind, names


def _type(call: MetadataCall) -> str:
    return _known(call.arguments.value("type"))


def _known(name: str) -> str:
    if find_component_type(name) is None:
        raise ApiError(500, "INVALID_TYPE", say("metadata.unknown_type", type=name[:80]))
    return name


def _check_number(kind: str, number: int) -> None:
    most = _MOST_APPS if kind == "CustomApplication" else _MOST
    if number > most:
        raise ApiError(500, "LIMIT_EXCEEDED", say("metadata.too_many", number=number, most=most))


def _show(one: Result) -> Content:
    shown: Content = {}
    if one.error:
        shown["errors"] = [
            {"fields": list(one.error.fields), "message": one.error.message, "statusCode": one.error.code}
        ]
    return {**shown, "fullName": one.full_name, "success": one.error is None}


CRUD_OPERATIONS: dict[str, Callable[[MetadataCall], object]] = {
    "createMetadata": create_metadata,
    "updateMetadata": update_metadata,
    "upsertMetadata": upsert_metadata,
    "deleteMetadata": delete_metadata,
    "renameMetadata": rename_metadata,
    "readMetadata": read_metadata,
    "listMetadata": list_metadata,
    "describeMetadata": describe_metadata,
    "describeValueType": describe_value_type,
}
