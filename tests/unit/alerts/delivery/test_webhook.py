"""What a webhook sends can be verified by what its page tells people to do."""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from support.outbox import T0, alert
from support.services import CHECKOUT

from monitor.alerts.delivery.webhook import document, message_id, signed
from monitor.model import Dispatch

PAGE = (CHECKOUT / "docs" / "how-to" / "webhook.md").read_text("utf-8")
KEY = bytes(range(32))
SECRET = f"whsec_{b64encode(KEY).decode()}"
BODY = b'{"type":"alert.firing"}'


@pytest.fixture
def is_from_us() -> Callable[..., bool]:
    """The function of the page."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    known: dict[str, Any] = {}
    exec(code, known)  # noqa: S102 -- it is ours
    found: Callable[..., bool] = known["is_from_us"]
    return found


def test_the_code_of_the_page_knows_us(is_from_us: Callable[..., bool]) -> None:
    headers = signed("alert_1_x", BODY, key=KEY, at=time.time())
    assert is_from_us(headers, BODY, SECRET)


@pytest.mark.parametrize(
    "wrong",
    [
        {"body": b'{"type":"alert.resolved"}'},
        {"secret": f"whsec_{b64encode(bytes(32)).decode()}"},
        {"at": time.time() - 3600},
        {"message": "alert_2_x"},
    ],
)
def test_the_code_of_the_page_knows_who_is_not_us(is_from_us: Callable[..., bool], wrong: dict[str, Any]) -> None:
    headers = signed("alert_1_x", BODY, key=KEY, at=wrong.get("at", time.time()))
    headers["webhook-id"] = wrong.get("message", "alert_1_x")
    assert not is_from_us(headers, wrong.get("body", BODY), wrong.get("secret", SECRET))


def test_the_page_shows_what_is_sent() -> None:
    shown = json.loads(PAGE[PAGE.index('{\n  "type"') : PAGE.index("```\n\n`type`")])
    assert shown == document(Dispatch(17, alert()))


def test_a_change_has_one_id_and_no_other_has_it() -> None:
    first = message_id(Dispatch(1, alert()))
    assert first == message_id(Dispatch(1, alert(summary="in other words")))
    others = [
        Dispatch(2, alert()),
        Dispatch(1, alert(firing=False)),
        Dispatch(1, alert(since=T0 + 1)),
        Dispatch(1, alert("other")),
    ]
    assert len({first, *map(message_id, others)}) == 5
