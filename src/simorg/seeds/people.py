"""The seed `people`: any number of Leads and Contacts, the same for the same number, with the dirt of real data.

Everything about a person follows from a number, by arithmetic over pools: a million are planted in well under a
minute, with flat memory. About 60 in 100 are Leads.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from simorg.clock import format_stamp
from simorg.ids import build_id
from simorg.org import INSTANCE, Org
from simorg.seeds import words
from simorg.seeds.dealings import plant_dealings
from simorg.seeds.setup import Setup, plant_setup
from simorg.transactions import StoredValue

Row = tuple[StoredValue, ...]

_DEFAULT = 10_000
_STAMPS = 20_011
_HISTORY = timedelta(days=6 * 365)
#: Rows that one load of the past wrote with one stamp.
_LOAD = 5_000
_LONG_TEXT = "Very long. " + "Minutes of the meeting, “verbatim”, with a line\r\nbreak now and then, "
_STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Not Converted")
_CUSTOM = ("Lead_Score__c",)

_AUDIT = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")
_PERSON = (
    "Id", "IsDeleted", "MasterRecordId", "LastName", "FirstName", "Salutation", "Title", "Phone", "MobilePhone", "Fax",
    "Email", "Description", "LeadSource", "OwnerId", "HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall",
    "EmailBouncedReason", "EmailBouncedDate", "LastActivityDate", *_AUDIT,
)  # fmt: skip
_LEAD = (
    *_PERSON, "Company", "Street", "City", "State", "PostalCode", "Country", "Website", "Status", "Industry", "Rating",
    "AnnualRevenue", "NumberOfEmployees", "IsUnreadByOwner", "IsConverted", "ConvertedDate", "ConvertedAccountId",
    "ConvertedContactId", "ConvertedOpportunityId", *_CUSTOM,
)  # fmt: skip
_CONTACT = (
    *_PERSON, "MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry", "AccountId",
    "Department", "Birthdate", *_CUSTOM,
)  # fmt: skip


def plant(org: Org, people: int | None) -> None:
    """Fills an open, empty org."""
    org.settings.daily_requests = 5_000_000
    org.settings.edition = "Enterprise Edition"
    with org.storage.transaction(lags=False) as tx:
        setup = plant_setup(org, tx, sales=True)
        org.settings.assignment_source, org.settings.assignment_owner = "Web", setup.queues[0]
        crowd = _Crowd(people or _DEFAULT, setup, org.clock.now())
        tx.bulk_insert("Account", *crowd.accounts())
        plant_dealings(tx, crowd)
        left_out = len(_CUSTOM) if org.settings.bare else 0
        for name, columns, rows in (("Lead", _LEAD, crowd.leads), ("Contact", _CONTACT, crowd.contacts)):
            tx.bulk_insert(name, columns[: len(columns) - left_out], _cut(rows(), left_out))


def _cut(rows: Iterator[Row], left_out: int) -> Iterator[Row]:
    return (row[:-left_out] for row in rows) if left_out else rows


class _Crowd:
    """All people of one org, by their numbers."""

    def __init__(self, people: int, setup: Setup, now: datetime) -> None:
        self._setup = setup
        self.lead_count = max(1, round(people * 0.6))
        self.contact_count = max(1, people - self.lead_count)
        self.account_count = max(1, people // 10)
        # Converted Leads are those whose number ends so; the first Contacts are what they became.
        self.converted = min((self.lead_count + 20) // 50, self.contact_count)
        self._stamps = _spread_stamps(now)

    def accounts(self) -> tuple[tuple[str, ...], Iterator[Row]]:
        """Columns and rows of Accounts."""
        columns = (
            "Id", "IsDeleted", "Name", "Type", "Industry", "Phone", "Website", "BillingStreet", "BillingCity",
            "BillingState", "BillingPostalCode", "BillingCountry", "AnnualRevenue", "NumberOfEmployees", "OwnerId",
            *_AUDIT,
        )  # fmt: skip
        return columns, (self._account(number) for number in range(self.account_count))

    def leads(self) -> Iterator[Row]:
        """Rows of Leads."""
        return (self._lead(number) for number in range(self.lead_count))

    def contacts(self) -> Iterator[Row]:
        """Rows of Contacts."""
        return (self._contact(number) for number in range(self.contact_count))

    def _account(self, number: int) -> Row:
        city, state, code, country, street = words.CITIES[number % len(words.CITIES)]
        name = f"{words.COMPANIES[number % len(words.COMPANIES)]} {number}"
        return (
            _account_id(number), 0, name, "Prospect" if number % 3 else "Customer - Direct",
            words.INDUSTRIES[number % len(words.INDUSTRIES)], _phone(number), f"https://a{number}.example", street,
            city, state, code, country, float(number % 997 * 10_000), number % 5_000 or None, self.user(number),
            *self.audit(number, number),
        )  # fmt: skip

    def _lead(self, number: int) -> Row:
        converted = self.contact_of(number)
        city, state, code, country, street = words.CITIES[number * 7 % len(words.CITIES)]
        merged, deleted = number % 200 == 57, number % 200 == 91
        owner = self._setup.queues[number % 2] if number % 20 == 9 and converted is None else None
        stamps = self.audit(number, number)
        status = "Closed - Converted" if converted is not None else _STATUSES[number % 3]
        return (
            *self._person(number, "00Q", number, merged, deleted, owner, stamps),
            words.COMPANIES[number * 11 % len(words.COMPANIES)], street, city, state, code, country,
            f"https://p{number}.example/?a=1&b=2" if number % 4 == 0 else None, status,
            words.INDUSTRIES[number % len(words.INDUSTRIES)], words.RATINGS[number % len(words.RATINGS)],
            float(number % 503 * 1_000) if number % 3 else None, number % 2_000 if number % 4 else None,
            int(number % 6 == 0), int(converted is not None), stamps[2][:10] if converted is not None else None,
            _account_id(converted % self.account_count) if converted is not None else None,
            _contact_id(converted) if converted is not None else None, None, _score(number),
        )  # fmt: skip

    def _contact(self, number: int) -> Row:
        living = number < self.converted
        person = number * 50 + 29 if living else self.lead_count + number
        merged = not living and number > 0 and number % 200 == 57
        deleted = not living and number % 200 == 91
        city, state, code, country, street = words.CITIES[number * 5 % len(words.CITIES)]
        born = f"{1940 + number % 65}-{1 + number % 12:02}-{1 + number % 28:02}" if number % 5 == 0 else None
        return (
            *self._person(number, "003", person, merged, deleted, None, self.audit(person, person + 3)),
            street, city, state, code, country, self.account_of(number),
            ("Sales", "Research & Development", None)[number % 3], born, _score(person),
        )  # fmt: skip

    def _person(
        self, number: int, prefix: str, person: int, merged: bool, deleted: bool, owner: str | None, stamps: list[str]
    ) -> Row:
        firsts, lasts, _, _ = words.SCRIPTS[words.SCRIPT_OF[person % len(words.SCRIPT_OF)]]
        email = self._email(person, prefix, number)
        bounced = person % 100 == 77 and email is not None
        return (
            build_id(prefix, INSTANCE, number + 1), int(merged or deleted),
            build_id(prefix, INSTANCE, number) if merged else None, lasts[person * 3 % len(lasts)],
            firsts[person * 7 % len(firsts)] if person % 19 else None,
            words.SALUTATIONS[person % len(words.SALUTATIONS)], words.TITLES[person * 13 % len(words.TITLES)],
            _phone(person), _phone(person + 3), None, email, _note(person),
            words.SOURCES[person % len(words.SOURCES)], owner or self._owner(person), int(person % 25 == 3),
            int(person % 40 == 3), int(person % 30 == 3), words.BOUNCES[person % 3] if bounced else None,
            stamps[2] if bounced else None, stamps[2][:10] if person % 3 == 0 else None, *stamps,
        )  # fmt: skip

    def _email(self, person: int, prefix: str, number: int) -> str | None:
        if person % 33 == 7:
            return None
        if person % 200 == 11:
            return words.MALFORMED[person // 200 % len(words.MALFORMED)]
        if person % 100 == 41:
            # The address of somebody else: a household, or an office.
            person -= 36
        elif prefix == "003" and number % 50 == 13:
            # The Lead of the same number has this address too.
            person = number
        _, _, firsts, lasts = words.SCRIPTS[words.SCRIPT_OF[person % len(words.SCRIPT_OF)]]
        domain = words.DOMAINS[person % len(words.DOMAINS)]
        text = f"{firsts[person * 7 % len(firsts)]}.{lasts[person * 3 % len(lasts)]}{person}@{domain}"
        return text.title() if person % 100 == 23 else text

    def account_of(self, contact: int) -> str | None:
        """The account of a Contact."""
        has_account = contact % 30 != 8 or contact < self.converted
        return _account_id(contact % self.account_count) if has_account else None

    def contact_of(self, lead: int) -> int | None:
        """What a converted Lead became."""
        contact = (lead - 29) // 50
        return contact if lead % 50 == 29 and contact < self.converted else None

    def _owner(self, person: int) -> str:
        inactive = self._setup.inactive
        return inactive[person % len(inactive)] if person % 50 == 17 else self.user(person)

    def stamp(self, number: int) -> str:
        """A moment of the past."""
        return self._stamps[number % _STAMPS]

    def user(self, number: int) -> str:
        """Who owns or writes what has a number."""
        return self._setup.active[number % len(self._setup.active)]

    def audit(self, number: int, spread: int) -> list[str]:
        """Created, changed and stamped; three in ten came in loads that share one stamp."""
        created = number // _LOAD * 977 % (_STAMPS // 2) if number % 10 < 3 else spread * 17 % (_STAMPS // 2)
        changed = created if number % 10 < 3 else created + spread * 29 % (_STAMPS // 2)
        # Automations touch records later than people do.
        stamped = min(_STAMPS - 1, changed + (spread % 50 if number % 12 == 0 else 0))
        stamps, user = self._stamps, self.user(number)
        return [stamps[created], user, stamps[changed], user, stamps[stamped]]


def _spread_stamps(now: datetime) -> list[str]:
    """Stamps in order, over the years, up to a day before now."""
    end = datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=1)
    step = _HISTORY / _STAMPS
    return [format_stamp(end - _HISTORY + step * number) for number in range(_STAMPS)]


def _account_id(number: int) -> str:
    return build_id("001", INSTANCE, number + 1)


def _contact_id(number: int) -> str:
    return build_id("003", INSTANCE, number + 1)


def _phone(number: int) -> str | None:
    form = words.PHONES[number % len(words.PHONES)]
    return form.format(n=number % 10_000) if form else None


def _note(number: int) -> str | None:
    if number % 2_000 == 5:
        return (_LONG_TEXT * 400)[:32_000].rstrip()
    return words.NOTES[number * 3 % len(words.NOTES)]


def _score(number: int) -> float | None:
    return float(number * 37 % 101) if number % 5 < 3 else None
