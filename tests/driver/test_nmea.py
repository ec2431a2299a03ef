"""GPS positions: as another reader reads them, never invented, never stale, with the last minute in an alarm."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.house import configuration
from edge_agent.paths.positioning import STALE_NS, Positioning
from edge_agent.tools.nmea import NoFix, Sentences
from edge_agent.words.errors import SettingsError
from edge_agent.words.position import Fix
from hardware_mocks.nmea import second, sentence

S = 10**9
AT = datetime(2026, 11, 26, 12, 35, 19, tzinfo=UTC)
RMC = b"$GPRMC,123519.00,A,4807.038,N,01131.000,E,022.4,084.4,230394,,,A*57\r\n"


def read(data: bytes) -> list[Fix | NoFix | str]:
    return list(Sentences().feed(data))


def test_a_sentence_from_the_books() -> None:
    (fix,) = read(sentence("GPRMC,123519,A,4807.038,N,01131.000,W,022.4,084.4,230394,003.1,W"))
    assert isinstance(fix, Fix) and fix.latitude == pytest.approx(48.1173) and fix.longitude == pytest.approx(-11.516667)
    assert fix.speed_mps == pytest.approx(22.4 * 0.514444, rel=1e-5)


@given(st.floats(-89.9, 89.9), st.floats(-179.9, 179.9), st.floats(0, 80))
def test_another_reader_reads_the_same(latitude: float, longitude: float, knots: float) -> None:
    pynmeagps = pytest.importorskip("pynmeagps", reason="needs pynmeagps: pip install pynmeagps")
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    angles = [f"{int(abs(value)):0{width}d}{abs(value) % 1 * 60:08.5f}" for value, width in ((latitude, 2), (longitude, 3))]
    if any(float(each[-8:]) >= 60 for each in angles) or not any(float(each) for each in angles):      # 0 N 0 E is refused
        return
    line = sentence(f"GNRMC,010203.40,A,{angles[0]},{north},{angles[1]},{east},{knots:.2f},0.0,261126,,,A")
    theirs = pynmeagps.NMEAReader.parse(line)
    (ours,) = read(line)
    assert isinstance(ours, Fix)
    assert (ours.latitude, ours.longitude) == pytest.approx((theirs.lat, theirs.lon), abs=1e-6)
    assert ours.speed_mps == pytest.approx(theirs.spd * 1852 / 3600)


@pytest.mark.parametrize("text", [
    "GPRMC,123519,V,4807.038,N,01131.000,E,022.4,084.4,230394,,", "GPGGA,123519,4807.038,N,01131.000,E,0,00,,,M,,M,,",
    "GPGGA,123519,4807.038,N,01131.000,E,8,08,0.9,,M,,M,,", "GPRMC,123519.00,A,4807.038,N,01131.000,E,,,230394,,,S",
])
def test_no_fix_is_no_position_whatever_numbers_stand_there(text: str) -> None:
    assert [type(each) for each in read(sentence(text))] == [NoFix]


@pytest.mark.parametrize("text", [
    "GPRMC,123519,A,9107.038,N,01131.000,E,,,230394,,", "GPRMC,123519,A,4867.038,N,01131.000,E,,,230394,,",
    "GPRMC,123519,A,4807.038,X,01131.000,E,,,230394,,", "GPRMC,1235,A,4807.038,N,01131.000,E,,,230394,,", "GPRMC,123519,A",
    "GPRMC,123519,A,-807.038,N,01131.000,E,,,230394,,", "GPRMC,123519,A,4807.038,N,19131.000,E,,,230394,,",
    "GPRMC,123519,A,0000.000,N,00000.000,E,,,230394,,", "GPGGA,123519,0000.000,S,00000.000,W,1,08,0.9,,M,,M,,",     # nowhere
    "GPRMC,123519,A,04807.038,N,01131.000,E,,,230394,,", "GPRMC,123519,A,4807.038,N,1131.000,E,,,230394,,",         # a digit off
    "GPRMC,243519,A,4807.038,N,01131.000,E,,,230394,,", "GPRMC,126019,A,4807.038,N,01131.000,E,,,230394,,",
])
def test_what_is_no_position_is_told_and_not_guessed(text: str) -> None:
    (why,) = read(sentence(text))
    assert isinstance(why, str)


@given(st.integers(0, len(RMC) - 3), st.integers(0, 7))
def test_one_flipped_bit_gives_no_other_position(at: int, bit: int) -> None:
    bent = RMC[:at] + bytes((RMC[at] ^ 1 << bit,)) + RMC[at + 1 :]
    assert all(not isinstance(each, Fix) or each == read(RMC)[0] for each in read(bent))


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(data: bytes) -> None:
    assert all(isinstance(each, Fix | NoFix | str) for each in read(data))


class Bench:
    """A receiver that speaks once a second."""

    def __init__(self) -> None:
        self.now_ns, self.faults = 0, {}  # type: ignore[var-annotated]
        self.at = Positioning(self, self, self._report)  # type: ignore[arg-type]
        self.name = "tcp here"

    def mono_ns(self) -> int:
        return self.now_ns

    def _report(self, condition: str, detail: str, present: bool) -> None:
        self.faults.pop(condition, None)
        if present:
            self.faults[condition] = detail

    def run(self, seconds: int, *, fixed: bool = True, silent: bool = False, frozen: bool = False) -> Bench:
        for _ in range(seconds):
            self.now_ns += S
            at_s = 0 if frozen else self.now_ns // S
            if not silent:
                clock = datetime.fromtimestamp(AT.timestamp() + at_s, UTC)
                self.at.take(self.now_ns, second(clock, 10.0 * at_s, 10.0, fixed=fixed))
            self.at.look()
        return self

    @property
    def alarm(self) -> dict[str, Any]:
        return self.at.mark("alarm", {"id": "x"})


def test_an_alarm_has_its_place_and_the_last_minute() -> None:
    alarm = Bench().run(200).alarm
    assert alarm["position"]["fix"] == "gps" and alarm["position"]["speed_mps"] == pytest.approx(10, abs=0.01)
    assert alarm["position"]["satellites"] == 9 and alarm["position"]["hdop"] == 0.9
    ages = [each["age_s"] for each in alarm["track"]]
    assert ages == sorted(ages, reverse=True) and 55 <= ages[0] <= 60 and 12 <= len(ages) <= 13
    assert alarm["track"][-1]["latitude"] > alarm["track"][0]["latitude"]


@pytest.mark.parametrize("kind", ["occupancy", "fault", "heartbeat", "tamper", "instrument"])
def test_what_happens_at_a_mobile_system_has_its_place(kind: str) -> None:
    """A cabinet opened, and a handheld's document, had none."""
    assert Bench().run(20).at.mark(kind, {})["position"]["fix"] == "gps"


@pytest.mark.parametrize("how", [{"fixed": False}, {"silent": True}, {"frozen": True}])
def test_a_position_is_never_stale(how: dict[str, bool]) -> None:
    bench = Bench().run(20)
    bench.run(STALE_NS // S + 2, **how)
    assert bench.alarm["position"] == {"fix": "none"}
    bench.run(61, **how)
    assert "gps" in bench.faults and bench.alarm["track"] == []
    bench.run(2)
    assert not bench.faults and bench.alarm["position"]["fix"] == "gps"


def test_a_person_is_shown_how_old_the_last_position_is_and_no_record_has_it() -> None:
    bench = Bench()
    assert bench.at.shown() == {"fix": "none"}                  # there was none
    shown = bench.run(20).run(40, fixed=False).at.shown()
    assert shown is not None and shown["fix"] == "none" and shown["last"]["age_s"] == 40
    assert shown["last"]["latitude"] == pytest.approx(54.65 + 200 / 111_320, abs=1e-6)
    assert bench.alarm["position"] == {"fix": "none"}


def test_a_receiver_that_says_it_is_lost_is_believed_at_once() -> None:
    bench = Bench().run(20)
    assert bench.alarm["position"]["fix"] == "gps"
    assert bench.run(1, fixed=False).alarm["position"] == {"fix": "none"}
    assert bench.run(1).alarm["position"]["fix"] == "gps"


@pytest.mark.parametrize("turned", [False, True])
def test_dead_reckoning_that_one_sentence_owns_up_to_is_no_position(turned: bool) -> None:
    """Older receivers (NMEA 2.2) have no mode in RMC: only GGA says that the place is estimated."""
    bench = Bench()
    for second_s in range(30):
        bench.now_ns += S
        said = [sentence(f"GPRMC,1235{second_s:02d},A,4807.038,N,01131.000,E,022.4,084.4,230394,,"),
                sentence(f"GPGGA,1235{second_s:02d},4807.038,N,01131.000,E,6,08,0.9,545.4,M,46.9,M,,")]
        for line in reversed(said) if turned else said:
            bench.at.take(bench.now_ns, line)
            assert bench.alarm["position"] == {"fix": "none"} or second_s == 0
        assert bench.alarm["position"] == {"fix": "none"} and bench.alarm["track"] in ([], bench.alarm["track"][:1])


def test_noise_is_named_where_nothing_else_comes() -> None:
    bench = Bench()
    for _ in range(12):
        bench.now_ns += S
        bench.at.take(bench.now_ns, b"\x00\xff" * 150)
        bench.at.look()
    assert "wrong baud rate?" in bench.faults["gps"]


@pytest.mark.parametrize(("link", "told"), [
    ('{ kind = "serial", device = "/dev/rpm0" }', "gps and lane 1 are both on /dev/rpm0"),
    ('{ kind = "tcp", host = "192.168.2.60" }', "gps.link.port is missing"),
    ('{ kind = "modbus-tcp", host = "192.168.2.60" }', "speaks by itself"),
])
def test_a_receiver_that_cannot_be_heard_is_told_before_the_start(tmp_path: Path, link: str, told: str) -> None:
    file = tmp_path / "edge-agent.toml"
    file.write_text('version = 1\n[portal]\norigin = "a/b"\n[[lane]]\nname = "1"\ndriver = "rapiscan"\n'
                    f'link = {{ kind = "serial", device = "/dev/rpm0" }}\n[gps]\nlink = {link}\n')
    with pytest.raises(SettingsError, match=told):
        configuration.load(file)


def test_without_a_receiver_records_are_as_they_were() -> None:
    assert Positioning(None, Bench(), lambda *_: None).mark("alarm", {"id": "x"}) == {"id": "x"}  # type: ignore[arg-type]
