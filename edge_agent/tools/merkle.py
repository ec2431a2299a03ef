"""Merkle tree of a log (RFC 6962 section 2.1): roots, inclusion and consistency proofs.

Nodes are named (level, index): (0, i) is the leaf of line i, (k, i) covers lines [i*2^k, (i+1)*2^k).  Only full
nodes are ever stored, so a stored node never changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from edge_agent.words.errors import EvidenceError
from edge_agent.words.language import worded

Node = Callable[[int, int], bytes]           # (level, index) -> hash of a full node
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf(line: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + line).digest()


def parent(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def completed(size: int, leaf_hash: bytes, node: Node) -> Iterator[tuple[int, int, bytes]]:
    """Nodes that become full when a leaf joins a tree of `size` leaves: the leaf, then its full ancestors."""
    level, index, value = 0, size, leaf_hash
    yield level, index, value
    while index % 2:
        value = parent(node(level, index - 1), value)
        level, index = level + 1, index // 2
        yield level, index, value


def root(size: int, node: Node) -> bytes:
    """Root of the first `size` lines."""
    return EMPTY_ROOT if size == 0 else _subtree(0, size, node)


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """Audit path of line `index` in the tree of `size`, leaf side first."""
    if not 0 <= index < size:
        raise EvidenceError(worded("line {index} is not in a tree of {size}", index=index, size=size))
    return _path(index, 0, size, node)


def consistency(old: int, size: int, node: Node) -> list[bytes]:
    """Proof that the tree of `size` begins with the tree of `old`; empty where that needs no proof."""
    if not 0 <= old <= size:
        raise EvidenceError(worded("a tree of {size} cannot begin with one of {old}", size=size, old=old))
    return [] if old in (0, size) else _sub_proof(old, 0, size, True, node)


def included(leaf_hash: bytes, index: int, size: int, proof: list[bytes], root_hash: bytes) -> bool:
    """Whether the proof leads from the leaf to the root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, value = index, size - 1, leaf_hash
    for step in proof:
        if last == 0:
            return False
        if at % 2 or at == last:
            value = parent(step, value)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            value = parent(value, step)
        at, last = at >> 1, last >> 1
    return last == 0 and value == root_hash


def consistent(old: int, old_root: bytes, size: int, new_root: bytes, proof: list[bytes]) -> bool:
    """Whether the proof shows that the tree of `size` begins with that of `old` (RFC 9162 section 2.1.4.2)."""
    if old == size:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if not 0 < old < size or not proof:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    at, last = old - 1, size - 1
    while at % 2:
        at, last = at >> 1, last >> 1
    first = second = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if at % 2 or at == last:
            first, second = parent(step, first), parent(step, second)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            second = parent(second, step)
        at, last = at >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


def _split(size: int) -> int:
    """Largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _subtree(begin: int, end: int, node: Node) -> bytes:
    """Hash over lines [begin, end); begin is a multiple of the subtree's full size."""
    size = end - begin
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, begin >> level)
    middle = begin + _split(size)
    return parent(_subtree(begin, middle, node), _subtree(middle, end, node))


def _path(index: int, begin: int, end: int, node: Node) -> list[bytes]:
    if end - begin == 1:
        return []
    middle = begin + _split(end - begin)
    if index < middle:
        return [*_path(index, begin, middle, node), _subtree(middle, end, node)]
    return [*_path(index, middle, end, node), _subtree(begin, middle, node)]


def _sub_proof(old: int, begin: int, end: int, whole: bool, node: Node) -> list[bytes]:
    if old == end - begin:
        return [] if whole else [_subtree(begin, end, node)]
    split = _split(end - begin)
    middle = begin + split
    if old <= split:
        return [*_sub_proof(old, begin, middle, whole, node), _subtree(middle, end, node)]
    return [*_sub_proof(old - split, middle, end, False, node), _subtree(begin, middle, node)]


def wanted(question: Callable[[Node], object]) -> list[tuple[int, int]]:
    """Nodes that a root or proof will ask for, so that they can be fetched before it is computed."""
    asked: list[tuple[int, int]] = []

    def note(level: int, index: int) -> bytes:
        asked.append((level, index))
        return EMPTY_ROOT

    question(note)
    return asked


def left_of(size: int) -> list[tuple[int, int]]:
    """Names of the full nodes that cover [0, size), largest first: what a cut keeps of the lines before it."""
    return [(level, (size >> level) - 1) for level in reversed(range(size.bit_length())) if size >> level & 1]


class Tree:
    """A tree in memory: for verification, tests and small logs.  `left`: nodes of the `cut` lines that are gone."""

    def __init__(self, cut: int = 0, left: tuple[bytes, ...] = ()) -> None:
        names = left_of(cut)
        if len(names) != len(left):
            raise EvidenceError(worded(
                "a cut after {cut} lines has {wanted} subtrees, not {given}",
                cut=cut, wanted=len(names), given=len(left)))
        self._nodes: dict[tuple[int, int], bytes] = dict(zip(names, left, strict=True))
        self.size = cut

    def add(self, line: bytes) -> None:
        for level, index, value in completed(self.size, leaf(line), self.node):
            self._nodes[level, index] = value
        self.size += 1

    def node(self, level: int, index: int) -> bytes:
        try:
            return self._nodes[level, index]
        except KeyError:
            raise EvidenceError(worded("tree node {level}/{index} lies before the cut", level=level, index=index)) from None

    def root(self, size: int | None = None) -> bytes:
        return root(self.size if size is None else size, self.node)
