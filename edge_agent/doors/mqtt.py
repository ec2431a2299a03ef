"""MQTT 5 through paho-mqtt: one connection, blocking, driven by whoever waits.  Loaded with `mqtts` only.

No thread and no reconnection of its own: a session that failed is thrown away whole, and so is whatever paho knew of it.
"""

from __future__ import annotations

import contextlib
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

KEEPALIVE_S = 120       # beyond the longest a healthy uplink lets its connection lie between two heartbeats
SESSION_S = 120         # the broker keeps answers for us so long while the link is down; then nothing of us stays there
RECEIVE_MAX = 8         # answers on their way at once; one is asked for at a time
KEPT_MAX = 16           # messages not looked at yet; a broker that floods loses its oldest
TURN_S = 1.0
PACKET_MAX = 268_435_455        # of the protocol, where the broker names no less


class Lost(OSError):
    """The connection ended; `code` is the broker's reason where it gave one.  What TLS or TCP said is raised as it is."""

    def __init__(self, code: int | None) -> None:
        super().__init__("the broker's connection was cut")
        self.code = code


class Refused(OSError):
    """The broker said no to CONNECT or SUBSCRIBE."""

    def __init__(self, step: str, code: int) -> None:
        super().__init__(f"{step}: reason {code:#04x}")
        self.step, self.code = step, code


@dataclass(frozen=True, slots=True)
class Message:
    correlation: bytes
    user: list[tuple[str, str]]
    body: bytes


class Nonsense(OSError):
    """What answers does not speak MQTT 5."""


class Session:
    """A connection that listens on one topic; OSError of every kind when it is of no more use."""

    def __init__(
        self, dial: Callable[[], ssl.SSLSocket], name: str, login: tuple[str, str] | None, listen: str, longest: int,
    ) -> None:
        self._heard = _Heard()
        self._client = _Client(dial, name, self._heard, longest)
        if login:
            self._client.username_pw_set(*login)
        self._listen = listen

    @property
    def largest(self) -> int:
        """Bytes of the largest packet the broker takes."""
        return self._heard.largest

    def open(self, seconds: float) -> None:
        """Connect, resume or begin the session, listen."""
        self._client.begin()
        self._until(lambda: self._heard.connected is not None, seconds)
        _must("connect", self._heard.connected)
        # what was retained before we came answers no question of ours
        self._client.subscribe(self._listen, options=SubscribeOptions(qos=1, retainHandling=2))
        self._until(lambda: self._heard.subscribed is not None, seconds)
        _must("subscribe", self._heard.subscribed)

    def publish(self, topic: str, message: Message, respond: str, expires_s: int, seconds: float) -> int:
        """QoS 1; the reason code of the PUBACK.  The broker drops it after `expires_s` where nobody took it."""
        properties: Any = Properties(PacketTypes.PUBLISH)
        properties.CorrelationData = message.correlation
        properties.ResponseTopic = respond
        properties.MessageExpiryInterval = expires_s
        properties.UserProperty = message.user
        mid = self._client.publish(topic, message.body, qos=1, properties=properties).mid
        self._until(lambda: mid in self._heard.published, seconds)
        return self._heard.published.pop(mid)

    def receive(self, seconds: float) -> Message:
        """The next message; TimeoutError when none came."""
        self._until(lambda: bool(self._heard.messages), seconds)
        return self._heard.messages.popleft()

    def check(self) -> None:
        """Take in what arrived since anyone waited; Lost when the connection has ended meanwhile."""
        for _ in range(KEPT_MAX):
            self._turn(0.0)
        self._alive()

    def close(self) -> None:
        self._client.end()

    def _until(self, done: Callable[[], bool], seconds: float) -> None:
        ends = time.monotonic() + seconds
        while not done():
            self._alive()
            left = ends - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer in time")
            self._turn(min(left, TURN_S))

    def _alive(self) -> None:
        if self._heard.lost:
            raise self._heard.problem or Lost(self._heard.code)

    def _turn(self, seconds: float) -> None:
        """One wait for the wire and the work it brings."""
        try:
            if self._client.loop(seconds) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._heard.lost = True
        except OSError:
            raise
        except Exception as problem:    # bytes that are not MQTT end wherever paho's parser stood
            raise Nonsense(f"what answers does not speak MQTT 5 ({type(problem).__name__})") from None


@dataclass(slots=True)
class _Heard:
    """What the broker said.  Knows no client, so that a thrown-away one goes at once."""

    connected: int | None = None
    subscribed: int | None = None
    largest: int = PACKET_MAX
    published: dict[int, int] = field(default_factory=dict)
    messages: deque[Message] = field(default_factory=lambda: deque(maxlen=KEPT_MAX))
    lost: bool = False
    code: int | None = None
    problem: OSError | None = None

    def on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, properties: Any) -> None:
        self.connected = int(reason.value)
        self.largest = int(getattr(properties, "MaximumPacketSize", PACKET_MAX))

    def on_subscribe(self, _client: Any, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        self.subscribed = int(reasons[0].value)

    def on_message(self, _client: Any, _data: Any, message: MQTTMessage) -> None:
        properties: Any = message.properties
        self.messages.append(Message(
            bytes(getattr(properties, "CorrelationData", b"")), list(getattr(properties, "UserProperty", ())), message.payload,
        ))


class _Client(Client):
    """paho over a socket of ours, bounded in what it reads.

    Six of paho's own parts are replaced, which is why setup.py holds it to one minor version.
    """

    def __init__(self, dial: Callable[[], ssl.SSLSocket], name: str, heard: _Heard, longest: int) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, name, protocol=MQTTv5, reconnect_on_failure=False)
        self._dial, self._heard, self._longest = dial, heard, longest
        self.on_connect, self.on_subscribe = heard.on_connect, heard.on_subscribe
        self.on_message = heard.on_message

    def begin(self) -> None:
        properties: Any = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_S
        properties.ReceiveMaximum = RECEIVE_MAX
        properties.MaximumPacketSize = self._longest
        self.connect("broker", 1, KEEPALIVE_S, clean_start=False, properties=properties)    # the socket knows where to

    def end(self) -> None:
        """Leave; what the broker holds for our session stays for its time."""
        if self.is_connected():
            self.disconnect()
        self._reset_sockets()

    def _create_socket(self) -> ssl.SSLSocket:
        return self._dial()

    def _sock_recv(self, bufsize: int) -> bytes:
        """What TLS and TCP say is kept: paho drops it."""
        try:
            return super()._sock_recv(bufsize)
        except BlockingIOError:
            raise
        except OSError as problem:
            self._heard.problem = problem
            raise

    def _sock_send(self, buf: bytes) -> int:
        """With TLS 1.3 a broker refuses our certificate after the handshake: sending fails, and the reason is to be read."""
        try:
            return super()._sock_send(buf)
        except BlockingIOError:
            raise
        except OSError as problem:
            self._heard.problem = problem
            with contextlib.suppress(OSError):
                self._sock_recv(1)
            raise

    def _packet_read(self) -> MQTTErrorCode:
        """At most a hundred reads of paho's, then the announced length must be one of ours."""
        done = super()._packet_read()
        if self._in_packet["remaining_length"] > self._longest:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        return done

    def _handle_pubackcomp(self, cmd: Literal["PUBACK", "PUBCOMP"]) -> MQTTErrorCode:
        """paho stops at a reason that the standard does not list for PUBACK; mosquitto 2.0.11 sends 0x95."""
        packet = self._in_packet["packet"]
        self._heard.published[int.from_bytes(packet[:2])] = packet[2] if len(packet) > 2 else 0
        self._in_packet["packet"], self._in_packet["remaining_length"] = packet[:2], min(len(packet), 2)
        return super()._handle_pubackcomp(cmd)

    def _handle_disconnect(self) -> None:
        """paho 2.1 passes over the reason of a DISCONNECT that carries no properties."""
        self._heard.lost = True
        self._heard.code = self._in_packet["packet"][0] if self._in_packet["packet"] else None
        super()._handle_disconnect()


def _must(step: str, code: int | None) -> None:
    if code is None or code >= 0x80:
        raise Refused(step, code or 0x80)
