"""Instruments that give a dose rate: their own alarms are told at once, what is no measurement is none, no counts are made."""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.drivers.ecotest_bdbg09 import BdbgDecoder, Frames, checksum
from edge_agent.drivers.ludlum375 import LudlumDecoder
from edge_agent.hands.annunciator import sentence
from edge_agent.judgement.portal import Portal
from edge_agent.tools import alarm_text, bodies, n42, reading_text, times
from edge_agent.tools.exchange import Exchange, pack
from edge_agent.words.dialect import Outcome
from edge_agent.words.errors import SettingsError
from edge_agent.words.event import Alarm, Event, Fault, MeasuredDose
from edge_agent.words.reading import Chunk, Condition, DoseRate, Health, Reading, Unreadable
from edge_agent.words.settings import LaneSettings, LinkSettings
from hardware_mocks import ecotest_bdbg09, ludlum375
from tests.test_captures import profile_of

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = ROOT.parent / "shared/n42/n42.xsd"
S = 10**9
ASK = b"\x03"           # the dose rate of unit 3


# --- Ludlum 375

def ludlum(*pieces: bytes) -> list[Reading]:
    decoder = LudlumDecoder(profile_of("ludlum375"))
    first = decoder.feed(Chunk(0, b"0000.1000010\r\n"))
    return [*first, *(r for at, piece in enumerate(pieces, 1) for r in decoder.feed(Chunk(at * S, piece)))]


def conditions(readings: list[Reading]) -> list[tuple[str, bool]]:
    return [(f"{r.part}-{r.condition.value}".strip("-"), r.present) for r in readings if isinstance(r, Health)]


def doses(readings: list[Reading]) -> list[float]:
    return [r.value for r in readings if isinstance(r, DoseRate)]


@pytest.mark.parametrize("form", [ludlum375.line, ludlum375.document])
def test_its_alarms_begin_and_end_and_the_dose_rate_is_what_it_shows(form: object) -> None:
    assert callable(form)
    readings = ludlum(form(0.1), form(0.15), form(0.3), form(0.1))
    assert doses(readings) == [0.1, 0.1, 0.15, 0.3, 0.1]
    assert conditions(readings) == [("low-instrument-alarm", True), ("high-instrument-alarm", True),
                                    ("high-instrument-alarm", False), ("low-instrument-alarm", False)]


@pytest.mark.parametrize(("line", "condition"), [
    (b"0000.0000000\r\n", "not-ready"), (b"0000.0000015\r\n", "portal-error"), (b"9999.0000110\r\n", "over-range"),
])
def test_a_zero_of_a_monitor_that_is_off_or_failed_is_no_dose_rate(line: bytes, condition: str) -> None:
    readings = ludlum(line)
    assert conditions(readings) == [(condition, True)] and doses(readings) == [0.1]


def test_a_unit_that_is_not_the_profiles_is_told_and_its_number_keeps_its_own() -> None:
    readings = ludlum(ludlum375.document(0.1).replace(b"<units_code>03", b"<units_code>07"))
    assert conditions(readings) == [("profile-mismatch", True)]
    assert [r.unit for r in readings if isinstance(r, DoseRate)] == ["uSv/h", "code 07"]


def test_a_document_that_broke_off_does_not_take_the_next_with_it() -> None:
    for cut in range(1, len(ludlum375.document(0.1)) - len("</area_monitor>")):
        readings = ludlum(ludlum375.document(0.1)[:cut], ludlum375.document(0.11))
        assert doses(readings) == [0.1, 0.11] and any(isinstance(r, Unreadable) for r in readings)


@given(st.sampled_from([ludlum375.line(0.1), ludlum375.document(0.1)]), st.data())
def test_a_flipped_bit_costs_one_message_at_most(message: bytes, data: st.DataObject) -> None:
    at, bit = data.draw(st.integers(0, len(message) - 1)), data.draw(st.integers(0, 7))
    bent = message[:at] + bytes((message[at] ^ 1 << bit,)) + message[at + 1 :]
    readings = ludlum(message, bent, message, message)
    assert doses(readings)[:2] == [0.1, 0.1] and doses(readings)[-1] == 0.1 and len(doses(readings)) >= 3
    assert len(doses(readings)) <= 5


def test_without_a_unit_in_the_profile_it_is_asked_for() -> None:
    with pytest.raises(SettingsError, match="dose_unit is missing"):
        LudlumDecoder(dataclasses.replace(profile_of("ludlum375"), dose_unit=""))


# --- ECOTEST BDBG-09

def frame(unit: int, usv_h: float, flags: int = 0) -> bytes:
    held = ecotest_bdbg09.Unit(usv_h=usv_h, flags=flags)
    ((_, data),) = ecotest_bdbg09.Line({unit: held}, "rtu", random.Random(1)).answers(b"\x55\xaa" + bytes((unit,)), 0.0)
    return data


def test_an_answer_is_of_the_unit_that_was_asked() -> None:
    frames, mine, other = Frames(), frame(3, 0.12), frame(4, 0.12)
    assert all(frames.take(mine[:cut], ASK) is None for cut in range(len(mine)))
    found, late = frames.take(mine, ASK), frames.take(other + mine, ASK)
    assert found and found.outcome is Outcome.ANSWER and frames.longest(ASK) == len(mine) == found.used
    assert late and late.outcome is Outcome.LATE and late.used == len(other) and not frames.mine(late.body, ASK)
    echo = frames.take(frames.frame(ASK) + mine, ASK)
    assert echo and echo.outcome is Outcome.ANSWER and echo.used == 3 + len(mine)


@given(st.binary(max_size=40))
def test_the_checksum_is_the_same_with_and_without_the_head(data: bytes) -> None:
    assert (checksum(b"\x55\xaa" + data) - checksum(data)) % 255 == 0


@given(usv_h=st.floats(0, 1000), at=st.integers(0, 9), bit=st.integers(0, 7))
def test_any_one_flipped_bit_is_noticed(usv_h: float, at: int, bit: int) -> None:
    data = frame(3, usv_h)
    bent = data[:at] + bytes((data[at] ^ 1 << bit,)) + data[at + 1 :]
    found = Frames().take(bent, ASK)
    assert found and found.outcome in (Outcome.CHECKSUM, Outcome.FRAMING)


def bdbg(*answers: bytes) -> list[Reading]:
    decoder = BdbgDecoder(profile_of("ecotest_bdbg09"))
    packed = [pack(Exchange(ASK, Outcome.ANSWER, answer)) for answer in answers]
    return [r for at, data in enumerate(packed) for r in decoder.feed(Chunk(at * S, data))]


def test_scale_error_and_flags() -> None:
    readings = bdbg(frame(3, 0.12)[2:-1], frame(3, 70.0, 0x80)[2:-1], frame(3, 0.1, 0x01)[2:-1], frame(3, 0.0, 0x04)[2:-1])
    assert doses(readings) == [0.12, 70.0, 0.1]
    assert conditions(readings) == [("portal-error", True), ("portal-error", False), ("not-ready", True)]
    assert [r.error_pct for r in readings if isinstance(r, DoseRate)] == [10.0] * 3


def test_people_read_it_in_its_own_unit() -> None:
    assert reading_text.line(DoseRate(0, 0.12, "uSv/h", 9.0)) == "dose rate 0.12 uSv/h +- 9 %"
    assert reading_text.line(DoseRate(0, 3.0, "mR/h")) == "dose rate 3 mR/h"


# --- judged

def portal(**profile: object) -> Portal:
    lane = LaneSettings("7", "ludlum375", LinkSettings("serial", device="/dev/x"), mode="continuous")
    return Portal(lane, dataclasses.replace(profile_of("ludlum375"), **profile), lambda: "id")  # type: ignore[arg-type]


def observed(made: Portal, *readings: Reading) -> list[Event]:
    return [event for reading in readings for event in made.observe(reading)]


def test_a_limit_of_ours_is_told_and_over_when_it_is_below() -> None:
    made = portal(dose_high=0.5)
    events = observed(made, *(DoseRate(n * S, value, "uSv/h") for n, value in enumerate((0.1, 0.6, 0.7, 0.2))))
    told = [(e.condition, e.present) for e in events if isinstance(e, Fault)]
    assert told == [(Condition.DOSE.value, True), (Condition.DOSE.value, False)]
    assert not made.last_counts and not made.tally.samples


def test_above_the_limit_is_one_alarm_until_it_was_below_for_a_minute() -> None:
    """Signed, lit and at the centre like any other; a rate that swings around its limit is not an alarm a reading."""
    made = portal(dose_high=0.5)
    rates = (0.1, 0.6, 0.4, 0.7, 0.2)
    events = observed(made, *(DoseRate(2 * n * S, value, "uSv/h") for n, value in enumerate(rates)),
                      DoseRate(100 * S, 0.9, "uSv/h"))
    alarms = [event for event in events if isinstance(event, Alarm)]
    assert [(a.at_ns, a.judgement.rule, a.dose) for a in alarms] == [
        (2 * S, "dose/1", MeasuredDose(0.6, "uSv/h", 0.5)), (100 * S, "dose/1", MeasuredDose(0.9, "uSv/h", 0.5))]
    assert made.tally.alarms["dose/1"] == 2
    assert "0.6 uSv/h, above the limit of 0.5: keep distance" in sentence(alarms[0])


def test_the_instruments_own_alarm_is_one_too_and_its_higher_one_another() -> None:
    made = portal()
    events = observed(made, DoseRate(S, 3.0, "mR/h"), Health(S, Condition.ALARM, True, "", "low"),
                      Health(3 * S, Condition.ALARM, True, "", "high"), Health(5 * S, Condition.ALARM, False, "", "high"))
    assert [(e.judgement.rule, e.dose, e.notes) for e in events if isinstance(e, Alarm)] == [
        ("vendor", MeasuredDose(3.0, "mR/h", None), (f"the instrument's own {part} alarm",)) for part in ("low", "high")]
    assert [(e.condition, e.present) for e in events if isinstance(e, Fault)] == [
        ("low-instrument-alarm", True), ("high-instrument-alarm", True), ("high-instrument-alarm", False)]


def test_an_alarm_has_the_rate_it_came_with_and_never_an_old_or_invented_one() -> None:
    """It said 0 uSv/h where the first message ever was an alarm, and the rate before a silence after it."""
    made, decoder = portal(), LudlumDecoder(profile_of("ludlum375"))
    lines = [(0, b"0000.1000010\r\n"), (1, b"0007.5011010\r\n")]
    events = [event for at, line in lines for reading in decoder.feed(Chunk(at * S, line)) for event in made.observe(reading)]
    assert [e.dose for e in events if isinstance(e, Alarm)] == [MeasuredDose(7.5, "uSv/h", None)] * 2
    unknown = MeasuredDose(None, "uSv/h", None)
    for readings in ([], [DoseRate(S, 0.1, "uSv/h")]):
        told = observed(portal(), *readings, Health(60 * S, Condition.ALARM, True, "", "high"))
        (alarm,) = (e for e in told if isinstance(e, Alarm))
        assert alarm.dose == unknown and "dose rate not known, the instrument's own alarm: keep distance" in sentence(alarm)


@pytest.mark.parametrize(("unit", "value"), [("uSv/h", "DoseRateValue>0.6<"), ("mR/h", "DoseRateLevelDescription>0.6 mR/h<")])
def test_its_record_fits_the_schema_and_reads_as_a_dose_rate(unit: str, value: str) -> None:
    made = portal(dose_high=0.5, dose_unit=unit)
    (alarm,) = (e for e in observed(made, DoseRate(S, 0.6, unit)) if isinstance(e, Alarm))
    context = bodies.Context(lambda at_ns: times.moment(at_ns, 1, 0, 1_795_456_800_000_000_000), "1.0", "cfg")
    _, body = bodies.of_event(alarm, context)
    whole = {"v": 1, "log": "rpm.example.gov/portal/T", "seq": 0, "prev": None, "nk": "A" * 43,
             "t": {"wall": body["at"]["wall"], "boot": 1, "mono_ms": 0, "src": "ntp", "unc_ms": 1}, **body}
    jsonschema.validate(whole, json.loads((ROOT / "edge_agent/words/schemas/alarm.schema.json").read_text()))
    assert f"0.6 {unit}, above the limit of 0.5" in " ".join(alarm_text.story(whole))
    document = n42.document(whole, None)
    assert value in document.decode() and "GrossCounts" not in document.decode()
    if SCHEMA.exists():
        etree = pytest.importorskip("lxml.etree")
        etree.XMLSchema(etree.parse(SCHEMA)).assertValid(etree.fromstring(document))


def test_a_number_in_another_unit_is_not_held_against_the_limit() -> None:
    assert not observed(portal(dose_high=0.5), DoseRate(S, 100.0, "code 07"))


def test_silence_is_told_and_the_last_value_no_longer_shown() -> None:
    made = portal()
    observed(made, DoseRate(S, 0.1, "uSv/h"))
    assert made.dose.shown(2 * S, known=True) == {"value": 0.1, "unit": "uSv/h", "error_pct": None, "age_s": 1.0}
    assert any(isinstance(e, Fault) and e.condition == "silence" for e in made.tick(20 * S))
    assert made.dose.shown(20 * S, known=False) is None
