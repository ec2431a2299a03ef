"""A lane whose instrument knows no vehicles, with beams on an I/O module: real Modbus TCP, the module lost and back."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.words_tools.test_occupancy_settings import TEXT

from .post import Post, payloads, wait_for


def mock(post: Post, name: str, module: str, port: str = "0") -> str:
    post.spawn(name, f"hardware_mocks.{module}", "--tcp", f"127.0.0.1:{port}", "--scene", "demo", "--loop")
    whole = re.compile(r"^ready .*\n", re.MULTILINE)
    ready = wait_for(lambda: whole.findall(post.log(name)), 20, name)[-1].rstrip()
    return str(ready.rsplit(":", 1)[1])


def test_vehicles_that_beams_tell_of_are_judged_and_a_lost_module_is_told(post: Post) -> None:
    instrument, module = mock(post, "instrument", "modbus_map"), mock(post, "io", "modbus_io")
    text = TEXT.format(here=post.where, driver="modbus_map", mode='profile = "counts"\n', module="io1",
                       inputs='["front", "rear"]', spacing=5)
    text = text.replace("1503", module).replace("1502", instrument)
    post.config.write_text(text)
    (post.where / "profiles").mkdir()
    (post.where / "profiles/counts.toml").write_text(shipped())
    post.enrol()
    post.start_core()
    wait_for(lambda: post.status()["lanes"]["2"]["counts"]["occupancies"] >= 2, 90, "vehicles by the beams")
    lines = post.all_lines()
    passed: list[dict[str, Any]] = list(payloads(lines, "occupancy"))
    assert all(each["lane"] == "2" and each["ended"] == "portal" for each in passed if each is not passed[0])
    assert any(each["speed_mps"] for each in passed), "the pair measures speed"
    wait_for(lambda: list(payloads(post.all_lines(), "alarm")), 60, "an alarm on one of them")
    assert {alarm["lane"] for alarm in payloads(post.all_lines(), "alarm")} == {"2"}
    assert not post.status()["lanes"]["io1"]["faults"]
    check_replay(post)
    post.kill("io")
    wait_for(lambda: "occupancy-unknown" in post.status()["lanes"]["2"]["faults"], 30, "unknown is told")
    post.processes.pop("io", None)
    mock(post, "io", "modbus_io", module)
    wait_for(lambda: "occupancy-unknown" not in post.status()["lanes"]["2"]["faults"], 40, "known again")
    before = post.status()["lanes"]["2"]["counts"]["occupancies"]
    wait_for(lambda: post.status()["lanes"]["2"]["counts"]["occupancies"] > before, 90, "vehicles again")


def check_replay(post: Post) -> None:
    """Both recordings together, judged again, know the vehicles and alarms of the ledger; the lane's alone says what it lacks."""
    for lane in ("2", "io1"):
        out = post.where / f"{lane}.capture"
        post.command("record", lane, "--from", "2000-01-01T00:00Z", "--out", out, "--config", post.config)
    words = ("replay", "--json", "--config", post.config, "--lane", "2", post.where / "2.capture")
    again = json.loads(post.command(*words, "--module", post.where / "io1.capture").stdout)
    lines = post.all_lines()
    alarms = [(each["rule"], each["counts"], each["speed_mps"]) for each in payloads(lines, "alarm")]
    found = [(each["rule"], each["counts"], each["speed_mps"]) for each in again["alarms"]]
    assert found and found == alarms[: len(found)]
    ended = list(payloads(lines, "occupancy"))
    assert again["occupancies"] in (len(ended), len(ended) + 1)     # one that is under way is cut
    alone = post.command(*words, check=False)
    assert "lane io1" in alone.stdout and "--module" in alone.stdout


def shipped() -> str:
    """The map of the mock without its own beam."""
    from edge_agent.doors.files import shipped_config

    text = (shipped_config() / "profiles/modbus_map.toml").read_text()
    return re.sub(r'\[\[modbus\.state\]\]\nsays = "occupied".*?(?=\n\[\[|\Z)', "", text, flags=re.DOTALL)
