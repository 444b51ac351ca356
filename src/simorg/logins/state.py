"""What an org keeps about logging in, apart from its records: policies and secrets."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from simorg.logins.passwords import Passwords
from simorg.logins.policy import DEFAULT, OrgPolicy, Policy, read_org_policy, read_policy


@dataclass
class Logins:
    """All of it; `clear` is a new start. Policies of profiles and users by id."""

    org: OrgPolicy = field(default_factory=OrgPolicy)
    default: Policy = DEFAULT
    profiles: dict[str, Policy] = field(default_factory=dict)
    users: dict[str, Policy] = field(default_factory=dict)
    passwords: Passwords = field(default_factory=Passwords)
    #: Where callers seem to be, unless `source_header` names a header that says so.
    source_address: str = "127.0.0.1"
    source_header: str = ""

    def clear(self) -> None:
        """Policies and passwords as in a new org."""
        self.passwords.clear()
        self.org, self.default = OrgPolicy(), DEFAULT
        self.profiles, self.users = {}, {}
        self.source_address, self.source_header = "127.0.0.1", ""

    def source_of(self, headers: Mapping[str, str]) -> str:
        """The address that a request seems to come from."""
        told = headers.get(self.source_header, "") if self.source_header else ""
        return told.strip() or self.source_address

    def change(self, asked: Mapping[str, Any]) -> None:
        """Changes what belongs to the whole org: its own parts, the default policy, and where callers are.

        Raises:
            ValueError: it names what there is not.
        """
        rest = dict(asked)
        own = {name: rest.pop(name) for name in vars(self.org) if name in rest}
        org = read_org_policy(own, self.org)
        address = str(rest.pop("source_address", self.source_address))
        header = str(rest.pop("source_header", self.source_header)).lower()
        default = read_policy(rest, self.default)
        if missing := [name for name, value in vars(default).items() if value is None and name != "session_seconds"]:
            raise ValueError(f"the org itself has to decide about {', '.join(missing)}")
        self.org, self.default = org, default
        self.source_address, self.source_header = address, header

    def described(self) -> dict[str, Any]:
        """The policies as JSON has them."""
        return {
            **asdict(self.org),
            **asdict(self.default),
            "source_address": self.source_address,
            "source_header": self.source_header,
            "profiles": {key: asdict(one) for key, one in self.profiles.items()},
            "users": {key: asdict(one) for key, one in self.users.items()},
        }
