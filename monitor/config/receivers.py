"""The sections of alerts, their receivers and MQTT: each key with its type, default and description."""

from __future__ import annotations

import ssl
from base64 import b64decode
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, model_validator

from monitor.config.section import Section, secret, web_address
from monitor.errors import ConfigError, ExtraMissing

_FEWEST_BYTES = 24
"""Minimum length of a webhook secret, by Standard Webhooks."""


class AlertmanagerSection(Section):
    """Prometheus Alertmanagers that receive alerts over API v2."""

    urls: tuple[str, ...] = Field(default=(), examples=[["http://127.0.0.1:9093"]])
    """URLs of the Alertmanagers. List every member of a cluster: they remove duplicates themselves. Include a path
    prefix, if there is one, but not /api."""
    repeat_seconds: float = Field(default=60.0, ge=1, le=600)
    """How often firing alerts are sent again. Alertmanager resolves an alert that it has not received for its
    resolve_timeout (5 minutes by default), so stay well below that."""
    user: str | None = Field(default=None, examples=["pool-monitor"])
    """User name for basic authentication, if a proxy or Alertmanager's web configuration requires it."""
    password: SecretStr | None = Field(default=None, examples=["correct horse battery staple"])
    """Password of the user. Preferably in a file of its own: password_file."""
    password_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/password"])
    """File that contains only the password. Read at startup."""
    ca_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/ca.pem"])
    """CA certificates to trust for https, instead of those of the system."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.urls)) < len(self.urls):
            raise ValueError("urls: list each URL once")
        for url in self.urls:
            web_address(url, "urls", "http://127.0.0.1:9093")
        _together(self.user, self.secret_password)
        if self.ca_file:
            tls(self.ca_file)
        return self

    @property
    def secret_password(self) -> SecretStr | None:
        """The password, from the configuration or its file."""
        return secret(self.password, self.password_file, "alerts.alertmanager.password")


class WebhookSection(Section):
    """A webhook of your own that receives each change of an alert as a signed POST request."""

    url: SecretStr | None = Field(default=None, examples=["https://example.org/hooks/pool-monitor"])
    """URL of the webhook. Never logged, because such URLs are often secret."""
    url_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/webhook-url"])
    """File that contains only the URL. Read at startup."""
    secret: SecretStr | None = Field(default=None, examples=["whsec_IXD4MIfO+zk94KBnoF78mOS/PDKgeAw1"])
    """Key that signs each request, shared with the receiver: whsec_ and at least 24 random bytes in base64, for example
    from: echo whsec_$(openssl rand -base64 32). Preferably in a file of its own: secret_file."""
    secret_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/webhook-secret"])
    """File that contains only the secret. Read at startup."""
    timeout_seconds: float = Field(default=10.0, ge=0.5, le=120)
    """Timeout of a request. After a timeout the request is repeated."""
    ca_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/ca.pem"])
    """CA certificates to trust for https, instead of those of the system."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        url, key = self.secret_url, self.key
        if url:
            web_address(url.get_secret_value(), "url", "https://example.org/hook")
        if (url is None) != (key is None):
            raise ValueError("url and secret must be set together: every request is signed")
        if self.ca_file:
            tls(self.ca_file)
        return self

    @property
    def secret_url(self) -> SecretStr | None:
        """The URL, from the configuration or its file."""
        return secret(self.url, self.url_file, "alerts.webhook.url")

    @property
    def key(self) -> bytes | None:
        """The secret's bytes, from the configuration or its file."""
        written = secret(self.secret, self.secret_file, "alerts.webhook.secret")
        return None if written is None else _key(written.get_secret_value())


class AppriseSection(Section):
    """Notification services, by Apprise URL."""

    urls: tuple[SecretStr, ...] = Field(
        default=(), examples=[["ntfys://ntfy.sh/your-topic", "tgram://bot-token/chat-id"]]
    )
    """URLs of notification services, see https://appriseit.com/services/. They contain passwords and tokens, and are
    never logged; preferably in a file of their own: urls_file."""
    urls_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/apprise-urls"])
    """File with one URL per line; lines that begin with # are ignored. Read at startup."""
    timeout_seconds: float = Field(default=30.0, ge=1, le=300)
    """Timeout of a message. After a timeout the message is sent again."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        written = [each.get_secret_value() for each in self.secret_urls]
        if len(set(written)) < len(written):
            raise ValueError("urls: list each URL once")
        if any("://" not in url for url in written):
            raise ValueError("urls: one of them is no Apprise URL: it has no ://")
        if written and find_spec("apprise") is None:  # reported at startup rather than at the first alert
            raise ExtraMissing("notify", "alerts.apprise")
        return self

    @property
    def secret_urls(self) -> tuple[SecretStr, ...]:
        """The URLs, from the configuration or their file."""
        if self.urls_file is None:
            return self.urls
        whole = secret(SecretStr("") if self.urls else None, self.urls_file, "alerts.apprise.urls")
        lines = (line.strip() for line in whole.get_secret_value().splitlines()) if whole else ()
        return tuple(SecretStr(line) for line in lines if line and not line.startswith("#"))


class AlertsSection(Section):
    """Alert rules, and receivers of alerts. HTTP requests follow HTTPS_PROXY, HTTP_PROXY and NO_PROXY."""

    rules_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/alerts.toml"])
    """File with your own rules, which replace the shipped ones in config/alerts.toml: start from a copy of that file.
    Reloaded when it changes, and on SIGHUP."""
    link: str | None = Field(default=None, examples=["https://pools.example.org"])
    """External URL of the pages, with the path of a reverse proxy, for the link in each message. Default: the listening
    address with web.base_path, which other machines usually cannot reach."""
    alertmanager: AlertmanagerSection = Field(default_factory=AlertmanagerSection)
    webhook: WebhookSection = Field(default_factory=WebhookSection)
    apprise: AppriseSection = Field(default_factory=AppriseSection)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.link is not None and urlsplit(self.link).scheme not in {"http", "https"}:
            raise ValueError("link must look like https://pools.example.org")
        return self


class MqttSection(Section):
    """An MQTT broker that receives blocks, concentration and alerts."""

    url: str | None = Field(default=None, examples=["mqtt://127.0.0.1:1883"])
    """URL of the broker: mqtt:// without TLS (usually port 1883), mqtts:// with TLS (8883). Without this key nothing is
    published. User and password have keys of their own."""
    prefix: str = Field(default="pool-monitor", min_length=1)
    """Prefix of all topics. Daemons that share a broker need different prefixes."""
    protocol: Literal["3.1.1", "5"] = "5"
    """Version of the MQTT protocol."""
    user: str | None = Field(default=None, examples=["pool-monitor"])
    """User name, if the broker requires one."""
    password: SecretStr | None = Field(default=None, examples=["correct horse battery staple"])
    """Password of the user. Preferably in a file of its own: password_file."""
    password_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/password"])
    """File that contains only the password. Read at startup."""
    ca_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/ca.pem"])
    """CA certificates to trust for mqtts, instead of those of the system."""
    cert_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/client.pem"])
    """Client certificate, if the broker requires one; together with key_file."""
    key_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/client.key"])
    """Private key of the client certificate, without a password."""
    home_assistant: bool = False
    """Whether to publish discovery messages, so that Home Assistant adds the sensors automatically."""
    home_assistant_prefix: str = Field(default="homeassistant", min_length=1)
    """Prefix of the discovery topics, if it was changed in Home Assistant."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for name in ("prefix", "home_assistant_prefix"):
            topic = getattr(self, name)
            if set(topic) & set("+#\0") or topic.startswith(("/", "$")) or topic.endswith("/"):
                raise ValueError(f"{name} must not contain + or #, begin with / or $, or end with /")
        if self.url is not None:
            parts = self.address
            if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname or parts.port == 0 or parts.path.strip("/"):
                raise ValueError("url must look like mqtt://127.0.0.1:1883 or mqtts://broker:8883")
            if parts.username or parts.password:
                raise ValueError("url contains a password: use user and password_file instead")
        _together(self.user, self.secret_password)
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file must be set together")
        if self.ca_file or self.cert_file:
            tls(self.ca_file, self.cert_file, self.key_file)
        return self

    @property
    def address(self) -> SplitResult:
        """The broker's URL in parts."""
        return urlsplit(self.url or "")

    @property
    def secret_password(self) -> SecretStr | None:
        """The password, from the configuration or its file."""
        return secret(self.password, self.password_file, "mqtt.password")


def tls(ca: Path | None, certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """A TLS context for clients that trusts the certificates in `ca` instead of those of the system.

    Raises:
        ConfigError: one of the files cannot be used.
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
    """Prevents OpenSSL from prompting on the terminal."""
    raise ValueError("the key has a password")


def _together(user: str | None, password: SecretStr | None) -> None:
    if (user is None) != (password is None):
        raise ValueError("user and password (or password_file) must be set together")


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
