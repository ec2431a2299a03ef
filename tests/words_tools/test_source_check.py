"""A check source: decay, expectation and verdict."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.tools import source_check, toml_settings
from edge_agent.tools.source_check import HALF_LIFE_D
from edge_agent.words.errors import SettingsError
from edge_agent.words.sources import NUCLIDES, CheckSource, Sources

DAY = date(2026, 1, 1)
SOURCE = CheckSource("CS-1188", "Cs-137", 370_000.0, "2020-01-01", measured="2026-01-01", expected_cps={"Aa1": 1000.0})


def test_every_nuclide_of_the_register_has_its_half_life() -> None:
    assert set(HALF_LIFE_D) == set(NUCLIDES)


@given(st.sampled_from(NUCLIDES))
def test_after_a_half_life_half_is_left(nuclide: str) -> None:
    assert source_check.left(nuclide, DAY, DAY + timedelta(days=round(HALF_LIFE_D[nuclide]))) == pytest.approx(0.5, rel=2e-3)


def test_co_57_of_a_year_ago_gives_less_than_half() -> None:
    one = CheckSource("CO-1", "Co-57", 1e6, "2025-01-01", measured="2025-01-01", expected_cps={"Aa1": 1000.0})
    assert source_check.expected_cps(one, "Aa1", DAY) == pytest.approx(1000 * 0.5 ** (365 / 271.74))
    assert source_check.activity_bq(one, DAY) == pytest.approx(1e6 * 0.5 ** (365 / 271.74))
    assert source_check.expected_cps(one, "Ba2", DAY) is None


@pytest.mark.parametrize(("gross", "verdict"), [
    (1250.0, "pass"), (1180.0, "pass"), (1130.0, "fail"), (1400.0, "fail"), (252.0, "fail"),
])
def test_a_panel_that_counts_too_little_or_too_much_of_it_fails(gross: float, verdict: str) -> None:
    found = source_check.judge(250.0, [gross] * 30, 1.0, source_check.expected_cps(SOURCE, "Aa1", DAY))
    assert found.verdict == verdict and found.seconds == 30.0
    assert ("not seen" in found.text()) == (gross == 252.0)


def test_few_counts_leave_room_and_none_before_is_the_first() -> None:
    assert source_check.judge(250.0, [1130.0], 1.0, 1000.0).verdict == "pass"       # 34 counts/s is one sigma of one second
    assert source_check.judge(250.0, [1130.0] * 30, 1.0, None).verdict == "first"


@pytest.mark.parametrize(("line", "said"), [
    ('nuclide = "Pu-239"', "nuclide"), ('date = "soon"', "date"), ("activity_bq = 0", "activity_bq"), ('id = "a b"', "id"),
])
def test_a_register_that_is_wrong_is_named(line: str, said: str) -> None:
    good = {"id": '"A"', "nuclide": '"Cs-137"', "activity_bq": "1e5", "date": '"2020-01-01"'}
    name, _, value = line.partition(" = ")
    text = "[[source]]\n" + "".join(f"{key} = {kept}\n" for key, kept in {**good, name: value}.items())
    with pytest.raises(SettingsError, match=rf"sources.toml: source\[0\].{said}"):
        toml_settings.read(Sources, text, "sources.toml")
    with pytest.raises(SettingsError, match="YYYY-MM-DD"):
        source_check.day("2026-13-01")
