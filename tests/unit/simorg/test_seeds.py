"""The seeds: the same for the same number, whole in their references, and true to the rules that writes obey."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simorg import seeds
from simorg.export import export_records
from simorg.org import Org
from simorg.schema.data import build_schema
from simorg.settings import Settings
from simorg.transactions import quote

#: Leads, Contacts and Accounts of 2,000 people planted on one day: other tests rely on every value.
_PEOPLE = "a1e7434f8268aca7"
_FIRST = ("Account", "Contact", "Lead")


def _open(folder: Path, seed: str, people: int | None) -> Org:
    org = Org(folder, build_schema(bare=False, granted=seeds.grants_all(seed)), settings=Settings())
    org.clock.freeze(datetime(2026, 3, 11, 12, 0, tzinfo=UTC))
    org.open()
    seeds.plant(org, seed, people)
    return org


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    """An org of 2,000 people, which tests only read."""
    org = _open(tmp_path_factory.mktemp("people"), "people", 2_000)
    yield org
    org.close()


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    """A Developer Edition org, which tests only read."""
    org = _open(tmp_path_factory.mktemp("samples"), "developer-edition", None)
    yield org
    org.close()


def _count(org: Org, statement: str) -> int:
    row = org.storage.read_one(statement)
    assert row is not None
    return int(row[0] or 0)


def _digest(org: Org, names: tuple[str, ...]) -> str:
    records = export_records(org, names)
    # A field that is new has no values yet.
    values = [[sorted(one for one in row.items() if one[1] is not None) for row in records[name]] for name in names]
    return hashlib.sha256(repr(values).encode()).hexdigest()


def test_the_people_are_who_they_were(people: Org) -> None:
    assert _digest(people, _FIRST)[:16] == _PEOPLE


def test_the_same_number_plants_the_same(people: Org, tmp_path: Path) -> None:
    names = ("Opportunity", "OpportunityContactRole", "Campaign", "CampaignMemberStatus", "CampaignMember", "Task")
    again = _open(tmp_path, "people", 2_000)
    try:
        assert _digest(again, names) == _digest(people, names)
    finally:
        again.close()


@pytest.mark.parametrize("seed", ["people", "samples"])
def test_every_reference_leads_to_a_record(request: pytest.FixtureRequest, seed: str) -> None:
    org: Org = request.getfixturevalue(seed)
    checked = 0
    for one in org.schema.objects():
        for field in one.stored_fields:
            if field.type != "reference" or field.name == "MasterRecordId":
                continue
            own, name = quote(one.name), quote(field.name)
            parents = " UNION ALL ".join(f'SELECT "Id" FROM {quote(target)}' for target in field.reference_to)
            lost = f"SELECT count(*) FROM {own} WHERE {name} IS NOT NULL AND {name} NOT IN ({parents})"
            assert _count(org, lost) == 0, (one.name, field.name)
            checked += _count(org, f"SELECT count({name}) FROM {own}")
    assert checked > 500


@pytest.mark.parametrize("seed", ["people", "samples"])
def test_no_required_field_is_blank(request: pytest.FixtureRequest, seed: str) -> None:
    org: Org = request.getfixturevalue(seed)
    for one in org.schema.objects():
        for field in one.stored_fields:
            if not field.nillable and field.type != "boolean":
                blank = f"SELECT count(*) FROM {quote(one.name)} WHERE {quote(field.name)} IS NULL"
                assert _count(org, blank) == 0, (one.name, field.name)


@pytest.mark.parametrize("seed", ["people", "samples"])
def test_members_roles_and_statuses_obey_the_rules(request: pytest.FixtureRequest, seed: str) -> None:
    org: Org = request.getfixturevalue(seed)
    for person in ("LeadId", "ContactId"):
        twice = f'GROUP BY "CampaignId", "{person}" HAVING count(*) > 1'
        assert not list(org.storage.read(f'SELECT 1 FROM "CampaignMember" WHERE "{person}" IS NOT NULL {twice}'))
    wrong = (
        'SELECT count(*) FROM "CampaignMember" m LEFT JOIN "CampaignMemberStatus" s ON s."CampaignId" = m."CampaignId"'
        ' AND s."Label" = m."Status" WHERE s."Id" IS NULL OR s."HasResponded" <> m."HasResponded"'
        ' OR m."HasResponded" <> (m."FirstRespondedDate" IS NOT NULL)'
    )
    assert _count(org, wrong) == 0
    defaults = 'SELECT 1 FROM "CampaignMemberStatus" GROUP BY "CampaignId" HAVING sum("IsDefault") <> 1'
    assert not list(org.storage.read(defaults))
    primaries = (
        'SELECT 1 FROM "OpportunityContactRole" WHERE "IsPrimary" = 1 GROUP BY "OpportunityId" HAVING count(*) > 1'
    )
    assert not list(org.storage.read(primaries))
    assert _count(org, 'SELECT count(*) FROM "Task" WHERE "IsClosed" <> ("CompletedDateTime" IS NOT NULL)') == 0


def test_deleted_people_are_in_no_campaign(people: Org) -> None:
    living = (
        'SELECT count(*) FROM "CampaignMember" m LEFT JOIN "Lead" l ON l."Id" = m."LeadId" LEFT JOIN "Contact" c ON'
        ' c."Id" = m."ContactId" WHERE m."IsDeleted" = 0 AND (ifnull(l."IsDeleted", 0) OR ifnull(c."IsDeleted", 0))'
    )
    assert _count(people, living) == 0
    converted = 'SELECT count(*) FROM "CampaignMember" WHERE "LeadId" IS NOT NULL AND "ContactId" IS NOT NULL'
    assert _count(people, converted) > 0


def test_how_much_is_planted(people: Org, samples: Org) -> None:
    names = ("Opportunity", "OpportunityContactRole", "Campaign", "CampaignMember", "Task")
    counts = [[_count(org, f'SELECT count(*) FROM "{name}"') for name in names] for org in (people, samples)]
    assert counts == [[40, 54, 2, 119, 80], [31, 11, 4, 24, 6]]


def test_the_smallest_crowds(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        org = _open(tmp_path / str(number), "people", number)
        assert _count(org, 'SELECT count(*) FROM "Lead"') >= 1
        org.close()
