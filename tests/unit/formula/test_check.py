"""A formula is checked against an object: types, fields, and messages in Salesforce's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.formula.check import check
from syncline.domain.formula.functions import FUNCTIONS, REFUSED
from syncline.domain.formula.types import Kind
from syncline.errors import FormulaError
from tests.unit.formula.shapes import LEAD


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("FirstName & ' ' & LastName", Kind.TEXT),
        ("FirstName + LastName", Kind.TEXT),
        ("firstname", Kind.TEXT),
        ("AnnualRevenue / NumberOfEmployees", Kind.NUMBER),
        ("-Discount__c * 2 ^ 3", Kind.NUMBER),
        ("IsHot__c && ISBLANK(Email)", Kind.BOOLEAN),
        ("Birthdate + 30", Kind.DATE),
        ("30 + Birthdate", Kind.DATE),
        ("TODAY() - Birthdate", Kind.NUMBER),
        ("NOW() - CreatedDate", Kind.NUMBER),
        ("CreatedDate - 0.5", Kind.DATETIME),
        ("IF(IsHot__c, null, Birthdate)", Kind.DATE),
        ("CASE(Status, 'Open', 1, 'Closed', 2, 0)", Kind.NUMBER),
        ("CASE(MONTH(Birthdate), 1, 'Jan', 2, 'Feb', '')", Kind.TEXT),
        ("TEXT(Status)", Kind.TEXT),
        ("ISPICKVAL(Status, 'Open')", Kind.BOOLEAN),
        ("INCLUDES(Interests__c, 'Golf')", Kind.BOOLEAN),
        ("BLANKVALUE(Birthdate, TODAY())", Kind.DATE),
        ("ADDMONTHS(CreatedDate, 1)", Kind.DATETIME),
        ("HOUR(Alarm__c)", Kind.NUMBER),
        ("FIND('a', LastName) > 0", Kind.BOOLEAN),
        ("MAX(1, 2, AnnualRevenue)", Kind.NUMBER),
        ("DATEVALUE('2026-01-31')", Kind.DATE),
        ("ISBLANK(Interests__c)", Kind.BOOLEAN),
        ("'a' < 'b'", Kind.BOOLEAN),
        ("Birthdate = null", Kind.BOOLEAN),
    ],
)
def test_a_right_formula_has_a_type(text: str, kind: Kind) -> None:
    assert check(text, LEAD).kind is kind


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("LEN(AnnualRevenue)", "Incorrect parameter type for function 'LEN()'. Expected Text, received Number", 5),
        ("FirstName & AnnualRevenue", "for operator '&'. Expected Text, received Number", 13),
        ("1 + IsHot__c", "for operator '+'. Expected Number, received Boolean", 5),
        ("FirstName * 2", "for operator '*'. Expected Number, received Text", 1),
        ("Birthdate + TODAY()", "for operator '+'. Expected Number, received Date", 13),
        ("Birthdate - NOW()", "for operator '-'. Expected Number, Date, received DateTime", 13),
        ("5 - Birthdate", "for operator '-'. Expected Date, DateTime, received Number", 1),
        ("Birthdate = CreatedDate", "for operator '='. Expected Date, received DateTime", 13),
        ("IsHot__c > true", "for operator '>'. Expected Number, Date, DateTime, received Boolean", 1),
        ("NOT(LastName)", "for function 'NOT()'. Expected Boolean, received Text", 5),
        ("LastName && IsHot__c", "for operator '&&'. Expected Boolean, received Text", 1),
        ("IF(LastName, 1, 2)", "for function 'IF()'. Expected Boolean, received Text", 4),
        ("IF(IsHot__c, 1, 'x')", "for function 'IF()'. Expected Number, received Text", 17),
        ("IF(IsHot__c, 1)", "Incorrect number of parameters for function 'IF()'. Expected 3, received 2", 1),
        ("LEFT(LastName)", "'LEFT()'. Expected 2, received 1", 1),
        ("TODAY(1)", "'TODAY()'. Expected 0, received 1", 1),
        ("AND()", "'AND()'. Expected 1, received 0", 1),
        ("CASE(Status, 'a', 1)", "'CASE()'. Expected 4, received 3", 1),
        ("CASE(LastName, 'a', 1, 'b', 2)", "'CASE()'. Expected 6, received 5", 1),
        ("CASE(LastName, 1, 1, 2)", "for function 'CASE()'. Expected Text, received Number", 16),
        (
            "CASE(LastName, 'a', true, false)",
            "for function 'CASE()'. Expected Text, Number, Date, received Boolean",
            21,
        ),
        ("TEXT(LastName)", "for function 'TEXT()'. Expected Number, Date, DateTime, Time, received Text", 6),
        ("YEAR(CreatedDate)", "for function 'YEAR()'. Expected Date, received DateTime", 6),
        ("Status = 'Open'", "Field Status is a picklist field. Picklist fields are only supported in certain", 1),
        ("Status", "Field Status is a picklist field", 1),
        ("UPPER(Status)", "Field Status is a picklist field", 7),
        ("Interests__c & ''", "Field Interests__c is a multi-select picklist field. Multi-select picklist fields", 1),
        ("TEXT(Interests__c)", "multi-select picklist field", 6),
        ("ISPICKVAL(Status, LastName)", "expected a text in quotes", 19),
        ("ISPICKVAL(LastName, 'x')", "for function 'ISPICKVAL()'. Expected Picklist, received Text", 11),
        ("REGEX(LastName, FirstName)", "expected a text in quotes", 17),
        ("REGEX(LastName, '(')", "a bracket is not closed", 17),
        ("Lastnam & ''", "Field Lastnam does not exist. Check spelling", 1),
        ("Owner.Name", "fields of related records are not read yet", 1),
        ("$User.Id", "global variables are not known here", 1),
        ("Address", "is a address, which formulas cannot read", 1),
        ("1 +\n FOO(2)", "Unknown function FOO. Check spelling", 2),
        ("ISCHANGED(LastName)", "Function ISCHANGED cannot be used in a mapping", 1),
        ("null", "The result is of type Null", 1),
        ("TIMEVALUE(CreatedDate)", "The result is of type Time", 1),
    ],
)
def test_a_wrong_formula_is_refused_in_salesforces_words(text: str, message: str, column: int) -> None:
    with pytest.raises(FormulaError) as caught:
        check(text, LEAD)
    assert message in caught.value.message
    assert caught.value.message.startswith("Error: ")
    assert caught.value.message.endswith(f"column {column})")
    assert caught.value.remedy


def test_a_misspelt_name_is_followed_by_near_ones() -> None:
    with pytest.raises(FormulaError) as caught:
        check("Fristname", LEAD)
    assert (caught.value.remedy or "").startswith("Did you mean FirstName")
    with pytest.raises(FormulaError) as caught:
        check("CONTAIN(LastName, 'x')", LEAD)
    assert "CONTAINS" in (caught.value.remedy or "")


def test_the_fields_that_are_read_are_known_once_each_as_the_org_spells_them() -> None:
    formula = check("IF(ISBLANK(firstname), lastname, FIRSTNAME & ' ' & LastName)", LEAD)
    assert formula.fields == ("FirstName", "LastName")


@pytest.mark.parametrize(
    ("text", "by_day", "by_time"),
    [
        ("LastName", False, False),
        ("TODAY() - Birthdate", True, False),
        ("NOW()", True, True),
        ("YEAR(today())", True, False),
    ],
)
def test_a_formula_that_reads_the_clock_says_so(text: str, *, by_day: bool, by_time: bool) -> None:
    formula = check(text, LEAD)
    assert (formula.reads_day, formula.reads_time) == (by_day, by_time)


def test_no_function_is_both_known_and_refused() -> None:
    assert not FUNCTIONS.keys() & REFUSED.keys()
    assert all(name == name.upper() for name in (*FUNCTIONS, *REFUSED))


_ARGUMENTS = ["LastName", "AnnualRevenue", "Birthdate", "CreatedDate", "Status", "Interests__c", "IsHot__c", "Alarm__c"]
_ARGUMENTS += ["'x'", "1", "null", "true", "Nope__c", "Owner.Name", "TODAY()", "(1 + 2)", "OwnerId"]
calls = st.recursive(
    st.sampled_from(_ARGUMENTS),
    lambda inner: st.one_of(
        st.builds(
            "{}({})".format, st.sampled_from([*FUNCTIONS, "ISNEW", "nope"]), st.lists(inner, max_size=5).map(", ".join)
        ),
        st.builds(
            "({} {} {})".format,
            inner,
            st.sampled_from(["+", "-", "*", "/", "^", "&", "&&", "||", "=", "<>", "<"]),
            inner,
        ),
    ),
    max_leaves=12,
)


@given(calls)
def test_any_formula_is_typed_or_refused_with_its_place(text: str) -> None:
    problem = None
    try:
        formula = check(text, LEAD)
    except FormulaError as refused:
        problem = refused
    if problem:
        assert problem.position is not None
        assert problem.remedy
        return
    assert formula.kind in {Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN, Kind.DATE, Kind.DATETIME}
    assert set(formula.fields) <= {one.name for one in LEAD.fields}
