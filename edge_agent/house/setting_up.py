"""`edge-agent setup`: from a bare controller to a receipted test alarm.  Asks through an Asker; each step says what it did.

A step that fails says what to do; setup run again goes on with the answers given before as defaults.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from edge_agent.doors.files import write_whole
from edge_agent.house import asked
from edge_agent.house.commissioning import Commissioning
from edge_agent.house.configuration import Configuration, load
from edge_agent.house.interview import Interview
from edge_agent.house.panel_names import PanelNames
from edge_agent.house.setup_parts import Asker, Machine
from edge_agent.house.trying_out import HEARD_S, RECEIPT_S, TryOut, until
from edge_agent.tools import answer_checks as checks
from edge_agent.tools.answers import Answers, LaneAnswers, configuration, swap
from edge_agent.words.errors import BusyError, NotRunning, SettingsError
from edge_agent.words.language import tr, worded


@dataclass(slots=True)
class Setup:
    asker: Asker
    machine: Machine
    config: Path
    again: bool = False
    by: str = "technician"
    step: int = 0
    _kind: str = "none"

    STEPS = 7

    @property
    def command(self) -> str:
        """What goes on from here: without --again setup would go on with the configuration that was to be replaced."""
        return "edge-agent setup --again" if self.again and self.step < 3 else "edge-agent setup"

    def run(self) -> bool:
        """True when a test alarm has its receipt, or there is no centre."""
        if self.config.exists() and not self.again:
            found = self._kept()
            self.step = 2
        else:
            found = self._configure()
        self._keys(found)
        self._service(found)
        trials, lanes = TryOut(self.asker, self.by), [lane.name for lane in found.settings.lane]
        self._begin(tr("Is every lane heard?"))
        heard = trials.heard(found, lanes)
        found = self._panels(found, heard)
        linked = found.settings.centre is None or self._linked(trials, found)
        tried = linked and self._test_alarm(trials, found)
        self._record(found, heard, linked, tried)
        return all(heard.values()) and tried

    def _begin(self, title: str) -> None:
        self.step += 1
        self.asker.say(f"\n[{self.step}/{self.STEPS}] {title}")

    # --- 1 and 2: what is here

    def _kept(self) -> Configuration:
        try:
            found = load(self.config)
        except SettingsError as problem:
            raise SettingsError(worded("{problem}\n  Mend it, or make another: setup --again; this one stays beside it",
                                       problem=problem)) from None
        self.asker.say(tr(
            "{file} is there and good: it is kept.\n  Another: setup --again; the old one stays beside it", file=self.config))
        return found

    def _configure(self) -> Configuration:
        interview = Interview(self.asker, self.machine)
        self._begin(tr("This controller"))
        origin, state, sockets = interview.this_controller()
        self._begin(tr("Lanes and their instruments: listens first, then asks read-only"))
        lanes = interview.lanes()
        centre = interview.centre()
        return self._write(Answers(origin, state, sockets, interview.annunciator(), lanes, centre))

    def _write(self, answers: Answers) -> Configuration:
        """Tried beside its place first: what does not pass its own check is never the configuration."""
        self.config.parent.mkdir(parents=True, exist_ok=True)
        if answers.centre is not None:
            write_whole(self.config.with_name("centre.pem"), str(answers.centre["tls_cert"]).encode())
        text, trial = configuration(answers).encode(), self.config.with_name(f".{self.config.name}.trial")
        try:
            write_whole(trial, text)
            load(trial)
        except SettingsError as problem:
            why = str(problem).replace(str(trial), "what was answered")
            raise SettingsError(worded("{why}\n  Nothing was written.  Run {command} again; the answers are kept", why=why,
                                       command=self.command)) from None
        finally:
            trial.unlink(missing_ok=True)
        if self.config.exists():            # a copy: at no moment is there none
            write_whole(self.config.with_name(f"{self.config.name}.{int(time.time())}"), self.config.read_bytes())
        write_whole(self.config, text)
        found = load(self.config)
        self.asker.say(tr("  {file}: written and good, hash {hash}", file=self.config, hash=found.hash[:12]))
        for lane in answers.lanes:
            if lane.relay:
                self._station(lane)
        return found

    def _station(self, lane: LaneAnswers) -> None:
        """What people change at the alarm station, and how they change it back, where they will look for it."""
        file, text = self.config.with_name(f"alarm-station-{lane.name}.txt"), swap(lane)
        write_whole(file, text.encode())
        self.asker.say("".join(f"\n  {line}" for line in text.splitlines()) + tr("\n\n  The same is in {file}", file=file))

    # --- 3 and 4: keys, service

    def _keys(self, found: Configuration) -> None:
        self._begin(tr("Keys, made on this device; they never leave it"))
        usual = str(self.config.with_name("enrolment.json"))
        out = self.asker.ask("enrolment", tr("File to carry to the centre"), usual, _to_make)
        fingerprint = self.machine.enrol(self.config, Path(out))
        self.asker.say(tr(
            "  {file}: carry it to the centre (edge-agent center enrol DIR FILE), no secret is in it\n"
            "  Read these digits to the centre over the telephone; both must see the same:\n\n      {digits}\n",
            file=out, digits=fingerprint))

    def _service(self, found: Configuration) -> None:
        self._begin(tr("Service"))
        services = self.machine.services
        self._kind = kind = self.asker.ask(
            "service", tr("How it runs: {services}", services=", ".join(services)), services[0], checks.one_of(services))
        if kind == "foreground" and asked.status(found) is not None:
            raise BusyError(worded(
                "a core runs already on these sockets (pid {pid}), and two may not.\n"
                "  A service: sudo systemctl stop edge-agent edge-agent-uplink.  In a terminal: Ctrl-C there.\n"
                "  Else: kill {pid}", pid=asked.pid(found)))
        self._start(found)

    def _start(self, found: Configuration) -> None:
        self.machine.start(self._kind, self.config)
        if not until(lambda: asked.status(found) is not None, HEARD_S):
            if self._kind == "none":
                raise NotRunning(worded(
                    "no core runs, and setup was told to start none.\n  edge-agent run --config {file}, then setup again",
                    file=self.config))
            raise NotRunning(worded("the core does not come up.\n  journalctl -u edge-agent -n 20"))
        self.asker.say(tr("  the core runs"))

    # --- 5 to 7: does it work

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

    def _linked(self, trials: TryOut, found: Configuration) -> bool:
        self._begin(tr("The way to the centre, step by step"))
        return trials.linked(found)

    def _test_alarm(self, trials: TryOut, found: Configuration) -> bool:
        self._begin(tr("A test alarm, marked as an exercise"))
        return trials.test_alarm(found, found.settings.lane[0].name)

    def _record(self, found: Configuration, heard: dict[str, bool], linked: bool, tried: bool) -> None:
        size = asked.log(found)["size"]
        made = Commissioning(self.asker, self.by, self.config.parent)
        for lane, good in heard.items():
            made.lane(found, lane, good, tried, person=good and tried and made.offered(lane))
        if linked and found.settings.centre is not None:        # before a service in the foreground ends
            until(lambda: asked.receipted(found, size, "commissioning", len(heard)), RECEIPT_S)


def _to_make(text: str) -> str:
    path = Path(checks.absolute(text))
    if path.is_dir() or not path.parent.is_dir():
        raise SettingsError(worded("{text!r}: expected a file to make, in a directory that is there", text=text))
    return text
