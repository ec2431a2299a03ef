"""The witness on the network: TLS of its own, nobody is asked for a certificate, for only a known log key can say anything."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from pathlib import Path

from aiohttp import web

from edge_agent.center import directory, witness
from edge_agent.center.clock import SystemClock
from edge_agent.center.server import ID, read_body
from edge_agent.center.values import Answer, Unreadable
from edge_agent.center.witness import Witness
from edge_agent.words.clock import Clock
from edge_agent.words.errors import BusyError


def run(path: Path, host: str, port: int) -> int:
    """Until SIGTERM or Ctrl-C."""
    directory.receipt_key(path)
    handle = directory.lock(path)
    try:
        asyncio.run(_until_told(path, host, port))
    finally:
        os.close(handle)
    return 0


async def _until_told(path: Path, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(path, host, port, SystemClock(), stop)


async def serve(path: Path, host: str, port: int, clock: Clock, stop: asyncio.Event) -> None:
    """With any clock, until `stop`; says `ready` with its address first."""
    db = witness.open_store(path)
    service = Witness(db, directory.receipt_key(path), clock)

    async def add_checkpoint(request: web.Request) -> web.StreamResponse:
        try:
            answer = service.add_checkpoint(await read_body(request, witness.BODY_MAX))
        except Unreadable as problem:
            answer = Answer(problem.status, f"{problem}\n".encode())
        for text in service.forked:
            print(text, flush=True)
        service.forked.clear()
        return _response(answer)

    async def checkpoint(request: web.Request) -> web.StreamResponse:
        return _response(service.checkpoint(request.match_info["id"]))

    app = web.Application()
    app.add_routes([web.post("/add-checkpoint", add_checkpoint), web.get(f"/v1/logs/{ID}/checkpoint", checkpoint)])
    runner = web.AppRunner(app, access_log=None, auto_decompress=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(path / directory.TLS_CERT, path / directory.TLS_KEY)
    await runner.setup()
    try:
        try:
            site = web.TCPSite(runner, host, port, ssl_context=context)
            await site.start()
        except OSError as problem:
            raise BusyError(f"cannot listen on {host}:{port}: {problem.strerror or problem}") from None
        print(f"ready https://{host}:{runner.addresses[0][1]}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()
        db.close()


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, body=answer.body, content_type=answer.type, charset="utf-8")
