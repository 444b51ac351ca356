"""The preflight of a stored connection."""

from contextlib import closing

from syncline.domain.connection import Connection
from syncline.domain.mapping import PERSON_OBJECTS, Mapping
from syncline.domain.objects import MirroredObject
from syncline.domain.rights_needed import Preset, Wanted
from syncline.flows.connect import open_client
from syncline.setup import preflight
from syncline.setup.preflight import Report
from syncline.store import objects
from syncline.store.database import Database, store_errors
from syncline.store.secrets import KeyRing


def check_connection(
    database: Database, keys: KeyRing, connection: Connection, mapping: Mapping, preset: Preset
) -> Report:
    """What the user of a connection needs, has and lacks.

    Raises:
        RemoteError: the org cannot be asked.
    """
    mirrored = load_mirrored(database, connection)
    names = dict.fromkeys((*PERSON_OBJECTS, *(one.name for one in mirrored)))
    with open_client(connection, keys) as client:
        shapes = preflight.describe_needed(client, names)
        return preflight.check(client, Wanted(mapping, shapes, mirrored), preset)


def load_mirrored(database: Database, connection: Connection) -> tuple[MirroredObject, ...]:
    """The objects that are mirrored beside those of the mapping."""
    with store_errors(), closing(database.connect("mirrored")) as conn:
        return tuple(objects.list_objects(conn, connection.id).values())
