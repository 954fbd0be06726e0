"""What is different between two registries."""

from monitor.model import PoolSlug
from monitor.registry import Kind, Pool, PoolRegistry
from monitor.registry.changes import Moved, changes


def registry(*pools: tuple[str, str, tuple[str, ...], tuple[str, ...]]) -> PoolRegistry:
    return PoolRegistry.of(
        Pool(PoolSlug(slug), name, Kind.POOL, tags=tags, plain_tags=plain) for slug, name, tags, plain in pools
    )


def test_nothing_changes_between_a_registry_and_itself() -> None:
    one = registry(("red", "Red", ("/Red/",), ()))
    assert not changes(one, one)


def test_everything_that_changes_is_told() -> None:
    before = registry(("red", "Red", ("/Red/", "/both/", "word"), ()), ("old", "Old", ("/old/",), ()))
    after = registry(("red", "Rot", ("/Red/",), ("word",)), ("new", "New", ("/both/",), ()))
    found = changes(before, after)
    assert (found.added, found.removed) == (("new",), ("old",))
    assert found.renamed == (("red", "Red", "Rot"),)
    assert set(found.moved) == {
        Moved("tag", "/both/", PoolSlug("red"), PoolSlug("new")),
        Moved("tag", "/old/", PoolSlug("old"), None),
        Moved("tag", "word", PoolSlug("red"), None),
        Moved("plain tag", "word", None, PoolSlug("red")),
    }
