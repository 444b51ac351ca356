"""What a session can do over SOAP: convertLead, merge, undelete, delete, create, update, query, and who it is."""

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

from simorg.behaviour.conversion import Conversion, convert
from simorg.behaviour.dml import Options, Outcome, Writer, refuse
from simorg.behaviour.duplicates import DuplicateOptions, Duplicates
from simorg.behaviour.merge import merge
from simorg.behaviour.recycle_bin import RecycleBin
from simorg.errors import ApiError, RowError
from simorg.fidelity import say
from simorg.ids import to_18
from simorg.org import Org
from simorg.schema.registry import ObjectType
from simorg.transactions import Transaction
from simorg.wire.duplicates import tell_duplicates
from simorg.wire.passwords import change_password, reset
from simorg.wire.soap_envelope import SoapCall, build, child, child_text, children, is_nil, local
from simorg.wire.soap_user import describe_user

_MOST = 200


class _RolledBack(Exception):
    """One record was refused, and all or none was wanted."""


def convert_lead(call: SoapCall) -> Element:
    """convertLead(leadConverts)."""
    results = []
    for asked in _some(call, "leadConverts"):
        with call.org.storage.transaction(call.user_id) as tx:
            done = convert(call.org, tx, _read_conversion(asked))
        results.append(
            {
                "accountId": done.account_id,
                "contactId": done.contact_id,
                **_errors(done.error),
                "leadId": done.lead_id,
                "opportunityId": done.opportunity_id,
                "success": done.error is None,
            }
        )
    return build(call.namespace, "convertLeadResponse", {"result": results})


def merge_records(call: SoapCall) -> Element:
    """merge(request)."""
    results = []
    for asked in _some(call, "request"):
        master = child(asked, "masterRecord")
        if master is None:
            raise ApiError(500, "MISSING_ARGUMENT", "masterRecord is missing")
        one, values = _read_record(call, master)
        losers = [_require_id(found.text or "") for found in children(asked, "recordToMergeIds")]
        master_id = _require_id(str(values.pop("Id", "")))
        with call.org.storage.transaction(call.user_id) as tx:
            done = merge(call.org, tx, one, master_id, losers, values)
        results.append(
            {
                **_errors(done.error),
                "id": done.master_id,
                "mergedRecordIds": list(done.merged),
                "success": done.error is None,
                "updatedRelatedIds": list(done.related),
            }
        )
    return build(call.namespace, "mergeResponse", {"result": results})


def create(call: SoapCall) -> Element:
    """create(sObjects)."""
    return _write(call, "create", lambda writer, one, values: writer.create(one, values))


def update(call: SoapCall) -> Element:
    """update(sObjects)."""

    def change(writer: Writer, one: ObjectType, values: dict[str, Any]) -> Outcome:
        found = to_18(str(values.pop("Id", "")))
        if found is None:
            return refuse(RowError("MISSING_ARGUMENT", "Id not specified in an update call"))
        return writer.update(one, found, values)

    return _write(call, "update", change)


def delete(call: SoapCall) -> Element:
    """delete(ids)."""
    return _by_id(call, "delete", lambda org, tx, one, record_id: Writer(org, tx).delete(one, record_id))


def undelete(call: SoapCall) -> Element:
    """undelete(ids)."""
    return _by_id(call, "undelete", lambda org, tx, one, record_id: RecycleBin(org, tx).undelete(one, record_id))


def get_user_info(call: SoapCall) -> Element:
    """getUserInfo()."""
    return build(call.namespace, "getUserInfoResponse", {"result": describe_user(call.org, call.user_id)})


def get_server_timestamp(call: SoapCall) -> Element:
    """getServerTimestamp()."""
    stamp = call.org.clock.stamp()[:-1] + ".000Z"
    return build(call.namespace, "getServerTimestampResponse", {"result": {"timestamp": stamp}})


def logout(call: SoapCall) -> Element:
    """logout()."""
    if call.request.session:
        call.org.end_session(call.request.session.token)
    return build(call.namespace, "logoutResponse", {})


def _write(call: SoapCall, name: str, write: Callable[[Writer, ObjectType, dict[str, Any]], Outcome]) -> Element:
    options = _read_options(call)
    records = [_read_record(call, one) for one in _some(call, "sObjects")]

    def write_all(tx: Transaction) -> list[Outcome]:
        writer = Writer(call.org, tx, options)
        return [write(writer, one, values) for one, values in records]

    return _answer_writes(call, name, write_all)


def _read_options(call: SoapCall) -> Options:
    """AssignmentRuleHeader is off unless it is sent; DuplicateRuleHeader says whether to save nevertheless."""
    assignment = child(call.header, "AssignmentRuleHeader")
    rule = to_18(child_text(assignment, "assignmentRuleId"))
    duplicates = child(call.header, "DuplicateRuleHeader")
    return Options(
        auto_assign=rule is not None or child_text(assignment, "useDefaultRule") in ("true", "1"),
        assignment_rule=rule,
        duplicates=DuplicateOptions(
            child_text(duplicates, "allowSave") in ("true", "1"),
            child_text(duplicates, "includeRecordDetails") in ("true", "1"),
            child_text(duplicates, "runAsCurrentUser") in ("true", "1"),
        ),
    )


def _wants_all_or_none(call: SoapCall) -> bool:
    return child_text(child(call.header, "AllOrNoneHeader"), "allOrNone") in ("true", "1")


def _by_id(call: SoapCall, name: str, act: Callable[[Org, Transaction, ObjectType, str], Outcome]) -> Element:
    given = [(one.text or "").strip() for one in _some(call, "ids")]

    def act_on(tx: Transaction, text: str) -> Outcome:
        record_id = to_18(text)
        one = call.org.view(call.user_id).by_prefix(record_id) if record_id else None
        if record_id is None or one is None:
            return refuse(RowError("MALFORMED_ID", f"malformed id {text}"))
        return act(call.org, tx, one, record_id)

    return _answer_writes(call, name, lambda tx: [act_on(tx, text) for text in given])


def _answer_writes(call: SoapCall, name: str, write_all: Callable[[Transaction], list[Outcome]]) -> Element:
    """Writes in one transaction, and tells what became of each record; of all or none, where that is wanted."""
    outcomes: list[Outcome] = []
    try:
        with call.org.storage.transaction(call.user_id) as tx:
            outcomes += write_all(tx)
            if _wants_all_or_none(call) and not all(one.success for one in outcomes):
                raise _RolledBack
    except _RolledBack:
        error = RowError("ALL_OR_NONE_OPERATION_ROLLED_BACK", say("collections.rolled_back"))
        outcomes = [one if one.errors else refuse(error) for one in outcomes]
    return build(call.namespace, f"{name}Response", {"result": [_show(outcome) for outcome in outcomes]})


def _show(outcome: Outcome) -> dict[str, object]:
    return {**_errors(*outcome.errors), "id": outcome.id, "success": outcome.success}


def _errors(*errors: RowError | None) -> dict[str, object]:
    told = []
    for error in errors:
        if error:
            item: dict[str, object] = {"fields": list(error.fields), "message": error.message, "statusCode": error.code}
            if isinstance(error.extra, Duplicates):
                item = {"duplicateResult": tell_duplicates(error.extra), **item}
            told.append(item)
    return {"errors": told} if told else {}


def _some(call: SoapCall, name: str) -> list[Element]:
    found = children(call.arguments, name)
    if len(found) > _MOST:
        message = say("collections.too_many", number=len(found), most=_MOST)
        raise ApiError(500, "EXCEEDED_ID_LIMIT", message)
    return found


def _read_conversion(asked: Element) -> Conversion:
    return Conversion(
        lead_id=_require_id(child_text(asked, "leadId")),
        converted_status=child_text(asked, "convertedStatus"),
        account_id=_optional_id(asked, "accountId"),
        contact_id=_optional_id(asked, "contactId"),
        opportunity_name=child_text(asked, "opportunityName") or None,
        owner_id=_optional_id(asked, "ownerId"),
        without_opportunity=child_text(asked, "doNotCreateOpportunity") in ("true", "1"),
        overwrite_lead_source=child_text(asked, "overwriteLeadSource") in ("true", "1"),
    )


def _read_record(call: SoapCall, element: Element) -> tuple[ObjectType, dict[str, Any]]:
    """An sObject: its type (partner: a child; enterprise: xsi:type), and its fields; fieldsToNull are None."""
    named = child_text(element, "type") or (_type_attribute(element) or "")
    one = call.org.view(call.user_id).find(named)
    if one is None:
        raise ApiError(500, "INVALID_TYPE", f"sObject type '{named}' is not supported.")
    values: dict[str, Any] = {}
    for part in element:
        name = local(part)
        if name == "fieldsToNull":
            values[(part.text or "").strip()] = None
        elif name != "type":
            values[name] = None if is_nil(part) else (part.text or "")
    return one, values


def _type_attribute(element: Element) -> str | None:
    for name, value in element.attrib.items():
        if name.endswith("}type"):
            return value.rpartition(":")[2]
    return None


def _require_id(text: str) -> str:
    found = to_18(text.strip())
    if found is None:
        raise ApiError(500, "MALFORMED_ID", f"malformed id {text}")
    return found


def _optional_id(asked: Element, name: str) -> str | None:
    found = child(asked, name)
    return None if found is None or is_nil(found) or not (found.text or "").strip() else _require_id(found.text or "")


def set_password(call: SoapCall) -> Element:
    """setPassword(userId, password)."""
    user_id = _require_id(child_text(call.arguments, "userId"))
    change_password(call.request, user_id, child_text(call.arguments, "password"))
    return build(call.namespace, "setPasswordResponse", {"result": {}})


def reset_password(call: SoapCall) -> Element:
    """resetPassword(userId)."""
    made = reset(call.request, _require_id(child_text(call.arguments, "userId")))
    return build(call.namespace, "resetPasswordResponse", {"result": {"password": made}})


OPERATIONS: dict[str, Callable[[SoapCall], Element]] = {
    "convertLead": convert_lead,
    "merge": merge_records,
    "create": create,
    "update": update,
    "delete": delete,
    "undelete": undelete,
    "getUserInfo": get_user_info,
    "getServerTimestamp": get_server_timestamp,
    "logout": logout,
    "setPassword": set_password,
    "resetPassword": reset_password,
}
