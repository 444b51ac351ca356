"""From the tree of a query to SQL over the storage. Values are parameters; names come from the schema alone."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from simorg.fidelity import say
from simorg.schema.registry import ID_TYPES, TEXT_TYPES, Catalog, Field, ObjectType
from simorg.soql.columns import AGGREGATES, Columns
from simorg.soql.compiled import ChildItem, ChoiceItem, Compiled, Item
from simorg.soql.conditions import Conditions, Resolved
from simorg.soql.problems import problem
from simorg.soql.scope import Scope, find_object
from simorg.soql.tree import Call, Child, Choice, Entry, InQuery, Operand, OrderKey, Path, Query, Selected
from simorg.transactions import StoredValue, quote

_MOST_OFFSET = 2_000
_MOST_FIELDS_ROWS = 200


@dataclass(frozen=True)
class _Tail:
    """What comes after the columns, with its parameters in order."""

    rows: str
    order: str
    bounds: str
    parameters: list[StoredValue]

    @property
    def sql(self) -> str:
        """All of it."""
        return self.rows + self.order + self.bounds

    @property
    def count_sql(self) -> str:
        """Enough of it to count, which needs no order."""
        return self.rows + self.bounds


def compile_query(
    query: Query,
    schema: Catalog,
    source: Callable[[str], str],
    *,
    all_rows: bool,
    now: datetime,
    time_zone: ZoneInfo,
) -> Compiled:
    """A query as SQL over what `source` gives for each object.

    Raises:
        ApiError: 400, with the place and the reason.
    """
    return _Compiler(schema, source, all_rows, now, time_zone).compile(query, find_object(query, schema))


class _Compiler:
    def __init__(
        self, schema: Catalog, source: Callable[[str], str], all_rows: bool, now: datetime, zone: ZoneInfo
    ) -> None:
        self._schema = schema
        self._source = source
        self._all_rows = all_rows
        self._now = now
        self._zone = zone
        self._scopes = 0
        #: Objects that semi-joins read.
        self._inner_objects: set[str] = set()
        #: Whether the query in hand is a semi-join's.
        self._inside = False

    def compile(self, query: Query, one: ObjectType, parent_field: str | None = None) -> Compiled:
        scope = self._open(query, one)
        query = _expand_fields(query, one)
        columns = Columns(query, scope, self._zone)
        aggregates = query.group or any(
            _has_aggregate(one.operand) for one in query.select if isinstance(one, Selected)
        )
        if aggregates and parent_field:
            raise problem("MALFORMED_QUERY", say("query.child_aggregate"), query.text, query.source.place)
        if _is_count(query):
            return self._compile_count(query, scope)
        if aggregates:
            return self._compile_aggregate(query, scope, columns)
        id_index = columns.add(f'{scope.alias}."Id"')
        items = [self._compile_item(one, query, scope, columns) for one in query.select]
        parents = tuple(columns.parents())
        tail = self._tail(query, scope, columns, parent_field)
        assert id_index == 0
        return Compiled(
            object=one,
            sql=f"SELECT {', '.join(columns.sql)}{tail.sql}",
            parameters=tail.parameters,
            count_sql=f"SELECT count(*) FROM (SELECT 1{tail.count_sql})",
            items=tuple(items),
            parents=parents,
            objects_read=frozenset(scope.objects_read | self._inner_objects),
            has_offset=query.offset is not None,
            tail_sql=tail.sql,
        )

    def _open(self, query: Query, one: ObjectType) -> Scope:
        self._scopes += 1
        return Scope(query, one, self._schema, self._source, f"t{self._scopes}")

    def _compile_count(self, query: Query, scope: Scope) -> Compiled:
        tail = self._tail(query, scope, Columns(query, scope, self._zone), None)
        return Compiled(
            object=scope.object,
            sql=f"SELECT 1{tail.sql}",
            parameters=tail.parameters,
            count_sql=f"SELECT count(*) FROM (SELECT 1{tail.count_sql})",
            items=(),
            is_count=True,
            objects_read=frozenset(scope.objects_read | self._inner_objects),
        )

    def _compile_aggregate(self, query: Query, scope: Scope, columns: Columns) -> Compiled:
        grouped = self._check_groups(query, columns)
        items = []
        unnamed = 0
        for one in query.select:
            if not isinstance(one, Selected):
                raise problem("MALFORMED_QUERY", say("query.not_supported", what="A subquery beside aggregates"))
            column = columns.resolve(one.operand)
            if not _has_aggregate(one.operand) and column.sql not in grouped:
                message = say("query.ungrouped", field=_name(one.operand))
                raise problem("MALFORMED_QUERY", message, query.text, one.operand.place)
            name = one.alias
            if name is None and isinstance(one.operand, Call):
                name, unnamed = f"expr{unnamed}", unnamed + 1
            shown = name or column.field.name
            items.append(Item(shown, replace(column, relations=()), columns.add(column.sql)))
        tail = self._tail(query, scope, columns, None)
        return Compiled(
            object=scope.object,
            sql=f"SELECT {', '.join(columns.sql)}{tail.sql}",
            parameters=tail.parameters,
            count_sql=f"SELECT count(*) FROM (SELECT {', '.join(columns.sql)}{tail.count_sql})",
            items=tuple(items),
            is_aggregate=True,
            objects_read=frozenset(scope.objects_read | self._inner_objects),
        )

    def _check_groups(self, query: Query, columns: Columns) -> set[str]:
        """The SQL of what is grouped by."""
        grouped = set()
        for operand in query.group:
            column = columns.resolve(operand)
            if not column.field.groupable and isinstance(operand, Path):
                message = say("query.not_groupable", field=_name(operand))
                raise problem("INVALID_FIELD", message, query.text, operand.place)
            grouped.add(column.sql)
        for key in query.order:
            if not _has_aggregate(key.operand) and columns.resolve(key.operand).sql not in grouped:
                message = say("query.ungrouped_order", field=_name(key.operand))
                raise problem("MALFORMED_QUERY", message, query.text, key.operand.place)
        return grouped

    def _compile_item(self, one: Entry, query: Query, scope: Scope, columns: Columns) -> Item | ChildItem | ChoiceItem:
        if isinstance(one, Child):
            return self._compile_child(one, query, scope)
        if isinstance(one, Choice):
            return self._compile_choice(one, query, scope, columns)
        if one.alias and isinstance(one.operand, Path):
            message = "only aggregate expressions use field aliasing"
            raise problem("MALFORMED_QUERY", message, query.text, one.operand.place)
        column = columns.resolve(one.operand)
        if isinstance(one.operand, Path):
            columns.note(column, query, one.operand)
        index = columns.add(column.sql) if not column.parts else columns.add(*column.parts)
        as_text = isinstance(one.operand, Call) and one.operand.name.lower() == "format"
        return Item(one.alias or column.field.name, column, index, as_text)

    def _compile_child(self, one: Child, query: Query, scope: Scope) -> ChildItem:
        inner = one.query
        name = inner.source.names[-1]
        child = scope.object.find_child(name)
        found = self._schema.find(child.child) if child else None
        if child is None or found is None:
            message = say("query.child_relationship", name=name)
            raise problem("INVALID_TYPE", message, query.text, inner.source.place)
        compiled = self.compile(inner, found, child.field)
        scope.objects_read |= compiled.objects_read
        return ChildItem(child.name or name, compiled)

    def _compile_choice(self, one: Choice, query: Query, scope: Scope, columns: Columns) -> ChoiceItem:
        relations = scope.follow(one.relation)
        possible = {found.name.lower(): found.name for _, found in scope.joined(relations).aliases}

        def read(object_name: str | None, path: Path) -> Item:
            column = scope.read_as(relations, object_name, path)
            return Item(column.field.name, column, columns.add(*(column.parts or (column.sql,))))

        choices = {}
        for wanted, paths in one.choices:
            name = possible.get(str(wanted).lower())
            if name is None:
                message = say("query.not_a_type", name=str(wanted), relationship=str(one.relation))
                raise problem("MALFORMED_QUERY", message, query.text, wanted.place)
            choices[name] = tuple(read(name, path) for path in paths)
        otherwise = tuple(read(None, path) for path in one.otherwise)
        return ChoiceItem(columns.parent(relations), choices, otherwise)

    def _tail(self, query: Query, scope: Scope, columns: Columns, parent_field: str | None) -> _Tail:
        """What comes after the columns; of a child's query only the rows of one parent."""
        conditions = Conditions(
            query.text,
            lambda operand: _resolve(columns, operand),
            lambda one, outer: self._compile_inner(one, outer, query, scope.object),
            self._now,
            self._zone,
        )
        clauses = []
        if parent_field:
            clauses.append(f"{scope.alias}.{quote(parent_field)} = ?")
        if not self._all_rows and "isdeleted" in scope.object.fields:
            clauses.append(f'{scope.alias}."IsDeleted" = 0')
        if query.where:
            clauses.append(conditions.compile(query.where))
        group = [columns.resolve(operand).sql for operand in query.group]
        having = conditions.compile(query.having) if query.having else ""
        order = [self._order(key, query, columns) for key in query.order]
        sql = f" FROM {scope.from_sql}"
        sql += f" WHERE {' AND '.join(clauses)}" if clauses else ""
        sql += f" GROUP BY {', '.join(group)}" if group else ""
        sql += f" HAVING {having}" if having else ""
        order_sql = f" ORDER BY {', '.join(order)}" if order else ""
        return _Tail(sql, order_sql, _bounds(query), conditions.parameters)

    def _order(self, key: OrderKey, query: Query, columns: Columns) -> str:
        column = columns.resolve(key.operand)
        if not column.field.sortable or column.field.type in ("multipicklist", "address"):
            message = say("query.not_sortable", field=column.field.name)
            raise problem("INVALID_FIELD", message, query.text, key.operand.place)
        folded = " COLLATE folded" if column.field.type in TEXT_TYPES else ""
        direction = "DESC" if key.descending else "ASC"
        return f"{column.sql}{folded} {direction} NULLS {'LAST' if key.nulls_last else 'FIRST'}"

    def _compile_inner(
        self, one: InQuery, outer: Field, query: Query, asked: ObjectType
    ) -> tuple[str, list[StoredValue]]:
        inner = one.query
        found = find_object(inner, self._schema)
        if self._inside:
            raise problem("MALFORMED_QUERY", say("query.semi_join_nested"), query.text, inner.source.place)
        if found is asked:
            raise problem("MALFORMED_QUERY", say("query.semi_join_object"), query.text, inner.source.place)
        scope = self._open(inner, found)
        columns = Columns(inner, scope, self._zone)
        selected = inner.select[0]
        if len(inner.select) != 1 or not isinstance(selected, Selected) or not isinstance(selected.operand, Path):
            message = say("query.not_supported", what="More than one field in an inner select")
            raise problem("MALFORMED_QUERY", message, query.text, inner.source.place)
        column = columns.resolve(selected.operand)
        if column.field.type not in ID_TYPES or outer.type not in ID_TYPES:
            message = "The inner select field must be an Id or a reference field"
            raise problem("MALFORMED_QUERY", message, query.text, selected.operand.place)
        self._inside = True
        tail = self._tail(inner, scope, columns, None)
        self._inside = False
        self._inner_objects |= scope.objects_read
        return f"SELECT * FROM (SELECT {column.sql} AS found{tail.sql}) WHERE found IS NOT NULL", tail.parameters


def _resolve(columns: Columns, operand: Operand) -> Resolved:
    column = columns.resolve(operand)
    if column.field.type == "boolean" and not column.relations:
        # A checkbox is never blank, even in a record older than the checkbox.
        return Resolved(f"ifnull({column.sql}, 0)", column.field)
    return Resolved(column.sql, column.field)


def _bounds(query: Query) -> str:
    if query.offset is not None and query.offset > _MOST_OFFSET:
        raise problem("NUMBER_OUTSIDE_VALID_RANGE", say("query.offset"))
    limit = -1 if query.limit is None else query.limit
    if query.limit is None and query.offset is None:
        return ""
    return f" LIMIT {limit} OFFSET {query.offset or 0}"


def _is_count(query: Query) -> bool:
    first = query.select[0]
    if len(query.select) != 1 or not isinstance(first, Selected):
        return False
    operand = first.operand
    return isinstance(operand, Call) and operand.name.lower() == "count" and not operand.arguments and not query.group


def _has_aggregate(operand: Operand) -> bool:
    if isinstance(operand, Path):
        return False
    nested = (one for one in operand.arguments if isinstance(one, Path | Call))
    return operand.name.lower() in AGGREGATES or any(_has_aggregate(one) for one in nested)


def _name(operand: Operand) -> str:
    return operand.name if isinstance(operand, Call) else operand.names[-1]


def _expand_fields(query: Query, one: ObjectType) -> Query:
    """FIELDS(ALL), FIELDS(STANDARD) and FIELDS(CUSTOM) as the fields they stand for."""
    expanded: list[Entry] = []
    for selected in query.select:
        operand = selected.operand if isinstance(selected, Selected) else None
        if not isinstance(operand, Call) or operand.name.lower() != "fields":
            expanded.append(selected)
            continue
        which = ".".join(str(argument) for argument in operand.arguments).lower()
        if which not in ("all", "standard", "custom"):
            raise problem("MALFORMED_QUERY", say("query.fields_function"), query.text, operand.place)
        if which != "standard" and (query.limit is None or query.limit > _MOST_FIELDS_ROWS):
            raise problem("MALFORMED_QUERY", say("query.fields_limit"), query.text, operand.place)
        chosen = [shown for shown in one.visible_fields if which == "all" or shown.custom == (which == "custom")]
        expanded += [Selected(Path((shown.name,), operand.place), None) for shown in chosen]
    return replace(query, select=tuple(expanded))
