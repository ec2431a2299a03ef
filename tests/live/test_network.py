"""What befalls networks, one after the other on a running post in two namespaces: nothing is lost, nothing comes twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.delivered import centre_size, compare, memory_kb
from tests.live.places import Places, far_away, skip_without_places, two_places
from tests.live.post import Post, wait_for


@pytest.fixture
def places() -> Iterator[Places]:
    skip_without_places()
    with two_places() as made:
        yield made


def test_no_fault_of_the_network_loses_or_doubles_a_record(places: Places, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Loss, resets, a forgotten connection, black hole, flapping, 32 kbit/s, a new address over 1 s of round trip.

    The long form with figures: python -m benchmarks network."""
    where = Path(tmp_path_factory.mktemp("e"))
    post = places.post(where)
    try:
        _begin(post)
        names = ("core", "uplink")
        places.loss(5)
        _for(2, post)
        places.resets(20)
        _for(2, post)
        places.heal()
        _further(post)
        before = memory_kb(post, *names)
        places.black_hole()
        time.sleep(3)
        places.heal()
        _further(post)
        for _ in range(3):
            places.down()
            time.sleep(0.3)
            places.up()
            time.sleep(0.7)
        _further(post)
        places.rate(32)
        _for(3, post)
        places.heal()
        with far_away(post, places, 1.0):               # at another address, too
            _further(post)
            post.kill("portal-1")
            wait_for(lambda: post.status()["log"]["unreceipted"] < 5, 40, "the rest")     # a heartbeat a second is on the way
            found = compare(post)
        assert found.records > 100 and (found.lost, found.duplicate) == (0, 0) and found.verified
        for name, (now, _) in memory_kb(post, *names).items():
            assert now < before[name][0] + 8 * 1024, f"{name} grows"
    finally:
        post.close()


def _begin(post: Post) -> None:
    post.make_centre()
    post.start_centre()
    post.portal("1", "--scene", "twenty", "--rate", "40", "--loop")
    post.configure(heartbeat_s=1)
    post.enrol()
    post.start_core()
    post.start_uplink()
    wait_for(lambda: centre_size(post), 20, "the first records")


def _for(seconds: float, post: Post) -> None:
    time.sleep(seconds)
    assert post.status()["log"]["size"] >= centre_size(post)


def _further(post: Post) -> None:
    """Delivery goes on by itself."""
    size = centre_size(post)
    wait_for(lambda: centre_size(post) > size, 30, "the next record at the centre")
