"""What is wrong in a query, where, and in whose words."""

import pytest

from simorg.errors import ApiError
from simorg.schema.data import build_schema
from simorg.soql.compiled import Compiled
from simorg.soql.compiler import compile_query
from simorg.soql.csv_sql import csv_select
from simorg.soql.parser import parse
from simorg.transactions import quote
from tests.unit.simorg.querying import NOW, UTC_ZONE

_SCHEMA = build_schema(bare=False, granted=True)
_HIDDEN = build_schema(bare=False, granted=False)


def compiled(text: str, *, hidden: bool = False) -> Compiled:
    schema = _HIDDEN if hidden else _SCHEMA
    return compile_query(parse(text), schema, quote, all_rows=False, now=NOW, time_zone=UTC_ZONE)


def refusal(text: str, *, hidden: bool = False) -> ApiError:
    with pytest.raises(ApiError) as refused:
        compiled(text, hidden=hidden)
    assert refused.value.status == 400
    return refused.value


def test_an_unknown_object_as_recorded() -> None:
    error = refusal("select count() from XYZZY")
    assert error.code == "INVALID_TYPE"
    assert error.message == (
        "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is not "
        "supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. "
        "Please reference your WSDL or the describe call for the appropriate names."
    )


def test_an_unknown_field_as_recorded() -> None:
    error = refusal("SELECT Bacon__c FROM Account LIMIT 2")
    assert error.code == "INVALID_FIELD"
    assert error.message == (
        "\nSELECT Bacon__c FROM Account LIMIT 2\n       ^\nERROR at Row:1:Column:8\nNo such column 'Bacon__c' on "
        "entity 'Account'. If you are attempting to use a custom field, be sure to append the '__c' after the custom "
        "field name. Please reference your WSDL or the describe call for the appropriate names."
    )


def test_a_hidden_field_is_as_if_it_were_not_there() -> None:
    assert "No such column 'HasOptedOutOfEmail'" in refusal("SELECT HasOptedOutOfEmail FROM Lead", hidden=True).message
    assert compiled("SELECT HasOptedOutOfEmail FROM Lead").items


def test_a_wrong_first_word_as_recorded() -> None:
    error = refusal("SELEKT Id FROM Lead")
    assert (error.code, error.message) == ("MALFORMED_QUERY", "unexpected token: SELEKT")


def test_the_caret_stands_in_the_right_line() -> None:
    error = refusal("SELECT Id\nFROM Lead\nWHERE Nonsense__c = 'a'")
    assert error.message.startswith("\nWHERE Nonsense__c = 'a'\n      ^\nERROR at Row:3:Column:7\n")


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        ("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Lead WHERE", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Lead WHERE Id = 'a' AND X = 1 OR Y = 2", "MALFORMED_QUERY", "unexpected token: 'OR'"),
        ("SELECT Id FROM Lead LIMIT 1 WHERE Id = null", "MALFORMED_QUERY", "unexpected token: 'WHERE'"),
        ("SELECT Id FROM Lead WHERE Name = 'open", "MALFORMED_QUERY", "ERROR at Row:1:Column:33"),
        ("SELECT Id, Id FROM Lead", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Nobody.Name FROM Lead", "INVALID_FIELD", "Didn't understand relationship 'Nobody' in field path"),
        ("SELECT Id, (SELECT Id FROM Children) FROM Account", "INVALID_TYPE", "relationship 'Children' in FROM"),
        ("SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD", "'Description' can not be filtered"),
        ("SELECT Id FROM Lead ORDER BY Description", "INVALID_FIELD", "'Description' can not be sorted"),
        ("SELECT Id FROM Lead OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
        ("SELECT Status, COUNT(Id) FROM Lead", "MALFORMED_QUERY", "Field must be grouped or aggregated: Status"),
        ("SELECT Status, City FROM Lead GROUP BY Status", "MALFORMED_QUERY", "grouped or aggregated: City"),
        ("SELECT SUM(Name) FROM Lead", "MALFORMED_QUERY", "does not support aggregate operator SUM"),
        ("SELECT FIELDS(ALL) FROM Lead", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT FIELDS(CUSTOM) FROM Lead LIMIT 201", "MALFORMED_QUERY", "LIMIT of at most 200"),
        ("SELECT Id FROM Lead WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: nonsense"),
        ("SELECT Id FROM Lead WHERE IsConverted > true", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Lead WHERE IsConverted = 'true'", "INVALID_FIELD", "must be of type boolean and should not"),
        ("SELECT Id FROM Lead WHERE NumberOfEmployees = '5'", "INVALID_FIELD", "must be of type int and should not"),
        ("SELECT Id FROM Lead WHERE Name = 5", "INVALID_FIELD", "must be of type string and should be enclosed"),
        ("SELECT Id FROM Lead WHERE CreatedDate > '2026-01-01'", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Lead WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Contact WHERE Birthdate = 2026-01-01T00:00:00Z", "INVALID_FIELD", "must be of type date "),
        ("SELECT Id FROM Lead WHERE CreatedDate = SOMEDAY", "MALFORMED_QUERY", "unexpected token: 'SOMEDAY'"),
        ("SELECT Id FROM Lead WHERE LIKE 'x'", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Lead WHERE Name INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Lead ALL ROWS", "MALFORMED_QUERY", "ALL ROWS not allowed in this context"),
        ("SELECT Id FROM Contact WHERE AccountId IN (SELECT Name FROM Account)", "MALFORMED_QUERY", "inner select"),
        (
            "SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account) AND OwnerId"
            " IN (SELECT Id FROM User) AND Id IN (SELECT ConvertedContactId FROM Lead)",
            "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS",
            "Maximum 2",
        ),
        (
            "SELECT Id FROM Contact WHERE ReportsToId IN (SELECT Id FROM Contact)",
            "MALFORMED_QUERY",
            "The inner and outer selects should not be on the same object type",
        ),
        (
            "SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE OwnerId IN (SELECT Id FROM User))",
            "MALFORMED_QUERY",
            "Nesting of semi join sub-selects is not supported",
        ),
        (
            "SELECT Id FROM Contact WHERE Name = 'x' OR AccountId IN (SELECT Id FROM Account)",
            "MALFORMED_QUERY",
            "only allowed at the top level",
        ),
        (
            "SELECT Id FROM Contact WHERE NOT AccountId IN (SELECT Id FROM Account)",
            "MALFORMED_QUERY",
            "only allowed at the top level",
        ),
        ("SELECT Id, (SELECT COUNT() FROM Contacts) FROM Account", "MALFORMED_QUERY", "only root queries"),
        ("SELECT LeadSource FROM Lead GROUP BY LeadSource ORDER BY City", "MALFORMED_QUERY", "Ordered field must be"),
        ("SELECT CreatedDate, COUNT(Id) FROM Lead GROUP BY CreatedDate", "INVALID_FIELD", "can not be grouped"),
        ("SELECT Name n FROM Lead", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT FIELDS() FROM Lead", "MALFORMED_QUERY", "ALL, STANDARD or CUSTOM"),
        (
            "SELECT TYPEOF Owner WHEN Account THEN Name END FROM Lead",
            "MALFORMED_QUERY",
            "Account is not a type of Owner",
        ),
        ("SELECT TYPEOF Owner WHEN User THEN Nope END FROM Lead", "INVALID_FIELD", "'Nope' on entity 'User'"),
        ("SELECT TYPEOF Owner WHEN User THEN Profile.Name END FROM Lead", "INVALID_FIELD", "relationship 'Profile'"),
        ("SELECT Owner.Industry FROM Lead", "INVALID_FIELD", "No such column 'Industry' on entity 'Name'"),
        ("SELECT Id FROM Lead WHERE Address = 'x'", "INVALID_FIELD", "'Address' can not be filtered"),
        ("SELECT Id FROM Lead WHERE Id LIKE '00Q%'", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id field"),
        ("SELECT Id FROM Lead WHERE CreatedDate LIKE 'x'", "INVALID_QUERY_FILTER_OPERATOR", "on datetime field"),
        ("SELECT Id FROM Lead WHERE Name > null", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on string field"),
        ("SELECT Id FROM Lead WHERE Name = TODAY", "INVALID_FIELD", "must be of type string and should be enclosed"),
        ("SELECT Id FROM Lead WHERE CreatedDate = TODAY:3", "MALFORMED_QUERY", "unexpected token: 'TODAY'"),
        ("SELECT Id FROM Lead WHERE CreatedDate = LAST_N_DAYS:-3", "MALFORMED_QUERY", "unexpected token: '-3'"),
        ("SELECT Id FROM Lead WHERE " + "NOT " * 30 + "Name = 'x'", "QUERY_TOO_COMPLICATED", "too deeply"),
        ("SELECT WHO(Id) FROM Lead", "MALFORMED_QUERY", "Unknown function"),
        (f"SELECT Id FROM Lead WHERE Name = '{'x' * 100_000}'", "MALFORMED_QUERY", "100000"),
    ],
)
def test_refusals(query: str, code: str, says: str) -> None:
    error = refusal(query)
    assert error.code == code
    assert says in error.message


@pytest.mark.parametrize(
    ("query", "shown", "at"),
    [
        # As recordings of real orgs show them; what lies beyond the piece shown is filled in.
        (
            "SELECT Id, DepProbeField__c FROM Account LIMIT 1",
            "SELECT Id, DepProbeField__c FROM Account LIMIT",
            (11, "Row:1:Column:12"),
        ),
        (
            "Select Id, Status, Location, Body from Lead",
            "Select Id, Status, Location, Body from Lead",
            (19, "Row:1:Column:20"),
        ),
        (
            "SELECT Id, Name, AccountNumber FROM AccountOpps WHERE Name like 'okToDelete%'",
            "SELECT Id, Name, AccountNumber FROM AccountOpps WHERE Name like 'okToDelete%'",
            (36, "Row:1:Column:37"),
        ),
        (
            "select Id, Company,Email,LastName,SF_date__c, ConvertedContactId from Lead where Id != null",
            "select Id, Company,Email,LastName,SF_date__c, ConvertedContactId from",
            (34, "Row:1:Column:35"),
        ),
        (
            "SELECT Id,IsDeleted,OwnerId,CreatedById,NumberOfEmployees,TPI_Product__c,Name,OCE__JobId__c FROM Lead",
            "CreatedById,NumberOfEmployees,TPI_Product__c,Name,OCE__JobId__c",
            (30, "Row:1:Column:59"),
        ),
        (
            "SELECT Id, BillingCity, BillingPostalCode FROM Account WHERE Id = '53'",
            "BillingPostalCode FROM Account WHERE Id = '53'",
            (37, "Row:1:Column:62"),
        ),
        (
            "SELECT Id,CreatedDate, CreatedById, LastModifiedById, LastModifiedDate, From Account ",
            "LastModifiedById, LastModifiedDate, From Account ",
            (35, "Row:1:Column:72"),
        ),
        ("SELECT * FROM Account where Name='John'", "SELECT * FROM Account where Name='John'", (6, "Row:1:Column:7")),
        ("select Id from Account where id = $sfid", "select Id from Account where id = $sfid", (33, "Row:1:Column:34")),
        (
            "SELECT Id, Email, Name\nFROM Contact\n"
            "WHERE AccountId = '0014000000p6XlS' AND LastName LIKE 'test' OR email LIKE 'test'",
            "'0014000000p6XlS' AND LastName LIKE 'test' OR email LIKE 'test'",
            (42, "Row:3:Column:61"),
        ),
        ("SELECT Id\nFROM Maycur_Form__c", "FROM Maycur_Form__c", (5, "Row:2:Column:6")),
    ],
)
def test_a_piece_of_the_query_is_shown_with_a_caret(query: str, shown: str, at: tuple[int, str]) -> None:
    spaces, place = at
    assert refusal(query).message.startswith(f"\n{shown}\n{' ' * spaces}^\nERROR at {place}\n")


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("SELECT COUNT() FROM Lead", "aggregate"),
        ("SELECT COUNT(Id) FROM Lead", "aggregate"),
        ("SELECT Id FROM Lead OFFSET 5", "OFFSET"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "subquery"),
        ("SELECT Address FROM Lead", "compound field Address"),
        ("SELECT TYPEOF Owner WHEN User THEN Name END FROM Lead", "TYPEOF"),
    ],
)
def test_what_bulk_does_not_take(query: str, what: str) -> None:
    with pytest.raises(ApiError, match=what):
        csv_select(compiled(query), ",")


def test_too_many_relationships_are_refused_before_they_are_joined() -> None:
    parents = ["CreatedBy", "LastModifiedBy", "Manager"]
    paths = parents + [f"{one}.{other}" for one in parents for other in parents]
    paths += [f"{one}.{other}" for one in paths[3:] for other in parents]
    query = "SELECT {} FROM User"
    assert compiled(query.format(", ".join(f"{one}.Name" for one in paths[:20]))).items
    too_many = refusal(query.format(", ".join(f"{one}.{other}.Name" for one in paths for other in parents)))
    assert "More than 55 relationships" in too_many.message


def test_hostile_text_is_an_error_and_nothing_else() -> None:
    for text in (
        "",
        " ",
        "(" * 5_000,
        "SELECT " + "(SELECT " * 500,
        "\x00",
        "SELECT Id FROM Lead WHERE Name = '\\u00zz'",
    ):
        assert refusal(text).code == "MALFORMED_QUERY"
