"""The owner of the session: one login however many threads ask, renewed once when Salesforce says it is over."""

import threading
from collections.abc import Callable

from syncline.salesforce.auth import Token, log_in
from syncline.salesforce.credentials import Credentials
from syncline.salesforce.transport import Transport


class TokenOwner:
    """Gives the current token, and renews it; `on_change` hears of each new one before it is used."""

    def __init__(
        self,
        credentials: Credentials,
        transport: Transport,
        stored: Token | None = None,
        on_change: Callable[[Token], None] | None = None,
    ) -> None:
        self._credentials = credentials
        self._transport = transport
        self._token = stored
        self._on_change = on_change
        self._lock = threading.Lock()

    def current(self) -> Token:
        """The token in use; logs in where there is none yet.

        Raises:
            ConnectionBroken: Salesforce refuses the login.
        """
        with self._lock:
            return self._token or self._renew()

    def refresh(self, rejected: Token) -> Token:
        """A token newer than the one that was rejected; whoever asks first logs in, the others get the result.

        Raises:
            ConnectionBroken: Salesforce refuses the login.
        """
        with self._lock:
            if self._token is not None and self._token != rejected:
                return self._token
            return self._renew()

    def _renew(self) -> Token:
        token = log_in(self._credentials, self._transport)
        if self._on_change:
            self._on_change(token)
        self._token = token
        return token
