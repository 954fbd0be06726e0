"""What the store remembers of alerts, and whom it owes news."""

from dataclasses import replace

import pytest

from monitor.model import Alert, AlertState, Severity
from monitor.store import alerts as room
from monitor.store.store import Store

FIRING = Alert(
    "half", Severity.CRITICAL, AlertState.FIRING, 1.5, "a has half", "Because.", {"entity": "a"}, 0.6, 1.5, 7
)
OTHER = replace(FIRING, labels={"entity": "b"}, value=None)
RESOLVED = replace(FIRING, state=AlertState.RESOLVED, since=9.0)


async def waiting(store: Store, receiver: str, limit: int = 100) -> list[Alert]:
    return [each.alert for each in await store.alerts.claim(receiver, limit)]


async def test_how_alerts_stand_survives(store: Store, url: str) -> None:
    await store.alerts.save([FIRING, OTHER], [FIRING])
    assert await store.alerts.load() == [FIRING, OTHER]
    await store.alerts.save([RESOLVED], [RESOLVED])
    assert await store.alerts.load() == [RESOLVED]

    async with await Store.open(url, beside=True) as again:
        assert await again.alerts.load() == [RESOLVED]


async def test_each_receiver_gets_every_change_in_order_until_it_has_it(store: Store) -> None:
    await store.alerts.register("one")
    await store.alerts.register("two")
    await store.alerts.save([FIRING, OTHER], [FIRING, OTHER])
    await store.alerts.save([RESOLVED, OTHER], [RESOLVED])

    assert await waiting(store, "one") == [FIRING, OTHER, RESOLVED]
    assert await waiting(store, "one", limit=2) == [FIRING, OTHER]
    second = (await store.alerts.claim("one", 2))[-1].number
    await store.alerts.acknowledge("one", second)
    assert await waiting(store, "one") == [RESOLVED]
    assert await waiting(store, "two") == [FIRING, OTHER, RESOLVED]
    await store.alerts.acknowledge("one", 0)
    assert await waiting(store, "one") == [RESOLVED]


async def test_a_new_receiver_begins_with_what_changes_from_now_on(store: Store) -> None:
    await store.alerts.save([FIRING], [FIRING])
    await store.alerts.register("late")
    assert await waiting(store, "late") == []
    assert await waiting(store, "nobody") == []
    await store.alerts.save([RESOLVED], [RESOLVED])
    await store.alerts.register("late")
    assert await waiting(store, "late") == [RESOLVED]


async def test_numbers_are_never_given_twice(store: Store) -> None:
    await store.alerts.register("one")
    numbers = []
    for _ in range(3):
        await store.alerts.save([FIRING], [FIRING])
        (dispatch,) = await store.alerts.claim("one", 10)
        numbers.append(dispatch.number)
        await store.alerts.acknowledge("one", dispatch.number)

    assert numbers == [1, 2, 3]


async def test_nobody_waits_for_a_receiver_for_ever(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_KEPT", 5)
    await store.alerts.register("gone")
    for _ in range(4):
        await store.alerts.save([], [FIRING, RESOLVED])

    assert await waiting(store, "gone") == [RESOLVED, FIRING, RESOLVED, FIRING, RESOLVED]
