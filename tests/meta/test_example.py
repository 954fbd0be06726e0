"""The example configuration: all of it can be used, and it says what the code says."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import trustme
from support.services import CHECKOUT

from monitor.config import ENVIRONMENT_PREFIX, Config, Token, load, paths

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
    # Examples are left out here, so that only defaults remain; the next test covers examples.
    defaults = re.sub(r"# Example:\n\w+ = .*$", "", WRITTEN_OUT, flags=re.MULTILINE)
    written = tomllib.loads(defaults)

    assert Config(**written) == Config()
    assert len(list(_keys(written))) > len(list(paths(Config))) // 3


@pytest.mark.parametrize("way", ["as itself", "in a file"])
def test_with_every_key_set_the_example_can_be_used(tmp_path: Path, way: str) -> None:
    """A secret is given as itself or in a file, so there are two of them."""
    for name, content in FILES.items():
        (tmp_path / name).write_text(content)
    authority = trustme.CA()
    own = authority.issue_cert("pool-monitor.example")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own.cert_chain_pems[0].write_to_path(tmp_path / "client.pem")
    own.private_key_pem.write_to_path(tmp_path / "client.key")
    written = tomllib.loads(WRITTEN_OUT.replace("/etc/pool-monitor/", f"{tmp_path}/"))
    assert Config(nodes=written.pop("nodes")).observers  # instead of `node`

    config = Config(**_one_way(written, in_files=way == "in a file"))

    assert config.node.secret_password is not None
    assert config.web.secret_token is not None
    assert config.mqtt.secret_password is not None
    assert config.alerts.webhook.secret_url is not None
    assert config.alerts.webhook.key is not None
    assert len(config.alerts.apprise.secret_urls) == 2


FILES = {
    "password": "secret",
    "token": "secret",
    "tokens.toml": Token.of("secret", name="grafana").toml(),
    "webhook-url": "https://example.org/hook\n",
    "webhook-secret": f"whsec_{'A' * 32}\n",
    "apprise-urls": "# mine\nntfys://one\n\nntfys://two\n",
}


def _one_way(written: dict[str, Any], *, in_files: bool) -> dict[str, Any]:
    """Without one of each two keys for the same secret."""
    goes = {name.removesuffix("_file") if in_files else name for name in written if name.endswith("_file")}
    goes = {name for name in goes if {name.removesuffix("_file"), f"{name.removesuffix('_file')}_file"} <= {*written}}
    return {
        name: _one_way(value, in_files=in_files) if isinstance(value, dict) else value
        for name, value in written.items()
        if name not in goes
    }


def _keys(written: dict[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, value in written.items():
        found += _keys(value, (*above, name)) if isinstance(value, dict) else [(*above, name)]
    return found
