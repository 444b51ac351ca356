"""What all changes of a mapping share: the org's fields, the problems that a change brings, the new version."""

from typing import TYPE_CHECKING

from syncline.cli.output import Output
from syncline.domain.mapping import Mapping

if TYPE_CHECKING:
    from syncline.bootstrap import App
    from syncline.domain.connection import Connection
    from syncline.domain.mapping_problem import Problem
    from syncline.domain.shape import ObjectShape


def describe(opened: "App", connection: "Connection", output: Output) -> "dict[str, ObjectShape]":
    """The person objects as the org shows them at this moment.

    Raises:
        RemoteError: the org cannot be asked.
    """
    from syncline.flows.connect import describe_people, open_client

    output.note(f"asking {connection.organization_name or connection.login_url} for its fields …")
    with open_client(connection, opened.keys) as client:
        return describe_people(client)


def new_problems(before: Mapping, after: Mapping, shapes: "dict[str, ObjectShape]") -> "list[Problem]":
    """What the change brings; what was wrong before must not keep a person from mending one thing at a time."""
    from syncline.domain.mapping_check import check_mapping

    known = check_mapping(before, shapes)
    return [one for one in check_mapping(after, shapes) if one not in known]


def store(connection: "Connection", mapping: Mapping) -> Mapping:
    """Keeps the mapping as the connection's next version.

    Raises:
        StoreError: another process kept one at the same moment.
    """
    from syncline import clock
    from syncline.store.mappings import save_mapping

    return save_mapping(connection.id, mapping, clock.now())
