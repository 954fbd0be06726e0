"""Names of entities, the same on every page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from monitor.model import Snapshot

COUNTRIES: Final = {
    "AE": "United Arab Emirates",
    "AU": "Australia",
    "CA": "Canada",
    "CN": "China",
    "CZ": "Czechia",
    "GB": "United Kingdom",
    "HK": "Hong Kong",
    "JP": "Japan",
    "KH": "Cambodia",
    "KZ": "Kazakhstan",
    "LT": "Lithuania",
    "NL": "Netherlands",
    "PT": "Portugal",
    "RU": "Russia",
    "SC": "Seychelles",
    "SG": "Singapore",
    "SI": "Slovenia",
    "UA": "Ukraine",
    "US": "United States",
    "VG": "British Virgin Islands",
}
"""For the codes in the memberships (ISO 3166-1). Others are shown as codes."""


def entity_names(snapshot: Snapshot) -> Mapping[str, str]:
    """Names of pools and countries."""
    return COUNTRIES | {str(slug): name for slug, name in snapshot.pool_names.items()}
