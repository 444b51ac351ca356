"""The application that every org comes with, and the records that stand for applications."""

from dataclasses import replace

from simorg.ids import build_id, read_number
from simorg.logins.apps import ClientApp, build_sample
from simorg.logins.history import forget_all, note_app
from simorg.org import INSTANCE, Org
from simorg.users import INTEGRATION

_PREFIX = "0H4"


def begin_with_sample(org: Org) -> None:
    """Gives an org its app, which its integration user has approved."""
    connected = org.users.app
    assert connected is not None
    app = replace(build_sample(connected), record_id=build_id(_PREFIX, INSTANCE, 1))
    org.logins.apps.begin_with(app)
    forget_all(org)
    note_app(org, app)
    org.logins.grants.clear()
    org.logins.grants.approve(app.client_id, org.users.logins[INTEGRATION].user_id, app.scopes)


def adopt_sample(org: Org) -> None:
    """Gives an org that is opened again its app: as it was kept, but for the key, which each start makes anew."""
    connected, kept = org.users.app, org.logins.apps.listed()
    if connected is None or not kept:
        begin_with_sample(org)
        return
    org.logins.apps.put(replace(kept[0], public_key=connected.public_key))


def add_app(org: Org, app: ClientApp) -> ClientApp:
    """Adds an app, or changes the one of its client id."""
    known = org.logins.apps.find(app.client_id)
    if known is None:
        numbers = [read_number(one.record_id) for one in org.logins.apps.listed()]
        app = replace(app, record_id=build_id(_PREFIX, INSTANCE, max(numbers) + 1))
    org.logins.apps.put(app)
    note_app(org, app)
    return app
