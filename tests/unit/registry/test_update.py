"""Taking newer copies of the upstream lists, and falling back to the shipped ones."""

import asyncio
import copy as copying
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from monitor.cli.registry.command import registry as command
from monitor.config import shipped
from monitor.errors import InputError, PoolMonitorError
from monitor.model import PoolSlug
from monitor.registry import lists
from monitor.registry import update as registry_update
from monitor.registry.loading import load_pools

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MEMPOOL = json.loads(shipped("pools/upstream/mempool.json").read_text("utf-8"))
BITCOIN_DATA = json.loads(shipped("pools/upstream/bitcoin-data.json").read_text("utf-8"))
NEW = {
    "id": 500,
    "name": "New Pool",
    "addresses": ["1BoatSLRHtKNngkdXEeobR76b53LETtpyT"],
    "tags": ["/new/"],
    "link": "",
}
F2POOL = "1KFHE7w8BhaENAswwryaoccDb6qcT6DbYY"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's data directory."""
    own = tmp_path / "registry"
    monkeypatch.setattr(lists, "files", lambda: (own / "lists.json", own / "decisions.toml"))
    return own


@pytest.fixture
def pools() -> list[dict[str, Any]]:
    """A newer copy of mempool's list, to be changed."""
    return [*copying.deepcopy(MEMPOOL), copying.deepcopy(NEW)]


def written(folder: Path, pools: object) -> str:
    path = folder.parent / "newer.json"
    path.write_text(pools if isinstance(pools, str) else json.dumps(pools), "utf-8")
    return str(path)


def run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(command, list(arguments), input=answer, catch_exceptions=True)


def updated(folder: Path, pools: object, *arguments: str) -> Result:
    return run("update", "--from", written(folder, pools), "--yes", *arguments)


def test_a_newer_copy_is_taken_and_used_from_then_on(folder: Path, pools: list[dict[str, Any]]) -> None:
    before = load_pools().hash
    done = updated(folder, pools)
    assert done.exit_code == 0
    assert "+ pool newpool" in done.stdout
    assert "+ tag /new/: newpool" in done.stdout
    assert load_pools().by_slug[PoolSlug("newpool")].tags == ("/new/",)
    assert load_pools().hash != before
    assert load_pools("signet").by_slug[PoolSlug("newpool")].addresses == ()
    assert "No changes." in updated(folder, pools).stdout


def test_nothing_is_taken_without_a_yes(folder: Path, pools: list[dict[str, Any]]) -> None:
    file = written(folder, pools)
    assert run("update", "--from", file, answer="n\n").exit_code == 1
    assert not folder.exists()
    assert run("update", "--from", file, answer="y\n").exit_code == 0
    assert "newpool" in load_pools().by_slug


def without(name: str) -> Callable[[list[dict[str, Any]]], None]:
    def change(pools: list[dict[str, Any]]) -> None:
        pools[:] = [pool for pool in pools if pool["name"] != name]

    return change


def with_mark(kind: str, text: str) -> Callable[[list[dict[str, Any]]], None]:
    return lambda pools: pools[0][kind].append(text)


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        (with_mark("addresses", F2POOL), "is claimed by blockfills and f2pool: decide it"),
        (with_mark("tags", "/AntPool/"), "is claimed by blockfills and antpool: decide it"),
        (with_mark("addresses", "1KFHE7w8BhaENAswwryaoccDb6qcT6DbYZ"), "is not an address of"),
        (with_mark("tags", "x"), "must be 3 to 100 bytes"),
        (without("RedRock Pool"), "a membership names it"),
        (without("Zulupool"), "pool zulupool would vanish with its 1 addresses and 2 tags"),
        (lambda pools: pools.__delitem__(slice(100, None)), "it may be cut off"),
    ],
)  # fmt: skip
def test_any_doubt_keeps_the_old(
    folder: Path, pools: list[dict[str, Any]], change: Callable[[list[dict[str, Any]]], None], doubt: str
) -> None:
    before = load_pools().hash
    change(pools)
    done = updated(folder, pools)
    assert done.exit_code == 1
    assert isinstance(done.exception, InputError)
    assert doubt in " ".join(done.stdout.split())
    assert load_pools().hash == before
    assert not folder.exists()


def test_a_pool_may_vanish_when_the_user_says_so(folder: Path, pools: list[dict[str, Any]]) -> None:
    without("Zulupool")(pools)
    assert updated(folder, pools, "--let-go", "zulupool").exit_code == 0
    assert "zulupool" not in load_pools().by_slug


@pytest.mark.parametrize("content", ["", "junk", "{}", "[]", '[{"name": 5}]', "\x00"])
def test_what_is_no_list_is_refused(folder: Path, content: str) -> None:
    done = updated(folder, content)
    assert isinstance(done.exception, InputError)
    assert not folder.exists()


def test_keys_that_nobody_knows_are_left_out_with_a_note(folder: Path, pools: list[dict[str, Any]]) -> None:
    pools[0]["regexes"] = ["x"]
    assert "left out what is under 'regexes'" in " ".join(updated(folder, pools).stdout.split())


def test_the_list_is_recognised_by_what_it_resembles(folder: Path) -> None:
    now = NOW
    for source, document in (("mempool", MEMPOOL[:90]), ("bitcoin-data", [*BITCOIN_DATA, NEW])):
        data = json.dumps(document).encode()
        assert registry_update.read(data, "x", source=None, now=now).list.source == source
    with pytest.raises(InputError, match="say which it is with --list"):
        registry_update.read(json.dumps([NEW]).encode(), "x", source=None, now=now)
    assert isinstance(updated(folder, [*MEMPOOL, NEW], "--list", "bitcoin-data").exception, InputError)


def test_a_decision_that_a_newer_copy_makes_idle_is_only_noted(
    folder: Path, pools: list[dict[str, Any]]
) -> None:  # fmt: skip
    antpool = next(pool for pool in pools if pool["name"] == "AntPool")
    antpool["addresses"].remove("1H6ckqNWikmVT3wpN3X1BQ6b156Xc9nT2L")
    done = updated(folder, pools)
    assert done.exit_code == 0
    assert "note: decisions.drop: antpool does not claim" in " ".join(done.stdout.split())


def test_the_user_may_decide_what_a_newer_copy_leaves_open(folder: Path, pools: list[dict[str, Any]]) -> None:
    with_mark("addresses", F2POOL)(pools)
    folder.mkdir(parents=True)
    own = f'[[give]]\npool = "f2pool"\naddress = "{F2POOL}"\nreason = "it is theirs"\n'
    (folder / "decisions.toml").write_text(own, "utf-8")
    assert updated(folder, pools).exit_code == 0
    assert F2POOL in load_pools().by_slug[PoolSlug("f2pool")].addresses


def test_copies_of_both_lists_are_kept_together(folder: Path, pools: list[dict[str, Any]]) -> None:
    assert updated(folder, pools).exit_code == 0
    assert updated(folder, [*BITCOIN_DATA, {**NEW, "tags": ["/newer/"]}]).exit_code == 0
    assert load_pools().by_slug[PoolSlug("newpool")].tags == ("/new/", "/newer/")
    assert load_pools().by_slug[PoolSlug("newpool")].sources == ("mempool", "bitcoin-data")
    assert {copy.taken is None for copy in lists.current_copies().values()} == {False}


@pytest.mark.parametrize("damage", ["junk", "[]", '{"mempool": {}}', '{"mempool": 5}', "\xff"])
def test_a_damaged_file_is_passed_over_with_the_reason_and_replaced(
    folder: Path, pools: list[dict[str, Any]], damage: str
) -> None:
    shipped_hash = load_pools().hash
    folder.mkdir(parents=True)
    (folder / "lists.json").write_bytes(damage.encode("latin-1"))
    with capture_logs() as logged:
        assert load_pools().hash == shipped_hash
    assert ["lists.json" in event["reason"] for event in logged] == [True]
    assert updated(folder, pools).exit_code == 0
    assert "newpool" in load_pools().by_slug


def test_when_the_program_ships_another_copy_that_one_counts(
    folder: Path, pools: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert updated(folder, pools).exit_code == 0
    older = lists.shipped_copies()
    shipped_now = registry_update.read(json.dumps(MEMPOOL[::-1]).encode(), "x", source="mempool", now=NOW)
    monkeypatch.setattr(lists, "shipped_copies", lambda: {**older, "mempool": shipped_now})
    assert "newpool" not in load_pools().by_slug
    assert lists.current_copies()["mempool"] is shipped_now


def test_a_folder_that_cannot_be_written_changes_nothing(folder: Path, pools: list[dict[str, Any]]) -> None:
    folder.write_text("in the way")
    done = updated(folder, pools)
    assert isinstance(done.exception, PoolMonitorError)
    assert "cannot be written" in str(done.exception)


def test_a_difference_is_shown_without_taking_it(folder: Path, pools: list[dict[str, Any]]) -> None:
    done = run("diff", written(folder, pools))
    assert "+ pool newpool" in done.stdout
    assert not folder.exists()


# -- fetching ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["http://127.0.0.1/x", "ftp://127.0.0.1/x", "file:///etc/passwd"])
async def test_only_https_is_fetched(url: str) -> None:
    with pytest.raises(InputError, match="is not https"):
        await registry_update.fetch(url)


async def test_an_address_where_nobody_answers_is_said() -> None:
    with pytest.raises(InputError, match="cannot be fetched"):
        await registry_update.fetch("https://127.0.0.1:1/pools.json")


@pytest.mark.parametrize(("direct", "asked"), [("", ["CONNECT localhost:1 HTTP/1.1"]), ("localhost", [])])
async def test_the_proxy_of_the_environment_is_asked_except_for_hosts_without_one(
    monkeypatch: pytest.MonkeyPatch, direct: str, asked: list[str]
) -> None:
    lines = list[str]()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert f"Proxy-Authorization: {aiohttp.encode_basic_auth('alice', 's3cret')}" in head
        lines.append(head.splitlines()[0])
        writer.write(b"HTTP/1.1 403 Not for you\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        monkeypatch.setenv("https_proxy", f"http://alice:s3cret@127.0.0.1:{server.sockets[0].getsockname()[1]}")
        monkeypatch.setenv("no_proxy", direct)
        with pytest.raises(InputError, match="Not for you" if asked else "Cannot connect") as refused:
            await registry_update.fetch("https://localhost:1/pools.json")
    assert lines == asked
    assert "s3cret" not in str(refused.value)


async def test_a_proxy_of_another_kind_is_said_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://alice:s3cret@127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(InputError, match="HTTPS_PROXY is not an HTTP proxy") as refused:
        await registry_update.fetch("https://localhost:1/pools.json")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("data", [b"junk", b"[" * 100_000, b'["\xff"]'])
def test_what_is_not_json_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="x is not JSON"):
        registry_update.read(data, "x", source="mempool", now=NOW)


async def test_a_file_that_is_not_there_or_too_long_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="cannot read"):
        await registry_update.fetch(str(tmp_path / "nothing"))
    monkeypatch.setattr(lists, "MAX_BYTES", 10)
    (tmp_path / "long").write_bytes(bytes(11))
    with pytest.raises(InputError, match="longer than 10 bytes"):
        await registry_update.fetch(str(tmp_path / "long"))


@asynccontextmanager
async def serving(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def test_a_download_ends_where_it_becomes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(1000))

    monkeypatch.setattr(lists, "MAX_BYTES", 100_000)
    async with serving(endless) as url, aiohttp.ClientSession() as session:
        with pytest.raises(InputError, match="longer than 100000 bytes"):
            await registry_update.download(session, f"{url}/x")


async def test_a_download_follows_few_redirections_and_none_to_another_host_or_protocol() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        where = request.match_info["path"]
        if where == "there":
            return web.Response(body=b"here")
        raise web.HTTPFound(
            {"once": "/there", "round": "/round", "away": "ftp://127.0.0.1/x", "host": "http://localhost/x"}[where]
        )

    async with serving(answer) as url, aiohttp.ClientSession() as session:
        assert await registry_update.download(session, f"{url}/once") == b"here"
        for path, reason in (("round", "without end"), ("away", "another host"), ("host", "another host or protocol")):
            with pytest.raises(InputError, match=reason):
                await registry_update.download(session, f"{url}/{path}")


async def test_an_answer_that_is_none_is_no_list() -> None:
    async def gone(_request: web.Request) -> web.StreamResponse:
        raise web.HTTPNotFound

    async with serving(gone) as url, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await registry_update.download(session, f"{url}/x")
