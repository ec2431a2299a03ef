"""The register of check sources is changed as text: what somebody wrote stays, letter by letter."""

from __future__ import annotations

from datetime import date

import pytest

from edge_agent.tools import source_edit, toml_settings
from edge_agent.words.errors import SettingsError
from edge_agent.words.sources import CheckSource, Sources

REGISTER = """# sources of post 2; the key is with the chief
[[source]]
id = "CS-1188"          # painted on its lid
nuclide = "Cs-137"
activity_bq = 370000.0
date = "2020-01-01"

[[source]]
id = "CF-7"
nuclide = "Cf-252"
activity_bq = 20000.0
date = "2024-05-01"
measured = "2026-01-01"
expected_cps = { Na1 = 12.0 }
"""


def sources(text: str) -> list[CheckSource]:
    return toml_settings.read(Sources, text, "sources.toml").source


def test_what_a_source_gave_first_is_expected_from_then_on() -> None:
    made = source_edit.with_expected(REGISTER, "CS-1188", {"Aa1": 510.2, "Ba 1": 498.0}, date(2026, 11, 27))
    first, second = sources(made)
    assert first.measured == "2026-11-27" and first.expected_cps == {"Aa1": 510.2, "Ba 1": 498.0}
    assert second == sources(REGISTER)[1]
    assert [line for line in REGISTER.splitlines() if line not in made.splitlines()] == [], "somebody's words are kept"


def test_a_panel_that_came_later_stands_beside_the_others() -> None:
    made = source_edit.with_expected(REGISTER, "CF-7", {"Nb1": 11.0}, date(2026, 1, 1))
    assert sources(made)[1].expected_cps == {"Na1": 12.0, "Nb1": 11.0}
    assert sources(source_edit.with_expected(made, "CF-7", {"Nb1": 9.0}, date(2026, 1, 1)))[1].expected_cps["Nb1"] == 9.0


@pytest.mark.parametrize("text", [
    'source = [{ id = "CS-1188", nuclide = "Cs-137", activity_bq = 1.0, date = "2020-01-01" }]', "", "[[source",
    REGISTER.replace("CS-1188", "X"),
    REGISTER.replace('date = "2020-01-01"\n', 'date = "2020-01-01"\nexpected_cps = {\n Aa1 = 2.0 }\n'),
])
def test_a_register_written_too_freely_is_left_alone(text: str) -> None:
    with pytest.raises(SettingsError):
        source_edit.with_expected(text, "CS-1188", {"Aa1": 1.0}, date(2026, 1, 1))


def test_a_new_source_is_one_more_table() -> None:
    new = CheckSource("CO-3", "Co-57", 3.7e6, "2026-02-03", 'No 7 "B"', "seifas, 2 postas")
    for text in (REGISTER, ""):
        found = sources(source_edit.added(text, new))
        assert found[-1] == new and len(found) == len(sources(REGISTER)) * bool(text) + 1
