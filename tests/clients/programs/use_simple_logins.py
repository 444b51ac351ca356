"""simple-salesforce, unmodified: every way in that it has, to production or a sandbox, and how it tells refusals."""

import json
import sys
from pathlib import Path
from typing import Any

from again import again, failures, refusal
from simple_roads import by_session, make_session
from simple_salesforce import Salesforce, SalesforceLogin


def log_in(facts: dict[str, Any], **how: Any) -> list[Any]:
    """Who one is after a login, and at which host."""

    def ask() -> list[Any]:
        sf = Salesforce(session=make_session(facts), **how)
        return [sf.oauth2("userinfo")["preferred_username"], sf.sf_instance]

    return again(ask)


def use(facts: dict[str, Any]) -> dict[str, Any]:
    """Every login, then those that are refused."""
    user = {"username": facts["username"]}
    word = {**user, "password": facts["password"]}
    token = {**word, "security_token": facts["security_token"]}
    key = {"consumer_key": facts["client_id"]}
    secret = {**key, "consumer_secret": facts["client_secret"]}
    door = {"domain": "test" if facts["sandbox"] else "login"}
    own = {"domain": facts["my_domain"].removesuffix(".salesforce.com")}
    whole = {**user, "password": facts["password"] + facts["security_token"]}
    ways: dict[str, dict[str, Any]] = {
        "soap": {**token, **door},
        "soap at the My Domain": {**token, **own, "client_id": "try"},
        "soap from a trusted address": {**word, **door, "organizationId": facts["org_id"]},
        "oauth password": {**whole, **secret, **door},
        "oauth password at the My Domain": {**whole, **secret, **own},
        "jwt by a key file": {**user, **key, **door, "privatekey_file": facts["private_key"]},
        "jwt by a key": {**user, **key, **door, "privatekey": Path(facts["private_key"]).read_text()},
        "client credentials": {**secret, **own},
    }
    told: dict[str, Any] = {"logins": {name: log_in(facts, **how) for name, how in ways.items()}}
    bad = {"password": "wrong", "security_token": facts["security_token"]}
    refused = {
        "soap": ({**user, **bad, **door}, "INVALID_LOGIN"),
        "soap in a version without": ({**token, **door, "version": "65.0"}, "INVALID_OPERATION"),
        "oauth password": ({**user, "password": "wrong", **secret, **door}, "invalid_grant"),
        "jwt of nobody": ({"username": "nobody@example.com", **ways["jwt by a key"] | {"username": "x@example.com"}},
                          "invalid_grant"),
        "client credentials": ({**key, "consumer_secret": "wrong", **own}, "invalid_client"),
        "client credentials at a login host": ({**secret, **door}, "INVALID AUTH"),
    }  # fmt: skip
    told["refused"] = {
        name: refusal(lambda how=how: Salesforce(session=make_session(facts), **how), code)
        for name, (how, code) in refused.items()
    }
    return told | use_session(facts, token | door)


def use_session(facts: dict[str, Any], how: dict[str, Any]) -> dict[str, Any]:
    """A session used by its id, without a login and without an adapter; ended, and what each client does then."""

    def begin() -> list[Any]:
        session_id, _ = SalesforceLogin(session=make_session(facts), **how)
        direct, owner = by_session(facts, session_id), Salesforce(session=make_session(facts), **how)
        name = direct.oauth2("userinfo")["preferred_username"]
        for sf in (direct, owner):
            sf.oauth2("revoke", params={"token": sf.session_id}, method="POST")
        gone = refusal(lambda: direct.limits(), "INVALID_SESSION_ID")
        before = owner.session_id
        owner.limits()
        return [name, gone, owner.session_id != before]

    return {"session": again(begin)}


print(json.dumps({**use(json.load(sys.stdin)), "failures": failures}))
