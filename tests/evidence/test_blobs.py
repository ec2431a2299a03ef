"""Documents that records name: durable before their record, kept until the centre has both, and never in the records' room."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from edge_agent.center.kinds import load
from edge_agent.commands import main
from edge_agent.house.salvage import salvage
from edge_agent.paths.attachments import KEPT_S, Attachments
from edge_agent.tools import ed25519
from edge_agent.tools.base64url import encode
from edge_agent.words.blob import BLOB_MAX, confirmation_text
from edge_agent.words.errors import EvidenceError, StorageError, Unavailable

from .bench import ORIGIN, VECTORS, Log, StillClock, T
from .test_retention import CENTRE, CENTRE_SIGNER, NOW_S, Portal, story_of

VERIFIERS = VECTORS.parents[1] / "verifiers"
DOCUMENT = b"<RadInstrumentData>" + b"1 0 2 " * 20_000 + b"</RadInstrumentData>"
NAME = hashlib.sha256(DOCUMENT).hexdigest()


class Desk:
    """The documents of a log, and what was reported of them."""

    def __init__(self, portal: Portal) -> None:
        self.portal, self.reports = portal, dict[str, str]()
        self.kept = Attachments(portal.state, [portal.ledger], StillClock(), self._report)
        self.asks = self.kept.asks(CENTRE)

    def _report(self, condition: str, why: str, present: bool) -> None:
        self.reports[condition] = why if present else ""

    async def take(self, data: bytes = DOCUMENT, kind: str = "text/xml") -> str:
        """A document, and the record that names it."""
        name = await self.kept.keep(data, kind)
        await self.portal.ledger.append([("instrument", {"blob": {"sha256": name, "len": len(data), "type": kind}})], T)
        return name

    async def due(self, *left_out: str) -> str | None:
        found = (await self.asks["blob"]({"log": ORIGIN, "not": list(left_out)})).get("blob")
        return found and str(found["sha256"])

    async def confirm(self, name: str, length: int, signer: ed25519.Signer = CENTRE_SIGNER) -> None:
        signature = b64encode(signer.sign(confirmation_text(name, length))).decode()
        await self.asks["blob_confirmed"]({"log": ORIGIN, "sha256": name, "signature": signature})

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in (self.portal.state / "blobs").iterdir())


def at_desk(tmp_path: Path, story: Any) -> Any:
    async def run(portal: Portal) -> Any:
        return await story(Desk(portal))

    return story_of(tmp_path, run)


def test_a_document_is_a_file_of_the_name_of_its_hash_once(tmp_path: Path) -> None:
    async def story(desk: Desk) -> list[str]:
        assert await desk.kept.keep(DOCUMENT, "text/xml") == NAME
        assert await desk.kept.keep(DOCUMENT, "text/xml") == NAME
        assert (desk.portal.state / "blobs" / NAME).read_bytes() == DOCUMENT
        return desk.files

    assert at_desk(tmp_path, story) == [NAME]


@pytest.mark.parametrize(("data", "kind", "words"), [
    (b"x", "xml", "no media type"), (b"x", "text/xml\nX-Evil: 1", "no media type"), (bytes(BLOB_MAX + 1), "text/xml", "at most"),
])
def test_what_no_record_can_name_is_refused_with_a_reason(tmp_path: Path, data: bytes, kind: str, words: str) -> None:
    async def story(desk: Desk) -> None:
        with pytest.raises(EvidenceError, match=words):
            await desk.kept.keep(data, kind)

    at_desk(tmp_path, story)


def test_a_document_goes_after_its_record_is_receipted_and_counts_by_the_centres_signature(tmp_path: Path) -> None:
    async def story(desk: Desk) -> list[Any]:
        name = await desk.take()
        steps: list[Any] = [await desk.due()]
        await desk.portal.receipt(1, 0)
        steps.append(await desk.due())
        with pytest.raises(EvidenceError, match="not signed"):
            await desk.confirm(name, len(DOCUMENT), ed25519.SoftKey(bytes(32)))
        with pytest.raises(EvidenceError, match="not signed"):
            await desk.confirm(name, len(DOCUMENT) - 1)
        steps.append(await desk.due())
        await desk.confirm(name, len(DOCUMENT))
        return [*steps, await desk.due()]

    assert at_desk(tmp_path, story) == [None, NAME, NAME, None]


def test_pieces_put_together_are_the_document(tmp_path: Path) -> None:
    async def story(desk: Desk) -> bytes:
        name, got = await desk.take(), b""
        while piece := b64decode((await desk.asks["blob_piece"](
                {"log": ORIGIN, "sha256": name, "from": len(got), "bytes": 50_000}))["data"]):
            got += piece
        return got

    assert at_desk(tmp_path, story) == DOCUMENT


@pytest.mark.parametrize("name", ["../record.key", "", "0" * 63, "A" * 64])
def test_the_uplink_reads_documents_and_no_other_file(tmp_path: Path, name: str) -> None:
    async def story(desk: Desk) -> None:
        with pytest.raises(StorageError, match="no SHA-256"):
            await desk.asks["blob_piece"]({"log": ORIGIN, "sha256": name, "from": 0, "bytes": 10})

    at_desk(tmp_path, story)


def test_a_damaged_document_is_said_and_holds_up_no_other(tmp_path: Path) -> None:
    async def story(desk: Desk) -> tuple[str | None, str, str]:
        await desk.take()
        other = await desk.take(b"another", "text/plain")
        await desk.portal.receipt(2, 0)
        (desk.portal.state / "blobs" / NAME).write_bytes(DOCUMENT[:-1] + b"?")
        found = await desk.due()
        await desk.due(other)
        return found, other, desk.reports["blob-damaged"]

    found, other, told = at_desk(tmp_path, story)
    assert found == other
    assert NAME in told


def test_only_what_the_centre_has_with_every_record_that_names_it_may_go(tmp_path: Path) -> None:
    async def story(desk: Desk) -> list[list[str]]:
        name, steps = await desk.take(), []
        await desk.kept.keep(b"no record yet", "text/plain")
        await desk.portal.receipt(1, 0)
        for step in (desk.confirm(name, len(DOCUMENT)), desk.take()):       # then the same document for another record
            await step
            await desk.kept.make_room()
            steps.append(desk.files)
        await desk.portal.receipt(2, 0)
        assert await desk.due() is None, "the centre has it for the first record: it need not go again"
        await desk.kept.make_room()
        return [*steps, desk.files]

    orphan = hashlib.sha256(b"no record yet").hexdigest()
    first, second, last = at_desk(tmp_path, story)
    assert first == last == [orphan]
    assert second == sorted([orphan, NAME])


def test_what_a_power_cut_left_half_written_goes_and_two_who_bring_one_document_do_not_meet(tmp_path: Path) -> None:
    async def story(desk: Desk) -> list[str]:
        names = await asyncio.gather(*(desk.kept.keep(DOCUMENT, "text/xml") for _ in range(8)))
        assert set(names) == {NAME}
        (desk.portal.state / "blobs" / f".{NAME}.4711").write_bytes(DOCUMENT[:100])
        await desk.kept.look()
        return desk.files

    assert at_desk(tmp_path, story) == [NAME]


def test_what_is_delivered_stays_thirty_days_where_there_is_room(tmp_path: Path) -> None:
    async def story(desk: Desk) -> list[int]:
        import os

        name = await desk.take()
        await desk.portal.receipt(1, 0)
        await desk.confirm(name, len(DOCUMENT))
        counts = []
        for age_s in (KEPT_S - 60, KEPT_S + 60):
            os.utime(desk.portal.state / "blobs" / name, (NOW_S - age_s, NOW_S - age_s))
            desk.kept._looked_s = -1e9
            await desk.kept.look()
            counts.append(len(desk.files))
        return counts

    assert at_desk(tmp_path, story) == [1, 0]


def test_a_document_never_takes_the_last_room_of_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """5 % of a 1 GiB card are for records; delivered documents go first to make room."""
    async def story(desk: Desk) -> list[str]:
        await desk.take()
        await desk.portal.receipt(1, 0)
        await desk.confirm(NAME, len(DOCUMENT))
        monkeypatch.setattr("edge_agent.paths.attachments.space", lambda path: (51 << 20, 1 << 30))
        with pytest.raises(Unavailable, match="hand the document in again"):
            await desk.kept.keep(b"a new one", "text/plain")
        return desk.files

    assert at_desk(tmp_path, story) == []


def test_a_result_that_a_refused_log_could_not_deliver_is_carried_on_with_its_document(tmp_path: Path) -> None:
    async def story(desk: Desk) -> dict[str, Any]:
        await desk.portal.write("f")
        await desk.portal.receipt(1, 0)
        await desk.take()
        await desk.portal.ledger.close()
        desk.portal.identity.close("the centre refuses it", {"name": "x", "how": "test"}, 1)
        drafts = await salvage(desk.portal.identity)
        await desk.portal.open()
        return {kind: dict(body) for kind, body in drafts}

    drafts = at_desk(tmp_path, story)
    assert drafts["recovery"]["tail"]["carried"] == 1
    assert drafts["instrument"]["blob"]["sha256"] == NAME
    assert drafts["instrument"]["carried"]["seq"] == 1


@pytest.mark.parametrize("call", ["write", "fsync", "posix"])
def test_a_disk_that_refuses_leaves_nothing_and_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    async def story(desk: Desk) -> list[str]:
        def refuse(*_: Any) -> int:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            if call == "posix":
                patched.setattr(Path, "replace", refuse)
            else:
                patched.setattr(f"os.{call}", refuse)
            with pytest.raises(StorageError, match="No space left on device"):
                await desk.kept.keep(DOCUMENT, "text/xml")
        assert desk.files == []
        await desk.kept.keep(DOCUMENT, "text/xml")
        return desk.files

    assert at_desk(tmp_path, story) == [NAME]


def test_a_core_killed_at_any_moment_has_every_document_its_records_name(tmp_path: Path) -> None:
    """The record is written after the document: what the ledger names is here and whole, whatever came of the process."""
    script = (
        "import asyncio, sys; from pathlib import Path; from edge_agent.hands.ledger import Ledger\n"
        "from edge_agent.house.identity import logs_of; from edge_agent.house.salvage import open_log\n"
        "from edge_agent.paths.attachments import Attachments; from tests.evidence.bench import StillClock, T\n"
        "async def work():\n"
        "    state = Path(sys.argv[1]); ledger = await open_log(logs_of(state)[-1])\n"
        "    kept = Attachments(state, [ledger], StillClock(), print)\n"
        "    for number in range(ledger.size, 10**6):\n"
        "        data = b'%d ' % number * 20_000\n"
        "        name = await kept.keep(data, 'text/plain')\n"
        "        await ledger.append([('instrument', {'blob': {'sha256': name, 'len': len(data), 'type': 'text/plain'}})], T)\n"
        "        print(number, flush=True)\n"
        "asyncio.run(work())\n"
    )
    story_of(tmp_path, lambda portal: portal.write("f"))
    for round_ in range(4):
        core = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True,
                                cwd=VECTORS.parents[1])
        assert core.stdout is not None
        for _ in range(3 + round_):
            core.stdout.readline()
        core.kill()
        core.wait()
        core.stdout.close()
        assert main(["verify", "--state", str(tmp_path)]) == 0


# --- beside a log, for whoever checks it

def test_every_verifier_holds_documents_to_their_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, beside = Log(), tmp_path / "blobs"
    beside.mkdir()
    for data in (DOCUMENT, b"second", b"third"):
        blob = {"sha256": hashlib.sha256(data).hexdigest(), "len": len(data), "type": "text/xml"}
        log.add("instrument", blob=blob)
        (beside / blob["sha256"]).write_bytes(data)
    (tmp_path / "log").write_bytes(b"".join(line + b"\n" for line in log.lines))
    x = encode(log.first_key)
    (tmp_path / "key").write_text(json.dumps({"kty": "OKP", "crv": "Ed25519", "x": x}))
    words = ["--log", str(tmp_path / "log"), "--key", str(tmp_path / "key"), "--blobs", str(beside)]

    def both() -> tuple[int, str]:
        found = []
        for verifier in ([sys.executable, VERIFIERS / "python/verify_log.py"], ["node", VERIFIERS / "js/verify.js"]):
            done = subprocess.run([*map(str, verifier), *words], capture_output=True, text=True, timeout=60)
            found.append((done.returncode, done.stdout))
        assert found[0] == found[1]
        return found[0]

    assert both()[0] == 0 and both()[1].count("holds") >= 3
    (beside / NAME).unlink()
    code, said = both()
    assert code == 0 and f"record 0 names the document {NAME}: not here" in said
    second = hashlib.sha256(b"second").hexdigest()
    (beside / second).write_bytes(b"sec0nd")
    code, said = both()
    assert code == 6 and f"record 1: the file {second} is not the document it names" in said


def test_verify_on_the_portal_misses_a_document_that_only_it_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story(desk: Desk) -> list[int]:
        codes = []
        await desk.take()
        file = desk.portal.state / "blobs" / NAME
        for data in (None, b"other", DOCUMENT):
            if data:
                file.write_bytes(data)
            codes.append(main(["verify", "--state", str(desk.portal.state)]))
        await desk.portal.receipt(1, 0)
        await desk.confirm(NAME, len(DOCUMENT))
        file.unlink()
        return [*codes, main(["verify", "--state", str(desk.portal.state)])]

    assert at_desk(tmp_path, story) == [0, 6, 0, 0]
    assert "is not what it was" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["alarm", "instrument", "occupancy"])
def test_what_may_name_a_document_names_it_in_one_form(kind: str) -> None:
    schema = load()[kind]
    blob = schema["properties"]["blob"]
    form = schema["$defs"]["blob"] if "$ref" in blob else blob
    good = {"sha256": NAME, "len": 3, "type": "text/xml"}
    jsonschema.validate(good, form)
    for bad in ({**good, "sha256": NAME.upper()}, {**good, "len": -1}, {"sha256": NAME, "len": 3}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, form)
