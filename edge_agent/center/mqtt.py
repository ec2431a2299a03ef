"""The centre as a subscriber of an MQTT 5 broker.  Two connections: alarms must not stand behind other portals' batches.

Sessions are clean: while the centre is away nobody listens, the broker says so to the portals at once (PUBACK 0x10), keeps
nothing, and they come again every few seconds as over HTTPS.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_agent.center.announce import Announcer
from edge_agent.center.body import BODY_MAX
from edge_agent.center.broker_settings import Broker
from edge_agent.center.mailroom import Letter, Mailroom
from edge_agent.tools import broker_words, envelope

BULK, URGENT = (envelope.ENTRIES, envelope.STUMP, envelope.BLOB), (envelope.EXPRESS, envelope.LOG, envelope.CHECKPOINT)
AT_ONCE = 16            # requests in work on one connection; the broker keeps the others (Receive Maximum)
PACKET_MAX = BODY_MAX + envelope.OVERHEAD
ANSWER_EXPIRES_S = 60   # nobody waits longer for an answer
KEEPALIVE_S = 15        # a dead link is noticed within twice this
OPEN_S = 10.0
AGAIN_S = 2.0
_log = logging.getLogger(__name__)


class Subscriber:
    """Listens until cancelled; comes again whatever happens."""

    def __init__(self, broker: Broker, room: Mailroom, announcer: Announcer) -> None:
        self._broker, self._room, self._announcer = broker, room, announcer
        self._listening: set[tuple[str, ...]] = set()

    async def run(self) -> None:
        await asyncio.gather(self._keep(BULK), self._keep(URGENT))

    async def _keep(self, kinds: tuple[str, ...]) -> None:
        said = ""
        while True:
            line = _Line(self._broker, kinds, self._room)
            try:
                await line.open()
                said = ""
                self._ready(kinds)
                why = await line.lost
            except (OSError, TimeoutError) as problem:
                why = str(problem) or "no answer in time"
            except Exception as problem:    # ours or paho's: a centre that listens no more must not look well
                _log.exception("listening at the broker failed")
                why = f"a failure of this program ({type(problem).__name__}), its log says more"
            finally:
                await line.close()
            self._listening.discard(kinds)
            if why != said:
                self._announcer.say(f"BROKER {self._broker.url} {why}")
            said = why
            await asyncio.sleep(AGAIN_S)

    def _ready(self, kinds: tuple[str, ...]) -> None:
        self._listening.add(kinds)
        if len(self._listening) == 2:
            self._announcer.say(f"ready {self._broker.url}")


class _Line:
    """One connection.  paho's thread reads and writes; everything else happens in the loop."""

    def __init__(self, broker: Broker, kinds: tuple[str, ...], room: Mailroom) -> None:
        self._loop = asyncio.get_running_loop()
        self._broker, self._kinds, self._room = broker, kinds, room
        self.lost: asyncio.Future[str] = self._loop.create_future()
        self._open: asyncio.Future[str] = self._loop.create_future()     # "" once the broker lets us listen
        self._answers: dict[int, int] = {}      # packet of our answer -> packet of the request, to be acknowledged with it
        self._work: set[asyncio.Task[None]] = set()
        self._client = client = _Client(lambda why: self._call(self._lose, why))
        client.tls_set_context(broker.context)
        if broker.login:
            client.username_pw_set(*broker.login)
        client.on_connect, client.on_subscribe = self._connected, self._subscribed
        client.on_disconnect, client.on_publish, client.on_message = self._ended, self._published, self._arrived

    async def open(self) -> None:
        properties: Any = Properties(PacketTypes.CONNECT)
        properties.ReceiveMaximum = AT_ONCE
        properties.MaximumPacketSize = PACKET_MAX
        self._client.connect_timeout = OPEN_S
        await asyncio.to_thread(
            self._client.connect, self._broker.host, self._broker.port, KEEPALIVE_S, clean_start=True, properties=properties,
        )
        self._client.loop_start()
        async with asyncio.timeout(OPEN_S):
            done, _ = await asyncio.wait({self._open, self.lost}, return_when=asyncio.FIRST_COMPLETED)
        if why := self._open.result() if self._open in done else self.lost.result():
            raise ConnectionError(why)

    async def close(self) -> None:
        for task in self._work:
            task.cancel()
        self._client.disconnect()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OPEN_S):
                await asyncio.to_thread(self._client.loop_stop)

    # --- in paho's thread

    def _connected(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.value >= broker_words.REFUSED_FROM:
            self._call(self._fail, f"the broker refuses this centre: {reason}")
            return
        options = SubscribeOptions(qos=1, retainHandling=2)
        client.subscribe([(f"rpm/+/{kind}", options) for kind in self._kinds])

    def _subscribed(self, _client: Client, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        refused = [str(reason) for reason in reasons if reason.value >= broker_words.REFUSED_FROM]
        if refused:
            self._call(self._fail, f"the broker does not let this centre read rpm/+/…: {refused[0]}")
        else:
            self._call(self._opened)

    def _ended(self, _client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._call(self._lose, f"the connection ended ({reason}); trying again")

    def _published(self, _client: Client, _data: Any, mid: int, _reason: Any, _properties: Any) -> None:
        self._call(self._sent, mid)

    def _arrived(self, _client: Client, _data: Any, message: Any) -> None:
        properties = message.properties
        letter = Letter(
            message.topic, bytes(getattr(properties, "CorrelationData", b"")),
            list(getattr(properties, "UserProperty", ())), message.payload,
        )
        self._call(self._take, message.mid, letter)

    def _call(self, what: Any, *values: Any) -> None:
        with contextlib.suppress(RuntimeError):         # the loop has gone: so have we
            self._loop.call_soon_threadsafe(what, *values)

    # --- in the loop

    def _opened(self) -> None:
        if not self._open.done():
            self._open.set_result("")

    def _fail(self, why: str) -> None:
        if not self._open.done():
            self._open.set_result(why)

    def _lose(self, why: str) -> None:
        if not self.lost.done():
            self.lost.set_result(why)

    def _take(self, mid: int, letter: Letter) -> None:
        task = asyncio.ensure_future(self._serve(mid, letter))
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def _serve(self, mid: int, letter: Letter) -> None:
        try:
            answer = await self._room.answer(letter)
        except Exception:               # ours; the portal asks again, and the broker must not keep it for us
            _log.exception("no answer could be made to a message on %s", letter.topic)
            answer = None
        if answer is None:
            self._client.ack(mid, 1)
            return
        properties: Any = Properties(PacketTypes.PUBLISH)
        properties.CorrelationData = answer.correlation
        properties.MessageExpiryInterval = ANSWER_EXPIRES_S
        properties.UserProperty = answer.user
        sent = self._client.publish(answer.topic, answer.body, qos=1, properties=properties)
        self._answers[sent.mid] = mid

    def _sent(self, mid: int) -> None:
        """The broker has the answer: only now the request is done with, so no more than AT_ONCE of either are on the way."""
        asked = self._answers.pop(mid, None)
        if asked is not None:
            self._client.ack(asked, 1)


class _Client(Client):
    """paho bounded in what it reads; of one minor version, see setup.py."""

    def __init__(self, ended: Callable[[str], None]) -> None:
        super().__init__(CallbackAPIVersion.VERSION2, "", protocol=MQTTv5, reconnect_on_failure=False, manual_ack=True)
        self._ended = ended

    def _packet_read(self) -> MQTTErrorCode:
        done = super()._packet_read()
        return MQTTErrorCode.MQTT_ERR_PROTOCOL if self._in_packet["remaining_length"] > PACKET_MAX else done

    def _thread_main(self) -> None:
        try:
            super()._thread_main()
        except Exception as problem:        # bytes that are not MQTT end wherever paho's parser stood
            self._ended(f"it does not speak MQTT 5 as it should ({type(problem).__name__})")
