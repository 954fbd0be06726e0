"""Whatever is wrong gets one clear sentence that names the remedy, and the right exit status; nothing is lost."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.command import pool_monitor
from support.daemon import Daemon, environment
from support.forked import POOL_MONITOR
from support.services import free_port, get, wait_until

from monitor.errors import Exit

DONE, CRASHED, MISCONFIGURED = Exit.STOPPED, Exit.CRASHED, Exit.MISCONFIGURED
Start = Callable[..., Daemon]


def say(folder: Path, *arguments: object, **settings: object) -> tuple[int, str]:
    """Run a command: its exit status, and all it has to say, on long lines."""
    done = pool_monitor(*arguments, folder=folder, environment=environment(**settings) | {"COLUMNS": "300"})
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    return done.returncode, said


def on(node: Bitcoind, **settings: object) -> dict[str, object]:
    """Settings for a node."""
    return {"node__url": node.url, "node__cookie_file": node.cookie_file, "web__port": 0} | settings


# -- the configuration -------------------------------------------------------------------------------------------------

WRONG_FILES = {
    "unknown key": ('[node]\nurll = "x"\n', "node.urll: unknown key; did you mean node.url?"),
    "unknown section": ("[noodes]\n", "noodes: unknown key; did you mean"),
    "broken TOML": ("[node\n", "invalid TOML: Expected ']'"),
    "no such window": ('windows = ["1w"]\n', "invalid window '1w'; use a number with h, d, y"),
    "no URL": ('[node]\nurl = "localhost"\n', "node: url must look like http://127.0.0.1:8332"),
    "a number too large": ("[web]\nport = 70000\n", "web.port: "),
    "a password without a user": (
        '[node]\npassword = "hunter2"\n',
        "user and password (or password_file) must be set together",
    ),
    "a password in the URL": (
        '[node]\nurl = "http://a:hunter2@h"\n',
        "url contains a password: use user and password_file instead",
    ),
    "a secret's file that is missing": ('[web]\ntoken_file = "/nowhere"\n', "web.token_file: /nowhere cannot be read"),
}


@pytest.mark.parametrize("what", WRONG_FILES)
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_wrong_configuration_is_told_with_its_path(scratch: Path, command: str, what: str) -> None:
    text, sentence = WRONG_FILES[what]
    file = scratch / "wrong.toml"
    file.write_text(text)

    status, said = say(scratch, command, "-c", file)

    assert status == MISCONFIGURED
    assert sentence in said
    assert "hunter2" not in said


def test_a_wrong_configuration_ends_the_program(scratch: Path) -> None:
    file = scratch / "wrong.toml"
    file.write_text("[noodes]\n")
    done = subprocess.run([*POOL_MONITOR, "run", "-c", file], env=environment(), capture_output=True, check=False)
    assert done.returncode == MISCONFIGURED
    assert b"noodes: unknown key; did you mean" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_misspelt_variable_is_told(scratch: Path) -> None:
    status, said = say(scratch, "run", node__ulr="http://127.0.0.1:1")
    assert status == MISCONFIGURED
    assert "POOL_MONITOR_NODE__ULR: unknown variable; did you mean POOL_MONITOR_NODE__URL?" in said


def test_a_configuration_that_is_not_there_is_told(scratch: Path) -> None:
    status, said = say(scratch, "run", "-c", "nowhere.toml")
    assert status == MISCONFIGURED
    assert "nowhere.toml: cannot be read (No such file or directory); name the file with --config" in said


# -- the node ----------------------------------------------------------------------------------------------------------


def test_a_node_that_is_not_there_is_waited_for_and_check_says_so(
    bitcoind: Bitcoind, start_daemon: Start, scratch: Path
) -> None:
    bitcoind.stop()
    cookie = bitcoind.datadir / "old cookie"
    cookie.write_text("__cookie__:old")

    daemon = start_daemon(bitcoind, node__cookie_file=cookie)
    wait_until(lambda: bool(daemon.events("waiting for the node")), seconds=10, what="the daemon to say that it waits")
    with pytest.raises(OSError, match=r"nothing listens at .*; is bitcoind running, with server=1"):
        get(daemon.port, "/readyz")
    assert len(daemon.events("waiting for the node")) == 1
    status, said = say(scratch, "check", **on(bitcoind, node__cookie_file=cookie, **store(scratch)))
    assert status == CRASHED
    assert f"Nothing listens at {bitcoind.url}" in said
    assert "Is bitcoind running, with server=1?" in said
    assert daemon.stop() == DONE


@pytest.mark.parametrize("command", ["run", "check"])
def test_another_network_is_refused(bitcoind: Bitcoind, scratch: Path, command: str) -> None:
    status, said = say(scratch, command, **on(bitcoind, node__network="main", **store(scratch)))
    assert status == MISCONFIGURED
    assert "follows regtest, the configuration says main" in said
    assert "hange node.network or node.url" in said


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_wrong_password_is_refused(bitcoind: Bitcoind, scratch: Path, command: str) -> None:
    login = {"node__cookie_file": "auto", "node__user": "alice", "node__password": "hunter2"}
    status, said = say(scratch, command, **on(bitcoind, **login, **store(scratch)))
    assert status == MISCONFIGURED
    assert "does not accept our credentials" in said
    assert "et node.cookie_file, or node.user and node.password_file" in said
    assert "hunter2" not in said


def test_what_is_off_is_told_with_the_line_that_turns_it_on(
    start_bitcoind: Callable[..., Bitcoind], scratch: Path
) -> None:
    node = start_bitcoind("-rest=0", "-nozmqpubhashblock", "-nozmqpubsequence", "-prune=1", "-fastprune")
    node.call("generatetodescriptor", 600, f"raw({'51' * 80})")
    node.call("pruneblockchain", 300)

    status, said = say(scratch, "check", **on(node, **store(scratch)))

    assert status == DONE
    lines = [line.strip() for line in said.splitlines()]
    assert "rest=1" in lines
    assert "zmqpubhashblock=tcp://127.0.0.1:28332" in lines
    first = node.call("getblockchaininfo")["pruneheight"]
    assert f"! The node is pruned: history can begin at block {first}." in lines


def test_a_pruned_node_is_followed_from_where_it_begins(
    start_bitcoind: Callable[..., Bitcoind], start_daemon: Start
) -> None:
    node = start_bitcoind("-prune=1", "-fastprune")
    node.call("generatetodescriptor", 600, f"raw({'51' * 80})")
    node.call("pruneblockchain", 300)
    first = node.call("getblockchaininfo")["pruneheight"]

    daemon = start_daemon(node)

    daemon.wait_for(node.call("getbestblockhash"))
    ready = daemon.ask("/readyz")
    assert (ready["pruned"], ready["first_height"]) == (True, first)
    assert daemon.events("the node is pruned: history begins later than the windows need")[0]["first_height"] == first
    assert daemon.metric('pool_monitor_window_blocks{window="2016b"}') == 601 - first


# -- the port and the store --------------------------------------------------------------------------------------------


def store(folder: Path) -> dict[str, object]:
    """A store in this folder."""
    return {"store__url": f"sqlite:///{folder / 'blocks.sqlite'}"}


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_port_in_use_is_told(bitcoind: Bitcoind, scratch: Path, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, said = say(scratch, command, **on(bitcoind, web__port=port, **store(scratch)))
    assert status == MISCONFIGURED
    assert f"127.0.0.1:{port}" in said
    assert "another web.port" in said


def test_a_database_of_another_program_or_version_is_left_alone(
    bitcoind: Bitcoind, start_daemon: Start, scratch: Path
) -> None:
    tip = mine_all(bitcoind, [Recipe(tag=b"/ViaBTC/")] * 5)[-1]
    daemon = start_daemon(bitcoind)
    daemon.wait_for(tip)
    settings = on(bitcoind, **store(daemon.folder))
    status, said = say(scratch, "run", **settings)
    assert status == MISCONFIGURED
    assert "another pool-monitor uses" in said
    daemon.stop()

    shape = _of_version(daemon.folder / "blocks.sqlite", "9999")
    for command in ("run", "check"):
        status, said = say(scratch, command, **settings)
        assert status == MISCONFIGURED
        assert "atabase comes from a newer version of pool-monitor (revision 9999)" in said
        assert "pgrade pool-monitor, or choose another store.url" in said
    _of_version(daemon.folder / "blocks.sqlite", shape)

    other = scratch / "other"
    other.mkdir()
    letter = other / "blocks.sqlite"
    letter.write_text("Dear reader, " * 1000)
    for command in ("run", "check"):
        status, said = say(scratch, command, **on(bitcoind, **store(other)))
        assert status == MISCONFIGURED
        assert f"{letter} is not a database" in said
        assert "hoose another store.url" in said
    assert letter.read_text() == "Dear reader, " * 1000

    daemon.start()
    daemon.wait_for(tip)
    assert daemon.metric('pool_monitor_blocks_connected_total{method="tag",pool="viabtc"}') is None  # all was kept


def _of_version(database: Path, version: str) -> str:
    """Make a database say that it is of this version; which it was."""
    with sqlite3.connect(database) as connection:
        (before,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    connection.close()
    return str(before)


def test_the_history_of_another_chain_is_refused(bitcoind: Bitcoind, start_daemon: Start, scratch: Path) -> None:
    daemon = start_daemon(bitcoind)
    daemon.wait_for(bitcoind.call("getbestblockhash"))
    daemon.stop()
    with sqlite3.connect(daemon.folder / "blocks.sqlite") as connection:
        connection.execute("UPDATE metadata SET value = ? WHERE name = 'genesis'", ("00" * 32,))
    connection.close()

    status, said = say(scratch, "run", **on(bitcoind, **store(daemon.folder)))

    assert status == MISCONFIGURED
    assert "choose another store.url for this network" in said


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_store_that_cannot_be_written_is_told(bitcoind: Bitcoind, scratch: Path, command: str) -> None:
    (scratch / "file").touch()
    status, said = say(scratch, command, **on(bitcoind, **store(scratch / "file")))
    assert status in {CRASHED, MISCONFIGURED}
    assert "cannot be written (" in said
    assert "hoose another store.url" in said


# -- asking a daemon ---------------------------------------------------------------------------------------------------


def test_status_says_that_there_is_no_daemon(scratch: Path) -> None:
    status, said = say(scratch, "status", "--url", f"http://127.0.0.1:{free_port()}")
    assert status == CRASHED
    assert "start one with `pool-monitor run`, or set its address with --url" in said


def test_status_says_that_a_token_is_missing(bitcoind: Bitcoind, start_daemon: Start, scratch: Path) -> None:
    tip = mine_all(bitcoind, [Recipe(tag=b"/ViaBTC/")] * 5)[-1]
    daemon = start_daemon(bitcoind, web__token="sesame")  # noqa: S106 -- of the test
    wait_until(lambda: bool(daemon.events("ready")), seconds=10, what="the daemon to catch up")
    url = f"http://127.0.0.1:{daemon.port}"

    status, said = say(scratch, "status", "--url", url)
    assert status == CRASHED
    assert "requires a token; set the same web.token_file" in said

    status, said = say(scratch, "status", "--url", url, web__token="sesame")  # noqa: S106
    assert status == DONE
    assert "ViaBTC" in said
    assert tip in say(scratch, "status", "--json", "--url", url, web__token="sesame")[1]  # noqa: S106


def test_rules_that_are_wrong_stop_the_start_and_are_found_by_check(scratch: Path) -> None:
    rules = scratch / "alerts.toml"
    rules.write_text('[[rule]]\nname = "a"\nvalue = "hhi"\nabove = 1\nseverity = "info"\nsummary = "s"\nfor = "soon"\n')
    for command in ("run", "check"):
        status, said = say(scratch, command, alerts__rules_file=rules, store__url=f"sqlite:///{scratch}/s")
        assert status == MISCONFIGURED
        assert "rule.0.for (a): 'soon' is not a duration" in " ".join(said.split())
