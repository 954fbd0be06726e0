"""Queue of MQTT messages: the newest state of each topic, and recent events."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from monitor.vitals import Vitals


@dataclass(frozen=True, slots=True)
class Message:
    """One message; a retained message is a state, which the broker sends to new subscribers."""

    topic: str
    payload: str
    retain: bool


class Outgoing:
    """A bounded queue; adding never blocks.

    A newer state replaces the older one of its topic. Beyond the limit the oldest event is dropped and counted.
    """

    def __init__(self, name: str, vitals: Vitals, *, limit: int = 1000) -> None:
        self._name = name
        self._vitals = vitals
        self._limit = limit
        self._states: dict[str, Message] = {}
        self._due: dict[str, None] = {}
        """Topics with an unpublished state, oldest first."""
        self._events: deque[Message] = deque()
        self._added = asyncio.Event()

    def state(self, topic: str, payload: str, *, published: bool = False) -> None:
        """Set the state of a topic; `published` if the broker has it already."""
        if topic in self._states and self._states[topic].payload == payload:
            return
        self._states[topic] = Message(topic, payload, retain=True)
        if not published:
            self._due[topic] = None
            self._added.set()

    def event(self, topic: str, payload: str) -> None:
        """Add an event."""
        if len(self._events) == self._limit:
            self._events.popleft()
            self._vitals.output_dropped.labels(self._name).inc()
        self._events.append(Message(topic, payload, retain=False))
        self._added.set()

    def has_state(self, topic: str) -> bool:
        """Whether a state was set for this topic."""
        return topic in self._states

    def resend_states(self) -> None:
        """Publish all states again: the broker may have lost them."""
        self._due = dict.fromkeys(self._states)
        self._added.set()

    async def next(self) -> Message:
        """Wait for the next message to publish; it stays queued until `sent`."""
        while True:
            if self._events:
                return self._events[0]
            if self._due:
                return self._states[next(iter(self._due))]
            self._added.clear()
            await self._added.wait()

    def sent(self, message: Message) -> None:
        """Remove a published message."""
        if self._events and self._events[0] is message:
            self._events.popleft()
        if self._states.get(message.topic) is message:
            self._due.pop(message.topic, None)
