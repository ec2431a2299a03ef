"""A long way between two network namespaces: every packet arrives so much later.  For kernels without netem.

Two TUN devices, one in each namespace, and this process between them: TCP on both sides sees a real round trip, its
handshakes included, which a proxy would hide.

    python -m tests.live.long_wire DELAY_S NAMESPACE ADDRESS/LEN NAMESPACE ADDRESS/LEN
"""

from __future__ import annotations

import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000      # linux/if_tun.h
PACKET_MAX, WAITING_MAX = 65536, 2000


def device(name: str, namespace: str, address: str) -> int:
    """A TUN device in the namespace; its file stays here."""
    handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    for words in (f"link set {name} netns {namespace}", f"-n {namespace} address add {address} dev {name}",
                  f"-n {namespace} link set {name} up"):
        subprocess.run(["ip", *words.split()], check=True)
    return handle


def main(delay_s: float, *ends: str) -> None:
    first, second = (device(f"eatun{os.getpid()}{n}"[:15], *ends[2 * n : 2 * n + 2]) for n in (0, 1))
    other = {first: second, second: first}
    under_way: list[tuple[float, int, int, bytes]] = []
    number = 0
    print("ready", flush=True)
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        for handle in select.select([first, second], [], [], wait)[0]:
            packet, number = os.read(handle, PACKET_MAX), number + 1
            if len(under_way) < WAITING_MAX:
                heapq.heappush(under_way, (time.monotonic() + delay_s, number, other[handle], packet))
        while under_way and under_way[0][0] <= time.monotonic():
            _, _, handle, packet = heapq.heappop(under_way)
            os.write(handle, packet)


if __name__ == "__main__":
    main(float(sys.argv[1]), *sys.argv[2:])
