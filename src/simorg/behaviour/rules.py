"""The rules that single objects add to writing, by the object's name."""

from simorg.behaviour import campaigns, licenses, opportunities, permission_sets, persons, tasks
from simorg.behaviour.writing import NO_RULES, Rules

_RULES = {
    "Account": persons.ACCOUNT,
    "Contact": persons.CONTACT,
    "Opportunity": opportunities.OPPORTUNITY,
    "OpportunityContactRole": opportunities.CONTACT_ROLE,
    "Campaign": campaigns.CAMPAIGN,
    "CampaignMember": campaigns.MEMBER,
    "CampaignMemberStatus": campaigns.MEMBER_STATUS,
    "Task": tasks.TASK,
    "User": licenses.USER,
    "UserRole": licenses.ROLE,
    "Profile": permission_sets.PROFILE,
    "PermissionSet": permission_sets.PERMISSION_SET,
    "ObjectPermissions": permission_sets.OBJECT_PERMISSIONS,
    "FieldPermissions": permission_sets.FIELD_PERMISSIONS,
    "PermissionSetAssignment": licenses.ASSIGNMENT,
    "PermissionSetLicenseAssign": licenses.LICENSE_ASSIGN,
    "SetupEntityAccess": licenses.ENTITY_ACCESS,
}


def rules_of(object_name: str) -> Rules:
    """What an object adds; most add nothing."""
    return _RULES.get(object_name, NO_RULES)
