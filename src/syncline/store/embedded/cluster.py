"""Makes a data folder and starts and stops the server on it. It knows nothing of who shares the server."""

import json
import os
import re
import secrets
import shlex
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from syncline.errors import OperatorError, StoreError
from syncline.store.embedded.accounts import Account
from syncline.store.embedded.binaries import Binaries
from syncline.store.embedded.places import Places

#: The role that owns the cluster, and the two that Syncline uses: owner of the tables, and reader for BI tools.
ADMIN, OWNER, READER = "syncline_admin", "syncline", "syncline_reader"
_START_SECONDS = 600
_SHARED_MEMORY_LEAST = 512 * 1024 * 1024
_FULL = "No space left on device"
_TELLING = re.compile(r"\b(FATAL|PANIC|ERROR|HINT|DETAIL):|\bLOG:.*\b(invalid|unrecognized|syntax error)\b")
#: Old server processes let go of the shared memory only a moment after a kill; worth another try.
STILL_IN_USE = "still in use"

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "''",
    "shared_buffers": "512MB",
    "max_wal_size": "2GB",
    "max_connections": "100",
    # Nothing replicates this server, and a load into a table made in the same transaction skips the log.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "password_encryption": "'scram-sha-256'",
    "unix_socket_permissions": "0700",
    "log_min_messages": "warning",
}
_UNSAFE_BUT_FAST: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def create_cluster(places: Places, binaries: Binaries, account: Account, *, durable: bool) -> None:
    """Makes the data folder, complete or not at all, with random passwords that only we can read.

    Raises:
        OperatorError: the disk is full, or initdb failed.
    """
    passwords = {role: secrets.token_urlsafe(24) for role in (ADMIN, OWNER, READER)}
    _write_private(places.passwords, json.dumps(passwords))
    unfinished = places.folder / "data.new"
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        account.give(unfinished)
        with tempfile.NamedTemporaryFile("w", prefix=".syncline-", dir=places.sockets) as secret:
            secret.write(passwords[ADMIN])
            secret.flush()
            account.give(Path(secret.name))
            _initdb(unfinished, Path(secret.name), binaries, account, durable=durable)
        unfinished.rename(places.data)
    except OSError as problem:
        raise _failure("could not be made", problem.strerror or str(problem), places) from problem


def _initdb(folder: Path, password_file: Path, binaries: Binaries, account: Account, *, durable: bool) -> None:
    locale = ["--locale=C.UTF-8"] if binaries.major < 17 else ["--locale-provider=builtin", "--locale=C.UTF-8"]
    said = account.run(
        [
            binaries["initdb"], "-D", folder, "-U", ADMIN, "--encoding=UTF8", *locale,
            "--auth-local=scram-sha-256", "--auth-host=reject", f"--pwfile={password_file}",
            *([] if durable else ["--no-sync"]),
        ]
    )  # fmt: skip
    if said.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        raise _failure("could not be made", said.stdout, None)


def check_version(places: Places, binaries: Binaries) -> None:
    """Refuses a data folder that another major version of PostgreSQL made.

    Raises:
        OperatorError: it is another version's, or no data folder at all.
    """
    try:
        made_by = int((places.data / "PG_VERSION").read_text())
    except (OSError, ValueError) as problem:
        raise OperatorError(
            f"{places.data} is not a data folder of PostgreSQL: {problem}",
            remedy="Move it away, or choose another folder with SYNCLINE_HOME.",
        ) from problem
    if made_by != binaries.major:
        raise OperatorError(
            f"{places.data} was made by PostgreSQL {made_by}, and {binaries.folder} is version {binaries.major}.",
            remedy=f"Name PostgreSQL {made_by} in SYNCLINE_PG_BIN, or move the data over with pg_upgrade.",
        )


def start(places: Places, binaries: Binaries, account: Account, *, durable: bool, waiting: Callable[[], None]) -> None:
    """Starts the server and waits until it answers, recovery after a crash included; `waiting` is called meanwhile.

    Raises:
        OperatorError: it does not start; the message says why where the log does.
    """
    try:
        _write_settings(places, account, durable=durable)
        _forget_dead_server(places)
        logged = places.log.stat().st_size if places.log.exists() else 0
    except OSError as problem:
        raise _failure("does not start", problem.strerror or str(problem), places) from problem
    options = shlex.join(["-c", f"unix_socket_directories={places.sockets}"])
    said = account.run(
        [
            binaries["pg_ctl"], "start", "-w", "-t", str(_START_SECONDS),
            "-D", places.data, "-l", places.log, "-o", options,
        ],
        waiting,
    )  # fmt: skip
    if said.returncode != 0:
        raise _failure("does not start", _tail(places.log, logged) or said.stdout, places)


def stop(places: Places, binaries: Binaries, account: Account) -> None:
    """Stops the server, ending what is connected, and waits for its end.

    Raises:
        StoreError: it did not stop.
    """
    said = account.run([binaries["pg_ctl"], "stop", "-m", "fast", "-w", "-t", "120", "-D", places.data])
    if said.returncode != 0 and server_pid(places) is not None:
        raise StoreError(f"The database did not stop: {said.stdout.strip()}")


def server_pid(places: Places) -> int | None:
    """The process id of the running server, or None. A killed process that nobody buried does not count."""
    try:
        pid = int((places.data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if _is_alive(pid) else None


def server_processes(places: Places) -> list[int]:
    """The process ids of the running server, its first process first; that one alone where there is no /proc."""
    first = server_pid(places)
    if first is None:
        return []
    return [first, *(pid for pid in _process_ids() if _parent(pid) == first)]


def _process_ids() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208  # names are wanted
    except OSError:
        return []


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None  # it ended meanwhile


def read_passwords(places: Places) -> dict[str, str]:
    """The passwords by role.

    Raises:
        OperatorError: the file is gone or spoiled.
    """
    try:
        passwords: dict[str, str] = json.loads(places.passwords.read_text())
    except (OSError, ValueError) as problem:
        raise OperatorError(
            f"The passwords of the database cannot be read: {problem}",
            remedy=f"Bring {places.passwords} back from a backup, or make it readable for this user.",
        ) from problem
    return passwords


def _write_settings(places: Places, account: Account, *, durable: bool) -> None:
    settings = dict(_SETTINGS) if durable else {**_SETTINGS, **_UNSAFE_BUT_FAST}
    if _shared_memory_is_small():
        settings["dynamic_shared_memory_type"] = "mmap"
    lines = ["# Written by Syncline at each start. Settings of your own belong in local.conf beside this file."]
    lines += [f"{name} = {value}" for name, value in settings.items()]
    if (places.data / "local.conf").exists():
        lines.append("include 'local.conf'")
    path = places.data / "postgresql.conf"
    fresh = path.with_suffix(".new")
    fresh.write_text("\n".join(lines) + "\n")
    fresh.chmod(0o600)
    account.give(fresh)
    fresh.replace(path)


def _shared_memory_is_small() -> bool:
    # Containers often get 64 MB of it, and a parallel query would fail half-way; files do as well there.
    try:
        room = os.statvfs("/dev/shm")  # noqa: S108  # only asked for its size
    except OSError:
        return False
    return room.f_blocks * room.f_frsize < _SHARED_MEMORY_LEAST


def _forget_dead_server(places: Places) -> None:
    # A killed server that its parent has not buried yet still has its process id, and PostgreSQL would take it for
    # a living one. PostgreSQL's own check of the shared memory still guards against processes it left behind.
    file = places.data / "postmaster.pid"
    if server_pid(places) is None:
        file.unlink(missing_ok=True)
        for left in places.sockets.iterdir():
            left.unlink()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
    except OSError:
        return True  # a system without /proc
    # The number may by now be another program's: then the server is dead all the same.
    return name == "postgres" and rest.split()[0] not in ("Z", "X")


def _write_private(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as problem:
        raise _failure("could not be made", problem.strerror or str(problem), None) from problem


def _tail(log: Path, start_at: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(start_at)
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return ""
    telling = [line for line in lines if _TELLING.search(line)]
    return "\n".join(telling or lines)


def _failure(what: str, said: str, places: Places | None) -> OperatorError:
    if _FULL in said:
        return OperatorError(
            f"The database {what}: the disk is full ({_FULL.lower()}).",
            remedy="Free some space, or move Syncline to a larger disk with SYNCLINE_HOME; then start again.",
        )
    where = f" The log is {places.log}." if places else ""
    return OperatorError(
        f"The database {what}: {said.strip()[-800:]}",
        remedy=f"Mend what PostgreSQL says above, then start again.{where}",
    )
