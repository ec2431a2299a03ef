"""The questions of setup: what this controller is called, which lanes it has and what is on their wires, who its centre is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent import drivers
from edge_agent.doors.files import not_a_directory, read_text, unmakable
from edge_agent.house.probing import SLOW_S, Found, shipped
from edge_agent.house.setup_parts import Asker, Machine
from edge_agent.tools import answer_checks as checks
from edge_agent.tools.answers import LaneAnswers
from edge_agent.tools.notes import read_vkey
from edge_agent.words.errors import EdgeAgentError, SettingsError
from edge_agent.words.language import joined, mark, shown, tr, worded
from edge_agent.words.register_map import MEANINGS, UNKNOWN
from edge_agent.words.settings import KINDS, LaneSettings, PortalSettings

TOLD = mark(
    "Who is told at the lane: log (the service's log; lamps and horn are added as docs/lamps.md says),\n"
    "  or none (nobody at the lane; the centre sees that it is so)"
)
LANES_MAX = 16
NO_MORE, NONE = "-", "none"


@dataclass(slots=True)
class Interview:
    asker: Asker
    machine: Machine
    _names: list[str] = field(default_factory=list)
    _wires: dict[tuple[str, int], str] = field(default_factory=dict)        # (place, unit; 0: all of the wire) -> its lane

    def this_controller(self) -> tuple[str, str, str]:
        """(origin, directory of state, directory of sockets)."""
        ask = self.asker.ask
        origin = ask("origin", tr("Name of its log at the centre, never used again (rpm.example.gov/portal/QX-0042)"), "",
                     checks.of_key(PortalSettings, "origin"))
        state = ask("state", tr("Directory of keys and records"), "/var/lib/edge-agent", _directory)
        return origin, state, ask("sockets", tr("Directory of its sockets"), "/run/edge-agent", _directory)

    def lanes(self) -> list[LaneAnswers]:
        lanes: list[LaneAnswers] = []
        while len(lanes) < LANES_MAX:
            number = len(lanes)
            question = tr("Name of lane {number} ({none}: no more)", number=number + 1, none=NO_MORE) if lanes else tr(
                "Name of lane 1, as people at the post call it")
            name = self.asker.ask(f"lane.{number}.name", question, NO_MORE if lanes else "", self._name)
            if not name:
                break
            self._names.append(name)
            lanes.append(self._lane(number, name))
        return lanes

    def centre(self) -> dict[str, Any] | None:
        return self.asker.ask("centre_card", tr("File of the centre's card (none: records are kept and not sent)"), "none", _card)

    def annunciator(self) -> str:
        return self.asker.ask("annunciator", tr(TOLD), "log", checks.one_of(("log", "none")))

    # --- one lane

    def _name(self, text: str) -> str:
        if self._names and text in ("", NO_MORE):
            return ""
        if text in self._names:
            raise SettingsError(worded("{text!r} is a lane already.\n  Give each its own name; {none} when there is no more",
                                       text=text, none=NO_MORE))
        return checks.of_key(LaneSettings, "name")(text)

    def _lane(self, number: int, name: str) -> LaneAnswers:
        ask = self.asker.ask
        kind = ask(f"lane.{number}.kind", tr("What passes: {kinds}", kinds=", ".join(KINDS)), "vehicle", checks.one_of(KINDS))
        wire = tr("Its wire: HOST, HOST:PORT, or a serial port by a stable name")
        place, found = ask(f"lane.{number}.place", wire, "", self._search)
        units = {str(one.link.unit): one for one in found}
        unit = next(iter(units)) if len(units) == 1 else ask(
            f"lane.{number}.unit", tr("Which unit: {units}", units=", ".join(units)), next(iter(units)),
            checks.one_of(tuple(units)))
        one = units[unit]
        self._wires[place, one.link.unit] = name
        families = tuple(family for family in drivers.names() if one.link.kind in drivers.find(family).links)
        question = tr("Its family: {families}", families=", ".join(families))
        driver = ask(f"lane.{number}.driver", question, one.driver, checks.one_of(families))
        self.asker.say(f"  {drivers.find(driver).title}: {drivers.find(driver).status}")
        if one.driver not in ("", driver):
            self.asker.say(tr("  --   what was heard is {heard}, not {driver}.  Not meant: Ctrl-C, then setup again",
                              heard=one.driver, driver=driver))
        link = _link(one)
        return LaneAnswers(name, kind, driver, link, self._means(number, driver), not drivers.find(driver).tells_passages,
                           self._station(number, one.link.port) if one.link.kind == "tcp" else {})

    def _station(self, number: int, port: int) -> dict[str, str | int]:
        """A portal takes one connection; who had it before listens to us from now on."""
        question = tr("Address of the alarm station that had this portal's connection (none: there is none)")
        station = self.asker.ask(f"lane.{number}.station", question, NONE, checks.address_or(NONE))
        if station == NONE:
            return {}
        host = self.asker.ask(f"lane.{number}.relay_host", tr("This controller's own address on the station's network"),
                              self.machine.own_address(station), checks.own_address)
        return {"host": host, "port": port, "station": station}

    def _search(self, text: str) -> tuple[str, list[Found]]:
        place = checks.given(text)
        self._free(place, 0)
        found, troubles = self.machine.search(place)
        for one in found:
            unit = tr(" unit {unit}", unit=one.link.unit) if one.link.unit else ""
            taken = self._wires.get((place, one.link.unit))
            self.asker.say(f"  {one.link.kind} {place}{unit}: {one.driver or tr('something answers')}: {shown(one.evidence)}"
                           + (tr(" (lane {taken})", taken=taken) if taken else ""))
        if not found:
            why = joined("\n  ", ("", *dict.fromkeys(troubles)))
            raise SettingsError(worded(
                "{place}: nothing was heard and nobody answers.{why}\n  Power, cable, address?  Does an alarm station hold its"
                " only connection: take it off for now.\n  Try: edge-agent probe {place}", place=place, why=why))
        free = [one for one in found if (place, one.link.unit) not in self._wires]
        if not free:
            self._free(place, found[0].link.unit)
        return place, free

    def _free(self, place: str, unit: int) -> None:
        if (taken := self._wires.get((place, unit))) is not None:
            raise SettingsError(worded(
                "{place} is lane {taken}'s already, and nothing else is on it.\n  Give the wire of this lane",
                place=place, taken=taken))

    def _means(self, number: int, driver: str) -> str:
        profile = shipped(driver)
        if profile.modbus is None or all(count.means != UNKNOWN for count in profile.modbus.count):
            return ""
        return self.asker.ask(
            f"lane.{number}.count_means", tr(
            "What its counts mean is not published: {meanings}\n"
            "  (edge-agent probe PLACE --driver {driver} --unit N watches and says)",
            meanings=", ".join(MEANINGS), driver=driver), "", checks.one_of(MEANINGS))


def _directory(text: str) -> str:
    file = not_a_directory(Path(checks.absolute(text)))
    if file is not None:
        raise SettingsError(worded("{text!r}: {file} is there and is no directory.\n  Name one; it is made where there is none",
                                   text=text, file=file))
    if why := unmakable(Path(text)):
        raise SettingsError(worded(
            "{text!r}: it cannot be made or written to: {why}.\n"
            "  Name another, /var/lib/edge-agent if in doubt; setup as root (sudo) may make it anywhere on a disk",
            text=text, why=why))
    return text


def _card(text: str) -> dict[str, Any] | None:
    if text in ("", "none"):
        return None
    try:
        card = json.loads(read_text(Path(text), "the centre's card"))
    except ValueError:
        raise SettingsError(_no_card(text, tr("it is not JSON"))) from None
    except EdgeAgentError as problem:
        raise SettingsError(_no_card(text, str(problem).split("\n", 1)[0].rstrip("."))) from None
    try:
        read_vkey(card["vkey"])
        if not (str(card["url"]).startswith("https://") and "BEGIN CERTIFICATE" in card["tls_cert"]):
            raise ValueError
    except (ValueError, KeyError, TypeError, EdgeAgentError):
        raise SettingsError(_no_card(text, tr("url, vkey and tls_cert are not all there and good"))) from None
    return dict(card)


def _no_card(text: str, why: str) -> str:
    return tr("{text}: not a centre's card: {why}.\n  The centre makes it: edge-agent center card DIR --url URL --out FILE",
              text=text, why=why)


def _link(one: Found) -> dict[str, str | int | float]:
    link = one.link
    where: dict[str, str | int | float] = {"device": link.device, "baud": link.baud, "parity": link.parity} if link.device else {
        "host": link.host, **({"port": link.port} if link.port else {})}
    return {"kind": link.kind, **where, **({"unit": link.unit} if link.unit else {}),
            **({"answer_s": SLOW_S} if link.answer_s == SLOW_S else {})}
