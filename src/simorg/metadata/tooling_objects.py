"""The objects of the Tooling API: components and definitions as rows that can be queried.

Source: Tooling API Reference, "Tooling API Objects". `Metadata` and `FullName` are read for one row at a time.
"""

from functools import cache

from simorg.schema.build import area, flag, identity, lookup, moment, number, pick, read_only, text, whole
from simorg.schema.registry import ChildRelationship, Field, ObjectType, Schema

#: Tooling objects that stand for components, and how Metadata and FullName are asked for there.
COMPONENTS = ("CustomObject", "CustomField", "ValidationRule", "RecordType", "Layout", "CustomTab", "CustomApplication")
#: Components that are only read here; they are written as records.
READ_ONLY = ("PermissionSet", "Profile")
#: Objects whose rows follow from the schema; they need a filter on one of these columns.
DEFINITIONS = {"FieldDefinition": ("DurableId", "EntityDefinitionId"), "EntityDefinition": ()}
_STATES = ("unmanaged", "installed", "beta", "released", "deleted", "deprecated")


@cache
def build_tooling_schema() -> Schema:
    """All of them."""
    return Schema(
        [
            _custom_object(), _custom_field(), _validation_rule(), _record_type(), _layout(), _custom_tab(),
            _custom_application(), _permission_set(), _profile(), _entity_definition(), _field_definition(), _user(),
        ]
    )  # fmt: skip


def _build(name: str, label: str, prefix: str, fields: list[Field], *, writable: bool = False) -> ObjectType:
    return ObjectType(
        name=name, label=label, label_plural=f"{label}s", key_prefix=prefix,
        fields={one.name.lower(): one for one in fields}, createable=writable, updateable=writable,
        deletable=writable, undeletable=False, replicateable=False, searchable=False, layoutable=False,
        triggerable=False, mru_enabled=False,
        children=(ChildRelationship("FieldDefinition", "EntityDefinitionId", "Fields"),
                  ChildRelationship("Layout", "EntityDefinitionId", "Layouts"),
                  ChildRelationship("ValidationRule", "EntityDefinitionId", "ValidationRules"),
                  ChildRelationship("RecordType", "EntityDefinitionId", "RecordTypes"))
        if name == "EntityDefinition" else (),
    )  # fmt: skip


def _plain(*fields: Field) -> list[Field]:
    return [read_only(one, permissionable=False) for one in fields]


def _component(label: str, *fields: Field) -> list[Field]:
    """What every component has besides its own fields."""
    complex_value = Field("Metadata", "Metadata", "complexvalue", filterable=False, sortable=False, groupable=False)
    return [
        *_plain(identity(label), *fields),
        *_plain(
            text("NamespacePrefix", "Namespace Prefix", 15),
            pick("ManageableState", "Manageable State", _STATES, length=40),
            moment("CreatedDate", "Created Date"),
            lookup("CreatedById", "Created By ID", ("User",), "CreatedBy"),
            moment("LastModifiedDate", "Last Modified Date"),
            lookup("LastModifiedById", "Last Modified By ID", ("User",), "LastModifiedBy"),
        ),
        Field("FullName", "Full Name", "string", length=255, filterable=False, sortable=False, groupable=False),
        complex_value,
    ]


def _entity(label: str = "Entity Definition ID") -> Field:
    # It refers to a DurableId, which is the name of a standard object and no id.
    return text(
        "EntityDefinitionId", label, 255, reference_to=("EntityDefinition",), relationship_name="EntityDefinition"
    )


def _custom_object() -> ObjectType:
    fields = _component(
        "Custom Object Definition",
        text("DeveloperName", "Object Name", 80, name_field=True),
        text("Language", "Master Language", 40),
        area("Description", "Description", 1000),
        text("SharingModel", "Sharing Model", 40),
        text("CustomHelpId", "Custom Help ID", 18),
    )
    return _build("CustomObject", "Custom Object Definition", "01I", fields, writable=True)


def _custom_field() -> ObjectType:
    fields = _component(
        "Custom Field Definition",
        text("TableEnumOrId", "Entity Enumeration Or ID", 40),
        text("DeveloperName", "Field Name", 80, name_field=True),
        area("Description", "Description", 1000),
        whole("Length", "Length"),
        whole("Precision", "Precision"),
        whole("Scale", "Scale"),
        text("RelationshipLabel", "Relationship Label", 80),
        text("SummaryOperation", "Summary Operation", 40),
        area("InlineHelpText", "Inline Help Text", 510),
        _entity(),
    )
    return _build("CustomField", "Custom Field Definition", "00N", fields, writable=True)


def _validation_rule() -> ObjectType:
    fields = _component(
        "Validation Rule",
        text("ValidationName", "Rule Name", 80, name_field=True),
        flag("Active", "Active"),
        area("Description", "Description", 1000),
        text("ErrorDisplayField", "Error Display Field", 80),
        area("ErrorMessage", "Error Message", 255),
        _entity(),
    )
    return _build("ValidationRule", "Validation Rule", "03d", fields, writable=True)


def _record_type() -> ObjectType:
    fields = _component(
        "Record Type",
        text("Name", "Name", 80, name_field=True),
        text("BusinessProcessId", "Business Process ID", 18),
        area("Description", "Description", 255),
        flag("IsActive", "Active"),
        text("SobjectType", "SObject Type Name", 40),
        _entity(),
    )
    return _build("RecordType", "Record Type", "012", fields, writable=True)


def _layout() -> ObjectType:
    fields = _component(
        "Layout",
        text("Name", "Layout Name", 80, name_field=True),
        text("LayoutType", "Layout Type", 40),
        text("TableEnumOrId", "Entity Enumeration Or ID", 40),
        text("ShowSubmitAndAttachButton", "Show Submit And Attach Button", 5),
        _entity(),
    )
    return _build("Layout", "Layout", "00h", fields, writable=True)


def _custom_tab() -> ObjectType:
    fields = _component(
        "Custom Tab Definition",
        text("DeveloperName", "Name", 80, name_field=True),
        text("MasterLabel", "Label", 80),
        text("Type", "Type", 40),
        area("Url", "Url", 1333),
        area("Description", "Description", 1000),
    )
    return _build("CustomTab", "Custom Tab Definition", "01r", fields, writable=True)


def _custom_application() -> ObjectType:
    fields = _component(
        "Custom Application",
        text("DeveloperName", "Name", 80, name_field=True),
        text("Label", "Label", 80),
        text("NavType", "Nav Type", 40),
        text("UiType", "UI Type", 40),
        area("Description", "Description", 1000),
    )
    return _build("CustomApplication", "Custom Application", "02u", fields, writable=True)


def _permission_set() -> ObjectType:
    fields = _component(
        "Permission Set",
        text("Name", "Permission Set Name", 80, name_field=True),
        text("Label", "Permission Set Label", 80),
        area("Description", "Description", 255),
        flag("IsOwnedByProfile", "Is Owned By Profile"),
        flag("IsCustom", "Is Custom"),
    )
    return _build("PermissionSet", "Permission Set", "0PS", fields)


def _profile() -> ObjectType:
    fields = _component(
        "Profile",
        text("Name", "Name", 255, name_field=True),
        area("Description", "Description", 255),
    )
    return _build("Profile", "Profile", "00e", fields)


def _entity_definition() -> ObjectType:
    flags = (
        "IsApexTriggerable", "IsCompactLayoutable", "IsCustomSetting", "IsCustomizable", "IsDeprecatedAndHidden",
        "IsEverCreatable", "IsEverDeletable", "IsEverUpdatable", "IsFeedEnabled", "IsIdEnabled", "IsInterface",
        "IsLayoutable", "IsProcessEnabled", "IsQueryable", "IsReplicateable", "IsRetrieveable", "IsSearchable",
        "IsSearchLayoutable", "IsSubtype", "IsTriggerable", "IsWorkflowEnabled",
    )  # fmt: skip
    fields = _plain(
        identity("Entity Definition"),
        text("DurableId", "Durable ID", 255),
        text("QualifiedApiName", "Qualified API Name", 70, name_field=True),
        text("DeveloperName", "Developer Name", 40),
        text("NamespacePrefix", "Namespace Prefix", 15),
        text("Label", "Label", 80),
        text("MasterLabel", "Master Label", 80),
        text("PluralLabel", "Plural Label", 80),
        text("KeyPrefix", "Key Prefix", 3),
        text("DeploymentStatus", "Deployment Status", 40),
        text("InternalSharingModel", "Internal Sharing Model", 40),
        text("ExternalSharingModel", "External Sharing Model", 40),
        text("PublisherId", "Publisher ID", 255),
        moment("LastModifiedDate", "Last Modified Date"),
        *[flag(name, name) for name in flags],
    )
    return _build("EntityDefinition", "Entity Definition", "000", fields)


def _field_definition() -> ObjectType:
    flags = (
        "IsApiFilterable", "IsApiGroupable", "IsApiSortable", "IsCalculated", "IsCompactLayoutable",
        "IsFieldHistoryTracked", "IsFlsEnabled", "IsHighScaleNumber", "IsHtmlFormatted", "IsIndexed",
        "IsListFilterable", "IsListSortable", "IsListVisible", "IsNameField", "IsNillable",
        "IsPolymorphicForeignKey", "IsWorkflowFilterable",
    )  # fmt: skip
    fields = _plain(
        identity("Field Definition"),
        text("DurableId", "Durable ID", 255),
        text("QualifiedApiName", "Qualified API Name", 70, name_field=True),
        _entity(),
        text("DeveloperName", "Developer Name", 40),
        text("NamespacePrefix", "Namespace Prefix", 15),
        text("Label", "Label", 80),
        text("MasterLabel", "Master Label", 80),
        text("DataType", "Data Type", 80),
        text("ValueTypeId", "Value Type ID", 80),
        text("ExtraTypeInfo", "Extra Type Info", 80),
        whole("Length", "Length"),
        number("Precision", "Precision", 9, 0, kind="int"),
        whole("Scale", "Scale"),
        text("RelationshipName", "Relationship Name", 80),
        text("ControllingFieldDefinitionId", "Controlling Field Definition ID", 255),
        area("Description", "Description", 1000),
        text("PublisherId", "Publisher ID", 255),
        moment("LastModifiedDate", "Last Modified Date"),
        Field("ReferenceTo", "Reference To", "complexvalue", filterable=False, sortable=False, groupable=False),
        *[flag(name, name) for name in flags],
    )
    return _build("FieldDefinition", "Field Definition", "001", fields)


def _user() -> ObjectType:
    fields = _plain(
        identity("User"),
        text("Name", "Full Name", 121, name_field=True),
        text("Username", "Username", 80),
    )
    return _build("User", "User", "005", fields)
