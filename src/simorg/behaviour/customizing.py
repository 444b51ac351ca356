"""Adding, changing and removing custom fields of an org that runs, as Setup and the Metadata API do."""

from dataclasses import replace

from simorg.behaviour.persons import follow_contact_field
from simorg.fidelity import say
from simorg.formula.expressions import compile_expression
from simorg.formula.fields import DEFAULT_KINDS, Calculations, shape_rollup
from simorg.formula.terms import TEXT
from simorg.formula.tree import FormulaError
from simorg.org import Org
from simorg.schema.custom_fields import build_field, can_control, relation_names
from simorg.schema.definition import DefinitionError, FieldDefinition
from simorg.schema.registry import ChildRelationship, Field, ObjectType
from simorg.security.granting import drop_grants

#: Custom fields of one object (Salesforce Help, "Custom Fields Allowed Per Object": Unlimited and Performance).
MOST_FIELDS = 800
_MOST_MASTERS = 2
#: The types that a field of one type can become without losing what it holds (Salesforce Help, "Notes on Changing
#: Custom Field Types"): all others have to be made anew.
_BECOMES = {
    "Text": {"TextArea", "LongTextArea", "Email", "Phone", "Url", "Picklist", "EncryptedText"},
    "TextArea": {"Text", "LongTextArea", "Html", "Email", "Phone", "Url"},
    "LongTextArea": {"Html", "TextArea", "Text"},
    "Html": {"LongTextArea"},
    "Email": {"Text", "TextArea", "Phone", "Url"},
    "Phone": {"Text", "TextArea", "Email", "Url"},
    "Url": {"Text", "TextArea", "Email", "Phone"},
    "Picklist": {"Text", "TextArea", "MultiselectPicklist"},
    "MultiselectPicklist": {"Text", "Picklist"},
    "Number": {"Currency", "Percent", "Text"},
    "Currency": {"Number", "Percent", "Text"},
    "Percent": {"Number", "Currency", "Text"},
    "Date": {"DateTime"},
    "DateTime": {"Date"},
    "AutoNumber": {"Text"},
    "Lookup": {"MasterDetail"},
    "MasterDetail": {"Lookup"},
}


def define_field(org: Org, object_name: str, definition: FieldDefinition) -> Field:
    """Adds a custom field to an object; the records that are there have it blank, or by its default.

    Raises:
        DefinitionError: DUPLICATE_DEVELOPER_NAME, CUSTOM_ENTITY_OR_FIELD_LIMIT, FIELD_INTEGRITY_EXCEPTION,
            INVALID_TYPE.
    """
    one = find_custom_object(org, object_name)
    if definition.full_name.lower() in one.fields:
        name = definition.full_name.removesuffix("__c")
        message = say("definition.exists", name=name, object=one.label)
        raise DefinitionError("DUPLICATE_DEVELOPER_NAME", message, ("fullName",))
    if sum(field.custom for field in one.fields.values()) >= MOST_FIELDS:
        raise DefinitionError("CUSTOM_ENTITY_OR_FIELD_LIMIT", say("definition.too_many"))
    field = _complete(org, one, build_field(definition))
    _install(org, one, field)
    return org.schema.get(one.name).fields[field.name.lower()]


def redefine_field(org: Org, object_name: str, definition: FieldDefinition) -> Field:
    """Changes a custom field to another definition; values stay where the types allow it.

    Raises:
        DefinitionError: as for a new one; or there is no such field, or its type cannot change so.
    """
    one = find_custom_object(org, object_name)
    old = find_custom_field(one, definition.full_name)
    before = old.definition.type if old.definition else definition.type
    calculated = old.calculated != (definition.formula is not None or definition.type == "Summary")
    if calculated or (definition.type != before and definition.type not in _BECOMES.get(before, set())):
        message = say("definition.type_change", old=before, new=definition.type)
        raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", message, ("type",))
    field = replace(_complete(org, one, build_field(definition)), hidden=old.hidden)
    _install(org, one, field)
    try:
        recalculate(org)
    except FormulaError:
        _install(org, one, old)
        recalculate(org)
        _refuse_used(org, one, old)
        raise
    return org.schema.get(one.name).fields[field.name.lower()]


def remove_field(org: Org, object_name: str, field_name: str) -> None:
    """Takes a custom field away, with its values.

    Raises:
        DefinitionError: there is none, or something is built on it.
    """
    one = find_custom_object(org, object_name)
    field = find_custom_field(one, field_name)
    _refuse_used(org, one, field)
    for target in field.reference_to:
        parent = org.schema.find(target)
        if parent:
            kept = tuple(child for child in parent.children if (child.child, child.field) != (one.name, field.name))
            org.schema.replace_object(replace(parent, children=kept))
    org.schema.remove_field(one.name, field.name)
    with org.storage.transaction() as tx:
        drop_grants(tx, one, field.name)
    if field.stored:
        org.storage.drop_values(one.name, field)


def find_custom_object(org: Org, name: str) -> ObjectType:
    """An object that fields can be added to.

    Raises:
        DefinitionError: there is none.
    """
    one = org.schema.find(name)
    if one is None:
        raise DefinitionError("INVALID_TYPE", say("definition.unknown_object", name=name))
    return one


def find_custom_field(one: ObjectType, name: str) -> Field:
    """A custom field of an object.

    Raises:
        DefinitionError: there is none.
    """
    field = one.fields.get(name.lower())
    if field is None or not field.custom:
        message = say("definition.unknown_field", name=f"{one.name}.{name}")
        raise DefinitionError("INVALID_CROSS_REFERENCE_KEY", message)
    return field


def _complete(org: Org, one: ObjectType, field: Field) -> Field:
    """The field with what follows from the object it is added to and from others."""
    definition = field.definition
    assert definition is not None
    if field.calculated:
        return _complete_calculated(org, one, field, definition)
    if definition.reference_to:
        return _complete_lookup(org, one, field, definition)
    if definition.default_value and definition.type != "Checkbox":
        expected = DEFAULT_KINDS.get(definition.type, TEXT)
        compile_expression(org.schema, one, definition.default_value, expected)
        return replace(field, default_formula=definition.default_value)
    if definition.controlling_field:
        controller = one.fields.get(definition.controlling_field.lower())
        if controller is None or not can_control(controller):
            message = say("definition.controller", name=definition.controlling_field, object=one.name)
            raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", message, ("valueSet",))
        return replace(field, controller=controller.name)
    return field


def _complete_calculated(org: Org, one: ObjectType, field: Field, definition: FieldDefinition) -> Field:
    """A formula or roll-up with its SQL, tried out on no records."""
    calculations = Calculations(org.schema)
    if definition.type == "Summary":
        field = shape_rollup(calculations, one, field)
    field = replace(field, derived=calculations.compile(one, field))
    org.storage.try_out(one, field)
    return field


def recalculate(org: Org) -> None:
    """Compiles all calculated fields anew; what they read may have changed."""
    calculations = Calculations(org.schema)
    for one in org.schema.objects():
        for field in one.fields.values():
            if field.calculated and field.definition:
                derived = calculations.compile(one, field)
                if derived != field.derived:
                    org.schema.change_field(one.name, field.name, derived=derived)


def _refuse_used(org: Org, one: ObjectType, field: Field) -> None:
    calculations = Calculations(org.schema)
    for other in org.schema.objects():
        for user in other.fields.values():
            if not user.calculated or not user.definition or user is field:
                continue
            if (one.name.lower(), field.name.lower()) in {
                (a.lower(), b.lower()) for a, b in calculations.uses(other, user)
            }:
                message = say("definition.used", place=f"{other.name}.{user.name}")
                raise DefinitionError("DEPENDENCY_EXISTS", message)


def _complete_lookup(org: Org, one: ObjectType, field: Field, definition: FieldDefinition) -> Field:
    target = org.schema.find(str(definition.reference_to))
    if target is None:
        message = say("definition.unknown_object", name=definition.reference_to)
        raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", message, ("referenceTo",))
    own, inverse = relation_names(definition, one.label_plural)
    taken = target.find_child(inverse)
    if taken and (taken.child, taken.field) != (one.name, field.name):
        message = say("definition.exists", name=inverse.removesuffix("__r"), object=target.label)
        raise DefinitionError("DUPLICATE_DEVELOPER_NAME", message, ("relationshipName",))
    if definition.type == "MasterDetail":
        masters = [other for other in one.masters if other.name != field.name]
        if not one.custom or len(masters) >= _MOST_MASTERS:
            message = say("definition.details_limit", object=one.name)
            raise DefinitionError("FIELD_INTEGRITY_EXCEPTION", message, ("type",))
    return replace(field, reference_to=(target.name,), relationship_name=own, child_relationship=inverse)


def _install(org: Org, one: ObjectType, field: Field) -> None:
    org.schema.add_field(one.name, field)
    org.storage.add_column(one.name, field)
    if one.name == "Contact":
        follow_contact_field(org, field)
    for name in field.reference_to:
        parent = org.schema.get(name)
        kept = tuple(child for child in parent.children if (child.child, child.field) != (one.name, field.name))
        hanging = ChildRelationship(one.name, field.name, field.child_relationship, field.cascade_delete)
        org.schema.replace_object(replace(parent, children=(*kept, hanging)))
