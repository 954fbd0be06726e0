"""Creates the configured receivers of alerts and their delivery workers."""

from __future__ import annotations

import ssl
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from monitor.alerts.delivery.alertmanager import Alertmanager
from monitor.alerts.delivery.apprise import AppriseReceiver
from monitor.alerts.delivery.http import Http
from monitor.alerts.delivery.webhook import Webhook
from monitor.alerts.delivery.worker import Delivery, Outbox
from monitor.config import AlertsSection, Config, MqttSection, tls
from monitor.errors import ConfigError, ReceiverAway, ReceiverRefused
from monitor.hub import Hub
from monitor.outputs.receiver import Receiver
from monitor.vitals import Vitals

if TYPE_CHECKING:
    from monitor.outputs.mqtt.output import MqttOutput

_ALERTMANAGER_SECONDS = 10.0
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Receivers:
    """All receivers, and the MQTT output, which publishes more than alerts."""

    all: tuple[Receiver, ...]
    mqtt: MqttOutput | None


def receivers(config: Config, *, hub: Hub, vitals: Vitals, link: str) -> Receivers:
    """Create the receivers, without connecting.

    Args:
        config: with the sections of all receivers.
        hub: source of the MQTT output's messages.
        vitals: error counters.
        link: URL of the page, unless configured.

    Raises:
        ConfigError: a configured file is unusable.
    """
    link = config.alerts.link or link
    mqtt = _mqtt(config.mqtt, hub=hub, vitals=vitals, link=link)
    others = _receivers(config.alerts, link)
    return Receivers((*others, mqtt) if mqtt else others, mqtt)


def delivery(config: Config, outbox: Outbox, *, hub: Hub, vitals: Vitals, link: str) -> list[Coroutine[Any, Any, None]]:
    """The coroutines that deliver alerts, to be run concurrently for ever; an unreachable receiver ends none of them.

    Raises:
        ConfigError: as `receivers`; while running, if Apprise rejects an address.
    """
    found = receivers(config, hub=hub, vitals=vitals, link=link)
    parts = [
        Delivery(found.all, outbox, hub=hub, vitals=vitals).run(),
        *(_check_address(each) for each in found.all if isinstance(each, AppriseReceiver)),
    ]
    return [*parts, found.mqtt.run()] if found.mqtt else parts


async def _check_address(receiver: AppriseReceiver) -> None:
    """Only Apprise can validate its addresses; all others are checked with the configuration."""
    try:
        await receiver.probe()
    except ReceiverAway:
        return
    except ReceiverRefused as error:
        raise ConfigError(f"alerts.apprise: {receiver.name}: {error}", remedy="correct the address") from None


def _receivers(section: AlertsSection, link: str) -> tuple[Receiver, ...]:
    found: list[Receiver] = []
    manager = section.alertmanager
    for url in manager.urls:
        http = Http(
            seconds=_ALERTMANAGER_SECONDS,
            login=_login(manager.user, manager.secret_password),
            tls=_tls(manager.ca_file),
        )
        found.append(Alertmanager(url, link=link, repeat_seconds=manager.repeat_seconds, http=http))
    hook = section.webhook
    if (address := hook.secret_url) and (key := hook.key):
        http = Http(seconds=hook.timeout_seconds, tls=_tls(hook.ca_file))
        found.append(Webhook(address.get_secret_value(), key, http=http))
    found += [
        AppriseReceiver(each.get_secret_value(), link=link, seconds=section.apprise.timeout_seconds)
        for each in section.apprise.secret_urls
    ]
    return tuple(found)


def _mqtt(section: MqttSection, *, hub: Hub, vitals: Vitals, link: str) -> MqttOutput | None:
    if section.url is None:
        return None
    from monitor.outputs.mqtt.broker import Address  # noqa: PLC0415 -- only with a broker
    from monitor.outputs.mqtt.output import HomeAssistant, MqttOutput  # noqa: PLC0415

    parts = section.address
    secure = parts.scheme == "mqtts"
    address = Address(
        parts.hostname or "", parts.port or _PORTS[parts.scheme],
        tls=tls(section.ca_file, section.cert_file, section.key_file) if secure else None,
        login=_login(section.user, section.secret_password), protocol=section.protocol,
    )  # fmt: skip
    assistant = HomeAssistant(section.home_assistant_prefix, link) if section.home_assistant else None
    return MqttOutput(address, section.prefix, hub=hub, vitals=vitals, home_assistant=assistant)


def _tls(ca: Path | None) -> ssl.SSLContext | None:
    """Trust this CA only; None: the system's CAs."""
    return tls(ca) if ca else None


def _login(user: str | None, password: SecretStr | None) -> tuple[str, str] | None:
    return (user, password.get_secret_value()) if user is not None and password is not None else None
