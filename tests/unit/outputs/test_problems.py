"""Errors leave as RFC 9457 problem documents, whatever went wrong."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from monitor.outputs.web.problems import Problem, problems
from monitor.vitals import Vitals


async def teapot(_request: web.Request) -> web.Response:
    raise Problem(HTTPStatus.IM_A_TEAPOT, "there is no coffee here")


async def bug(_request: web.Request) -> web.Response:
    raise RuntimeError("a secret of ours")


async def elsewhere(_request: web.Request) -> web.Response:
    raise web.HTTPFound("/teapot")


@pytest.fixture
def vitals() -> Vitals:
    return Vitals()


@pytest.fixture
def application(vitals: Vitals) -> web.Application:
    application = web.Application(middlewares=[problems(vitals)])
    application.add_routes([web.get("/teapot", teapot), web.get("/bug", bug), web.get("/elsewhere", elsewhere)])
    return application


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        ("GET", "/teapot", {"title": "I'm a Teapot", "status": 418, "detail": "there is no coffee here"}),
        ("GET", "/nowhere", {"title": "Not Found", "status": 404, "detail": "Not Found"}),
        ("POST", "/teapot", {"title": "Method Not Allowed", "status": 405, "detail": "Method Not Allowed"}),
        (
            "GET",
            "/bug",
            {"title": "Internal Server Error", "status": 500, "detail": "the log of the daemon has the reason"},
        ),
    ],
)
async def test_every_error_is_a_document(
    application: web.Application, method: str, path: str, document: dict[str, object]
) -> None:
    with capture_logs():
        async with TestClient(TestServer(application)) as client:
            response = await client.request(method, path)
            assert response.content_type == "application/problem+json"
            assert await response.json(content_type=None) == {"type": "about:blank", **document}
            assert response.status == document["status"]


async def test_a_bug_is_logged_and_counted_and_keeps_its_secret(application: web.Application, vitals: Vitals) -> None:
    with capture_logs() as said:
        async with TestClient(TestServer(application)) as client:
            response = await client.get("/bug")
            assert "secret" not in await response.text()
    assert [(event["event"], event["path"]) for event in said] == [("a request failed", "/bug")]
    assert vitals.registry.get_sample_value("pool_monitor_errors_total", {"kind": "web"}) == 1


async def test_a_redirection_is_no_error(application: web.Application) -> None:
    async with TestClient(TestServer(application)) as client:
        response = await client.get("/elsewhere", allow_redirects=False)
        assert (response.status, response.headers["Location"]) == (302, "/teapot")
