"""Mirroring objects on an operator's word: checked against the org, priced, and taken back again."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from difflib import get_close_matches

import psycopg

from syncline import clock
from syncline.domain.connection import Connection
from syncline.domain.mapping import PERSON_OBJECTS
from syncline.domain.objects import MirroredObject
from syncline.domain.shape import FieldShape, ObjectShape
from syncline.errors import Busy, OperatorError, RemoteRefused
from syncline.flows.connect import open_client
from syncline.salesforce.soql import build_query
from syncline.store import objects, runs, shaping, sweeps
from syncline.store.database import Database, transaction
from syncline.store.names import ConnectionTables
from syncline.store.secrets import KeyRing
from syncline.store.sweeps import Sweep

_PAGE_ROWS, _BULK_FROM, _BULK_PAGE_ROWS = 2_000, 10_000, 100_000
#: Calls of a Bulk job beside its pages: made, looked at a few times.
_BULK_CALLS = 6


@dataclass(frozen=True)
class Looked:
    """An object of the org: what it shows, how many records it has, and which fields would be read."""

    shape: ObjectShape
    fields: tuple[FieldShape, ...]
    records: int

    @property
    def calls(self) -> int:
        """About how many API calls reading all of it takes."""
        if self.records > _BULK_FROM:
            return _BULK_CALLS + -(-self.records // _BULK_PAGE_ROWS)
        return max(1, -(-self.records // _PAGE_ROWS))


def look_at(connection: Connection, keys: KeyRing, mirrored: MirroredObject) -> Looked:
    """Asks the org about an object.

    Raises:
        OperatorError: the org does not show the object, or a chosen field.
        RemoteError: the org cannot be asked.
    """
    with open_client(connection, keys) as client:
        try:
            shape = client.describe(mirrored.name)
        except RemoteRefused as refused:
            if refused.status != 404:
                raise
            raise _unknown_object(mirrored.name) from refused
        if not shape.queryable:
            raise _unknown_object(mirrored.name)
        _refuse_unknown_fields(mirrored, shape)
        records = client.query(build_query(shape.name, ["COUNT()"])).total_size
    return Looked(shape, mirrored.read_fields(shape), records)


def list_available(connection: Connection, keys: KeyRing) -> list[tuple[str, str]]:
    """The objects that this user may query, with their labels, by name.

    Raises:
        RemoteError: the org cannot be asked.
    """
    with open_client(connection, keys) as client:
        return sorted(client.list_objects())


def add_object(
    database: Database, keys: KeyRing, connection: Connection, mirrored: MirroredObject
) -> tuple[MirroredObject, Looked]:
    """Mirrors an object from the next sync on; gives it as the org spells it.

    Raises:
        OperatorError: the org does not show the object, or a chosen field.
        Busy: a sync of this connection is running.
    """
    looked = look_at(connection, keys, mirrored)
    spelled = MirroredObject(
        looked.shape.name,
        mirrored.choice,
        tuple(found.name for name in mirrored.fields if (found := looked.shape.find(name))),
    )
    with closing(database.connect("syncline objects")) as conn:
        _take_turn(conn, connection)
        with transaction(conn, "add_object"):
            objects.save_object(conn, connection.id, spelled, clock.now())
    return spelled, looked


def remove_object(database: Database, connection: Connection, name: str, *, drop_table: bool) -> bool:
    """Mirrors an object no longer; whether its table was dropped.

    Raises:
        OperatorError: it is not mirrored on demand.
        Busy: a sync of this connection is running.
    """
    with closing(database.connect("syncline objects")) as conn:
        _take_turn(conn, connection)
        with transaction(conn, "remove_object"):
            found = find_mirrored(objects.list_objects(conn, connection.id), name)
            return objects.remove_object(
                conn,
                ConnectionTables(connection.name),
                connection.id,
                found.name,
                clock.now(),
                of_people=found.name in PERSON_OBJECTS,
                drop_table=drop_table,
            )


def choose_swept(database: Database, connection: Connection, name: str, fields: Sequence[str] | None) -> Sweep:
    """Says which fields of an object are swept beside the calculated ones; None leaves them as they are.

    Raises:
        OperatorError: the object is not read, or a field of it is not.
    """
    tables = ConnectionTables(connection.name)
    with closing(database.connect("syncline objects")) as conn, transaction(conn, "sweeps"):
        standing = objects.load_standing(conn, connection.id)
        found = next((one for one in standing if one.lower() == name.lower()), None)
        if found is None:
            raise OperatorError(f"{name} is not read yet.", remedy=f"`syncline objects add {name}`, then a sync.")
        if fields is not None:
            columns = shaping.load_columns(conn, tables, found)
            unknown = [one for one in fields if one.lower() not in columns]
            if unknown:
                raise OperatorError(
                    f"{found} is mirrored without: {', '.join(unknown)}.",
                    remedy=f"Map them, or mirror them: `syncline objects add {found} --fields …`.",
                )
            sweeps.name_fields(conn, connection.id, found, fields)
        return sweeps.load_sweeps(conn, connection.id).get(found) or Sweep(found, None, ())


def find_mirrored(known: dict[str, MirroredObject], name: str) -> MirroredObject:
    """The mirrored object of that name, in any case.

    Raises:
        OperatorError: there is none.
    """
    for one in known.values():
        if one.name.lower() == name.lower():
            return one
    names = ", ".join(known)
    raise OperatorError(
        f"{name} is not mirrored on demand.",
        remedy=f"Those are: {names}." if names else f"Mirror it: `syncline objects add {name}`.",
    )


def _take_turn(conn: psycopg.Connection, connection: Connection) -> None:
    """Keeps syncs away for as long as this database connection lives."""
    with transaction(conn, "lock"):
        if not runs.try_lock(conn, connection.id):
            raise Busy(
                f"A sync of {connection.name!r} is running.",
                remedy="Wait until it is done: `syncline runs` shows it.",
            )


def _unknown_object(name: str) -> OperatorError:
    return OperatorError(
        f"The org shows this user no object {name} that can be queried.",
        remedy="See `syncline objects list --available`. Rights: Setup, Permission Sets, Object Settings.",
    )


def _refuse_unknown_fields(mirrored: MirroredObject, shape: ObjectShape) -> None:
    missing = mirrored.missing(shape)
    if not missing:
        return
    near = get_close_matches(missing[0].lower(), shape.by_name, n=1)
    meant = f"Did you mean {shape.by_name[near[0]].name}? " if near else ""
    raise OperatorError(
        f"{shape.name} has no field that can be read and is called: {', '.join(missing)}.",
        remedy=f"{meant}See `syncline objects show {shape.name}`; hidden fields are granted by field-level security.",
    )
