"""The program that calls Apprise, once for each message, in a process of its own.

A service that hangs is killed with it, what Apprise needs in memory is given back, and the daemon never loads it. In on
standard input comes JSON with a service's address and a message, or none to learn only whether the address is one; out
goes JSON. The address holds secrets, so nothing that goes out repeats any part of it.
"""

from __future__ import annotations

import json
import logging
import re
import signal
import sys
from typing import Any
from urllib.parse import unquote

_SHORTEST = 4
"""Letters of a part of an address that may be a secret; hiding shorter ones would hide everything."""


class _Heard(logging.Handler):
    """What Apprise complains of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def main() -> None:
    """Do what standard input says."""
    job = json.load(sys.stdin)
    signal.alarm(int(job["seconds"]) + 1)  # whoever started us may be gone
    json.dump(do(job), sys.stdout)


def do(job: dict[str, Any]) -> dict[str, Any]:
    """Which service it is, null for none; whether it took the message; what was complained of."""
    import apprise  # noqa: PLC0415 -- only here: it is slow, and large

    heard = _Heard()
    logger = logging.getLogger("apprise")
    logger.addHandler(heard)
    logger.propagate = False
    services = apprise.Apprise()
    known = services.add(job["url"]) and len(services) == 1
    taken = False
    if known and "text" in job:
        taken = bool(
            services.notify(
                title=job["subject"], body=job["text"], notify_type=apprise.NotifyType(job["gravity"]),
                body_format=apprise.NotifyFormat.TEXT,
            )
        )  # fmt: skip
    said = "; ".join(dict.fromkeys(masked(line, job["url"]) for line in heard.lines))
    return {"service": str(services[0].service_name) if known else None, "taken": taken, "said": said}


def masked(said: str, url: str) -> str:
    """The text without any address, and without any part of this one but its scheme."""
    said = re.sub(r"\S+://\S+", "***", said)
    rest = url.partition("://")[2]
    parts = {part for written in (rest, unquote(rest)) for part in re.split(r"[/:@?&=,;\s]+", written)}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORTEST:
            said = re.sub(re.escape(part), "***", said, flags=re.IGNORECASE)
    return said


if __name__ == "__main__":
    main()
