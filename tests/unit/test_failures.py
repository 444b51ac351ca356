"""The failure table: every code that Salesforce's documentation names leads somewhere, in words."""

import pytest

from syncline.domain.outcomes import RowAction
from syncline.errors import ConnectionBroken, LimitReached, RemoteError, RemoteRefused, RetryLater
from syncline.salesforce.failures import (
    LOGINS,
    REQUESTS,
    ROWS,
    classify_row,
    find_remedy,
    find_sentence,
    login_error,
    remote_error,
)

#: Fault codes of login() (SOAP API Developer Guide, ExceptionCode).
_SOAP_LOGIN = [
    "INVALID_LOGIN", "LOGIN_MUST_USE_SECURITY_TOKEN", "PASSWORD_LOCKOUT", "LOGIN_DURING_RESTRICTED_TIME",
    "LOGIN_DURING_RESTRICTED_DOMAIN", "INACTIVE_ORG", "API_CURRENTLY_DISABLED", "API_DISABLED_FOR_ORG",
    "TRIAL_EXPIRED", "ORG_LOCKED", "INVALID_OPERATION", "UNSUPPORTED_API_VERSION",
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD",
]  # fmt: skip
#: Errors of the token and authorize endpoints (Salesforce Help, "OAuth 2.0 Authorization Errors"; RFC 6749).
_OAUTH = [
    "invalid_grant", "invalid_request", "invalid_client_id", "invalid_client", "unsupported_grant_type",
    "redirect_uri_mismatch", "inactive_user", "inactive_org", "invalid_scope", "unauthorized_client",
    "access_denied",
]  # fmt: skip
#: Errors of whole requests, queries among them (REST API Developer Guide, "Status Codes and Error Responses").
_REQUESTS: dict[str, type[RemoteError]] = {
    "INVALID_SESSION_ID": ConnectionBroken,
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": ConnectionBroken,
    "API_CURRENTLY_DISABLED": ConnectionBroken,
    "API_DISABLED_FOR_ORG": ConnectionBroken,
    "REQUEST_LIMIT_EXCEEDED": LimitReached,
    "SERVER_UNAVAILABLE": RetryLater,
    "UNKNOWN_EXCEPTION": RetryLater,
    "UNABLE_TO_LOCK_ROW": RetryLater,
    "QUERY_TIMEOUT": RetryLater,
    "INVALID_TYPE": RemoteRefused,
    "INVALID_FIELD": RemoteRefused,
    "MALFORMED_QUERY": RemoteRefused,
    "NUMBER_OUTSIDE_VALID_RANGE": RemoteRefused,
    "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS": RemoteRefused,
    "QUERY_TOO_COMPLICATED": RemoteRefused,
    "INSUFFICIENT_ACCESS": RemoteRefused,
    "NOT_FOUND": RemoteRefused,
}
#: Errors of single rows (SOAP API Developer Guide, StatusCode), by what happens next.
_ROWS = {
    RowAction.RETRY: "UNABLE_TO_LOCK_ROW SERVER_UNAVAILABLE UNKNOWN_EXCEPTION",
    RowAction.STOP_CONNECTION: "INVALID_SESSION_ID API_CURRENTLY_DISABLED API_DISABLED_FOR_ORG",
    RowAction.PAUSE: "REQUEST_LIMIT_EXCEEDED TXN_SECURITY_METERING_ERROR",
    RowAction.FOLLOW: "CANNOT_UPDATE_CONVERTED_LEAD ENTITY_IS_DELETED INVALID_CROSS_REFERENCE_KEY",
    RowAction.PERSON: """
        INVALID_FIELD INVALID_FIELD_FOR_INSERT_UPDATE REQUIRED_FIELD_MISSING INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST
        FIELD_CUSTOM_VALIDATION_EXCEPTION DUPLICATE_VALUE DUPLICATES_DETECTED STRING_TOO_LONG
        NUMBER_OUTSIDE_VALID_RANGE INVALID_EMAIL_ADDRESS INVALID_TYPE_ON_FIELD_IN_RECORD JSON_PARSER_ERROR MALFORMED_ID
        INSUFFICIENT_ACCESS_OR_READONLY INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY INVALID_STATUS
        INACTIVE_OWNER_OR_USER CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY CANNOT_EXECUTE_FLOW_TRIGGER STORAGE_LIMIT_EXCEEDED
    """,
}


def _is_sentence(text: str | None) -> bool:
    return bool(text) and text[0].isupper() and text.endswith((".", "`"))  # type: ignore[index, union-attr]


@pytest.mark.parametrize("code", [*_SOAP_LOGIN, *_OAUTH])
def test_a_refused_login_stops_the_connection_with_a_remedy(code: str) -> None:
    assert code in LOGINS
    error = login_error(400, code, "")
    assert type(error) is ConnectionBroken
    assert (error.code, _is_sentence(error.message), _is_sentence(error.remedy)) == (code, True, True)


@pytest.mark.parametrize(
    "code", ["server_error", "temporarily_unavailable", "rate_limit_exceeded", "SERVER_UNAVAILABLE"]
)
def test_a_login_that_may_work_later_is_tried_again(code: str) -> None:
    assert code in LOGINS
    assert type(login_error(400, code, "")) is RetryLater


@pytest.mark.parametrize(("code", "kind"), _REQUESTS.items())
def test_a_refused_request_says_what_is_next(code: str, kind: type[RemoteError]) -> None:
    assert code in REQUESTS
    error = remote_error("query", 400, [{"errorCode": code, "message": ""}])
    assert (type(error), _is_sentence(error.message), _is_sentence(error.remedy)) == (kind, True, True)


@pytest.mark.parametrize(
    ("action", "code"), [(action, code) for action, some in _ROWS.items() for code in some.split()]
)
def test_a_refused_row_says_what_is_next(action: RowAction, code: str) -> None:
    assert code in ROWS
    assert classify_row(code) is action
    assert _is_sentence(find_sentence(code))
    assert _is_sentence(find_remedy(code))


def test_an_unknown_row_error_is_for_a_person() -> None:
    assert classify_row("NEVER_HEARD_OF") is RowAction.PERSON
    assert _is_sentence(find_remedy("NEVER_HEARD_OF"))
