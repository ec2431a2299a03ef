"""`edge-agent probe`: is anything there, what, at which settings.  Listens first, then asks read-only."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.commands import options
from edge_agent.words.errors import LinkError, SettingsError
from edge_agent.words.language import said_by, shown, tr, worded

if TYPE_CHECKING:
    from edge_agent.house.probing import Found
    from edge_agent.words.settings import LinkSettings

BAUDS = (9600, 19200, 38400, 115200, 57600, 4800)
PROGRESS = 8            # units a line
UNITS = "1-32"          # as a third party's Aspect driver scans


def add(sub: options.Sub) -> None:
    made = options.parser(
        sub, "probe", "What is on a port or address: listens first, then asks read-only.  Changes nothing.",
        "edge-agent probe /dev/serial/by-id/usb-...\n"
        "  edge-agent probe 192.168.2.3\n"
        "  edge-agent probe 192.168.2.7:502 --units 1-8\n"
        "  edge-agent probe 192.168.2.7:502 --driver aspect --unit 1 --seconds 60",
    )
    made.add_argument("place", metavar="PORT|HOST[:PORT]")
    made.add_argument("--units", default=UNITS, metavar="A-B", help=f"Modbus addresses to ask (default {UNITS})")
    made.add_argument("--baud", type=int, metavar="N", help="serial: only this speed (default: the usual ones in turn)")
    made.add_argument("--parity", choices=("N", "E", "O"), default="N", help="serial (default N)")
    made.add_argument("--driver", help="with --unit: watch the counts of this family and say what they mean")
    made.add_argument("--profile", type=Path, metavar="FILE", help="register map, where it is not the family's own")
    made.add_argument("--unit", type=int, default=0, metavar="N", help="the instrument to watch")
    made.add_argument("--rtu", action="store_true", help="HOST is a converter with a serial line behind it")
    made.add_argument("--seconds", type=options.seconds, default=60.0, help="how long to watch (default 60)")
    options.as_json(made)
    made.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    if chosen.driver:
        return asyncio.run(_watch(chosen))
    if chosen.unit or chosen.profile:
        raise SettingsError(worded(
            "--unit and --profile are for watching an instrument: add --driver, for example --driver aspect"))
    return _tell(chosen, *asyncio.run(_look(chosen)))


def search(place: str, units: str = UNITS) -> tuple[list[Found], list[str]]:
    """What is at a place, and why what was tried could not be: for `setup`."""
    return asyncio.run(_look(argparse.Namespace(place=place, units=units, baud=None, parity="N", rtu=False, json=False)))


async def _look(chosen: argparse.Namespace) -> tuple[list[Found], list[str]]:
    from edge_agent.doors.clock import RealClock
    from edge_agent.doors.serial import holder
    from edge_agent.house import probing

    found: list[Found] = []
    troubles: list[str] = []
    if chosen.place.startswith("/") and (other := holder(chosen.place)):       # one that took no lock: we open it all the same
        _say(chosen, tr("{place} is open in another program ({other}).  Two share the bytes, neither has them all: stop that one",
                        place=chosen.place, other=other))
    for link in _pushing(chosen):
        _say(chosen, tr("listening on {link} ...", link=_name(link)))
        try:
            heard = await probing.listen(link, RealClock())
        except LinkError as problem:
            troubles.append(said_by(problem))
            if link.kind == "serial":
                raise
            continue
        if heard is not None and heard.driver:
            return [heard], []
        found += [heard] if heard else []
    if found:                                       # something pushes that nobody knows: a Modbus instrument keeps silent
        return found, troubles
    for link in _pushing(chosen) if chosen.place.startswith("/") else ():
        _say(chosen, tr("asking the families we know on {device} ...", device=link.device))
        found += [one async for one in probing.asked(link, _units(chosen.units), RealClock())]
        if found:
            return found, troubles
        break                                       # each family has its own settings
    for link in _asked(chosen):
        _say(chosen, tr("asking units {units} on {link} ...", units=chosen.units, link=_name(link)))
        try:
            found += [one async for one in probing.units(link, _units(chosen.units), RealClock(), _progress(chosen))]
        except LinkError as problem:
            troubles.append(said_by(problem))
        if found:
            break                                   # the first settings at which something answers
    return found, troubles


async def _watch(chosen: argparse.Namespace) -> int:
    from edge_agent import drivers
    from edge_agent.doors.clock import RealClock
    from edge_agent.doors.files import read_text
    from edge_agent.house import probing
    from edge_agent.tools import toml_settings
    from edge_agent.words.settings import Profile

    driver = drivers.find(chosen.driver)
    file = chosen.profile
    read = toml_settings.read
    what = "the profile"            # of an error: stays English
    profile = read(Profile, read_text(file, what), str(file)) if file else probing.shipped(chosen.driver)
    if profile.modbus is None:
        raise SettingsError(worded(
            "{driver} has no register map to watch.\n  Without --driver probe says what is there",
            driver=chosen.driver))
    if not 1 <= chosen.unit <= 255:
        raise SettingsError(worded(
            "--unit N is missing: which address is to be watched?\n  Without --driver probe says which answer"))
    link = next(_asked(chosen, chosen.unit))
    _say(chosen, tr("watching unit {unit} on {link} for {seconds:.0f} s ...", unit=chosen.unit, link=_name(link),
                    seconds=chosen.seconds))
    meanings = await probing.watch(driver, profile, link, chosen.seconds, RealClock())
    if chosen.json:
        print(json.dumps({name: {"means": m.means, "evidence": m.evidence, "renewed_s": m.renewed_s, "rate_cps": m.rate_cps}
                          for name, m in meanings.items()}, indent=1))
    else:
        for name, m in meanings.items():
            print(f"  {name}: {m.means or tr('not sure')}.  {shown(m.evidence)}")
    sure = {m.means for m in meanings.values() if m.means}
    if len(sure) == 1:
        _say(chosen, tr('if a check source at the panel agrees, write in the lane:  count_means = "{means}"', means=sure.pop()))
        return 0
    _say(chosen, tr("not sure: watch longer, or with a check source at the panel"))
    return 1


def _tell(chosen: argparse.Namespace, found: list[Found], troubles: list[str]) -> int:
    if chosen.json:
        print(json.dumps({"found": [_plain(one) for one in found], "troubles": troubles}, indent=1))
        return 0 if found else LinkError.exit_code
    for one in found:
        print(f"{_name(one.link)}: {one.driver or tr('something')}: {shown(one.evidence)}")
        if one.driver:
            print(tr('  in the lane: driver = "{driver}"; [lane.link] {keys}', driver=one.driver, keys=_keys(one.link)))
        elif one.link.unit:
            print(tr("  [lane.link] {keys}; its register map: docs/instruments.md", keys=_keys(one.link)))
    for trouble in troubles if not found else []:
        print(f"edge-agent: {shown(trouble)}", file=sys.stderr)
    if not found and not troubles:
        print(tr("edge-agent: nothing heard, nobody answers.\n"
                 "  Power, cable, address; A and B swapped; another --parity or --units"), file=sys.stderr)
    return 0 if found else LinkError.exit_code


def _pushing(chosen: argparse.Namespace) -> Iterator[LinkSettings]:
    """Wires on which a portal might push."""
    from edge_agent.words.settings import LinkSettings

    if chosen.place.startswith("/"):
        for baud in (chosen.baud,) if chosen.baud else BAUDS[:2]:
            yield LinkSettings("serial", device=chosen.place, baud=baud, parity=chosen.parity)
    elif not chosen.rtu:
        host, port = _address(chosen.place)
        yield LinkSettings("tcp", host=host, port=port)


def _asked(chosen: argparse.Namespace, unit: int = 0) -> Iterator[LinkSettings]:
    """Wires on which an instrument might wait to be asked."""
    from edge_agent.words.settings import LinkSettings

    if chosen.place.startswith("/"):
        for baud in (chosen.baud,) if chosen.baud else BAUDS:
            yield LinkSettings("modbus-rtu", device=chosen.place, baud=baud, parity=chosen.parity, unit=unit, answer_s=0.2)
        return
    host, port = _address(chosen.place)
    yield LinkSettings("modbus-rtu-tcp" if chosen.rtu else "modbus-tcp", host=host, port=port or 502, unit=unit)


def _address(place: str) -> tuple[str, int]:
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\s]+))(?::([0-9]{1,5}))?", place)
    if found is None or int(found[3] or 0) > 65535:
        raise SettingsError(worded(
            "{place!r} is no place.\n  A serial port begins with /, an address is HOST or HOST:PORT",
            place=place))
    return found[1] or found[2], int(found[3] or 0)


def _units(text: str) -> range:
    found = re.fullmatch(r"([0-9]{1,3})(?:-([0-9]{1,3}))?", text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= first <= last <= 255:
        raise SettingsError(worded("--units {text}: expected A-B between 1 and 255, for example --units 1-8", text=text))
    return range(first, last + 1)


def _name(link: LinkSettings) -> str:
    from edge_agent.hands import links

    serial = f" {link.baud} 8{link.parity}1" if link.kind in links.SERIAL else ""
    return f"{link.kind} {links.place(link)}{serial}" + (tr(" unit {unit}", unit=link.unit) if link.unit else "")


def _keys(link: LinkSettings) -> str:
    from edge_agent.house.probing import SLOW_S

    line = f'device = "{link.device}"  baud = {link.baud}'                  # of TOML: stays English
    where = line if link.device else f'host = "{link.host}"  port = {link.port}'    # of TOML: stays English
    slow = f"  answer_s = {link.answer_s:g}" if link.answer_s == SLOW_S else ""     # of TOML: stays English
    unit = f"  unit = {link.unit}" if link.unit else ""                     # of TOML: stays English
    return f'kind = "{link.kind}"  {where}{unit}{slow}'                     # of TOML: stays English


def _plain(one: Found) -> dict[str, Any]:
    return {"driver": one.driver, "kind": one.link.kind, "device": one.link.device, "host": one.link.host, "port": one.link.port,
            "baud": one.link.baud, "unit": one.link.unit, "evidence": one.evidence}


def _progress(chosen: argparse.Namespace) -> Callable[[int], None]:
    """A line for each few units: a silent one takes half a second and more."""
    def tell(unit: int) -> None:
        if unit % PROGRESS == 0:
            _say(chosen, tr("  unit {unit} ...", unit=unit))

    return tell


def _say(chosen: argparse.Namespace, text: str) -> None:
    if not chosen.json:
        print(text, file=sys.stderr, flush=True)
