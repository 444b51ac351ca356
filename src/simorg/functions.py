"""What compiled queries need of a connection beside SQLite's own: functions, and the order of texts."""

import sqlite3
from zoneinfo import ZoneInfo

from simorg.clock import read_stamp
from simorg.formula.native import register
from simorg.masks import mask_text


def add_functions(connection: sqlite3.Connection) -> None:
    """Gives them to a connection."""
    connection.create_function("fold", 1, _fold, deterministic=True)
    connection.create_function("in_zone", 2, _move_to_zone, deterministic=True)
    connection.create_function("mask", 3, mask_text, deterministic=True)
    register(connection)
    connection.create_collation("folded", _compare_folded)


def _fold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def _move_to_zone(stamp: str | None, zone: str) -> str | None:
    """A stored moment as clocks of a time zone show it."""
    return None if stamp is None else read_stamp(stamp).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _compare_folded(left: str, right: str) -> int:
    one, other = left.casefold(), right.casefold()
    return (one > other) - (one < other)
