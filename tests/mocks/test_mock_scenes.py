"""Scene files: the built-in ones, one clear message for a bad one, and what a bad line does."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mock_program import run

from hardware_mocks import rapiscan, scenes, serve
from hardware_mocks.checked import SceneError
from hardware_mocks.physics import clears_s
from hardware_mocks.scenes import LineNoise, Portal, Scene, Site, Source, Stall, Vehicle

BUILT_IN = sorted(p.stem for p in scenes.SCENES.glob("*.toml"))


def test_the_built_in_scenes_are_there() -> None:
    assert BUILT_IN == ["border-day", "bursts", "close", "demo", "faults", "five", "gain-drift", "light-leak", "medical",
                        "norm", "queue", "quiet", "rain", "trailer", "twenty"]
    assert all(scenes.load(name).about for name in BUILT_IN)
    assert scenes.load("demo").duration_s == 45.0 and scenes.load("five").duration_s < 100.0


@pytest.mark.parametrize("name", ["twenty", "five"])
def test_vehicles_keep_twelve_seconds(name: str) -> None:
    cars = scenes.load(name).vehicles
    assert min(b.arrives_s - clears_s(a) for a, b in itertools.pairwise(cars)) >= 12.0


def test_faults_has_every_kind() -> None:
    scene = scenes.load("faults")
    kinds = ["tampers", "dead_tubes", "dead_panels", "line_noises", "power_cycles", "drop_connections",
             "stalls", "high_backgrounds"]
    assert all(getattr(scene, kind) for kind in kinds)
    assert {noise.kind for noise in scene.line_noises} == {"garbage", "flips", "endless"}


def test_a_convoy_keeps_its_gap() -> None:
    first, second = scenes.convoy([Vehicle(0.0, stop_s=5.0), Vehicle(0.0)], first_s=30.0, gap_s=13.0)
    assert (first.arrives_s, second.arrives_s - clears_s(first)) == (30.0, pytest.approx(13.0))


BAD = [
    ("", "duration_s: expected this key"),
    ("duration_s = 0", "duration_s: expected a number above 0, found 0.0"),
    ("duration_s = true", "duration_s: expected a number, found True"),
    ("duration_s = 9\ncolour = 1", "colour: expected a key among duration_s"),
    ("duration_s = [", "expected TOML"),
    ("duration_s = 9\nvehicles = 3", "vehicles: expected a list, found 3"),
    ("duration_s = 9\n[[vehicles]]\narrives_s = 1\n[[vehicles]]\narrives_s = -1",
     "vehicles[1].arrives_s: expected a number at least 0 and at most 1e+09, found -1.0"),
    ("duration_s = 9\n[[vehicles]]\narrives_s = 1\nsource = { gamma_cps = 'much' }",
     "vehicles[0].source.gamma_cps: expected a number, found 'much'"),
    ("duration_s = 9\n[[line_noises]]\nat_s = 1\nduration_s = 1\nkind = 'hum'",
     "line_noises[0].kind: expected one of garbage, flips, endless, found 'hum'"),
    ("duration_s = 9\n[portal]\nalgorithm = '1'", "portal.algorithm: expected four digits 0 or 1"),
    ("duration_s = 9\n[portal]\npre_samples = 1.5", "portal.pre_samples: expected a whole number"),
    ("duration_s = 9\n[site]\npanels = []", "site.panels: expected four panels, found 0"),
    ("duration_s = 9\n[[dead_tubes]]\nat_s = 1\nindex = 4", "dead_tubes[0].index: expected a number at least"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_a_bad_file_names_file_key_and_what_was_expected(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(SceneError) as problem:
        scenes.load(str(path))
    assert str(problem.value).startswith(f"{path}: ") and message in str(problem.value)


def test_the_program_says_it_in_one_line_and_exits_3(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("duration_s = 'long'")
    process = run("--tcp", "127.0.0.1:0", "--scene", str(path))
    out, err = process.communicate()
    assert (process.returncode, out) == (3, "")
    assert err == f"{path}: duration_s: expected a number, found 'long'\n"


def test_list_shows_every_scene_with_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve.main(rapiscan.signals, ["--list"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in shown] == BUILT_IN
    assert all(scenes.load(name).about in line for name, line in zip(BUILT_IN, shown, strict=True))


def test_an_unknown_scene_lists_the_built_in_ones() -> None:
    with pytest.raises(SceneError, match="border-day, bursts, close, demo, faults, five"):
        scenes.load("nosuch")


@pytest.mark.parametrize("make", [
    lambda: Vehicle(-1.0), lambda: Vehicle(1.0, shadow=0.8, shadow_shape=(0.5,)),
    lambda: Portal(algorithm="12"), lambda: Site(panels=()), lambda: Source(gamma_cps=float("nan")),
])
def test_python_scenes_are_checked_too(make: Callable[[], object]) -> None:
    with pytest.raises(SceneError):
        make()


def spoilt(kind: str) -> tuple[dict[float, bytes], dict[float, bytes]]:
    """The same wire, good and bad from 10 s to 20 s."""
    noise = (LineNoise(10.0, 10.0, kind),)
    return (dict(rapiscan.wire(Scene(40.0, vehicles=(Vehicle(12.0),)), 1)),
            dict(rapiscan.wire(Scene(40.0, vehicles=(Vehicle(12.0),), line_noises=noise), 1)))


@pytest.mark.parametrize("kind", ["garbage", "flips", "endless"])
def test_noise_lasts_as_long_as_it_says_and_changes_no_count(kind: str) -> None:
    good, bad = spoilt(kind)
    changed = [at for at in good.keys() | bad.keys() if good.get(at) != bad.get(at)]
    assert min(changed) >= 10.0 and max(changed) < 20.0


def test_garbage_comes_between_whole_records() -> None:
    good, bad = spoilt("garbage")
    assert all(bad[at].endswith(data) for at, data in good.items())
    assert any(byte > 127 for data in bad.values() for byte in data)


def test_flips_change_single_bits() -> None:
    good, bad = spoilt("flips")
    pairs = [(a, b) for at in good for a, b in zip(good[at], bad[at], strict=True)]
    flipped = [bin(a ^ b).count("1") for a, b in pairs if a != b]
    assert set(flipped) == {1} and 5 <= len(flipped) <= 100


def test_an_endless_line_has_no_end() -> None:
    _, bad = spoilt("endless")
    inside = b"".join(data for at, data in bad.items() if 10.0 <= at < 20.0)
    assert b"\n" not in inside and b"\r" not in inside and len(inside) > 3000


def test_a_stall_delivers_all_of_it_late_and_at_once() -> None:
    cars = (Vehicle(12.0),)
    plain = list(rapiscan.wire(Scene(40.0, vehicles=cars), 1))
    late = list(rapiscan.wire(Scene(40.0, vehicles=cars, stalls=(Stall(11.0, 9.0),)), 1))
    assert b"".join(d for _, d in late) == b"".join(d for _, d in plain)
    assert not [at for at, _ in late if 11.0 <= at < 20.0]
    held = b"".join(d for at, d in plain if 11.0 <= at <= 20.0)
    assert dict(late)[20.0] == held and held.count(b"\r\n") > 20


def test_what_a_broken_connection_held_back_is_lost() -> None:
    scene = Scene(40.0, stalls=(Stall(4.0, 9.0),), power_cycles=(scenes.PowerCycle(8.0, 2.0),))
    assert [at for at, _ in rapiscan.wire(scene, 1)][:3] == [0.2, 13.0, 15.0]


def test_ten_thousand_passages_stay_quick() -> None:
    """Searching is by time: a long scene costs per second of wire, not per vehicle."""
    cars = scenes.convoy([Vehicle(0.0)] * 10_000, gap_s=15.0)
    first = next(s for s in rapiscan.signals(Scene(200_000.0, vehicles=cars)) if isinstance(s, rapiscan.Truth))
    assert first.counter == 1 and np.isfinite(first.at_s)


@pytest.mark.parametrize("more", ["source={gamma_cps=1e30}", "source={gamma_cps=inf}"])
def test_a_strength_no_poisson_can_be_drawn_of_is_refused_by_its_key(more: str, tmp_path: Path) -> None:
    file = tmp_path / "scene.toml"
    file.write_text(f'duration_s = 60.0\n[[vehicles]]\narrives_s = 10.0\nname = "x"\n{more}\n')
    with pytest.raises(scenes.SceneError, match=r"gamma_cps.*at most 1e\+09"):
        scenes.load(str(file))


def test_a_vehicle_that_never_comes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "scene.toml"
    file.write_text('duration_s = 60.0\n[[vehicles]]\narrives_s = inf\nname = "x"\n')
    with pytest.raises(scenes.SceneError, match="arrives_s"):
        scenes.load(str(file))
