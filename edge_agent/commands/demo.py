"""`edge-agent demo`: portal, agent and centre as separate processes on this machine, from vehicle to receipt."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from edge_agent.commands import options
from edge_agent.hands.asking import Core
from edge_agent.tools import alarm_text
from edge_agent.words.errors import EdgeAgentError, NotRunning

ORIGIN = "demo.example/portal/demo-1"
PATIENCE_S = 58.0       # the vehicle with the source passes 38 s after the start of the scene
GAMMA_CPS, KMH = 1000, 8


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "demo", "Show a portal, the agent and a centre on this machine: from a vehicle to a receipt.", "edge-agent demo"
    )
    made.add_argument("--keep", action="store_true", help="stay up until Ctrl-C")
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    for number in (signal.SIGTERM, signal.SIGHUP):      # as Ctrl-C: processes and directory go with it
        signal.signal(number, _interrupt)
    where = Path(tempfile.mkdtemp(prefix="ea-demo-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, where, True)
        demo = Demo(where, stack)
        demo.start()
        good = demo.follow()
        if good:
            good = demo.check()
        if chosen.keep:
            demo.stay()
    return 0 if good else 1


class Demo:
    """The processes of one demonstration and what they wrote."""

    def __init__(self, where: Path, stack: contextlib.ExitStack) -> None:
        self._where, self._stack = where, stack
        self._config = where / "edge-agent.toml"
        self._began = time.monotonic()

    def start(self) -> None:
        """Centre, portal, core and uplink, enrolled with each other."""
        centre = self._where / "centre"
        self._ours("center", "init", centre, "--name", "demo.example/centre/national", "--host", "127.0.0.1")
        url = self._process("centre", ["edge_agent", "center", "run", str(centre), "--listen", "127.0.0.1:0"]).split()[1]
        portal = self._process("portal", ["hardware_mocks.rapiscan", "--tcp", "127.0.0.1:0", "--scene", "demo", "--seed", "7"])
        self._ours("center", "card", centre, "--url", url, "--out", self._where / "card.json")
        self._configure(portal.rsplit(":", 1)[1])
        enrolment = self._where / "enrolment.json"
        told = self._ours("--language", "en", "enrol", "--config", self._config, "--out", enrolment)
        digits = next(line.split(maxsplit=1)[1] for line in told.splitlines() if line.startswith("Fingerprint"))
        self._ours("center", "enrol", centre, enrolment, "--fingerprint", digits)
        self._process("core", ["edge_agent", "run", "--config", str(self._config)], ready=False)
        self._process("uplink", ["edge_agent", "uplink", "--config", str(self._config)], ready=False)
        self._say(f"portal  a mock Rapiscan VM-250 speaks its line protocol at {portal.split()[2]}")
        self._say("agent   the core judges and signs, the uplink delivers: two processes")
        self._say(f"centre  receives at {url}, both sides known by certificate")
        self._say("scene   30 s of background, a clean car, then a car with a source of "
                  f"{GAMMA_CPS} net counts/s at {KMH} km/h")

    def follow(self) -> bool:
        """Show what happens until every alarm has its receipt; False when it does not come."""
        shown: set[str] = set()
        while time.monotonic() - self._began < PATIENCE_S:
            for alarm in self._alarms():
                stage = f"{alarm['id']} {alarm['receipted']}"
                if stage not in shown:
                    shown.add(stage)
                    for line in alarm_text.story(alarm):
                        self._say(line)
            for line in self._centre_says():
                if line not in shown:
                    shown.add(line)
                    self._say(f"centre  shows  {line[:100]}")
            if shown and self._vehicle_over() and all(alarm["receipted"] for alarm in self._alarms()):
                return True
            time.sleep(0.2)
        print("the alarm did not come in time; what the processes said:", file=sys.stderr)
        for name in ("core", "uplink", "centre"):
            print(f"--- {name}\n{(self._where / f'{name}.log').read_text()[-2000:]}", file=sys.stderr)
        return False

    def check(self) -> bool:
        """`verify` over the agent's and the centre's copies: whole, and equal."""
        self._say("verify  the agent's copy:")
        ours = self._ours("verify", "--config", self._config)
        copy = self._where / "copy.ndjson"
        self._ours("center", "export", self._where / "centre", ORIGIN, "--out", copy)
        identity = json.loads((self._where / "state/logs/1/log.json").read_text())
        (self._where / "key.jwk").write_text(json.dumps(identity["record_key"]))
        self._say("verify  the centre's copy:")
        theirs = self._ours("verify", "--log", copy, "--key", self._where / "key.jwk")
        for text in (ours, theirs):
            print("\n".join(f"          {line}" for line in text.splitlines()))
        equal = self._equal(copy.read_text().splitlines())
        self._say("equal   both copies hold the same records, byte for byte" if equal else "NOT EQUAL")
        return equal

    def stay(self) -> None:
        self._say(f"stays up until Ctrl-C; look around:  edge-agent status --config {self._config}")
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(1)

    # --- pieces

    def _equal(self, theirs: list[str]) -> bool:
        ours: list[str] = []
        with self._core() as core:
            ours = core.ask("lines", **{"from": 0})["lines"]
        return bool(theirs) and ours[: len(theirs)] == theirs

    def _alarms(self) -> list[dict[str, Any]]:
        from edge_agent.tools import jws

        try:
            with self._core() as core:
                found = core.ask("alarms")
        except NotRunning:
            return []
        payloads = [jws.take_apart(line.encode()).payload for line in found["lines"]]
        return [{**payload, "receipted": payload["seq"] < found["receipted"]} for payload in payloads]

    def _centre_says(self) -> list[str]:
        return [line for line in (self._where / "centre.log").read_text().splitlines() if line.startswith("ALARM")]

    def _vehicle_over(self) -> bool:
        with self._core() as core:
            lane = core.ask("status")["lanes"]["1"]
        return bool(lane["state"] == "vacant" and lane["counts"]["occupancies"] >= 2)

    def _core(self) -> Core:
        return Core(self._where / "run/control.sock")

    def _configure(self, port: str) -> None:
        card = json.loads((self._where / "card.json").read_text())
        (self._where / "centre.pem").write_text(card["tls_cert"])
        self._config.write_text(
            f'version = 1\n[portal]\norigin = "{ORIGIN}"\nstate = "{self._where}/state"\nsockets = "{self._where}/run"\n'
            "heartbeat_s = 10\n"
            f'[[lane]]\nname = "1"\ndriver = "rapiscan"\nlink = {{ kind = "tcp", host = "127.0.0.1", port = {port} }}\n'
            f'[centre]\nurl = "{card["url"]}"\nvkey = "{card["vkey"]}"\nca = "centre.pem"\n'
        )

    def _ours(self, *words: object) -> str:
        """One of our own commands, run to its end; its output."""
        done = subprocess.run(
            [sys.executable, "-m", "edge_agent", *map(str, words)], capture_output=True, text=True, timeout=30, check=False
        )
        if done.returncode:
            raise EdgeAgentError(f"edge-agent {' '.join(map(str, words))}:\n{done.stderr}")
        return done.stdout

    def _process(self, name: str, module: list[str], ready: bool = True) -> str:
        """Start a process that stays; its `ready` line where it prints one."""
        log = (self._where / f"{name}.log").open("w")
        self._stack.callback(log.close)
        process = subprocess.Popen([sys.executable, "-m", *module], stdout=log, stderr=subprocess.STDOUT)
        self._stack.callback(_end, process)
        return _wait(lambda: next(_ready(self._where / f"{name}.log"), None), process, name) if ready else ""

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:5.1f} s  {text}", flush=True)


def _interrupt(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_IGN)           # a second one must not cut the cleaning short
    raise KeyboardInterrupt


def _ready(log: Path) -> Iterator[str]:
    return (line for line in log.read_text().splitlines() if line.startswith("ready "))


def _wait(question: Callable[[], str | None], process: subprocess.Popen[bytes], name: str) -> str:
    """The first answer of `question` within ten seconds."""
    for _ in range(100):
        answer = question()
        if answer is not None:
            return answer
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise EdgeAgentError(f"the {name} did not start")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
