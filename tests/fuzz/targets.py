"""The targets.  Each takes bytes, feeds one parser as the network or the disk would, and lets only documented refusals pass:
whatever else comes out is a finding."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import hashlib
import io
import json
import random
import sqlite3
import tempfile
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from edge_agent import drivers
from edge_agent.center import body as entries
from edge_agent.center import enrolment, express, witness
from edge_agent.center.values import TooLarge, Unreadable
from edge_agent.doors.files import shipped_config
from edge_agent.hands import asking, centre, keys
from edge_agent.hands.history import History
from edge_agent.hands.sockets import Door
from edge_agent.house import lessons, probing
from edge_agent.tools import (
    capture,
    counts_file,
    daily_file,
    ed25519,
    envelope,
    jws,
    merkle,
    minute_block,
    model_file,
    n42_in,
    nmea,
    notes,
    register_meanings,
    strict_json,
    stump,
    toml_settings,
    wire_block,
)
from edge_agent.tools.base64url import encode
from edge_agent.tools.verify import read_jwk, verify_log
from edge_agent.words.errors import EdgeAgentError, EvidenceError, NotRunning, SettingsError, StorageError
from edge_agent.words.position import Fix
from edge_agent.words.reading import Chunk, Sample
from edge_agent.words.record import Checkpoint
from edge_agent.words.settings import LinkSettings, Profile, Settings
from tests.evidence.bench import CENTRE_KEY, FIRST_KEY, LOG_KEY, StillClock, T, vector, vector_lines
from tests.formats.documents import of_2006, of_2012

ROOT = Path(__file__).resolve().parents[2]
SEED = bytes(range(32))
ORIGIN = "rpm.example.gov/portal/FUZZ"


@dataclass(frozen=True, slots=True)
class Target:
    """`take` may raise `refusals`, which are documented; nothing else."""

    name: str
    seeds: tuple[bytes, ...]
    take: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...] = ()

    def __call__(self, data: bytes) -> None:
        with contextlib.suppress(*self.refusals):
            self.take(data)


# --- evidence


def _record(payload: bytes) -> None:
    """A well-signed line of any payload: a verifier says what is wrong and never fails."""
    header = json.dumps({"alg": "Ed25519", "kid": ed25519.thumbprint(ed25519.public(SEED)), "typ": "rpm-heartbeat+jws"}).encode()
    signed = f"{encode(header)}.{encode(payload)}".encode()
    line = signed + b"." + encode(ed25519.sign(SEED, signed)).encode()
    verify_log([line], ed25519.public(SEED))


def _log(data: bytes) -> None:
    verify_log(
        data.split(b"\n"),
        FIRST_KEY,
        checkpoint=vector("checkpoint.txt"),
        receipts=[data[-400:]],
        log_key=LOG_KEY,
        centre_key=CENTRE_KEY,
    )


def _minutes(data: bytes) -> None:
    """As the disk has it, and what deflate holds bent: a damaged one never gets past its checksum."""
    deflate = zlib.compressobj(1, zdict=minute_block.DICTIONARY)
    with contextlib.suppress(ValueError):
        minute_block.unpack(data)
    minute_block.unpack(minute_block.VERSION + deflate.compress(data) + deflate.flush())


def _wire_block(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        wire_block.unpack(data)
    wire_block.unpack(wire_block.VERSION + zlib.compress(data, 1))


NMEA = (b"$GPGGA,092751.000,5321.6802,N,00630.3371,W,1,8,1.03,61.7,M,55.3,M,,*75\r\n",
        b"$GPRMC,092751.000,A,5321.6802,N,00630.3371,W,0.06,31.66,280511,,,A*45\r\n")


def _nmea(data: bytes) -> None:
    """As it comes, and with its checksum made right, which lets every field be reached."""
    body = data.strip().strip(b"$").partition(b"*")[0]
    for line in (data, b"\n$%b*%02X\n" % (body, reduce(int.__xor__, body, 0))):
        for told in nmea.Sentences().feed(line):
            assert not isinstance(told, Fix) or (abs(told.latitude) <= 90 and abs(told.longitude) <= 180)


def _stump(data: bytes) -> None:
    stump.check(stump.read(data), LOG_KEY, CENTRE_KEY)


def _note(data: bytes) -> None:
    notes.open_receipt(data, LOG_KEY, CENTRE_KEY)


def _vkey(data: bytes) -> None:
    notes.read_vkey(data.decode("utf-8", "replace"))


PAYLOAD = json.dumps(
    {
        "v": 1,
        "log": "a/b",
        "seq": 0,
        "prev": None,
        "nk": "A" * 43,
        "tree": {"size": 0, "root": encode(merkle.EMPTY_ROOT)},
        "t": {"wall": None, "boot": 1, "mono_ms": 1, "src": "none", "unc_ms": None},
    }
).encode()
STUMP = vector("stump.json").replace(b'"checkpoint.txt"', json.dumps(vector("checkpoint.txt").decode()).encode())


# --- the network


def _unpack(data: bytes) -> None:
    unpacked = entries.gunzip(data, 1 << 16)
    assert len(unpacked) <= 1 << 16
    entries.split(unpacked)


class _Wire:
    """What http.client takes for a socket."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def makefile(self, mode: str, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(io.BytesIO(self.data))  # type: ignore[arg-type]

    def sendall(self, data: bytes) -> None: ...
    def close(self) -> None: ...


def _reply(data: bytes) -> None:
    """The bytes as the centre's answer to the uplink; PeerError, or what `_send` makes one of."""
    way = centre.Centre.__new__(centre.Centre)
    way.host, way.port, way._proxy, way._failed = "centre.example", 443, None, 0
    way._connection = None
    way._own = SimpleNamespace(newest_is_due=lambda: False, refused=lambda: None)  # type: ignore[assignment]

    def connected() -> Any:
        connection = centre._Connection("centre.example", 443, None, 1.0, None)  # type: ignore[arg-type]
        connection.sock = _Wire(data)  # type: ignore[assignment]
        connection.auto_open = 0
        way._connection = connection
        return connection

    way._connected = connected  # type: ignore[method-assign]
    reply = way._send("POST", "/v1/logs/x/entries", b"", "text/plain")
    assert len(reply.body) <= centre.ANSWER_MAX and reply.status >= 0


class _Control:
    """A door with the true operations of control.sock and uplink.sock over a small ledger."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> asyncio.AbstractEventLoop:
        self.loop = asyncio.new_event_loop()
        self.directory = tempfile.TemporaryDirectory(prefix="ea-fuzz-")
        asks = self.loop.run_until_complete(self._opened(Path(self.directory.name)))
        self.door = Door(Path(self.directory.name) / "x.sock", "nobody", asks, {"wire": self._wire})
        return self.loop

    def close(self) -> None:
        """An open ledger would keep the process from ending."""
        if self.loop is not None:
            self.loop.run_until_complete(self.ledger.close())
            self.loop.close()
            self.directory.cleanup()
            self.loop = None

    async def _opened(self, where: Path) -> dict[str, Any]:
        from edge_agent.house.identity import create_log
        from edge_agent.house.salvage import open_log
        from edge_agent.paths.attachments import Attachments
        from edge_agent.paths.control import Control
        from edge_agent.paths.outbox import Book, Outbox

        log = create_log(where, ORIGIN, 1)
        self.ledger = ledger = await open_log(log)
        for number in range(5):
            await ledger.append([("alarm", {"n": number})], T)

        class Scribe:
            trouble, queued, overflowed = None, 0, 0

        scribe: Any = Scribe()
        scribe.ledger = ledger

        async def at_once(size: int, seconds: float) -> None: ...

        outbox = Outbox([Book(ledger, log.log_key, log.signer(), log.public())], CENTRE_KEY, lambda *_: None, at_once)
        self._control = Control([], scribe, None, dict, StillClock(), None)  # type: ignore[arg-type]
        ops = ("logs", "wait", "batch", "express", "expressed", "receipt", "behind", "refused", "link")
        attachments = Attachments(where, [ledger], StillClock(), lambda *_: None)
        name = await attachments.keep(b"document", "text/plain")
        await ledger.append([("instrument", {"blob": {"sha256": name, "len": 8, "type": "text/plain"}})], T)
        return {**self._control.asks(), **attachments.asks(CENTRE_KEY), **{name: getattr(outbox, name) for name in ops}}

    async def _wire(self, request: dict[str, Any]) -> Any:
        async for each in self._control.wire(request):
            yield each

    def take(self, data: bytes) -> None:
        async def all_of(line: bytes) -> None:
            self.door._streaming(line)
            async for answer in self.door._answers(line):
                json.dumps(answer)

        loop = self.loop or self.open()
        for line in data.split(b"\n"):
            loop.run_until_complete(all_of(line))


CONTROL = _Control()


DOCUMENT = hashlib.sha256(b"document").hexdigest()
REQUESTS = tuple(
    json.dumps(request).encode()
    for request in (
        {"op": "status"},
        {"op": "alarms", "last": 5},
        {"op": "lines", "from": 2},
        {"op": "logs"},
        {"op": "wait", "size": 5, "timeout_s": 0},
        {"op": "batch", "log": ORIGIN, "from": 1, "lines": 3, "bytes": 10_000},
        {"op": "express", "log": ORIGIN, "beyond": 0},
        {"op": "expressed", "log": ORIGIN, "seq": 3},
        {"op": "blob", "log": ORIGIN, "not": ["0" * 64]},
        {"op": "blob_piece", "log": ORIGIN, "sha256": DOCUMENT, "from": 2, "bytes": 3},
        {"op": "blob_confirmed", "log": ORIGIN, "sha256": DOCUMENT, "signature": "AA=="},
        {"op": "receipt", "log": ORIGIN, "note": vector("receipt-1.txt").decode(), "latest": True},
        {"op": "behind", "log": ORIGIN},
        {"op": "refused", "why": ""},
        {"op": "link", "why": "x"},
        {"op": "wire", "lane": "2", "seconds": 1},
    )
)


def _answer(data: bytes) -> None:
    """The bytes as the core's answer to a command."""
    core = asking.Core.__new__(asking.Core)
    core._reader = io.BufferedReader(io.BytesIO(data))  # type: ignore[arg-type]
    core._answer()


def _properties(data: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
    """Topic, user properties and body of an MQTT message: first line, lines of name=value, the rest."""
    head, _, body = data.partition(b"\n\n")
    where, *lines = head.decode("utf-8", "replace").split("\n")
    return where, [(name, value) for name, _, value in (line.partition("=") for line in lines)], body


def _mqtt_request(data: bytes) -> None:
    where, user, body = _properties(data)
    envelope.read_request(where, body[:16], user, body)


def _mqtt_answer(data: bytes) -> None:
    _, user, body = _properties(data)
    envelope.read_answer(user, body, bytes(32), CENTRE_KEY.key)


MQTT = (
    b"rpm/"
    + b"a" * 64
    + b"/entries\nv=1\nlog="
    + b"a" * 64
    + b"\ncert="
    + b"b" * 64
    + b"\nencoding=gzip\nsig=AAAA\n\n"
    + bytes(20),
    b"x\nv=1\nstatus=200\nretry-after=5\nsig=" + b64encode(bytes(64)) + b"\n\nbody",
)
WITNESS = witness.body(2, [bytes(32)], vector("checkpoint.txt"))


# --- the disk


def _lines(data: bytes) -> list[str]:
    return io.StringIO(data.decode("utf-8", "replace"), newline=None).readlines()


def _chunks(read: Callable[..., Iterator[Chunk]]) -> Callable[[bytes], None]:
    def take(data: bytes) -> None:
        for chunk in read(_lines(data), "x"):
            assert isinstance(chunk.data, bytes) and chunk.at_ns >= 0

    return take


def _counts(data: bytes) -> None:
    from edge_agent.words.reading import Radiation

    file = counts_file.CountsFile(_lines(data), "x")
    list(file.steps({Radiation.GAMMA: ("Aa1", "Ba1"), Radiation.NEUTRON: ("Aa1N",)}))


def _model(data: bytes) -> None:
    """Also with the hash made right: a person can do that."""
    text = data.decode("utf-8", "replace")
    with contextlib.suppress(SettingsError):
        model_file.read(text, "x", 4)
    with contextlib.suppress(ValueError, RecursionError):
        plain = json.loads(text)
        if isinstance(plain, dict):
            text = json.dumps({**plain, "sha256": model_file.digest(plain)})
    model_file.read(text, "x", 4)


def _model_seed() -> bytes:
    from edge_agent.judgement import learning_model
    from tests.replay.test_alarms_show import GEOMETRY

    generic = json.loads((shipped_config() / "models/generic.json").read_text())
    tails = {"tails": {"glrt": {"begins": 1.0, "share": 0.5, "scale": 2.0}}, "budgets": {"glrt": 1e-5}, "traffic": {
        "tail": 2.9, "depth_mean": 0.0, "depth_sd": 1.0, "misfit_mean": -0.1, "misfit_sd": 1.0}}
    plain = {**learning_model.to_plain(GEOMETRY, learning_model.generic(generic, 4), "test", {"glrt": 4.5}), **tails}
    return json.dumps({**plain, "sha256": model_file.digest(plain)}).encode()


def _keys(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        held = keys.RecordKeys(Path(file.name))
        held.find(FIRST_KEY)
        assert len(held.positions()) <= 2


def _key_seed() -> bytes:
    with tempfile.TemporaryDirectory() as where:
        held = keys.RecordKeys(Path(where) / "record.key")
        held.create()
        held.stage(1, SEED, keep_seq=0)
        return (Path(where) / "record.key").read_bytes()


def _settings(kind: type[Any]) -> Callable[[bytes], None]:
    return lambda data: toml_settings.read(kind, data.decode("utf-8", "replace"), "x.toml")


def _history(data: bytes) -> None:
    """The bytes as a row of the history, read by the daemon's start and by learning."""
    with tempfile.TemporaryDirectory(prefix="ea-fuzz-") as where:
        path = Path(where) / "history.db"

        async def start() -> None:
            history = await History.open(path)
            await history.close()
            with sqlite3.connect(path) as database:
                database.execute("INSERT INTO passage (lane, wall_ns, body) VALUES ('2', 0, ?)", (data,))
                database.execute("INSERT INTO background VALUES ('2', 'gamma', 0, ?)", (data,))
            database.close()
            history = await History.open(path)
            try:
                await history.passages("2", 10)
                await put_back(history)
            finally:
                await history.close()

        asyncio.run(start())
        lessons.gather(lessons.read_history(path, "2"), "2", ["Aa1", "Aa2", "Ba1", "Ba2"], probing.shipped("rapiscan"))


async def put_back(history: History) -> Any:
    """As the core does at its start."""
    from edge_agent.house.configuration import load
    from edge_agent.judgement.portal import Portal
    from edge_agent.paths.keeping import Keeping
    from tests.replay.test_alarms_show import CONFIG, GEOMETRY, generic_model

    with tempfile.TemporaryDirectory() as where:
        (Path(where) / "e.toml").write_text(CONFIG.format(sockets=where))
        (Path(where) / "m.json").write_text(json.dumps(generic_model(GEOMETRY)))
        configuration = load(Path(where) / "e.toml")

    class Lane:
        name = "2"
        portal = Portal(configuration.settings.lane[0], configuration.profiles["2"], str, configuration.models["2"])

    lane = Lane()
    await Keeping(history, StillClock()).put_back([lane])  # type: ignore[arg-type,list-item]
    return lane


def _wire(data: bytes) -> None:
    decoder = drivers.find("rapiscan").decoder(
        toml_settings.read(Profile, (shipped_config() / "profiles/rapiscan.toml").read_text(), "x")
    )
    for begin in range(0, len(data), 7):
        list(decoder.feed(Chunk(begin * 10**6, data[begin : begin + 7])))


def _readings(name: str) -> Callable[[bytes], None]:
    """A decoder fed the bytes of a recording's chunks, in pieces."""
    decoder_of = drivers.find(name).decoder
    profile = register_meanings.settle(
        toml_settings.read(Profile, (shipped_config() / f"profiles/{name}.toml").read_text(), name), "cumulative"
    )

    def run(data: bytes) -> None:
        decoder = decoder_of(profile)
        for begin in range(0, len(data), 50):
            for reading in decoder.feed(Chunk(begin * 10**7, data[begin : begin + 50])):
                assert not isinstance(reading, Sample) or min(reading.counts) >= 0
    return run


def _recorded(name: str) -> bytes:
    lines = next((ROOT / f"tests/captures/{name}").glob("*.capture")).read_text().splitlines()
    return b"".join(chunk.data for chunk in capture.read(lines))[:3000]


def _dialect(name: str) -> Callable[[bytes], None]:
    """Bytes that wait on a line, after each question of a driver."""
    driver = drivers.find(name)
    made = driver.dialect
    assert made is not None
    link = LinkSettings("serial", unit=1)
    polls = driver.polls(toml_settings.read(Profile, (shipped_config() / f"profiles/{name}.toml").read_text(), name), link)

    def run(data: bytes) -> None:
        for poll in polls:
            dialect, waiting = made(), data
            for question in (poll.question, dialect.sure(poll.question)):
                dialect.frame(question)
                while (found := dialect.take(waiting, question)) is not None:
                    assert 0 < found.used <= len(waiting)
                    dialect.mine(found.body, question)
                    waiting = waiting[found.used :]
                dialect.rest(waiting, question)
    return run


ASKED = [name for name in drivers.names() if drivers.find(name).dialect is not None]
MINUTES = (b'{"n":2,"groups":[["gamma",["Aa1","Aa2"]],["neutron",["Aa1N"]]],"faults":["link"]}\n'
           + bytes((0x80, 0x08, 0x78, 2, 1, 0, 0, 0, 1, 0, 0, 1, 9, 9, 8, 8, 7, 7, 6, 6, 5, 5)))
WIRE_BLOCK = (b'{"driver":"rapiscan","means":"","boot":3,"wall_ns":1795456800000000000,"start_ns":7000000000}\n'
              b"\x00\x05GS,1\n\x80\x94\xeb\xdc\x03\x05GS,2\n")
HISTORY = tuple(
    json.dumps(body).encode()
    for body in (
        {"rate_cps": [250.0, 251.0, 249.0, 252.0], "exposure_s": 120.0, "age_s": 3.0},
        {
            "series": {"gamma": {"counts": {"Aa1": [1, 2], "Aa2": [1, 2], "Ba1": [1, 2], "Ba2": [1, 2]}, "interval_s": 0.2}},
            "alarms": [],
            "speed_mps": 2.0,
        },
    )
)
COUNTS = b"time_s,Aa1,Ba1,Aa1N,occupied\n0.2,50,51,0,0\n0.4,49,50,1,1\n0.6,52,48,0,1\n"
DAILY = b"GB,000822,000750,000770,000757,00-00-04.919\nGB,000188,000206,000262,000243,12-00-00.961,16-00-00.961\n"
HTTP = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nRetry-After: 5\r\n\r\nabc",
    b"HTTP/1.1 503 x\r\nRetry-After: 120\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 409 x\r\n\r\nzz",
)
JWK = vector("portal.jwk")
ENROLMENT = json.dumps(
    {
        "v": 1,
        "origin": LOG_KEY.name,
        "record_key": json.loads(JWK),
        "log_key": LOG_KEY.text(),
        "tls_cert": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    }
).encode()
EXPRESS = json.dumps({**json.loads(vector("express.json")), "consistency": {"from": 2, "proof": ["AAAA"]}}).encode()
POINT = notes.sign_checkpoint(Checkpoint(ORIGIN, 7, bytes(32)), ed25519.SoftKey(SEED))


def targets() -> list[Target]:
    refused, settings = (EvidenceError,), (SettingsError,)
    example = (ROOT / "config/edge-agent.toml").read_bytes()
    return [
        Target("json", (PAYLOAD, ENROLMENT, b"[1,2.5,-3e2,true,null]"), strict_json.loads, refused),
        Target("line", (*vector_lines(), b"a.b.c"), jws.take_apart, refused),
        Target("record", (PAYLOAD,), _record),
        Target("log", (vector("log.ndjson"),), _log),
        Target("note", (vector("checkpoint.txt"), vector("receipt-1.txt"), POINT), _note, refused),
        Target("vkey", (vector("portal.vkey"), vector("centre.vkey")), _vkey, refused),
        Target("jwk", (JWK,), read_jwk, refused),
        Target("stump", (STUMP, vector("stump.json")), _stump, refused),
        Target("express", (vector("express.json"), EXPRESS), express.read, (Unreadable,)),
        Target("entries", (vector("post-entries.txt"),), entries.split, (Unreadable, TooLarge)),
        Target(
            "gzip", (gzip.compress(vector("post-entries.txt")), gzip.compress(bytes(200_000))), _unpack, (Unreadable, TooLarge)
        ),
        Target("enrolment", (ENROLMENT,), lambda data: enrolment.read(data, certificate=True), refused),
        Target("continuation", (ENROLMENT,), lambda data: enrolment.read(data, certificate=False), refused),
        Target("mqtt-request", MQTT, _mqtt_request, refused),
        Target("mqtt-answer", MQTT, _mqtt_answer, refused),
        Target("witness", (WITNESS,), witness.read, (Unreadable, EvidenceError)),
        Target("login", (b"user:password\n",), lambda data: envelope.read_login(data.decode("utf-8", "replace")), refused),
        Target("centre-answer", HTTP, _reply, (EdgeAgentError,)),
        Target("sockets", REQUESTS, CONTROL.take),
        Target(
            "core-answer",
            (b'{"ok":true,"lines":[]}\n', b'{"ok":false,"error":"x","exit":6}\n'),
            _answer,
            (EdgeAgentError, NotRunning),
        ),
        Target("model", (_model_seed(),), _model, settings),
        Target("counts", (COUNTS,), _counts, settings),
        Target("daily", (DAILY,), _chunks(daily_file.read), settings),
        Target(
            "capture",
            (
                (ROOT / "tests/captures/rapiscan/faults.capture").read_bytes()[:3000],
                b"# edge-agent capture 1 driver=rapiscan start_ns=812004511803112\n0.5 GS,\\r\\n\\x00\\\\\n",
            ),
            _chunks(capture.read),
            settings,
        ),
        Target("key-slots", (_key_seed(), bytes(8192)), _keys, (StorageError,)),
        Target("settings", (example,), _settings(Settings), settings),
        Target("profile", ((shipped_config() / "profiles/rapiscan.toml").read_bytes(),), _settings(Profile), settings),
        Target("n42", (of_2012(), of_2006()), n42_in.read, (EvidenceError,)),
        Target("nmea", NMEA, _nmea),
        Target("minutes", (MINUTES, b"\x01\x00"), _minutes, (ValueError,)),
        Target("wire-block", (WIRE_BLOCK, b"\x01\x00"), _wire_block, (ValueError,)),
        Target("history", HISTORY, _history, (SettingsError, StorageError)),
        Target(
            "wire",
            (
                (ROOT / "tests/captures/rapiscan/faults.capture").read_bytes()[200:2000],
                b"GB,000822,000750,000770,000757\r\nGS,000051,000051,000051,000051\r\nSP,0.125,,,\r\n",
            ),
            _wire,
        ),
        *(Target(f"reads-{name}", (_recorded(name),), _readings(name)) for name in drivers.names() if name != "rapiscan"),
        *(Target(f"dialect-{name}", (b"OK 1500\r\n", b"ERROR\r\n", b"\x55\xaa\x12\x10\x00\x00\x00\x05\x00\x27"), _dialect(name))
          for name in ASKED),
    ]


def dice(name: str, number: int) -> random.Random:
    return random.Random(f"{name}/{number}")
