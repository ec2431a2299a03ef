"""Real processes: a line with four instruments, one dead and one noisy, a portal on TCP beside it, and the core over them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.post import wait_for

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
LANE = """
[[lane]]
name = "{name}"
driver = "{driver}"
{more}
[lane.link]
{link}
"""


def start(tmp_path: Path, family: str, *options: object) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", f"hardware_mocks.{family}", *map(str, options)]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline().startswith("ready")
    return process


def agent(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge_agent", *words, "--config", str(tmp_path / "edge-agent.toml")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def passed(tmp_path: Path) -> dict[str, int]:
    told = agent(tmp_path, "status", "--json").stdout
    return {name: lane["counts"]["occupancies"] for name, lane in json.loads(told).get("lanes", {}).items()}


def test_sources_are_found_on_a_bus_beside_a_dead_and_a_noisy_instrument(tmp_path: Path) -> None:
    port = 15020 + int(tmp_path.name[-1], 36) % 10
    rtu = f'kind = "modbus-rtu"\ndevice = "{tmp_path}/rs485"\nbaud = 19200\nunit = '
    lanes = "".join(
        LANE.format(name=str(unit), driver="modbus_map", more="", link=f"{rtu}{unit}") for unit in (1, 2, 3)
    ) + LANE.format(
        name="A", driver="aspect", more='count_means = "cumulative"',
        link=f'kind = "modbus-tcp"\nhost = "127.0.0.1"\nport = {port}\nunit = 1',
    )
    (tmp_path / "edge-agent.toml").write_text(
        'version = 1\n[portal]\norigin = "rpm.example.gov/portal/BUS"\n'
        f'state = "{tmp_path}/state"\nsockets = "{tmp_path}/run"\n{lanes}'
    )
    assert agent(tmp_path, "enrol", "--out", str(tmp_path / "enrolment.json")).returncode == 0
    mocks = [
        start(tmp_path, "modbus_map", "--pty", "--link", tmp_path / "rs485", "--unit", "1", "--unit", "2:silent", "--unit",
              "3:noise=0.05", "--scene", "demo"),
        start(tmp_path, "aspect", "--tcp", f"127.0.0.1:{port}", "--scene", "demo"),
    ]
    core = subprocess.Popen([sys.executable, "-m", "edge_agent", "run", "--config", str(tmp_path / "edge-agent.toml")],
                            stderr=subprocess.PIPE, text=True)
    try:
        # The scene: a clean car, then one with a source, over in 45 s.
        wait_for(lambda: passed(tmp_path) == {"1": 2, "2": 0, "3": 2, "A": 2}, 120, "two vehicles on each living lane")
        status = json.loads(agent(tmp_path, "status", "--json").stdout)
        alarms = json.loads(agent(tmp_path, "alarms", "--json").stdout)
    finally:
        core.terminate()
        for process in (*mocks, core):
            process.terminate()
            process.wait(20)
    lanes_now = status["lanes"]
    assert "silence" in lanes_now["2"]["faults"] and lanes_now["2"]["counts"]["missed_polls"]
    assert lanes_now["3"]["counts"]["line"]["checksum"]
    ours = {alarm["lane"] for alarm in alarms["alarms"] if alarm["rule"] != "vendor"}
    assert ours == {"1", "3", "A"}
    assert any(alarm["rule"] == "vendor" and alarm["lane"] == "A" for alarm in alarms["alarms"])
