"""Formulas over sets of rows: fields of every type, blanks, and rows that would make PostgreSQL fail."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncline.domain.formula.check import check
from syncline.domain.formula.functions import FUNCTIONS
from syncline.domain.formula.parse import MAX_LENGTH
from syncline.domain.formula.regex import translate
from syncline.domain.formula.tree import MAX_DEPTH, Position
from syncline.errors import FormulaError
from syncline.store.formula.functions import ensure_functions
from tests.engine.formula.conftest import Sheet
from tests.unit.formula.shapes import LEAD
from tests.unit.formula.test_check import calls

#: What no org holds, and a column could.
EXTREMES = (
    {"AnnualRevenue": "NaN", "NumberOfEmployees": 2**62, "Birthdate": "infinity", "CreatedDate": "-infinity"},
    {"AnnualRevenue": "1e1000", "NumberOfEmployees": -(2**63), "Birthdate": "4713-01-01 BC", "LastName": "%s{}\\'"},
    {
        "AnnualRevenue": "Infinity",
        "Birthdate": "5874897-12-31",
        "CreatedDate": "294276-12-31",
        "LastName": "a" * 200_000,
    },
    {"AnnualRevenue": "1e-300", "Discount__c": "-Infinity", "CreatedDate": "4713-01-01 BC", "Alarm__c": "noon"},
)
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
FULL = {
    "Id": "00Q0000000000AbEAQ",
    "FirstName": "Ada",
    "LastName": "Byron",
    "OwnerId": "005500000012345AAA",
    "Status": "Open",
    "Interests__c": "Golf;Chess",
    "AnnualRevenue": Decimal("1000.50"),
    "Discount__c": Decimal(20),
    "NumberOfEmployees": 7,
    "Birthdate": date(1985, 12, 10),
    "CreatedDate": MOMENT,
    "Alarm__c": "07:30:00.000Z",
    "IsHot__c": True,
}


@pytest.mark.parametrize(
    ("text", "full", "blank"),
    [
        ("FirstName & ' ' & LastName", "Ada Byron", " "),
        ("TRIM(FirstName & ' ' & LastName)", "Ada Byron", None),
        ("FirstName", "Ada", None),
        ("LEN(FirstName)", 3, 0),
        ("FirstName = ''", False, True),
        ("FirstName = null", False, True),
        ("FirstName <> LastName", True, False),
        ("ISBLANK(FirstName)", False, True),
        ("AnnualRevenue + 1", Decimal("1001.50"), None),
        ("AnnualRevenue > 1", True, False),
        ("NOT(AnnualRevenue > 1)", False, False),
        ("ISBLANK(AnnualRevenue) || AnnualRevenue > 1", True, True),
        ("BLANKVALUE(AnnualRevenue, 0) + 1", Decimal("1001.50"), 1),
        # A percent of 20 is 0.2 in formulas.
        ("Discount__c", Decimal("0.2"), None),
        ("AnnualRevenue * (1 - Discount__c)", Decimal("800.40"), None),
        ("NumberOfEmployees * 3000000000", 21_000_000_000, None),
        ("NumberOfEmployees / 2", Decimal("3.5"), None),
        ("IsHot__c", True, False),
        ("IF(IsHot__c, 'hot', 'cold')", "hot", "cold"),
        ("Birthdate", date(1985, 12, 10), None),
        ("YEAR(TODAY()) - YEAR(Birthdate)", 41, None),
        ("Birthdate < TODAY()", True, False),
        ("CreatedDate", MOMENT, None),
        ("DATEVALUE(CreatedDate)", date(2026, 1, 2), None),
        ("HOUR(Alarm__c)", 7, None),
        ("TEXT(Alarm__c)", "07:30:00.000", None),
        ("ISPICKVAL(Status, 'Open')", True, False),
        ("ISPICKVAL(Status, 'open')", False, False),
        ("ISPICKVAL(Status, '')", False, True),
        ("TEXT(Status)", "Open", None),
        ("CASE(Status, 'Open', 1, 'Closed', 2, 0)", 1, 0),
        ("INCLUDES(Interests__c, 'Chess')", True, False),
        ("INCLUDES(Interests__c, 'Che')", False, False),
        ("ISBLANK(Interests__c)", False, True),
        ("LEFT(OwnerId, 3)", "005", None),
        # Formulas read Ids with 15 characters.
        ("OwnerId = '005500000012345'", True, False),
        ("CASESAFEID(OwnerId)", "005500000012345AAA", None),
        ("Id", "00Q0000000000Ab", "00Q000000000001"),
        ("CASESAFEID(Id)", "00Q0000000000AbEAI", "00Q000000000001EAA"),
    ],
)
def test_a_filled_row_and_a_blank_one(sheet: Sheet, text: str, full: object, blank: object) -> None:
    sheet.fill(FULL, {})
    assert sheet.values(text) == [full, blank]


def test_one_bad_row_does_not_fail_the_others(sheet: Sheet) -> None:
    sheet.fill(
        {"LastName": "12"}, {"LastName": "abc"}, {"LastName": "NaN"}, {"LastName": "-3"}, {}, {"LastName": "9" * 40}
    )
    assert [one is None for one in sheet.values("LN(VALUE(LastName))")] == [False, True, True, True, True, False]
    assert sheet.values("10 / (VALUE(LastName) - 12)")[1:] == [None, None, Decimal("-0.666666666666666667"), None, 0]
    assert sheet.values("DATE(2026, VALUE(LastName), 1)") == [date(2026, 12, 1), None, None, None, None, None]
    assert sheet.values("DATEVALUE(LastName)") == [None] * 6
    assert sheet.values("RPAD(LastName, VALUE(LastName), '.')")[0] == "12.........."


def test_what_grows_beyond_any_field_is_blank(sheet: Sheet) -> None:
    sheet.fill({"LastName": "a" * 1000})
    grown = "LastName"
    for _ in range(12):
        grown = f"SUBSTITUTE({grown}, 'a', 'aaaaaaaaaa')"
    assert sheet.values(grown) == [None]
    assert sheet.values("LEN(LPAD(LastName, 10 ^ 39))") == [131_072]


@given(text=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_any_text_comes_back_as_it_was_written(sheet: Sheet, text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    assert sheet.value(f'"{quoted}"') == (text or None)


@given(text=calls)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=250, deadline=None)
def test_whatever_is_accepted_runs_on_any_row(sheet: Sheet, text: str) -> None:
    try:
        check(text, LEAD)
    except FormulaError:
        return
    sheet.fill(FULL, {}, *EXTREMES)
    sheet.run(text)


@given(
    pattern=st.text(alphabet="ab01()[]{}*+?|^$.\\dwsDWSbBuxX,:=!<>&-i é\n", max_size=14),
    text=st.text("ab01é- \n", max_size=6),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400, deadline=None)
def test_every_accepted_pattern_runs_and_matches_as_elsewhere(sheet: Sheet, pattern: str, text: str) -> None:
    try:
        translated = translate(pattern, Position(1, 1))
    except FormulaError:
        return
    row = sheet.conn.execute("SELECT %s ~ %s", [text, translated]).fetchone()
    assert row is not None
    try:
        # Python's patterns read what is accepted as Java's do, but for `.` and `$` beside line breaks.
        expected = re.compile(pattern, re.ASCII).fullmatch(text)
    except (re.error, FutureWarning):
        return
    # Nor do all agree what a word is beyond ASCII, or whether an empty text has a boundary.
    if "\n" not in text and not ("\\b" in pattern.lower() and (not text or "é" in text)):
        assert row[0] is bool(expected)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_fails_at_extremes(sheet: Sheet, function: str) -> None:
    sheet.fill(*EXTREMES)
    kinds = ("AnnualRevenue", "LastName", "Birthdate", "CreatedDate", "NumberOfEmployees", "TIMEVALUE(CreatedDate)")
    for count in range(4):
        for arguments in product(kinds, repeat=count):
            text = f"{function}({', '.join(arguments)})"
            with suppress(FormulaError):
                check(text, LEAD)
                sheet.run(text)


@pytest.mark.parametrize(
    "text",
    [
        "TRIM(" * (MAX_DEPTH - 1) + "LastName" + ")" * (MAX_DEPTH - 1),
        "SQRT(" * (MAX_DEPTH - 1) + "AnnualRevenue" + ")" * (MAX_DEPTH - 1),
        "LN(" * (MAX_DEPTH - 1) + "AnnualRevenue" + ")" * (MAX_DEPTH - 1),
        "-" * (MAX_DEPTH - 1) + "AnnualRevenue",
        "!" * (MAX_DEPTH - 1) + "IsHot__c",
        "IF(IsHot__c, " * (MAX_DEPTH - 1) + "1" + ", 2)" * (MAX_DEPTH - 1),
        "IF(IsHot__c, 1, " * (MAX_DEPTH - 1) + "2" + ")" * (MAX_DEPTH - 1),
        "IF(" * (MAX_DEPTH - 1) + "IsHot__c" + ", true, false)" * (MAX_DEPTH - 1),
        "CASE(1, 2, " * (MAX_DEPTH - 1) + "3" + ", 4)" * (MAX_DEPTH - 1),
        "BLANKVALUE(" * (MAX_DEPTH - 1) + "LastName" + ", 'x')" * (MAX_DEPTH - 1),
        "MAX(" * (MAX_DEPTH - 1) + "1" + ", 2)" * (MAX_DEPTH - 1),
        "+".join(["AnnualRevenue"] * MAX_DEPTH),
        "/".join(["AnnualRevenue"] * MAX_DEPTH),
        "^".join(["2"] * MAX_DEPTH),
        "Birthdate" + "+1" * (MAX_DEPTH - 1),
        "&".join(["Id"] * (MAX_LENGTH // 3)),
        "||".join(["true"] * (MAX_LENGTH // 6)),
        "CASE(LastName, " + ", ".join(f"'{n}', {n}" for n in range(300)) + ", 0)",
        "MAX(" + ", ".join(["1"] * 1_000) + ")",
    ],
    ids=lambda text: text[:12],
)
def test_the_deepest_and_longest_formulas_run(sheet: Sheet, text: str) -> None:
    sheet.fill(FULL, {})
    assert len(sheet.values(text)) == 2


def test_the_functions_are_made_once_and_anew_for_another_version(sheet: Sheet) -> None:
    made = "SELECT xmin::text FROM pg_proc WHERE proname = 'addmonths_of_date'"
    before = sheet.conn.execute(made).fetchone()
    sheet.conn.commit()
    ensure_functions(sheet.conn)
    assert sheet.conn.execute(made).fetchone() == before
    sheet.conn.execute("COMMENT ON SCHEMA syncline_formula IS 'older'")
    ensure_functions(sheet.conn)
    assert sheet.conn.execute(made).fetchone() != before
