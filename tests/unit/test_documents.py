"""Text and TOML of strangers: bounded, and refused with a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.alerts.loading import METRIC_LOOKUP
from monitor.alerts.parse import parse
from monitor.config import RegistrySection, load
from monitor.documents import MAX_BYTES, TomlError, parse_toml, read_text
from monitor.errors import ConfigError, RegistryError
from monitor.registry import memberships
from monitor.registry.decisions import Decisions
from monitor.registry.loading import load_registry
from monitor.registry.registry import PoolRegistry

HOSTILE = {
    "digits": "x = " + "9" * 10_000,
    "deep array": "x = " + "[" * 100_000,
    "deep table": "x = " + "{a=" * 100_000,
    "long key": ".".join(["a"] * 50_000) + " = 1",
    "long key in a table": "x = {" + ".".join(['"a"'] * 50_000) + " = 1}",
    "date": "x = 9999-99-99",
    "NUL": "\0",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_toml_is_refused_in_little_time(what: str) -> None:
    started = time.process_time()
    with pytest.raises(TomlError):
        parse_toml(HOSTILE[what])
    assert time.process_time() - started < 5


READERS: dict[str, Callable[[Path], object]] = {
    "configuration": load,
    "registry": lambda file: PoolRegistry.parse(file.read_text()),
    "memberships": lambda file: memberships.parse(file.read_text(), origin="x"),
    "decisions": lambda file: Decisions.parse(file.read_text()),
    "own pools": lambda file: load_registry(RegistrySection(user_file=file)),
    "rules": lambda file: parse(file.read_text(), METRIC_LOOKUP, origin="x"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("what", HOSTILE)
def test_every_file_is_refused_with_a_sentence(tmp_path: Path, reader: str, what: str) -> None:
    file = tmp_path / "hostile.toml"
    file.write_text(HOSTILE[what])
    with pytest.raises(ConfigError, match="TOML"):
        READERS[reader](file)


def test_dots_in_texts_and_comments_do_not_count() -> None:
    dots = "a." * 500
    assert parse_toml(f"x = \"{dots}\"  # {dots}\ny = '{dots}'\n") == {"x": dots, "y": dots}


def test_a_file_without_end_is_not_read() -> None:
    with pytest.raises(OSError, match="more than"):
        read_text(Path("/dev/zero"))
    assert MAX_BYTES < 1 << 23
    with pytest.raises(ConfigError, match=r"/dev/zero: cannot be read \(more than"):
        load(Path("/dev/zero"))
    with pytest.raises(RegistryError, match="cannot be read"):
        load_registry(RegistrySection(user_file=Path("/dev/zero")))
