"""What deflate packed, unpacked under a bound.  Pure."""

from __future__ import annotations

import zlib


def inflated(data: bytes, most: int, dictionary: bytes = b"") -> bytes:
    """At most `most` bytes; ValueError where it is damaged, longer, or does not end where it should."""
    inflate = zlib.decompressobj(zdict=dictionary) if dictionary else zlib.decompressobj()
    try:
        plain = inflate.decompress(data, most)
    except zlib.error as problem:
        raise ValueError(f"a damaged block: {problem}") from None
    if not inflate.eof or inflate.unused_data:
        raise ValueError("a block that does not end where it should")
    return plain
