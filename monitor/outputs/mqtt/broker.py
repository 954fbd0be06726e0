"""Connection to the MQTT broker, with random exponential pauses between reconnects.

The only module that uses aiomqtt.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import ssl
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from math import inf
from typing import Any, Literal, NoReturn, TypeVar

import aiomqtt
import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from monitor.errors import ReceiverAway, ReceiverRefused
from monitor.outages import Outage
from monitor.outputs.mqtt.outgoing import Message, Outgoing
from monitor.outputs.supervised import apart
from monitor.vitals import Vitals

ONLINE, OFFLINE = "online", "offline"
_PAUSE = wait_random_exponential(multiplier=1, max=60)
"""Before a reconnect: random, exponential, at most 60 seconds."""
_STEADY_SECONDS = 60.0
"""After a connection of this length the pause starts at its minimum again."""
_TIMEOUT_SECONDS = 10.0
_KEEPALIVE_SECONDS = 30
"""The broker publishes our last will after 1.5 times this period of silence."""
_DISCONNECT_SECONDS = 1.0

_MOST_BYTES = 65_536
"""Of a packet from the broker."""
_HEAD_BYTES = 10
"""Of a packet, at most, besides topic and payload."""
_silent = logging.getLogger("monitor.mqtt.library")
"""The library's log: the daemon has its own lines, and a hostile broker could fill the log with those."""
_silent.setLevel(logging.CRITICAL)

_VERSIONS = {"3.1.1": aiomqtt.ProtocolVersion.V311, "5": aiomqtt.ProtocolVersion.V5}
_T = TypeVar("_T")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Address:
    """Address and credentials of the broker."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    protocol: Literal["3.1.1", "5"] = "5"


class Broker:
    """Publishes the messages of `outgoing`; the topic `status` says whether it is connected."""

    def __init__(self, address: Address, outgoing: Outgoing, *, vitals: Vitals, status: str) -> None:
        self._address = address
        self._outgoing = outgoing
        self._vitals = vitals
        self._status = status
        self._client: _Client | None = None
        self._connected = asyncio.Event()
        self._outage = Outage()
        self._left_out = set[str]()
        """Topics with a message that was longer than the broker takes, and was logged."""

    async def run(self) -> NoReturn:
        """Publish for ever."""
        while True:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(aiomqtt.MqttError),
                wait=_PAUSE,
                before_sleep=lambda state: self._failed(state.outcome.exception() if state.outcome else None),
            ):
                with attempt:
                    await self._session()
            await asyncio.sleep(random.random())  # noqa: S311 -- spreads the reconnects of several clients

    async def publish(self, message: Message) -> None:
        """Publish directly once connected, bypassing the queue; returns after the acknowledgement.

        Raises:
            ReceiverAway: the connection was lost.
            ReceiverRefused: the message is longer than the broker takes.
        """
        await self._connected.wait()
        assert self._client
        try:
            await _publish(self._client, message)
        except aiomqtt.MqttError as error:
            raise ReceiverAway(_reason(error)) from None

    async def publish_once(self, message: Message | None = None) -> None:
        """Publish the message, if any, over a separate connection.

        Raises:
            ReceiverAway: the broker is unreachable or rejects the connection.
            ReceiverRefused: the message is longer than the broker takes.
        """
        try:
            async with self._connection(will=False) as client:
                if message:
                    await _publish(client, message)
        except aiomqtt.MqttError as error:
            raise ReceiverAway(_reason(error)) from None

    async def _session(self) -> None:
        """One connection; returns normally if it lasted at least `_STEADY_SECONDS`."""
        connected = None
        try:
            async with self._connection(will=True) as client:
                connected = time.monotonic()
                self._recovered()
                await _publish(client, Message(self._status, ONLINE, retain=True))
                self._outgoing.resend_states()
                self._client = client
                self._connected.set()
                try:
                    await self._serve(client)
                finally:
                    self._connected.clear()
        except aiomqtt.MqttError as error:
            if connected is None or time.monotonic() - connected < _STEADY_SECONDS:
                raise
            self._failed(error)

    async def _serve(self, client: _Client) -> None:
        """Publish queued messages until the connection is lost or the task is cancelled."""
        try:
            await apart(self._exchange(client))
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        except asyncio.CancelledError:
            with suppress(aiomqtt.MqttError, TimeoutError):
                async with asyncio.timeout(_DISCONNECT_SECONDS):
                    await _publish(client, Message(self._status, OFFLINE, retain=True))
            raise

    async def _exchange(self, client: _Client) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(_watch(client))
            group.create_task(self._publish_all(client))

    async def _publish_all(self, client: _Client) -> NoReturn:
        while True:
            message = await self._outgoing.next()
            try:
                await _publish(client, message)
            except ReceiverRefused as error:
                self._leave_out(message, error)
            self._outgoing.sent(message)

    def _leave_out(self, message: Message, error: ReceiverRefused) -> None:
        if message.topic not in self._left_out:
            self._left_out.add(message.topic)
            log.warning("MQTT message left out", topic=message.topic, reason=error.problem, remedy=error.remedy)

    @asynccontextmanager
    async def _connection(self, *, will: bool) -> AsyncIterator[_Client]:
        address = self._address
        user, password = address.login or (None, None)
        client = _Client(
            address.host, address.port, username=user, password=password, tls_context=address.tls,
            protocol=_VERSIONS[address.protocol], keepalive=_KEEPALIVE_SECONDS, timeout=_TIMEOUT_SECONDS,
            will=aiomqtt.Will(self._status, OFFLINE, qos=1, retain=True) if will else None,
            max_queued_incoming_messages=1, logger=_silent,
        )  # fmt: skip
        _limit(client)
        stopping = False
        try:
            async with client:
                try:
                    yield client
                except asyncio.CancelledError:
                    stopping = True
                    raise
                finally:
                    client.timeout = _DISCONNECT_SECONDS  # an unresponsive broker must not delay shutdown
        except aiomqtt.MqttError:
            if stopping:  # an error of the disconnect must not replace the cancellation
                raise asyncio.CancelledError from None
            raise

    def _failed(self, error: BaseException | None) -> None:
        self._vitals.errors.labels("mqtt_away").inc()
        if (seconds := self._outage.failed()) is not None:
            log.warning("waiting for MQTT broker", reason=_reason(error), seconds=seconds)

    def _recovered(self) -> None:
        if (seconds := self._outage.recovered()) is None:
            log.info("connected to MQTT broker", host=self._address.host, port=self._address.port)
        else:
            log.info("MQTT broker reachable again", seconds=seconds)


class _Client(aiomqtt.Client):
    """A client that knows how long a packet the broker takes, and that can be cancelled at any moment."""

    most_bytes: float = inf
    """MQTT 5 says it when it connects."""

    def _on_connect(self, *answer: Any) -> None:  # noqa: ANN401 -- the types of the library
        self.most_bytes = getattr(answer[-1], "MaximumPacketSize", inf)
        super()._on_connect(*answer)

    async def _wait_for(self, fut: Awaitable[_T], timeout: float | None) -> _T:  # noqa: ASYNC109 -- the library's
        """Wait as the library does, but never lose a cancellation.

        Before Python 3.12, `asyncio.wait_for`, which the library uses, returns the result and drops a cancellation that
        arrives in the same iteration of the event loop. The task would then run on, and shutdown would hang.
        """
        try:
            async with asyncio.timeout(self.timeout if timeout is None else timeout):
                return await fut
        except TimeoutError:
            raise aiomqtt.MqttError("the broker does not answer in time") from None


async def _publish(client: _Client, message: Message) -> None:
    size = len(message.topic.encode()) + len(message.payload.encode()) + _HEAD_BYTES
    if size > client.most_bytes:
        raise ReceiverRefused(
            f"the broker takes packets of {client.most_bytes} bytes, and this one has {size}",
            remedy="raise the broker's limit (max_packet_size in mosquitto.conf)",
        )
    await client.publish(message.topic, message.payload, qos=1, retain=message.retain)


async def _watch(client: aiomqtt.Client) -> None:
    """Raise when the connection is lost, or the broker sends messages: there are no subscriptions."""
    try:
        await anext(client.messages)
    except aiomqtt.MqttError:
        raise aiomqtt.MqttError("the connection was lost") from None
    raise aiomqtt.MqttError("the broker sends messages that nothing has asked for")


def _limit(client: aiomqtt.Client) -> None:
    """Have a connection end where the broker sends a long packet, or begins many deliveries without ending them.

    All that a broker has to send are acknowledgements; the library would hold packets of 256 MB.
    """
    paho = client._client  # noqa: SLF001 -- neither library has a limit
    receive = paho._sock_recv  # noqa: SLF001

    def limited(size: int) -> bytes:
        if size > _MOST_BYTES or paho._in_messages or len(client.messages):  # noqa: SLF001
            raise ConnectionError("the broker sends more than acknowledgements")
        return receive(size)

    paho._sock_recv = limited  # type: ignore[method-assign, assignment]  # noqa: SLF001


def _reason(error: BaseException | None) -> str:
    """The library's message without its numeric prefix."""
    return re.sub(r"^\[[^]]*\] ", "", str(error)) or type(error).__name__
