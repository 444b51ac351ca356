"""The private PostgreSQL that Syncline starts itself: no port, one folder, shared by every Syncline process."""

from syncline.store.embedded.server import EmbeddedServer, Options, ServerHandle

__all__ = ["EmbeddedServer", "Options", "ServerHandle"]
