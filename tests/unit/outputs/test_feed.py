"""The Atom feed, read by a feed reader."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import feedparser

from monitor.model import EntryKind, JournalEntry
from monitor.outputs.web.pages.feed import atom

HOSTILE = "</title><script>alert(1)</script>\x00\x1b[31m\ud800 & ]]>"
BASE = "http://127.0.0.1:8347"
NAMESPACE = "{http://www.w3.org/2005/Atom}"
ENTRIES = [
    JournalEntry('alert/x{pool="<a b>"}/1/firing', EntryKind.ALERT, 1_750_000_100.7, HOSTILE, text=HOSTILE, path="/"),
    JournalEntry("stale/ab", EntryKind.STALE, 1_750_000_000.0, "Stale block 1", text="It is stale.", path="/block/ab"),
]


def test_a_reader_reads_it_without_complaint() -> None:
    read = feedparser.parse(atom(ENTRIES, BASE), response_headers={"content-type": "application/atom+xml"})

    assert not read.bozo, read.get("bozo_exception")
    assert read.version == "atom10"
    assert read.feed.updated == "2025-06-15T15:08:20Z"
    assert [each.link for each in read.entries] == [f"{BASE}/", f"{BASE}/block/ab"]
    assert read.entries[1].title == "Stale block 1"
    assert read.entries[1].tags[0].term == "stale"


def test_text_of_miners_stays_text() -> None:
    root = ET.fromstring(atom(ENTRIES, BASE))  # noqa: S314 -- our own

    title = root.findtext(f"{NAMESPACE}entry/{NAMESPACE}title")
    assert title == HOSTILE.replace("\x00", "\ufffd").replace("\x1b", "\ufffd").replace("\ud800", "\ufffd")
    assert {each.tag.removeprefix(NAMESPACE) for each in root.iter()} == {
        "feed", "title", "id", "updated", "author", "name", "link", "entry", "category", "content",
    }  # fmt: skip


def test_it_has_what_the_standard_demands() -> None:
    root = ET.fromstring(atom(ENTRIES, BASE))  # noqa: S314 -- our own

    for each in (root, *root.iter(f"{NAMESPACE}entry")):
        assert [len(each.findall(NAMESPACE + name)) for name in ("id", "title", "updated")] == [1, 1, 1]
    ids = [each.text or "" for each in root.iter(f"{NAMESPACE}id")]
    assert len(ids) == len(set(ids))
    assert all(each.isascii() and each.startswith("tag:pool-monitor.invalid,2026:") for each in ids)
    assert not any(set(each) & set(' <>"{}') for each in ids)


def test_the_same_entries_make_the_same_feed_and_none_make_an_empty_one() -> None:
    assert atom(ENTRIES, BASE) == atom(ENTRIES, BASE)
    assert feedparser.parse(atom([], BASE)).entries == []
