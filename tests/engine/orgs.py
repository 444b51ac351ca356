"""A simulated org and Syncline connected to it, as the flows do it: over HTTP, with OAuth."""

from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from typing import Any

import psycopg

from syncline import clock
from syncline.domain.connection import Connection
from syncline.domain.mapping import Mapping
from syncline.flows.auth_kinds import AuthKind
from syncline.flows.connect import Login, connect, make_client
from syncline.flows.demo import send_more
from syncline.flows.runs import open_run
from syncline.salesforce.client import Salesforce
from syncline.store.database import Database
from syncline.store.mappings import load_mapping, save_mapping
from syncline.store.secrets import KeyRing
from syncline.sync import agreement, run
from syncline.sync.agreement import Agreement
from syncline.sync.context import SyncContext, SyncSettings
from syncline.sync.run import RunReport
from tests.simulated import Simulated

NAME = "main"


def login_to(org: Simulated) -> Login:
    """The integration user's way in."""
    return Login(
        AuthKind.CLIENT_CREDENTIALS,
        org.url,
        client_id=org.facts["client_id"],
        secrets={"client_secret": org.facts["client_secret"]},
    )


def colleague_of(org: Simulated) -> AbstractContextManager[Salesforce]:
    """The client of somebody else who works in the org."""
    person = org.facts["colleague"]
    secrets = {
        "client_secret": org.facts["client_secret"],
        "password": person["password"],
        "security_token": person["security_token"],
    }
    return make_client(Login(AuthKind.PASSWORD, org.url, org.facts["client_id"], person["username"], secrets))


@dataclass
class Hub:
    """Syncline on the test's database, beside an org."""

    database: Database
    keys: KeyRing
    org: Simulated
    settings: SyncSettings = field(default_factory=SyncSettings)

    def connect(self, *, both_ways: bool = True) -> Connection:
        """Connects; a few fields move both ways."""
        connected = connect(self.keys, NAME, login_to(self.org))
        if both_ways:
            save_mapping(connected.connection.id, send_more(connected.mapping), clock.now())
        return connected.connection

    @property
    def mapping(self) -> Mapping:
        """The mapping in use."""
        with self.open() as ctx:
            mapping = load_mapping(ctx.connection.id)
        assert mapping is not None
        return mapping

    def open(self, kind: str = "sync") -> AbstractContextManager[SyncContext]:
        """One run."""
        return open_run(self.database, self.keys, NAME, kind)

    def sync(self, **how: Any) -> RunReport:
        """One whole sync, approved."""
        with self.open() as ctx:
            ctx.settings = self.settings
            return run.sync(ctx, approve=how.pop("approve", True), allow_large_change=True, **how)

    def prove(self) -> Agreement:
        """Agreement by a fresh full read."""
        with self.open("proof") as ctx:
            return agreement.compare(ctx)

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of a query on our database."""
        with closing(self.database.connect("test")) as conn:
            return conn.execute(statement.encode(), parameters).fetchall()

    def execute(self, statement: str, *parameters: object) -> int:
        """A statement of somebody else on our database, committed; rows it touched."""
        with psycopg.connect(self.database.url) as conn:
            return conn.execute(statement.encode(), parameters).rowcount

    def small_pages(self) -> None:
        """Everything in many small steps."""
        self.settings = replace(self.settings, batch_rows=50, send_rows=10, look_rows=40)
