"""The configuration as a whole: what single keys cannot say."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.commands import main
from edge_agent.house.configuration import load
from edge_agent.judgement.rules import _masks
from edge_agent.tools import toml_settings
from edge_agent.words.errors import SettingsError
from edge_agent.words.settings import AlarmSettings, LaneSettings, LinkSettings, Profile

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests/vectors"
PORTAL = 'version = 1\n[portal]\norigin = "rpm.example.gov/portal/QX-0042"\n'
LANE = '[[lane]]\nname = "{name}"\ndriver = "{driver}"\n{more}link = {{ {link} }}\n'
TCP = 'kind = "tcp", host = "192.168.2.3"'


def lane(name: str = "2", driver: str = "rapiscan", link: str = TCP, more: str = "") -> str:
    return LANE.format(name=name, driver=driver, link=link, more=more)


def centre(vkey: str) -> str:
    return f'[centre]\nurl = "https://centre.example.gov:8443"\nvkey = "{vkey}"\nca = "centre.pem"\n'


VKEY = (VECTORS / "centre.vkey").read_text().strip()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "edge-agent.toml"


def refusal(file: Path, text: str) -> str:
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file)
    return str(caught.value)


def test_a_good_configuration_is_read(file: Path) -> None:
    file.write_text(PORTAL + lane("1") + lane("2", link=TCP.replace("2.3", "2.4")) + centre(VKEY))
    assert list(load(file).profiles) == ["1", "2"]


def test_the_shipped_example_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["config", "check", "--config", str(ROOT / "config/edge-agent.toml")])
    assert (code, "good" in capsys.readouterr().out) == (0, True)


def test_two_lanes_of_one_name_are_refused(file: Path) -> None:
    said = refusal(file, PORTAL + lane("2") + lane("2"))
    assert "two lanes are called '2'" in said and "own name" in said


@pytest.mark.parametrize("lanes", ["lane = []\n", ""])
def test_a_portal_without_lanes_is_refused(file: Path, lanes: str) -> None:
    assert "lane" in refusal(file, lanes + PORTAL)


def test_an_unknown_driver_is_told_which_there_are(file: Path) -> None:
    said = refusal(file, PORTAL + lane(driver="rapidscan"))
    assert "'rapidscan'" in said and "rapiscan" in said.replace("rapidscan", "")


def test_an_unknown_driver_is_named_with_the_file(file: Path) -> None:
    assert str(file) in refusal(file, PORTAL + lane(driver="rapidscan"))


def test_a_link_the_driver_cannot_use_is_refused(file: Path) -> None:
    assert "expected one of tcp, serial" in refusal(file, PORTAL + lane(link='kind = "usb", host = "x"'))


@pytest.mark.parametrize(("link", "missing"), [('kind = "tcp"', "host"), ('kind = "serial"', "device")])
def test_a_link_without_its_place_is_refused(file: Path, link: str, missing: str) -> None:
    said = refusal(file, PORTAL + lane(link=link))
    assert f"lane 2: link.{missing} is missing" in said


def test_a_verifier_key_with_a_slip_of_the_pen_is_refused(file: Path) -> None:
    said = refusal(file, PORTAL + lane() + centre(VKEY.replace("IyhfN", "IyhfM")))
    assert "centre.vkey" in said and "edge-agent center card" in said


@pytest.mark.parametrize("vkey", ["", "name", "a+b", "name+00000000+AAAA", VKEY[:-1], VKEY + "=", "x y+93b56ff6+AAAA"])
def test_a_verifier_key_of_another_form_is_refused(file: Path, vkey: str) -> None:
    assert "centre.vkey" in refusal(file, PORTAL + lane() + centre(vkey))


def test_the_portals_own_key_in_place_of_the_centres_is_refused(file: Path) -> None:
    """It is a key that can never sign a receipt: nothing would ever be acknowledged."""
    assert "centre.vkey" in refusal(file, PORTAL + lane() + centre((VECTORS / "portal.vkey").read_text().strip()))


@pytest.mark.parametrize("url", ["http://centre.example.gov", "centre.example.gov:8443", "https://", "https://a b"])
def test_an_address_that_is_no_https_is_refused(file: Path, url: str) -> None:
    assert "centre.url" in refusal(file, PORTAL + lane() + centre(VKEY).replace("https://centre.example.gov:8443", url))


def test_a_missing_profile_is_named(file: Path) -> None:
    assert "nosuch.toml does not exist" in refusal(file, PORTAL + lane(more='profile = "nosuch"\n'))


def test_a_profile_beside_the_configuration_comes_first(file: Path) -> None:
    text = (ROOT / "config/profiles/rapiscan.toml").read_text()
    (file.parent / "profiles").mkdir()
    (file.parent / "profiles/rapiscan.toml").write_text(re.sub(r"silence_s = \S+", "silence_s = 20.0", text))
    file.write_text(PORTAL + lane())
    assert load(file).profiles["2"].silence_s == 20.0


def test_a_profile_of_another_family_is_refused(file: Path) -> None:
    text = (ROOT / "config/profiles/rapiscan.toml").read_text()
    (file.parent / "profiles").mkdir()
    (file.parent / "profiles/mine.toml").write_text(text.replace('driver = "rapiscan"', 'driver = "aspect"'))
    assert "lane 2 uses 'rapiscan'" in refusal(file, PORTAL + lane(more='profile = "mine"\n'))


def test_a_missing_configuration_is_named_and_exits_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["config", "check", "--config", str(tmp_path / "none.toml")])
    err = capsys.readouterr().err
    assert code == 3 and "none.toml does not exist" in err and "edge-agent setup makes it" in err


@pytest.mark.parametrize("profile", [
    'gamma = ["-", "-", "-", "-"]', 'gamma = ["Aa1", "Aa2", "Ba1"]', 'gamma = ["Aa1", "Aa1", "Ba1", "Ba2"]',
    "gamma_interval_s = 9", 'neutron = "none"',
])  # fmt: skip
def test_a_profile_that_cannot_work_is_refused_by_the_check(
    file: Path, profile: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = profile.split(" ")[0]
    text = (ROOT / "config/profiles/rapiscan.toml").read_text()
    lines = [profile if line.startswith(f"{name} =") else line for line in text.splitlines()]
    (file.parent / "profiles").mkdir()
    (file.parent / "profiles/rapiscan.toml").write_text("\n".join(lines))
    file.write_text(PORTAL + lane())
    assert (main(["config", "check", "--config", str(file)]), capsys.readouterr().err != "") == (3, True)


@pytest.mark.parametrize("more", ['out_of_service = ["Aa1", "Aa1"]\n', 'count_means = "cumulative"\n'])
def test_what_would_be_ignored_is_refused(file: Path, more: str) -> None:
    said = refusal(file, PORTAL + lane(more=more))
    assert more.split(" ")[0] in said and "lane 2" in said and "\n  " in said


@pytest.mark.parametrize("place", ['state = "state"', 'state = ""', 'sockets = "run"', 'daily_files = "daily"'])
def test_a_directory_that_depends_on_where_a_command_is_run_is_refused(file: Path, place: str) -> None:
    said = refusal(file, f"{PORTAL}{place}\n{lane()}")
    assert f"portal.{place.split()[0]} =" in said and "expected a directory from / on" in said


@pytest.mark.parametrize("name", ["..", ".", ".hidden", "-x"])
def test_a_lane_of_dots_is_refused(file: Path, name: str) -> None:
    """Its name becomes part of file names."""
    assert "lane[0].name" in refusal(file, PORTAL + lane(name))


@pytest.mark.parametrize("origin", ["../portal/1", "test.example/../1", "test.example/portal/.", "./x"])
def test_an_origin_of_dots_is_refused(file: Path, origin: str) -> None:
    assert "portal.origin" in refusal(file, PORTAL.replace("rpm.example.gov/portal/QX-0042", origin) + lane())


def profile_with(file: Path, old: str, new: str) -> None:
    text = (ROOT / "config/profiles/rapiscan.toml").read_text()
    assert old in text
    (file.parent / "profiles").mkdir()
    (file.parent / "profiles/rapiscan.toml").write_text(text.replace(old, new))


def test_a_sum_of_a_panel_there_is_not_is_refused(file: Path) -> None:
    """It fell back to the sum of all, silently."""
    profile_with(file, 'SUM = [["Aa1", "Aa2", "Ba1", "Ba2"]]', 'SUM = [["Aa1", "Xx2", "Ba1", "Ba2"]]')
    said = refusal(file, PORTAL + lane())
    assert "'Xx2'" in said and "[sums]" in said


@pytest.mark.parametrize(("gamma", "masks"), [
    (["Aa1", "Aa2", "Ba1", "Ba2"], [0b0011, 0b1100]), (["N", "E", "S", "W"], [0b0011, 0b1100]),
    (["Ba1", "Ba2", "Aa1", "Aa2"], [0b1100, 0b0011]), (["N", "-", "S", "W"], [0b001, 0b110]),
])
def test_sums_follow_the_lanes_own_names(gamma: list[str], masks: list[int]) -> None:
    """Renamed panels dropped out of every sum, and the sum of all took their place."""
    shipped = toml_settings.read(Profile, (ROOT / "config/profiles/rapiscan.toml").read_text(), "rapiscan.toml")
    profile = replace(shipped, sums={"PILLAR": [["Aa1", "Aa2"], ["Ba1", "Ba2"]]})
    mine = LaneSettings("2", "rapiscan", LinkSettings("tcp"), gamma=gamma, alarm=AlarmSettings(ksigma_sums=["PILLAR"]))
    panels = tuple(name for name in gamma if name != "-")
    assert list(_masks(mine, profile, panels)) == masks


def test_comments_and_order_do_not_change_the_hash(file: Path) -> None:
    file.write_text(PORTAL + lane())
    one = load(file).hash
    turned = lane().replace('name = "2"\ndriver = "rapiscan"', 'driver = "rapiscan"\nname = "2"')
    file.write_text("# a comment\n" + PORTAL + turned)
    assert load(file).hash == one


def test_a_changed_threshold_changes_the_hash(file: Path) -> None:
    file.write_text(PORTAL + lane())
    one = load(file).hash
    file.write_text(PORTAL + lane(more="alarm = { ksigma_n = 8.0 }\n"))
    assert load(file).hash != one


@pytest.mark.parametrize("more", [
    'out_of_service = ["X9"]\n', 'gamma = ["Aa1"]\n', 'alarm = { ksigma_sums = ["NONE"] }\n',
    "alarm = { focus_threshold = 0.5 }\n",
])
def test_a_lane_is_named_once_in_what_is_wrong_with_it(file: Path, more: str) -> None:
    said = refusal(file, PORTAL + lane("2", more=more))
    assert said.count("lane 2") == 1 and "\n  " in said


MODBUS = 'kind = "modbus-rtu", device = "/dev/rpm-bus", unit = {unit}, baud = {baud}'


def test_instruments_of_one_line_agree_about_it_and_have_addresses_of_their_own(file: Path) -> None:
    file.write_text(PORTAL + "".join(lane(str(u), "modbus_map", MODBUS.format(unit=u, baud=19200)) for u in (1, 2)))
    assert len(load(file).settings.lane) == 2
    said = ((1, 9600), (1, 9600), (2, 19200))
    two = [lane(str(n), "modbus_map", MODBUS.format(unit=u, baud=b)) for n, (u, b) in enumerate(said)]
    assert "both ask unit 1" in refusal(file, PORTAL + two[0] + two[1])
    assert "baud = 9600 and 19200" in refusal(file, PORTAL + two[0] + two[2])
    assert "unit is missing" in refusal(file, PORTAL + lane("1", "modbus_map", MODBUS.format(unit=0, baud=9600)))


def test_a_map_without_a_beam_is_of_an_instrument_that_is_carried_about(file: Path) -> None:
    """Found by attack: it was called good, and every vehicle was a vacant lane."""
    shipped = (ROOT / "config/profiles/modbus_map.toml").read_text()
    (file.parent / "profiles").mkdir()
    (file.parent / "profiles/blind.toml").write_text(shipped.replace('says = "occupied"', 'says = "battery-low"'))
    one = MODBUS.format(unit=1, baud=9600)
    assert 'mode = "continuous"' in refusal(file, PORTAL + lane("1", "modbus_map", one, 'profile = "blind"\n'))
    file.write_text(PORTAL + lane("1", "modbus_map", one, 'profile = "blind"\nmode = "continuous"\n'))
    assert load(file).settings.lane[0].mode == "continuous"


@pytest.mark.parametrize("held", [None, "junk"])
def test_config_check_looks_at_the_centres_certificate(file: Path, held: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    """Found by attack: it said good, and the uplink then ended with the file's error."""
    file.write_text(PORTAL + lane("1") + centre(VKEY))
    if held:
        (file.parent / "centre.pem").write_text(held)
    assert main(["config", "check", "--config", str(file)]) == 3
    assert "centre.pem" in capsys.readouterr().err


@pytest.mark.parametrize(("key", "said"), [
    ('state = "{file}"', "is a file"), ('sockets = "{file}/sub"', "is a file"), ('daily_files = "{file}"', "is a file"),
    ('language = "zz"', "There are: en, lt"),
])  # fmt: skip
def test_config_check_looks_at_what_is_there(file: Path, key: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It said good, and the core then ended with the file's error, or a screen stayed English without a word."""
    file.write_text(PORTAL + key.format(file=file) + "\n" + lane())
    assert main(["config", "check", "--config", str(file)]) == 3
    told = capsys.readouterr().err
    assert said in told and f"portal.{key.split()[0]}" in told and str(file) in told and "chown" not in told


def test_sockets_deeper_than_a_socket_can_be_are_refused(file: Path) -> None:
    """The core ended with "cannot make the socket ...: None"."""
    said = refusal(file, f'{PORTAL}sockets = "/{"s" * 94}"\n{lane()}')
    assert "portal.sockets" in said and "too long" in said and "at most 94 bytes" in said
    file.write_text(f'{PORTAL}sockets = "/{"s" * 93}"\n{lane()}')
    load(file)


def test_one_portal_is_not_two_lanes(file: Path) -> None:
    """Of a serial port it was refused; over TCP every vehicle would be two, or one lane waits for ever."""
    said = refusal(file, PORTAL + lane("1") + lane("2", link=TCP + ", port = 1600"))
    assert "lanes 1 and 2 are both on 192.168.2.3:1600" in said and "count every vehicle twice" in said
