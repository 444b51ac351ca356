"""Reads the text of a formula into its tree, and says where and why it cannot.

The grammar is grammar.lark. The tree is built while parsing, so that nothing here calls itself however deep a text
nests; what nests deeper than the later steps can go is refused.
"""

import re
from decimal import Decimal
from functools import cache
from pathlib import Path

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError

from syncline.domain.formula.tree import MAX_DEPTH, Call, FieldName, Literal, Node, Operation, Position, depth_over
from syncline.errors import FormulaError

#: As in Salesforce (Salesforce Help, "Formula Field Limits and Restrictions").
MAX_LENGTH = 3_900
#: Digits of a number; Salesforce keeps 18.
_MAX_DIGITS = 36
_FLAT = frozenset({"&", "&&", "||"})
_SAME = {"==": "=", "!=": "<>"}
#: What may begin an operand.
_OPERANDS = frozenset({"NAME", "NUMBER", "STRING", "LPAR", "NOT", "BANG"})
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}


def parse(text: str) -> Node:
    """The tree of a formula.

    Raises:
        FormulaError: the text is not a formula; the error says where.
    """
    _check_text(text)
    try:
        root: Node = _parser().parse(text)  # type: ignore[assignment]  # the builder makes nodes, not lark's trees
    except UnexpectedInput as problem:
        raise _explain(text, problem) from None
    except VisitError as problem:
        if isinstance(problem.orig_exc, FormulaError):
            raise problem.orig_exc from None
        raise
    return root


def _check_text(text: str) -> None:
    if not text.strip():
        raise FormulaError("Syntax error. The formula is empty", remedy="Write an expression after the `=`.")
    if len(text.strip()) > MAX_LENGTH:
        raise FormulaError(
            f"The formula is too long: {len(text.strip()):,} characters, {MAX_LENGTH:,} are possible",
            remedy="Split it into two fields.",
        )
    for index, letter in enumerate(text):
        # PostgreSQL holds neither; no editor writes them by itself.
        if letter == "\x00" or "\ud800" <= letter <= "\udfff":
            raise FormulaError(
                f"Syntax error. A character cannot be used: {letter!r}",
                position=_place(text, index),
                remedy="Take it away.",
            )


@cache
def _parser() -> Lark:
    grammar = (Path(__file__).with_name("grammar.lark")).read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", lexer="contextual", transformer=_Builder(), maybe_placeholders=False)


class _Builder(Transformer[Token, Node]):
    """Makes our nodes from what the parser recognises; each method is a rule of the grammar."""

    def start(self, children: list[Node]) -> Node:
        return children[0]

    def number(self, children: list[Token]) -> Literal:
        (token,) = children
        if len(token) > _MAX_DIGITS:
            raise FormulaError(
                f"The number is too long: {len(token)} characters",
                position=_at(token),
                remedy="Numbers have up to 18 digits.",
            )
        return Literal(Decimal(str(token)), _at(token))

    def text(self, children: list[Token]) -> Literal:
        (token,) = children

        def replace(match: re.Match[str]) -> str:
            if match[1] not in _ESCAPES:
                raise FormulaError(
                    f"Syntax error. {match[0]} is not an escape sequence",
                    position=_at(token),
                    remedy="A backslash is written twice; there are also \\n, \\r, \\t, \\\" and \\'.",
                )
            return _ESCAPES[match[1]]

        return Literal(_ESCAPE.sub(replace, str(token)[1:-1]), _at(token))

    def name(self, children: list[Token]) -> Literal | FieldName:
        (token,) = children
        if token.lower() in _WORDS:
            return Literal(_WORDS[token.lower()], _at(token))
        return FieldName(str(token), _at(token))

    def arguments(self, children: list[Node]) -> tuple[Node, ...]:
        return tuple(children)

    def call(self, children: tuple[Token, tuple[Node, ...]]) -> Call:
        token, arguments = children
        return Call(str(token), arguments, _at(token), _depth(arguments, _at(token)))

    def prefixed(self, children: tuple[Token, Node]) -> Operation:
        token, operand = children
        operator = "!" if token.type in ("BANG", "NOT") else str(token)
        return Operation(operator, (operand,), _at(token), _depth((operand,), _at(token)))

    def operation(self, children: list[Token | Node]) -> Node:
        root = children[0]
        assert not isinstance(root, Token)
        for token, operand in zip(children[1::2], children[2::2], strict=True):
            assert isinstance(token, Token)
            assert not isinstance(operand, Token)
            root = _join(root, token, operand)
        return root


def _join(left: Node, token: Token, right: Node) -> Operation:
    """One operator more at the end of a chain; a chain of one operator that has no order stays flat."""
    operator = _SAME.get(str(token), str(token))
    if operator in _FLAT and isinstance(left, Operation) and left.operator == operator and len(left.operands) > 1:
        operands = (*left.operands, right)
        return Operation(operator, operands, left.position, max(left.depth, _depth((right,), left.position)))
    return Operation(operator, (left, right), _at(token), _depth((left, right), _at(token)))


def _depth(parts: tuple[Node, ...], position: Position) -> int:
    depth = depth_over(parts)
    if depth > MAX_DEPTH:
        raise FormulaError(
            f"The formula is nested too deeply: more than {MAX_DEPTH} levels",
            position=position,
            remedy="Split it into two fields, or use CASE in place of nested IFs.",
        )
    return depth


def _at(token: Token) -> Position:
    return Position(token.line or 1, token.column or 1)


def _place(text: str, index: int) -> Position:
    before = text[:index]
    return Position(before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)


def _explain(text: str, problem: UnexpectedInput) -> FormulaError:
    """What stands in the way, in Salesforce's words where it has some."""
    if isinstance(problem, UnexpectedCharacters):
        return _explain_character(problem)
    if not isinstance(problem, UnexpectedToken):
        return FormulaError("Syntax error", position=_place(text, 0), remedy="Correct the formula.")
    token, expected = problem.token, problem.expected
    if token.type == "$END":
        missing = "Missing ')'" if "RPAR" in expected else "The formula ends too early"
        return FormulaError(
            f"Syntax error. {missing}", position=_place(text, len(text)), remedy="Complete the formula at its end."
        )
    follows = token.type in _OPERANDS and "OR" in expected
    found = f"Missing operator or ',' before '{_short(token)}'" if follows else f"Extra '{_short(token)}'"
    return FormulaError(f"Syntax error. {found}", position=_at(token), remedy="Correct the formula there.")


def _short(token: Token) -> str:
    return str(token) if len(token) <= 30 else f"{token[:30]}…"


def _explain_character(problem: UnexpectedCharacters) -> FormulaError:
    letter, place = str(problem.char), Position(problem.line, problem.column)
    if letter in "\"'":
        return FormulaError(
            "Syntax error. Missing closing quote",
            position=place,
            remedy="Close the text with the quote it begins with, on the same line; a line break is \\n or BR().",
        )
    return FormulaError(
        f"Syntax error. Found '{letter}'", position=place, remedy="Texts stand in quotes, fields go by their API names."
    )
