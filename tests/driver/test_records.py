"""Each record of the wire, in its strict form and in every form that only looks like it."""

from __future__ import annotations

import pytest

from edge_agent.drivers.rapiscan import DRIVER, RapiscanDecoder
from edge_agent.words.errors import SettingsError
from edge_agent.words.reading import (
    Condition,
    Health,
    OccupancyEnd,
    Radiation,
    Sample,
    Setup,
    Speed,
    Unreadable,
    VacantRate,
)

from .wire import GA, GB, GS, GX, NA, NB, NS, PROFILE, SETUP, SP, TC, TT, S, decoder, feed, read

AT = 100 * S


@pytest.mark.parametrize(("tag", "radiation", "limit"), [
    ("GB", Radiation.GAMMA, None), ("GH", Radiation.GAMMA, Condition.HIGH_BACKGROUND),
    ("GL", Radiation.GAMMA, Condition.LOW_BACKGROUND), ("NB", Radiation.NEUTRON, None),
    ("NH", Radiation.NEUTRON, Condition.HIGH_BACKGROUND),
])  # fmt: skip
def test_a_background_record_is_a_vacant_rate(tag: str, radiation: Radiation, limit: Condition | None) -> None:
    assert read(f"{tag},000188,000206,000262,000243\r\n".encode()) == [VacantRate(AT, radiation, (188, 206, 262, 243), limit)]


@pytest.mark.parametrize(("line", "radiation", "alarm", "interval_s"), [
    (GS, Radiation.GAMMA, False, 0.2), (GA, Radiation.GAMMA, True, 0.2),
    (NS, Radiation.NEUTRON, False, 1.0), (NA, Radiation.NEUTRON, True, 1.0),
])  # fmt: skip
def test_a_scan_record_is_an_occupied_sample(line: bytes, radiation: Radiation, alarm: bool, interval_s: float) -> None:
    (sample,) = read(line)
    assert isinstance(sample, Sample)
    assert (sample.radiation, sample.vendor_alarm, sample.interval_s, sample.occupied) == (radiation, alarm, interval_s, True)


def test_counts_stand_in_the_order_of_the_wire() -> None:
    (sample,) = read(GS)
    assert isinstance(sample, Sample) and sample.counts == (40, 41, 52, 49)


def test_the_end_of_an_occupancy_has_its_counter() -> None:
    assert read(GX) == [OccupancyEnd(AT, 123)]


def test_a_cabinet_opens_and_closes() -> None:
    assert read(TT + TC) == [Health(AT, Condition.TAMPER, True, "cabinet"), Health(AT, Condition.TAMPER, False, "cabinet")]


@pytest.mark.parametrize(("seconds_per_foot", "speed_mps"), [("0.2249", 1.3553), ("0.0136", 22.41), ("1.0000", 0.3048)])
def test_speed_is_a_foot_over_its_seconds(seconds_per_foot: str, speed_mps: float) -> None:
    (speed,) = read(f"SP,{seconds_per_foot},03.032,004.88,000000\r\n".encode())
    assert isinstance(speed, Speed) and speed.speed_mps == pytest.approx(speed_mps, rel=1e-3)


@pytest.mark.parametrize("fields", [
    "000.0,03.032,004.88,000000", "0.0000,00.000,000.00,000000", "-0.22,03.032,004.88,000000", "0.2249,03.032,004.88",
    "0.2249,03.032,004.88,0", "1e-3,03.032,004.88,000000", "nan,nan,nan,000000", "inf,03.032,004.88,000000",
    "0.2249,03.032,004.88,000000,000000", "2249,03.032,004.88,000000", ".2249,03.032,004.88,000000", "0.2_9,3.0,4.8,000000",
])  # fmt: skip
def test_a_speed_of_another_form_is_unreadable(fields: str) -> None:
    (found,) = read(f"SP,{fields}\r\n".encode())
    assert isinstance(found, Unreadable)


@pytest.mark.parametrize("line", SETUP)
def test_a_settings_record_keeps_its_fields(line: bytes) -> None:
    tag, *fields = line.decode().rstrip("\r\n").split(",")
    assert read(line) == [Setup(AT, tag, tuple(fields))]


@pytest.mark.parametrize("line", [
    b"SG1,000660,000090,05,10,07.0,P", b"SG1,000450,000068,06,08,14.0,P", b"SG2,1111,0.069,0.455,01,1111,T",
])  # fmt: skip
def test_settings_seen_in_the_field_are_read(line: bytes) -> None:
    (found,) = read(line + b"\r\n")
    assert isinstance(found, Setup)


@pytest.mark.parametrize("line", [
    b"SG1,000450,000068,05,10,08.0", b"SG1,000450,000068,05,10,08.0,P,X", b"SG4,1,2,3,4,5,6", b"SN3,1,2,3,4,5",
    b"SN1,000050,05,0047,1200,02", b"SG3,0.069,0.455,020,000", b"SG,1,2,3,4,5,6", b"SG1", b"SG1,", b"SX1,1,2,3,4,5,6",
    b"SN2,0.504,5.040,0.504,5.040,P P",
])  # fmt: skip
def test_settings_of_another_form_are_unreadable(line: bytes) -> None:
    (found,) = read(line + b"\r\n")
    assert isinstance(found, Unreadable)


TAGS = ("GB", "GH", "GL", "NB", "NH", "GS", "GA", "NS", "NA", "GX", "TT", "TC")
WRONG = (
    "-00188,000206,000262,000243", "+00188,000206,000262,000243", "1_0188,000206,000262,000243", " 00188,000206,000262,000243",
    "00188,000206,000262,000243", "0000188,000206,000262,000243", "000188,000206,000262", "000188,000206,000262,000243,000001",
    "000188,000206,000262,000243,", "000188,000206,,000243", "000188;000206;000262;000243", "000188,000206,000262,00024A",
    "000188,000206,000262,0x0243", "00018.,000206,000262,000243", "٠٠٠١٨٨,000206,000262,000243", "００0188,000206,000262,000243",
    "000188,000206,000262,000243 ", "000188, 00206,000262,000243", "", "000188,000206,000262,²00243",
)


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("fields", WRONG)
def test_fields_that_are_not_four_times_six_digits_are_unreadable(tag: str, fields: str) -> None:
    line = f"{tag},{fields}".encode()
    (found,) = read(line + b"\r\n")
    assert isinstance(found, Unreadable) and found.data == line


@pytest.mark.parametrize("line", [
    b"XX,000188,000206,000262,000243", b"gs,000188,000206,000262,000243", b"GZ,000188,000206,000262,000243",
    b"NL,000188,000206,000262,000243", b"NX,000188,000206,000262,000243", b"TA,000000,000000,000000,000000",
    b"G,000188,000206,000262,000243", b"GSS,000188,000206,000262,000243", b",000188,000206,000262,000243", b"hello", b"GS",
    b"\x00GS,000188,000206,000262,000243", b"GS,000188,000206,000262,000243\x00", b" GS,000188,000206,000262,000243",
    b"GS,000188,000206,000262,000243\r", b"\xffGS,000188,000206,000262,000243", b"GS,000188,000206,000262,000243GS",
])  # fmt: skip
def test_a_record_of_no_known_form_is_unreadable_and_kept(line: bytes) -> None:
    (found,) = read(line + b"\r\n")
    assert isinstance(found, Unreadable) and found.data == line


def test_a_line_end_without_carriage_return_is_taken() -> None:
    assert len(read(GS.replace(b"\r", b"") + GB.replace(b"\r", b""))) == 2


def test_a_bad_line_does_not_hide_its_neighbours() -> None:
    assert [type(reading) for reading in read(GB + b"G?,1\r\n" + NB)] == [VacantRate, Unreadable, VacantRate]


@pytest.mark.parametrize("line", [GB, NB, GS, GA, NS, NA, GX, TT, TC, SP, *SETUP])
def test_every_reading_knows_the_name_of_its_record(line: bytes) -> None:
    (reading,) = read(line)
    assert DRIVER.record_type(reading) == line.split(b",")[0].decode()


def test_what_is_unreadable_has_no_record_name() -> None:
    assert DRIVER.record_type(read(b"noise\r\n")[0]) == ""


@pytest.mark.parametrize(("tag", "kept"), [
    ("GS", (40, 52)), ("GB", (40, 52)), ("NS", (40, 41, 52, 49)), ("NB", (40, 41, 52, 49)),
])  # fmt: skip
def test_a_field_without_a_detector_is_left_out(tag: str, kept: tuple[int, ...]) -> None:
    made = decoder(gamma=["Aa1", "-", "Ba1", "-"])
    (found,) = feed(made, (1.0, f"{tag},000040,000041,000052,000049\r\n".encode()))
    assert isinstance(found, Sample | VacantRate)
    assert (found.counts if isinstance(found, Sample) else found.rates_cps) == kept


def test_a_profile_that_does_not_name_every_field_is_refused_with_its_remedy() -> None:
    import dataclasses

    with pytest.raises(SettingsError, match="write '-' for a field"):
        RapiscanDecoder(dataclasses.replace(PROFILE, neutron=["N1", "N2"]))


def test_the_driver_says_how_far_it_was_verified() -> None:
    assert "never yet on hardware" in DRIVER.status
