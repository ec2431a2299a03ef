"""What tests of exhibits share: a portal's state with an alarm between two receipts, and the three ways to verify a file."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.util
import io
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from edge_agent.commands import main, options
from edge_agent.hands.keys import LogKey
from edge_agent.house.identity import LogIdentity, create_log
from edge_agent.house.salvage import open_log
from edge_agent.tools import ed25519, notes
from edge_agent.tools.base64url import encode
from edge_agent.tools.merkle import root
from edge_agent.words.record import Checkpoint
from tests import debian

ROOT = Path(__file__).resolve().parents[2]
JS, PYTHON = ROOT / "verifiers/js", ROOT / "verifiers/python/verify_log.py"
ORIGIN, CENTRE = "rpm.example.gov/portal/QX-7", "rpm.example.gov/centre/one"
T0_S = 1_795_456_800            # 2026-11-23 18:00:00 UTC
CFG = "c" * 43

ALARM = {
    "id": "QX-7/3/1", "lane": "2", "radiation": "gamma", "rule": "focus/1", "statistic": 9.42, "threshold": 5.1, "window_s": 1.4,
    "counts": 2611, "expected": 2214.5, "expected_sd": 3.3, "sum": ["Aa1", "Ba1"], "place": {"behind_m": 8.0}, "side": "left",
    "budget": 1e-5, "false_alarms_per_day": 0.001, "confidence": "high", "basis": "clean passages of this lane", "also": [],
    "detectors": {"Aa1": {"counts": 840, "bkg": 560.1}, "Ba1": {"counts": 610, "bkg": 552.0}}, "occupancy": "QX-7/3/o1",
    "speed_mps": 2.5, "at": {"boot": 3, "mono_ms": 66_000, "wall": "2026-11-23T18:01:06.000Z"}, "notes": [], "agent": "0.1.0",
    "cfg": CFG,
}
OCCUPANCY = {
    "id": "QX-7/3/o1", "lane": "2", "alarms": ["QX-7/3/1"],
    "begin": {"boot": 3, "mono_ms": 64_000, "wall": "2026-11-23T18:01:04.000Z"},
    "end": {"boot": 3, "mono_ms": 69_000, "wall": "2026-11-23T18:01:09.000Z"}, "ended": "portal", "counter": 4, "speed_mps": 2.5,
    "vendor": {"gamma": True, "neutron": False}, "statistics": {"focus/1": 9.42},
    "background": {"gamma": {"cps": {"Aa1": 560.1, "Ba1": 552.0}, "exposure_s": 120.0, "age_s": 4.0}},
    "series": {"gamma": {"interval_s": 0.2, "begin": {"boot": 3, "mono_ms": 64_200, "wall": None},
                         "counts": {"Aa1": [112, 110, 139, 181, 176, 120], "Ba1": [110, 112, 120, 160, 150, 111]}}},
    "notes": [],
}


def moment(second: int) -> dict[str, Any]:
    return {"wall": f"2026-11-23T18:{second // 60:02d}:{second % 60:02d}.000Z", "boot": 3, "mono_ms": second * 1000, "src": "ntp",
            "unc_ms": 40}


@dataclass
class Portal:
    """A state directory, written as the core writes it."""

    directory: Path
    centre_seed: bytes = b"c" * 32
    alarm: dict[str, Any] = field(default_factory=lambda: dict(ALARM))
    occupancy: dict[str, Any] = field(default_factory=lambda: dict(OCCUPANCY))
    receipts: tuple[int, ...] = (3, 7)      # sizes at which the centre cosigned, a minute apart

    def __post_init__(self) -> None:
        self.log: LogIdentity = create_log(self.directory / "state", ORIGIN, 1)
        self.centre = notes.VerifierKey(CENTRE, notes.COSIGNER_KEY, ed25519.public(self.centre_seed))
        (self.directory / "centre.vkey").write_text(self.centre.text() + "\n")
        (self.directory / "log.vkey").write_text(self.log.log_key.text() + "\n")
        self.lines: list[bytes] = []
        self.notes: dict[int, bytes] = {}
        asyncio.run(self._write())
        (self.directory / "log.ndjson").write_bytes(b"\n".join(self.lines) + b"\n")

    async def _write(self) -> None:
        ledger = await open_log(self.log)
        try:
            first = None
            for number, (kind, body) in enumerate(self.drafts()):
                if kind == "heartbeat" and first:
                    body = {**body, "receipt": {"size": first.size, "sha256": encode(first.sha256)}}
                await ledger.append([(kind, body)], moment(60 + number))
                if ledger.size in self.receipts:
                    size = ledger.size
                    point = Checkpoint(ORIGIN, size, await ledger.tree(functools.partial(root, size)))
                    note = notes.sign_checkpoint(point, LogKey(self.log.directory / "log.key"))
                    time_s = T0_S + 60 * (1 + self.receipts.index(size))
                    note += notes.cosign(point, CENTRE, ed25519.SoftKey(self.centre_seed), time_s)
                    receipt = notes.open_receipt(note, self.log.log_key, self.centre)
                    await ledger.keep_receipt(receipt, note)
                    self.notes[size] = note
                    (self.directory / f"receipt-{size}.txt").write_bytes(note)
                    first = first or await ledger.receipt()
            self.lines = await ledger.lines(0, ledger.size)
        finally:
            await ledger.close()

    def drafts(self) -> list[tuple[str, dict[str, Any]]]:
        beat = {"period_s": 60, "receipt": None}
        return [
            ("boot", {"cause": "first"}), ("config", {"cfg": CFG, "settings": {}}), ("heartbeat", beat), ("heartbeat", beat),
            ("alarm", self.alarm), ("fault", {"condition": "x"}), ("occupancy", self.occupancy), ("heartbeat", beat),
        ]

    def export(self, *words: object, name: str = "3/1") -> Path:
        """An exhibit as the command writes it from the ledger."""
        file = self.directory / "exhibit.html"
        told, code = self.run("alarms", "export", name, "--exhibit", file, *(words or self.ledger_words()))
        assert code == 0, told
        return file

    def ledger_words(self) -> tuple[object, ...]:
        return "--ledger", self.log.database, "--centre-key", self.directory / "centre.vkey"

    def run(self, *words: object) -> tuple[str, int]:
        return run(*words)


def run(*words: object) -> tuple[str, int]:
    """What the command said, and its exit code; where no configuration is named there is none."""
    nowhere = mock.patch.object(options, "CONFIG", Path("/nowhere/edge-agent.toml"))     # this machine may be a portal
    with nowhere, contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        code = main([*map(str, words)])
    return out.getvalue(), code


@functools.cache
def python_verifier() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_log", PYTHON)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["verify_log"] = module          # its classes look themselves up there
    spec.loader.exec_module(module)
    return module


def by_python(page: bytes) -> Any:
    """The report of the Python verifier, with `problems` and `said`."""
    return python_verifier().Exhibit(page, None, None).report


def node() -> str:
    """Node 20 or newer."""
    return debian.need("nodejs", "node")


class Batch:
    """The JavaScript verifier in one node process: many questions, one answer each, in order."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([node(), str(ROOT / "tests/evidence/verify_batch.js"), str(JS / "verify_log.js")],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def ask(self, op: str, **given: Any) -> dict[str, Any]:
        return self.all([{"op": op, **given}])[0]

    def all(self, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        answers: list[dict[str, Any]] = []
        for begin in range(0, len(questions), 50):          # a pipe holds so much: answers are read between
            part = questions[begin : begin + 50]
            stdin.writelines(json.dumps(each, default=lambda data: data.decode("latin-1")) + "\n" for each in part)
            stdin.flush()
            answers += [json.loads(stdout.readline()) for _ in part]
        return answers

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(10)
