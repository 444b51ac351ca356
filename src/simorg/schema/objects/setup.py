"""The org itself and who works in it: Organization, User, UserRole, Profile, Group, LeadStatus, RecordType."""

from dataclasses import replace

from simorg.schema.build import (
    TIME_ZONES,
    address,
    area,
    audit,
    build_object,
    email,
    flag,
    identity,
    lookup,
    moment,
    person_name,
    phone,
    pick,
    picklist_object,
    read_only,
    text,
    whole,
)
from simorg.schema.objects.permissions import system_permissions
from simorg.schema.registry import Field, ObjectType

_LANGUAGES = ("en_US", "de", "es", "fr", "it", "ja", "ko", "nl_NL", "pt_BR", "zh_CN")
_LOCALES = ("en_US", "en_GB", "de_DE", "fr_FR", "ja_JP")
_ENCODINGS = ("UTF-8", "ISO-8859-1", "Shift_JIS")
_USER_TYPES = ("Standard", "PowerPartner", "PowerCustomerSuccess", "CustomerSuccess", "Guest", "AutomatedProcess")
_PERMISSIONS = (
    ("MarketingUser", "Marketing User"),
    ("OfflineUser", "Offline User"),
    ("CallCenterAutoLogin", "Auto-login To Call Center"),
    ("SFContentUser", "Salesforce CRM Content User"),
    ("KnowledgeUser", "Knowledge User"),
    ("InteractionUser", "Flow User"),
    ("SupportUser", "Service Cloud User"),
)


def build_setup() -> list[ObjectType]:
    """All of them."""
    return [_organization(), _user(), _user_role(), _profile(), _group(), _lead_status(), _record_type()]


def _facts(fields: list[Field]) -> list[Field]:
    return [read_only(one) for one in fields]


def _organization() -> ObjectType:
    fields = [
        identity("Organization"),
        text("Name", "Name", 80, nillable=False, name_field=True),
        text("Division", "Division", 80),
        *address("", ""),
        phone("Phone", "Phone"),
        phone("Fax", "Fax"),
        text("PrimaryContact", "Primary Contact", 80),
        pick("DefaultLocaleSidKey", "Locale", _LOCALES, length=40, nillable=False),
        pick("TimeZoneSidKey", "Time Zone", TIME_ZONES, length=40, nillable=False),
        pick("LanguageLocaleKey", "Language", _LANGUAGES, length=40, nillable=False),
        flag("ReceivesInfoEmails", "Info Emails"),
        flag("ReceivesAdminInfoEmails", "Info Emails Admin"),
        whole("FiscalYearStartMonth", "Fiscal Year Starts In"),
        flag("UsesStartDateAsFiscalYearName", "Fiscal Year Name by Start"),
        pick("DefaultAccountAccess", "Default Account Access", ("None", "Read", "Edit"), length=40),
        pick("DefaultContactAccess", "Default Contact Access", ("None", "Read", "Edit"), length=40),
        pick("DefaultLeadAccess", "Default Lead Access", ("None", "Read", "Edit"), length=40),
        pick("OrganizationType", "Edition", ("Developer Edition", "Enterprise Edition"), length=40),
        text("NamespacePrefix", "Namespace Prefix", 15),
        text("InstanceName", "Instance Name", 5),
        flag("IsSandbox", "Is Sandbox"),
        text("WebToCaseDefaultOrigin", "Web to Cases Default Origin", 40),
        whole("MonthlyPageViewsUsed", "Monthly Page Views Used"),
        moment("TrialExpirationDate", "Trial Expiration Date"),
        whole("NumKnowledgeService", "Self-Service Users"),
        flag("IsReadOnly", "Is Read Only"),
        *audit(),
    ]
    return build_object(
        "Organization", "Organization", "Organizations", "00D", _facts(fields), createable=False, updateable=False,
        deletable=False, undeletable=False, replicateable=False, searchable=False, layoutable=False,
        triggerable=False, mru_enabled=False,
    )  # fmt: skip


def _user() -> ObjectType:
    fields = [
        identity("User"),
        text("Username", "Username", 80, nillable=False, permissionable=False, id_lookup=True),
        *person_name(),
        text("CompanyName", "Company Name", 80),
        text("Division", "Division", 80),
        text("Department", "Department", 80),
        text("Title", "Title", 80),
        *address("", ""),
        _user_email(),
        phone("Phone", "Phone"),
        phone("Fax", "Fax"),
        phone("MobilePhone", "Mobile"),
        text("Alias", "Alias", 8, nillable=False, permissionable=False),
        text("CommunityNickname", "Nickname", 40, nillable=False, permissionable=False),
        flag("IsActive", "Active"),
        pick("TimeZoneSidKey", "Time Zone", TIME_ZONES, length=40, nillable=False, restricted_picklist=True),
        pick("LocaleSidKey", "Locale", _LOCALES, length=40, nillable=False, restricted_picklist=True),
        pick("EmailEncodingKey", "Email Encoding", _ENCODINGS, length=40, nillable=False, restricted_picklist=True),
        lookup("UserRoleId", "Role ID", ("UserRole",), "UserRole", permissionable=False),
        lookup("ProfileId", "Profile ID", ("Profile",), "Profile", nillable=False, permissionable=False),
        read_only(pick("UserType", "User Type", _USER_TYPES, length=40, restricted_picklist=True)),
        pick("LanguageLocaleKey", "Language", _LANGUAGES, length=40, nillable=False, restricted_picklist=True),
        text("EmployeeNumber", "Employee Number", 20),
        lookup("ManagerId", "Manager ID", ("User",), "Manager"),
        read_only(moment("LastLoginDate", "Last Login")),
        read_only(moment("LastPasswordChangeDate", "Last Password Change or Reset")),
        *audit(),
        *[flag(f"UserPermissions{name}", label) for name, label in _PERMISSIONS],
        flag("ReceivesInfoEmails", "Info Emails"),
        flag("ReceivesAdminInfoEmails", "Admin Info Emails"),
        text("FederationIdentifier", "SAML Federation ID", 512),
        area("AboutMe", "About Me", 1000),
        read_only(moment("LastViewedDate", "Last Viewed Date"), permissionable=False),
        read_only(moment("LastReferencedDate", "Last Referenced Date"), permissionable=False),
    ]
    return build_object(
        "User", "User", "Users", "005", fields, deletable=False, undeletable=False, feed_enabled=True,
        children=[
            ("User", "ManagerId", "ManagedUsers"),
            ("PermissionSetAssignment", "AssigneeId", "PermissionSetAssignments"),
            ("PermissionSetLicenseAssign", "AssigneeId", "PermissionSetLicenseAssignments"),
            ("GroupMember", "UserOrGroupId", None),
        ],
    )  # fmt: skip


def _user_email() -> Field:
    return Field("Email", "Email", "email", length=128, nillable=False)


def _profile() -> ObjectType:
    """A profile. What it grants stands in the permission set that it owns, and is shown here too."""
    owned = '(SELECT p."{}" FROM {{PermissionSet}} p WHERE p."ProfileId" = r."Id" AND p."IsOwnedByProfile" = 1)'
    fields = [
        identity("Profile"),
        text("Name", "Name", 255, nillable=False, name_field=True, permissionable=False),
        *[replace(one, derived=owned.format(one.name)) for one in system_permissions()],
        lookup("UserLicenseId", "User License ID", ("UserLicense",), "UserLicense", permissionable=False,
               updateable=False),
        read_only(pick("UserType", "User Type", _USER_TYPES, length=40, restricted_picklist=True,
                       permissionable=False)),
        text("Description", "Description", 255, permissionable=False),
        *audit(),
        read_only(moment("LastViewedDate", "Last Viewed Date"), permissionable=False),
        read_only(moment("LastReferencedDate", "Last Referenced Date"), permissionable=False),
    ]  # fmt: skip
    return build_object(
        "Profile", "Profile", "Profile", "00e", fields, createable=False, deletable=False, undeletable=False,
        replicateable=False, searchable=False, layoutable=False, triggerable=False,
        children=[("User", "ProfileId", "Users"), ("PermissionSet", "ProfileId", None)],
    )  # fmt: skip


def _group() -> ObjectType:
    types = ("Regular", "Role", "RoleAndSubordinates", "Organization", "Queue", "CollaborationGroup")
    fields = [
        identity("Group"),
        text("Name", "Name", 40, nillable=False, name_field=True, permissionable=False),
        text("DeveloperName", "Developer Name", 80, permissionable=False),
        lookup("RelatedId", "Related ID", ("User",), "Related", permissionable=False),
        pick("Type", "Type", types, length=40, nillable=False, restricted_picklist=True, updateable=False,
             permissionable=False),
        email(id_lookup=False, permissionable=False),
        lookup("OwnerId", "Owner ID", ("Organization", "User"), "Owner", permissionable=False),
        flag("DoesSendEmailToMembers", "Send Email to Members"),
        flag("DoesIncludeBosses", "Include Bosses"),
        *audit(),
    ]  # fmt: skip
    return build_object(
        "Group", "Group", "Group", "00G", fields, undeletable=False, searchable=False, layoutable=False,
        triggerable=False, mru_enabled=False, children=[("GroupMember", "GroupId", "GroupMembers")],
        cascades=("GroupMember",),
    )  # fmt: skip


def _lead_status() -> ObjectType:
    return picklist_object(
        "LeadStatus",
        "Lead Status Value",
        [
            whole("SortOrder", "Sort Order", permissionable=False),
            flag("IsDefault", "Is Default"),
            flag("IsConverted", "Converted"),
        ],
    )


def _user_role() -> ObjectType:
    fields = [
        identity("Role"),
        text("Name", "Name", 80, nillable=False, name_field=True, permissionable=False),
        lookup("ParentRoleId", "Parent Role ID", ("UserRole",), None, permissionable=False),
        text("RollupDescription", "Description", 80, permissionable=False),
        text("DeveloperName", "Developer Name", 80, nillable=False, permissionable=False, defaulted_on_create=True),
        *audit()[2:],
    ]
    return build_object(
        "UserRole", "Role", "Roles", "00E", fields, undeletable=False, replicateable=False, searchable=False,
        layoutable=False, triggerable=False, mru_enabled=False, children=[("User", "UserRoleId", "Users")],
    )  # fmt: skip


def _record_type() -> ObjectType:
    fields = [
        identity("Record Type"),
        text("Name", "Name", 80, nillable=False, name_field=True, permissionable=False),
        text("DeveloperName", "Record Type Name", 80, nillable=False, permissionable=False),
        text("NamespacePrefix", "Namespace Prefix", 15, permissionable=False),
        text("Description", "Description", 255, permissionable=False),
        text("SobjectType", "Sobject Type Name", 40, nillable=False, permissionable=False),
        flag("IsActive", "Active"),
        *audit(),
    ]
    return build_object(
        "RecordType", "Record Type", "Record Types", "012", _facts(fields), createable=False, updateable=False,
        deletable=False, undeletable=False, replicateable=False, searchable=False, layoutable=False,
        triggerable=False, mru_enabled=False,
    )  # fmt: skip
