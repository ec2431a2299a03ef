"""`diagnose`: the right class first, several at once, consequences told with their cause, and "not sure" where it is not."""

from __future__ import annotations

import ast
import asyncio
import errno
import json
import os
from pathlib import Path

import pytest

from benchmarks import fault_bench, fault_contacts, fault_ends
from edge_agent.house import guide
from edge_agent.tools import diagnosis_text
from edge_agent.tools.diagnosis import UNKNOWN, diagnose
from edge_agent.words.errors import SettingsError
from edge_agent.words.reading import Condition
from hardware_mocks import broken

GUIDE = guide.findings(None)
NO_FAULT_OF_THE_LANE = {Condition.TAMPER}       # a record of its own


def ids(**faults: str) -> list[str]:
    named = {name.replace("_of_", ":").replace("_", "-"): text for name, text in faults.items()}
    return [one.id for one in diagnose(named, GUIDE)]


def test_a_full_disk_is_told_from_a_worn_card() -> None:
    """It said "SD card, 50 %" beside a disk that was full."""
    told = {"storage": "/s/ledger.db: no room on the disk (SQLITE_FULL)", "disk-low": "0 MB free of 64 MB on the disk of /s"}
    full = diagnose(told, GUIDE)
    assert [one.id for one in full] == ["disk-full"] and not any("card" in cause.what for cause in full[0].causes)
    assert ids(storage=told["storage"]) == ["disk-full"]         # before the disk is looked at next
    assert ids(storage="disk I/O error") == ["disk"]
    assert ids(disk_low="9 MB free of 64 MB", disk_slow="2.1 s") == ["disk-full", "disk"]


def test_every_condition_a_lane_can_have_is_in_the_guide() -> None:
    names = [condition.value for condition in Condition if condition not in NO_FAULT_OF_THE_LANE]
    names += [f"{name}:Aa1" for name in ("dead", "stuck", "noisy", "smooth", "share", "deaf", "loud", "spike", "over-range")]
    names += ["overload", "blind", "neutron-blind", "gamma-silence", "neutron-silence"]
    signs = {name for finding in GUIDE for name in (*finding.signs, *finding.explains)}
    missing = [name for name in names if not any(_fits(name, sign) for sign in signs)]
    assert missing == []


def _fits(name: str, sign: str) -> bool:
    bare = sign.removesuffix("*").removesuffix(":")
    return name == sign or sign == f"*{name}" or name.split(":")[0] == bare or bare.endswith(f"-{name}")


def test_a_dead_panel_is_one_finding_with_what_follows_from_it() -> None:
    told = {"dead:Aa1": "counts nothing", "out-of-service:Aa1": "is in no sum", "gamma-low-background": "the portal says"}
    (found,) = diagnose(told, GUIDE)
    assert (found.id, found.verdict, found.subjects) == ("panel-dead", "FAIL", ["Aa1"])
    assert set(found.follows) == {"out-of-service:Aa1", "gamma-low-background"}
    assert "cable" in found.causes[0].what and found.causes[0].part


def test_a_spoiled_line_hides_no_second_fault() -> None:
    line = {"unreadable": "", "spoiled-counts": "", "missing-samples": "", "pre-samples": "", "occupancy-counter-gap": ""}
    for second, class_ in (("noisy:Ba1", "panel-noisy"), ("share:Aa2", "panel-drifts"), ("deaf:Aa1N", "panel-drifts"),
                           ("history-uneven", "source-one-side"), ("tamper", "tamper"), ("dead:Aa1", "panel-dead")):
        assert [one.id for one in diagnose({**line, second: ""}, GUIDE)] == ["line-spoils", class_]


def test_two_panels_with_different_faults_are_two_findings() -> None:
    found = diagnose({"dead:Aa1": "", "out-of-service:Aa1": "", "share:Ba2": "", "stuck:Ba1": ""}, GUIDE)
    assert [one.id for one in found] == ["panel-frozen", "panel-dead", "panel-drifts"]


def test_a_lane_whose_panels_a_person_took_out_has_no_broken_high_voltage() -> None:
    told = {f"out-of-service:{name}": "is in no sum: taken out by a person" for name in ("Aa1", "Aa2", "Ba1", "Ba2")}
    assert [one.id for one in diagnose({**told, "blind": "sees no gamma source"}, GUIDE)] == ["out-by-person"]


def test_all_frozen_at_once_is_the_controller() -> None:
    assert ids(stuck_of_Aa1="", stuck_of_Aa2="", stuck_of_Ba1="", stuck_of_Ba2="") == ["instrument-frozen"]


def test_who_holds_the_port_is_told_apart_from_a_dead_wire() -> None:
    assert ids(link="pid 17 holds it") == ["another-client"] and ids(link="no route to host", silence="") == ["wire-dead"]


def test_what_is_not_in_the_guide_is_said_to_be_unknown() -> None:
    found = diagnose({"never-heard-of": "x", "link": "gone"}, GUIDE)
    assert [one.id for one in found] == ["wire-dead", UNKNOWN]
    assert "not sure what this is" in "\n".join(diagnosis_text.page("lane 2", found))


def test_causes_near_each_other_are_not_sure_and_the_page_fits() -> None:
    text = diagnosis_text.page("lane 2", diagnose({"link": "no route to host", "traffic-changed": "deeper"}, GUIDE))
    assert text[0] == "lane 2: FAIL" and any("NOT SURE between" in line for line in text) and max(map(len, text)) <= 80
    assert diagnosis_text.page("lane 2", []) == ["lane 2: PASS"]
    assert json.dumps(diagnosis_text.plain(diagnose({"silence": ""}, GUIDE)))


def test_a_service_engineer_adds_to_the_guide_without_code(tmp_path: Path) -> None:
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide/ours.toml").write_text(
        '[[finding]]\nid = "traffic"\ntitle = "ours"\nverdict = "LOOK"\nsigns = ["traffic-changed"]\n'
        '[[finding.cause]]\nwhat = "ferry"\nweight = 100\n'
        '[[finding]]\nid = "gate"\ntitle = "gate"\nverdict = "FAIL"\nsigns = ["gate-stuck"]\n'
        '[[finding.cause]]\nwhat = "motor"\nweight = 100\n')
    held = guide.findings(tmp_path / "edge-agent.toml")
    found = diagnose({"traffic-changed": "", "gate-stuck": ""}, held)
    assert [(one.id, one.title) for one in found] == [("gate", "gate"), ("traffic", "ours")]
    (tmp_path / "guide/ours.toml").write_text('[[finding]]\nid = "x"\n')
    with pytest.raises(SettingsError, match=r"ours.toml.*finding\[0\]"):
        guide.findings(tmp_path / "edge-agent.toml")


def test_two_shares_with_a_high_background_are_something_beside_the_lane_one_is_a_panel() -> None:
    assert ids(share_of_Aa1="", share_of_Aa2="", gamma_high_background="") == ["source-beside"]
    assert ids(share_of_Aa1="", gamma_high_background="")[0] == "panel-drifts"
    assert ids(share_of_Aa1="", share_of_Aa2="") == ["panel-drifts"]


def test_vehicles_that_pass_unseen_raise_no_second_finding() -> None:
    assert ids(history_no_vehicles="", gamma_high_background="") == ["beam-never"]


def test_classes_of_the_bench_are_of_the_guide() -> None:
    known = {one.id for one in GUIDE}
    assert {name for classes in fault_bench.CLASSES.values() for name in classes} <= known
    assert set(fault_bench.CLASSES) | set(fault_bench.OF_THE_LINK) == set(broken.FAULTS)


@pytest.mark.parametrize("name", fault_ends.broken_bus.FAULTS)
def test_a_broken_bus_is_named_first(name: str) -> None:
    assert fault_ends.of_bus(name, 1)[0] in fault_ends.CLASSES[name]


def test_a_worn_battery_is_no_fuse_of_the_mains() -> None:
    """With the mains there, "fuse" was the part to bring; and of mains that a relay alone says are gone, no word of the relay."""
    (worn,) = diagnose({"battery-low": ""}, GUIDE)
    assert worn.id == "battery" and worn.causes[0].part == "battery"
    assert ids(mains_lost="", battery_low="") == ids(mains_lost="") == ["portal-power"]
    (mains,) = diagnose({"mains-lost": ""}, GUIDE)
    assert "mains relay" in [cause.part for cause in mains.causes]


@pytest.mark.parametrize(("words", "found", "part"), [
    ("I/O module x: the acknowledge button is held down, its wire is shorted, or input 5 is no button", "button", "button"),
    ("I/O module x: illegal data address (2) about coil 2; is its number right?", "lamp-output", "program"),
    ("I/O module x: coil 2 is not as it was set; does another program write it", "lamp-output", "program"),
    ("I/O module x does not answer; has it power, are its address, speed and wires right?", "lamps", "I/O module"),
])  # fmt: skip
def test_of_lamps_the_part_is_named_by_what_failed(words: str, found: str, part: str) -> None:
    """A button frozen fast was told as an I/O module that is off, 100 %."""
    (told,) = diagnose({"lamps": words}, GUIDE)
    assert told.id == found and part in told.causes[0].what


def test_beams_are_told_apart() -> None:
    """Of a pair nobody said which beam stands, and of both together not that what feeds them is one."""
    assert ids(occupancy_overdue="", beam_stuck="rear alone was broken for 100% of the last 15 minutes") == ["beam"]
    assert ids(occupancy_overdue="", beam_stuck="front and rear together were broken for 99%") == ["beams-together"]
    assert ids(beam_stuck="front alone was broken for 94%", beams_crossed="") == ["beam"], "an inverted one tells edges backwards"
    assert ids(beam_flickers="", beam_missing="") == ["beam-flickers"]
    assert ids(beams_crossed="") == ["beams-crossed"] and ids(tamper="", tamper_bounces="") == ["tamper-bounces"]


# where a text is not ours alone: the system's words, SQLite's, and those put together from two of ours
OTHERS = [os.strerror(errno.ECONNREFUSED), os.strerror(errno.EADDRINUSE), os.strerror(errno.ENOSPC), "database or disk is full"]
TOGETHER = {"about coil": ("about {what}", "coil "), "about its coils": ("about {what}", "its coils")}


def _texts() -> set[str]:
    """Every text in the code, but what documents it."""
    found = set()
    for file in (Path(__file__).resolve().parents[2] / "edge_agent").rglob("*.py"):
        tree = ast.parse(file.read_text())
        documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
                  and id(node) not in documents}
    return found


def test_every_text_the_guide_looks_for_is_still_said() -> None:
    """It knows a class by a part of the English text: whoever words that anew must see that the guide goes deaf."""
    said = "\n".join([*_texts(), *OTHERS])
    deaf = [(one.id, part) for one in GUIDE for part in one.details
            if not all(text in said for text in TOGETHER.get(part, (part,)))]
    assert deaf == []


def test_classes_of_the_contacts_bench_are_of_the_guide_and_of_every_fault() -> None:
    assert {name for classes in fault_contacts.CLASSES.values() for name in classes} <= {one.id for one in GUIDE}
    told = {name.split()[0] for name in fault_contacts.CLASSES}
    assert told | {*fault_contacts.UNTOLD, *fault_contacts.OF_HISTORY} == set(fault_contacts.FAULTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["", "mains_lost", "button_stuck", "coil_refused", "module_silent"])
def test_a_contact_that_fails_is_named_first(name: str) -> None:
    """The short form of `python -m benchmarks.fault_contacts`."""
    drawn, _, found = fault_contacts.named(name, 1)
    assert found[0] in fault_contacts.CLASSES[drawn] if name else not found


@pytest.mark.parametrize("kind", fault_ends.broken_door.KINDS)
def test_a_door_that_fails_is_named_first_by_the_words_of_the_link(kind: str) -> None:
    """`refused` and `held` were told as a dead wire: the guide looked for words the link never says."""
    assert asyncio.run(fault_ends.of_door(kind))[0] in fault_ends.CLASSES[kind]


def test_overload_beside_noise_says_both_and_never_drops_the_distance() -> None:
    spoiled = diagnose({"over-range:Aa1N": "", "overload": "", "unreadable": "", "dead:Aa1N": ""}, GUIDE)
    found = next(one for one in spoiled if "over-range:Aa1N" in one.signs)
    assert [one.id for one in spoiled].count("over-range") == 0 and "KEEP DISTANCE" in found.title and found.verdict == "FAIL"
    assert ["noise" in cause.what for cause in found.causes] == [True, False] and "source" in found.causes[1].what
    assert all("survey meter" in cause.confirm for cause in found.causes)
    assert ids(overload="", over_range_of_Aa1="") == ["over-range"], "without noise nothing is made of it but a source"


@pytest.mark.slow
def test_a_fault_put_into_the_mock_is_named_first() -> None:
    """The short form of `python -m benchmarks.fault_bench`."""
    faults = ("tube_dead", "frozen", "silent", "tamper", "speed_stuck")
    for fault, found in zip(faults, fault_bench.outcomes(1, [(one,) for one in faults]), strict=True):
        assert fault_bench.named(found, fault, 1), (fault, found)


def test_keep_distance_is_read_before_any_repair() -> None:
    """It was third, behind "go to the controller" and "change the board"."""
    faults = {"stuck:Aa1N": "", "silence": "nothing for 20 s", "link": "gone", "overload": "", "over-range:Aa1": "", "x": ""}
    found = diagnose(faults, GUIDE)
    assert found[0].id == "over-range" and "panel-frozen" in [one.id for one in found]
    told = [*diagnosis_text.distance({"lane 2": [], "lane 4": found}), *diagnosis_text.page("lane 4", found)]
    assert told[0] == "!! KEEP DISTANCE from lane 4: survey meter first, from afar; close it"
    assert any(line.startswith(" 1. FAIL KEEP DISTANCE") for line in told)
    assert diagnosis_text.distance({"lane 2": diagnose({"link": "gone"}, GUIDE)}) == []


@pytest.mark.parametrize(("kind", "never"), [
    ("serial", ("network", "switch port", "ping", "patch cable", "mains fuse")),
    ("modbus-rtu", ("network", "ping", "patch cable")),
    ("tcp", ("adapter", "fuser", "by-id")), ("modbus-tcp", ("adapter", "serial", "baud", "A and B", "portal and converter")),
])  # fmt: skip
def test_causes_are_of_the_kind_of_link_there_is(kind: str, never: tuple[str, ...]) -> None:
    """A pulled USB adapter was told as a portal that is off, or a network whose patch cable is to be brought."""
    for faults in ({"link": "cannot open /dev/rpm3: there is no such port"}, {"link": "x holds it"}, {"silence": ""},
                   {"silence": "", "line:silence": ""}, {"missing-samples": ""}):
        lane = {"faults": list(faults), "fault_details": faults, "link_kind": kind, "counts": {"samples": 9}}
        (found,) = guide.of_status({"lanes": {"3": lane}}, GUIDE, "3")["lane 3"]
        told = "\n".join(diagnosis_text.page("lane 3", [found]))
        assert found.causes and not [word for word in never if word in told], told


def test_a_refused_connection_is_no_other_client_first() -> None:
    """It said "another program on this controller": nothing listened at the address."""
    lane = {"faults": ["link"], "fault_details": {"link": "tcp 127.0.0.1:1715: Connection refused"}, "link_kind": "tcp",
            "counts": {"samples": 9}}
    (found,) = guide.of_status({"lanes": {"3": lane}}, GUIDE, "3")["lane 3"]
    assert [cause.what.split()[:2] for cause in found.causes] == [
        ["the", "portal's"], ["wrong", "port,"], ["the", "portal"], ["it", "takes"]]
    assert "this controller" not in "\n".join(diagnosis_text.page("lane 3", [found]))


def test_what_is_to_be_typed_names_the_lane() -> None:
    told = "\n".join(diagnosis_text.page("lane 3", diagnose({"stuck:Aa1": "", "never-heard-of": ""}, GUIDE)))
    assert "diagnose 3 --swapped" in told and "record 3" in told and "LANE" not in told


def test_a_wrong_setting_is_named_before_the_board_it_makes_look_broken() -> None:
    faults = {"stuck:Aa1N": "", "noisy:Aa1": "", "profile-mismatch": "count_means is wrong: never fell", "share:Ba1": ""}
    (found,) = diagnose(faults, GUIDE)
    assert found.id == "wrong-count-means" and "count_means" in found.causes[0].what
    faults = {"profile-mismatch": "gamma: every count is ...: the profile has the wrong word_order", "portal-restart": "neutron"}
    assert [one.id for one in diagnose(faults, GUIDE)] == ["wrong-word-order"]
    assert [one.id for one in diagnose({"profile-mismatch": "a count above 99"}, GUIDE)] == ["wrong-profile"]
