"""Every key of the configuration: as a page, and as the example file."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from monitor.config import DEFAULT_FILE, ENVIRONMENT_PREFIX, Config, Override
from monitor.model import Window

_INTRODUCTION = f"""\
# Configuration

Everything has a default that suits a node on the same machine, so a file is needed only to change something.

- The file is TOML. `--config FILE` names it; without that, `{DEFAULT_FILE}` in the working directory is read if it is
  there. [The example](../config/pool-monitor.example.toml) has every key at its default.
- Each key can be set by an environment variable too, which wins over the file: `{ENVIRONMENT_PREFIX}NODE__URL` is
  `node.url`.
- A key or variable that does not exist is an error, with its path and the nearest name. A secret is never logged.
- `pool-monitor check` says whether the configuration is right, and what the node lacks.
"""
_EXAMPLE_HEAD = f"""\
# pool-monitor: every key, with what it means and its default, or an example where a default would not show how to
# write it. Remove the # before a key to change it.
# Copy this file to {DEFAULT_FILE}, or name it: pool-monitor run --config FILE. An environment variable wins over
# the file: {ENVIRONMENT_PREFIX}NODE__URL is url in [node]. An unknown key is an error.
#
# Made by `make docs` from monitor/config: change it there.
"""
_LISTS = {
    Window: "a list of texts (in a variable: with commas between)",
    Override: "a list of tables (in a variable: as JSON)",
    str: "a list of texts (in a variable: as JSON)",
    SecretStr: "a list of texts (secret; in a variable: as JSON)",
}


@dataclass(frozen=True)
class Key:
    """One thing that can be set."""

    section: str
    """Empty for a key that stands before all sections."""
    name: str
    field: FieldInfo

    @property
    def meaning(self) -> str:
        """What the code says of it, as one line."""
        assert self.field.description, f"monitor/config says nothing about {self.section}.{self.name}"
        return " ".join(self.field.description.split())

    @property
    def default(self) -> str | None:
        """As TOML; None where there is none, or none that is the same on every machine."""
        return None if self.field.default_factory or self.field.default is None else _toml(self.field.default)

    @property
    def example(self) -> str | None:
        """As TOML, for a key whose default would not show how it is written."""
        return _toml(self.field.examples[0]) if self.field.examples else None

    @property
    def variable(self) -> str:
        """The environment variable."""
        return ENVIRONMENT_PREFIX + "__".join(filter(None, (*self.section.split("."), self.name))).upper()


def sections(model: type[BaseModel] = Config, path: str = "") -> Iterator[tuple[str, str, list[Key]]]:
    """Each section: its name, what the code says of it, its keys; then the sections inside it."""
    inside = {
        name: field.annotation
        for name, field in model.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }
    keys = [Key(path, name, field) for name, field in model.model_fields.items() if name not in inside]
    yield path, " ".join((model.__doc__ or "").split()) if path else "", keys
    for name, section in inside.items():
        yield from sections(section, f"{path}.{name}" if path else name)


def page() -> str:
    """The page."""
    parts = [_INTRODUCTION]
    for name, about, keys in sections():
        parts += [f"\n## `[{name}]`\n\n{about}\n" if name else "\n## Before all sections\n"]
        for key in keys:
            facts = [_kind(key.field), f"default: `{key.default}`" if key.default else "no default"]
            facts += [f"for example `{key.example}`"] if key.example else []
            parts += [
                f"\n### `{'.'.join(filter(None, (name, key.name)))}`\n\n{key.meaning}\n\n",
                f"- {'; '.join((*facts, f'variable: `{key.variable}`'))}\n",
            ]
    return "".join(parts)


def example() -> str:
    """The example file."""
    parts = [_EXAMPLE_HEAD]
    for name, about, keys in sections():
        parts += [f"\n\n# {about}\n[{name}]\n"] if name else []
        for key in keys:
            lines = textwrap.wrap(key.meaning + " An example:" * bool(key.example), 116, break_on_hyphens=False)
            parts += ["\n", *(f"# {line}\n" for line in lines), f"#{key.name} = {key.example or key.default}\n"]
    return "".join(parts)


def _toml(value: Any) -> str:  # noqa: ANN401 -- whatever a default may be
    match value:
        case Window():
            return json.dumps(value.name)
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            return f"{{ {', '.join(f'{key} = {_toml(each)}' for key, each in value.items())} }}"
        case _:
            return json.dumps(value)


def _kind(field: FieldInfo) -> str:
    """What may be written, in words."""
    bounds = {type(each): each for each in field.metadata}
    least, most = bounds.get(Ge), bounds.get(Le)
    if isinstance(least, Ge) and isinstance(most, Le):
        noun = "a whole number" if field.annotation is int else "a number"
        return f"{noun} from {least.ge} to {most.le}"
    return " or ".join(dict.fromkeys(_words(field.annotation)))


def _words(annotation: Any) -> Iterator[str]:  # noqa: ANN401 -- a type, of whatever form
    if get_origin(annotation) is Literal:
        yield from (f"`{value}`" for value in get_args(annotation))
    elif get_origin(annotation) is tuple:
        yield _LISTS[get_args(annotation)[0]]
    elif get_args(annotation):
        for each in get_args(annotation):
            yield from _words(each)
    elif annotation is not type(None):
        yield {
            bool: "`true` or `false`", int: "a whole number", str: "a text", Path: "a path",
            SecretStr: "a text (secret)",
        }[annotation]  # fmt: skip
