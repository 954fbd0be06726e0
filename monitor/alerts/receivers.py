"""Creates the configured receivers of alerts and their delivery workers."""

from __future__ import annotations

import ssl
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from monitor.alerts.delivery.alertmanager import Alertmanager
from monitor.alerts.delivery.apprise import AppriseReceiver
from monitor.alerts.delivery.http import Http
from monitor.alerts.delivery.webhook import Webhook
from monitor.alerts.delivery.worker import Outbox, deliver
from monitor.config import AlertsSection, Config, MqttSection, tls
from monitor.hub import Hub
from monitor.outputs.receiver import Receiver
from monitor.vitals import Vitals

_ALERTMANAGER_SECONDS = 10.0
_PORTS = {"mqtt": 1883, "mqtts": 8883}


def receivers(config: Config, *, hub: Hub, vitals: Vitals, listening: str) -> tuple[Receiver, ...]:
    """Create the receivers of alerts, without connecting; `listening` is the URL of the web server, for links.

    Raises:
        ConfigError: a configured file is unusable.
    """
    page = page_address(config, listening)
    return (*_receivers(config.alerts, page), *_mqtt(config.mqtt, hub=hub, vitals=vitals, page=page))


def delivery(
    config: Config, outbox: Outbox, *, hub: Hub, vitals: Vitals, listening: str
) -> list[Coroutine[Any, Any, None]]:
    """The coroutines that deliver alerts, to be run concurrently for ever; an unreachable receiver ends none of them.

    Raises:
        ConfigError: as `receivers`; while running, if Apprise rejects an address.
    """
    found = receivers(config, hub=hub, vitals=vitals, listening=listening)
    return [deliver(found, outbox, hub=hub, vitals=vitals), *(each.run() for each in found)]


def page_address(config: Config, listening: str) -> str:
    """Where the pages are, without a slash at the end: as configured, or below our own server, which is `listening`."""
    return (config.alerts.link or listening + config.web.base_path).rstrip("/")


def _receivers(section: AlertsSection, page: str) -> Iterator[Receiver]:
    manager = section.alertmanager
    for url in manager.urls:
        http = Http(
            seconds=_ALERTMANAGER_SECONDS,
            login=_login(manager.user, manager.secret_password),
            tls=_tls(manager.ca_file),
        )
        yield Alertmanager(url, page=page, repeat_seconds=manager.repeat_seconds, http=http)
    hook = section.webhook
    if (address := hook.secret_url) and (key := hook.key):
        http = Http(seconds=hook.timeout_seconds, tls=_tls(hook.ca_file))
        yield Webhook(address.get_secret_value(), key, http=http)
    for each in section.apprise.secret_urls:
        yield AppriseReceiver(each.get_secret_value(), page=page, seconds=section.apprise.timeout_seconds)


def _mqtt(section: MqttSection, *, hub: Hub, vitals: Vitals, page: str) -> Iterator[Receiver]:
    if section.url is None:
        return
    from monitor.outputs.mqtt.broker import Address  # noqa: PLC0415 -- only with a broker
    from monitor.outputs.mqtt.output import HomeAssistant, MqttOutput  # noqa: PLC0415

    parts = section.address
    secure = parts.scheme == "mqtts"
    address = Address(
        parts.hostname or "", parts.port or _PORTS[parts.scheme],
        tls=tls(section.ca_file, section.cert_file, section.key_file) if secure else None,
        login=_login(section.user, section.secret_password), protocol=section.protocol,
    )  # fmt: skip
    assistant = HomeAssistant(section.home_assistant_prefix, f"{page}/") if section.home_assistant else None
    yield MqttOutput(address, section.prefix, hub=hub, vitals=vitals, home_assistant=assistant)


def _tls(ca: Path | None) -> ssl.SSLContext | None:
    """Trust this CA only; None: the system's CAs."""
    return tls(ca) if ca else None


def _login(user: str | None, password: SecretStr | None) -> tuple[str, str] | None:
    return (user, password.get_secret_value()) if user is not None and password is not None else None
