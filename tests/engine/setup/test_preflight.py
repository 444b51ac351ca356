"""The preflight: each right that is taken away is named, that one and no other, with the place to grant it."""

from collections.abc import Iterator

import pytest

from syncline.domain.mapping import Mapping
from syncline.domain.mapping_defaults import default_mapping
from syncline.domain.rights import EDIT, Right
from syncline.domain.rights_needed import Preset, Wanted
from syncline.flows.connect import open_session
from syncline.setup.preflight import Report, check, describe_needed
from tests.engine.setup.conftest import Empty

_USER = "syncline@people.example"


@pytest.fixture
def mapping(empty: Empty) -> Mapping:
    """The default mapping of an org that is set up."""
    empty.apply(empty.blueprint())
    with open_session(empty.org.url, empty.session_of(_USER)) as client:
        return default_mapping(describe_needed(client, ("Lead", "Contact")))


def _check(empty: Empty, mapping: Mapping, preset: Preset = Preset.LEAST) -> Report:
    with open_session(empty.org.url, empty.session_of(_USER)) as client:
        names = ("Lead", "Contact", "Account", "Campaign", "Opportunity", "Task")
        return check(client, Wanted(mapping, describe_needed(client, names)), preset)


def test_what_a_set_up_grants_is_what_is_needed(empty: Empty, mapping: Mapping) -> None:
    """Nothing is missing; what is beyond need is what the field choices granted beside the mapping."""
    report = _check(empty, mapping)
    assert report.missing == ()
    surplus = {one.name for one in report.surplus}
    assert surplus <= {
        "API Only User", "Lead.Hard_Bounce__c (Read)", "Lead.Hard_Bounce__c (Edit)", "Contact.Hard_Bounce__c (Read)",
        "Contact.Hard_Bounce__c (Edit)", "Contact.Syncline_Id__c (Edit)", "Contact.Syncline_Id__c (Read)",
    }  # fmt: skip
    assert "Lead.Hard_Bounce__c (Edit)" in surplus


def _knock_out(empty: Empty, right: Right, *, allow: bool) -> None:
    body: dict[str, object] = {"user": _USER, "permission": right.permission, "allow": allow}
    if right.object:
        body["object"] = right.object
    if right.field:
        body["field"] = right.field
    empty.org.control("POST", "rights", body)


def test_each_right_that_is_taken_away_is_named_and_no_other(empty: Empty, mapping: Mapping) -> None:
    """One by one, over the least-privilege list: the report names exactly it, and where to grant it."""
    needed = _check(empty, mapping).needed.rights
    told = {}
    for right in sorted(needed):
        if right.permission in ("ApiEnabled", "ViewSetup"):
            continue
        _knock_out(empty, right, allow=False)
        told[right] = [one.right for one in _check(empty, mapping).missing]
        for one in sorted(needed, key=lambda each: (bool(each.field), each.permission == EDIT, each)):
            if one == right or right in _everything_under(one):
                _knock_out(empty, one, allow=True)
    assert told == {right: [right] for right in told}
    assert len(told) > 40


def _everything_under(right: Right) -> Iterator[Right]:
    for one in right.needs:
        yield one
        yield from _everything_under(one)


def test_without_view_setup_the_describes_are_judged_by(empty: Empty, mapping: Mapping) -> None:
    """The missing right itself is named, and a hidden field still is."""
    _knock_out(empty, Right("", "", "ViewSetup"), allow=False)
    report = _check(empty, mapping)
    assert report.granted is None
    assert [one.right.permission for one in report.missing] == ["ViewSetup"]
    _knock_out(empty, Right("Lead", "Lead_Score__c", "Read"), allow=False)
    assert [one.right.name for one in _check(empty, mapping).missing] == [
        "View Setup and Configuration",
        "Lead.Lead_Score__c (Read)",
    ]


def test_a_place_to_grant_is_in_the_words_of_setup(empty: Empty, mapping: Mapping) -> None:
    """Where an administrator finds it."""
    _knock_out(empty, Right("Contact", "", "ViewAllRecords"), allow=False)
    (missing,) = _check(empty, mapping).missing
    assert missing.where == (
        "Setup, Permission Sets, Syncline Integration, Object Settings, Contacts, Object Permissions: View All Records"
    )
    assert missing.reason == "every Contact is read, whoever owns it"
