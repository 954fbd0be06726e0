"""History as OpenMetrics: the gauges of the catalogue with timestamps.

The format requires all samples of a metric together, and those of a series in order of time, but they are computed time
by time. So they are collected on disk in a file for each metric, and sorted at the end, one metric at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from monitor.errors import InputError
from monitor.model import Snapshot
from monitor.outputs.metrics import CATALOGUE
from monitor.outputs.samples import Published

_SAMPLE = np.dtype([("series", "u4"), ("time", "u4"), ("value", "f8")])
_LINES = 20_000
"""Lines written at a time."""


class History:
    """Collects samples, then writes them. A context manager, which keeps the files open.

    Counters are left out: they count since the start of a process.
    """

    def __init__(self, folder: Path, labels: Mapping[str, str] | None = None) -> None:
        """Open the files.

        Args:
            folder: for files that may be larger than memory; the caller removes it.
            labels: labels that every series has besides its own.

        Raises:
            InputError: a metric already has one of these labels.
        """
        common = tuple((labels or {}).items())
        for name, _ in common:
            if any(name in each.labels for each in CATALOGUE):
                raise InputError(f"the metrics already have a label {name}", remedy="choose another name")
        self._open = ExitStack()
        self._families = [
            _Family(each, common, self._open.enter_context((folder / each.name).open("w+b")))
            for each in CATALOGUE
            if not each.is_counter
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, snapshot: Snapshot, time: int) -> None:
        """Add the samples of a snapshot; times must increase."""
        for family in self._families:
            family.add(snapshot, time)

    def write(self, sink: BinaryIO) -> int:
        """Write all samples, and return their number."""
        samples = 0
        for family in self._families:
            sink.writelines(family.text())
            samples += family.samples
        sink.write(b"# EOF\n")
        return samples


class _Family:
    """Samples of one metric."""

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
        """The lines in chunks; none for a metric without samples."""
        if not self.samples:
            return
        name, series = self._published.full_name, [self._labels(values) for values in self._series]
        yield f"# HELP {name} {_escaped(self._published.help)}\n# TYPE {name} gauge\n".encode()
        self._file.seek(0)
        found = np.fromfile(self._file, _SAMPLE)
        order = np.argsort(found["series"], kind="stable")  # within a series they are already in order of time
        for at in range(0, len(order), _LINES):
            chosen = found[order[at : at + _LINES]].tolist()
            yield "".join(f"{name}{series[number]} {value!r} {time}\n" for number, time, value in chosen).encode()

    def _labels(self, values: tuple[str, ...]) -> str:
        pairs = (*zip(self._published.labels, values, strict=True), *self._common)
        inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in sorted(pairs))
        return f"{{{inside}}}" if inside else ""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
