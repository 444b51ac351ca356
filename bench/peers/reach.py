"""Lets simple-salesforce, which only speaks https to *.salesforce.com, reach an org on the loopback."""

import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

#: The host the client believes it talks to.
INSTANCE = "simulated.my.salesforce.com"


class LoopbackAdapter(HTTPAdapter):
    """Rewrites scheme, host and port of each request, keeps the Host header, and notes when a job was complete."""

    def __init__(self, org_url: str) -> None:
        self._target = urlsplit(org_url)
        #: By job id, the moment at which an answer first said JobComplete.
        self.completed: dict[str, float] = {}
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        request.headers["Host"] = parts.netloc
        request.url = urlunsplit((self._target.scheme, self._target.netloc, parts.path, parts.query, ""))
        response = super().send(request, *args, **kwargs)
        job = parts.path.rpartition("/jobs/query/")[2]
        polled = request.method == "GET" and "/" not in job and job not in self.completed
        if polled and response.json().get("state") == "JobComplete":
            self.completed[job] = time.perf_counter()
        return response


def open_session(org_url: str) -> tuple[requests.Session, LoopbackAdapter]:
    """A session of requests whose every https call goes to the simulated org."""
    adapter = LoopbackAdapter(org_url)
    session = requests.Session()
    session.mount("https://", adapter)
    return session, adapter


def fetch_token(org_url: str, client_id: str, client_secret: str) -> str:
    """An access token by the client-credentials flow."""
    answer = requests.post(
        f"{org_url}/services/oauth2/token",
        data={"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret},
        timeout=30,
    )
    answer.raise_for_status()
    token: str = answer.json()["access_token"]
    return token
