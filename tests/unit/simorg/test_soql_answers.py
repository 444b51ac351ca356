"""What queries answer, against a small org."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simorg.org import Org
from tests.unit.simorg.querying import ask, ask_csv, open_empty_org
from tests.unit.simorg.test_soql_errors import compiled

_OWNER = "005gK0000000001QAA"


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    """Two Accounts, Contacts at them and at none, Leads with all sorts of values."""
    with open_empty_org(tmp_path_factory.mktemp("queries")) as org:
        with org.storage.transaction() as tx:
            user = {"FirstName": "Ada", "LastName": "Admin", "Username": "ada@example.com", "Email": "ada@example.com"}
            owner = tx.insert("User", {**user, "IsActive": 1})
            queue = tx.insert("Group", {"Name": "Queue", "Type": "Queue"})
            one = tx.insert("Account", {"Name": "Alpha", "OwnerId": owner, "AnnualRevenue": 12.0})
            tx.insert("Account", {"Name": "Beta", "OwnerId": owner})
            tx.insert("Contact", {"LastName": "Zed", "AccountId": one, "OwnerId": owner, "Email": "zed@example.com"})
            tx.insert("Contact", {"LastName": "Yak", "AccountId": one, "OwnerId": owner, "MailingCity": "Rome"})
            tx.insert("Contact", {"LastName": "Free", "OwnerId": owner, "Birthdate": "2000-02-29"})
            for number, (name, city, employees) in enumerate(_LEADS):
                row: dict[str, Any] = {"LastName": name, "Company": "C", "City": city, "NumberOfEmployees": employees}
                row |= {"OwnerId": queue if number % 2 else owner, "Status": "Open", "IsConverted": number % 2}
                tx.insert("Lead", {**row, "CreatedDate": _CREATED[number]})
            gone = tx.insert("Lead", {"LastName": "Gone", "Company": "C", "OwnerId": owner})
            tx.mark_deleted("Lead", gone)
        yield org


_LEADS = (("Äpfel", "Köln", 5), ("apple", None, None), ("Banana", "köln", 0), ("100%_x", "O'Hare", 12), ("b", None, 5))
_CREATED = (
    "2026-03-11T00:30:00Z",
    "2026-03-10T23:30:00Z",
    "2026-03-01T10:00:00Z",
    "2025-12-31T23:59:59Z",
    "2026-02-28T12:00:00Z",
)


def names(org: Org, where: str, **how: Any) -> list[str]:
    return [one["LastName"] for one in ask(org, f"SELECT LastName FROM Lead WHERE {where} ORDER BY Id", **how)]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("City = 'KÖLN'", ["Äpfel", "Banana"]),
        ("City != 'köln'", ["apple", "100%_x", "b"]),
        ("NOT City = 'köln'", ["apple", "100%_x", "b"]),
        ("City NOT IN ('Köln')", ["apple", "100%_x", "b"]),
        ("City IN ('köln', null)", ["Äpfel", "apple", "Banana", "b"]),
        ("City = null", ["apple", "b"]),
        ("City != null", ["Äpfel", "Banana", "100%_x"]),
        ("City = 'O\\'Hare'", ["100%_x"]),
        ("LastName LIKE 'B%'", ["Banana", "b"]),
        ("LastName LIKE 'ä%'", ["Äpfel"]),
        ("LastName LIKE '100\\%\\_x'", ["100%_x"]),
        ("LastName LIKE '_'", ["b"]),
        ("NumberOfEmployees > 4", ["Äpfel", "100%_x", "b"]),
        ("NumberOfEmployees <= 0", ["Banana"]),
        ("NOT NumberOfEmployees > 4", ["apple", "Banana"]),
        ("(NumberOfEmployees = 5 OR City = null) AND IsConverted = true", ["apple"]),
        ("Owner.Type = 'Group'", ["apple", "100%_x"]),
        ("Owner.Name = 'ada admin'", ["Äpfel", "Banana", "b"]),
        ("CreatedDate = TODAY", ["Äpfel"]),
        ("CreatedDate = YESTERDAY", ["apple"]),
        ("CreatedDate = THIS_MONTH", ["Äpfel", "apple", "Banana"]),
        ("CreatedDate = LAST_YEAR", ["100%_x"]),
        ("CreatedDate = LAST_N_DAYS:1", ["Äpfel", "apple"]),
        ("CreatedDate < THIS_YEAR", ["100%_x"]),
        ("CreatedDate >= 2026-03-10T23:30:00Z", ["Äpfel", "apple"]),
        ("CreatedDate >= 2026-03-11T00:30:00+01:00", ["Äpfel", "apple"]),
        ("City = ''", ["apple", "b"]),
        ("City IN ('', 'o\\'hare')", ["apple", "100%_x", "b"]),
        ("Status = 'OPEN' AND IsUnreadByOwner = false", ["Äpfel", "apple", "Banana", "100%_x", "b"]),
        ("OwnerId IN (SELECT Id FROM User WHERE LastName = 'admin')", ["Äpfel", "Banana", "b"]),
        ("OwnerId NOT IN (SELECT Id FROM User WHERE LastName = 'admin')", ["apple", "100%_x"]),
        ("ConvertedContactId NOT IN (SELECT Id FROM Contact)", ["Äpfel", "apple", "Banana", "100%_x", "b"]),
        (" OR ".join(f"Email = 'a{i}@example.com'" for i in range(2_000)) + " OR LastName = 'b'", ["b"]),
    ],
)
def test_conditions(org: Org, where: str, found: list[str]) -> None:
    assert names(org, where) == found


def test_days_begin_where_the_user_is(org: Org) -> None:
    berlin, york = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
    assert names(org, "CreatedDate = TODAY", zone=berlin) == ["Äpfel", "apple"]
    assert names(org, "CreatedDate = TODAY", zone=york) == []


def test_deleted_rows_are_seen_only_when_asked(org: Org) -> None:
    assert names(org, "LastName = 'Gone'") == []
    assert names(org, "LastName = 'Gone'", all_rows=True) == ["Gone"]


def test_parents_are_nested_or_null(org: Org) -> None:
    zed, yak, free = ask(org, "SELECT LastName, Account.Name, Account.Owner.Name FROM Contact ORDER BY Id")
    assert list(zed) == ["attributes", "LastName", "Account"]
    assert zed["Account"]["Name"] == "Alpha"
    assert zed["Account"]["attributes"]["type"] == "Account"
    assert zed["Account"]["Owner"]["Name"] == "Ada Admin"
    assert yak["Account"]["Name"] == "Alpha"
    assert free["Account"] is None


def test_children_are_a_result_or_null(org: Org) -> None:
    alpha, beta = ask(org, "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account ORDER BY Name")
    assert [one["LastName"] for one in alpha["Contacts"]["records"]] == ["Yak", "Zed"]
    assert (alpha["Contacts"]["totalSize"], alpha["Contacts"]["done"]) == (2, True)
    assert beta["Contacts"] is None


def test_an_owner_may_be_a_user_or_a_queue(org: Org) -> None:
    first, second = ask(org, "SELECT Owner.Name, Owner.Type FROM Lead ORDER BY Id LIMIT 2")
    assert first["Owner"] == {
        "attributes": {"type": "Name", "url": f"/services/data/v64.0/sobjects/User/{_OWNER}"},
        "Name": "Ada Admin",
        "Type": "User",
    }
    assert (second["Owner"]["Type"], second["Owner"]["Name"]) == ("Group", "Queue")


def test_values_have_the_forms_of_json(org: Org) -> None:
    (alpha,) = ask(
        org, "SELECT AnnualRevenue, IsDeleted, CreatedDate, BillingAddress FROM Account WHERE Name = 'Alpha'"
    )
    assert alpha["AnnualRevenue"] == 12.0
    assert alpha["IsDeleted"] is False
    assert alpha["CreatedDate"] == "2026-03-11T12:00:00.000+0000"
    assert alpha["BillingAddress"] is None
    (yak,) = ask(org, "SELECT Name, MailingAddress FROM Contact WHERE LastName = 'Yak'")
    assert yak["Name"] == "Yak"
    assert yak["MailingAddress"]["city"] == "Rome"


def test_aggregates(org: Org) -> None:
    rows = ask(org, "SELECT City, COUNT(Id) n, MAX(NumberOfEmployees) FROM Lead GROUP BY City ORDER BY COUNT(Id) DESC")
    assert rows[0]["attributes"] == {"type": "AggregateResult"}
    assert {"City", "n", "expr0"} <= set(rows[0])
    assert sum(one["n"] for one in rows) == 5
    (year,) = ask(org, "SELECT CALENDAR_YEAR(CreatedDate) y, COUNT(Id) FROM Lead GROUP BY CALENDAR_YEAR(CreatedDate)"
                       " HAVING COUNT(Id) > 1")  # fmt: skip
    assert (year["y"], year["expr0"]) == (2026, 4)


def test_order_puts_blanks_first_unless_told(org: Org) -> None:
    rows = ask(org, "SELECT City FROM Lead ORDER BY City, Id")
    assert [one["City"] for one in rows][:2] == [None, None]
    rows = ask(org, "SELECT City FROM Lead ORDER BY City DESC NULLS LAST, Id")
    assert [one["City"] for one in rows][-2:] == [None, None]


def test_qualified_names_answer_plain(org: Org) -> None:
    (lead,) = ask(org, "SELECT Lead.Id, l.LastName FROM Lead l WHERE Lead.LastName = 'apple'")
    assert list(lead) == ["attributes", "Id", "LastName"]


def test_bulk_lines_quote_every_cell(org: Org) -> None:
    query = (
        "SELECT LastName, City, NumberOfEmployees, IsConverted, CreatedDate, Owner.Name FROM Lead ORDER BY Id LIMIT 2"
    )
    assert ask_csv(org, query) == [
        '"LastName","City","NumberOfEmployees","IsConverted","CreatedDate","Owner.Name"',
        '"Äpfel","Köln","5","false","2026-03-11T00:30:00.000Z","Ada Admin"',
        '"apple","","","true","2026-03-10T23:30:00.000Z","Queue"',
    ]
    assert ask_csv(org, "SELECT Name, AnnualRevenue FROM Account WHERE AnnualRevenue = 12")[1] == '"Alpha","12.0"'


def test_an_address_is_found_by_its_index(org: Org) -> None:
    for where, index in (("Email = 'a@example.com'", "Lead_Email"), ("SystemModstamp >= TODAY", "Lead_SystemModstamp")):
        found = compiled(f"SELECT Id FROM Lead WHERE {where}")
        plan = list(org.storage.read(f"EXPLAIN QUERY PLAN {found.sql}", found.parameters))
        assert index in str(plan)


_TERMS = st.sampled_from(
    [
        ("City = 'köln'", lambda row: (row[1] or "").casefold() == "köln"),
        ("City != 'köln'", lambda row: (row[1] or "").casefold() != "köln"),
        ("City = null", lambda row: not row[1]),
        ("NumberOfEmployees > 4", lambda row: row[2] is not None and row[2] > 4),
        ("NumberOfEmployees != 5", lambda row: row[2] != 5),
        ("LastName LIKE '%a%'", lambda row: "a" in row[0].casefold()),
        ("City IN ('köln', 'o\\'hare')", lambda row: (row[1] or "").casefold() in ("köln", "o'hare")),
    ]
)
_TREES = st.recursive(
    _TERMS,
    lambda inner: st.one_of(
        inner.map(lambda one: (f"(NOT {one[0]})", lambda row, one=one: not one[1](row))),
        st.tuples(inner, inner).map(
            lambda two: (f"({two[0][0]} AND {two[1][0]})", lambda row, two=two: two[0][1](row) and two[1][1](row))
        ),
        st.tuples(inner, inner).map(
            lambda two: (f"({two[0][0]} OR {two[1][0]})", lambda row, two=two: two[0][1](row) or two[1][1](row))
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_TREES)
def test_any_logic_means_what_it_says(org: Org, tree: tuple[str, Any]) -> None:
    where, holds = tree
    assert names(org, where) == [row[0] for row in _LEADS if holds(row)]
