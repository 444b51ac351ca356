"""`syncline objects`: the way of a person from what the org offers to a table, and back."""

from tests.engine.cli.conftest import Syncline
from tests.engine.cli.test_with_org import _connect
from tests.simulated import Simulated


def test_the_way_of_a_person(syncline: Syncline, org: Simulated) -> None:
    assert _connect(syncline, org).status == 0
    offered = syncline("objects", "list", "--available", "--json").facts["available"]
    assert {"object": "Opportunity", "label": "Opportunity"} in offered
    assert "Opportunity" in syncline("objects", "list", "--available").out
    added = syncline("objects", "add", "campaign", "--fields", "Name, status", "--json")
    assert added.status == 0, added.err
    assert added.facts["object"] == "Campaign"
    assert added.facts["fields"][-2:] == ["Name", "Status"]
    assert added.facts["records"] > 0
    assert "API calls the first time" in syncline("objects", "add", "Account").out
    assert syncline("sync", "--yes").status == 0
    listed = {one["object"]: one for one in syncline("objects", "list", "--json").facts["objects"]}
    assert list(listed) == ["Contact", "Lead", "Account", "Campaign"]
    assert listed["Campaign"]["records"] == added.facts["records"]
    assert listed["Campaign"]["fields"] == "Name, Status"
    assert "sf_main.campaign" in syncline("objects", "list").out
    shown = syncline("objects", "show", "Campaign")
    assert "mirrored (Name, Status)" in shown.out
    assert "timestamp with time zone" in shown.out
    swept = syncline("objects", "sweep", "campaign", "--fields", "Status")
    assert "The next sync reads them by value" in swept.out, swept.err
    assert syncline("objects", "sweep", "Campaign", "--json").facts["fields"] == ["Status"]
    assert "mirrored without: Budget" in syncline("objects", "sweep", "Campaign", "--fields", "Budget").err
    removed = syncline("objects", "remove", "campaign", "--drop-table")
    assert removed.status == 0
    assert "is gone" in removed.out
    assert "stays as it stands" in syncline("objects", "remove", "Account").out


def test_what_is_wrong_is_said_with_its_remedy(syncline: Syncline, org: Simulated) -> None:
    assert _connect(syncline, org).status == 0
    assert syncline("objects", "add", "Account", "--fields", "Name", "--all").status == 2
    unknown = syncline("objects", "add", "Acount")
    assert unknown.status == 1
    assert "remedy: See `syncline objects list --available`" in unknown.err
    gone = syncline("objects", "remove", "Account")
    assert gone.status == 1
    assert "syncline objects add Account" in gone.err
