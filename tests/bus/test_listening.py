"""The instrument connects to us: one address may, a second connection of it replaces the first, and it comes back by itself."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from edge_agent.doors.clock import RealClock
from edge_agent.hands.links import Links
from edge_agent.hands.links.listening import ListenLink
from edge_agent.house.configuration import load
from edge_agent.words.errors import LinkError, SettingsError
from edge_agent.words.settings import LinkSettings
from tests.bus.test_own_dialects import CONTINUOUS, LANE, lane
from tests.live.post import free_port


def listening(peer: str = "127.0.0.1", host: str = "127.0.0.1") -> ListenLink:
    made = Links(RealClock()).make(LinkSettings("tcp-listen", host=host, port=free_port(), peer=peer), ())
    assert isinstance(made, ListenLink)
    return made


async def call(link: ListenLink, source: str = "127.0.0.1") -> asyncio.StreamWriter:
    _, port = link.name.rsplit(":", 1)
    for _ in range(100):
        try:
            return (await asyncio.open_connection("127.0.0.1", int(port), local_addr=(source, 0)))[1]
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)
    raise AssertionError("nobody listens")


async def heard(link: ListenLink) -> bytes:
    chunk = await link.next(5.0)
    assert chunk is not None
    return chunk.data


def with_link(link: ListenLink, test: Callable[[ListenLink], Awaitable[None]]) -> None:
    async def run() -> None:
        try:
            await test(link)
        finally:
            link.close()
            await asyncio.sleep(0.05)

    asyncio.run(run())


def test_what_it_sends_is_heard_and_its_end_is_told() -> None:
    async def test(link: ListenLink) -> None:
        opening = asyncio.create_task(link.open())
        writer = await call(link)
        writer.write(b"0000.1000010\r\n")
        await opening
        assert await heard(link) == b"0000.1000010\r\n"
        writer.close()
        with pytest.raises(LinkError, match="closed the connection"):
            await heard(link)
        opening = asyncio.create_task(link.open())      # and it comes again
        writer = await call(link)
        await opening
        writer.write(b"x")
        assert await heard(link) == b"x"
        writer.close()

    with_link(listening(), test)


def test_another_address_is_turned_away_and_the_instrument_is_still_heard() -> None:
    async def test(link: ListenLink) -> None:
        opening = asyncio.create_task(link.open())
        stranger = await call(link, "127.0.0.2")
        stranger.write(b"9999.0111110\r\n")
        await asyncio.sleep(0.1)
        assert not opening.done()
        writer = await call(link)
        writer.write(b"mine")
        await opening
        assert await heard(link) == b"mine"
        writer.close()
        stranger.close()

    with_link(listening(), test)


def test_one_that_was_switched_off_without_a_word_connects_anew_and_is_believed() -> None:
    async def test(link: ListenLink) -> None:
        opening = asyncio.create_task(link.open())
        half_open = await call(link)
        await opening
        anew = await call(link)
        with pytest.raises(LinkError, match="connected anew"):
            await heard(link)
        await asyncio.wait_for(link.open(), 2.0)
        anew.write(b"anew")
        assert await heard(link) == b"anew"
        half_open.close()
        anew.close()

    with_link(listening(), test)


def test_a_port_that_another_program_has_is_named() -> None:
    async def test(link: ListenLink) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", int(link.name.rsplit(":", 1)[1])))
            taken.listen()
            with pytest.raises(LinkError, match="cannot listen"):
                await link.open()

    with_link(listening(), test)


def test_an_address_that_is_not_ours_is_named() -> None:
    async def test(link: ListenLink) -> None:
        with pytest.raises(LinkError, match="address of this controller"):
            await link.open()

    with_link(listening(host="192.0.2.1"), test)


@pytest.mark.parametrize(("host", "peer", "told"), [
    ("0.0.0.0", "10.0.0.5", "host"), ("10.0.0.1", "", "peer"), ("10.0.0.1", "::", "peer"), ("", "10.0.0.5", "host"),
])
def test_all_addresses_and_anyone_are_refused(tmp_path: Path, host: str, peer: str, told: str) -> None:
    link = f'kind = "tcp-listen"\nport = 50000\nhost = "{host}"\npeer = "{peer}"'
    (tmp_path / "edge-agent.toml").write_text(LANE.format(lanes=lane("1", "ludlum375", CONTINUOUS, link)))
    with pytest.raises(SettingsError, match=f"link.{told}"):
        load(tmp_path / "edge-agent.toml")


def test_no_port_is_open_unless_a_lane_says_so() -> None:
    """Every other kind of link only connects."""
    for kind in ("tcp", "serial"):
        made = Links(RealClock()).make(LinkSettings(kind, host="127.0.0.1", device="/dev/x"), ())
        assert not isinstance(made, ListenLink)
