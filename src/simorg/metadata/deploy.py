"""Deploys: a zip becomes components of the org, in the background; what became of each is told when asked.

Source: Metadata API Developer Guide, "deploy()", "checkDeployStatus()", "cancelDeploy()", "DeployResult".
"""

import itertools
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from simorg.errors import ApiError
from simorg.fidelity import say
from simorg.ids import build_id, to_18
from simorg.metadata.archive import read_zip
from simorg.metadata.change import Change, changing
from simorg.metadata.operations import Result, RolledBack, delete, note, read, upsert
from simorg.metadata.package import Message, Package, Planned, in_order, read_packages
from simorg.org import INSTANCE, Org

_log = logging.getLogger(__name__)
_PASSES = 5
_ENDED = frozenset({"Succeeded", "SucceededPartial", "Failed", "Canceled"})


@dataclass(frozen=True)
class DeployOptions:
    """How a deploy is wanted."""

    missing_allowed: bool = False
    check_only: bool = False
    ignore_warnings: bool = False
    purge_on_delete: bool = False
    rollback_on_error: bool = False
    single_package: bool = False
    perform_retrieve: bool = False
    auto_update_package: bool = False
    test_level: str = ""
    run_tests: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeployMessage:
    """What became of one component, or of a file."""

    type: str
    full_name: str
    file: str
    id: str = ""
    created: bool = False
    changed: bool = False
    deleted: bool = False
    problem: str = ""
    warning: bool = False
    line: int = 0
    column: int = 0
    success: bool = True
    at: str = ""


@dataclass
class Deploy:
    """One deploy. Stamps as records have them."""

    id: str
    user_id: str
    version: float
    options: DeployOptions
    created: str
    content: bytes = b""
    #: Bytes of the zip, and files in it.
    size: int = 0
    files: int = 0
    status: str = "Pending"
    started: str = ""
    completed: str = ""
    changed: str = ""
    canceled_by: str = ""
    total: int = 0
    deployed: int = 0
    error: str = ""
    error_code: str = ""
    state_detail: str = ""
    messages: list[DeployMessage] = field(default_factory=list)
    #: Whether it broke off because somebody cancelled it.
    stopped: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self.status in _ENDED

    @property
    def failures(self) -> list[DeployMessage]:
        """The messages of what did not go well, warnings too."""
        return [one for one in self.messages if one.problem]

    @property
    def errors(self) -> int:
        """How many components were refused."""
        return sum(not one.success for one in self.messages)


class Deploys:
    """The deploys of one org; one runs at a time, in the order in which they came."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._deploys: dict[str, Deploy] = {}
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._numbers = itertools.count(1)

    def start(self, user_id: str, version: float, content: bytes, options: DeployOptions) -> Deploy:
        """Takes a deploy and starts it."""
        with self._lock:
            deploy = Deploy(
                id=build_id("0Af", INSTANCE, next(self._numbers)),
                user_id=user_id,
                version=version,
                options=options,
                created=self._org.clock.stamp(),
                content=content,
                size=len(content),
            )
            deploy.changed = deploy.created
            self._deploys[deploy.id] = deploy
        threading.Thread(target=self._run, args=[deploy], daemon=True, name=f"deploy {deploy.id}").start()
        return deploy

    def find(self, deploy_id: str) -> Deploy | None:
        """A deploy, by its id of 15 or 18 characters."""
        return self._deploys.get(to_18(deploy_id.strip()) or "")

    def cancel(self, deploy: Deploy, user_id: str) -> None:
        """Ends a deploy before its time.

        Raises:
            ApiError: it has ended already.
        """
        with self._lock:
            if deploy.done:
                raise ApiError(500, "INVALID_ID_FIELD", say("metadata.ended", id=deploy.id))
            deploy.canceled_by = user_id
            deploy.stop.set()
            if deploy.status == "Pending":
                self._end(deploy, "Canceled")
            else:
                deploy.status = "Canceling"

    def clear(self) -> None:
        """Ends and forgets all."""
        for deploy in list(self._deploys.values()):
            deploy.stop.set()
        for deploy in list(self._deploys.values()):
            deploy.ended.wait(10)
        self._deploys.clear()

    def _run(self, deploy: Deploy) -> None:
        try:
            deploy.stop.wait(self._org.settings.deploy_delay)
            with self._turn:
                with self._lock:
                    if deploy.stop.is_set():
                        if not deploy.done:
                            self._end(deploy, "Canceled")
                        return
                    deploy.status, deploy.started = "InProgress", self._org.clock.stamp()
                _Run(self._org, deploy).run()
                with self._lock:
                    self._end(deploy, _judge(deploy))
        except ApiError as error:
            self._fail(deploy, error.code, error.message)
        except Exception:  # noqa: BLE001  # who asks is told, the log has the cause
            _log.exception("deploy %s failed", deploy.id)
            self._fail(deploy, "UNKNOWN_EXCEPTION", "An unexpected error occurred.")
        finally:
            deploy.content = b""
            deploy.ended.set()
            self._org.storage.release_reader()

    def _fail(self, deploy: Deploy, code: str, message: str) -> None:
        with self._lock:
            deploy.error_code, deploy.error = code, message
            self._end(deploy, "Failed")

    def _end(self, deploy: Deploy, status: str) -> None:
        deploy.status = status
        deploy.completed = deploy.changed = self._org.clock.stamp()


def deploys_of(org: Org) -> Deploys:
    """The deploys of an org."""
    found = org.parts.setdefault("deploys", Deploys(org))
    assert isinstance(found, Deploys)
    return found


def _judge(deploy: Deploy) -> str:
    if deploy.stopped:
        return "Canceled"
    if deploy.errors == 0:
        return "Succeeded"
    if deploy.options.rollback_on_error or deploy.deployed == 0:
        return "Failed"
    return "SucceededPartial"


class _Stopped(Exception):
    """It was cancelled."""


class _Run:
    """One deploy at work."""

    def __init__(self, org: Org, deploy: Deploy) -> None:
        self._org = org
        self._deploy = deploy
        self._results: list[Result] = []

    def run(self) -> None:
        """Deploys all packages in one transaction; keeps nothing of it where it was only a check, or failed."""
        deploy, options = self._deploy, self._deploy.options
        files = read_zip(deploy.content)
        deploy.files = len(files)
        packages = read_packages(files, single=options.single_package, missing_allowed=options.missing_allowed)
        deploy.total = sum(len(one.pre) + len(one.components) + len(one.post) + len(one.messages) for one in packages)
        origin = f"deploy {deploy.id}"
        try:
            with changing(self._org, deploy.user_id, deploy.version, origin) as change:
                for package in packages:
                    self._deploy_package(change, package)
                if options.check_only or (deploy.errors and options.rollback_on_error):
                    raise RolledBack
        except RolledBack:
            return
        except _Stopped:
            deploy.stopped = True
            return
        note(self._org, deploy.user_id, origin, self._results)

    def _deploy_package(self, change: Change, package: Package) -> None:
        self._deploy.messages += [self._show_message(one) for one in package.messages]
        self._remove(change, package.pre)
        self._add(change, [one for one in in_order(package.components) if one.content is not None])
        for one in package.components:
            if one.content is None:
                self._check_parent(change, one)
        self._remove(change, package.post)

    def _check_parent(self, change: Change, planned: Planned) -> None:
        """An object whose file holds only children: it has to be there."""
        there = read(change.org, planned.type, planned.full_name) is not None
        if there:
            self._keep(planned, Result(planned.type, planned.full_name))

    def _add(self, change: Change, waiting: Sequence[Planned]) -> None:
        """Deploys components; those that others come to the aid of are tried again."""
        for _ in range(_PASSES):
            refused: list[tuple[Planned, Result]] = []
            for planned in waiting:
                if self._deploy.stop.is_set():
                    raise _Stopped
                assert planned.content is not None
                result = upsert(change, planned.type, planned.content)
                if result.error:
                    refused.append((planned, result))
                else:
                    self._keep(planned, result)
            if not refused or len(refused) == len(waiting):
                break
            waiting = [planned for planned, _ in refused]
        for planned, result in refused if waiting else []:
            self._keep(planned, result)

    def _remove(self, change: Change, planned: Sequence[Planned]) -> None:
        for one in reversed(in_order(list(planned))):
            if self._deploy.stop.is_set():
                raise _Stopped
            if one.full_name == "*":
                continue
            if read(change.org, one.type, one.full_name) is None:
                problem = f"No {one.type} named: {one.full_name} found"
                self._deploy.messages.append(self._message(one, problem=problem, warning=True))
                continue
            self._keep(one, delete(change, one.type, one.full_name))

    def _keep(self, planned: Planned, result: Result) -> None:
        if result.error:
            error = result.error
            self._deploy.messages.append(
                self._message(planned, problem=error.message, line=error.line, column=error.column)
            )
            return
        self._results.append(result)
        self._deploy.deployed += 1
        self._deploy.changed = self._org.clock.stamp()
        self._deploy.messages.append(
            self._message(planned, id=result.id, created=result.created, changed=result.changed, deleted=result.deleted)
        )

    def _message(self, planned: Planned, **facts: object) -> DeployMessage:
        where = {"line": planned.line, "column": planned.column}
        known = {key: value for key, value in facts.items() if value}
        message = DeployMessage(planned.type, planned.full_name, planned.file, at=self._org.clock.stamp())
        good = "problem" not in known or ("warning" in known and self._deploy.options.ignore_warnings)
        return replace(message, success=good, **{**where, **known})  # type: ignore[arg-type]  # replace checks the names

    def _show_message(self, one: Message) -> DeployMessage:
        planned = Planned(one.type, one.full_name, one.file, line=one.line, column=one.column)
        return self._message(planned, problem=one.problem, warning=one.warning)
