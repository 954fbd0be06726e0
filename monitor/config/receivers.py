"""The sections about those who are told of alerts: each key with its type, its default, and what is said of it."""

from __future__ import annotations

import ssl
from base64 import b64decode
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, model_validator

from monitor.config.section import Section, secret
from monitor.errors import ConfigError, ExtraMissing

_FEWEST_BYTES = 24
"""Of a webhook's secret, as Standard Webhooks has it."""


class AlertmanagerSection(Section):
    """Alertmanagers that are told of alerts, over their API v2."""

    urls: tuple[str, ...] = Field(default=(), examples=[["http://127.0.0.1:9093"]])
    """Where they are, each member of a cluster by its own address: they find out among themselves who has what. With
    the path, if they run under one, and without /api."""
    repeat_seconds: float = Field(default=60.0, ge=1, le=600)
    """How often it is said again what fires. Alertmanager takes for resolved what it has not heard of for its
    resolve_timeout (5 minutes unless you changed it), so be well below."""
    user: str | None = Field(default=None, examples=["pool-monitor"])
    """The user of basic authentication, where a proxy or Alertmanager's web configuration demands it."""
    password: SecretStr | None = Field(default=None, examples=["correct horse battery staple"])
    """The user's password. Better in a file of its own: password_file."""
    password_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/password"])
    """A file with the user's password and nothing else, read at the start."""
    ca_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/ca.pem"])
    """The certificates to trust with https, when those of the system are not the right ones."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.urls)) < len(self.urls):
            raise ValueError("urls: each may be listed once")
        for url in self.urls:
            _web_address(url, "urls", "http://127.0.0.1:9093")
        _together(self.user, self.secret_password)
        if self.ca_file:
            tls(self.ca_file)
        return self

    @property
    def secret_password(self) -> SecretStr | None:
        """The password, wherever it was written."""
        return secret(self.password, self.password_file, "alerts.alertmanager.password")


class WebhookSection(Section):
    """An address of your own that takes each change of an alert as a signed POST."""

    url: SecretStr | None = Field(default=None, examples=["https://example.org/hooks/pool-monitor"])
    """Where to. Never logged, since such addresses are often secrets."""
    url_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/webhook-url"])
    """A file with the address and nothing else, read at the start."""
    secret: SecretStr | None = Field(default=None, examples=["whsec_IXD4MIfO+zk94KBnoF78mOS/PDKgeAw1"])
    """What signs each POST, known to you and the receiver alone: whsec_ and at least 24 random bytes in base64, as
    made by: echo whsec_$(openssl rand -base64 32). Better in a file of its own: secret_file."""
    secret_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/webhook-secret"])
    """A file with the secret and nothing else, read at the start."""
    timeout_seconds: float = Field(default=10.0, ge=0.5, le=120)
    """After so long without an answer it counts as away, and is told again."""
    ca_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/ca.pem"])
    """The certificates to trust with https, when those of the system are not the right ones."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        url, key = self.secret_url, self.key
        if url:
            _web_address(url.get_secret_value(), "url", "https://example.org/hook")
        if (url is None) != (key is None):
            raise ValueError("url and secret come together: every POST is signed")
        if self.ca_file:
            tls(self.ca_file)
        return self

    @property
    def secret_url(self) -> SecretStr | None:
        """The address, wherever it was written."""
        return secret(self.url, self.url_file, "alerts.webhook.url")

    @property
    def key(self) -> bytes | None:
        """The secret's bytes, wherever it was written."""
        written = secret(self.secret, self.secret_file, "alerts.webhook.secret")
        return None if written is None else _key(written.get_secret_value())


class AppriseSection(Section):
    """Notification services, by the addresses that Apprise gives them."""

    urls: tuple[SecretStr, ...] = Field(
        default=(), examples=[["ntfys://ntfy.sh/your-topic", "tgram://bot-token/chat-id"]]
    )
    """Who is told, each by an address as https://appriseit.com/services/ describes it. They hold passwords and tokens,
    and are never logged; better in a file of their own: urls_file."""
    urls_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/apprise-urls"])
    """A file with an address on each line; lines that begin with # are left out. Read at the start."""
    timeout_seconds: float = Field(default=30.0, ge=1, le=300)
    """How long a message may take. A service that takes longer is cut off, counts as away, and is told again."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        written = [each.get_secret_value() for each in self.secret_urls]
        if len(set(written)) < len(written):
            raise ValueError("urls: each may be listed once")
        if any("://" not in url for url in written):
            raise ValueError("urls: one of them has no ://, and is no address of Apprise")
        if written and find_spec("apprise") is None:  # found now, and not with the first alert
            raise ExtraMissing("notify", "alerts.apprise")
        return self

    @property
    def secret_urls(self) -> tuple[SecretStr, ...]:
        """The addresses, wherever they were written."""
        if self.urls_file is None:
            return self.urls
        whole = secret(SecretStr("") if self.urls else None, self.urls_file, "alerts.apprise.urls")
        lines = (line.strip() for line in whole.get_secret_value().splitlines()) if whole else ()
        return tuple(SecretStr(line) for line in lines if line and not line.startswith("#"))


class MqttSection(Section):
    """A broker that is told of blocks, concentration and alerts."""

    url: str | None = Field(default=None, examples=["mqtt://127.0.0.1:1883"])
    """Where the broker is: mqtt:// without TLS (usually port 1883), mqtts:// with it (8883). Without this key, nothing
    is published. No user and no password in it: they have keys of their own."""
    prefix: str = Field(default="pool-monitor", min_length=1)
    """What every topic begins with. Each daemon at a broker needs one of its own."""
    protocol: Literal["3.1.1", "5"] = "5"
    """Which MQTT is spoken."""
    user: str | None = Field(default=None, examples=["pool-monitor"])
    """The user, where the broker demands one."""
    password: SecretStr | None = Field(default=None, examples=["correct horse battery staple"])
    """The user's password. Better in a file of its own: password_file."""
    password_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/password"])
    """A file with the user's password and nothing else, read at the start."""
    ca_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/ca.pem"])
    """The certificates to trust with mqtts, when those of the system are not the right ones."""
    cert_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/client.pem"])
    """Our own certificate, for a broker that demands one; together with key_file."""
    key_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/client.key"])
    """The key of our certificate, without a password."""
    home_assistant: bool = False
    """Whether Home Assistant is told that we are there, so that it shows our sensors by itself."""
    home_assistant_prefix: str = Field(default="homeassistant", min_length=1)
    """What its discovery topics begin with, where that was changed in Home Assistant."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in ("prefix", "home_assistant_prefix"):
            topic = getattr(self, name)
            if set(topic) & set("+#\0") or topic.startswith(("/", "$")) or topic.endswith("/"):
                raise ValueError(f"{name}: a topic holds no + and #, and neither begins with / or $ nor ends with /")
        if self.url is not None:
            parts = self.address
            if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname or parts.port == 0 or parts.path.strip("/"):
                raise ValueError("url must look like mqtt://127.0.0.1:1883 or mqtts://broker:8883")
            if parts.username or parts.password:
                raise ValueError("url holds a password: write it as user and password_file instead")
        _together(self.user, self.secret_password)
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file come together")
        if self.ca_file or self.cert_file:
            tls(self.ca_file, self.cert_file, self.key_file)
        return self

    @property
    def address(self) -> SplitResult:
        """The broker's address in parts."""
        return urlsplit(self.url or "")

    @property
    def secret_password(self) -> SecretStr | None:
        """The password, wherever it was written."""
        return secret(self.password, self.password_file, "mqtt.password")


def tls(ca: Path | None, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Trust what the system trusts, or these certificates alone; show our own, if there is one.

    Raises:
        ConfigError: one of the files is not what it should be.
    """
    at = ca
    try:
        context = ssl.create_default_context(cafile=ca)
        if certificate and key:
            at = certificate
            context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise ConfigError(f"{at}: cannot be used for TLS ({reason})", remedy="it must be readable, and PEM") from None
    return context


def _no_password() -> str:
    """Else OpenSSL would ask for one on the terminal."""
    raise ValueError("the key has a password")


def _web_address(url: str, name: str, example: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        raise ValueError(f"{name} must look like {example}")
    if parts.username or parts.password:
        raise ValueError(f"{name} holds a password: it has keys of its own")


def _together(user: str | None, password: SecretStr | None) -> None:
    if (user is None) != (password is None):
        raise ValueError("user and password (or password_file) come together")


def _key(written: str) -> bytes:
    try:
        key = b64decode(written.removeprefix("whsec_"), validate=True)
    except ValueError:
        key = b""
    if not written.startswith("whsec_") or len(key) < _FEWEST_BYTES:
        raise ValueError(
            f"secret must be whsec_ and at least {_FEWEST_BYTES} bytes in base64; make one with: "
            "echo whsec_$(openssl rand -base64 32)"
        )
    return key
