"""Fetching editions from a server on this machine, with each fault that a publisher or a network may have."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from support import economy_views
from support.tunnel import Tunnel

from monitor.config import Config, EconomySection
from monitor.economy import fetch as fetching
from monitor.economy import keeper, offline
from monitor.economy.keeper import EconomyKeeper
from monitor.economy.sources.epoch import Epoch
from monitor.economy.sources.huggingface import HuggingFace
from monitor.economy.sources.openrouter import OpenRouter
from monitor.economy.sources.source import Source
from monitor.economy.update import stored_data, take_file, update
from monitor.errors import InputError
from monitor.model import Direction, EconomyView, Layer, SeriesQuery, SourceOrigin, TimeSeries
from monitor.store.store import Store
from monitor.vitals import Vitals

NOW = datetime(2026, 10, 8, 3, tzinfo=UTC).timestamp()
EXPORTS = "/api/v1/datasets/exports/rankings-daily/"
EPOCH = gzip.decompress((resources.files("monitor.economy") / "data" / "epoch.csv.gz").read_bytes())
WEEK = "".join(
    f"2026-10-0{day},{author}/model-{n},{n},{10**12 // (1 + n)},0.1\r\n"
    for day in range(1, 8)
    for n, author in enumerate("abcdefghijkl")
)
ROUTER = f"date,model_permaslug,rank,total_tokens,share_of_daily_tokens\r\n{WEEK}".encode()
HUB = json.dumps([{"id": f"a{n}/m", "author": f"a{n}", "downloads": 1000 - n} for n in range(40)]).encode()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Publisher:
    """A server that stands for all publishers, and answers as configured."""

    answers: dict[str, Handler] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        handler = self.answers.get(request.path)
        return await handler(request) if handler else web.Response(status=404, text='{"error":{"code":404}}')

    def gives(self, path: str, body: bytes, *, tag: str = "", **headers: str) -> None:
        async def handler(request: web.Request) -> web.Response:
            if tag and request.headers.get("If-None-Match") == tag:
                return web.Response(status=304)
            return web.Response(
                body=body, headers={"Content-Type": "text/csv", **headers, **({"ETag": tag} if tag else {})}
            )

        self.answers[path] = handler

    def gives_rankings(self, table: bytes = ROUTER, *, url: str = "", checksum: str = "", tag: str = "") -> None:
        url = url or f"{self.url}{EXPORTS}2026-10-08.csv"
        described = {"url": url, "sha256": checksum or hashlib.sha256(table).hexdigest()}
        self.gives(f"{EXPORTS}latest.manifest.json", json.dumps({"files": {"csv": described}}).encode(), tag=tag)
        self.gives(f"{EXPORTS}2026-10-08.csv", table)


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    found = Publisher()
    app = web.Application()
    app.router.add_get("/{path:.*}", found.answer)
    async with TestServer(app, host="127.0.0.1") as server:
        found.url = str(server.make_url("")).rstrip("/")
        yield found


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path}/blocks.sqlite") as opened:
        yield opened


async def refused(source: Source, store: Store, reason: str) -> None:
    """Nothing is stored, and the reason is noted."""
    before = await store.economy.observed()
    with pytest.raises(InputError, match=reason):
        await update(source, store.economy, now=NOW)
    assert await store.economy.observed() == before
    state = (await store.economy.states())[source.name]
    assert state.error
    assert state.checked_at == NOW
    assert state.succeeded_at is None


async def test_an_edition_is_stored_with_its_hash_and_the_next_request_is_conditional(
    publisher: Publisher, store: Store
) -> None:
    publisher.gives_rankings(tag='"one"')
    source = OpenRouter(publisher.url)
    vintage = await update(source, store.economy, now=NOW)
    assert vintage
    assert vintage.hash == hashlib.sha256(ROUTER).hexdigest()
    data = (await stored_data(store.economy))["openrouter"]
    assert data.state.origin is SourceOrigin.FETCHED
    assert len(data.observations) == 7 * 12
    assert await update(source, store.economy, now=NOW + 86_400) is None
    state = (await store.economy.states())["openrouter"]
    assert (state.fetched_at, state.succeeded_at) == (NOW, NOW + 86_400)
    assert publisher.asked.count(f"{EXPORTS}2026-10-08.csv") == 1


async def test_a_date_stands_in_for_an_entity_tag(publisher: Publisher, store: Store) -> None:
    asked = list[str | None]()
    date = "Wed, 22 Apr 2026 12:00:00 GMT"

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.headers.get("If-Modified-Since"))
        return web.Response(status=304) if asked[-1] else web.Response(body=EPOCH, headers={"Last-Modified": date})

    publisher.answers["/data/ai_chip_owners.zip"] = handler
    assert await update(Epoch(publisher.url), store.economy, now=NOW)
    assert await update(Epoch(publisher.url), store.economy, now=NOW + 86_400) is None
    assert asked == [None, date]


async def test_restated_days_replace_and_earlier_days_stay(publisher: Publisher, store: Store) -> None:
    publisher.gives_rankings()
    await update(OpenRouter(publisher.url), store.economy, now=NOW)
    later = ROUTER.replace(b"2026-10-01", b"2026-10-08").replace(b",333333333333,", b",999999999999,")
    publisher.gives_rankings(later)
    await update(OpenRouter(publisher.url), store.economy, now=NOW + 86_400)
    found = (await store.economy.observed())["openrouter"]
    assert {each.period.day for each in found} == set(range(1, 9))
    assert {each.weight for each in found if each.entity == "c" and each.period.day == 1} == {333333333333.0}
    assert {each.weight for each in found if each.entity == "c" and each.period.day == 2} == {999999999999.0}


async def test_an_edition_of_the_whole_history_replaces_what_it_withdraws(publisher: Publisher, store: Store) -> None:
    publisher.gives("/data/ai_chip_owners.zip", EPOCH)
    await update(Epoch(publisher.url), store.economy, now=NOW)
    shorter = b"\n".join(line for line in EPOCH.split(b"\n") if not line.startswith(b"2025-12-31"))
    publisher.gives("/data/ai_chip_owners.zip", shorter)
    await update(Epoch(publisher.url), store.economy, now=NOW + 86_400)
    assert str(max(each.period for each in (await store.economy.observed())["epoch"])) == "2025-09-30"


async def test_the_table_alone_stands_in_for_a_missing_zip_file(publisher: Publisher, store: Store) -> None:
    publisher.gives("/data/ai_chip_owners_cumulative_by_designer.csv", EPOCH)
    assert await update(Epoch(publisher.url), store.economy, now=NOW)


async def test_pages_are_followed_on_the_same_host_only(publisher: Publisher, store: Store) -> None:
    publisher.gives("/api/models", HUB, Link='<https://elsewhere.example/api/models?cursor=abc%3D>; rel="next"')
    vintage = await update(HuggingFace(publisher.url), store.economy, now=NOW)
    assert vintage
    assert publisher.asked == ["/api/models"] * 5
    assert {each.layer for each in vintage.observations} == {Layer.OPEN_WEIGHTS}


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/2026-10-08.csv", "{base}/other/2026-10-08.csv", "file:///etc/passwd",
        "{base}" + EXPORTS + "../2026-10-08.csv",
    ],
)  # fmt: skip
async def test_a_manifest_that_points_elsewhere_is_refused(publisher: Publisher, store: Store, url: str) -> None:
    publisher.gives_rankings(url=url.replace("{base}", publisher.url))
    await refused(OpenRouter(publisher.url), store, "not a file of the export")
    assert publisher.asked == [f"{EXPORTS}latest.manifest.json"]


async def test_a_wrong_checksum_is_refused(publisher: Publisher, store: Store) -> None:
    publisher.gives_rankings(checksum="0" * 64)
    await refused(OpenRouter(publisher.url), store, "checksum")


async def test_html_in_place_of_a_table_is_refused(publisher: Publisher, store: Store) -> None:
    page = b"<!doctype html><html><body>moved</body></html>"
    publisher.gives("/data/ai_chip_owners.zip", page, **{"Content-Type": "text/html"})
    publisher.gives("/data/ai_chip_owners_cumulative_by_designer.csv", page)
    await refused(Epoch(publisher.url), store, "not a table but HTML")


async def test_a_table_too_long_is_refused_while_it_comes(publisher: Publisher, store: Store) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "application/zip"})
        await response.prepare(request)
        for _ in range(400):
            await response.write(bytes(2**18))
            sent += 2**18
        return response

    publisher.answers["/data/ai_chip_owners.zip"] = endless
    publisher.answers["/data/ai_chip_owners_cumulative_by_designer.csv"] = endless
    await refused(Epoch(publisher.url), store, "is longer than")
    assert sent < 100 * 2**20


async def test_a_compressed_answer_is_not_unpacked(publisher: Publisher, store: Store) -> None:
    packed = gzip.compress(bytes(2**20))
    for path in ("/data/ai_chip_owners.zip", "/data/ai_chip_owners_cumulative_by_designer.csv"):
        publisher.gives(path, packed, **{"Content-Encoding": "gzip"})
    await refused(Epoch(publisher.url), store, "compressed")


async def test_a_redirection_to_another_host_is_refused(publisher: Publisher, store: Store) -> None:
    async def moved(request: web.Request) -> web.StreamResponse:
        del request
        raise web.HTTPFound("http://127.0.0.2:1/elsewhere")

    publisher.answers[f"{EXPORTS}latest.manifest.json"] = moved
    await refused(OpenRouter(publisher.url), store, "leads elsewhere")


async def test_endless_redirections_end(publisher: Publisher, store: Store) -> None:
    async def moved(request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(request.path)

    publisher.answers[f"{EXPORTS}latest.manifest.json"] = moved
    await refused(OpenRouter(publisher.url), store, "more than 3 redirections")


async def test_no_answer_in_time_is_a_refusal(
    publisher: Publisher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio  # noqa: PLC0415

    import aiohttp  # noqa: PLC0415

    waits = asyncio.Event()

    async def silent(request: web.Request) -> web.StreamResponse:
        del request
        await waits.wait()
        return web.Response()

    publisher.answers[f"{EXPORTS}latest.manifest.json"] = silent
    monkeypatch.setattr(fetching, "_TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    await refused(OpenRouter(publisher.url), store, "cannot be fetched")
    waits.set()


async def test_a_server_that_is_away_is_a_refusal(store: Store) -> None:
    await refused(OpenRouter("http://127.0.0.1:1"), store, "cannot be fetched")


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
async def test_an_error_of_the_server_is_a_refusal(publisher: Publisher, store: Store, status: int) -> None:
    async def failing(request: web.Request) -> web.Response:
        del request
        return web.Response(status=status, text='{"error":{"code":1}}')

    publisher.answers[f"{EXPORTS}latest.manifest.json"] = failing
    await refused(OpenRouter(publisher.url), store, rf"cannot be fetched \(status {status}\)")


async def test_an_answer_that_is_cut_off_is_a_refusal(publisher: Publisher, store: Store) -> None:
    publisher.gives_rankings()

    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(ROUTER))})
        await response.prepare(request)
        await response.write(ROUTER[:100])
        assert request.transport
        request.transport.close()
        return response

    publisher.answers[f"{EXPORTS}2026-10-08.csv"] = cut
    await refused(OpenRouter(publisher.url), store, "cannot be fetched")


async def test_a_manifest_that_is_not_one_is_a_refusal(publisher: Publisher, store: Store) -> None:
    publisher.gives(f"{EXPORTS}latest.manifest.json", b'{"files":[]}')
    await refused(OpenRouter(publisher.url), store, "manifest is not the known JSON")


async def test_a_failure_keeps_the_last_good_edition(publisher: Publisher, store: Store) -> None:
    publisher.gives_rankings()
    good = await update(OpenRouter(publisher.url), store.economy, now=NOW)
    assert good
    publisher.gives_rankings(b"<html>")
    with pytest.raises(InputError):
        await update(OpenRouter(publisher.url), store.economy, now=NOW + 86_400)
    state = (await store.economy.states())["openrouter"]
    assert (state.vintage, state.fetched_at, state.succeeded_at) == (good.hash, NOW, NOW)
    assert state.error


async def test_requests_go_through_the_proxy(publisher: Publisher, store: Store) -> None:
    publisher.gives_rankings()
    publisher.answers[f"{EXPORTS}latest.manifest.json"] = _empty
    with pytest.raises(InputError, match="manifest is not the known JSON"):
        await update(OpenRouter("http://source.example"), store.economy, proxy=publisher.url, now=NOW)
    assert publisher.asked == [f"{EXPORTS}latest.manifest.json"]


async def test_without_a_proxy_of_its_own_that_of_the_environment_is_taken(
    publisher: Publisher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.answers["/data/ai_chip_owners.zip"] = _given
    monkeypatch.setenv("http_proxy", publisher.url.replace("http://", "alice:s3cret@"))
    monkeypatch.setenv("no_proxy", "elsewhere.example")
    assert await update(Epoch("http://source.example"), store.economy, now=NOW)
    monkeypatch.setenv("no_proxy", ".example")
    with pytest.raises(InputError, match="Cannot connect"):
        await update(Epoch("http://source.example"), store.economy, now=NOW)
    assert len(publisher.asked) == 1


async def test_names_are_resolved_by_a_socks_proxy(publisher: Publisher, store: Store) -> None:
    publisher.answers["/data/ai_chip_owners.zip"] = _given
    with Tunnel(int(publisher.url.rsplit(":", 1)[1]), socks=True) as tunnel:
        proxy = f"socks5://127.0.0.1:{tunnel.port}"
        assert await update(Epoch("http://source.example"), store.economy, proxy=proxy, now=NOW)
    assert tunnel.asked == {("source.example", 80)}


async def _given(request: web.Request) -> web.Response:
    assert request.host == "source.example"
    return web.Response(body=EPOCH)


async def _empty(request: web.Request) -> web.Response:
    assert request.host == "source.example"
    return web.Response(body=b"{}")


async def test_a_file_given_by_hand(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(ROUTER)
    vintage = await take_file(path, store.economy)
    assert vintage.source == "openrouter"
    assert (await store.economy.states())["openrouter"].origin is SourceOrigin.FILE
    path.write_bytes(b"date,something\n1,2\n")
    with pytest.raises(InputError, match="no source has such a file"):
        await take_file(path, store.economy)


async def test_a_file_that_ends_before_the_edition_in_use_changes_nothing(tmp_path: Path, store: Store) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(ROUTER)
    vintage = await take_file(path, store.economy)
    before = await store.economy.observed()
    older = b"".join(line for line in ROUTER.splitlines(keepends=True) if b"2026-10-07" not in line)
    path.write_bytes(older)
    with pytest.raises(InputError, match="ends with 2026-10-06, and the one in use with 2026-10-07"):
        await take_file(path, store.economy)
    assert await store.economy.observed() == before
    assert datetime.fromtimestamp(vintage.fetched_at, UTC).date() == date(2026, 10, 8), "not of the day of the copy"


# -- the daemon's part -------------------------------------------------------------------------------------------------


class NoHistory:
    """No block is counted."""

    edition = None

    async def series(self, asked: SeriesQuery) -> TimeSeries:
        raise AssertionError(asked)


def kept(store: Store, shown: list[EconomyView], update_: str, at: list[float]) -> EconomyKeeper:
    return EconomyKeeper(
        EconomySection.model_validate({"update": update_}), store, NoHistory(), complete=lambda: False,
        publish=shown.append, vitals=Vitals(), clock=lambda: at[0],
    )  # fmt: skip


async def test_a_view_is_published_at_once_and_again_only_for_an_edition_or_a_day(store: Store, tmp_path: Path) -> None:
    shown, at = list[EconomyView](), [NOW]
    keeping = kept(store, shown, "off", at)
    await keeping.step()
    await keeping.step()
    assert len(shown) == 1
    assert {each.source for each in shown[0].measures} == {"epoch", "openrouter"}
    path = tmp_path / "export.csv"
    path.write_bytes(ROUTER)
    await take_file(path, store.economy)
    await keeping.step()
    assert len(shown) == 2
    at[0] += 86_400
    await keeping.step()
    assert len(shown) == 3


class History:
    """Weeks of blocks in which the template builders disperse, or concentrate."""

    edition = "blocks"

    def __init__(self, growth: float) -> None:
        self.growth = growth

    async def series(self, asked: SeriesQuery) -> TimeSeries:
        return economy_views.series(asked, growth=self.growth)


async def test_stored_blocks_stand_beside_and_a_turn_of_their_direction_is_dated(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [economy_views.NOW]

    async def span(_: object) -> tuple[int, int]:
        return int(now[0]) - 1000 * 86_400, int(now[0])

    monkeypatch.setattr(store, "reading", span)
    shown, history = list[EconomyView](), History(0.5)
    keeping = EconomyKeeper(
        EconomySection(), store, history, complete=lambda: True, publish=shown.append, vitals=Vitals(),
        clock=lambda: now[0],
    )  # fmt: skip
    await keeping.step()
    (view,) = shown
    assert {each.level for each in view.mining} == {"template", "pool", "country", "origin"}
    assert view.slopes["mining"].direction is Direction.DISPERSING
    assert all(each.beside or each.mining for each in view.comparisons if each.ai)
    assert view.changed == {}, "nothing has turned yet"
    now[0] += 86_400
    history.growth = -0.5
    await keeping.step()
    assert shown[-1].slopes["mining"].direction is Direction.CONCENTRATING
    assert shown[-1].changed == {"mining": now[0]}


async def test_each_source_is_reported_as_soon_as_it_is_done(
    publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.gives_rankings()
    monkeypatch.setattr(offline, "SOURCES", (Epoch(publisher.url), OpenRouter(publisher.url)))
    config = Config.model_validate({"store": {"url": f"sqlite:///{tmp_path}/new.sqlite"}})
    async with await Store.open(config.store.url):
        pass
    outcomes = offline.fetch_all(config, [])
    first = await anext(outcomes)
    assert first.failed
    assert first.text.startswith("epoch: ")
    assert not [path for path in publisher.asked if path.startswith(EXPORTS)], "the next source was not asked yet"
    (second,) = [each async for each in outcomes]
    assert second.text.startswith("openrouter: 7 periods from 2026-10-01 to 2026-10-07, edition ")


async def test_one_dead_source_touches_no_other(
    publisher: Publisher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.gives_rankings()
    monkeypatch.setattr(
        keeper, "SOURCES", (Epoch(publisher.url), OpenRouter(publisher.url), HuggingFace(publisher.url))
    )
    shown, at = list[EconomyView](), [NOW]
    keeping = kept(store, shown, "daily", at)
    await keeping.step()
    (view,) = shown
    states = {each.name: each.state for each in view.sources}
    assert states["epoch"]
    assert states["epoch"].error
    assert states["epoch"].origin is SourceOrigin.SHIPPED
    assert states["openrouter"]
    assert states["openrouter"].origin is SourceOrigin.FETCHED
    assert {each.layer for each in view.measures} == {Layer.DESIGNER, Layer.OWNERSHIP, Layer.USAGE}
    asked = len(publisher.asked)
    at[0] += 600
    await keeping.step()
    assert len(publisher.asked) == asked, "a failed source is asked again after an hour, another one after a day"
    at[0] += 3600
    await keeping.step()
    assert not [path for path in publisher.asked[asked:] if path.startswith(EXPORTS)]
    assert [path for path in publisher.asked[asked:] if path.startswith("/data/")]


async def test_off_asks_no_source(publisher: Publisher, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "SOURCES", (OpenRouter(publisher.url),))
    await kept(store, [], "off", [NOW]).step()
    assert publisher.asked == []
