"""kill -9 at any moment of a process that appends as fast as it can."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_agent.hands.ledger import Ledger
from edge_agent.tools import jws
from edge_agent.tools.verify import verify_log

from .bench import ORIGIN, Place, T, files_holding, lines_of

KILLS = 50
BEGUN = 3               # appends: with half of the kills after so many, more records than kills


@dataclass
class Told:
    """What the killed process told before it died."""

    acknowledged: set[int] = field(default_factory=set)
    seeds: list[bytes] = field(default_factory=list)


def append_for_ever(place: Place, out: int) -> None:
    """The body of the process: tell each private key when it is made, each record once it is acknowledged."""
    def new_seed() -> bytes:
        seed = secrets.token_bytes(32)
        os.write(out, f"seed {seed.hex()}\n".encode())
        return seed

    async def story() -> None:
        ledger = await Ledger.open(place.directory / "ledger.db", ORIGIN, place.first_key, place.keys, new_seed)
        while True:
            begin = await ledger.append([("fault", {"n": 1})] * random.randint(1, 3), T)
            os.write(out, f"done {begin} {ledger.size}\n".encode())

    asyncio.run(story())


def run_and_kill(place: Place, after_s: float, begun: bool) -> Told:
    """`begun`: killed so long after it told of BEGUN appends; else after its start, on a busy machine while it opens its log."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            append_for_ever(place, write)
        finally:
            os._exit(1)
    os.close(write)
    heard = b""
    while begun and heard.count(b"done ") < BEGUN and (more := os.read(read, 65536)):
        heard += more
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    told = Told()
    with os.fdopen(read, "rb") as pipe:
        for line in (heard + pipe.read()).split(b"\n")[:-1]:
            word, *rest = line.split()
            if word == b"seed":
                told.seeds.append(bytes.fromhex(rest[0].decode()))
            else:
                told.acknowledged |= set(range(int(rest[0]), int(rest[1])))
    return told


def reopen(place: Place) -> None:
    async def story() -> None:
        await (await place.open()).close()

    asyncio.run(story())


@dataclass
class Outcome:
    place: Place
    acknowledged: set[int]
    missing: list[set[int]] = field(default_factory=list)
    left: list[set[str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Fifty kills of one log, looked at after each."""
    place = Place(Path(tmp_path_factory.mktemp("killed")))
    chance = random.Random(7)
    found = Outcome(place, set())
    fresh = list(place.seeds)       # told of in this round, and the one that was due before it
    for number in range(KILLS):
        told = run_and_kill(place, chance.uniform(0.01, 0.12), begun=number % 2 == 1)
        found.acknowledged |= told.acknowledged
        fresh += told.seeds
        reopen(place)
        lines = lines_of(place.directory / "ledger.db")
        found.missing.append(found.acknowledged - set(range(len(lines))))
        due = place.keys.find(jws.next_key(jws.take_apart(lines[-1]).payload)) if lines else place.seeds[0]
        used = [seed for seed in fresh if seed != due]
        whole = b"".join(path.read_bytes() for path in place.directory.rglob("*") if path.is_file())
        found.left.append({name for seed in used if seed in whole for name in files_holding(place.directory, seed)})
        fresh = [seed for seed in fresh if seed == due]
    found.problems = verify_log(lines_of(place.directory / "ledger.db"), place.first_key).problems
    return found


@pytest.mark.slow
def test_the_kills_came_while_records_were_written(outcome: Outcome) -> None:
    assert len(outcome.acknowledged) > KILLS


@pytest.mark.slow
def test_every_acknowledged_record_is_there_after_every_kill(outcome: Outcome) -> None:
    assert outcome.missing == [set()] * KILLS


@pytest.mark.slow
def test_the_chain_is_whole_after_all_kills(outcome: Outcome) -> None:
    assert outcome.problems == []


@pytest.mark.slow
def test_no_used_private_key_is_in_any_file_after_any_kill(outcome: Outcome) -> None:
    assert outcome.left == [set()] * KILLS
