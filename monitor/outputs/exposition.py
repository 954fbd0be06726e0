"""The body of /metrics in both formats of Prometheus.

The mining numbers, nearly all of it, are encoded once for each snapshot: that takes 18 ms, which would delay blocks if
every scrape did it. The daemon's own instruments are few and change all the time: they are encoded at most ten times a
second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from monitor.hub import Hub
from monitor.outputs.audit_metrics import AUDIT_CATALOGUE
from monitor.outputs.builders_metrics import BUILDERS_CATALOGUE
from monitor.outputs.economy_metrics import ECONOMY_CATALOGUE
from monitor.outputs.metrics import FAMILIES, of_families
from monitor.outputs.node_metrics import NODE_CATALOGUE
from monitor.outputs.samples import PublishedOf
from monitor.outputs.stratum_metrics import STRATUM_CATALOGUE
from monitor.vitals import Vitals

_FRESH_SECONDS = 0.1
"""Maximum age of the daemon's own numbers."""
_END = b"# EOF\n"
"""The end of OpenMetrics, allowed once."""

_State = TypeVar("_State")


class CatalogueCollector(Collector, Generic[_State]):
    """Collects the metrics of a catalogue from the newest state; nothing before the first.

    Args:
        catalogue: the metrics.
        newest: returns the state that they are of.
    """

    def __init__(self, catalogue: Collection[PublishedOf[_State]], newest: Callable[[], _State | None]) -> None:
        self._catalogue = catalogue
        self._newest = newest

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: there may be no state yet."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric of the catalogue."""
        state = self._newest()
        if state is None:
            return
        for published in self._catalogue:
            kind = CounterMetricFamily if published.is_counter else GaugeMetricFamily
            family = kind(published.full_name, published.help, labels=published.labels)
            for labels, value in published.samples(state):
                family.add_metric(labels, value)
            yield family


@dataclass(slots=True)
class _Made:
    """The encoded numbers in one format."""

    of: tuple[object, ...]
    """The snapshot, the alerts, and the states of audit and builders that were encoded."""
    mining: bytes
    whole: bytes = b""
    at: float = 0.0


class Exposition:
    """Encodes the newest snapshot, and the daemon's own instruments.

    Args:
        hub: has the snapshot.
        vitals: the instruments.
        families: of metrics that are published besides those that always are.
    """

    def __init__(self, hub: Hub, vitals: Vitals, families: Collection[str] = FAMILIES.keys()) -> None:
        self._hub = hub
        self._own = vitals.registry
        self._own.register(CatalogueCollector(NODE_CATALOGUE, lambda: hub.nodes))
        self._own.register(CatalogueCollector(ECONOMY_CATALOGUE, lambda: hub.economy))
        self._own.register(CatalogueCollector(STRATUM_CATALOGUE, lambda: hub.stratum))
        self._mining = CollectorRegistry()
        self._mining.register(CatalogueCollector(of_families(families), lambda: hub.snapshot))
        self._mining.register(CatalogueCollector(AUDIT_CATALOGUE, lambda: hub.audit))
        self._mining.register(CatalogueCollector(BUILDERS_CATALOGUE, lambda: hub.builders))
        self._made: dict[str, _Made] = {}

    def encode(self, accept: str) -> tuple[bytes, str]:
        """The body and its content type for this `Accept` header; the same object while it is unchanged."""
        encode, content_type = choose_encoder(accept)
        of = (self._hub.snapshot, self._hub.alerts, self._hub.audit, self._hub.builders)
        made = self._made.get(content_type)
        if made is None or any(old is not new for old, new in zip(made.of, of, strict=True)):
            made = self._made[content_type] = _Made(of, encode(self._mining).removesuffix(_END))
        if time.monotonic() - made.at > _FRESH_SECONDS:
            made.whole = made.mining + encode(self._own)
            made.at = time.monotonic()
        return made.whole, content_type
