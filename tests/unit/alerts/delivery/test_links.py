"""An alert leads to the page of alerts, wherever a proxy has it."""

from __future__ import annotations

import pytest
from support.outbox import alert

from monitor.alerts.delivery.messages import alerts_address
from monitor.alerts.receivers import page_address
from monitor.config import Config

LISTENING = "http://127.0.0.1:8347"


@pytest.mark.parametrize(
    ("settings", "page"),
    [
        ({}, LISTENING),
        ({"web": {"base_path": "/pools"}}, f"{LISTENING}/pools"),
        ({"alerts": {"link": "https://node.example.org/pools/"}}, "https://node.example.org/pools"),
        (
            {"alerts": {"link": "https://node.example.org/pools"}, "web": {"base_path": "/pools"}},
            "https://node.example.org/pools",
        ),
    ],
)
def test_the_address_of_the_page_has_the_path_below_which_it_is_served(
    settings: dict[str, dict[str, str]], page: str
) -> None:
    config = Config.model_validate(settings)

    assert page_address(config, LISTENING) == page


def test_alerts_of_one_rule_lead_to_it_on_the_page_of_alerts() -> None:
    assert alerts_address("https://x.example/pools", [alert("a")]) == "https://x.example/pools/alerts#alert-a"
    assert alerts_address("https://x.example", [alert("a"), alert("b")]) == "https://x.example/alerts"
