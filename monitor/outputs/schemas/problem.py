"""Errors of the API."""

from __future__ import annotations

from monitor.outputs.schemas.base import Schema, field


class Problem(Schema):
    """Why a request failed (RFC 9457)."""

    type: str = field("Always `about:blank`: the status says it all", default="about:blank")
    title: str = field("Phrase of the status")
    status: int = field("HTTP status")
    detail: str = field("What is wrong, and what to do about it")
