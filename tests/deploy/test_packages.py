"""What is built for users: the wheel, the Debian package, the files of a release."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest
import yaml
from support.services import CHECKOUT

DEPLOY = CHECKOUT / "deploy"
RUNS_FROM = ("monitor", "config")


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheel and source archive, as `make dist` builds them."""
    folder = tmp_path_factory.mktemp("dist")
    hatchling = Path(sys.executable).with_name("hatchling")
    subprocess.run([hatchling, "build", "-d", folder], cwd=CHECKOUT, check=True, capture_output=True)
    return folder


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(CHECKOUT / "scripts"), *sys.path])
    return import_module(request.param)


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", *folders], cwd=CHECKOUT, check=True, capture_output=True, text=True)
    return set(listed.stdout.split("\n")) - {""}


def test_the_wheel_has_what_the_program_runs_from_and_nothing_else(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}

    expected = {re.sub("^config/", "monitor/shipped/", name) for name in tracked(*RUNS_FROM)}
    assert inside == expected


def test_the_source_archive_builds_the_same_wheel(dist: Path, tmp_path: Path) -> None:
    (wheel,), (source,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    subprocess.run(["tar", "-xzf", source, "-C", tmp_path], check=True)  # the Python of Debian 12 knows no `filter`
    (unpacked,) = tmp_path.iterdir()

    hatchling = Path(sys.executable).with_name("hatchling")
    subprocess.run([hatchling, "build", "-t", "wheel"], cwd=unpacked, check=True, capture_output=True)

    assert (unpacked / "dist" / wheel.name).read_bytes() == wheel.read_bytes()


@pytest.mark.parametrize("script", ["deb"], indirect=True)
def test_the_debian_package_has_configuration_scripts_and_a_unit_of_its_own(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("only Debian and its children build Debian's packages")
    monkeypatch.setattr(script, "DIST", tmp_path)
    package = script.Package("trixie", "amd64", "0.1.0")

    script.build(package, tmp_path / "root")  # without the libraries

    def said(*options: str) -> str:
        return subprocess.run(["dpkg-deb", *options], check=True, capture_output=True, text=True).stdout

    assert said("--field", str(package.file), "Version").strip() == "0.1.0+deb13"
    assert "python3.13" in said("--field", str(package.file), "Depends")
    assert said("--info", str(package.file), "conffiles") == "/etc/pool-monitor/pool-monitor.toml\n"
    assert {line.split()[1] for line in said("--contents", str(package.file)).splitlines()} == {"root/root"}
    unit = (tmp_path / "root" / "usr/lib/systemd/system/pool-monitor.service").read_text("utf-8")
    assert "User=pool-monitor\n" in unit
    assert "DynamicUser" not in unit
    for name in ("postinst", "prerm", "postrm"):
        subprocess.run(["sh", "-n", DEPLOY / "debian" / name], check=True)


@pytest.mark.parametrize("script", ["release"], indirect=True)
def test_a_list_of_components_that_is_not_the_lock_is_refused(script: ModuleType) -> None:
    wanted = script.locked("all")
    listed = [{"name": name, "version": version} for name, version in wanted.items()]

    assert len(wanted) > 50
    assert script.differences({"components": [*listed, {"name": "pool-monitor", "version": "0.1.0"}]}, "all") == []
    name, version = next(iter(wanted.items()))
    wrong = [{"name": name, "version": "0"}, {"name": "other", "version": "1"}, *listed[2:]]
    assert script.differences({"components": wrong}, "all") == [
        f"{listed[1]['name']} {listed[1]['version']} is locked, and not in the list",
        f"{name} is listed as 0, and locked as {version}",
        "other is in the list, and not locked",
    ]


@pytest.mark.parametrize("script", ["release"], indirect=True)
def test_release_notes_are_the_section_of_the_version(script: ModuleType) -> None:
    changelog = "# Changelog\n\n## Unreleased\n\n- later\n\n## 0.1.0 - 2026-11-30\n\n- see [there](docs/api.md)\n"

    assert script.notes(changelog, "0.1.0") == "# pool-monitor 0.1.0\n\n- see there\n"
    assert script.notes(changelog, "0.2.0") == "# pool-monitor 0.2.0 (not released)\n\n- later\n"


@pytest.mark.parametrize("script", ["advisories"], indirect=True)
@pytest.mark.parametrize(
    ("part", "hit"),
    [
        ({"versions": ["1.5"]}, True),
        ({"versions": ["1.4"]}, False),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.6"}]}]}, True),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.5"}]}]}, False),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.5"}]}]}, True),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "1.6"}]}]}, False),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"last_affected": "1.5"}]}]}, True),
        ({"ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"last_affected": "1.4"}]}]}, False),
    ],
)
def test_an_advisory_is_found_by_its_versions_and_ranges(
    script: ModuleType, part: dict[str, Any], *, hit: bool
) -> None:
    advisory = {"id": "A", "affected": [{"package": {"ecosystem": "PyPI", "name": "Some.Library"}, **part}]}

    assert bool(script.affected(advisory, {("some-library", "1.5"), ("other", "1.5")})) is hit


@pytest.mark.parametrize("script", ["advisories"], indirect=True)
def test_an_export_is_read_as_zip_file_and_as_folder(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, version = min(script.locked())
    advisory = {"id": "A-1", "affected": [{"package": {"ecosystem": "PyPI", "name": name}, "versions": [version]}]}
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "A-1.json").write_text(json.dumps(advisory))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("A-1.json", json.dumps(advisory))

    for export in ("folder", "all.zip"):
        assert script.main(tmp_path / export) == 1
        assert f"{name} {version}: A-1" in capsys.readouterr().out


def test_no_app_manifest_names_a_place_that_does_not_exist() -> None:
    manifest = yaml.safe_load((DEPLOY / "umbrel" / "umbrel-app.yml").read_text("utf-8"))
    texts = [path.read_text("utf-8") for path in (DEPLOY / "start9" / "startos").glob("*.ts")]

    assert {key: manifest[key] for key in ("website", "repo", "support", "icon", "gallery")} == {
        "website": "", "repo": "", "support": "", "icon": "", "gallery": [],
    }  # fmt: skip
    assert {url for text in texts for url in re.findall(r"https?://[^'\"]+", text)} == {"http://bitcoind.startos:8332"}
    image = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text("utf-8"))["images"][0]
    assert image["newName"].startswith("set-me.invalid/")  # a domain that can never exist


def test_the_app_of_umbrel_has_every_field_and_the_port_of_its_proxy() -> None:
    manifest = yaml.safe_load((DEPLOY / "umbrel" / "umbrel-app.yml").read_text("utf-8"))
    services = yaml.safe_load((DEPLOY / "umbrel" / "docker-compose.yml").read_text("utf-8"))["services"]

    demanded = {
        "manifestVersion": int, "id": str, "name": str, "tagline": str, "icon": str, "category": str, "version": str,
        "port": int, "description": str, "developer": str, "website": str, "submitter": str, "submission": str,
        "support": str, "gallery": list, "dependencies": list,
    }  # fmt: skip
    assert {key: type(manifest[key]) for key in demanded} == demanded
    assert services["app_proxy"]["environment"]["APP_PORT"] == manifest["port"]
    assert services["app_proxy"]["environment"]["APP_HOST"] == f"{manifest['id']}_monitor_1"
    assert services["monitor"]["read_only"]
    schema = json.loads((CHECKOUT / "tests" / "data" / "schemas" / "compose-spec.json").read_text("utf-8"))
    jsonschema.Draft201909Validator(schema).validate({"services": services})


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_every_library_has_a_wheel_for(python: str, tmp_path: Path) -> None:
    """All but two, which are Python alone."""
    command: list[str | Path] = [
        Path(sys.executable).with_name("uv"), "pip", "install", "--dry-run", "--system-certs", "--no-deps",
        "--target", tmp_path,
        "--python-version", python, "--python-platform", "x86_64-manylinux_2_28", "--only-binary", ":all:",
        "--no-binary", "embit", "--no-binary", "python-bitcoinrpc", "--require-hashes",
        "--build-constraints", "requirements/build.txt", "--requirement", "requirements/all.txt",
    ]  # fmt: skip

    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)

    if "error sending request" in done.stderr and os.environ.get("CI") != "true":
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr
    assert f"Would install {len(packages_on_linux())} packages" in done.stderr


def packages_on_linux() -> set[str]:
    """Names in the lock of every extra that are installed on Linux."""
    text = (CHECKOUT / "requirements" / "all.txt").read_text("utf-8")
    lines = re.findall(r"^([a-z0-9_.-]+)==(?![^\\\n]*(?:win32|== 'pypy'))", text, re.MULTILINE)
    return set(lines)
