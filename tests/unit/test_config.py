"""What the user may say, and what is said to one who said it wrongly."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.config import DEFAULT_WINDOWS, WEB_PORT, Config, load, paths, shipped
from monitor.errors import ConfigError, Exit, ExtraMissing

Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variables, no file in the working directory."""
    for name in [name for name in os.environ if name.upper().startswith("POOL_MONITOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "said.toml"
        path.write_text(text, "utf-8")
        return path

    return write


# -- what is said ------------------------------------------------------------------------------------------------------


def test_saying_nothing_is_enough() -> None:
    config = load()
    assert config.node.url == "http://127.0.0.1:8332"
    assert (config.node.network, config.node.cookie_file, config.node.zmq, config.node.rest) == ("auto",) * 4
    assert config.node.secret_password is None
    assert tuple(window.name for window in config.windows) == DEFAULT_WINDOWS
    assert (config.web.host, config.web.port, config.web.secret_token) == ("127.0.0.1", WEB_PORT, None)
    assert re.fullmatch(r"sqlite:////.*pool-monitor.*/blocks\.sqlite", config.store.url)


def test_a_file_says_what_differs(write: Write) -> None:
    config = load(
        write('windows = ["24h", "100b"]\n[node]\nurl = "https://node:1"\npoll_seconds = 1\n[web]\nport = 0\n')
    )
    assert config.node.url == "https://node:1"
    assert config.node.poll_seconds == 1
    assert config.web.port == 0
    assert [(window.seconds, window.blocks) for window in config.windows] == [(86_400, None), (None, 100)]


def test_of_several_nodes_the_first_is_counted_or_the_one_that_says_so(write: Write) -> None:
    config = load(write('[[nodes]]\nurl = "http://a:1"\n[[nodes]]\nname = "b"\nurl = "http://b:1"\n'))
    assert (config.counted_node.label, [each.label for each in config.observers]) == ("a:1", ["b"])
    config = load(write('[[nodes]]\nurl = "http://a:1"\n[[nodes]]\nurl = "http://b:1"\nrole = "counted"\n'))
    assert (config.counted_node.label, [each.label for each in config.observers]) == ("b:1", ["a:1"])
    assert load(write("")).counted_node == load(write("")).node
    assert load(write("")).observers == ()


def test_the_file_in_the_working_directory_is_read_when_none_is_named(tmp_path: Path, write: Write) -> None:
    (tmp_path / "pool-monitor.toml").write_text("[web]\nport = 1\n")
    assert load().web.port == 1
    assert load(write("")).web.port == WEB_PORT


def test_the_environment_wins_over_the_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOL_MONITOR_NODE__URL", "http://elsewhere:1")
    monkeypatch.setenv("POOL_MONITOR_WINDOWS", "7d, 144b")
    monkeypatch.setenv("POOL_MONITOR_WEB__PORT", "99")
    config = load(write('windows = ["1y"]\n[node]\nurl = "http://here:1"\nrest = "off"\n'))
    assert config.node.url == "http://elsewhere:1"
    assert config.node.rest == "off"
    assert config.web.port == 99
    assert [window.name for window in config.windows] == ["7d", "144b"]


@pytest.mark.parametrize("path", sorted(paths(Config)))
def test_every_key_has_a_variable(path: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known, whatever is thought of its value."""
    monkeypatch.setenv("POOL_MONITOR_" + "__".join(path).upper(), "#")
    try:
        load()
    except ConfigError as error:
        assert "unknown" not in str(error)  # noqa: PT017


def test_what_was_said_is_frozen() -> None:
    config = load()
    with pytest.raises(ValueError, match="frozen"):
        config.node.url = "http://x"
    with pytest.raises(ValueError, match="frozen"):
        config.windows = ()


@pytest.mark.parametrize(
    ("name", "seconds", "blocks"),
    [("1h", 3600, None), ("24h", 86_400, None), ("3d", 259_200, None), ("1y", 31_536_000, None), ("2016b", None, 2016)],
)
def test_windows(name: str, seconds: int | None, blocks: int | None, write: Write) -> None:
    [window] = load(write(f'windows = ["{name}"]')).windows
    assert (window.name, window.seconds, window.blocks) == (name, seconds, blocks)


def test_what_comes_with_the_program_is_found() -> None:
    assert shipped("pools/registry.toml").is_file()


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_secrets_are_masked_wherever_they_are_printed(write: Write) -> None:
    config = load(write('[node]\nuser = "u"\npassword = "hunter2"\n[web]\ntoken = "hunter3"\n'))
    assert "hunter" not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"
    assert config.node.secret_password is not None
    assert config.node.secret_password.get_secret_value() == "hunter2"
    assert config.web.secret_token is not None
    assert config.web.secret_token.get_secret_value() == "hunter3"


def test_a_secret_may_be_in_a_file(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("  hunter2 ü\n", "utf-8")
    monkeypatch.setenv("POOL_MONITOR_WEB__TOKEN_FILE", str(tmp_path / "secret"))
    config = load(write(f'[node]\nuser = "u"\npassword_file = "{tmp_path}/secret"\n'))
    assert config.node.secret_password is not None
    assert config.node.secret_password.get_secret_value() == "hunter2 ü"
    assert config.web.secret_token is not None
    assert config.web.secret_token.get_secret_value() == "hunter2 ü"
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize(
    "text",
    [
        '[node]\npassword = "hunter2"',
        '[node]\npassword = ["hunter2"]',
        '[node]\nuser = "u"\npassword = "hunter2"\npassword_file = "p"',
        '[node]\nurl = "http://u:hunter2@node"',
        '[node]\nurl = "hunter2"',
        '[web]\ntoken = {x = "hunter2"}',
        'hunter = "hunter2"',
    ],
)
def test_no_secret_is_in_an_error(text: str, write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(text))
    assert "hunter2" not in str(caught.value)


# -- what is wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[xyz]\nx = 1", "xyz: unknown key; choose one of: .*node.url"),
        ("[node]\nurll = 1", "node.urll: unknown key; did you mean node.url\\?"),
        ("[web]\nPort = 1", "web.Port: unknown key; did you mean web.port\\?"),
        ("self = 1", "self: unknown key"),
        ("model_config = 1", "model_config: unknown key"),
        ('_env_file = "other"', "_env_file: unknown key"),
        ("_cli_parse_args = true", "_cli_parse_args: unknown key"),
        ("node = 5", "node: Input should be a valid dictionary"),
        ("[node]\nurl = 5", "node.url: Input should be a valid string"),
        ('[node]\nurl = "node:8332"', "node: url must look like http://127.0.0.1:8332"),
        ('[node]\nurl = "http://"', "node: url must look like http://127.0.0.1:8332"),
        ('[node]\nurl = "http://[::1"', "node: Invalid IPv6 URL"),
        ('[node]\nurl = "http://u@node"', "node: url contains a password: use user and password_file instead"),
        (
            '[node]\nuser = "u"',
            "node: user and password \\(or password_file\\) must be set together; without them the cookie",
        ),
        ('[node]\npassword = "p"', "node: user and password \\(or password_file\\) must be set together"),
        ('[node]\nzmq = "127.0.0.1:28332"', "node: zmq must be auto, off, or an address such as tcp://127.0.0.1:28332"),
        ('[node]\nurl = "http://node:65536"', "node: Port out of range"),
        ('[node]\nurl = "http://node:port"', "node: Port could not be cast to integer"),
        ('[node]\nurl = "http://node:0"', "node: url must look like http://127.0.0.1:8332"),
        (
            '[node]\nnetwork = "mainnet"',
            "node.network: Input should be 'auto', 'main', 'testnet4', 'signet' or 'regtest'",
        ),
        ('[node]\nrest = "on"', "node.rest: Input should be 'auto' or 'off'"),
        ("[node]\npoll_seconds = 0", "node.poll_seconds: Input should be greater than or equal to 0.1"),
        ("[node]\npoll_seconds = nan", "node.poll_seconds: Input should be"),
        ("[node]\ntimeout_seconds = inf", "node.timeout_seconds: Input should be less than or equal to 600"),
        ("[web]\nport = 65536", "web.port: Input should be less than or equal to 65535"),
        ("[web]\nport = -1", "web.port: Input should be greater than or equal to 0"),
        ('[log]\nlevel = "loud"', "log.level: Input should be 'debug', 'info', 'warning' or 'error'"),
        ('[[nodes]]\n[node]\nrest = "off"', r"nodes: write either \[node\] or \[\[nodes\]\], not both"),
        ("[nodes]", r"nodes: write \[\[nodes\]\], in double brackets"),
        ("[[nodes]]\n[[nodes]]", "nodes: give each node a name of its own"),
        ('[[nodes]]\nname = "X "\n[[nodes]]\nname = "x"', "nodes: give each node a name of its own"),
        ('[[nodes]]\nname = "a"\n[[nodes]]\nname = "b"', "nodes: a and b have the same url"),
        (
            '[[nodes]]\n[[nodes]]\nurl = "http://LOCALHOST:8332/"',
            "nodes: 127.0.0.1:8332 and LOCALHOST:8332",
        ),
        (
            '[[nodes]]\nname = "a"\nrole = "counted"\n[[nodes]]\nrole = "counted"',
            "nodes: one node at most has the role counted",
        ),
        ('[[nodes]]\nrole = "observer"', "nodes: one node must not be an observer"),
        ('[[nodes]]\nurl = "node"', "nodes.0: url must look like"),
        ("windows = []", "windows: "),
        ("windows = 5", r"windows: windows must be a list such as \['24h', '2016b'\]"),
        (
            'windows = ["24h", "7x"]',
            "windows: invalid window '7x'; use a number with h, d, y \\(time\\) or b \\(blocks\\)",
        ),
        ('windows = ["0h"]', "windows: invalid window '0h'"),
        ('windows = ["24h", "7d", "24h"]', "windows: list each window once"),
    ],
)
def test_one_line_says_what_is_wrong_and_where(text: str, sentence: str, write: Write) -> None:
    path = write(text)
    with pytest.raises(ConfigError, match=rf"^{re.escape(str(path))}: {sentence}") as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code is Exit.MISCONFIGURED


def test_everything_wrong_is_said_at_once(write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write('[node]\nurll = 1\nrest = "on"\n[web]\nport = "x"\n'))
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith("/") for line in lines)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"[web", r": invalid TOML: "),
        (b"[web]\nport = 1\nport = 2", r": invalid TOML: "),
        (b"\xff\xfe", r": invalid TOML: "),
        (b"\0", r": invalid TOML: "),
    ],
)
def test_a_file_that_is_no_toml(text: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "said.toml"
    path.write_bytes(text)
    with pytest.raises(ConfigError, match=re.escape(str(path)) + sentence):
        load(path)


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_file_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r": cannot be read \(.*\); name the file with --config"):
        load(tmp_path / name)


@pytest.mark.parametrize(("section", "secret"), [("node", "password"), ("web", "token")])
def test_a_secret_is_given_once(section: str, secret: str, write: Write) -> None:
    with pytest.raises(ConfigError, match=rf"{section}\.{secret} and .*_file are both set; remove one"):
        load(write(f'[{section}]\n{secret} = "x"\n{secret}_file = "y"\n'))


@pytest.mark.parametrize("content", [None, b"\xff\xff"])
@pytest.mark.parametrize(("section", "secret"), [("node", "password"), ("web", "token")])
def test_a_secret_that_cannot_be_read(
    section: str, secret: str, content: bytes | None, write: Write, tmp_path: Path
) -> None:
    path = tmp_path / "secret"
    if content is not None:
        path.write_bytes(content)
    user = 'user = "u"\n' if section == "node" else ""
    with pytest.raises(ConfigError, match=rf"{section}\.{secret}_file: .*secret cannot be read"):
        load(write(f'[{section}]\n{user}{secret}_file = "{path}"\n'))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("POOL_MONITOR_NODE__URLL", r"unknown variable; did you mean POOL_MONITOR_NODE__URL\?"),
        ("POOL_MONITOR_NODE_URL", r"unknown variable; did you mean POOL_MONITOR_NODE__URL\?"),
        ("POOL_MONITOR_NODE", "unknown variable; did you mean POOL_MONITOR_NODE"),
        ("POOL_MONITOR_", "unknown variable"),
        ("POOL_MONITOR_XYZZY", "unknown variable"),
    ],
)
def test_a_misspelt_variable_is_said(name: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(ConfigError, match=f"^environment: {name}: {sentence}"):
        load()


def test_a_wrong_variable_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOL_MONITOR_WEB__PORT", "x")
    with pytest.raises(ConfigError, match=r"^environment: web\.port: Input should be a valid integer"):
        load()


def test_a_variable_of_many_parts_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POOL_MONITOR_REGISTRY__OVERRIDES", "[hunter2")
    with pytest.raises(ConfigError, match=r"^environment: error parsing .*registry.*; write it as JSON") as caught:
        load()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("section", ["node", "stratum", "economy"])
def test_a_socks_proxy_without_its_package_is_reported_at_startup(
    monkeypatch: pytest.MonkeyPatch, section: str
) -> None:
    monkeypatch.setattr("monitor.config.section.find_spec", lambda _name: None)
    Config.model_validate({"economy": {"proxy": "http://127.0.0.1:3128"}})
    with pytest.raises(ExtraMissing, match=rf"^{section}\.proxy needs the extra 'socks'"):
        Config.model_validate({section: {"proxy": "socks5://127.0.0.1:9050"}})


def test_a_path_may_begin_with_the_home_directory(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    config = load(
        write('[node]\ncookie_file = "~/.cookie"\nblocks_dir = "~"\n[store]\nurl = "sqlite:///~/pools/blocks.sqlite"')
    )
    assert config.node.cookie_file == tmp_path / ".cookie"
    assert config.node.blocks_dir == tmp_path
    assert config.store.url == f"sqlite:///{tmp_path}/pools/blocks.sqlite"
    with pytest.raises(ConfigError, match=r"node\.cookie_file: ~nobody-here/.cookie has no home directory"):
        load(write('[node]\ncookie_file = "~nobody-here/.cookie"'))


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NODE__URL", "NODE__BLOCKS_DIR", "WEB__PORT", "MQTT__URL", "WINDOWS", "STORE__HISTORY_FROM"):
        monkeypatch.setenv(f"POOL_MONITOR_{name}", "")
    assert load() == Config()


@pytest.mark.parametrize(
    "name", ["WEB__TOKEN", "WEB__TOKEN_FILE", "WEB__TOKENS_FILE", "WEB__HOST", "WEB__ALLOWED_HOSTS", "NODE__PASSWORD"]
)
def test_an_empty_variable_that_protects_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"POOL_MONITOR_{name}", "")
    with pytest.raises(ConfigError, match=rf"environment: POOL_MONITOR_{name}: is empty; set it, or remove it"):
        load()


def test_what_kubernetes_sets_for_services_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PORT": "tcp://10.0.0.1:8347", "SERVICE_HOST": "10.0.0.1", "SERVICE_PORT_HTTP": "8347",
        "PORT_8347_TCP_ADDR": "10.0.0.1", "WEB_PORT": "tcp://10.0.0.2:80",
    }.items():  # fmt: skip
        monkeypatch.setenv(f"POOL_MONITOR_{name}", value)
    assert load() == Config()
    for name, value in {"WEB_PORT": "8347", "NODE_ZMQ": "tcp://127.0.0.1:28332"}.items():
        monkeypatch.setenv(f"POOL_MONITOR_{name}", value)
        with pytest.raises(ConfigError, match=f"did you mean POOL_MONITOR_{name.replace('_', '__')}"):
            load()
        monkeypatch.delenv(f"POOL_MONITOR_{name}")


def test_a_byte_order_mark_is_left_out(write: Write, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\ufefflong enough to be a token", "utf-8")
    config = load(write(f'\ufeff[web]\ntoken_file = "{tmp_path}/token"'))
    assert config.web.all_tokens()[0].matches("long enough to be a token")


@pytest.mark.parametrize(
    ("network", "url", "whole"),
    [
        ("auto", "http://node.local", "http://node.local:8332"),
        ("signet", "http://[::1]/", "http://[::1]:38332/"),
        ("main", "http://node.local/a/path", "http://node.local:8332/a/path"),
        ("auto", "https://node.local", "https://node.local"),
        ("regtest", "http://127.0.0.1:18444", "http://127.0.0.1:18444"),
    ],
)
def test_a_node_without_a_port_has_that_of_its_network(network: str, url: str, whole: str) -> None:
    assert Config.model_validate({"node": {"network": network, "url": url}}).node.url == whole


def test_a_node_with_a_query_is_refused_and_not_shown(write: Write) -> None:
    with pytest.raises(ConfigError, match="url has a query") as refused:
        load(write('[node]\nurl = "http://127.0.0.1:8332/?key=s3cret"'))
    assert "s3cret" not in str(refused.value)
