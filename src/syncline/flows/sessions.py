"""Sessions that outlive a run: a process that works on an org again and again logs in once, not at every look."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from syncline.domain.connection import Connection
from syncline.domain.ids import ConnectionId
from syncline.flows.connect import Login, build_credentials, stored_login
from syncline.salesforce.auth import Token
from syncline.salesforce.client import Salesforce
from syncline.salesforce.token import TokenOwner
from syncline.salesforce.transport import Transport
from syncline.store.secrets import KeyRing


class Sessions:
    """The latest session of each connection, held in memory only; safe to use from several threads."""

    def __init__(self) -> None:
        self._kept: dict[ConnectionId, tuple[Login, Token]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def open_client(self, connection: Connection, keys: KeyRing) -> Iterator[Salesforce]:
        """A client of a stored connection, with the session of the one before where the login is still the same.

        Raises:
            ConfigError: the stored secrets cannot be opened.
        """
        login = stored_login(connection, keys)
        transport = Transport()
        try:
            owner = TokenOwner(
                build_credentials(login),
                transport,
                stored=self._find(connection.id, login),
                on_change=lambda token: self._keep(connection.id, login, token),
            )
            yield Salesforce(owner, transport, api_version=connection.api_version)
        finally:
            transport.close()

    def _find(self, connection_id: ConnectionId, login: Login) -> Token | None:
        with self._lock:
            known = self._kept.get(connection_id)
        return known[1] if known and known[0] == login else None

    def _keep(self, connection_id: ConnectionId, login: Login, token: Token) -> None:
        with self._lock:
            self._kept[connection_id] = (login, token)
