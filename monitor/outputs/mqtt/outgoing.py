"""What waits for the broker: the newest of each state, and the last events."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from monitor.vitals import Vitals


@dataclass(frozen=True, slots=True)
class Message:
    """What is published. A retained one is a state: the broker shows it to whoever comes later."""

    topic: str
    payload: str
    retain: bool


class Outgoing:
    """A bounded queue that makes nobody wait.

    A newer state takes the place of an older one; of too many events the oldest go, which is counted.
    """

    def __init__(self, name: str, vitals: Vitals, *, limit: int = 1000) -> None:
        self._name = name
        self._vitals = vitals
        self._limit = limit
        self._states: dict[str, Message] = {}
        self._due: dict[str, None] = {}
        """Topics whose state the broker does not have yet, oldest first."""
        self._events: deque[Message] = deque()
        self._bell = asyncio.Event()

    def state(self, topic: str, payload: str, *, known: bool = False) -> None:
        """How something stands now; `known` where the broker has it already."""
        if topic in self._states and self._states[topic].payload == payload:
            return
        self._states[topic] = Message(topic, payload, retain=True)
        if not known:
            self._due[topic] = None
            self._bell.set()

    def event(self, topic: str, payload: str) -> None:
        """Something happened."""
        if len(self._events) == self._limit:
            self._events.popleft()
            self._vitals.output_dropped.labels(self._name).inc()
        self._events.append(Message(topic, payload, retain=False))
        self._bell.set()

    def knows(self, topic: str) -> bool:
        """Whether a state was ever told for this topic."""
        return topic in self._states

    def renew(self) -> None:
        """The broker may have forgotten everything: all states are due."""
        self._due = dict.fromkeys(self._states)
        self._bell.set()

    async def next(self) -> Message:
        """What is to be published next, once there is something. It stays until it was `sent`."""
        while True:
            if self._events:
                return self._events[0]
            if self._due:
                return self._states[next(iter(self._due))]
            self._bell.clear()
            await self._bell.wait()

    def sent(self, message: Message) -> None:
        """The broker has it."""
        if self._events and self._events[0] is message:
            self._events.popleft()
        if self._states.get(message.topic) is message:
            self._due.pop(message.topic, None)
