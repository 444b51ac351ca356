"""simple-salesforce on both roads. Over the proxy it is told nothing; over TLS its session gets an adapter that knows
an address, as requests documents for transport adapters, for what insists on https://NAME.salesforce.com.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from again import failures
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce


class Straight(HTTPAdapter):
    """Goes to a given address whatever host is asked for; the Host header stays."""

    def __init__(self, url: str) -> None:
        self._place = urlsplit(url).netloc
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        asked = urlsplit(str(request.url))
        if asked.netloc != self._place:
            request.headers["Host"] = asked.netloc
        request.url = urlunsplit(("https", self._place, asked.path, asked.query, ""))
        return super().send(request, *args, **options)


def make_session(facts: dict[str, Any]) -> requests.Session:
    """A session for a road."""
    session = requests.Session()
    if facts["road"] == "tls":
        session.mount("https://", Straight(facts["tls_url"]))
    return session


def by_password(facts: dict[str, Any], who: str = "") -> Salesforce:
    """Logged in by SOAP as the integration, or as another who is named in the facts."""
    person = facts[who] if who else facts
    names = ("username", "password", "security_token")
    return Salesforce(session=make_session(facts), **{name: person[name] for name in names})


def by_session(facts: dict[str, Any], session_id: str, version: str = "59.0") -> Salesforce:
    """With a session that is there already, without any adapter: the instance is an address that the road has."""
    if facts["road"] == "tls":
        return Salesforce(session_id=session_id, instance_url=facts["tls_url"], version=version)
    return Salesforce(session_id=session_id, instance=facts["my_domain"], version=version)


class Kept:
    """A client that is made anew after a failure: for Bulk and metadata it does not log in again by itself."""

    def __init__(self, make: Callable[[], Salesforce]) -> None:
        self._make = make
        self._sf: Salesforce | None = None
        self._failures = 0

    def __call__(self) -> Salesforce:
        """The client."""
        if self._sf is None or len(failures) > self._failures:
            self._failures = len(failures)
            self._sf = self._make()
        return self._sf
