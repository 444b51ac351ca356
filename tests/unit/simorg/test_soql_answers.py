"""What queries answer, against a small org."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simorg.org import Org
from simorg.wire.query import compile_for
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


def test_what_is_asked_of_a_parent_may_depend_on_its_object(org: Org) -> None:
    query = "SELECT TYPEOF Owner WHEN User THEN Email, FirstName {} END, LastName FROM Lead ORDER BY Id LIMIT 2"
    first, second = ask(org, query.format("WHEN group THEN Type"))
    assert list(first) == ["attributes", "Owner", "LastName"]
    user = {"type": "User", "url": f"/services/data/v64.0/sobjects/User/{_OWNER}"}
    assert first["Owner"] == {"attributes": user, "Email": "ada@example.com", "FirstName": "Ada"}
    assert (second["Owner"]["attributes"]["type"], second["Owner"]["Type"]) == ("Group", "Queue")
    assert ask(org, query.format("ELSE Name"))[1]["Owner"]["Name"] == "Queue"
    assert list(ask(org, query.format(""))[1]["Owner"]) == ["attributes"]
    nobody = ask(org, "SELECT TYPEOF ReportsTo WHEN Contact THEN Name END FROM Contact LIMIT 1")
    assert nobody[0]["ReportsTo"] is None


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


@pytest.mark.parametrize(
    ("function", "leads"),
    [
        ("CALENDAR_YEAR(CreatedDate)", {2025: 1, 2026: 4}),
        ("CALENDAR_QUARTER(CreatedDate)", {1: 4, 4: 1}),
        ("CALENDAR_MONTH(CreatedDate)", {2: 1, 3: 3, 12: 1}),
        ("DAY_IN_MONTH(CreatedDate)", {1: 1, 10: 1, 11: 1, 28: 1, 31: 1}),
        ("DAY_IN_WEEK(CreatedDate)", {1: 1, 3: 1, 4: 2, 7: 1}),
        ("DAY_IN_YEAR(CreatedDate)", {59: 1, 60: 1, 69: 1, 70: 1, 365: 1}),
        ("WEEK_IN_MONTH(CreatedDate)", {1: 1, 2: 2, 4: 1, 5: 1}),
        ("WEEK_IN_YEAR(CreatedDate)", {9: 2, 10: 2, 53: 1}),
        ("HOUR_IN_DAY(CreatedDate)", {0: 1, 10: 1, 12: 1, 23: 2}),
        ("DAY_ONLY(CreatedDate)",
         {"2025-12-31": 1, "2026-02-28": 1, "2026-03-01": 1, "2026-03-10": 1, "2026-03-11": 1}),
        ("DAY_ONLY(convertTimezone(CreatedDate))",
         {"2026-01-01": 1, "2026-02-28": 1, "2026-03-01": 1, "2026-03-11": 2}),
    ],
)  # fmt: skip
def test_parts_of_dates(org: Org, function: str, leads: dict[object, int]) -> None:
    query = f"SELECT {function} part, COUNT(Id) n FROM Lead GROUP BY {function}"
    assert {one["part"]: one["n"] for one in ask(org, query, zone=ZoneInfo("Europe/Berlin"))} == leads


def test_aggregates_of_all_records(org: Org) -> None:
    (row,) = ask(
        org,
        "SELECT COUNT(City), COUNT_DISTINCT(NumberOfEmployees) different, SUM(NumberOfEmployees), "
        "AVG(NumberOfEmployees), MIN(LastName), MAX(LastName), MAX(CreatedDate) FROM Lead",
    )
    assert row == {
        "attributes": {"type": "AggregateResult"},
        "expr0": 3,
        "different": 3,
        "expr1": 22.0,
        "expr2": 5.5,
        "expr3": "100%_x",
        "expr4": "Äpfel",
        "expr5": "2026-03-11T00:30:00.000+0000",
    }


def test_groups_of_a_parents_field_bear_its_name(org: Org) -> None:
    rows = ask(org, "SELECT Account.Name, COUNT(Id) FROM Contact c WHERE c.AccountId != null GROUP BY c.Account.Name")
    assert rows == [{"attributes": {"type": "AggregateResult"}, "Name": "Alpha", "expr0": 2}]


def test_counting_alone_minds_limit(org: Org) -> None:
    for query, number in (("SELECT COUNT() FROM Lead", 5), ("SELECT COUNT() FROM Lead LIMIT 2", 2)):
        found = compile_for(org, query, all_rows=False)
        assert found.is_count
        assert org.storage.read_one(found.count_sql, found.count_parameters) == (number,)


def test_limit_and_offset(org: Org) -> None:
    rows = ask(org, "SELECT LastName FROM Lead ORDER BY NumberOfEmployees DESC NULLS LAST, LastName LIMIT 2 OFFSET 1")
    assert [one["LastName"] for one in rows] == ["b", "Äpfel"]
    assert len(ask(org, "SELECT Id FROM Lead OFFSET 3")) == 2


def test_order_by_a_parents_field(org: Org) -> None:
    rows = ask(org, "SELECT LastName FROM Contact ORDER BY Account.Name DESC NULLS LAST, LastName")
    assert [one["LastName"] for one in rows] == ["Yak", "Zed", "Free"]


def test_fields_functions_stand_for_fields(org: Org) -> None:
    every, own, common = (
        list(ask(org, f"SELECT FIELDS({which}) FROM Lead LIMIT 1")[0])[1:] for which in ("ALL", "CUSTOM", "STANDARD")
    )
    assert own == ["Lead_Score__c", "Syncline_Id__c"]
    assert sorted(every) == sorted(own + common)
    assert {"Id", "Name", "Address", "SystemModstamp"} <= set(common)


def test_shown_values(org: Org) -> None:
    query = "SELECT toLabel(Status), FORMAT(NumberOfEmployees) size, convertCurrency(AnnualRevenue) FROM Lead"
    lead = ask(org, f"{query} WHERE LastName = 'Äpfel'")[0]
    assert (lead["Status"], lead["size"], lead["AnnualRevenue"]) == ("Open", "5", None)


def test_clauses_that_change_nothing_are_taken(org: Org) -> None:
    query = "SELECT Id FROM Lead USING SCOPE everything WHERE LastName = 'b' WITH SECURITY_ENFORCED LIMIT 1 FOR VIEW"
    assert len(ask(org, query)) == 1
    assert len(ask(org, "select id from lead where lastname = 'b' with user_mode for reference")) == 1


def test_children_keep_to_their_own_conditions(org: Org) -> None:
    query = "SELECT (SELECT LastName FROM Contacts WHERE Email != null ORDER BY LastName LIMIT 1) FROM Account"
    assert [one["Contacts"] and one["Contacts"]["totalSize"] for one in ask(org, query + " ORDER BY Name")] == [1, None]
    assert "Contact" in compile_for(org, query, all_rows=False).objects_read


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


def test_bulk_cells_of_a_missing_parent_are_blank(org: Org) -> None:
    assert ask_csv(org, "SELECT Account.IsDeleted, Account.Name FROM Contact WHERE LastName = 'Free'")[1] == '"",""'


def test_bulk_lines_are_as_wide_as_wanted(org: Org) -> None:
    fields = [one.name for one in org.schema.get("Contact").visible_fields if one.type != "address"]
    fields += [f"{parent}.{name}" for parent in ("Account", "ReportsTo") for name in ("Name", "CreatedDate", "Phone")]
    users = [one.name for one in org.schema.get("User").visible_fields if one.type != "address"]
    fields += [f"{parent}.{name}" for parent in ("CreatedBy", "Owner") for name in users]
    header, line, *_ = ask_csv(org, f"SELECT {', '.join(fields)} FROM Contact")
    assert len(fields) > 120
    assert header.split(",") == [f'"{name}"' for name in fields]
    assert len(line.split('","')) == len(fields)


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ("Email = 'a@example.com'", "Lead_Email"),
        ("Email IN ('a@example.com', 'b@example.com')", "Lead_Email"),
        ("Email = 'a@example.com' OR Email = 'b@example.com'", "Lead_Email"),
        ("Syncline_Id__c = 'x'", "Lead_Syncline_Id__c"),
        ("SystemModstamp >= TODAY", "Lead_SystemModstamp"),
        ("SystemModstamp >= 2026-01-01T00:00:00Z ORDER BY SystemModstamp, Id", "Lead_SystemModstamp"),
        ("Id = '00QgK0000000001'", "Lead_id"),
        ("Id > '00QgK0000000001' ORDER BY Id LIMIT 10", "Lead_id"),
    ],
)
def test_what_has_an_index_is_found_by_it(org: Org, where: str, index: str) -> None:
    found = compiled(f"SELECT Id FROM Lead WHERE {where}")
    plan = str(list(org.storage.read(f"EXPLAIN QUERY PLAN {found.sql}", found.parameters)))
    assert index in plan
    assert "SCAN" not in plan


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
