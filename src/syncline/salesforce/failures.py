"""The failure table: what each error of Salesforce means for the caller, and what a person can do about it.

A new code is a new row here and a new parameter of the test. Codes are those of the SOAP API Developer Guide
(ExceptionCode, StatusCode), the REST API Developer Guide (status codes) and OAuth 2.0 (RFC 6749, section 5.2).
"""

from dataclasses import dataclass
from typing import Any

from syncline.domain.outcomes import RowAction
from syncline.errors import ConnectionBroken, LimitReached, RemoteError, RemoteRefused, RetryLater


class LocatorLost(RetryLater):
    """The place in a query result is gone; the query has to start again."""


@dataclass(frozen=True)
class Failure:
    """One row of the table: the class to raise, our sentence, and the remedy."""

    error: type[RemoteError]
    sentence: str
    remedy: str


_AGAIN = "Nothing to do: the next sync tries again."
_CONNECT = "Connect again: `syncline connect`."

#: Codes that concern a whole request.
REQUESTS: dict[str, Failure] = {
    "INVALID_SESSION_ID": Failure(ConnectionBroken, "The session is no longer valid.", _CONNECT),
    "REQUEST_LIMIT_EXCEEDED": Failure(
        LimitReached,
        "The org has used up its API requests for the last 24 hours.",
        "Wait until requests are free again (Setup, Company Information, API Requests), or ask for more.",
    ),
    "CONCURRENT_REQUESTS": Failure(RetryLater, "Too many long requests run in the org at this moment.", _AGAIN),
    "API_CURRENTLY_DISABLED": Failure(
        ConnectionBroken,
        "The API is switched off for this user, or for the org.",
        "Grant API Enabled to the user (Setup, Permission Sets, System Permissions), then connect again.",
    ),
    "API_DISABLED_FOR_ORG": Failure(
        ConnectionBroken,
        "This edition has no API, or the user may not use it.",
        "Grant API Enabled to the user; where the edition has no API, ask Salesforce for it. Then connect again.",
    ),
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": Failure(
        ConnectionBroken, "The user's password has expired.", "Set a new one, then connect again: `syncline connect`."
    ),
    "SERVER_UNAVAILABLE": Failure(RetryLater, "Salesforce is not available.", _AGAIN),
    "UNKNOWN_EXCEPTION": Failure(RetryLater, "Salesforce failed inside.", _AGAIN),
    "UNABLE_TO_LOCK_ROW": Failure(RetryLater, "Somebody else is writing the same records.", _AGAIN),
    "QUERY_TIMEOUT": Failure(RetryLater, "The query took too long in the org.", _AGAIN),
    "INVALID_QUERY_LOCATOR": Failure(LocatorLost, "The place in the query result is gone.", _AGAIN),
    "INVALID_FIELD": Failure(
        RemoteRefused,
        "The org does not show a field that the mapping names.",
        "See `syncline map validate`: the field was removed or renamed, or the right to see it was taken away.",
    ),
    "INVALID_TYPE": Failure(
        RemoteRefused, "The org does not show an object that the mapping needs.", "Grant Read on it to the user."
    ),
    "MALFORMED_QUERY": Failure(
        RemoteRefused,
        "The org does not understand the query.",
        "See `syncline map validate`; if it finds nothing, this is a defect of Syncline: report it with the message.",
    ),
    "NUMBER_OUTSIDE_VALID_RANGE": Failure(
        RemoteRefused,
        "A number in the request is outside of what Salesforce takes.",
        "This is a defect of Syncline: report it with the message.",
    ),
    "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS": Failure(
        RemoteRefused,
        "The query asks about too many others.",
        "Report it with the message: it is a defect of Syncline.",
    ),
    "QUERY_TOO_COMPLICATED": Failure(
        RemoteRefused,
        "The query is too complicated for the org, most often since it reads many formula fields.",
        "Map fewer formula fields of this object, or mirror fewer of them.",
    ),
    "INSUFFICIENT_ACCESS": Failure(RemoteRefused, "The user lacks a right for this.", "Grant it, see the message."),
    "NOT_FOUND": Failure(RemoteRefused, "Salesforce knows no such thing.", "See `syncline doctor`."),
    "INVALIDJOBSTATE": Failure(RetryLater, "The Bulk job is not ready.", _AGAIN),
}

#: OAuth errors and SOAP login faults: the login itself is refused.
LOGINS: dict[str, Failure] = {
    "invalid_grant": Failure(
        ConnectionBroken,
        "Salesforce refuses the user name, the password or the assertion.",
        "Check the user name and its secret; the user's Login History in Setup names the reason.",
    ),
    "invalid_client_id": Failure(
        ConnectionBroken, "Salesforce does not know this client id.", "Copy the app's Consumer Key again."
    ),
    "invalid_client": Failure(
        ConnectionBroken, "Salesforce refuses the client secret.", "Copy the app's Consumer Secret again."
    ),
    "unsupported_grant_type": Failure(
        ConnectionBroken, "The app does not allow this way to log in.", "Switch the flow on in the app's settings."
    ),
    "unauthorized_client": Failure(
        ConnectionBroken, "The app may not log in this way.", "Switch the flow on in the app's settings."
    ),
    "invalid_request": Failure(
        ConnectionBroken,
        "Salesforce does not take the login as it was asked for.",
        "Log in again from the start; if the message names a parameter, compare it with the app's settings.",
    ),
    "redirect_uri_mismatch": Failure(
        ConnectionBroken,
        "The address to come back to after the login is not one of the app's.",
        "Add exactly this address to the app's Callback URLs in Setup.",
    ),
    "access_denied": Failure(
        ConnectionBroken,
        "The login was not allowed: somebody pressed Deny, or the app is not open to this user.",
        "Log in again and press Allow; the app's policy Permitted Users says who may.",
    ),
    "server_error": Failure(RetryLater, "Salesforce failed inside while logging in.", _AGAIN),
    "temporarily_unavailable": Failure(RetryLater, "Salesforce takes no logins at this moment.", _AGAIN),
    "inactive_user": Failure(ConnectionBroken, "The user is inactive.", "Activate the user in Setup, Users."),
    "inactive_org": Failure(ConnectionBroken, "The org is locked, closed or suspended.", "Ask Salesforce support."),
    "invalid_scope": Failure(ConnectionBroken, "The app lacks a scope.", "Give the app the scope `api`."),
    "rate_limit_exceeded": Failure(RetryLater, "Too many logins in a short time.", _AGAIN),
    "INVALID_LOGIN": Failure(
        ConnectionBroken,
        "Salesforce refuses the user name, password or security token, or the user is locked out.",
        "Check all three; a reset password also changes the token, which is mailed to the user.",
    ),
    "LOGIN_MUST_USE_SECURITY_TOKEN": Failure(
        ConnectionBroken,
        "The security token is missing.",
        "Give it with --security-token-file, or add this machine's address to the trusted ranges.",
    ),
    "INVALID_OPERATION": Failure(
        ConnectionBroken,
        "The org has SOAP login() switched off.",
        "Connect with client credentials or JWT instead; login() retires in Summer '27.",
    ),
    "UNSUPPORTED_API_VERSION": Failure(
        ConnectionBroken,
        "SOAP login() does not exist in this API version.",
        "Use version 64.0 or older, or connect with client credentials or JWT.",
    ),
    "PASSWORD_LOCKOUT": Failure(ConnectionBroken, "The user is locked out.", "Unlock the user in Setup, Users."),
    "LOGIN_DURING_RESTRICTED_TIME": Failure(
        ConnectionBroken, "The user may not log in at this hour.", "Change the profile's Login Hours."
    ),
    "LOGIN_DURING_RESTRICTED_DOMAIN": Failure(
        ConnectionBroken,
        "The user may not log in from this address.",
        "Add this machine's address to the profile's Login IP Ranges.",
    ),
    "INACTIVE_ORG": Failure(ConnectionBroken, "The org is locked, closed or suspended.", "Ask Salesforce support."),
    "ORG_LOCKED": Failure(ConnectionBroken, "The org is locked.", "Ask Salesforce support."),
    "TRIAL_EXPIRED": Failure(ConnectionBroken, "The org's trial is over.", "Ask Salesforce support."),
    "API_DISABLED_FOR_ORG": REQUESTS["API_DISABLED_FOR_ORG"],
    "API_CURRENTLY_DISABLED": REQUESTS["API_CURRENTLY_DISABLED"],
    "SERVER_UNAVAILABLE": REQUESTS["SERVER_UNAVAILABLE"],
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": Failure(
        ConnectionBroken, "The password has expired.", "Set a new one, then connect again."
    ),
}

#: What a strict write is told where the record changed since it was looked at (HTTP status 412).
CHANGED_MEANWHILE = "PRECONDITION_FAILED"


@dataclass(frozen=True)
class RowFailure:
    """One row of the table of refused rows: what to do next, our sentence, and the remedy."""

    next: RowAction
    sentence: str
    remedy: str


def _person(sentence: str, remedy: str) -> RowFailure:
    return RowFailure(RowAction.PERSON, sentence, remedy)


_FOLLOWED = "Nothing to do: the next sync reads the record and decides again."

#: Codes that concern a single row, of a collection, a Bulk job or a call of its own.
ROWS: dict[str, RowFailure] = {
    "UNABLE_TO_LOCK_ROW": RowFailure(RowAction.RETRY, "Somebody else is writing the same records.", _AGAIN),
    "SERVER_UNAVAILABLE": RowFailure(RowAction.RETRY, "Salesforce is not available.", _AGAIN),
    "UNKNOWN_EXCEPTION": RowFailure(RowAction.RETRY, "Salesforce failed inside.", _AGAIN),
    "QUERY_TIMEOUT": RowFailure(RowAction.RETRY, "Something took too long in the org.", _AGAIN),
    "INVALID_SESSION_ID": RowFailure(RowAction.STOP_CONNECTION, "The session is no longer valid.", _CONNECT),
    **{
        code: RowFailure(RowAction.STOP_CONNECTION, REQUESTS[code].sentence, REQUESTS[code].remedy)
        for code in ("API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED")
    },
    "REQUEST_LIMIT_EXCEEDED": RowFailure(
        RowAction.PAUSE, REQUESTS["REQUEST_LIMIT_EXCEEDED"].sentence, "The next sync goes on."
    ),
    "TXN_SECURITY_METERING_ERROR": RowFailure(
        RowAction.PAUSE, "A transaction security policy of the org holds writes back.", "The next sync goes on."
    ),
    "CANNOT_UPDATE_CONVERTED_LEAD": RowFailure(RowAction.FOLLOW, "The Lead was converted.", _FOLLOWED),
    "ENTITY_IS_DELETED": RowFailure(RowAction.FOLLOW, "The record was deleted.", _FOLLOWED),
    "INVALID_CROSS_REFERENCE_KEY": RowFailure(
        RowAction.FOLLOW, "The record, or one it refers to, is not there or not shown to us.", _FOLLOWED
    ),
    "NOT_FOUND": RowFailure(RowAction.FOLLOW, "The record is not there, or not shown to us.", _FOLLOWED),
    CHANGED_MEANWHILE: RowFailure(RowAction.FOLLOW, "Somebody changed the record meanwhile.", _FOLLOWED),
    "INVALID_FIELD": _person(
        "The org does not know a field that was sent.",
        "See `syncline map validate`: it was removed or renamed, or the right to see it was taken away.",
    ),
    "INVALID_FIELD_FOR_INSERT_UPDATE": _person(
        "Our user may not write a field.", "Grant Edit on the field to the integration user, in its permission set."
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": _person(
        "A validation rule refuses it.", "A validation rule of the org refuses it: correct the value, or the rule."
    ),
    "REQUIRED_FIELD_MISSING": _person(
        "A field that must be filled is blank.", "Fill in the field that is named, here or in Salesforce."
    ),
    "STRING_TOO_LONG": _person("A text is too long.", "Shorten the value here; it is never cut."),
    "NUMBER_OUTSIDE_VALID_RANGE": _person(
        "A number is greater or smaller than the field takes.", "Correct the number here, or widen the field in Setup."
    ),
    "INVALID_EMAIL_ADDRESS": _person("It is no e-mail address.", "Correct the address here."),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": _person(
        "A value does not fit the type of its field.", "Correct the value here; `syncline map validate` compares types."
    ),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": _person(
        "The picklist does not have the value.",
        "Add the value to the picklist in Setup, or choose another here.",
    ),
    "JSON_PARSER_ERROR": _person(
        "Salesforce cannot read what was sent.", "This is a defect of Syncline: report it with the message."
    ),
    "MALFORMED_ID": _person(
        "An Id is not one of Salesforce's.", "Correct the value of the field that refers to another record."
    ),
    "INSUFFICIENT_ACCESS_OR_READONLY": _person(
        "Our user may not write the record.",
        "Grant Edit on the object, and sharing on the record, to the integration user.",
    ),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _person(
        "Our user does not see a record that is referred to.", "Grant Read on the record that is referred to."
    ),
    "DUPLICATE_VALUE": _person(
        "A field that is unique has this value elsewhere.",
        "Another record has this value in a unique field: merge the two, or change one.",
    ),
    "DUPLICATE_EXTERNAL_ID": _person(
        "Several records have one external id.", "Several records have this external id: leave it to one of them."
    ),
    "DUPLICATES_DETECTED": _person(
        "A duplicate rule stops it.",
        "A duplicate rule found another record: merge the two, or link this contact to it.",
    ),
    "INVALID_STATUS": _person(
        "The status is not one that the record may have now.", "Choose a status here that Setup lists as active."
    ),
    "INACTIVE_OWNER_OR_USER": _person("The owner is inactive.", "Choose an owner who is active."),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": _person(
        "A trigger fails on it.", "A trigger of the org fails on it: see the message, and its author."
    ),
    "CANNOT_EXECUTE_FLOW_TRIGGER": _person(
        "A flow fails on it.", "A flow of the org fails on it: see the message, and Setup, Flows."
    ),
    "STORAGE_LIMIT_EXCEEDED": _person("The org is full.", "The org is full: free storage in Setup, Storage Usage."),
    "RECORD_GONE": _person(
        "No query shows the record.",
        "If it was deleted for good, delete the contact here too; else share the record with our user.",
    ),
}
_UNKNOWN_ROW = _person(
    "Salesforce refuses the record.", "Correct the value here, or in Salesforce; a further edit sends it again."
)


def find_sentence(code: str) -> str:
    """What a refusal with this code says, where Salesforce says nothing itself."""
    return ROWS.get(code, _UNKNOWN_ROW).sentence


def find_remedy(code: str) -> str:
    """What a person can do about a row refused with this code."""
    return ROWS.get(code, _UNKNOWN_ROW).remedy


def classify_row(code: str) -> RowAction:
    """What to do next about a row refused with this code; what the table does not have is for a person."""
    return ROWS.get(code, _UNKNOWN_ROW).next


def remote_error(operation: str, status: int, body: Any) -> RemoteError:
    """The error that an unsuccessful answer stands for; `body` is its JSON, or None where it was none."""
    code, message = _first_error(body)
    if code == "REQUEST_LIMIT_EXCEEDED" and message.startswith("Concurrent"):
        code = "CONCURRENT_REQUESTS"
    known = REQUESTS.get(code)
    if known:
        text = f"{known.sentence} Salesforce says: {message}" if message else known.sentence
        return known.error(text, operation=operation, status=status, code=code, remedy=known.remedy)
    if status >= 500 or status in (408, 420, 429):
        text = f"Salesforce answered {operation} with status {status}."
        return RetryLater(text, operation=operation, status=status, code=code, remedy=_AGAIN)
    if body is None:
        text = f"The answer to {operation} (status {status}) is not from Salesforce's API."
        remedy = "Check the address of the connection, and any proxy on the way."
        return RemoteRefused(text, operation=operation, status=status, remedy=remedy)
    text = f"Salesforce refuses {operation}: {message or code}"
    return RemoteRefused(text, operation=operation, status=status, code=code, remedy="See the message.")


def login_error(status: int, code: str, description: str) -> RemoteError:
    """The error that a refused login stands for."""
    known = LOGINS.get(code)
    if known is None and (status >= 500 or not code):
        text = f"The login was answered with status {status}."
        return RetryLater(text, operation="login", status=status, code=code, remedy=_AGAIN)
    sentence = known.sentence if known else "Salesforce refuses the login."
    remedy = known.remedy if known else "The user's Login History in Setup names the reason."
    text = f"{sentence} Salesforce says: {description}" if description else sentence
    return (known.error if known else ConnectionBroken)(
        text, operation="login", status=status, code=code, remedy=remedy
    )


def _first_error(body: Any) -> tuple[str, str]:
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, dict):
        return "", ""
    code = first.get("errorCode") or first.get("exceptionCode") or first.get("error") or ""
    message = first.get("message") or first.get("exceptionMessage") or first.get("error_description") or ""
    return str(code), str(message).strip()
