"""Settings: every mistake is named with file, key and what to do."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent import drivers
from edge_agent.tools import toml_settings
from edge_agent.words.document_settings import InboxSettings, StreamSettings
from edge_agent.words.errors import SettingsError
from edge_agent.words.settings import (
    AlarmSettings,
    CentreSettings,
    LaneSettings,
    LinkSettings,
    PortalSettings,
    Profile,
    RelaySettings,
    Settings,
)

ROOT = Path(__file__).resolve().parents[2]
GOOD = """
version = 1
[portal]
origin = "rpm.example.gov/portal/QX-0042"
[[lane]]
name = "2"
driver = "rapiscan"
[lane.link]
kind = "tcp"
host = "192.168.2.3"
[lane.alarm]
ksigma_n = 7.5
"""


def read(text: str) -> Settings:
    return toml_settings.read(Settings, text, "edge-agent.toml")


def refusal(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read(text)
    return str(caught.value)


def test_good_settings_are_read() -> None:
    assert read(GOOD).lane[0].alarm.ksigma_n == 7.5


def test_what_is_left_out_has_its_default() -> None:
    assert (read(GOOD).portal.heartbeat_s, read(GOOD).lane[0].link.port, read(GOOD).centre) == (60.0, 0, None)


def test_a_whole_number_serves_where_a_number_is_asked() -> None:
    assert read(GOOD.replace("7.5", "7")).lane[0].alarm.ksigma_n == 7.0


@pytest.mark.parametrize(("wrong", "where", "meant"), [
    ("[[lane]]\nnaem = 1", "lane 2: naem", "name"), ("[portal]\norigine = 1", "portal.origine", "origin"),
    ("ksigma_m = 7.5", "lane 2: alarm.ksigma_m", "ksigma_n"), ("hosts = 1", "lane 2: link.hosts", "host"),
])  # fmt: skip
def test_an_unknown_key_is_named_with_the_one_that_was_meant(wrong: str, where: str, meant: str) -> None:
    old = wrong.rpartition("\n")[0] or ("ksigma_n = 7.5" if "ksigma" in wrong else 'host = "192.168.2.3"')
    said = refusal(GOOD.replace(old, wrong, 1))
    assert said.startswith(f"edge-agent.toml: {where} is not a key") and f"did you mean {meant}?" in said


def test_an_unknown_key_like_no_other_is_told_what_is_known() -> None:
    assert "known here: version, portal, lane" in refusal("zzzzzz = 1\n" + GOOD)


CASES = [
    ("port", "port = 99999", "lane 2: link.port = 99999: expected 0 to 65535"),
    ("port as text", 'port = "1600"', "lane 2: link.port = '1600': expected a whole number"),
    ("port as number", "port = 1600.0", "lane 2: link.port = 1600.0: expected a whole number"),
    ("port as bool", "port = true", "lane 2: link.port = True: expected a whole number"),
    ("host as number", "host = 5", "lane 2: link.host = 5: expected text in quotes"),
    ("kind", 'kind = "modbus"', "lane 2: link.kind = 'modbus': expected one of tcp, serial"),
]


@pytest.mark.parametrize(("line", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_wrong_value_is_named_with_what_was_expected(line: str, said: str) -> None:
    name = line.split(" ")[0]
    lines = [old for old in GOOD.splitlines() if not old.startswith(f"{name} =")]
    lines.insert(lines.index("[lane.link]") + 1, line)
    assert refusal("\n".join(lines)).startswith(f"edge-agent.toml: {said}")


@pytest.mark.parametrize(("old", "new", "said"), [
    ("version = 1", "version = 2", "version = 2: expected 1 to 1"),
    ("version = 1", "version = true", "version = True: expected a whole number"),
    ("ksigma_n = 7.5", "ksigma_n = nan", "expected 1 to 20 sigma"),
    ("ksigma_n = 7.5", "ksigma_n = inf", "expected 1 to 20 sigma"),
    ("ksigma_n = 7.5", "ksigma_n = true", "expected a number"),
    ("ksigma_n = 7.5", "focus_threshold = 21", "expected 0 to 20 sigma"),
    ("ksigma_n = 7.5", 'ksigma_sums = "SUM"', "expected a list"),
    ("ksigma_n = 7.5", "ksigma_sums = [1]", "lane 2: alarm.ksigma_sums[0] = 1: expected text in quotes"),
    ('name = "2"', 'name = ""', "lane[0].name = '': expected "),
    ('name = "2"', 'name = "a/b"', "lane[0].name = 'a/b': expected "),
    ('name = "2"', 'name = "2"\npanels_verified = 1', "lane 2: panels_verified = 1: expected true or false"),
    ("[portal]", "[portal]\nheartbeat_s = 0", "portal.heartbeat_s = 0.0: expected 1 to 3600 s"),
    ('origin = "rpm.example.gov/portal/QX-0042"', 'origin = "QX 42"', "portal.origin = 'QX 42': expected "),
    ("[portal]", "[portal]\norigin2 = 1", "portal.origin2 is not a key"),
    ("[[lane]]", "[lane]", "expected a list"),
    ("[lane.link]", "[lane.links]", "lane 2: links is not a key"),
    ("version = 1", "version = 1979-05-27", "version = datetime.date(1979, 5, 27): expected a whole number"),
])  # fmt: skip
def test_every_kind_of_mistake_is_named(old: str, new: str, said: str) -> None:
    assert said in refusal(GOOD.replace(old, new, 1))


@pytest.mark.parametrize(("line", "where"), [
    ("version = 1", "version"), ('origin = "rpm.example.gov/portal/QX-0042"', "portal.origin"), ('name = "2"', "lane[0].name"),
    ('driver = "rapiscan"', "lane 2: driver"), ('kind = "tcp"', "lane 2: link.kind"),
])  # fmt: skip
def test_a_missing_key_is_named_with_what_it_is_for(line: str, where: str) -> None:
    said = refusal(GOOD.replace(line, "", 1))
    assert said.startswith(f"edge-agent.toml: {where} is missing") and said.endswith("add it.")


@pytest.mark.parametrize("text", ["version = ", "[portal", 'name = "2', "\x00", "version: 1", "= 1"])
def test_broken_toml_is_refused_with_line_and_remedy(text: str) -> None:
    said = refusal(text)
    assert said.startswith("edge-agent.toml: not TOML") and "missing quote" in said


def test_a_table_where_text_belongs_is_refused() -> None:
    assert "expected" in refusal(GOOD.replace('name = "2"', "name = { a = 1 }"))


def test_text_where_a_table_belongs_is_refused() -> None:
    assert "expected a table" in refusal('portal = "x"\n' + GOOD.replace("[portal]\n", "").replace(
        'origin = "rpm.example.gov/portal/QX-0042"\n', ""))


MISTAKES = [case[1] for case in CASES]


@pytest.mark.parametrize("line", MISTAKES)
def test_every_refusal_ends_with_a_remedy(line: str) -> None:
    name = line.split(" ")[0]
    lines = [old for old in GOOD.splitlines() if not old.startswith(f"{name} =")]
    lines.insert(lines.index("[lane.link]") + 1, line)
    assert "\n  " in refusal("\n".join(lines))


json_like = st.recursive(
    st.one_of(st.integers(-5, 70000), st.booleans(), st.floats(allow_nan=True), st.text(max_size=6)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "kind", "x"]), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([f.name for f in dataclasses.fields(LaneSettings)] + ["what"]), json_like)
def test_no_value_of_any_key_fails_otherwise_than_by_refusal(name: str, value: object) -> None:
    reader = toml_settings._Reader("file")
    table = tomllib.loads(GOOD)["lane"][0] | {name: value}
    try:
        assert isinstance(reader.build(LaneSettings, table, "lane[0]"), LaneSettings)
    except SettingsError as refused:
        assert str(refused).startswith("file: lane[0]")


@pytest.mark.parametrize("path", sorted((ROOT / "config/profiles").glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_profile_is_read(path: Path) -> None:
    assert toml_settings.read(Profile, path.read_text(), str(path)).driver in drivers.names()


def test_the_shipped_example_states_the_defaults_it_claims() -> None:
    example = tomllib.loads((ROOT / "config/edge-agent.toml").read_text())
    alarm = example["lane"][0]["alarm"]
    assert {name: getattr(AlarmSettings(), name) for name in alarm} == alarm


@pytest.mark.parametrize(("text", "said"), [
    (GOOD.replace('name = "2"', 'name = "2"\nname = "3"'), "the key name stands twice"),
    ("version = 1\nversion = 1", "the key version"),
    (GOOD.replace("[lane.link]", "[portal]\n[lane.link]"), "the table [portal] stands twice"),
    ("\ufeff" + GOOD, "byte order mark"),
])  # fmt: skip
def test_what_an_editor_or_a_copy_does_is_said_in_words(text: str, said: str) -> None:
    """It was "Cannot overwrite a value", and to look for a missing quote."""
    told = refusal(text)
    assert said in told and "edge-agent.toml" in told and "\n  " in told and "quote" not in told


def test_every_rule_of_a_text_is_said_in_words() -> None:
    """A technician read [a-z0-9][a-z0-9.-]*(/[A-Za-z0-9_]..."""
    kinds = PortalSettings, LinkSettings, RelaySettings, LaneSettings, CentreSettings, InboxSettings, StreamSettings
    for kind in kinds:
        for field in dataclasses.fields(kind):
            assert bool(field.metadata["pattern"]) == bool(field.metadata["form"]), field.name
            assert not set("[]()*\\^|") & set(field.metadata["form"].replace("(a to z)", "")), field.name


def test_a_lane_is_called_by_its_name() -> None:
    """lane[1] was the lane "3", the second of the file."""
    three = GOOD[GOOD.index("[[lane]]"):].replace('name = "2"', 'name = "3"')
    two = GOOD + three.replace('kind = "tcp"', 'kind = "tcp"\nbaud = 1')
    assert refusal(two).startswith("edge-agent.toml: lane 3: link.baud = 1: expected")
