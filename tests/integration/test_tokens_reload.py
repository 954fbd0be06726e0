"""Tokens are replaced while the daemon runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from support.daemon import inside
from support.services import pauses

from monitor.config import AlertsSection, Config, NodeSection, StoreSection, Token, WebSection
from monitor.embedded import EmbeddedNode


async def test_a_changed_file_replaces_the_tokens_and_an_invalid_one_does_not(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    file.write_text(Token.of("old", name="a").toml())
    async with EmbeddedNode() as node:
        node.mine()
        config = Config(
            node=NodeSection(url=node.url, cookie_file=node.cookie_file),
            store=StoreSection(url=f"sqlite:///{tmp_path / 'blocks.sqlite'}"),
            web=WebSection(port=0, tokens_file=file),
            alerts=AlertsSection(),
        )
        async with inside(config) as daemon:

            async def accepted(secret: str) -> bool:
                return (await daemon.get("/metrics", Authorization=f"Bearer {secret}"))[0] == 200

            assert await accepted("old")
            file.write_text("[[tokens]]\n")
            await asyncio.sleep(0.1)
            assert await accepted("old"), "what is invalid is not taken"
            file.write_text(Token.of("new", name="a").toml() + Token.of("newer", name="b").toml())
            pause = pauses()
            async with asyncio.timeout(60):
                while not await accepted("new"):  # noqa: ASYNC110 -- the file is looked at every two seconds
                    await asyncio.sleep(next(pause))
            assert await accepted("newer")
            assert not await accepted("old")
