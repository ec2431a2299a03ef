"""A driver of another package: the template is installed as a newcomer would, found, configured, and read from its mock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "docs/driver-template"
CONFIG = """version = 1
[portal]
origin = "rpm.example.gov/portal/X"
[[lane]]
name = "1"
driver = "beeper"
[lane.link]
kind = "tcp"
host = "127.0.0.1"
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template, built and installed into a directory of its own, without an index."""
    where = tmp_path_factory.mktemp("third-party")
    shutil.copytree(TEMPLATE, where / "source")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation",
         "--disable-pip-version-check", "--target", where / "site", where / "source"], check=True, capture_output=True, text=True,
    )
    return where / "site"


def run(installed: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{installed}:{ROOT}"}
    return subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_its_own_tests_pass_against_this_agent(installed: Path) -> None:
    done = run(installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(TEMPLATE / "tests"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_lane_takes_it_with_the_profile_it_brings(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "edge-agent.toml").write_text(CONFIG)
    done = run(installed, "-m", "edge_agent", "config", "check", "--config", str(tmp_path / "edge-agent.toml"))
    assert done.returncode == 0 and "Beeper 1" in done.stdout, done.stdout + done.stderr


def test_probe_finds_it_by_its_records(installed: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    words = [sys.executable, "-m", "edge_agent_beeper.mock", "--rate", "5"]
    mock = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert mock.stdout is not None
        place = mock.stdout.readline().split()[-1]
        done = run(installed, "-m", "edge_agent", "probe", place)
    finally:
        mock.terminate()
        mock.wait(10)
    assert done.returncode == 0 and 'driver = "beeper"' in done.stdout, done.stdout + done.stderr


def test_without_the_package_the_drivers_there_are_are_named(tmp_path: Path) -> None:
    (tmp_path / "edge-agent.toml").write_text(CONFIG)
    done = run(tmp_path, "-m", "edge_agent", "config", "check", "--config", str(tmp_path / "edge-agent.toml"))
    assert done.returncode == 3 and "no driver is called 'beeper'" in done.stderr and "rapiscan" in done.stderr


@pytest.mark.parametrize(("module", "told"), [
    ("raise RuntimeError('half written')", "cannot be loaded: RuntimeError"), ("DRIVER = 5", "is no Driver"),
])
def test_a_package_that_is_broken_is_named_and_keeps_nobody_else_from_working(
    tmp_path: Path, module: str, told: str
) -> None:
    about = tmp_path / "broken-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[edge_agent.drivers]\nbeeper = broken_driver:DRIVER\n")
    (tmp_path / "broken_driver.py").write_text(module)
    (tmp_path / "edge-agent.toml").write_text(CONFIG)
    done = run(tmp_path, "-m", "edge_agent", "config", "check", "--config", str(tmp_path / "edge-agent.toml"))
    assert done.returncode == 3 and told in done.stderr and "Traceback" not in done.stderr
    script = "from edge_agent import drivers; print([name for name, _ in drivers.known()])"
    known = run(tmp_path, "-c", script).stdout
    assert "rapiscan" in known and "beeper" not in known
