"""Login policies: where, when and how often somebody may try to log in, and how long a password and a session live.

The most specific one decides: the user's, the profile's, the org's (Salesforce Help, "Login Access Policies",
"Restrict Login IP Ranges and Login Hours on Profiles", "Set Password Policies").
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, time
from ipaddress import ip_address
from typing import Any

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ORG_STATES = ("active", "inactive", "locked", "trial_expired", "unavailable")


@dataclass(frozen=True)
class Policy:
    """One policy; None leaves a matter to the next wider one.

    `ip_ranges` are pairs of first and last address; none at all means everywhere. `hours` is day → (from, until) as
    HH:MM in the org's time zone; with any day given, a day that is not given is closed.
    """

    ip_ranges: tuple[tuple[str, str], ...] | None = None
    hours: Mapping[str, tuple[str, str]] | None = None
    #: Wrong passwords in a row until the user is locked out; 0 is without end.
    lockout_attempts: int | None = None
    #: How long a lock-out lasts; 0 until an administrator resets the password.
    lockout_minutes: int | None = None
    #: How long a password lives; 0 for ever.
    password_days: int | None = None
    session_seconds: int | None = None


#: What a new org has (Salesforce Help, "Set Password Policies").
DEFAULT = Policy((), {}, 10, 15, 90, None)


@dataclass(frozen=True)
class OrgPolicy:
    """What only the org as a whole decides."""

    #: One of ORG_STATES.
    state: str = "active"
    #: From there no security token is needed (Salesforce Help, "Set Trusted IP Ranges for Your Organization").
    trusted_ranges: tuple[tuple[str, str], ...] = ()
    #: Salesforce Help, "Block Authorization Flows to Improve Security".
    block_password_flow: bool = False
    #: Whether SOAP login says PASSWORD_LOCKOUT to somebody locked out, or INVALID_LOGIN as to anybody.
    tells_lockout: bool = False
    #: How often a user may log in within an hour; 0 is without end (Salesforce Help, "Login Rate Limits").
    logins_per_hour: int = 3_600


def read_policy(asked: Mapping[str, Any], before: Policy) -> Policy:
    """A policy changed by what JSON says; null takes a part away.

    Raises:
        ValueError: it names no such part, or an address, a day, a time or a number that is none.
    """
    known = {one.name for one in fields(Policy)}
    if unknown := sorted(set(asked) - known):
        raise ValueError(f"no such part of a policy: {', '.join(unknown)}. There are: {', '.join(sorted(known))}")
    changes: dict[str, Any] = {}
    for name, value in asked.items():
        if value is None:
            changes[name] = None
        elif name == "ip_ranges":
            changes[name] = read_ranges(value)
        elif name == "hours":
            changes[name] = _read_hours(value)
        else:
            changes[name] = _read_count(name, value)
    return replace(before, **changes)


def read_org_policy(asked: Mapping[str, Any], before: OrgPolicy) -> OrgPolicy:
    """The org's own part changed by what JSON says.

    Raises:
        ValueError: it names no such part or a value that it cannot have.
    """
    changes = dict(asked)
    if "trusted_ranges" in changes:
        changes["trusted_ranges"] = read_ranges(changes["trusted_ranges"] or ())
    if changes.get("state", "active") not in ORG_STATES:
        raise ValueError(f"state is one of {', '.join(ORG_STATES)}")
    for name in ("block_password_flow", "tells_lockout"):
        if not isinstance(changes.get(name, False), bool):
            raise ValueError(f"{name} is true or false")
    if "logins_per_hour" in changes:
        _read_count("logins_per_hour", changes["logins_per_hour"])
    return replace(before, **changes)


def combine(policies: Iterable[Policy]) -> Policy:
    """What holds, of policies from the most specific to the widest."""
    found: dict[str, Any] = {}
    for policy in policies:
        for name, value in vars(policy).items():
            if found.get(name) is None:
                found[name] = value
    return Policy(**found)


def is_within(address: str, ranges: Sequence[tuple[str, str]]) -> bool:
    """Whether an address lies in one of some ranges; what is no address lies in none."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    for first, last in ranges:
        low, high = ip_address(first), ip_address(last)
        if found.version == low.version and int(low) <= int(found) <= int(high):
            return True
    return False


def is_open(hours: Mapping[str, tuple[str, str]], at: datetime) -> bool:
    """Whether somebody may log in at a moment of the org's time zone."""
    if not hours:
        return True
    span = hours.get(DAYS[at.weekday()])
    if span is None:
        return False
    return _read_time(span[0]) <= at.time() and (span[1] == "24:00" or at.time() < _read_time(span[1]))


def read_ranges(value: Any) -> tuple[tuple[str, str], ...]:
    """Ranges of addresses as JSON has them: pairs, or single addresses.

    Raises:
        ValueError: one is none.
    """
    found = []
    for one in value:
        first, last = (one, one) if isinstance(one, str) else (str(one[0]), str(one[1]))
        low, high = ip_address(first), ip_address(last)
        if low.version != high.version or int(low) > int(high):
            raise ValueError(f"{first} to {last} is no range")
        found.append((first, last))
    return tuple(found)


def _read_hours(value: Any) -> dict[str, tuple[str, str]]:
    if not isinstance(value, dict) or not set(value) <= set(DAYS):
        raise ValueError(f"hours are by day: {', '.join(DAYS)}")
    hours = {day: (str(span[0]), str(span[1])) for day, span in value.items()}
    for first, last in hours.values():
        _read_time(first)
        if last != "24:00":
            _read_time(last)
    return hours


def _read_time(text: str) -> time:
    return time.fromisoformat(text)


def _read_count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} is a whole number, 0 or more")
    return value
