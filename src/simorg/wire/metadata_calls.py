"""The calls of the Metadata API on files: deploy, retrieve, and asking what became of them."""

import base64
import binascii
from collections.abc import Callable

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.metadata.archive import Manifest, read_manifest_node
from simorg.metadata.codec import Content
from simorg.metadata.deploy import Deploy, DeployMessage, DeployOptions, deploys_of
from simorg.metadata.retrieve import Retrieve, retrieves_of
from simorg.metadata.xml import Node
from simorg.org import Org
from simorg.wire.metadata_crud import MetadataCall, show_file, show_stamp

TEST_LEVELS = ("NoTestRun", "RunSpecifiedTests", "RunLocalTests", "RunAllTestsInOrg", "RunRelevantTests")


def deploy(call: MetadataCall) -> object:
    """deploy(zipFile, deployOptions)."""
    zipped = _any_case(call.arguments, "ZipFile")
    try:
        content = base64.b64decode("".join((zipped.text if zipped else "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise ApiError(500, "INVALID_ZIP", say("metadata.zip_base64")) from None
    given = _any_case(call.arguments, "DeployOptions")
    options = _read_options(given) if given else DeployOptions()
    started = deploys_of(call.org).start(call.user_id, call.version, content, options)
    return {"done": False, "id": started.id, "state": "Queued"}


def check_deploy_status(call: MetadataCall) -> object:
    """checkDeployStatus(asyncProcessId, includeDetails)."""
    return show_deploy(call.org, _find_deploy(call, "asyncProcessId"), details=call.arguments.says("includeDetails"))


def cancel_deploy(call: MetadataCall) -> object:
    """cancelDeploy(id)."""
    found = _find_deploy(call, "String") if call.arguments.child("String") else _find_deploy(call, "id")
    deploys_of(call.org).cancel(found, call.user_id)
    return {"done": found.done, "id": found.id}


def retrieve(call: MetadataCall) -> object:
    """retrieve(retrieveRequest)."""
    asked = call.arguments.child("retrieveRequest") or call.arguments
    unpackaged = asked.child("unpackaged")
    manifest = read_manifest_node(unpackaged) if unpackaged else Manifest()
    manifest.version = manifest.version or asked.value("apiVersion") or f"{call.version:.1f}"
    single = _loosely(asked, "singlePackage")
    started = retrieves_of(call.org).start(call.user_id, manifest, single_package=single)
    return {"done": False, "id": started.id, "state": "Queued"}


def check_retrieve_status(call: MetadataCall) -> object:
    """checkRetrieveStatus(asyncProcessId, includeZip): without includeZip the zip comes when it is ready."""
    text = call.arguments.value("asyncProcessId")
    found = retrieves_of(call.org).find(text)
    if found is None:
        raise _unknown(text)
    with_zip = call.arguments.value("includeZip", "true") not in ("false", "0")
    return _show_retrieve(call.org, found, with_zip=with_zip)


def show_deploy(org: Org, one: Deploy, *, details: bool) -> Content:
    """A deploy as checkDeployStatus tells of it, in the order of the WSDL."""
    shown: Content = {}
    if one.canceled_by:
        shown |= {"canceledBy": one.canceled_by, "canceledByName": org.user_name(one.canceled_by)}
    shown["checkOnly"] = one.options.check_only
    if one.completed:
        shown["completedDate"] = show_stamp(one.completed)
    shown |= {
        "createdBy": one.user_id,
        "createdByName": org.user_name(one.user_id),
        "createdDate": show_stamp(one.created),
        "details": _show_details(one) if details else {"runTestResult": _no_tests()},
        "done": one.done,
    }
    if one.error:
        shown |= {"errorMessage": one.error, "errorStatusCode": one.error_code}
    shown |= {"id": one.id, "ignoreWarnings": one.options.ignore_warnings, "lastModifiedDate": show_stamp(one.changed)}
    shown |= {
        "numberComponentErrors": one.errors,
        "numberComponentsDeployed": one.deployed,
        "numberComponentsTotal": one.total,
        "numberTestErrors": 0,
        "numberTestsCompleted": 0,
        "numberTestsTotal": 0,
        "rollbackOnError": one.options.rollback_on_error,
        "runTestsEnabled": one.options.test_level not in ("", "NoTestRun"),
    }
    if one.started:
        shown["startDate"] = show_stamp(one.started)
    if one.state_detail:
        shown["stateDetail"] = one.state_detail
    return {**shown, "status": one.status, "success": one.status == "Succeeded"}


def _show_details(one: Deploy) -> Content:
    messages = list(one.messages)
    manifest = [] if not one.done else [DeployMessage("", "package.xml", "package.xml", changed=True, at=one.completed)]
    good = [message for message in messages if not message.problem]
    shown: Content = {"componentFailures": [_show_message(message) for message in messages if message.problem]}
    shown["componentSuccesses"] = [_show_message(message) for message in (*good, *(manifest if good else []))]
    return {**shown, "runTestResult": _no_tests()}


def _show_message(one: DeployMessage) -> Content:
    shown: Content = {"changed": one.changed}
    if one.problem and one.column:
        shown["columnNumber"] = one.column
    shown |= {
        "componentType": one.type,
        "created": one.created,
        "createdDate": show_stamp(one.at),
        "deleted": one.deleted,
        "fileName": one.file,
        "fullName": one.full_name,
    }
    if one.id:
        shown["id"] = one.id
    if one.problem and one.line:
        shown["lineNumber"] = one.line
    if one.problem:
        shown |= {"problem": one.problem, "problemType": "Warning" if one.warning else "Error"}
    return {**shown, "success": one.success}


def _no_tests() -> Content:
    return {"numFailures": 0, "numTestsRun": 0, "totalTime": 0.0}


def _show_retrieve(org: Org, one: Retrieve, *, with_zip: bool) -> Content:
    shown: Content = {"done": one.done}
    if one.error:
        shown |= {"errorMessage": one.error, "errorStatusCode": "UNKNOWN_EXCEPTION"}
    if one.done:
        shown["fileProperties"] = [show_file(org, file) for file in one.files]
    shown["id"] = one.id
    if one.messages:
        shown["messages"] = [{"fileName": file, "problem": problem} for file, problem in one.messages]
    shown |= {"status": one.status, "success": one.status == "Succeeded"}
    if with_zip and one.done and one.content:
        shown["zipFile"] = base64.b64encode(one.content).decode()
        retrieves_of(org).forget_content(one)
    else:
        shown["zipFile"] = None
    return shown


def _read_options(node: Node) -> DeployOptions:
    level = node.value("testLevel")
    if level and level not in TEST_LEVELS:
        raise ApiError(500, "soapenv:Client", say("metadata.bad_enum", value=level[:80], enum="TestLevel"))
    return DeployOptions(
        missing_allowed=_loosely(node, "allowMissingFiles"),
        check_only=_loosely(node, "checkOnly"),
        ignore_warnings=_loosely(node, "ignoreWarnings"),
        purge_on_delete=_loosely(node, "purgeOnDelete"),
        rollback_on_error=_loosely(node, "rollbackOnError"),
        single_package=_loosely(node, "singlePackage"),
        perform_retrieve=_loosely(node, "performRetrieve"),
        auto_update_package=_loosely(node, "autoUpdatePackage"),
        test_level=level,
        run_tests=tuple(one.text.strip() for one in node.all("runTests")),
    )


def _loosely(node: Node, name: str) -> bool:
    """A boolean as it comes: clients also write it with a capital letter."""
    return node.value(name).lower() in ("true", "1")


def _find_deploy(call: MetadataCall, name: str) -> Deploy:
    text = call.arguments.value(name)
    found = deploys_of(call.org).find(text)
    if found is None:
        raise _unknown(text)
    return found


def _unknown(text: str) -> ApiError:
    return ApiError(500, "INVALID_CROSS_REFERENCE_KEY", say("metadata.unknown_process", id=text[:80]))


def _any_case(node: Node, name: str) -> Node | None:
    return next((one for one in node.children if one.name.lower() == name.lower()), None)


FILE_OPERATIONS: dict[str, Callable[[MetadataCall], object]] = {
    "deploy": deploy,
    "checkDeployStatus": check_deploy_status,
    "cancelDeploy": cancel_deploy,
    "retrieve": retrieve,
    "checkRetrieveStatus": check_retrieve_status,
}
