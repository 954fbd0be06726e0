"""The example configuration: all of it can be used, and it says what the code says."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from support.services import CHECKOUT

from monitor.config import ENVIRONMENT_PREFIX, Config, load, paths

EXAMPLE = CHECKOUT / "config" / "pool-monitor.example.toml"
WRITTEN_OUT = re.sub(r"^#(?=\w+ = )", "", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
"""The example with the mark removed from every key."""


@pytest.fixture(autouse=True)
def _only_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(ENVIRONMENT_PREFIX):
            monkeypatch.delenv(name)


def test_as_it_is_the_example_changes_nothing() -> None:
    assert load(EXAMPLE) == Config()


def test_every_key_is_in_the_example_and_no_other() -> None:
    assert sorted(_keys(tomllib.loads(WRITTEN_OUT))) == sorted(paths(Config))


def test_what_is_no_example_is_the_default() -> None:
    # That an example can be used is for the next test. Here it goes, so that only what is said to be a default is left.
    defaults = re.sub(r"An example:\n\w+ = .*$", "", WRITTEN_OUT, flags=re.MULTILINE)
    written = tomllib.loads(defaults)

    assert Config(**written) == Config()
    assert len(list(_keys(written))) > len(list(paths(Config))) // 2


@pytest.mark.parametrize("ways", [("password", "token"), ("password_file", "token_file")])
def test_with_every_key_set_the_example_can_be_used(tmp_path: Path, ways: tuple[str, ...]) -> None:
    """A secret is given as itself or in a file, so there are two of them."""
    (tmp_path / "password").write_text("secret")
    (tmp_path / "token").write_text("secret")
    other = {"password", "password_file", "token", "token_file"} - {*ways}
    text = re.sub(rf"^({'|'.join(other)}) = .*$", "", WRITTEN_OUT, flags=re.MULTILINE)
    file = tmp_path / "pool-monitor.toml"
    file.write_text(text.replace("/etc/pool-monitor/", f"{tmp_path}/"), "utf-8")

    config = load(file)

    assert config.node.secret_password is not None
    assert config.web.secret_token is not None


def _keys(written: dict[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, value in written.items():
        found += _keys(value, (*above, name)) if isinstance(value, dict) else [(*above, name)]
    return found
