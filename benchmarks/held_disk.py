"""With every fsync held for 5 s: how soon people are told, how true the stamps stay."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.live.post import Post
from tests.live.test_slow_disk import HELD_S, passage_on_a_held_disk, with_slow_disk


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ea-") as where:
        post = Post(Path(where))
        try:
            told_s, stamp_s, record_s = passage_on_a_held_disk(with_slow_disk(post))
        finally:
            post.close()
    print(f"every fsync held for {HELD_S:g} s")
    print(f"crossing to annunciator, polled every 50 ms   {told_s * 1e3:7.0f} ms   (goal 500)")
    print(f"error of the stamp between two vehicles       {stamp_s * 1e3:7.1f} ms   (goal 50)")
    print(f"crossing to its signature                     {record_s * 1e3:7.0f} ms")


if __name__ == "__main__":
    main()
