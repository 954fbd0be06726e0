"""The MQTT output: publishes block events, the newest numbers and alerts, and is a receiver of alerts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from monitor.hub import Hub
from monitor.model import Alert, AlertState, Dispatch, Snapshot
from monitor.outputs.mqtt import payloads
from monitor.outputs.mqtt.broker import Address, Broker
from monitor.outputs.mqtt.discovery import discovery
from monitor.outputs.mqtt.outgoing import Message, Outgoing
from monitor.outputs.mqtt.payloads import Topics
from monitor.outputs.receiver import Receiver
from monitor.outputs.supervised import supervised
from monitor.vitals import Vitals

_NAME = "mqtt"


@dataclass(frozen=True, slots=True)
class HomeAssistant:
    """Settings of Home Assistant discovery."""

    root: str
    """Prefix of the discovery topics."""
    link: str
    """URL of the page."""


class MqttOutput(Receiver):
    """Publishes under one topic prefix."""

    timeout = 120.0
    """Includes waiting for a connection, which the broker logs itself."""

    def __init__(
        self, address: Address, prefix: str, *, hub: Hub, vitals: Vitals, home_assistant: HomeAssistant | None = None
    ) -> None:
        super().__init__(_NAME)
        self._prefix = prefix
        self._topics = Topics(prefix)
        self._hub = hub
        self._vitals = vitals
        self._home_assistant = home_assistant
        self._outgoing = Outgoing(_NAME, vitals)
        self._broker = Broker(address, self._outgoing, vitals=vitals, status=self._topics.status)

    async def run(self) -> NoReturn:
        """Publish for ever, across outages of the broker."""
        async with asyncio.TaskGroup() as group:
            for part in (self._broker.run, self._publish_news, self._publish_alerts):
                group.create_task(supervised(_NAME, part, self._vitals))
        raise AssertionError("these tasks run for ever")

    # -- as an output --------------------------------------------------------------------------------------------------

    async def _publish_news(self) -> NoReturn:
        with self._hub.listen(_NAME) as listener:
            async for news in listener:
                if isinstance(news, Snapshot):
                    self._publish_states(news)
                else:
                    for topic, payload in payloads.events(news, self._topics):
                        self._outgoing.event(topic, payload)
        raise AssertionError("the news ended")

    async def _publish_alerts(self) -> NoReturn:
        with self._hub.listen_to_alerts(_NAME) as changes:
            async for _ in changes:
                self._outgoing.state(self._topics.alerts, payloads.alerts(self._hub.alerts))
        raise AssertionError("the alerts ended")

    def _publish_states(self, snapshot: Snapshot) -> None:
        if not snapshot.caught_up:
            return
        for topic, payload in payloads.states(snapshot, self._topics):
            self._outgoing.state(topic, payload)
        self._outgoing.state(self._topics.alerts, payloads.alerts(self._hub.alerts))
        for rule in {alert.rule for alert in self._hub.alerts if alert.state is AlertState.FIRING}:
            if not self._outgoing.has_state(self._topics.alert(rule)):  # firing since before this start
                self._outgoing.state(self._topics.alert(rule), payloads.rule(rule, self._hub.alerts, None))
        if settings := self._home_assistant:  # the longest message, which a broker may not take
            topic, payload = discovery(
                self._topics, snapshot.concentration, prefix=self._prefix, root=settings.root, link=settings.link
            )
            self._outgoing.state(topic, payload)

    # -- as a receiver of alerts ---------------------------------------------------------------------------------------

    async def deliver(self, changes: Sequence[Dispatch]) -> str:
        """Publish the state of the rule after this change; returns after the acknowledgement."""
        (change,) = changes
        rule = change.alert.rule
        message = Message(
            self._topics.alert(rule), payloads.rule(rule, _with(change.alert, self._hub.alerts), change), retain=True
        )
        await self._broker.publish(message)
        self._outgoing.state(message.topic, message.payload, published=True)
        return "accepted by the broker"

    async def deliver_test(self, change: Dispatch) -> str:
        """Publish over a separate connection, without retaining the message."""
        rule = change.alert.rule
        await self._broker.publish_once(
            Message(self._topics.alert(rule), payloads.rule(rule, [change.alert], change), retain=False)
        )
        return "accepted by the broker"

    async def probe(self) -> str:
        """Connect and disconnect."""
        await self._broker.publish_once()
        return "connected to the broker"


def _with(changed: Alert, current: Sequence[Alert]) -> list[Alert]:
    """The current alerts with this change applied, unless it is older than the current state."""
    latest = {alert.key: alert for alert in current}
    known = latest.get(changed.key)
    if known is None or known.since <= changed.since:
        latest[changed.key] = changed
    return list(latest.values())
