"""How often the forecast behind the alert `signalling_threshold` promises a threshold that a period then misses.

Retarget periods of made-up blocks, each of which signals with the same chance as all others, at chances around the
threshold, where the forecast has most to guess. The rule is the shipped one: above 0.99 for 36 blocks more.

    .venv/bin/python scripts/signalling_alarms.py
"""

from __future__ import annotations

import numpy as np

from monitor.analysis.signals.signalling import chance

PERIOD, LASTS, PROMISE, PERIODS = 2016, 36, 0.99, 400


def main() -> None:
    """Count, and print."""
    draw = np.random.default_rng(1)
    print("threshold  chance  alerts  false")
    for ratio in (0.55, 0.9):
        needed = -int(-ratio * PERIOD // 1)
        for rate in (ratio - 0.02, ratio - 0.01, ratio, ratio + 0.01, ratio + 0.02):
            found = [_period(draw, rate, needed) for _ in range(PERIODS)]
            fired = [reached for alert, reached in found if alert]
            print(f"{ratio:9}  {rate:6.2f}  {len(fired):6}  {fired.count(False):5}")


def _period(draw: np.random.Generator, rate: float, needed: int) -> tuple[bool, bool]:
    """Whether it fires before the threshold is there, and whether the period comes to it."""
    blocks = draw.random(2 * PERIOD) < rate  # the forecast goes by the last period's worth of blocks
    sums = np.concatenate(([0], np.cumsum(blocks)))
    lasted = 0
    for at in range(PERIOD, 2 * PERIOD, 4):
        has, recent = int(sums[at] - sums[PERIOD]), int(sums[at] - sums[at - PERIOD])
        if has >= needed:
            break
        promised = chance(needed - has, 2 * PERIOD - at, seen=recent, among=PERIOD) > PROMISE
        lasted = lasted + 4 if promised else 0
        if lasted > LASTS:
            return True, int(sums[-1] - sums[PERIOD]) >= needed
    return False, int(sums[-1] - sums[PERIOD]) >= needed


if __name__ == "__main__":
    main()
