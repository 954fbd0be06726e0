"""What goes out of the process that calls Apprise holds nothing of an address."""

from __future__ import annotations

import pytest

from monitor.alerts.delivery.apprise_process import masked

URL = "tgram://123456789:AbCdEf-GhI/-100200300?format=%20markdown"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Failed to send to 123456789:AbCdEf-GhI", "Failed to send to ***:***"),
        ("POST https://api.telegram.org/bot1:x/send failed", "POST *** failed"),
        ("chat -100200300 unknown, abcdef-ghi refused", "chat *** unknown, *** refused"),
        ("Connection refused, error=111", "Connection refused, error=111"),
    ],
)
def test_no_part_of_the_address_is_repeated(said: str, shown: str) -> None:
    assert masked(said, URL) == shown
