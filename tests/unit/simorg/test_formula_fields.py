"""Formula fields: what they give, what they cost, and how they can be wrong."""

from collections.abc import Iterator
from typing import Any

import pytest

from simorg.behaviour.customizing import define_field, redefine_field, remove_field
from simorg.formula.tree import FormulaError
from simorg.opening import open_org
from simorg.org import Org
from simorg.schema.definition import DefinitionError, read_definition
from simorg.schema.objects.custom import build_custom
from simorg.settings import Settings
from simorg.wire.describe import describe_field
from tests.unit.simorg.formulas import add_formula, value_of
from tests.unit.simorg.querying import ask, ask_csv
from tests.unit.simorg.writing import create, delete, make, show, stored, update, user_id

_LEAD = {
    "FirstName": "Ada", "LastName": "Moss", "Company": "Moss & Sons", "Email": "ada@moss.example", "Rating": "Hot",
    "AnnualRevenue": 1234, "NumberOfEmployees": 7, "LeadSource": "Web",
}  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Org, str]]:
    """One org with one Lead, for formulas that leave it alone."""
    org = open_org(tmp_path_factory.mktemp("formulas"), "developer-edition", None, Settings())
    yield org, make(org, "Lead", **_LEAD)
    org.close()


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ('LastName & ", " & FirstName', "Moss, Ada"),
        ('FirstName + " " + LastName', "Ada Moss"),
        ("Title", None),
        ('Title & "x"', "x"),
        ('IF(ISBLANK(Title), "none", Title)', "none"),
        ('BLANKVALUE(Title, "none")', "none"),
        ('NULLVALUE(Title, "none")', None),
        ('CASE(Rating, "Hot", "A", "Warm", "B", "C")', "A"),
        ('CASE(LEN(LastName), 4, "four", "other")', "four"),
        ("TEXT(Rating)", "Hot"),
        ('IF(ISPICKVAL(Rating, "Hot"), "yes", "no")', "yes"),
        ('IF(AND(ISPICKVAL(Rating, "Hot"), NumberOfEmployees > 6), "big", "small")', "big"),
        ('IF(NumberOfEmployees < 5 || LeadSourceText__c = "x", "a", "b")', FormulaError),
        ("LEFT(LastName, 2) & RIGHT(LastName, 2) & MID(LastName, 2, 2)", "Mossos"),
        ("UPPER(LastName) & LOWER(FirstName)", "MOSSada"),
        ("TRIM('  a ')", "a"),
        ("SUBSTITUTE(LastName, 's', 'z')", "Mozz"),
        ("LPAD('7', 3, '0') & RPAD('7', 3, '-')", "0077--"),
        ("TEXT(FIND('s', LastName)) & TEXT(FIND('s', LastName, 4)) & TEXT(FIND('q', LastName))", "340"),
        ("TEXT(NumberOfEmployees / 2)", "3.5"),
        ("TEXT(1.50) & TEXT(2.0) & TEXT(-0.25)", "1.52-0.25"),
        ("TEXT(1 / 3 * 3)", "1"),
        ("TEXT(VALUE('12.5') + 1)", "13.5"),
        ("TEXT(VALUE(LastName))", None),
        ("'x' & TEXT(1 / 0)", None),
        ("IF(FALSE, TEXT(1 / 0), 'fine')", "fine"),
        ("IF(TRUE || 1/0 = 1, 'fine', 'not')", "fine"),
        ("IF(REGEX(Email, '[^@]+@moss\\\\.example'), 'ours', 'theirs')", "ours"),
        ("IF(CONTAINS(Company, '&'), 'and', '')", "and"),
        ("IF(BEGINS(Company, 'moss'), 'a', 'b')", "b"),
        ("HYPERLINK('https://a.example', 'A')", '<a href="https://a.example" target="_blank">A</a>'),
        ("IMAGE('/a.png', 'A', 10, 20)", '<img src="/a.png" alt="A" style="height:10px; width:20px;" border="0"/>'),
        ("'{brace} ' & \"it's\" & '\\\"q\\\"'", "{brace} it's\"q\""),
        ("TEXT(DATE(2024, 2, 28) + 2)", "2024-03-01"),
        ("TEXT(ADDMONTHS(DATE(2024, 1, 31), 1))", "2024-02-29"),
        ("TEXT(DATE(2024, 13, 1))", None),
        ("TEXT(DATEVALUE('2026-05-06'))", "2026-05-06"),
        ("TEXT(DATETIMEVALUE('2026-05-06 07:08:09') + 0.5)", "2026-05-06 19:08:09Z"),
        ("TEXT(DATE(2026, 3, 1) - DATE(2026, 2, 1))", "28"),
        ("TEXT(WEEKDAY(DATE(2026, 11, 25))) & TEXT(YEAR(DATE(2026, 11, 25)))", "42026"),
        ("TEXT(HOUR(TIMEVALUE('10:30:00.000'))) & TEXT(TIMEVALUE('23:59:59.999') + 2)", "1000:00:00.001Z"),
        ("Owner:User.FirstName", "Integration"),
        ("Owner:Queue.Name", None),
        ("CASESAFEID('00D000000000062')", "00D000000000062EAA"),
        ("/* a remark */ LastName", "Moss"),
        ("TEXT(2 + 3 * 2 ^ 2)", "38"),
        ("TEXT(-2 ^ 2) & TEXT(10 - 2 - 3) & TEXT(2 ^ 3 ^ 2)", "4564"),
        ("IF(NOT(ISNUMBER('1e3')), 'a', 'b') & IF(!ISNUMBER('x'), 'a', 'b')", "ba"),
        ("$Organization.Name", "Simulated Org"),
    ],
)  # fmt: skip
def test_what_a_text_formula_gives(shared: tuple[Org, str], formula: str, value: Any) -> None:
    org, lead = shared
    if value is FormulaError:
        with pytest.raises(FormulaError, match=r"Field LeadSourceText__c does not exist\. Check spelling\."):
            value_of(org, formula, lead)
        return
    assert value_of(org, formula, lead) == value


@pytest.mark.parametrize(
    ("formula", "kind", "value"),
    [
        ("AnnualRevenue * 2", "Currency", 2468.0),
        ("NumberOfEmployees", "Percent", 700.0),
        ("ROUND(2.5, 0) + ROUND(-2.5, 0) + ROUND(1.25, 1)", "Number", 1.3),
        ("CEILING(-2.5) + FLOOR(-2.5) + MCEILING(-2.5) + MFLOOR(-2.5)", "Number", -10.0),
        ("MOD(7, 3) + ABS(-1) + MAX(1, 5, 3) + MIN(1, 5)", "Number", 8.0),
        ("SQRT(16) + LN(EXP(1)) + LOG(100) + TRUNC(1.99)", "Number", 8.0),
        ("SQRT(-1)", "Number", None),
        ("MOD(1, 0)", "Number", None),
        ("1 / 3", "Number", 0.333333),
        ("ISBLANK(Title)", "Checkbox", True),
        ("ISPICKVAL(Industry, '')", "Checkbox", True),
        ("1 / 0 > 1", "Checkbox", False),
        ("NULL", "Number", None),
        ("DATE(2026, 1, 2)", "Date", "2026-01-02"),
        ("DATETIMEVALUE('2026-01-02 03:04:05')", "DateTime", "2026-01-02T03:04:05.000+0000"),
        ("TIMEVALUE('01:02:03')", "Time", "01:02:03.000Z"),
        ("IF(NumberOfEmployees > 5, DATE(2026, 1, 2), NULL)", "Date", "2026-01-02"),
    ],
)
def test_what_other_formulas_give(shared: tuple[Org, str], formula: str, kind: str, value: Any) -> None:
    assert value_of(shared[0], formula, shared[1], kind) == value


def test_today_is_the_users_today(org: Org) -> None:
    lead = make(org, "Lead")
    org.settings.time_zone = "Pacific/Kiritimati"
    day = org.clock.now().astimezone(org.time_zone).date()
    assert value_of(org, "TODAY()", lead, "Date") == day.isoformat()
    assert value_of(org, "DATEVALUE(NOW())", lead, "Date") == day.isoformat()


@pytest.mark.parametrize(("treat", "value", "blank"), [("BlankAsZero", 1.0, False), ("BlankAsBlank", None, True)])
def test_blank_numbers(org: Org, treat: str, value: Any, blank: bool) -> None:
    lead = make(org, "Lead")
    facts = {"formulaTreatBlanksAs": treat}
    assert value_of(org, "NumberOfEmployees + 1", lead, "Number", **facts) == value
    assert value_of(org, "ISBLANK(NumberOfEmployees)", lead, "Checkbox", **facts) is blank


def test_ids_are_short_but_for_the_function_that_makes_them_safe(org: Org) -> None:
    lead = make(org, "Lead")
    owner = user_id(org)
    assert value_of(org, "OwnerId", lead) == owner[:15]
    assert value_of(org, "CASESAFEID(OwnerId)", lead) == owner
    assert value_of(org, "CASESAFEID(Owner:User.Id)", lead) == owner
    assert value_of(org, f"OwnerId = '{owner}'", lead, "Checkbox") is True


def test_formulas_read_across_objects_and_through_other_formulas(org: Org) -> None:
    account = make(org, "Account", Name="Acme", Industry="Banking", AnnualRevenue=100)
    boss = make(org, "Contact", LastName="Boss", AccountId=account)
    contact = make(org, "Contact", LastName="Reed", ReportsToId=boss)
    add_formula(org, "AnnualRevenue / 2", "Number", on="Account", name="Half__c")
    add_formula(org, "Account.Half__c + 1", "Number", on="Contact", name="More__c")
    assert value_of(org, "TEXT(ReportsTo.Account.Industry)", contact, on="Contact") == "Banking"
    assert value_of(org, "ReportsTo.More__c", contact, "Number", on="Contact") == 51.0
    assert value_of(org, "ReportsTo.Account.Name & Owner.LastName", contact, on="Contact") == "AcmeUser"
    assert value_of(org, "ReportsTo.Account.Name", boss, on="Contact") is None
    (row,) = ask(org, f"SELECT ReportsTo.More__c FROM Contact WHERE Id = '{contact}'")
    assert row["ReportsTo"]["More__c"] == 51.0


def test_formulas_in_every_part_of_a_query_and_in_bulk(org: Org) -> None:
    add_formula(org, "UPPER(LastName) & '{'", name="Loud__c")
    for name in ("Zed", "Ant", "Ant"):
        make(org, "Lead", LastName=name, Company="Loud Ltd")
    where = "WHERE Company = 'Loud Ltd' AND Loud__c != 'x'"
    rows = ask(org, f"SELECT Loud__c FROM Lead {where} ORDER BY Loud__c DESC")
    assert [row["Loud__c"] for row in rows] == ["ZED{", "ANT{", "ANT{"]
    groups = ask(org, f"SELECT Loud__c, COUNT(Id) n FROM Lead {where} GROUP BY Loud__c ORDER BY Loud__c")
    assert [(row["Loud__c"], row["n"]) for row in groups] == [("ANT{", 2), ("ZED{", 1)]
    assert ask_csv(org, "SELECT Loud__c FROM Lead WHERE Loud__c = 'ZED{'") == ['"Loud__c"', '"ZED{"']
    assert stored(org, "Lead", make(org, "Lead", LastName="Bee"))["Loud__c"] == "BEE{"


def test_a_formula_moves_no_stamp_and_is_not_written(org: Org) -> None:
    lead = make(org, "Lead")
    before = stored(org, "Lead", lead)["SystemModstamp"]
    org.clock.advance(60)
    described = describe_field(add_formula(org, "CASESAFEID(OwnerId)", name="Owner_ID__c"), org.schema.get("Lead"))
    show(org, "Lead", "Owner_ID__c")
    keys = ("type", "length", "calculated", "calculatedFormula", "createable", "updateable")
    assert [described[key] for key in keys] == ["string", 1300, True, "CASESAFEID(OwnerId)", False, False]
    assert stored(org, "Lead", lead)["SystemModstamp"] == before
    assert update(org, "Lead", lead, Owner_ID__c="x").errors[0].code == "INVALID_FIELD_FOR_INSERT_UPDATE"


@pytest.mark.parametrize(
    ("formula", "kind", "message"),
    [
        ("Foo__c", "Text", "Field Foo__c does not exist. Check spelling."),
        ("Account.Name", "Text", "Field Account.Name does not exist. Check spelling."),
        ("FOO(1)", "Text", "Unknown function FOO. Check spelling."),
        ("IF(TRUE, 1)", "Number", "Incorrect number of parameters for function 'IF()'. Expected 3, received 2"),
        ("LEN(1)", "Number", "Incorrect parameter type for function 'LEN()'. Expected Text, received Number"),
        ("1 + TRUE", "Number", "Incorrect parameter type for operator '+'. Expected Number, received Boolean"),
        ("LastName", "Number", "Formula result is data type (Text), incompatible with expected data type (Number)."),
        (
            "Rating",
            "Text",
            "Field Rating is a picklist field. Picklist fields are only supported in certain functions.",
        ),
        (
            "Description",
            "Text",
            'You referenced an unsupported field type called "Long Text Area" using the following field: Description',
        ),
        ("(1 + 2", "Number", "Syntax error. Missing ')'"),
        ("1 + 2)", "Number", "Syntax error. Extra )"),
        ("1 +", "Number", "Syntax error"),
        ("* 2", "Number", "Syntax error. Found '*'"),
        ("ISCHANGED(LastName)", "Checkbox", "Function ISCHANGED may not be used in this type of formula"),
        ("$User.LastName", "Text", "Field $User.LastName may not be used in this type of formula"),
        (
            "'" + "a" * 3_900 + "'",
            "Text",
            "Formula is too long (3,902 characters). Maximum length is 3,900 characters.",
        ),
        ("(" * 200 + "1" + ")" * 200, "Number", "The formula is nested too deeply."),
        ("IF(1 = '1', 1, 2)", "Number", "Incorrect parameter type for operator '='. Expected Number, received Text"),
    ],
)
def test_formulas_that_cannot_be(shared: tuple[Org, str], formula: str, kind: str, message: str) -> None:
    with pytest.raises(FormulaError) as error:
        add_formula(shared[0], formula, kind)
    assert (error.value.code, error.value.message) == ("FIELD_INTEGRITY_EXCEPTION", message)
    assert "f__c" not in shared[0].schema.get("Lead").fields


def test_a_formula_is_as_large_as_those_it_reads(org: Org) -> None:
    add_formula(org, "'" + "a" * 3_800 + "'", name="A__c")
    for name, read in (("B__c", "A__c"), ("C__c", "B__c & A__c")):
        add_formula(org, read, name=name)
    with pytest.raises(FormulaError, match=r"Compiled formula is too big to execute \(1\d,\d{3} characters\)"):
        add_formula(org, "C__c & C__c", name="D__c")


def test_deep_formulas_are_calculated_or_refused(org: Org) -> None:
    lead = make(org, "Lead", LastName="a")
    chain = "".join(f"IF(LEN(LastName) = {number}, '{number}', " for number in range(100, 0, -1)) + "'0'" + ")" * 100
    assert value_of(org, chain, lead) == "1"
    depth = 50
    nested = "SUBSTITUTE(" * depth + "LastName" + ", 'a', 'b')" * depth
    with pytest.raises(FormulaError, match="nested too deeply"):
        add_formula(org, nested)


def test_a_circle_of_formulas_is_refused(org: Org) -> None:
    add_formula(org, "LastName", name="A__c")
    add_formula(org, "A__c", name="B__c")
    with pytest.raises(DefinitionError, match="refers to itself"):
        redefine_field(org, "Lead", read_definition({"type": "Text", "formula": "B__c"}, "A__c"))
    assert value_of(org, "B__c", make(org, "Lead", LastName="Reed")) == "Reed"


def test_what_a_formula_reads_stays(org: Org) -> None:
    facts = {"type": "Number", "precision": 6, "scale": 0}
    redefine_field(org, "Lead", read_definition(facts, "Lead_Score__c"))
    add_formula(org, "Lead_Score__c * 2", "Number", name="Double__c")
    add_formula(org, "Double__c * 2", "Number", name="Again__c")
    for refuse in (
        lambda: remove_field(org, "Lead", "Lead_Score__c"),
        lambda: redefine_field(org, "Lead", read_definition({"type": "Text", "length": 9}, "Lead_Score__c")),
        lambda: remove_field(org, "Lead", "Double__c"),
    ):
        with pytest.raises(DefinitionError) as error:
            refuse()
        assert error.value.code == "DEPENDENCY_EXISTS"
    redefine_field(org, "Lead", read_definition({**facts, "formula": "Lead_Score__c * 3", "scale": 2}, "Double__c"))
    (row,) = ask(org, f"SELECT Again__c FROM Lead WHERE Id = '{make(org, 'Lead', Lead_Score__c=2)}'")
    assert row["Again__c"] == 12.0
    remove_field(org, "Lead", "Again__c")
    remove_field(org, "Lead", "Double__c")
    remove_field(org, "Lead", "Lead_Score__c")


def test_default_values_are_calculated_for_what_is_not_given(org: Org) -> None:

    def define(name: str, **facts: Any) -> None:
        define_field(org, "Lead", read_definition(facts, name))
        show(org, "Lead", name)

    define("Due__c", type="Date", defaultValue="TODAY() + 7")
    define("Kind__c", type="Text", length=20, required=True, defaultValue="'Kind of ' & LastName")
    define("By__c", type="Text", length=80, defaultValue="$User.LastName")
    row = stored(org, "Lead", make(org, "Lead", LastName="Reed"))
    assert (row["Kind__c"], row["By__c"]) == ("Kind of Reed", "User")
    assert row["Due__c"] > org.clock.stamp()[:10]
    given = stored(org, "Lead", make(org, "Lead", Due__c=None, Kind__c="K"))
    assert (given["Due__c"], given["Kind__c"]) == (None, "K")
    with pytest.raises(FormulaError, match="incompatible"):
        define("Bad__c", type="Date", defaultValue="1")
    assert create(org, "Lead", LastName="A", Company="B").success


def test_roll_ups_follow_the_details(org: Org) -> None:
    for name in ("Fair__c", "Seat__c"):
        org.schema.add_object(build_custom({"name": name}, [one.key_prefix for one in org.schema.objects()]))
        org.storage.add_object(name)

    def define(on: str, name: str, **facts: Any) -> Any:
        return define_field(org, on, read_definition(facts, name))

    define("Seat__c", "Fair__c", type="MasterDetail", referenceTo="Fair__c", relationshipName="Seats")
    define("Seat__c", "Price__c", type="Currency", precision=10, scale=2)
    define("Seat__c", "Day__c", type="Date")
    key = {"type": "Summary", "summaryForeignKey": "Seat__c.Fair__c"}
    define("Fair__c", "Seats__c", summaryOperation="count", **key)
    dear = [{"field": "Seat__c.Price__c", "operation": "greaterThan", "value": "10"}]
    money = {**key, "summarizedField": "Seat__c.Price__c"}
    assert define("Fair__c", "Sum__c", summaryOperation="sum", summaryFilterItems=dear, **money).type == "currency"
    define("Fair__c", "Last__c", summaryOperation="max", summarizedField="Seat__c.Day__c", **key)
    for name in ("Fair__c", "Seat__c"):
        show(org, name)
    fair = make(org, "Fair__c", Name="F")
    seats = [
        make(org, "Seat__c", Fair__c=fair, Price__c=price, Day__c=f"2026-01-0{at}")
        for at, price in enumerate((5, 20, 30), start=1)
    ]
    fields = ("Seats__c", "Sum__c", "Last__c")

    def rolled() -> tuple[Any, ...]:
        row = stored(org, "Fair__c", fair)
        return tuple(row[name] for name in fields)

    assert rolled() == (3.0, 50.0, "2026-01-03")
    stamps = [stored(org, "Fair__c", fair)[name] for name in ("SystemModstamp", "LastModifiedDate")]
    org.clock.advance(60)
    delete(org, "Seat__c", seats[2])
    after = [stored(org, "Fair__c", fair)[name] for name in ("SystemModstamp", "LastModifiedDate")]
    assert (after[0] > stamps[0], after[1] == stamps[1]) == (True, True)
    assert rolled() == (2.0, 20.0, "2026-01-02")
    assert value_of(org, "Fair__r.Sum__c * 2", seats[0], "Number", on="Seat__c") == 40.0
    with pytest.raises(DefinitionError, match="cannot be summarized"):
        define("Fair__c", "Bad__c", summaryOperation="sum", summarizedField="Seat__c.Name", **key)
    with pytest.raises(DefinitionError, match="is not the master"):
        define("Fair__c", "Bad__c", type="Summary", summaryOperation="count", summaryForeignKey="Seat__c.OwnerId")
