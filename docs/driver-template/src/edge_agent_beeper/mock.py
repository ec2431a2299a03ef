"""The instrument, played: python -m edge_agent_beeper.mock --port 1600.  Knows nothing of the decoder."""

from __future__ import annotations

import argparse
import random
import socket
import time


def line(counts: int, occupied: bool) -> bytes:
    body = f"B,{counts:06d},{occupied:d}".encode()
    check = 0
    for byte in body:
        check ^= byte
    return body + f"*{check:02X}\r\n".encode()


def lines(seed: int) -> list[bytes]:
    """Two minutes: an empty lane, then a vehicle with a source for ten seconds."""
    dice = random.Random(seed)
    return [line(round(dice.gauss(500 if 60 <= t < 70 else 100, 10)), 60 <= t < 70) for t in range(120)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--rate", type=float, default=1.0, help="wire seconds per second")
    parser.add_argument("--seed", type=int, default=1)
    wish = parser.parse_args()
    with socket.create_server(("127.0.0.1", wish.port)) as door:
        print(f"ready tcp 127.0.0.1:{door.getsockname()[1]}", flush=True)
        while True:
            client, _ = door.accept()
            try:
                for each in lines(wish.seed):
                    client.sendall(each)
                    time.sleep(1 / wish.rate)
            except OSError:
                pass
            client.close()


if __name__ == "__main__":
    main()
