"""What the daemon says of itself when the node says nothing."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

from monitor.health import Health


def health(*, waiting: str | None, heard_at: float | None) -> Health:
    role: Any = SimpleNamespace(writes=True, waiting=None)
    node: Any = SimpleNamespace(heard_at=heard_at, facts=None)
    follower: Any = SimpleNamespace(waiting=waiting, stepped_at=time.monotonic())
    source: Any = SimpleNamespace(followed=SimpleNamespace(node=node))
    backfill: Any = SimpleNamespace(coverage=None)
    return Health(role, follower, node, backfill=backfill, source=source, patience=40)


def test_a_node_that_says_nothing_is_waited_for_although_no_request_has_failed() -> None:
    now = time.time()
    assert health(waiting=None, heard_at=now).waiting is None
    assert health(waiting=None, heard_at=now - 60).waiting == "the node has not named its best block lately"
    assert health(waiting="it is away", heard_at=now - 60).waiting == "it is away"
    assert health(waiting=None, heard_at=None).waiting is None, "it was not asked yet"


def test_intake_that_stands_still_does_not_move() -> None:
    found = health(waiting=None, heard_at=None)
    assert found.intake_moves
    found.follower.stepped_at -= 7200
    assert not found.intake_moves
