"""What an org keeps about logging in, apart from its records: policies, secrets, apps and what was granted to them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from simorg.encoding import decode, encode
from simorg.logins.apps import Apps
from simorg.logins.browsers import Browsers
from simorg.logins.grants import Grants
from simorg.logins.passwords import Passwords, Secret
from simorg.logins.policy import DEFAULT, OrgPolicy, Policy, read_org_policy, read_policy
from simorg.logins.rate import LoginRate


@dataclass
class Logins:
    """All of it; `clear` is a new start. Policies of profiles and users by id."""

    org: OrgPolicy = field(default_factory=OrgPolicy)
    default: Policy = DEFAULT
    profiles: dict[str, Policy] = field(default_factory=dict)
    users: dict[str, Policy] = field(default_factory=dict)
    passwords: Passwords = field(default_factory=Passwords)
    apps: Apps = field(default_factory=Apps)
    grants: Grants = field(default_factory=Grants)
    browsers: Browsers = field(default_factory=Browsers)
    rate: LoginRate = field(default_factory=LoginRate)
    #: Where callers seem to be, unless `source_header` names a header that says so.
    source_address: str = "127.0.0.1"
    source_header: str = ""
    _changes: int = 0

    def clear(self) -> None:
        """Policies, passwords, apps and what was granted to them as in a new org."""
        self.passwords.clear()
        self.apps.clear()
        self.grants.clear()
        self.browsers.clear()
        self.rate.clear()
        self.org, self.default = OrgPolicy(), DEFAULT
        self.profiles, self.users = {}, {}
        self.source_address, self.source_header = "127.0.0.1", ""
        self._changes += 1

    def set_profile(self, profile_id: str, policy: Policy) -> None:
        """Gives a profile a policy of its own."""
        self.profiles[profile_id] = policy
        self._changes += 1

    def set_user(self, user_id: str, policy: Policy) -> None:
        """Gives a user a policy of its own."""
        self.users[user_id] = policy
        self._changes += 1

    @property
    def revision(self) -> int:
        """Grows with each change of what is kept."""
        return self._changes + self.passwords.revision + self.apps.revision + self.grants.revision

    def entries(self) -> Mapping[str, Any]:
        """All but browsers and rates, to be kept (`simorg.keeping`)."""
        found: dict[str, Any] = {f"profile.{key}": encode(one) for key, one in self.profiles.items()}
        found |= {f"user.{key}": encode(one) for key, one in self.users.items()}
        found |= {f"password.{key}": encode(one) for key, one in self.passwords.all().items()}
        found |= {f"grant.{key}": one for key, one in self.grants.entries().items()}
        found |= {"org": encode(self.org), "default": encode(self.default), "apps": self.apps.entries()}
        return {**found, "source": {"address": self.source_address, "header": self.source_header}}

    def restore(self, entries: Mapping[str, Any]) -> None:
        """Takes what was kept."""
        self.org, self.default = decode(OrgPolicy, entries["org"]), decode(Policy, entries["default"])
        self.source_address, self.source_header = entries["source"]["address"], entries["source"]["header"]
        for name, one in entries.items():
            kind, _, key = name.partition(".")
            if kind == "profile":
                self.profiles[key] = decode(Policy, one)
            elif kind == "user":
                self.users[key] = decode(Policy, one)
            elif kind == "password":
                self.passwords.restore(key, decode(Secret, one))
        self.apps.restore(entries.get("apps", []))
        self.grants.restore({name[6:]: one for name, one in entries.items() if name.startswith("grant.")})
        self._changes += 1

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
        self._changes += 1

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
