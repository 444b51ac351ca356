"""Settings: read once, strictly, from the environment. No other module of Syncline reads it."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from syncline.errors import ConfigError

#: Every variable of ours, with what it is for.
VARIABLES = {
    "SYNCLINE_HOME": "the folder of the database, the keys and the log",
    "SYNCLINE_PG_BIN": "a folder with PostgreSQL's programs, instead of the built-in ones",
    "SYNCLINE_LOG": "how much is logged: error, warning, info or debug",
    "SYNCLINE_KEY_FILE": "the file of the keys that secrets are sealed with",
    "SYNCLINE_KILL_AT": "for tests: name[:nth][,self|postgres], the moment at which to die",
}
#: Secrets, each also as a file whose path stands in the variable with _FILE behind it.
SECRETS = {"DATABASE_URL": "a PostgreSQL server to use instead of the embedded one"}
#: Secrets of a login that `syncline connect` reads, each also as a file.
LOGIN_SECRETS = {
    "SYNCLINE_CLIENT_SECRET": "client_secret",
    "SYNCLINE_PRIVATE_KEY": "private_key",
    "SYNCLINE_PASSWORD": "password",
    "SYNCLINE_SECURITY_TOKEN": "security_token",
}
#: The access token of an administrator, for `syncline setup`; also as a file.
ADMIN_TOKEN = "SYNCLINE_ADMIN_TOKEN"  # noqa: S105  # the name of a variable

_LOG_LEVELS = ("error", "warning", "info", "debug")
_KILL_AT = re.compile(r"(?P<name>[a-z0-9_.]+)(?::(?P<nth>[1-9]\d*))?(?:,(?P<target>self|postgres))?")


@dataclass(frozen=True)
class KillAt:
    """A moment at which a test kills this process, or the database under it."""

    name: str
    nth: int = 1
    target: str = "self"


@dataclass(frozen=True)
class Settings:
    """What the operator decided."""

    home: Path
    database_url: str | None = field(default=None, repr=False)
    pg_bin: Path | None = None
    log: str = "warning"
    key_file: Path | None = None
    kill_at: KillAt | None = None

    @property
    def server_folder(self) -> Path:
        """The folder of the embedded server."""
        return self.home / "postgresql"

    @property
    def keys(self) -> Path:
        """The file of the key ring."""
        return self.key_file or self.home / "keys" / "ring.json"

    @property
    def log_file(self) -> Path:
        """Where Syncline logs."""
        return self.home / "log" / "syncline.log"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Reads the settings from the environment of the process, or from the one given.

    Raises:
        ConfigError: a variable is unknown, or its value is wrong; the message names it.
    """
    given = dict(os.environ if environment is None else environment)
    _refuse_unknown(given)
    return Settings(
        home=_home(given),
        database_url=_database_url(given),
        pg_bin=_path(given, "SYNCLINE_PG_BIN"),
        log=_log(given),
        key_file=_path(given, "SYNCLINE_KEY_FILE"),
        kill_at=_kill_at(given),
    )


def read_login_secrets(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The secrets of a login that stand in the environment, by their names without the prefix.

    Raises:
        ConfigError: a file that is named cannot be read, or a secret is given twice.
    """
    given = dict(os.environ if environment is None else environment)
    found = {name: _secret(given, variable) for variable, name in LOGIN_SECRETS.items()}
    return {name: value for name, value in found.items() if value is not None}


def has_admin_token(file: Path | None, environment: Mapping[str, str] | None = None) -> bool:
    """Whether an administrator's access token is given, by a file or by the environment."""
    return file is not None or bool(_secret(dict(os.environ if environment is None else environment), ADMIN_TOKEN))


def read_admin_token(file: Path | None, environment: Mapping[str, str] | None = None) -> str:
    """The access token of an administrator, from a file (- is standard input), else from the environment.

    Raises:
        ConfigError: there is none, or the file cannot be read.
    """
    if file is None:
        token = _secret(dict(os.environ if environment is None else environment), ADMIN_TOKEN)
    else:
        try:
            token = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise ConfigError(f"{file} cannot be read: {problem}", remedy="Name a readable file.") from problem
    if not token or not token.strip():
        raise ConfigError(
            "An administrator's access token is needed with --url.",
            remedy=f"Give it with --token-file or {ADMIN_TOKEN}; `sf org display --json` shows one.",
        )
    return token.strip()


def _refuse_unknown(given: Mapping[str, str]) -> None:
    # SYNCLINE_TEST_… steers the tests, which read it themselves.
    ours = [name for name in given if name.startswith("SYNCLINE_") and not name.startswith("SYNCLINE_TEST_")]
    for name in sorted(ours):
        if name not in VARIABLES and name.removesuffix("_FILE") not in (*LOGIN_SECRETS, ADMIN_TOKEN):
            raise ConfigError(
                f"{name} is not a setting of Syncline.",
                remedy=f"Unset it. The settings are: {', '.join((*VARIABLES, *SECRETS))}.",
            )


def _home(given: Mapping[str, str]) -> Path:
    chosen = _path(given, "SYNCLINE_HOME")
    if chosen is not None:
        return chosen
    data = given.get("XDG_DATA_HOME", "")
    if data.startswith("/"):  # the XDG rules: a relative path is to be ignored
        return Path(data) / "syncline"
    return Path.home() / ".local" / "share" / "syncline"


def _path(given: Mapping[str, str], name: str) -> Path | None:
    text = given.get(name)
    if text is None:
        return None
    if not text.strip() or "\x00" in text:
        raise ConfigError(f"{name} is empty.", remedy=f"Name a path in {name}, or unset it.")
    return Path(text).expanduser().absolute()


def _secret(given: Mapping[str, str], name: str) -> str | None:
    file = _path(given, f"{name}_FILE")
    if file is None:
        return given.get(name)
    if name in given:
        raise ConfigError(f"{name} and {name}_FILE are both set.", remedy="Set one of them.")
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError(
            f"{name}_FILE names {file}, which cannot be read: {problem}", remedy="Name a readable file."
        ) from problem


def _database_url(given: Mapping[str, str]) -> str | None:
    url = _secret(given, "DATABASE_URL")
    if url is None:
        return None
    if urlsplit(url).scheme not in ("postgres", "postgresql"):
        raise ConfigError(
            "DATABASE_URL is not a postgresql:// URL.",
            remedy="Write it as postgresql://user:password@host:5432/database, or unset it.",
        )
    return url


def _log(given: Mapping[str, str]) -> str:
    level = given.get("SYNCLINE_LOG", "warning").lower()
    if level not in _LOG_LEVELS:
        raise ConfigError(f"SYNCLINE_LOG is {level!r}.", remedy=f"Set it to one of {', '.join(_LOG_LEVELS)}.")
    return level


def _kill_at(given: Mapping[str, str]) -> KillAt | None:
    text = given.get("SYNCLINE_KILL_AT")
    if text is None:
        return None
    match = _KILL_AT.fullmatch(text)
    if match is None:
        raise ConfigError(f"SYNCLINE_KILL_AT is {text!r}.", remedy="Write name[:nth][,self|postgres], or unset it.")
    return KillAt(match["name"], int(match["nth"] or 1), match["target"] or "self")
