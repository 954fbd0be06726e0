"""Names of countries, for the codes in the memberships (ISO 3166-1). Others are shown as codes."""

from __future__ import annotations

from typing import Final

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
