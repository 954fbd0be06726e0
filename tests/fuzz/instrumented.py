"""What is fuzzed, with its branches counted where atheris is installed. Imported before anything else imports it."""

from __future__ import annotations

from contextlib import nullcontext

try:
    from atheris import instrument_imports
except ImportError:  # the targets are tests, too

    def instrument_imports(include: list[str]) -> nullcontext[None]:  # noqa: ARG001
        """Count nothing."""
        return nullcontext()


_ROOMS = [
    "monitor.attribution", "monitor.audit", "monitor.custody", "monitor.economy", "monitor.model", "monitor.node",
    "monitor.outputs.web.pages.search", "monitor.processing", "monitor.registry", "monitor.stratum", "monitor.wire",
]  # fmt: skip

with instrument_imports(include=_ROOMS):
    from monitor.attribution.clusters import clusters
    from monitor.attribution.fingerprint import fingerprint
    from monitor.attribution.inner_miners import datum, inner_miner, stratum_v2
    from monitor.attribution.match import attribute
    from monitor.audit.list_file import read_addresses
    from monitor.audit.transactions import decode_spent, decode_transactions
    from monitor.custody.spends import find_spends
    from monitor.economy.sources.known import recognised
    from monitor.errors import StratumError
    from monitor.model import Moment
    from monitor.node.answers import bounded
    from monitor.node.blockrecords import Key, find_records
    from monitor.outputs.web.pages.search import Wanted
    from monitor.processing.files.blocks import read as read_file
    from monitor.processing.stale_lists import read as stale_list
    from monitor.registry.address import script_of
    from monitor.registry.update import read as pool_list
    from monitor.stratum.session import Session

__all__ = [
    "Key", "Moment", "Session", "StratumError", "Wanted", "attribute", "bounded", "clusters", "datum", "decode_spent",
    "decode_transactions", "find_records", "find_spends", "fingerprint", "inner_miner", "pool_list", "read_addresses",
    "read_file", "recognised", "script_of", "stale_list", "stratum_v2",
]  # fmt: skip
