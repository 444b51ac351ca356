"""Rules of an administrator: validation, assignment, duplicates, automations, on every road that writes."""

from typing import Any

import pytest

from simorg.behaviour.conversion import Conversion, convert
from simorg.behaviour.dml import Options, Outcome, Writer
from simorg.behaviour.duplicates import DuplicateOptions
from simorg.behaviour.later import deliver
from simorg.behaviour.merge import merge
from simorg.behaviour.setting_rules import set_rule
from simorg.behaviour.waiting import count_waiting
from simorg.org import Org
from tests.unit.simorg.querying import ask
from tests.unit.simorg.writing import create, make, stored, told, update, user_id


def _rule(org: Org, kind: str, name: str = "Rule", of: str = "Lead", /, **facts: Any) -> None:
    set_rule(org, {"kind": kind, "name": name, "object": of, **facts})


def _lead(org: Org, *, options: Options | None = None, **values: Any) -> Outcome:
    with org.storage.transaction(user_id(org)) as tx:
        facts = {"LastName": "Moss", "Company": "Moss Ltd", **values}
        return Writer(org, tx, options or Options()).create(org.schema.get("Lead"), facts)


def test_validation_rules_refuse_with_all_their_messages(org: Org) -> None:
    _rule(org, "validation", "A", condition="ISBLANK(Phone)", message="A phone, please.", field="phone")
    _rule(org, "validation", "B", condition="NOT(CONTAINS(Email, '@moss.'))", message="Ours alone.")
    _rule(org, "validation", "C", condition="TRUE", message="Never", active=False)
    refused = _lead(org, Email="a@b.example")
    assert [(error.code, error.message, error.fields) for error in refused.errors] == [
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "A phone, please.", ("Phone",)),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Ours alone.", ()),
    ]
    made = _lead(org, Email="a@moss.example", Phone="1")
    assert made.success
    assert made.id
    assert told(update(org, "Lead", made.id, Phone=None))[1] == "A phone, please."
    assert stored(org, "Lead", made.id)["Phone"] == "1"


@pytest.mark.parametrize(
    ("condition", "change", "refused"),
    [
        ("ISCHANGED(Rating)", {"Rating": "Hot"}, True),
        ("ISCHANGED(Rating)", {"Title": "x"}, False),
        ("ISNEW()", {"Title": "x"}, False),
        ("PRIORVALUE(NumberOfEmployees) > NumberOfEmployees", {"NumberOfEmployees": 4}, True),
        ("PRIORVALUE(NumberOfEmployees) > NumberOfEmployees", {"NumberOfEmployees": 6}, False),
        ("ISPICKVAL(PRIORVALUE(Rating), 'Cold') && ISPICKVAL(Rating, 'Hot')", {"Rating": "Hot"}, True),
        ("$User.FirstName = 'Integration' && Title = 'x'", {"Title": "x"}, True),
        ("$Profile.Name = 'Nobody'", {"Title": "x"}, False),
        ("Owner:User.FirstName = 'Integration'", {"Title": "x"}, True),
        ("1 / 0 > 1", {"Title": "x"}, False),
    ],
)
def test_conditions_see_the_record_before_and_after(
    org: Org, condition: str, change: dict[str, Any], refused: bool
) -> None:
    lead = make(org, "Lead", Rating="Cold", NumberOfEmployees=5)
    _rule(org, "validation", condition=condition, message="No.")
    assert bool(update(org, "Lead", lead, **change).errors) is refused


def test_wrong_rules_are_not_set(org: Org) -> None:
    for facts, message in (
        ({"kind": "validation", "condition": "LastName", "message": "x"}, "incompatible with expected data type"),
        ({"kind": "validation", "condition": "TRUE", "message": "x", "field": "No__c"}, r"no such field: Lead\.No__c"),
        ({"kind": "validation", "condition": "TRUE"}, "message"),
        ({"kind": "wish"}, "no such kind of rule"),
        ({"kind": "automation", "set": {"No__c": 1}}, "no such field"),
        ({"kind": "automation", "run": "never"}, "run is one of"),
        ({"kind": "automation", "target": {"through": "LastName"}}, "refers to nothing"),
        ({"kind": "automation", "user": "nobody@example.com"}, "no user"),
        ({"kind": "duplicate", "match": [{"object": "Contact"}]}, "a match names"),
        ({"kind": "assignment", "entries": [{"owner": "me"}]}, "names the Id"),
        ({"kind": "validation", "object": "No__c"}, "no such object"),
    ):
        with pytest.raises(ValueError, match=message):
            set_rule(org, {"name": "Rule", "object": "Lead", **facts})
    assert org.rules.listed() == []


def test_assignment_rules_give_leads_to_owners(org: Org) -> None:
    colleague = org.users.logins["colleague"].user_id
    (queue,) = [row["Id"] for row in ask(org, "SELECT Id FROM Group WHERE Type = 'Queue' LIMIT 1")] or [None]
    entries = [{"condition": "ISPICKVAL(Rating, 'Hot')", "owner": colleague}]
    if queue:
        entries.append({"owner": str(queue)})
    _rule(org, "assignment", entries=entries)
    hot = _lead(org, Rating="Hot").id
    assert stored(org, "Lead", str(hot))["OwnerId"] == colleague
    kept = _lead(org, Rating="Hot", options=Options(auto_assign=False)).id
    assert stored(org, "Lead", str(kept))["OwnerId"] == user_id(org)
    update(org, "Lead", str(kept), Title="x")
    assert stored(org, "Lead", str(kept))["OwnerId"] == colleague


def _match_email(*objects: str) -> list[dict[str, Any]]:
    return [{"object": name, "fields": {"Email": "Email"}} for name in objects]


def test_duplicates_are_found_across_leads_and_contacts(org: Org) -> None:
    contact = make(org, "Contact", Email="ada@moss.example")
    _rule(org, "duplicate", "Leads_DR", match=_match_email("Lead", "Contact"))
    refused = _lead(org, Email="ADA@moss.example")
    assert told(refused) == ("DUPLICATES_DETECTED", "Use one of these records?", ())
    found: Any = refused.errors[0].extra
    assert (found.allow_save, [match.object.name for match in found.matches]) == (True, ["Contact"])
    assert [row["Id"] for row in found.matches[0].records] == [contact]
    allowed = Options(duplicates=DuplicateOptions(allow_save=True))
    assert _lead(org, Email="ada@moss.example", options=allowed).success
    assert _lead(org, Email="other@moss.example").success
    _rule(org, "duplicate", "Contacts_DR", "Contact", match=_match_email("Lead"), on_create="block", on_update="block")
    with org.storage.transaction(user_id(org)) as tx:
        blocked = Writer(org, tx, allowed).create(
            org.schema.get("Contact"), {"LastName": "B", "Email": "ada@moss.example"}
        )
    found = blocked.errors[0].extra
    assert (blocked.success, found.allow_save) == (False, False)
    other = make(org, "Contact", Email="new@moss.example")
    assert told(update(org, "Contact", other, Email="ada@moss.example"))[0] == "DUPLICATES_DETECTED"
    assert update(org, "Contact", contact, Title="x").success


def test_automations_change_a_record_before_and_after_it_is_stored(org: Org) -> None:
    _rule(org, "automation", "Tidy", run="before", calculate={"Company": "UPPER(Company)"})
    _rule(org, "automation", "Score", on="updated", changed=["Rating"], condition="ISPICKVAL(Rating, 'Hot')",
          calculate={"Lead_Score__c": "BLANKVALUE(Lead_Score__c, 0) + 10"}, set={"Title": "Hot one"})  # fmt: skip
    lead = str(_lead(org, Company="Moss").id)
    assert stored(org, "Lead", lead)["Company"] == "MOSS"
    update(org, "Lead", lead, Rating="Hot")
    row = stored(org, "Lead", lead)
    assert (row["Lead_Score__c"], row["Title"]) == (10.0, "Hot one")
    update(org, "Lead", lead, Title="Mine")
    assert stored(org, "Lead", lead)["Lead_Score__c"] == 10.0


def test_automations_reach_other_records(org: Org) -> None:
    account = make(org, "Account", Name="Acme")
    _rule(org, "automation", "Call", "Contact", on="created", target={"create": "Task"},
          set={"Status": "Not Started", "Priority": "Normal"},
          calculate={"WhoId": "Id", "Subject": "'Call ' & LastName", "ActivityDate": "TODAY() + 1"})  # fmt: skip
    _rule(org, "automation", "Up", "Contact", changed=["Email"], target={"through": "AccountId"},
          calculate={"Description": "'Last mail: ' & Email"})  # fmt: skip
    contact = make(org, "Contact", LastName="Reed", AccountId=account, Email="r@acme.example")
    (task,) = ask(org, f"SELECT Subject, WhoId FROM Task WHERE WhoId = '{contact}'")
    assert task["Subject"] == "Call Reed"
    assert stored(org, "Account", account)["Description"] == "Last mail: r@acme.example"
    make(org, "Contact", LastName="Alone", Email="x@acme.example")


def test_what_an_automation_cannot_do_undoes_the_record(org: Org) -> None:
    _rule(org, "automation", "Bad", set={"Email": "nonsense"})
    before = org.storage.read_one('SELECT count(*) FROM "Lead"')
    code, message, _ = told(_lead(org))
    assert code == "CANNOT_EXECUTE_FLOW_TRIGGER"
    assert message == (
        "We can't save this record because the “Bad” process failed. Give your Salesforce admin these details. "
        "INVALID_EMAIL_ADDRESS: Email: invalid email address: nonsense"
    )
    assert org.storage.read_one('SELECT count(*) FROM "Lead"') == before


def test_an_endless_loop_is_stopped(org: Org) -> None:
    _rule(org, "automation", "Loop", calculate={"NumberOfEmployees": "BLANKVALUE(NumberOfEmployees, 0) + 1"})
    code, message, _ = told(_lead(org))
    assert code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert message.startswith("Loop: maximum trigger depth exceeded")
    assert ask(org, "SELECT Id FROM Lead WHERE LastName = 'Moss' AND Company = 'Moss Ltd'") == []


def test_an_automation_comes_later_under_another_user(org: Org) -> None:
    colleague = org.users.logins["colleague"]
    _rule(
        org, "automation", "Late", run="later", delay=30, on="created", set={"Title": "Late"}, user=colleague.username
    )
    lead = str(_lead(org).id)
    assert (deliver(org), count_waiting(org)) == (0, 1)
    org.clock.advance(31)
    assert (deliver(org), count_waiting(org)) == (1, 0)
    row = stored(org, "Lead", lead)
    assert (row["Title"], row["LastModifiedById"]) == ("Late", colleague.user_id)
    assert row["SystemModstamp"] > row["CreatedDate"]


@pytest.mark.parametrize(("edition", "most"), [("Developer Edition", 4), ("Enterprise Edition", 9)])
def test_an_automation_that_sets_itself_off_later_ends_where_chains_end(org: Org, edition: str, most: int) -> None:
    """Five jobs in a row in Developer Edition, of which the last fails, for it would start a sixth."""
    org.settings.edition = edition
    again = "BLANKVALUE(NumberOfEmployees, 0) + 1"
    _rule(org, "automation", "Again", run="later", calculate={"NumberOfEmployees": again})
    lead = str(_lead(org).id)
    for _ in range(9):
        deliver(org)
    assert stored(org, "Lead", lead)["NumberOfEmployees"] == most
    assert count_waiting(org) == (0 if most == 4 else 1)
    update(org, "Lead", lead, Title="By hand")
    deliver(org)
    assert stored(org, "Lead", lead)["NumberOfEmployees"] > most


def test_what_was_rolled_back_does_nothing_later(org: Org) -> None:
    _rule(org, "automation", "Late", run="later", set={"Title": "Late"})
    _rule(org, "automation", "Zap", set={"Email": "nonsense"}, condition="LastName = 'Bad'")
    assert not _lead(org, LastName="Bad").success
    assert count_waiting(org) == 0


def test_conversion_and_merge_go_by_the_rules(org: Org) -> None:
    _rule(org, "validation", "Mail", "Contact", condition="ISBLANK(Email)", message="Mail, please.")
    _rule(org, "automation", "Mark", "Account", on="created", set={"Rating": "Hot"})
    lead = make(org, "Lead")

    def run(**facts: Any) -> Any:
        with org.storage.transaction(user_id(org)) as tx:
            return convert(org, tx, Conversion(lead, "Closed - Converted", **facts))

    refused = run()
    assert refused.error.message == "Mail, please."
    assert stored(org, "Lead", lead)["IsConverted"] == 0
    update(org, "Lead", lead, Email="a@moss.example")
    done = run()
    assert done.error is None
    assert stored(org, "Account", done.account_id)["Rating"] == "Hot"
    master, loser = (make(org, "Contact", Email=f"{name}@moss.example") for name in "bc")
    with org.storage.transaction(user_id(org)) as tx:
        assert merge(org, tx, org.schema.get("Contact"), master, [loser], {"Email": None}).error is not None
        assert merge(org, tx, org.schema.get("Contact"), master, [loser], {}).error is None


def test_without_rules_nothing_is_looked_at(org: Org) -> None:
    _rule(org, "validation", condition="TRUE", message="No.")
    assert not create(org, "Lead", LastName="A", Company="B").success
    assert org.rules.remove("validation", "Rule") == 1
    assert org.rules.of("Lead") is None
    assert create(org, "Lead", LastName="A", Company="B").success
