"""The part that every seed has: the org's own record, profiles, users, queues, picklists, and who may log in."""

from dataclasses import dataclass

from simorg.ids import build_id
from simorg.org import INSTANCE, Org
from simorg.schema.objects.activities import TASK_STATUSES
from simorg.schema.objects.people import LEAD_STATUSES
from simorg.schema.objects.pipeline import FORECASTS, STAGES
from simorg.transactions import StoredValue, Transaction
from simorg.users import ADMINISTRATOR, COLLEAGUE, INTEGRATION, build_app, build_login

_PROFILES = ("System Administrator", "Standard User", "Minimum Access - API Only Integrations")
_SALES = (
    ("Ines", "Abreu"), ("Tomas", "Brandt"), ("Yuki", "Castell"), ("Olu", "Dale"), ("Mira", "Eklund"),
    ("Noah", "Ferro"), ("Lena", "Goto"), ("Samir", "Haas"), ("Paula", "Ivanov"), ("Joon", "Jansen"),
    ("Katya", "Kern"), ("Luis", "Lange"), ("Maya", "Moreau"), ("Nils", "Novak"), ("Orla", "Okafor"),
    ("Petra", "Pires"), ("Quinn", "Quist"), ("Rosa", "Rao"), ("Sven", "Sato"), ("Tara", "Tran"),
)  # fmt: skip
_INACTIVE = 3


@dataclass(frozen=True)
class Setup:
    """Who is there: ids of active and inactive sales users, and of queues."""

    active: tuple[str, ...]
    inactive: tuple[str, ...]
    queues: tuple[str, ...]
    administrator: str


def plant_setup(org: Org, tx: Transaction, *, sales: bool) -> Setup:
    """Plants it, and gives the org its logins. A salesforce of twenty and two queues where `sales`."""
    administrator = build_id("005", INSTANCE, 1)
    tx.user_id = administrator
    tx.insert("Organization", _organization(org))
    profiles = [tx.insert("Profile", {"Name": name, "UserType": "Standard"}) for name in _PROFILES]
    domain = f"{org.realm}.simorg.example"
    for role, first, last, profile in (
        (ADMINISTRATOR, "Ada", "Admin", profiles[0]),
        (INTEGRATION, "Integration", "User", profiles[2]),
        (COLLEAGUE, "Cora", "Colleague", profiles[1]),
    ):
        user_id = tx.insert("User", _user(f"{role}@{domain}", first, last, profile, org.settings.time_zone))
        org.users.logins[role] = build_login(org.realm, role, user_id)
    org.users.app = build_app(org.realm, org.users.logins[INTEGRATION].user_id, org.users.app)
    _plant_picklists(tx)
    users: list[str] = []
    queues: list[str] = []
    if sales:
        for number, (first, last) in enumerate(_SALES):
            row = _user(f"{first}.{last}@{domain}".lower(), first, last, profiles[1], org.settings.time_zone)
            users.append(tx.insert("User", {**row, "IsActive": int(number < len(_SALES) - _INACTIVE)}))
        for name in ("Web Leads", "Partner Leads"):
            row = {"Name": name, "DeveloperName": name.replace(" ", "_"), "Type": "Queue", "DoesIncludeBosses": 0}
            queues.append(tx.insert("Group", {**row, "DoesSendEmailToMembers": 0}))
    active = tuple(users[:-_INACTIVE]) or (administrator,)
    return Setup(active, tuple(users[-_INACTIVE:]), tuple(queues), administrator)


def _organization(org: Org) -> dict[str, StoredValue]:
    return {
        "Id": org.id,
        "Name": org.settings.name,
        "DefaultLocaleSidKey": "en_US",
        "TimeZoneSidKey": org.settings.time_zone,
        "LanguageLocaleKey": "en_US",
        "ReceivesInfoEmails": 0,
        "ReceivesAdminInfoEmails": 0,
        "FiscalYearStartMonth": 1,
        "UsesStartDateAsFiscalYearName": 0,
        "DefaultAccountAccess": "Edit",
        "DefaultContactAccess": "Edit",
        "DefaultLeadAccess": "Edit",
        "OrganizationType": org.settings.edition,
        "InstanceName": org.settings.instance_name,
        "IsSandbox": int(org.sandbox),
        "IsReadOnly": 0,
    }


def _user(username: str, first: str, last: str, profile: str, zone: str) -> dict[str, StoredValue]:
    return {
        "Username": username,
        "FirstName": first,
        "LastName": last,
        "Email": username,
        "Alias": (first[0] + last)[:8].lower(),
        "CommunityNickname": username.partition("@")[0][:40],
        "IsActive": 1,
        "TimeZoneSidKey": zone,
        "LocaleSidKey": "en_US",
        "EmailEncodingKey": "UTF-8",
        "ProfileId": profile,
        "UserType": "Standard",
        "LanguageLocaleKey": "en_US",
        "UserPermissionsMarketingUser": 0,
        "UserPermissionsOfflineUser": 0,
        "UserPermissionsCallCenterAutoLogin": 0,
        "UserPermissionsSFContentUser": 0,
        "UserPermissionsKnowledgeUser": 0,
        "UserPermissionsInteractionUser": 0,
        "UserPermissionsSupportUser": 0,
        "ReceivesInfoEmails": 0,
        "ReceivesAdminInfoEmails": 0,
    }


def _plant_picklists(tx: Transaction) -> None:
    """The picklists that are objects too: statuses of Leads and tasks, stages of Opportunities."""
    for number, label in enumerate(LEAD_STATUSES):
        flags = {"IsDefault": int(number == 0), "IsConverted": int(label == "Closed - Converted")}
        tx.insert("LeadStatus", {**_value(number, label), **flags})
    for number, (stage, (probability, closed, won, forecast)) in enumerate(STAGES.items()):
        facts = {"IsActive": 1, "IsClosed": int(closed), "IsWon": int(won), "DefaultProbability": probability}
        names = {"ForecastCategory": forecast, "ForecastCategoryName": FORECASTS[forecast]}
        tx.insert("OpportunityStage", {**_value(number, stage), **facts, **names})
    for number, (label, closed) in enumerate(TASK_STATUSES.items()):
        tx.insert("TaskStatus", {**_value(number, label), "IsDefault": int(number == 0), "IsClosed": int(closed)})


def _value(number: int, label: str) -> dict[str, StoredValue]:
    return {"MasterLabel": label, "ApiName": label, "SortOrder": number + 1}
