"""What people read of an alert."""

from __future__ import annotations

from support.outbox import alert

from monitor.alerts.delivery.messages import notify_type, subject, text
from monitor.model import Dispatch, Severity

LINK = "https://pools.example.org"
FIRES, ENDS = Dispatch(1, alert()), Dispatch(2, alert(firing=False))


def test_one_alert_is_its_summary_and_its_explanation() -> None:
    assert subject([FIRES]) == "[CRITICAL] AntPool has more than half of the blocks"
    assert text([FIRES], LINK) == f"{FIRES.alert.explanation}\n\n{LINK}"
    assert subject([ENDS]) == "[resolved] AntPool has more than half of the blocks"
    assert subject([Dispatch(0, alert(test=True))]).startswith("[TEST CRITICAL] ")


def test_several_are_counted_and_told_one_by_one() -> None:
    assert subject([FIRES, ENDS]) == "2 alert changes: 1 firing, 1 resolved"
    told = text([FIRES, ENDS], LINK)
    assert told.index("[CRITICAL]") < told.index("[resolved]") < told.index(LINK)


def test_the_gravest_that_fires_decides() -> None:
    info = Dispatch(3, alert(severity=Severity.INFO))
    warning = Dispatch(4, alert(severity=Severity.WARNING))
    assert [notify_type(each) for each in ([ENDS], [info, ENDS], [info, warning], [warning, FIRES])] == [
        "success", "info", "warning", "failure",
    ]  # fmt: skip
