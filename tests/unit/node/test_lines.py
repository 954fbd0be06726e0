"""Questions by the thousand to whoever answers plainly, and to those who do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from monitor.node.lines import Answer, Lines

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n%s"


class Server:
    """Says what it is told to say, and remembers what it was asked over how many connections."""

    def __init__(self, *says: bytes, hangs_up: bool = False) -> None:
        self.asked: list[str] = []
        self.connections = 0
        self._says = list(says)
        self._hangs_up = hangs_up

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the questions of one connection."""
        self.connections += 1
        try:
            while question := (await reader.readuntil(b"\r\n\r\n")).decode():
                self.asked.append(question)
                path = question.split()[1].encode()
                writer.write(self._says.pop(0) if self._says else PLAIN % (len(path), path))
                await writer.drain()
                if self._hangs_up or path == b"/last":
                    break
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    @asynccontextmanager
    async def lines(self, below: str = "") -> AsyncIterator[Lines]:
        """To this server."""
        async with await asyncio.start_server(self.serve, "127.0.0.1", 0) as server:
            lines = Lines(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{below}")
            try:
                yield lines
            finally:
                lines.close()
                await asyncio.sleep(0.01)  # until the server has noticed


async def test_one_line_serves_one_question_after_another() -> None:
    server = Server()
    async with server.lines() as lines:
        for path in ("/a", "/b", "/c"):
            assert await lines.get(path) == Answer(200, path.encode())
        assert server.connections == 1
        answers = await asyncio.gather(*(lines.get(f"/{number}") for number in range(4)))
        assert [answer.body for answer in answers if answer] == [b"/0", b"/1", b"/2", b"/3"]
        assert server.connections == 4


async def test_a_question_says_what_http_demands_and_no_more() -> None:
    server = Server()
    async with server.lines("/node/") as lines:
        await lines.get("/rest/x.bin?offset=0&size=2")
        (asked,) = server.asked
        start, host, *rest = asked.split("\r\n")
        assert start == "GET /node/rest/x.bin?offset=0&size=2 HTTP/1.1"
        assert host.startswith("Host: 127.0.0.1:")
        assert rest == ["", ""]


@pytest.mark.parametrize(
    ("says", "answer"),
    [
        (PLAIN % (0, b""), Answer(200, b"")),
        (PLAIN % (200_000, bytes(200_000)), Answer(200, bytes(200_000))),
        (PLAIN % (4, b"\r\n\r\n"), Answer(200, b"\r\n\r\n")),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length:2\r\nX: y\r\n\r\nno", Answer(404, b"no")),
        (b"HTTP/1.1 503 \r\nCONTENT-LENGTH: 2\r\n\r\nno", Answer(503, b"no")),
    ],
)
async def test_plain_answers_are_understood(says: bytes, answer: Answer) -> None:
    async with Server(says).lines() as lines:
        assert await lines.get("/x") == answer
        assert await lines.get("/next") == Answer(200, b"/next")


NOT_PLAIN = {
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
    "chunks with a length": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "compressed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno",
    "no length": b"HTTP/1.1 200 OK\r\n\r\nno",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nno",
    "longer than any block": b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\nno",
    "a redirection": b"HTTP/1.1 301 Moved\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n",
    "old": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nno",
    "another protocol": b"SSH-2.0-OpenSSH_9.2p1\r\n\r\n",
}


@pytest.mark.parametrize("what", NOT_PLAIN)
async def test_who_does_not_answer_plainly_is_asked_only_once(what: str) -> None:
    server = Server(NOT_PLAIN[what])
    async with server.lines() as lines:
        assert await lines.get("/x") is None
        assert await lines.get("/y") is None
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    "says", [b"", b"HTTP/1.1 200 OK\r\nContent-Le", PLAIN % (9, b"half"), b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000]
)
async def test_after_an_answer_without_an_end_others_may_come(says: bytes) -> None:
    server = Server(says, hangs_up=True)
    async with server.lines() as lines:
        assert await lines.get("/x") is None
        assert await lines.get("/y") == Answer(200, b"/y")


async def test_a_line_that_was_closed_meanwhile_is_replaced() -> None:
    server = Server()
    async with server.lines() as lines:
        assert await lines.get("/last") == Answer(200, b"/last")
        await asyncio.sleep(0.05)
        assert await lines.get("/again") == Answer(200, b"/again")
        assert server.connections == 2


async def test_an_answer_that_nobody_waits_for_any_more_is_nobody_elses() -> None:
    server = Server(PLAIN % (9, b"half"))
    async with server.lines() as lines:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(lines.get("/slow"), 0.05)
        assert await lines.get("/next") == Answer(200, b"/next")


async def test_where_nobody_listens_or_more_than_http_is_needed_there_is_no_answer() -> None:
    assert await Lines("http://127.0.0.1:1").get("/x") is None
    assert await Lines("https://127.0.0.1:1").get("/x") is None


async def test_who_has_enough_hangs_up_on_the_rest() -> None:
    async with Server(PLAIN % (3_000_000, bytes(3_000_000)), PLAIN % (4, b"enou")).lines() as lines:
        answer = await lines.get("/long", lambda body: len(body) >= 80)
        assert answer
        assert (answer.status, answer.whole) == (200, False)
        assert 80 <= len(answer.body) < 3_000_000
        assert await lines.get("/short", lambda body: len(body) >= 4) == Answer(200, b"enou")


async def test_who_has_the_whole_answer_keeps_the_line() -> None:
    server = Server(PLAIN % (4, b"some"), PLAIN % (4, b"more"))
    async with server.lines() as lines:
        assert await lines.get("/a", lambda body: len(body) >= 4) == Answer(200, b"some")
        assert await lines.get("/b", lambda _: False) == Answer(200, b"more")
        assert server.connections == 1


async def test_a_refusal_is_no_beginning_of_anything() -> None:
    def never(body: bytes) -> bool:
        raise AssertionError(f"asked of {body!r}")

    async with Server(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot here\n").lines() as lines:
        assert await lines.get("/gone", never) == Answer(404, b"not here\n")


async def test_an_answer_that_ends_before_there_is_enough_is_none() -> None:
    async with Server(PLAIN.replace(b"%d", b"99") % b"only this", hangs_up=True).lines() as lines:
        assert await lines.get("/cut", lambda body: len(body) >= 80) is None
