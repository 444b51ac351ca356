"""What happens around the people of the seed `people`: Opportunities with roles, campaigns with members, tasks.

As there, everything follows from numbers. Deleted and merged people have none of it.
"""

from collections.abc import Iterator
from typing import Protocol

from simorg.behaviour.opportunities import imply_by_stage
from simorg.ids import build_id
from simorg.org import INSTANCE
from simorg.schema.objects.activities import TASK_STATUSES
from simorg.schema.objects.pipeline import STAGES
from simorg.seeds import words
from simorg.transactions import StoredValue, Transaction

Row = tuple[StoredValue, ...]

#: Of so many Leads, and of so many Contacts, one is a member of a campaign.
_LEADS_FOR_A_MEMBER = 23
_CONTACTS_FOR_A_MEMBER = 17
_MOST_STATUSES = 4
_AUDIT = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")
_COLUMNS = {
    "Opportunity": (
        "Id", "IsDeleted", "AccountId", "IsPrivate", "Name", "StageName", "Amount", "Probability", "CloseDate",
        "IsClosed", "IsWon", "ForecastCategory", "ForecastCategoryName", "CampaignId", "HasOpportunityLineItem",
        "PushCount", "OwnerId", *_AUDIT,
    ),
    "OpportunityContactRole": ("Id", "OpportunityId", "ContactId", "Role", "IsPrimary", "IsDeleted", *_AUDIT),
    "Campaign": (
        "Id", "IsDeleted", "Name", "ParentId", "Type", "Status", "StartDate", "EndDate", "ExpectedRevenue",
        "BudgetedCost", "ActualCost", "NumberSent", "IsActive", "Description", "OwnerId", *_AUDIT,
    ),
    "CampaignMemberStatus": (
        "Id", "IsDeleted", "CampaignId", "Label", "SortOrder", "IsDefault", "HasResponded", *_AUDIT,
    ),
    "CampaignMember": (
        "Id", "IsDeleted", "CampaignId", "LeadId", "ContactId", "Status", "HasResponded", "FirstRespondedDate", *_AUDIT,
    ),
    "Task": (
        "Id", "IsDeleted", "WhoId", "WhatId", "AccountId", "Subject", "ActivityDate", "Status", "IsClosed",
        "CompletedDateTime", "Priority", "IsHighPriority", "OwnerId", "Description", "Type", "IsArchived",
        "IsReminderSet", "IsRecurrence", "TaskSubtype", *_AUDIT,
    ),
}  # fmt: skip


class Crowd(Protocol):
    """The people and accounts that it happens around."""

    lead_count: int
    contact_count: int
    account_count: int
    #: The first Contacts are what Leads became.
    converted: int

    def user(self, number: int) -> str:
        """Who owns or writes what has a number."""

    def audit(self, number: int, spread: int) -> list[str]:
        """Created, changed and stamped, when and by whom."""

    def stamp(self, number: int) -> str:
        """A moment of the past."""

    def contact_of(self, lead: int) -> int | None:
        """What a converted Lead became."""

    def account_of(self, contact: int) -> str | None:
        """The account of a Contact."""


def plant_dealings(tx: Transaction, crowd: Crowd) -> None:
    """Plants all of it."""
    dealings = _Dealings(crowd)
    rows = {
        "Opportunity": dealings.opportunities(),
        "OpportunityContactRole": dealings.roles(),
        "Campaign": dealings.campaigns(),
        "CampaignMemberStatus": dealings.statuses(),
        "CampaignMember": dealings.members(),
        "Task": dealings.tasks(),
    }
    for name, some in rows.items():
        tx.bulk_insert(name, _COLUMNS[name], some)


class _Dealings:
    """All of it around one crowd, by numbers."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        people = crowd.lead_count + crowd.contact_count
        self.deal_count = max(1, people // 50)
        self.campaign_count = max(1, people // 1_000)
        self.task_count = people // 25

    def opportunities(self) -> Iterator[Row]:
        """Rows of Opportunities; one in four has a campaign."""
        implied = [(stage, imply_by_stage(stage)) for stage in STAGES]
        for number in range(self.deal_count):
            stage, facts = implied[number % len(implied)]
            yield (
                _id("006", number), 0, _id("001", number % self._crowd.account_count), int(number % 40 == 7),
                f"Deal {number}", stage, float(number % 211 * 1_000), facts["Probability"],
                self._crowd.stamp(number * 31)[:10], facts["IsClosed"], facts["IsWon"], facts["ForecastCategory"],
                facts["ForecastCategoryName"],
                _id("701", number % self.campaign_count) if number % 4 == 1 else None, 0, number % 3,
                self._crowd.user(number), *self._crowd.audit(number, number + 7),
            )  # fmt: skip

    def roles(self) -> Iterator[Row]:
        """Rows of roles: people of the Opportunity's account, the first of them primary."""
        names = ("Decision Maker", "Influencer", "Economic Buyer", None)
        for deal in range(self.deal_count):
            beside = deal + self._crowd.account_count
            for which, contact in enumerate((deal, beside) if deal % 3 == 0 else (deal,)):
                if contact < self._crowd.contact_count and not self._is_gone(contact):
                    yield (
                        _id("00K", deal * 2 + which), _id("006", deal), _id("003", contact),
                        names[(deal + which) % len(names)], int(which == 0), 0, *self._crowd.audit(deal, deal + 9),
                    )  # fmt: skip

    def campaigns(self) -> Iterator[Row]:
        """Rows of campaigns; one in five hangs below another, one in a hundred is deleted."""
        for number in range(self.campaign_count):
            kind = words.CAMPAIGN_TYPES[number % len(words.CAMPAIGN_TYPES)]
            begin, end = sorted((self._crowd.stamp(number * 7), self._crowd.stamp(number * 7 + 40)))
            yield (
                _id("701", number), int(_is_campaign_gone(number)), f"{words.CAMPAIGNS[number % len(words.CAMPAIGNS)]} "
                f"{number}", _id("701", number - 1) if number % 5 == 4 else None, kind,
                ("Planned", "In Progress", "Completed", "Aborted")[number % 4], begin[:10],
                end[:10] if number % 3 else None, float(number % 97 * 1_000), float(number % 31 * 500),
                float(number % 29 * 450) if number % 4 else None, float(number % 53 * 100), int(number % 4 == 1),
                words.NOTES[number % len(words.NOTES)], self._crowd.user(number),
                *self._crowd.audit(number, number * 3),
            )  # fmt: skip

    def statuses(self) -> Iterator[Row]:
        """Rows of the statuses of members; every fifth campaign has its own."""
        for campaign in range(self.campaign_count):
            stamps = self._crowd.audit(campaign, campaign * 3)
            for order, (label, responded) in enumerate(_statuses(campaign)):
                yield (
                    _id("01Y", campaign * _MOST_STATUSES + order), int(_is_campaign_gone(campaign)),
                    _id("701", campaign), label, order + 1, int(order == 0), responded, *stamps,
                )  # fmt: skip

    def members(self) -> Iterator[Row]:
        """Rows of members; every fifth person is in two campaigns."""
        number = 0
        for slot, (lead, contact) in enumerate(self._persons()):
            several = slot % 5 == 0 and self.campaign_count > 1
            for campaign in range(slot, slot + 1 + int(several)):
                yield self._member(number, campaign % self.campaign_count, lead, contact)
                number += 1

    def _persons(self) -> Iterator[tuple[str | None, str | None]]:
        for lead in range(0, self._crowd.lead_count, _LEADS_FOR_A_MEMBER):
            if lead % 200 not in (57, 91):
                contact = self._crowd.contact_of(lead)
                yield _id("00Q", lead), None if contact is None else _id("003", contact)
        for contact in range(self._crowd.converted, self._crowd.contact_count, _CONTACTS_FOR_A_MEMBER):
            if not self._is_gone(contact):
                yield None, _id("003", contact)

    def _member(self, number: int, campaign: int, lead: str | None, contact: str | None) -> Row:
        statuses = _statuses(campaign)
        label, responded = statuses[number * 7 % len(statuses)]
        stamps = self._crowd.audit(number, number + 11)
        return (
            _id("00v", number), int(number % 100 == 37 or _is_campaign_gone(campaign)), _id("701", campaign), lead,
            contact, label, responded, stamps[2][:10] if responded else None, *stamps,
        )  # fmt: skip

    def tasks(self) -> Iterator[Row]:
        """Rows of tasks: of Leads, of Contacts about their account, about Opportunities, and about campaigns."""
        statuses = list(TASK_STATUSES.items())
        for number in range(self.task_count):
            who, what, account = self._related(number)
            status, closed = statuses[number * 3 % len(statuses)]
            stamps = self._crowd.audit(number, number + 5)
            yield (
                _id("00T", number), int(number % 200 == 91), who, what, account,
                words.SUBJECTS[number % len(words.SUBJECTS)],
                self._crowd.stamp(number * 13)[:10] if number % 6 else None, status, int(closed),
                stamps[2] if closed else None, ("Normal", "High", "Low")[number % 3], int(number % 3 == 1),
                self._crowd.user(number), words.NOTES[number * 5 % len(words.NOTES)],
                ("Call", "Email", "Meeting", None)[number % 4], 0, 0, 0, "Call" if number % 4 == 0 else "Task", *stamps,
            )  # fmt: skip

    def _related(self, number: int) -> tuple[str | None, str | None, str | None]:
        """Person, thing and account of a task."""
        if number % 4 == 0:
            lead = number * 11 % self._crowd.lead_count
            if lead % 200 not in (57, 91) and self._crowd.contact_of(lead) is None:
                return _id("00Q", lead), None, None
        if number % 4 == 1:
            contact = number * 3 % self._crowd.contact_count
            if not self._is_gone(contact):
                account = self._crowd.account_of(contact)
                return _id("003", contact), account, account
        if number % 4 == 2:
            deal = number % self.deal_count
            return None, _id("006", deal), _id("001", deal % self._crowd.account_count)
        campaign = number % self.campaign_count
        return None, None if _is_campaign_gone(campaign) else _id("701", campaign), None

    def _is_gone(self, contact: int) -> bool:
        """Whether a Contact was deleted or merged."""
        return contact >= self._crowd.converted and contact % 200 in (57, 91)


def _statuses(campaign: int) -> tuple[tuple[str, int], ...]:
    """The statuses of a campaign's members, and whether they are responses."""
    if campaign % 5 == 2:
        return (("Sent", 0), ("Registered", 1), ("Attended", 1), ("No Show", 0))
    return (("Sent", 0), ("Responded", 1))


def _is_campaign_gone(campaign: int) -> bool:
    return campaign % 100 == 99


def _id(prefix: str, number: int) -> str:
    return build_id(prefix, INSTANCE, number + 1)
