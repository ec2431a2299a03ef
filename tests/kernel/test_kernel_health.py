"""State of health in the kernel: the numbers of the reference, faults found in time, and chance left alone."""

from __future__ import annotations

import numpy as np
import pytest
from reference_health import rates, repeats, scatter, scatter_limits, shares

from benchmarks.health import FAULTS, Feed, false_faults, time_to_find
from edge_agent.tools.kernel import KernelSettings, Lane, SampleRefused, TimeRefused
from edge_agent.tools.kernel_health import Health
from edge_agent.words.reading import Radiation

GAMMA, NEUTRON = Radiation.GAMMA, Radiation.NEUTRON
INTERVAL_S, RATE = 0.2, 250.0


def fed(counts: np.ndarray, interval_s: float = INTERVAL_S) -> tuple[Lane, Health]:
    """A vacant lane that was given these samples."""
    lane = Lane(KernelSettings(counts.shape[1], focus_threshold=500.0))
    for i, row in enumerate(counts.tolist(), 1):
        lane.gamma(interval_s * i, interval_s, row)
    return lane, lane.health(GAMMA, interval_s * len(counts))


def poisson(seconds: float, channels: int = 4, seed: int = 1, rate: float = RATE, interval_s: float = INTERVAL_S) -> np.ndarray:
    return np.random.default_rng(seed).poisson(rate * interval_s, (round(seconds / interval_s), channels))


# --- the reference

@pytest.mark.parametrize(("channels", "interval_s", "rate", "moved"), [
    (4, 0.2, 250.0, 0.98), (16, 0.2, 80.0, 0.98), (2, 1.0, 500.0, 0.98), (4, 0.05, 900.0, 0.98), (4, 0.2, 250.0, 0.8),
    (3, 0.2, 300.0, 0.6),
])  # fmt: skip
def test_every_number_is_that_of_the_reference(channels: int, interval_s: float, rate: float, moved: float) -> None:
    counts = poisson(1400.0, channels, 7, rate, interval_s)
    half = counts[len(counts) // 2 :]
    half[:, 0] = np.random.default_rng(8).binomial(half[:, 0], moved)
    _, seen = fed(counts, interval_s)
    column = np.array(seen.channels, dtype=float).T
    assert column[3] == pytest.approx(scatter(counts, interval_s), rel=1e-9)
    expected = shares(counts, interval_s)
    if expected is not None:
        assert expected.aside == ({0} if moved < 0.9 else set())
        assert seen.low | seen.high == sum(1 << c for c in expected.aside)
        assert column[4] == pytest.approx(expected.share, rel=1e-9)
        assert column[6] == pytest.approx(np.maximum(expected.low, expected.high), rel=1e-9, abs=1e-9)
    assert column[0] == pytest.approx(rates(counts[: last_prepared(len(counts), interval_s)], interval_s), rel=1e-9)


def last_prepared(samples: int, interval_s: float) -> int:
    """The rate shown is that of every sixteenth second that was taken; three more are held back."""
    taken = samples * interval_s - 3
    return round((taken // 16 * 16 + 3) / interval_s)


@pytest.mark.parametrize("rate", [150.0, 250.0, 1000.0, 4000.0])
def test_a_frozen_value_is_told_at_the_repeat_the_formula_gives(rate: float) -> None:
    counts = poisson(100.0, rate=rate)
    lane, seen = fed(counts)
    k = repeats(0.6 * seen.channels[0].rate_cps * INTERVAL_S, 4 * 31557600.0 / INTERVAL_S)
    value, told = int(counts[-1, 0]) + 1, []
    for i in range(1, k + 1):
        t_s = 100.0 + INTERVAL_S * i
        lane.gamma(t_s, INTERVAL_S, [value, *np.random.default_rng(i).poisson(rate * INTERVAL_S, 3).tolist()])
        told.append(lane.health(GAMMA, t_s).stuck & 1)
    assert told == [0] * (k - 1) + [1]


def test_no_repeat_is_tested_below_twenty_counts_a_sample() -> None:
    counts = poisson(300.0, rate=90.0)
    counts[500:, 1] = 18
    assert fed(counts)[1].stuck == 0


def test_zeros_are_told_where_chance_is_below_1e_9() -> None:
    """Three counts a sample, 0.8 of them expected: 20.7 / 2.4 = nine zeros."""
    lane, seen = fed(poisson(200.0, rate=15.0))
    told = []
    for i in range(1, 13):
        lane.gamma(200.0 + INTERVAL_S * i, INTERVAL_S, [0, 3, 3, 3])
        told.append(lane.health(GAMMA, 200.0 + INTERVAL_S * i).silent)
    needed = int(np.ceil(20.723 / (0.8 * INTERVAL_S * seen.channels[0].rate_cps)))
    assert told == [0] * (needed - 1) + [1] * (13 - needed)


def test_a_panel_silent_from_the_first_day_is_found_by_its_neighbours() -> None:
    counts = poisson(60.0)
    counts[:, 3] = 0
    assert fed(counts)[1].silent == 0b1000


@pytest.mark.parametrize("factor", [0.25, 3.0])
def test_scatter_beyond_the_quantiles_is_told(factor: float) -> None:
    counts = poisson(130.0, seed=3).astype(float)
    counts[:, 2] = np.round(50 + (counts[:, 2] - 50) * factor**0.5)
    seen = fed(counts.astype(int))[1]
    low, high = scatter_limits(150, 60.0, 4)
    assert (seen.smooth, seen.noisy) == ((0b100, 0) if factor < low else (0, 0b100)) and not low < factor < high


def test_drift_is_no_scatter() -> None:
    """A third more within ten minutes, in steps of nothing: pairs of neighbours do not see it."""
    rng = np.random.default_rng(4)
    level = np.linspace(1.0, 1.33, 3000)[:, None]
    assert fed(rng.poisson(50 * level * np.ones((1, 4))))[1].noisy == 0


def test_rain_changes_no_share() -> None:
    rng = np.random.default_rng(5)
    level = 1 + 0.2 * np.clip((np.arange(9000) - 5000) / 3000, 0, 1)[:, None]
    seen = fed(rng.poisson(50 * level * np.ones((1, 4))))[1]
    assert (seen.low, seen.high, seen.sharing) == (0, 0, 0b1111)


def test_one_sample_of_one_panel_is_a_spike_and_nothing_else() -> None:
    counts = poisson(100.0, seed=6)
    counts[450, 1] = 400
    _, seen = fed(counts)
    assert [channel.spikes for channel in seen.channels] == [0, 1, 0, 0]
    assert (seen.silent, seen.stuck, seen.overload) == (0, 0, 0)


def test_a_rise_of_all_panels_is_no_spike() -> None:
    counts = poisson(100.0, seed=6)
    counts[450] = 400
    assert [channel.spikes for channel in fed(counts)[1].channels] == [0] * 4


# --- over-range

def lane_that_rose(beam: bool) -> tuple[Lane, float]:
    lane, _ = fed(poisson(120.0))
    if beam:
        lane.beam(120.0, True)
    for i, mean in enumerate((100, 400, 2000, 4000), 1):
        lane.gamma(120.0 + 0.2 * i, 0.2, [mean + i] * 4)
    return lane, 120.8


@pytest.mark.parametrize("beam", [True, False])
def test_zeros_after_a_rise_are_an_over_range(beam: bool) -> None:
    lane, t_s = lane_that_rose(beam)
    lane.gamma(t_s + 0.2, 0.2, [0] * 4)
    seen = lane.health(GAMMA, t_s + 0.2)
    assert (seen.overload, seen.silent) == (0b1111, 0)


def test_a_rise_that_fades_is_none() -> None:
    lane, t_s = lane_that_rose(True)
    for i in range(1, 100):
        lane.gamma(t_s + 0.2 * i, 0.2, [max(50, 4000 - 80 * i) + i % 7] * 4)
    lane.gamma(t_s + 20.2, 0.2, [0, 50, 51, 52])
    assert lane.health(GAMMA, t_s + 20.2).overload == 0


def test_nothing_is_learned_while_an_over_range_stands() -> None:
    lane, t_s = lane_that_rose(False)
    before = lane.background(GAMMA, t_s)
    for i in range(1, 3000):
        lane.gamma(t_s + 0.2 * i, 0.2, [0] * 4)
    after = lane.background(GAMMA, t_s + 600.0)
    assert lane.health(GAMMA, t_s + 600.0).overload == 0b1111
    assert after.exposure_s == pytest.approx(before.exposure_s, abs=3.0) and min(after.rate_cps) > 200.0


# --- sound again

def test_a_panel_is_sound_only_when_no_zero_is_left_in_its_background() -> None:
    counts = poisson(600.0, seed=8)
    counts[1000:1500, 0] = 0                             # 200 s to 300 s
    lane, told = Lane(KernelSettings(4)), {}
    for i, row in enumerate(counts.tolist(), 1):
        lane.gamma(INTERVAL_S * i, INTERVAL_S, row)
        told[i] = lane.health(GAMMA, INTERVAL_S * i).silent
        lane.in_service(GAMMA, 0b1111 & ~told[i])
    first = min(i for i in told if told[i])
    last = max(i for i in told if told[i])
    assert first == 1001 and 300.0 + 95.0 < INTERVAL_S * last < 300.0 + 130.0
    assert lane.background(GAMMA, INTERVAL_S * last).rate_cps[0] == pytest.approx(RATE, rel=0.05)


# --- time to find, and chance

@pytest.mark.parametrize(("what", "most_s", "form"), [
    ("panel dead", 0.21, "steady"), ("panel dead", 5.0, "wire"), ("panel frozen", 3.0, "steady"), ("panel frozen", 80.0, "wire"),
    ("panel noisy, bursts of +50 % in a tenth", 200.0, "steady"), ("panel smooth, variance/mean 0.33", 130.0, "steady"),
    ("panel gain -10 %", 300.0, "steady"), ("panel gain -10 %", 1200.0, "wire"), ("tube dead", 60.0, "steady"),
    ("tube dead", 300.0, "wire"), ("tube noisy, twice", 3600.0, "wire"),
])  # fmt: skip
def test_a_fault_is_found_in_time(what: str, most_s: float, form: str) -> None:
    radiation, spoil, mask = next((r, s, m) for name, r, s, m in FAULTS if name == what)
    assert max(time_to_find(form, radiation, spoil, mask, 3)) <= most_s


@pytest.mark.parametrize("form", ["steady", "wire"])
def test_a_day_of_traffic_weather_and_cargo_has_no_fault(form: str) -> None:
    found, vehicles = false_faults(form, 1.0, seed=2)
    assert found == {} and vehicles > 200


def accused(form: str, rates: tuple[float, ...], moves: dict[int, float], seconds: float) -> set[int]:
    """Panels whose share was ever called wrong after some had moved."""
    every_s, counting_s, warm_s = (0.2, 0.2, 1500.0) if form == "steady" else (5.0, 1.0, 9000.0)
    lane, rng, found = Lane(KernelSettings(len(rates), focus_threshold=500.0)), np.random.default_rng(6), 0
    now = [rate * moves.get(c, 1.0) for c, rate in enumerate(rates)]
    rows = [rng.poisson(np.array(r) * counting_s, (round(s / every_s), len(r))) for r, s in ((rates, warm_s), (now, seconds))]
    for i, row in enumerate(np.concatenate(rows).tolist(), 1):
        if form == "steady":
            lane.gamma(every_s * i, every_s, row)
        else:
            lane.vacant_rate(GAMMA, every_s * i, counting_s, row)
        if every_s * i > warm_s and (every_s > 1 or i % 5 == 0):
            seen = lane.health(GAMMA, every_s * i)
            found |= seen.low | seen.high
    return {c for c in range(len(rates)) if found >> c & 1}


@pytest.mark.parametrize(("form", "rates", "factor"), [
    ("steady", (250.0,) * 4, 0.8), ("steady", (250.0,) * 4, 0.5), ("steady", (400.0, 300.0, 200.0, 100.0), 0.7),
    ("steady", (250.0,) * 3, 1.3), ("wire", (250.0,) * 4, 0.7), ("wire", (100.0, 200.0, 300.0, 400.0), 0.5),
])  # fmt: skip
def test_the_panel_that_moved_is_named_and_no_other(form: str, rates: tuple[float, ...], factor: float) -> None:
    """The shares of all others move with it."""
    assert accused(form, rates, {0: factor}, 1800.0 if form == "steady" else 7200.0) == {0}


def test_two_that_moved_apart_are_both_named() -> None:
    assert accused("steady", (250.0,) * 5, {1: 0.7, 3: 1.15}, 1500.0) == {1, 3}


def test_of_two_panels_both_are_named() -> None:
    assert accused("steady", (250.0,) * 2, {0: 0.7}, 600.0) == {0, 1}


def test_a_share_that_came_back_is_over() -> None:
    lane, rng = Lane(KernelSettings(4, focus_threshold=500.0)), np.random.default_rng(3)
    for i in range(1, 13000):
        t_s = 0.2 * i
        lane.gamma(t_s, 0.2, rng.poisson([35 if 1500 < t_s <= 1700 else 50, 50, 50, 50]).tolist())
        if i == 8500:
            assert lane.health(GAMMA, t_s).low == 1
    seen = lane.health(GAMMA, t_s)
    assert (seen.low, seen.high) == (0, 0)


def test_a_tube_that_lost_half_of_its_counts_is_found_within_hours() -> None:
    feed = Feed("wire", 4)
    feed.run(NEUTRON, 14400.0)
    _, spoil, mask = next((r, s, m) for name, r, s, m in FAULTS if name == "tube deaf, half")
    assert (feed.run(NEUTRON, 6 * 3600.0, spoil, mask) or 1e9) < 6 * 3600.0


def test_what_cannot_be_asked_is_refused() -> None:
    lane = Lane(KernelSettings(2))
    with pytest.raises(SampleRefused):
        lane.health(NEUTRON, 1.0)
    with pytest.raises(TimeRefused):
        lane.health(GAMMA, float("nan"))


@pytest.mark.parametrize("rate_cps", [0.3, 1.0, 3.0])
def test_a_tube_whose_rate_is_not_known_yet_is_not_called_smooth(rate_cps: float) -> None:
    """Pairs of empty samples were counted as pairs that are equal: one Poisson tube in five was smooth at 63 s."""
    for seed in range(20):
        dice, lane = np.random.default_rng(seed), Lane(KernelSettings(1, tubes=4))
        for i in range(1, 5 * 150):
            lane.neutron(0.2 * i, 0.2, dice.poisson(0.2 * rate_cps, 4).tolist())
            seen = lane.health(Radiation.NEUTRON, 0.2 * i) if i % 50 == 0 else None
            assert seen is None or not seen.smooth | seen.noisy, (seed, i)
