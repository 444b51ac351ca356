"""What is served for people and for monitoring."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from syncline.store.database import Database
from syncline.web.serving import WebServer
from tests.engine.jobs.working import app_of
from tests.engine.orgs import Hub


@contextmanager
def served(hub: Hub) -> Iterator[str]:
    server = WebServer(app_of(hub), "127.0.0.1", 0)
    address = server.start()
    try:
        yield address
    finally:
        server.end()


def test_the_page_says_how_every_connection_stands(hub: Hub) -> None:
    hub.sync()
    hub.execute("UPDATE connections SET organization_name = 'R&D <b>'")
    with served(hub) as address:
        answer = requests.get(address, timeout=30)

    assert answer.status_code == 200
    assert "sync 1, done" in answer.text
    assert "R&amp;D &lt;b&gt;" in answer.text
    assert "Nothing is looked at" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_monitoring_gets_figures_by_connection(hub: Hub) -> None:
    hub.sync()
    with served(hub) as address:
        answer = requests.get(f"{address}metrics", timeout=30)

    figures = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert figures['syncline_connection_up{connection="main"}'] == "1.0"
    assert float(figures['syncline_api_calls_today{connection="main"}']) > 0
    assert figures["syncline_workers"] == "0.0"


def test_it_is_ready_while_the_database_answers(hub: Hub) -> None:
    with served(hub) as address:
        assert requests.get(f"{address}readyz", timeout=30).text == "ok\n"


def test_it_is_alive_but_not_ready_without_a_database(hub: Hub) -> None:
    nowhere = Hub(Database("postgresql://nobody@127.0.0.1:1/none"), hub.keys, hub.org)
    with served(nowhere) as address:
        assert requests.get(f"{address}healthz", timeout=30).status_code == 200
        answers = [requests.get(f"{address}{path}", timeout=30) for path in ("readyz", "metrics", "")]

    assert [answer.status_code for answer in answers] == [503, 503, 503]
    assert "cannot be reached" in answers[0].text


def test_another_page_cannot_ask_under_a_name_of_its_own(hub: Hub) -> None:
    with served(hub) as address:
        answer = requests.get(address, headers={"Host": "evil.example"}, timeout=30)

    assert answer.status_code == 400


def test_nothing_can_be_posted(hub: Hub) -> None:
    with served(hub) as address:
        assert requests.post(address, timeout=30).status_code == 405
