"""The seed `developer-edition`: the sort of sample records that a new Developer Edition org has."""

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
_SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List")


def plant(org: Org, people: int | None) -> None:
    """Fills an open, empty org; the number of people is the sample's own."""
    del people
    org.settings.daily_requests = 15_000
    with org.storage.transaction(lags=False) as tx:
        setup = plant_setup(org, tx, sales=False)
        accounts = [tx.insert("Account", _account(number, setup)) for number in range(len(_ACCOUNTS))]
        for number in range(len(_CONTACTS)):
            tx.insert("Contact", _contact(number, setup, accounts[number % len(accounts)]))
        _plant_opportunities(tx, setup, accounts)
        for number in range(len(_LEADS)):
            tx.insert("Lead", _lead(number, setup))


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


def _plant_opportunities(tx: Transaction, setup: Setup, accounts: list[str]) -> None:
    for number in range(31):
        stage = tuple(STAGES)[number % len(STAGES)]
        probability, closed, won, forecast = STAGES[stage]
        row: dict[str, StoredValue] = {
            "AccountId": accounts[number % len(accounts)],
            "Name": f"{_ACCOUNTS[number % len(accounts)][0]} order {number + 1}",
            "StageName": stage,
            "Amount": float((number + 1) * 15_000),
            "Probability": probability,
            "CloseDate": tx.stamp[:10],
            "IsClosed": int(closed),
            "IsWon": int(won),
            "ForecastCategory": forecast,
            "OwnerId": setup.administrator,
        }
        tx.insert("Opportunity", row)
