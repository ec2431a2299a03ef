"""The mock's wire against the protocol, read by an own regex and an own small state machine."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware_mocks import rapiscan, scenes
from hardware_mocks.scenes import Portal, PowerCycle, Scene, Tamper, Vehicle

COUNTS = r"(?:GB|GH|GL|NB|NH|GS|GA|NS|NA|GX)(?:,\d{6}){4}"
SPEED = r"SP,\d\.\d{4},\d{2}\.\d{3},\d{3}\.\d{2},000000"
TAMPERS = r"TT(?:,000000){4}|TC(?:,111111){4}"
SETUP = (r"SG1,\d{6},\d{6},\d\d,\d\d,\d\d\.\d,[A-Z]|SG2,[01]{4},\d\.\d{3},\d\.\d{3},\d\d,[01]{4},[AT]"
         r"|SG3,\d\.\d{3},\d\.\d{3},\d{3},\d{3},\d\.\d\d\.\d|SN1,\d{6},\d\d,\d{4},\d{4},\d\d,\d{3}"
         r"|SN2(?:,\d\.\d{3}){4},PP")
RECORD = re.compile(f"(?:{COUNTS}|{SPEED}|{TAMPERS}|{SETUP})\r\n")
CLEAN = ["demo", "twenty", "five"]


def records(scene: Scene, seed: int = 0) -> list[tuple[float, list[str]]]:
    """Time and fields of every record, refusing any byte that is not of one."""
    found: list[tuple[float, list[str]]] = []
    for at_s, data in rapiscan.wire(scene, seed):
        text = data.decode("ascii")
        lines = [match.group() for match in RECORD.finditer(text)]
        assert "".join(lines) == text
        found += [(at_s, line.strip().split(",")) for line in lines]
    return found


def times(found: list[tuple[float, list[str]]], *tags: str) -> list[float]:
    return [at_s for at_s, fields in found if fields[0] in tags]


def occupancies(found: list[tuple[float, list[str]]]) -> list[list[tuple[float, list[str]]]]:
    """Runs of occupied records, each up to its GX."""
    runs: list[list[tuple[float, list[str]]]] = [[]]
    for at_s, fields in found:
        if fields[0] in {"NS", "NA", "GS", "GA", "SP", "GX"}:
            runs[-1].append((at_s, fields))
        if fields[0] == "GX":
            runs.append([])
    return runs[:-1]


@pytest.mark.parametrize("name", [*CLEAN, "quiet"])
def test_every_byte_belongs_to_a_record_and_time_never_goes_back(name: str) -> None:
    found = records(scenes.load(name))
    assert [t for t, _ in found] == sorted(t for t, _ in found)


def test_background_comes_every_five_seconds_neutrons_first() -> None:
    found = [r for r in records(scenes.load("quiet")) if r[1][0][0] in "GN"]
    pairs = list(zip(found[::2], found[1::2], strict=True))
    assert [a[0] for a, _ in pairs] == [b[0] for _, b in pairs] == [5.0 * (i + 1) for i in range(120)]
    assert {(a[1][0], b[1][0]) for a, b in pairs} == {("NB", "GB")}


@pytest.mark.parametrize("name", CLEAN)
@pytest.mark.parametrize("pre_samples", [5, 0, 3])
def test_an_occupancy_opens_with_ns_and_the_past(name: str, pre_samples: int) -> None:
    scene = scenes.load(name)
    scene = replace(scene, portal=replace(scene.portal, pre_samples=pre_samples))
    for run in occupancies(records(scene)):
        burst = [fields[0] for at_s, fields in run if at_s == run[0][0]]
        assert burst[0] in {"NS", "NA"}
        assert [tag in {"GS", "GA"} for tag in burst[1:pre_samples + 2]] == [True] * (pre_samples + 1)
        assert burst[pre_samples + 2:] == (["SP"] if pre_samples == 5 else [])


@pytest.mark.parametrize("name", CLEAN)
def test_scans_keep_their_cadence_to_the_end(name: str) -> None:
    for run in occupancies(records(scenes.load(name))):
        begins, ends = run[0][0], run[-1][0]
        gammas, neutrons = times(run, "GS", "GA")[5:], times(run, "NS", "NA")
        assert gammas == pytest.approx([begins + 0.2 * i for i in range(len(gammas))])
        assert neutrons == pytest.approx([begins + i for i in range(len(neutrons))])
        assert gammas[-1] == ends and 0 <= ends - neutrons[-1] < 1
        tags = [fields[0] for _, fields in run if fields[0][0] in "GS"]
        where = [i for i, tag in enumerate(tags) if tag == "SP"]
        assert where == [7 * i + 6 for i in range(len(where))]      # after each 6th gamma record


def test_a_neutron_record_is_the_sum_of_its_second() -> None:
    scene = Scene(60.0, vehicles=(Vehicle(30.0),))
    whole = sum(int(n) for t, f in occupancies(records(scene))[0] if f[0] == "NS" for n in f[1:])
    assert 0 < whole < 60               # five seconds at 3 counts/s


@pytest.mark.parametrize("name", CLEAN)
def test_background_rests_one_to_two_seconds_after_gx(name: str) -> None:
    found = records(scenes.load(name))
    for ends in times(found, "GX"):
        after = next(t for t, f in found if t >= ends and f[0] in {"NB", "NH"})
        assert 1.0 <= round(after - ends, 3) <= 2.0


@pytest.mark.parametrize("name", CLEAN)
def test_no_background_while_occupied(name: str) -> None:
    found = records(scenes.load(name))
    for run in occupancies(found):
        inside = {f[0] for t, f in found if run[0][0] <= t <= run[-1][0]}
        assert not inside & {"NB", "NH", "GB", "GH", "GL"}


def test_speed_is_the_vehicles_in_three_units() -> None:
    found = records(Scene(60.0, vehicles=(Vehicle(20.0, speed_kmh=4.88),)))
    speed = next(f for _, f in found if f[0] == "SP")
    assert speed == ["SP", "0.2249", "03.032", "004.88", "000000"]     # SRLS's own sample


def test_gx_counts_from_one_and_starts_again_with_the_power() -> None:
    cars = tuple(Vehicle(20.0 * i) for i in range(1, 6))
    scene = Scene(125.0, vehicles=cars, power_cycles=(PowerCycle(70.0, 5.0),))
    found = records(scene)
    assert [int(f[1]) for _, f in found if f[0] == "GX"] == [1, 2, 3, 1, 2]
    assert times(found, "SG1") == [0.2, 75.2]
    assert not [t for t, _ in found if 70.0 <= t <= 75.0]


def test_gx_starts_again_at_midnight() -> None:
    cars = tuple(Vehicle(20.0 * i) for i in range(1, 5))
    found = records(Scene(100.0, time_of_day_s=86400.0 - 50.0, vehicles=cars))
    assert [int(f[1]) for _, f in found if f[0] == "GX"] == [1, 2, 1, 2]


def test_power_lost_in_mid_occupancy_leaves_no_gx() -> None:
    scene = Scene(60.0, vehicles=(Vehicle(20.0),), power_cycles=(PowerCycle(21.0, 10.0),))
    assert not times(records(scene), "GX")


def test_a_tamper_is_told_in_any_state() -> None:
    scene = Scene(40.0, vehicles=(Vehicle(20.0),), tampers=(Tamper(3.0, 20.5), Tamper(21.0, 30.1)))
    found = records(scene)
    assert times(found, "TT") == [3.0, 21.0] and times(found, "TC") == [20.6, 30.2]


def test_a_moment_on_the_edge_of_a_slice_happens_once() -> None:
    doors = tuple(Tamper(round(0.2 * i, 1), round(0.2 * i, 1)) for i in range(1, 500))
    found = records(Scene(120.0, tampers=doors))
    assert times(found, "TT") == times(found, "TC") == [door.open_s for door in doors]


def test_queueing_vehicles_make_one_occupancy() -> None:
    scene = Scene(60.0, vehicles=(Vehicle(20.0), Vehicle(23.5)))
    assert len(occupancies(records(scene))) == 1


@pytest.mark.parametrize(("level_cps", "tag"), [(600.0, "GH"), (30.0, "GL"), (250.0, "GB")])
def test_a_background_out_of_limits_changes_its_name(level_cps: float, tag: str) -> None:
    site = scenes.Site(panels=tuple(replace(p, gamma_cps=level_cps) for p in scenes.PANELS))
    assert {f[0] for _, f in records(Scene(60.0, site=site)) if f[0][0] == "G"} == {tag}


def test_the_demo_interval_for_background_works() -> None:
    found = records(Scene(10.1, portal=Portal(background_every_s=1.0)))
    assert times(found, "GB") == pytest.approx(list(range(1, 11)))


vehicles = st.builds(Vehicle, arrives_s=st.floats(0, 90), speed_kmh=st.floats(0.5, 120),
                     length_m=st.floats(1, 25), shadow=st.floats(0, 0.4),
                     stop_at_m=st.floats(-10, 30), stop_s=st.floats(0, 20))


@settings(max_examples=60, deadline=None)
@given(st.lists(vehicles, max_size=6), st.integers(0, 2**32), st.integers(0, 8))
def test_any_traffic_obeys_the_protocol(cars: list[Vehicle], seed: int, pre_samples: int) -> None:
    scene = Scene(200.0, vehicles=tuple(cars), portal=Portal(pre_samples=pre_samples))
    found = records(scene, seed)
    for run in occupancies(found):
        assert run[0][1][0] in {"NS", "NA"} and run[-1][1][0] == "GX"
        assert run[-1][0] - run[0][0] >= 1.99
    gone = times(found, "GX")
    assert all(b - a > 0 for a, b in itertools.pairwise(gone))
    assert {t.ends_s for t in rapiscan.truths(scene, seed)} == set(gone)
