"""Every fault of the network, again and again on one post: nothing lost, nothing twice, every receipt right."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import network
from benchmarks.campaign.row import Row, over_seeds
from tests.live.places import missing, two_places


def rows(runs: int, seed: int) -> Iterator[Row]:
    """A row for each fault, `runs` times with a backlog of 2 to 20 s; a post of its own for each fault."""
    if why := missing():
        print(f"  network: not run: {why}")
        return
    for fault in network.FAULTS:
        with tempfile.TemporaryDirectory(prefix="ea-") as where, two_places() as places:
            post = places.post(Path(where))
            try:
                network.begin(post, rate=40)

                def one(number: int, fault: network.Fault = fault) -> tuple[list[str], list[str]]:
                    wait_s = random.Random(number).uniform(2, 20)
                    seen = network.measure(post, places, fault, wait_s)  # noqa: B023 (used at once)
                    done = seen.delivered
                    wrong = [f"{done.lost} lost"] * bool(done.lost) + [f"{done.duplicate} twice"] * bool(done.duplicate)
                    return wrong + ["does not verify"] * (not done.verified), ["delivered"]

                yield over_seeds(f"network: {fault.name}", runs, seed, one)
            finally:
                post.close()
