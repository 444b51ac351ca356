"""A TCP door to the embedded server on the loopback, for tools that know no Unix sockets; only the reader may pass."""

import contextlib
import socket
import struct
import threading
from pathlib import Path
from types import TracebackType

from syncline.store.embedded.cluster import READER

# PostgreSQL documentation, "Message Formats": codes that stand where a start-up message has its version.
_CANCEL, _TLS, _GSS = 80877102, 80877103, 80877104
_LONGEST_STARTUP = 10_000
_STARTUP_SECONDS = 30


class Door:
    """Listens on 127.0.0.1 on a free port and passes connections of the read-only role on to the socket."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, name="door", daemon=True)

    def __enter__(self) -> "Door":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Shutting down wakes the thread that accepts; closing alone would not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    @property
    def port(self) -> int:
        """The port that was free."""
        port: int = self._listener.getsockname()[1]
        return port

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError, struct.error):
            client.settimeout(_STARTUP_SECONDS)
            startup = _read_startup(client)
            if startup is None:
                return
            client.settimeout(None)
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(str(self._target))
                server.sendall(startup)
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join()


def _read_startup(client: socket.socket) -> bytes | None:
    """The first message that may pass, or None when the client was turned away."""
    while True:
        head = _read(client, 8)
        length, code = struct.unpack("!ii", head)
        if not 8 <= length <= _LONGEST_STARTUP:
            return None
        message = head + _read(client, length - 8)
        if code in (_TLS, _GSS):
            client.sendall(b"N")  # nothing leaves this machine
            continue
        if code == _CANCEL or _user(message) == READER:
            return message
        client.sendall(_refusal())
        return None


def _user(startup: bytes) -> str:
    words = startup[8:].split(b"\x00")
    return dict(zip(words[::2], words[1::2], strict=False)).get(b"user", b"").decode(errors="replace")


def _refusal() -> bytes:
    fields = {"S": "FATAL", "V": "FATAL", "C": "28000", "M": f"only the role {READER} may come in here"}
    body = b"".join(key.encode() + text.encode() + b"\x00" for key, text in fields.items()) + b"\x00"
    return b"E" + struct.pack("!i", len(body) + 4) + body


def _read(source: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        piece = source.recv(size - len(got))
        if not piece:
            raise ConnectionResetError("the client left")
        got += piece
    return got


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
