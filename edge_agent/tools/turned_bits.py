"""Counts that travel as decimal digits without a checksum: what a count may become when bits of its text turn over.

    000245 -> 800245   one bit of the first digit, 0011 0000 -> 0011 1000: still a digit, still a count
"""

from __future__ import annotations

from functools import cache
from itertools import combinations

DIGITS = 6                  # of a field: rapiscan COUNTS
# A digit's neighbours: the digits that differ from it in one bit (ASCII; other turned bits leave no digit)
NEIGHBOURS = {a: tuple(b for b in range(10) if (a ^ b).bit_count() == 1) for a in range(10)}


@cache
def _steps(count: int) -> tuple[tuple[int, int], ...]:
    """(place, change) of each one bit that leaves a digit a digit."""
    return tuple((place, (other - count // 10**place % 10) * 10**place)
                 for place in range(DIGITS) for other in NEIGHBOURS[count // 10**place % 10])


def may_have_been(count: int, low: float, high: float) -> bool:
    """Whether a count within these bounds can become this one by turned bits in at most two of its digits."""
    if not 0 <= count < 10**DIGITS:
        return False
    steps = _steps(count)
    return any(low <= count + change <= high for _, change in steps) or any(
        low <= count + one + other <= high for (a, one), (b, other) in combinations(steps, 2) if a != b)
