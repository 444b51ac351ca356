"""What happens in the org itself: records that change their being, automations, rights, and a schema that drifts."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from syncline.salesforce.bulk_ingest import BulkIngest
from tests.engine.jobs.working import wait_until
from tests.engine.machine.world import DOMAIN, NUMBERS, World

#: What an administrator set up: in the same transaction, before or after, and by somebody else a little later.
_AUTOMATIONS: dict[str, dict[str, Any]] = {
    "before": {"run": "before", "on": "updated", "changed": ["Title"], "calculate": {"Phone": "'+1 555 ' & Title"}},
    "after": {"run": "after", "on": "updated", "changed": ["Title"], "set": {"Phone": "+1 555 0199"}},
    "later": {"run": "later", "delay": 0.2, "on": "updated", "changed": ["Title"], "set": {"FirstName": "Later"}},
    "opts out": {"run": "later", "delay": 0.2, "on": "created", "set": {"HasOptedOutOfEmail": True}},
}
_KINDS = st.sampled_from(sorted(_AUTOMATIONS))
#: Rights of our user that come and go: a field that is read only, one that is not seen, one whose values are pushed.
_RIGHTS = [("Title", "Edit"), ("Title", "Read"), ("Phone", "Read"), ("Lead_Score__c", "Edit"), ("Website", "Edit")]
_HIDDEN = ("Title", "Phone", "Lead_Score__c", "City")
_REQUIRED = ("Title", "Website")
_SCORE = "Lead_Score__c"


class OrgLife(World):
    """Rules of the org."""

    @rule(number=NUMBERS, who=NUMBERS)
    def convert_there(self, number: int, who: int) -> None:
        """A Lead becomes a Contact."""
        if record_id := self.lead(number):
            with self.refused():
                self.somebody(who).convert_lead(record_id, converted_status="Closed - Converted")

    @rule(number=NUMBERS, who=NUMBERS)
    def convert_into_there(self, number: int, who: int) -> None:
        """A Lead joins a Contact that is there already."""
        soql = f"SELECT Id, AccountId FROM Contact WHERE Email LIKE '%@{DOMAIN}' ORDER BY Id"
        found = self.colleague.query(soql).records
        if (record_id := self.lead(number)) and found:
            one = found[who % len(found)]
            with self.refused():
                self.colleague.convert_lead(
                    record_id, "Closed - Converted", contact_id=one["Id"], account_id=one["AccountId"]
                )

    @rule(number=NUMBERS)
    def merge_there(self, number: int) -> None:
        """Two Leads become one."""
        one, other = self.lead(number), self.lead(number + 1)
        if one and other and one != other:
            with self.refused():
                self.colleague.merge("Lead", one, [other])

    @rule(number=NUMBERS)
    def merge_contacts_there(self, number: int) -> None:
        """Two Contacts become one."""
        soql = f"SELECT Id FROM Contact WHERE Email LIKE '%@{DOMAIN}' ORDER BY Id"
        found = [one["Id"] for one in self.colleague.query(soql).records]
        if len(found) > 1:
            at = number % len(found)
            with self.refused():
                self.clients["administrator"].merge("Contact", found[at], [found[at - 1]])

    @rule(number=NUMBERS, who=NUMBERS)
    def delete_there(self, number: int, who: int) -> None:
        """A Lead is deleted."""
        if record_id := self.lead(number):
            with self.refused():
                self.somebody(who).delete_records("Lead", [record_id])

    @rule(number=NUMBERS)
    def hard_delete_there(self, number: int) -> None:
        """A Lead is deleted for good: no recycle bin gives it back."""
        if record_id := self.lead(number):
            self.org.control("POST", "settings", {"bulk_hard_delete": True})
            bulk = BulkIngest(self.clients["administrator"])
            job = bulk.create("Lead", "hardDelete")
            bulk.upload(job.id, lambda: [b"Id\r\n", record_id.encode(), b"\r\n"])
            bulk.complete(job.id)
            wait_until(lambda: (found := bulk.find(job.id)) is None or found.ended)

    @rule(number=NUMBERS)
    def undelete_there(self, number: int) -> None:
        """A deleted Lead comes back."""
        soql = f"SELECT Id FROM Lead WHERE IsDeleted = true AND MasterRecordId = null AND Email LIKE '%@{DOMAIN}'"
        found = [one["Id"] for one in self.colleague.query(f"{soql} ORDER BY Id", all_rows=True).records]
        if found:
            with self.refused():
                self.colleague.undelete([found[number % len(found)]])

    @rule(number=NUMBERS)
    def rename_an_account_there(self, number: int) -> None:
        """A mirrored object without people changes."""
        found = [one["Id"] for one in self.colleague.query("SELECT Id FROM Account ORDER BY Id").records]
        if found:
            self.colleague.update("Account", [{"Id": found[number % len(found)], "Name": f"Renamed {number}"}])

    @rule(number=NUMBERS)
    def join_a_campaign_there(self, number: int) -> None:
        """A Lead becomes a member of a campaign: a record with two parents."""
        administrator = self.clients["administrator"]
        campaigns = [one["Id"] for one in administrator.query("SELECT Id FROM Campaign ORDER BY Id").records]
        if not campaigns:
            campaigns = [str(administrator.create("Campaign", [{"Name": "Machine", "IsActive": True}])[0].id)]
        if record_id := self.lead(number):
            administrator.create("CampaignMember", [{"CampaignId": campaigns[0], "LeadId": record_id}])

    @rule(kind=_KINDS)
    def automate_there(self, kind: str) -> None:
        """An administrator lets a change set off another."""
        facts = {"kind": "automation", "name": kind, "object": "Lead", **_AUTOMATIONS[kind]}
        self.org.control("DELETE", f"rules?name={kind}")
        self.org.control("POST", "rules", facts)

    @rule(right=st.sampled_from(_RIGHTS), allow=st.booleans())
    def change_right_there(self, right: tuple[str, str], *, allow: bool) -> None:
        """Our user loses a right, or gets it back."""
        self._give(*right, allow=allow)

    @rule(name=st.sampled_from(_HIDDEN), hidden=st.booleans())
    def hide_there(self, name: str, *, hidden: bool) -> None:
        """A field is hidden from everybody, or shown again."""
        self._change_field(name, hidden=hidden)

    @rule(name=st.sampled_from(_REQUIRED), required=st.booleans())
    def require_there(self, name: str, *, required: bool) -> None:
        """A field must have a value from now on, or need not any more."""
        self._change_field(name, nillable=not required)

    @rule(to=st.sampled_from(["string", "double"]))
    def retype_there(self, to: str) -> None:
        """A custom field gets another type."""
        self._retype(to)

    def calm_the_org(self) -> None:
        """What an administrator did is taken back; what waits for its time comes about."""
        self.org.control("DELETE", "rules")
        for name in {*_HIDDEN, *_REQUIRED}:
            self._change_field(name, hidden=False, nillable=True)
        self._retype("double")
        for field, _ in _RIGHTS:
            self._give(field, "Read", allow=True)
            self._give(field, "Edit", allow=True)
        self.org.control("POST", "clock", {"advance": 2})
        self.colleague.query("SELECT COUNT() FROM Lead")
        self.describe_again()

    def _give(self, field: str, permission: str, *, allow: bool) -> None:
        right = {"user": "integration", "permission": permission, "object": "Lead", "field": field, "allow": allow}
        self.org.control("POST", "rights", right)

    def _change_field(self, name: str, **facts: object) -> None:
        self.org.control("POST", "fields", {"object": "Lead", "name": name, "granted": False, **facts})

    def _retype(self, to: str) -> None:
        if self.org.org.schema.get("Lead").fields[_SCORE.lower()].type != to:
            change = {"object": "Lead", "field": _SCORE, "to": to}
            self.org.control("POST", "faults", {"name": "field-retyped", **change})
            self.colleague.query("SELECT COUNT() FROM Lead")
