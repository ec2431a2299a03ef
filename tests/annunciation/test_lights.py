"""What an officer sees and hears, by the events of a lane."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.judgement.lights import Button, Lights
from edge_agent.words.event import Alarm, Event, Fault, Judgement, Occupancy
from edge_agent.words.reading import Radiation

S = 10**9
G, N = Radiation.GAMMA, Radiation.NEUTRON
ROUND = range(0, 2 * S, S // 10)


def alarm(at_s: float, radiation: Radiation = G, occupancy: str | None = "O1", lane: str = "2") -> Alarm:
    judgement = Judgement("ksigma/1", 9.0, 7.0, 1.0, 90, 40.0, 1.0, ("Aa1",))
    return Alarm(round(at_s * S), lane, f"A{at_s:g}{radiation.value}", radiation, judgement, {}, {}, occupancy, None)


def passed(end_s: float, name: str = "O1", ended: str = "portal") -> Occupancy:
    end_ns = round(end_s * S)
    return Occupancy(end_ns, "2", name, 0, end_ns, ended, 1, (), False, False, None)


def fault(condition: str, present: bool, lane: str | None = "2", at_s: float = 0) -> Fault:
    return Fault(round(at_s * S), lane, condition, present, "")


def lights(*events: Event) -> Lights:
    made = Lights(["2"], hold_s=60.0, horn_s=30.0)
    for event in events:
        made.show(event)
    return made


def rhythm(of: Lights, name: str, at_s: int = 0, heard: bool = True, exercise: bool = False) -> str:
    """Two seconds of an output from an even second on, a letter each 0.1 s."""
    assert at_s % 2 == 0
    return "".join("#" if of.outputs(at_s * S + t, heard, exercise)[name] else "." for t in ROUND)


DARK, STEADY = "." * 20, "#" * 20


def test_a_quiet_lane_is_green_and_nothing_else() -> None:
    quiet = lights()
    assert rhythm(quiet, "ready") == STEADY
    assert {rhythm(quiet, name) for name in ("gamma", "neutron", "distance", "fault", "exercise", "horn")} == {DARK}


def test_each_radiation_has_its_rhythm_on_lamp_and_horn() -> None:
    gamma, neutron, both = lights(alarm(0)), lights(alarm(0, N)), lights(alarm(0), alarm(0, N))
    assert rhythm(gamma, "gamma") == rhythm(gamma, "horn") == "#####.....#####....."
    assert rhythm(neutron, "neutron") == rhythm(neutron, "horn") == "##..##.............."
    assert rhythm(both, "gamma") == rhythm(both, "neutron") == rhythm(both, "horn") == "########..##..##...."
    assert rhythm(gamma, "ready") == rhythm(neutron, "ready") == DARK


def test_a_lamp_stands_until_its_vehicle_has_gone_and_a_minute_more() -> None:
    red = lights(alarm(0))
    assert rhythm(red, "gamma", 1000) != DARK
    red.show(passed(1000))
    assert rhythm(red, "gamma", 1056) != DARK and rhythm(red, "gamma", 1060) == DARK
    assert rhythm(red, "ready", 1060) == STEADY


def test_a_lamp_stands_beside_a_vehicle_that_is_overdue() -> None:
    """A vehicle that alarmed and was told to stay: after 15 minutes its passage is written, and it is still there."""
    red = lights(alarm(0), passed(900, ended="overdue"), fault("occupancy-overdue", True, at_s=900))
    assert rhythm(red, "gamma", 5000) != DARK
    red.show(fault("occupancy-overdue", False, at_s=5000))
    assert rhythm(red, "gamma", 5056) != DARK and rhythm(red, "gamma", 5060) == DARK


def test_an_alarm_of_the_vacant_lane_ends_by_itself() -> None:
    red = lights(alarm(0, occupancy=None))
    assert rhythm(red, "gamma", 58) != DARK and rhythm(red, "gamma", 60) == DARK


def test_acknowledging_silences_the_horn_never_the_lamp_and_the_next_alarm_sounds() -> None:
    red = lights(alarm(0))
    assert red.acknowledge() == [("2", "A0gamma")] and red.acknowledge() == []
    assert rhythm(red, "horn") == DARK and rhythm(red, "gamma") != DARK and rhythm(red, "ready") == DARK
    red.show(alarm(2, N))
    assert rhythm(red, "horn", 2) == "##..##.............." and red.acknowledge() == [("2", "A2neutron")]


def test_a_horn_nobody_hears_ends() -> None:
    assert rhythm(lights(alarm(0)), "horn", 28) != DARK and rhythm(lights(alarm(0)), "horn", 30) == DARK


def test_keep_distance_stands_and_sounds_as_long_as_the_overload() -> None:
    near = lights(fault("overload", True))
    assert rhythm(near, "distance", 1000) == rhythm(near, "horn", 1000) == STEADY and rhythm(near, "ready") == DARK
    near.acknowledge()
    near.show(fault("overload", True))          # told again: the same overload
    assert rhythm(near, "horn") == DARK and rhythm(near, "distance") == STEADY
    near.show(fault("overload", False))
    assert rhythm(near, "distance") == DARK and rhythm(near, "ready") == STEADY


def test_a_fault_of_a_lane_is_never_green() -> None:
    bad = lights(fault("tamper-x", True), fault("gamma-low", True), fault("gamma-low", False))
    assert rhythm(bad, "fault") == STEADY and rhythm(bad, "ready") == DARK
    bad.show(fault("tamper-x", False))
    assert rhythm(bad, "fault") == DARK and rhythm(bad, "ready") == STEADY


def test_a_lane_that_is_not_heard_is_a_fault_before_anybody_says_so() -> None:
    assert rhythm(lights(), "fault", heard=False) == STEADY and rhythm(lights(), "ready", heard=False) == DARK


def test_other_lanes_and_the_controllers_own_faults_light_nothing_here() -> None:
    assert rhythm(lights(alarm(0, lane="3"), fault("centre-link", True, None), fault("link", True, "3")), "ready") == STEADY


def test_an_exercise_is_seen_and_mutes_nothing() -> None:
    red = lights(alarm(0))
    assert rhythm(red, "exercise", exercise=True) == "##.................."
    assert rhythm(red, "gamma", exercise=True) == rhythm(red, "gamma") and rhythm(red, "horn", exercise=True) != DARK


EVENTS = st.lists(st.one_of(
    st.builds(alarm, st.integers(0, 100), st.sampled_from([G, N]), st.sampled_from(["O1", "O2", None])),
    st.builds(passed, st.integers(0, 100), st.sampled_from(["O1", "O2"])),
    st.builds(fault, st.sampled_from(["overload", "link", "silence"]), st.booleans()),
    st.none(),          # the button
), max_size=12)


@given(EVENTS, st.integers(0, 200 * 10), st.booleans(), st.booleans())
def test_whatever_happened_green_stands_alone(events: list[Event | None], tick: int, heard: bool, exercise: bool) -> None:
    shown = lights()
    for event in events:
        if event is None:
            shown.acknowledge()
        else:
            shown.show(event)
    seen = [shown.outputs((tick + i) * S // 10, heard, exercise) for i in range(20)]
    lamps = {name: [out[name] for out in seen] for name in seen[0]}
    for now in seen:
        assert not (now["ready"] and (now["fault"] or now["gamma"] or now["neutron"] or now["distance"] or now["horn"]))
    assert heard or all(lamps["fault"])
    for name in ("gamma", "neutron", "exercise", "horn"):      # flashes of two seconds
        begins = sum(on and not before for before, on in pairwise(lamps[name]))
        assert begins <= 6, f"{name} flashes more than three times a second"


@given(EVENTS, EVENTS)
def test_acknowledging_changes_no_lamp(before: list[Event | None], _: object) -> None:
    plain, pressed = lights(*(e for e in before if e)), lights(*(e for e in before if e))
    pressed.acknowledge()
    for t in range(0, 120 * S, S // 10 * 7):
        a, b = plain.outputs(t, True, False), pressed.outputs(t, True, False)
        assert {**a, "horn": False} == b


def presses(looks: str) -> list[int]:
    """At which looks, 0.1 s apart, a press was seen; # is down."""
    button = Button()
    return [i for i, look in enumerate(looks) if button.look(i * S // 10, look == "#")]


def test_a_press_is_seen_once_and_a_bounce_is_none() -> None:
    assert presses("....####....##..") == [5, 13]
    assert presses("....#.#.#.......") == []
    assert presses("########..##") == [11], "down when first seen: nobody pressed it now"


@given(st.text("#.", max_size=60))
def test_between_two_presses_the_button_was_released(looks: str) -> None:
    seen = presses(looks)
    for first, second in pairwise(seen):
        assert ".." in looks[first:second]
    assert all(looks[i - 1 : i + 1] == "##" and ".." in looks[:i] for i in seen)


def test_a_button_held_down_is_told() -> None:
    button = Button()
    button.look(0, True)
    assert not button.stuck(30 * S) and button.stuck(31 * S)
    button.look(31 * S, False), button.look(32 * S, False)
    assert not button.stuck(99 * S)
