"""A log that is not read, closed or full costs lines, and delays nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from monitor.log_writer import LogWriter


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of a pipe, which takes 64 KiB."""
    reader, writer = os.pipe()
    yield reader, writer
    for end in (reader, writer):
        with suppress(OSError):  # the test has closed it
            os.close(end)


def test_lines_come_whole_and_in_order(pipe: tuple[int, int]) -> None:
    writer = LogWriter(pipe[1])
    for number in range(100):
        writer.write(f"line {number} ü\n")
    writer.drain(60)
    assert os.read(pipe[0], 1 << 16).decode() == "".join(f"line {number} ü\n" for number in range(100))


def test_a_pipe_that_is_not_read_costs_lines_which_are_counted_and_reported(pipe: tuple[int, int]) -> None:
    writer = LogWriter(pipe[1], most_bytes=100_000)
    dropped: list[int] = []
    reported: list[int] = []
    resumed = threading.Event()
    writer.on_drop = lambda: dropped.append(1)

    def report(lines: int) -> None:
        reported.append(lines)
        resumed.set()

    writer.on_resume = report
    line = "x" * 999 + "\n"
    for _ in range(1000):
        writer.write(line)

    assert 800 < len(dropped) < 950, "all but those that pipe and writer hold"

    assert not reported
    arrived = 0
    while arrived < 1000 * (1000 - len(dropped)):
        arrived += len(os.read(pipe[0], 1 << 16))
    assert resumed.wait(60)
    assert reported == [len(dropped)]


def test_a_pipe_without_waiting_is_waited_for(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    writer = LogWriter(pipe[1])
    for _ in range(200):
        writer.write("x" * 999 + "\n")
    arrived = 0
    while arrived < 200_000:
        arrived += len(os.read(pipe[0], 1 << 16))


def test_a_closed_pipe_costs_lines(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    writer = LogWriter(pipe[1])
    dropped: list[int] = []
    writer.on_drop = lambda: dropped.append(1)
    for _ in range(10):
        writer.write("line\n")
    writer.drain(60)
    assert len(dropped) == 10


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
def test_a_full_disk_costs_lines() -> None:
    dropped: list[int] = []
    with Path("/dev/full").open("wb") as full:
        writer = LogWriter(full.fileno())
        writer.on_drop = lambda: dropped.append(1)
        writer.write("line\n")
        writer.drain(60)
    assert dropped == [1]
