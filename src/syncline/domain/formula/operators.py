"""The types of operators: which operands each takes, and what it gives (Salesforce Help, "Formula Operators")."""

from collections.abc import Sequence

from syncline.domain.formula.tree import Operation, Position
from syncline.domain.formula.types import Applied, Constant, Kind, Term, settle
from syncline.errors import FormulaError

_ORDERS = {"<": "less", "<=": "less_equal", ">": "greater", ">=": "greater_equal"}
_REMEDIES = {Kind.TEXT: "TEXT() makes a text of it.", Kind.NUMBER: "VALUE() makes a number of a text."}
_MOMENTS = (Kind.DATE, Kind.DATETIME)
_ARITHMETIC = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "^": "power"}


def wrong_kind(what: str, expected: Sequence[Kind], received: Kind, position: Position) -> FormulaError:
    """In Salesforce's words: what was expected there, and what came."""
    return FormulaError(
        f"Incorrect parameter type for {what}. Expected {', '.join(expected)}, received {received}",
        position=position,
        remedy=_REMEDIES.get(expected[0], "Change the expression there."),
    )


def check_operation(node: Operation, operands: Sequence[Term]) -> Term:
    """The operation on operands whose kinds are known.

    Raises:
        FormulaError: the operator does not take such operands.
    """
    operator = node.operator
    if operator == "!":
        return Applied(Kind.BOOLEAN, "not", _all(node, operands, Kind.BOOLEAN, name="function 'NOT()'"))
    if operator in ("&&", "||"):
        return Applied(Kind.BOOLEAN, "and" if operator == "&&" else "or", _all(node, operands, Kind.BOOLEAN))
    if operator == "&":
        return Applied(Kind.TEXT, "concat", _all(node, operands, Kind.TEXT))
    if len(operands) == 1:
        (operand,) = _all(node, operands, Kind.NUMBER)
        return operand if operator == "+" else Applied(Kind.NUMBER, "negative", (operand,))
    left, right = operands
    if operator in ("=", "<>"):
        return _equality(node, left, right)
    if operator in _ORDERS:
        return _order(node, left, right)
    if operator in "+-" and (left.kind in _MOMENTS or right.kind in _MOMENTS):
        return _move(node, left, right)
    if operator == "+" and Kind.TEXT in (left.kind, right.kind):
        return Applied(Kind.TEXT, "concat", _all(node, operands, Kind.TEXT))
    return Applied(Kind.NUMBER, _ARITHMETIC[operator], _all(node, operands, Kind.NUMBER))


def _all(node: Operation, operands: Sequence[Term], kind: Kind, *, name: str = "") -> tuple[Term, ...]:
    for index, operand in enumerate(operands):
        if operand.kind not in (kind, Kind.NULL):
            raise _wrong(node, index, (kind,), operand, name)
    return tuple(settle(one, kind) for one in operands)


def _wrong(node: Operation, index: int, expected: Sequence[Kind], received: Term, name: str = "") -> FormulaError:
    return wrong_kind(name or f"operator '{node.operator}'", expected, received.kind, node.operands[index].position)


def _equality(node: Operation, left: Term, right: Term) -> Term:
    kind = right.kind if left.kind is Kind.NULL else left.kind
    if right.kind not in (kind, Kind.NULL):
        raise _wrong(node, 1, (kind,), right)
    if kind is Kind.NULL:
        # Blank equals blank, as two blank texts do.
        kind = Kind.TEXT
    builder = "same" if node.operator == "=" else "differs"
    return Applied(Kind.BOOLEAN, builder, (settle(left, kind), settle(right, kind)))


def _order(node: Operation, left: Term, right: Term) -> Term:
    kind = right.kind if left.kind is Kind.NULL else left.kind
    ordered = (Kind.NUMBER, Kind.DATE, Kind.DATETIME, Kind.TIME, Kind.TEXT)
    if kind not in (*ordered, Kind.NULL):
        raise _wrong(node, 0, ordered[:3], left)
    if right.kind not in (kind, Kind.NULL):
        raise _wrong(node, 1, (kind,), right)
    if kind is Kind.NULL:
        # Blank is neither less nor greater than blank.
        return Constant(Kind.BOOLEAN, None)
    return Applied(Kind.BOOLEAN, _ORDERS[node.operator], (settle(left, kind), settle(right, kind)))


def _move(node: Operation, left: Term, right: Term) -> Term:
    """Days added to a date or taken from it, and the days between two."""
    plus = node.operator == "+"
    if left.kind in _MOMENTS:
        if right.kind in (Kind.NUMBER, Kind.NULL):
            return Applied(
                left.kind,
                f"{'later' if plus else 'earlier'}_of_{left.kind.lower()}",
                (left, settle(right, Kind.NUMBER)),
            )
        if not plus and right.kind is left.kind:
            return Applied(Kind.NUMBER, f"days_between_of_{left.kind.lower()}", (left, right))
        raise _wrong(node, 1, (Kind.NUMBER,) if plus else (Kind.NUMBER, left.kind), right)
    if not plus or left.kind not in (Kind.NUMBER, Kind.NULL):
        raise _wrong(node, 0, _MOMENTS if not plus else (Kind.NUMBER,), left)
    return Applied(right.kind, f"later_of_{right.kind.lower()}", (right, settle(left, Kind.NUMBER)))
