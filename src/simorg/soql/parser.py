"""From the text of a query to its tree."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedToken, VisitError

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.soql import literals, tree
from simorg.soql.problems import problem, syntax_problem
from simorg.soql.tree import (
    Call,
    Child,
    Choice,
    Compare,
    InList,
    InQuery,
    Logic,
    Not,
    OrderKey,
    Path,
    Place,
    Query,
    Selected,
    Value,
)

_LONGEST = 100_000
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_CLAUSES = ("scope", "where", "with", "group", "having", "order", "limit", "offset", "for")
_KINDS = {"STRING": "string", "NUMBER": "number", "DATETIME": "datetime", "DATE": "date", "NULL": "null"}


def parse(text: str) -> Query:
    """The tree of a query.

    Raises:
        ApiError: MALFORMED_QUERY, with the place.
    """
    if len(text) > _LONGEST:
        raise ApiError(400, "MALFORMED_QUERY", say("query.too_long"))
    try:
        query: Query = _Builder(text).transform(_grammar().parse(text))
        return query
    except UnexpectedToken as error:
        raise _unexpected(text, error.token) from None
    except UnexpectedCharacters as error:
        raise _unexpected_character(text, Place(_offset(error), error.line, error.column)) from None
    except UnexpectedEOF:
        raise _unexpected_text(text, "<EOF>", _end_of(text)) from None
    except VisitError as error:
        if isinstance(error.orig_exc, ApiError):
            raise error.orig_exc from None
        raise
    except RecursionError:
        raise ApiError(400, "MALFORMED_QUERY", "The query is nested too deeply.") from None


@cache
def _grammar() -> Lark:
    file = FilePath(__file__).with_name("grammar.lark")
    return Lark(file.read_text(encoding="utf-8"), parser="lalr", lexer="contextual", maybe_placeholders=True)


def _unexpected(text: str, token: Token) -> ApiError:
    if token.type == "$END":
        return _unexpected_text(text, "<EOF>", _end_of(text))
    return _unexpected_text(text, str(token), _place(token))


def _unexpected_text(text: str, found: str, place: Place) -> ApiError:
    if not text[: place.offset].strip():
        return problem("MALFORMED_QUERY", f"unexpected token: {found}")
    return syntax_problem(f"unexpected token: '{found}'", text, place)


def _unexpected_character(text: str, place: Place) -> ApiError:
    """A character that begins no token at all; a star is one, only nowhere allowed."""
    found = text[place.offset : place.offset + 1]
    if found == "*":
        return _unexpected_text(text, found, place)
    where = f"line {place.line}:{place.column - 1}"
    if found == "'":
        return syntax_problem(f"{where} mismatched character '<EOF>' expecting '''", text, place)
    return syntax_problem(f"{where} no viable alternative at character '{found}'", text, place)


def _end_of(text: str) -> Place:
    lines = text.split("\n")
    return Place(len(text), len(lines), len(lines[-1]) + 1)


def _offset(error: UnexpectedCharacters) -> int:
    at: int | None = error.pos_in_stream
    return at or 0


def _place(token: Token) -> Place:
    return Place(token.start_pos or 0, token.line or 1, token.column or 1)


def unescape(quoted: str) -> str:
    """The text of a quoted string."""
    result = []
    body = quoted[1:-1]
    at = 0
    while at < len(body):
        one = body[at]
        if one != "\\":
            result.append(one)
            at += 1
            continue
        escaped = body[at + 1]
        if escaped in "uU" and len(body) >= at + 6:
            try:
                result.append(chr(int(body[at + 2 : at + 6], 16)))
            except ValueError:
                raise ApiError(400, "MALFORMED_QUERY", f"Invalid string literal {quoted}") from None
            at += 6
            continue
        # A pattern's own escapes stay for LIKE to read.
        result.append(_ESCAPES.get(escaped.lower(), f"\\{escaped}" if escaped in "%_\\" else escaped))
        at += 2
    return "".join(result)


def plain(text: str) -> str:
    """An unescaped string outside LIKE: the escapes of patterns mean themselves."""
    return text.replace("\\\\", "\0").replace("\\%", "%").replace("\\_", "_").replace("\0", "\\")


@v_args(inline=True)
class _Builder(Transformer[Any, Any]):
    """Builds the tree from lark's."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def start(self, query: Query) -> Query:
        return query

    def query(self, *parts: Any) -> Query:
        found = [part for part in parts if part is not None and not isinstance(part, Token)]
        select = tuple(part for part in found if isinstance(part, Selected | Child | Choice))
        sources = [part for part in found if isinstance(part, _Source)]
        if len(sources) > 1:
            raise problem("MALFORMED_QUERY", say("query.not_supported", what="More than one object after FROM"))
        clauses = self._order_clauses([part for part in found if isinstance(part, _Clause)])
        return Query(
            text=self._text,
            select=select,
            source=sources[0].path,
            alias=sources[0].alias,
            where=clauses.get("where"),
            group=clauses.get("group", ()),
            having=clauses.get("having"),
            order=clauses.get("order", ()),
            limit=clauses.get("limit"),
            offset=clauses.get("offset"),
            notes=clauses.get("notes", ()),
        )

    def _order_clauses(self, found: Sequence["_Clause"]) -> dict[str, Any]:
        """The clauses by name, in the one order that SOQL knows."""
        last = -1
        for clause in found:
            rank = _CLAUSES.index(clause.name)
            if rank <= last and clause.name != "for":
                raise _unexpected(self._text, clause.token)
            last = rank
        return {clause.name: clause.content for clause in found}

    def selected(self, operand: tree.Operand, alias: Token | None) -> Selected:
        return Selected(operand, str(alias) if alias else None)

    def child(self, query: Query) -> Child:
        return Child(query)

    def typeof(self, _: Token, relation: Path, *parts: Any) -> Choice:
        choices = tuple(part for part in parts if isinstance(part, tuple))
        otherwise = next((part.paths for part in parts if isinstance(part, _Otherwise)), ())
        return Choice(relation, choices, otherwise)

    def when(self, *parts: Any) -> tuple[Path, tuple[Path, ...]]:
        name, *paths = (part for part in parts if isinstance(part, Path))
        return name, tuple(paths)

    def otherwise(self, _: Token, *paths: Path) -> "_Otherwise":
        return _Otherwise(paths)

    def path(self, *names: Token) -> Path:
        return Path(tuple(str(name) for name in names), _place(names[0]))

    def call(self, name: Token, *arguments: Any) -> Call:
        return Call(str(name), tuple(one for one in arguments if one is not None), _place(name))

    def source(self, path: Path, *rest: Any) -> "_Source":
        names = [str(one) for one in rest if isinstance(one, Token) and one.type == "NAME"]
        return _Source(path, names[0] if names else None)

    def scope(self, using: Token, *_: Token) -> "_Clause":
        return _Clause("scope", None, using)

    def where(self, token: Token, condition: tree.Condition) -> "_Clause":
        return _Clause("where", condition, token)

    def and_list(self, *parts: Any) -> Logic:
        return Logic("and", tuple(part for part in parts if not isinstance(part, Token)))

    def or_list(self, *parts: Any) -> Logic:
        return Logic("or", tuple(part for part in parts if not isinstance(part, Token)))

    def negation(self, _: Token, part: tree.Condition) -> Not:
        return Not(part)

    def compare(self, operand: tree.Operand, operator: Token, value: Value) -> Compare:
        return Compare(operand, "!=" if operator == "<>" else str(operator), value)

    def like(self, operand: tree.Operand, _: Token, value: Value) -> Compare:
        return Compare(operand, "like", value)

    def list(self, *values: Value) -> tuple[Value, ...]:
        return values

    def in_list(self, operand: tree.Operand, _: Token, values: Sequence[Value]) -> InList:
        return InList(operand, tuple(values), negated=False)

    def not_in_list(self, operand: tree.Operand, _: Token, __: Token, values: Sequence[Value]) -> InList:
        return InList(operand, tuple(values), negated=True)

    def in_query(self, operand: tree.Operand, _: Token, query: Query) -> InQuery:
        return InQuery(operand, query, negated=False)

    def not_in_query(self, operand: tree.Operand, _: Token, __: Token, query: Query) -> InQuery:
        return InQuery(operand, query, negated=True)

    def includes(self, operand: tree.Operand, _: Token, values: Sequence[Value]) -> InList:
        return InList(operand, tuple(values), negated=False, multi=True)

    def excludes(self, operand: tree.Operand, _: Token, values: Sequence[Value]) -> InList:
        return InList(operand, tuple(values), negated=True, multi=True)

    def value(self, token: Token) -> Value:
        if token.type in ("TRUE", "FALSE"):
            return Value("boolean", str(token).lower(), _place(token))
        text = unescape(str(token)) if token.type == "STRING" else str(token)
        return Value(_KINDS[token.type], text, _place(token))

    def literal(self, name: Token, number: Token | None) -> Value:
        if not literals.knows(name.upper(), counted=number is not None):
            raise _unexpected(self._text, name)
        if number is not None and not number.isdigit():
            raise _unexpected(self._text, number)
        return Value("literal", str(name).upper(), _place(name), int(number) if number else None)

    def with_clause(self, token: Token, *_: Token) -> "_Clause":
        return _Clause("with", None, token)

    def group(self, *parts: Any) -> "_Clause":
        if any(isinstance(part, Token) and part.type in ("ROLLUP", "CUBE") for part in parts):
            raise problem("MALFORMED_QUERY", say("query.not_supported", what="GROUP BY ROLLUP or CUBE"))
        return _Clause("group", tuple(part for part in parts if isinstance(part, Path | Call)), parts[0])

    def having(self, token: Token, condition: tree.Condition) -> "_Clause":
        return _Clause("having", condition, token)

    def order(self, *parts: Any) -> "_Clause":
        return _Clause("order", tuple(part for part in parts if isinstance(part, OrderKey)), parts[0])

    def order_key(self, operand: tree.Operand, *tokens: Token | None) -> OrderKey:
        kinds = {token.type for token in tokens if token is not None}
        return OrderKey(operand, descending="DESC" in kinds, nulls_last="LAST" in kinds)

    def limit(self, token: Token, number: Token) -> "_Clause":
        return _Clause("limit", self._whole(number), token)

    def offset(self, token: Token, number: Token) -> "_Clause":
        return _Clause("offset", self._whole(number), token)

    def for_clause(self, token: Token, *_: Token) -> "_Clause":
        return _Clause("for", None, token)

    def all_rows(self, *_: Token) -> None:
        raise problem("MALFORMED_QUERY", "ALL ROWS not allowed in this context")

    def _whole(self, number: Token) -> int:
        if not number.isdigit():
            raise _unexpected(self._text, number)
        return int(number)


class _Source:
    def __init__(self, path: Path, alias: str | None) -> None:
        self.path, self.alias = path, alias


class _Otherwise:
    def __init__(self, paths: tuple[Path, ...]) -> None:
        self.paths = paths


class _Clause:
    def __init__(self, name: str, content: Any, token: Token) -> None:
        self.name, self.content, self.token = name, content, token
