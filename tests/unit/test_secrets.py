"""The key ring: what opens, what does not, and who may read it."""

import json
import stat
from pathlib import Path

import pytest

from syncline.errors import ConfigError
from syncline.store.secrets import KeyRing

SECRETS = {"password": "pä$$", "token": ""}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "ring.json"


def test_what_was_sealed_opens_in_another_process(path: Path) -> None:
    sealed = KeyRing(path).seal(7, SECRETS)

    assert KeyRing(path).unseal(7, sealed) == SECRETS
    assert b"password" not in sealed


def test_the_same_secrets_never_look_the_same(path: Path) -> None:
    ring = KeyRing(path)
    assert ring.seal(7, SECRETS) != ring.seal(7, SECRETS)


def test_the_file_is_for_its_owner_alone(path: Path) -> None:
    KeyRing(path).seal(7, SECRETS)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    path.chmod(0o640)
    with pytest.raises(ConfigError, match="owner alone") as refused:
        KeyRing(path).check()
    assert "chmod 600" in str(refused.value.remedy)


def test_old_values_open_after_a_rotation_and_new_ones_use_the_new_key(path: Path) -> None:
    ring = KeyRing(path)
    before = ring.seal(7, SECRETS)
    key_id = ring.rotate()
    after = ring.seal(7, SECRETS)

    assert ring.check() == 2
    assert KeyRing(path).unseal(7, before) == KeyRing(path).unseal(7, after) == SECRETS
    assert after.startswith(key_id.encode())


def test_every_changed_byte_is_noticed(path: Path) -> None:
    ring = KeyRing(path)
    sealed = ring.seal(7, SECRETS)

    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        with pytest.raises(ConfigError):
            ring.unseal(7, bytes(changed))


def test_another_row_cannot_open_it(path: Path) -> None:
    ring = KeyRing(path)
    with pytest.raises(ConfigError, match="another's"):
        ring.unseal(8, ring.seal(7, SECRETS))


def test_nothing_sealed_gives_nothing(path: Path) -> None:
    assert KeyRing(path).unseal(7, b"") == {}
    assert not path.exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"keys": []}',
        '{"keys": [{"id": "a", "key": "c2hvcnQ="}]}',
        '{"keys": [{"id": "a", "key": "%"}]}',
    ],
)
def test_a_spoiled_file_is_named_and_kept(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content)
    path.chmod(0o600)

    with pytest.raises(ConfigError, match=r"ring\.json"):
        KeyRing(path).seal(7, SECRETS)
    assert path.read_text() == content


def test_the_file_holds_ids_and_keys_only(path: Path) -> None:
    KeyRing(path).rotate()
    content = json.loads(path.read_text())
    assert set(content) == {"keys"}
    assert set(content["keys"][0]) == {"id", "key"}
