"""The configuration: a strict schema in, frozen sections out.

A TOML file and the environment are merged; the environment takes precedence. An unknown key is an error that names its
path, and secrets are masked when printed. Defaults and descriptions of keys are defined here only: `make docs`
generates docs/configuration.md and the example file from them.
"""

from monitor.config.config import DEFAULT_FILE, DEFAULT_WINDOWS, ENVIRONMENT_PREFIX, Config, load, paths, shipped
from monitor.config.node import NETWORK_OF_PORT, Network, NodeSection
from monitor.config.receivers import AlertsSection, MqttSection, tls
from monitor.config.sections import (
    WEB_PORT,
    AuditSection,
    EconomySection,
    Override,
    RegistrySection,
    StoreSection,
    StratumEndpoint,
    StratumSection,
    WebSection,
)
from monitor.config.tokens import Scope, Token, load_tokens, new_secret
