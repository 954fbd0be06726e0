"""Home Assistant's MQTT discovery: one retained message that describes a device with sensors.

Device-based discovery, as https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload describes it (Home
Assistant 2024.12 and newer).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from monitor import __version__
from monitor.model import Concentration, default_window
from monitor.outputs.mqtt.payloads import Topics

_NAME = "pool-monitor"
_LEVELS = {"pool": "", "template": "templates, "}
"""Levels that have sensors, and their part of the names."""
_MEASURES: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    (
        "top_share",
        "Largest share",
        "{{ (value_json.split.top_share['1'] * 100) | round(1) }}",
        {"unit_of_measurement": "%"},
    ),
    ("hhi", "HHI", "{{ value_json.headline_hhi | round | int }}", {}),
    ("nakamoto", "Nakamoto coefficient", "{{ value_json.split.nakamoto }}", {}),
)


def discovery(topics: Topics, shown: Sequence[Concentration], *, prefix: str, root: str, link: str) -> tuple[str, str]:
    """The topic, below `root`, and the payload.

    `prefix` is that of the topics: it distinguishes the devices of several daemons. Windows in `shown` may be empty.
    """
    device = re.sub(r"[^a-zA-Z0-9_-]", "_", prefix)
    if not device.startswith(_NAME):
        device = f"{_NAME}-{device}"
    payload = {
        "device": {
            "identifiers": [device],
            "name": "Bitcoin mining pools" if prefix == _NAME else f"Bitcoin mining pools ({prefix})",
            "manufacturer": _NAME,
            "model": "Mining concentration",
            "sw_version": __version__,
            "configuration_url": link,
        },
        "origin": {"name": _NAME, "sw_version": __version__},
        "availability": [{"topic": topics.status}],
        "components": {
            name: {**component, "unique_id": f"{device}_{name}"} for name, component in _components(topics, shown)
        },
    }
    return f"{root}/device/{device}/config", json.dumps(payload, separators=(",", ":"))


def _components(topics: Topics, shown: Sequence[Concentration]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "last_pool", {
        "platform": "sensor", "name": "Last block's pool", "icon": "mdi:pickaxe", "state_topic": topics.tip,
        "value_template": "{{ value_json.pool_name or 'unknown' }}", "json_attributes_topic": topics.tip,
    }  # fmt: skip
    yield "height", {
        "platform": "sensor", "name": "Block height", "icon": "mdi:cube-outline", "state_topic": topics.tip,
        "value_template": "{{ value_json.height }}", "state_class": "measurement",
    }  # fmt: skip
    yield "alerts", {
        "platform": "sensor", "name": "Alerts firing", "icon": "mdi:alert", "state_topic": topics.alerts,
        "value_template": "{{ value_json.firing }}", "json_attributes_topic": topics.alerts,
        "state_class": "measurement",
    }  # fmt: skip
    yield "confirmation_risk", {
        "platform": "sensor", "name": "Risk of six confirmations", "icon": "mdi:shield-alert",
        "state_topic": topics.confirmations, "unit_of_measurement": "%", "state_class": "measurement",
        "value_template": "{% if value_json.levels %}{{ (value_json.levels[0].probabilities['6'] * 100) | round(2) }}"
        "{% else %}None{% endif %}",
    }  # fmt: skip
    yield "alert", {
        "platform": "binary_sensor", "name": "Alert", "device_class": "problem", "state_topic": topics.alerts,
        "value_template": "{{ 'ON' if value_json.firing > 0 else 'OFF' }}",
    }  # fmt: skip
    first = default_window(one.window.name for one in shown if one.level == "pool")
    for one in shown:
        if one.level in _LEVELS:
            yield from _sensors(one, topics, enabled=one.level == "pool" and one.window.name == first)


def _sensors(one: Concentration, topics: Topics, *, enabled: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, title, template, more in _MEASURES:
        yield f"{name}_{one.level}_{one.window.name}", {
            "platform": "sensor", "name": f"{title} ({_LEVELS[one.level]}{one.window.name})", "icon": "mdi:chart-pie",
            "state_topic": topics.concentration(one.level, one.window.name),
            "value_template": f"{{% if value_json.split %}}{template}{{% else %}}None{{% endif %}}",
            "state_class": "measurement", "enabled_by_default": enabled, **more,
        }  # fmt: skip
