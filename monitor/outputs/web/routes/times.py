"""Times as parameters of requests."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

from monitor.model import Moment

MAX_SECONDS = 2**32
"""Header times are below."""


def _time(text: str) -> int:
    try:
        if re.fullmatch(r"[0-9]{1,10}", text):
            seconds = int(text)
        else:
            time = datetime.fromisoformat(text)
            seconds = int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        seconds = -1
    if not 0 <= seconds < MAX_SECONDS:
        raise ValueError("use for example 2025-01-31, 2025-01-31T12:00:00Z or Unix seconds")
    return seconds


At: TypeAlias = Annotated[
    Moment,
    BeforeValidator(Moment.parse),
    WithJsonSchema({
        "type": "string", "pattern": "^[0-9]{1,8}$|^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$",
        "examples": ["2025-01-31"],
    }),
]  # fmt: skip
"""A height, a day (its end, UTC), or a time in ISO 8601; the pattern has what is certainly one."""
Time: TypeAlias = Annotated[
    int,
    BeforeValidator(_time),
    WithJsonSchema(
        {"type": "string", "pattern": "^[0-9]{1,10}$|^[0-9]{4}-[0-9]{2}-[0-9]{2}", "examples": ["2025-01-31"]}
    ),
]
"""Unix seconds, a day (its beginning, UTC), or a time in ISO 8601."""
