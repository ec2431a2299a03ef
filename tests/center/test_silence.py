"""Silence is a state: three periods without a fresher heartbeat, by a clock of ours."""

from __future__ import annotations

from edge_agent.center import silence

from .bench import Centre, until
from .portal import Portal


def silent(centre: Centre) -> list[tuple[object, ...]]:
    return centre.kept("SELECT silent FROM log ORDER BY origin")


def test_silence_and_heard_again(centre: Centre, portal: Portal) -> None:
    portal.write("heartbeat", period_s=10)
    centre.post(portal, portal.batch())
    centre.clock.now_s += 29
    portal.write("occupancy")
    centre.post(portal, portal.batch(1))            # traffic is not a heartbeat
    assert silent(centre) == [(0,)]
    centre.clock.now_s += 2
    assert centre.wait("SILENT") == f"SILENT {portal.origin} no heartbeat for 3 periods of 10 s"
    portal.write("heartbeat", period_s=10)
    centre.post(portal, portal.batch(2))
    assert centre.wait("HEARD") == f"HEARD {portal.origin} again"
    centre.clock.now_s += 31
    assert centre.wait("SILENT")


def test_an_express_heartbeat_counts_and_old_ones_of_the_backlog_do_not(centre: Centre, portal: Portal) -> None:
    for _ in range(6):
        portal.write("heartbeat", period_s=10)
    centre.express(portal, portal.express(5))
    centre.clock.now_s += 25
    centre.post(portal, portal.batch(0, 5))         # older than the one heard
    centre.clock.now_s += 6
    assert centre.wait("SILENT")


def test_a_registered_log_that_never_spoke_is_not_silent(centre: Centre, portal: Portal) -> None:
    other = portal.write_many(0)
    centre.clock.now_s += 10_000
    until(lambda: centre.ask(other.certificate, "GET", f"/v1/logs/{other.id}/checkpoint").status == 404)
    assert silent(centre) == [(0,)]


def test_a_log_that_spoke_once_is_missed(centre: Centre, portal: Portal) -> None:
    portal.write("boot")
    centre.post(portal, portal.batch())
    centre.clock.now_s += 181
    assert centre.wait("SILENT")


def test_silence_outlives_a_restart_and_a_restart_is_not_silence(centre: Centre, portal: Portal, tmp_path) -> None:
    portal.write("heartbeat", period_s=10)
    centre.post(portal, portal.batch())
    centre.__exit__()
    with Centre(centre.path) as again:
        again.clock.now_s = centre.clock.now_s + 5000
        assert silent(again) == [(0,)]
        again.clock.now_s += 31
        assert again.wait("SILENT")
    with Centre(centre.path) as third:
        portal.write("heartbeat", period_s=10)
        third.post(portal, portal.batch(1))
        assert third.wait("HEARD")
    centre.__enter__()


def test_a_portal_cannot_talk_itself_out_of_being_missed() -> None:
    for period in (None, True, "60", -1, 0, 1e300, [60], {}):
        beat = silence.beat_of(0, {"period_s": period, "t": {"wall": "9999-99-99"}})
        assert 1 <= beat.period_s <= 3600 and beat.wall_ms is None
    assert silence.beat_of(0, {"t": {"wall": "2026-11-23T18:00:00Z"}}).wall_ms == 1795456800000
    assert silence.beat_of(0, {"t": {"wall": "2026-11-23T18:00:00"}}).wall_ms is None
