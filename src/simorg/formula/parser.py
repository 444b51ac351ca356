"""From the text of a formula to its tree (Salesforce Help, "Formula Operators and Functions by Context")."""

import re
from dataclasses import dataclass

from simorg.fidelity import say
from simorg.formula.tree import Binary, Call, Constant, FormulaError, Node, Reference, Unary

MOST_CHARACTERS = 3_900
_DEEPEST = 120
_TOKEN = re.compile(
    r"""\s+ | /\*.*?\*/
    | (?P<number>\d+(?:\.\d*)?|\.\d+)
    | (?P<name>\$?[A-Za-z_]\w*(?::[A-Za-z_]\w*)?(?:\s*\.\s*[A-Za-z_]\w*(?::[A-Za-z_]\w*)?)*)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<sign><=|>=|<>|!=|==|&&|\|\||[-+*/^&=<>!(),])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
#: From the weakest to the strongest, as in Salesforce's published engine, where a power binds weaker than a product and
#: all of them group from the left.
_LEVELS = (("||",), ("&&",), ("=", "==", "<>", "!="), ("<", ">", "<=", ">="), ("+", "-", "&"), ("^",), ("*", "/"))
_STRENGTHS = {sign: level for level, signs in enumerate(_LEVELS) for sign in signs}
_SAME = {"==": "=", "!=": "<>"}


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def parse(text: str) -> Node:
    """The tree of a formula.

    Raises:
        FormulaError: it is too long, or no formula.
    """
    if len(text) > MOST_CHARACTERS:
        raise FormulaError(say("formula.too_long", size=f"{len(text):,}", most=f"{MOST_CHARACTERS:,}"))
    reader = _Reader(_split(text))
    node = reader.expression(0, 0)
    rest = reader.peek()
    if rest is not None:
        raise FormulaError(say("formula.extra", sign=rest.text))
    return node


def _split(text: str) -> list[_Token]:
    tokens = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise FormulaError(say("formula.syntax"))
        if found.lastgroup:
            tokens.append(_Token(found.lastgroup, found.group()))
        at = found.end()
    return tokens


class _Reader:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def expression(self, level: int, depth: int) -> Node:
        """A part whose operators bind at least so strongly."""
        if depth > _DEEPEST:
            raise FormulaError(say("formula.too_deep"))
        left = self._unary(depth)
        while (token := self.peek()) and token.kind == "sign" and _STRENGTHS.get(token.text, -1) >= level:
            self._at += 1
            right = self.expression(_STRENGTHS[token.text] + 1, depth)
            left = Binary(_SAME.get(token.text, token.text), left, right)
        return left

    def _unary(self, depth: int) -> Node:
        token = self.peek()
        if token and token.kind == "sign" and token.text in ("-", "+", "!"):
            self._at += 1
            part = self._unary(depth + 1)
            return part if token.text == "+" else Unary(token.text, part)
        return self._primary(depth)

    def _primary(self, depth: int) -> Node:
        token = self.peek()
        if token is None:
            raise FormulaError(say("formula.syntax"))
        self._at += 1
        if token.kind == "number":
            return Constant("number", token.text)
        if token.kind == "text":
            return Constant("text", _unescape(token.text[1:-1]))
        if token.kind == "name":
            return self._name(re.sub(r"\s", "", token.text), depth)
        if token.text != "(":
            raise FormulaError(say("formula.found", sign=token.text))
        node = self.expression(0, depth + 1)
        self._close()
        return node

    def _name(self, name: str, depth: int) -> Node:
        token = self.peek()
        if token is None or token.text != "(" or token.kind != "sign":
            known = {"true": Constant("boolean", "1"), "false": Constant("boolean", "0"), "null": Constant("null")}
            return known.get(name.lower()) or Reference(tuple(name.split(".")))
        self._at += 1
        arguments: list[Node] = []
        token = self.peek()
        if token and token.kind == "sign" and token.text == ")":
            self._at += 1
            return _constant(name) or Call(name.upper(), ())
        arguments.append(self.expression(0, depth + 1))
        while (token := self.peek()) and token.kind == "sign" and token.text == ",":
            self._at += 1
            arguments.append(self.expression(0, depth + 1))
        self._close()
        return Call(name.upper(), tuple(arguments))

    def _close(self) -> None:
        token = self.peek()
        if token is None or token.kind != "sign" or token.text != ")":
            raise FormulaError(say("formula.missing", sign=")"))
        self._at += 1


def _constant(name: str) -> Constant | None:
    return {"TRUE": Constant("boolean", "1"), "FALSE": Constant("boolean", "0")}.get(name.upper())


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found.group(1), found.group(1)), text, flags=re.DOTALL)
