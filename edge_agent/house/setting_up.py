"""`edge-agent setup`: from a bare controller to a receipted test alarm.  Asks through an Asker; each step says what it did.

A step that fails says what to do; setup run again goes on with the answers given before as defaults.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent import drivers
from edge_agent.doors.files import write_whole
from edge_agent.house import asked, way_testing
from edge_agent.house.commissioning import Commissioning
from edge_agent.house.configuration import Configuration, load
from edge_agent.house.panel_names import PanelNames
from edge_agent.house.probing import SLOW_S, Found
from edge_agent.house.setup_parts import Asker, Machine
from edge_agent.tools import answer_checks as checks
from edge_agent.tools.answers import Answers, LaneAnswers, configuration
from edge_agent.tools.notes import read_vkey
from edge_agent.words.errors import BusyError, EdgeAgentError, NotRunning, SettingsError
from edge_agent.words.register_map import UNKNOWN

KINDS = ("vehicle", "pedestrian", "rail", "conveyor")
MEANINGS = ("cumulative", "interval", "per-second")
ORIGIN = re.compile(r"[a-z0-9][a-z0-9.-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)+")
LANES_MAX = 16
HEARD_S, RECEIPT_S = 40.0, 60.0


@dataclass(slots=True)
class Setup:
    asker: Asker
    machine: Machine
    config: Path
    again: bool = False
    by: str = "technician"
    step: int = 0
    _kind: str = "none"
    passed: dict[str, bool] = field(default_factory=dict)

    STEPS = 7

    def run(self) -> bool:
        """True when a test alarm has its receipt, or there is no centre."""
        if self.config.exists() and not self.again:
            settings = load(self.config)
            self.asker.say(f"{self.config} is there and good: it is kept.\n  Another: setup --again; the old one stays beside it")
            self.step = 2
        else:
            settings = self._configure()
        self._keys(settings)
        self._service(settings)
        heard = self._lanes(settings)
        settings = self._panels(settings, heard)
        linked = settings.settings.centre is None or self._link(settings)
        tried = linked and self._test_alarm(settings)
        self._record(settings, heard, linked, tried)
        return all(heard.values()) and tried

    def _begin(self, title: str) -> None:
        self.step += 1
        self.asker.say(f"\n[{self.step}/{self.STEPS}] {title}")

    # --- 1 and 2: what is here

    def _configure(self) -> Configuration:
        self._begin("This controller")
        ask = self.asker.ask
        named = checks.like(ORIGIN, "a name like rpm.example.gov/portal/QX-0042")
        origin = ask("origin", "Name of its log at the centre, never used again (rpm.example.gov/portal/QX-0042)", "", named)
        state = ask("state", "Directory of keys and records", "/var/lib/edge-agent", checks.absolute)
        sockets = ask("sockets", "Directory of its sockets", "/run/edge-agent", checks.absolute)
        self._begin("Lanes and their instruments: listens first, then asks read-only")
        lanes: list[LaneAnswers] = []
        while len(lanes) < LANES_MAX:
            number = len(lanes)
            more = " (empty: no more)" if lanes else ""
            name = ask(f"lane.{number}.name", f"Name of lane {number + 1}{more}", "", checks.lane_name(empty=bool(lanes)))
            if not name:
                break
            lanes.append(self._lane(number, name))
        centre = self._centre()
        annunciator = ask(
            "annunciator", "Who is told at the lane: log, or none (the centre sees it)", "log", checks.one_of(("log", "none")))
        return self._write(Answers(origin, state, sockets, annunciator, lanes, centre))

    def _lane(self, number: int, name: str) -> LaneAnswers:
        ask = self.asker.ask
        kind = ask(f"lane.{number}.kind", "What passes: " + ", ".join(KINDS), "vehicle", checks.one_of(KINDS))
        found = ask(f"lane.{number}.place", "Its wire: HOST, HOST:PORT, or a serial port by a stable name", "", self._search)
        units = {str(one.link.unit): one for one in found}
        unit = next(iter(units)) if len(units) == 1 else ask(
            f"lane.{number}.unit", f"Which unit: {', '.join(units)}", next(iter(units)), checks.one_of(tuple(units)))
        one, families = units[unit], tuple(drivers.names())
        driver = ask(f"lane.{number}.driver", f"Its family: {', '.join(families)}", one.driver, checks.one_of(families))
        self.asker.say(f"  {drivers.find(driver).title}: {drivers.find(driver).status}")
        return LaneAnswers(name, kind, driver, _link(one), self._means(number, driver), not drivers.find(driver).tells_passages)

    def _search(self, place: str) -> list[Found]:
        found, troubles = self.machine.search(checks.given(place))
        for one in found:
            unit = f" unit {one.link.unit}" if one.link.unit else ""
            self.asker.say(f"  {one.link.kind} {place}{unit}: {one.driver or 'something answers'}: {one.evidence}")
        if not found:
            why = "".join(f"\n  {trouble}" for trouble in troubles)
            raise SettingsError(
                f"{place}: nothing was heard and nobody answers.{why}\n  Power, cable, address?  Try: edge-agent probe {place}"
            )
        return found

    def _means(self, number: int, driver: str) -> str:
        from edge_agent.house.probing import shipped

        profile = shipped(driver)
        if profile.modbus is None or all(count.means != UNKNOWN for count in profile.modbus.count):
            return ""
        return self.asker.ask(
            f"lane.{number}.count_means", "What its counts mean is not published: " + ", ".join(MEANINGS)
            + f"\n  (edge-agent probe PLACE --driver {driver} --unit N watches and says)", "", checks.one_of(MEANINGS))

    def _centre(self) -> dict[str, Any] | None:
        def read(text: str) -> dict[str, Any] | None:
            if text in ("", "none"):
                return None
            try:
                card = json.loads(Path(text).read_text())
                read_vkey(card["vkey"])
                if not (str(card["url"]).startswith("https://") and "BEGIN CERTIFICATE" in card["tls_cert"]):
                    raise ValueError("url or tls_cert")
            except (OSError, ValueError, KeyError, TypeError, EdgeAgentError) as problem:
                raise SettingsError(
                    f"{text}: not a centre's card ({problem}).\n  There: edge-agent center card DIR --url URL --out FILE"
                ) from None
            return dict(card)

        return self.asker.ask("centre_card", "File of the centre's card (none: records are kept and not sent)", "none", read)

    def _write(self, answers: Answers) -> Configuration:
        self.config.parent.mkdir(parents=True, exist_ok=True)
        if self.config.exists():            # a copy: at no moment is there none
            write_whole(self.config.with_name(f"{self.config.name}.{int(time.time())}"), self.config.read_bytes())
        if answers.centre is not None:
            write_whole(self.config.with_name("centre.pem"), str(answers.centre["tls_cert"]).encode())
        write_whole(self.config, configuration(answers).encode())
        found = load(self.config)
        self.asker.say(f"  {self.config}: written and good, hash {found.hash[:12]}")
        return found

    # --- 3 and 4: keys, service

    def _keys(self, found: Configuration) -> None:
        self._begin("Keys, made on this device; they never leave it")
        usual = str(self.config.with_name("enrolment.json"))
        out = self.asker.ask("enrolment", "File to carry to the centre", usual, checks.absolute)
        fingerprint = self.machine.enrol(self.config, Path(out))
        self.asker.say(f"  {out}: carry it to the centre (edge-agent center enrol DIR FILE), no secret is in it\n"
                       f"  Read these digits to the centre over the telephone; both must see the same:\n\n      {fingerprint}\n")

    def _service(self, found: Configuration) -> None:
        self._begin("Service")
        services = self.machine.services
        self._kind = kind = self.asker.ask(
            "service", f"How it runs: {', '.join(services)}", services[0], checks.one_of(services))
        if kind == "foreground" and asked.status(found) is not None:
            raise BusyError(
                f"a core runs already on these sockets (pid {asked.pid(found)}), and two may not.\n"
                "  A service: sudo systemctl stop edge-agent edge-agent-uplink.  In a terminal: Ctrl-C there.\n"
                f"  Else: kill {asked.pid(found)}")
        self._start(found)

    def _start(self, found: Configuration) -> None:
        self.machine.start(self._kind, self.config)
        self._wait(
            lambda: asked.status(found) is not None, HEARD_S, "the core does not come up.\n  journalctl -u edge-agent -n 20")
        self.asker.say("  the core runs")

    # --- 5 to 7: does it work

    def _lanes(self, found: Configuration) -> dict[str, bool]:
        self._begin("Is every lane heard?")
        names = [lane.name for lane in found.settings.lane]
        heard = dict.fromkeys(names, False)
        ends = time.monotonic() + HEARD_S
        while not all(heard.values()) and time.monotonic() < ends:
            lanes = (asked.status(found) or {"lanes": {}})["lanes"]
            heard = {name: name in lanes and lanes[name]["heard_s"] is not None and not lanes[name]["faults"] for name in names}
            time.sleep(0.5)
        lanes = (asked.status(found) or {"lanes": {}})["lanes"]
        for name, good in heard.items():
            why = "; ".join(f"{key}: {text}" for key, text in lanes.get(name, {}).get("fault_details", {}).items())
            self.asker.say(f"  {'ok  ' if good else 'FAIL'} lane {name}" + ("" if good else f": {why or 'not heard'}"))
        return heard

    def _panels(self, found: Configuration, heard: dict[str, bool]) -> Configuration:
        """Which field of the wire is which panel; nothing is taken for granted, and every record says which it is."""
        named = PanelNames(self.asker, self.by, self.config)
        changed = [lane.name for number, lane in enumerate(found.settings.lane) if heard[lane.name]
                   and not lane.panels_verified and named.lane(found, number, lane.name)]
        if not changed:
            return found
        found = load(self.config)
        self._start(found)          # in force with the next start
        return found

    def _link(self, found: Configuration) -> bool:
        self._begin("The way to the centre, step by step")
        ends = time.monotonic() + self.asker.patience_s()
        told = False
        while True:
            steps = list(way_testing.steps(found))
            good = all(step.good is not False for step in steps)
            if good or time.monotonic() > ends:
                for step in steps:
                    verdict = "ok  " if step.good else "FAIL" if step.good is False else "--  "
                    self.asker.say(f"  {verdict} {step.name}: {step.found}")
                return good
            if not told:
                bad = next(step for step in steps if step.good is False)
                self.asker.say(f"  waiting: {bad.name}: {bad.found}")
                told = True
            time.sleep(2.0)

    def _test_alarm(self, found: Configuration) -> bool:
        self._begin("A test alarm, marked as an exercise")
        size = asked.log(found)["size"]
        lane = found.settings.lane[0].name
        asked.act(found, self.by, "begin", kind="exercise", lane=lane, reason="commissioning: test alarm", for_s=600)
        try:
            name = asked.act(found, self.by, "test-alarm", lane=lane)["alarm"]
        finally:
            asked.act(found, self.by, "end", kind="exercise", lane=lane)
        if found.settings.centre is None:
            self.asker.say(f"  alarm {name} is on record; there is no centre to send it to")
            return True
        good = self._wait(lambda: asked.receipted(found, size, "alarm", 1), RECEIPT_S, "")
        self.asker.say(f"  {'ok  ' if good else 'FAIL'} alarm {name}" + (
            " has the centre's receipt" if good else ": no receipt within a minute.  edge-agent status, edge-agent link"))
        return good

    def _record(self, found: Configuration, heard: dict[str, bool], linked: bool, tried: bool) -> None:
        size = asked.log(found)["size"]
        Commissioning(self.asker, self.by, self.config.parent).record(found, heard, linked, tried)
        if linked and found.settings.centre is not None:        # before a service in the foreground ends
            self._wait(lambda: asked.receipted(found, size, "commissioning", len(heard)), RECEIPT_S, "")

    # --- pieces

    def _wait(self, question: Callable[[], bool], seconds: float, otherwise: str) -> bool:
        ends = time.monotonic() + seconds
        while not question():
            if time.monotonic() > ends:
                if otherwise:
                    raise NotRunning(otherwise)
                return False
            time.sleep(0.5)
        return True


def _link(one: Found) -> dict[str, str | int | float]:
    link = one.link
    where: dict[str, str | int | float] = {"device": link.device, "baud": link.baud, "parity": link.parity} if link.device else {
        "host": link.host, **({"port": link.port} if link.port else {})}
    return {"kind": link.kind, **where, **({"unit": link.unit} if link.unit else {}),
            **({"answer_s": SLOW_S} if link.answer_s == SLOW_S else {})}
