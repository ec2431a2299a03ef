"""Minutes packed for the disk: columns of differences as varints, deflated.  Nothing is rounded.

    01 | zlib( {"n":10,"groups":[["gamma",["Aa1",..]],..],"faults":[..]} LF
               begin_s.. samples.. occupancies.. alarms.. faults..          n numbers each
               then of each group: exposure_ms.. sums of its first detector.. of its second.. )

The first number of a column as it is, then differences; all zigzag (the sign in bit 0) and 7 bits a byte, as protobuf's
sint64.  `faults` is a mask over the names of the header.
"""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence

from edge_agent.tools.inflated import inflated
from edge_agent.words.minute import Group, Minute

VERSION = b"\x01"
UNPACKED_MAX = 1 << 20              # bytes; an hour of 30 detectors is 6 KB: more is damage
NUMBER_BITS = 256                   # a mask of so many faults; counts need far less, and fit a float
# What deflate may refer back to, so that a header costs a few bytes.  Part of version 1: it never changes.
DICTIONARY = (b'{"n":10,"groups":[["gamma",["Aa1","Aa2","Ba1","Ba2"]],["neutron",["Aa1N","Aa2N","Ba1N","Ba2N"]],'
              b'["dose",["uSv/h"]]],"faults":["gamma-silence","neutron-silence","link","silence"]}\n{"n":10,"groups":[["gamma",'
              b'["Aa1","Aa2","Ba1","Ba2"]],["neutron",["Aa1N","Aa2N","Ba1N","Ba2N"]]],"faults":[]}\n')


def blocks(minutes: Iterable[Minute]) -> Iterator[tuple[int, int, bytes]]:
    """(first begin_s, last begin_s, block), one for each run of minutes with the same detectors."""
    for _, alike in itertools.groupby(minutes, key=_layout):
        run = list(alike)
        times = [minute.begin_s for minute in run]
        yield min(times), max(times), pack(run)


def pack(minutes: Sequence[Minute]) -> bytes:
    """One block of minutes with the same detectors."""
    layout = _layout(minutes[0])
    names = sorted(frozenset[str]().union(*(minute.faults for minute in minutes)))
    head = {"n": len(minutes), "groups": layout, "faults": names}
    out = bytearray(json.dumps(head, separators=(",", ":")).encode() + b"\n")
    for column in zip(*(_row(minute, names) for minute in minutes), strict=True):
        _put(out, column)
    deflate = zlib.compressobj(9, zdict=DICTIONARY)
    return VERSION + deflate.compress(bytes(out)) + deflate.flush()


def unpack(data: bytes) -> list[Minute]:
    """The minutes of a block; ValueError where it is damaged."""
    if data[:1] != VERSION:
        raise ValueError(f"a block of version {data[:1].hex()}, this program knows {VERSION.hex()}")
    head, _, rest = inflated(data[1:], UNPACKED_MAX, DICTIONARY).partition(b"\n")
    try:
        return _minutes(json.loads(head), rest)
    except (LookupError, TypeError, AttributeError, RecursionError) as problem:
        raise ValueError(f"a damaged block: {problem!r}") from None


def _layout(minute: Minute) -> list[list[object]]:
    return [[group.name, list(group.detectors)] for group in minute.groups]


def _row(minute: Minute, names: Sequence[str]) -> list[int]:
    mask = sum(1 << i for i, name in enumerate(names) if name in minute.faults)
    row = [minute.begin_s, minute.samples, minute.occupancies, minute.alarms, mask]
    for group in minute.groups:
        row += [group.exposure_ms, *group.sums]
    return row


def _minutes(head: dict[str, object], rest: bytes) -> list[Minute]:
    n, layout, names = head["n"], head["groups"], head["faults"]
    if not isinstance(n, int) or not isinstance(layout, list) or not isinstance(names, list) or n < 1:
        raise ValueError("a block with another header than ours")
    numbers = list(_numbers(rest))
    wide = 5 + sum(1 + len(detectors) for _, detectors in layout)
    if len(numbers) != n * wide:
        raise ValueError(f"a block of {len(numbers)} numbers, its header says {n * wide}")
    columns = [itertools.accumulate(numbers[i * n:(i + 1) * n]) for i in range(wide)]
    return [_minute(row, layout, names) for row in zip(*columns, strict=True)]


def _minute(row: Sequence[int], layout: Sequence[tuple[str, list[str]]], names: Sequence[str]) -> Minute:
    begin_s, samples, occupancies, alarms, mask, *rest = row
    groups = []
    for name, detectors in layout:
        exposure_ms, *sums = rest[:1 + len(detectors)]
        groups.append(Group(str(name), tuple(map(str, detectors)), exposure_ms, tuple(sums)))
        rest = rest[1 + len(detectors):]
    faults = frozenset(str(name) for i, name in enumerate(names) if mask >> i & 1)
    return Minute(begin_s, tuple(groups), samples, occupancies, alarms, faults)


def _put(out: bytearray, column: Sequence[int]) -> None:
    before = 0
    for number in column:
        change, before = number - before, number
        code = change << 1 if change >= 0 else (-change << 1) - 1
        while code > 0x7F:
            out.append(code & 0x7F | 0x80)
            code >>= 7
        out.append(code)


def _numbers(data: bytes) -> Iterator[int]:
    code = shift = 0
    for byte in data:
        code |= (byte & 0x7F) << shift
        shift += 7
        if shift > NUMBER_BITS:
            raise ValueError("a block with a number that is none of ours")
        if byte < 0x80:
            yield -(code + 1 >> 1) if code & 1 else code >> 1
            code = shift = 0
    if shift:
        raise ValueError("a block that ends within a number")
