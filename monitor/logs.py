"""Logging by structlog: JSON lines, or coloured text on a terminal; secrets are masked."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

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
    stream = stream or sys.stderr
    console = style == "console" or (style == "auto" and stream.isatty())
    finish: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            *finish,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    # Libraries log through the standard module; their messages below a warning are of no use to operators.
    logging.basicConfig(stream=stream, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", force=True)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask the values of keys that name a secret."""
    for key in event:
        if key not in _ALLOWED and any(word in key.lower() for word in _SECRET):
            event[key] = "***"
    return event
