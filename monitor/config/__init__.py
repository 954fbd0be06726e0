"""The configuration: a strict schema in, frozen sections out.

A TOML file and the environment are merged; the environment takes precedence. An unknown key is an error that names its
path, and secrets are masked when printed. Defaults and descriptions of keys are defined here only: `make docs`
generates docs/configuration.md and the example file from them.
"""

from monitor.config.alerts import AlertsSection
from monitor.config.config import DEFAULT_FILE, DEFAULT_WINDOWS, ENVIRONMENT_PREFIX, Config, load, paths
from monitor.config.receivers import AlertmanagerSection, AppriseSection, MqttSection, WebhookSection, tls
from monitor.config.section import Section, secret
from monitor.config.sections import (
    WEB_PORT,
    LogSection,
    Network,
    NodeSection,
    Override,
    RegistrySection,
    StoreSection,
    WebSection,
)
from monitor.config.shipped import shipped

__all__ = [
    "DEFAULT_FILE",
    "DEFAULT_WINDOWS",
    "ENVIRONMENT_PREFIX",
    "WEB_PORT",
    "AlertmanagerSection",
    "AlertsSection",
    "AppriseSection",
    "Config",
    "LogSection",
    "MqttSection",
    "Network",
    "NodeSection",
    "Override",
    "RegistrySection",
    "Section",
    "StoreSection",
    "WebSection",
    "WebhookSection",
    "load",
    "paths",
    "secret",
    "shipped",
    "tls",
]
