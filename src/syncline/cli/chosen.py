"""Which connection a command works on."""

from typing import TYPE_CHECKING, Annotated

import typer

from syncline.errors import OperatorError

if TYPE_CHECKING:
    from syncline.domain.connection import Connection
    from syncline.domain.mapping import Mapping

#: The option of every command that works on a connection.
ConnectionName = Annotated[
    str | None, typer.Option("--connection", "-c", metavar="NAME", help="The connection; needed where there are two.")
]


def choose_connection(name: str | None) -> "Connection":
    """The connection of that name, or the only one there is.

    Raises:
        OperatorError: there is none, or several to choose from.
    """
    from syncline.store.connections import list_connections, load_connection

    if name is not None:
        return load_connection(name)
    known = list_connections()
    if not known:
        raise OperatorError(
            "No org is connected yet.", remedy="Connect one: `syncline connect --help`, or try `syncline demo`."
        )
    if len(known) > 1:
        names = ", ".join(one.name for one in known)
        raise OperatorError("There are several connections.", remedy=f"Choose one with --connection: {names}.")
    return known[0]


def load_current_mapping(connection: "Connection") -> "Mapping":
    """The newest version of the connection's mapping.

    Raises:
        OperatorError: it has none.
    """
    from syncline.store.mappings import load_mapping

    mapping = load_mapping(connection.id)
    if mapping is None:
        raise OperatorError(
            f"The connection {connection.name!r} has no mapping.", remedy="Connect again: `syncline connect`."
        )
    return mapping


def check_field(mapping: "Mapping", name: str | None) -> None:
    """Refuses a name that no marketing field has.

    Raises:
        OperatorError: the mapping has no such field.
    """
    if name is not None and mapping.find(name) is None:
        known = ", ".join(one.name for one in mapping.fields)
        raise OperatorError(f"There is no field {name!r}.", remedy=f"The mapping has: {known}.")
