"""Checks a formula against an object: every field known, every type as its place wants it. Gives what SQL is built of.

Types and messages follow Salesforce's own (Salesforce Help, "Formula Operators and Functions A–Z" and "Tips for
Working with Picklist Formula Fields").
"""

from collections.abc import Callable, Sequence
from difflib import get_close_matches

from syncline.domain.formula import regex
from syncline.domain.formula.functions import FUNCTIONS, REFUSED, Function, Kinds
from syncline.domain.formula.operators import check_operation, wrong_kind
from syncline.domain.formula.parse import parse
from syncline.domain.formula.tree import Call, FieldName, Literal, Node
from syncline.domain.formula.types import Applied, Column, Constant, Formula, Kind, Term, kind_of, settle
from syncline.domain.shape import COMPOUND_TYPES, FieldShape, ObjectShape
from syncline.errors import FormulaError

_LITERAL_KINDS = {str: Kind.TEXT, bool: Kind.BOOLEAN, type(None): Kind.NULL}
_CLOCK = {"TODAY": "day", "NOW": "time", "TIMENOW": "time"}
_PICKLISTS = (Kind.PICKLIST, Kind.MULTIPICKLIST)


def check(text: str, shape: ObjectShape) -> Formula:
    """The formula, checked against the fields of an object.

    Raises:
        FormulaError: it cannot be read, or does not fit the object; the error says where.
    """
    return _Check(shape).formula(text)


def check_source(source: str, shape: ObjectShape) -> Formula:
    """The expression that a source of the mapping is; places count from its `=`.

    Raises:
        FormulaError: as `check`.
    """
    return check(" " + source.removeprefix("="), shape)


class _Check:
    """One pass over the tree of one formula."""

    def __init__(self, shape: ObjectShape) -> None:
        self._shape = shape
        self._fields: dict[str, None] = {}
        self._clock: set[str] = set()
        self._rules: dict[str, Callable[[Function, Call, list[Term]], Term]] = {
            "choose": self._choose,
            "case": self._case,
            "blank": self._blank,
            "null": self._null,
            "substitute": self._substitute,
            "text": self._by_kind,
            "by_kind": self._by_kind,
            "same_kind": self._same_kind,
            "regex": self._regex,
        }

    def formula(self, text: str) -> Formula:
        tree = parse(text)
        root = self.term(tree)
        self._plain(root, tree)
        if root.kind in (Kind.NULL, Kind.TIME):
            raise FormulaError(
                f"The result is of type {root.kind}, which no field takes",
                position=tree.position,
                remedy="Let it give a text, a number, a checkbox, a date or a date/time.",
            )
        return Formula(text, root, tuple(self._fields), "time" in self._clock, bool(self._clock))

    def term(self, node: Node) -> Term:
        if isinstance(node, Literal):
            kind = _LITERAL_KINDS.get(type(node.value), Kind.NUMBER)
            return Constant(kind, node.value)
        if isinstance(node, FieldName):
            return self._field(node)
        if isinstance(node, Call):
            return self._call(node)
        operands = [self.term(one) for one in node.operands]
        for one, operand in zip(operands, node.operands, strict=True):
            self._plain(one, operand)
        return check_operation(node, operands)

    def _field(self, node: FieldName) -> Column:
        if node.name.startswith("$"):
            raise FormulaError(
                f"{node.name} cannot be used: global variables are not known here",
                position=node.position,
                remedy="Write its value into the formula.",
            )
        if "." in node.name:
            raise FormulaError(
                f"{node.name} cannot be used: fields of related records are not read yet",
                position=node.position,
                remedy="Use fields of the record itself, or map a formula field that Salesforce calculates.",
            )
        found = self._shape.find(node.name)
        if found is None:
            raise FormulaError(
                f"Field {node.name} does not exist. Check spelling",
                position=node.position,
                remedy=_nearest(node.name, self._shape),
            )
        return self._column(node, found)

    def _column(self, node: FieldName, found: FieldShape) -> Column:
        kind = kind_of(found)
        if kind is None:
            parts = "Use its parts one by one." if found.type in COMPOUND_TYPES else "Use another field."
            raise FormulaError(
                f"Field {found.name} is a {found.type}, which formulas cannot read",
                position=node.position,
                remedy=parts,
            )
        self._fields.setdefault(found.name)
        is_id = found.type in ("id", "reference")
        return Column(kind, found.column, of_hundred=found.type == "percent", short_id=is_id)

    def _call(self, node: Call) -> Term:
        function = FUNCTIONS.get(node.name.upper())
        if function is None:
            raise _unknown_function(node)
        if function.name in _CLOCK:
            self._clock.add(_CLOCK[function.name])
        terms = [self.term(one) for one in node.arguments]
        if not function.rule or function.rule in ("text", "by_kind", "same_kind", "regex"):
            self._arguments(function, node, terms)
        if not function.rule:
            return Applied(function.gives, function.built_by, tuple(terms))
        return self._rules[function.rule](function, node, terms)

    def _arguments(self, function: Function, node: Call, terms: list[Term]) -> None:
        """Checks every argument, and settles those that are blank."""
        self._count(function, node, len(function.takes) - function.optional, len(function.takes))
        for index, term in enumerate(terms):
            takes = function.takes[min(index, len(function.takes) - 1)]
            terms[index] = self._expect(function, term, node.arguments[index], takes)
            if function.literal == index and not (isinstance(term, Constant) and isinstance(term.value, str)):
                raise FormulaError(
                    f"Incorrect argument type for function '{function.name}()': expected a text in quotes",
                    position=node.arguments[index].position,
                    remedy="Write the value itself, in quotes.",
                )

    def _count(self, function: Function, node: Call, least: int, most: int) -> None:
        given = len(node.arguments)
        if given < least or (given > most and not function.repeats):
            wanted = least if given < least else most
            raise FormulaError(
                f"Incorrect number of parameters for function '{function.name}()'. Expected {wanted}, received {given}",
                position=node.position,
                remedy=f"Write {function.name}({function.arguments}).",
            )

    def _expect(self, function: Function, term: Term, node: Node, takes: Kinds) -> Term:
        if term.kind in takes or term.kind is Kind.NULL:
            return settle(term, takes[0])
        self._plain(term, node)
        raise wrong_kind(f"function '{function.name}()'", _shown(takes), term.kind, node.position)

    def _plain(self, term: Term, node: Node) -> None:
        """Refuses a picklist where a plain value is wanted."""
        if term.kind not in _PICKLISTS:
            return
        name = node.name if isinstance(node, FieldName) else "here"
        several = term.kind is Kind.MULTIPICKLIST
        raise FormulaError(
            f"Field {name} is a {'multi-select ' if several else ''}picklist field. "
            f"{'Multi-select picklist' if several else 'Picklist'} fields are only supported in certain functions",
            position=node.position,
            remedy=f"Write INCLUDES({name}, \"…\")." if several
            else f"Write TEXT({name}), ISPICKVAL({name}, \"…\") or CASE({name}, …).",
        )  # fmt: skip

    def _choose(self, function: Function, node: Call, terms: list[Term]) -> Term:
        self._count(function, node, 3, 3)
        condition = self._expect(function, terms[0], node.arguments[0], (Kind.BOOLEAN,))
        kind, branches = self._common(function, node.arguments[1:], terms[1:])
        return Applied(kind, "if", (condition, *branches))

    def _common(self, function: Function, nodes: Sequence[Node], terms: Sequence[Term]) -> tuple[Kind, list[Term]]:
        """The one kind that all have, and all of that kind; null goes with any."""
        kind = Kind.NULL
        for term, node in zip(terms, nodes, strict=True):
            self._plain(term, node)
            if kind is Kind.NULL:
                kind = term.kind
            elif term.kind not in (kind, Kind.NULL):
                raise wrong_kind(f"function '{function.name}()'", (kind,), term.kind, node.position)
        return kind, [settle(one, kind) for one in terms]

    def _case(self, function: Function, node: Call, terms: list[Term]) -> Term:
        if len(terms) < 4 or len(terms) % 2:
            self._count(function, node, max(4, len(terms) + len(terms) % 2), len(terms))
        subject, *rest = terms
        values, results = rest[:-1:2], [*rest[1::2], rest[-1]]
        value_nodes, result_nodes = node.arguments[1:-1:2], [*node.arguments[2::2], node.arguments[-1]]
        if subject.kind is Kind.MULTIPICKLIST or subject.kind is Kind.BOOLEAN:
            self._expect(function, subject, node.arguments[0], (Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.PICKLIST))
        kind = Kind.TEXT if subject.kind in (Kind.PICKLIST, Kind.NULL) else subject.kind
        values = [self._expect(function, *pair, (kind,)) for pair in zip(values, value_nodes, strict=True)]
        given, results = self._common(function, result_nodes, results)
        if given is Kind.BOOLEAN:
            wanted = (Kind.TEXT, Kind.NUMBER, Kind.DATE)
            raise wrong_kind("function 'CASE()'", wanted, given, result_nodes[0].position)
        branches = [one for pair in zip(values, results[:-1], strict=True) for one in pair]
        return Applied(given, "case", (settle(subject, kind), *branches, results[-1]))

    def _blank(self, function: Function, node: Call, terms: list[Term]) -> Term:
        self._arguments(function, node, terms)
        return Applied(Kind.BOOLEAN, "isblank", tuple(terms))

    def _null(self, function: Function, node: Call, terms: list[Term]) -> Term:
        self._arguments(function, node, terms)
        if terms[0].kind is Kind.TEXT:
            # Salesforce Help, ISNULL: text fields are never null.
            return Constant(Kind.BOOLEAN, False)
        return Applied(Kind.BOOLEAN, "isblank", tuple(terms))

    def _substitute(self, function: Function, node: Call, terms: list[Term]) -> Term:
        self._count(function, node, 2, 2)
        kind, (value, instead) = self._common(function, node.arguments, terms)
        if function.name == "NULLVALUE" and kind is Kind.TEXT:
            return value
        return Applied(kind, "blankvalue", (value, instead))

    def _by_kind(self, function: Function, node: Call, terms: list[Term]) -> Term:
        kind = terms[0].kind
        if kind is Kind.NULL:
            return Constant(function.gives, None)
        if kind is function.gives:
            return terms[0]
        if kind is Kind.PICKLIST:
            return Applied(Kind.TEXT, "text_of_picklist", tuple(terms))
        return Applied(function.gives, f"{function.built_by}_of_{kind.lower()}", tuple(terms))

    def _same_kind(self, function: Function, node: Call, terms: list[Term]) -> Term:
        kind = Kind.DATETIME if terms[0].kind is Kind.DATETIME else Kind.DATE
        return Applied(kind, f"{function.built_by}_of_{kind.lower()}", tuple(terms))

    def _regex(self, function: Function, node: Call, terms: list[Term]) -> Term:
        text, pattern = terms
        assert isinstance(pattern, Constant)
        translated = regex.translate(str(pattern.value), node.arguments[1].position)
        return Applied(Kind.BOOLEAN, "regex", (text, Constant(Kind.TEXT, translated)))


def _shown(takes: Kinds) -> Kinds:
    """The kinds to name in a message: picklists only where nothing else is taken."""
    return tuple(one for one in takes if one not in _PICKLISTS) or takes


def _nearest(name: str, shape: ObjectShape) -> str:
    near = get_close_matches(name.lower(), shape.by_name, n=3)
    if near:
        return f"Did you mean {' or '.join(shape.by_name[one].name for one in near)}?"
    return f"Fields go by their API names; see {shape.label} in Object Manager."


def _unknown_function(node: Call) -> FormulaError:
    name = node.name.upper()
    if name in REFUSED:
        return FormulaError(
            f"Function {name} cannot be used in a mapping: {REFUSED[name]}",
            position=node.position,
            remedy="Let Salesforce calculate it in a formula field, and map that.",
        )
    near = get_close_matches(name, FUNCTIONS, n=3)
    return FormulaError(
        f"Unknown function {node.name if len(node.name) <= 30 else node.name[:30] + '…'}. Check spelling",
        position=node.position,
        remedy=f"Did you mean {' or '.join(near)}?" if near else "docs/reference/formulas.md lists all functions.",
    )
