"""Connections to where a node publishes over ZMQ: the address as seen from here, IPv6, and whether it answers."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address
from urllib.parse import urlsplit, urlunsplit

import zmq
import zmq.asyncio
from zmq.utils.monitor import recv_monitor_message

_ANSWER_SECONDS = 3.0


def reachable(address: str, host: str) -> str:
    """The address with the node's host, unless it names one itself.

    A node reports what it binds to: an IP address, every interface (0.0.0.0, [::], *) or the name of one (eth0), never
    the name of a host.
    """
    parts = urlsplit(address)
    if parts.scheme != "tcp" or _is_one(parts.hostname or ""):
        return address
    return urlunsplit(parts._replace(netloc=f"{f'[{host}]' if ':' in host else host}:{parts.port}"))


def _is_one(host: str) -> bool:
    """Whether a host is the IP address of one interface."""
    try:
        return not ip_address(host).is_unspecified
    except ValueError:
        return False


async def connect(subscriber: zmq.asyncio.Socket, address: str) -> None:
    """Connect over IPv6 where the host has no IPv4 address. With its IPv6 on, libzmq would prefer it to IPv4."""
    if host := urlsplit(address).hostname:
        try:
            await asyncio.get_running_loop().getaddrinfo(host, None, family=socket.AF_INET)
        except socket.gaierror:
            subscriber.ipv6 = True
    subscriber.connect(address)


async def answers(address: str) -> bool:
    """Whether a publisher accepts a connection, within a few seconds."""
    with (
        zmq.asyncio.Context() as context,
        context.socket(zmq.SUB) as subscriber,
        subscriber.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED) as events,
    ):
        subscriber.linger = events.linger = 0
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await connect(subscriber, address)
                await recv_monitor_message(events)
        except (TimeoutError, zmq.ZMQError):
            return False
        finally:
            subscriber.disable_monitor()
    return True
