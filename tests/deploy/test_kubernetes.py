"""The manifests for Kubernetes are what its schemas allow, and agree with each other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from support.services import CHECKOUT, program

from monitor import __version__
from monitor.config import load

FOLDER = CHECKOUT / "deploy" / "kubernetes"
SCHEMAS = CHECKOUT / "tests" / "data" / "schemas"
MANIFESTS = sorted(path for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
OLDEST, NEWEST = "1.31", "1.37"


def read(name: str) -> Any:  # noqa: ANN401 -- YAML is whatever it is
    return yaml.safe_load((FOLDER / name).read_text("utf-8"))


def is_custom(manifest: Path) -> bool:
    return str(read(manifest.name)["apiVersion"]).startswith("monitoring.coreos.com/")


def valid(*files: Path, version: str) -> None:
    validator = Path(sys.executable).with_name("kubernetes-validate")
    done = subprocess.run(
        [validator, "--strict", "--quiet", "-k", version, *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_takes_its_own_kinds(version: str) -> None:
    own = [path for path in MANIFESTS if not is_custom(path)]

    assert len(own) == 4
    valid(*own, version=version)


@pytest.mark.parametrize("name", [path.name for path in MANIFESTS if is_custom(path)])
def test_prometheus_operator_takes_its_kinds(name: str) -> None:
    manifest = read(name)
    schema = strict(json.loads((SCHEMAS / f"{manifest['kind']}.json").read_text("utf-8")))
    jsonschema.validate(manifest, schema)

    for wrong in ({"spec": "nothing"}, {"spec": {**manifest["spec"], "misspelt": 1}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**manifest, **wrong}, schema)


def test_kustomize_puts_every_manifest_together(scratch: Path) -> None:
    done = subprocess.run([program("kustomize"), "build", FOLDER], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    built = {each["kind"]: each for each in yaml.safe_load_all(done.stdout)}

    assert {*built} == {read(path.name)["kind"] for path in MANIFESTS} | {"ConfigMap"}
    assert {each["metadata"].get("namespace", "pool-monitor") for each in built.values()} == {"pool-monitor"}
    pod = built["StatefulSet"]["spec"]["template"]["spec"]
    (mounted,) = (volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume)
    assert mounted == built["ConfigMap"]["metadata"]["name"] != "pool-monitor"  # a change of it is a rollout
    assert pod["containers"][0]["image"] == f"set-me.invalid/pool-monitor:{__version__}"
    own = [each for each in built.values() if not str(each["apiVersion"]).startswith("monitoring.coreos.com/")]
    (scratch / "built.yaml").write_text(yaml.safe_dump_all(own), "utf-8")
    valid(scratch / "built.yaml", version=NEWEST)


def test_names_and_ports_agree() -> None:
    pods = read("statefulset.yaml")["spec"]
    (container,) = pods["template"]["spec"]["containers"]
    labels, ports = pods["template"]["metadata"]["labels"], {port["name"] for port in container["ports"]}

    assert pods["selector"]["matchLabels"] == labels
    assert read("service.yaml")["spec"]["selector"] == labels
    assert read("service.yaml")["spec"]["ports"][0]["targetPort"] in ports
    assert read("servicemonitor.yaml")["spec"]["selector"]["matchLabels"] == read("service.yaml")["metadata"]["labels"]
    assert (
        read("servicemonitor.yaml")["spec"]["endpoints"][0]["port"] == read("service.yaml")["spec"]["ports"][0]["name"]
    )
    assert {probe for probe in container if probe.endswith("Probe")} == {
        "livenessProbe",
        "startupProbe",
        "readinessProbe",
    }
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    claimed = {claim["metadata"]["name"] for claim in pods["volumeClaimTemplates"]}
    assert mounted == claimed | {volume["name"] for volume in pods["template"]["spec"]["volumes"]}


def test_the_daemon_takes_its_configuration() -> None:
    assert load(FOLDER / "pool-monitor.toml").node.url == "http://bitcoind.bitcoin.svc:8332"


def strict(schema: Any) -> Any:  # noqa: ANN401 -- JSON is whatever it is
    """The same schema, with fields that it does not know refused instead of dropped."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if isinstance(schema.get("properties"), dict) and "type" in schema else {}
    return closed | {name: strict(each) for name, each in schema.items()}
