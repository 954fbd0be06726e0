"""How the node lets us in."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.config import NodeSection
from monitor.errors import NodeAway, NodeRefused
from monitor.node.credentials import authorization, cookie_path


def decoded(node: NodeSection) -> str:
    """User and password as the node will see them."""
    scheme, _, text = authorization(node).partition(" ")
    assert scheme == "Basic"
    return base64.b64decode(text).decode()


@pytest.mark.parametrize(
    ("settings", "folder"),
    [
        ({}, ""),
        ({"url": "http://127.0.0.1:18443"}, "regtest"),
        ({"url": "http://127.0.0.1:38332"}, "signet"),
        ({"url": "http://127.0.0.1:48332"}, "testnet4"),
        ({"url": "http://127.0.0.1:9000"}, ""),
        ({"url": "http://127.0.0.1:9000", "network": "signet"}, "signet"),
        ({"url": "http://127.0.0.1:18443", "network": "main"}, ""),
    ],
)
def test_the_cookie_is_looked_for_where_the_node_writes_it(
    settings: dict[str, str], folder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path))
    expected = tmp_path / ".bitcoin" / folder / ".cookie"
    assert cookie_path(NodeSection.model_validate(settings)) == expected


def test_a_cookie_is_read_afresh_each_time(tmp_path: Path) -> None:
    cookie = tmp_path / ".cookie"
    node = NodeSection(cookie_file=cookie)
    for content in ("__cookie__:one", "__cookie__:two\n"):
        cookie.write_text(content)
        assert decoded(node) == content.strip()


def test_a_password_wins_over_the_cookie_and_may_hold_anything(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("pä:ss/w@rd\n")
    assert decoded(NodeSection(user="alice", password_file=file)) == "alice:pä:ss/w@rd"
    assert decoded(NodeSection(user="alice", password=SecretStr("x"), cookie_file=tmp_path / "no")) == "alice:x"


def test_no_cookie_is_a_node_that_does_not_run(tmp_path: Path) -> None:
    with pytest.raises(NodeAway, match=r"no cookie at .*: the node is not running, or node\.cookie_file"):
        authorization(NodeSection(cookie_file=tmp_path / ".cookie"))


def test_a_cookie_that_is_not_ours_is_for_a_person_to_mend(tmp_path: Path) -> None:
    cookie = tmp_path / ".cookie"
    if os.geteuid() == 0:
        cookie.mkdir()  # root may read everything but a folder
    else:
        cookie.touch(mode=0)
    with pytest.raises(NodeRefused, match="rpccookieperms=group"):
        authorization(NodeSection(cookie_file=cookie))
