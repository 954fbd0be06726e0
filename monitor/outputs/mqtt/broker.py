"""The connection to the broker: made again whenever it is lost, after random and growing pauses.

The only place that knows the library, aiomqtt.
"""

from __future__ import annotations

import asyncio
import random
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeAlias

import aiomqtt
import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from monitor.errors import ReceiverAway
from monitor.outputs.mqtt.outgoing import Message, Outgoing
from monitor.outputs.outages import Absence
from monitor.vitals import Vitals

ONLINE, OFFLINE = "online", "offline"
_PAUSE = wait_random_exponential(multiplier=1, max=60)
"""Before a connection is tried again, seconds; `Pause` is the shape of it."""
_STEADY_SECONDS = 60.0
"""A connection that stood for so long was a good one: the next try comes soon."""
_TIMEOUT_SECONDS = 10.0
_KEEPALIVE_SECONDS = 30
"""After one and a half times as long without a word from us, the broker publishes our last will."""
_PARTING_SECONDS = 1.0

_VERSIONS = {"3.1.1": aiomqtt.ProtocolVersion.V311, "5": aiomqtt.ProtocolVersion.V5}
Pause: TypeAlias = Callable[[RetryCallState], float]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Address:
    """Where the broker is, and how it lets us in."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    protocol: Literal["3.1.1", "5"] = "5"


class Broker:
    """Brings what waits in `outgoing` to a broker.

    Args:
        status: the topic that says whether we are there.
    """

    def __init__(
        self, address: Address, outgoing: Outgoing, vitals: Vitals, *, status: str, pause: Pause = _PAUSE
    ) -> None:
        self._address = address
        self._outgoing = outgoing
        self._vitals = vitals
        self._status = status
        self._pause = pause
        self._client: aiomqtt.Client | None = None
        self._connected = asyncio.Event()
        self._absence = Absence()

    async def run(self) -> NoReturn:
        """Publish for ever."""
        while True:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception_type(aiomqtt.MqttError),
                wait=self._pause,
                before_sleep=lambda state: self._complain(state.outcome.exception() if state.outcome else None),
            ):
                with attempt:
                    await self._session()
            await asyncio.sleep(random.random())  # noqa: S311 -- that not all clients come at once

    async def publish(self, message: Message) -> None:
        """Publish past the queue once there is a connection, and return when the broker has it.

        Raises:
            ReceiverAway: the connection was lost meanwhile.
        """
        await self._connected.wait()
        assert self._client
        try:
            await _publish(self._client, message)
        except aiomqtt.MqttError as error:
            raise ReceiverAway(_reason(error)) from None

    async def publish_once(self, message: Message | None = None) -> None:
        """Connect beside whoever else is there, publish this if anything, and leave.

        Raises:
            ReceiverAway: it cannot be done.
        """
        try:
            async with self._connection(will=False) as client:
                if message:
                    await _publish(client, message)
        except aiomqtt.MqttError as error:
            raise ReceiverAway(_reason(error)) from None

    async def _session(self) -> None:
        """One connection, from its beginning to its end; returns when it was a good one."""
        connected = None
        try:
            async with self._connection(will=True) as client:
                connected = time.monotonic()
                self._relieved()
                await _publish(client, Message(self._status, ONLINE, retain=True))
                self._outgoing.renew()
                self._client = client
                self._connected.set()
                try:
                    await self._serve(client)
                finally:
                    self._connected.clear()
        except aiomqtt.MqttError as error:
            if connected is None or time.monotonic() - connected < _STEADY_SECONDS:
                raise
            self._complain(error)

    async def _serve(self, client: aiomqtt.Client) -> None:
        """Publish what waits until the connection is lost, or we are asked to end."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_watch(client))
                group.create_task(self._publish_all(client))
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        except asyncio.CancelledError:
            with suppress(aiomqtt.MqttError, TimeoutError):
                async with asyncio.timeout(_PARTING_SECONDS):
                    await _publish(client, Message(self._status, OFFLINE, retain=True))
            raise

    async def _publish_all(self, client: aiomqtt.Client) -> NoReturn:
        while True:
            message = await self._outgoing.next()
            await _publish(client, message)
            self._outgoing.sent(message)

    @asynccontextmanager
    async def _connection(self, *, will: bool) -> AsyncIterator[aiomqtt.Client]:
        address = self._address
        user, password = address.login or (None, None)
        client = aiomqtt.Client(
            address.host, address.port, username=user, password=password, tls_context=address.tls,
            protocol=_VERSIONS[address.protocol], keepalive=_KEEPALIVE_SECONDS, timeout=_TIMEOUT_SECONDS,
            will=aiomqtt.Will(self._status, OFFLINE, qos=1, retain=True) if will else None,
        )  # fmt: skip
        stopping = False
        try:
            async with client:
                try:
                    yield client
                except asyncio.CancelledError:
                    stopping = True
                    raise
                finally:
                    client.timeout = _PARTING_SECONDS  # a broker that hangs keeps nobody from stopping
        except aiomqtt.MqttError:
            if stopping:  # this is about the parting, and would take the place of what we were asked
                raise asyncio.CancelledError from None
            raise

    def _complain(self, error: BaseException | None) -> None:
        self._vitals.errors.labels("mqtt_away").inc()
        if (seconds := self._absence.goes_on()) is not None:
            log.warning("waiting for the broker", reason=_reason(error), seconds=seconds)

    def _relieved(self) -> None:
        if (seconds := self._absence.ends()) is None:
            log.info("connected to the broker", host=self._address.host, port=self._address.port)
        else:
            log.info("the broker is back", seconds=seconds)


async def _publish(client: aiomqtt.Client, message: Message) -> None:
    await client.publish(message.topic, message.payload, qos=1, retain=message.retain)


async def _watch(client: aiomqtt.Client) -> None:
    """Raise when the connection is lost. We subscribe to nothing, so nothing comes."""
    try:
        async for _ in client.messages:
            pass
    except aiomqtt.MqttError:
        raise aiomqtt.MqttError("the connection was lost") from None


def _reason(error: BaseException | None) -> str:
    """What the library says, without the numbers that it puts before it."""
    return re.sub(r"^\[[^]]*\] ", "", str(error)) or type(error).__name__
