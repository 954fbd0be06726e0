"""The MQTT output at a real broker, with a second client reading along."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from structlog.testing import capture_logs
from support.hook import until
from support.mosquitto import Heard, Mosquitto
from support.outbox import FakeOutbox, alert
from support.published import published

from monitor.alerts.delivery.worker import deliver
from monitor.errors import ReceiverAway, ReceiverRefused
from monitor.hub import Hub
from monitor.model import Dispatch
from monitor.outputs.mqtt import broker as broker_module
from monitor.outputs.mqtt.broker import Address
from monitor.outputs.mqtt.output import HomeAssistant, MqttOutput
from monitor.vitals import Vitals

Start = Callable[..., Mosquitto]


class Wired:
    """An output and its delivery worker, running."""

    def __init__(self, port: int, **how: Any) -> None:  # noqa: ANN401
        self.vitals = Vitals()
        self.hub = Hub(self.vitals)
        self.outbox = FakeOutbox(self.hub)
        assistant = how.pop("home_assistant", None)
        self.output = MqttOutput(
            Address("127.0.0.1", port, **how), "pools", hub=self.hub, vitals=self.vitals, home_assistant=assistant
        )
        self.ends = 0.0
        """How long ending took, seconds."""

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        delivery = deliver([self.output], self.outbox, hub=self.hub, vitals=self.vitals, pause=lambda _state: 0.05)
        tasks = [asyncio.create_task(delivery), asyncio.create_task(self.output.run())]
        await until(lambda: "mqtt" in self.outbox.acknowledged)
        try:
            yield
        finally:
            started = time.monotonic()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.ends = time.monotonic() - started

    def away(self) -> float:
        return self.vitals.registry.get_sample_value("pool_monitor_errors_total", {"kind": "mqtt_away"}) or 0.0


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not wait as long as brokers may."""
    monkeypatch.setattr(broker_module.Broker.__init__, "__kwdefaults__", {"pause": lambda _state: 0.05})
    monkeypatch.setattr(broker_module, "_TIMEOUT_SECONDS", 2.0)


def last(heard: list[Heard], topic: str) -> Any:  # noqa: ANN401 -- JSON is whatever it is
    found = [each for each in heard if each.topic == topic]
    return found[-1].document if found else None


def said(heard: list[Heard], topic: str) -> bool:
    return any(each.topic == topic for each in heard)


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
async def test_what_happens_and_how_things_stand_is_published(start_mosquitto: Start, protocol: str) -> None:
    mosquitto = start_mosquitto()
    wired = Wired(mosquitto.port, protocol=protocol)
    async with wired.working(), mosquitto.reader("pools/#") as heard:
        update = published(5)
        update.to(wired.hub)
        await until(lambda: said(heard, "pools/alerts"), what=f"the states: {heard}")
        assert next(each.payload for each in heard if each.topic == "pools/status") == "online"
        assert [each.document["height"] for each in heard if each.topic == "pools/block"] == [
            judged.block.height for judged in update.events.judged
        ]
        assert last(heard, "pools/tip")["hash"] == update.snapshot.tip_hash
        assert last(heard, "pools/concentration/pool/24h")["split"]["nakamoto"] == 1
        assert last(heard, "pools/alerts") == {"firing": 0, "alerts": []}
    async with mosquitto.reader("pools/#") as later:
        await until(lambda: said(later, "pools/alerts"))
        assert {each.topic for each in later} == {
            "pools/status", "pools/tip", "pools/alerts", "pools/confirmations", "pools/concentration/pool/24h",
            "pools/concentration/pool/7d",
        }  # fmt: skip
        assert all(each.retained for each in later)
        assert next(each.payload for each in later if each.topic == "pools/status") == "offline"
    assert wired.ends < 1


async def test_an_alert_fires_and_is_resolved(start_mosquitto: Start) -> None:
    mosquitto = start_mosquitto()
    wired = Wired(mosquitto.port)
    async with wired.working(), mosquitto.reader("pools/alert/#", "pools/alerts") as heard:
        wired.outbox.note(alert(), alert(labels={"entity": "foundryusa"}))
        await until(lambda: wired.outbox.is_done("mqtt"))
        wired.outbox.note(alert(firing=False))
        await until(lambda: wired.outbox.is_done("mqtt"))
        await until(lambda: sum(each.topic == "pools/alert/majority" for each in heard) == 3)
        await until(lambda: (last(heard, "pools/alerts") or {}).get("firing") == 1)
    told = [each.document for each in heard if each.topic == "pools/alert/majority"]
    assert [
        (each["state"], len(each["alerts"]), each["change"]["number"], each["change"]["state"]) for each in told
    ] == [
        ("firing", 2, 1, "firing"),
        ("firing", 2, 2, "firing"),
        ("firing", 1, 3, "resolved"),
    ]
    assert told[0]["severity"] == "critical"
    assert told[0]["change"]["since"] == "2025-06-15T15:06:40.000Z"


async def test_a_broker_that_is_killed_costs_no_state_and_no_alert(start_mosquitto: Start) -> None:
    mosquitto = start_mosquitto()
    wired = Wired(mosquitto.port)
    with capture_logs() as logs:
        async with wired.working():
            published(3).to(wired.hub)
            async with mosquitto.reader("pools/#") as heard:
                await until(lambda: said(heard, "pools/alerts"))
            mosquitto.kill()
            await until(lambda: wired.away() > 0)
            published(4).to(wired.hub)
            wired.outbox.note(alert(), alert(firing=False))
            await asyncio.sleep(0.3)
            assert not wired.outbox.is_done("mqtt")
            await asyncio.to_thread(mosquitto.start)
            async with mosquitto.reader("pools/#") as heard:
                await until(lambda: wired.outbox.is_done("mqtt"))
                await until(lambda: said(heard, "pools/alerts"))
                await until(lambda: (last(heard, "pools/alert/majority") or {}).get("state") == "resolved")
            assert last(heard, "pools/tip")["height"] == 4
            assert last(heard, "pools/concentration/pool/24h")["blocks"] == 4
    assert [line["event"] for line in logs if "broker" in line["event"]][:3] == [
        "connected to MQTT broker", "waiting for MQTT broker", "MQTT broker reachable again",
    ]  # fmt: skip


async def test_a_daemon_that_dies_leaves_its_last_will(start_mosquitto: Start) -> None:
    mosquitto = start_mosquitto()
    wired = Wired(mosquitto.port)
    async with mosquitto.reader("pools/status") as heard, wired.working():
        await until(lambda: [each.payload for each in heard] == ["online"])
        client = wired.output._broker._client  # noqa: SLF001 -- its socket is broken below
        assert client
        broken = client._client.socket()  # noqa: SLF001
        assert isinstance(broken, socket.socket)
        broken.shutdown(socket.SHUT_RDWR)  # what a power cut does to a connection, sooner
        await until(lambda: "offline" in [each.payload for each in heard])
        await until(lambda: heard[-1].payload == "online", what="it to come back")


async def test_a_broker_that_hangs_is_left_and_stopping_does_not_wait_for_it(start_mosquitto: Start) -> None:
    mosquitto = start_mosquitto()
    wired = Wired(mosquitto.port)
    async with wired.working():
        async with mosquitto.reader("pools/status") as heard:
            await until(lambda: bool(heard))
        os.kill(mosquitto.pid, signal.SIGSTOP)
        try:
            published(3).to(wired.hub)
            await until(lambda: wired.away() > 0, seconds=5)
        finally:
            os.kill(mosquitto.pid, signal.SIGCONT)
        async with mosquitto.reader("pools/#") as heard:
            await until(lambda: said(heard, "pools/alerts"))
        os.kill(mosquitto.pid, signal.SIGSTOP)
    os.kill(mosquitto.pid, signal.SIGCONT)
    assert wired.ends < 4


async def test_with_tls_a_certificate_of_ours_and_a_password(start_mosquitto: Start, tmp_path: Path) -> None:
    authority = trustme.CA()
    own = authority.issue_cert("pool-monitor.example")
    own.private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    mosquitto = start_mosquitto(login=("alice", "s3cret"), authority=authority)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.load_cert_chain(tmp_path / "client.pem")
    wired = Wired(mosquitto.port, tls=context, login=("alice", "s3cret"))
    async with wired.working(), mosquitto.reader("pools/#", client_pem=tmp_path / "client.pem") as heard:
        published(3).to(wired.hub)
        await until(lambda: said(heard, "pools/alerts"), what=mosquitto.log)


async def test_a_broker_that_does_not_let_us_in_says_why(start_mosquitto: Start) -> None:
    mosquitto = start_mosquitto(login=("alice", "s3cret"))
    for protocol in ("3.1.1", "5"):
        wired = Wired(mosquitto.port, login=("alice", "wr0ng"), protocol=protocol)
        with pytest.raises(ReceiverAway, match=r"(?i)not authori[sz]ed") as caught:
            await wired.output.probe()
        assert "wr0ng" not in str(caught.value)
    assert await Wired(mosquitto.port, login=("alice", "s3cret")).output.probe() == "connected to the broker"


async def test_a_trial_leaves_nothing_behind(start_mosquitto: Start) -> None:
    mosquitto = start_mosquitto()
    wired = Wired(mosquitto.port)
    async with mosquitto.reader("pools/#") as heard:
        assert await wired.output.deliver_test(Dispatch(0, alert("try", test=True))) == "accepted by the broker"
        await until(lambda: said(heard, "pools/alert/try"))
    assert last(heard, "pools/alert/try")["change"]["test"] is True
    assert {each.topic for each in heard} == {"pools/alert/try"}
    async with mosquitto.reader("pools/#") as later:
        await asyncio.sleep(0.2)
    assert later == []


async def test_home_assistant_is_told_once_and_finds_every_state_it_is_told_of(start_mosquitto: Start) -> None:
    mosquitto = start_mosquitto()
    wired = Wired(mosquitto.port, home_assistant=HomeAssistant("homeassistant", "http://127.0.0.1:8347"))
    async with wired.working(), mosquitto.reader() as heard:
        published(3).to(wired.hub)
        published(4).to(wired.hub)
        await until(lambda: any(each.topic.startswith("homeassistant/") for each in heard))  # the last one
    (config,) = [each.document for each in heard if each.topic.startswith("homeassistant/")]
    topics = {each["state_topic"] for each in config["components"].values()}
    assert topics <= {each.topic for each in heard}
    assert config["availability"] == [{"topic": "pools/status"}]
    with suppress(KeyError):
        assert config["components"]["alerts"]["state_topic"] == "pools/alerts"


async def test_what_is_longer_than_the_broker_takes_is_left_out_and_everything_else_published(
    start_mosquitto: Start,
) -> None:
    mosquitto = start_mosquitto(settings=["max_packet_size 3000"])
    wired = Wired(mosquitto.port, home_assistant=HomeAssistant("homeassistant", "http://127.0.0.1:8347"))
    with capture_logs() as logs:
        async with wired.working(), mosquitto.reader() as heard:
            published(3).to(wired.hub)
            await until(lambda: any(line["event"] == "MQTT message left out" for line in logs))
            published(4).to(wired.hub)
            await until(lambda: (last(heard, "pools/tip") or {}).get("height") == 4)
            with pytest.raises(ReceiverRefused, match="the broker takes packets of 3000 bytes"):
                await wired.output.deliver([Dispatch(0, alert(labels={"entity": "x" * 4000}))])
    assert {"pools/alerts", "pools/tip", "pools/concentration/pool/24h"} <= {each.topic for each in heard}
    [line] = [line for line in logs if line["event"] == "MQTT message left out"]
    assert line["topic"].startswith("homeassistant/")
    assert line["reason"].startswith("the broker takes packets of 3000 bytes, and this one has ")
    assert wired.away() == 0
