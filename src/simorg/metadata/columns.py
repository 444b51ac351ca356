"""The columns behind fields that come, change and go, as parts of a transaction.

The column of a field that goes stays, empty, for readers that began before; one that comes takes its place.
"""

from simorg.schema.registry import Field, ObjectType
from simorg.tables import column_type
from simorg.transactions import Transaction, quote


def renew_column(tx: Transaction, one: ObjectType, field: Field) -> None:
    """Makes the column of a new field empty and of its type; what a removed field of its name left is thrown away."""
    if not field.stored:
        return
    kind = column_type(field)
    for table in _tables(one):
        present = _present(tx, table)
        if present.get(field.name) == kind:
            # Taking a column away means writing the whole table anew: one that fits is used again.
            _blank(tx, table, field.name)
            continue
        _drop(tx, table, field.name)
        tx.run(f"ALTER TABLE {quote(table)} ADD COLUMN {quote(field.name)} {kind}", ())
    tx.touch(one.name)
    index_column(tx, one, field)


def index_column(tx: Transaction, one: ObjectType, field: Field) -> None:
    """Makes the index of a field that is looked up by: a key or a reference."""
    if field.stored and (field.external_id or field.unique or field.reference_to):
        collation = "" if field.reference_to else " COLLATE NOCASE"
        name = quote(f"{one.name}_{field.name}")
        tx.run(f"CREATE INDEX IF NOT EXISTS {name} ON {quote(one.name)} ({quote(field.name)}{collation})", ())


def copy_column(tx: Transaction, one: ObjectType, source: str, target: Field) -> None:
    """Gives a field the values of another, without moving a stamp."""
    for table in _tables(one):
        if source in _present(tx, table):
            tx.run(f"UPDATE {quote(table)} SET {quote(target.name)} = {quote(source)}", ())
    tx.touch(one.name)


def fill_column(tx: Transaction, one: ObjectType, field: Field) -> None:
    """Gives a checkbox its default in all records that have none, without moving a stamp: it is never blank."""
    if field.stored and field.type == "boolean":
        column = quote(field.name)
        for table in _tables(one):
            tx.run(f"UPDATE {quote(table)} SET {column} = ? WHERE {column} IS NULL", [int(bool(field.default))])
        tx.touch(one.name)


def retype_column(tx: Transaction, one: ObjectType, old: Field, new: Field) -> None:
    """Gives a field's column another type; values that cannot be read as the new type are lost."""
    if column_type(old) == column_type(new):
        return
    column, aside = quote(new.name), quote(f"_{new.name}_aside")
    kind = column_type(new)
    for table in _tables(one):
        value = f"CAST({column} AS {kind})"
        if kind != "TEXT":
            # A text that is no number would be cast to 0.
            value = f"CASE WHEN trim({column}) GLOB '*[0-9]*' AND trim({column}) NOT GLOB '*[^-0-9.]*' THEN {value} END"
        tx.run(f"ALTER TABLE {quote(table)} ADD COLUMN {aside} {kind}", ())
        tx.run(f"UPDATE {quote(table)} SET {aside} = {value}", ())
        _drop(tx, table, new.name)
        tx.run(f"ALTER TABLE {quote(table)} RENAME COLUMN {aside} TO {column}", ())
    tx.touch(one.name)
    index_column(tx, one, new)


def empty_object(tx: Transaction, one: ObjectType) -> None:
    """Removes every record of an object that goes; its table stays, unread."""
    for table in _tables(one):
        tx.run(f"DELETE FROM {quote(table)}", ())
    tx.touch(one.name)


def drop_table(tx: Transaction, one: ObjectType) -> None:
    """Throws the table away that a removed object of this name left."""
    for table in _tables(one):
        tx.run(f"DROP TABLE IF EXISTS {quote(table)}", ())


def _drop(tx: Transaction, table: str, name: str) -> None:
    tx.run(f"DROP INDEX IF EXISTS {quote(f'{table}_{name}')}", ())
    if name in _present(tx, table):
        tx.run(f"ALTER TABLE {quote(table)} DROP COLUMN {quote(name)}", ())


def _blank(tx: Transaction, table: str, name: str) -> None:
    column = quote(name)
    tx.run(f"UPDATE {quote(table)} SET {column} = NULL WHERE {column} IS NOT NULL", ())


def _present(tx: Transaction, table: str) -> dict[str, str]:
    """The columns that a table has, with their types."""
    return {str(row[1]): str(row[2]) for row in tx.run(f"PRAGMA table_info({quote(table)})", ())}


def _tables(one: ObjectType) -> tuple[str, str]:
    return one.name, f"{one.name}__before"
