"""Imported once by the process that `support.forked` forks."""

from __future__ import annotations

from support.preloaded import prepare

prepare()
