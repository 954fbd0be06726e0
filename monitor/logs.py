"""Logging by structlog: JSON lines, or coloured text on a terminal; secrets are masked.

A log that is not read, closed or full costs lines, and nothing else.
"""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from monitor.errors import explanations
from monitor.log_writer import LogWriter, writer_of

_SECRET = ("password", "token", "secret", "authorization", "cookie")
_ALLOWED = ("cookie_file", "password_file", "token_file")
"""Paths are not secret, and operators need them."""


def configure(level: str = "info", style: str = "auto", stream: TextIO | None = None) -> None:
    """Set up logging for the process, once, at start.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        style: `json`, `console`, or `auto`: console when the stream is a terminal.
        stream: where the lines go; standard error by default.
    """
    stream = stream or sys.stderr or io.StringIO()  # None if the descriptor is closed
    console = style == "console" or (style == "auto" and stream.isatty())
    finish: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    lines: Any = _writer(stream)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            *finish,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=lines),
        cache_logger_on_first_use=False,
    )
    # Libraries log through the standard module; their messages below a warning are of no use to operators.
    logging.basicConfig(stream=lines, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", force=True)
    logging.captureWarnings(capture=True)


def log_failure(event: str, error: BaseException, **fields: object) -> None:
    """Log a failure: with its `reason` if it explains itself, else with a traceback."""
    if known := explanations(error):
        structlog.get_logger().error(event, **fields, reason="; ".join(dict.fromkeys(map(str, known))))
    else:
        structlog.get_logger().error(event, **fields, exc_info=error)


def print_error(line: str) -> None:
    """Print a line to standard error, behind those of the log, without waiting for its reader."""
    if sys.stderr:
        _writer(sys.stderr).write(f"{line}\n")


def count_dropped(count: Callable[[], None]) -> None:
    """Call `count` for each line of standard error that is dropped from now on."""
    if sys.stderr and isinstance(writer := _writer(sys.stderr), LogWriter):
        writer.on_drop = count


def _writer(stream: TextIO) -> TextIO | LogWriter:
    """What lines are written to: in the background for a file, pipe or terminal; directly for a stream in memory."""
    try:
        writer = writer_of(stream.fileno())
    except (OSError, ValueError):  # it has no descriptor
        return stream
    writer.on_resume = _log_dropped
    return writer


def _log_dropped(lines: int) -> None:
    structlog.get_logger().warning("log lines were dropped", lines=lines)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask the values of keys that name a secret."""
    for key in event:
        if key not in _ALLOWED and any(word in key.lower() for word in _SECRET):
            event[key] = "***"
    return event
