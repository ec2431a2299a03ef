"""Parts of the relay without processes: where a listener begins, what of the wire is told, what it does with odd feeds."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.hands.taps import Lagged, Taps
from edge_agent.house.configuration import load
from edge_agent.paths.relay import BEHIND_MAX, LISTENERS_MAX, Relay
from edge_agent.tools.relay_lines import BEGIN_MAX, Beginning
from edge_agent.words.errors import SettingsError
from edge_agent.words.settings import RelaySettings
from tests.evidence.test_schemas import CONFIGURATION
from tests.live.post import free_port

RELAY = 'relay = {{ host = "{host}", port = {port}, allow = {allow} }}\n'


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b".") + b"\n"), min_size=1, max_size=20),
       st.lists(st.integers(0, 400), max_size=12))
def test_a_listener_begins_at_a_line_wherever_it_joins(lines: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(lines)
    edges = sorted({0, len(whole), *(cut % (len(whole) + 1) for cut in cuts)})
    pieces = [whole[begin:end] for begin, end in itertools.pairwise(edges)]
    beginning = Beginning()
    assert b"".join(map(beginning.cut, pieces)) == b"".join(lines[1:])
    assert b"".join(map(Beginning(at_line=True).cut, pieces)) == whole


def test_a_portal_that_does_not_speak_in_lines_is_heard_all_the_same() -> None:
    beginning = Beginning()
    got = b"".join(beginning.cut(b"\x00" * 100) for _ in range(2 * BEGIN_MAX // 100))
    assert BEGIN_MAX // 2 < len(got) <= BEGIN_MAX + 100


def test_bytes_lost_are_not_joined() -> None:
    async def story() -> None:
        taps: Taps[int] = Taps()
        slow = taps.beating(5.0)
        first = asyncio.ensure_future(anext(slow))
        await asyncio.sleep(0)
        for number in range(400):
            taps.put(number)
        with pytest.raises(Lagged):
            await first
            while True:
                await anext(slow)

    asyncio.run(story())


@pytest.mark.parametrize(("values", "what"), [
    ({"host": "0.0.0.0"}, "expected one address"), ({"host": "::"}, "expected one address"),
    ({"host": "300.1.1.1"}, "expected one address"), ({"allow": "[]"}, "nobody could listen"),
    ({"allow": '["alarm-station"]'}, "expected one address"), ({"port": 80}, "1024"),
])
def test_a_relay_that_would_be_open_to_all_or_to_nobody_is_refused(tmp_path: Path, values: dict[str, Any], what: str) -> None:
    with pytest.raises(SettingsError, match=what):
        load(written(tmp_path, **values))


def test_a_good_one_is_taken(tmp_path: Path) -> None:
    relay = load(written(tmp_path)).settings.lane[0].relay
    assert relay == RelaySettings("127.0.0.1", ["127.0.0.1"], 1600)


def written(where: Path, host: str = "127.0.0.1", port: int = 1600, allow: str = '["127.0.0.1"]') -> Path:
    file = where / "edge-agent.toml"
    text = CONFIGURATION.format(here=where)
    file.write_text(text.replace("link =", RELAY.format(host=host, port=port, allow=allow) + "link =", 1))
    assert "relay" in file.read_text()
    return file


def test_why_one_is_refused_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Of 40 listeners on the list 24 were refused, in the words of one that is not on it."""
    port = free_port()

    async def feed() -> AsyncGenerator[dict[str, Any], None]:
        yield {"open": True, "fresh": True}
        await asyncio.sleep(60)

    async def tell(counts: dict[str, int]) -> None: ...

    async def story() -> None:
        relay = Relay("2", RelaySettings("127.0.0.1", ["127.0.0.1"], port), feed, tell)
        task = asyncio.create_task(relay.run())
        await asyncio.sleep(0.1)
        met = [await asyncio.open_connection("127.0.0.1", port) for _ in range(LISTENERS_MAX + 1)]
        met.append(await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0)))
        assert [await reader.read() for reader, _ in met[-2:]] == [b"", b""]
        for _, writer in met:
            writer.transport.abort()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(asyncio.wait_for(story(), 30))
    assert "127.0.0.1 is refused: 16 listen already" in caplog.text and "127.0.0.2 is refused: not in `allow`" in caplog.text


def test_who_does_not_read_is_dropped_and_who_is_not_on_the_list_is_refused() -> None:
    port = free_port()

    async def feed() -> AsyncGenerator[dict[str, Any], None]:
        yield {"open": True, "fresh": True}
        while True:
            await asyncio.sleep(0.01)
            yield {"data": "R1MK" * 20_000}         # 60 KB

    async def story() -> None:
        told: list[dict[str, int]] = []

        async def tell(counts: dict[str, int]) -> None:
            told.append(counts)

        relay = Relay("2", RelaySettings("127.0.0.1", ["127.0.0.1"], port), feed, tell)
        task = asyncio.create_task(relay.run())
        await asyncio.sleep(0.1)
        _reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 12)
        other, other_writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
        assert await other.read() == b""            # closed at once: not on the list
        writer.write(b"RESET ALL\n")
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if relay.tally.dropped:
                break
        assert (relay.tally.dropped, relay.tally.refused, relay.tally.now) == (1, 1, 0)
        assert relay.tally.sent_bytes == len(b"RESET ALL\n")
        for each in (writer, other_writer):
            each.transport.abort()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(story())
    assert BEHIND_MAX < 2 << 20


def test_a_listener_gone_without_a_word_is_noticed() -> None:
    """Its cable is pulled while the portal is quiet: it kept one of the places for ever.  The kernel's own list, as `ss -o` shows
    it, says whether it probes the connection."""
    port = free_port()

    async def feed() -> AsyncGenerator[dict[str, Any], None]:
        yield {"open": True, "fresh": True}
        await asyncio.sleep(3600)

    async def tell(counts: dict[str, Any]) -> None: ...

    async def story() -> str:
        relay = Relay("2", RelaySettings("127.0.0.1", ["127.0.0.1"], port), feed, tell)
        task = asyncio.create_task(relay.run())
        await asyncio.sleep(0.1)
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(1000):
            await asyncio.sleep(0.01)
            if relay.tally.now:
                break
        rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        timer = next(row[5] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "01")
        writer.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return timer.partition(":")[0]

    assert asyncio.run(story()) == "02"         # keepalive (Documentation/networking/proc_net_tcp.rst)


def test_a_listener_that_reads_nothing_is_closed_too_when_the_portal_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last bytes would otherwise be waited with for ever, and the connection with them."""
    monkeypatch.setattr("edge_agent.paths.relay.LAST_BYTES_S", 0.2)
    port = free_port()
    held: list[asyncio.StreamWriter] = []

    async def feed() -> AsyncGenerator[dict[str, Any], None]:
        yield {"open": True, "fresh": True}
        while not any(writer.transport.get_write_buffer_size() for writer in relay._listeners):
            await asyncio.sleep(0.001)
            yield {"data": "R1MK" * 20_000}
        held.extend(relay._listeners)
        yield {"open": False}
        await asyncio.sleep(60)

    async def tell(counts: dict[str, Any]) -> None: ...

    relay = Relay("2", RelaySettings("127.0.0.1", ["127.0.0.1"], port), feed, tell)

    async def story() -> None:
        task = asyncio.create_task(relay.run())
        await asyncio.sleep(0.1)
        with socket.create_connection(("127.0.0.1", port)):
            for _ in range(1000):
                await asyncio.sleep(0.01)
                if held and not held[0].transport.get_write_buffer_size():
                    break
            assert held and not held[0].transport.get_write_buffer_size()       # let go, though none of it was read
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(story())


def test_a_feed_that_ends_or_is_nonsense_closes_the_listeners_and_is_tried_again() -> None:
    port, begun = free_port(), []

    async def feed() -> AsyncGenerator[dict[str, Any], None]:
        begun.append(1)
        yield {"open": True, "fresh": True}
        await asyncio.sleep(0.2)
        yield {"data": "not base64!"} if len(begun) == 1 else {}

    async def tell(counts: dict[str, int]) -> None:
        raise OSError("nobody")

    async def story() -> None:
        task = asyncio.create_task(Relay("2", RelaySettings("127.0.0.1", ["127.0.0.1"], port), feed, tell).run())
        await asyncio.sleep(0.1)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        for _ in range(400):
            await asyncio.sleep(0.01)
            if len(begun) > 2:
                break
        assert len(begun) > 2 and not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(story())
