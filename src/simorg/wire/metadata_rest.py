"""Metadata API over REST: deploys (Metadata API Developer Guide, "REST Resources": deployRequest)."""

import json
from typing import Any

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.metadata.deploy import Deploy, DeployMessage, DeployOptions, deploys_of
from simorg.metadata.rights import require_metadata
from simorg.org import Org
from simorg.wire.http import ApiRequest, ApiResponse, Route, data
from simorg.wire.metadata_calls import TEST_LEVELS
from simorg.wire.multipart import read_parts

_OPTIONS = {
    "allowMissingFiles": "missing_allowed", "checkOnly": "check_only", "ignoreWarnings": "ignore_warnings",
    "purgeOnDelete": "purge_on_delete", "rollbackOnError": "rollback_on_error", "singlePackage": "single_package",
    "performRetrieve": "perform_retrieve", "autoUpdatePackage": "auto_update_package",
}  # fmt: skip


def start(request: ApiRequest) -> ApiResponse:
    """POST /metadata/deployRequest: two parts, `json` with deployOptions and `file`, the zip."""
    _require(request)
    parts = read_parts(request)
    asked, zipped = parts.get("json"), parts.get("file")
    if asked is None or zipped is None:
        raise ApiError(400, "INVALID_MULTIPART_REQUEST", say("metadata.parts"))
    options = _read_options(asked)
    started = deploys_of(request.org).start(request.user_id, request.version, zipped, options)
    return ApiResponse(201, {**_address(request, started), "deployOptions": _show_options(started.options)})


def check(request: ApiRequest, deploy_id: str) -> ApiResponse:
    """GET /metadata/deployRequest/id[?includeDetails=true]."""
    _require(request)
    found = _find(request, deploy_id)
    details = request.args.get("includeDetails", "").lower() == "true"
    return ApiResponse(200, _show(request, found, details=details))


def cancel(request: ApiRequest, deploy_id: str) -> ApiResponse:
    """PATCH /metadata/deployRequest/id {"deployResult": {"status": "Canceling"}}."""
    _require(request)
    found = _find(request, deploy_id)
    wanted = request.json_object().get("deployResult")
    if not isinstance(wanted, dict) or wanted.get("status") != "Canceling":
        raise ApiError(400, "INVALID_FIELD", say("metadata.only_cancel"))
    try:
        deploys_of(request.org).cancel(found, request.user_id)
    except ApiError as error:
        raise ApiError(400, error.code, error.message) from None
    return ApiResponse(202, _show(request, found, details=False))


def _require(request: ApiRequest) -> None:
    try:
        require_metadata(request.org, request.user_id)
    except ApiError as error:
        raise ApiError(403, error.code, error.message) from None


def _find(request: ApiRequest, deploy_id: str) -> Deploy:
    found = deploys_of(request.org).find(deploy_id)
    if found is None:
        raise ApiError(404, "NOT_FOUND", "The requested resource does not exist")
    return found


def _read_options(content: bytes) -> DeployOptions:
    try:
        asked = json.loads(content)
        given = asked["deployOptions"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ApiError(400, "JSON_PARSER_ERROR", say("metadata.options")) from None
    if not isinstance(given, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", say("metadata.options"))
    facts: dict[str, Any] = {}
    for name, value in given.items():
        if name in _OPTIONS and value is not None:
            if not isinstance(value, bool):
                raise ApiError(400, "JSON_PARSER_ERROR", say("metadata.bad_json", where=name, kind="boolean"))
            facts[_OPTIONS[name]] = value
        elif name == "testLevel" and value is not None:
            if value not in TEST_LEVELS:
                raise ApiError(400, "JSON_PARSER_ERROR", say("metadata.bad_enum", value=value, enum="TestLevel"))
            facts["test_level"] = value
        elif name == "runTests" and isinstance(value, list):
            facts["run_tests"] = tuple(str(one) for one in value)
        elif value is not None:
            raise ApiError(400, "JSON_PARSER_ERROR", say("metadata.unknown_json", name=name[:80], type="DeployOptions"))
    return DeployOptions(**facts)


def _address(request: ApiRequest, one: Deploy) -> dict[str, object]:
    return {"id": one.id, "url": f"{request.base_url}{request.root}/metadata/deployRequest/{one.id}"}


def _show_options(one: DeployOptions) -> dict[str, object]:
    shown: dict[str, object] = {name: getattr(one, own) for name, own in _OPTIONS.items()}
    return {**shown, "runTests": list(one.run_tests) or None, "testLevel": one.test_level or "NoTestRun"}


def _show(request: ApiRequest, one: Deploy, *, details: bool) -> dict[str, object]:
    return {**_address(request, one), "deployResult": _show_result(request.org, one, details=details)}


def _show_result(org: Org, one: Deploy, *, details: bool) -> dict[str, object]:
    return {
        "canceledBy": one.canceled_by or None,
        "canceledByName": org.user_name(one.canceled_by) if one.canceled_by else None,
        "checkOnly": one.options.check_only,
        "completedDate": _stamp(one.completed),
        "createdBy": one.user_id,
        "createdByName": org.user_name(one.user_id),
        "createdDate": _stamp(one.created),
        "details": _show_details(one) if details else None,
        "done": one.done,
        "errorMessage": one.error or None,
        "errorStatusCode": one.error_code or None,
        "id": one.id,
        "ignoreWarnings": one.options.ignore_warnings,
        "lastModifiedDate": _stamp(one.changed),
        "numberComponentErrors": one.errors,
        "numberComponentsDeployed": one.deployed,
        "numberComponentsTotal": one.total,
        "numberFiles": one.files,
        "numberTestErrors": 0,
        "numberTestsCompleted": 0,
        "numberTestsTotal": 0,
        "rollbackOnError": one.options.rollback_on_error,
        "runTestsEnabled": one.options.test_level not in ("", "NoTestRun"),
        "startDate": _stamp(one.started),
        "stateDetail": None,
        "status": one.status,
        "success": one.status == "Succeeded",
        "type": None,
        "zipSize": one.size,
    }


def _show_details(one: Deploy) -> dict[str, object]:
    tests: dict[str, object] = {
        "apexLogId": None, "codeCoverage": [], "codeCoverageWarnings": [], "failures": [], "flowCoverage": [],
        "flowCoverageWarnings": [], "numFailures": 0, "numTestsRun": 0, "successes": [], "totalTime": 0.0,
    }  # fmt: skip
    return {
        "allComponentMessages": [_show_message(message) for message in one.messages],
        "componentFailures": [_show_message(message) for message in one.messages if message.problem],
        "componentSuccesses": [_show_message(message) for message in one.messages if not message.problem],
        "retrieveResult": None,
        "runTestResult": tests,
    }


def _show_message(one: DeployMessage) -> dict[str, object]:
    return {
        "changed": one.changed,
        "columnNumber": one.column or None if one.problem else None,
        "componentType": one.type,
        "created": one.created,
        "createdDate": _stamp(one.at),
        "deleted": one.deleted,
        "fileName": one.file,
        "fullName": one.full_name,
        "id": one.id or None,
        "lineNumber": one.line or None if one.problem else None,
        "problem": one.problem or None,
        "problemType": None if not one.problem else "Warning" if one.warning else "Error",
        "success": one.success,
        "warning": one.warning,
    }


def _stamp(stored: str) -> str | None:
    return stored[:-1] + ".000Z" if stored else None


ROUTES = [
    Route(("POST",), data("/metadata/deployRequest"), start),
    Route(("GET",), data("/metadata/deployRequest/<deploy_id>"), check),
    Route(("PATCH",), data("/metadata/deployRequest/<deploy_id>"), cancel),
]
