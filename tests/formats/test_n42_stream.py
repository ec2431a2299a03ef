"""An instrument that streams documents: each find a record once, whatever cuts, noise and a full disk do in between."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.paths.inbox import Store
from edge_agent.paths.n42_stream import DOCUMENTS_MAX, Stream
from edge_agent.tools.n42_frames import Frames
from edge_agent.tools.xml_tree import BYTES_MAX
from edge_agent.words.document_settings import StreamSettings
from edge_agent.words.errors import Unavailable
from hardware_mocks.n42_stream import document
from tests.evidence.test_schemas import VALIDATORS

from .test_inbox import _Clock

S = 10**9
AT = datetime(2026, 11, 26, tzinfo=UTC)


@given(st.lists(st.binary(max_size=40).map(lambda data: data.replace(b"\x02", b"").replace(b"\x03", b"")), max_size=8),
       st.lists(st.integers(0, 400), max_size=12))
def test_documents_come_out_whole_however_the_stream_is_cut(documents: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(b"\x02" + data + b"\x03\r\n" for data in documents)
    frames, found = Frames(), []
    edges = sorted({0, len(whole), *(cut % (len(whole) + 1) for cut in cuts)})
    for begin, end in itertools.pairwise(edges):
        found += frames.feed(whole[begin:end])
    assert found == documents


@given(st.binary(max_size=300))
def test_any_bytes_give_documents_or_words(data: bytes) -> None:
    assert all(isinstance(piece, bytes | str) for piece in Frames().feed(data))


def test_what_stands_between_and_what_broke_off_is_told() -> None:
    found = list(Frames().feed(b"HELLO\x02<a>\x02<b/>\x03 \r\n\x02<c/>\x03"))
    assert found == ["5 bytes between documents: HELLO", "a document broke off after 3 bytes", b"<b/>", b"<c/>"]


def test_a_document_without_end_does_not_fill_memory() -> None:
    frames, told = Frames(), []
    for _ in range(BYTES_MAX // 65_536 + 2):
        told += frames.feed(b"\x02" if not told and not frames._held else b"x" * 65_536)
    told += frames.feed(b"\x02<a/>\x03")
    assert any("more than" in str(piece) for piece in told) and told[-1] == b"<a/>" and len(frames._held) < 65_537


class Bench:
    """A stream into a log in memory."""

    def __init__(self) -> None:
        self.clock = _Clock()
        self.records: list[dict[str, Any]] = []
        self.faults: dict[str, str] = {}
        self.full = False
        self.stream = Stream(StreamSettings("bp", "192.168.2.9", 4242, lane="2"), _Wire(), self.clock, Store(  # type: ignore[arg-type]
            self._keep, self._named, lambda kind, body: self.records.append({"kind": kind, **body}), self._report,
            lambda at_ns: {"boot": 1, "mono_ms": at_ns // 10**6, "wall": None}))

    async def _keep(self, data: bytes, kind: str) -> str:
        if self.full:
            raise Unavailable("no room")
        return hashlib.sha256(data).hexdigest()

    async def _named(self, sha256: str) -> bool:
        return False

    def _report(self, condition: str, detail: str, present: bool) -> None:
        self.faults.pop(condition, None)
        if present:
            self.faults[condition] = detail

    def second(self, nuclide: str = "", counts: int = 900) -> None:
        self.clock.mono += S
        self.stream.take(document(counts, AT, 1.0, nuclide))
        asyncio.run(self.stream.keep())
        self.stream._look()

    @property
    def found(self) -> list[list[str]]:
        return [[one["name"] for one in record["nuclides"]] for record in self.records]


class _Wire:
    name = "tcp 192.168.2.9:4242"


def test_a_passage_of_alarms_is_one_record_and_signs_of_life_are_none() -> None:
    bench = Bench()
    for _ in range(100):
        bench.second()
    for _ in range(20):
        bench.second("Cs-137", 5000)
    for _ in range(70):
        bench.second()
    bench.second("Cs-137", 5000)
    assert bench.found == [["Cs-137"], ["Cs-137"]] and bench.stream.documents == 191
    body = bench.records[0]
    assert body["via"] == "n42-stream" and body["lane"] == "2" and body["gamma_cps"] == 5000.0
    assert body["instrument"]["class"] == "backpack" and "alarm: gamma" in body["text"]
    whole = {"v": 1, "log": "l", "seq": 0, "prev": None, "nk": "A" * 43,
             "t": {"wall": None, "boot": 1, "mono_ms": 1, "src": "none", "unc_ms": None}, **body}
    del whole["kind"]
    assert not list(VALIDATORS["instrument"].iter_errors(whole))


def test_one_more_nuclide_is_news() -> None:
    bench = Bench()
    for nuclide in ("Cs-137", "Cs-137", "Co-60", "Cs-137", "Co-60"):
        bench.second(nuclide)
    assert bench.found == [["Cs-137"], ["Co-60"]]


def test_an_alarm_that_lasts_stays_one_record() -> None:
    bench = Bench()
    for _ in range(300):
        bench.second("Cs-137")
    assert len(bench.records) == 1


def test_documents_wait_for_a_full_disk_and_the_person_is_told() -> None:
    bench = Bench()
    bench.full = True
    bench.second("Cs-137")
    assert not bench.records and "1 documents wait" in bench.faults["n42-stream-disk:bp"]
    bench.full = False
    bench.second()
    assert len(bench.records) == 1 and not bench.faults
    bench.full = True
    for number in range(DOCUMENTS_MAX + 9):
        bench.second(f"X-{number}")
    bench.full = False
    bench.second()
    assert len(bench.records) == 1 + DOCUMENTS_MAX


def test_silence_and_noise_are_faults_that_end() -> None:
    bench = Bench()
    bench.second()
    bench.clock.mono += 61 * S
    bench.stream._look()
    assert "no document for 61 s" in bench.faults["n42-stream-silence:bp"]
    bench.stream.take(b"<odd/>")
    bench.second()
    assert list(bench.faults) == ["n42-stream-unreadable:bp"] and "RadInstrumentData" in bench.faults["n42-stream-unreadable:bp"]
    bench.clock.mono += 601 * S
    bench.second()
    assert not bench.faults


