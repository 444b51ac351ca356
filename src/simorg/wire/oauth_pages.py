"""The pages that people see: log in, allow, and what went wrong. Plain HTML that needs no script."""

from collections.abc import Mapping
from html import escape
from urllib.parse import quote

from simorg.logins.apps import SCOPES, ClientApp
from simorg.wire.http import ApiResponse

#: Where the forms go.
LOGIN, CONSENT = "/login", "/setup/secur/RemoteAccessAuthorizationPage.apexp"
_HTML = "text/html;charset=UTF-8"
#: Nothing from elsewhere, in no other site's frame, kept nowhere, and no address told to whom the browser goes next.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:3rem auto;padding:0 1rem;color:#181818}"
    "label{display:block;font-weight:600;margin-top:1rem}"
    "input[type=text],input[type=password]{width:100%;box-sizing:border-box;font:inherit;padding:.5rem}"
    "button{font:inherit;margin:1.5rem .5rem 0 0;padding:.5rem 1.5rem}"
    ".error{color:#8e030f;font-weight:600}footer{margin-top:3rem;color:#5c5c5c;font-size:.875rem}"
)


def build_login(
    app: ClientApp, hidden: Mapping[str, str], *, username: str = "", error: str = "", status: int = 200
) -> ApiResponse:
    """Asks for username and password."""
    told = f'<p class="error" role="alert" id="error">{escape(error)}</p>' if error else ""
    content = (
        f'{told}<form method="post" action="{LOGIN}">{_hide(hidden)}'
        '<label for="username">Username</label>'
        f'<input type="text" id="username" name="un" value="{escape(username)}" autocomplete="username"'
        f"{' autofocus' if not username else ''} required>"
        '<label for="password">Password</label>'
        '<input type="password" id="password" name="pw" autocomplete="current-password"'
        f"{' autofocus' if username else ''} required>"
        '<button type="submit" id="Login">Log In</button></form>'
        f"<p>to go on to {escape(app.name)}</p>"
    )
    return _page("Login", "Log in to the simulated org", content, status)


def build_consent(app: ClientApp, hidden: Mapping[str, str], username: str, scopes: tuple[str, ...]) -> ApiResponse:
    """Asks whether an app may do something."""
    listed = "".join(f"<li>{escape(SCOPES[one])}</li>" for one in scopes)
    content = (
        f"<p><strong>{escape(app.name)}</strong> is asking to:</p><ul>{listed}</ul>"
        f"<p>Do you want to allow access for <strong>{escape(username)}</strong>?</p>"
        f'<form method="post" action="{CONSENT}">{_hide(hidden)}'
        '<button type="submit" name="decision" value="allow" id="oaapprove">Allow</button>'
        '<button type="submit" name="decision" value="deny" id="oadeny">Deny</button>'
        '<p>Not you? <button type="submit" name="decision" value="other" id="oaother">Log in as somebody else</button>'
        "</p></form>"
    )
    return _page("Allow Access?", "Allow access?", content, 200)


def build_error(error: str, description: str) -> ApiResponse:
    """Says what cannot be told to the app, because it is not sure that it is the app's address."""
    told = f"error={quote(error)}&error_description={quote(description)}"
    content = f'<p class="error" role="alert">{escape(description)}</p><p><code>{escape(told)}</code></p>'
    return _page("OAuth Error", "We can't authorize you", content, 400)


def build_expired() -> ApiResponse:
    """Says that a form is of no use any more: too old, already sent, or from another browser."""
    content = '<p class="error" role="alert">This page is not valid any more. Go back to the app and begin again.</p>'
    return _page("OAuth Error", "Begin again", content, 400)


def _page(title: str, heading: str, content: str, status: int) -> ApiResponse:
    html = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} | simorg</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(heading)}</h1>{content}</main>"
        "<footer>simorg, a simulated org. Do not type passwords of real ones.</footer></body></html>"
    )
    return ApiResponse(status, html.encode("utf-8", "replace"), _HTML, dict(_HEADERS))


def _hide(hidden: Mapping[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in hidden.items()
    )
