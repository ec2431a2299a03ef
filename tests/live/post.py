"""A border post for tests: mock portals, core, uplink and centre as real processes over real sockets and ptys."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.hands.asking import Core
from edge_agent.house.enrolment import fingerprint
from edge_agent.tools import jws
from edge_agent.words.errors import NotRunning

T = TypeVar("T")
ORIGIN = "test.example/portal/T-1"
ENVIRONMENT = {**os.environ, "PYTHONUNBUFFERED": "1"}


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def wait_for(question: Callable[[], T | None], seconds: float, what: str) -> T:
    """The first answer that is true; patience is bounded, nothing is asserted about how long it took."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {seconds} s")


class Post:
    """Processes by name; each can be killed and started again."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.lanes: list[str] = []
        self.url = f"https://127.0.0.1:{free_port()}"
        self.listen = ""                                # of the centre, where it is not what its URL says
        self.inside: dict[str, list[str]] = {}          # process -> words before its command: another network namespace
        self.config = where / "edge-agent.toml"

    # --- processes

    def command(self, *words: object, check: bool = True, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "edge_agent", *map(str, words)], capture_output=True, text=True, timeout=timeout_s,
            check=check, env=ENVIRONMENT,
        )

    def spawn(self, name: str, *module: str, env: dict[str, str] | None = None) -> None:
        log = (self.where / f"{name}.log").open("a")
        self.processes[name] = subprocess.Popen(
            [*self.inside.get(name, []), sys.executable, "-m", *module], stdout=log, stderr=subprocess.STDOUT,
            env={**ENVIRONMENT, **(env or {})},
        )
        log.close()

    def log(self, name: str) -> str:
        path = self.where / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def kill(self, name: str, number: int = signal.SIGKILL) -> None:
        process = self.processes.pop(name)
        process.send_signal(number)
        process.wait(30)

    def close(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    # --- parts

    def portal(self, lane: str, *options: str, pty: bool = False) -> None:
        """A mock portal and the lane that listens to it."""
        name = f"portal-{lane}"
        wire = ["--pty", "--link", str(self.where / f"{lane}.tty")] if pty else ["--tcp", "127.0.0.1:0"]
        self.spawn(name, "hardware_mocks.rapiscan", *wire, "--truth", str(self.where / f"{lane}.truth"), *options)
        whole = re.compile(r"^ready .*\n", re.MULTILINE)       # the program writes its words one by one
        ready = wait_for(lambda: whole.findall(self.log(name)), 20, name)[0].rstrip()
        if pty:
            link = f'{{ kind = "serial", device = "{self.where / f"{lane}.tty"}" }}'
        else:
            host, port = ready.split()[2].rsplit(":", 1)
            link = f'{{ kind = "tcp", host = "{host}", port = {port} }}'
        self.lanes.append(f'[[lane]]\nname = "{lane}"\ndriver = "rapiscan"\nlink = {link}\n')

    def make_centre(self) -> None:
        host = self.url[8:].rsplit(":", 1)[0]
        self.command("center", "init", self.where / "centre", "--name", "test.example/centre", "--host", host)
        self.command("center", "card", self.where / "centre", "--url", self.url, "--out", self.where / "card.json")

    def start_centre(self) -> None:
        before = self.log("centre").count("ready ")
        self.spawn("centre", "edge_agent", "center", "run", str(self.where / "centre"), "--listen", self.listen or self.url[8:])
        wait_for(lambda: self.log("centre").count("ready ") > before, 20, "the centre")

    def configure(self, heartbeat_s: float = 5, extra: str = "") -> None:
        centre = ""
        if (self.where / "card.json").exists():
            card = json.loads((self.where / "card.json").read_text())
            (self.where / "centre.pem").write_text(card["tls_cert"])
            centre = f'[centre]\nurl = "{card["url"]}"\nvkey = "{card["vkey"]}"\nca = "centre.pem"\n'
        self.config.write_text(
            f'version = 1\n[portal]\norigin = "{ORIGIN}"\nstate = "{self.where}/state"\nsockets = "{self.where}/run"\n'
            f"heartbeat_s = {heartbeat_s}\n{extra}" + "".join(self.lanes) + centre
        )

    def enrol(self) -> None:
        self.command("enrol", "--config", self.config, "--out", self.where / "enrolment.json")
        if (self.where / "centre").exists():
            self.admit(self.where / "enrolment.json")

    def admit(self, enrolment: Path) -> None:
        """The centre's operator types the digits that the portal shows."""
        digits = fingerprint(json.loads(enrolment.read_text()))
        self.command("center", "enrol", self.where / "centre", enrolment, "--fingerprint", digits)

    def start_core(self, env: dict[str, str] | None = None) -> None:
        self.spawn("core", "edge_agent", "run", "--config", str(self.config), env=env)

    def start_uplink(self) -> None:
        self.spawn("uplink", "edge_agent", "uplink", "--config", str(self.config))

    # --- questions

    def ask(self, op: str, **values: Any) -> dict[str, Any] | None:
        """The core's answer; None while it is not there."""
        try:
            with Core(self.where / "run/control.sock", 10) as core:
                return core.ask(op, **values)
        except NotRunning:
            return None

    def status(self) -> dict[str, Any]:
        return wait_for(lambda: self.ask("status"), 20, "the core's status")

    def all_lines(self) -> list[str]:
        """Every line of the agent's ledger."""
        lines: list[str] = []
        begin = 0
        while True:
            found = wait_for(lambda begin=begin: self.ask("lines", **{"from": begin}), 20, "the core's lines")
            lines += found["lines"]
            begin = found["from"] + len(found["lines"])
            if not found["lines"]:
                return lines

    def centre_lines(self, origin: str = ORIGIN) -> list[str]:
        out = self.where / "copy.ndjson"
        out.unlink(missing_ok=True)
        done = self.command("center", "export", self.where / "centre", origin, "--out", out, check=False)
        return out.read_text().splitlines() if done.returncode == 0 and out.exists() else []

    def truth(self, lane: str) -> list[dict[str, Any]]:
        path = self.where / f"{lane}.truth"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def all_receipted(self) -> bool:
        found = self.ask("status")
        return bool(found) and found["log"]["size"] > 0 and found["log"]["unreceipted"] == 0


def payloads(lines: list[str], kind: str = "") -> Iterator[dict[str, Any]]:
    for line in lines:
        parts = jws.take_apart(line.encode())
        if kind in ("", parts.kind):
            yield {**parts.payload, "kind": parts.kind}


