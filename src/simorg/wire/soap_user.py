"""What SOAP tells about a user."""

from simorg.org import Org
from simorg.schema.person_accounts import is_enabled


def describe_user(org: Org, user_id: str) -> dict[str, object]:
    """What login and getUserInfo tell about a user, in the order of the WSDL."""
    user = org.storage.get("User", user_id) or {}
    return {
        "accessibilityMode": False,
        "chatterExternal": False,
        "currencySymbol": "$",
        "orgAttachmentFileSizeLimit": 26214400,
        "orgDefaultCurrencyIsoCode": "USD",
        "orgDefaultCurrencyLocale": "en_US",
        "orgDisallowHtmlAttachments": False,
        "orgHasPersonAccounts": is_enabled(org.schema),
        "organizationId": org.id,
        "organizationMultiCurrency": False,
        "organizationName": org.settings.name,
        "profileId": user.get("ProfileId"),
        "roleId": user.get("UserRoleId"),
        "sessionSecondsValid": org.settings.session_seconds,
        "userDefaultCurrencyIsoCode": None,
        "userEmail": user.get("Email"),
        "userFullName": org.user_name(user_id),
        "userId": user_id,
        "userLanguage": "en_US",
        "userLocale": "en_US",
        "userName": user.get("Username"),
        "userTimeZone": org.settings.time_zone,
        "userType": "Standard",
        "userUiSkin": "Theme3",
    }
