"""A real MQTT broker, and a second client that reads along."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt
import trustme

from support.services import Service, free_port


@dataclass(frozen=True, slots=True)
class Heard:
    """What a reader was told."""

    topic: str
    payload: str
    retained: bool
    """Whether it was there before the reader came."""

    @property
    def document(self) -> Any:  # noqa: ANN401 -- JSON is whatever it is
        """The payload, where it is JSON."""
        return json.loads(self.payload)


class Mosquitto(Service):
    """A broker on 127.0.0.1, whose port survives `stop` and `kill`; what it retained does not.

    Args:
        login: the one user and password that it lets in; without, everybody.
        authority: who makes its certificate, for TLS, and demands one of its clients.
        settings: more lines of its configuration.
    """

    def __init__(
        self,
        program: Path,
        folder: Path,
        *,
        login: tuple[str, str] | None = None,
        authority: trustme.CA | None = None,
        settings: Sequence[str] = (),
    ) -> None:
        super().__init__(program, folder)
        self.port = free_port()
        self.login = login
        self.authority = authority
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {str(login is None).lower()}",
            "log_type all",
            *settings,
        ]
        if os.geteuid() == 0:
            lines.append("user root")  # else it becomes somebody who may not read its folder
        if login:
            (folder / "passwords").write_text(_hashed(*login))
            (folder / "passwords").chmod(0o600)
            lines.append(f"password_file {folder / 'passwords'}")
        if authority:
            authority.cert_pem.write_to_path(folder / "ca.pem")
            certificate = authority.issue_cert("127.0.0.1")
            certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
            lines += [f"cafile {folder / 'ca.pem'}", f"certfile {folder / 'server.pem'}"]
            lines += [f"keyfile {folder / 'server.pem'}", "require_certificate true"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        self._arguments = ["-c", str(folder / "mosquitto.conf")]

    @asynccontextmanager
    async def reader(self, *topics: str, client_pem: Path | None = None) -> AsyncIterator[list[Heard]]:
        """Another client that reads along: what it was told, growing."""
        user, password = self.login or (None, None)
        tls = None
        if self.authority:
            tls = aiomqtt.TLSParameters(
                ca_certs=str(self.folder / "ca.pem"), certfile=str(client_pem), keyfile=str(client_pem)
            )
        heard: list[Heard] = []
        async with aiomqtt.Client("127.0.0.1", self.port, username=user, password=password, tls_params=tls) as client:
            for topic in topics or ("#",):
                await client.subscribe(topic, qos=1)
            task = asyncio.create_task(_read(client, heard))
            try:
                yield heard
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def _probe(self) -> None:
        socket.create_connection(("127.0.0.1", self.port)).close()


async def _read(client: aiomqtt.Client, heard: list[Heard]) -> None:
    async for message in client.messages:
        assert isinstance(message.payload, bytes)
        heard.append(Heard(message.topic.value, message.payload.decode(), message.retain))


def _hashed(user: str, password: str) -> str:
    """A line of its password file."""
    salt = b"saltsaltsalt"
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101)
    return f"{user}:$7$101${b64encode(salt).decode()}${b64encode(digest).decode()}\n"
