"""What a person does with a browser that has no script: opens pages, fills in forms, and is sent on to an app."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests

from tests.simulated import Simulated

CALLBACK = "http://localhost:1717/OauthRedirect"


@dataclass
class Form:
    """A form: where it goes, its fields with their values, the names of its labelled fields, and its buttons."""

    action: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """A page as it is read: its forms, the text of its labels by the field that they are for, and all its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.labels: dict[str, str] = {}
        self.text = ""
        self._label = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes what belongs to a form."""
        facts = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(facts["action"]))
        elif tag == "input":
            self.forms[-1].fields[facts["name"]] = facts.get("value", "")
            self.forms[-1].ids[facts.get("id", "")] = facts["name"]
        elif tag == "button":
            self.forms[-1].buttons.append(facts.get("value", ""))
        self._label = facts.get("for", "") if tag == "label" else ""

    def handle_data(self, data: str) -> None:
        """Notes text."""
        self.text += data
        if self._label:
            self.labels[self._label] = data
            self._label = ""


class Browser:
    """One browser with its cookies; it follows redirects within the org, and stops at those that lead to an app."""

    def __init__(self, org: Simulated, base_url: str = "") -> None:
        self.org = org
        self.base_url = base_url or org.url
        self.session = requests.Session()
        self.session.trust_env = False
        self.answer = requests.Response()

    @property
    def page(self) -> Page:
        """The page that is shown."""
        return Page(self.answer.text)

    @property
    def left_for(self) -> dict[str, str]:
        """What the app is told at its address; nothing while the browser is still at the org."""
        place = self.answer.headers.get("Location", "")
        return dict(parse_qsl(urlsplit(place).query, keep_blank_values=True)) if place else {}

    def authorize(self, **more: str) -> "Browser":
        """Opens the authorization page as an app would; an empty value leaves a parameter out."""
        asked = {
            "response_type": "code",
            "client_id": self.org.facts["client_id"],
            "redirect_uri": CALLBACK,
            "state": "s t/ä+&=",
            **more,
        }
        query = urlencode({name: value for name, value in asked.items() if value})
        return self.open(f"/services/oauth2/authorize?{query}")

    def open(self, place: str) -> "Browser":
        """Opens a page."""
        return self._follow(self.session.get(urljoin(self.base_url, place), allow_redirects=False, timeout=30))

    def send(self, **values: Any) -> "Browser":
        """Sends the form of the page with what is typed in."""
        form = self.page.forms[0]
        sent = {**form.fields, **values}
        place = urljoin(self.base_url, form.action)
        return self._follow(self.session.post(place, data=sent, allow_redirects=False, timeout=30))

    def log_in(self, role: str = "admin", password: str = "") -> "Browser":
        """Fills in the login page."""
        login = self.org.org.users.logins[role]
        return self.send(un=login.username, pw=password or login.password)

    def allow(self) -> "Browser":
        """Presses Allow."""
        return self.send(decision="allow")

    def _follow(self, answer: requests.Response) -> "Browser":
        while answer.is_redirect and urljoin(self.base_url, answer.headers["Location"]).startswith(self.base_url):
            answer = self.session.get(
                urljoin(self.base_url, answer.headers["Location"]), allow_redirects=False, timeout=30
            )
        self.answer = answer
        return self


def redeem(org: Simulated, code: str, **more: str) -> requests.Response:
    """What an app does with its code; an empty value leaves a parameter out."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": org.facts["client_id"],
        "client_secret": org.facts["client_secret"],
        **more,
    }
    form = {name: value for name, value in form.items() if value}
    return requests.post(f"{org.url}/services/oauth2/token", data=form, timeout=30)


def refresh(org: Simulated, token: str, **more: str) -> requests.Response:
    """What an app does with its refresh token."""
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "client_id": org.facts["client_id"],
        "client_secret": org.facts["client_secret"],
        **more,
    }
    form = {name: value for name, value in form.items() if value}
    return requests.post(f"{org.url}/services/oauth2/token", data=form, timeout=30)


def connect_app(org: Simulated, role: str = "admin", scope: str = "api refresh_token id") -> dict[str, Any]:
    """The whole web server flow; gives what the app gets."""
    browser = Browser(org).authorize(scope=scope).log_in(role)
    if browser.page.forms:
        browser.allow()
    got: dict[str, Any] = redeem(org, browser.left_for["code"]).json()
    return got
