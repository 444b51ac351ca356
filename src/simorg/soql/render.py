"""Rows of a query as the records of its answer."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from simorg.snapshots import Snapshot
from simorg.soql.columns import Parent
from simorg.soql.compiled import ChildItem, ChoiceItem, Compiled, Item
from simorg.transactions import StoredValue
from simorg.values import compose_address, render_json

Row = Sequence[StoredValue]


def render_rows(compiled: Compiled, rows: Iterable[Row], root: str, snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """Records in JSON, with attributes, parents and children; `root` is the version's path."""
    cells = [_plan(one) for one in compiled.items]
    parents = {one.relations: one for one in compiled.parents}
    name = compiled.object.name
    base = f"{root}/sobjects/{name}/"
    for row in rows:
        record: dict[str, Any] = {"attributes": {"type": name, "url": f"{base}{row[0]}"}}
        if compiled.is_aggregate:
            record = {"attributes": {"type": "AggregateResult"}}
        for one in cells:
            if isinstance(one, ChildItem):
                record[one.name] = _render_children(one, row[0], root, snapshot)
                continue
            if isinstance(one, _ChoiceCell):
                holder = _find_holder(record, one.relations[:-1], parents, row, root)
                if holder is not None:
                    holder[one.relations[-1]] = one.render(row, root)
                continue
            holder = _find_holder(record, one.relations, parents, row, root) if one.relations else record
            if holder is not None:
                holder[one.name] = row[one.index] if one.convert is None else one.convert(row)
        yield record


def render_columns(compiled: Compiled) -> dict[str, Any]:
    """What `columns=true` tells instead of records."""
    columns = [_describe(one) for one in compiled.items]
    return {
        "columnMetadata": columns,
        "entityName": compiled.object.name,
        "groupBy": compiled.is_aggregate,
        "idSelected": any(isinstance(one, Item) and one.name == "Id" for one in compiled.items),
        "keyPrefix": compiled.object.key_prefix,
    }


class _Cell:
    """How one column of the rows is shown; `convert` is None where it is shown as it is stored."""

    def __init__(self, one: Item) -> None:
        self.name = one.name
        self.index = one.index
        self.relations = one.column.relations
        self.convert = _find_converter(one)


class _ChoiceCell:
    """How a parent is shown whose fields depend on its object."""

    def __init__(self, one: ChoiceItem) -> None:
        self.relations = one.parent.relations
        self._parent = one.parent
        self._choices = {name: [_Cell(item) for item in items] for name, items in one.choices.items()}
        self._otherwise = [_Cell(item) for item in one.otherwise]

    def render(self, row: Row, root: str) -> dict[str, Any] | None:
        """The parent with the fields of its object; None where there is none."""
        record_id = row[self._parent.id_index]
        if record_id is None:
            return None
        name = str(_object_name(self._parent, row))
        record: dict[str, Any] = {"attributes": {"type": name, "url": f"{root}/sobjects/{name}/{record_id}"}}
        for one in self._choices.get(name, self._otherwise):
            record[one.name] = row[one.index] if one.convert is None else one.convert(row)
        return record


def _plan(one: Item | ChildItem | ChoiceItem) -> "_Cell | ChildItem | _ChoiceCell":
    if isinstance(one, ChildItem):
        return one
    return _Cell(one) if isinstance(one, Item) else _ChoiceCell(one)


def _find_converter(one: Item) -> Callable[[Row], Any] | None:
    shown, index = one.column.field, one.index
    if one.column.parts:
        after = index + len(one.column.parts)
        return lambda row: compose_address(shown, dict(zip(shown.components, row[index:after], strict=True)))
    if one.as_text:
        return lambda row: None if row[index] is None else str(render_json(shown, row[index]))
    if shown.type == "boolean":
        return lambda row: bool(row[index])
    if shown.type in ("datetime", "double", "currency", "percent"):
        return lambda row: render_json(shown, row[index])
    return None


def _find_holder(
    record: dict[str, Any],
    relations: tuple[str, ...],
    parents: dict[tuple[str, ...], Parent],
    row: Row,
    root: str,
) -> dict[str, Any] | None:
    """The nested record that a field belongs to; None where the relationship is empty."""
    holder = record
    for depth, name in enumerate(relations, start=1):
        if name not in holder:
            holder[name] = _begin_parent(parents[relations[:depth]], row, root)
        if holder[name] is None:
            return None
        holder = holder[name]
    return holder


def _begin_parent(parent: Parent, row: Row, root: str) -> dict[str, Any] | None:
    record_id = row[parent.id_index]
    if record_id is None:
        return None
    name = _object_name(parent, row)
    # What may be of several objects is shown as a Name, at the place of what it is.
    return {"attributes": {"type": parent.object_name, "url": f"{root}/sobjects/{name}/{record_id}"}}


def _object_name(parent: Parent, row: Row) -> StoredValue:
    return parent.object_name if parent.type_index is None else row[parent.type_index]


def _render_children(one: ChildItem, record_id: StoredValue, root: str, snapshot: Snapshot) -> Any:
    found = snapshot.execute(one.compiled.sql, [record_id, *one.compiled.parameters]).fetchall()
    if not found:
        return None
    records = list(render_rows(one.compiled, found, root, snapshot))
    return {"totalSize": len(records), "done": True, "records": records}


def _describe(one: Item | ChildItem | ChoiceItem) -> dict[str, Any]:
    if isinstance(one, ChildItem):
        inner = [_describe(column) for column in one.compiled.items]
        return _column(one.name, one.name, "", inner, aggregate=True)
    if isinstance(one, ChoiceItem):
        fields = {item.name: item for items in (*one.choices.values(), one.otherwise) for item in items}
        return _column(one.name, one.name, "", [_describe(item) for item in fields.values()], aggregate=True)
    name = ".".join((*one.column.relations, one.name))
    return _column(one.name, name, one.column.field.type, [], aggregate=False)


def _column(name: str, display: str, kind: str, joins: list[Any], *, aggregate: bool) -> dict[str, Any]:
    return {
        "aggregate": aggregate,
        "apexType": kind.capitalize() or None,
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": name.endswith("__c"),
        "displayName": display,
        "foreignKeyName": None,
        "insertable": True,
        "joinColumns": joins,
        "numberType": kind in ("int", "double", "currency", "percent"),
        "textType": kind in ("string", "textarea", "email", "phone", "url", "picklist"),
        "updatable": True,
    }
