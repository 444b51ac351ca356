"""Authlib, unmodified: the web server flow with a proof key, an id token, and a refresh token that it uses by itself.

The person in front of the browser is here too: requests opens the pages and fills in their forms.
"""

import json
import sys
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

_CALLBACK = "http://localhost:1717/OauthRedirect"


class Fields(HTMLParser):
    """What the first form of a page sends, and where to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.action = ""
        self.values: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = facts["action"]
        elif tag == "input":
            self.values[facts["name"]] = facts.get("value", "")


def allow(start: str, login: dict[str, str]) -> str:
    """Logs in, allows, and gives the address of the app that the browser is sent to."""
    browser = requests.Session()
    page = browser.get(start, timeout=30)
    for typed in ({"un": login["username"], "pw": login["password"]}, {"decision": "allow"}):
        form = Fields(page.text)
        place = urljoin(page.url, form.action)
        page = browser.post(place, data={**form.values, **typed}, timeout=30, allow_redirects=False)
        while page.is_redirect:
            place = urljoin(page.url, page.headers["Location"])
            if place.startswith(_CALLBACK):
                return place
            page = browser.get(place, timeout=30, allow_redirects=False)
    raise AssertionError(page.text)


def use(facts: dict[str, Any]) -> dict[str, Any]:
    """Does it all, and tells what the client gave."""
    base = "https://login.salesforce.com" if facts["road"] == "proxy" else facts["tls_url"]
    found = requests.get(f"{base}/.well-known/openid-configuration", timeout=30).json()
    kept: list[dict[str, Any]] = []
    client = OAuth2Session(
        facts["client_id"],
        facts["client_secret"],
        scope="openid api refresh_token",
        redirect_uri=_CALLBACK,
        code_challenge_method="S256",
        token_endpoint=found["token_endpoint"],
        token_endpoint_auth_method="client_secret_post",
        update_token=lambda token, refresh_token=None, access_token=None: kept.append(dict(token)),
    )
    verifier = generate_token(48)
    start, state = client.create_authorization_url(
        found["authorization_endpoint"], code_verifier=verifier, nonce="n-0S6_WzA2Mj"
    )
    arrived = allow(start, facts["administrator"])
    token = client.fetch_token(
        found["token_endpoint"], authorization_response=arrived, state=state, code_verifier=verifier
    )
    keys = KeySet.import_key_set(requests.get(found["jwks_uri"], timeout=30).json())
    claims = jwt.decode(token["id_token"], keys).claims
    first = client.get(found["userinfo_endpoint"], timeout=30).json()
    # As if its time were over: the client asks for another access token by itself.
    client.token["expires_at"] = 1
    again = client.get(f"{token['instance_url']}/services/data/v64.0/limits", timeout=30)
    revoked = client.revoke_token(found["revocation_endpoint"], token=kept[-1]["refresh_token"])
    after = client.get(f"{token['instance_url']}/services/data/v64.0/limits", timeout=30)
    return {
        "claims": {name: claims[name] for name in ("sub", "aud", "nonce")},
        "id": token["id"],
        "username": first["preferred_username"],
        "refreshed": kept[-1]["access_token"] != token["access_token"],
        "rotated": kept[-1]["refresh_token"] != token["refresh_token"],
        "statuses": [again.status_code, revoked.status_code, after.status_code],
    }


if __name__ == "__main__":
    print(json.dumps(use(json.load(sys.stdin))))
