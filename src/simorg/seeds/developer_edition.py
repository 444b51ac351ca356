"""The seed `developer-edition`: the sort of sample records that a new Developer Edition org has."""

from simorg.behaviour.campaigns import plant_first_statuses
from simorg.behaviour.opportunities import imply_by_stage, make_primary
from simorg.org import Org
from simorg.schema.objects.pipeline import STAGES
from simorg.seeds.setup import Setup, plant_setup
from simorg.transactions import StoredValue, Transaction

_ACCOUNTS = (
    ("Ember Wind Turbines", "Energy", "Customer - Direct"),
    ("Harbour Light Hotels", "Hospitality", "Customer - Direct"),
    ("Blue Kiln Ceramics", "Manufacturing", "Customer - Channel"),
    ("Meridian Rail", "Transportation", "Customer - Direct"),
    ("Copperline Paper", "Manufacturing", "Prospect"),
    ("Orchard University", "Education", "Customer - Direct"),
    ("Lantern Textiles", "Apparel", "Customer - Direct"),
    ("Northgate Oil & Gas, USA", "Energy", "Customer - Direct"),
    ("Northgate Oil & Gas, UK", "Energy", "Customer - Direct"),
    ("Northgate Oil & Gas, Singapore", "Energy", "Customer - Direct"),
    ("GeneWell Labs", "Biotechnology", "Customer - Channel"),
    ("Straight Arrow Parcels", "Transportation", "Customer - Channel"),
)
_CONTACTS = (
    ("Rosa", "Gonzago", "SVP, Procurement"),
    ("Sean", "Foster", "CFO"),
    ("Jack", "Rogerson", "VP, Facilities"),
    ("Pat", "Stumbler", "SVP, Administration"),
    ("Andy", "Youngman", "SVP, Operations"),
    ("Tim", "Barrister", "SVP, Operations"),
    ("John", "Bondman", "VP, Facilities"),
    ("Stella", "Pavlovich", "SVP, Production"),
    ("Lauren", "Boyleston", "SVP, Technology"),
    ("Babara", "Levinson", "SVP, Operations"),
    ("Josh", "Davison", "Director, Warehouse Mgmt"),
    ("Jane", "Greyling", "Dean"),
    ("Arthur", "Songsmith", "CEO"),
    ("Ashley", "Jameson", "VP, Finance"),
    ("Tom", "Ripley-Green", "Regional General Manager"),
    ("Liz", "Da Cruz", "VP, Production"),
    ("Edna", "Franklin", "VP, Technology"),
    ("Avi", "Greenwood", "CFO"),
    ("Siddartha", "Nedal", None),
    ("Jake", "Llorra", None),
)
_LEADS = (
    ("Bertha", "Boxwood", "Farmers Coop of the Coast", "Director of Vendor Relations"),
    ("Phyllis", "Cottonwood", "Abbot Insurance", "CFO"),
    ("Jeffrey", "Glimmer", "Jackson Controls", "SVP, Procurement"),
    ("Shelly", "Brownstone", "Western Telecoms", "SVP, Operations"),
    ("Violet", "Macleode", "Emerson Transport", "VP, Facilities"),
    ("Kathy", "Snydow", "TNR Works", "Regional General Manager"),
    ("Tom", "Jameston", "Delphi Chemicals Ltd", "SVP, Production"),
    ("Ann", "Brighton", "Greenwich Media", "SVP, Administration"),
    ("Kristen", "Akinola", "Aethna Home", "Director, Warehouse Mgmt"),
    ("Bill", "Daddio", "Zenith Industrial", "Chief Executive"),
    ("Betty", "Baird", "American Bank Corp.", "VP, Administration"),
    ("Mike", "Braunfels", "Metropolitan Health", "VP, Technology"),
    ("Patricia", "Feagar", "International Shipping Co", "CEO"),
    ("Brenda", "Mc Lure", "Cadinal Inc.", "CFO"),
    ("Carolyn", "Crenshawe", "Ace Iron and Steel", "VP, Technology"),
    ("Pamela", "Owenby", "Hendrickson Trading", "SVP, Technology"),
    ("Eugena", "Lucienne", "Pacific Retail Group", "CEO"),
    ("Norm", "Mayes", "Greater Plains Telecoms", "SVP, Production"),
    ("Sandra", "Eberharda", "Highland Manufacturing Ltd", "VP, Production"),
    ("Andrea", "Leszekowa", "Universal Technologies", "VP"),
    ("Jacob", "Maccleish", "Hendrickson Partners", None),
    ("Andy", "Smithson", "Universal Freight", None),
)
_CAMPAIGNS = (
    ("Product webinar", "Webinar", "Completed"),
    ("User conference", "Conference", "Planned"),
    ("Direct mail to top customers", "Direct Mail", "Completed"),
    ("Engineers' trade show", "Trade Show", "In Progress"),
)
_TASKS = (
    ("Call", "Not Started"),
    ("Send Quote", "Completed"),
    ("Email", "In Progress"),
    ("Send Letter", "Completed"),
    ("Call", "Waiting on someone else"),
    ("Other", "Deferred"),
)
_TASK_FLAGS = ("IsHighPriority", "IsArchived", "IsReminderSet", "IsRecurrence")
_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List")


def plant(org: Org, people: int | None) -> None:
    """Fills an open, empty org; the number of people is the sample's own."""
    del people
    org.settings.daily_requests = 15_000
    with org.storage.transaction(lags=False) as tx:
        setup = plant_setup(org, tx, sales=False)
        accounts = [tx.insert("Account", _account(number, setup)) for number in range(len(_ACCOUNTS))]
        contacts = [
            tx.insert("Contact", _contact(number, setup, accounts[number % len(accounts)]))
            for number in range(len(_CONTACTS))
        ]
        opportunities = _plant_opportunities(tx, setup, accounts)
        leads = [tx.insert("Lead", _lead(number, setup)) for number in range(len(_LEADS))]
        _plant_roles(tx, opportunities, contacts)
        _plant_campaigns(tx, setup, leads, contacts)
        _plant_tasks(tx, setup, leads, contacts, accounts)


def _account(number: int, setup: Setup) -> dict[str, StoredValue]:
    name, industry, kind = _ACCOUNTS[number]
    return {
        "Name": name,
        "Industry": industry,
        "Type": kind,
        "Phone": f"(212) 555-01{number:02}",
        "Website": f"https://www.account{number}.example",
        "BillingCity": "Springfield",
        "BillingCountry": "USA",
        "AnnualRevenue": float((number + 1) * 1_000_000),
        "NumberOfEmployees": (number + 1) * 120,
        "OwnerId": setup.administrator,
    }


def _contact(number: int, setup: Setup, account: str) -> dict[str, StoredValue]:
    first, last, title = _CONTACTS[number]
    return {
        **_person(first, last, title, number, setup),
        "AccountId": account,
        "MailingCity": "Springfield",
        "MailingCountry": "USA",
        "Department": "Operations" if number % 2 else "Finance",
    }


def _lead(number: int, setup: Setup) -> dict[str, StoredValue]:
    first, last, company, title = _LEADS[number]
    status = "Open - Not Contacted" if number % 3 else "Working - Contacted"
    return {
        **_person(first, last, title, number + 40, setup),
        "Company": company,
        "Status": status,
        "Country": "USA",
        "IsConverted": 0,
        "IsUnreadByOwner": int(number % 2 == 0),
        "Rating": ("Hot", "Warm", "Cold")[number % 3],
    }


def _person(first: str, last: str, title: str | None, number: int, setup: Setup) -> dict[str, StoredValue]:
    address = f"{first}.{last}@sample{number}.example".lower().replace(" ", "")
    return {
        "FirstName": first,
        "LastName": last,
        "Title": title,
        "Email": address if title else None,
        "Phone": f"(415) 555-01{number:02}",
        "LeadSource": _SOURCES[number % len(_SOURCES)],
        "OwnerId": setup.administrator,
        "HasOptedOutOfEmail": 0,
        "HasOptedOutOfFax": 0,
        "DoNotCall": 0,
    }


def _plant_opportunities(tx: Transaction, setup: Setup, accounts: list[str]) -> list[str]:
    planted = []
    for number in range(31):
        stage = tuple(STAGES)[number % len(STAGES)]
        row: dict[str, StoredValue] = {
            "AccountId": accounts[number % len(accounts)],
            "IsPrivate": 0,
            "Name": f"{_ACCOUNTS[number % len(accounts)][0]} order {number + 1}",
            "StageName": stage,
            "Amount": float((number + 1) * 15_000),
            **imply_by_stage(stage),
            "CloseDate": tx.stamp[:10],
            "Type": "New Customer" if number % 2 else "Existing Customer - Upgrade",
            "HasOpportunityLineItem": 0,
            "PushCount": 0,
            "OwnerId": setup.administrator,
        }
        planted.append(tx.insert("Opportunity", row))
    return planted


def _plant_roles(tx: Transaction, opportunities: list[str], contacts: list[str]) -> None:
    """Every third Opportunity has a primary contact, who works for its account."""
    for number in range(0, len(opportunities), 3):
        make_primary(tx, opportunities[number], contacts[number % len(_ACCOUNTS)])


def _plant_campaigns(tx: Transaction, setup: Setup, leads: list[str], contacts: list[str]) -> None:
    """Each campaign has some members; every other one of them responded."""
    for number, (name, kind, status) in enumerate(_CAMPAIGNS):
        campaign: dict[str, StoredValue] = {
            "Name": name,
            "Type": kind,
            "Status": status,
            "IsActive": int(status == "In Progress"),
            "StartDate": tx.stamp[:10],
            "EndDate": tx.stamp[:10],
            "BudgetedCost": (number + 1) * 10_000.0,
            "ExpectedRevenue": (number + 1) * 75_000.0,
            "OwnerId": setup.administrator,
        }
        campaign_id = tx.insert("Campaign", campaign)
        plant_first_statuses(tx, campaign_id)
        for which in range(number * 3, number * 3 + 3):
            for field, person in (("LeadId", leads[which]), ("ContactId", contacts[which])):
                responded: dict[str, StoredValue] = {"Status": "Sent", "HasResponded": 0}
                if which % 2:
                    responded = {"Status": "Responded", "HasResponded": 1, "FirstRespondedDate": tx.stamp[:10]}
                tx.insert("CampaignMember", {"CampaignId": campaign_id, field: person, **responded})


def _plant_tasks(tx: Transaction, setup: Setup, leads: list[str], contacts: list[str], accounts: list[str]) -> None:
    for number, (subject, status) in enumerate(_TASKS):
        closed = status == "Completed"
        account = None if number % 2 else accounts[number]
        row: dict[str, StoredValue] = {
            "WhoId": leads[number] if account is None else contacts[number],
            "WhatId": account,
            "AccountId": account,
            "Subject": subject,
            "ActivityDate": tx.stamp[:10],
            "Status": status,
            "IsClosed": int(closed),
            "CompletedDateTime": tx.stamp if closed else None,
            "Priority": "Normal",
            "TaskSubtype": "Task",
            "OwnerId": setup.administrator,
        }
        tx.insert("Task", {**row, **dict.fromkeys(_TASK_FLAGS, 0)})
