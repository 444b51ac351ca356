"""The types of components that an org has: where their files lie, what their ids begin with, whose children they are.

Source: Metadata API Developer Guide, "Metadata Types" and describeMetadata(); key prefixes from recordings.
"""

from dataclasses import dataclass

from simorg.metadata.types import find_type, is_settings, settings_types


@dataclass(frozen=True)
class ComponentType:
    """One type. A child (`parent`, `element`) has no file of its own: it stands within its parent's."""

    name: str
    directory: str
    suffix: str
    prefix: str = ""
    parent: str = ""
    element: str = ""

    def file_name(self, full_name: str) -> str:
        """Where a component's file lies within a package."""
        return f"{self.directory}/{full_name}.{self.suffix}"


def _child(name: str, element: str, prefix: str) -> ComponentType:
    return ComponentType(name, "objects", "object", prefix, "CustomObject", element)


_ALL = (
    ComponentType("CustomObject", "objects", "object", "01I"),
    _child("CustomField", "fields", "00N"),
    _child("RecordType", "recordTypes", "012"),
    _child("ValidationRule", "validationRules", "03d"),
    _child("ListView", "listViews", "00B"),
    _child("CompactLayout", "compactLayouts", "0AH"),
    _child("FieldSet", "fieldSets", "0IX"),
    _child("BusinessProcess", "businessProcesses", "019"),
    _child("WebLink", "webLinks", "00b"),
    ComponentType("Layout", "layouts", "layout", "00h"),
    ComponentType("CustomTab", "tabs", "tab", "01r"),
    ComponentType("CustomApplication", "applications", "app", "02u"),
    ComponentType("CustomPermission", "customPermissions", "customPermission", "0CP"),
    ComponentType("ConnectedApp", "connectedApps", "connectedApp", "0H4"),
    ComponentType("ExternalClientApplication", "externalClientApps", "eca", "0xI"),
    ComponentType("ExtlClntAppGlobalOauthSettings", "extlClntAppGlobalOauthSets", "ecaGlblOauth", "0xG"),
    ComponentType("ExtlClntAppOauthSettings", "extlClntAppOauthSettings", "ecaOauth", "0xO"),
    ComponentType("ExtlClntAppOauthConfigurablePolicies", "extlClntAppOauthPolicies", "ecaOauthPlcy", "0xP"),
    ComponentType("ExtlClntAppConfigurablePolicies", "extlClntAppPolicies", "ecaPlcy", "0xC"),
    ComponentType("RemoteSiteSetting", "remoteSiteSettings", "remoteSite", "0rp"),
    ComponentType("PermissionSet", "permissionsets", "permissionset", "0PS"),
    ComponentType("Profile", "profiles", "profile", "00e"),
)
_BY_NAME = {one.name: one for one in _ALL}
#: What describeMetadata and package.xml call all settings.
SETTINGS = ComponentType("Settings", "settings", "settings")


def find_component_type(name: str) -> ComponentType | None:
    """A type by its name; one of the many types of settings too."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name == "Settings":
        return SETTINGS
    return ComponentType(name, "settings", "settings") if is_settings(name) else None


def top_types() -> list[ComponentType]:
    """The types that have files of their own, in the order in which a deploy takes them."""
    tops = [one for one in _ALL if not one.parent]
    return [SETTINGS, *tops]


def child_types(parent: str) -> list[ComponentType]:
    """The types whose components stand within a parent's."""
    return [one for one in _ALL if one.parent == parent]


def all_types() -> list[ComponentType]:
    """Every type, settings in one."""
    return [SETTINGS, *_ALL]


def content_type(component: ComponentType, full_name: str) -> str:
    """The type of a component's content: settings are told apart by their name."""
    if component.name != "Settings":
        return component.name
    wanted = f"{full_name.removesuffix('Settings')}Settings"
    return wanted if wanted in settings_types() else ""


def exists(type_name: str) -> bool:
    """Whether a type is known with its elements."""
    return find_type(type_name) is not None
