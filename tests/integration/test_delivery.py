"""Receivers of every kind, real and as bad as they come, are told of every change."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
import trustme
from standardwebhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError
from structlog.testing import capture_logs
from support.alertmanager import Alertmanager as Server
from support.hook import Hook, until
from support.outbox import Post, alert
from support.tunnel import Tunnel

from monitor.alerts.delivery.alertmanager import Alertmanager
from monitor.alerts.delivery.apprise import AppriseReceiver
from monitor.alerts.delivery.http import Http
from monitor.alerts.delivery.webhook import Webhook
from monitor.errors import ReceiverAway, ReceiverRefused
from monitor.model import Dispatch

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
PAGE = "http://127.0.0.1:8347"
LINK = f"{PAGE}/alerts#alert-majority"


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    async with Hook() as hook:
        yield hook


def webhook(hook: Hook, *, seconds: float = 0.3, tls: ssl.SSLContext | None = None) -> Webhook:
    return Webhook(f"{hook.url}/s3cret-path", KEY, http=Http(seconds=seconds, tls=tls))


# -- webhook -----------------------------------------------------------------------------------------------------------


async def test_a_change_is_posted_once_and_the_specifications_own_library_verifies_it(post: Post, hook: Hook) -> None:
    async with post.working(webhook(hook)):
        post.outbox.note(alert(), alert(firing=False))
        await until(lambda: post.outbox.is_done("webhook"))
    first, second = hook.taken
    assert Verifier(SECRET).verify(first.body, dict(first.headers)) == first.document
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify(first.body.replace(b"critical", b"info"), dict(first.headers))
    assert (first.document["type"], first.document["data"]["number"]) == ("alert.firing", 1)
    assert second.document["type"] == "alert.resolved"
    assert first.headers["webhook-id"] != second.headers["webhook-id"]


@pytest.mark.parametrize("status", [500, 502, 503, 408, 429, 0])
async def test_it_is_told_again_until_it_takes_it_under_the_same_id(post: Post, hook: Hook, status: int) -> None:
    async with post.working(webhook(hook)):
        hook.status = status
        post.outbox.note(alert())
        await until(lambda: post.count("receiver_away") >= 2)
        hook.status = 200
        await until(lambda: post.outbox.is_done("webhook"))
    assert len(hook.taken) == 1
    assert len({each.headers["webhook-id"] for each in hook.asked}) == 1
    assert len(hook.asked) >= 3


async def test_nobody_listens_until_somebody_does(post: Post, hook: Hook) -> None:
    await hook.stop()
    async with post.working(webhook(hook)):
        post.outbox.note(alert())
        await until(lambda: post.count("receiver_away") >= 3)
        await hook.start()
        await until(lambda: post.outbox.is_done("webhook"))
    assert len(hook.taken) == 1


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410, 422])
async def test_a_refusal_is_told_as_one(hook: Hook, status: int) -> None:
    hook.status, hook.says = status, "you\n\x1b[31mmay not" + "x" * 1000
    receiver = webhook(hook)
    with pytest.raises(ReceiverRefused, match=f"^{status} .*: you .\\[31mmay notx") as caught:
        await receiver.deliver([Dispatch(1, alert())])
    await receiver.close()
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 400


async def test_it_waits_for_as_long_as_the_receiver_asks(hook: Hook) -> None:
    hook.status, hook.headers = 429, {"Retry-After": "7"}
    receiver = webhook(hook)
    with pytest.raises(ReceiverAway) as caught:
        await receiver.deliver([Dispatch(1, alert())])
    await receiver.close()
    assert caught.value.seconds == 7


async def test_its_address_is_in_no_log_line_and_no_error(post: Post, hook: Hook) -> None:
    with capture_logs() as logs:
        async with post.working(webhook(hook)):
            hook.status = 404
            post.outbox.note(alert())
            await until(lambda: bool(logs))
            await hook.stop()
            await until(lambda: post.count("receiver_away") >= 1)
    assert logs
    assert "s3cret" not in json.dumps(logs, default=str)


async def test_a_certificate_is_checked_by_the_authority_that_was_named(post: Post) -> None:
    authority, other = trustme.CA(), trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trusting, doubting = ssl.create_default_context(), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(trusting)
    other.configure_trust(doubting)
    async with Hook(tls=server) as hook:
        wrong = webhook(hook, tls=doubting)
        with pytest.raises(ReceiverAway, match="certificate is not trusted"):
            await wrong.deliver([Dispatch(1, alert())])
        await wrong.close()
        async with post.working(webhook(hook, tls=trusting, seconds=5)):
            post.outbox.note(alert())
            await until(lambda: post.outbox.is_done("webhook"))


async def test_a_receiver_that_was_closed_can_be_told_again(hook: Hook) -> None:
    """As after a defect, when its worker is restarted."""
    receiver = webhook(hook)
    for number in (1, 2):
        assert await receiver.deliver([Dispatch(number, alert())]) == "200 OK"
        await receiver.close()
    assert len(hook.taken) == 2


async def test_a_probe_tells_the_receiver_nothing(hook: Hook) -> None:
    receiver = webhook(hook)
    hook.status = 405
    assert await receiver.probe() == "answers (405 to OPTIONS)"
    await receiver.close()
    assert [each.body for each in hook.asked] == [b""]


@pytest.fixture
def proxied(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment names the hook as the proxy for http, with a password."""
    monkeypatch.setenv("http_proxy", f"http://alice:pr0xy-s3cret@127.0.0.1:{hook.port}")
    monkeypatch.setenv("no_proxy", "elsewhere.example")
    return monkeypatch


async def test_requests_go_through_the_proxy_of_the_environment(hook: Hook, proxied: pytest.MonkeyPatch) -> None:
    manager = Http(seconds=5, login=("bob", "passw0rd"))
    receivers = (
        Webhook("http://receiver.example/hook", KEY, http=Http(seconds=5)),
        Alertmanager("http://receiver.example", page=PAGE, repeat_seconds=60, http=manager),
        AppriseReceiver("json://receiver.example/service", page=PAGE, seconds=20),
    )
    for receiver in receivers:
        await receiver.deliver([Dispatch(1, alert())])
        await receiver.close()
    assert [each.path for each in hook.taken] == ["/hook", "/api/v2/alerts", "/service"]
    assert {each.headers["Host"] for each in hook.taken} == {"receiver.example"}
    login = aiohttp.encode_basic_auth("alice", "pr0xy-s3cret")
    assert {each.headers["Proxy-Authorization"] for each in hook.taken} == {login}
    assert hook.taken[1].headers["Authorization"] == aiohttp.encode_basic_auth("bob", "passw0rd")

    proxied.setenv("no_proxy", "127.0.0.1,.example")
    for receiver in receivers:
        with pytest.raises(ReceiverAway):
            await receiver.deliver([Dispatch(1, alert())])
        await receiver.close()
    assert len(hook.asked) == 3
    direct = webhook(hook)
    assert await direct.deliver([Dispatch(1, alert())]) == "200 OK"
    await direct.close()
    assert "Proxy-Authorization" not in hook.asked[-1].headers


async def test_a_proxy_tunnels_https(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    server, trusting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("receiver.example").configure_cert(server)
    authority.configure_trust(trusting)
    async with Hook(tls=server) as hook:
        with Tunnel(hook.port, connect=True) as tunnel:
            monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{tunnel.port}")
            receiver = Webhook("https://receiver.example/hook", KEY, http=Http(seconds=5, tls=trusting))
            assert await receiver.deliver([Dispatch(1, alert())]) == "200 OK"
            await receiver.close()
    assert tunnel.asked == {("receiver.example", 443)}
    assert Verifier(SECRET).verify(hook.taken[0].body, dict(hook.taken[0].headers))


@pytest.mark.parametrize(
    ("scheme", "proxy", "says"),
    [
        ("http", "http://alice:pr0xy-s3cret@127.0.0.1:1", "the proxy cannot be reached (Connection refused)"),
        ("https", "", "the proxy refuses the connection (404)"),
        ("https", "socks5://alice:pr0xy-s3cret@127.0.0.1:1", "HTTPS_PROXY is not an HTTP proxy"),
        ("http", "http://alice:pr0xy-s3cret℀@127.0.0.1:1", "the URL of the proxy is invalid"),
    ],
)
async def test_a_proxy_that_fails_is_said_without_its_password(
    hook: Hook, proxied: pytest.MonkeyPatch, scheme: str, proxy: str, says: str
) -> None:
    proxied.setenv(f"{scheme}_proxy", proxy or f"http://alice:pr0xy-s3cret@127.0.0.1:{hook.port}")
    receiver = Webhook(f"{scheme}://receiver.example/s3cret-path", KEY, http=Http(seconds=5))
    with pytest.raises(ReceiverAway) as caught:
        await receiver.deliver([Dispatch(1, alert())])
    await receiver.close()
    assert str(caught.value) == says


# -- Alertmanager ------------------------------------------------------------------------------------------------------


async def test_alertmanager_hears_of_an_alert_once_and_of_its_end_once(
    post: Post, hook: Hook, start_alertmanager: Callable[..., Server]
) -> None:
    server = await asyncio.to_thread(start_alertmanager, hook=hook.url, resolve_timeout="1s")
    receiver = Alertmanager(server.url, page=PAGE, repeat_seconds=0.2, http=Http(seconds=5))
    now = time.time()
    fires = alert(since=now, started=now)
    async with post.working(receiver):
        post.outbox.note(fires)
        await until(lambda: post.outbox.is_done(receiver.name))
        (held,) = await asyncio.to_thread(server.alerts)
        await asyncio.sleep(2.5)  # more than Alertmanager's patience: what is said again stays
        assert [each.document["status"] for each in hook.taken] == ["firing"]
        post.outbox.note(alert(firing=False, since=time.time(), started=now))
        await until(lambda: len(hook.taken) == 2)
        await asyncio.sleep(0.5)
    assert held["labels"] == {
        "alertname": "majority", "severity": "critical", "entity": "antpool", "window": "24h",
    }  # fmt: skip
    assert held["annotations"]["summary"] == fires.summary
    assert held["generatorURL"] == LINK
    assert [each.document["status"] for each in hook.taken] == ["firing", "resolved"]


async def test_alertmanager_forgets_what_nobody_says_any_more(
    post: Post, hook: Hook, start_alertmanager: Callable[..., Server]
) -> None:
    """That is why a daemon that is gone leaves no alert behind, and a running one says it again."""
    server = await asyncio.to_thread(start_alertmanager, hook=hook.url, resolve_timeout="1s")
    receiver = Alertmanager(server.url, page=PAGE, repeat_seconds=60, http=Http(seconds=5))
    async with post.working(receiver):
        post.outbox.note(alert(since=time.time(), started=time.time()))
        await until(lambda: [each.document["status"] for each in hook.taken] == ["firing", "resolved"])


async def test_alertmanager_is_told_what_fires_after_it_was_away(
    post: Post, hook: Hook, start_alertmanager: Callable[..., Server]
) -> None:
    server = await asyncio.to_thread(start_alertmanager, hook=hook.url)
    receiver = Alertmanager(server.url, page=PAGE, repeat_seconds=0.2, http=Http(seconds=5))
    async with post.working(receiver):
        await asyncio.to_thread(server.stop)
        post.outbox.note(alert(since=time.time(), started=time.time()))
        await until(lambda: post.count("receiver_away") >= 2)
        await asyncio.to_thread(server.start)
        await until(lambda: len(hook.taken) == 1)
        await asyncio.to_thread(server.wait_for_notification)
        await asyncio.to_thread(server.stop)  # it keeps no alerts on disk
        await asyncio.to_thread(server.start)
        await until(lambda: bool(hook.taken))
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(server.alerts):  # noqa: ASYNC110 -- it is another process
                await asyncio.sleep(0.05)
    assert [each.document["status"] for each in hook.taken] == ["firing"]  # the notification is not sent twice


async def test_each_member_of_a_cluster_is_told_though_another_is_gone(
    post: Post, hook: Hook, start_alertmanager: Callable[..., Server]
) -> None:
    server = await asyncio.to_thread(start_alertmanager, hook=hook.url)
    there, gone = (
        Alertmanager(url, page=PAGE, repeat_seconds=60, http=Http(seconds=1))
        for url in (server.url, "http://127.0.0.1:9")
    )
    async with post.working(gone, there):
        post.outbox.note(alert())
        await until(lambda: post.outbox.is_done(there.name))
    assert not post.outbox.is_done(gone.name)
    assert await asyncio.to_thread(server.alerts)


async def test_alertmanager_takes_a_test_alert_and_shows_that_it_is_one(
    start_alertmanager: Callable[..., Server], hook: Hook
) -> None:
    server = await asyncio.to_thread(start_alertmanager, hook=hook.url)
    receiver = Alertmanager(server.url, page=PAGE, repeat_seconds=60, http=Http(seconds=5))
    assert await receiver.probe() == "200 OK"
    assert await receiver.deliver_test(Dispatch(0, alert("try", test=True))) == "200 OK"
    await receiver.close()
    (held,) = await asyncio.to_thread(server.alerts)
    assert held["labels"]["test"] == "true"


# -- notification services ---------------------------------------------------------------------------------------------


def service(hook: Hook, *, seconds: float = 20, path: str = "s3cret-path") -> AppriseReceiver:
    return AppriseReceiver(f"json://us3r:passw0rd@127.0.0.1:{hook.port}/{path}", page=PAGE, seconds=seconds)


async def test_a_service_is_told_through_apprise(post: Post, hook: Hook) -> None:
    receiver = service(hook)
    async with post.working(receiver):
        post.outbox.note(alert())
        await until(lambda: post.outbox.is_done(receiver.name))
    (posted,) = hook.taken
    assert posted.document["title"] == "[CRITICAL] AntPool has more than half of the blocks"
    assert posted.document["message"] == f"53.1 % (49.2 % to 57.0 %) of the last 144 blocks.\n\n{LINK}"
    assert posted.document["type"] == "failure"


async def test_what_waited_for_a_service_comes_as_one_message(post: Post, hook: Hook) -> None:
    receiver = service(hook)
    hook.status = 500
    async with post.working(receiver):
        post.outbox.note(alert("one"))
        await until(lambda: post.count("receiver_away") >= 1)
    post.outbox.note(alert("two"), alert("one", firing=False))
    hook.status = 200
    async with post.working(service(hook)):
        await until(lambda: post.outbox.is_done(receiver.name))
    (posted,) = hook.taken
    assert posted.document["title"] == "3 alert changes: 2 firing, 1 resolved"


async def test_a_service_that_hangs_is_cut_off(hook: Hook) -> None:
    hook.status = 0
    receiver = service(hook, seconds=1.5)
    started = time.monotonic()
    with pytest.raises(ReceiverAway, match=r"no answer within 1\.5 seconds"):
        await receiver.deliver([Dispatch(1, alert())])
    assert time.monotonic() - started < 20


async def test_stopping_does_not_wait_for_a_service(post: Post, hook: Hook) -> None:
    hook.status = 0
    async with post.working(service(hook, seconds=60)):
        post.outbox.note(alert())
        await until(lambda: bool(hook.asked))
        started = time.monotonic()
    assert time.monotonic() - started < 20


@pytest.mark.parametrize("mood", [401, 500, None])
async def test_no_secret_of_a_service_is_in_what_is_said_of_it(hook: Hook, mood: int | None) -> None:
    receiver = service(hook)
    if mood:
        hook.status = mood
    else:
        await hook.stop()
    with pytest.raises(ReceiverAway) as caught:
        await receiver.deliver([Dispatch(1, alert())])
    said = f"{caught.value} {receiver.name}"
    assert str(caught.value)
    assert not [secret for secret in ("s3cret", "passw0rd", "us3r") if secret in said]


async def test_an_address_that_apprise_does_not_know_is_refused() -> None:
    for url in ("bogus://s3cret/path", "tgram://"):
        with pytest.raises(ReceiverRefused, match="Apprise rejects this URL") as caught:
            await AppriseReceiver(url, page=PAGE, seconds=20).probe()
        assert "s3cret" not in str(caught.value)


async def test_a_known_address_is_named_for_what_it_is(hook: Hook) -> None:
    assert await service(hook).probe() == "JSON (reachability is known only after a message)"
    assert hook.asked == []


# -- all of them -------------------------------------------------------------------------------------------------------


async def test_thousands_of_changes_reach_a_receiver_in_every_mood(post: Post) -> None:
    """Nothing is lost, and nothing is new to one who looks at the ids: at least once, in order."""
    moods: list[Any] = [200, 500, 200, 0, 200, 503, 200]
    async with Hook() as well, Hook() as moody:
        receivers = [Webhook(well.url, KEY, http=Http(seconds=5)), Webhook(moody.url, KEY, http=Http(seconds=0.1))]
        receivers[1].name = "moody"
        async with post.working(*receivers):
            for mood in moods:
                moody.status = mood
                post.outbox.note(*[alert(f"rule {n}") for n in range(300)])
                await until(lambda: post.outbox.is_done("webhook"), seconds=20)
            await moody.stop()
            await asyncio.sleep(0.2)
            await moody.start()
            moody.status = 200
            await until(lambda: post.outbox.is_done("moody"), seconds=30)
    for hook in (well, moody):
        numbers = [each.document["data"]["number"] for each in hook.taken]
        assert list(dict.fromkeys(numbers)) == list(range(1, 300 * len(moods) + 1))
    assert len(well.taken) == 300 * len(moods)  # nothing twice to one who always answers
