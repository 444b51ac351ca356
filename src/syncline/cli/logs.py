"""The log file: what is logged where, for the command line. Errors a person can mend are shown, not logged."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from syncline.config import Settings, read_settings
from syncline.errors import ConfigError

_MEGABYTE = 1_000_000


def begin(settings: Settings) -> None:
    """Sends the records of this process to the log file of the installation."""
    settings.log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = RotatingFileHandler(settings.log_file, maxBytes=5 * _MEGABYTE, backupCount=3, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log.upper())


def log_to_stderr(settings: Settings) -> None:
    """Sends the records of this process, which runs for long, to standard error as JSON lines, and to the file too."""
    from syncline.jobs.logs import JsonFormatter

    handler = logging.StreamHandler()
    root = logging.getLogger()
    root.addHandler(handler)
    for one in root.handlers:
        one.setFormatter(JsonFormatter())
    # Each job is told by ourselves, with its connection and run.
    logging.getLogger("procrastinate").setLevel(max(logging.WARNING, root.level))


def log_unexpected(error: Exception) -> tuple[str, Path | None]:
    """Writes the traceback to the log file; gives the log level and the file, or None where it cannot be written."""
    try:
        settings = read_settings()
        begin(settings)
        logging.getLogger("syncline").critical("unexpected error", exc_info=error)
    except (ConfigError, OSError):
        return "warning", None
    return settings.log, settings.log_file
