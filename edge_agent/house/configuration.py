"""From files to settings: the configuration, its profiles, and the hash that names what is in force."""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent import drivers
from edge_agent.doors.files import read_text
from edge_agent.hands import links
from edge_agent.house import lighting, models, occupancies, places
from edge_agent.judgement.modes import CONTINUOUS
from edge_agent.judgement.rules import Rules
from edge_agent.tools import register_meanings, toml_settings
from edge_agent.tools.base64url import encode
from edge_agent.tools.model_file import ModelFile
from edge_agent.tools.notes import COSIGNER_KEY, read_vkey
from edge_agent.tools.strict_json import dumps
from edge_agent.words.errors import EvidenceError, SettingsError
from edge_agent.words.language import worded
from edge_agent.words.reading import Radiation
from edge_agent.words.register_map import UNKNOWN
from edge_agent.words.settings import LaneSettings, Profile, Settings

WIRE_KEYS = ("baud", "parity", "data_bits", "stop_bits", "answer_s", "gap_s")       # of a bus, not of an instrument
MAKE_IT = "Another file: --config FILE.  None yet: edge-agent setup makes it"
DEFAULT = Path("/etc/edge-agent/edge-agent.toml")


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything a person decided, read and checked."""

    path: Path
    settings: Settings
    profiles: dict[str, Profile]        # by lane
    models: dict[str, ModelFile]        # by lane, where one is named and can be used
    unusable: dict[str, str] = dataclasses.field(default_factory=dict)      # by lane: why the model named there is not in force

    @property
    def hash(self) -> str:
        """Base64url SHA-256 of the settings in force, profiles included; comments and order do not change it."""
        return encode(hashlib.sha256(dumps(self.plain())).digest())

    def plain(self) -> dict[str, Any]:
        """Settings and profiles as plain JSON values.  They hold no secret."""
        return {
            "settings": dataclasses.asdict(self.settings),
            "profiles": {lane: dataclasses.asdict(profile) for lane, profile in sorted(self.profiles.items())},
            "models": {lane: model.sha256 for lane, model in sorted(self.models.items())},
        }


def load(path: Path) -> Configuration:
    """Read and check; SettingsError names file, key and remedy.  Touches nothing else."""
    settings = toml_settings.read(Settings, read_text(path, "the configuration", MAKE_IT), str(path))
    places.check(settings, path)
    _check_lanes(settings, path)
    _check_centre(settings, path)
    profiles = {lane.name: _profile(lane, path) for lane in settings.lane}
    lighting.check(settings, path)
    occupancies.check(settings, profiles, path)
    found = models.read(settings, profiles, path, lambda lane, model: _check_rules(lane, profiles[lane.name], model, path))
    return Configuration(path, settings, profiles, *found)


def _check_lanes(settings: Settings, path: Path) -> None:
    names = [lane.name for lane in settings.lane]
    if not names:
        raise SettingsError(worded(
            "{path}: there is no lane.\n  Add a [[lane]] table; the shipped example shows one.",
            path=path))
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise SettingsError(worded(
            "{path}: two lanes are called {double!r}.\n  Give each its own name.",
            path=path, double=double))
    for lane in settings.lane:
        try:
            driver = drivers.find(lane.driver)
        except SettingsError as problem:
            raise SettingsError(worded(
                "{path}: lane {name}: driver: {problem}", path=path, name=lane.name, problem=problem)) from None
        if lane.link.kind not in driver.links:
            raise SettingsError(worded(
                "{path}: lane {name}: link.kind = {kind!r}: {driver} runs over {links}",
                path=path, name=lane.name, kind=lane.link.kind, driver=lane.driver, links=", ".join(driver.links)))
        try:
            links.check(lane.link, driver.dialect is not None)
        except SettingsError as problem:
            raise SettingsError(worded(
                "{path}: lane {name}: link.{problem}", path=path, name=lane.name, problem=problem)) from None
    _check_buses(settings, path)
    _check_relays(settings, path)
    _check_inboxes(settings, path)
    _check_streams(settings, path)
    _check_gps(settings, path)


def _check_gps(settings: Settings, path: Path) -> None:
    if settings.gps is None:
        return
    link = settings.gps.link
    if link.kind not in ("tcp", "serial"):
        raise SettingsError(worded(
            "{path}: gps.link.kind = {kind!r}: a receiver speaks by itself.\n"
            '  "serial" or "tcp"',
            path=path, kind=link.kind))
    try:
        links.check(link, asked=True)           # the port of tcp is that of portals: a receiver has none in common
    except SettingsError as problem:
        raise SettingsError(worded("{path}: gps.link.{problem}", path=path, problem=problem)) from None
    taken = next((lane.name for lane in settings.lane if links.place(lane.link) == links.place(link)), None)
    if taken is not None:
        raise SettingsError(worded(
            "{path}: gps and lane {taken} are both on {place}.\n  Give each its own wire.",
            path=path, taken=taken, place=links.place(link)))


def _check_relays(settings: Settings, path: Path) -> None:
    taken: dict[tuple[str, int], str] = {}
    for lane in settings.lane:
        if lane.relay is None:
            continue
        where = f"{path}: lane {lane.name}: relay"
        if drivers.find(lane.driver).dialect is not None or lane.link.kind not in ("tcp", "serial", "tcp-listen"):
            raise SettingsError(worded(
                "{where}: {driver} is asked, there is no stream to re-serve.\n  Take [lane.relay] out.",
                where=where, driver=lane.driver))
        for key, address in (("host", lane.relay.host), *(("allow", each) for each in lane.relay.allow)):
            try:
                if ipaddress.ip_address(address).is_unspecified:
                    raise ValueError
            except ValueError:
                raise SettingsError(worded(
                    "{where}.{key} = {address!r}: expected one address in numbers, for example 192.168.2.10.\n"
                    "  docs/relay.md",
                    where=where, key=key, address=address)) from None
        if not lane.relay.allow:
            raise SettingsError(worded(
                "{where}.allow is empty: nobody could listen.\n  Write the alarm station's address.",
                where=where))
        other = taken.setdefault((lane.relay.host, lane.relay.port), lane.name)
        if other != lane.name:
            raise SettingsError(worded(
                "{where}: lanes {other} and {name} are both on {host}:{port}.\n  Give each a port of its own.",
                where=where, other=other, name=lane.name, host=lane.relay.host, port=lane.relay.port))


def _check_streams(settings: Settings, path: Path) -> None:
    lanes, names = [lane.name for lane in settings.lane], [stream.name for stream in settings.stream]
    for number, stream in enumerate(settings.stream):
        if stream.lane and stream.lane not in lanes:
            raise SettingsError(worded(
                "{path}: stream[{number}].lane = {lane!r}: there are {lanes}.\n  Correct it.",
                path=path, number=number, lane=stream.lane, lanes=", ".join(lanes)))
        if names.count(stream.name) > 1:
            raise SettingsError(worded(
                "{path}: two streams are called {name}.\n  Give each a name of its own.",
                path=path, name=stream.name))


def _check_inboxes(settings: Settings, path: Path) -> None:
    names, places = [lane.name for lane in settings.lane], [inbox.directory.rstrip("/") for inbox in settings.inbox]
    for number, inbox in enumerate(settings.inbox):
        if inbox.lane and inbox.lane not in names:
            raise SettingsError(worded(
                "{path}: inbox[{number}].lane = {lane!r}: there are {names}.\n  Correct it.",
                path=path, number=number, lane=inbox.lane, names=", ".join(names)))
        if places.count(places[number]) > 1:
            raise SettingsError(worded(
                "{path}: two inboxes are {directory}.\n  One table for each directory.",
                path=path, directory=inbox.directory))


def _check_buses(settings: Settings, path: Path) -> None:
    """Lanes on one wire agree about it, and each instrument has an address of its own."""
    first: dict[str, LaneSettings] = {}
    units: dict[tuple[str, int], str] = {}
    for lane in settings.lane:
        own = drivers.find(lane.driver).dialect
        where = links.place(lane.link)
        other = first.setdefault(where, lane)
        asked = lane.link.kind in links.MODBUS or own is not None
        alike = other.link.kind == lane.link.kind and drivers.find(other.driver).dialect is own
        if other is not lane and not (asked and alike):
            raise SettingsError(worded(
                "{path}: lanes {name} and {name2} are both on {where}.\n"
                "  Give each its own wire: one portal in two lanes would count every vehicle twice.",
                path=path, name=other.name, name2=lane.name, where=where))
        for key in WIRE_KEYS:
            mine, theirs = getattr(lane.link, key), getattr(other.link, key)
            if mine != theirs:
                raise SettingsError(worded(
                    "{path}: lanes {name} and {name2} share {where}, with {key} = {theirs} and {mine}.\n"
                    "  One wire has one setting: write the same in both.",
                    path=path, name=other.name, name2=lane.name, where=where, key=key, theirs=theirs, mine=mine))
        taken = units.setdefault((where, lane.link.unit), lane.name)
        if taken != lane.name:
            raise SettingsError(worded(
                "{path}: lanes {taken} and {name} both ask unit {unit} on {where}.\n"
                "  Each instrument needs an address of its own (unit); one without an address needs a wire of its own.",
                path=path, taken=taken, name=lane.name, unit=lane.link.unit, where=where))


def _check_centre(settings: Settings, path: Path) -> None:
    if settings.centre is None:
        return
    try:
        if read_vkey(settings.centre.vkey).type != COSIGNER_KEY:
            raise EvidenceError(worded("this is a portal's log key, not a centre's receipt key"))
    except EvidenceError as problem:
        raise SettingsError(worded(
            "{path}: centre.vkey: {problem}.\n  Copy the whole line from the centre's card (edge-agent center card).",
            path=path, problem=problem)) from None
    if settings.centre.credentials and not settings.centre.url.startswith("mqtts:"):
        raise SettingsError(worded(
            '{path}: centre.credentials = {credentials!r}: only a broker asks for it, expected url = "mqtts://...".\n'
            "  Over https the certificate says who this portal is: take the key out.",
            path=path, credentials=settings.centre.credentials))


def _check_rules(lane: LaneSettings, profile: Profile, model: ModelFile | None, path: Path) -> None:
    """Settings and profile must make a decoder and a kernel: whatever cannot run is found here, not at night."""
    try:
        driver = drivers.find(lane.driver)
        driver.decoder(profile)
        driver.polls(profile, lane.link)
        if not driver.tells_passages and lane.mode != CONTINUOUS and lane.occupancy is None:
            raise SettingsError(worded('nothing on this wire tells of passages.\n  Set mode = "continuous" in the lane'))
        knows = lane.occupancy is not None or lane.mode == CONTINUOUS
        if profile.modbus and not knows and not any(state.says == "occupied" for state in profile.modbus.state):
            raise SettingsError(worded(
                'no modbus.state of the profile says "occupied", so nothing tells of vehicles.\n'
                '  Map the beam, take it from an I/O module ([lane.occupancy]), or set mode = "continuous" in the lane'))
        rules = Rules(lane, profile, model)
        counts_nothing = bool(profile.dose_unit or (profile.modbus and profile.modbus.input))
        if not rules.detectors[Radiation.GAMMA] and not counts_nothing:
            raise SettingsError(worded("no gamma detector is left.\n  Name at least one in gamma of the lane or its profile"))
    except (SettingsError, ValueError) as problem:
        remedy = "" if "\n" in str(problem) else worded(".\n  Correct the lane or its profile.")
        named = "" if str(problem).startswith(f"lane {lane.name}: ") else f"lane {lane.name}: "
        raise SettingsError(worded("{path}: {named}{problem}{remedy}", path=path, named=named, problem=problem, remedy=remedy)
                            ) from None


def _profile(lane: LaneSettings, path: Path) -> Profile:
    """The lane's profile: beside the configuration first, then the shipped one."""
    name = (lane.profile or lane.driver).removesuffix(".toml")
    beside = path.parent / "profiles" / f"{name}.toml"
    file = beside if beside.exists() else drivers.profile_file(name, lane.driver)
    profile = toml_settings.read(Profile, read_text(file, f"the profile of lane {lane.name} ({path}: profile)"), str(file))
    if profile.driver != lane.driver:
        raise SettingsError(worded(
            "{file}: driver = {driver!r}, but lane {name} uses {used!r}.",
            file=file, driver=profile.driver, name=lane.name, used=lane.driver))
    if lane.count_means and not (profile.modbus and any(count.means == UNKNOWN for count in profile.modbus.count)):
        raise SettingsError(worded(
            "{path}: lane {name}: count_means = {count_means!r}: {profile} knows what its counts mean.\n"
            "  Take the key out; to say otherwise, copy the profile and change it there.",
            path=path, name=lane.name, count_means=lane.count_means, profile=file.name))
    return register_meanings.settle(profile, lane.count_means)
