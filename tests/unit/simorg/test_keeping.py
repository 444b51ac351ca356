"""The keeper of what an org is told: saved with the commit it belongs to, undone with it, and by whoever changed it."""

import threading
from typing import Any

import pytest

from simorg.app import App, RawRequest
from simorg.behaviour.customizing import define_field
from simorg.org import Org
from simorg.schema.definition import read_definition
from simorg.schema.kept import restore_initial


def _saved(org: Org, part: str) -> set[str]:
    return {str(row[0]) for row in org.storage.read("SELECT name FROM _kept WHERE part = ?", [part])}


def _define(org: Org, name: str) -> None:
    define_field(org, "Lead", read_definition({"type": "Text", "length": 5}, name))


def test_a_change_is_saved_with_its_commit_and_undone_with_it(org: Org) -> None:
    with org.changing():
        _define(org, "One__c")
    assert "Lead.One__c" in _saved(org, "schema")

    def fail() -> None:
        with org.changing():
            _define(org, "Two__c")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    org.keep()
    assert {"Lead.One__c", "Lead.Two__c"} & _saved(org, "schema") == {"Lead.One__c"}
    with org.changing():
        restore_initial(org.schema)
    org.keep()
    assert _saved(org, "schema") == set()


def test_a_request_that_changes_nothing_waits_for_no_writer(org: Org) -> None:
    """Another has changed something, and cannot save it yet."""
    app, held, free = App(org), threading.Event(), threading.Event()

    def write() -> None:
        with org.storage.transaction():
            held.set()
            free.wait(30)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert held.wait(30)
        org.logins.passwords.set("005gK0000000001AAA", "x", org.clock.now())
        assert org.keeper.is_behind
        answers: list[Any] = []
        path = "/services/data"
        reader = threading.Thread(target=lambda: answers.append(app.handle(RawRequest("GET", path, {}, b"", ""))))
        reader.start()
        reader.join(30)
        assert [one.status for one in answers] == [200]
    finally:
        free.set()
        writer.join(30)
    org.keep()
    assert not org.keeper.is_behind
