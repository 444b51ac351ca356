"""Roll-ups: what a master counts, sums, or finds the least and the most of among its details (Salesforce Help, "Roll-Up
Summary Field").
"""

from collections.abc import Callable

from simorg.fidelity import say
from simorg.formula.names import Names
from simorg.formula.terms import BOOLEAN, DATE, DATETIME, NUMBER, Term, constant_text
from simorg.formula.tree import FormulaError
from simorg.schema.definition import FieldDefinition, SummaryFilter
from simorg.schema.registry import Field, ObjectType
from simorg.transactions import quote

_ORDERED = {"lessThan": "<", "greaterThan": ">", "lessOrEqual": "<=", "greaterOrEqual": ">="}
_SUMMED = ("double", "currency", "percent", "int")
_COMPARED = (*_SUMMED, "date", "datetime")
_Names = Callable[[ObjectType, str], Names]


def find_details(one: ObjectType, definition: FieldDefinition, names: Names) -> tuple[ObjectType, Field]:
    """The object that a roll-up looks at, and its reference to the master.

    Raises:
        FormulaError: there is no such reference.
    """
    child_name, _, key_name = (definition.summary_foreign_key or "").partition(".")
    child = names.schema.find(child_name)
    key = child.fields.get(key_name.lower()) if child else None
    master = key is not None and key.definition is not None and key.definition.type == "MasterDetail"
    cascades = child is not None and key is not None and _falls(one, child.name, key.name)
    if child is None or key is None or one.name not in key.reference_to or not (master or cascades):
        raise FormulaError(say("rollup.foreign_key", name=definition.summary_foreign_key), ("summaryForeignKey",))
    return child, key


def result_field(child: ObjectType, definition: FieldDefinition) -> Field | None:
    """The field that is summed or compared; None for a count.

    Raises:
        FormulaError: it cannot be.
    """
    if definition.summary_operation == "count":
        return None
    name = (definition.summarized_field or "").partition(".")[2]
    found = child.fields.get(name.lower())
    types = _SUMMED if definition.summary_operation == "sum" else _COMPARED
    if found is None or found.type not in types:
        raise FormulaError(say("rollup.field", name=definition.summarized_field), ("summarizedField",))
    return found


def compile_rollup(names_of: _Names, one: ObjectType, definition: FieldDefinition, alias: str) -> Term:
    """The SQL of a roll-up for the master at an alias.

    Raises:
        FormulaError: what it refers to does not fit.
    """
    inner = f"{alias}c"
    child, key = find_details(one, definition, names_of(one, alias))
    names = names_of(child, inner)
    summed = result_field(child, definition)
    conditions = [f'{inner}.{quote(key.name)} = {alias}."Id"', f'{inner}."IsDeleted" = 0']
    conditions += [_compile_filter(names, condition) for condition in definition.summary_filters]
    source = f"FROM {{{child.name}}} {inner} WHERE {' AND '.join(conditions)}"
    if summed is None:
        return Term(NUMBER, f"(SELECT count(*) {source})")
    term = names.read((summed.name,))
    if definition.summary_operation == "sum":
        return Term(NUMBER, f"(SELECT total({term.sql}) {source})")
    return Term(term.kind, f"(SELECT {definition.summary_operation}({term.sql}) {source})")


def _falls(one: ObjectType, child: str, field: str) -> bool:
    """Whether details fall with the master: an org rolls up these standard ones too."""
    return any(found.cascade_delete and (found.child, found.field) == (child, field) for found in one.children)


def _compile_filter(names: Names, condition: SummaryFilter) -> str:
    term = names.read((condition.field.rpartition(".")[2],))
    # What is split by commas means any of them; for a refusal, none of them.
    wanted = [part.strip() for part in condition.value.split(",")] or [""]
    denies = condition.operation in ("notEqual", "notContain")
    parts = [_compare(term, condition.operation, value) for value in wanted]
    return f"({(' AND ' if denies else ' OR ').join(parts)})"


def _compare(term: Term, operation: str, value: str) -> str:
    wanted = _read(term, value)
    if operation in ("equals", "notEqual"):
        folded = " COLLATE NOCASE" if term.kind not in (NUMBER, BOOLEAN, DATE, DATETIME) else ""
        return f"({term.sql} {'IS' if operation == 'equals' else 'IS NOT'} {wanted}{folded})"
    if operation in _ORDERED:
        return f"ifnull({term.sql} {_ORDERED[operation]} {wanted}, 0)"
    place = f"instr(f_lower({term.sql}), f_lower({wanted}))"
    if operation == "startsWith":
        return f"({place} = 1)"
    return f"({place} {'>' if operation == 'contains' else '='} 0)"


def _read(term: Term, value: str) -> str:
    if term.kind == NUMBER:
        try:
            return repr(float(value)) if value else "NULL"
        except ValueError:
            raise FormulaError(say("rollup.value", value=value), ("summaryFilterItems",)) from None
    if term.kind == BOOLEAN:
        return "1" if value.lower() in ("true", "1") else "0"
    if term.kind in (DATE, DATETIME) and not value:
        return "NULL"
    return constant_text(value)
