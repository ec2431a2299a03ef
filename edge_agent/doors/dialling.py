"""TCP to a far peer, directly or through the site's HTTP proxy (CONNECT, RFC 9110 9.3.6), and soon aware that it is gone.

A link that dies sends no word: a firewall forgets the connection, a cable is cut, the peer's address moves.  What we sent
is then repeated for 15 minutes by Linux's default, and a kept connection looks alive for hours.
"""

from __future__ import annotations

import socket
from base64 import b64encode
from dataclasses import dataclass, field

from edge_agent.words.errors import PeerError

QUIET_S, PROBE_S, PROBES = 15, 5, 3     # an idle connection is probed; below the 30 s of the shortest NAT tables
UNHEARD_MS = 6_000      # nobody confirms bytes for so long after their first repetition: dead.  Two more at 1 s round trip
HEAD_MAX = 8192         # bytes of a proxy's answer before the tunnel is open


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that opens tunnels; `login` is user:password for Basic, empty for none."""

    host: str
    port: int
    login: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        return at(self.host, self.port)


def dial(host: str, port: int, timeout_s: float, proxy: Proxy | None = None) -> socket.socket:
    """A connected socket with `timeout_s` on every wait; OSError, or PeerError where the proxy answers otherwise."""
    if proxy is None:
        return _watched(socket.create_connection((host, port), timeout_s))
    wire = _watched(socket.create_connection((proxy.host, proxy.port), timeout_s))
    try:
        _tunnel(wire, at(host, port), proxy)
        return wire
    except BaseException:
        wire.close()
        raise


def at(host: str, port: int) -> str:
    """host:port as URLs write it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _watched(wire: socket.socket) -> socket.socket:
    for level, name, value in (
        (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, QUIET_S), (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_S),
        (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, PROBES), (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS),
    ):
        wire.setsockopt(level, name, value)
    return wire


def _tunnel(wire: socket.socket, target: str, proxy: Proxy) -> None:
    login = f"Proxy-Authorization: Basic {b64encode(proxy.login.encode()).decode()}\r\n" if proxy.login else ""
    wire.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{login}\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):       # byte by byte: what follows belongs to TLS
        byte = wire.recv(1)
        if not byte or len(head) >= HEAD_MAX:
            raise PeerError(f"the proxy {proxy.name} does not answer CONNECT as a proxy does; look at centre.proxy")
        head += byte
    status = head.split(b"\r\n", 1)[0].decode("ascii", "replace")
    code = status.split(" ")[1] if status.startswith("HTTP/1.") and " " in status else ""
    if code in ("407", "401"):                  # 401: how tinyproxy says that the login is wrong
        wrong = "does not take the login of centre.proxy_auth" if proxy.login else "wants a login"
        raise PeerError(f"the proxy {proxy.name} {wrong}; write user:password (Basic) in the file centre.proxy_auth names")
    if not (len(code) == 3 and code.startswith("2")):
        raise PeerError(f"the proxy {proxy.name} does not open a way to {target}: {ascii(status[:80])[1:-1]}; "
                        "its administrator must allow CONNECT there")
