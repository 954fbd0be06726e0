"""Errors of the API."""

from __future__ import annotations

from monitor.outputs.schemas.base import Schema


class Problem(Schema):
    """Why a request failed (RFC 9457)."""

    type: str = "about:blank"
    """Always `about:blank`: the status says it all."""
    title: str
    """Phrase of the status."""
    status: int
    """HTTP status."""
    detail: str
    """What is wrong, and what to do about it."""
