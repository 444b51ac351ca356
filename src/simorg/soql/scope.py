"""The objects that one query reads: its own, and the parents that its field paths reach, joined once each."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from simorg.fidelity import say
from simorg.schema.registry import Catalog, Field, ObjectType
from simorg.soql.problems import problem, unknown_field, unknown_object
from simorg.soql.tree import Path, Query
from simorg.transactions import quote

_MOST_LEVELS = 5
_MOST_RELATIONSHIPS = 55
#: SQLite joins 64 tables.
_MOST_JOINS = 63
#: What can be asked of a parent that may be of several objects (the Name object).
_SHARED = {
    "id": ("Id", "id"),
    "name": ("Name", "string"),
    "type": ("Type", "string"),
    "firstname": ("FirstName", "string"),
    "lastname": ("LastName", "string"),
    "email": ("Email", "email"),
    "username": ("Username", "string"),
    "alias": ("Alias", "string"),
    "isactive": ("IsActive", "boolean"),
}


@dataclass(frozen=True)
class Joined:
    """An object of the query under its SQL alias; several where the parent may be of several objects."""

    aliases: tuple[tuple[str, ObjectType], ...]
    #: Whether it may be of several objects, whether or not the user sees more than one of them.
    shared: bool = False

    @property
    def only(self) -> tuple[str, ObjectType]:
        """The alias and the object, where there is one."""
        return self.aliases[0]


@dataclass(frozen=True)
class Column:
    """A field as SQL, with the relationships that lead to it."""

    relations: tuple[str, ...]
    field: Field
    sql: str
    #: SQL of each component of a compound address, in its order.
    parts: tuple[str, ...] = ()


class Scope:
    """The objects of one query, and their joins."""

    def __init__(
        self, query: Query, one: ObjectType, schema: Catalog, source: Callable[[str], str], alias: str
    ) -> None:
        self.query = query
        self.object = one
        self.alias = alias
        self.objects_read = {one.name, *one.derived_from, *one.scoped_by}
        self._schema = schema
        self._source = source
        self._own = {one.name.lower(), (query.alias or one.name).lower(), query.source.names[-1].lower()}
        self._joined: dict[tuple[str, ...], Joined] = {(): Joined(((alias, one),))}
        self._joins: list[str] = []

    @property
    def from_sql(self) -> str:
        """The FROM clause."""
        return f"{self._source(self.object.name)} {self.alias}" + "".join(self._joins)

    def column(self, path: Path) -> Column:
        """A field by its path.

        Raises:
            ApiError: there is no such field or relationship.
        """
        names = list(path.names)
        if len(names) > 1 and names[0].lower() in self._own:
            names = names[1:]
        if len(names) - 1 > _MOST_LEVELS:
            message = say("query.not_supported", what=f"A path of more than {_MOST_LEVELS} relationships")
            raise problem("INVALID_FIELD", message, self.query.text, path.place)
        relations: tuple[str, ...] = ()
        for name in names[:-1]:
            relations = self._follow(relations, name, path)
        return self._read(relations, names[-1], path)

    def joined(self, relations: tuple[str, ...]) -> Joined:
        """What a path of relationships leads to."""
        return self._joined[tuple(name.lower() for name in relations)]

    def follow(self, path: Path) -> tuple[str, ...]:
        """A path of relationships alone, joined; see `joined`.

        Raises:
            ApiError: there is no such relationship.
        """
        names = path.names[1:] if len(path.names) > 1 and path.names[0].lower() in self._own else path.names
        relations: tuple[str, ...] = ()
        for name in names:
            relations = self._follow(relations, name, path)
        return relations

    def read_as(self, relations: tuple[str, ...], object_name: str | None, path: Path) -> Column:
        """A field of a parent, as one of the objects it may be of, or as what is common to all.

        Raises:
            ApiError: there is no such field, or the parent is never of that object.
        """
        parent = self.joined(relations)
        if len(path.names) > 1:
            raise problem("INVALID_FIELD", say("query.relationship", name=path.names[0]), self.query.text, path.place)
        if object_name is None:
            return replace(self._read(relations, path.names[0], path), relations=())
        alias, one = next(found for found in parent.aliases if found[1].name == object_name)
        field = one.find(path.names[0])
        if field is None:
            raise unknown_field(path.names[0], one.name, self.query.text, path.place)
        return Column((), field, *_field_sql(alias, one, field))

    def _follow(self, relations: tuple[str, ...], name: str, path: Path) -> tuple[str, ...]:
        parent = self.joined(relations)
        alias, one = parent.only
        field = None if parent.shared else one.find_relation(name)
        if field is None:
            raise problem("INVALID_FIELD", say("query.relationship", name=name), self.query.text, path.place)
        followed = (*relations, field.relationship_name or name)
        key = tuple(part.lower() for part in followed)
        if key not in self._joined:
            joined: list[tuple[str, ObjectType]] = []
            for target in field.reference_to:
                found = self._schema.find(target)
                if found is None:
                    continue
                mine = f"{self.alias}_{len(self._joined)}_{len(joined)}"
                self._joins.append(
                    f' LEFT JOIN {self._source(found.name)} {mine} ON {mine}."Id" = {alias}.{quote(field.name)}'
                )
                self.objects_read |= {found.name, *found.derived_from, *found.scoped_by}
                joined.append((mine, found))
            if len(self._joined) > _MOST_RELATIONSHIPS or len(self._joins) > _MOST_JOINS:
                message = say("query.not_supported", what=f"More than {_MOST_RELATIONSHIPS} relationships")
                raise problem("MALFORMED_QUERY", message, self.query.text, path.place)
            if not joined:
                raise problem("INVALID_FIELD", say("query.relationship", name=name), self.query.text, path.place)
            self._joined[key] = Joined(tuple(joined), len(field.reference_to) > 1)
        return followed

    def _read(self, relations: tuple[str, ...], name: str, path: Path) -> Column:
        parent = self.joined(relations)
        if parent.shared:
            return self._read_shared(relations, parent, name, path)
        alias, one = parent.only
        field = one.find(name)
        if field is None:
            raise unknown_field(name, one.name, self.query.text, path.place)
        return Column(relations, field, *_field_sql(alias, one, field))

    def _read_shared(self, relations: tuple[str, ...], parent: Joined, name: str, path: Path) -> Column:
        shared = _SHARED.get(name.lower())
        if shared is None:
            raise unknown_field(name, "Name", self.query.text, path.place)
        proper, kind = shared
        parts = []
        for alias, one in parent.aliases:
            if proper == "Type":
                parts.append(f"CASE WHEN {alias}.\"Id\" IS NOT NULL THEN '{one.name}' END")
            elif field := one.find(proper):
                parts.append(_field_sql(alias, one, field)[0])
        if not parts:
            raise unknown_field(name, "Name", self.query.text, path.place)
        sql = f"coalesce({', '.join(parts)})" if len(parts) > 1 else parts[0]
        return Column(relations, Field(proper, proper, kind), sql)


def find_object(query: Query, schema: Catalog) -> ObjectType:
    """The object a query reads.

    Raises:
        ApiError: INVALID_TYPE.
    """
    name = str(query.source)
    one = schema.find(name)
    if one is None:
        raise unknown_object(name, query.text, query.source.place)
    return one


def _field_sql(alias: str, one: ObjectType, field: Field) -> tuple[str, tuple[str, ...]]:
    """The SQL of a field, and of its parts where it is an address."""
    if field.type == "address":
        parts = tuple(f"{alias}.{quote(name)}" for name in field.components)
        return f"coalesce({', '.join(parts)})", parts
    if field.name_field and field.components:
        first, last = f'{alias}."FirstName"', f'{alias}."LastName"'
        return f"nullif(trim(ifnull({first} || ' ', '') || ifnull({last}, '')), '')", ()
    if field.name == "PhotoUrl":
        return f"'/services/images/photo/' || {alias}.\"Id\"", ()
    if field.type == "encryptedstring":
        return f"mask({alias}.{quote(field.name)}, '{field.mask_type}', '{field.mask_char}')", ()
    if field.name == "IsEmailBounced":
        return f'({alias}."EmailBouncedReason" IS NOT NULL)', ()
    if not field.stored and not field.derived:
        return "NULL", ()
    return f"{alias}.{quote(field.name)}", ()
