"""What is told of the record types of an object (REST API Developer Guide, "sObject Describe": recordTypeInfos)."""

from simorg.behaviour.record_types import PROFILE_NAME
from simorg.schema.record_types import MASTER_ID, RecordType, default_of
from simorg.schema.registry import ObjectType
from simorg.wire.http import ApiRequest


def record_type_infos(request: ApiRequest, one: ObjectType) -> list[dict[str, object]]:
    """The recordTypeInfos of a describe: the record types, and the master that every object has."""
    own = default_of(one.record_types, find_profile_name(request))
    infos = [record_type_info(one, each, request.root, default=each is own) for each in one.record_types]
    return [*infos, record_type_info(one, None, request.root, default=own is None)]


def record_type_info(one: ObjectType, each: RecordType | None, root: str, *, default: bool) -> dict[str, object]:
    """What is told of one record type; None is the master."""
    type_id = each.id if each else MASTER_ID
    return {
        "active": each is None or each.active,
        "available": each is None or each.active,
        "defaultRecordTypeMapping": default,
        "developerName": each.developer_name if each else "Master",
        "master": each is None,
        "name": each.label if each else "Master",
        "recordTypeId": type_id,
        "urls": {"layout": f"{root}/sobjects/{one.name}/describe/layouts/{type_id}"},
    }


def find_profile_name(request: ApiRequest) -> str | None:
    """The name of the profile of whoever asks."""
    row = request.org.storage.read_one(PROFILE_NAME, [request.user_id])
    return str(row[0]) if row else None
