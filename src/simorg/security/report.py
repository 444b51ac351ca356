"""What a user may do, told in one piece: for people, and for tests that compare."""

from simorg.schema.registry import Schema
from simorg.security.permissions import SYSTEM
from simorg.security.rights import find_permissionable, has_field_permissions
from simorg.security.view import View


def describe_rights(schema: Schema, view: View) -> dict[str, object]:
    """System permissions by label, and each object with its rights and the fields that are closed or read only."""
    rights = view.rights
    objects = {}
    for one in schema.objects():
        if not any(has_field_permissions(one, shown) for shown in one.fields.values() if not shown.custom):
            continue
        granted = rights.on(one)
        fields = {shown.name: rights.on_field(one, shown, schema) for shown in find_permissionable(one)}
        objects[one.name] = {
            **{name: value for name, value in granted._asdict().items() if value},
            **(
                {
                    "hidden": [name for name, each in fields.items() if not each.read],
                    "read_only": [name for name, each in fields.items() if each.read and not each.edit],
                }
                if granted.read
                else {}
            ),
        }
    return {
        "user_id": rights.user_id,
        "active": rights.active,
        "frozen": rights.frozen,
        "marketing_user": rights.marketing_user,
        "system": {name: label for name, label in SYSTEM.items() if name in rights.system},
        "objects": objects,
        "owners": list(rights.owners),
    }
