"""Tokens of the web server: a file with a hash, a name and the scopes of each.

A token is 256 random bits, so a plain hash suffices: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError

from monitor.config.section import Section
from monitor.documents import parse_toml, read_text
from monitor.errors import ConfigError


class Scope(StrEnum):
    """What a token allows."""

    READ = "read"
    """The page and the API."""
    METRICS = "metrics"
    """/metrics."""


class Token(Section):
    """One token, without the token itself."""

    name: str = Field(min_length=1, max_length=100)
    scopes: frozenset[Scope] = Field(min_length=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @classmethod
    def of(cls, secret: str, *, name: str, scopes: Iterable[Scope] = tuple(Scope)) -> Self:
        """That of a secret."""
        return cls(name=name, scopes=frozenset(scopes), sha256=_digest(secret))

    def matches(self, secret: str) -> bool:
        """Whether this is the secret; takes the same time for every other one."""
        return hmac.compare_digest(_digest(secret), self.sha256)

    def toml(self) -> str:
        """The lines of a file."""
        scopes = ", ".join(f'"{each}"' for each in sorted(self.scopes))
        return f'[[tokens]]\nname = "{self.name}"\nscopes = [{scopes}]\nsha256 = "{self.sha256}"\n'


class _File(Section):
    tokens: tuple[Token, ...] = Field(min_length=1, max_length=1000)


def new_secret() -> str:
    """A token that cannot be guessed."""
    return secrets.token_urlsafe(32)


def load_tokens(file: Path) -> tuple[Token, ...]:
    """The tokens of a file.

    Raises:
        ConfigError: it cannot be read, is not valid, or has no token: that would be no protection.
    """
    try:
        return _File(**parse_toml(read_text(file))).tokens
    except OSError as error:
        raise ConfigError(f"web.tokens_file: {file} cannot be read ({error.strerror or error})") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"web.tokens_file: {file}: {where}: {first['msg']}") from None
    except (ValueError, TypeError) as error:  # broken TOML or text
        raise ConfigError(f"web.tokens_file: {file}: invalid TOML: {error}") from None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
