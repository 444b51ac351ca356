"""Seals the secrets of connections with keys that are kept apart from the database.

A sealed value is bound to the row it belongs to: copied to another row it cannot be opened. The key ring is a file
that only we can read; it may hold several keys, so that a new one can take over while old values still open.
"""

import base64
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any

from syncline.errors import ConfigError

_NONCE_BYTES = 12
_KEY_BYTES = 32


class KeyRing:
    """The keys of one installation. The file is made with the first key when a secret is first sealed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys: dict[str, bytes] | None = None

    @property
    def path(self) -> Path:
        """The file of the keys."""
        return self._path

    def check(self) -> int:
        """How many keys there are; none yet is fine.

        Raises:
            ConfigError: others may read the file, or it is spoiled.
        """
        return len(self._read()) if self._path.exists() else 0

    def seal(self, connection_id: int, values: dict[str, str]) -> bytes:
        """Encrypts the secrets of a connection with the newest key (AES-256-GCM).

        Raises:
            ConfigError: the key file cannot be used.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        keys = self._load_or_make()
        key_id = list(keys)[-1]
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(keys[key_id]).encrypt(nonce, json.dumps(values).encode(), _bound_to(connection_id, key_id))
        return key_id.encode() + b"." + nonce + sealed

    def unseal(self, connection_id: int, sealed: bytes) -> dict[str, str]:
        """Decrypts what `seal` made for this connection; nothing sealed gives nothing.

        Raises:
            ConfigError: the key is missing, or the value was changed or belongs to another connection.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if not sealed:
            return {}
        key_id_bytes, _, rest = bytes(sealed).partition(b".")
        key_id = key_id_bytes.decode(errors="replace")
        key = self._read().get(key_id)
        if key is None:
            raise ConfigError(
                f"The key {key_id!r} that seals the secrets of connection {connection_id} is not in {self._path}.",
                remedy="Bring the key file back from a backup, or connect again: `syncline connect`.",
            )
        try:
            opened = AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _bound_to(connection_id, key_id))
        except InvalidTag:
            raise ConfigError(
                f"The secrets of connection {connection_id} do not open: they were changed, or are another's.",
                remedy="Connect again: `syncline connect`.",
            ) from None
        values: dict[str, str] = json.loads(opened)
        return values

    def rotate(self) -> str:
        """Adds a new key, which seals from now on, and gives its id; old values still open.

        Raises:
            ConfigError: the key file cannot be used.
        """
        keys = self._read() if self._path.exists() else {}
        key_id = secrets.token_hex(4)
        keys[key_id] = secrets.token_bytes(_KEY_BYTES)
        self._write(keys)
        return key_id

    def _load_or_make(self) -> dict[str, bytes]:
        if not self._path.exists():
            self.rotate()
        return self._read()

    def _read(self) -> dict[str, bytes]:
        if self._keys is not None:
            return self._keys
        try:
            found = self._path.stat()
            if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077 or found.st_uid not in (os.getuid(), 0):
                raise ConfigError(
                    f"The key file {self._path} must be readable by its owner alone.",
                    remedy=f"chmod 600 {self._path}",
                )
            content: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
            keys = {str(one["id"]): base64.b64decode(one["key"], validate=True) for one in content["keys"]}
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise ConfigError(
                f"The key file {self._path} cannot be used: {problem}",
                remedy="Bring it back from a backup; without it every connection must be made again.",
            ) from problem
        if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise ConfigError(f"The key file {self._path} holds no usable key.", remedy="Bring it back from a backup.")
        self._keys = keys
        return keys

    def _write(self, keys: dict[str, bytes]) -> None:
        content = {"keys": [{"id": one, "key": base64.b64encode(key).decode()} for one, key in keys.items()]}
        fresh = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh.unlink(missing_ok=True)
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as problem:
            raise ConfigError(
                f"The key file {self._path} cannot be written: {problem.strerror}.",
                remedy="Make its folder writable, or name another place in SYNCLINE_KEY_FILE.",
            ) from problem
        self._keys = keys


def _bound_to(connection_id: int, key_id: str) -> bytes:
    return f"syncline:connection:{connection_id}:{key_id}".encode()
