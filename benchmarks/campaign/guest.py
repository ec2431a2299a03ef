"""Inside the virtual machine of `power_cuts`: open the ledger on the ext4 disk, say what is there, append for ever.

Speaks over the console, which outlives the cut: `@have SEQ HASH`, `@open SIZE`, then `@line SEQ HASH` once acknowledged.
Imports little: a start takes seconds here.
"""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

from edge_agent.house.logbooks import Logbooks
from edge_agent.tools import jws
from edge_agent.words.errors import EdgeAgentError

ORIGIN = "rpm.example.gov/portal/C-1"
MOMENT = {"wall": None, "boot": 1, "mono_ms": 1, "src": "none", "unc_ms": None}


def tell(word: str, seq: int, line: bytes) -> None:
    print(f"@{word} {seq} {jws.line_hash(line).hex()}", flush=True)


async def live(state: Path, dice: random.Random) -> None:
    books = await Logbooks.open(state, ORIGIN)
    ledger = books.ledger
    for seq, line in enumerate(await ledger.lines(0, ledger.size)):
        tell("have", seq, line)
    print(f"@open {ledger.size} {books.identity.directory.name}", flush=True)
    while True:
        pad = "x" * dice.choice([100, 1000, 20_000])
        begin = await ledger.append([("fault", {"pad": pad})] * dice.randint(1, 3), MOMENT)
        for seq, line in enumerate(await ledger.lines(begin, ledger.size - begin), begin):
            tell("line", seq, line)


if __name__ == "__main__":
    try:
        asyncio.run(live(Path(sys.argv[1]), random.Random(sys.argv[2])))
    except EdgeAgentError as problem:
        print(f"@error {problem}", flush=True)
