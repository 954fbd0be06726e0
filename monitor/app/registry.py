"""Where the registry of pools is read from."""

from __future__ import annotations

from monitor.attribution.registry import Registry
from monitor.config import shipped
from monitor.errors import RegistryError


def load_registry(network: str = "main") -> Registry:
    """The registry that comes with the program, for one network.

    Raises:
        RegistryError: it cannot be read, or is wrong.
    """
    path = shipped("pools/registry.toml")
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path}: the registry cannot be read ({error}); install the program anew") from None
    return Registry.parse(text, network=network, origin=str(path))
