"""The parameters that paths share."""

from __future__ import annotations

from monitor.outputs.web.paths import Parameter

LEVEL = Parameter(
    "level",
    "[whom blocks are counted for](glossary.md#what-is-counted); `pool` without it",
    {"type": "string"},
    lambda snapshot: list(dict.fromkeys(each.level for each in snapshot.concentration)),
)
WINDOW = Parameter(
    "window",
    "one window only, as configured: `24h`",
    {"type": "string"},
    lambda snapshot: list(dict.fromkeys(each.window.name for each in snapshot.concentration)),
)
LIMIT = Parameter(
    "limit",
    "so many at most, up to 500; 50 without it",
    {"type": "integer", "minimum": 1, "maximum": 500, "default": 50},
)
BELOW = Parameter(
    "below",
    "only blocks lower than this height: to ask for the next ones, the lowest height of the answer before",
    {"type": "integer", "minimum": 1, "maximum": 2**31 - 1},
)
HASH = Parameter("hash", "of the block, 64 hexadecimal digits", {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"})
SLUG = Parameter("slug", "of the pool, as in `/api/v1/pools`", {"type": "string"})
