"""Which permissions there are, what each needs beside it, and what decides about each object.

Sources: Object Reference, "PermissionSet", "ObjectPermissions" and "FieldPermissions"; Salesforce Help, "User
Permissions".
"""

#: System permissions (API name without the prefix `Permissions`) → label.
SYSTEM = {
    "EmailSingle": "Send Email",
    "EmailMass": "Mass Email",
    "EditTask": "Edit Tasks",
    "EditEvent": "Edit Events",
    "ExportReport": "Export Reports",
    "ImportPersonal": "Import Personal Contacts",
    "DataExport": "Weekly Data Export",
    "ManageUsers": "Manage Users",
    "EditPublicFilters": "Manage Public List Views",
    "ModifyAllData": "Modify All Data",
    "ManageCases": "Manage Cases",
    "CustomizeApplication": "Customize Application",
    "EditReadonlyFields": "Edit Read Only Fields",
    "RunReports": "Run Reports",
    "ViewSetup": "View Setup and Configuration",
    "TransferAnyEntity": "Transfer Record",
    "NewReportBuilder": "Report Builder",
    "ImportLeads": "Import Leads",
    "ManageLeads": "Manage Leads",
    "TransferAnyLead": "Transfer Leads",
    "ViewAllData": "View All Data",
    "ApiUserOnly": "API Only User",
    "ManageRemoteAccess": "Manage Connected Apps",
    "ConvertLeads": "Convert Leads",
    "PasswordNeverExpires": "Password Never Expires",
    "BulkApiHardDelete": "Bulk API Hard Delete",
    "ManageCustomReportTypes": "Manage Custom Report Types",
    "ApiEnabled": "API Enabled",
    "AuthorApex": "Author Apex",
    "ActivitiesAccess": "Access Activities",
    "AssignPermissionSets": "Assign Permission Sets",
    "BulkMacrosAllowed": "Run Macros on Multiple Records",
    "ChatterInternalUser": "Chatter Internal User",
    "CreateAuditFields": "Set Audit Fields upon Record Creation",
    "CreateCustomizeReports": "Create and Customize Reports",
    "CreateDashboardFolders": "Create Dashboard Folders",
    "CreateReportFolders": "Create Report Folders",
    "FreezeUsers": "Freeze Users",
    "LightningExperienceUser": "Lightning Experience User",
    "ManageCustomPermissions": "Manage Custom Permissions",
    "ManageDashbdsInPubFolders": "Manage Dashboards in Public Folders",
    "ManageDataIntegrations": "Manage Data Integrations",
    "ManageInternalUsers": "Manage Internal Users",
    "ManageLoginAccessPolicies": "Manage Login Access Policies",
    "ManagePasswordPolicies": "Manage Password Policies",
    "ManageProfilesPermissionsets": "Manage Profiles and Permission Sets",
    "ManageReportsInPubFolders": "Manage Reports in Public Folders",
    "ManageRoles": "Manage Roles",
    "MonitorLoginHistory": "Monitor Login History",
    "ManageSharing": "Manage Sharing",
    "ModifyMetadata": "Modify Metadata Through Metadata API Functions",
    "ScheduleReports": "Schedule Reports",
    "TwoFactorApi": "Multi-Factor Authentication for API Logins",
    "UpdateWithInactiveOwner": "Update Records with Inactive Owners",
    "ViewAllUsers": "View All Users",
    "ViewEventLogFiles": "View Event Log Files",
    "ViewHelpLink": "View Help Link",
    "ViewPublicDashboards": "View Dashboards in Public Folders",
    "ViewPublicReports": "View Reports in Public Folders",
    "ViewRoles": "View Roles and Role Hierarchy",
}
#: Permission → permissions that it cannot be without.
SYSTEM_NEEDS = {
    "ModifyAllData": (
        "ViewAllData", "EditPublicFilters", "ManageDashbdsInPubFolders", "ManageReportsInPubFolders",
    ),
    "ViewAllData": ("ViewPublicDashboards", "ViewPublicReports"),
    "ManageDashbdsInPubFolders": ("CreateDashboardFolders", "ViewPublicDashboards"),
    "ManageReportsInPubFolders": ("CreateCustomizeReports", "CreateReportFolders", "ViewPublicReports"),
    "CreateCustomizeReports": ("RunReports",),
    "CreateReportFolders": ("CreateCustomizeReports",),
    "ExportReport": ("RunReports",),
    "ScheduleReports": ("RunReports",),
    "ManageCustomReportTypes": ("RunReports",),
    "CustomizeApplication": ("ViewSetup",),
    "AuthorApex": ("CustomizeApplication", "ModifyMetadata"),
    "ManageUsers": (
        "AssignPermissionSets", "FreezeUsers", "ManageInternalUsers", "ManageLoginAccessPolicies",
        "ManagePasswordPolicies", "ManageProfilesPermissionsets", "ManageRoles", "ManageSharing", "ViewAllUsers",
        "ViewSetup",
    ),
    "ManageInternalUsers": ("ViewAllUsers", "ViewSetup"),
    "ManageProfilesPermissionsets": ("ViewSetup",),
    "AssignPermissionSets": ("ViewSetup",),
    "ManageRoles": ("ViewRoles", "ViewSetup"),
}  # fmt: skip
#: What a permission set can grant on an object (without the prefix `Permissions`) → verb of its name, and its needs.
OBJECT = {
    "Read": ("Read", ()),
    "Create": ("Create", ("Read",)),
    "Edit": ("Edit", ("Read",)),
    "Delete": ("Delete", ("Read", "Edit")),
    "ViewAllRecords": ("View All", ("Read",)),
    "ModifyAllRecords": ("Modify All", ("Read", "Edit", "Delete", "ViewAllRecords")),
}
#: Standard objects that object permissions are granted for; custom ones besides.
GRANTED = frozenset({"Account", "Campaign", "Contact", "Lead", "Opportunity"})
#: Objects that follow another: what is allowed there with Read and with Edit is allowed here.
FOLLOWING = {
    "CampaignMember": "Campaign",
    "CampaignMemberStatus": "Campaign",
    "OpportunityContactRole": "Opportunity",
}
#: Objects whose writing needs the feature licence Marketing User.
MARKETING = frozenset({"Campaign", "CampaignMemberStatus"})
#: Activities: one permission to see them, one to write.
ACTIVITIES = {"Task": ("ActivitiesAccess", "EditTask")}
#: Objects of the set-up that only some see → permissions of which one is enough.
SETUP_READ = {
    "PermissionSet": ("ViewSetup", "AssignPermissionSets"),
    "ObjectPermissions": ("ViewSetup",),
    "FieldPermissions": ("ViewSetup",),
    "SetupEntityAccess": ("ViewSetup",),
    "PermissionSetLicense": ("ViewSetup", "AssignPermissionSets"),
    "PermissionSetLicenseAssign": ("ViewSetup", "AssignPermissionSets"),
    "UserLicense": ("ViewSetup",),
    "UserLogin": ("ManageUsers", "FreezeUsers"),
    "ConnectedApplication": ("ViewSetup", "CustomizeApplication", "ManageRemoteAccess"),
}
#: Objects of the set-up → permissions of which one is enough to write them; or, where nobody writes, to see them all.
SETUP_WRITE = {
    "User": ("ManageUsers", "ManageInternalUsers"),
    "UserLogin": ("ManageUsers", "FreezeUsers"),
    "LoginHistory": ("ManageUsers", "MonitorLoginHistory"),
    "OauthToken": ("CustomizeApplication",),
    "UserRole": ("ManageUsers", "ManageRoles"),
    "Profile": ("ManageUsers", "ManageProfilesPermissionsets"),
    "PermissionSet": ("ManageUsers", "ManageProfilesPermissionsets"),
    "ObjectPermissions": ("ManageUsers", "ManageProfilesPermissionsets"),
    "FieldPermissions": ("ManageUsers", "ManageProfilesPermissionsets"),
    "SetupEntityAccess": ("ManageUsers", "ManageProfilesPermissionsets"),
    "PermissionSetAssignment": ("ManageUsers", "AssignPermissionSets"),
    "PermissionSetLicenseAssign": ("ManageUsers", "AssignPermissionSets"),
    "Group": ("ManageUsers",),
    "GroupMember": ("ManageUsers",),
}
#: What users cannot change about themselves.
USER_ADMINISTERED = frozenset(
    {
        "Username", "ProfileId", "UserRoleId", "IsActive", "FederationIdentifier", "UserPermissionsMarketingUser",
        "UserPermissionsOfflineUser", "UserPermissionsCallCenterAutoLogin", "UserPermissionsSFContentUser",
        "UserPermissionsKnowledgeUser", "UserPermissionsInteractionUser", "UserPermissionsSupportUser",
    }
)  # fmt: skip
PREFIX = "Permissions"
MARKETING_USER = "UserPermissionsMarketingUser"


def transfers(object_name: str) -> tuple[str, ...]:
    """The system permissions of which one lets a user give away what others own."""
    return ("TransferAnyEntity", "TransferAnyLead") if object_name == "Lead" else ("TransferAnyEntity",)


def find_system(name: str) -> str | None:
    """A system permission by its API name, with or without the prefix, or by its label; in any case of letters."""
    wanted = name.removeprefix(PREFIX).replace(" ", "").lower()
    labels = {label.replace(" ", "").lower(): key for key, label in SYSTEM.items()}
    return next((key for key in SYSTEM if key.lower() == wanted), labels.get(wanted))


def find_object_permission(name: str) -> str | None:
    """A permission on objects by its API name, with or without the prefix, or by what people call it."""
    wanted = name.removeprefix(PREFIX).replace(" ", "").replace("_", "").lower()
    called = {verb.replace(" ", "").lower(): key for key, (verb, _) in OBJECT.items()}
    return next((key for key in OBJECT if key.lower() == wanted), called.get(wanted))


def name_object_permission(permission: str, object_name: str) -> str:
    """What people call it, e.g. "View All Contact"."""
    return f"{OBJECT[permission][0]} {object_name}"
