"""A connection: one Salesforce org, and how Syncline logs in to it. Its secrets are not part of the value."""

import re
from dataclasses import dataclass
from enum import StrEnum

from syncline.domain.ids import ConnectionId

#: What a name may look like: it becomes part of schema names, where a hyphen turns into an underscore.
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME = 40

#: The id of a connection that is not stored yet.
NOT_STORED = ConnectionId(0)


class ConnectionState(StrEnum):
    """Whether a connection may be used."""

    ACTIVE = "active"
    #: Salesforce refused the login: nothing is tried until a person has connected again.
    BROKEN = "broken"


@dataclass(frozen=True)
class Connection:
    """One org and its login; `auth_kind` names the login flow, ids are the org's 18-character ones."""

    id: ConnectionId
    name: str
    login_url: str
    auth_kind: str
    client_id: str
    username: str
    api_version: str
    organization_id: str
    user_id: str
    organization_name: str
    state: ConnectionState = ConnectionState.ACTIVE


def check_name(name: str) -> None:
    """Checks the name of a connection.

    Raises:
        ValueError: it cannot be one; the message says why.
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is no name for a connection: up to {_LONGEST_NAME} small letters, digits and single hyphens, "
            "the first a letter"
        )
