"""Under which account the server runs, and running its programs so. PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from syncline.errors import OperatorError

#: Tried in this order when Syncline runs as root: an account made for it, then the one every system has.
_CANDIDATES = ("syncline", "nobody")


@dataclass(frozen=True)
class Account:
    """The account of the server; `switched` when it is not our own."""

    name: str
    uid: int
    gid: int
    switched: bool

    def run(
        self, command: Sequence[str | Path], waiting: Callable[[], None] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program as this account to its end, from a folder every account may stand in.

        Standard error goes where standard output goes; `waiting` is called about twice a second meanwhile.
        """
        with subprocess.Popen(
            [str(part) for part in command],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # a Ctrl-C in the terminal is for Syncline, not for its database
            user=self.uid if self.switched else None,
            group=self.gid if self.switched else None,
            extra_groups=[] if self.switched else None,
        ) as process:
            while True:
                try:
                    said, _ = process.communicate(timeout=0.5 if waiting else None)
                except subprocess.TimeoutExpired:
                    if waiting:
                        waiting()
                else:
                    return subprocess.CompletedProcess(process.args, process.returncode, said)

    def give(self, path: Path) -> None:
        """Makes the account the owner of a path that we made."""
        if self.switched:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_enter(self, folder: Path) -> bool:
        """Whether the account can reach a folder through all of its parents."""
        if not self.switched:
            return os.access(folder, os.X_OK)
        return self.run(["test", "-x", folder]).returncode == 0


def choose_account() -> Account:
    """Our own account, or for root an unprivileged one that exists.

    Raises:
        OperatorError: we are root and the system has no such account.
    """
    uid = os.getuid()
    if uid != 0:
        return Account(_name_of(uid), uid, os.getgid(), switched=False)
    for name in _CANDIDATES:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, found.pw_uid, found.pw_gid, switched=True)
    raise OperatorError(
        "PostgreSQL does not run as root, and this system has no account 'nobody' to run it under.",
        remedy="Run Syncline as an ordinary user, or create one for its database: useradd --system syncline",
    )


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise OperatorError(
            f"The user id {uid} has no account on this system, and PostgreSQL refuses to run without one.",
            remedy=f"Add an account for it (useradd --uid {uid} syncline), or set DATABASE_URL to a server.",
        ) from None
