"""Settings as plain values.  Every key says its unit, default and reason here; tools.toml_settings reads them.

The same texts make `config/edge-agent.toml` and the error messages, so there is one place to look.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.words.document_settings import InboxSettings, StreamSettings
from edge_agent.words.key import key
from edge_agent.words.language import mark, worded
from edge_agent.words.register_map import MEANINGS, RegisterMap

ADDRESS = mark("a name or an address in numbers, for example 192.168.2.3", about="key")
NUMBERS = mark("an address in numbers, for example 192.168.2.10", about="key")

KINDS = ("vehicle", "pedestrian", "rail", "conveyor")       # what passes through a lane


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """This controller."""

    origin: str = key(
        "name of this controller's log, the same at the centre, never used again for another device",
        pattern=r"[a-z0-9][a-z0-9.-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)+",
        form="host name in small letters, a slash, letters, digits, . _ -: for example rpm.example.gov/portal/QX-0042",
    )
    state: str = key("directory of ledger and keys; survives restarts and upgrades", "/var/lib/edge-agent")
    sockets: str = key("directory of the control and uplink sockets", "/run/edge-agent")
    daily_files: str = key("directory for daily files as central alarm stations keep them; empty: none", "")
    language: str = key(
        "language of screens and pages here, for example lt; empty: that of each terminal; logs and records are English", "",
        pattern="([a-z]{2,3})?", form="two or three small letters, for example lt",
    )
    heartbeat_s: float = key("one signed heartbeat this often", 60.0, unit="s", low=1, high=3600)
    wire_history_mb: int = key(
        "how much of the wire of all lanes is kept (edge-agent record LANE --from), a fifth of the disk at most; 0: none",
        512, unit="MB", low=0, high=1_000_000,
    )
    retention_days: int = key(
        "records the centre has receipted stay on this disk so long; less only where the disk is full, others never go",
        90, unit="days", low=90, high=36500,
    )


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """The wire to one portal."""

    kind: str = key(
        "how the portal is wired: tcp and serial are listened to; modbus-tcp, modbus-rtu (serial port) and modbus-rtu-tcp "
        "(serial line behind a converter) are asked; tcp-listen: the instrument connects to us, the only port the agent opens",
        choices=("tcp", "serial", "modbus-tcp", "modbus-rtu", "modbus-rtu-tcp", "tcp-listen"),
    )
    host: str = key(
        "address of the portal controller or converter (tcp kinds); tcp-listen: our own address to listen on, never all", "",
        pattern=r"|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){0,20}\.?|[0-9A-Fa-f:.]+", form=ADDRESS,
    )
    port: int = key(
        "TCP port; 0: 1600 for tcp, as in the field, 502 for modbus-tcp; a converter's must be given", 0, low=0, high=65535,
    )
    peer: str = key(
        "address of the one instrument that may connect (tcp-listen)", "", pattern=r"[0-9A-Fa-f:.]*", form=NUMBERS,
    )
    device: str = key("serial port by a stable name, /dev/serial/by-id/... or /dev/rpm-... (serial, modbus-rtu)", "")
    unit: int = key("Modbus address of the instrument, 1 to 247; TCP instruments often 1 or 255", 0, low=0, high=255)
    answer_s: float = key("how long an answer may take to begin (modbus kinds)", 0.3, unit="s", low=0.02, high=10)
    gap_s: float = key(
        "silence on the line before each question; 3.5 characters where that is longer (modbus-rtu kinds)", 0.005, unit="s",
        low=0.001, high=1,
    )
    baud: int = key("serial speed", 9600, unit="bit/s", low=300, high=4_000_000)
    parity: str = key("serial parity: none, even or odd", "N", choices=("N", "E", "O"))
    data_bits: int = key("serial data bits", 8, low=7, high=8)
    stop_bits: int = key("serial stop bits", 1, low=1, high=2)


@dataclass(frozen=True, slots=True)
class AlarmSettings:
    """What this lane calls an alarm.  Anything here that makes the lane less sensitive is a signed record."""

    ksigma_n: float = key(
        "N of the compatibility rule, as set in the portal's own electronics", 7.0, unit="sigma", low=1, high=20,
    )
    ksigma_intervals: int = key("intervals summed by it", 5, low=1, high=64)
    ksigma_sums: list[str] = key(
        "panel sums it looks at, by their names in the profile", ["SUM", "HORIZONTAL", "VERTICAL", "SINGLE"],
    )
    focus_threshold: float = key(
        "Poisson-FOCuS threshold; 0: that of the model's own calibration, without a model 5.1, which gave 4e-5 false "
        "alarms per passage of 10 s (docs/decisions/0002)", 0.0, unit="sigma", low=0, high=20,
    )
    neutron_p: float = key("a neutron look alarms when so many counts are less probable than this", 1e-7, low=1e-15, high=1e-2)
    neutron_template_threshold: float = key(
        "threshold of the neutron template, for vehicles in motion (docs/decisions/0005); 0: computed, never armed", 4.25,
        unit="sigma", low=0, high=20,
    )
    shadow_threshold: float = key(
        "threshold of the shadow test; 0: that of the model's own calibration", 0.0, unit="sigma", low=0, high=20,
    )
    arm_exposure_s: float = key("vacant counting time before FOCuS is armed", 4.0, unit="s", low=1, high=60)
    neutron_arm_s: float = key(
        "vacant counting time before the neutron rule is armed; its test is exact at any, below this it sees too little",
        4.0, unit="s", low=1, high=300,
    )


@dataclass(frozen=True, slots=True)
class OccupancySettings:
    """Inputs of an I/O module that tell when something is in this lane, where its own instrument does not."""

    module: str = key("lane of the I/O module, as named in this file")
    inputs: list[str] = key("its inputs by name, any of them is enough; with spacing_m two beams, in driving order")
    spacing_m: float = key("from the first beam to the second along the lane; 0: no pair", 0.0, unit="m", low=0, high=30)
    debounce_ms: float = key("a change shorter than this is none: snow, a bird", 50.0, unit="ms", low=0, high=2000)
    hold_s: float = key("a gap shorter than this is inside one vehicle, as before a trailer", 0.5, unit="s", low=0, high=30)


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Where the portal's own byte stream is re-served, for an alarm station that stays as it is."""

    host: str = key("our own address to listen on, never all", pattern=r"[0-9A-Fa-f:.]+", form=NUMBERS)
    allow: list[str] = key("addresses that may listen: portals know no passwords")
    port: int = key("the port the station has always connected to", 1600, low=1024, high=65535)


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """One lane: a portal, its wire, its rules."""

    name: str = key(
        "short name of the lane, as people call it", pattern=r"[A-Za-z0-9_][A-Za-z0-9._-]{0,31}",
        form="1 to 32 letters (a to z), digits, . _ -, the first no . or -",
    )
    driver: str = key("portal family", pattern=r"[a-z0-9_]+", form="small letters, digits, _, as edge-agent probe names it")
    link: LinkSettings = key("the wire to the portal")
    profile: str = key("profile file in config/profiles, without .toml; empty: the driver's own name", "")
    kind: str = key("what passes through", "vehicle", choices=KINDS)
    mode: str = key(
        "occupancy: the portal says when something passes; continuous: it does not, the background follows the place",
        "occupancy", choices=("occupancy", "continuous"),
    )
    panels_verified: bool = key("true once the check source has shown which field is which panel", False)
    gamma: list[str] = key("gamma detector names in wire order where they differ from the profile (panel map)", [])
    neutron: list[str] = key("neutron detector names in wire order where they differ from the profile", [])
    count_means: str = key(
        "what the instrument's counts mean where its profile does not know; edge-agent probe finds out", "",
        choices=("", *MEANINGS),
    )
    geometry: dict[str, list[float]] = key(
        "where each panel stands, m: along the lane from the beam, across from its middle, above the ground; "
        "empty: as in the profile", {}, unit="m", low=-20, high=20,
    )
    out_of_service: list[str] = key(
        "panels and tubes a person has taken out, by name; they are in no sum until taken from this list", [],
    )
    model: str = key("shadow model of this lane, beside this file, as edge-agent learn wrote it; empty: none", "")
    alarm: AlarmSettings = key("alarm rules", AlarmSettings())
    occupancy: OccupancySettings | None = key("beams or loops on an I/O module; left out: as its own wire says", None)
    relay: RelaySettings | None = key("an alarm station that listens to this portal; left out: none", None)


LAMPS = ("gamma", "neutron", "distance", "fault", "exercise", "ready", "horn", "heartbeat")


@dataclass(frozen=True, slots=True)
class LampSettings:
    """An I/O module on Modbus whose outputs are lamps and a horn, and one of whose inputs may be a button."""

    coils: dict[str, int] = key(
        worded("coil, from 0 as on the wire, of each of: {lamps}", about="key", lamps=", ".join(LAMPS)), low=0, high=65535,
    )
    host: str = key("address of the I/O module, Modbus TCP; empty: it is on a bus", "")
    bus: str = key("instead of host: a lane that is asked over Modbus (modbus-rtu and the like); the module is on its wire", "")
    lanes: list[str] = key("lanes it shows; empty: every lane of this controller", [])
    port: int = key("its TCP port", 502, low=1, high=65535)
    unit: int = key("its Modbus unit; on a bus 1 to 247", 1, low=0, high=255)
    inverted: list[str] = key("outputs lit while the coil is off: a fault lamp wired so is lit when power or module fail", [])
    button: int = key("discrete input of the acknowledge button, from 0; -1: none", -1, low=-1, high=65535)
    button_inverted: bool = key("true where the button opens its contact", False)
    hold_s: float = key("an alarm's lamp stands so long after its vehicle has gone", 60.0, unit="s", low=1, high=3600)
    horn_s: float = key("an alarm's horn sounds so long when nobody acknowledges", 60.0, unit="s", low=1, high=3600)


@dataclass(frozen=True, slots=True)
class AnnunciatorSettings:
    """Who is told at the lane."""

    kind: str = key(
        "log: service log and socket only; none must be written out and is reported to the centre", "log",
        choices=("log", "none"),
    )
    module: list[LampSettings] = key("I/O modules with lamps and horns, one table each", [])


@dataclass(frozen=True, slots=True)
class CentreSettings:
    """Where records go."""

    url: str = key(
        "address of the centre, https://host:port, or of the MQTT 5 broker before it, mqtts://host:port; IPv6 in brackets",
        pattern=r"(https|mqtts)://(\[[0-9A-Fa-f:.]+\]|[^\s/:@\[\]]+)(:[1-9][0-9]{0,4})?/?",
        form="https://host:port or mqtts://host:port, for example https://centre.example.gov:8443; no password, no path",
    )
    vkey: str = key("verifier key of the centre's receipts, name+id+base64, one line", pattern=r"\S+\+[0-9a-f]{8}\+\S+",
                    form="the whole line from the centre's card: its name, eight digits, its key, with + between")
    ca: str = key("PEM file the TLS certificate of the centre, or of the broker, must come from (or is)")
    cert: str = key("PEM file of this portal's TLS certificate; empty: uplink/tls.crt in the state directory", "")
    cert_key: str = key("PEM file of its private key; empty: uplink/tls.key in the state directory", "")
    credentials: str = key(
        "file with user:password at the broker (mqtts), readable by the uplink alone; empty: the certificate does", "",
    )
    proxy: str = key(
        "http proxy of the site that lets CONNECT through to the centre, http://host:port; TLS stays end to end; empty: none",
        "", pattern=r"|http://(\[[0-9A-Fa-f:.]+\]|[^\s/:@\[\]]+):[1-9][0-9]{0,4}/?",
        form="http://host:port, for example http://10.0.0.1:3128",
    )
    proxy_auth: str = key(
        "file with user:password for the proxy, readable by the uplink alone (settings go into records); empty: none", "",
    )


@dataclass(frozen=True, slots=True)
class GpsSettings:
    """The GPS receiver of a mobile system, NMEA 0183."""

    link: LinkSettings = key("serial (4800 or 9600 bit/s usually) or tcp")


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole of edge-agent.toml."""

    version: int = key("version of this file's form", low=1, high=1)
    portal: PortalSettings = key("this controller")
    lane: list[LaneSettings] = key("lanes of this controller, one table each")
    centre: CentreSettings | None = key("the national centre; left out: records are kept and not sent", None)
    annunciator: AnnunciatorSettings = key("who is told at the lane", AnnunciatorSettings())
    gps: GpsSettings | None = key("GPS receiver of a mobile system: its position is in every record; left out: none", None)
    stream: list[StreamSettings] = key("instruments that send N42 documents, one table each", [])
    inbox: list[InboxSettings] = key("directories of handhelds and backpacks, one table each", [])


@dataclass(frozen=True, slots=True)
class Profile:
    """One portal variant as data: detectors, intervals, limits."""

    driver: str = key("portal family this profile is for")
    title: str = key("what a person calls this portal")
    gamma: list[str] = key("gamma detectors in the order of the wire (N42 names)")
    neutron: list[str] = key("neutron detectors in the order of the wire")
    gamma_interval_s: float = key("counting time of one gamma sample", 0.2, unit="s", low=0.05, high=2)
    neutron_interval_s: float = key("counting time of one neutron sample", 1.0, unit="s", low=0.05, high=60)
    pre_samples: int = key("scan records of the opening burst that are the past", 0, low=0, high=50)
    hold_in_s: float = key(
        "the portal keeps an occupancy open this long after the beam clears", 2.0, unit="s", low=0, high=60,
    )
    vacant_exposure_s: float = key("counting time one vacant rate record stands for", 1.0, unit="s", low=0.05, high=600)
    vacant_every_s: float = key("cadence of vacant rate records", 5.0, unit="s", low=0.1, high=600)
    focus_vacant_threshold: float = key(
        "FOCuS in the vacant lane, for one false alarm a month: 5.6 for steady samples of 0.2 s (docs/decisions/0006)", 5.6,
        unit="sigma", low=3, high=20,
    )
    neutron_vacant_p: float = key(
        "the same for neutrons: a look alarms when so many counts are less probable than this", 1e-8, low=1e-15, high=1e-2,
    )
    silence_s: float = key("nothing on the wire for this long is silence", 16.0, unit="s", low=1, high=3600)
    occupied_silence_s: float = key(
        "the same while occupied, when scans come every second or faster", 5.0, unit="s", low=1, high=3600,
    )
    overdue_s: float = key(
        "an occupancy longer than this is a stuck beam or a blocked lane", 900.0, unit="s", low=10, high=86400,
    )
    count_max: int = key(
        "a count above this in one interval cannot come from this portal", 999_999, low=1, high=2**32 - 1,
    )
    gamma_low_cps: float = key("a panel's background below this is a fault; 0: no limit", 0.0, unit="counts/s", low=0)
    gamma_high_cps: float = key("a panel's background above this is a fault; 0: no limit", 0.0, unit="counts/s", low=0)
    neutron_low_cps: float = key("the same for a tube", 0.0, unit="counts/s", low=0)
    neutron_high_cps: float = key("the same for a tube", 0.0, unit="counts/s", low=0)
    tells_alarms: bool = key("the portal tells its own alarms on this wire; their absence says something then", False)
    dose_unit: str = key(
        "unit of an instrument that gives a dose rate and no counts, as its display shows; never converted", "",
        choices=("", "nSv/h", "uSv/h", "mSv/h", "Sv/h", "uR/h", "mR/h", "R/h"),
    )
    dose_high: float = key("a dose rate above this is told (dose-rate-high), in dose_unit; 0: no limit", 0.0, low=0)
    sums: dict[str, list[list[str]]] = key("panel sums of the compatibility rule by name", {})
    geometry: dict[str, list[float]] = key(
        "where each panel stands, m: along the lane from the beam, across from its middle, above the ground", {},
        unit="m", low=-20, high=20,
    )
    modbus: RegisterMap | None = key("register map of an instrument that is asked over Modbus, for the driver modbus_map", None)
