"""Two places with a wire between them: network namespaces, a veth pair, and what befalls wires (nftables, tc, TUN).

Portal, core and uplink live in one, the centre in the other, known there as `centre.test`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import debian
from tests.live.post import Post, wait_for

POST, CENTRE, MOVED, FAR_POST, FAR = "10.99.0.1", "10.99.0.2", "10.99.0.3", "10.98.0.1", "10.98.0.2"
PORT = 8443


def missing() -> str:
    """What this machine lacks for two places; empty when nothing."""
    if os.geteuid() != 0:
        return "needs root, for network namespaces"
    for program, package in (("ip", "iproute2"), ("tc", "iproute2"), ("nft", "nftables")):
        debian.need(package, program)
    name = f"ea-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode:
        return f"needs network namespaces: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", name])
    return "" if Path("/dev/net/tun").exists() else "needs /dev/net/tun"


class Places:
    """The two namespaces of one test, and the faults of the wire between them."""

    def __init__(self) -> None:
        self.here, self.there = (f"ea{os.getpid()}{side}" for side in "ab")
        self._hosts = Path("/etc/netns") / self.here / "hosts"

    def open(self) -> None:
        for name in (self.here, self.there):
            _do(f"ip netns add {name}")
            _do(f"ip -n {name} link set lo up")
        _do(f"ip link add wire netns {self.here} type veth peer name wire netns {self.there}")
        for name, address in ((self.here, POST), (self.there, CENTRE)):
            _do(f"ip -n {name} address add {address}/24 dev wire")
            _do(f"ip -n {name} link set wire up")
        self._hosts.parent.mkdir(parents=True)
        self._hosts.write_text("")
        self.centre_is_at(CENTRE)

    def close(self) -> None:
        for name in (self.here, self.there):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        shutil.rmtree(self._hosts.parent, ignore_errors=True)

    def post(self, where: Path) -> Post:
        """A post whose processes live here and its centre there."""
        made = Post(where)
        made.url, made.listen = f"https://centre.test:{PORT}", f"0.0.0.0:{PORT}"
        made.inside = {"centre": ["ip", "netns", "exec", self.there]}
        for name in ("core", "uplink", "portal-1", "portal-2"):
            made.inside[name] = ["ip", "netns", "exec", self.here]
        return made

    def centre_is_at(self, address: str) -> None:
        """What the name of the centre means here from now on."""
        with self._hosts.open("r+") as hosts:       # in place: the namespace sees this very file
            hosts.truncate()
            hosts.write(f"127.0.0.1 localhost\n{address} centre.test\n")

    def sent_bytes(self) -> int:
        """Bytes that left the post over the wire, headers included."""
        shown = subprocess.run(["ip", "-n", self.here, "-s", "-j", "link", "show", "wire"], capture_output=True, check=True)
        return int(json.loads(shown.stdout)[0]["stats64"]["tx"]["bytes"])

    # --- what befalls a wire

    def loss(self, percent: int) -> None:
        """Packets lost by chance, both ways."""
        self._rules(f"numgen random mod 100 < {percent} drop")

    def resets(self, every: int) -> None:
        """A box on the way cuts connections in the middle: one packet in so many is answered with RST."""
        self._rules(f"tcp dport {PORT} ct state established numgen random mod {every} == 0 reject with tcp reset")

    def black_hole(self) -> None:
        """Everything vanishes, nobody is told."""
        self._rules("drop")

    def forget(self) -> None:
        """A firewall forgets the connections there are; new ones pass."""
        listed = subprocess.run(
            ["ip", "netns", "exec", self.here, "ss", "-Htn", "dport", f"= :{PORT}"], capture_output=True, text=True, check=True)
        ports = [line.split()[3].rsplit(":", 1)[1] for line in listed.stdout.splitlines()]
        if ports:
            self._rules(f"tcp sport {{ {','.join(ports)} }} drop", f"tcp dport {{ {','.join(ports)} }} drop")

    def rate(self, kbit: int) -> None:
        """A thin line with the queue of a modem, 2 s, both ways."""
        for name in (self.here, self.there):
            _do(f"tc -n {name} qdisc replace dev wire root tbf rate {kbit}kbit burst 1600 latency 2000ms")

    def down(self) -> None:
        _do(f"ip -n {self.here} link set wire down")

    def up(self) -> None:
        _do(f"ip -n {self.here} link set wire up")

    def move(self, address: str) -> None:
        """The centre gets another address, its name follows."""
        before = MOVED if address == CENTRE else CENTRE
        _do(f"ip -n {self.there} address del {before}/24 dev wire")
        _do(f"ip -n {self.there} address add {address}/24 dev wire")
        self.centre_is_at(address)

    def heal(self) -> None:
        """The wire as it was made."""
        for name in (self.here, self.there):
            subprocess.run(["ip", "netns", "exec", name, "nft", "flush", "ruleset"], check=True)
            subprocess.run(["tc", "-n", name, "qdisc", "del", "dev", "wire", "root"], capture_output=True)
        self.up()

    def _rules(self, *rules: str) -> None:
        lines = "".join(f"add rule inet wire {hook} {rule}\n" for hook in ("out", "in") for rule in rules)
        chains = "".join(f"add chain inet wire {hook} {{ type filter hook {hook}put priority 0; }}\n" for hook in ("out", "in"))
        text = f"add table inet wire\n{chains}add rule inet wire out oif lo accept\nadd rule inet wire in iif lo accept\n{lines}"
        subprocess.run(["ip", "netns", "exec", self.here, "nft", "-f", "-"], input=text, text=True, check=True)


@contextlib.contextmanager
def two_places() -> Iterator[Places]:
    """Namespaces of this process's own; gone at the end."""
    made = Places()
    try:
        made.open()
        yield made
    finally:
        made.close()


@contextlib.contextmanager
def far_away(post: Post, places: Places, round_trip_s: float) -> Iterator[None]:
    """Beside the wire a long one; the centre's name leads over it meanwhile."""
    post.spawn("long-wire", "tests.live.long_wire", str(round_trip_s / 2),
               places.here, f"{FAR_POST}/24", places.there, f"{FAR}/24")
    wait_for(lambda: "ready" in post.log("long-wire"), 10, "the long wire")
    places.centre_is_at(FAR)
    places.down()
    try:
        yield
    finally:
        places.up()
        places.centre_is_at(CENTRE)
        post.kill("long-wire")


def skip_without_places() -> None:
    if why := missing():
        pytest.skip(why)


def _do(words: str) -> None:
    subprocess.run(words.split(), check=True)
