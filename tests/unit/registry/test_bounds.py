"""A registry with very many marks takes little time, or is refused; a link is a link."""

from __future__ import annotations

import json
import time

import pytest

from monitor.errors import RegistryError
from monitor.model import PoolSlug
from monitor.registry import upstream
from monitor.registry.document import MAX_MARKS
from monitor.registry.pool import Kind, Pool
from monitor.registry.registry import PoolRegistry


def listed(**entry: object) -> list[object]:
    return [{"name": "Many", "addresses": [], "tags": [], "link": ""} | entry]


def test_a_list_with_thousands_of_tags_for_one_pool_is_refused() -> None:
    with pytest.raises(RegistryError, match="10000 tags are more than a pool has"):
        upstream.read(listed(tags=[f"/tag{number}/" for number in range(10_000)]), "mempool")
    tags = json.dumps([f"/tag{number}/" for number in range(MAX_MARKS + 1)])
    with pytest.raises(RegistryError, match="tags are more than a pool has"):
        PoolRegistry.parse(f'[[main.pool]]\nslug = "a"\nname = "A"\ntags = {tags}\n')


def test_a_registry_is_indexed_in_time_proportional_to_its_tags() -> None:
    pools = [
        Pool(PoolSlug(f"pool{at}"), f"Pool {at}", Kind.POOL, tags=tuple(f"/{at} tag {tag}/" for tag in range(100)))
        for at in range(300)
    ]
    started = time.process_time()
    registry = PoolRegistry.of(pools)
    assert time.process_time() - started < 10, "each tag compared with each other takes minutes"
    assert len(registry.index.tags) == 30_000


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "JavaScript:x", " javascript:x", "data:text/html,x", "ftp://a.b"]
)
def test_only_addresses_of_the_web_are_links(link: str) -> None:
    with pytest.raises(RegistryError, match=r"link .* must begin with https://"):
        PoolRegistry.parse(f'[[main.pool]]\nslug = "a"\nname = "A"\nlink = \'{link}\'\n')
    assert upstream.read(listed(link=link), "mempool").pools[0].link == ""
    assert upstream.read(listed(link="https://pool.example"), "mempool").pools[0].link == "https://pool.example"
