"""Mock of a Ludlum 375 area monitor: a line each 2 s on a pty or TCP port, or XML to whoever it is told to connect to.

    python -m hardware_mocks.ludlum375 --pty --link /tmp/ludlum --scene demo
    python -m hardware_mocks.ludlum375 --connect 127.0.0.1:50000 --scene demo

One count/s of the scene's first panel stands for 0.0004 uSv/h; it alarms above 0.12 (low) and 0.2 uSv/h (high).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from hardware_mocks import serve
from hardware_mocks.scenes import Scene
from hardware_mocks.signals import Sent
from hardware_mocks.slices import slices

USV_H_PER_CPS = 0.0004
EVERY = 10                              # slices of 0.2 s
LOW, HIGH, MOST = 0.12, 0.2, 9999.0      # uSv/h
SERIAL = "272137"


def line(usv_h: float) -> bytes:
    low, high, over = usv_h > LOW, usv_h > HIGH, usv_h > MOST
    return f"{min(usv_h, MOST):06.3f}{high:d}{high:d}{low:d}{over:d}10\r\n".encode()


def document(usv_h: float) -> bytes:
    low, high, over = usv_h > LOW, usv_h > HIGH, usv_h > MOST
    status = (("rate", f"{min(usv_h, MOST):06.3f}"), ("units_code", "03"), ("audio", f"{high:d}"), ("alarm1", f"{high:d}"),
              ("alarm2", f"{low:d}"), ("over_range", f"{over:d}"), ("monitor", "1"), ("error_code", "0"))
    told = "".join(f"<{name}>{value}</{name}>" for name, value in status)
    head = f'<?xml version="1.0" encoding="us-ascii"?><area_monitor rev="1.0" serial="{SERIAL}">'
    return f"{head}<status>{told}</status></area_monitor>\n".encode()


def signals(scene: Scene, seed: int, *, endless: bool, loop: bool, xml: bool = False) -> Iterator[Sent]:
    """What leaves it, in time order."""
    counts = 0
    for number, now in enumerate(slices(scene, seed, endless=endless, loop=loop), 1):
        counts += now.gamma[0]
        if number % EVERY == 0:
            usv_h = counts / 2 * USV_H_PER_CPS
            yield Sent(now.at_s, document(usv_h) if xml else line(usv_h))
            counts = 0


def documents(scene: Scene, seed: int, *, endless: bool, loop: bool) -> Iterator[Sent]:
    return signals(scene, seed, endless=endless, loop=loop, xml=True)


if __name__ == "__main__":
    sys.exit(serve.main(documents if "--connect" in sys.argv else signals))
