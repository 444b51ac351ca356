"""Stores connections with their sealed secrets; takes and gives values of `domain.connection`."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg import sql

from syncline.domain.connection import NOT_STORED, Connection, ConnectionState, check_name
from syncline.domain.ids import ConnectionId
from syncline.errors import OperatorError
from syncline.store.database import Database, transaction
from syncline.store.named_sql import load
from syncline.store.names import ConnectionTables
from syncline.store.orm import configuration
from syncline.store.secrets import KeyRing

if TYPE_CHECKING:
    from syncline.store import models

#: Bulk tables that carry a connection's rows; contacts and their change log outlive it.
_BULK_STATEMENTS = (
    "forget_outbox",
    "forget_linked",
    "forget_links",
    "forget_aliases",
    "forget_left_out",
    "forget_bases",
    "forget_intents",
    "forget_cursors",
    "forget_reads",
    "forget_positions",
    "forget_touched",
    "forget_own_writes",
    "forget_plans",
    "forget_aside",
    "forget_brakes",
    "forget_budget",
    "forget_calls",
    "forget_schedule",
    "forget_write_rows",
    "forget_writes",
    "forget_refused",
    "forget_describes",
    "forget_objects",
    "forget_related",
    "forget_sweeps",
)


def save_connection(connection: Connection, secrets: dict[str, str], keys: KeyRing, at: datetime) -> Connection:
    """Stores a new connection, or the one of the same id anew, and gives it with its id.

    Raises:
        OperatorError: the name cannot be used, or is taken.
        ConfigError: the key ring cannot be used.
    """
    from syncline.store import models

    try:
        check_name(connection.name)
    except ValueError as problem:
        raise OperatorError(str(problem), remedy="Choose another name.") from None
    values = {
        "name": connection.name,
        "login_url": connection.login_url,
        "auth_kind": connection.auth_kind,
        "client_id": connection.client_id,
        "username": connection.username,
        "api_version": connection.api_version,
        "organization_id": connection.organization_id,
        "user_id": connection.user_id,
        "organization_name": connection.organization_name,
        "state": str(connection.state),
    }
    with configuration():
        if models.Connection.objects.filter(name=connection.name).exclude(id=connection.id).exists():
            raise OperatorError(
                f"There is a connection named {connection.name!r} already.",
                remedy="Choose another name, or forget that one first.",
            )
        if connection.id == NOT_STORED:
            row = models.Connection.objects.create(**values, created_at=at)
        else:
            models.Connection.objects.filter(id=connection.id).update(**values)
            row = models.Connection.objects.get(id=connection.id)
        # Sealed with the row's own id, which exists only now.
        row.secrets = keys.seal(row.id, secrets)
        row.save(update_fields=["secrets"])
    return replace(connection, id=ConnectionId(row.id))


def load_connection(name: str) -> Connection:
    """The connection of that name.

    Raises:
        OperatorError: there is none.
    """
    known = list_connections()
    for one in known:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in known)
    raise OperatorError(
        f"There is no connection named {name!r}.",
        remedy=f"Choose one of: {names}." if names else "Make one: `syncline connect`.",
    )


def list_connections() -> list[Connection]:
    """Every connection, by name."""
    from syncline.store import models

    with configuration():
        return [_to_value(row) for row in models.Connection.objects.order_by("name")]


def load_secrets(connection_id: ConnectionId, keys: KeyRing) -> dict[str, str]:
    """The secrets of a connection, opened.

    Raises:
        ConfigError: they cannot be opened with this key ring.
        OperatorError: there is no such connection.
    """
    from syncline.store import models

    with configuration():
        sealed = models.Connection.objects.filter(id=connection_id).values_list("secrets", flat=True).first()
    if sealed is None:
        raise OperatorError(f"There is no connection {connection_id}.", remedy="Make one: `syncline connect`.")
    return keys.unseal(connection_id, bytes(sealed))


def set_state(connection_id: ConnectionId, state: ConnectionState) -> None:
    """Notes whether the connection may be used."""
    from syncline.store import models

    with configuration():
        models.Connection.objects.filter(id=connection_id).update(state=str(state))


def forget_connection(database: Database, connection: Connection) -> None:
    """Takes away a connection with its mirror, mappings, runs and issues; contacts and their history stay."""
    statements = load("connections")
    tables = ConnectionTables(connection.name)
    with database.connect("syncline forget") as conn, transaction(conn, "forget"):
        for schema in (tables.schema, tables.work_schema):
            conn.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
        for name in _BULK_STATEMENTS:
            conn.execute(statements[name].compose(), {"connection_id": connection.id})
        conn.execute(statements["forget_configuration"].compose(), {"connection_id": connection.id})


def _to_value(row: "models.Connection") -> Connection:
    return Connection(
        id=ConnectionId(row.id),
        name=row.name,
        login_url=row.login_url,
        auth_kind=row.auth_kind,
        client_id=row.client_id,
        username=row.username,
        api_version=row.api_version,
        organization_id=row.organization_id,
        user_id=row.user_id,
        organization_name=row.organization_name,
        state=ConnectionState(row.state),
    )
