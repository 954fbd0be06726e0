"""Builds a Debian package from the wheel of dist/, with the locked libraries in an environment of its own.

    .venv/bin/python scripts/deb.py trixie [arm64]

One package for each release of Debian, since its Python decides which libraries fit; a release that this machine does
not run, or another architecture, is no obstacle: nothing is compiled. `$DEBFULLNAME` and `$DEBEMAIL` name the
maintainer, who is the person that builds it. The libraries are checked against the hashes of requirements/.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

import environment

CHECKOUT = environment.CHECKOUT
DIST = CHECKOUT / "dist"
OURS = CHECKOUT / "deploy" / "debian"
LOCK = "service"
HOME = "usr/lib/pool-monitor"
SUITES = {"bookworm": ("12", "3.11"), "trixie": ("13", "3.13")}
"""The version of Debian, which ends that of the package, and its Python."""
PLATFORMS = {"amd64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}
FROM_SOURCE = ("embit", "python-bitcoinrpc")
"""Pure Python for which no wheel is published."""
UNIT = {
    "/opt/pool-monitor/bin/pool-monitor": "/usr/bin/pool-monitor",
    "Its own user, made for the time that it runs;": "The user that the package made;",
    "DynamicUser=yes": "User=pool-monitor\nGroup=pool-monitor",
}
"""What the unit of the package has in place of the lines of deploy/systemd."""
PROGRAM = f"""\
#!/{HOME}/bin/python3 -I
from monitor.__main__ import main

main()
"""


@dataclass(frozen=True)
class Package:
    """One package: for a release of Debian, on an architecture."""

    suite: str
    architecture: str
    version: str
    """Of the program."""

    @property
    def python(self) -> str:
        """The release's own, as in `python3.13`."""
        return SUITES[self.suite][1]

    @property
    def debian_version(self) -> str:
        """Sorted so that an upgrade of Debian upgrades the package too."""
        return f"{self.version}+deb{SUITES[self.suite][0]}"

    @property
    def file(self) -> Path:
        """Where it is built."""
        return DIST / f"pool-monitor_{self.debian_version}_{self.architecture}.deb"


def main(suite: str, architecture: str) -> int:
    """Build the package, and print its name."""
    (wheel,) = DIST.glob("*.whl")
    package = Package(suite, architecture, wheel.name.split("-")[1])
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        libraries(package, wheel, root / HOME / "lib" / f"python{package.python}" / "site-packages")
        build(package, root)
    print(f"deb: {package.file.relative_to(CHECKOUT)}, {package.file.stat().st_size / 1e6:.0f} MB")
    return 0


def libraries(package: Package, wheel: Path, site: Path) -> None:
    """Install the locked libraries for the target's Python, and the wheel."""
    uv = (
        Path(sys.executable).with_name("uv"), "pip", "install", "--quiet", "--system-certs", "--no-deps",
        "--link-mode", "copy",
        "--target", site, "--python-version", package.python, "--python-platform", PLATFORMS[package.architecture],
    )  # fmt: skip
    source = [option for name in FROM_SOURCE for option in ("--no-binary", name)]
    environment.run(
        *uv, "--only-binary", ":all:", *source, "--require-hashes", "--build-constraints", "requirements/build.txt",
        "--requirement", f"requirements/{LOCK}.txt",
    )  # fmt: skip
    environment.run(*uv, wheel)
    shutil.rmtree(site / "bin", ignore_errors=True)  # of the libraries; ours starts with another line
    for path in [*site.rglob("direct_url.json"), *site.rglob("uv_cache.json")]:
        path.unlink()  # they name places on the machine that built
    for path in [*site.rglob("tests"), *site.rglob("__pycache__")]:
        shutil.rmtree(path, ignore_errors=True)
    machine = PLATFORMS[package.architecture].partition("-")[0]
    for path in (site / "embit" / "util" / "prebuilt").iterdir():
        if not path.stem.endswith(f"linux_{machine}"):
            path.unlink()  # for other systems


def build(package: Package, root: Path) -> None:
    """Put everything but the libraries into the tree, and pack it."""
    python = root / HOME / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.symlink_to(f"../../../bin/python{package.python}")
    write(root / HOME / "pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\n")
    write(root / HOME / "bin" / "pool-monitor", PROGRAM, mode=0o755)
    command = root / "usr" / "bin" / "pool-monitor"
    command.parent.mkdir()
    command.symlink_to("../lib/pool-monitor/bin/pool-monitor")
    write(root / "usr/lib/systemd/system/pool-monitor.service", unit())
    write(root / "usr/share/pool-monitor/rpcauth.sh", read("deploy/bitcoin/rpcauth.sh"), mode=0o755)
    write(root / "usr/share/pool-monitor/rpcwhitelist.conf", read("deploy/bitcoin/rpcwhitelist.conf"))
    write(root / "etc/pool-monitor/pool-monitor.toml", read("config/pool-monitor.example.toml"))
    write(root / "usr/share/lintian/overrides/pool-monitor", (OURS / "lintian-overrides").read_text("utf-8"))
    documents(package, root / "usr/share/doc/pool-monitor")
    control(package, root)
    environment.run("dpkg-deb", "--root-owner-group", "-Zxz", "--build", root, package.file)


def unit() -> str:
    """The unit of deploy/systemd, as the package has it."""
    text = read("deploy/systemd/pool-monitor.service")
    for line, replacement in UNIT.items():
        assert text.count(line) == 1, line
        text = text.replace(line, replacement)
    return text


def documents(package: Package, folder: Path) -> None:
    """Licence and changes, by Debian's names."""
    licence = "".join(f" {line}\n" if line else " .\n" for line in read("LICENSE").splitlines())
    write(folder / "copyright", filled("copyright", {"licence": licence.rstrip()}))
    compressed(folder / "changelog.gz", (
        f"pool-monitor ({package.debian_version}) {package.suite}; urgency=medium\n\n"
        f"  * Version {package.version}; what is new is in CHANGELOG.md.gz.\n\n"
        f" -- {maintainer()}  {formatdate(epoch(), localtime=False)}\n"
    ))  # fmt: skip
    compressed(folder / "CHANGELOG.md.gz", read("CHANGELOG.md"))
    compressed(folder / "licences.md.gz", read("docs/licences.md"))


def control(package: Package, root: Path) -> None:
    """What dpkg reads: fields, scripts, files of the administrator, checksums."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    inside = [str(path.relative_to(root)) for path in files]
    size = sum(path.stat().st_size + 1023 for path in files) // 1024
    values = {
        "version": package.debian_version, "architecture": package.architecture, "python": package.python,
        "maintainer": maintainer(), "size": str(size),
    }  # fmt: skip
    write(root / "DEBIAN" / "control", filled("control", values))
    for script in ("postinst", "prerm", "postrm"):
        write(root / "DEBIAN" / script, (OURS / script).read_text("utf-8"), mode=0o755)
    write(root / "DEBIAN" / "conffiles", "".join(f"/{name}\n" for name in inside if name.startswith("etc/")))
    sums = (
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {name}\n"
        for path, name in zip(files, inside, strict=True)
        if not name.startswith("etc/")
    )
    write(root / "DEBIAN" / "md5sums", "".join(sums))
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():  # whatever the umask of who builds
            program = path.stat().st_mode & 0o100 and ".so" not in path.suffixes
            path.chmod(0o755 if path.is_dir() or program else 0o644)


def maintainer() -> str:
    """Who builds, by the variables that all tools of Debian read."""
    name = os.environ.get("DEBFULLNAME", "The pool-monitor developers")
    return f"{name} <{os.environ.get('DEBEMAIL', f'root@{socket.getfqdn()}')}>"


def epoch() -> int:
    """When the last change was made: the same sources give the same package."""
    if "SOURCE_DATE_EPOCH" not in os.environ:
        last = ["git", "log", "-1", "--format=%ct"]
        os.environ["SOURCE_DATE_EPOCH"] = subprocess.check_output(last, cwd=CHECKOUT, text=True).strip()
    return int(os.environ["SOURCE_DATE_EPOCH"])


def filled(name: str, values: Mapping[str, str]) -> str:
    """A file of deploy/debian with its `@names@` replaced."""
    return re.sub(r"@(\w+)@", lambda found: values[found[1]], (OURS / name).read_text("utf-8"))


def read(name: str) -> str:
    """A file of the checkout."""
    return (CHECKOUT / name).read_text("utf-8")


def write(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a file of the tree, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(mode)


def compressed(path: Path, text: str) -> None:
    """Write a file as Debian compresses documents: as small as possible, without name and time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3 or sys.argv[1] not in SUITES:
        sys.exit(__doc__)
    machine = subprocess.check_output(["dpkg", "--print-architecture"], text=True).strip()
    sys.exit(main(sys.argv[1], *(sys.argv[2:] or [machine])))
