"""N42 of strangers: read for what it says, refused in words where it is none, never an exception and never a guess."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.tools import n42_in, xml_tree
from edge_agent.words.errors import EvidenceError
from edge_agent.words.instrument import CLASSES, Nuclide

from .documents import UUID, of_2006, of_2012

SHARED = Path(__file__).resolve().parents[3] / "shared/n42"


def test_a_document_of_2012() -> None:
    found = n42_in.read(of_2012())
    assert (found.form, found.uuid, found.kind, found.maker, found.model, found.serial) == (
        "N42.42-2012", UUID, "handheld", "FLIR", "R400", "7")
    assert (found.measured, found.real_s, found.gamma_cps, found.neutron_cps, found.dose_rate_usv_per_h) == (
        "2026-11-26T18:20:00+02:00", 30.0, 18 / 20, 6 / 30, 0.4)
    assert found.nuclides == (Nuclide("Cs-137", 91.0, "industrial"),) and found.doubts == ()


def test_a_document_of_2006_with_prefixes_nobody_declared() -> None:
    found = n42_in.read(of_2006())
    assert (found.form, found.kind, found.maker, found.serial) == ("N42.42-2006", "handheld", "Thermo", "A-1")
    assert (found.real_s, found.gamma_cps, found.neutron_cps, found.dose_rate_usv_per_h) == (62.5, 5.0, 0.5, 1.5)
    assert found.nuclides == (Nuclide("Tc-99m", 8.0, "medical"),) and found.position == (54.687, 25.279)


@pytest.mark.parametrize(("counts", "compression", "total"), [
    ("0 3 1", "None", 4), ("0 3 1 0 250", "CountedZeroes", 1), ("5 0 2 5", "CountedZeroes", 10), ("1.0e2 2", "None", 102),
])
def test_channels_are_added_as_they_are_packed(counts: str, compression: str, total: float) -> None:
    assert n42_in.read(of_2012(counts, compression)).gamma_cps == total / 20


@pytest.mark.parametrize(("document", "doubt"), [
    (of_2012("1 2 x"), "counts 'x'"), (of_2012("1 -2"), "counts '-2'"), (of_2012("nan"), "counts 'nan'"),
    (of_2012(real="P1M"), "duration 'P1M'"), (of_2012(real="30"), "duration '30'"), (of_2012(real="PT0S"), "duration 'PT0S'"),
])
def test_what_cannot_be_read_is_a_doubt_and_no_number(document: bytes, doubt: str) -> None:
    found = n42_in.read(document)
    assert any(doubt in one for one in found.doubts)
    assert found.gamma_cps is None or found.real_s is None


@pytest.mark.parametrize(("data", "why"), [
    (b"", "not well-formed"), (b"<a>", "not well-formed"), (b"<a/>", "its root is 'a'"), (b"\x00\x01", "not well-formed"),
    (b"GIF89a", "not well-formed"), (of_2012()[:500], "not well-formed"),
    (b'<!DOCTYPE x [<!ENTITY a "b">]><RadInstrumentData>&a;</RadInstrumentData>', "DTD"),
    (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><RadInstrumentData/>', "DTD"),
    (b"<a>" * 100 + b"</a>" * 100, "inside each other"), (b"<r>" + b"<a/>" * 200_001 + b"</r>", "elements"),
    (b'<?xml version="1.0" encoding="klingon"?><a/>', "not well-formed"), (b" " * (xml_tree.BYTES_MAX + 1), "bytes"),
])
def test_what_is_no_document_is_refused_in_words(data: bytes, why: str) -> None:
    with pytest.raises(EvidenceError, match=why) as problem:
        n42_in.read(data)
    assert str(problem.value).isprintable()


@given(st.binary(max_size=300), st.integers(0, 2000), st.integers(0, 3000))
def test_any_bytes_are_read_or_refused(noise: bytes, begin: int, length: int) -> None:
    for document in (of_2012(), of_2006()):
        for data in (noise, document[:begin] + noise + document[begin + length:], document[:begin]):
            try:
                found = n42_in.read(data)
            except EvidenceError:
                continue
            assert found.kind in CLASSES
            assert all(value is None or 0 <= value < float("inf") for value in (found.real_s, found.gamma_cps, found.neutron_cps))
            assert all(text is None or text.isprintable() for text in (found.maker, found.model, found.serial, found.measured))


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/n42, the examples of the standard")
@pytest.mark.parametrize(("name", "kind", "nuclides"), [
    ("Annex_C.n42", "handheld", ["Cs-137", "K-40"]), ("Annex_D.n42", "other", []),
    ("Annex_E.n42", "spectroscopic portal", ["Co-57", "Cs-137"]),
])
def test_the_examples_of_the_standard(name: str, kind: str, nuclides: list[str]) -> None:
    found = n42_in.read((SHARED / name).read_bytes())
    assert (found.kind, [one.name for one in found.nuclides], found.doubts) == (kind, nuclides, ())
    assert found.gamma_cps and found.gamma_cps > 0
