"""By which field changes of an object are read (L9d): its describe says, never a name alone."""

import pytest

from syncline.domain.shape import FieldShape, ObjectShape


def _shape(*fields: FieldShape) -> ObjectShape:
    return ObjectShape("Thing", "Thing", None, True, True, True, fields)


@pytest.mark.parametrize(
    ("usable", "expected"),
    [
        ({"filterable": True, "sortable": True}, "SystemModstamp"),
        ({"filterable": False, "sortable": True}, "LastModifiedDate"),
        ({"filterable": True, "sortable": False}, "LastModifiedDate"),
    ],
)
def test_l9d_the_stamp_has_to_be_filterable_and_sortable(usable: dict[str, bool], expected: str) -> None:
    stamp = FieldShape("SystemModstamp", "Stamp", "datetime", **usable)  # type: ignore[arg-type]  # only those two
    changed = FieldShape("LastModifiedDate", "Changed", "datetime")
    assert _shape(stamp, changed).stamp_field == expected


def test_l9d_without_a_stamp_everything_is_compared() -> None:
    assert _shape(FieldShape("Id", "Id", "id")).stamp_field is None
