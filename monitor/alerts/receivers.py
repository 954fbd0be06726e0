"""Everyone who is to be told of alerts, as the configuration names them."""

from __future__ import annotations

import ssl
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from monitor.alerts.delivery.alertmanager import Alertmanager
from monitor.alerts.delivery.http import Http
from monitor.alerts.delivery.service import Service
from monitor.alerts.delivery.webhook import Webhook
from monitor.alerts.delivery.worker import Couriers
from monitor.alerts.ports import Outbox
from monitor.config import AlertsSection, Config, MqttSection, tls
from monitor.errors import ConfigError, ReceiverAway, ReceiverRefused
from monitor.hub import Hub
from monitor.outputs.mqtt.broker import Address
from monitor.outputs.mqtt.output import HomeAssistant, MqttOutput
from monitor.outputs.receiver import Receiver
from monitor.vitals import Vitals

_ALERTMANAGER_SECONDS = 10.0
_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Receivers:
    """All of them; the broker besides, since it is told of more than alerts."""

    all: tuple[Receiver, ...]
    mqtt: MqttOutput | None


def receivers(config: Config, hub: Hub, vitals: Vitals, *, link: str) -> Receivers:
    """Make them; nothing is connected yet.

    Args:
        config: everything the user said.
        hub: where the broker's messages come from.
        vitals: where the broker's faults are counted.
        link: where the page is, unless the configuration knows better.

    Raises:
        ConfigError: a file that the configuration names cannot be used.
    """
    link = config.alerts.link or link
    mqtt = _mqtt(config.mqtt, hub, vitals, link)
    others = _receivers(config.alerts, link)
    return Receivers((*others, mqtt) if mqtt else others, mqtt)


def delivery(config: Config, outbox: Outbox, hub: Hub, vitals: Vitals, *, link: str) -> list[Coroutine[Any, Any, None]]:
    """What tells everyone, to be run side by side, for ever; what happens to receivers ends none of it.

    Raises:
        ConfigError: as `receivers`; when it runs, that Apprise does not know an address.
    """
    told = receivers(config, hub, vitals, link=link)
    parts = [Couriers(told.all, outbox, hub, vitals).run(), *(_demand_known(each) for each in told.all)]
    return [*parts, told.mqtt.run()] if told.mqtt else parts


async def _demand_known(receiver: Receiver) -> None:
    """Whether Apprise knows what an address is shows only when it is asked; everyone else's was checked already."""
    if not isinstance(receiver, Service):
        return
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
            tls=_trust(manager.ca_file),
        )
        found.append(Alertmanager(url, link=link, repeat_seconds=manager.repeat_seconds, http=http))
    hook = section.webhook
    if (address := hook.secret_url) and (key := hook.key):
        http = Http(seconds=hook.timeout_seconds, tls=_trust(hook.ca_file))
        found.append(Webhook(address.get_secret_value(), key, http=http))
    found += [
        Service(each.get_secret_value(), link=link, seconds=section.apprise.timeout_seconds)
        for each in section.apprise.secret_urls
    ]
    return tuple(found)


def _mqtt(section: MqttSection, hub: Hub, vitals: Vitals, link: str) -> MqttOutput | None:
    if section.url is None:
        return None
    parts = section.address
    secure = parts.scheme == "mqtts"
    address = Address(
        parts.hostname or "", parts.port or _PORTS[parts.scheme],
        tls=tls(section.ca_file, section.cert_file, section.key_file) if secure else None,
        login=_login(section.user, section.secret_password), protocol=section.protocol,
    )  # fmt: skip
    assistant = HomeAssistant(section.home_assistant_prefix, link) if section.home_assistant else None
    return MqttOutput(address, section.prefix, hub, vitals, home_assistant=assistant)


def _trust(ca: Path | None) -> ssl.SSLContext | None:
    """Whom to trust; None: as the system does."""
    return tls(ca) if ca else None


def _login(user: str | None, password: SecretStr | None) -> tuple[str, str] | None:
    return (user, password.get_secret_value()) if user is not None and password is not None else None
