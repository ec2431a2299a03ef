"""A CSV of counts: what it says is read, what it does not say is refused with file, line, column and remedy."""

from __future__ import annotations

import pytest

from edge_agent.tools.counts_file import CountsFile, looks_like
from edge_agent.words.errors import SettingsError
from edge_agent.words.reading import OccupancyEnd, Radiation, Reading, Sample, Speed

G, N = Radiation.GAMMA, Radiation.NEUTRON


def read(text: str, **renamed: str) -> list[Reading]:
    return [reading for _, readings in CountsFile(text.split("\n"), "site.csv", renamed).steps() for reading in readings]


def refused(text: str, **renamed: str) -> str:
    with pytest.raises(SettingsError) as found:
        read(text, **renamed)
    return str(found.value)


def test_a_vehicle_is_its_counts_its_speed_and_its_end() -> None:
    text = """# of the trial on 24 November
time_s,interval_s,gamma_A,gamma_B,neutron_A,occupied,speed_mps,vendor_gamma
10.2,0.2,50,51,,0,,0
10.4,0.2,52,53,,1,,0
10.6,0.2,54,55,3,1,2.25,1

10.8,0.2,56,57,,0,,0
"""
    assert read(text) == [
        Sample(0, G, 0.2, (50, 51), False), Sample(2 * 10**8, G, 0.2, (52, 53), True),
        Sample(4 * 10**8, G, 0.2, (54, 55), True, True), Sample(4 * 10**8, N, 0.6, (3,), True), Speed(4 * 10**8, 2.25),
        OccupancyEnd(6 * 10**8, 1), Sample(6 * 10**8, G, 0.2, (56, 57), False),
    ]


def test_without_an_interval_the_first_two_lines_tell_it() -> None:
    assert [sample.interval_s for sample in read("time_s,gamma\n1,5\n1.5,6\n2,7") if isinstance(sample, Sample)] == [0.5] * 3


def test_columns_of_other_names_are_read_by_a_mapping() -> None:
    found = read("when,lat,A1,cps\n1,55.1,7,2\n2,55.2,8,3", when="time_s", lat="-", A1="gamma_A1", cps="-")
    assert [reading.counts for reading in found if isinstance(reading, Sample)] == [(7,), (8,)]


def test_a_series_of_radiacode_tools_is_read_as_it_is() -> None:
    text = "timestamp,dt_live_s,counts\n1737406897.754,2,0\n1737406898.786,1,51302\n"
    assert looks_like(text.split("\n")[0])
    assert read(text) == [Sample(0, G, 2.0, (0,), False), Sample(1_032_000_000, G, 1.0, (51302,), False)]


def test_counts_go_in_the_order_of_the_lane() -> None:
    file = CountsFile(["time_s,gamma_B,gamma_A", "1,5,6", "2,7,8"], "site.csv")
    first = next(file.steps({G: ("A", "B"), N: ()}))[1][0]
    assert isinstance(first, Sample) and first.counts == (6, 5)
    with pytest.raises(SettingsError, match=r"line 1: gamma columns are B, A; the lane has Aa1"):
        next(file.steps({G: ("Aa1",), N: ()}))


def test_a_file_from_excel_is_read() -> None:
    assert len(read("\ufefftime_s,gamma\r\n1,5\r\n2,6\r\n")) == 2


HEAD = "time_s,interval_s,gamma_A,neutron_A,occupied,speed_mps\n"


@pytest.mark.parametrize(("line", "says"), [
    ("2,0.2,4.5,,0,", "line 3, column gamma_A = '4.5': expected a whole number"),
    ("2,0.2,-4,,0,", "column gamma_A = '-4'"),
    ("2,0.2,4,1_0,0,", "column neutron_A = '1_0'"),
    ("2,0.2,5000000000,,0,", "column gamma_A"),
    ("2,0.2,4,,yes,", "column occupied = 'yes': expected 0 or 1"),
    ("2,0,4,,0,", "column interval_s = '0': expected 0.01 to 600 s"),
    ("2,0.2,4,,1,80", "column speed_mps = '80': expected 0.05 to 60 m/s"),
    ("12:00:01,0.2,4,,0,", "column time_s = '12:00:01': expected a number"),
    ("nan,0.2,4,,0,", "column time_s = 'nan'"),
    (",0.2,4,,0,", "column time_s: expected a time in s"),
    ("1,0.2,4,,0,", "column time_s = '1': expected a time after that of the line before"),
    ("2,0.2,4,,0", "line 3: 5 cells, expected 6"),
    ('2,0.2,"4,,0,', "line 3"),
])
def test_a_cell_that_is_not_what_its_column_says_is_named(line: str, says: str) -> None:
    message = refused(HEAD + "1,0.2,3,,0,\n" + line)
    assert message.startswith("site.csv, line 3") and says in message and "\n  " in message


@pytest.mark.parametrize(("text", "says"), [
    ("", "the file is empty"),
    ("time_s,gamma\n", "no line of counts"),
    ("gamma\n1", "column time_s: expected a column"),
    ("time_s,neutron_A\n1,2", "column gamma_...: expected a column for each detector"),
    ("time_s,gamma,place\n1,2,3", "column place: expected a column this format knows"),
    ("time_s,gamma,gamma\n1,2,3", "column gamma: expected one column"),
    ("time_s;gamma\n1;2", "not parted by commas"),
    ("time_s,gamma\n1,2", "with one line it cannot be told"),
    ("time_s,gamma_A,gamma_B\n1,2,\n2,3,4", "line 2, column gamma_B"),
])
def test_a_file_that_cannot_be_read_says_what_to_do(text: str, says: str) -> None:
    message = refused(text)
    assert says in message and "\n  " in message
