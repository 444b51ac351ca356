"""Runs the tests folder by folder and prints what each took of its share: the work behind script/test."""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: Seconds that each folder may take on two cores, and how many processes help there.
SHARES = {"unit": 60, "engine": 360, "clients": 120, "web": 240, "e2e": 240, "faults": 120, "docs": 60}
WORKERS = {"unit": 2, "engine": 2, "clients": 2, "web": 2, "e2e": 0, "faults": 2, "docs": 0}
_SETUP_SHARE = 180
_NOTHING_COLLECTED = 5


@dataclass(frozen=True)
class Part:
    """What one folder came to."""

    name: str
    seconds: float
    share: int
    verdict: str

    @property
    def ok(self) -> bool:
        return self.verdict == "passed"


def main() -> int:
    """Runs what the command line names, and gives the exit status."""
    ours, theirs = _split(sys.argv[1:])
    parser = argparse.ArgumentParser(prog="script/test", description=__doc__)
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help=f"of {', '.join(SHARES)}; all by default")
    parser.add_argument("--nightly", action="store_true", help="also run the long forms of the proofs")
    parser.add_argument("--setup-seconds", type=float, default=None, help=argparse.SUPPRESS)
    options = parser.parse_args(ours)
    unknown = sorted(set(options.folders) - set(SHARES))
    if unknown:
        parser.error(f"no such folder of tests: {', '.join(unknown)}")
    named = bool(options.folders)
    parts = []
    if options.setup_seconds is not None:
        parts.append(Part("set-up", options.setup_seconds, _SETUP_SHARE, "passed"))
    ran = False
    for folder in options.folders or [name for name in SHARES if _has_tests(name)]:
        part = _run_folder(folder, theirs, nightly=options.nightly, must_run=named and not theirs)
        parts.append(part)
        ran = ran or part.verdict != "no test"
    _print_table(parts)
    if not ran:
        print("script/test: no test ran", file=sys.stderr)
        return 1
    return 0 if all(part.ok or part.verdict == "no test" for part in parts) else 1


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def _has_tests(folder: str) -> bool:
    return any((ROOT / "tests" / folder).rglob("test_*.py"))


def _run_folder(folder: str, extra: list[str], *, nightly: bool, must_run: bool) -> Part:
    print(f"── {folder} ", flush=True)
    command = [sys.executable, "-m", "pytest", "-q", "-rs", f"tests/{folder}"]
    if WORKERS[folder] and os.environ.get("PYTEST_XDIST_WORKER") is None:
        command += ["-n", str(WORKERS[folder]), "--dist", "loadgroup"]
    command += ["--nightly"] if nightly else []
    began = time.monotonic()
    status = subprocess.run(command + extra, cwd=ROOT, check=False).returncode
    seconds = time.monotonic() - began
    if status == _NOTHING_COLLECTED:
        return Part(folder, seconds, SHARES[folder], "failed: no test" if must_run else "no test")
    return Part(folder, seconds, SHARES[folder], "passed" if status == 0 else f"failed (status {status})")


def _print_table(parts: list[Part]) -> None:
    print(f"\n{'part':<10}{'seconds':>9}{'share':>8}")
    for part in parts:
        late = "  over its share" if part.seconds > part.share else ""
        print(f"{part.name:<10}{part.seconds:>9.1f}{part.share:>8}  {part.verdict}{late}")
    total = sum(part.seconds for part in parts)
    print(f"{'total':<10}{total:>9.1f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
