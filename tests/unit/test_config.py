"""Settings are read strictly: what is unknown or wrong is refused by its name."""

from pathlib import Path

import pytest

from syncline.config import KillAt, read_settings
from syncline.errors import ConfigError

URL = "postgresql://me:s3cret@db.example.com/syncline"


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    settings = read_settings({})

    assert settings.home == Path("/home/ada/.local/share/syncline")
    assert settings.database_url is None
    assert settings.log == "warning"
    assert settings.keys == settings.home / "keys" / "ring.json"
    assert settings.kill_at is None


def test_the_desktop_rules_for_data_folders_are_kept() -> None:
    assert read_settings({"XDG_DATA_HOME": "/data"}).home == Path("/data/syncline")


def test_everything_can_be_set(tmp_path: Path) -> None:
    settings = read_settings(
        {
            "SYNCLINE_HOME": str(tmp_path),
            "SYNCLINE_PG_BIN": "/opt/pg/bin",
            "SYNCLINE_LOG": "DEBUG",
            "SYNCLINE_KEY_FILE": "/run/keys.json",
            "DATABASE_URL": URL,
        }
    )

    assert settings.home == tmp_path
    assert settings.pg_bin == Path("/opt/pg/bin")
    assert settings.log == "debug"
    assert settings.keys == Path("/run/keys.json")
    assert settings.database_url == URL


def test_a_secret_is_not_shown_by_accident() -> None:
    assert "s3cret" not in repr(read_settings({"DATABASE_URL": URL}))


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"{URL}\n")

    assert read_settings({"DATABASE_URL_FILE": str(tmp_path / "url")}).database_url == URL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("push.sent", KillAt("push.sent")),
        ("push.sent:3", KillAt("push.sent", 3)),
        ("merge.committing:2,postgres", KillAt("merge.committing", 2, "postgres")),
        ("merge.committing,self", KillAt("merge.committing", 1, "self")),
    ],
)
def test_kill_points(text: str, expected: KillAt) -> None:
    assert read_settings({"SYNCLINE_KILL_AT": text}).kill_at == expected


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"SYNCLINE_HOEM": "/x"}, "SYNCLINE_HOEM"),
        ({"SYNCLINE_HOME": " "}, "SYNCLINE_HOME"),
        ({"SYNCLINE_LOG": "loud"}, "SYNCLINE_LOG"),
        ({"SYNCLINE_KILL_AT": "a:0"}, "SYNCLINE_KILL_AT"),
        ({"SYNCLINE_KILL_AT": "a,world"}, "SYNCLINE_KILL_AT"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"DATABASE_URL_FILE": "/nonexistent"}, "DATABASE_URL_FILE"),
        ({"DATABASE_URL": URL, "DATABASE_URL_FILE": "/x"}, "DATABASE_URL_FILE"),
    ],
)
def test_what_is_wrong_is_named_with_a_remedy(environment: dict[str, str], name: str) -> None:
    with pytest.raises(ConfigError, match=name) as refused:
        read_settings(environment)
    assert refused.value.remedy


def test_variables_of_others_are_none_of_our_business() -> None:
    assert read_settings({"PATH": "/bin", "SYNCLINER": "x", "SYNCLINE_TEST_PG_BIN": "/x"}).pg_bin is None
