"""Records named by a key instead of their id: upserts, and references to a parent by its external id."""

from collections.abc import Iterable, Mapping

from simorg.behaviour.dml import Outcome, Writer, refuse
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.ids import to_18
from simorg.schema.registry import Field, ObjectType


def read_id(given: object, call: str) -> str | RowError:
    """The 18-character id that a record of a call (update, delete) names."""
    if not given:
        return RowError("MISSING_ARGUMENT", f"Id not specified in {'an' if call[0] in 'aeiou' else 'a'} {call} call")
    found = to_18(given) if isinstance(given, str) else None
    if found is None:
        return RowError("MALFORMED_ID", say("dml.malformed_id", label="Record ID", value=given), ("Id",))
    return found


def upsert(writer: Writer, one: ObjectType, key: Field, value: str | None, values: Mapping[str, object]) -> Outcome:
    """Updates the record with a key, or creates it (Object Reference, "upsert()"). The key counts, not
    what stands for it among the values.
    """
    rest = {name: given for name, given in values.items() if name.lower() != key.name.lower()}
    if value is None:
        return writer.create(one, rest)
    if key.type == "id":
        record_id = read_id(value, "upsert")
        return refuse(record_id) if isinstance(record_id, RowError) else writer.update(one, record_id, rest)
    found = writer.find_by_key(one, key, value)
    if len(found) > 1:
        return refuse(_several(key, found))
    if found:
        return writer.update(one, found[0], rest)
    return writer.create(one, {**rest, key.name: value})


def find_parent(writer: Writer, target: ObjectType, key: Field, value: str) -> str | RowError:
    """The id of the one record of another object with a key, for a reference to it."""
    found = [value] if key.type == "id" else writer.find_by_key(target, key, value)
    if len(found) > 1:
        return _several(key, found)
    if not found:
        message = say("dml.parent_not_found", value=value, field=key.name, object=target.name)
        return RowError("INVALID_FIELD", message)
    return found[0]


def find_repeated(values: Iterable[str | None]) -> frozenset[str]:
    """Keys that several records of one call share, in lower case: none of those records is written."""
    seen: set[str] = set()
    repeated: set[str] = set()
    for value in values:
        if value:
            folded = value.casefold()
            (repeated if folded in seen else seen).add(folded)
    return frozenset(repeated)


def refuse_repeated(key: Field, value: str) -> Outcome:
    """The outcome of a record whose key another record of the call has too."""
    message = say("dml.duplicate_external_id", value=value)
    return refuse(RowError("DUPLICATE_VALUE", message, (key.name,)))


def _several(key: Field, found: list[str]) -> RowError:
    message = f"{key.label}: more than one record found for external id field: [{', '.join(found)}]"
    return RowError("DUPLICATE_EXTERNAL_ID", message, (key.name,))
