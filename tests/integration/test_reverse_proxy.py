"""The nginx of docs/how-to/reverse-proxy.md in front of the web server: TLS, names, addresses, and events at once."""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
from aiohttp import web
from support.served import server, sources
from support.services import CHECKOUT, free_port, program

from monitor.config import WebSection
from monitor.hub import Hub
from monitor.outputs.web.routes.events import Events
from monitor.vitals import Vitals

NAME = "pools.example.org"


class Echo:
    """Answers with what it knows of the client."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/", self.echo)]

    async def echo(self, request: web.Request) -> web.Response:
        return web.Response(text=f"{request.remote} {request.scheme}://{request.host}")


def configuration(folder: Path, port: int, behind: str) -> Path:
    """The block of the guide as a whole configuration: with our ports and certificate, and nothing outside `folder`."""
    guide = (CHECKOUT / "docs" / "how-to" / "reverse-proxy.md").read_text("utf-8")
    block = re.findall(r"```nginx\n(server .*?)```", guide, re.DOTALL)[0]
    block = block.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl").replace("http://127.0.0.1:8347", behind)
    block = re.sub(r"/etc/letsencrypt/live/[^/]+/", f"{folder}/", block)
    own = trustme.CA()
    certificate = own.issue_cert(NAME)
    own.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "privkey.pem")
    for at, part in enumerate(certificate.cert_chain_pems):
        part.write_to_path(folder / "fullchain.pem", append=at > 0)
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr;\n"
        f"events {{}}\nhttp {{ access_log off;\n{paths}{block}}}\n"
    )
    return file


async def test_a_proxy_passes_names_addresses_and_events(scratch: Path) -> None:
    nginx = program("nginx")
    vitals = Vitals()
    hub = Hub(vitals)
    over = sources(hub)
    port = free_port()
    async with server([Echo(), Events(over, vitals)], over, WebSection(port=0, allowed_hosts=(NAME,))) as behind:
        file = configuration(scratch, port, behind.url)
        process = subprocess.Popen(  # noqa: ASYNC220 -- it only starts
            [nginx, "-p", scratch, "-e", "stderr", "-c", file], stderr=subprocess.PIPE
        )
        try:
            trust = ssl.create_default_context(cafile=scratch / "ca.pem")
            async with aiohttp.ClientSession() as session, asyncio.timeout(120):
                there: dict[str, Any] = {"url": f"https://127.0.0.1:{port}/", "ssl": trust, "server_hostname": NAME}
                while True:
                    try:
                        async with session.get(**there, headers={"Host": NAME}) as response:
                            assert response.status == 200
                            assert await response.text() == f"127.0.0.1 https://{NAME}"
                            break
                    except aiohttp.ClientConnectorError:
                        assert process.poll() is None, process.communicate()[1].decode()
                        await asyncio.sleep(0.05)
                async with session.get(**there, headers={"Host": "evil.example"}) as response:
                    assert response.status == 421
                stream = there | {"url": f"https://127.0.0.1:{port}/api/v1/events"}
                async with session.get(**stream, headers={"Host": NAME}) as response:
                    assert await response.content.readline() == b": connected\n", "at once, not when a buffer is full"
        finally:
            process.kill()
            process.communicate()


pytestmark = pytest.mark.timeout(200)  # a busy machine starts nginx slowly
