"""HTTPS of the wire page.  Who a client is, TLS alone says; every body is bounded in bytes and time."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable

from aiohttp import web

from edge_agent.center import writer
from edge_agent.center.body import BODY_MAX, gunzip
from edge_agent.center.desk import Desk
from edge_agent.center.enrolment import ENROLMENT_MAX
from edge_agent.center.express import EXPRESS_MAX
from edge_agent.center.reception import RETRY_AFTER_S, Reception
from edge_agent.center.values import Answer, TooLarge, Unreadable
from edge_agent.tools import piece
from edge_agent.tools.piece import PIECE_MAX, Piece
from edge_agent.tools.stump import STUMP_MAX

HANDSHAKE_S = 10
IDLE_S = 75                         # between requests, and for the headers of one
CHUNK_S = 20                        # without a byte of the body
BODY_S = 600                        # 4 MiB over the slowest link worth waiting for
OPEN_MAX = 32                       # batches in memory at once; the others are told to come again
ID = "{id:[0-9a-f]{64}}"
_log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._batches = 0
        self._listener: asyncio.Server | None = None
        app = web.Application(middlewares=[_one_line])
        app.add_routes([
            web.post(f"/v1/logs/{ID}/entries", self._entries),
            web.post(f"/v1/logs/{ID}/express", self._express),
            web.put(f"/v1/logs/{ID}/stump", self._stump),
            web.get(f"/v1/logs/{ID}/checkpoint", self._checkpoint),
            web.get(f"/v1/logs/{ID}/consistency/{{old:[0-9]{{1,16}}}}/{{size:[0-9]{{1,16}}}}", self._consistency),
            web.put(f"/v1/logs/{ID}", self._continuation),
            web.put("/v1/blobs/{sha256:[0-9a-f]{64}}", self._blob),
        ])
        self._runner = web.AppRunner(
            app, auto_decompress=False, access_log=None, keepalive_timeout=IDLE_S, lingering_time=2,
            shutdown_timeout=10,
        )

    async def open(self, host: str, port: int, context: ssl.SSLContext) -> int:
        """Listen; the port taken."""
        await self._runner.setup()
        assert self._runner.server is not None
        self._listener = await asyncio.get_running_loop().create_server(
            self._runner.server, host, port, ssl=context, ssl_handshake_timeout=HANDSHAKE_S, ssl_shutdown_timeout=2,
        )
        return int(self._listener.sockets[0].getsockname()[1])

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.close()
        await self._runner.cleanup()

    async def _entries(self, request: web.Request) -> web.StreamResponse:
        if self._batches >= OPEN_MAX:
            return _text(503, "busy", {"Retry-After": str(RETRY_AFTER_S)})
        self._batches += 1
        try:
            who, data = _certificate(request), await read_body(request, BODY_MAX)
            return await self._ask(lambda desk: desk.entries(_id(request), who, data), writer.BATCH)
        finally:
            self._batches -= 1

    async def _express(self, request: web.Request) -> web.StreamResponse:
        who, data = _certificate(request), await read_body(request, EXPRESS_MAX)
        return await self._ask(lambda desk: desk.express(_id(request), who, data))

    async def _stump(self, request: web.Request) -> web.StreamResponse:
        who, data = _certificate(request), await read_body(request, STUMP_MAX)
        return await self._ask(lambda desk: desk.rejoin(_id(request), who, data), writer.BATCH)

    async def _checkpoint(self, request: web.Request) -> web.StreamResponse:
        who = _certificate(request)
        return await self._ask(lambda desk: desk.checkpoint(_id(request), who))

    async def _consistency(self, request: web.Request) -> web.StreamResponse:
        who, old, size = _certificate(request), int(request.match_info["old"]), int(request.match_info["size"])
        return await self._ask(lambda desk: desk.consistency(_id(request), who, old, size))

    async def _continuation(self, request: web.Request) -> web.StreamResponse:
        who, data = _certificate(request), await read_body(request, ENROLMENT_MAX)
        return await self._ask(lambda desk: desk.begin_continuation(_id(request), who, data))

    async def _blob(self, request: web.Request) -> web.StreamResponse:
        who, data = _certificate(request), await read_body(request, PIECE_MAX)
        name = request.match_info["sha256"]
        part = request.headers.get("Content-Range") or Piece(name, 0, len(data), data).range()
        return await self._ask(lambda desk: desk.blob(who, lambda: piece.read(name, part, data)), writer.BATCH)

    async def _ask(self, job: Callable[[Desk], Answer], priority: int = writer.URGENT) -> web.StreamResponse:
        answer = await self._reception.ask(job, priority)
        wait = {} if answer.retry_after_s is None else {"Retry-After": str(answer.retry_after_s)}
        return web.Response(status=answer.status, body=answer.body, content_type=answer.type, charset="utf-8", headers=wait)


@web.middleware
async def _one_line(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error of the framework as one line of text."""
    try:
        return await handler(request)
    except web.HTTPException as answer:
        return _text(answer.status, answer.reason)
    except Unreadable as problem:
        return _dropped(problem.status, str(problem))
    except TimeoutError:
        return _dropped(408, "the body came too slowly")
    except ConnectionError:
        raise
    except Exception:
        _log.exception("a request failed: %s %s", request.method, request.path)
        return _dropped(500, "the centre failed; its log says why")


def _certificate(request: web.Request) -> bytes:
    """DER of the client's certificate, as TLS has proven it."""
    connection = request.get_extra_info("ssl_object")
    shown = connection.getpeercert(binary_form=True) if connection else None
    if not shown:
        raise web.HTTPForbidden(reason="no client certificate")
    return bytes(shown)


async def read_body(request: web.Request, longest: int) -> bytes:
    """The body, unpacked, never more than `longest` bytes of it."""
    coding = request.headers.get("Content-Encoding", "identity").lower()
    if coding not in ("identity", "gzip"):
        raise web.HTTPUnsupportedMediaType(reason="content encoding is gzip or none")
    data = await _received(request, longest)
    return data if coding == "identity" else await asyncio.to_thread(gunzip, data, longest)


async def _received(request: web.Request, longest: int) -> bytes:
    if (request.content_length or 0) > longest:
        raise TooLarge(f"more than {longest} bytes")
    body = bytearray()
    async with asyncio.timeout(BODY_S):
        while True:
            async with asyncio.timeout(CHUNK_S):
                chunk = await request.content.readany()
            if not chunk:
                return bytes(body)
            body += chunk
            if len(body) > longest:
                raise TooLarge(f"more than {longest} bytes")


def _id(request: web.Request) -> str:
    return request.match_info["id"]


def _text(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=text + "\n", headers=headers)


def _dropped(status: int, text: str) -> web.Response:
    """An answer after which the connection ends: the rest of the body is not worth reading."""
    answer = _text(status, text)
    answer.force_close()
    return answer
