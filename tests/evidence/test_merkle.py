"""The tree of a log against a reference written from RFC 6962 alone."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.tools import merkle
from edge_agent.words.errors import EvidenceError

SIZE = 70
LINES = [f"line {number}".encode() for number in range(SIZE)]


def reference_root(lines: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, word for word."""
    if not lines:
        return hashlib.sha256(b"").digest()
    if len(lines) == 1:
        return hashlib.sha256(b"\x00" + lines[0]).digest()
    split = 1
    while split * 2 < len(lines):
        split *= 2
    return hashlib.sha256(b"\x01" + reference_root(lines[:split]) + reference_root(lines[split:])).digest()


def reference_path(index: int, lines: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(lines) == 1:
        return []
    split = 1
    while split * 2 < len(lines):
        split *= 2
    if index < split:
        return [*reference_path(index, lines[:split]), reference_root(lines[split:])]
    return [*reference_path(index - split, lines[split:]), reference_root(lines[:split])]


def reference_proof(old: int, lines: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if old == len(lines):
        return [] if whole else [reference_root(lines)]
    split = 1
    while split * 2 < len(lines):
        split *= 2
    if old <= split:
        return [*reference_proof(old, lines[:split], whole), reference_root(lines[split:])]
    return [*reference_proof(old - split, lines[split:], False), reference_root(lines[:split])]


def tree_of(lines: list[bytes]) -> merkle.Tree:
    tree = merkle.Tree()
    for line in lines:
        tree.add(line)
    return tree


TREE = tree_of(LINES)
ROOTS = [reference_root(LINES[:size]) for size in range(SIZE + 1)]


def test_the_root_of_every_size_is_that_of_the_reference() -> None:
    assert [TREE.root(size) for size in range(SIZE + 1)] == ROOTS


def test_every_inclusion_proof_is_that_of_the_reference() -> None:
    for size in range(1, SIZE + 1):
        for index in range(size):
            assert merkle.inclusion(index, size, TREE.node) == reference_path(index, LINES[:size]), (index, size)


def test_every_inclusion_proof_verifies() -> None:
    for size in range(1, SIZE + 1):
        for index in range(size):
            proof = merkle.inclusion(index, size, TREE.node)
            assert merkle.included(merkle.leaf(LINES[index]), index, size, proof, ROOTS[size]), (index, size)


def test_every_consistency_proof_is_that_of_the_reference() -> None:
    for size in range(2, SIZE + 1):
        for old in range(1, size):
            assert merkle.consistency(old, size, TREE.node) == reference_proof(old, LINES[:size]), (old, size)


def test_every_consistency_proof_verifies() -> None:
    for size in range(SIZE + 1):
        for old in range(size + 1):
            proof = merkle.consistency(old, size, TREE.node)
            assert merkle.consistent(old, ROOTS[old], size, ROOTS[size], proof), (old, size)


def test_no_inclusion_proof_serves_another_place() -> None:
    for size in range(1, 24):
        for index in range(size):
            proof, leaf = merkle.inclusion(index, size, TREE.node), merkle.leaf(LINES[index])
            others = [other for other in range(-1, size + 2) if other != index]
            assert not any(merkle.included(leaf, other, size, proof, ROOTS[size]) for other in others), (index, size)


def test_no_consistency_proof_serves_another_old_size() -> None:
    for size in range(2, 24):
        for old in range(1, size):
            proof = merkle.consistency(old, size, TREE.node)
            others = [other for other in range(1, size + 2) if other != old]
            assert not any(merkle.consistent(other, ROOTS[old], size, ROOTS[size], proof) for other in others), (old, size)


sizes = st.integers(2, SIZE)


@st.composite
def places(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(sizes)
    return draw(st.integers(0, size - 1)), size


def bend(proof: list[bytes], data: st.DataObject) -> list[bytes]:
    """The proof with one step changed, dropped, doubled or swapped."""
    at = data.draw(st.integers(0, len(proof) - 1))
    how = data.draw(st.sampled_from(["flip", "drop", "double", "more"]))
    if how == "flip":
        bit = data.draw(st.integers(0, 255))
        step = (int.from_bytes(proof[at]) ^ (1 << bit)).to_bytes(32)
        return [*proof[:at], step, *proof[at + 1:]]
    return {"drop": proof[:at] + proof[at + 1:], "double": proof[:at + 1] + proof[at:], "more": [*proof, bytes(32)]}[how]


@settings(max_examples=150, deadline=None)
@given(places(), st.data())
def test_a_bent_inclusion_proof_fails(place: tuple[int, int], data: st.DataObject) -> None:
    index, size = place
    proof = bend(merkle.inclusion(index, size, TREE.node), data)
    assert not merkle.included(merkle.leaf(LINES[index]), index, size, proof, ROOTS[size])


@settings(max_examples=150, deadline=None)
@given(sizes, st.data())
def test_a_bent_consistency_proof_fails(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size - 1))
    proof = bend(merkle.consistency(old, size, TREE.node), data)
    assert not merkle.consistent(old, ROOTS[old], size, ROOTS[size], proof)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=8), min_size=2, max_size=40), st.data())
def test_a_changed_history_has_no_consistency_proof(lines: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    old = data.draw(st.integers(at + 1, len(lines)))
    changed = tree_of([*lines[:at], lines[at] + b"!", *lines[at + 1:]])
    proof = merkle.consistency(old, len(lines), changed.node)
    assert not merkle.consistent(old, reference_root(lines[:old]), len(lines), changed.root(), proof)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=8), max_size=80))
def test_any_lines_have_the_root_of_the_reference(lines: list[bytes]) -> None:
    assert tree_of(lines).root() == reference_root(lines)


@pytest.mark.parametrize("proof", [[], [bytes(32)] * 3, [bytes(32)] * 100])
def test_a_proof_of_the_wrong_length_fails(proof: list[bytes]) -> None:
    assert not merkle.included(merkle.leaf(LINES[2]), 2, 4, proof, ROOTS[4])


def test_a_leaf_is_never_taken_for_a_node() -> None:
    """Second preimage: a line that is two hashes side by side does not stand for their parent."""
    forged = merkle.leaf(LINES[0]) + merkle.leaf(LINES[1])
    assert not merkle.included(merkle.leaf(forged), 0, 1, [], ROOTS[2])


def test_an_empty_tree_begins_every_tree() -> None:
    assert all(merkle.consistent(0, merkle.EMPTY_ROOT, size, ROOTS[size], []) for size in range(SIZE))


@pytest.mark.parametrize(("index", "size"), [(4, 4), (-1, 4), (0, 0)])
def test_a_proof_for_a_line_that_is_not_there_is_refused(index: int, size: int) -> None:
    with pytest.raises(EvidenceError):
        merkle.inclusion(index, size, TREE.node)


@pytest.mark.parametrize(("old", "size"), [(5, 4), (-1, 4)])
def test_a_proof_from_a_longer_tree_is_refused(old: int, size: int) -> None:
    with pytest.raises(EvidenceError):
        merkle.consistency(old, size, TREE.node)
