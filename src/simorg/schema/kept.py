"""What differs in an org's schema from the one that it began with, to be kept: whole objects, and single fields."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simorg.encoding import decode, encode
from simorg.schema.registry import Field, ObjectType, Schema


class KeptSchema:
    """A schema as a part that is kept (`simorg.keeping`).

    An entry `Lead` has the facts of an object besides its fields, their order, and those of the beginning that are
    gone; an entry `Lead.Title` is a field that is not as it was.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    @property
    def revision(self) -> int:
        """The version of the schema as this thread sees it."""
        return self._schema.version

    def entries(self) -> Mapping[str, Any]:
        """Objects and fields that differ."""
        found: dict[str, Any] = {}
        for one in self._schema.objects():
            began = self._schema.initial(one.name)
            if one is began:
                continue
            first = began.fields if began else {}
            found[one.name] = {
                "facts": encode(replace(one, fields={})),
                "order": list(one.fields),
                "gone": [key for key in first if key not in one.fields],
            }
            for key, field in one.fields.items():
                if field is not first.get(key) and field != first.get(key):
                    found[f"{one.name}.{field.name}"] = encode(field)
        return found

    def restore(self, entries: Mapping[str, Any]) -> None:
        """Puts objects and fields in the place of those that the schema began with."""
        with self._schema.changing():
            for name, entry in entries.items():
                if "." in name:
                    continue
                began = self._schema.initial(name)
                fields = {key: one for key, one in (began.fields if began else {}).items() if key not in entry["gone"]}
                for other, own in entries.items():
                    if other.startswith(f"{name}."):
                        fields[other.partition(".")[2].lower()] = decode(Field, own)
                places = {key: at for at, key in enumerate(entry["order"])}
                ordered = dict(sorted(fields.items(), key=lambda pair: places.get(pair[0], len(places))))
                facts = decode(ObjectType, entry["facts"])
                self._schema.replace_object(replace(facts, fields=ordered))


def restore_initial(schema: Schema) -> list[str]:
    """Puts a schema back to what the org began with; gives the names of the objects that were not as then."""
    changed = [one.name for one in schema.objects() if one is not schema.initial(one.name)]
    with schema.changing():
        for name in changed:
            began = schema.initial(name)
            if began is None:
                schema.remove_object(name)
            else:
                schema.replace_object(began)
    return changed
