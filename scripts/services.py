"""Fetches the real services that the tests run against into .services/, without root.

A service that the machine already has (on PATH, or named by an environment variable such as $BITCOIND) is left alone.
The others come from Debian: program and libraries are unpacked into one folder and started through that folder's own
dynamic loader, so they run whatever the machine's own libraries are. A program that starts itself anew, as a browser
does, would lose that loader; so it comes from the machine's own release, whose C library it shares. Exit status 1 when
a service cannot be had.

    python3 scripts/services.py              fetch what is missing
    python3 scripts/services.py mosquitto    fetch only these
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from debian import Suite, Unavailable

HOME = Path(__file__).resolve().parent.parent / ".services"
OWN = "own"
"""In place of a suite: the release that the machine runs."""
_FONTS = """\
<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">usr/share/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
"""


@dataclass(frozen=True)
class Service:
    """A program, and the Debian package that has it. A new service is a new line below."""

    name: str
    suite: str
    package: str
    program: str
    """Path inside the package; a star stands for the version in it."""
    besides: tuple[str, ...] = ()
    """Packages that are needed too, and not found by following the libraries."""
    data: str = ""
    """A folder of the package that the program looks for in its place on an installed system, and nowhere else."""

    @property
    def ours(self) -> Path:
        """Where we put the command that starts it."""
        return HOME / "bin" / self.name

    @property
    def unpacked(self) -> Path:
        """Where the program is, once its package is unpacked."""
        return next((HOME / self.suite).glob(self.program), HOME / self.suite / self.program)

    @property
    def found(self) -> str | None:
        """Where it is, ours or the machine's."""
        named = os.environ.get(self.name.upper().replace("-", "_"))
        return named or shutil.which(self.name) or (str(self.ours) if self.ours.exists() else None)


SERVICES = (
    Service("bitcoind", "sid", "bitcoin-knots", "usr/bin/bitcoind"),
    Service("prometheus", "sid", "prometheus", "usr/bin/prometheus"),
    Service("promtool", "sid", "promtool", "usr/bin/promtool"),
    Service(
        "alertmanager",
        "sid",
        "prometheus-alertmanager",
        "usr/bin/prometheus-alertmanager",
        data="/usr/share/prometheus/alertmanager",
    ),
    Service("amtool", "sid", "prometheus-alertmanager", "usr/bin/amtool"),
    Service("mosquitto", "sid", "mosquitto", "usr/sbin/mosquitto"),
    Service("mosquitto_passwd", "sid", "mosquitto", "usr/bin/mosquitto_passwd"),
    Service("nginx", "sid", "nginx", "usr/sbin/nginx"),
    Service("wrk", "sid", "wrk", "usr/bin/wrk"),
    Service("curl", "sid", "curl", "usr/bin/curl"),
    Service("jq", "sid", "jq", "usr/bin/jq"),
    Service("kustomize", "sid", "kustomize", "usr/bin/kustomize"),
    Service("systemd-analyze", "sid", "systemd", "usr/bin/systemd-analyze"),
    Service("postgres", OWN, "postgresql", "usr/lib/postgresql/*/bin/postgres"),  # starts programs of its own folder
    Service("initdb", OWN, "postgresql", "usr/lib/postgresql/*/bin/initdb"),
    Service("pg_basebackup", OWN, "postgresql", "usr/lib/postgresql/*/bin/pg_basebackup"),
    Service(
        "chromium",
        OWN,
        "chromium",
        "usr/lib/chromium/chromium",
        besides=("chromium-common", "fonts-dejavu-core", "libatomic1"),  # the last is for Playwright, which drives it
    ),
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
            loader = fetch(suite, [name for service in services for name in (service.package, *service.besides)])
        except Unavailable as error:
            failed = True
            print(f"services: no {wanted}: {error}", file=sys.stderr)
            continue
        for service in services:
            path, lacks = libraries(service, loader)
            if lacks:
                failed = True
                print(f"services: {service.name} cannot run: {lacks}", file=sys.stderr)
            else:
                write_command(service, loader, path)
                print(f"services: {service.name} is {service.ours}")
    return int(failed)


def fetch(suite: str, packages: list[str]) -> Path | None:
    """Unpack packages with their libraries; return the dynamic loader among them; None: the machine has it."""
    debian = Suite(release() if suite == OWN else suite, HOME / "apt" / suite)
    wanted = debian.libraries(packages)
    if suite == OWN:
        debian.unpack([name for name in wanted if name != "libc6"], HOME / suite)
        (HOME / suite / "fonts.conf").write_text(_FONTS)
        return None
    debian.unpack(wanted, HOME / suite)
    loader = next((HOME / suite).glob("usr/lib/*/ld-linux*.so.*"), None)
    if loader is None:
        raise Unavailable(f"Debian {suite} has no dynamic loader for this machine")
    # Some packages leave the links from a library's short name to whoever installs them.
    subprocess.run(["/sbin/ldconfig", "-n", str(loader.parent)], check=True)
    return loader


def libraries(service: Service, loader: Path | None) -> tuple[list[Path], str]:
    """The folders that a program's libraries are in, and what the loader lacks: nothing, when it can run.

    Some packages keep libraries in a folder of their own, and know it by the place that it has on an installed system.
    So the loader is shown every folder, the common ones first, and those that it takes something from are kept.
    """
    home = HOME / service.suite
    folders = sorted({file.parent for file in home.rglob("*.so*")}, key=lambda folder: (len(folder.parts), folder))
    environment = {"LD_LIBRARY_PATH": ":".join(map(str, folders))}
    if loader is not None:
        environment["LD_TRACE_LOADED_OBJECTS"] = "1"  # what ldd asks of the machine's own
    command = [loader or "ldd", service.unpacked]
    listed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    taken = [Path(name) for name in re.findall(r"=> (/.+) \(0x", listed.stdout)]
    lacks = [*listed.stderr.splitlines(), *(line for line in listed.stdout.splitlines() if line.endswith("not found"))]
    path = [folder for folder in folders if any(library.is_relative_to(folder) for library in taken)]
    return path, "; ".join(map(str.strip, lacks))


def write_command(service: Service, loader: Path | None, folders: list[Path]) -> None:
    """A script that becomes the program, and finds it from its own place: the checkout may move."""
    program = f'"$home/{service.unpacked.relative_to(HOME)}" "$@"'
    path = ":".join(f"$home/{folder.relative_to(HOME)}" for folder in folders)
    start: tuple[str, ...]
    if loader is None:
        start = (
            f'export FONTCONFIG_FILE="$home/{service.suite}/fonts.conf" LD_LIBRARY_PATH="{path}"',
            f"exec {program}",
        )
    else:
        inside = loader.relative_to(HOME)
        start = (f'exec "$home/{inside}" --library-path "{path}" --argv0 "$0" \\', f"    {program}")
    if service.data:
        point_at_descriptor(service.unpacked, service.data)
        start = (f'exec 9<"$home/{service.suite}{service.data}"', *start)
    lines = ("#!/bin/sh", 'home=$(dirname "$(readlink -f "$0")")/..', *start)
    part = service.ours.with_suffix(".part")
    part.parent.mkdir(exist_ok=True)
    part.write_text("\n".join(lines) + "\n")
    part.chmod(0o755)
    part.rename(service.ours)


def release() -> str:
    """What the machine runs, by its name in Debian's archive."""
    named = re.search(r'^VERSION_CODENAME="?(\w+)', Path("/etc/os-release").read_text(), re.MULTILINE)
    if named is None:
        raise Unavailable("this machine does not say which release of Debian it runs")
    return named[1]


def point_at_descriptor(program: Path, folder: str) -> None:
    """Let a program find its folder wherever that is.

    Its command opens the folder as descriptor 9, whose name takes the place of the folder's in the program, padded to
    the same length.
    """
    name = "/proc/self/fd/9".ljust(len(folder), "/")
    program.write_bytes(program.read_bytes().replace(folder.encode(), name.encode()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
