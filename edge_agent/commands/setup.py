"""`edge-agent setup`: from a bare controller to a receipted test alarm, by questions or from a file of answers."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import difflib
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.commands import options
from edge_agent.commands.console import PATIENCE_S, Console
from edge_agent.words.errors import EdgeAgentError, SettingsError
from edge_agent.words.language import tr, worded

T = TypeVar("T")
ACCOUNT = "edge-agent"
SERVICES = ("systemd", "foreground", "none")
KEYS = ("origin", "state", "sockets", "annunciator", "centre_card", "enrolment", "service", "patience_s", "lane")
LANE_KEYS = ("name", "kind", "place", "unit", "driver", "count_means", "panels", "station", "relay_host")


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "setup", "From a bare controller to a receipted test alarm: asks, tries, writes the configuration.",
        "sudo edge-agent setup\n  sudo edge-agent setup --answers post.toml",
    )
    made.add_argument("--answers", type=Path, metavar="FILE", help="answers instead of questions (docs/install.md)")
    made.add_argument("--again", action="store_true", help="make a new configuration; the old one is kept beside it")
    made.add_argument("--by", metavar="NAME", help="who does it, as it stands on record (default: this account)")
    options.config(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from edge_agent.commands import probe
    from edge_agent.doors.files import who
    from edge_agent.house.setting_up import Setup
    from edge_agent.house.setup_parts import Machine

    os.umask(0o022)         # whatever root's is: the accounts of the services read the configuration
    without = worded("\n  Without a terminal: edge-agent setup --answers FILE")
    asker: Any = FromFile(chosen.answers) if chosen.answers else Console(
        chosen.config.with_name(".setup-answers.json"), without)
    with contextlib.ExitStack() as stack:
        services = Services(stack)
        machine = Machine(probe.search, _enrol, services.start, services.kinds, _own_address)
        setup = Setup(asker, machine, chosen.config.absolute(), chosen.again, chosen.by or who())
        try:
            good = setup.run()
        except KeyboardInterrupt:
            asker.say(tr("\nStopped.  What was answered and made is kept: {command} goes on from there.", command=setup.command))
            raise
        asker.say(tr("\nThis post works: its lanes are heard, a test alarm has its receipt.") if good else
                  tr("\nNot all of it works yet; see FAIL above.  Mend it, then setup again: answers are kept."))
        services.farewell(chosen.config.absolute(), asker.say)
    return 0 if good else 1


class FromFile:
    """A TOML file: origin, [[lane]] with name, kind, place, ..., centre_card, service, ..."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._table = tomllib.loads(options.read_bytes(path).decode())
        except (ValueError, RecursionError) as problem:
            raise SettingsError(worded(
                "{path}: not TOML: {problem}.\n  docs/install.md shows an example",
                path=path, problem=problem)) from None
        lanes = self._table.get("lane", [])
        if not isinstance(lanes, list) or not all(isinstance(lane, dict) for lane in lanes):
            raise SettingsError(worded("{path}: lane: expected [[lane]] tables.\n  docs/install.md shows an example", path=path))
        self._lanes = lanes
        self._check_keys()
        self._check_values()
        patience = self._table.get("patience_s", PATIENCE_S)
        if isinstance(patience, bool) or not isinstance(patience, int | float) or not 0 <= patience <= 86_400:
            raise SettingsError(worded(
                "{path}: patience_s = {patience!r}: expected seconds, 0 to 86400", path=path, patience=patience))
        self._patience_s = float(patience)

    def _check_keys(self) -> None:
        """A key that nobody asks for is a slip of the pen, and what it meant would be silently the default."""
        lanes = ((f"lane {number}: ", lane, LANE_KEYS) for number, lane in enumerate(self._lanes, 1))
        for where, table, known in (("", self._table, KEYS), *lanes):
            for key in table:
                if key not in known:
                    near = difflib.get_close_matches(key, known, 1)
                    hint = worded("Did you mean {key}?", key=near[0]) if near else worded("Known: {keys}", keys=", ".join(known))
                    raise SettingsError(worded(
                        "{path}: {where}{key}: unknown key.\n  {hint}", path=self._path, where=where, key=key, hint=hint))
            if known is LANE_KEYS and "panels" not in table:
                raise SettingsError(worded(
                    '{path}: {where}panels is missing: "unverified" (every record says so), or the panels in the order\n'
                    '  of the wire where somebody has proved it: "Aa1 Aa2 Ba1 Ba2".  By a source: setup without --answers',
                    path=self._path, where=where))

    def _check_values(self) -> None:
        """What can be judged before anything is done is."""
        lanes = ((f"lane {number}: ", lane) for number, lane in enumerate(self._lanes, 1))
        for where, table in (("", self._table), *lanes):
            for key, value in table.items():
                if key not in ("lane", "patience_s", "unit") and not isinstance(value, str):
                    raise SettingsError(worded(
                        "{path}: {where}{key} = {value!r}: expected a text.\n"
                        '  Write it in "quotes"',
                        path=self._path, where=where, key=key, value=value))
        service = self._table.get("service", SERVICES[0])
        if service not in SERVICES:
            raise SettingsError(worded(
                "{path}: service = {service!r}: expected one of {services}",
                path=self._path, service=service, services=", ".join(SERVICES)))
        for number, lane in enumerate(self._lanes, 1):
            if lane["panels"] == "source":
                raise SettingsError(worded(
                    '{path}: lane {number}: panels = "source" needs a person at the panels.\n'
                    '  Answer "unverified" or the order',
                    path=self._path, number=number))

    def ask(self, key: str, question: str, default: str, check: Callable[[str], T]) -> T:
        value = self._find(key)
        try:
            return check(default if value is None else str(value))
        except SettingsError as problem:
            raise SettingsError(worded(
                "{path}: {named}: {problem}\n  It answers: {question}",
                path=self._path, named=_named(key), problem=problem, question=question)) from None

    def _find(self, key: str) -> Any:
        parts = key.split(".")
        if len(parts) == 3:
            number = int(parts[1])
            return self._lanes[number].get(parts[2], None if parts[2] != "name" else "") if number < len(self._lanes) else None
        return self._table.get(key)

    def say(self, text: str) -> None:
        print(text, flush=True)

    def enter(self, text: str) -> None:
        raise SettingsError(worded(
            '{path}: panels = "source" needs a person at the panels.\n'
            '  Answer "unverified" or the order',
            path=self._path))

    def patience_s(self) -> float:
        return self._patience_s


def _named(key: str) -> str:
    """A key as it stands in the file: lane.0.kind is `kind` of the first [[lane]]."""
    parts = key.split(".")
    return f"lane {int(parts[1]) + 1}: {parts[2]}" if len(parts) == 3 else key


class Services:
    """systemd's units, or two processes for as long as setup runs."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack, self._kind = stack, "none"
        self._running: list[subprocess.Popen[bytes]] = []
        systemd = Path("/run/systemd/system").is_dir()
        self.kinds = ("systemd", "foreground", "none") if systemd else ("foreground", "none")

    def start(self, kind: str, config: Path) -> None:
        self._kind, relay = kind, _relayed(config)
        if kind == "systemd":
            units = ["edge-agent", "edge-agent-uplink", *(["edge-agent-relay"] if relay else [])]
            for word in ("enable", "restart"):      # restart: one that runs already must run what was written now
                done = subprocess.run(["systemctl", word, *units], capture_output=True, text=True)
                if done.returncode:
                    raise EdgeAgentError(worded(
                        "systemctl {word}: {said}\n  Are the units there? docs/install.md",
                        word=word, said=done.stderr.strip()))
        while self._running:
            _end(self._running.pop())
        if kind == "foreground":
            for command in ("run", "uplink", *(("relay",) if relay else ())):
                log = (config.parent / f"setup-{command}.log").open("ab")
                process = subprocess.Popen([sys.executable, "-m", "edge_agent", command, "--config", str(config)],
                                           stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
                                           preexec_fn=_end_with_setup)
                log.close()
                self._running.append(process)
                self._stack.callback(_end, process)

    def farewell(self, config: Path, say: Callable[[str], None]) -> None:
        if self._kind == "foreground":
            say(tr("It ran for this setup and ends now.  In the foreground, each in a terminal of its own:"))
            for command in ("run", "uplink", *(("relay",) if _relayed(config) else ())):
                say(f"  edge-agent {command} --config {config}")


def _relayed(config: Path) -> bool:
    from edge_agent.house.configuration import load

    return any(lane.relay is not None for lane in load(config).settings.lane)


def _end_with_setup() -> None:
    """In the child: the kernel ends it when setup is gone, however it went (prctl(2), PR_SET_PDEATHSIG is 1)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()


def _own_address(station: str) -> str:
    """By the routes of this machine; no byte is sent."""
    family = socket.AF_INET6 if ":" in station else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as way:
        way.connect((station, 9))
        return str(way.getsockname()[0])
    return ""


def _enrol(config: Path, out: Path) -> str:
    """Keys belong to the account of the core, whoever runs setup."""
    from edge_agent.doors.files import write_whole

    with tempfile.TemporaryDirectory(prefix="edge-agent-") as where:
        made = Path(where) / "enrolment.json"
        command = [sys.executable, "-m", "edge_agent", "--language", "en", "enrol", "--config", str(config), "--out", str(made)]
        if os.geteuid() == 0 and str(config).startswith("/etc/") and _is_account(ACCOUNT):
            os.chown(where, pwd.getpwnam(ACCOUNT).pw_uid, -1)
            command = ["runuser", "-u", ACCOUNT, "--", *command]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise EdgeAgentError(done.stderr.strip().removeprefix("edge-agent: "))
        write_whole(out, made.read_bytes())
    return next(line for line in done.stdout.splitlines() if line.startswith("Fingerprint")).removeprefix("Fingerprint").strip()


def _is_account(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
