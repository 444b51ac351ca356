"""The price of a mapping that no run has read by yet: what the next run reads of every record."""

from collections.abc import Mapping
from contextlib import closing

from syncline.domain import mapping as people
from syncline.domain.connection import Connection
from syncline.domain.reading import Anew, ReadForecast
from syncline.domain.shape import ObjectShape
from syncline.flows.connect import open_client
from syncline.store import objects, reads
from syncline.store.database import Database, store_errors
from syncline.store.secrets import KeyRing
from syncline.sync.context import SyncSettings
from syncline.sync.fields import read_fields
from syncline.sync.pricing import price


def price_mapping(
    database: Database,
    keys: KeyRing,
    connection: Connection,
    mapping: people.Mapping,
    shapes: Mapping[str, ObjectShape],
) -> tuple[ReadForecast, ...]:
    """What is read anew by this mapping, by what the org counts; where that is nothing, nothing is asked.

    Raises:
        RemoteError: the org cannot be asked.
    """
    with store_errors(), closing(database.connect("price")) as conn:
        chosen = objects.list_objects(conn, connection.id)
        wanted = []
        for name, shape in shapes.items():
            cursor = reads.load_cursor(conn, connection.id, name)
            if cursor is None or not cursor.field_list:
                wanted.append(Anew(name))
                continue
            known = set(cursor.field_list.split(","))
            added = tuple(one.name for one in read_fields(shape, mapping, chosen.get(name)) if one.name not in known)
            # Without a stamp all of an object is read each time: nothing is filled.
            if added and shape.stamp_field is not None:
                wanted.append(Anew(name, added))
    if not wanted:
        return ()
    with open_client(connection, keys) as client:
        return price(client, wanted, SyncSettings())
