"""The package: deployed by the Metadata API into a fresh org, it gives the same fields and rights as a set-up does."""

import io
import zipfile
from collections.abc import Callable

from syncline.domain.provision import SET_NAME, Action
from syncline.salesforce.client import Salesforce
from syncline.salesforce.permissions import load_rights
from syncline.setup import provision
from syncline.setup.package import build_package, build_zip
from tests.clients.metadata import administrator, deploy
from tests.engine.setup.conftest import Empty


def test_a_deploy_gives_what_a_set_up_gives(start_empty: Callable[[], Empty]) -> None:
    """Rights of the set and facts of the fields agree."""
    by_hand, by_package = start_empty(), start_empty()
    blueprint = by_hand.blueprint()
    actual = by_hand.apply(blueprint)
    files = build_package(blueprint, "64.0")
    done = deploy(by_package.org, administrator(by_package.org), _unzip(build_zip(files)))
    assert done["success"] == ["true"], done
    assert actual.permission_set is not None
    assert _rights(by_package.client) == actual.permission_set.rights == frozenset(blueprint.rights)
    left = [one.action for one in provision.plan(by_package.client, blueprint).steps]
    assert left == [Action.CREATE_USER, Action.ASSIGN_LICENSE, Action.ASSIGN_SET, Action.SHOW_FIELD]
    assert "syncline@people.example" in files["README.txt"]
    by_package.apply(blueprint)
    assert provision.plan(by_package.client, blueprint).steps == ()


def _unzip(zipped: bytes) -> dict[str, str | bytes]:
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _rights(client: Salesforce) -> frozenset[object]:
    (found,) = client.query(f"SELECT Id FROM PermissionSet WHERE Name = '{SET_NAME}'").records
    return frozenset(load_rights(client, [found["Id"]]))
