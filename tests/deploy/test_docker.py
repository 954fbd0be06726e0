"""The container and what compose puts around it. No engine is needed: each file is put to whoever reads it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from support.bitcoind import Bitcoind
from support.services import CHECKOUT, program

from monitor.config import Config

DEPLOY = CHECKOUT / "deploy"
DOCKER = DEPLOY / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
GUIDE = (CHECKOUT / "docs" / "how-to" / "containers.md").read_text("utf-8")
TMP = "/tmp/"  # noqa: S108 -- inside a container, which has one of its own
ELSEWHERE = "grafana/"
"""Made by others, with tests of their own."""


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_dockerfile_has_nothing_that_a_linter_minds() -> None:
    done = run(Path(sys.executable).with_name("hadolint"), DOCKER / "Dockerfile")

    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(400)
def test_the_steps_of_the_dockerfile_make_a_healthy_demo(scratch: Path) -> None:
    done = subprocess.run(
        [sys.executable, CHECKOUT / "scripts" / "image.py", scratch], capture_output=True, text=True, check=False,
        env=os.environ | {"PIP_COMPILE": "0"},  # bytecode, mostly of modules that the demo never imports
        timeout=390,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "the demo is healthy" in done.stdout


def test_the_image_copies_nothing_that_is_kept_from_it() -> None:
    allowed = {line[1:] for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"}
    copied = re.findall(r"^COPY (?!--)(.*) \S+$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE)

    assert {source.partition("/")[0] for sources in copied for source in sources.split()} == allowed


def test_compose_is_what_its_specification_allows() -> None:
    schema = json.loads((CHECKOUT / "tests" / "data" / "schemas" / "compose-spec.json").read_text("utf-8"))

    schema["properties"]["name"] = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"}  # younger than this copy
    validator = jsonschema.Draft201909Validator(schema)

    validator.validate(COMPOSE)

    wrong = {**COMPOSE, "services": {**SERVICES, "monitor": {**SERVICES["monitor"], "misspelt": 1}}}
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(wrong)


def test_what_compose_mounts_and_names_is_there() -> None:
    for name, service in SERVICES.items():
        for volume in service["volumes"]:
            source, target, *mode = volume.split(":")
            if source.startswith("."):
                assert mode == ["ro"], f"{name} could write {source}"
                path = (DOCKER / source).resolve().relative_to(CHECKOUT)
                assert (CHECKOUT / path).exists() or str(path).startswith(ELSEWHERE), source
            else:
                assert source in COMPOSE["volumes"]
            assert target.startswith("/")
        for secret in service.get("secrets", ()):
            assert secret in COMPOSE["secrets"]


def test_nothing_is_published_beyond_this_machine_and_everything_is_tight() -> None:
    for name, service in SERVICES.items():
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", ())), name
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert ":" in service["image"] or "build" in service, f"{name}: which version?"
        assert not [key for key in service.get("environment", {}) if key.endswith(("PASSWORD", "TOKEN"))], name


def test_the_secrets_are_made_once(scratch: Path) -> None:
    for folder in ("docker", "bitcoin"):
        shutil.copytree(DEPLOY / folder, scratch / folder, ignore=shutil.ignore_patterns("secrets"))
    made = scratch / "docker" / "secrets"

    assert run("sh", scratch / "docker" / "secrets.sh").returncode == 0
    before = {path.name: path.read_text() for path in made.iterdir()}
    assert run("sh", scratch / "docker" / "secrets.sh").returncode == 0

    assert before == {path.name: path.read_text() for path in made.iterdir()}
    assert {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()} == {*before}
    assert made.stat().st_mode & 0o077 == 0


def test_prometheus_takes_its_configuration() -> None:
    done = run(program("promtool"), "check", "config", DEPLOY / "prometheus" / "prometheus.yml")

    assert done.returncode == 0, done.stderr
    scraped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    assert scraped[0]["static_configs"][0]["targets"] == ["monitor:8347"]


def test_alertmanager_takes_its_configuration() -> None:
    done = run(program("amtool"), "check-config", DEPLOY / "alertmanager" / "alertmanager.yml")

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_broker_takes_its_configuration_and_hashes_its_password(scratch: Path) -> None:
    mosquitto, passwords = program("mosquitto"), program("mosquitto_passwd")
    (scratch / "mqtt-password").write_text("secret\n")
    (script,) = SERVICES["mosquitto"]["command"]
    here = script.replace("$$", "$").replace(TMP, f"{scratch}/").replace("/run/secrets", str(scratch))
    here = here.replace("mosquitto_passwd", str(passwords)).replace("exec mosquitto", f"exec {mosquitto}")
    conf = (DEPLOY / "mosquitto" / "mosquitto.conf").read_text()
    (scratch / "mosquitto.conf").write_text(conf.replace(TMP, f"{scratch}/").replace("/mosquitto/data", str(scratch)))

    done = run(
        "sh", "-euc", here.replace("/mosquitto/config/mosquitto.conf", f"{scratch / 'mosquitto.conf'} --test-config")
    )

    assert done.returncode == 0, done.stderr
    assert "is OK" in done.stderr
    assert re.match(r"pool-monitor:\$\d\$", (scratch / "passwords").read_text())


def test_the_pruned_node_takes_its_configuration(scratch: Path, start_bitcoind: Callable[..., Bitcoind]) -> None:
    (scratch / "rpcauth.conf").write_text("rpcauth=pool-monitor:salt$" + "0" * 64 + "\n")
    conf = (DOCKER / "bitcoin.conf").read_text()
    conf = conf.replace("/run/secrets/node-rpcauth.conf", str(scratch / "rpcauth.conf"))
    conf = conf.replace("/etc/bitcoin/rpcwhitelist.conf", str(DEPLOY / "bitcoin" / "rpcwhitelist.conf"))
    # No test listens to others, and these ports may be taken here.
    conf = re.sub(r"^(rpcbind|rpcallowip|zmqpubhashblock)=.*$", "", conf, flags=re.MULTILINE)
    (scratch / "bitcoin.conf").write_text(conf)

    node = start_bitcoind(f"-conf={scratch / 'bitcoin.conf'}")

    assert node.call("getblockchaininfo")["prune_target_size"] == 20000 * 2**20


def test_the_daemon_takes_its_configuration(scratch: Path) -> None:
    written = tomllib.loads((DOCKER / "pool-monitor.toml").read_text("utf-8").replace("/run/secrets", str(scratch)))
    (scratch / "mqtt-password").write_text("secret")
    (scratch / "node-password").write_text("secret")
    for variable, value in SERVICES["monitor"]["environment"].items():
        section, key = variable.removeprefix("POOL_MONITOR_").lower().split("__")
        filled = re.sub(r"\$\{\w+:-(.*)\}", r"\1", value).replace("/run/secrets", str(scratch))
        written.setdefault(section, {})[key] = filled

    config = Config(**written)

    assert config.node.url == "http://bitcoind:8332"
    assert config.node.secret_password
