"""The past as OpenMetrics: the catalogue's gauges at many moments, with timestamps.

The format wants the samples of a metric together, and those of a series in order, but they come moment by moment. So
they wait on disk, a file for each metric, and at the end one metric at a time is sorted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from prometheus_client.core import GaugeMetricFamily

from monitor.errors import InputError
from monitor.model import Snapshot
from monitor.outputs.metrics import CATALOGUE, Published

_SAMPLE = np.dtype([("series", "u4"), ("time", "u4"), ("value", "f8")])
_LINES = 20_000
"""Written at a time."""


class History:
    """Collects samples, then writes them. Used as a context manager: the files are open meanwhile.

    Counters have no past that could be told: they count since a process started.
    """

    def __init__(self, folder: Path, labels: Mapping[str, str] | None = None) -> None:
        """Start with nothing.

        Args:
            folder: for files that may be larger than memory; whoever made it removes it.
            labels: what every series has besides its own.

        Raises:
            InputError: one of these labels is one of its own.
        """
        common = tuple((labels or {}).items())
        for name, _ in common:
            if any(name in each.labels for each in CATALOGUE):
                raise InputError(f"{name} is a label that the metrics have already: choose another")
        self._open = ExitStack()
        self._families = [
            _Family(each, common, self._open.enter_context((folder / each.name).open("w+b")))
            for each in CATALOGUE
            if each.kind is GaugeMetricFamily
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, snapshot: Snapshot, time: int) -> None:
        """Take in what a snapshot says, as of a moment after those before."""
        for family in self._families:
            family.add(snapshot, time)

    def write(self, sink: BinaryIO) -> int:
        """Write everything, and tell how many samples that is."""
        samples = 0
        for family in self._families:
            sink.writelines(family.text())
            samples += family.samples
        sink.write(b"# EOF\n")
        return samples


class _Family:
    """One metric's samples."""

    def __init__(self, published: Published, common: tuple[tuple[str, str], ...], file: BinaryIO) -> None:
        self._published = published
        self._common = common
        self._file = file
        self._series: dict[tuple[str, ...], int] = {}
        self.samples = 0

    def add(self, snapshot: Snapshot, time: int) -> None:
        numbers = self._series
        found = [
            (numbers.setdefault(labels, len(numbers)), time, value)
            for labels, value in self._published.samples(snapshot)
        ]
        self._file.write(np.array(found, _SAMPLE).tobytes())
        self.samples += len(found)

    def text(self) -> Iterator[bytes]:
        """The lines, some at a time; none for a metric without samples."""
        if not self.samples:
            return
        name, series = self._published.full_name, [self._labels(values) for values in self._series]
        yield f"# HELP {name} {_escaped(self._published.help)}\n# TYPE {name} gauge\n".encode()
        self._file.seek(0)
        found = np.fromfile(self._file, _SAMPLE)
        order = np.argsort(found["series"], kind="stable")  # in each series they are in order of time already
        for at in range(0, len(order), _LINES):
            chosen = found[order[at : at + _LINES]].tolist()
            yield "".join(f"{name}{series[number]} {value!r} {time}\n" for number, time, value in chosen).encode()

    def _labels(self, values: tuple[str, ...]) -> str:
        pairs = (*zip(self._published.labels, values, strict=True), *self._common)
        inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(pairs))
        return f"{{{inside}}}" if inside else ""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
