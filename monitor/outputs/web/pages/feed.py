"""The feed of what happened, as Atom (RFC 4287)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, tostring

from monitor.model import JournalEntry
from monitor.outputs.schemas.base import iso

ENTRIES = 50
PATH = "/feed.atom"
CONTENT_TYPE = "application/atom+xml; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"
_TAG = "tag:pool-monitor.invalid,2026:"
"""RFC 4151. The domain is reserved, so that it is nobody's."""
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def atom(entries: Sequence[JournalEntry], base: str) -> bytes:
    """The feed.

    Args:
        entries: newest first.
        base: URL of the pages, without a slash at the end.
    """
    feed = Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _text(feed, "title", "pool-monitor: stale blocks, reorganisations, splits, alerts")
    _text(feed, "id", f"{_TAG}feed")
    _text(feed, "updated", iso(max((each.at for each in entries), default=0), "seconds"))
    _text(SubElement(feed, "author"), "name", "pool-monitor")
    SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": base + PATH})
    SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": f"{base}/nodes"})
    for each in entries:
        entry = SubElement(feed, "entry")
        _text(entry, "title", each.title)
        _text(entry, "id", _TAG + quote(each.key, safe="/:,="))
        _text(entry, "updated", iso(each.at, "seconds"))
        SubElement(entry, "category", {"term": each.kind})
        SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": base + each.path})
        _text(entry, "content", each.text)
    return bytes(tostring(feed, encoding="utf-8", xml_declaration=True))


def _text(parent: Element, name: str, text: str) -> None:
    """An element with text. Miners and servers write parts of it: it is escaped, and what XML forbids is replaced."""
    SubElement(parent, name).text = _NOT_IN_XML.sub("\ufffd", text)
