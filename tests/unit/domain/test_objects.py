"""Which fields of a mirrored object are read, and in which order objects are merged."""

from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.objects import Choice, MirroredObject, find_parents, order_by_parents
from syncline.domain.shape import FieldShape, ObjectShape


def _shape(*fields: FieldShape) -> ObjectShape:
    own = tuple(FieldShape(name, name, kind) for name, kind in (("Id", "id"), ("SystemModstamp", "datetime")))
    return ObjectShape("Account", "Account", "001", True, True, True, (*fields, *own))


_FIELDS = (
    FieldShape("Name", "Name", "string", length=255),
    FieldShape("Description", "Description", "textarea", length=32_000),
    FieldShape("BillingAddress", "Billing Address", "address"),
    FieldShape("Logo", "Logo", "base64"),
    FieldShape("ParentId", "Parent", "reference", reference_to=("Account",)),
)


def _read(mirrored: MirroredObject) -> list[str]:
    return [one.name for one in mirrored.read_fields(_shape(*_FIELDS))]


def test_own_fields_come_first_and_each_once() -> None:
    assert _read(MirroredObject("Account")) == ["Id", "SystemModstamp", "Name", "ParentId"]


def test_all_reads_long_texts_but_nothing_that_no_query_gives() -> None:
    assert _read(MirroredObject("Account", Choice.ALL)) == ["Id", "SystemModstamp", "Name", "Description", "ParentId"]


def test_chosen_fields_are_found_in_any_case_and_missing_ones_named() -> None:
    mirrored = MirroredObject("Account", Choice.CHOSEN, ("description", "Logo", "Nothing__c"))
    assert _read(mirrored) == ["Id", "SystemModstamp", "Description"]
    assert mirrored.missing(_shape(*_FIELDS)) == ("Logo", "Nothing__c")


def _lookups(*targets: str) -> list[FieldShape]:
    return [FieldShape(f"{target}Id", target, "reference", reference_to=(target,)) for target in targets]


def test_parents_are_those_that_are_read_themselves() -> None:
    fields = {"Task": _lookups("Lead", "Account", "Task"), "Lead": _lookups("User"), "Account": []}
    assert find_parents(fields)["Task"] == {"Lead", "Account"}
    assert order_by_parents(find_parents(fields)) == ["Account", "Lead", "Task"]


def test_a_circle_is_cut_and_everything_still_comes_once() -> None:
    fields = {"A": _lookups("B"), "B": _lookups("C"), "C": _lookups("A"), "D": _lookups("A")}
    order = order_by_parents(find_parents(fields))
    assert sorted(order) == ["A", "B", "C", "D"]
    assert order.index("A") < order.index("D")


@given(st.dictionaries(st.sampled_from("ABCDEF"), st.frozensets(st.sampled_from("ABCDEF"))))
def test_without_circles_every_parent_comes_first(drawn: dict[str, frozenset[str]]) -> None:
    parents = {name: frozenset(one for one in drawn.get(name, ()) if one < name) for name in "ABCDEF"}
    order = order_by_parents(parents)
    assert all(order.index(parent) < order.index(name) for name in parents for parent in parents[name])
