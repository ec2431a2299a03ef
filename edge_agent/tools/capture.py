"""Recordings of a wire as text, one line per chunk: seconds since the start, a space, the bytes.

    # edge-agent capture 1 driver=rapiscan wall=2026-11-23T18:04:11.250Z start_ns=812004511803112
    12.810234117 GS,000051,000051,000051,000051\\r\\n

Bytes other than printable ASCII are \\xNN, a backslash is \\\\.  A file without the first line is taken as a bare
listing: seconds, a space, a line whose CR LF was cut off.  `start_ns` is the controller's clock at the first chunk: with
it the same bytes get the same stamps to the nanosecond, and a replay the same numbers to the bit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from edge_agent.words.errors import SettingsError
from edge_agent.words.language import worded
from edge_agent.words.reading import Chunk

HEADER = "# edge-agent capture 1"
_LINE = re.compile(r"([0-9]{1,10}(?:\.[0-9]{1,9})?) (.*)", re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|(.?))", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\"}


def header(driver: str, means: str, wall: str | None, start_ns: int | None) -> str:
    """The first line.  `means`: what the lane said counts mean, "" where the profile knows; `start_ns` None: nothing came."""
    meant = f" count_means={means}" if means else ""
    start = f" start_ns={start_ns}" if start_ns is not None else ""
    return f"{HEADER} driver={driver}{meant} wall={wall}{start}"


def write_line(chunk: Chunk, start_ns: int) -> str:
    """The line of one chunk, without its newline."""
    whole, rest = divmod(chunk.at_ns - start_ns, 10**9)
    return f"{whole}.{rest:09d} {escape(chunk.data)}"


def said(first_line: str, what: str) -> str:
    """What the header of a recording says of `driver`, `count_means`, `wall` or `start_ns`; "" where it says nothing."""
    found = re.search(rf" {what}=(\S+)", first_line) if first_line.startswith(HEADER) else None
    return found[1] if found else ""


def escape(data: bytes) -> str:
    """Bytes as one readable line of ASCII."""
    text = data.decode("latin-1").replace("\\", "\\\\").replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")
    return re.sub(r"[^ -~]", lambda found: f"\\x{ord(found[0]):02x}", text)


def unescape(text: str) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        if found[1]:
            return bytes([int(found[1], 16)])
        if found[2] not in _NAMED:
            raise SettingsError(worded("unknown escape \\{escape}", escape=found[2].decode("latin-1")))
        return _NAMED[found[2]]

    return _ESCAPE.sub(one, text.encode("latin-1"))


def read(lines: Iterable[str], name: str = "capture") -> Iterator[Chunk]:
    """Chunks of a recording, stamps as when it was taken where its header says, else from its own zero.

    SettingsError names file, line and form.
    """
    bare, start_ns, before_ns = True, 0, -1
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r\n")      # a recording may have been through Windows
        if line.startswith("#") or not line:
            bare = bare and not line.startswith(HEADER)
            if (start := said(line, "start_ns")).isdecimal() and len(start) <= 19:     # of a clock: below 2^63
                start_ns, before_ns = int(start), -1
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise SettingsError(worded(
                "{name}, line {number}: expected seconds, a space, bytes; found {line!r}",
                name=name, number=number, line=line[:40]))
        try:
            data = found[2].encode("latin-1", "replace") + b"\r\n" if bare else unescape(found[2])
        except (SettingsError, UnicodeEncodeError) as problem:
            raise SettingsError(worded("{name}, line {number}: {problem}", name=name, number=number, problem=problem)) from None
        whole, _, rest = found[1].partition(".")
        at_ns = start_ns + int(whole) * 10**9 + int(rest.ljust(9, "0"))
        if at_ns < before_ns:
            raise SettingsError(worded(
                "{name}, line {number}: {found} s is before the line above it.\n"
                "  Times only go forwards in a recording: are its lines in order, is it two files in one?",
                name=name, number=number, found=found[1]))
        before_ns = at_ns
        yield Chunk(at_ns, data)
