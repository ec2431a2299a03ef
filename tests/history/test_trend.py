"""The table of `trend`: 80 columns, honest about gaps; the numbers in it and in the CSV."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.tools import po_file, trend, trend_picture, trend_text
from edge_agent.words import language
from edge_agent.words.minute import DOSE, Group, Minute

PANELS = ("Aa1", "Aa2", "Ba1", "Ba2")
BEGIN_S, DAY_S = 1_790_000_000, 86400


def minute(i: int, gamma: tuple[int, ...] = (250, 250, 250, 250), faults: tuple[str, ...] = (), vehicles: int = 0) -> Minute:
    groups = (Group("gamma", PANELS, 60_000, tuple(rate * 60 for rate in gamma)),
              Group("neutron", ("Aa1N", "Aa2N"), 60_000, (120, 60)))
    return Minute(BEGIN_S + 60 * i, groups, 300, vehicles, 0, frozenset(faults))


def text(minutes: list[Minute], marks: str = trend_text.BLOCKS) -> list[str]:
    found = trend.gather(minutes, BEGIN_S, BEGIN_S + DAY_S, trend_text.SPARK)
    return list(trend_text.page("2", found, lambda at_s: f"day {at_s:.0f}", marks))


def row(lines: list[str], name: str) -> list[str]:
    return next(line.split() for line in lines if line.split()[:1] == [name])


def test_a_panel_that_loses_gain_through_the_day_drifts() -> None:
    lines = text([minute(i, (250 - i * 100 // 1440, 250, 250, 250)) for i in range(1440)])
    assert max(map(len, lines)) <= 80
    assert float(row(lines, "Aa1")[5]) < -4 < 0 < float(row(lines, "Aa2")[5])
    assert row(lines, "Aa1")[6][0] == "█" and row(lines, "Aa1")[6][-1] == "▁"
    assert row(lines, "Ba2")[1:5] == ["250.0", "250.0", "250.0", "26.3%"]
    assert row(lines, "Aa1N")[1] == "2.000" and row(lines, "Aa1N")[4] == "66.7%"


def test_the_same_columns_and_numbers_in_lithuanian() -> None:
    minutes = [minute(i, faults=("link",), vehicles=i % 3 == 0) for i in range(1440)]
    english = text(minutes)
    file = Path(__file__).resolve().parents[2] / "config/languages/lt.po"
    language.speak(po_file.catalogue(po_file.read(file.read_text(), "lt.po"), "lt.po"))
    try:
        found = text(minutes)
        drawing = trend_picture.draw("2", trend.gather(minutes, BEGIN_S, BEGIN_S + DAY_S, 240), str)
    finally:
        language.speak(None)
    assert max(map(len, found)) <= 80 and len(found) == len(english)
    panels = [line for line in english if line.split()[0] in (*PANELS, "Aa1N", "Aa2N")]
    assert len(panels) == 6 and set(panels) <= set(found)
    heads = next(line for line in found if "vid." in line)
    assert heads.startswith("gama /s") and any(line.startswith("neutr. /s") for line in found)
    assert "žinoma 1440 minučių" in drawing and "vehicles" not in drawing and "share" not in drawing


def test_hours_the_core_did_not_run_are_blank_and_said() -> None:
    lines = text([minute(i) for i in range(720)])
    assert "50% of it" in lines[1] and "12 h known" in lines[1]
    assert len(row(lines, "Aa1")[-1]) == trend_text.SPARK // 2


def test_faults_are_listed_longest_first_with_when() -> None:
    lines = text([minute(i, faults=("link",) if i < 300 else ("tamper", "noisy:Aa1") if i < 310 else ()) for i in range(1440)])
    names = [line.split()[1] for line in lines if line.startswith("  !!")]
    assert names == ["link", "noisy:Aa1", "tamper"] and any("5 h" in line for line in lines)


def test_vehicles_are_counted_in_signs_any_console_shows() -> None:
    lines = text([minute(i, vehicles=i % 3 == 0) for i in range(1440)], trend_text.ASCII)
    assert row(lines, "vehicles")[1] == "480" and all(line.isascii() for line in lines)


def test_nothing_kept_is_said() -> None:
    assert "nothing is kept of this time" in text([])[-1]


def test_a_minute_given_twice_counts_once() -> None:
    found = trend.gather([minute(1, vehicles=1), minute(1, vehicles=1)], BEGIN_S, BEGIN_S + DAY_S, 30)
    assert found.minutes == 1 and sum(found.occupancies) == 1


def test_the_table_has_one_row_a_minute_and_blanks_where_nothing_was_counted() -> None:
    blind = Minute(BEGIN_S + 60, (Group("gamma", PANELS, 0, (0,) * 4),), 0, 0, 0, frozenset({"link"}))
    head, first, second = trend.rows([minute(0), blind])
    assert dict(zip(head, first, strict=True))["Aa1_gamma"] == "250"
    assert dict(zip(head, second, strict=True)) | {"Aa1_gamma": "", "Aa1N_neutron": "", "faults": "link"} == dict(
        zip(head, second, strict=True))


def test_the_picture_has_a_chart_for_each_panel_and_a_strip_for_each_fault() -> None:
    minutes = [minute(i, faults=("link <&>",) if i < 300 else ()) for i in range(720)]
    drawn = trend_picture.draw("2", trend.gather(minutes, BEGIN_S, BEGIN_S + DAY_S, 240), lambda at_s: f"day {at_s:.0f}")
    words = [element.text for element in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    assert {"gamma Aa1", "gamma sum", "neutron Aa2N", "vehicles", "link <&>"} <= set(words)
    assert ElementTree.fromstring(drawn).findall(".//{http://www.w3.org/2000/svg}polyline")


MINUTES = st.builds(
    Minute, st.integers(BEGIN_S - 100, BEGIN_S + DAY_S + 100),
    st.lists(st.builds(
        Group, st.sampled_from(["gamma", "neutron", DOSE]), st.just(("Aa1", "a-very-long-name-of-a-detector")),
        st.integers(0, 10**9), st.tuples(st.integers(-9, 10**12), st.integers(0, 10**12))), max_size=3).map(tuple),
    st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6),
    st.frozensets(st.text("abc:-", max_size=60), max_size=20),
)


@given(st.lists(MINUTES, max_size=20))
def test_whatever_was_counted_fits_the_screen(minutes: list[Minute]) -> None:
    lines = text(minutes)
    assert max(map(len, lines)) <= 80 and len(lines) <= 40
    list(trend.rows(minutes))
    trend_picture.draw("2", trend.gather(minutes, BEGIN_S, BEGIN_S + DAY_S, 7), str)
    trend.plain("2", trend.gather(minutes, BEGIN_S, BEGIN_S + DAY_S, 7))
