"""Fetches the real services that the tests run against into .services/, without root.

A service that the machine already has (on PATH, or named by an environment variable such as $BITCOIND) is left alone.
The others come from Debian: program and libraries are unpacked into one folder and started through that folder's own
dynamic loader, so they run whatever the machine's own libraries are. Exit status 1 when a service cannot be had.

    scripts/services.py              fetch what is missing
    scripts/services.py mosquitto    fetch only these
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from debian import Suite, Unavailable

HOME = Path(__file__).resolve().parent.parent / ".services"


@dataclass(frozen=True)
class Service:
    """A program, and the Debian package that has it. A new service is a new line below."""

    name: str
    suite: str
    package: str
    program: str
    """Path inside the package."""

    @property
    def ours(self) -> Path:
        """Where we put the command that starts it."""
        return HOME / "bin" / self.name

    @property
    def found(self) -> str | None:
        """Where it is, ours or the machine's."""
        named = os.environ.get(self.name.upper().replace("-", "_"))
        return named or shutil.which(self.name) or (str(self.ours) if self.ours.exists() else None)


SERVICES = (
    Service("bitcoind", "sid", "bitcoin-knots", "usr/bin/bitcoind"),
    Service("prometheus", "sid", "prometheus", "usr/bin/prometheus"),
    Service("promtool", "sid", "promtool", "usr/bin/promtool"),
    Service("alertmanager", "sid", "prometheus-alertmanager", "usr/bin/prometheus-alertmanager"),
    Service("amtool", "sid", "prometheus-alertmanager", "usr/bin/amtool"),
    Service("mosquitto", "sid", "mosquitto", "usr/sbin/mosquitto"),
    Service("mosquitto_passwd", "sid", "mosquitto", "usr/bin/mosquitto_passwd"),
    Service("wrk", "sid", "wrk", "usr/bin/wrk"),
    Service("systemd-analyze", "sid", "systemd", "usr/bin/systemd-analyze"),
)


def main(names: list[str]) -> int:
    """Fetch the named services, or all; say what was done."""
    missing: dict[str, list[Service]] = {}
    for service in SERVICES:
        if names and service.name not in names:
            continue
        if service.found:
            print(f"services: {service.name} is {service.found}")
        else:
            missing.setdefault(service.suite, []).append(service)
    failed = False
    for suite, services in missing.items():
        wanted = ", ".join(service.name for service in services)
        print(f"services: fetching {wanted} from Debian {suite} ...", flush=True)
        try:
            loader = fetch(suite, [service.package for service in services])
        except Unavailable as error:
            failed = True
            print(f"services: no {wanted}: {error}", file=sys.stderr)
            continue
        for service in services:
            if lacks := missing_libraries(service, loader):
                failed = True
                print(f"services: {service.name} cannot run: {lacks}", file=sys.stderr)
            else:
                write_command(service, loader)
                print(f"services: {service.name} is {service.ours}")
    return int(failed)


def fetch(suite: str, packages: list[str]) -> Path:
    """Unpack packages with their libraries; return the dynamic loader that came with them."""
    debian = Suite(suite, HOME / "apt" / suite)
    debian.unpack(debian.libraries(packages), HOME / suite)
    loader = next((HOME / suite).glob("usr/lib/*/ld-linux*.so.*"), None)
    if loader is None:
        raise Unavailable(f"Debian {suite} has no dynamic loader for this machine")
    # Some packages leave the links from a library's short name to whoever installs them.
    subprocess.run(["/sbin/ldconfig", "-n", str(loader.parent)], check=True)
    return loader


def missing_libraries(service: Service, loader: Path) -> str:
    """What the loader says when it looks for every library; empty when all are there."""
    program = HOME / service.suite / service.program
    path = ":".join(str(HOME / folder) for folder in libraries(service, loader))
    command: list[str | Path] = [loader, "--library-path", path, "--list", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


def libraries(service: Service, loader: Path) -> list[Path]:
    """Where they are, from our folder on: everybody's, and those that the package has for itself."""
    everybody = loader.parent.relative_to(HOME)
    return [everybody, everybody / service.package]


def write_command(service: Service, loader: Path) -> None:
    """A script that becomes the program, and finds it from its own place: the checkout may move."""
    inside = loader.relative_to(HOME)
    path = ":".join(f"$home/{folder}" for folder in libraries(service, loader))
    lines = (
        "#!/bin/sh",
        'home=$(dirname "$(readlink -f "$0")")/..',
        f'exec "$home/{inside}" --library-path "{path}" --argv0 "$0" \\',
        f'    "$home/{service.suite}/{service.program}" "$@"',
    )
    part = service.ours.with_suffix(".part")
    part.parent.mkdir(exist_ok=True)
    part.write_text("\n".join(lines) + "\n")
    part.chmod(0o755)
    part.rename(service.ours)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
