"""Who is told at the lane: the log, and I/O modules with lamps.  Built from [annunciator], and checked before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.hands import links
from edge_agent.hands.annunciator import LogSignal, Signal
from edge_agent.judgement.lights import Lights
from edge_agent.paths.acting import Acting
from edge_agent.paths.lane import Lane
from edge_agent.words.clock import Clock
from edge_agent.words.errors import SettingsError
from edge_agent.words.language import joined, worded
from edge_agent.words.settings import LAMPS, LampSettings, LinkSettings, Settings

if TYPE_CHECKING:
    from edge_agent.hands.lamps import Lamps
    from edge_agent.hands.links.outlet import BusModule

ALONE = ("ready", "horn", "heartbeat")      # shared, green would mean red, or acknowledging would put a lamp out
Report = Callable[[str, str, bool], None]


class Lighting:
    """Every signal of this controller.  Lanes come later: they need the annunciator first."""

    def __init__(self, settings: Settings, made: links.Links, clock: Clock, report: Report) -> None:
        self._links, self._wires = made, {lane.name: lane.link for lane in settings.lane}
        self._report = report
        self._troubles: dict[str, str] = {}
        self._acting: Acting | None = None
        self._lanes: dict[str, Lane] = {}
        every = [lane.name for lane in settings.lane]
        self._lamps = [self._make(module, module.lanes or every, clock) for module in settings.annunciator.module]
        self.signals: list[Signal] = [*self._lamps]
        if settings.annunciator.kind == "log":
            self.signals.insert(0, LogSignal())

    def watch(self, lanes: Sequence[Lane], acting: Acting) -> None:
        self._lanes, self._acting = {lane.name: lane for lane in lanes}, acting

    def work(self) -> dict[str, Coroutine[Any, Any, None]]:
        """By name, what runs beside the lanes."""
        return {f"lamps {number} {lamps.name}": lamps.run() for number, lamps in enumerate(self._lamps)}

    def _make(self, module: LampSettings, lanes: Sequence[str], clock: Clock) -> Lamps:
        from edge_agent.hands.lamps import Lamps  # pymodbus, for those who have a module

        on_bus = self._on_bus(module)
        where = _where(module, self._wires)

        def pressed(alarms: list[tuple[str, str]]) -> None:
            for lane, alarm in alarms:
                if self._acting is not None:
                    self._acting.acknowledged(lane, alarm, f"button, input {module.button} of I/O module {where}")

        def told(trouble: str) -> None:
            self._troubles[where] = trouble
            why = joined("; ", sorted(text for text in self._troubles.values() if text))
            self._report("lamps", why, bool(why))

        return Lamps(
            module, Lights(lanes, module.hold_s, module.horn_s), clock, pressed=pressed, told=told, module=on_bus,
            heard=lambda: all(name in self._lanes and self._lanes[name].heard for name in lanes),
            exercise=lambda: self._acting is not None and any(
                act["lane"] is None or act["lane"] in lanes for act in self._acting.plain()
            ),
        )


    def _on_bus(self, module: LampSettings) -> BusModule | None:
        if not module.bus:
            return None
        return self._links.outlet(self._wires[module.bus], module.unit, list(module.coils.values()), module.button)


def _where(module: LampSettings, wires: Mapping[str, LinkSettings]) -> str:
    """What people call it, and what tells it from other modules."""
    wire = wires.get(module.bus)
    return f"{links.place(wire) if wire else f'{module.host}:{module.port}'} unit {module.unit}"


def check(settings: Settings, path: Path) -> None:
    """SettingsError where a module cannot show what it is asked to."""
    if settings.annunciator.kind == "none" and settings.annunciator.module:
        raise SettingsError(worded(
            '{path}: annunciator.kind = "none", and there is a module with lamps.\n'
            "  Take one of them out.",
            path=path))
    names = [lane.name for lane in settings.lane]
    wires = {lane.name: lane.link for lane in settings.lane}
    taken: dict[tuple[str, int], int] = {}
    for number, module in enumerate(settings.annunciator.module):
        problem = _place_problem(module, wires) or _problem(module, names)
        for address in set(module.coils.values()):
            other = taken.setdefault((_where(module, wires), address), number)
            if other != number:
                problem = f"coil {address} is module[{other}]'s already.\n  Give each lamp to one of them"
        if problem:
            where = module.host or f"bus of lane {module.bus}"
            raise SettingsError(worded(
                "{path}: annunciator.module[{number}] ({where}): {problem}.",
                path=path, number=number, where=where, problem=problem))


def _place_problem(module: LampSettings, wires: Mapping[str, LinkSettings]) -> str:
    if bool(module.host) is bool(module.bus):
        return 'where it is must be said once.\n  host = "ADDRESS" for Modbus TCP, or bus = "LANE": on the wire of that lane'
    if not module.bus:
        return ""
    if module.bus not in wires:
        return f"bus: no lane is called {module.bus!r}.\n  There are: {', '.join(wires)}"
    if wires[module.bus].kind not in links.MODBUS:
        asked = [name for name, wire in wires.items() if wire.kind in links.MODBUS]
        return f"bus: lane {module.bus} is not asked over Modbus.\n  Lanes that are: {', '.join(asked) or 'none; use host'}"
    if not 1 <= module.unit <= 247:
        return f"unit {module.unit}: on a bus it is 1 to 247, each device its own.\n  Set it as on the module's switch"
    span = max(module.coils.values(), default=0) - min(module.coils.values(), default=0)
    return "its coils are too far apart to be read back at once.\n  Use coils within 2000 of each other" if span >= 2000 else ""


def _problem(module: LampSettings, lanes: Sequence[str]) -> str:
    coils = module.coils
    for name in [*coils, *module.inverted]:
        if name not in LAMPS:
            return f"no output is called {name!r}.\n  There are: {', '.join(LAMPS)}"
    for name in module.inverted:
        if name not in coils:
            return f"{name} is inverted and has no coil.\n  Add it to coils, or take it from inverted"
    for name in module.lanes:
        if name not in lanes:
            return f"no lane is called {name!r}.\n  There are: {', '.join(lanes)}"
    if "fault" not in coils:
        return "no coil for fault: nobody would see that a lane is blind.\n  Add fault = N to coils"
    for name, address in coils.items():
        sharing = [other for other in coils if coils[other] == address and other != name]
        if sharing and name in ALONE:
            return f"{name} and {sharing[0]} share coil {address}.\n  {name} needs a coil of its own"
        otherwise = [other for other in sharing if (other in module.inverted) is not (name in module.inverted)]
        if otherwise:
            return f"{name} and {otherwise[0]} share coil {address}, one of them inverted.\n  Name both in inverted, or neither"
    return ""
