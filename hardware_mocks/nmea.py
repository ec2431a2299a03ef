"""A GPS receiver in a car: RMC and GGA once a second, over TCP or a pty.

    python -m hardware_mocks.nmea --tcp 127.0.0.1:0 --speed 10 --lost-at 30 --lost-for 20

Drives north from 54.65 N 25.28 E at --speed m/s; from --lost-at seconds on it has no fix for --lost-for.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from hardware_mocks.pty_end import PtyEnd
from hardware_mocks.serve import address
from hardware_mocks.tcp_end import TcpEnd

METRES_A_DEGREE = 111_320.0
KNOT_MPS = 1852 / 3600


def sentence(text: str) -> bytes:
    """With head, checksum and end."""
    told = 0
    for byte in text.encode():
        told ^= byte
    return f"${text}*{told:02X}\r\n".encode()


def angle(degrees: float, width: int) -> str:
    whole, rest = divmod(abs(degrees), 1)
    return f"{int(whole):0{width}d}{rest * 60:08.5f}"


def second(at: datetime, north_m: float, speed_mps: float, *, fixed: bool = True) -> bytes:
    """What it says in one second."""
    latitude, clock = 54.65 + north_m / METRES_A_DEGREE, at.strftime("%H%M%S.00")
    place = f"{angle(latitude, 2)},N,{angle(25.28, 3)},E" if fixed else ",,,"
    speed = f"{speed_mps / KNOT_MPS:.2f}" if fixed else ""
    valid, mode, count, hdop = ("A", "A", "09", "0.9") if fixed else ("V", "N", "00", "")
    return sentence(f"GPRMC,{clock},{valid},{place},{speed},0.0,{at:%d%m%y},,,{mode}") + sentence(
        f"GPGGA,{clock},{place},{int(fixed)},{count},{hdop},110.0,M,25.0,M,,")


async def drive(end: TcpEnd | PtyEnd, chosen: argparse.Namespace) -> None:
    """Until cancelled."""
    print(f"ready {await end.open()}", flush=True)
    began = time.monotonic()
    while True:
        gone_s = time.monotonic() - began
        fixed = not chosen.lost_at <= gone_s < chosen.lost_at + chosen.lost_for
        end.send(second(datetime.now(UTC), gone_s * chosen.speed, chosen.speed, fixed=fixed))
        await asyncio.sleep(1.0)


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    place = made.add_mutually_exclusive_group(required=True)
    place.add_argument("--tcp", type=address, metavar="HOST:PORT")
    place.add_argument("--pty", action="store_true")
    made.add_argument("--link", type=Path, metavar="PATH", help="symbolic link to the pty")
    made.add_argument("--speed", type=float, default=10.0)
    made.add_argument("--lost-at", type=float, default=1e9)
    made.add_argument("--lost-for", type=float, default=0.0)
    chosen = made.parse_args()
    asyncio.run(drive(TcpEnd(chosen.tcp[0], chosen.tcp[1], one_client=False) if chosen.tcp else PtyEnd(chosen.link), chosen))


if __name__ == "__main__":
    main()
