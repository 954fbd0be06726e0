"""How many confirmations a payment needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Self

from monitor import model
from monitor.model import Snapshot
from monitor.outputs.schemas.base import Name, Schema, field
from monitor.outputs.schemas.blocks import Tip

ACCEPTED = 0.001
"""The largest acceptable probability, if none is asked for: as in the white paper's table."""
_SHOWN = (1, 2, 3, 4, 5, 6, 8, 10, 12, 18, 24, 36, 48, 72, 100, 144, 288, 504)
"""Confirmations with a probability of their own in an answer."""


class LevelConfirmations(Schema):
    """The risk from the largest entity of a level."""

    level: str = field("What blocks are counted for")
    entity: str = field(
        "The entity with the largest share of the hashrate now, as counted; another one may be larger, and with "
        "`lower` and `upper` of the probabilities it is"
    )
    name: Name = field("What to call it", at="entity")
    share: float = field("Its share of the hashrate now, 0 to 1")
    lower: float = field("Lower end of the 95 % interval of this share")
    upper: float = field("Upper end")
    probabilities: dict[int, float] = field(
        "Probability that the entity, if it tried, would reverse a payment, by the number of confirmations; averaged "
        "over luck and drift of its share as counted"
    )
    probabilities_lower: dict[int, float] | None = field(
        "The same for the lower end of the 95 % interval of the largest share, whichever entity has it: of "
        "memberships, unknown blocks and attributions of low confidence, too; null where it is not estimated"
    )
    probabilities_upper: dict[int, float] | None = field("The same for the upper end")
    needed: int | None = field(
        "The fewest confirmations with a probability of at most `risk`; null: even 504 have more"
    )
    needed_upper: int | None = field("The same by `probabilities_upper`: enough in spite of everything uncertain")
    unprofitable: int | None = field(
        "The fewest confirmations from which on an attempt to reverse a payment of `amount` costs the entity more, on "
        "average, than it gains, with its share as counted; null without an amount or a known reward, and if even 504 "
        "do not suffice"
    )
    unprofitable_upper: int | None = field(
        "The same at the upper end of the 95 % interval of the largest share: enough in spite of everything uncertain"
    )


class Confirmations(Schema):
    """How many confirmations a payment needs, if the largest entity of a level tried to reverse it."""

    tip: Tip = field("The newest block")
    risk: float = field("The largest acceptable probability of a reversal")
    amount: float | None = field("The payment, in bitcoin; null: not given")
    reward: float | None = field("Mean reward of a block in the first window, in bitcoin; null: not known")
    levels: list[LevelConfirmations] | None = field("The levels; null until the risk is computed")

    @classmethod
    def of_snapshot(
        cls, snapshot: Snapshot, *, level: str | None = None, risk: float = ACCEPTED, amount: float | None = None
    ) -> Self:
        """Of one level, or of all."""
        reward, known = _mean_reward(snapshot), snapshot.estimates
        asked = {"risk": risk, "amount": amount, "reward": reward}
        levels = [*_levels(known, asked)] if known else None
        shown = levels and [each for each in levels if level in {None, each["level"]}]
        return cls.of({"tip": snapshot, **asked, "levels": shown}, snapshot.pool_names)


def _levels(known: model.Estimates, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    current = {(each.level, each.entity): each for each in known.current}
    amount, reward = asked["amount"], asked["reward"]
    is_known = amount is not None and reward is not None
    for each in known.confirmation_risks:
        now = current[each.level, each.entity]
        ranges = {many: each.range_of(many) for many in _SHOWN}
        yield {
            **now._asdict(),
            "probabilities": {many: each.of(many) for many in _SHOWN},
            "probabilities_lower": {many: known.lower for many, known in ranges.items() if known} or None,
            "probabilities_upper": {many: known.upper for many, known in ranges.items() if known} or None,
            "needed": each.needed(asked["risk"]),
            "needed_upper": each.needed_at_most(asked["risk"]),
            "unprofitable": each.unprofitable(amount, reward=reward, share=now.share) if is_known else None,
            "unprofitable_upper": each.unprofitable_at_most(amount, reward=reward) if is_known else None,
        }


def _mean_reward(snapshot: Snapshot) -> float | None:
    rewards: Sequence[model.Reward] = snapshot.signals.rewards if snapshot.signals else ()
    first = [each for each in rewards if each.window == rewards[0].window]
    blocks = sum(each.blocks for each in first)
    return sum(each.reward_sat for each in first) / blocks / 1e8 if blocks else None
