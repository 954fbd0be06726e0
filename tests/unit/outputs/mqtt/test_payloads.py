"""What is said on which topic."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from jinja2 import Template
from support.fake_chain import chain_on
from support.outbox import T0, alert
from support.published import published

from monitor.model import Concentration, Dispatch, Plan, Severity
from monitor.outputs.mqtt.discovery import discovery
from monitor.outputs.mqtt.output import _with
from monitor.outputs.mqtt.payloads import Topics, alerts, events, rule, states

TOPICS = Topics("pools")


def test_a_reorganisation_comes_before_the_blocks_that_took_over() -> None:
    told = published(5, news=2).events
    left = tuple(block.ref for block in chain_on(told.plan.onto, 2))[::-1]
    moved = replace(told, plan=replace(told.plan, disconnects=left))
    said = [(topic, json.loads(payload)) for topic, payload in events(moved, TOPICS)]
    assert [topic for topic, _ in said] == ["pools/reorg", "pools/block", "pools/block"]
    assert said[0][1]["depth"] == 2
    assert [block["hash"] for block in said[0][1]["left"]] == [ref.hash for ref in left]


def test_blocks_that_are_caught_up_with_are_no_news() -> None:
    told = published(5, news=3).events
    onto = told.plan.onto
    behind = replace(told, plan=Plan(onto, chain_on(onto, 1)[0].hash, connects=told.plan.connects))
    assert list(events(behind, TOPICS)) == []


def test_an_empty_window_has_no_indices_and_is_said_all_the_same() -> None:
    said = {topic: json.loads(payload) for topic, payload in states(published(2).snapshot, TOPICS)}
    topics = {"pools/tip", "pools/confirmations", "pools/concentration/pool/24h", "pools/concentration/pool/7d"}
    assert set(said) == topics
    one = said["pools/concentration/pool/24h"]
    assert one["largest"][0]["entity"] == "toy"
    assert one["headline_hhi"] == one["split"]["hhi_unbiased"]
    assert one["hhi_lower"] <= one["split"]["hhi_sampling_lower"] <= one["headline_hhi"]
    assert one["headline_hhi"] <= one["split"]["hhi_sampling_upper"] <= one["hhi_upper"]


def test_a_rule_is_as_grave_as_the_gravest_of_its_alerts() -> None:
    info, grave = alert(labels={"entity": "a"}, severity=Severity.INFO), alert(labels={"entity": "b"})
    said = json.loads(rule("majority", [info, grave, alert("other")], Dispatch(7, grave)))
    assert (said["severity"], said["state"], len(said["alerts"]), said["change"]["number"]) == (
        "critical", "firing", 2, 7,
    )  # fmt: skip
    assert json.loads(rule("majority", [alert("other")], None)) == {
        "rule": "majority", "state": "resolved", "severity": None, "alerts": [], "change": None,
    }  # fmt: skip
    assert json.loads(alerts([info, alert(firing=False)]))["firing"] == 1


def test_a_change_that_waited_does_not_outdo_what_is_known_since() -> None:
    late = alert()
    assert _with(late, [alert(firing=False)]) == [alert(firing=False)]
    assert _with(late, []) == [late]
    newer = alert(since=T0 + 120)
    assert _with(newer, [alert(firing=False)]) == [newer]


@pytest.mark.parametrize(("name", "topic"), [("majority", "majority"), ("a/b+#", "a_b__")])
def test_the_name_of_a_rule_makes_no_topics_of_its_own(name: str, topic: str) -> None:
    assert TOPICS.alert(name) == f"pools/alert/{topic}"


def discovered(shown: Sequence[Concentration], prefix: str = "pools") -> tuple[str, str]:
    return discovery(TOPICS, shown, prefix=prefix, root="homeassistant", link="http://x")


def test_home_assistant_finds_one_device_whose_sensors_are_told_apart() -> None:
    topic, payload = discovered(published(3).snapshot.concentration, prefix="my pools")
    said = json.loads(payload)
    assert topic == "homeassistant/device/pool-monitor-my_pools/config"
    assert set(said) == {"device", "origin", "availability", "components"}
    components = said["components"]
    assert len({each["unique_id"] for each in components.values()}) == len(components)
    assert all({"platform", "name", "state_topic", "value_template"} <= set(each) for each in components.values())
    shown = {name for name, each in components.items() if each.get("enabled_by_default", True)}
    assert shown == {
        "last_pool", "height", "alerts", "alert", "confirmation_risk", "top_share_pool_7d", "hhi_pool_7d",
        "nakamoto_pool_7d",
    }  # fmt: skip


def test_home_assistants_templates_read_what_is_published() -> None:
    """They are Jinja's, and see the payload as `value_json`."""
    snapshot = published(3).snapshot
    said = {topic: json.loads(payload) for topic, payload in states(snapshot, TOPICS)}
    said[TOPICS.alerts] = json.loads(alerts([alert()]))
    _, payload = discovered(snapshot.concentration)

    read = {
        name: Template(each["value_template"]).render(value_json=said[each["state_topic"]])
        for name, each in json.loads(payload)["components"].items()
    }

    assert read == {
        "last_pool": "Toy", "height": "3", "alerts": "1", "alert": "ON", "confirmation_risk": "87.29",
        **dict.fromkeys(("top_share_pool_24h", "top_share_pool_7d"), "100.0"),
        **dict.fromkeys(("hhi_pool_24h", "hhi_pool_7d"), "10000"),
        **dict.fromkeys(("nakamoto_pool_24h", "nakamoto_pool_7d"), "1"),
    }  # fmt: skip


def test_home_assistant_shows_an_empty_window_as_unknown() -> None:
    empty = published(2).snapshot.concentration[0]._replace(split=None)
    _, payload = discovered([empty])
    template = json.loads(payload)["components"]["hhi_pool_24h"]["value_template"]
    assert Template(template).render(value_json={"split": None}) == "None"
