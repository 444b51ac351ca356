"""The part that every seed has: the org's own record, profiles, users, queues, picklists, and who may log in."""

from dataclasses import dataclass

from simorg.ids import build_id
from simorg.logins.sample import begin_with_sample
from simorg.org import INSTANCE, Org
from simorg.schema.objects.activities import TASK_STATUSES
from simorg.schema.objects.people import LEAD_STATUSES
from simorg.schema.objects.pipeline import FORECASTS, STAGES
from simorg.security.permissions import MARKETING_USER
from simorg.seeds.rights import Planted, plant_rights
from simorg.transactions import StoredValue, Transaction
from simorg.users import ADMINISTRATOR, COLLEAGUE, INTEGRATION, MINIMAL, SALES_REP, build_app, build_login

_SALES = (
    ("Ines", "Abreu"), ("Tomas", "Brandt"), ("Yuki", "Castell"), ("Olu", "Dale"), ("Mira", "Eklund"),
    ("Noah", "Ferro"), ("Lena", "Goto"), ("Samir", "Haas"), ("Paula", "Ivanov"), ("Joon", "Jansen"),
    ("Katya", "Kern"), ("Luis", "Lange"), ("Maya", "Moreau"), ("Nils", "Novak"), ("Orla", "Okafor"),
    ("Petra", "Pires"), ("Quinn", "Quist"), ("Rosa", "Rao"), ("Sven", "Sato"), ("Tara", "Tran"),
)  # fmt: skip
_INACTIVE = 3

Row = dict[str, StoredValue]


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
    rights = plant_rights(org, tx, consent=sales)
    roles = _plant_roles(tx)
    domain = f"{org.realm}.simorg.example"
    administrators, standard, integrations = rights.profiles[:3]
    zone = org.settings.time_zone
    people: dict[str, Row] = {
        ADMINISTRATOR: _user(f"{ADMINISTRATOR}@{domain}", "Ada", "Admin", administrators, zone),
        INTEGRATION: _user(f"{INTEGRATION}@{domain}", "Integration", "User", integrations, zone),
        COLLEAGUE: {**_user(f"{COLLEAGUE}@{domain}", "Cora", "Colleague", standard, zone), "UserRoleId": roles[1]},
    }
    people[ADMINISTRATOR][MARKETING_USER] = 1
    people[INTEGRATION][MARKETING_USER] = int(not org.settings.bare_rights)
    for role, row in people.items():
        _plant_login(org, tx, role, row)
    _plant_picklists(tx)
    users: list[str] = []
    queues: list[str] = []
    if sales:
        for number, (first, last) in enumerate(_SALES):
            row = _user(f"{first}.{last}@{domain}".lower(), first, last, standard, zone)
            row |= {"IsActive": int(number < len(_SALES) - _INACTIVE), "UserRoleId": roles[2]}
            users.append(_plant_user(tx, row))
        queues = [_plant_queue(tx, name) for name in ("Web Leads", "Partner Leads")]
    rep = {**_user(f"{SALES_REP}@{domain}", "Rita", "Rep", standard, zone), "UserRoleId": roles[2]}
    _plant_login(org, tx, SALES_REP, rep)
    _plant_login(org, tx, MINIMAL, _user(f"{MINIMAL}@{domain}", "Minna", "Minimal", integrations, zone))
    _assign(tx, org, COLLEAGUE, rights.steward_set)
    _grant_integration(org, tx, rights)
    org.users.app = build_app(org.realm, org.users.logins[INTEGRATION].user_id, org.users.app)
    begin_with_sample(org)
    active = tuple(users[:-_INACTIVE]) or (administrator,)
    return Setup(active, tuple(users[-_INACTIVE:]), tuple(queues), administrator)


def _plant_login(org: Org, tx: Transaction, role: str, row: Row) -> None:
    org.users.logins[role] = build_login(org.realm, role, _plant_user(tx, row))


def _plant_user(tx: Transaction, row: Row) -> str:
    user_id = tx.insert("User", row)
    tx.insert("UserLogin", {"UserId": user_id, "IsFrozen": 0, "IsPasswordLocked": 0})
    return user_id


def _plant_queue(tx: Transaction, name: str) -> str:
    row: Row = {"Name": name, "DeveloperName": name.replace(" ", "_"), "Type": "Queue", "DoesIncludeBosses": 0}
    return tx.insert("Group", {**row, "DoesSendEmailToMembers": 0})


def _plant_roles(tx: Transaction) -> list[str]:
    """A hierarchy of three, the highest first."""
    planted: list[str] = []
    for name in ("CEO", "VP Sales", "Sales Rep"):
        row: Row = {"Name": name, "DeveloperName": name.replace(" ", "_")}
        planted.append(tx.insert("UserRole", {**row, "ParentRoleId": planted[-1] if planted else None}))
    return planted


def _grant_integration(org: Org, tx: Transaction, rights: Planted) -> None:
    """The integration user gets its licence's set, unless it is to have nothing."""
    if org.settings.bare_rights:
        return
    user: Row = {"AssigneeId": org.users.logins[INTEGRATION].user_id}
    tx.insert("PermissionSetLicenseAssign", {**user, "PermissionSetLicenseId": rights.api_integration})
    _assign(tx, org, INTEGRATION, rights.integration_set)


def _assign(tx: Transaction, org: Org, role: str, set_id: str) -> None:
    user: Row = {"AssigneeId": org.users.logins[role].user_id}
    tx.insert("PermissionSetAssignment", {**user, "PermissionSetId": set_id, "IsActive": 1})


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
