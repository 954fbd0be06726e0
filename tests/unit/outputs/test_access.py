"""Who may ask the web server: names, proxies, tokens and their scopes, headers and methods."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from support.served import server, sources

from monitor.config import Scope, Token, WebSection, load_tokens
from monitor.errors import ConfigError
from monitor.hub import Hub
from monitor.outputs.exposition import Exposition
from monitor.outputs.web.headers import SECURITY
from monitor.outputs.web.routes.metrics import Metrics
from monitor.outputs.web.server import WebServer
from monitor.vitals import Vitals


class Echo:
    """Answers with what it knows of the client."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get(path, self.echo) for path in ("/", "/healthz", "/badge/hhi.svg", "/badger")]

    async def echo(self, request: web.Request) -> web.Response:
        return web.Response(text=f"{request.remote} {request.scheme} {request.host}")


def serving(**settings: Any) -> WebServer:  # noqa: ANN401 -- of the section
    vitals = Vitals()
    hub = Hub(vitals)
    return server([Echo(), Metrics(Exposition(hub, vitals))], sources(hub), WebSection(port=0, **settings))


async def ask(of: WebServer, path: str = "/", **headers: str) -> aiohttp.ClientResponse:
    async with aiohttp.ClientSession() as session, session.get(of.url + path, headers=headers) as response:
        await response.read()
        return response


@pytest.fixture
async def plain() -> AsyncIterator[WebServer]:
    async with serving(allowed_hosts=["pools.example.org"]) as found:
        yield found


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:8347", "192.168.1.7:80", "[::1]:8347", "localhost:8347", "umbrel", "umbrel.local",
     "a.onion", "pools.example.org", "POOLS.example.org:443", "pools.example.org."],
)  # fmt: skip
async def test_addresses_private_and_configured_names_are_served(plain: WebServer, host: str) -> None:
    assert (await ask(plain, Host=host)).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8347", "pools.example.org.evil.example", "evil-local.com", "",
     "127.0.0.1.evil.example", "[::1", "[x]", "a b.example", "127.0.0.1@evil.example"],
)  # fmt: skip
async def test_a_name_that_another_site_may_have_is_refused(plain: WebServer, host: str) -> None:
    answer = await ask(plain, Host=host)
    assert answer.status == 421
    forged = await ask(plain, Host="evil.example", **{"X-Forwarded-Host": "127.0.0.1"})
    assert forged.status == 421


@pytest.mark.parametrize(
    ("target", "status"),
    [("http://evil.example/", 421), ("https://evil.example:443/", 421), ("http://127.0.0.1:8347/", 200),
     ("http://[::1]:8347/", 200), ("http://pools.example.org/", 200), ("//evil.example/", 404)],
)  # fmt: skip
async def test_the_name_in_a_request_target_is_checked_too(plain: WebServer, target: str, status: int) -> None:
    reader, writer = await asyncio.open_connection(*plain.url.removeprefix("http://").split(":"))
    writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


async def test_a_star_allows_every_name() -> None:
    async with serving(allowed_hosts=["*"]) as found:
        assert (await ask(found, Host="evil.example")).status == 200


async def test_every_answer_has_the_security_headers(plain: WebServer) -> None:
    for path, headers in (("/", {}), ("/metrics", {}), ("/nowhere", {}), ("/", {"Host": "evil.example"})):
        answer = await ask(plain, path, **headers)
        assert SECURITY.items() <= dict(answer.headers).items(), path


async def test_nothing_but_get_and_head_is_served(plain: WebServer) -> None:
    async with aiohttp.ClientSession() as session:
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            async with session.request(method, plain.url) as response:
                assert response.status == 405
                assert response.headers["Allow"] == "GET,HEAD"


async def test_a_trusted_proxy_says_who_the_client_is() -> None:
    forwarded = {"X-Forwarded-For": "6.6.6.6, 198.51.100.7, 10.1.1.1", "X-Forwarded-Proto": "https"}
    async with serving(trusted_proxies=["127.0.0.0/8", "10.0.0.0/8"]) as found:
        answer = await ask(found, **forwarded)
        assert (await answer.text()).startswith("198.51.100.7 https "), "what the client itself sent does not count"
        assert (await (await ask(found, **{"X-Forwarded-For": "rubbish"})).text()).startswith("127.0.0.1 http ")
    async with serving(trusted_proxies=[]) as found:
        assert (await (await ask(found, **forwarded)).text()).startswith("127.0.0.1 http ")


async def test_a_token_allows_its_scopes(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    file.write_text(
        Token.of("of grafana", name="grafana", scopes=[Scope.METRICS]).toml()
        + Token.of("of alice", name="alice", scopes=[Scope.READ]).toml()
    )
    async with serving(tokens_file=file, token="of all") as found:  # noqa: S106
        for given, path, status in (
            ("of grafana", "/metrics", 200), ("of grafana", "/", 403),
            ("of alice", "/metrics", 403), ("of alice", "/", 200),
            ("of all", "/metrics", 200), ("of all", "/", 200),
            ("of bob", "/", 401), ("", "/", 401), ("é", "/metrics", 401),
        ):  # fmt: skip
            assert (await ask(found, path, Authorization=f"Bearer {given}")).status == status
        assert (await ask(found)).status == 401
        assert (await ask(found, "/healthz")).status == 200
        found.tokens = [Token.of("new", name="alice")]
        assert (await ask(found, Authorization="Bearer of alice")).status == 401
        assert (await ask(found, Authorization="Bearer new")).status == 200


async def test_charts_are_public_only_by_choice() -> None:
    for public, status in ((False, 401), (True, 200)):
        async with serving(token="of all", public_charts=public) as found:  # noqa: S106
            assert (await ask(found, "/badge/hhi.svg")).status == status
            for path in ("/", "/badger", "/metrics", "/nowhere"):
                assert (await ask(found, path)).status == 401


@pytest.mark.parametrize(
    "text",
    ["", "[[tokens]]", 'tokens = "x"', '[[tokens]]\nname = "a"\nscopes = []\nsha256 = "' + 64 * "0" + '"',
     '[[tokens]]\nname = "a"\nscopes = ["write"]\nsha256 = "' + 64 * "0" + '"',
     '[[tokens]]\nname = "a"\nscopes = ["read"]\nsha256 = "x"', "[" * 100_000, "\0", "x = " + "9" * 10_000],
)  # fmt: skip
def test_a_file_of_tokens_that_protects_nothing_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "tokens.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"web.tokens_file: .*tokens.toml: "):
        load_tokens(file)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_tokens(tmp_path / "missing")


def test_the_file_has_no_token() -> None:
    token = Token.of("secret text", name="a")
    assert "secret text" not in token.toml() + repr(token)
