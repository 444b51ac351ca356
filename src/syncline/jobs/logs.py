"""Logs of a worker: one JSON object a line, each with the job, the connection and the run that it belongs to."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

_FACTS: ContextVar[MappingProxyType[str, Any]] = ContextVar("facts", default=MappingProxyType({}))


@contextmanager
def logged(**facts: Any) -> Iterator[None]:
    """What is logged inside, by this thread, carries these facts too."""
    token = _FACTS.set(MappingProxyType({**_FACTS.get(), **facts}))
    try:
        yield
    finally:
        _FACTS.reset(token)


class JsonFormatter(logging.Formatter):
    """A record as one JSON object: at, level, logger, message, process, the facts of `logged`, and a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            **_FACTS.get(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
