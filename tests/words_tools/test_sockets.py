"""The local sockets under people and programs that behave badly."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.hands.asking import Core
from edge_agent.hands.sockets import PEERS_MAX, REQUEST_MAX, Door
from edge_agent.hands.taps import HELD, Taps
from edge_agent.words.errors import BusyError, EdgeAgentError, EvidenceError, NotAllowed

Story = Callable[[Path], Awaitable[Any]]


class Room:
    """A door with an echo, a refusal and an endless stream."""

    def __init__(self, path: Path) -> None:
        self.taps: Taps[dict[str, Any]] = Taps()
        self.door = Door(path, "edge-agent", {"echo": self.echo, "refuse": self.refuse}, {"follow": self.follow})

    async def echo(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"you": request.get("say"), "number": int(request.get("number", 0))}

    async def refuse(self, request: dict[str, Any]) -> dict[str, Any]:
        raise EvidenceError("it does not verify")

    async def follow(self, request: dict[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        async for item in self.taps.follow():
            yield item


async def ask(path: Path, line: bytes) -> dict[str, Any]:
    """One line to the door, its one answer; {} when the door only closes."""
    reader, writer = await asyncio.open_unix_connection(path, limit=1 << 20)
    try:
        writer.write(line)
        await writer.drain()
        answer = await asyncio.wait_for(reader.readline(), 5)
    except ConnectionError:
        return {}
    finally:
        writer.close()
    return json.loads(answer) if answer else {}


def in_room(tmp_path: Path, story: Callable[[Room, Path], Awaitable[Any]]) -> Any:
    path = tmp_path / "control.sock"

    async def run() -> Any:
        room = Room(path)
        await room.door.open()
        try:
            return await asyncio.wait_for(story(room, path), 20)
        finally:
            await room.door.close()

    return asyncio.run(run())


ECHO = b'{"op":"echo","say":"hello"}\n'


def answers(tmp_path: Path, *lines: bytes) -> list[dict[str, Any]]:
    async def story(room: Room, path: Path) -> list[dict[str, Any]]:
        return [await ask(path, line) for line in lines]

    found = in_room(tmp_path, story)
    assert isinstance(found, list)
    return found


def test_a_question_is_answered(tmp_path: Path) -> None:
    assert answers(tmp_path, ECHO)[0] == {"ok": True, "you": "hello", "number": 0}


def test_a_refusal_has_words_and_exit_code(tmp_path: Path) -> None:
    assert answers(tmp_path, b'{"op":"refuse"}\n')[0] == {"ok": False, "error": "it does not verify", "exit": 6}


@pytest.mark.parametrize("line", [
    b"garbage\n", b"\x00\xff\xfe\n", b"[]\n", b"5\n", b"null\n", b'{"op":5}\n', b'{"op":{}}\n', b"{}\n", b'{"op":"nothing"}\n',
    b'{"op":"echo","number":"x"}\n', b'{"op":"echo","number":[]}\n', b"\n", b'{"op":"echo"\n', b"GET / HTTP/1.1\r\n",
    b"[" * 30_000 + b"\n", b'{"op":"echo","number":1e999}\n', b'{"op":"echo","number":' + b"9" * 5000 + b"}\n",
    b'"' + b"\\ud800" * 50 + b'"\n', b'{"op":"\\ud800"}\n',
])  # fmt: skip
def test_garbage_is_answered_with_a_refusal(tmp_path: Path, line: bytes) -> None:
    found = answers(tmp_path, line)[0]
    assert (found.get("ok"), bool(found.get("error"))) == (False, True)


@pytest.mark.parametrize("line", [
    b"garbage\n", b"[" * 30_000 + b"\n", b"x" * (2 * REQUEST_MAX) + b"\n", b'{"op":"echo","number":1e999}\n',
])  # fmt: skip
def test_after_garbage_others_are_served(tmp_path: Path, line: bytes) -> None:
    assert answers(tmp_path, line, ECHO)[1]["ok"]


def test_after_garbage_the_same_peer_is_served(tmp_path: Path) -> None:
    async def story(room: Room, path: Path) -> bool:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"garbage\n" + ECHO)
        await reader.readline()
        found = json.loads(await reader.readline())
        writer.close()
        return bool(found["ok"])

    assert in_room(tmp_path, story)


def test_a_line_too_long_ends_its_connection(tmp_path: Path) -> None:
    assert answers(tmp_path, b'{"op":"echo","say":"' + b"x" * (2 * REQUEST_MAX) + b'"}\n') == [{}]


async def connected(path: Path, number: int) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    return [await asyncio.open_unix_connection(path) for _ in range(number)]


def test_a_hundred_connections_do_not_stop_those_who_were_first(tmp_path: Path) -> None:
    async def story(room: Room, path: Path) -> bool:
        (reader, writer), *others = await connected(path, 100)
        writer.write(ECHO)
        found = json.loads(await reader.readline())
        for _, other in [(reader, writer), *others]:
            other.close()
        return bool(found["ok"])

    assert in_room(tmp_path, story)


def test_after_a_hundred_connections_left_the_next_is_served(tmp_path: Path) -> None:
    async def story(room: Room, path: Path) -> bool:
        peers = await connected(path, 100)
        for _, writer in peers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for _, writer in peers), return_exceptions=True)
        await asyncio.sleep(0.1)
        return bool((await ask(path, ECHO))["ok"])

    assert in_room(tmp_path, story)


def test_no_more_than_the_bound_are_ever_open(tmp_path: Path) -> None:
    async def story(room: Room, path: Path) -> int:
        peers = await connected(path, 100)
        await asyncio.sleep(0.1)
        found = len(room.door._peers)
        for _, writer in peers:
            writer.close()
        return found

    assert in_room(tmp_path, story) <= PEERS_MAX


def test_who_is_one_too_many_is_told_so(tmp_path: Path) -> None:
    """Found by attack: "the core left while we asked", and it had not."""
    async def story(room: Room, path: Path) -> str:
        peers = await connected(path, PEERS_MAX)
        await asyncio.sleep(0.1)

        def knock() -> str:
            with Core(path) as core, pytest.raises(EdgeAgentError) as refused:
                time.sleep(0.2)                 # turned away before it asks
                core.ask("echo")
            return f"{refused.value.exit_code} {refused.value}"

        told = await asyncio.to_thread(knock)
        for _, writer in peers:
            writer.close()
        return told

    told = in_room(tmp_path, story)
    assert told.startswith(f"8 {PEERS_MAX} programs are connected to ") and "ss -xp | grep" in told


def test_watchers_that_left_a_silent_stream_do_not_keep_others_out(tmp_path: Path) -> None:
    """A technician looks at a lane that says nothing, gives up, looks again, forty times."""
    async def story(room: Room, path: Path) -> bool:
        for _ in range(PEERS_MAX + 8):
            _, writer = await asyncio.open_unix_connection(path)
            writer.write(b'{"op":"follow"}\n')
            await writer.drain()
            await asyncio.sleep(0.002)
            writer.close()
        for _ in range(100):
            if (await ask(path, ECHO)).get("ok"):
                return True
            await asyncio.sleep(0.05)
        return False

    assert in_room(tmp_path, story)


def test_a_peer_that_never_reads_does_not_hold_up_others(tmp_path: Path) -> None:
    async def story(room: Room, path: Path) -> bool:
        deaf = socket.socket(socket.AF_UNIX)
        deaf.setblocking(False)
        deaf.connect(str(path))
        deaf.send(b'{"op":"follow"}\n')
        await asyncio.sleep(0.05)
        for number in range(5000):
            room.taps.put({"n": number, "pad": "x" * 1000})
            if number % 100 == 0:
                await asyncio.sleep(0)
        found = await ask(path, ECHO)
        deaf.close()
        return bool(found["ok"])

    assert in_room(tmp_path, story)


def test_a_watcher_that_never_reads_loses_and_memory_stays_bounded(tmp_path: Path) -> None:
    async def story(room: Room, path: Path) -> tuple[int, bool]:
        _, writer = await asyncio.open_unix_connection(path, limit=1024)
        writer.write(b'{"op":"follow"}\n')
        await asyncio.sleep(0.05)
        for number in range(5000):
            room.taps.put({"n": number, "pad": "x" * 1000})
            if number % 100 == 0:
                await asyncio.sleep(0)
        (tap,) = room.taps._taps
        writer.close()
        return tap.queue.qsize(), tap.lost > 0

    held, lost = in_room(tmp_path, story)
    assert held <= HELD and lost


def test_a_watcher_gets_items_in_their_order(tmp_path: Path) -> None:
    async def story(room: Room, path: Path) -> list[int]:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"op":"follow"}\n')
        await asyncio.sleep(0.05)
        for number in range(50):
            room.taps.put({"n": number})
        found = [json.loads(await reader.readline())["n"] for _ in range(50)]
        writer.close()
        return found

    assert in_room(tmp_path, story) == list(range(50))


def test_a_second_program_on_the_same_socket_is_refused(tmp_path: Path) -> None:
    async def story(room: Room, path: Path) -> None:
        with pytest.raises(BusyError, match="another program answers"):
            await Room(path).door.open()

    in_room(tmp_path, story)


def test_the_socket_of_a_program_that_died_is_taken_over(tmp_path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "control.sock"))
    left.close()
    assert answers(tmp_path, ECHO)[0]["ok"]


def test_the_socket_is_never_open_to_everyone(tmp_path: Path) -> None:
    async def story(room: Room, path: Path) -> int:
        return path.stat().st_mode & 0o007

    assert in_room(tmp_path, story) == 0


def test_a_closed_door_leaves_no_socket_behind(tmp_path: Path) -> None:
    answers(tmp_path, ECHO)
    assert not (tmp_path / "control.sock").exists()


def test_a_door_closes_while_peers_are_open(tmp_path: Path) -> None:
    async def story(room: Room, path: Path) -> None:
        await connected(path, 5)
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"op":"follow"}\n')
        await asyncio.sleep(0.05)

    in_room(tmp_path, story)
    assert not (tmp_path / "control.sock").exists()


def test_who_is_not_of_the_group_is_told_what_to_type_and_that_it_takes_a_new_login(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: socket.socket, address: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "connect", refused)
    with pytest.raises(NotAllowed, match=r"sudo usermod -aG edge-agent-op \$USER, then log out and in"):
        Core(Path("/run/edge-agent/act.sock"), group="edge-agent-op")
