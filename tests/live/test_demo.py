"""`edge-agent demo`, ended by others than Ctrl-C: nothing of it stays."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.post import ENVIRONMENT, wait_for


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_ended_leaves_no_process_and_no_directory(number: signal.Signals, tmp_path: Path) -> None:
    demo = subprocess.Popen(
        [sys.executable, "-m", "edge_agent", "demo", "--keep"], env={**ENVIRONMENT, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    try:
        wait_for(lambda: list(tmp_path.glob("ea-demo-*/portal.log")), 30, "its first processes")
        demo.send_signal(number)
        assert demo.wait(20) == 130
    finally:
        demo.kill()
    assert not list(tmp_path.glob("ea-demo-*"))
