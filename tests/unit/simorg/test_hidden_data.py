"""Nothing hidden leaks: for random rights and random queries a user gets exactly, to the last word of an error, what an
org answers in which the hidden objects, fields and records are not there.

The other org is made by rules of its own, written down here a second time: records are deleted, fields and objects are
taken out of the schema. What an org counts over all records (the results of a campaign) is not asked for.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simorg.errors import ApiError
from simorg.opening import open_org
from simorg.org import Org
from simorg.schema.registry import Catalog, Field, ObjectType, Schema
from simorg.security.rights import ObjectRights, Rights
from simorg.security.sharing import Sharing
from simorg.security.view import View
from simorg.settings import Settings
from simorg.soql.compiler import compile_query
from simorg.soql.csv_sql import csv_select
from simorg.soql.parser import parse
from simorg.soql.render import render_rows
from simorg.transactions import StoredValue, Transaction

Row = Mapping[str, StoredValue]

_BUSINESS = ("Account", "Contact", "Lead", "Opportunity", "Campaign")
_FOLLOWING = {
    "CampaignMember": "Campaign",
    "CampaignMemberStatus": "Campaign",
    "OpportunityContactRole": "Opportunity",
}
_OBJECTS = (*_BUSINESS, *_FOLLOWING, "Task")
_MODELS = {
    "Account": ("Private", "Read", "ReadWrite"),
    "Contact": ("ControlledByParent", "Private", "Read"),
    "Lead": ("Private", "ReadWriteTransfer"),
    "Opportunity": ("Private", "ReadWrite"),
    "Campaign": ("Private", "FullAccess"),
    "CampaignMember": ("ControlledByLeadOrContact", "ControlledByCampaign"),
    "Task": ("Private", "ControlledByParent"),
}
_FIELDS = {
    "Account": ("Name", "Industry", "Phone", "AnnualRevenue", "BillingCity", "BillingAddress", "Website"),
    "Contact": ("LastName", "Email", "Title", "AccountId", "Phone", "MailingCity", "Department", "Birthdate"),
    "Lead": ("LastName", "Company", "Email", "Title", "Status", "LeadSource", "Rating", "City", "HasOptedOutOfEmail"),
    "Opportunity": ("Name", "StageName", "Amount", "AccountId", "CampaignId", "Probability", "CloseDate"),
    "Campaign": ("Name", "Type", "Status", "ParentId", "BudgetedCost", "IsActive"),
    "CampaignMember": ("Status", "LeadId", "ContactId", "Email", "Title", "City", "Name", "CompanyOrAccount"),
    "CampaignMemberStatus": ("Label", "CampaignId", "HasResponded"),
    "OpportunityContactRole": ("Role", "ContactId", "OpportunityId", "IsPrimary"),
    "Task": ("Subject", "Status", "WhoId", "WhatId", "ActivityDate", "Description", "Type"),
}
_HIDEABLE = {
    name: [one for one in fields if one not in ("LastName", "Company", "Name", "StageName", "CloseDate", "Subject")]
    for name, fields in _FIELDS.items()
    if name not in ("CampaignMember", "CampaignMemberStatus", "OpportunityContactRole")
}
_PATHS = {
    "Account": ("Parent.Name", "Owner.Name", "Parent.Industry"),
    "Contact": ("Account.Name", "Account.Industry", "Owner.Name", "Account.Owner.Email", "ReportsTo.Email"),
    "Lead": ("Owner.Name", "ConvertedAccount.Name", "CreatedBy.Name"),
    "Opportunity": ("Account.Name", "Account.Phone", "Campaign.Name", "Campaign.Type", "Owner.Name"),
    "Campaign": ("Parent.Name", "Parent.Type", "Owner.Name"),
    "CampaignMember": ("Campaign.Name", "Campaign.Type", "Lead.Email", "Contact.Email", "Contact.Account.Name"),
    "CampaignMemberStatus": ("Campaign.Name", "Campaign.Status"),
    "OpportunityContactRole": ("Opportunity.Name", "Opportunity.Amount", "Contact.Email", "Contact.Account.Industry"),
    "Task": ("Who.Name", "Who.Type", "What.Name", "Who.Email", "Who.FirstName", "Account.Name", "Owner.Name"),
}
_CHILDREN = {
    "Account": ("Contacts", "Opportunities", "Tasks"),
    "Contact": ("CampaignMembers", "OpportunityContactRoles", "Tasks"),
    "Lead": ("CampaignMembers", "Tasks"),
    "Opportunity": ("OpportunityContactRoles", "Tasks"),
    "Campaign": ("CampaignMembers", "CampaignMemberStatuses", "Opportunities", "ChildCampaigns"),
}
_SEMI_JOINS = (
    ("Contact", "Id IN (SELECT ContactId FROM CampaignMember)"),
    ("Contact", "AccountId NOT IN (SELECT AccountId FROM Opportunity WHERE Amount > 100000)"),
    ("Lead", "Id IN (SELECT LeadId FROM CampaignMember WHERE Campaign.Type = 'Webinar')"),
    ("Account", "Id IN (SELECT AccountId FROM Contact WHERE Email != null)"),
    ("Opportunity", "Id NOT IN (SELECT OpportunityId FROM OpportunityContactRole)"),
    ("Campaign", "Id IN (SELECT CampaignId FROM CampaignMember WHERE Email LIKE 'a%')"),
    ("Task", "WhoId IN (SELECT Id FROM Lead WHERE Title != null)"),
)


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    """An org whose records belong to three people by turns."""
    opened = open_org(tmp_path_factory.mktemp("hidden") / "org", "developer-edition", None, Settings())
    opened.clock.freeze()
    owners = [opened.users.logins[role].user_id for role in ("admin", "rep", "colleague")]
    with opened.storage.transaction() as tx:
        for name in (*_BUSINESS, "Task"):
            for number, record_id in enumerate(tx.select_ids(name, "1", [])):
                tx.update(name, record_id, {"OwnerId": owners[number % 3]})
        campaigns = tx.select_ids("Campaign", "1", [])
        tx.update("Campaign", campaigns[1], {"ParentId": campaigns[0]})
        for number, record_id in enumerate(tx.select_ids("Opportunity", "1", [])):
            tx.update("Opportunity", record_id, {"CampaignId": campaigns[number % len(campaigns)]})
        for record_id in tx.select_ids("Contact", "1", [])[::5]:
            tx.update("Contact", record_id, {"AccountId": None})
        tx.mark_deleted("Lead", tx.select_ids("Lead", "1", [])[3])
    yield opened
    opened.close()


@dataclass(frozen=True)
class _Hidden:
    """What a user does not see."""

    objects: frozenset[str]
    view_all: frozenset[str]
    fields: frozenset[str]
    models: Mapping[str, str]
    tasks: bool
    owners: tuple[str, ...]

    def sees(self, name: str) -> bool:
        """Whether an object is open."""
        if name == "Task":
            return self.tasks
        return _FOLLOWING.get(name, name) not in self.objects

    def shows(self, one: ObjectType, shown: Field) -> bool:
        """Whether a field of an open object is."""
        whole = one.fields.get((shown.compound or "").lower())
        own = whole if whole is not None and whole.type == "address" else shown
        return f"{one.name}.{own.name}" not in self.fields


@st.composite
def _hidden(draw: st.DrawFn) -> _Hidden:
    fields = [f"{name}.{field}" for name, names in _HIDEABLE.items() for field in names]
    addresses = {"Account.BillingCity": "Account.BillingAddress", "Contact.MailingCity": "Contact.MailingAddress",
                 "Lead.City": "Lead.Address"}  # fmt: skip
    chosen = {addresses.get(one, one) for one in draw(st.sets(st.sampled_from(fields), max_size=12))}
    unhideable = {"Lead.Status"}
    return _Hidden(
        objects=frozenset(draw(st.sets(st.sampled_from(_BUSINESS), max_size=2))),
        view_all=frozenset(draw(st.sets(st.sampled_from(_BUSINESS), max_size=3))),
        fields=frozenset(chosen - unhideable - {"Task.Status"}),
        models={name: draw(st.sampled_from(models)) for name, models in _MODELS.items()},
        tasks=draw(st.booleans()),
        owners=draw(st.sampled_from([("rep",), ("rep", "colleague")])),
    )


@st.composite
def _query(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(_OBJECTS))
    fields = st.sampled_from([*_FIELDS[name], *_PATHS[name], "Id", "Nothing__c"][: None if draw(st.booleans()) else -1])
    kind = draw(st.sampled_from(["plain", "plain", "plain", "count", "group", "aggregate", "all"]))
    if kind == "count":
        return f"SELECT COUNT() FROM {name}{draw(_where(name, fields))}"
    if kind == "group":
        field = draw(fields)
        having = draw(st.sampled_from(["", " HAVING COUNT(Id) > 1", f" HAVING MAX({field}) != null"]))
        return f"SELECT {field}, COUNT(Id) n FROM {name}{draw(_where(name, fields))} GROUP BY {field}{having}"
    if kind == "aggregate":
        return f"SELECT MIN({draw(fields)}), COUNT_DISTINCT({draw(fields)}) FROM {name}{draw(_where(name, fields))}"
    if kind == "all":
        return (
            f"SELECT FIELDS(STANDARD) FROM {name}{draw(_where(name, fields))}"
            if name != "Campaign"
            else ("SELECT Id, Name FROM Campaign")
        )
    selected = ", ".join(draw(st.lists(fields, min_size=1, max_size=4, unique=True)))
    if name in _CHILDREN and draw(st.booleans()):
        selected += f", (SELECT Id FROM {draw(st.sampled_from(_CHILDREN[name]))})"
    order = f" ORDER BY {draw(fields)}, Id" if draw(st.booleans()) else " ORDER BY Id"
    return f"SELECT {selected} FROM {name}{draw(_where(name, fields))}{order}"


@st.composite
def _where(draw: st.DrawFn, name: str, fields: st.SearchStrategy[str]) -> str:
    joins = [text for wanted, text in _SEMI_JOINS if wanted == name]
    choice = draw(st.sampled_from(["", "blank", "blank", "like", "join"]))
    if choice == "blank":
        return f" WHERE {draw(fields)} {draw(st.sampled_from(['=', '!=']))} null"
    if choice == "like":
        return f" WHERE {draw(fields)} LIKE '%a%'"
    return f" WHERE {draw(st.sampled_from(joins))}" if choice == "join" and joins else ""


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(hidden=_hidden(), queries=st.lists(_query(), min_size=8, max_size=8))
def test_what_is_hidden_is_as_if_it_were_not_there(org: Org, hidden: _Hidden, queries: list[str]) -> None:
    _compare(org, hidden, queries)


@pytest.mark.nightly
@settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(hidden=_hidden(), queries=st.lists(_query(), min_size=8, max_size=8))
def test_what_is_hidden_is_as_if_it_were_not_there_in_many_orgs(org: Org, hidden: _Hidden, queries: list[str]) -> None:
    _compare(org, hidden, queries)


class _Undone(Exception):
    """The other org is not kept."""


def _compare(org: Org, hidden: _Hidden, queries: list[str]) -> None:
    view = _view(org, hidden)
    mine = [_ask(org, view, view.source, query) for query in queries]
    other = _schema_without(org.schema, hidden)
    with suppress(_Undone), org.storage.transaction(lags=False) as tx:
        _delete_hidden(org, tx, hidden)
        theirs = [_ask(org, other, org.storage.source, query) for query in queries]
        raise _Undone
    for query, got, wanted in zip(queries, mine, theirs, strict=True):
        assert got == wanted, query
    assert [one.name for one in view.objects()] == [one.name for one in other.objects()]
    for one in view.objects():
        there = other.get(one.name)
        assert [field.name for field in one.visible_fields] == [field.name for field in there.visible_fields]
        assert [child.child for child in one.children] == [child.child for child in there.children]


def _ask(org: Org, catalog: Catalog, source: Callable[[str], str], text: str) -> object:
    """What a query answers in JSON and in CSV, or the error's code and message."""
    try:
        compiled = compile_query(
            parse(text), catalog, source, all_rows=True, now=org.clock.now(), time_zone=org.time_zone
        )
    except ApiError as error:
        return error.code, error.message
    snapshot = org.storage.open_snapshot()
    try:
        total = snapshot.execute(compiled.count_sql, compiled.count_parameters).fetchone()
        if compiled.is_count:
            return total
        rows = snapshot.execute(compiled.sql, compiled.parameters).fetchall()
        records = list(render_rows(compiled, rows, "/r", snapshot))
    finally:
        snapshot.close()
    lines: Any = None
    with suppress(ApiError):
        select = csv_select(compiled, ",")
        lines = select.header, sorted(org.storage.read(select.statement, select.parameters))
    return total, sorted(records, key=repr), lines


def _view(org: Org, hidden: _Hidden) -> View:
    user = org.users.logins["rep"].user_id
    granted = {
        name.lower(): ObjectRights(read=True, view_all=name in hidden.view_all)
        for name in _BUSINESS
        if name not in hidden.objects
    }
    everything = org.view(org.users.logins["admin"].user_id).rights.fields
    consent = {f"{name}.HasOptedOutOfEmail".lower(): True for name in ("Lead", "Contact")}
    closed = {one.lower() for one in hidden.fields}
    fields = {name: edit for name, edit in {**everything, **consent}.items() if name not in closed}
    rights = Rights(
        user_id=user,
        system=frozenset({"ActivitiesAccess"} if hidden.tasks else ()),
        objects=granted,
        fields=fields,
        owners=tuple(org.users.logins[role].user_id for role in hidden.owners),
    )
    sharing = Sharing(rights, org.schema, hidden.models)
    return View(rights, org.schema, org.storage, sharing, org.schema.changed_at)


def _schema_without(schema: Schema, hidden: _Hidden) -> Schema:
    """The schema without what is hidden, and without the set-up that a user without View Setup does not see."""
    setup = {"PermissionSet", "ObjectPermissions", "FieldPermissions", "SetupEntityAccess", "PermissionSetLicense",
             "PermissionSetLicenseAssign", "UserLicense", "UserLogin", "ConnectedApplication"}  # fmt: skip
    kept = [one for one in schema.objects() if one.name not in setup and hidden.sees(one.name)]
    names = {one.name for one in kept}
    shown = {one.name: _fields_without(schema, one, hidden) for one in kept}
    return Schema(
        [
            replace(
                one,
                fields=shown[one.name],
                children=tuple(
                    child
                    for child in one.children
                    if child.child in names and child.field.lower() in shown[child.child]
                ),
            )
            for one in kept
        ]
    )


def _fields_without(schema: Schema, one: ObjectType, hidden: _Hidden) -> dict[str, Field]:
    never = {"hasoptedoutoffax", "donotcall"} if one.name in ("Lead", "Contact", "CampaignMember") else set()
    return {
        key: shown
        for key, shown in one.fields.items()
        if key not in never
        and hidden.shows(one, shown)
        and (one.name != "CampaignMember" or _shows_of_person(schema, shown, hidden))
    }


def _shows_of_person(schema: Schema, shown: Field, hidden: _Hidden) -> bool:
    """A member shows a field of its person where those of all kinds of persons that are open show it."""
    address = {"Street", "City", "State", "PostalCode", "Country"}
    lead = "Company" if shown.name == "CompanyOrAccount" else shown.name
    contact = "AccountId" if shown.name == "CompanyOrAccount" else shown.name
    contact = f"Mailing{contact}" if contact in address else contact
    if shown.name in ("Name", "Type", "LeadOrContactOwnerId"):
        lead = contact = "Id"
    mirrored = {*address, "FirstName", "LastName", "Salutation", "Title", "Email", "Phone", "Fax", "MobilePhone",
                "Description", "DoNotCall", "HasOptedOutOfEmail", "HasOptedOutOfFax", "LeadSource",
                "CompanyOrAccount", "Name", "Type", "LeadOrContactOwnerId"}  # fmt: skip
    if shown.name not in mirrored:
        return True
    both = [(name, field) for name, field in (("Lead", lead), ("Contact", contact)) if hidden.sees(name)]
    one_sees = [hidden.shows(schema.get(name), schema.get(name).fields[field.lower()]) for name, field in both]
    return bool(one_sees) and all(one_sees)


def _delete_hidden(org: Org, tx: Transaction, hidden: _Hidden) -> None:
    """Deletes the records that sharing hides, and all of the objects that are closed; people first."""
    owners = [org.users.logins[role].user_id for role in hidden.owners]
    open_ids: dict[str, set[str]] = {}
    for name in ("Account", "Lead", "Opportunity", "Campaign", "Contact"):
        rows = tx.select(name, "1", []) if hidden.sees(name) else []
        open_ids[name] = {str(row["Id"]) for row in rows if _is_shared(hidden, name, row, owners, open_ids)}
    for name in ("CampaignMember", "CampaignMemberStatus", "OpportunityContactRole", "Task"):
        rows = tx.select(name, "1", []) if hidden.sees(name) else []
        open_ids[name] = {str(row["Id"]) for row in rows if _follows(hidden, name, row, owners, open_ids)}
    for name, ids in open_ids.items():
        for record_id in tx.select_ids(name, "1", []):
            if record_id not in ids:
                tx.remove(name, record_id)
    for record_id, assignee in [
        (row["Id"], row["AssigneeId"]) for row in tx.select("PermissionSetAssignment", "1", [])
    ]:
        if assignee != org.users.logins["rep"].user_id:
            tx.remove("PermissionSetAssignment", str(record_id))


def _is_shared(hidden: _Hidden, name: str, row: Row, owners: list[str], open_ids: Mapping[str, set[str]]) -> bool:
    user = owners[0]
    if name in hidden.view_all:
        return True
    model = hidden.models[name]
    if model == "ControlledByParent":
        if row["AccountId"] is None:
            # Whoever stands below: it is the owner's alone.
            return row["OwnerId"] == user
        return row["AccountId"] in open_ids["Account"]
    return model != "Private" or row["OwnerId"] in owners


def _follows(hidden: _Hidden, name: str, row: Row, owners: list[str], open_ids: Mapping[str, set[str]]) -> bool:
    if name == "OpportunityContactRole":
        return row["OpportunityId"] in open_ids["Opportunity"]
    if name == "Task":
        about = (row["WhoId"], row["WhatId"])
        return row["OwnerId"] in owners or any(one in ids for one in about if one for ids in open_ids.values())
    if row["CampaignId"] not in open_ids["Campaign"]:
        return False
    if name == "CampaignMemberStatus" or hidden.models[name] == "ControlledByCampaign":
        return True
    if row["ContactId"] is not None:
        return row["ContactId"] in open_ids["Contact"]
    return row["LeadId"] in open_ids["Lead"]
