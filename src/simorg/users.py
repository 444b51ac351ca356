"""Who uses an org, and how each proves it: names, passwords, tokens and keys, derived from the seed's name."""

import functools
import hashlib
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ADMINISTRATOR = "admin"
INTEGRATION = "integration"
COLLEAGUE = "colleague"
SALES_REP = "rep"
MINIMAL = "minimal"
#: Who may log in, by what they are: everything, what an integration needs, a standard user with a role above the sales
#: representative's, that one, and an API-only user with nothing.
ROLES = (ADMINISTRATOR, INTEGRATION, COLLEAGUE, SALES_REP, MINIMAL)


@dataclass(frozen=True)
class Login:
    """One user's way in. `user_id` has 18 characters."""

    user_id: str
    username: str
    password: str
    security_token: str


@dataclass(frozen=True)
class ConnectedApp:
    """The client application of an org; the client credentials flow runs as `run_as`."""

    client_id: str
    client_secret: str
    run_as: str
    private_key: bytes
    public_key: rsa.RSAPublicKey


@dataclass
class Users:
    """The logins of an org by role (see ROLES), and its app."""

    logins: dict[str, Login] = field(default_factory=dict)
    app: ConnectedApp | None = None

    def by_username(self, username: str) -> Login | None:
        """A login, by its name in any case."""
        return next((one for one in self.logins.values() if one.username.lower() == username.lower()), None)


def derive(*parts: str, length: int = 24) -> str:
    """A secret that is the same for the same seed; good for a simulated org and nothing else."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:length]


def build_login(seed: str, role: str, user_id: str) -> Login:
    """The login of a role."""
    return Login(
        user_id=user_id,
        username=f"{role}@{seed}.simorg.example",
        password=f"pw-{derive(seed, role, 'password', length=12)}",
        security_token=derive(seed, role, "token"),
    )


@functools.cache
def _make_key(seed: str) -> rsa.RSAPrivateKey:
    """The key of an app: made once in a process for each seed, for making one takes longer than all else of an org."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def build_app(seed: str, run_as: str, known: ConnectedApp | None = None) -> ConnectedApp:
    """The org's app, with the key it had, or that of its seed in this process."""
    if known:
        return replace(known, run_as=run_as)
    key = _make_key(seed)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return ConnectedApp(
        client_id=f"3MVG9{derive(seed, 'client', length=60)}",
        client_secret=derive(seed, "secret", length=64).upper(),
        run_as=run_as,
        private_key=pem,
        public_key=key.public_key(),
    )
