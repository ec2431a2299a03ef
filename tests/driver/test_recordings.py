"""Recordings and daily files: written, read back, and refused by line number."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_agent.commands import main
from edge_agent.tools import capture, daily_file
from edge_agent.words.errors import SettingsError
from edge_agent.words.reading import Chunk

from .wire import GB, GS, GX, NB

VILNIUS_WINTER = timezone(timedelta(hours=2))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=60)), max_size=20))
@example([(0, b"\\"), (1, b"\\x41"), (2, b"\\\\n"), (3, b"\r\n\t\x00\xff#"), (4, b" "), (5, b"")])
def test_any_bytes_recorded_are_read_back(pieces: list[tuple[int, bytes]]) -> None:
    chunks = [Chunk(at_us * 1000, data) for at_us, data in sorted(pieces)]
    lines = [capture.HEADER + " driver=rapiscan"] + [capture.write_line(chunk, 0) for chunk in chunks]
    assert list(capture.read(lines)) == chunks


@given(st.binary(max_size=60))
def test_a_recorded_line_is_printable_ascii(data: bytes) -> None:
    text = capture.escape(data)
    assert text.isascii() and (text == "" or text.isprintable())


def test_a_recording_begins_at_its_own_zero() -> None:
    assert capture.write_line(Chunk(12_810_234_567, b"A"), 10_000_000_000) == "2.810234567 A"


def test_a_bare_listing_gets_its_line_ends_back() -> None:
    found = list(capture.read(["0.172 GS,000051", "0.4 GX"]))
    assert found == [Chunk(172_000_000, b"GS,000051\r\n"), Chunk(400_000_000, b"GX\r\n")]


def test_a_bare_listing_keeps_backslashes_as_they_are() -> None:
    assert list(capture.read([r"1.0 a\n"])) == [Chunk(10**9, b"a\\n\r\n")]


@pytest.mark.parametrize("line", ["GS,000051", "x 1", "-1.0 GS", "1.0", "1,5 GS", "1e3 GS", "1.0000000001 GS", "\t1.0 GS"])
def test_a_line_that_is_no_recording_is_named(line: str) -> None:
    with pytest.raises(SettingsError, match=r"lane\.capture, line 3"):
        list(capture.read([capture.HEADER, "1.0 GS", line], "lane.capture"))


@pytest.mark.parametrize("text", [r"1.0 \q", r"1.0 \xZZ", r"1.0 \xF", "1.0 \\"])
def test_an_unknown_escape_is_named_with_file_and_line(text: str) -> None:
    with pytest.raises(SettingsError, match=r"lane\.capture, line 2"):
        list(capture.read([capture.HEADER, text], "lane.capture"))


def test_a_recording_in_another_alphabet_is_refused_not_crashed_on() -> None:
    with pytest.raises(SettingsError, match=r"lane\.capture, line 2"):
        list(capture.read([capture.HEADER, "1.0 GS€"], "lane.capture"))


def replayed(path: Path, capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, object]:
    assert main(["replay", "--json", str(path)]) == code
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


BARE = "0.5 GB,000188,000206,000262,000243\n5.5 GB,000188,000206,000262,000243\n"
ESCAPED = capture.HEADER + " driver=rapiscan\n" + BARE.replace("\n", "\\r\\n\n")


@pytest.mark.parametrize("text", [BARE, ESCAPED], ids=["bare", "escaped"])
def test_a_recording_that_went_through_windows_reads_the_same(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "unix").write_text(text)
    (tmp_path / "dos").write_bytes(text.replace("\n", "\r\n").encode())
    assert replayed(tmp_path / "dos", capsys) == replayed(tmp_path / "unix", capsys)


@pytest.mark.parametrize("noise", [b"\x85", b"\x0b", b"\x0c", b"\x1c", b"\xa0"])
def test_noise_in_a_bare_listing_is_noise_and_not_a_line_end(
    noise: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "listing").write_bytes(b"0.5 GB,000188,000206,000262,000243\n5.5 GB,0001" + noise + b"8\n")
    assert replayed(tmp_path / "listing", capsys)["unreadable"] == 1


# --- daily files

REAL = ["NB,000002,000002,000002,000002,00-00-04.841", "GB,000822,000750,000770,000757,00-00-04.919"]


def test_a_daily_file_is_read_with_its_times() -> None:
    assert list(daily_file.read(REAL)) == [
        Chunk(4_841_000_000, b"NB,000002,000002,000002,000002\r\n"), Chunk(4_919_000_000, b"GB,000822,000750,000770,000757\r\n"),
    ]


def test_where_there_is_utc_it_is_read() -> None:
    (chunk,) = daily_file.read(["GB,000188,000206,000262,000243,12-00-00.961,16-00-00.961\r\n"])
    assert chunk.at_ns == 16 * 3600 * 10**9 + 961_000_000


def test_times_go_on_past_midnight() -> None:
    late, early = daily_file.read(["GX,1,23-59-59.900", "GX,2,00-00-00.100"])
    assert early.at_ns - late.at_ns == 200_000_000


def test_times_go_on_past_two_midnights() -> None:
    found = list(daily_file.read([f"GX,1,{h:02d}-00-00.000" for h in (3, 21, 3, 21, 3)]))
    assert [chunk.at_ns // (3600 * 10**9) for chunk in found] == [3, 21, 27, 45, 51]


def test_two_lines_in_disorder_are_not_a_day_apart() -> None:
    one, other = daily_file.read(["GX,1,12-00-00.100", "GX,2,12-00-00.000"])
    assert one.at_ns - other.at_ns == 100_000_000


def test_utc_midnight_is_a_midnight_too() -> None:
    late, early = daily_file.read(["GX,1,01-59-59.900,23-59-59.900", "GX,2,02-00-00.100,00-00-00.100"])
    assert early.at_ns - late.at_ns == 200_000_000


@pytest.mark.parametrize("line", [
    "GB,000188,000206,000262,000243", "GB,000188,12:00:00.961", "GB,000188,12-00-00", "GB,000188,12-60-00.000",
    "12-00-00.961", "hello", "GB,000188,12-00-00.961,", "GB,000188,12-00-00.9611", "S1,NaI,SPM", ",12-00-00.961",
])  # fmt: skip
def test_a_bad_line_of_a_daily_file_is_named(line: str) -> None:
    with pytest.raises(SettingsError, match=r"lane\.csv, line 2"):
        list(daily_file.read([REAL[0], line], "lane.csv"))


@pytest.mark.parametrize("hour", [24, 25, 29])
def test_an_hour_that_no_day_has_is_refused(hour: int) -> None:
    with pytest.raises(SettingsError):
        list(daily_file.read([f"GX,1,{hour}-00-00.000"]))


def test_a_daily_file_is_written_as_portals_write_it() -> None:
    local = datetime(2026, 11, 23, 20, 4, 5, 961_999, VILNIUS_WINTER)
    assert daily_file.write_line(b"GX,000123,004741,000000,000000", local) == "GX,000123,004741,000000,000000,20-04-05.961\r\n"


def test_local_time_stands_before_utc() -> None:
    local = datetime(2026, 11, 23, 20, 4, 5, 7_000, VILNIUS_WINTER)
    assert daily_file.write_line(b"GX", local, local.astimezone(UTC)) == "GX,20-04-05.007,18-04-05.007\r\n"


def test_the_date_is_in_the_name_of_the_file() -> None:
    assert daily_file.file_name("2", datetime(2026, 3, 9, 0, 0, 0)) == "2_2026-03-09.csv"


@settings(max_examples=100)
@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(VILNIUS_WINTER)),
       st.sampled_from([GB, NB, GS, GX]), st.booleans())
def test_what_is_written_is_read_back(local: datetime, record: bytes, with_utc: bool) -> None:
    utc = local.astimezone(UTC) if with_utc else None
    (chunk,) = daily_file.read([daily_file.write_line(record.rstrip(b"\r\n"), local, utc)])
    moment = utc or local
    ms = ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1000 + moment.microsecond // 1000
    assert chunk == Chunk(ms * 1_000_000, record)


def test_a_daily_file_is_replayed_like_a_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "2_2026-11-23.csv").write_bytes("\r\n".join([*REAL, "GX,000001,004741,000000,000000,00-00-09.000", ""]).encode())
    found = replayed(tmp_path / "2_2026-11-23.csv", capsys, code=3)         # read, but no scan to judge its vehicle by
    assert (found["records"], found["occupancies"]) == ({"GB": 1, "GX": 1, "NB": 1}, 1)


def test_a_missing_recording_is_a_clear_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    assert (main(["replay", "/nonexistent/x.capture"]), "cannot read /nonexistent" in capsys.readouterr().err) == (3, True)
