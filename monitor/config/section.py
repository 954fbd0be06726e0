"""The base class of all sections, and the reading of secrets."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator

from monitor.documents import read_text
from monitor.errors import ConfigError, ExtraMissing


class Section(BaseModel):
    """A section: strict and frozen."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    @field_validator("*")
    @classmethod
    def _of_home(cls, value: object) -> object:
        """Paths may begin with ~, as in a shell."""
        return at_home(value) if isinstance(value, Path) else value


def at_home(path: Path) -> Path:
    """The path, with the home directory in place of ~.

    Raises:
        ValueError: there is no such home directory.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError(f"{path} has no home directory: write the whole path") from None


def secret(inline: SecretStr | None, file: Path | None, name: str) -> SecretStr | None:
    """A secret, given in the configuration or in a file of its own.

    Raises:
        ConfigError: it is given twice, or the file cannot be read.
    """
    if file is None:
        return inline
    if inline is not None:
        raise ConfigError(f"{name} and {name}_file are both set", remedy="remove one")
    try:
        return SecretStr(read_text(file).strip())
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}_file: {file} cannot be read ({error})") from None


def web_address(url: str, name: str, example: str) -> None:
    """Check the URL of a key.

    Raises:
        ValueError: it is no URL of HTTP, or contains a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0:
        raise ValueError(f"{name} must look like {example}")
    if parts.username or parts.password:
        raise ValueError(f"{name} contains a password: use user and password_file instead")


def socks_proxy(url: str | None, name: str) -> None:
    """Check the URL of a SOCKS proxy, if there is one, and that the package for it is installed.

    Raises:
        ValueError: it is none, or has no port.
        ExtraMissing: `name`, the setting, needs the extra socks.
    """
    if url is None:
        return
    try:
        parts = urlsplit(url)
        valid = parts.scheme in {"socks5", "socks4"} and parts.hostname and parts.port
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("proxy must look like socks5://127.0.0.1:9050")
    if find_spec("aiohttp_socks") is None:  # reported at startup rather than at the first connection
        raise ExtraMissing("socks", name)
