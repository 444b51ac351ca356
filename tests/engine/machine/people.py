"""What people do on both sides: several users of the org with different rights, and whoever works here."""

from hypothesis import strategies as st
from hypothesis.stateful import rule

from syncline import clock
from syncline.domain.consent import FactKind, consent_fields
from syncline.domain.ids import RunId
from syncline.domain.undo import Selection
from syncline.errors import OperatorError
from syncline.salesforce.client import Salesforce
from syncline.store import conflicts, consent, contacts
from syncline.store.conflicts import Side
from syncline.store.connections import load_connection
from syncline.store.database import transaction
from syncline.store.names import ConnectionTables
from syncline.sync import undo
from tests.engine.machine.world import ADDRESSES, NUMBERS, TITLES, World
from tests.engine.orgs import NAME

_PHONES = st.sampled_from(["+1 555 0101", "+1 555 0102", "+1 555 0103"])
_CITIES = st.sampled_from([("1 Main St", "Springfield", "10001"), ("2 Side St", "Shelbyville", "20002")])
#: Fields of one text: here, and there. The one is held in a conflict, the others have guards and a policy of ours.
_FIELDS = {"phone": "Phone", "mobile": "MobilePhone", "fax": "Fax", "website": "Website"}
_NAMES = st.sampled_from(sorted(_FIELDS))


class People(World):
    """Rules of people."""

    @rule(address=ADDRESSES, title=TITLES)
    def create_there(self, address: str, title: str) -> None:
        """Somebody enters a Lead."""
        record: dict[str, object] = {"LastName": "Machine", "Company": "Machines", "Email": address}
        (made,) = self.colleague.create("Lead", [record])
        if not made.success:
            # An administrator has made Title a field that must have a value.
            assert made.errors[0].code == "REQUIRED_FIELD_MISSING"
            return
        self.title_there(self.colleague, "Lead", str(made.id), title)

    @rule(number=NUMBERS, title=TITLES, who=NUMBERS)
    def edit_there(self, number: int, title: str, who: int) -> None:
        """Somebody edits a Lead."""
        if record_id := self.lead(number):
            self.title_there(self.somebody(who), "Lead", record_id, title)

    @rule(number=NUMBERS, title=TITLES)
    def edit_contact_there(self, number: int, title: str) -> None:
        """Somebody edits a Contact that a Lead became."""
        soql = "SELECT Id FROM Contact WHERE Email LIKE '%@machine.example' ORDER BY Id"
        if found := [one["Id"] for one in self.colleague.query(soql).records]:
            self.title_there(self.colleague, "Contact", found[number % len(found)], title)

    @rule(number=NUMBERS, name=_NAMES, value=_PHONES, blank=st.booleans())
    def edit_field_there(self, number: int, name: str, value: str, *, blank: bool) -> None:
        """Somebody edits or clears another field."""
        if record_id := self.lead(number):
            self.colleague.update("Lead", [{"Id": record_id, _FIELDS[name]: None if blank else value}])

    @rule(number=NUMBERS, parts=_CITIES)
    def move_there(self, number: int, parts: tuple[str, str, str]) -> None:
        """Somebody corrects an address, whole or in part."""
        if record_id := self.lead(number):
            street, city, code = parts
            record = {"Id": record_id, "City": city, "PostalCode": code, **({"Street": street} if number % 2 else {})}
            self.colleague.update("Lead", [record])

    @rule(number=NUMBERS, title=TITLES)
    def edit_here(self, number: int, title: str) -> None:
        """Somebody edits a contact, by plain SQL."""
        if contact_id := self.contact(number):
            value = self.memory.mark(title, f"c{contact_id}")
            self.edit(contact_id, "title", value)

    @rule(number=NUMBERS, name=_NAMES, value=_PHONES)
    def edit_field_here(self, number: int, name: str, value: str) -> None:
        """Somebody edits another field."""
        if contact_id := self.contact(number):
            self.edit(contact_id, name, value)

    @rule(number=NUMBERS, parts=_CITIES)
    def move_here(self, number: int, parts: tuple[str, str, str]) -> None:
        """Somebody corrects a part of an address."""
        if contact_id := self.contact(number):
            self.edit(contact_id, "city", parts[1])

    @rule(number=NUMBERS, score=st.integers(0, 100))
    def score_here(self, number: int, score: int) -> None:
        """A score moves."""
        if contact_id := self.contact(number):
            self.change_contact(contact_id, "score", score)

    @rule(number=NUMBERS, ticked=st.booleans())
    def change_box_there(self, number: int, *, ticked: bool) -> None:
        """Somebody ticks the box, or clears it: that opts nobody in."""
        if record_id := self.lead(number):
            self.colleague.update("Lead", [{"Id": record_id, "HasOptedOutOfEmail": ticked}])

    @rule(number=NUMBERS)
    def opt_out_here(self, number: int) -> None:
        """Somebody opts out here: it stands at once."""
        contact_id = self.contact(number)
        if contact_id and self.change_contact(contact_id, "opted_out", value=True):
            self.memory.suppress(self.address(contact_id), "opt_out")

    @rule(address=ADDRESSES, kind=st.sampled_from([FactKind.HARD_BOUNCE, FactKind.COMPLAINT, FactKind.OPT_OUT]))
    def tell_of_an_address(self, address: str, kind: FactKind) -> None:
        """The mail system tells of a bounce, a complaint or an opt-out."""
        self._add_fact(address, kind)
        self.memory.suppress(address, str(kind))

    @rule(address=ADDRESSES)
    def opt_in_here(self, address: str) -> None:
        """A person opts in again, with evidence; a bounce stands all the same."""
        self._add_fact(address, FactKind.OPT_IN)
        self.memory.suppressed.get(address, set()).difference_update(("opt_out", "complaint"))
        self.memory.welcome.add(address)

    @rule(number=NUMBERS, address=ADDRESSES)
    def change_address_there(self, number: int, address: str) -> None:
        """A Lead gets another address."""
        if record_id := self.lead(number):
            self.colleague.update("Lead", [{"Id": record_id, "Email": address}])

    @rule(address=ADDRESSES)
    def add_here(self, address: str) -> None:
        """Somebody is added here, to become a Lead."""
        name = f"Added {len(self.memory.added)}"
        values = {"email": address, "last_name": name, "company": "Here"}
        with self.hub.database.connect() as conn, transaction(conn, "add"):
            try:
                contacts.add_contact(
                    conn, self.hub.mapping, values, create_in_salesforce=True, now=clock.now(), origin="test"
                )
            except OperatorError:
                return  # somebody has the address already
        self.memory.added.append(name)

    @rule(number=NUMBERS)
    def delete_here(self, number: int) -> None:
        """Somebody deletes a contact, by plain SQL: its record stays in Salesforce."""
        self.note_kin()
        if contact_id := self.contact(number):
            self.hub.execute("DELETE FROM contacts WHERE id = %s", contact_id)

    @rule(side=st.sampled_from(sorted(Side)))
    def settle_conflicts(self, side: Side) -> None:
        """A person says which side stands, of all conflicts that wait."""
        connection = load_connection(NAME)
        with self.hub.database.connect() as conn, transaction(conn, "settle_conflicts"):
            conflicts.settle(
                conn,
                ConnectionTables(NAME),
                connection.id,
                self.hub.mapping,
                side,
                contact_id=None,
                field=None,
                origin="test",
                now=clock.now(),
            )

    @rule()
    def undo_the_last_run(self) -> None:
        """Somebody takes a run back."""
        ((run_id,),) = self.hub.rows("SELECT max(id) FROM runs WHERE kind = 'sync'")
        with self.refused(), self.hub.open("undo") as ctx, self.hub.database.connect() as conn:
            undo.apply(ctx, conn, undo.look(ctx, conn, Selection(run_id=RunId(run_id))))

    def edit(self, contact_id: int, name: str, value: str) -> None:
        """An edit that must not get lost."""
        if self.change_contact(contact_id, name, value):
            self.memory.edits.append((contact_id, name, value))
            self.note_kin()

    def title_there(self, user: Salesforce, object_name: str, record_id: str, title: str) -> None:
        """A title that can be followed; not everybody may edit every record."""
        user.update(object_name, [{"Id": record_id, "Title": self.memory.mark(title, record_id)}])

    def _add_fact(self, address: str, kind: FactKind) -> None:
        fields = consent_fields(self.hub.mapping)
        with self.hub.database.connect() as conn, transaction(conn, "consent"):
            consent.add_fact(conn, address, kind, source="test", evidence="a test", now=clock.now())
            consent.show_standing(conn, fields, None, clock.now())
