"""The address of a page: the state of its view is in the query string, and links keep it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from aiohttp import web

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_STATE = ("level", "window", "metric", "span", "from", "to", "at", "then", "with", "entity", "month")
"""Parameters of the pages, in the order in which links have them."""
_EVERYWHERE = {"level", "window", "at", "then"}
"""Those that a link to another page keeps."""


@dataclass(frozen=True)
class Address:
    """Where a page is, below the root of the server."""

    path: str
    state: Mapping[str, str]

    @classmethod
    def of(cls, request: web.Request) -> Self:
        """The address of a request, without parameters that no page has."""
        return cls(request.rel_url.raw_path, {name: request.query[name] for name in _STATE if request.query.get(name)})

    def here(self, **changes: str | None) -> str:
        """The same page with another state; None leaves a parameter out."""
        return _written(self.path, {**self.state, **changes})

    def to(self, path: str, **changes: str | None) -> str:
        """Another page, with as much of the state as it has in common with this one."""
        return _written(path, {**{name: self.state[name] for name in _EVERYWHERE & self.state.keys()}, **changes})

    def api(self, path: str, **asked: str) -> str:
        """An address of the API as of the same block, with a query string that can be continued."""
        known = {**asked, **({"at": self.state["at"]} if "at" in self.state else {})}
        return f"{path}?{urlencode(known)}"

    def hidden(self, *changed: str) -> Mapping[str, str]:
        """The state that a form keeps, without the parameters that it changes."""
        return {name: value for name, value in self.state.items() if name not in changed}

    def day(self, name: str) -> str:
        """The day of a parameter, as fields for dates take it; empty for a height or a time."""
        value = self.state.get(name, "")
        return value if _DAY.fullmatch(value) else ""

    @property
    def root(self) -> str:
        """The root of the server, relative to this page."""
        return "../" * (self.path.count("/") - 1) or "./"


def _written(path: str, state: Mapping[str, str | None]) -> str:
    given = {name: value for name in _STATE if (value := state.get(name))}
    return f"{path}?{urlencode(given)}" if given else path
