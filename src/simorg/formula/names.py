"""What the names of a formula stand for: fields of the record, of records it refers to, of the user and of the org."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from simorg.fidelity import say
from simorg.formula.terms import BOOLEAN, DATE, DATETIME, MULTI, NUMBER, PICKLIST, TEXT, TIME, Term
from simorg.formula.tree import FormulaError
from simorg.schema.registry import ID_TYPES, NUMBER_TYPES, Field, ObjectType, Schema
from simorg.transactions import quote

MOST_SPANNED = 15
_MOST_HOPS = 10
_KINDS = {
    **dict.fromkeys(("string", "email", "phone", "url", "textarea", "combobox", "id", "reference"), TEXT),
    **dict.fromkeys(NUMBER_TYPES, NUMBER),
    "boolean": BOOLEAN, "date": DATE, "datetime": DATETIME, "time": TIME, "picklist": PICKLIST, "multipicklist": MULTI,
}  # fmt: skip
_UNSUPPORTED = {
    "textarea": "Long Text Area", "encryptedstring": "Text (Encrypted)", "address": "Address",
    "location": "Geolocation",
}  # fmt: skip
_QUEUES = {"queue": "Group", "user": "User"}
#: Globals that are a record: name → object, and the path from the user where it is not the user.
_GLOBALS = {"$user": (), "$profile": ("ProfileId", "Profile"), "$userrole": ("UserRoleId", "UserRole")}
_LONG = 255


@dataclass
class Names:
    """Resolves references for one object. `alias` is the record in SQL; hops get longer aliases, so that none hides one
    of those it refers to.

    `calculate` gives a formula or roll-up of another object or of this one at an alias. `blanks_as_zero`: a blank
    number is 0. `knows_user`: SQL has a place for the user who acts.
    """

    schema: Schema
    object: ObjectType
    calculate: Callable[[ObjectType, Field, str], Term]
    alias: str = "r"
    blanks_as_zero: bool = False
    knows_user: bool = False
    #: Paths of relationships that were followed.
    spanned: set[tuple[str, ...]] = field(default_factory=set)
    #: Fields that were read, as object and field.
    used: set[tuple[str, str]] = field(default_factory=set)

    def read(self, names: tuple[str, ...], alias: str | None = None) -> Term:
        """The field that a path leads to.

        Raises:
            FormulaError: there is none, or formulas cannot read it.
        """
        at = alias or self.alias
        if names[0].startswith("$"):
            return self._read_global(names)
        if len(names) - 1 > _MOST_HOPS:
            raise FormulaError(say("formula.hops", most=_MOST_HOPS))
        one, key, depth = self.object, "", 0
        for hop in range(len(names) - 1):
            one, key, depth = self._follow(one, key, at, depth, names, hop)
            self.spanned.add(tuple(name.lower() for name in names[: hop + 1]))
        if len(self.spanned) > MOST_SPANNED:
            raise FormulaError(say("formula.spanned", most=MOST_SPANNED, object=self.object.label))
        return self._leaf(one, names, key, at if not key else at + "r" * depth)

    def _follow(
        self, one: ObjectType, key: str, alias: str, depth: int, names: tuple[str, ...], hop: int
    ) -> tuple[ObjectType, str, int]:
        name, _, kind = names[hop].partition(":")
        found = _find_relation(one, name)
        targets = found.reference_to if found else ()
        if found and kind:
            wanted = _QUEUES.get(kind.lower(), kind)
            targets = tuple(target for target in targets if target.lower() == wanted.lower())
        target = self.schema.find(targets[0]) if len(targets) == 1 else None
        if found is None or target is None:
            raise FormulaError(say("formula.unknown_field", name=".".join(names)))
        self.used.add((one.name, found.name))
        here = alias + "r" * depth
        if not key:
            return target, f"{here}.{quote(found.name)}", depth + 1
        inner = f'(SELECT {here}.{quote(found.name)} FROM {{{one.name}}} {here} WHERE {here}."Id" = {key})'
        return target, inner, depth + 1

    def _leaf(self, one: ObjectType, names: tuple[str, ...], key: str, alias: str) -> Term:
        found = one.fields.get(names[-1].lower())
        if found is None:
            raise FormulaError(say("formula.unknown_field", name=".".join(names)))
        self.used.add((one.name, found.name))
        term = self._value(one, found, alias)
        if not key:
            return term

        def fetch(sql: str) -> str:
            return f'(SELECT {sql} FROM {{{one.name}}} {alias} WHERE {alias}."Id" = {key})'

        sql = fetch(term.sql)
        blank = {TEXT: "''", PICKLIST: "''", MULTI: "''", BOOLEAN: "0"}.get(term.kind)
        if blank is not None or (term.kind == NUMBER and self.blanks_as_zero):
            sql = f"ifnull({sql}, {blank or 0})"
        return replace(
            term,
            sql=sql,
            error=None if term.error is None else f"ifnull({fetch(term.error)}, 0)",
            identity=None if term.identity is None else f"ifnull({fetch(term.identity)}, '')",
        )

    def _value(self, one: ObjectType, found: Field, alias: str) -> Term:
        if found.type in _UNSUPPORTED and (found.type != "textarea" or found.length > _LONG):
            raise FormulaError(say("formula.unsupported", kind=_UNSUPPORTED[found.type], name=found.name))
        kind = _KINDS[found.type]
        if found.calculated:
            term = self.calculate(one, found, alias)
            return replace(term, field=found) if term.kind != NUMBER else self._number(term, found)
        sql = f"{alias}.{quote(found.name)}"
        if found.derived:
            sql = "(" + re.sub(r"\br\.", f"{alias}.", found.derived) + ")"
        elif found.name_field and found.components:
            sql = f"trim(ifnull({alias}.\"FirstName\" || ' ', '') || ifnull({alias}.\"LastName\", ''))"
        elif found.name == "IsEmailBounced":
            sql = f'({alias}."EmailBouncedReason" IS NOT NULL)'
        if found.type in ID_TYPES:
            whole = f"ifnull({sql}, '')"
            return Term(TEXT, f"substr({whole}, 1, 15)", identity=whole, field=found)
        if kind == NUMBER:
            percent = f"({sql} / 100.0)" if found.type == "percent" else sql
            return self._number(Term(NUMBER, percent), found)
        if kind in (TEXT, PICKLIST, MULTI):
            sql = f"ifnull({sql}, '')"
        elif kind == BOOLEAN:
            sql = f"ifnull({sql}, 0)"
        return Term(kind, sql, field=found)

    def _number(self, term: Term, found: Field) -> Term:
        sql = f"ifnull({term.sql}, 0)" if self.blanks_as_zero else term.sql
        return replace(term, sql=sql, field=found)

    def _read_global(self, names: tuple[str, ...]) -> Term:
        first = names[0].lower()
        if first == "$organization" and len(names) == 2:
            return self._leaf(self.schema.get("Organization"), names, '(SELECT o."Id" FROM {Organization} o)', "gr")
        if first not in _GLOBALS or len(names) != 2:
            raise FormulaError(say("formula.unknown_field", name=".".join(names)))
        if not self.knows_user:
            raise FormulaError(say("formula.no_user", name=".".join(names)))
        path = _GLOBALS[first]
        if not path:
            return self._leaf(self.schema.get("User"), names, "{user}", "gr")
        key = f'(SELECT gr.{quote(path[0])} FROM {{User}} gr WHERE gr."Id" = {{user}})'
        return self._leaf(self.schema.get(path[1]), names, key, "grr")


def _find_relation(one: ObjectType, name: str) -> Field | None:
    """The reference behind a relationship; formulas see fields that users do not."""
    wanted = name.lower()
    return next((found for found in one.fields.values() if (found.relationship_name or "").lower() == wanted), None)
