"""The subprocess that sends one message through Apprise.

A subprocess can be killed when a service hangs, and its memory is freed. It reads a JSON request with the URL of the
service and the message from standard input (without message: only validate the URL) and writes a JSON result. The URL
holds secrets, so the output masks all of its parts.
"""

from __future__ import annotations

import json
import logging
import re
import signal
import sys
from logging.handlers import BufferingHandler
from typing import Any
from urllib.parse import unquote

_SHORTEST = 4
"""Minimum length of masked parts of the URL; masking shorter ones would mask ordinary text."""


def main() -> None:
    """Process the request on standard input."""
    request = json.load(sys.stdin)
    signal.alarm(int(request["seconds"]) + 1)  # in case the parent process is gone
    json.dump(send(request), sys.stdout)


def send(request: dict[str, Any]) -> dict[str, Any]:
    """Send the message; the result has the service's name (null if the URL is invalid), `sent` and `warnings`."""
    import apprise  # noqa: PLC0415 -- slow and large

    warnings = BufferingHandler(sys.maxsize)
    warnings.setLevel(logging.WARNING)
    logger = logging.getLogger("apprise")
    logger.addHandler(warnings)
    logger.propagate = False
    services = apprise.Apprise()
    valid = services.add(request["url"]) and len(services) == 1
    sent = False
    if valid and "text" in request:
        sent = bool(
            services.notify(
                title=request["subject"], body=request["text"], notify_type=apprise.NotifyType(request["notify_type"]),
                body_format=apprise.NotifyFormat.TEXT,
            )
        )  # fmt: skip
    lines = "; ".join(dict.fromkeys(masked(record.getMessage(), request["url"]) for record in warnings.buffer))
    return {"service": str(services[0].service_name) if valid else None, "sent": sent, "warnings": lines}


def masked(text: str, url: str) -> str:
    """The text with all URLs masked, and all parts of this one except its scheme."""
    text = re.sub(r"\S+://\S+", "***", text)
    rest = url.partition("://")[2]
    parts = {part for form in (rest, unquote(rest)) for part in re.split(r"[/:@?&=,;\s]+", form)}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORTEST:
            text = re.sub(re.escape(part), "***", text, flags=re.IGNORECASE)
    return text


if __name__ == "__main__":
    main()
