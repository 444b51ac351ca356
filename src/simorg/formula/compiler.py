"""From the tree of a formula to SQL, with the kinds of all parts checked in Salesforce's words."""

from dataclasses import dataclass

from simorg.fidelity import say
from simorg.formula import calls
from simorg.formula.names import Names
from simorg.formula.terms import (
    BOOLEAN,
    DATE,
    DATETIME,
    MULTI,
    NULL,
    NUMBER,
    PICKLIST,
    TEXT,
    TIME,
    Term,
    any_error,
    constant_text,
)
from simorg.formula.tree import Binary, Call, Constant, FormulaError, Node, Reference, Unary

_TIMES = (DATE, DATETIME, TIME)


@dataclass
class Compiler:
    """Compiles the parts of one formula. `prior` is the alias of the record as it was, where there is one (rules)."""

    names: Names
    prior: str | None = None

    def compile(self, node: Node) -> Term:
        """A part.

        Raises:
            FormulaError: a name is unknown, or a kind does not fit.
        """
        match node:
            case Constant():
                return _constant(node)
            case Reference():
                return self.names.read(node.names)
            case Call():
                return calls.compile_call(self, node)
            case Unary("!"):
                part = self.expect(node.part, BOOLEAN, "operator '!'")
                return Term(BOOLEAN, f"(NOT {part.sql})", part.error)
            case Unary():
                part = self.expect(node.part, NUMBER, "operator '-'")
                return Term(NUMBER, f"(-{part.sql})", part.error)
            case Binary():
                return self._operate(node)

    def expect(self, node: Node, kind: str, where: str) -> Term:
        """A part that has to be of a kind; `where` names what asks for it."""
        term = self.compile(node)
        return self.require(term, kind, where)

    def require(self, term: Term, kind: str, where: str) -> Term:
        """The part, which has to be of a kind."""
        if term.kind == kind or term.kind == NULL:
            return term.as_kind(kind)
        if term.kind in (PICKLIST, MULTI):
            name = term.field.name if term.field else term.kind
            raise FormulaError(say("formula.picklist", name=name))
        raise FormulaError(say("formula.type", where=where, expected=kind, received=term.kind))

    def _operate(self, node: Binary) -> Term:
        operator = node.operator
        if operator in ("&&", "||"):
            word = "AND" if operator == "&&" else "OR"
            return calls.join_truths(self, word, (node.left, node.right))
        left, right = self.compile(node.left), self.compile(node.right)
        for term in (left, right):
            if term.kind in (PICKLIST, MULTI):
                self.require(term, TEXT, "")
        if operator in ("=", "<>", "<", ">", "<=", ">="):
            return self._compare(operator, left, right)
        if operator == "&" or (operator == "+" and TEXT in (left.kind, right.kind)):
            left, right = (self.require(term, TEXT, f"operator '{operator}'") for term in (left, right))
            return Term(TEXT, f"({left.sql} || {right.sql})", any_error((left.error, right.error)))
        if operator in ("+", "-") and (left.kind in _TIMES or right.kind in _TIMES):
            return self._move(operator, left, right)
        left, right = (self.require(term, NUMBER, f"operator '{operator}'") for term in (left, right))
        return _calculate(operator, left, right)

    def _compare(self, operator: str, left: Term, right: Term) -> Term:
        kind = right.kind if left.kind == NULL else left.kind
        if kind == NULL:
            kind = TEXT
        left, right = self.require(left, kind, ""), self.require(right, kind, f"operator '{operator}'")
        error = any_error((left.error, right.error))
        if operator in ("=", "<>"):
            one, other = left.sql, right.sql
            if left.identity is not None or right.identity is not None:
                # An id has 15 characters here, whatever it is compared with.
                one, other = (f"substr({sql}, 1, 15)" for sql in (one, other))
            return Term(BOOLEAN, f"({one} {'IS' if operator == '=' else 'IS NOT'} {other})", error)
        if kind == BOOLEAN:
            raise FormulaError(say("formula.type", where=f"operator '{operator}'", expected=NUMBER, received=kind))
        return Term(BOOLEAN, f"ifnull({left.sql} {operator} {right.sql}, 0)", error)

    def _move(self, operator: str, left: Term, right: Term) -> Term:
        """Days and moments: one less another, or so many days on."""
        error = any_error((left.error, right.error))
        where = f"operator '{operator}'"
        if operator == "-" and right.kind in _TIMES:
            right = self.require(right, left.kind, where)
            if left.kind == TIME:
                return Term(NUMBER, f"(f_ms({left.sql}) - f_ms({right.sql}))", error)
            return Term(NUMBER, f"f_days({left.sql}, {right.sql})", error)
        moved, by = (left, right) if left.kind in _TIMES else (right, left)
        by = self.require(by, NUMBER, where)
        if moved.kind == TIME:
            return Term(TIME, f"f_time(f_ms({moved.sql}) {operator} {by.sql})", error)
        amount = by.sql if operator == "+" else f"(-{by.sql})"
        return Term(moved.kind, f"f_add_days({moved.sql}, {amount})", error)


def _constant(node: Constant) -> Term:
    if node.kind == "text":
        return Term(TEXT, constant_text(node.text))
    if node.kind == "null":
        return Term(NULL, "NULL")
    return Term(NUMBER if node.kind == "number" else BOOLEAN, node.text)


def _calculate(operator: str, left: Term, right: Term) -> Term:
    error = any_error((left.error, right.error))
    if operator == "/":
        return Term(NUMBER, f"({left.sql} * 1.0 / {right.sql})", any_error((error, f"ifnull({right.sql} = 0, 0)")))
    if operator == "^":
        sql = f"f_power({left.sql}, {right.sql})"
        blank = f"({left.sql} IS NULL OR {right.sql} IS NULL)"
        return Term(NUMBER, sql, any_error((error, f"({sql} IS NULL AND NOT {blank})")))
    return Term(NUMBER, f"({left.sql} {operator} {right.sql})", error)
