"""Lines for machines and for people, and no secret in either."""

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog
from support.services import CHECKOUT

from monitor import logs
from monitor.errors import StoreAway, StoreError


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Logging belongs to the process: put it back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    for handler in handlers:
        root.removeHandler(handler)  # so that nobody closes pytest's own
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_one_json_object_a_line() -> None:
    logs.configure(stream=(stream := io.StringIO()))
    structlog.get_logger().info("block", height=7, pool=None, text="ü\n\x00🐟")
    [line] = lines(stream)
    assert line.pop("timestamp", "").endswith("Z")  # type: ignore[attr-defined]
    assert line == {"event": "block", "level": "info", "height": 7, "pool": None, "text": "ü\n\x00🐟"}


def test_a_terminal_gets_words() -> None:
    logs.configure(stream=(stream := Terminal()))
    structlog.get_logger().info("block", height=7)
    assert "block" in stream.getvalue()
    assert "{" not in stream.getvalue()


def test_either_can_be_asked_for() -> None:
    logs.configure(style="json", stream=(terminal := Terminal()))
    structlog.get_logger().info("block")
    assert lines(terminal)[0]["event"] == "block"
    logs.configure(style="console", stream=(pipe := io.StringIO()))
    structlog.get_logger().info("block")
    assert "{" not in pipe.getvalue()
    assert "\x1b" not in pipe.getvalue(), "no colours in a file"


@pytest.mark.parametrize(("level", "heard"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_decides_what_is_heard(level: str, heard: int) -> None:
    logs.configure(level, stream=(stream := io.StringIO()))
    for say in ("debug", "info", "warning", "error"):
        getattr(structlog.get_logger(), say)("something")
    assert len(lines(stream)) == heard


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize(
    "key", ["password", "rpc_password", "Token", "web_token", "client_secret", "Authorization", "cookie"]
)
def test_secrets_are_masked(style: str, key: str) -> None:
    logs.configure(style=style, stream=(stream := io.StringIO()))
    structlog.get_logger().bind(**{key: "hunter2"}).info("connected", node="127.0.0.1:8332")
    assert "hunter2" not in stream.getvalue()
    assert "***" in stream.getvalue()
    assert "127.0.0.1:8332" in stream.getvalue()


def test_secrets_bound_to_the_context_are_masked() -> None:
    logs.configure(stream=(stream := io.StringIO()))
    with structlog.contextvars.bound_contextvars(token="hunter2"):  # noqa: S106
        structlog.get_logger().info("connected")
    assert "hunter2" not in stream.getvalue()


@pytest.mark.parametrize("key", ["cookie_file", "password_file", "token_file"])
def test_paths_are_no_secrets(key: str) -> None:
    logs.configure(stream=(stream := io.StringIO()))
    structlog.get_logger().info("connected", **{key: "/etc/x"})
    assert lines(stream)[0][key] == "/etc/x"


@pytest.mark.parametrize("style", ["json", "console"])
def test_an_exception_is_told_in_full(style: str) -> None:
    logs.configure(style=style, stream=(stream := io.StringIO()))
    try:
        int("what happened")
    except ValueError:
        structlog.get_logger().exception("crashed")
    assert "Traceback" in stream.getvalue()
    assert "what happened" in stream.getvalue()


def test_a_value_that_json_does_not_know_is_told_all_the_same() -> None:
    logs.configure(stream=(stream := io.StringIO()))
    structlog.get_logger().info("odd", raw=b"\xff", many={1, 2}, error=ValueError("x"))
    assert lines(stream)[0]["event"] == "odd"


def test_libraries_are_heard_from_warnings_on() -> None:
    logs.configure("debug", stream=(stream := io.StringIO()))
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("some.library").warning("trouble")
    assert stream.getvalue() == "WARNING some.library: trouble\n"


def test_configuring_twice_says_everything_once() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        logs.configure(stream=io.StringIO())
        logs.configure(stream=(stream := io.StringIO()))
    structlog.get_logger().info("block")
    logging.getLogger("some.library").warning("trouble")
    assert len(stream.getvalue().splitlines()) == 2


FULL, AWAY = StoreError("the disk is full"), StoreAway("the server is away")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FULL, "the disk is full"),
        (ExceptionGroup("tasks", [FULL]), "the disk is full"),
        (ExceptionGroup("tasks", [AWAY, ExceptionGroup("more", [FULL, AWAY])]), "the server is away; the disk is full"),
    ],
)
def test_a_failure_that_explains_itself_has_a_reason_and_no_traceback(error: Exception, reason: str) -> None:
    logs.configure(stream=(stream := io.StringIO()))
    logs.log_failure("output failed, restarting", error, output="mqtt")

    [line] = lines(stream)
    assert line.pop("timestamp")
    assert line == {"event": "output failed, restarting", "level": "error", "output": "mqtt", "reason": reason}


@pytest.mark.parametrize("error", [KeyError("defect"), ExceptionGroup("tasks", [FULL, KeyError("defect")])])
def test_a_defect_has_its_traceback_also_beside_failures_that_explain_themselves(error: Exception) -> None:
    logs.configure(stream=(stream := io.StringIO()))
    logs.log_failure("output failed, restarting", error)

    [line] = lines(stream)
    assert "KeyError" in str(line["exception"])
    assert "reason" not in line


def test_tracebacks_are_logged_in_one_place() -> None:
    package = CHECKOUT / "monitor"
    found = {
        str(file.relative_to(package))
        for file in package.rglob("*.py")
        if any(word in file.read_text("utf-8") for word in ("log.exception(", "exc_info="))
    }

    assert found == {"logs.py"}
