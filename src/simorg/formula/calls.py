"""The functions of formulas: what each takes, what it gives, and its SQL (Salesforce Help, "Formula Functions")."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from simorg.fidelity import say
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
from simorg.formula.tree import Call, Constant, FormulaError, Node, Reference

if TYPE_CHECKING:
    from simorg.formula.compiler import Compiler

_MANY = 1_000
_Handler = Callable[["Compiler", Call], Term]

#: Name → kinds of its arguments, how many have to be there, kind of its result, SQL. What is left away is the last
#: element's default.
_PLAIN: dict[str, tuple[tuple[str, ...], int, str, str, tuple[str, ...]]] = {
    "LEN": ((TEXT,), 1, NUMBER, "length({0})", ()),
    "LEFT": ((TEXT, NUMBER), 2, TEXT, "f_left({0}, {1})", ()),
    "RIGHT": ((TEXT, NUMBER), 2, TEXT, "f_right({0}, {1})", ()),
    "MID": ((TEXT, NUMBER, NUMBER), 3, TEXT, "f_mid({0}, {1}, {2})", ()),
    "TRIM": ((TEXT,), 1, TEXT, "trim({0})", ()),
    "UPPER": ((TEXT, TEXT), 1, TEXT, "f_upper({0})", ("''",)),
    "LOWER": ((TEXT, TEXT), 1, TEXT, "f_lower({0})", ("''",)),
    "INITCAP": ((TEXT,), 1, TEXT, "f_title({0})", ()),
    "REVERSE": ((TEXT,), 1, TEXT, "f_reverse({0})", ()),
    "CONTAINS": ((TEXT, TEXT), 2, BOOLEAN, "(instr({0}, {1}) > 0)", ()),
    "BEGINS": ((TEXT, TEXT), 2, BOOLEAN, "f_begins({0}, {1})", ()),
    "FIND": ((TEXT, TEXT, NUMBER), 2, NUMBER, "f_find({0}, {1}, {2})", ("1",)),
    "SUBSTITUTE": ((TEXT, TEXT, TEXT), 3, TEXT, "replace({0}, {1}, {2})", ()),
    "LPAD": ((TEXT, NUMBER, TEXT), 2, TEXT, "f_lpad({0}, {1}, {2})", ("' '",)),
    "RPAD": ((TEXT, NUMBER, TEXT), 2, TEXT, "f_rpad({0}, {1}, {2})", ("' '",)),
    "REGEX": ((TEXT, TEXT), 2, BOOLEAN, "f_regex({0}, {1})", ()),
    "ISNUMBER": ((TEXT,), 1, BOOLEAN, "f_is_number({0})", ()),
    "HTMLENCODE": ((TEXT,), 1, TEXT, "f_escape({0})", ()),
    "HYPERLINK": ((TEXT, TEXT, TEXT), 2, TEXT, "f_link({0}, {1}, {2})", ("'_blank'",)),
    "IMAGE": ((TEXT, TEXT, NUMBER, NUMBER), 2, TEXT, "f_image({0}, {1}, {2}, {3})", ("NULL", "NULL")),
    "BR": ((), 0, TEXT, "'<br>'", ()),
    "CHR": ((NUMBER,), 1, TEXT, "f_chr({0})", ()),
    "ASCII": ((TEXT,), 1, NUMBER, "f_ascii({0})", ()),
    "NOT": ((BOOLEAN,), 1, BOOLEAN, "(NOT {0})", ()),
    "ABS": ((NUMBER,), 1, NUMBER, "abs({0})", ()),
    "CEILING": ((NUMBER,), 1, NUMBER, "f_up({0})", ()),
    "FLOOR": ((NUMBER,), 1, NUMBER, "f_down({0})", ()),
    "MCEILING": ((NUMBER,), 1, NUMBER, "f_ceil({0})", ()),
    "MFLOOR": ((NUMBER,), 1, NUMBER, "f_floor({0})", ()),
    "ROUND": ((NUMBER, NUMBER), 2, NUMBER, "f_round({0}, {1})", ()),
    "TRUNC": ((NUMBER, NUMBER), 1, NUMBER, "f_trunc({0}, {1})", ("0",)),
    "EXP": ((NUMBER,), 1, NUMBER, "f_exp({0})", ()),
    "PI": ((), 0, NUMBER, "3.141592653589793", ()),
    "TODAY": ((), 0, DATE, "{today}", ()),
    "NOW": ((), 0, DATETIME, "{now}", ()),
    "TIMENOW": ((), 0, TIME, "(substr({now}, 12, 8) || '.000Z')", ()),
    "YEAR": ((DATE,), 1, NUMBER, "CAST(substr({0}, 1, 4) AS INTEGER)", ()),
    "MONTH": ((DATE,), 1, NUMBER, "CAST(substr({0}, 6, 2) AS INTEGER)", ()),
    "DAY": ((DATE,), 1, NUMBER, "CAST(substr({0}, 9, 2) AS INTEGER)", ()),
    "WEEKDAY": ((DATE,), 1, NUMBER, "(CAST(strftime('%w', {0}) AS INTEGER) + 1)", ()),
    "DAYOFYEAR": ((DATE,), 1, NUMBER, "CAST(strftime('%j', {0}) AS INTEGER)", ()),
    "ISOWEEK": ((DATE,), 1, NUMBER, "f_week({0})", ()),
    "ISOYEAR": ((DATE,), 1, NUMBER, "f_week_year({0})", ()),
    "HOUR": ((TIME,), 1, NUMBER, "CAST(substr({0}, 1, 2) AS INTEGER)", ()),
    "MINUTE": ((TIME,), 1, NUMBER, "CAST(substr({0}, 4, 2) AS INTEGER)", ()),
    "SECOND": ((TIME,), 1, NUMBER, "CAST(substr({0}, 7, 2) AS INTEGER)", ()),
    "MILLISECOND": ((TIME,), 1, NUMBER, "CAST(substr({0}, 10, 3) AS INTEGER)", ()),
}
#: The same, for what can fail: the call is an error where it is blank although its arguments are not.
_FAILING: dict[str, tuple[tuple[str, ...], str, str]] = {
    "VALUE": ((TEXT,), NUMBER, "f_value({0})"),
    "SQRT": ((NUMBER,), NUMBER, "f_sqrt({0})"),
    "LN": ((NUMBER,), NUMBER, "f_ln({0})"),
    "LOG": ((NUMBER,), NUMBER, "f_log({0})"),
    "MOD": ((NUMBER, NUMBER), NUMBER, "f_mod({0}, {1})"),
    "DATE": ((NUMBER, NUMBER, NUMBER), DATE, "f_date({0}, {1}, {2})"),
    "TIMEVALUE": ((TEXT,), TIME, "f_read_time({0})"),
    "FROMUNIXTIME": ((NUMBER,), DATETIME, "f_moment({0})"),
}


def compile_call(compiler: "Compiler", call: Call) -> Term:
    """A call of a function.

    Raises:
        FormulaError: there is no such function, or its arguments do not fit.
    """
    if call.name in _PLAIN:
        return _compile_plain(compiler, call)
    if call.name in _FAILING:
        return _compile_failing(compiler, call)
    handler = _HANDLERS.get(call.name)
    if handler is None:
        raise FormulaError(say("formula.unknown_function", name=call.name))
    least, most, act = handler
    if not least <= len(call.arguments) <= most:
        raise _wrong_number(call, least if len(call.arguments) < least else most)
    return act(compiler, call)


def join_truths(compiler: "Compiler", word: str, parts: Sequence[Node]) -> Term:
    """Truths joined by AND or OR. What stands after the part that decides does not matter."""
    where = f"function '{word}()'"
    terms = [compiler.expect(part, BOOLEAN, where) for part in parts]
    error = terms[-1].error
    for term in reversed(terms[:-1]):
        if error is not None:
            reached = term.sql if word == "AND" else f"NOT {term.sql}"
            error = f"({reached} AND {error})"
        error = any_error((term.error, error))
    return Term(BOOLEAN, f"({f' {word} '.join(term.sql for term in terms)})", error)


def _where(call: Call) -> str:
    return f"function '{call.name}()'"


def _wrong_number(call: Call, expected: int) -> FormulaError:
    return FormulaError(say("formula.count", name=call.name, expected=expected, received=len(call.arguments)))


def _arguments(compiler: "Compiler", call: Call, kinds: Sequence[str], least: int) -> list[Term]:
    if not least <= len(call.arguments) <= len(kinds):
        raise _wrong_number(call, least if len(call.arguments) < least else len(kinds))
    return [compiler.expect(node, kind, _where(call)) for node, kind in zip(call.arguments, kinds, strict=False)]


def _compile_plain(compiler: "Compiler", call: Call) -> Term:
    kinds, least, result, sql, defaults = _PLAIN[call.name]
    terms = _arguments(compiler, call, kinds, least)
    missing = len(kinds) - len(terms)
    given = [term.sql for term in terms] + list(defaults[len(defaults) - missing :] if missing else ())
    return Term(result, _fill(sql, given), any_error(term.error for term in terms))


def _compile_failing(compiler: "Compiler", call: Call) -> Term:
    kinds, result, template = _FAILING[call.name]
    terms = _arguments(compiler, call, kinds, len(kinds))
    sql = _fill(template, [term.sql for term in terms])
    return Term(result, sql, any_error([*(term.error for term in terms), _fails(sql, terms)]))


def _fails(sql: str, terms: Sequence[Term]) -> str:
    blanks = [f"{term.sql} = ''" if term.kind == TEXT else f"{term.sql} IS NULL" for term in terms]
    return f"({sql} IS NULL AND NOT ({' OR '.join(blanks)}))"


def _fill(template: str, given: Sequence[str]) -> str:
    """A template with its arguments; what they hold is not looked at again."""
    for at in range(len(given)):
        template = template.replace(f"{{{at}}}", f"\0{at}\0")
    for at, sql in enumerate(given):
        template = template.replace(f"\0{at}\0", sql)
    return template


def _if(compiler: "Compiler", call: Call) -> Term:
    """IF, and an IF in its last place, and so on, as one CASE."""
    conditions, results = [], []
    node: Node = call
    while isinstance(node, Call) and node.name == "IF" and len(node.arguments) == 3:
        conditions.append(compiler.expect(node.arguments[0], BOOLEAN, _where(call)))
        results.append(compiler.compile(node.arguments[1]))
        node = node.arguments[2]
    results.append(compiler.compile(node))
    kind, results = _same_kind(compiler, results, _where(call))
    sql = " ".join(
        f"WHEN {condition.sql} THEN {result.sql}" for condition, result in zip(conditions, results, strict=False)
    )
    error = results[-1].error
    for condition, result in zip(reversed(conditions), reversed(results[:-1]), strict=True):
        if error is not None or result.error is not None:
            error = f"(CASE WHEN {condition.sql} THEN {result.error or 0} ELSE {error or 0} END)"
        error = any_error((condition.error, error))
    return Term(kind, f"(CASE {sql} ELSE {results[-1].sql} END)", error)


def _same_kind(compiler: "Compiler", terms: Sequence[Term], where: str) -> tuple[str, list[Term]]:
    kind = next((term.kind for term in terms if term.kind != NULL), TEXT)
    return kind, [compiler.require(term, TEXT if kind in (PICKLIST, MULTI) else kind, where) for term in terms]


def _case(compiler: "Compiler", call: Call) -> Term:
    if len(call.arguments) % 2:
        raise _wrong_number(call, len(call.arguments) + 1)
    base = compiler.compile(call.arguments[0])
    kind = TEXT if base.kind == PICKLIST else base.kind
    if base.kind == MULTI:
        compiler.require(base, TEXT, _where(call))
    pairs = call.arguments[1:-1]
    keys = [compiler.expect(node, kind, _where(call)) for node in pairs[::2]]
    results = [compiler.compile(node) for node in (*pairs[1::2], call.arguments[-1])]
    result, results = _same_kind(compiler, results, _where(call))
    branches = " ".join(f"WHEN {key.sql} THEN {one.sql}" for key, one in zip(keys, results, strict=False))
    errors = None
    if any(one.error for one in results):
        failing = " ".join(f"WHEN {key.sql} THEN {one.error or 0}" for key, one in zip(keys, results, strict=False))
        errors = f"(CASE {base.sql} {failing} ELSE {results[-1].error or 0} END)"
    error = any_error([base.error, *(key.error for key in keys), errors])
    return Term(result, f"(CASE {base.sql} {branches} ELSE {results[-1].sql} END)", error)


def _is_blank(compiler: "Compiler", call: Call) -> Term:
    term = compiler.compile(call.arguments[0])
    return Term(BOOLEAN, _blank_sql(term), term.error)


def _is_null(compiler: "Compiler", call: Call) -> Term:
    """Text is never null ("ISNULL")."""
    term = compiler.compile(call.arguments[0])
    return Term(BOOLEAN, "0" if term.kind == TEXT else _blank_sql(term), term.error)


def _blank_sql(term: Term) -> str:
    if term.kind in (TEXT, PICKLIST, MULTI):
        return f"({term.sql} = '')"
    return "0" if term.kind == BOOLEAN else f"({term.sql} IS NULL)"


def _blank_value(compiler: "Compiler", call: Call) -> Term:
    term = compiler.compile(call.arguments[0])
    if term.kind in (PICKLIST, MULTI):
        compiler.require(term, TEXT, _where(call))
    other = compiler.expect(call.arguments[1], term.kind, _where(call))
    if term.kind == NULL:
        return other
    blank = _blank_sql(term)
    if call.name == "NULLVALUE" and term.kind == TEXT:
        blank = "0"
    error = any_error((term.error, f"({blank} AND {other.error})" if other.error else None))
    return Term(term.kind, f"(CASE WHEN {blank} THEN {other.sql} ELSE {term.sql} END)", error)


def _text(compiler: "Compiler", call: Call) -> Term:
    term = compiler.compile(call.arguments[0])
    forms = {
        PICKLIST: "{0}",
        NUMBER: "f_text({0})",
        DATE: "ifnull({0}, '')",
        DATETIME: "ifnull(replace({0}, 'T', ' '), '')",
        TIME: "ifnull({0}, '')",
        NULL: "''",
    }
    if term.kind not in forms:
        raise FormulaError(say("formula.type", where=_where(call), expected=NUMBER, received=term.kind))
    return Term(TEXT, _fill(forms[term.kind], [term.sql]), term.error)


def _extreme(compiler: "Compiler", call: Call) -> Term:
    terms = [compiler.expect(node, NUMBER, _where(call)) for node in call.arguments]
    error = any_error(term.error for term in terms)
    if len(terms) == 1:
        return Term(NUMBER, terms[0].sql, error)
    return Term(NUMBER, f"{call.name.lower()}({', '.join(term.sql for term in terms)})", error)


def _picklist(compiler: "Compiler", call: Call, kind: str) -> Term:
    term = compiler.compile(call.arguments[0])
    if term.kind != kind:
        raise FormulaError(say("formula.type", where=_where(call), expected=kind, received=term.kind))
    return term


def _literal(call: Call, at: int) -> str:
    node = call.arguments[at]
    if not isinstance(node, Constant) or node.kind not in ("text", "null"):
        raise FormulaError(say("formula.literal", name=call.name))
    return constant_text(node.text)


def _is_chosen(compiler: "Compiler", call: Call) -> Term:
    term = _picklist(compiler, call, PICKLIST)
    return Term(BOOLEAN, f"({term.sql} = {_literal(call, 1)})", term.error)


def _includes(compiler: "Compiler", call: Call) -> Term:
    term = _picklist(compiler, call, MULTI)
    return Term(BOOLEAN, f"f_chosen({term.sql}, {_literal(call, 1)})", term.error)


def _count_choices(compiler: "Compiler", call: Call) -> Term:
    term = _picklist(compiler, call, MULTI)
    return Term(NUMBER, f"f_choices({term.sql})", term.error)


def _safe_id(compiler: "Compiler", call: Call) -> Term:
    term = compiler.expect(call.arguments[0], TEXT, _where(call))
    return Term(TEXT, term.identity or f"f_safe_id({term.sql})", term.error)


def _date_value(compiler: "Compiler", call: Call) -> Term:
    term = compiler.compile(call.arguments[0])
    if term.kind == DATETIME:
        return Term(DATE, f"f_day_in({term.sql}, {{zone}})", term.error)
    if term.kind == DATE:
        return term
    term = compiler.require(term, TEXT, _where(call))
    sql = f"f_read_day({term.sql})"
    return Term(DATE, sql, any_error((term.error, _fails(sql, [term]))))


def _moment_value(compiler: "Compiler", call: Call) -> Term:
    term = compiler.compile(call.arguments[0])
    if term.kind == DATETIME:
        return term
    term = compiler.require(term, TEXT, _where(call))
    sql = f"f_read_moment({term.sql})"
    return Term(DATETIME, sql, any_error((term.error, _fails(sql, [term]))))


def _seconds(compiler: "Compiler", call: Call) -> Term:
    term = compiler.compile(call.arguments[0])
    if term.kind not in (DATE, DATETIME):
        term = compiler.require(term, DATETIME, _where(call))
    return Term(NUMBER, f"CAST(strftime('%s', {term.sql}) AS INTEGER)", term.error)


def _add_months(compiler: "Compiler", call: Call) -> Term:
    term = compiler.compile(call.arguments[0])
    if term.kind not in (DATE, DATETIME):
        term = compiler.require(term, DATE, _where(call))
    months = compiler.expect(call.arguments[1], NUMBER, _where(call))
    return Term(term.kind, f"f_add_months({term.sql}, {months.sql})", any_error((term.error, months.error)))


def _is_new(compiler: "Compiler", call: Call) -> Term:
    return Term(BOOLEAN, f"({_prior(compiler, call)}._new)")


def _is_changed(compiler: "Compiler", call: Call) -> Term:
    prior = _prior(compiler, call)
    names = _field(call)
    now, before = compiler.names.read(names), compiler.names.read(names, prior)
    return Term(BOOLEAN, f"(NOT {prior}._new AND {now.sql} IS NOT {before.sql})")


def _prior_value(compiler: "Compiler", call: Call) -> Term:
    """On a create, the value itself ("PRIORVALUE")."""
    prior = _prior(compiler, call)
    names = _field(call)
    now, before = compiler.names.read(names), compiler.names.read(names, prior)
    return Term(now.kind, f"(CASE WHEN {prior}._new THEN {now.sql} ELSE {before.sql} END)", field=now.field)


def _prior(compiler: "Compiler", call: Call) -> str:
    if compiler.prior is None:
        raise FormulaError(say("formula.not_here", name=call.name))
    return compiler.prior


def _field(call: Call) -> tuple[str, ...]:
    node = call.arguments[0]
    if not isinstance(node, Reference) or len(node.names) != 1:
        raise FormulaError(say("formula.field_needed", name=call.name))
    return node.names


_HANDLERS: dict[str, tuple[int, int, _Handler]] = {
    "IF": (3, 3, _if),
    "CASE": (4, _MANY, _case),
    "AND": (1, _MANY, lambda compiler, call: join_truths(compiler, "AND", call.arguments)),
    "OR": (1, _MANY, lambda compiler, call: join_truths(compiler, "OR", call.arguments)),
    "ISBLANK": (1, 1, _is_blank),
    "ISNULL": (1, 1, _is_null),
    "BLANKVALUE": (2, 2, _blank_value),
    "NULLVALUE": (2, 2, _blank_value),
    "TEXT": (1, 1, _text),
    "MAX": (1, 100, _extreme),
    "MIN": (1, 100, _extreme),
    "ISPICKVAL": (2, 2, _is_chosen),
    "INCLUDES": (2, 2, _includes),
    "PICKLISTCOUNT": (1, 1, _count_choices),
    "CASESAFEID": (1, 1, _safe_id),
    "DATEVALUE": (1, 1, _date_value),
    "DATETIMEVALUE": (1, 1, _moment_value),
    "UNIXTIMESTAMP": (1, 1, _seconds),
    "ADDMONTHS": (2, 2, _add_months),
    "ISNEW": (0, 0, _is_new),
    "ISCHANGED": (1, 1, _is_changed),
    "PRIORVALUE": (1, 1, _prior_value),
}
