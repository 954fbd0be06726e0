"""Takes the steps of deploy/docker/Dockerfile in a folder, without a container engine, and starts the demo there.

    .venv/bin/python scripts/image.py FOLDER

What the instructions say is done as they say it, with FOLDER before each path of the image; the base image is this
machine's Python. The stages share the folder, so what one takes over from another is there already. Exit status 1 when
a step fails, or the demo is not healthy within five minutes.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import healthy

CHECKOUT = Path(__file__).resolve().parent.parent
DOCKERFILE = CHECKOUT / "deploy" / "docker" / "Dockerfile"
FOLDERS = ("opt", "src", "var", "etc")
"""Of the image: what a step writes."""


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Each instruction with what follows it, lines joined, comments gone."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            name, rest = line.strip().split(maxsplit=1)
            yield name, rest


class Image:
    """The folder that stands for the image's root, and what its instructions have set so far."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment: dict[str, str] = {}
        self.folder = root
        self.entrypoint: list[str] = []
        self.healthcheck: list[str] = []

    def take(self, name: str, rest: str) -> None:
        """One step.

        Raises:
            ValueError: this script does not know the instruction.
            CalledProcessError: the step failed.
        """
        match name:
            case "FROM":
                self.environment = {}
            case "ENV":
                for pair in shlex.split(rest):
                    key, _, value = pair.partition("=")
                    self.environment[key] = self._inside(value).replace("$PATH", os.environ["PATH"])
            case "ARG":
                name, _, default = rest.partition("=")
                self.environment[name] = default
            case "WORKDIR":
                self.folder = Path(self._inside(rest))
                self.folder.mkdir(parents=True, exist_ok=True)
            case "RUN":
                if find_spec("ensurepip") is None:  # Debian's Python without python3-venv; the base image's is whole
                    rest = rest.replace("python3 -m venv", f"{sys.executable} -m virtualenv --quiet")
                subprocess.run(["sh", "-ec", self._inside(rest)], cwd=self.folder, env=self.variables, check=True)
            case "COPY":
                self._copy([word for word in rest.split() if not word.startswith("--chown")])
            case "ENTRYPOINT":
                self.entrypoint = json.loads(rest)
            case "HEALTHCHECK":
                self.healthcheck = json.loads(rest.partition("CMD")[2])
            case "LABEL" | "VOLUME" | "USER" | "EXPOSE" | "CMD":
                pass  # these are for an engine
            case _:
                raise ValueError(f"{name}: this script has not learnt it")

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a step: the image's own, and what this machine's pip needs; downloads may be kept."""
        return healthy.plain() | self.environment | {"PIP_NO_CACHE_DIR": "0"}

    def _inside(self, text: str) -> str:
        return re.sub(rf"(?<![\w/.:])/(?=(?:{'|'.join(FOLDERS)})\b)", f"{self.root}/", text)

    def _copy(self, words: list[str]) -> None:
        if words[0].startswith("--from="):
            _, source, target = words
            assert source == target, "the stages share a folder, so what is taken over stays where it is"
            assert Path(self._inside(source)).exists(), f"{source} was never made"
            return
        *sources, target = words
        for source in sources:
            there = self.folder / target
            if target.endswith("/"):
                there /= Path(source).name
            there.parent.mkdir(parents=True, exist_ok=True)
            if (CHECKOUT / source).is_dir():
                shutil.copytree(CHECKOUT / source, there, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(CHECKOUT / source, there)


def main(root: Path) -> int:
    """Take every step, start the demo, ask the health check."""
    image = Image(root.resolve())
    for name, rest in instructions(DOCKERFILE.read_text("utf-8")):
        print(f"image: {name} {rest}", flush=True)
        image.take(name, rest)
    size = sum(path.stat().st_size for path in (image.root / "opt").rglob("*") if path.is_file())
    print(f"image: {size / 1e6:.0f} MB on top of the base image")
    return demo(image)


def demo(image: Image) -> int:
    """Run the demo as the image would, until it is healthy and has been asked to stop."""
    variables = image.variables | {"POOL_MONITOR_WEB__HOST": "127.0.0.1"}
    program = shutil.which(image.entrypoint[0], path=variables["PATH"])
    assert program, image.entrypoint
    assert Path(program).is_relative_to(image.root), f"{program} is not the image's"
    return healthy.demo(program, variables, check=image.healthcheck)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
