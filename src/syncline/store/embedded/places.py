"""Where the files of a server stand, who may reach them, and that nobody else put them there."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from syncline.errors import OperatorError
from syncline.store.embedded.accounts import Account

#: Where root keeps what an unprivileged account must be able to reach.
SHARED_STATE = Path("/var/lib/syncline")
#: A Unix socket's path may have 107 bytes; ".s.PGSQL.5432.lock" takes 19 of them.
_SOCKET_FOLDER_BYTES = 80


@dataclass(frozen=True)
class Places:
    """The files of one server."""

    folder: Path
    sockets: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder, owned by the server's account."""
        return self.folder / "data"

    @property
    def passwords(self) -> Path:
        """The passwords of the roles."""
        return self.folder / "passwords.json"

    @property
    def log(self) -> Path:
        """What the server says; written by its account, so inside its own folder."""
        return self.data / "server.log"


def choose_places(folder: Path, account: Account, socket_root: Path) -> Places:
    """Chooses the places for a server whose files belong in `folder`; makes the folders, private.

    When root keeps the folder where the server's account cannot reach it (under /root, say), the files go to a
    folder of their own under /var/lib/syncline, named after this one: parents are never opened up.

    Raises:
        OperatorError: a folder cannot be made or used, or is somebody else's.
    """
    reached = _choose_folder(folder.absolute(), account)
    sockets = socket_root / f"syncline-{_digest(reached)}"
    if len(os.fsencode(sockets)) > _SOCKET_FOLDER_BYTES:
        raise OperatorError(
            f"The path of the database's socket is too long: {sockets}",
            remedy=f"Choose a folder for sockets with a path under {_SOCKET_FOLDER_BYTES - 30} bytes, such as /tmp.",
        )
    make_private(sockets, account)
    return Places(reached, sockets)


def make_private(folder: Path, account: Account) -> None:
    """Makes a folder only the server's account may use, or checks that one that is there is exactly so.

    Raises:
        OperatorError: it is a link, is somebody else's, or others may enter it.
    """
    try:
        folder.mkdir(mode=0o700)
        account.give(folder)
    except FileExistsError:
        pass
    except OSError as problem:
        raise _unusable(folder, problem) from problem
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (account.uid, os.getuid()) or found.st_mode & 0o077:
        raise OperatorError(
            f"{folder} is not a private folder of the account {account.name!r}.",
            remedy=f"Somebody else may have put it there. Look at it, then remove it: rm -r {folder}",
        )
    if found.st_uid != account.uid:
        account.give(folder)  # made by a start that was cut short


def _choose_folder(folder: Path, account: Account) -> Path:
    beside = SHARED_STATE / f"home-{_digest(folder)}"
    if account.switched and (beside / "data").is_dir():
        return _make_folder(beside, account)  # where an earlier start put it, whatever became of the rights since
    made = _make_folder(folder, account)
    if account.can_enter(made):
        return made
    if (made / "data").is_dir():
        raise OperatorError(
            f"The account {account.name!r} can no longer reach the database in {made}.",
            remedy=f"Let it pass through the folders above: chmod o+x on each of {made} and its parents.",
        )
    _make_folder(SHARED_STATE, account)
    return _make_folder(beside, account)


def _make_folder(folder: Path, account: Account) -> Path:
    # The account passes through to its data folder, and cannot list or change what is here.
    mode = 0o711 if account.switched else 0o700
    try:
        if not folder.is_dir():
            folder.mkdir(mode=mode, parents=True, exist_ok=True)  # another process may be as quick
            folder.chmod(mode)  # whatever the umask left of it
        owner = folder.stat().st_uid
        os.listdir(folder)  # noqa: PTH208  # the question is whether it may be read
    except OSError as problem:
        raise _unusable(folder, problem) from problem
    if owner != os.getuid():
        raise OperatorError(
            f"The folder {folder} belongs to user id {owner}, and Syncline runs as {os.getuid()}.",
            remedy="Run Syncline as the folder's owner, or choose another folder with SYNCLINE_HOME.",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OperatorError(
            f"Syncline may not write to the folder {folder}.",
            remedy=f"Give it back its rights (chmod u+rwx {folder}), or choose another folder with SYNCLINE_HOME.",
        )
    return folder


def _unusable(folder: Path, problem: OSError) -> OperatorError:
    return OperatorError(
        f"The folder {folder} cannot be used: {problem.strerror}.",
        remedy="Make it readable and writable for this user, or choose another folder with SYNCLINE_HOME.",
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
